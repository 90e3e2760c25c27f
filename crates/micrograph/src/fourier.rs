//! Fourier transform of real planes, both ways, of any height and width.
//!
//! A spectrum is a half plane: rows of frequencies `0 … ⌊(H−1)/2⌋, −⌊H/2⌋ … −1` per `H` pixels
//! downwards, columns `0 … ⌊W/2⌋` per `W` pixels to the right; the rest are complex conjugates.
//! Scaling is that of numpy: none forward, `1 / (H·W)` back.

use std::ops::RangeInclusive;
use std::sync::Arc;

use realfft::{ComplexToReal, FftNum, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftPlanner};

pub use rustfft::num_complex::Complex;

use crate::Plane;

/// The transform of planes of one size, `[H, W]`. One plan may serve many threads.
#[derive(Clone)]
pub struct PlaneFourier<T: FftNum> {
    height: usize,
    width: usize,
    rows_forward: Arc<dyn RealToComplex<T>>,
    rows_back: Arc<dyn ComplexToReal<T>>,
    columns_forward: Arc<dyn Fft<T>>,
    columns_back: Arc<dyn Fft<T>>,
}

impl<T: FftNum> PlaneFourier<T> {
    /// For planes of `height × width`.
    ///
    /// # Panics
    /// If one of them is 0.
    pub fn new(height: usize, width: usize) -> Self {
        assert!(height > 0 && width > 0, "a plane has pixels");
        let (mut real, mut complex) = (RealFftPlanner::new(), FftPlanner::new());
        Self {
            height,
            width,
            rows_forward: real.plan_fft_forward(width),
            rows_back: real.plan_fft_inverse(width),
            columns_forward: complex.plan_fft_forward(height),
            columns_back: complex.plan_fft_inverse(height),
        }
    }

    /// Number of columns of a spectrum: `⌊W/2⌋ + 1`.
    pub fn n_columns(&self) -> usize {
        self.width / 2 + 1
    }

    /// Number of values of a spectrum: `H · (⌊W/2⌋ + 1)`.
    pub fn n_values(&self) -> usize {
        self.height * self.n_columns()
    }

    /// The spectrum of `values`, `[H, W]` → `[H, ⌊W/2⌋ + 1]`.
    ///
    /// # Panics
    /// If there are not `H · W` values.
    ///
    /// # Examples
    /// ```
    /// use micrograph::fourier::PlaneFourier;
    ///
    /// let fourier = PlaneFourier::<f64>::new(2, 3);
    /// let spectrum = fourier.forward(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(spectrum.len(), fourier.n_values());
    /// assert!((spectrum[0].re - 21.0).abs() < 1e-12); // the sum
    /// ```
    pub fn forward(&self, values: &[T]) -> Vec<Complex<T>> {
        assert_eq!(values.len(), self.height * self.width, "values of the plane");
        let n_columns = self.n_columns();
        let mut spectrum = vec![Complex::new(T::zero(), T::zero()); self.n_values()];
        let (mut row, mut scratch) =
            (self.rows_forward.make_input_vec(), self.rows_forward.make_scratch_vec());
        for (values, spectrum) in values.chunks(self.width).zip(spectrum.chunks_mut(n_columns)) {
            row.copy_from_slice(values);
            let done = self.rows_forward.process_with_scratch(&mut row, spectrum, &mut scratch);
            done.expect("lengths are those of the plan");
        }
        self.each_column(&mut spectrum, &*self.columns_forward);
        spectrum
    }

    /// The plane with this spectrum, `[H, ⌊W/2⌋ + 1]` → `[H, W]`. Components that no real plane
    /// can have (in the first and, for an even width, the last column) are ignored, as in numpy.
    ///
    /// # Panics
    /// If the spectrum does not have [`PlaneFourier::n_values`].
    pub fn back(&self, mut spectrum: Vec<Complex<T>>) -> Vec<T> {
        assert_eq!(spectrum.len(), self.n_values(), "values of the spectrum");
        let n_columns = self.n_columns();
        self.each_column(&mut spectrum, &*self.columns_back);
        let scale = T::one() / T::from_usize(self.height * self.width).expect("a number of pixels");
        let mut values = vec![T::zero(); self.height * self.width];
        let mut scratch = self.rows_back.make_scratch_vec();
        for (spectrum, values) in spectrum.chunks_mut(n_columns).zip(values.chunks_mut(self.width)) {
            spectrum[0].im = T::zero();
            if self.width.is_multiple_of(2) {
                spectrum[n_columns - 1].im = T::zero();
            }
            let done = self.rows_back.process_with_scratch(spectrum, values, &mut scratch);
            done.expect("lengths are those of the plan");
            values.iter_mut().for_each(|value| *value = *value * scale);
        }
        values
    }

    /// For a function of [`PlaneFourier::back`]'s plane, its gradient for the real (`re`) and the
    /// imaginary parts (`im`) of the spectrum from its gradient for the plane.
    ///
    /// # Panics
    /// If there are not `H · W` values.
    pub fn gradient_back(&self, gradient: &[T]) -> Vec<Complex<T>> {
        let mut spectrum = self.forward(gradient);
        let n_columns = self.n_columns();
        let one = T::one() / T::from_usize(self.height * self.width).expect("a number of pixels");
        for row in spectrum.chunks_mut(n_columns) {
            for (column, value) in row.iter_mut().enumerate() {
                let alone = column == 0 || (self.width.is_multiple_of(2) && column == n_columns - 1);
                *value = value.scale(if alone { one } else { one + one });
            }
        }
        spectrum
    }

