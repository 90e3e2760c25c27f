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
        let partials = self.tone.gradient(image, gradient);
        let mut coefficients = Vec::with_capacity(2 * self.shape.channels * self.scales.len());
        for partials in partials.chunks(self.shape.plane()) {
            let spectrum = self.fourier.gradient_back(partials);
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

    // Independent values, of numpy 2:
    //
    // def scales(h, w, decay):
    //     f = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None])
    //     return np.sqrt(h * w) / np.maximum(f, 1 / max(h, w)) ** decay
    // def image(h, w):
    //     s = scales(h, w, 1); k = np.arange(s.size)
    //     re, im = np.sin(k + 1.0).reshape(s.shape), np.cos(2.0 * k).reshape(s.shape)
    //     z = np.fft.irfft2(s * (re + 1j * im) * 0.5, s=(h, w)) / 4
    //     return 1 / (1 + np.exp(-(z + np.log(0.45 / 0.55))))

    #[test]
    fn scales_are_those_of_numpy() {
        #[rustfmt::skip]
        let cases = [
            ((4, 6), 1.0, vec![
                29.393877, 29.393877, 14.696938, 9.797959, 19.595918, 16.304789, 11.757551, 8.763561,
                9.797959, 9.29516, 8.152395, 6.928203, 19.595918, 16.304789, 11.757551, 8.763561,
            ]),
            ((5, 7), 1.0, vec![
                41.412558, 41.412558, 20.706279, 13.804186, 29.580399, 24.070561, 16.963245, 12.509121,
                14.790199, 13.928551, 12.03528, 10.091623, 14.790199, 13.928551, 12.03528, 10.091623,
                29.580399, 24.070561, 16.963245, 12.509121,
            ]),
            ((3, 4), 0.5, vec![
                6.928203, 6.928203, 4.898979, 6.0, 5.366563, 4.468692, 6.0, 5.366563,
                4.468692,
            ]),
        ];
        for ((height, width), decay, expected) in cases {
            let found =
                scales(&PlaneFourier::new(height, width), Shape { channels: 1, height, width }, decay);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6 * expected, "{height}×{width}: {found} {expected}");
            }
        }
    }

    #[test]
    fn images_are_those_of_numpy() {
        #[rustfmt::skip]
        let cases = [
            ((4, 6), vec![
                0.577264, 0.54922, 0.415947, 0.418344, 0.409163, 0.473162, 0.602419, 0.690253,
                0.48725, 0.328612, 0.371887, 0.466136, 0.449101, 0.581547, 0.489019, 0.441715,
                0.497687, 0.54676, 0.558579, 0.460284, 0.37454, 0.529491, 0.44131, 0.412948,
            ]),
            ((3, 5), vec![
                0.565425, 0.576402, 0.36905, 0.482113, 0.416764, 0.565509, 0.614168, 0.460268,
                0.37387, 0.400711, 0.556593, 0.454745, 0.43675, 0.441653, 0.547735,
            ]),
        ];
        for ((height, width), expected) in cases {
            let shape = Shape { channels: 1, height, width };
            let canvas = Fourier::new(shape, Tone::new(1, 0.45, None), 1.0, 0.01, None);
            let n = height * (width / 2 + 1);
            let coefficient = |k: usize| [0.5 * (k as f32 + 1.0).sin(), 0.5 * (2.0 * k as f32).cos()];
            let found = canvas.image(&(0..n).flat_map(coefficient).collect::<Vec<f32>>());
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 2e-5, "{height}×{width}: {found} {expected}");
            }
        }
    }
}
