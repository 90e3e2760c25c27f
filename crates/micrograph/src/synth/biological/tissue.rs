//! Tissue cut across: a wall around the inside of each fibre, and a matrix between them.

use super::{BiologicalConfig, BiologicalTruth, Organism};
use crate::Plane;
use crate::random::Stream;
use crate::synth::cells::Cells;
use crate::synth::field;
use crate::synth::surface::{Surface, Texture};

pub(super) fn surface(
    config: &BiologicalConfig,
    size: (usize, usize),
    seed: u64,
) -> (Surface, BiologicalTruth) {
    let mut stream = Stream::new(seed, "synth tissue", 0);
    let cells = Cells::new(size, config.diameter_px, 0.9, &mut stream);
    // how far each fibre stays within its cell, and whether it is filled
    let own: Vec<[f64; 3]> = cells
        .sites()
        .iter()
        .map(|_| {
            let shrunk = stream.between(0.0, 0.12) + config.spread * 0.3 * stream.uniform();
            [shrunk, stream.uniform(), stream.between(0.36, 0.62)]
        })
        .collect();
    let wobble = [0, 1].map(|_| field::noise(size, 0.3 * config.diameter_px, &mut stream));
    let wall = config.ornament * 0.5 * config.diameter_px;
    let between = stream.between(0.4, 0.8);
    let mut relief = Plane::filled(size.0, size.1, 0.0);
    let mut material = Plane::filled(size.0, size.1, 0.0);
    let mut n_inside = 0;
    for y in 0..size.0 {
        for x in 0..size.1 {
            let [dy, dx] = [0, 1].map(|axis| 0.05 * config.diameter_px * f64::from(wobble[axis].at(y, x)));
            let last = [(size.0 - 1) as f64, (size.1 - 1) as f64];
            let cell = cells.at((y as f64 + dy).clamp(0.0, last[0]), (x as f64 + dx).clamp(0.0, last[1]));
            let [shrunk, filled, radius] = own[cell.index];
            // a fibre is round until it meets its neighbours
            let round = radius * config.diameter_px - cell.nearest;
            let (near, far) =
                (cells.border_distance(cell).min(round), cells.border_distance(cell).max(round));
            let blend = (0.5 - (far - near) / (0.3 * config.diameter_px)).max(0.0);
            let rounding = 0.15 * config.diameter_px * blend * blend;
            let depth = near - rounding - shrunk * 0.5 * config.diameter_px;
            let outer = (depth + 0.5).clamp(0.0, 1.0);
            let inner = (depth - wall + 0.5).clamp(0.0, 1.0);
            n_inside += usize::from(inner >= 0.5);
            let inside = if filled < 0.15 { 0.5 * (between + config.background) } else { config.background };
            let signal =
                between * config.background.max(0.3) * (1.0 - outer) + (outer - inner) + inside * inner;
            let index = y * size.1 + x;
            material.values_mut()[index] = signal as f32;
            relief.values_mut()[index] = (config.ornament_relief * wall * (outer - inner)) as f32;
        }
    }
    let mut surface = Surface::of_relief(&relief, &material);
    surface.reach_px = (config.diameter_px * 0.3).clamp(3.0, 40.0) as f32;
    let texture = Texture::new(size, config.grain_px, &mut Stream::new(seed, "synth ground", 0));
    surface.roughen(&texture, config.roughness as f32);
    let within = |[y, x]: [f64; 2]| (0.0..size.0 as f64).contains(&y) && (0.0..size.1 as f64).contains(&x);
    let organisms = cells
        .sites()
        .iter()
        .zip(&own)
        .filter(|(site, _)| within(**site))
        .map(|([y, x], [shrunk, _, radius])| {
            let diameter_px = config.diameter_px * (2.0 * radius - shrunk).min(1.0);
            Organism { y: *y, x: *x, diameter_px, length_px: diameter_px, n_ornaments: 0 }
        })
        .collect();
    (surface, BiologicalTruth { organisms, covered: n_inside as f64 / (size.0 * size.1) as f64 })
}
