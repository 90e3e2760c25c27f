//! Canvas (image parameterization): coefficients that are climbed, and the image they make.
//!
//! Every canvas gives the gradient for its coefficients from that for its image in closed form, one
//! image at a time, so that a picture does not depend on others in its batch. It knows no network,
//! except [`decoder`], whose image is made by one.

mod cppn;
mod decoder;
mod fourier;
mod phase;
mod pixels;
mod spectrum;
mod tone;

pub use spectrum::Spectrum;
pub use tone::ColorDirections;

use std::str::FromStr;

use micrograph::random::Stream;
use micrograph::{ConfigError, Plane};
use serde::{Deserialize, Serialize};

use super::image::Shape;
use crate::Network;
use tone::Tone;

/// Which coefficients make the image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CanvasConfig {
    /// The pixels. Without bounds, as in Chollet's recipe, they leave `[0, 1]` where the ascent
    /// wants it, and are shown by their mean and deviation.
    Pixels {
        /// Whether a sigmoid keeps them in `[0, 1]`.
        bounded: bool,
        /// Half width of the uniform distribution they start from, about the mean grey; in logits
        /// where bounded. At least 0.
        spread: f64,
    },
    /// A spectrum whose amplitudes fall with frequency: coarse and fine details start alike and move
    /// alike (Olah et al. 2017).
    Fourier {
        /// Exponent of the fall; 0 is white, 1 that of natural images.
        decay: f64,
        /// Standard deviation of the coefficients at the start; above 0.
        deviation: f64,
    },
    /// The phases of a spectrum whose magnitudes are the mean of a data set's and stay (MACO, Fel et
    /// al. 2023).
    Phase,
    /// The latent code of an autoencoder, shown by its decoder: nothing that it could not make of a
    /// micrograph. The picture is biased by the decoder.
    Decoder {
        /// Standard deviation of the code at the start; above 0.
        deviation: f64,
    },
    /// A small network from coordinates to grey levels, for any resolution (Mordvintsev et al. 2018).
    Cppn {
        /// Hidden layers, 1 to 16.
        layers: usize,
        /// Channels of each, 1 to 128.
        channels: usize,
    },
}

/// What a canvas may be made from besides its settings.
#[derive(Clone, Copy, Default)]
pub struct Materials<'a> {
    /// Magnitudes for [`CanvasConfig::Phase`], of the size of the canvas.
    pub spectrum: Option<&'a Spectrum>,
    /// Autoencoder whose decoder [`CanvasConfig::Decoder`] uses.
    pub autoencoder: Option<&'a Network>,
    /// How colors go together, for networks that see colors; those of ImageNet if `None`.
    pub colors: Option<&'a ColorDirections>,
    /// A micrograph in `[0, 1]`, `[H, W]` of the canvas, to start from instead of noise
    /// (accentuation).
    pub start: Option<&'a Plane>,
}

/// Coefficients and the image they make.
pub(super) trait Canvas: Send + Sync {
    /// Coefficients at the start.
    fn start(&self, stream: &mut Stream) -> Vec<f32>;

    /// The image of `coefficients`, `[C, H, W]`.
    fn image(&self, coefficients: &[f32]) -> Vec<f32>;

    /// The gradient for the coefficients, from the image they made and a gradient for it.
    fn gradient(&self, coefficients: &[f32], image: &[f32], gradient: &[f32]) -> Vec<f32>;
}

/// Of its name, with the usual settings.
impl FromStr for CanvasConfig {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pixels" => Ok(Self::Pixels { bounded: true, spread: 0.1 }),
            "fourier" => Ok(Self::Fourier { decay: 1.0, deviation: 0.01 }),
            "phase" => Ok(Self::Phase),
            "decoder" => Ok(Self::Decoder { deviation: 0.5 }),
            "cppn" => Ok(Self::Cppn { layers: 8, channels: 24 }),
            _ => Err(format!("found `{text}`, expected pixels, fourier, phase, decoder or cppn")),
        }
    }
}

