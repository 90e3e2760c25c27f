//! Cells, blood cells and bacteria: smooth bodies without ornaments.

use super::{BiologicalConfig, Bit, Organism, Scene};
use crate::random::Stream;

/// The steepest facet that still counts, as a share of the radius, at the silhouette.
const RIM: f64 = 0.18;

/// A round cell with a slightly irregular outline; one in four is dividing.
pub(super) fn cell(
    organism: &mut Organism,
    config: &BiologicalConfig,
    scene: &mut Scene,
    stream: &mut Stream,
) {
    let radius = organism.diameter_px / 2.0;
    let (sin, cos) = stream.between(0.0, std::f64::consts::TAU).sin_cos();
    let apart = if stream.below(4) == 0 { radius * stream.between(0.5, 1.3) } else { 0.0 };
    organism.length_px = organism.diameter_px + 2.0 * apart;
    let flat = stream.between(0.5, 1.0);
    let signal = (1.0 + 0.08 * stream.normal()).clamp(0.7, 1.3);
    let foot = 0.5 * scene.height_at(organism.y, organism.x);
    for side in if apart > 0.0 { vec![-1.0, 1.0] } else { vec![0.0] } {
        let waves: Vec<[f64; 2]> = (2..5)
            .map(|order| [0.09 / f64::from(order) * stream.normal(), stream.between(0.0, 6.3)])
            .collect();
        let centre = (organism.y + side * apart * sin, organism.x + side * apart * cos, foot);
        scene.draw(centre, 1.4 * radius, config.roughness, |dy, dx| {
            let angle = dy.atan2(dx);
            let wander: f64 = waves
                .iter()
                .enumerate()
                .map(|(order, [size, phase])| size * ((order as f64 + 2.0) * angle + phase).sin())
                .sum();
            let radius = radius * (1.0 + wander);
            ball(dy, dx, radius, flat, signal)
        });
    }
}

/// A ball of `radius`, lower by the factor `flat`.
fn ball(dy: f64, dx: f64, radius: f64, flat: f64, signal: f64) -> Option<Bit> {
    let distance = dy.hypot(dx);
    let share = (radius - distance + 0.5).clamp(0.0, 1.0);
    let rise = (radius * radius - distance * distance).max((RIM * radius).powi(2)).sqrt();
    let relief = [flat * (radius * 0.3 + rise), -flat * dy / rise, -flat * dx / rise];
    (share > 0.0).then_some(Bit { share, relief, signal })
}

/// A disc, hollow in the middle, seen at a slant; half its thickness in radii is
/// `√(1 − ρ²) (0.104 + 1.001 ρ² − 0.561 ρ⁴)`, the mean red blood cell of Evans and Fung (1972).
pub(super) fn blood_cell(
    organism: &Organism,
    config: &BiologicalConfig,
    scene: &mut Scene,
    stream: &mut Stream,
) {
    let radius = organism.diameter_px / 2.0;
    let tilt = stream.between(0.55, 1.0);
    let (sin, cos) = stream.between(0.0, std::f64::consts::TAU).sin_cos();
    let signal = (1.0 + 0.08 * stream.normal()).clamp(0.7, 1.3);
    let foot = (organism.y, organism.x, 0.6 * scene.height_at(organism.y, organism.x));
    let thickness = |rho: f64| {
        let square = (rho * rho).min(1.0);
        let edge = (1.0 - square).max(RIM * RIM).sqrt();
        radius * edge * (0.104 + 1.001 * square - 0.561 * square * square)
    };
    scene.draw(foot, radius, config.roughness, |dy, dx| {
        // seen at a slant the disc is an ellipse
        let (along, across) = (dx * cos + dy * sin, (dy * cos - dx * sin) / tilt);
        let rho = along.hypot(across) / radius;
        let share = ((1.0 - rho) * radius * tilt + 0.5).clamp(0.0, 1.0);
        let slope = (thickness(rho + 0.01) - thickness((rho - 0.01).max(0.0))) / (0.02 * radius);
        let (to_along, to_across) = (along / radius / rho.max(1e-6), across / radius / rho.max(1e-6));
        let (slope_along, slope_across) = (slope * to_along, slope * to_across / tilt);
        let relief = [
            0.4 * radius + thickness(rho),
            slope_along * sin + slope_across * cos,
            slope_along * cos - slope_across * sin,
        ];
        (share > 0.0).then_some(Bit { share, relief, signal })
    });
}

/// A rod with round ends, bent to an arc of a circle; one in three has a furrow where it divides.
pub(super) fn bacterium(
    organism: &mut Organism,
    config: &BiologicalConfig,
    scene: &mut Scene,
    stream: &mut Stream,
) {
    let radius = organism.diameter_px / 2.0;
    let elongation = config.elongation.powf(stream.between(0.5, 1.2));
    organism.length_px = organism.diameter_px * elongation;
    let half = (organism.length_px / 2.0 - radius).max(0.0);
    let turn = stream.between(-0.5, 0.5);
    let axis = stream.between(0.0, std::f64::consts::TAU);
    let furrow = if stream.below(3) == 0 { 0.35 } else { 0.0 };
    let signal = (1.0 + 0.08 * stream.normal()).clamp(0.7, 1.3);
    // points of the centre line, close enough to look curved
    let n = 24;
    let mut line = vec![[0.0, 0.0]; 2 * n + 1];
    for sign in [-1.0, 1.0] {
        let mut at = [0.0, 0.0];
        for step in 1..=n {
            let share = sign * step as f64 / n as f64;
            let (sin, cos) = (axis + turn * share).sin_cos();
            at = [at[0] + sign * sin * half / n as f64, at[1] + sign * cos * half / n as f64];
            line[(n as f64 + sign * step as f64) as usize] = at;
        }
    }
    let foot = (organism.y, organism.x, 0.7 * scene.height_at(organism.y, organism.x));
    scene.draw(foot, half + radius, config.roughness, |dy, dx| {
        let way = |point: &[f64; 2]| [dy - point[0], dx - point[1]];
        let square = |way: [f64; 2]| way[0] * way[0] + way[1] * way[1];
        let (index, nearest) = line
            .iter()
            .map(way)
            .enumerate()
            .min_by(|a, b| square(a.1).total_cmp(&square(b.1)))
            .expect("the line has points");
        let from_middle = (index as f64 / n as f64 - 1.0) * half / radius;
        let radius = radius * (1.0 - furrow * (-8.0 * from_middle * from_middle).exp());
        ball(nearest[0], nearest[1], radius, 1.0, signal)
    });
}
