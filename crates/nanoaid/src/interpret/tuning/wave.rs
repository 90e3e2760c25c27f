//! Wave: a sinusoidal grating from black to white, and the phase that drives a unit most.

use std::f64::consts::{PI, TAU};

use micrograph::Plane;

use super::stimulus::MEAN;

/// From the mean grey level to white: the whole range of grey levels, as pictures have.
const AMPLITUDE: f64 = 0.5;

/// A sinusoidal grating.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wave {
    /// From crest to crest, at least 2.
    pub period_px: f64,
    /// Axis of the crests in degrees, anticlockwise from the rows.
    pub axis_deg: f64,
    /// How far a crest lies from the origin, in periods.
    pub phase: f64,
}

impl Wave {
    /// The wave over `height × width` pixels, its origin at `[y, x]` px from the first pixel's center.
    pub(super) fn plane(&self, [height, width]: [usize; 2], [y0, x0]: [f64; 2]) -> Plane {
        let (sin, cos) = self.axis_deg.to_radians().sin_cos();
        Plane::from_fn(height, width, |y, x| {
            // across the lines; rows run downwards
            let across = (y as f64 - y0) * cos + (x as f64 - x0) * sin;
            (MEAN + AMPLITUDE * (TAU * (across / self.period_px - self.phase)).cos()) as f32
        })
    }

    /// The same at `n` phases, evenly over a period.
    pub(super) fn phases(self, n: usize) -> impl Iterator<Item = Self> {
        (0..n).map(move |index| Self { phase: index as f64 / n as f64, ..self })
    }
}

/// The largest activation over phases that go once around: of the cosine through the highest of
/// `activations` and its two neighbours, which is exact for a linear unit, also after a ReLU that
/// leaves these three.
pub(super) fn largest_over_phases(activations: &[f32]) -> f64 {
    let n = activations.len();
    let highest = (0..n).rev().max_by(|&a, &b| activations[a].total_cmp(&activations[b])).unwrap_or(0);
    let at = |index: usize| f64::from(activations[index % n]);
    let (before, here, after) = (at(highest + n - 1), at(highest), at(highest + 1));
    let (sin, cos) = (TAU / n as f64).sin_cos();
    let in_phase = (here - f64::midpoint(before, after)) / (1.0 - cos);
    let out_of_phase = (after - before) / (2.0 * sin);
    // at most half a step from the highest
    let most = in_phase / (PI / n as f64).cos();
    here - in_phase + in_phase.hypot(out_of_phase).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_over_phases_is_that_of_the_cosine_wherever_it_begins() {
        for n in [6, 8] {
            for start in 0..40 {
                let start = f64::from(start) / 40.0;
                let value = |index: usize| 0.3 + 2.0 * (TAU * (index as f64 / n as f64 - start)).cos();
                let linear: Vec<f32> = (0..n).map(|index| value(index) as f32).collect();
                assert!((largest_over_phases(&linear) - 2.3).abs() < 1e-5, "{n} {start}");
                let rectified: Vec<f32> = linear.iter().map(|value| value.max(0.0)).collect();
                assert!((largest_over_phases(&rectified) - 2.3).abs() < 1e-5, "{n} {start}, after a ReLU");
            }
        }
        assert_eq!(largest_over_phases(&[0.7; 8]), f64::from(0.7_f32));
    }

    #[test]
    fn a_wave_has_its_crest_at_the_origin_and_its_lines_along_the_axis() {
        let wave = Wave { period_px: 5.0, axis_deg: 90.0, phase: 0.0 };
        let plane = wave.plane([7, 11], [3.0, 4.0]);
        for y in 0..7 {
            assert!((plane.at(y, 4) - 1.0).abs() < 1e-6 && (plane.at(y, 9) - 1.0).abs() < 1e-6);
        }
        // at 45° anticlockwise from the rows a line goes up to the right
        let wave = Wave { period_px: 6.0, axis_deg: 45.0, phase: 0.0 };
        let plane = wave.plane([9, 9], [4.0, 4.0]);
        assert!((plane.at(2, 6) - 1.0).abs() < 1e-6 && plane.at(6, 6) < 0.9);
    }
}
