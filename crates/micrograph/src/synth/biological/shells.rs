//! Pollen and diatoms: bodies whose ornaments repeat.

use super::{BiologicalConfig, Bit, Organism, Scene};
use crate::random::Stream;

/// The steepest facet that still counts, as a share of the radius, at the silhouette.
const RIM: f64 = 0.18;

/// Unit vectors `[y, x, z]` uniformly distributed over a ball, about `spacing` radii apart, each slightly displaced.
fn around_ball(spacing: f64, stream: &mut Stream) -> Vec<[f64; 3]> {
    // each ornament has a hexagon of area √3/2 · spacing² of the 4π
    let n = (4.0 * std::f64::consts::PI / (0.75_f64.sqrt() * spacing * spacing)).round().clamp(6.0, 600.0);
    let golden = std::f64::consts::PI * (3.0 - 5.0_f64.sqrt());
    let start = stream.between(0.0, std::f64::consts::TAU);
    let turn = stream.between(-1.2, 1.2).sin_cos();
    (0..n as usize)
        .map(|index| {
            let z = 1.0 - 2.0 * (index as f64 + 0.5) / n;
            let (sin, cos) = (start + golden * index as f64).sin_cos();
            let flat = (1.0 - z * z).sqrt();
            // turned, so that the spiral's pole does not always face the viewer
            let (y, x, z) = (flat * sin, flat * cos, z);
            let jitter = 0.12 * spacing;
            let off = [stream.normal(), stream.normal(), stream.normal()].map(|part| jitter * part);
            let at = [y * turn.1 - z * turn.0 + off[0], x + off[1], y * turn.0 + z * turn.1 + off[2]];
            let length = at.iter().map(|part| part * part).sum::<f64>().sqrt();
            at.map(|part| part / length)
        })
        .collect()
}

/// A ball with conical spines.
pub(super) fn spiny(
    organism: &mut Organism,
    config: &BiologicalConfig,
    scene: &mut Scene,
    stream: &mut Stream,
) {
    let radius = organism.diameter_px / 2.0;
    let spacing = 2.0 * config.ornament;
    let mut spines = around_ball(spacing.max(0.12), stream);
    spines.sort_by(|a, b| a[2].total_cmp(&b[2]));
    organism.n_ornaments = spines.iter().filter(|spine| spine[2] > 0.0).count();
    let length = config.ornament_relief * spacing * radius;
    let foot = 0.4 * spacing * radius * stream.between(0.5, 0.9);
    let at = (organism.y, organism.x, 0.0);
    let reach = radius + length;
    scene.draw(at, radius, config.roughness, |dy, dx| ball(dy, dx, radius));
    let roughness = 0.5 * config.roughness;
    for spine in spines.iter().filter(|spine| spine[2] > -0.35) {
        let root = spine.map(|part| part * radius * 0.96);
        let way = spine.map(|part| part * (length + 0.04 * radius));
        let square = way[0] * way[0] + way[1] * way[1];
        let middle = (at.0 + root[0] + way[0] / 2.0, at.1 + root[1] + way[1] / 2.0, radius);
        scene.draw(middle, (square.sqrt() / 2.0 + foot).min(reach), roughness, |dy, dx| {
            // from the root
            let (py, px) = (dy + way[0] / 2.0, dx + way[1] / 2.0);
            // a spine is a cone: balls that shrink towards its tip, the highest of them is visible
            let best = (0..=12)
                .filter_map(|step| {
                    let share = f64::from(step) / 12.0;
                    let size = foot * (1.0 - share).powf(1.3) + 0.12 * foot;
                    let (by, bx) = (py - share * way[0], px - share * way[1]);
                    let left = size * size - by * by - bx * bx;
                    (left > 0.0).then(|| {
                        let rise = left.max((RIM * size).powi(2)).sqrt();
                        (root[2] + share * way[2] + rise, [-by / rise, -bx / rise], share)
                    })
                })
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let (z, [slope_y, slope_x], share) = best?;
            Some(Bit { share: 1.0, relief: [z, slope_y, slope_x], signal: 1.0 + 0.25 * share })
        });
    }
}

/// A smooth ball whose centre is at the height of its radius.
fn ball(dy: f64, dx: f64, radius: f64) -> Option<Bit> {
    let distance = dy.hypot(dx);
    let share = (radius - distance + 0.5).clamp(0.0, 1.0);
    let rise = (radius * radius - distance * distance).max((RIM * radius).powi(2)).sqrt();
    (share > 0.0).then_some(Bit { share, relief: [radius + rise, -dy / rise, -dx / rise], signal: 0.9 })
}

