//! Quality of a reconstruction: mean squared error, PSNR, SSIM.
//!
//! Values are expected in `[0, 1]`; the peak of PSNR and the dynamic range of SSIM are 1.

use micrograph::Plane;
use micrograph::smooth::gaussian_window;
use serde::{Deserialize, Serialize};

/// Half width of SSIM's Gaussian window, 11 × 11 (Wang et al. 2004).
const SSIM_REACH: usize = 5;
/// Standard deviation of that window in pixels.
const SSIM_SIGMA_PX: f64 = 1.5;
/// Stabilizers `(0.01 · L)²` and `(0.03 · L)²` for a dynamic range `L` of 1.
const SSIM_C1: f64 = 1e-4;
const SSIM_C2: f64 = 9e-4;

/// Mean quality over a set of patches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Number of patches.
    pub n_patches: usize,
    /// Mean squared error over all pixels.
    pub mse: f64,
    /// Peak signal-to-noise ratio of that mean, in dB; infinite where the error is 0.
    pub psnr_db: f64,
    /// Mean over the patches of the structural similarity, at most 1.
    pub ssim: f64,
}

impl Quality {
    /// The quality over pairs of an original and its reconstruction; `None` without pairs.
    pub fn of(pairs: &[(&Plane, &Plane)]) -> Option<Self> {
        use rayon::prelude::*;
        let each: Vec<(f64, f64)> =
            pairs.par_iter().map(|(original, other)| (mse(original, other), ssim(original, other))).collect();
        let n = each.len();
        let mean = |sum: f64| sum / n as f64;
        let mean_mse = mean(each.iter().map(|(mse, _)| mse).sum());
        (n > 0).then(|| Self {
            n_patches: n,
            mse: mean_mse,
            psnr_db: psnr_db(mean_mse),
            ssim: mean(each.iter().map(|(_, ssim)| ssim).sum()),
        })
    }
}

/// Mean squared error of two planes of one shape.
pub fn mse(original: &Plane, other: &Plane) -> f64 {
    let sum: f64 = original
        .values()
        .iter()
        .zip(other.values())
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
        .sum();
    sum / original.values().len().max(1) as f64
}

/// Peak signal-to-noise ratio in dB for a peak of 1.
///
/// ```
/// use micrograph::Plane;
/// use nanoaid::evaluate::image_quality::{mse, psnr_db, ssim};
///
/// let (image, other) = (Plane::filled(16, 20, 0.5), Plane::filled(16, 20, 0.6));
/// assert!((psnr_db(mse(&image, &other)) - 20.0).abs() < 1e-5, "an error of 0.1 everywhere");
/// assert_eq!(ssim(&image, &image), 1.0);
/// ```
pub fn psnr_db(mse: f64) -> f64 {
    -10.0 * mse.log10()
}

/// Structural similarity, mean over all positions where the window lies inside (Wang et al.
/// 2004); 1 for equal planes. Planes smaller than the window are compared in one piece.
pub fn ssim(original: &Plane, other: &Plane) -> f64 {
    let product = |a: &Plane, b: &Plane| {
        let values = a.values().iter().zip(b.values()).map(|(&a, &b)| a * b).collect();
        Plane::new(a.height(), a.width(), values)
    };
    let [mean_a, mean_b, square_a, square_b, cross] = [
        original.clone(),
        other.clone(),
        product(original, original),
        product(other, other),
        product(original, other),
    ]
    .map(|plane| windowed(&plane));
    let n = mean_a.len();
    let sum: f64 = (0..n)
        .map(|i| {
            let (a, b) = (mean_a[i], mean_b[i]);
            let variance_a = (square_a[i] - a * a).max(0.0);
            let variance_b = (square_b[i] - b * b).max(0.0);
            let covariance = cross[i] - a * b;
            (2.0 * a * b + SSIM_C1) * (2.0 * covariance + SSIM_C2)
                / ((a * a + b * b + SSIM_C1) * (variance_a + variance_b + SSIM_C2))
        })
        .sum();
    sum / n as f64
}