    /// Frequency of `row` of a spectrum in cycles per pixel, downwards, in `[−½, ½)`.
    pub fn frequency_of_row(&self, row: usize) -> f64 {
        let signed = if 2 * row < self.height { row as f64 } else { row as f64 - self.height as f64 };
        signed / self.height as f64
    }

    /// Frequency of `column` of a spectrum in cycles per pixel, to the right, in `[0, ½]`.
    pub fn frequency_of_column(&self, column: usize) -> f64 {
        column as f64 / self.width as f64
    }

    fn each_column(&self, spectrum: &mut [Complex<T>], transform: &dyn Fft<T>) {
        let n_columns = self.n_columns();
        let zero = Complex::new(T::zero(), T::zero());
        let mut columns = vec![zero; spectrum.len()];
        for (y, row) in spectrum.chunks(n_columns).enumerate() {
            for (x, &value) in row.iter().enumerate() {
                columns[x * self.height + y] = value;
            }
        }
        let mut scratch = vec![zero; transform.get_inplace_scratch_len()];
        for column in columns.chunks_mut(self.height) {
            transform.process_with_scratch(column, &mut scratch);
        }
        for (y, row) in spectrum.chunks_mut(n_columns).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                *value = columns[x * self.height + y];
            }
        }
    }
}

/// Share of the power of `plane` in each ring of its spectrum, as natural logarithms: ring `n` has
/// the frequencies of `n` waves per plane, to the nearest whole number. 10⁻⁹ is added to each ring, so
/// that the logarithm of a ring without power is finite.
///
/// # Panics
/// If the plane is empty.
pub fn log_ring_shares(plane: &Plane, rings: RangeInclusive<usize>) -> Vec<f64> {
    let (height, width) = (plane.height(), plane.width());
    let fourier = PlaneFourier::<f64>::new(height, width);
    let values: Vec<f64> = plane.values().iter().map(|&value| f64::from(value)).collect();
    let columns = fourier.n_columns();
    let mut powers = vec![1e-9; rings.clone().count()];
    for (index, value) in fourier.forward(&values).iter().enumerate() {
        let row = fourier.frequency_of_row(index / columns) * height as f64;
        let waves = row.hypot(fourier.frequency_of_column(index % columns) * width as f64);
        let ring = waves.round() as usize;
        if rings.contains(&ring) {
            powers[ring - rings.start()] += value.norm_sqr();
        }
    }
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| (power / total).ln()).collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::random::Stream;

    const SIZES: [(usize, usize); 6] = [(1, 1), (1, 6), (5, 1), (4, 6), (5, 7), (6, 9)];

    #[test]
    fn a_wave_lies_in_its_ring() {
        // 3 waves down, 4 to the right: ring 5
        let plane = Plane::from_fn(48, 60, |y, x| {
            (0.5 + 0.2 * (TAU * (3.0 * y as f64 / 48.0 + 4.0 * x as f64 / 60.0)).cos()) as f32
        });
        let shares: Vec<f64> = log_ring_shares(&plane, 2..=9).iter().map(|share| share.exp()).collect();
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9 && shares[3] > 0.999, "{shares:?}");
    }

    fn noise(n: usize, seed: u64) -> Vec<f64> {
        let mut stream = Stream::new(seed, "fourier", 0);
        (0..n).map(|_| stream.normal()).collect()
    }

    #[test]
    fn a_spectrum_is_the_sum_of_its_definition() {
        for (height, width) in SIZES {
            let fourier = PlaneFourier::<f64>::new(height, width);
            let values = noise(height * width, 1);
            let spectrum = fourier.forward(&values);
            for row in 0..height {
                for column in 0..fourier.n_columns() {
                    let mut sum = Complex::new(0.0, 0.0);
                    for y in 0..height {
                        for x in 0..width {
                            let turns = fourier.frequency_of_row(row) * y as f64
                                + fourier.frequency_of_column(column) * x as f64;
                            sum += Complex::from_polar(values[y * width + x], -TAU * turns);
                        }
                    }
                    let found = spectrum[row * fourier.n_columns() + column];
                    assert!((found - sum).norm() < 1e-9, "{height}×{width} at {row}, {column}");
                }
            }
        }
    }

    #[test]
    fn there_and_back_is_the_same_plane() {
        for (height, width) in SIZES {
            let fourier = PlaneFourier::<f64>::new(height, width);
            let values = noise(height * width, 2);
            let found = fourier.back(fourier.forward(&values));
            for (found, expected) in found.iter().zip(&values) {
                assert!((found - expected).abs() < 1e-12, "{height}×{width}");
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_central_differences() {
        for (height, width) in SIZES {
            let fourier = PlaneFourier::<f64>::new(height, width);
            let spectrum: Vec<Complex<f64>> = noise(2 * fourier.n_values(), 3)
                .chunks(2)
                .map(|parts| Complex::new(parts[0], parts[1]))
                .collect();
            let weights = noise(height * width, 4);
            let score = |spectrum: &[Complex<f64>]| -> f64 {
                fourier.back(spectrum.to_vec()).iter().zip(&weights).map(|(x, w)| x * w).sum()
            };
            let gradient = fourier.gradient_back(&weights);
            for index in 0..fourier.n_values() {
                for (step, found) in [
                    (Complex::new(0.5, 0.0), gradient[index].re),
                    (Complex::new(0.0, 0.5), gradient[index].im),
                ] {
                    let [mut up, mut down] = [spectrum.clone(), spectrum.clone()];
                    up[index] += step;
                    down[index] -= step;
                    let expected = score(&up) - score(&down);
                    // the imaginary part of a frequency that is its own opposite has no effect
                    assert!((found - expected).abs() < 1e-9, "{height}×{width} value {index}");
                }
            }
        }
    }
}
