//! Settings of a classifier's training.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::train::schedule::{MOST_AT_ONCE, MOST_EPOCHS, Schedule};

/// Most views in an epoch: their order is drawn at once and takes 24 bytes each.
const MOST_VIEWS: usize = 10_000_000;

/// What a classifier starts from: the paper's A1, A2 and A3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartFrom {
    /// The base's features as they are; only a head is fitted to them (A1).
    Frozen,
    /// The base's weights, all of which are trained further (A2).
    FineTuned,
    /// Random weights (A3).
    #[default]
    Random,
}

impl StartFrom {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::FineTuned => "fine-tuned",
            Self::Random => "random",
        }
    }
}

/// How a classifier is trained. As TOML, every key may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassifierConfig {
    /// What it starts from.
    pub start: StartFrom,
    /// Views in a gradient step, at least 1.
    pub batch: usize,
    /// Views in an epoch; 0: as many as there are micrographs to train on.
    pub views_per_epoch: usize,
    /// Epochs, at least 1.
    pub epochs: usize,
    /// Largest learning rate, above 0, of a head or of a random start.
    pub learning_rate: f64,
    /// Learning rate of weights that others have trained, in shares of the head's, in `(0, 1]`.
    pub body_rate: f64,
    /// Share of the steps over which the learning rate rises, in `[0, 1)`.
    pub warm_up: f64,
    /// Weight decay of AdamW, at least 0.
    pub weight_decay: f64,
    /// Longest gradient over all weights, above 0.
    pub gradient_norm: f64,
    /// Share of the target that is spread over all categories, in `[0, 1)`.
    pub label_smoothing: f64,
    /// Whether every category is shown equally often (of a frozen start: counts equally).
    pub balanced: bool,
    /// Smallest share of a square's area that a random crop keeps, in `(0, 1]`.
    pub least_area: f64,
    /// Largest change of contrast, as a factor, at least 1.
    pub contrast: f64,
    /// Largest shift of brightness, for values in `[0, 1]`, in `[0, 0.5]`.
    pub brightness: f64,
    /// Largest exponent of values (gamma), and the inverse of the smallest, at least 1.
    pub gamma: f64,
    /// Share of the views whose contrast is inverted, in `[0, 1]`: a back-scatter detector or a film
    /// of another element turns bright into dark.
    pub inverted: f64,
    /// Largest standard deviation of the Gaussian that half of the views are blurred by, in pixels
    /// of the view, 0 to 8.
    pub blur: f64,
    /// Largest standard deviation of the noise that half of the views get, for values in `[0, 1]`,
    /// 0 to 1.
    pub noise: f64,
    /// Layers of a published base whose means over the image the head takes; empty: the last one.
    pub pooled: Vec<String>,
    /// Views of each micrograph that a frozen start's head is fitted to, at least 1; a synthetic one,
    /// of which there can be as many as are wanted, has one view.
    pub frozen_views: usize,
    /// Weight of the squared coefficients of a frozen start's head, above 0; 0: the best of several
    /// on the validation split.
    pub ridge: f64,
    /// Of a frozen start: whether a head is also fitted without each group of the training split, to
    /// be judged on it. With laboratories as groups, it says what the classifier is worth in a
    /// laboratory that it has never seen; temperature and abstention are then chosen by that.
    pub leave_groups_out: bool,
    /// Whether the weights are rounded to half precision, and their file half as large.
    pub half_precision: bool,
    /// Epochs without a higher macro-F1 on the validation split after which it stops; 0: never.
    pub patience: usize,
    /// Seed of weights and views.
    pub seed: u64,
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        Self {
            start: StartFrom::default(),
            batch: 16,
            views_per_epoch: 0,
            epochs: 60,
            learning_rate: 1e-3,
            body_rate: 0.1, // pretrained weights should change little
            warm_up: 0.05,
            weight_decay: 0.01,
            gradient_norm: 1.0,
            label_smoothing: 0.1,
            balanced: true, // the largest category of the NFFA set has 32 times the smallest
            least_area: 0.4,
            contrast: 1.4,
            brightness: 0.1,
            gamma: 1.0,
            inverted: 0.0,
            blur: 0.0,
            noise: 0.0,
            pooled: Vec::new(),
            frozen_views: 8,
            ridge: 0.0,
            leave_groups_out: false,
            half_precision: false,
            patience: 20,
            seed: 0,
        }
    }
}

