//! Settings of the training of a segmenter.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::network::SegmenterConfig;
use crate::train::schedule::{MOST_AT_ONCE, MOST_PATCHES, Schedule};

/// How a segmenter is trained. As TOML, every key may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmenterTraining {
    /// Channels of each level.
    pub levels: Vec<usize>,
    /// Height and width of a patch in pixels; a multiple of the stride of the deepest level.
    pub patch: usize,
    /// Patches in a gradient step, at least 1.
    pub batch: usize,
    /// Patches in an epoch, at least one batch.
    pub scenes_per_epoch: usize,
    /// Share of the patches that are cut out of masked micrographs, where there are any; the others are
    /// synthetic scenes. In `[0, 1]`.
    pub masked_share: f64,
    /// Epochs, at least 1.
    pub epochs: usize,
    /// Largest learning rate, above 0.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from 0.
    pub warm_up_steps: usize,
    /// Weight decay of AdamW, at least 0.
    pub weight_decay: f64,
    /// Longest gradient over all weights, above 0; longer ones are shortened to it.
    pub gradient_norm: f64,
    /// Share of the old value in the running average of the weights, in `[0, 1)`.
    pub average: f64,
    /// Epochs without a lower validation loss after which the training stops; 0: never.
    pub patience: usize,
    /// Whether the network's weights are rounded to half precision in the end, which halves its file.
    pub half_precision: bool,
    /// Seed of weights, scenes and patches.
    pub seed: u64,
}

impl Default for SegmenterTraining {
    fn default() -> Self {
        Self {
            levels: SegmenterConfig::default().levels,
            patch: 128, // wider than most objects
            batch: 10,
            scenes_per_epoch: 2500,
            masked_share: 0.3,
            epochs: 20,
            learning_rate: 2e-3,
            warm_up_steps: 200,
            weight_decay: 1e-4,
            gradient_norm: 1.0,
            average: 0.0,
            patience: 0,
            half_precision: true,
            seed: 0,
        }
    }
}

impl SegmenterTraining {
    /// The settings of the network.
    pub fn network(&self) -> SegmenterConfig {
        SegmenterConfig { levels: self.levels.clone() }
    }

    /// How long and how fast it learns.
    pub(in crate::train) fn schedule(&self) -> Schedule {
        Schedule {
            epochs: self.epochs,
            steps_per_epoch: self.scenes_per_epoch.div_ceil(self.batch),
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
        let stride = self.network().checked()?.stride();
        if self.patch == 0 || !self.patch.is_multiple_of(stride) || self.patch > 1024 {
            let expected = format!("a multiple of {stride} (the stride of the deepest level) up to 1024");
            return Err(ConfigError::new("patch", self.patch, &expected));
        }
        for (name, value, most) in
            [("batch", self.batch, MOST_AT_ONCE), ("scenes_per_epoch", self.scenes_per_epoch, MOST_PATCHES)]
        {
            if !(1..=most).contains(&value) {
                return Err(ConfigError::new(name, value, &format!("1 to {most}")));
            }
        }
        if self.scenes_per_epoch < self.batch {
            return Err(ConfigError::new("scenes_per_epoch", self.scenes_per_epoch, "at least one batch"));
        }
        ConfigError::unless_within("masked_share", self.masked_share, 0.0..=1.0)?;
        self.schedule().check()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        type Change = fn(&mut SegmenterTraining);
        let cases: Vec<(&str, Change)> = vec![
            ("levels", |c| c.levels.clear()),
            ("patch", |c| c.patch = 100),
            ("batch", |c| c.batch = 0),
            ("epochs", |c| c.epochs = usize::MAX),
            ("scenes_per_epoch", |c| c.scenes_per_epoch = 3),
            ("learning_rate", |c| c.learning_rate = f64::NAN),
            ("weight_decay", |c| c.weight_decay = -1.0),
            ("masked_share", |c| c.masked_share = 1.5),
            ("average", |c| c.average = 1.0),
        ];
        for (name, change) in cases {
            let mut config = SegmenterTraining::default();
            change(&mut config);
            let error = config.checked().expect_err(name).to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
    }
}
