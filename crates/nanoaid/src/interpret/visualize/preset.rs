//! Presets: settings that go together, by name. How they were chosen stands in `docs/method.md`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::canvas::CanvasConfig;
use super::config::{OptimizerConfig, VisualizeConfig};
use super::transform::TransformSet;

/// A named set of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The recipe of the paper's reference (Chollet 2017): pixels, plain ascent, no transforms.
    Chollet,
    /// To look through a whole layer.
    Fast,
    /// To read pitch and orientation off the picture: shifts only.
    Measure,
    /// For publication: Lucid's transforms, turns of at most 5°, the best of three starts.
    Robust,
    /// Natural-looking: phases under the mean spectrum of a data set.
    Maco,
    /// The study of Borowski et al. 2021: ten pictures that differ.
    Borowski,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Chollet, Self::Fast, Self::Measure, Self::Robust, Self::Maco, Self::Borowski];

    /// Its transforms.
    pub fn transforms(self) -> TransformSet {
        match self {
            Self::Chollet => TransformSet::None,
            Self::Fast | Self::Measure | Self::Maco => TransformSet::Jitter,
            Self::Robust => TransformSet::Robust,
            Self::Borowski => TransformSet::Borowski,
        }
    }

    /// Its settings.
    pub fn config(self) -> VisualizeConfig {
        let fast = VisualizeConfig {
            height: 96,
            width: 96,
            margin_px: 0,
            mean_grey: 0.5,
            canvas: CanvasConfig::Fourier { decay: 1.0, deviation: 0.01 },
            squared: false,
            enlarge: 1,
            transforms: self.transforms().transforms(96),
            views: 1,
            penalties: Vec::new(),
            optimizer: OptimizerConfig::Adam { rate: 0.05 },
            steps: 256,
            redirected_steps: 16,
            check_every: 32,
            stop_gain: 0.001,
            restarts: 1,
            members: 1,
            diversity: 0.0,
            snapshots: Vec::new(),
            seed: 0,
        };
        match self {
            Self::Fast => fast,
            Self::Chollet => VisualizeConfig {
                height: 150,
                width: 150,
                // uniform in 128 … 148 of 255, steps of 1 of 255
                canvas: CanvasConfig::Pixels { bounded: false, spread: 10.0 / 255.0 },
                mean_grey: 138.0 / 255.0,
                optimizer: OptimizerConfig::Normalized { rate: 1.0 / 255.0 },
                steps: 40,
                redirected_steps: 0,
                check_every: 8,
                stop_gain: 0.0,
                ..fast
            },
            Self::Measure => VisualizeConfig {
                canvas: CanvasConfig::Pixels { bounded: true, spread: 0.1 },
                squared: true,
                optimizer: OptimizerConfig::Power { rate: 0.5, kept: 0.0 },
                steps: 512,
                stop_gain: 0.0,
                ..fast
            },
            Self::Robust => VisualizeConfig { height: 224, width: 224, steps: 512, restarts: 3, ..fast },
            Self::Maco => VisualizeConfig {
                height: 256,
                width: 256,
                canvas: CanvasConfig::Phase,
                optimizer: OptimizerConfig::NAdam { rate: 1.0 },
                stop_gain: 0.0,
                ..fast
            },
            Self::Borowski => VisualizeConfig {
                height: 224,
                width: 224,
                margin_px: 16,
                steps: 2560,
                members: 10,
                diversity: 0.75,
                stop_gain: 0.0,
                check_every: 256,
                seed: 1234,
                ..fast
            },
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Chollet => "chollet",
            Self::Fast => "fast",
            Self::Measure => "measure",
            Self::Robust => "robust",
            Self::Maco => "maco",
            Self::Borowski => "borowski",
        })
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|preset| preset.to_string() == text).ok_or_else(|| {
            let names: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            format!("unknown preset `{text}`, expected one of: {}", names.join(", "))
        })
    }
}
