//! Foreshortening: gradients with the same sharpness in all directions of a tilted specimen.
//!
//! Rough edges have waves on both sides of the edge's axis, equally strong on the specimen. A tilt squeezes the
//! image across its axis, so that one side's waves become finer than the other's; a gradient that smooths all
//! directions of the image equally weakens the finer ones more, and the mean tensor turns. So the image is
//! smoothed along the direction that is squeezed least, until beam and gradient together are isotropic on the
//! specimen. Pixels higher than wide are treated in the same way. A squeeze by more than [`MOST_SQUEEZED`] is
//! corrected only up to it.

use std::f64::consts::TAU;

use crate::Plane;
use crate::fourier::PlaneFourier;
use crate::measure::geometry::Geometry;
use crate::measure::gradient::Gradient;

/// Width of the beam and a pixel together, standard deviation in px, as images are usually focused.
const BEAM_PX: f64 = 0.7;
/// Largest ratio of the two directions that is corrected: a tilt of 75°.
const MOST_SQUEEZED: f64 = 4.0;

/// Smoothing along one direction of the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Smoothing {
    /// Unit vector `[x, y]`, y downwards.
    direction: [f64; 2],
    /// Standard deviation along it.
    sigma_px: f64,
}

impl Smoothing {
    /// What makes `gradient` and the beam round on the specimen; `None` where they are.
    pub(super) fn of(geometry: &Geometry, gradient: Gradient) -> Option<Self> {
        let (right, down) = (geometry.offset(1.0, 0.0), geometry.offset(0.0, 1.0));
        // squares of lengths on the specimen of unit vectors in the image are its quadratic form
        let dot = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
        let (xx, xy, yy) = (dot(right, right), dot(right, down), dot(down, down));
        let (middle, spread) = (f64::midpoint(xx, yy), ((xx - yy) / 2.0).hypot(xy));
        let squeezed = ((middle + spread) / (middle - spread)).min(MOST_SQUEEZED * MOST_SQUEEZED);
        if squeezed < 1.0 + 1e-6 {
            return None;
        }
        // the direction of the shortest is across that of the longest
        let longest = (2.0 * xy).atan2(xx - yy) / 2.0;
        let variance = (gradient.width_px().powi(2) + BEAM_PX * BEAM_PX) * (squeezed - 1.0);
        Some(Self { direction: [-longest.sin(), longest.cos()], sigma_px: variance.sqrt() })
    }

    /// Pixels at the border that depend on values beyond it.
    pub(super) fn margin(&self) -> usize {
        (3.0 * self.sigma_px).ceil() as usize
    }

    /// Variance of the smoothing down the rows, in px².
    pub(super) fn down(&self) -> f64 {
        (self.sigma_px * self.direction[1]).powi(2)
    }

    /// `plane` smoothed; opposite borders count as neighbours.
    pub(super) fn applied(&self, plane: &Plane) -> Plane {
        let (height, width) = (plane.height(), plane.width());
        let fourier = PlaneFourier::<f64>::new(height, width);
        let values: Vec<f64> = plane.values().iter().map(|&value| f64::from(value)).collect();
        let mut spectrum = fourier.forward(&values);
        let n_columns = fourier.n_columns();
        for (row, values) in spectrum.chunks_mut(n_columns).enumerate() {
            let down = self.direction[1] * fourier.frequency_of_row(row);
            for (column, value) in values.iter_mut().enumerate() {
                let along =
                    TAU * self.sigma_px * (self.direction[0] * fourier.frequency_of_column(column) + down);
                *value *= (-0.5 * along * along).exp();
            }
        }
        let values = fourier.back(spectrum).into_iter().map(|value| value as f32).collect();
        Plane::new(height, width, values)
    }
}

/// Gradients of a plane, and their noise.
pub(super) struct Slopes {
    /// Per column and per row (downwards), each `[H, W]`.
    pub(super) planes: [Plane; 2],
    /// Pixels at the border whose gradient depends on values beyond it.
    pub(super) margin: usize,
    /// Mean of their squares and products `[xx, xy, yy]` for white noise of standard deviation 1.
    pub(super) noise: [f64; 3],
    smoothing: Option<Smoothing>,
}

