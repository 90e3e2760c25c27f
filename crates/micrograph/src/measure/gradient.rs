//! Gradient: the derivatives of a plane along columns and rows, by several methods.
//!
//! A method that weakens fine patterns along x and y, but less in between, rotates their axis. The
//! central difference does so (its response to a wave of k rad/px is sin k in place of k), the others
//! hardly; docs/accuracy.md has the table.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Plane;
use crate::smooth::smooth;

/// How a derivative is computed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gradient {
    /// Half the difference of the two neighbours.
    Central,
    /// Derivative of a Gaussian of this standard deviation in px, 0.7 to 20.
    Gaussian(f64),
    /// Derivative of the cubic spline through the pixels.
    Spline,
    /// The same, of the plane smoothed by a Gaussian of this standard deviation in px, 0.3 to 20.
    SmoothSpline(f64),
}

impl Gradient {
    /// Pixels at the border whose derivative depends on values beyond it.
    pub fn margin(self) -> usize {
        match self {
            Self::Central => 1,
            Self::Gaussian(sigma_px) => (4.0 * sigma_px).ceil() as usize,
            // the influence of the border falls by a factor of 3.7 per px
            Self::Spline => 6,
            Self::SmoothSpline(sigma_px) => 6 + (3.0 * sigma_px).ceil() as usize,
        }
    }

    /// Standard deviation of its smoothing, in px.
    pub(super) fn width_px(self) -> f64 {
        match self {
            Self::Gaussian(px) | Self::SmoothSpline(px) => px,
            Self::Central | Self::Spline => 0.0,
        }
    }

    /// The derivative per column and per row (downwards) of `plane`, each `[H, W]`; beyond the border the
    /// plane is continued with its border values.
    pub fn of(self, plane: &Plane) -> [Plane; 2] {
        match self {
            Self::Central => [along_rows(plane, central), along_columns(plane, central)],
            Self::Spline => [along_rows(plane, spline), along_columns(plane, spline)],
            Self::SmoothSpline(sigma_px) => Self::Spline.of(&smooth(plane, sigma_px)),
            Self::Gaussian(sigma_px) => {
                let radius = (4.0 * sigma_px).ceil() as i64;
                let taps = (-radius..=radius).map(|tap| tap as f64);
                let mut bell: Vec<f64> =
                    taps.clone().map(|tap| (-0.5 * (tap / sigma_px).powi(2)).exp()).collect();
                let sum: f64 = bell.iter().sum();
                bell.iter_mut().for_each(|weight| *weight /= sum);
                let mut slope: Vec<f64> = taps.clone().zip(&bell).map(|(tap, weight)| tap * weight).collect();
                // a ramp that rises by 1 per px has the derivative 1
                let moment: f64 = taps.zip(&slope).map(|(tap, weight)| tap * weight).sum();
                slope.iter_mut().for_each(|weight| *weight /= moment);
                let (bell, slope) = (single(&bell), single(&slope));
                let smoothed = |row: &[f32]| weighted(row, &bell);
                let sloped = |row: &[f32]| weighted(row, &slope);
                [
                    along_rows(&along_columns(plane, smoothed), sloped),
                    along_columns(&along_rows(plane, smoothed), sloped),
                ]
            }
        }
    }
}

fn single(weights: &[f64]) -> Vec<f32> {
    weights.iter().map(|&weight| weight as f32).collect()
}

/// Each value the sum of those around it times `weights`, the middle one its own.
fn weighted(row: &[f32], weights: &[f32]) -> Vec<f32> {
    let radius = weights.len() / 2;
    let mut padded = vec![row[0]; radius];
    padded.extend_from_slice(row);
    padded.resize(row.len() + 2 * radius, row[row.len() - 1]);
    let mut sums = vec![0.0; row.len()];
    for (tap, &weight) in weights.iter().enumerate() {
        sums.iter_mut().zip(&padded[tap..]).for_each(|(sum, value)| *sum += weight * value);
    }
    sums
}

fn central(row: &[f32]) -> Vec<f32> {
    let last = row.len() - 1;
    (0..=last).map(|x| (row[(x + 1).min(last)] - row[x.saturating_sub(1)]) / 2.0).collect()
}

/// Derivatives of the cubic B-spline through `row` (Unser 1999): a filter of pole √3 − 2 there and back,
/// then half the difference of the two neighbours.
fn spline(row: &[f32]) -> Vec<f32> {
    let pole = 3.0_f32.sqrt() - 2.0;
    let last = row.len() - 1;
    let mut coefficients = row.to_vec();
    // the sum of the geometric series of a row that continues with its end value
    coefficients[0] /= 1.0 - pole;
    for x in 1..=last {
        coefficients[x] += pole * coefficients[x - 1];
    }
    coefficients[last] /= 1.0 - pole;
    for x in (0..last).rev() {
        coefficients[x] += pole * coefficients[x + 1];
    }
    // 6 makes up for the spline's own smoothing once both filters, each of gain 1/(1 − z), are passed
    central(&coefficients).into_iter().map(|slope| slope * -6.0 * pole).collect()
}

fn along_rows(plane: &Plane, change: impl Fn(&[f32]) -> Vec<f32> + Sync) -> Plane {
    let rows: Vec<f32> = plane.values().par_chunks(plane.width()).flat_map_iter(&change).collect();
    Plane::new(plane.height(), plane.width(), rows)
}

fn along_columns(plane: &Plane, change: impl Fn(&[f32]) -> Vec<f32> + Sync) -> Plane {
    transposed(&along_rows(&transposed(plane), change))
}

fn transposed(plane: &Plane) -> Plane {
    let (height, width) = (plane.height(), plane.width());
    let mut values = vec![0.0; height * width];
    // columns in groups, so that both planes stay in the cache
    for (group, columns) in values.chunks_mut(16 * height).enumerate() {
        for y in 0..height {
            let row = &plane.row(y)[16 * group..];
            for (column, value) in columns.chunks_mut(height).zip(row) {
                column[y] = *value;
            }
        }
    }
    Plane::new(width, height, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Gradient; 4] =
        [Gradient::Central, Gradient::Gaussian(1.5), Gradient::Spline, Gradient::SmoothSpline(1.0)];

    #[test]
    fn the_slope_of_a_sloping_plane_is_its_own() {
        let plane = Plane::from_fn(37, 41, |y, x| 3.0 * x as f32 - 2.0 * y as f32);
        for gradient in ALL {
            let [columns, rows] = gradient.of(&plane);
            let margin = gradient.margin();
            for (y, x) in [(margin, margin), (18, 20), (36 - margin, 40 - margin)] {
                assert!((columns.at(y, x) - 3.0).abs() < 0.01, "{gradient:?}: {}", columns.at(y, x));
                assert!((rows.at(y, x) + 2.0).abs() < 0.01, "{gradient:?}: {}", rows.at(y, x));
            }
        }
    }

    #[test]
    fn the_spline_follows_a_wave_closer_than_the_difference() {
        // response over the true derivative: sin k / k, and 3 sin k / (k (2 + cos k)) for the spline
        let k = 0.9_f64;
        let plane = Plane::from_fn(9, 80, |_, x| (k * x as f64).sin() as f32);
        for (gradient, expected) in
            [(Gradient::Central, k.sin() / k), (Gradient::Spline, 3.0 * k.sin() / (k * (2.0 + k.cos())))]
        {
            let [columns, _] = gradient.of(&plane);
            for x in 30..50 {
                let found = f64::from(columns.at(4, x));
                assert!((found - expected * k * (k * x as f64).cos()).abs() < 2e-3, "{gradient:?} {x}");
            }
        }
    }
}
