//! Preprocess: how the pixels of an image become the numbers a network was trained on.
//!
//! Part of a network's description, never of what a caller guesses: the same photo with the colors
//! in another order costs EfficientNet-Lite0 twelve points of accuracy
//! (`../shared/weights/README.md`). It does not resize; it holds the size that was trained on.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// How images are brought to a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocess {
    /// Order of the network's channels.
    pub colors: Colors,
    /// Value of white before the mean is taken off: 1 or 255.
    pub white: f32,
    /// Taken off each channel, in the network's order: input = (white · pixel − mean) / std for
    /// pixels in `[0, 1]`.
    pub mean: [f32; 3],
    /// Divides each channel, in the network's order.
    pub std: [f32; 3],
    /// Height and width that the network was trained for, in pixels.
    pub size_px: usize,
    /// Share of an image's shorter side that the central square has which is resized to `size_px`.
    pub crop: f64,
    /// How it was resized.
    pub resize: Resize,
}

/// Order of color channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colors {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// Interpolation between pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// Linear.
    Bilinear,
    /// Cubic.
    Bicubic,
}

impl Preprocess {
    /// Torchvision's, for all of its `ImageNet` networks.
    pub(super) const TORCHVISION: Self = Self {
        colors: Colors::Rgb,
        white: 1.0,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        size_px: 224,
        crop: 0.875,
        resize: Resize::Bilinear,
    };

    /// Refuses numbers that cannot normalize.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(std) = self.std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
            return Err(ConfigError::new("preprocess.std", std, "above 0"));
        }
        if let Some(value) = self.mean.iter().chain([&self.white]).find(|value| !value.is_finite()) {
            return Err(ConfigError::new("preprocess.mean", value, "finite numbers"));
        }
        Ok(())
    }

    /// The input of a network for red, green and blue in `[0, 1]`. `[N, 3, H, W]` → the same.
    pub(crate) fn normalize(&self, images: Tensor<4>) -> Tensor<4> {
        let [n, _, height, width] = images.dims();
        let order = match self.colors {
            Colors::Rgb => [0, 1, 2],
            Colors::Bgr => [2, 1, 0],
        };
        let channel = |(i, color): (usize, usize)| {
            let plane = images.clone().slice([0..n, color..color + 1, 0..height, 0..width]);
            (plane * self.white - self.mean[i]) / self.std[i]
        };
        Tensor::cat(order.into_iter().enumerate().map(channel).collect(), 1)
    }
}
