//! Mosaics: grains that fill the image with thin borders, or the cells of a foam between walls.

use super::look::grain;
use super::{Canvas, size_px};
use crate::ObjectKind;
use crate::random::Stream;

/// Cells of a Voronoi diagram of random sites, separated by walls.
pub(super) fn mosaic(canvas: &mut Canvas, kind: ObjectKind, random: &mut Stream) {
    let foam = kind == ObjectKind::Pore;
    let size = size_px(random, 14.0, 90.0);
    let wall = if foam { size * random.between(0.1, 0.5) } else { random.between(1.0, 4.0) };
    let wall_level = if foam { random.between(0.5, 1.0) } else { random.between(0.0, 1.0) } as f32;
    let cell_level =
        if foam { wall_level - random.between(0.15, 0.6) as f32 } else { random.between(0.2, 0.8) as f32 };
    let spread = if foam { 0.08 * random.uniform() } else { 0.2 * random.uniform() } as f32;
    let rounded = if foam { random.between(0.0, 0.6) } else { 0.0 };
    let dome = if foam { -(0.4 * random.uniform()) as f32 } else { 0.2 * random.normal() as f32 };
    let (wavy, wave_key) = (size * 0.15 * random.uniform(), [random.bits(), random.bits()]);
    let missing = if foam { 0.3 * random.uniform() } else { 0.0 };
    let sites = sites((canvas.height, canvas.width), size, random);
    let mut levels = Vec::with_capacity(sites.len());
    let mut labels = Vec::with_capacity(sites.len());
    for _ in &sites {
        levels.push(cell_level + spread * random.normal() as f32);
        labels.push(if random.uniform() < missing { 0 } else { canvas.begin(kind) });
    }
    for y in 0..canvas.height {
        for x in 0..canvas.width {
            let shift = wave_key.map(|key| {
                wavy * f64::from(grain(key, [y as f32 / size as f32 * 3.0, x as f32 / size as f32 * 3.0]))
            });
            let (v, u) = (y as f64 + shift[0], x as f64 + shift[1]);
            let (mut first, mut second, mut nearest) = (f64::INFINITY, f64::INFINITY, 0);
            for (index, site) in sites.iter().enumerate() {
                let distance = (v - site.0).hypot(u - site.1);
                if distance < first {
                    (second, first, nearest) = (first, distance, index);
                } else if distance < second {
                    second = distance;
                }
            }
            // from the wall's side, with corners rounded as bubbles are
            let depth = (second - first) / 2.0 - wall / 2.0 - rounded * (first - 0.35 * size).max(0.0);
            let index = y * canvas.width + x;
            let depth = if labels[nearest] == 0 { -1.0 } else { depth as f32 };
            let cover = (depth + 0.5).clamp(0.0, 1.0);
            let share = (2.0 * depth.max(0.0) / size as f32).min(1.0);
            let texture = canvas.values[index] - 0.5;
            let cell = levels[nearest] + dome * share + 0.3 * texture;
            canvas.values[index] = cell * cover + (wall_level + 0.3 * texture) * (1.0 - cover);
            if depth >= 0.0 {
                canvas.own(index, labels[nearest]);
            }
        }
    }
}

/// Sites about `size` apart, beyond the border too.
fn sites((height, width): (usize, usize), size: f64, random: &mut Stream) -> Vec<(f64, f64)> {
    let jitter = random.between(0.15, 0.6);
    let mut sites = Vec::new();
    let (n_rows, n_columns) = ((height as f64 / size) as i64 + 2, (width as f64 / size) as i64 + 2);
    for i in -1..n_rows {
        for j in -1..n_columns {
            let shift = if i % 2 == 0 { 0.5 } else { 0.0 };
            let y = (i as f64 + 0.5 + jitter * random.normal().clamp(-1.0, 1.0)) * size;
            let x = (j as f64 + shift + jitter * random.normal().clamp(-1.0, 1.0)) * size;
            sites.push((y, x));
        }
    }
    sites
}