impl CanvasConfig {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pixels { .. } => "pixels",
            Self::Fourier { .. } => "fourier",
            Self::Phase => "phase",
            Self::Decoder { .. } => "decoder",
            Self::Cppn { .. } => "cppn",
        }
    }

    /// Whether its images may leave `[0, 1]`.
    pub fn unbounded(&self) -> bool {
        matches!(self, Self::Pixels { bounded: false, .. })
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refuse = |field, found: f64, expected| Err(ConfigError::new(field, found, expected));
        match *self {
            Self::Pixels { spread, .. } if !(0.0..=100.0).contains(&spread) => {
                refuse("canvas.spread", spread, "0 to 100")
            }
            Self::Fourier { decay, .. } if !(0.0..=4.0).contains(&decay) => {
                refuse("canvas.decay", decay, "0 to 4")
            }
            Self::Fourier { deviation, .. } | Self::Decoder { deviation }
                if !(deviation > 0.0 && deviation <= 100.0) =>
            {
                refuse("canvas.deviation", deviation, "above 0, at most 100")
            }
            Self::Cppn { layers, .. } if !(1..=16).contains(&layers) => {
                refuse("canvas.layers", layers as f64, "1 to 16")
            }
            Self::Cppn { channels, .. } if !(1..=128).contains(&channels) => {
                refuse("canvas.channels", channels as f64, "1 to 128")
            }
            _ => Ok(()),
        }
    }

    /// A canvas for images of `shape` whose mean is about `mean_grey`.
    pub(super) fn build(
        &self,
        shape: Shape,
        mean_grey: f32,
        materials: Materials<'_>,
    ) -> Result<Box<dyn Canvas>, CanvasError> {
        let start = materials.start;
        if let Some(start) = start {
            let found = (start.height(), start.width());
            if found != (shape.height, shape.width) || shape.channels != 1 {
                return Err(CanvasError::Start { found, shape: (shape.height, shape.width) });
            }
        }
        let tone = Tone::new(shape.channels, mean_grey, materials.colors);
        Ok(match *self {
            Self::Pixels { bounded, spread } => {
                Box::new(pixels::Pixels::new(shape, mean_grey, bounded.then_some(tone), spread, start))
            }
            Self::Fourier { decay, deviation } => {
                Box::new(fourier::Fourier::new(shape, tone, decay, deviation, start))
            }
            Self::Phase => {
                let spectrum = materials.spectrum.ok_or(CanvasError::NoSpectrum)?;
                spectrum.check(shape)?;
                Box::new(phase::Phase::new(shape, spectrum, materials.colors, start))
            }
            Self::Decoder { deviation } => {
                let autoencoder = materials.autoencoder.ok_or(CanvasError::NoDecoder)?;
                Box::new(decoder::Decoder::new(shape, autoencoder, deviation, start)?)
            }
            Self::Cppn { .. } if start.is_some() => return Err(CanvasError::NoStart { canvas: "cppn" }),
            Self::Cppn { layers, channels } => Box::new(cppn::Cppn::new(shape, tone, [layers, channels])),
        })
    }
}

/// Why a canvas could not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum CanvasError {
    /// Phases need magnitudes.
    #[error("canvas `phase` needs the mean spectrum of a data set, found none")]
    NoSpectrum,
    /// They are of another size.
    #[error("canvas `phase`: expected a spectrum of {}×{} pixels, found {}×{}", expected.0, expected.1, found.0, found.1)]
    Spectrum { found: (usize, usize), expected: (usize, usize) },
    /// Codes need a decoder.
    #[error("canvas `decoder` needs an autoencoder, found none")]
    NoDecoder,
    /// The network has none, or its image does not fit.
    #[error("canvas `decoder`: {reason}")]
    Decoder { reason: String },
    /// The micrograph to start from is of another size, or the network wants colors.
    #[error("a canvas of one channel of {}×{} pixels can not start from a micrograph of {}×{}", shape.0, shape.1, found.0, found.1)]
    Start { found: (usize, usize), shape: (usize, usize) },
    /// This canvas cannot show a given micrograph.
    #[error("canvas `{canvas}` can not start from a micrograph")]
    NoStart { canvas: &'static str },
}
