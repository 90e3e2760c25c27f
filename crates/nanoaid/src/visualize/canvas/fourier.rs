//! Fourier canvas: real and imaginary parts of a spectrum, each scaled by its frequency (Lucid,
//! `param/spatial`).
//!
//! `S(f) = √(W·H) / max(f, 1 / max(W, H))^decay` with `f` in cycles per pixel; the image in logits
//! is the inverse transform of `S` times the coefficients, over 4. Lucid has this divisor without a
//! reason; it is kept since step sizes in the literature go with it.

use micrograph::Plane;
use micrograph::fourier::{Complex, PlaneFourier};
use micrograph::random::Stream;

use super::super::image::Shape;
use super::Canvas;
use super::tone::Tone;

const DIVISOR: f32 = 4.0;

/// Coefficients `[C, H, W/2 + 1, 2]`.
pub(super) struct Fourier {
    shape: Shape,
    fourier: PlaneFourier<f32>,
    /// `S / 4`, one a frequency.
    scales: Vec<f32>,
    tone: Tone,
    deviation: f64,
    start: Option<Vec<f32>>,
}

impl Fourier {
    pub(super) fn new(shape: Shape, tone: Tone, decay: f64, deviation: f64, start: Option<&Plane>) -> Self {
        let fourier = PlaneFourier::new(shape.height, shape.width);
        let scales: Vec<f32> =
            scales(&fourier, shape, decay).iter().map(|scale| *scale as f32 / DIVISOR).collect();
        let start = start.map(|plane| {
            let spectrum = fourier.forward(&tone.values(plane.values()));
            let unscaled = spectrum.iter().zip(&scales).map(|(value, scale)| value / scale);
            unscaled.flat_map(|value| [value.re, value.im]).collect()
        });
        Self { shape, fourier, scales, tone, deviation, start }
    }
}

/// `S` of each frequency of a spectrum.
pub(super) fn scales(fourier: &PlaneFourier<f32>, shape: Shape, decay: f64) -> Vec<f64> {
    let least = 1.0 / shape.height.max(shape.width) as f64;
    let area = (shape.plane() as f64).sqrt();
    let mut scales = Vec::with_capacity(fourier.n_values());
    for row in 0..shape.height {
        for column in 0..fourier.n_columns() {
            let frequency = fourier.frequency_of_row(row).hypot(fourier.frequency_of_column(column));
            scales.push(area / frequency.max(least).powf(decay));
        }
    }
    scales
}

impl Canvas for Fourier {
    fn start(&self, stream: &mut Stream) -> Vec<f32> {
        let n = 2 * self.shape.channels * self.scales.len();
        let coefficient = |_| (self.deviation * stream.normal()) as f32;
        self.start.clone().unwrap_or_else(|| (0..n).map(coefficient).collect())
    }

    fn image(&self, coefficients: &[f32]) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.shape.len());
        for coefficients in coefficients.chunks(2 * self.scales.len()) {
            let pairs = coefficients.as_chunks::<2>().0.iter().zip(&self.scales);
            let spectrum = pairs.map(|(&[re, im], scale)| Complex::new(re * scale, im * scale)).collect();
            values.extend(self.fourier.back(spectrum));
        }
        self.tone.image(values)
    }

    fn gradient(&self, _: &[f32], image: &[f32], gradient: &[f32]) -> Vec<f32> {
        let slopes = self.tone.gradient(image, gradient);
        let mut coefficients = Vec::with_capacity(2 * self.shape.channels * self.scales.len());
        for slopes in slopes.chunks(self.shape.plane()) {
            let spectrum = self.fourier.gradient_back(slopes);
            for (value, scale) in spectrum.into_iter().zip(&self.scales) {
                coefficients.extend([value.re * scale, value.im * scale]);
            }
        }
        coefficients
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_those_of_numpy() {
        // independent: python3 -c "import numpy as np; h,w=4,6; f=np.hypot(np.fft.fftfreq(h)[:,None],
        // np.fft.rfftfreq(w)[None]); print((np.sqrt(h*w)/np.maximum(f,1/max(h,w))**1).ravel())"
        #[rustfmt::skip]
        let expected = [
            29.39387691, 29.39387691, 14.69693846, 9.79795897,
            19.59591794, 16.30478929, 11.75755077, 8.76356092,
            9.79795897, 9.29516003, 8.15239465, 6.92820323,
            19.59591794, 16.30478929, 11.75755077, 8.76356092,
        ];
        let shape = Shape { channels: 1, height: 4, width: 6 };
        let found = scales(&PlaneFourier::new(4, 6), shape, 1.0);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
        }
    }
}
