//! Tensor: the local structure tensor at each pixel, on the specimen.

use crate::Plane;
use crate::measure::geometry::Geometry;
use crate::measure::gradient::Gradient;
use crate::smooth::smooth;

/// Local structure tensors, each component `[H, W]`; x to the right, y up, on the specimen.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalTensors {
    /// Mean square of the gradient along x.
    pub xx: Plane,
    /// Mean product of the gradients along x and y.
    pub xy: Plane,
    /// Mean square of the gradient along y.
    pub yy: Plane,
}

impl LocalTensors {
    /// `xx − yy` and `2 xy`: cosine and sine of the gradients' doubled angle, times the energy of
    /// what is line-like.
    pub(super) fn doubled(&self, y: usize, x: usize) -> (f64, f64) {
        (f64::from(self.xx.at(y, x) - self.yy.at(y, x)), 2.0 * f64::from(self.xy.at(y, x)))
    }

    /// Axis of the lines at a pixel in degrees, in `[-90, 90]`.
    pub fn axis_deg(&self, y: usize, x: usize) -> f64 {
        let (cos, sin) = self.doubled(y, x);
        super::line_axis_deg(cos, sin)
    }

    /// How line-like the neighbourhood of a pixel is, 0 to 1; 0 where nothing changes.
    pub fn coherency(&self, y: usize, x: usize) -> f64 {
        let (cos, sin) = self.doubled(y, x);
        let energy = f64::from(self.xx.at(y, x) + self.yy.at(y, x));
        if energy > 0.0 { (cos.hypot(sin) / energy).min(1.0) } else { 0.0 }
    }
}

/// The tensors of `plane`, averaged by a Gaussian of standard deviation `window_px`.
pub fn local_tensors(plane: &Plane, gradient: Gradient, window_px: f64, geometry: &Geometry) -> LocalTensors {
    tensors_of(&gradient.of(plane), window_px, geometry)
}

pub(super) fn tensors_of(slopes: &[Plane; 2], window_px: f64, geometry: &Geometry) -> LocalTensors {
    let (height, width) = (slopes[0].height(), slopes[0].width());
    let size = height * width;
    let (mut xx, mut xy, mut yy) =
        (Vec::with_capacity(size), Vec::with_capacity(size), Vec::with_capacity(size));
    let (right, down) = (geometry.wave(1.0, 0.0), geometry.wave(0.0, 1.0));
    for (&per_column, &per_row) in slopes[0].values().iter().zip(slopes[1].values()) {
        let (per_column, per_row) = (f64::from(per_column), f64::from(per_row));
        let gx = per_column * right[0] + per_row * down[0];
        let gy = per_column * right[1] + per_row * down[1];
        xx.push((gx * gx) as f32);
        xy.push((gx * gy) as f32);
        yy.push((gy * gy) as f32);
    }
    let mean = |values| smooth(&Plane::new(height, width, values), window_px);
    let (xx, (xy, yy)) = rayon::join(|| mean(xx), || rayon::join(|| mean(xy), || mean(yy)));
    LocalTensors { xx, xy, yy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn the_tensor_is_the_weighted_mean_of_products_of_slopes() {
        let mut stream = Stream::new(3, "test", 0);
        let (height, width, window_px) = (23, 31, 1.5);
        let plane = Plane::from_fn(height, width, |_, _| stream.normal() as f32);
        let found = local_tensors(&plane, Gradient::Central, window_px, &Geometry::default());
        for (y, x) in [(11, 15), (8, 20), (14, 9)] {
            let (mut sums, mut total) = ([0.0; 3], 0.0);
            // as far out as the smoothing goes: three standard deviations, whole px
            for dy in -5_i64..=5 {
                for dx in -5_i64..=5 {
                    let weight = (-0.5 * (dy * dy + dx * dx) as f64 / window_px.powi(2)).exp();
                    let (row, column) = ((y as i64 + dy) as usize, (x as i64 + dx) as usize);
                    let gx = f64::from(plane.at(row, column + 1) - plane.at(row, column - 1)) / 2.0;
                    let gy = f64::from(plane.at(row - 1, column) - plane.at(row + 1, column)) / 2.0;
                    let terms = [gx * gx, gx * gy, gy * gy];
                    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
                    total += weight;
                }
            }
            for (plane, sum) in [&found.xx, &found.xy, &found.yy].into_iter().zip(sums) {
                assert!((f64::from(plane.at(y, x)) - sum / total).abs() < 1e-4, "{y} {x}");
            }
            let expected = (2.0 * sums[1]).atan2(sums[0] - sums[2]).to_degrees() / 2.0 + 90.0;
            assert!((found.axis_deg(y, x) - crate::measure::geometry::axis_deg(expected)).abs() < 0.05);
        }
    }
}
