//! Gaussian smoothing of a plane; beyond its border the plane is continued with its border values.

use crate::Plane;

/// Standard deviation in px from which on a plane is first averaged down: the loss is then below
/// a hundredth of the smoothing itself.
const COARSE_PX: f64 = 8.0;

/// `plane` smoothed by a Gaussian of standard deviation `sigma_px`; as it is for 0.
///
/// ```
/// use micrograph::{Plane, smooth::smooth};
///
/// let flat = smooth(&Plane::filled(20, 30, 0.5), 2.0);
/// assert!(flat.values().iter().all(|value| (value - 0.5).abs() < 1e-6));
/// ```
pub fn smooth(plane: &Plane, sigma_px: f64) -> Plane {
    if sigma_px <= 0.0 {
        return plane.clone();
    }
    if sigma_px >= COARSE_PX {
        let stride = (sigma_px / 4.0) as usize;
        let coarse = smooth(&averaged(plane, stride), sigma_px / stride as f64);
        return spread(&coarse, stride, (plane.height(), plane.width()));
    }
    let kernel = gaussian(sigma_px);
    let radius = kernel.len() / 2;
    let (height, width) = (plane.height(), plane.width());
    let mut along_rows = Plane::filled(height, width, 0.0);
    let mut padded = vec![0.0; width + 2 * radius];
    for (y, sums) in along_rows.values_mut().chunks_exact_mut(width).enumerate() {
        let row = plane.row(y);
        padded[..radius].fill(row[0]);
        padded[radius..radius + width].copy_from_slice(row);
        padded[radius + width..].fill(row[width - 1]);
        for (tap, weight) in kernel.iter().enumerate() {
            add_scaled(sums, &padded[tap..tap + width], *weight);
        }
    }
    let mut smoothed = Plane::filled(height, width, 0.0);
    for (y, sums) in smoothed.values_mut().chunks_exact_mut(width).enumerate() {
        for (tap, weight) in kernel.iter().enumerate() {
            let source = (y + tap).saturating_sub(radius).min(height - 1);
            add_scaled(sums, along_rows.row(source), *weight);
        }
    }
    smoothed
}

/// Weights of a Gaussian at whole px out to three standard deviations, of sum 1; the single weight 1
/// for 0.
///
/// ```
/// assert_eq!(micrograph::smooth::gaussian(0.0), [1.0]);
/// assert_eq!(micrograph::smooth::gaussian(1.5).len(), 11);
/// ```
pub fn gaussian(sigma_px: f64) -> Vec<f32> {
    let radius = (3.0 * sigma_px).ceil() as usize;
    gaussian_window(sigma_px, radius).iter().map(|&weight| weight as f32).collect()
}

/// Weights of a Gaussian at `-radius ..= radius` px, of sum 1.
pub fn gaussian_window(sigma_px: f64, radius: usize) -> Vec<f64> {
    let weight = |tap: usize| {
        let offset = tap as f64 - radius as f64;
        if offset == 0.0 { 1.0 } else { (-0.5 * (offset / sigma_px).powi(2)).exp() }
    };
    let weights: Vec<f64> = (0..=2 * radius).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

fn add_scaled(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

/// Means of squares of `stride` px; those at the far borders may be cut.
pub(crate) fn averaged(plane: &Plane, stride: usize) -> Plane {
    let (height, width) = (plane.height(), plane.width());
    Plane::from_fn(height.div_ceil(stride), width.div_ceil(stride), |y, x| {
        let rows = y * stride..((y + 1) * stride).min(height);
        let columns = x * stride..((x + 1) * stride).min(width);
        let n = (rows.len() * columns.len()) as f32;
        rows.map(|row| plane.row(row)[columns.clone()].iter().sum::<f32>()).sum::<f32>() / n
    })
}

/// The inverse of [`averaged`] for smooth planes: linear between the centres of the squares.
fn spread(coarse: &Plane, stride: usize, (height, width): (usize, usize)) -> Plane {
    let place = |index: usize, length: usize| {
        let position = ((index as f32 + 0.5) / stride as f32 - 0.5).clamp(0.0, (length - 1) as f32);
        let before = position as usize;
        (before, (before + 1).min(length - 1), position - before as f32)
    };
    let columns: Vec<_> = (0..width).map(|x| place(x, coarse.width())).collect();
    Plane::from_fn(height, width, |y, x| {
        let (above, below, share_y) = place(y, coarse.height());
        let (left, right, share_x) = columns[x];
        let on = |row: &[f32]| row[left] + (row[right] - row[left]) * share_x;
        let (top, bottom) = (on(coarse.row(above)), on(coarse.row(below)));
        top + (bottom - top) * share_y
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_gaussian_of_the_stated_width() {
        for (sigma, tolerance) in [(0.8, 0.02), (3.0, 0.02), (12.0, 0.02)] {
            let point = Plane::from_fn(121, 141, |y, x| if (y, x) == (60, 70) { 1.0 } else { 0.0 });
            let smoothed = smooth(&point, sigma);
            let mut moments = [0.0_f64; 3];
            for y in 0..121 {
                for x in 0..141 {
                    let value = f64::from(smoothed.at(y, x));
                    moments[0] += value;
                    moments[1] += value * (y as f64 - 60.0).powi(2);
                    moments[2] += value * (x as f64 - 70.0).powi(2);
                }
            }
            assert!((moments[0] - 1.0).abs() < 1e-3, "{sigma}: {moments:?}");
            for moment in &moments[1..] {
                assert!((moment.sqrt() / sigma - 1.0).abs() < tolerance, "{sigma}: {moments:?}");
            }
        }
    }
}
