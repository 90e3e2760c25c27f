//! Tone: from what a canvas holds to grey levels or colors in `[0, 1]`, by a fixed scaling.
//!
//! Nothing is scaled by the image's own extremes, so contrast can be learned, and a constant image
//! is as good as any.

/// Principal directions of the colors of ImageNet's images, as columns (Lucid, `param/color`).
const COLORS: [[f32; 3]; 3] = [[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]];

/// Sigmoid about a mean grey; three channels are decorrelated colors.
#[derive(Clone, Debug)]
pub(super) struct Tone {
    offset: f32,
    /// `[color][component]`; none for one channel.
    colors: Option<[[f32; 3]; 3]>,
}

impl Tone {
    /// For `channels` of 1 or 3; 0 everywhere gives `mean_grey`, in `(0, 1)`.
    pub(super) fn new(channels: usize, mean_grey: f32) -> Self {
        let norm = |column: usize| COLORS.iter().map(|row| row[column].powi(2)).sum::<f32>().sqrt();
        let largest = (0..3).map(norm).fold(0.0, f32::max);
        let colors = (channels == 3).then(|| COLORS.map(|row| row.map(|value| value / largest)));
        Self { offset: logit(mean_grey), colors }
    }

    /// `values`, `[C, H, W]` in logits, as the image.
    pub(super) fn image(&self, mut values: Vec<f32>) -> Vec<f32> {
        if let Some(colors) = &self.colors {
            mix(&mut values, |component| {
                colors.map(|row| row.iter().zip(component).map(|(weight, value)| weight * value).sum())
            });
        }
        for value in &mut values {
            *value = sigmoid(*value + self.offset);
        }
        values
    }

    /// The gradient for the values, from their image and the gradient for it.
    pub(super) fn gradient(&self, image: &[f32], gradient: &[f32]) -> Vec<f32> {
        let mut slopes: Vec<f32> =
            image.iter().zip(gradient).map(|(value, slope)| slope * value * (1.0 - value)).collect();
        if let Some(colors) = &self.colors {
            mix(&mut slopes, |slope| {
                [0, 1, 2].map(|component| (0..3).map(|color| colors[color][component] * slope[color]).sum())
            });
        }
        slopes
    }

    /// The values whose image is grey levels `image`, as far as they are inside of `(0, 1)`.
    pub(super) fn values(&self, image: &[f32]) -> Vec<f32> {
        image.iter().map(|&value| logit(value.clamp(0.01, 0.99)) - self.offset).collect()
    }
}

/// Replaces the three values of each pixel.
fn mix(values: &mut [f32], of_pixel: impl Fn([f32; 3]) -> [f32; 3]) {
    let n = values.len() / 3;
    for pixel in 0..n {
        let mixed = of_pixel([values[pixel], values[n + pixel], values[2 * n + pixel]]);
        for (channel, value) in mixed.into_iter().enumerate() {
            values[channel * n + pixel] = value;
        }
    }
}

pub(super) fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

pub(super) fn logit(level: f32) -> f32 {
    (level / (1.0 - level)).ln()
}