/// A ball with a net of ridges around hollow meshes.
pub(super) fn netted(
    organism: &mut Organism,
    config: &BiologicalConfig,
    scene: &mut Scene,
    stream: &mut Stream,
) {
    let radius = organism.diameter_px / 2.0;
    let spacing = (2.0 * config.ornament).max(0.15);
    let meshes = around_ball(spacing, stream);
    organism.n_ornaments = meshes.iter().filter(|mesh| mesh[2] > 0.0).count();
    let front: Vec<[f64; 3]> = meshes.into_iter().filter(|mesh| mesh[2] > -0.5).collect();
    let ridge = spacing * stream.between(0.1, 0.25);
    let depth = 0.5 * config.ornament_relief * spacing * radius;
    // height of the net over its background, and its darkness, at a position in the picture
    let net = |dy: f64, dx: f64| {
        let (y, x) = (dy / radius, dx / radius);
        let z = (1.0 - y * y - x * x).max(0.0).sqrt();
        let (mut first, mut second) = (f64::INFINITY, f64::INFINITY);
        for [my, mx, mz] in &front {
            let square = (y - my).powi(2) + (x - mx).powi(2) + (z - mz).powi(2);
            if square < first {
                second = first;
                first = square;
            } else if square < second {
                second = square;
            }
        }
        // to the border of the mesh, in radii
        let border = (second - first) / (2.0 * spacing);
        (1.0 - border / ridge).clamp(0.0, 1.0).powf(0.6)
    };
    let at = (organism.y, organism.x, 0.0);
    scene.draw(at, radius, config.roughness, |dy, dx| {
        let mut bit = ball(dy, dx, radius)?;
        let here = net(dy, dx);
        bit.relief[0] += depth * (here - 1.0);
        bit.relief[1] += depth * (net(dy + 0.5, dx) - net(dy - 0.5, dx));
        bit.relief[2] += depth * (net(dy, dx + 0.5) - net(dy, dx - 0.5));
        bit.signal = 0.5 + 0.5 * here;
        Some(bit)
    });
}

/// A flat shell with rows of pores: round ones in rings, long ones in rows across and a slit along.
pub(super) fn diatom(
    organism: &mut Organism,
    config: &BiologicalConfig,
    scene: &mut Scene,
    stream: &mut Stream,
) {
    let long = config.elongation > 1.3;
    let half_width = organism.diameter_px / 2.0;
    let half_length = if long { half_width * config.elongation } else { half_width };
    organism.length_px = 2.0 * half_length;
    let spacing = (config.ornament * organism.diameter_px).max(3.0);
    organism.n_ornaments =
        (std::f64::consts::PI * half_length * half_width * 0.7 / (spacing * spacing)) as usize;
    let pore = spacing * stream.between(0.2, 0.36);
    let (sin, cos) = stream.between(0.0, std::f64::consts::TAU).sin_cos();
    let depth = config.ornament_relief * spacing * 0.6;
    let thick = 0.25 * half_width;
    let pointed = stream.between(1.3, 2.4);
    // share of the pore at a position along and across the shell
    let pores = |along: f64, across: f64| {
        let (row, place) = if long {
            if across.abs() < 0.09 * half_width {
                let slit = 0.035 * half_width - across.abs();
                return (slit + 0.5).clamp(0.0, 1.0) * f64::from(u8::from(along.abs() < 0.85 * half_length));
            }
            ((along / spacing).round() * spacing - along, across)
        } else {
            let (radial, angle) = (along.hypot(across), across.atan2(along));
            let ring = (radial / spacing).round().max(1.0);
            let count = (std::f64::consts::TAU * ring).round();
            let turn = angle / std::f64::consts::TAU * count;
            let around = (turn - turn.round()) / count * std::f64::consts::TAU * radial;
            return (pore - (radial - ring * spacing).hypot(around) + 0.5).clamp(0.0, 1.0);
        };
        let step = spacing * 0.8;
        let off = (place / step).round() * step - place;
        (pore - row.hypot(off) + 0.5).clamp(0.0, 1.0)
    };
    let foot = (organism.y, organism.x, 0.5 * scene.height_at(organism.y, organism.x));
    scene.draw(foot, half_length.max(half_width), config.roughness, |dy, dx| {
        let (along, across) = (dx * cos - dy * sin, dx * sin + dy * cos);
        let (u, v) = ((along / half_length).abs(), (across / half_width).abs());
        let edge = if long { 1.0 - u.powf(pointed) - v } else { 1.0 - u.hypot(v) };
        let from_edge = edge * half_width * if long { 0.7 } else { 1.0 };
        let share = (from_edge + 0.5).clamp(0.0, 1.0);
        if share == 0.0 {
            return None;
        }
        // a rim without pores, higher than the face
        let rim = 0.08 * half_width;
        let open = if from_edge > rim { pores(along, across) } else { 0.0 };
        let dome =
            thick * (1.0 + 0.6 * (1.0 - v * v).max(0.0)) + if from_edge < rim { 0.15 * thick } else { 0.0 };
        let slope = -1.2 * thick * across / (half_width * half_width);
        let steep = if from_edge < 0.4 * rim { 1.5 * across.signum() } else { 0.0 };
        let slope_across = slope - steep;
        let relief = [dome - depth * open, slope_across * cos, slope_across * sin];
        Some(Bit { share, relief, signal: 1.0 - 0.65 * open })
    });
}
