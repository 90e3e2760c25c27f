//! Settings of a feature visualization.

use serde::{Deserialize, Serialize};

use super::canvas::CanvasConfig;
use super::image::Shape;
use super::penalty::Penalty;
use super::transform::Transform;
use crate::ConfigError;

/// How pictures are made; [`super::Preset`]s give sensible ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisualizeConfig {
    /// Rows of a picture, 1 to 4096.
    pub height: usize,
    /// Columns of a picture, 1 to 4096.
    pub width: usize,
    /// Pixels around the picture that are climbed with it and cut off at the end, at most 512.
    pub margin_px: usize,
    /// Grey level that stands for nothing, above 0 and below 1.
    pub mean_grey: f32,
    /// What is climbed.
    pub canvas: CanvasConfig,
    /// Whether channels are climbed by their energy ([`super::Objective::Energy`]) in place of their
    /// mean.
    pub squared: bool,
    /// How many times as large pictures are drawn besides, once they are done; 1 to 16, above 1 only
    /// where the canvas is a CPPN.
    pub enlarge: usize,
    /// Random changes between canvas and network, one after the other.
    pub transforms: Vec<Transform>,
    /// How often a step draws the transforms; their gradients are averaged. 1 to 256.
    pub views: usize,
    /// What is subtracted from the score.
    pub penalties: Vec<Penalty>,
    /// How a gradient becomes a step.
    pub optimizer: OptimizerConfig,
    /// Most steps, 1 to 100 000.
    pub steps: usize,
    /// First steps in which gradients pass ReLUs that would let nothing through.
    pub redirected_steps: usize,
    /// Steps between two looks at the picture itself, without transforms, to keep the best; at least
    /// 1.
    pub check_every: usize,
    /// The ascent ends where the best score gains less than this share between two looks; 0 never
    /// ends it. In `[0, 1)`.
    pub stop_gain: f32,
    /// Starts of which the best is kept, 1 to 64.
    pub restarts: usize,
    /// Pictures that are made together of one objective, 1 to 64.
    pub members: usize,
    /// Share of the score that pictures of one objective lose by what they have in common
    /// ([`super::Objective::Diverse`]) at its layers, or for classes at the last layer with more than
    /// one position and channel; 0 to 1.
    pub diversity: f32,
    /// Steps after which the picture is kept beside the last, each at most `steps`; 0 is the start. An
    /// ascent that ends before has none of the later ones.
    pub snapshots: Vec<usize>,
    /// Seed of the starts and of every transform.
    pub seed: u64,
}

