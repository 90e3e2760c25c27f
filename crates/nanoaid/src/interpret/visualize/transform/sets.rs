//! Sets of transforms under the names by which they are known.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Transform;

/// A named set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransformSet {
    /// None.
    None,
    /// Shifts only: orientation and pitch in the picture are those that the unit answers to.
    Jitter,
    /// Lucid's standard set.
    Lucid,
    /// That of Lucid's tutorial.
    LucidTutorial,
    /// MACO's crops and noise.
    Maco,
    /// That of Borowski et al. 2021.
    Borowski,
    /// Lucid's standard set with turns of at most 5°.
    Robust,
}

impl TransformSet {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Jitter,
        Self::Lucid,
        Self::LucidTutorial,
        Self::Maco,
        Self::Borowski,
        Self::Robust,
    ];

    /// Its transforms for an image of `px` along its shorter side.
    pub fn transforms(self, px: usize) -> Vec<Transform> {
        match self {
            Self::None => Vec::new(),
            Self::Jitter => vec![Transform::Roll { px: 4 }],
            Self::Lucid => vec![
                Transform::Pad { px: 12 },
                Transform::Jitter { px: 8 },
                Transform::Scale { factors: (0..=10).map(|step| 0.9 + 0.02 * f64::from(step)).collect() },
                Transform::Rotate { degrees: angles(10, 5) },
                Transform::Jitter { px: 4 },
            ],
            Self::LucidTutorial => vec![
                Transform::Pad { px: 16 },
                Transform::Jitter { px: 8 },
                Transform::Scale { factors: (0..=10).map(|step| 0.8 + 0.04 * f64::from(step)).collect() },
                Transform::Rotate { degrees: angles(10, 5) },
                Transform::Jitter { px: 2 },
            ],
            // to as many pixels as half of the image has, so that the first crops are not resized
            Self::Maco => vec![
                Transform::Crop {
                    share: (0.5, 0.1),
                    share_deviation: 0.05,
                    middle_deviation: 0.15,
                    px: (px / 2).max(1),
                },
                Transform::Noise { normal: 0.08, uniform: 0.08 },
            ],
            Self::Borowski => vec![
                Transform::Jitter { px: 16 },
                Transform::Scale { factors: vec![1.0, 0.975, 1.025, 0.95, 1.05] },
                Transform::Rotate { degrees: angles(5, 0) },
                Transform::Jitter { px: 8 },
            ],
            Self::Robust => vec![
                Transform::Pad { px: 12 },
                Transform::Jitter { px: 8 },
                Transform::Scale { factors: (0..=10).map(|step| 0.9 + 0.02 * f64::from(step)).collect() },
                Transform::Rotate { degrees: angles(5, 5) },
                Transform::Jitter { px: 4 },
            ],
        }
    }
}

/// Whole degrees up to `largest` on both sides, and `n_zeros` more times 0.
fn angles(largest: i32, n_zeros: usize) -> Vec<f64> {
    (-largest..=largest).map(f64::from).chain(std::iter::repeat_n(0.0, n_zeros)).collect()
}

impl fmt::Display for TransformSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None => "none",
            Self::Jitter => "jitter",
            Self::Lucid => "lucid",
            Self::LucidTutorial => "lucid-tutorial",
            Self::Maco => "maco",
            Self::Borowski => "borowski",
            Self::Robust => "robust",
        })
    }
}

impl FromStr for TransformSet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|set| set.to_string() == text).ok_or_else(|| {
            let names: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            format!("unknown transforms `{text}`, expected one of: {}", names.join(", "))
        })
    }
}