/// Means under the Gaussian window at each position where it lies inside.
fn windowed(plane: &Plane) -> Vec<f64> {
    let (height, width) = (plane.height(), plane.width());
    let reach_y = SSIM_REACH.min((height - 1) / 2);
    let reach_x = SSIM_REACH.min((width - 1) / 2);
    let (window_y, window_x) =
        (gaussian_window(SSIM_SIGMA_PX, reach_y), gaussian_window(SSIM_SIGMA_PX, reach_x));
    let inner_width = width - 2 * reach_x;
    let rows: Vec<f64> = (0..height)
        .flat_map(|y| {
            let row = plane.row(y);
            let window_x = &window_x;
            (0..inner_width).map(move |x| {
                window_x.iter().zip(&row[x..]).map(|(weight, &value)| weight * f64::from(value)).sum::<f64>()
            })
        })
        .collect();
    (0..height - 2 * reach_y)
        .flat_map(|y| {
            let (rows, window_y) = (&rows, &window_y);
            (0..inner_width).map(move |x| {
                window_y.iter().enumerate().map(|(i, weight)| weight * rows[(y + i) * inner_width + x]).sum()
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    fn noise(height: usize, width: usize, index: u64) -> Plane {
        let mut stream = Stream::new(3, "quality", index);
        Plane::from_fn(height, width, |_, _| stream.uniform() as f32)
    }

    /// SSIM by direct loops over every window, means and central moments in `f64`.
    fn naive_ssim(a: &Plane, b: &Plane) -> f64 {
        let weight = |d: isize| (-(d * d) as f64 / 4.5).exp();
        let norm: f64 = (-5..=5).map(weight).sum();
        let mut sum = 0.0;
        let mut n = 0.0;
        for y in 5..a.height() as isize - 5 {
            for x in 5..a.width() as isize - 5 {
                let window = |value: &dyn Fn(usize, usize) -> f64| {
                    let mut sum = 0.0;
                    for dy in -5..=5 {
                        for dx in -5..=5 {
                            let weight = weight(dy) * weight(dx) / (norm * norm);
                            sum += weight * value((y + dy) as usize, (x + dx) as usize);
                        }
                    }
                    sum
                };
                let value = |plane: &Plane, y, x| f64::from(plane.at(y, x));
                let mean_a = window(&|y, x| value(a, y, x));
                let mean_b = window(&|y, x| value(b, y, x));
                let var_a = window(&|y, x| (value(a, y, x) - mean_a).powi(2));
                let var_b = window(&|y, x| (value(b, y, x) - mean_b).powi(2));
                let cov = window(&|y, x| (value(a, y, x) - mean_a) * (value(b, y, x) - mean_b));
                sum += (2.0 * mean_a * mean_b + 1e-4) * (2.0 * cov + 9e-4)
                    / ((mean_a * mean_a + mean_b * mean_b + 1e-4) * (var_a + var_b + 9e-4));
                n += 1.0;
            }
        }
        sum / n
    }

    #[test]
    fn ssim_equals_the_definition_summed_naively() {
        let (a, b) = (noise(17, 23, 0), noise(17, 23, 1));
        let mixed =
            Plane::new(17, 23, a.values().iter().zip(b.values()).map(|(a, b)| 0.7 * a + 0.3 * b).collect());
        // the products are rounded to f32 before they are averaged
        assert!((ssim(&a, &mixed) - naive_ssim(&a, &mixed)).abs() < 1e-4);
    }

    #[test]
    fn equal_planes_are_perfect_and_noise_is_not() {
        // as large as many windows, over which chance similarity averages out
        let (a, b) = (noise(40, 37, 0), noise(40, 37, 1));
        assert!((ssim(&a, &a) - 1.0).abs() < 1e-9);
        assert!(ssim(&a, &b) < 0.3);
        assert_eq!(mse(&a, &a), 0.0);
        assert_eq!(psnr_db(0.0), f64::INFINITY);
        assert!((psnr_db(0.001) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn a_constant_shift_has_its_square_as_error() {
        let a = Plane::from_fn(4, 7, |y, x| (y * 7 + x) as f32 / 64.0);
        assert!((mse(&a, &a.map(|value| value + 0.25)) - 0.0625).abs() < 1e-12);
    }
}