impl VisualizeConfig {
    /// The settings, if every one is in range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let within = |name: &str, found: usize, low: usize, high: usize| {
            ConfigError::unless_within(name, found as f64, low as f64..=high as f64)
        };
        within("height", self.height, 1, 4096)?;
        within("width", self.width, 1, 4096)?;
        within("margin_px", self.margin_px, 0, 512)?;
        within("enlarge", self.enlarge, 1, 16)?;
        if self.enlarge > 1 && !matches!(self.canvas, CanvasConfig::Cppn { .. }) {
            return Err(ConfigError::new("enlarge", self.enlarge, "1 for a canvas other than `cppn`"));
        }
        within("views", self.views, 1, 256)?;
        within("steps", self.steps, 1, 100_000)?;
        within("check_every", self.check_every, 1, 100_000)?;
        within("restarts", self.restarts, 1, 64)?;
        within("members", self.members, 1, 64)?;
        if !(self.mean_grey > 0.0 && self.mean_grey < 1.0) {
            return Err(ConfigError::new("mean_grey", self.mean_grey, "above 0, below 1"));
        }
        if !(0.0..1.0).contains(&self.stop_gain) {
            return Err(ConfigError::new("stop_gain", self.stop_gain, "0 to below 1"));
        }
        if !(0.0..=1.0).contains(&self.diversity) {
            return Err(ConfigError::new("diversity", self.diversity, "0 to 1"));
        }
        if self.diversity > 0.0 && self.members < 2 {
            return Err(ConfigError::new("members", self.members, "at least 2 where `diversity` is above 0"));
        }
        if let Some(step) = self.snapshots.iter().find(|step| **step > self.steps) {
            let expected = format!("at most the {} steps that are taken", self.steps);
            return Err(ConfigError::new("snapshots", step, &expected));
        }
        self.canvas.check()?;
        self.optimizer.check()?;
        self.transforms.iter().try_for_each(Transform::check)?;
        self.penalties.iter().try_for_each(Penalty::check)?;
        Ok(self)
    }

    /// Whether angles and distances in the picture are those that the network answers to.
    pub fn shifts_only(&self) -> bool {
        self.transforms.iter().all(Transform::shifts_only)
    }

    /// Whether pictures should show the period and the axis that a unit prefers: by the power
    /// method, which settles on one wave, without transforms that blur it.
    pub fn measures(&self) -> bool {
        matches!(self.optimizer, OptimizerConfig::Power { .. }) && self.shifts_only()
    }

    /// Height and width of what is climbed.
    pub fn canvas_px(&self) -> [usize; 2] {
        [self.height, self.width].map(|length| length.saturating_add(self.margin_px.saturating_mul(2)))
    }

    /// The smallest image that a network sees, of the canvas itself and of what transforms leave;
    /// 0 pixels where they may leave nothing.
    pub(super) fn smallest_shape(&self, channels: usize) -> Shape {
        let canvas = self.canvas_shape(channels);
        let least = |length: usize| {
            let left = self.transforms.iter().fold(length, |left, transform| transform.least_left(left));
            left.min(length)
        };
        Shape { channels, height: least(canvas.height), width: least(canvas.width) }
    }

    /// That of pictures which are drawn larger than they are climbed.
    pub(super) fn large_shape(&self, channels: usize) -> Option<Shape> {
        let [height, width] = self.canvas_px().map(|length| length * self.enlarge);
        (self.enlarge > 1).then_some(Shape { channels, height, width })
    }

    pub(super) fn canvas_shape(&self, channels: usize) -> Shape {
        let [height, width] = self.canvas_px();
        Shape { channels, height, width }
    }
}

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum OptimizerConfig {
    /// The gradient over its root mean square, times the rate: Chollet's ascent.
    Normalized {
        /// Root mean square of a step, in coefficients.
        rate: f32,
    },
    /// The coefficients become the gradient itself, scaled, mixed with what they were: the generalized
    /// power method (Journée et al. 2010). As in any power iteration the strongest answer outgrows the
    /// others, so that a picture settles on one wave.
    Power {
        /// Root mean square of the coefficients.
        rate: f32,
        /// Share of the coefficients that is kept at a step, at least 0 and below 1.
        kept: f32,
    },
    /// Adam (Kingma and Ba 2015).
    Adam {
        /// About the size of a step, in coefficients.
        rate: f32,
    },
    /// Adam with Nesterov momentum (Dozat 2016).
    NAdam {
        /// About the size of a step, in coefficients.
        rate: f32,
    },
}

impl OptimizerConfig {
    /// The same with another rate.
    pub fn with_rate(self, rate: f32) -> Self {
        match self {
            Self::Normalized { .. } => Self::Normalized { rate },
            Self::Power { kept, .. } => Self::Power { rate, kept },
            Self::Adam { .. } => Self::Adam { rate },
            Self::NAdam { .. } => Self::NAdam { rate },
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let (Self::Normalized { rate }
        | Self::Power { rate, .. }
        | Self::Adam { rate }
        | Self::NAdam { rate }) = self;
        if let Self::Power { kept, .. } = self
            && !(0.0..1.0).contains(kept)
        {
            return Err(ConfigError::new("optimizer.kept", kept, "0 to below 1"));
        }
        if *rate > 0.0 && *rate <= 1000.0 {
            return Ok(());
        }
        Err(ConfigError::new("optimizer.rate", rate, "above 0, at most 1000"))
    }
}
