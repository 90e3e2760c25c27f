//! Extremes: compact bright and dark dots of a smoothed image.

use crate::Plane;
use crate::smooth::smooth;

/// Least ratio of both curvatures of a dot: ridges have about 0.
const LEAST_ROUND: f64 = 0.3;

/// A compact extreme: place `[y, x]` and strength.
pub(super) type Dot = ([f64; 2], f64);

/// Bright and dark dots of about the size `sigma`, each the strongest first.
pub(super) fn extremes(plane: &Plane, sigma: f64) -> (Vec<Dot>, Vec<Dot>) {
    let soft = smooth(plane, sigma);
    let (height, width) = (soft.height(), soft.width());
    let reach = (sigma.round() as usize).max(1);
    let at = |y: usize, x: usize| f64::from(soft.at(y, x));
    let curvatures = |y: usize, x: usize| {
        let (h, c) = (reach, at(y, x));
        let (xx, yy) = (at(y, x - h) + at(y, x + h) - 2.0 * c, at(y - h, x) + at(y + h, x) - 2.0 * c);
        let xy = (at(y + h, x + h) + at(y - h, x - h) - at(y + h, x - h) - at(y - h, x + h)) / 4.0;
        let (middle, spread) = ((xx + yy) / 2.0, ((xx - yy) / 2.0).hypot(xy));
        (middle - spread, middle + spread)
    };
    let (mut bright, mut dark) = (Vec::new(), Vec::new());
    for y in reach..height.saturating_sub(reach) {
        for x in reach..width.saturating_sub(reach) {
            let here = soft.at(y, x);
            let around = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2)];
            let near = around.map(|(dy, dx)| soft.at(y + dy - 1, x + dx - 1));
            let highest = near.iter().all(|&value| value <= here);
            let lowest = near.iter().all(|&value| value >= here);
            if highest == lowest {
                continue;
            }
            let (low, high) = curvatures(y, x);
            let (weak, strong) = if highest { (-high, -low) } else { (low, high) };
            if weak < LEAST_ROUND * strong || weak <= 0.0 {
                continue;
            }
            let vertex = |before: f64, after: f64| {
                let bend = before + after - 2.0 * f64::from(here);
                if bend == 0.0 { 0.0 } else { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) }
            };
            let place = [
                y as f64 + vertex(at(y - 1, x), at(y + 1, x)),
                x as f64 + vertex(at(y, x - 1), at(y, x + 1)),
            ];
            if highest { &mut bright } else { &mut dark }.push((place, weak + strong));
        }
    }
    for dots in [&mut bright, &mut dark] {
        dots.sort_by(|a, b| b.1.total_cmp(&a.1));
    }
    (bright, dark)
}
