//! Mean spectrum of a data set: how much of each spatial frequency its micrographs have.
//!
//! An image whose opposite borders differ has a cross in its spectrum that its specimen has not; so
//! each patch is first brought to its periodic component (Moisan 2011), which has none.

use std::f64::consts::TAU;

use micrograph::fourier::{Complex, PlaneFourier};
use micrograph::{Plane, Rect};
use serde::Serialize;

use super::super::image::Shape;
use super::CanvasError;

/// Mean magnitudes, for images of one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spectrum {
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Mean of `|forward(patch)|` without that of frequency 0, `[H, W/2 + 1]`; the same for a
    /// frequency and its mirror image, as if each patch had come mirrored, too.
    #[serde(skip)]
    pub magnitudes: Vec<f32>,
    /// Mean grey level of the patches, in `(0, 1)`.
    pub mean_grey: f32,
    /// Mean over patches of the standard deviation of their grey levels.
    pub deviation: f32,
    /// Micrographs that were large enough.
    pub n_micrographs: usize,
    /// Patches that were cut from them.
    pub n_patches: usize,
}

impl Spectrum {
    /// The mean over `micrographs`, prepared and without data bar, of the mean over their patches of
    /// `height × width`; `None` if none is so large.
    pub fn of<'a>(
        micrographs: impl IntoIterator<Item = &'a Plane>,
        [height, width]: [usize; 2],
    ) -> Option<Self> {
        let fourier = PlaneFourier::<f64>::new(height, width);
        let mut sums = vec![0.0; fourier.n_values()];
        let (mut mean_grey, mut deviation, mut n_micrographs, mut n_patches) = (0.0, 0.0, 0, 0);
        for micrograph in micrographs {
            let patches = patches(micrograph, [height, width]);
            if patches.is_empty() {
                continue;
            }
            let share = 1.0 / patches.len() as f64;
            n_micrographs += 1;
            n_patches += patches.len();
            for patch in &patches {
                let values: Vec<f64> = patch.values().iter().map(|&value| f64::from(value)).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let variance =
                    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
                mean_grey += share * mean;
                deviation += share * variance.sqrt();
                for (sum, value) in sums.iter_mut().zip(periodic_spectrum(&fourier, &values, [height, width]))
                {
                    *sum += share * value.norm();
                }
            }
        }
        if n_micrographs == 0 {
            return None;
        }
        let n = n_micrographs as f64;
        let columns = fourier.n_columns();
        let mut magnitudes = vec![0.0; sums.len()];
        for row in 0..height {
            let mirrored = (height - row) % height;
            for column in 0..columns {
                let sum = sums[row * columns + column] + sums[mirrored * columns + column];
                magnitudes[row * columns + column] = (sum / (2.0 * n)) as f32;
            }
        }
        magnitudes[0] = 0.0;
        // a set of black or white images still has a place for a sigmoid
        let mean_grey = ((mean_grey / n) as f32).clamp(0.05, 0.95);
        let deviation = (deviation / n) as f32;
        Some(Self { height, width, magnitudes, mean_grey, deviation, n_micrographs, n_patches })
    }

    /// SHA-256 of its magnitudes, which names it in records.
    pub fn sha256(&self) -> String {
        let bytes: Vec<u8> = self.magnitudes.iter().flat_map(|value| value.to_le_bytes()).collect();
        crate::hash::sha256(bytes)
    }

    pub(super) fn check(&self, shape: Shape) -> Result<(), CanvasError> {
        let (found, expected) = ((self.height, self.width), (shape.height, shape.width));
        if found == expected { Ok(()) } else { Err(CanvasError::Spectrum { found, expected }) }
    }
}

/// As many patches as fit side by side, about the middle.
fn patches(plane: &Plane, [height, width]: [usize; 2]) -> Vec<Plane> {
    let (rows, columns) = (plane.height() / height, plane.width() / width);
    let (top, left) = ((plane.height() - rows * height) / 2, (plane.width() - columns * width) / 2);
    let place = |index: usize| (top + index / columns * height, left + index % columns * width);
    (0..rows * columns)
        .map(|index| {
            let (y, x) = place(index);
            plane.crop(Rect { y, x, height, width })
        })
        .collect()
}

/// The spectrum of the periodic component of `values`, `[H, W]`: `values` without the smooth image
/// whose Laplacian makes up for the steps between opposite borders (Moisan 2011).
fn periodic_spectrum(
    fourier: &PlaneFourier<f64>,
    values: &[f64],
    [height, width]: [usize; 2],
) -> Vec<Complex<f64>> {
    let mut steps = vec![0.0; values.len()];
    let last = (height - 1) * width;
    for x in 0..width {
        let step = values[last + x] - values[x];
        steps[x] += step;
        steps[last + x] -= step;
    }
    for y in 0..height {
        let step = values[(y + 1) * width - 1] - values[y * width];
        steps[y * width] += step;
        steps[(y + 1) * width - 1] -= step;
    }
    let mut spectrum = fourier.forward(values);
    let steps = fourier.forward(&steps);
    for row in 0..height {
        for column in 0..fourier.n_columns() {
            let laplacian = 2.0 * (TAU * fourier.frequency_of_row(row)).cos()
                + 2.0 * (TAU * fourier.frequency_of_column(column)).cos()
                - 4.0;
            let index = row * fourier.n_columns() + column;
            if index > 0 {
                spectrum[index] -= steps[index] / laplacian;
            }
        }
    }
    spectrum
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn a_ramp_has_no_cross_and_a_wave_keeps_its_peak() {
        let wave = |y: usize, x: usize| 0.2 * (TAU * (3.0 * x as f64 + 2.0 * y as f64) / 32.0).cos();
        let plane = Plane::from_fn(32, 32, |y, x| (0.5 + 0.01 * x as f64 + wave(y, x)) as f32);
        let spectrum = Spectrum::of([&plane], [32, 32]).expect("it is large enough");
        let peak = spectrum.magnitudes[2 * 17 + 3];
        assert!((peak - 0.5 * 0.1 * 32.0 * 32.0).abs() < 0.5, "half of it, shared with its mirror: {peak}");
        for column in 1..17 {
            // of a ramp `a x` of `n` columns, `a n / (2 sin(π k / n))` a row; a 1 / n-th of it is left
            let of_ramp = 0.01 * 32.0 * 32.0 / (2.0 * (PI * column as f64 / 32.0).sin());
            let left = f64::from(spectrum.magnitudes[column]) / of_ramp;
            assert!(left < 1.01 / 32.0, "column {column}: {left}");
        }
    }

    #[test]
    fn each_micrograph_counts_the_same() {
        let flat = Plane::filled(64, 64, 0.25);
        let striped = Plane::from_fn(32, 32, |_, x| [0.0, 1.0, 1.0, 0.0][x % 4]);
        let spectrum = Spectrum::of([&flat, &striped], [32, 32]).expect("they are large enough");
        assert_eq!((spectrum.n_micrographs, spectrum.n_patches), (2, 5));
        assert!((spectrum.mean_grey - 0.375).abs() < 1e-6 && (spectrum.deviation - 0.25).abs() < 1e-6);
        // |−i − 1| for each four columns, half of it for one of two micrographs
        assert!((spectrum.magnitudes[8] - 2_f32.sqrt() * 8.0 * 32.0 / 2.0).abs() < 1e-3);
    }

    #[test]
    fn small_micrographs_have_none() {
        assert_eq!(Spectrum::of([&Plane::filled(31, 64, 0.5)], [32, 32]), None);
    }
}
