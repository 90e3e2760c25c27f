//! Phase canvas: only phases are climbed, the magnitudes are those of a data set (MACO, Fel et al.
//! 2023).
//!
//! `z = back(M · exp(i φ'))` with `φ'` the phases brought to mean 0 and deviation 1, or as they are
//! where they started from a micrograph; `z` is brought to mean 0 and deviation 1, then to the grey
//! levels of the data set by a fixed scaling and a sigmoid.

use micrograph::Plane;
use micrograph::fourier::{Complex, PlaneFourier};
use micrograph::random::Stream;

use super::super::image::Shape;
use super::tone::Tone;
use super::{Canvas, ColorDirections, Spectrum};

/// Added to deviations, so that nothing is divided by 0.
const LEAST_DEVIATION: f32 = 1e-5;

/// Phases `[C, H, W/2 + 1]`.
pub(super) struct Phase {
    shape: Shape,
    fourier: PlaneFourier<f32>,
    magnitudes: Vec<f32>,
    tone: Tone,
    /// Deviation of the image in logits.
    contrast: f32,
    start: Option<Vec<f32>>,
}

impl Phase {
    pub(super) fn new(
        shape: Shape,
        spectrum: &Spectrum,
        colors: Option<&ColorDirections>,
        start: Option<&Plane>,
    ) -> Self {
        let fourier = PlaneFourier::new(shape.height, shape.width);
        let (mean, deviation) = (spectrum.mean_grey, spectrum.deviation);
        let start =
            start.map(|plane| fourier.forward(plane.values()).iter().map(|value| value.arg()).collect());
        // the derivative of a sigmoid at its mean turns a deviation in grey levels into one in logits
        let contrast = deviation / (mean * (1.0 - mean));
        let tone = Tone::new(shape.channels, mean, colors);
        Self { shape, fourier, magnitudes: spectrum.magnitudes.clone(), tone, contrast, start }
    }

    /// The phases that are used.
    fn phases(&self, coefficients: &[f32]) -> Vec<f32> {
        if self.start.is_some() { coefficients.to_vec() } else { standardized(coefficients) }
    }

    fn spectrum(&self, phases: &[f32]) -> Vec<Complex<f32>> {
        let pairs = phases.iter().zip(&self.magnitudes);
        pairs.map(|(phase, magnitude)| Complex::from_polar(*magnitude, *phase)).collect()
    }
}

impl Canvas for Phase {
    fn start(&self, stream: &mut Stream) -> Vec<f32> {
        let n = self.shape.channels * self.magnitudes.len();
        self.start.clone().unwrap_or_else(|| (0..n).map(|_| stream.normal() as f32).collect())
    }

    fn image(&self, coefficients: &[f32]) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.shape.len());
        for phases in coefficients.chunks(self.magnitudes.len()) {
            let plane = standardized(&self.fourier.back(self.spectrum(&self.phases(phases))));
            values.extend(plane.iter().map(|value| self.contrast * value));
        }
        self.tone.image(values)
    }

    fn gradient(&self, coefficients: &[f32], image: &[f32], gradient: &[f32]) -> Vec<f32> {
        let partials = self.tone.gradient(image, gradient);
        let planes = partials.chunks(self.shape.plane());
        let mut found = Vec::with_capacity(coefficients.len());
        for (raw, partials) in coefficients.chunks(self.magnitudes.len()).zip(planes) {
            let spectrum = self.spectrum(&self.phases(raw));
            let plane = self.fourier.back(spectrum.clone());
            let partials: Vec<f32> = partials.iter().map(|partial| self.contrast * partial).collect();
            let partials = self.fourier.gradient_back(&standardized_gradient(&plane, &partials));
            // the derivative of exp(i φ) is i exp(i φ)
            let of_phases: Vec<f32> = partials
                .iter()
                .zip(&spectrum)
                .map(|(partial, value)| partial.im * value.re - partial.re * value.im)
                .collect();
            match self.start {
                Some(_) => found.extend(of_phases),
                None => found.extend(standardized_gradient(raw, &of_phases)),
            }
        }
        found
    }
}

fn moments(values: &[f32]) -> (f32, f32) {
    let n = values.len() as f32;
    let mean = values.iter().sum::<f32>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / n;
    (mean, variance.sqrt())
}

/// `values` with mean 0 and deviation 1.
fn standardized(values: &[f32]) -> Vec<f32> {
    let (mean, deviation) = moments(values);
    values.iter().map(|value| (value - mean) / (deviation + LEAST_DEVIATION)).collect()
}

/// The gradient for `values` from that for [`standardized`] ones.
fn standardized_gradient(values: &[f32], gradient: &[f32]) -> Vec<f32> {
    let n = values.len() as f32;
    let (mean, deviation) = moments(values);
    let scale = 1.0 / (deviation + LEAST_DEVIATION);
    let mean_partial = gradient.iter().sum::<f32>() / n;
    let product: f32 = values.iter().zip(gradient).map(|(value, partial)| (value - mean) * partial).sum();
    let along = if deviation > 0.0 { product * scale * scale / (n * deviation) } else { 0.0 };
    values
        .iter()
        .zip(gradient)
        .map(|(value, partial)| (partial - mean_partial) * scale - (value - mean) * along)
        .collect()
}
