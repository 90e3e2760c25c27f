//! Random fields: smooth noise of one length scale, from which sponges, wrinkles and stains are cut.
//!
//! A field is white noise smoothed by a Gaussian, taken far enough from the border of the noise that
//! the field is homogeneous, with mean 0 and variance 1 over the plane. This module does not know specimens.

use crate::random::Stream;
use crate::smooth::smooth;
use crate::{Plane, Rect};

/// Noise with a correlation length of about `2 · sigma_px`.
pub(super) fn noise(size: (usize, usize), sigma_px: f64, stream: &mut Stream) -> Plane {
    let margin = (3.0 * sigma_px).ceil() as usize;
    standardized(cropped(&smooth(&white(size, margin, stream), sigma_px), size, margin))
}

/// Isotropic noise in which bright and dark alternate about every `period_px`.
///
/// The difference of two Gaussians of widths σ and 1.6 σ passes most at the wave number
/// `√(2 ln 1.6² / (1.6² − 1)) / σ = 1.098 / σ` (Marr and Hildreth 1980).
pub(super) fn band(size: (usize, usize), period_px: f64, stream: &mut Stream) -> Plane {
    let sigma = 1.098 * period_px / std::f64::consts::TAU;
    let margin = (4.8 * sigma).ceil() as usize;
    let white = white(size, margin, stream);
    let mut fine = smooth(&white, sigma);
    let coarse = smooth(&white, 1.6 * sigma);
    fine.values_mut().iter_mut().zip(coarse.values()).for_each(|(fine, coarse)| *fine -= coarse);
    standardized(cropped(&fine, size, margin))
}

/// The value of `plane` at `(y, x)`, linear between pixels, the border's beyond it.
pub(super) fn sampled(plane: &Plane, y: f64, x: f64) -> f32 {
    let split = |at: f64, length: usize| {
        let at = at.clamp(0.0, (length - 1) as f64);
        let low = (at as usize).min(length.saturating_sub(2));
        (low, (low + 1).min(length - 1), (at - low as f64) as f32)
    };
    let (above, below, share_y) = split(y, plane.height());
    let (left, right, share_x) = split(x, plane.width());
    let along = |y| plane.at(y, left) + (plane.at(y, right) - plane.at(y, left)) * share_x;
    along(above) + (along(below) - along(above)) * share_y
}

fn white((height, width): (usize, usize), margin: usize, stream: &mut Stream) -> Plane {
    Plane::from_fn(height + 2 * margin, width + 2 * margin, |_, _| stream.normal() as f32)
}

fn cropped(plane: &Plane, (height, width): (usize, usize), margin: usize) -> Plane {
    plane.crop(Rect { y: margin, x: margin, height, width })
}

fn standardized(plane: Plane) -> Plane {
    let mean = plane.mean() as f32;
    // a field much coarser than the plane is nearly uniform: this keeps its noise, not its rounding error
    let scale = (1.0 / plane.variance().max(1e-12).sqrt()) as f32;
    plane.map(|value| (value - mean) * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_mean_0_and_variance_1() {
        let mut stream = Stream::new(2, "field", 0);
        for plane in [noise((91, 130), 3.0, &mut stream), band((91, 130), 17.0, &mut stream)] {
            assert!(plane.mean().abs() < 1e-4 && (plane.variance() - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn a_band_crosses_0_as_often_as_its_period_says() {
        // along a line a Gaussian field crosses 0 at the rate rms(k_x) / π (Rice 1944); in the plane
        // rms(k_x) is rms(k) / √2, and rms(k) of this band lies at 1.4 of its peak
        for period in [8.0, 20.0] {
            let plane = band((300, 401), period, &mut Stream::new(5, "field", 0));
            let row_crossings =
                |y: usize| plane.row(y).windows(2).filter(|pair| (pair[0] > 0.0) != (pair[1] > 0.0)).count();
            let rate = (0..300).map(row_crossings).sum::<usize>() as f64 / (300.0 * 400.0);
            let rms = std::f64::consts::TAU / period * 1.4 / 2.0_f64.sqrt();
            assert!((rate * std::f64::consts::PI / rms - 1.0).abs() < 0.12, "{period}: {rate}");
        }
    }

    #[test]
    fn sampling_is_exact_on_pixels_and_linear_between_them() {
        let plane = Plane::from_fn(4, 7, |y, x| (10 * y + x) as f32);
        for (y, x) in [(0.0, 0.0), (3.0, 6.0), (1.5, 2.25)] {
            assert!((sampled(&plane, y, x) - (10.0 * y + x) as f32).abs() < 1e-5);
        }
        assert_eq!(sampled(&plane, -5.0, 90.0), 6.0);
    }
}
