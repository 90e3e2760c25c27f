//! Transform: random changes of an image between canvas and network, so that a picture holds for more
//! than one exact place, size and angle.
//!
//! Each step draws its numbers from the stream of (seed, step, view), so they are the same for all
//! images of a batch, whatever else is in it. Each is linear but for an added constant, and gives
//! the gradient for its input in closed form. Beyond the border an image continues with its last
//! value: black corners would leak into the picture.

mod draw;
mod sets;

pub use sets::TransformSet;

pub(super) use draw::Drawn;

use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// Widest frames and shifts.
pub(super) const MOST_PX: usize = 512;

/// One random change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Transform {
    /// A frame of the mean grey.
    Pad {
        /// Its width.
        px: usize,
    },
    /// A frame that continues the image periodically, for pictures that can be tiled.
    Wrap {
        /// Its width.
        px: usize,
    },
    /// A part of the image, `px` smaller along each axis, at a random place.
    Jitter {
        /// Pixels.
        px: usize,
    },
    /// A shift of at most `px` along each axis; what leaves on one side comes in on the other.
    Roll {
        /// Pixels.
        px: usize,
    },
    /// Enlarged or made smaller by one of these factors, each in 0.05 to 20.
    Scale {
        /// All alike likely.
        factors: Vec<f64>,
    },
    /// Turned about the middle by one of these angles, anticlockwise.
    Rotate {
        /// All alike likely.
        degrees: Vec<f64>,
    },
    /// A Gaussian blur with a standard deviation between these.
    Blur {
        /// Smallest, in pixels, at least 0.
        from_px: f64,
        /// Largest, in pixels, at most 20.
        to_px: f64,
    },
    /// A square part about the middle, resized to `px`: MACO's crops.
    Crop {
        /// Side of the part in shares of the image, at the first and the last step; between 0 and 1.
        share: (f64, f64),
        /// Standard deviation of the side.
        share_deviation: f64,
        /// Standard deviation of its middle, in shares of the image.
        middle_deviation: f64,
        /// Pixels of the result, along each axis.
        px: usize,
    },
    /// Added noise.
    Noise {
        /// Standard deviation of a normal part.
        normal: f64,
        /// Width of a uniform part about 0.
        uniform: f64,
    },
    /// Left and right exchanged, every second time.
    Flip,
}

impl Transform {
    /// Transforms for pictures that can be tiled: any place may be their border, and beyond it they
    /// go on from the other side, for `frame_px` pixels ([`super::frame_px`]).
    pub fn tileable(frame_px: usize) -> Vec<Self> {
        vec![Self::Roll { px: MOST_PX }, Self::Wrap { px: frame_px }]
    }

    /// Whether angles and distances in the picture are those that the network answers to.
    pub fn shifts_only(&self) -> bool {
        matches!(
            self,
            Self::Pad { .. }
                | Self::Wrap { .. }
                | Self::Jitter { .. }
                | Self::Roll { .. }
                | Self::Noise { .. }
        )
    }

    /// Pixels along an axis that are left of `length` at least.
    pub(super) fn least_left(&self, length: usize) -> usize {
        match self {
            Self::Pad { px } | Self::Wrap { px } => length + 2 * px,
            Self::Jitter { px } => length.saturating_sub(*px),
            Self::Scale { factors } => {
                let factor = factors.iter().copied().fold(f64::INFINITY, f64::min);
                ((length as f64 * factor).round() as usize).max(1)
            }
            Self::Crop { px, .. } => *px,
            Self::Roll { .. } | Self::Rotate { .. } | Self::Blur { .. } | Self::Noise { .. } | Self::Flip => {
                length
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |field: &str, found: f64, expected: &str| {
            Err(ConfigError::new(&format!("transforms.{field}"), found, expected))
        };
        let outside = |value: f64, low: f64, high: f64| !(low..=high).contains(&value);
        match self {
            Self::Pad { px } | Self::Wrap { px } | Self::Jitter { px } | Self::Roll { px }
                if *px > MOST_PX =>
            {
                refuse("px", *px as f64, "0 to 512")
            }
            Self::Scale { factors } if factors.is_empty() => refuse("factors", 0.0, "at least one"),
            Self::Scale { factors } => match factors.iter().find(|factor| outside(**factor, 0.05, 20.0)) {
                Some(factor) => refuse("factors", *factor, "0.05 to 20"),
                None => Ok(()),
            },
            Self::Rotate { degrees } if degrees.is_empty() => refuse("degrees", 0.0, "at least one"),
            Self::Rotate { degrees } => match degrees.iter().find(|angle| outside(**angle, -360.0, 360.0)) {
                Some(angle) => refuse("degrees", *angle, "-360 to 360"),
                None => Ok(()),
            },
            Self::Blur { from_px, to_px } if outside(*from_px, 0.0, *to_px) || outside(*to_px, 0.0, 20.0) => {
                refuse("from_px", *from_px, "0 to to_px, which is at most 20")
            }
            Self::Crop { share: (from, to), .. } if outside(*from, 0.01, 1.0) || outside(*to, 0.01, 1.0) => {
                refuse("share", *from, "0.01 to 1")
            }
            Self::Crop { share_deviation, middle_deviation, .. }
                if outside(*share_deviation, 0.0, 1.0) || outside(*middle_deviation, 0.0, 1.0) =>
            {
                refuse("share_deviation", *share_deviation, "0 to 1")
            }
            Self::Crop { px, .. } if !(1..=4096).contains(px) => refuse("px", *px as f64, "1 to 4096"),
            Self::Noise { normal, uniform }
                if outside(*normal, 0.0, 10.0) || outside(*uniform, 0.0, 10.0) =>
            {
                refuse("normal", *normal, "0 to 10")
            }
            _ => Ok(()),
        }
    }
}
