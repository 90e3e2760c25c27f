//! Fibres and wires: curved lines of one width with shading across, that cross and lie in bundles.

use super::{Canvas, size_px};
use crate::ObjectKind;
use crate::random::Stream;

/// What the fibres of a scene have in common.
struct Look {
    level: f32,
    level_spread: f32,
    rim: f32,
    rim_px: f32,
    dome: f32,
    shadow: f32,
    shadow_px: f32,
    texture: f32,
}

/// Fibres of one kind all over the scene.
pub(super) fn fibers(canvas: &mut Canvas, random: &mut Stream) {
    let width = size_px(random, 3.0, 32.0);
    let spread = 0.35 * random.uniform().powi(2);
    let bending = random.uniform().powi(2) * 0.03;
    let direction = random.between(0.0, std::f64::consts::TAU);
    let turning = if random.uniform() < 0.35 { 0.1 } else { 3.0 };
    let coverage = random.between(0.05, 1.6);
    let brighter = random.uniform() < 0.75;
    let level = canvas.level();
    let contrast = (0.08 + 0.5 * random.uniform()) as f32;
    let look = Look {
        level: if brighter { level + contrast } else { level - contrast },
        level_spread: (0.12 * random.uniform()) as f32,
        rim: if random.uniform() < 0.6 { (0.4 * random.uniform()) as f32 } else { 0.0 },
        rim_px: (1.0 + random.uniform() * width * 0.2) as f32,
        dome: (0.4 * random.normal()) as f32,
        shadow: if random.uniform() < 0.5 { (-0.3 * random.uniform()) as f32 } else { 0.0 },
        shadow_px: (1.0 + random.uniform() * width * 0.5) as f32,
        texture: (0.15 * random.uniform().powi(2)) as f32,
    };
    let area = (canvas.height * canvas.width) as f64;
    let whole = random.uniform() < 0.7;
    let mut covered = 0.0;
    for _ in 0..80 {
        if covered >= coverage * area {
            break;
        }
        let own_width = width * (spread * random.normal()).exp();
        let length = if whole { 2.5 } else { random.between(0.3, 1.2) } * canvas.width as f64;
        covered += own_width * length.min(1.2 * canvas.width as f64);
        let path = path(canvas, length, direction + turning * random.normal(), bending, random);
        let depth = random.uniform() as f32 * 0.2;
        let level = look.level + look.level_spread * random.normal() as f32 - depth;
        paint(canvas, &path, own_width / 2.0, &look, level, random.bits());
    }
}

/// Points 1 px apart along a line that bends at random, through the scene.
fn path(canvas: &Canvas, length: f64, angle: f64, bending: f64, random: &mut Stream) -> Vec<(f64, f64)> {
    let (mut y, mut x) =
        (random.between(0.0, canvas.height as f64), random.between(0.0, canvas.width as f64));
    // begins outside where it is long
    let back = random.between(0.2, 0.8) * length;
    let mut angle = angle;
    y -= back * angle.sin();
    x -= back * angle.cos();
    let mut curvature = 0.0;
    let mut points = Vec::new();
    for _ in 0..length as usize {
        points.push((y, x));
        curvature = 0.97 * curvature + bending * 0.25 * random.normal();
        angle += curvature * 0.2;
        y += angle.sin();
        x += angle.cos();
    }
    points
}

fn paint(canvas: &mut Canvas, path: &[(f64, f64)], half_width: f64, look: &Look, level: f32, key: u64) {
    let reach = half_width + 1.0 + if look.shadow == 0.0 { 0.0 } else { 2.0 * f64::from(look.shadow_px) };
    // distance of each pixel from the path, where it is within reach
    let mut distances = vec![f32::INFINITY; canvas.values.len()];
    let step = (half_width / 3.0).clamp(1.0, 3.0) as usize;
    let mut touched = Vec::new();
    for &(y, x) in path.iter().step_by(step) {
        let (rows, columns) = canvas.around((y, x), reach);
        for row in rows {
            for column in columns.clone() {
                let distance = (row as f64 - y).hypot(column as f64 - x);
                let index = row * canvas.width + column;
                if distance <= reach && (distance as f32) < distances[index] {
                    if distances[index].is_infinite() {
                        touched.push(index);
                    }
                    distances[index] = distance as f32;
                }
            }
        }
    }
    let label = canvas.begin(ObjectKind::Fiber);
    let half_width = half_width as f32;
    for index in touched {
        let depth = half_width - distances[index];
        let cover = (depth + 0.5).clamp(0.0, 1.0);
        let mut under = canvas.values[index];
        if look.shadow != 0.0 && cover < 1.0 {
            under += look.shadow * (depth.min(0.0) / look.shadow_px).exp();
        }
        let share = (distances[index] / half_width).min(1.0);
        let mut value = level + look.dome * ((1.0 - share * share).sqrt() - 0.5);
        value += look.rim * (-depth.max(0.0) / look.rim_px).exp();
        if look.texture > 0.0 {
            let (y, x) = (index / canvas.width, index % canvas.width);
            value += look.texture * super::look::grain(key, [y as f32 / 3.0, x as f32 / 3.0]);
        }
        canvas.values[index] = under + (value - under) * cover;
        if depth >= 0.0 {
            canvas.own(index, label);
        }
    }
}