impl ClassifierConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        for (name, value) in
            [("batch", self.batch), ("epochs", self.epochs), ("frozen_views", self.frozen_views)]
        {
            if value == 0 {
                return Err(ConfigError::new(name, value, "at least 1"));
            }
        }
        for (name, value, most) in [
            ("batch", self.batch, MOST_AT_ONCE),
            ("epochs", self.epochs, MOST_EPOCHS),
            ("frozen_views", self.frozen_views, MOST_AT_ONCE),
            ("views_per_epoch", self.views_per_epoch, MOST_VIEWS),
        ] {
            if value > most {
                return Err(ConfigError::new(name, value, &format!("at most {most}")));
            }
        }
        let ranges = [
            ("learning_rate", self.learning_rate, self.learning_rate > 0.0, "above 0"),
            (
                "body_rate",
                self.body_rate,
                self.body_rate > 0.0 && self.body_rate <= 1.0,
                "above 0, at most 1",
            ),
            ("warm_up", self.warm_up, (0.0..1.0).contains(&self.warm_up), "at least 0 and below 1"),
            ("weight_decay", self.weight_decay, self.weight_decay >= 0.0, "at least 0"),
            ("gradient_norm", self.gradient_norm, self.gradient_norm > 0.0, "above 0"),
            (
                "label_smoothing",
                self.label_smoothing,
                (0.0..1.0).contains(&self.label_smoothing),
                "at least 0 and below 1",
            ),
            (
                "least_area",
                self.least_area,
                self.least_area > 0.0 && self.least_area <= 1.0,
                "above 0, at most 1",
            ),
            ("contrast", self.contrast, self.contrast >= 1.0, "at least 1"),
            ("ridge", self.ridge, self.ridge >= 0.0, "at least 0"),
            ("brightness", self.brightness, (0.0..=0.5).contains(&self.brightness), "0 to 0.5"),
            ("gamma", self.gamma, self.gamma >= 1.0, "at least 1"),
            ("inverted", self.inverted, (0.0..=1.0).contains(&self.inverted), "0 to 1"),
            ("blur", self.blur, (0.0..=8.0).contains(&self.blur), "0 to 8 pixels"),
            ("noise", self.noise, (0.0..=1.0).contains(&self.noise), "0 to 1"),
        ];
        for (name, value, fits, expected) in ranges {
            if !(fits && value.is_finite()) {
                return Err(ConfigError::new(name, value, expected));
            }
        }
        if self.leave_groups_out && self.start != StartFrom::Frozen {
            return Err(ConfigError::new("leave_groups_out", true, "a frozen start"));
        }
        if self.leave_groups_out && self.ridge <= 0.0 {
            return Err(ConfigError::new("ridge", self.ridge, "above 0, where groups are left out"));
        }
        Ok(self)
    }

    /// How long and how fast it learns, from `n_micrographs`.
    pub(super) fn schedule(&self, n_micrographs: usize) -> Schedule {
        let steps_per_epoch = self.views_in_epoch(n_micrographs).div_ceil(self.batch);
        Schedule {
            epochs: self.epochs,
            steps_per_epoch,
            learning_rate: self.learning_rate,
            warm_up_steps: (self.warm_up * (self.epochs * steps_per_epoch) as f64) as usize,
            weight_decay: self.weight_decay,
            gradient_norm: self.gradient_norm,
            average: 0.0,
            patience: self.patience,
        }
    }

    /// Views in an epoch of `n_micrographs`.
    pub(super) fn views_in_epoch(&self, n_micrographs: usize) -> usize {
        if self.views_per_epoch > 0 { self.views_per_epoch } else { n_micrographs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        type Change = fn(&mut ClassifierConfig);
        let cases: [(&str, Change); 19] = [
            ("batch", |c| c.batch = 0),
            ("batch", |c| c.batch = 1 << 40),
            ("views_per_epoch", |c| c.views_per_epoch = 100_000_000_000),
            ("frozen_views", |c| c.frozen_views = usize::MAX),
            ("epochs", |c| c.epochs = usize::MAX),
            ("epochs", |c| c.epochs = 0),
            ("learning_rate", |c| c.learning_rate = f64::NAN),
            ("body_rate", |c| c.body_rate = 0.0),
            ("label_smoothing", |c| c.label_smoothing = 1.0),
            ("least_area", |c| c.least_area = 0.0),
            ("contrast", |c| c.contrast = f64::INFINITY),
            ("brightness", |c| c.brightness = 0.6),
            ("gamma", |c| c.gamma = 0.9),
            ("ridge", |c| c.ridge = -1.0),
            ("ridge", |c| (c.start, c.leave_groups_out) = (StartFrom::Frozen, true)),
            ("leave_groups_out", |c| (c.ridge, c.leave_groups_out) = (0.1, true)),
            ("inverted", |c| c.inverted = 1.1),
            ("blur", |c| c.blur = -1.0),
            ("noise", |c| c.noise = f64::NAN),
        ];
        for (name, change) in cases {
            let mut config = ClassifierConfig::default();
            change(&mut config);
            let error = config.checked().expect_err(name).to_string();
            assert!(error.contains(name), "{name}: {error}");
        }
        assert!(ClassifierConfig::default().checked().is_ok());
    }
}