impl Slopes {
    /// By `gradient` after `smoothing`.
    pub(super) fn of(plane: &Plane, gradient: Gradient, smoothing: Option<Smoothing>) -> Self {
        let sloped = |plane: &Plane| match smoothing {
            Some(smoothing) => gradient.of(&smoothing.applied(plane)),
            None => gradient.of(plane),
        };
        let margin = gradient.margin() + smoothing.map_or(0, |smoothing| smoothing.margin());
        // the response to a single pixel, with twice the room for its tails
        let side = 4 * margin + 9;
        let point = Plane::from_fn(side, side, |y, x| if (y, x) == (side / 2, side / 2) { 1.0 } else { 0.0 });
        let noise = products(&sloped(&point), 0);
        Self { planes: sloped(plane), margin, noise, smoothing }
    }

    /// Sums of squares and products `[xx, xy, yy]` off the border.
    pub(super) fn products(&self) -> [f64; 3] {
        products(&self.planes, self.margin)
    }

    /// Variance of the smoothing across rows in addition to the gradient's, in px².
    pub(super) fn smoothed_down(&self) -> f64 {
        self.smoothing.map_or(0.0, |smoothing| smoothing.down())
    }
}

fn products([along_x, along_y]: &[Plane; 2], margin: usize) -> [f64; 3] {
    let (height, width) = (along_x.height(), along_x.width());
    let mut sums = [0.0; 3];
    for y in margin..height - margin {
        let row = along_x.row(y)[margin..width - margin].iter().zip(&along_y.row(y)[margin..width - margin]);
        for (&x, &y) in row {
            let (x, y) = (f64::from(x), f64::from(y));
            sums = [sums[0] + x * x, sums[1] + x * y, sums[2] + y * y];
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_smoothed_is_round_on_the_specimen() {
        for geometry in [
            Geometry { tilt_deg: 60.0, tilt_axis_deg: 25.0, ..Geometry::default() },
            Geometry { pixel_ratio: 1.7, ..Geometry::default() },
            Geometry { pixel_ratio: 0.6, tilt_deg: 30.0, tilt_axis_deg: -70.0 },
        ] {
            let gradient = Gradient::Gaussian(1.2);
            let smoothing = Smoothing::of(&geometry, gradient).unwrap();
            // a point after the beam and the gradient's Gaussian, then smoothed
            let side = 161;
            let point = Plane::from_fn(side, side, |y, x| if (y, x) == (80, 80) { 1.0 } else { 0.0 });
            let round = crate::smooth::smooth(&point, (1.2_f64.powi(2) + BEAM_PX.powi(2)).sqrt());
            let seen = smoothing.applied(&round);
            let mut moments = [0.0; 3];
            for y in 0..side {
                for x in 0..side {
                    let [along, up] = geometry.offset(x as f64 - 80.0, y as f64 - 80.0);
                    let weight = f64::from(seen.at(y, x));
                    let terms = [along * along, along * up, up * up];
                    moments.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
                }
            }
            let [xx, xy, yy] = moments;
            assert!((xx / yy - 1.0).abs() < 0.01 && (xy / xx).abs() < 0.01, "{geometry:?}: {moments:?}");
        }
        assert_eq!(Smoothing::of(&Geometry::default(), Gradient::Central), None);
    }

    #[test]
    fn gradients_of_noise_have_the_predicted_products() {
        let mut stream = crate::random::Stream::new(2, "test", 0);
        let plane = Plane::from_fn(300, 260, |_, _| 3.0 * stream.normal() as f32);
        let geometry = Geometry { tilt_deg: 50.0, tilt_axis_deg: 35.0, ..Geometry::default() };
        for gradient in [Gradient::Gaussian(1.2), Gradient::SmoothSpline(1.0), Gradient::Central] {
            let slopes = Slopes::of(&plane, gradient, Smoothing::of(&geometry, gradient));
            let n = ((300 - 2 * slopes.margin) * (260 - 2 * slopes.margin)) as f64;
            let [xx, xy, yy] = slopes.products().map(|sum| sum / n / 9.0);
            let whole = slopes.noise[0] + slopes.noise[2];
            for (found, expected) in [xx, xy, yy].into_iter().zip(slopes.noise) {
                assert!(
                    (found - expected).abs() < 0.05 * whole,
                    "{gradient:?}: {found} {expected} of {whole}"
                );
            }
        }
    }
}
