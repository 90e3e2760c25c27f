//! Settings of a training.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::schedule::{MOST_AT_ONCE, MOST_PATCHES, Schedule};
use crate::{AutoencoderConfig, ConfigError};

/// How an autoencoder is trained. As TOML, every key may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Channels of each encoder stage.
    pub stages: Vec<usize>,
    /// Channels of the latent code.
    pub latent: usize,
    /// Whether a linear block code runs beside the stages.
    pub block_code: bool,
    /// Residual blocks of the decoder; with 0 it mirrors the encoder.
    pub residual_blocks: usize,
    /// A photo network whose maps the deepest stage has to predict, too.
    pub teacher: Option<TeacherConfig>,
    /// Height and width of a patch in pixels; a multiple of the latent code's stride.
    pub patch: usize,
    /// Patches in a gradient step, at least 1.
    pub batch: usize,
    /// Patches in an epoch, at least one batch.
    pub patches_per_epoch: usize,
    /// Epochs, at least 1.
    pub epochs: usize,
    /// Largest learning rate, above 0: reached after the warm-up, then falling along half a
    /// cosine to a hundredth of it.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from 0.
    pub warm_up_steps: usize,
    /// Weight decay of AdamW, at least 0; with 0 it is Adam (Loshchilov and Hutter 2019).
    pub weight_decay: f64,
    /// Longest gradient over all weights, above 0; longer ones are shortened to it.
    pub gradient_norm: f64,
    /// Share of the old value in the running average of the weights, in `[0, 1)`. The average is
    /// what is validated and kept; with 0 it is the weights themselves.
    pub average: f64,
    /// Epochs without a lower validation loss after which the training stops; 0: never.
    pub patience: usize,
    /// Whether the network's weights are rounded to half precision in the end, which halves its file.
    pub half_precision: bool,
    /// Seed of weights, patches and their turns.
    pub seed: u64,
}

/// A photo network whose maps an autoencoder learns to predict beside the image, so that its stages
/// answer to more than a reconstruction needs (Romero et al. 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherConfig {
    /// File with its weights.
    pub weights: PathBuf,
    /// The layer whose maps are predicted; at twice the stride of the latent code.
    pub layer: String,
    /// What the mean squared error of the predicted maps, each in units of its standard deviation in the
    /// batch, counts beside that of the pixels; above 0.
    pub share: f64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        let network = AutoencoderConfig::default();
        Self {
            stages: network.stages,
            latent: network.latent,
            block_code: network.block_code,
            residual_blocks: network.residual_blocks,
            teacher: None,
            patch: 128,              // 16 latent positions a side: more inside than border
            batch: 4,                // many steps count more than smooth ones in short trainings
            patches_per_epoch: 1024, // the interval of the checkpoints: about half a minute
            epochs: 40,
            learning_rate: 1e-3, // twice as much ends no better and leaves more channels dead
            warm_up_steps: 200,
            weight_decay: 0.0,
            gradient_norm: 1.0,
            average: 0.0, // no gain was measured after a cosine
            patience: 15,
            half_precision: false,
            seed: 0,
        }
    }
}

impl TrainConfig {
    /// The settings of the network, without the layer that predicts a teacher's maps.
    pub fn network(&self) -> AutoencoderConfig {
        AutoencoderConfig {
            stages: self.stages.clone(),
            latent: self.latent,
            block_code: self.block_code,
            residual_blocks: self.residual_blocks,
            features: 0,
        }
    }

    /// Gradient steps in an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.patches_per_epoch.div_ceil(self.batch)
    }

    /// How long and how fast it learns.
    pub(super) fn schedule(&self) -> Schedule {
        Schedule {
            epochs: self.epochs,
            steps_per_epoch: self.steps_per_epoch(),
            learning_rate: self.learning_rate,
            warm_up_steps: self.warm_up_steps,
            weight_decay: self.weight_decay,
            gradient_norm: self.gradient_norm,
            average: self.average,
            patience: self.patience,
        }
    }

    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let stride = self.network().checked()?.latent_stride();
        if self.patch == 0 || !self.patch.is_multiple_of(stride) || self.patch > 1024 {
            let expected = format!("a multiple of {stride} (the stride of the latent code) up to 1024");
            return Err(ConfigError::new("patch", self.patch, &expected));
        }
        if self.teacher.is_some() && !self.patch.is_multiple_of(2 * stride) {
            let expected =
                format!("a multiple of {} with a teacher, whose maps have that stride", 2 * stride);
            return Err(ConfigError::new("patch", self.patch, &expected));
        }
        for (name, value, most) in
            [("batch", self.batch, MOST_AT_ONCE), ("patches_per_epoch", self.patches_per_epoch, MOST_PATCHES)]
        {
            if !(1..=most).contains(&value) {
                return Err(ConfigError::new(name, value, &format!("1 to {most}")));
            }
        }
        if self.patches_per_epoch < self.batch {
            return Err(ConfigError::new("patches_per_epoch", self.patches_per_epoch, "at least one batch"));
        }
        if let Some(teacher) = &self.teacher
            && !(teacher.share > 0.0 && teacher.share.is_finite())
        {
            return Err(ConfigError::new("teacher.share", teacher.share, "a finite number above 0"));
        }
        self.schedule().check()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teacher(share: f64) -> TeacherConfig {
        TeacherConfig { weights: "weights".into(), layer: "layer".to_owned(), share }
    }

    #[test]
    fn settings_out_of_range_are_named() {
        type Change = fn(&mut TrainConfig);
        let cases: Vec<(&str, Change)> = vec![
            ("batch", |c| c.batch = 1 << 40),
            ("epochs", |c| c.epochs = usize::MAX),
            ("patches_per_epoch", |c| c.patches_per_epoch = 100_000_000_000),
            ("stages", |c| c.stages.clear()),
            ("latent", |c| c.latent = 0),
            ("patch", |c| c.patch = 100),
            ("batch", |c| c.batch = 0),
            ("patches_per_epoch", |c| c.patches_per_epoch = 3),
            ("epochs", |c| c.epochs = 0),
            ("learning_rate", |c| c.learning_rate = f64::NAN),
            ("weight_decay", |c| c.weight_decay = -1.0),
            ("average", |c| c.average = 1.0),
            ("patch", |c| (c.patch, c.teacher) = (136, Some(teacher(0.1)))),
            ("teacher.share", |c| c.teacher = Some(teacher(0.0))),
        ];
        for (name, change) in cases {
            let mut config = TrainConfig::default();
            change(&mut config);
            let error = config.checked().expect_err(name).to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
    }
}
