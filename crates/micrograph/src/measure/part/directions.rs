//! Directions: axes along which many edges of an image lie.

use crate::Plane;
use crate::measure::gradient::Gradient;

/// Standard deviation of the gradient in px.
const GRADIENT_PX: f64 = 1.5;
/// Most directions that are found beside those along rows and columns.
const DIRECTIONS: usize = 4;
/// Least height of a peak in the histogram of axes, over the mean.
const LEAST_PEAK: f64 = 1.2;
/// Largest distance from rows or columns of an axis that stands for them, in degrees.
const SAME_DEG: f64 = 1.0;

/// Axes in rad along which many edges lie, and those along rows and columns.
pub(super) fn directions(plane: &Plane) -> Vec<f64> {
    let soft = histogram(plane);
    let mean = soft.iter().sum::<f64>() / 180.0;
    let mut peaks: Vec<(f64, f64)> = (0..180_usize)
        .filter(|&i| {
            (1..=4).all(|by| soft[i] >= soft[(i + by) % 180] && soft[i] > soft[(i + 180 - by) % 180])
        })
        .map(|i| {
            let (before, after) = (soft[(i + 179) % 180], soft[(i + 1) % 180]);
            let bend = before - 2.0 * soft[i] + after;
            let shift = if bend < 0.0 { (before - after) / (2.0 * bend) } else { 0.0 };
            (soft[i], i as f64 + 0.5 + shift)
        })
        .filter(|(height, _)| *height > LEAST_PEAK * mean)
        .collect();
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut axes: Vec<f64> = peaks.into_iter().take(DIRECTIONS).map(|(_, axis)| axis).collect();
    for axis in [0.0, 90.0] {
        let off = |other: &f64| (other - axis + 90.0_f64).rem_euclid(180.0) - 90.0;
        if !axes.iter().any(|other| off(other).abs() < SAME_DEG) {
            axes.push(axis);
        }
    }
    axes.into_iter().map(f64::to_radians).collect()
}

/// Squared gradient for each degree of the axis of edges, smoothed.
fn histogram(plane: &Plane) -> Vec<f64> {
    let [right, down] = Gradient::Gaussian(GRADIENT_PX).of(plane);
    let squares: Vec<f32> = right.values().iter().zip(down.values()).map(|(x, y)| x * x + y * y).collect();
    let mut sorted = squares.clone();
    let at = sorted.len() * 9 / 10;
    // strong edges say no more than usual ones
    let cap = *sorted.select_nth_unstable_by(at, f32::total_cmp).1;
    let mut counts = [0.0_f64; 180];
    for ((x, y), square) in right.values().iter().zip(down.values()).zip(&squares) {
        let axis = (f64::from(-*y).atan2(f64::from(*x)).to_degrees() + 90.0).rem_euclid(180.0);
        counts[(axis as usize).min(179)] += f64::from(square.min(cap));
    }
    let at = |index: i64| counts[index.rem_euclid(180) as usize];
    (0..180)
        .map(|i| (-3..=3).map(|by: i64| at(i + by) * (-0.5 * (by as f64 / 1.3).powi(2)).exp()).sum())
        .collect()
}
