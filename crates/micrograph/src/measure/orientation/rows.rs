//! Rows: the shifts of the rows of a scan against each other, and their effect on gradients.
//!
//! Mains hum shifts each row a little. Upright structures then have gradients between the rows that are not the
//! specimen's, and a structure tensor turns towards the horizontal. The shift of a row against the mean of
//! its neighbours is `Σ g h / Σ g g'`, with `h` the difference, `g` the neighbours' gradient along x and `g'`
//! the row's own. The left and the right half of a row have the same shift but independent noise, so the mean
//! product of both is due to shifts alone.

use super::foreshortening::Slopes;
use crate::Plane;
use crate::measure::gradient::Gradient;

/// Standard errors from which on shifts are significant.
const LEAST_EVIDENCE: f64 = 3.0;
/// Variance of a row's shift less the mean of its neighbours' over that of one shift.
const OVER_ONE: f64 = 1.5;

/// Shifts of rows, in px².
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Shifts {
    /// Variance; 0 if it is not significant.
    pub(super) variance: f64,
    /// Its standard error.
    pub(super) standard_uncertainty: f64,
}

impl Shifts {
    /// Of `plane`, whose mean should be about 0.
    pub(super) fn of(plane: &Plane) -> Self {
        let (height, width) = (plane.height(), plane.width());
        let half = width / 2;
        // of each row: numerator and denominator of both halves
        let rows: Vec<[[f64; 2]; 2]> = (1..height.saturating_sub(1))
            .map(|y| {
                let (above, here, below) = (plane.row(y - 1), plane.row(y), plane.row(y + 1));
                let slope = |row: &[f32], x: usize| f64::from(row[x + 1] - row[x - 1]) / 2.0;
                let mut sums = [[0.0; 2]; 2];
                for x in 1..width - 1 {
                    let side = &mut sums[usize::from(x > half)];
                    let around = f64::midpoint(slope(above, x), slope(below, x));
                    let difference =
                        f64::from(here[x]) - f64::midpoint(f64::from(above[x]), f64::from(below[x]));
                    side[0] += around * difference;
                    side[1] += around * slope(here, x);
                }
                sums
            })
            .collect();
        let n = rows.len().max(1) as f64;
        let power = rows.iter().map(|[left, right]| left[1] * right[1]).sum::<f64>() / n;
        if power <= 0.0 {
            return Self::default();
        }
        let products: Vec<f64> =
            rows.iter().map(|[left, right]| left[0] * right[0] / power / OVER_ONE).collect();
        let variance = products.iter().sum::<f64>() / n;
        let spread = products.iter().map(|product| (product - variance).powi(2)).sum::<f64>() / n;
        // a row and its two neighbours share shifts
        let standard_uncertainty = (3.0 * spread / n).sqrt();
        if variance > LEAST_EVIDENCE * standard_uncertainty {
            Self { variance, standard_uncertainty }
        } else {
            Self::default()
        }
    }
}

/// Largest contribution of shifted rows to the mean square of gradients along x or y, over that along x.
///
/// A shift of variance `σ²` adds `σ² Σ s²` along y, where `s` are the gradient's weights along y, and
/// `σ² Σ b² ⟨g_x²⟩/⟨g²⟩` along x, where `b` are its smoothing weights and `g_x` is the change of the gradient `g`.
/// The two turn the axis to opposite sides; each alone turns it further than both together. Smoothing in addition
/// to the gradient has an effect where it acts across rows.
pub(super) fn added_slope(plane: &Plane, seen: &Slopes, gradient: Gradient) -> f64 {
    let slopes = &seen.planes[0];
    let variance = Shifts::of(plane).variance;
    if variance == 0.0 {
        return 0.0;
    }
    let (mut change, mut down, mut square) = (0.0, 0.0, 0.0);
    for y in 0..slopes.height() {
        if y > 0 {
            let pairs = slopes.row(y - 1).iter().zip(slopes.row(y));
            down += pairs.map(|(above, here)| f64::from(here - above).powi(2)).sum::<f64>();
        }
        // to the next px: over two px fine waves would seem to change less
        for pair in slopes.row(y).windows(2) {
            change += f64::from(pair[1] - pair[0]).powi(2);
            square += f64::from(pair[0]).powi(2);
        }
    }
    let [sloped, smoothed] = weights(gradient);
    let square = f64::max(square, f64::MIN_POSITIVE);
    // the shifted rows have not been smoothed along y, which leaves exp(−s²ω²) of a wave's energy
    let smoothed_down = gradient.width_px().powi(2) + seen.smoothed_down();
    let taken = (smoothed_down * down / square).exp();
    variance * taken * sloped.max(smoothed * change / square)
}

/// Sums of the squares of a gradient's weights along y: for the component along y, and for that along x.
fn weights(gradient: Gradient) -> [f64; 2] {
    const HEIGHT: usize = 81;
    // a row that rises by 1 px for each px
    let row = Plane::from_fn(HEIGHT, 49, |y, x| if y == HEIGHT / 2 { x as f32 } else { 0.0 });
    let [along, _] = gradient.of(&row);
    let row = Plane::from_fn(HEIGHT, 9, |y, _| if y == HEIGHT / 2 { 1.0 } else { 0.0 });
    let [_, across] = gradient.of(&row);
    let squares = |plane: &Plane, x: usize| (0..HEIGHT).map(|y| f64::from(plane.at(y, x)).powi(2)).sum();
    [squares(&across, 4), squares(&along, 24)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn waves(rms_px: f64, noise: f64, axis_deg: f64) -> Plane {
        let mut stream = Stream::new(5, "test", 0);
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let shifts: Vec<f64> = (0..240).map(|_| rms_px * stream.normal()).collect();
        Plane::from_fn(240, 300, |y, x| {
            let across = sin * (x as f64 + shifts[y]) + cos * y as f64;
            ((std::f64::consts::TAU * across / 9.0).sin() + noise * stream.normal()) as f32
        })
    }

    #[test]
    fn the_variance_of_shifts_is_found_in_noise_and_is_none_without() {
        for (rms_px, noise, axis_deg) in [(0.3, 0.0, 90.0), (0.3, 0.7, 60.0), (0.15, 0.3, -70.0)] {
            let found = Shifts::of(&waves(rms_px, noise, axis_deg));
            let error = found.variance - rms_px * rms_px;
            assert!(error.abs() < 4.0 * found.standard_uncertainty, "{rms_px} {noise}: {found:?}");
            assert!(found.standard_uncertainty < 0.3 * found.variance, "{rms_px} {noise}: {found:?}");
        }
        for (noise, axis_deg) in [(0.5, 90.0), (0.5, 30.0), (2.0, 75.0)] {
            assert_eq!(Shifts::of(&waves(0.0, noise, axis_deg)), Shifts::default(), "{noise} {axis_deg}");
        }
    }

    #[test]
    fn weights_are_those_of_the_gradient() {
        // ∫ g'² of a Gaussian is 1 / (4 √π σ³)
        let expected = 1.0 / (4.0 * std::f64::consts::PI.sqrt() * 2.0_f64.powi(3));
        // ∫ g² is 1 / (2 √π σ)
        let smoothed = 1.0 / (2.0 * std::f64::consts::PI.sqrt() * 2.0);
        let found = weights(Gradient::Gaussian(2.0));
        assert!(
            (found[0] / expected - 1.0).abs() < 0.01 && (found[1] / smoothed - 1.0).abs() < 0.01,
            "{found:?}"
        );
        let found = weights(Gradient::Central);
        assert!((found[0] - 0.5).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6, "{found:?}");
    }
}
