//! What lies below the objects, and structures that are no objects.

use super::Canvas;
use super::look::grain;
use crate::random::Stream;

/// A background: level, gradient, texture of several sizes, at times of stripes.
pub(super) fn background((height, width): (usize, usize), random: &mut Stream) -> Vec<f32> {
    let level = random.between(0.1, 0.9) as f32;
    let strength = 0.3 * random.uniform().powi(3);
    let slope = [0, 1].map(|_| (strength * random.normal()) as f32);
    let n_octaves = random.below(5);
    let textures: Vec<(u64, f32, f32)> = (0..n_octaves)
        .map(|_| {
            let size = random.between(0.3, 4.5).exp() as f32;
            (random.bits(), size, (0.12 * random.uniform().powi(2)) as f32)
        })
        .collect();
    let striped = random.uniform() < 0.06;
    let (sin, cos) = random.between(0.0, std::f64::consts::PI).sin_cos();
    let (pitch, depth) = (random.between(4.0, 60.0), (0.25 * random.uniform()) as f32);
    let sharp = random.uniform() < 0.5;
    let mut values = Vec::with_capacity(height * width);
    for y in 0..height {
        for x in 0..width {
            let (v, u) = (y as f32 / height as f32 - 0.5, x as f32 / width as f32 - 0.5);
            let mut value = level + slope[0] * v + slope[1] * u;
            for &(key, size, share) in &textures {
                value += share * grain(key, [y as f32 / size, x as f32 / size]);
            }
            if striped {
                let wave = ((y as f64 * sin + x as f64 * cos) / pitch * std::f64::consts::TAU).sin() as f32;
                value += depth * if sharp { wave.signum() } else { wave };
            }
            values.push(value);
        }
    }
    values
}

/// Edges, steps, scratches, terraces and rough patches: what is there where no objects are.
pub(super) fn structures(canvas: &mut Canvas, random: &mut Stream) {
    let (height, width) = (canvas.height, canvas.width);
    for _ in 0..1 + random.below(4) {
        match random.below(4) {
            0 => step(canvas, random),
            1 => scratches(canvas, random),
            2 => {
                // terraces of a smooth height
                let (key, size) = (random.bits(), random.between(20.0, 120.0) as f32);
                let (n, depth) = (random.between(2.0, 8.0) as f32, 0.3 * random.normal() as f32);
                for y in 0..height {
                    for x in 0..width {
                        let height_here = grain(key, [y as f32 / size, x as f32 / size]);
                        canvas.values[y * width + x] += depth * ((height_here * n).floor() / n);
                    }
                }
            }
            _ => {
                // ridges: a rough coating
                let (key, size) = (random.bits(), random.between(2.0, 25.0) as f32);
                let depth = 0.4 * random.normal() as f32;
                for y in 0..height {
                    for x in 0..width {
                        let ridge = 1.0 - 2.0 * grain(key, [y as f32 / size, x as f32 / size]).abs();
                        canvas.values[y * width + x] += 0.5 * depth * ridge;
                    }
                }
            }
        }
    }
}

/// A straight edge between two levels, with a bright rim.
fn step(canvas: &mut Canvas, random: &mut Stream) {
    let (sin, cos) = random.between(0.0, std::f64::consts::TAU).sin_cos();
    let offset = random.between(-0.4, 0.4) * canvas.width as f64;
    let (depth, rim) = (0.3 * random.normal() as f32, (0.4 * random.uniform()) as f32);
    let rim_px = random.between(1.0, 8.0);
    for y in 0..canvas.height {
        for x in 0..canvas.width {
            let (v, u) = (y as f64 - canvas.height as f64 / 2.0, x as f64 - canvas.width as f64 / 2.0);
            let distance = v * sin + u * cos - offset;
            let value = &mut canvas.values[y * canvas.width + x];
            *value += depth * (distance as f32).clamp(-0.5, 0.5)
                + rim * (-(distance / rim_px).powi(2)).exp() as f32;
        }
    }
}

/// Thin straight lines.
fn scratches(canvas: &mut Canvas, random: &mut Stream) {
    for _ in 0..1 + random.below(12) {
        let (sin, cos) = random.between(0.0, std::f64::consts::TAU).sin_cos();
        let (y, x) = (random.between(0.0, canvas.height as f64), random.between(0.0, canvas.width as f64));
        let length = random.between(10.0, 1.5 * canvas.width as f64);
        let (half_width, depth) = (random.between(0.4, 1.5), 0.3 * random.normal() as f32);
        let mut at = 0.0;
        while at < length {
            let (row, column) = (y + at * sin, x + at * cos);
            let (rows, columns) = canvas.around((row, column), half_width);
            for r in rows {
                for c in columns.clone() {
                    if (r as f64 - row).hypot(c as f64 - column) < half_width {
                        canvas.values[r * canvas.width + c] += 0.5 * depth;
                    }
                }
            }
            at += 1.0;
        }
    }
}
