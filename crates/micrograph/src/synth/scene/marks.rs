//! What people draw onto micrographs: letters, scale bars, arrows, boxes. They are no objects.

use super::Canvas;
use crate::random::Stream;

/// Draws a few marks, in a scene that had its noise already.
pub(super) fn marks(values: &mut [f32], canvas: &Canvas, random: &mut Stream) {
    let ink = if random.uniform() < 0.6 { 1.0 } else { 0.0 };
    let n_marks = 1 + random.below(3);
    for _ in 0..n_marks {
        let (y, x) = (random.below(canvas.height) as f64, random.below(canvas.width) as f64);
        let size = random.between(6.0, 40.0);
        let boxed = random.uniform() < 0.35;
        match random.below(4) {
            0 | 1 => {
                let n_letters = 1 + random.below(6);
                if boxed {
                    rectangle(
                        values,
                        canvas,
                        [y - 0.2 * size, x - 0.3 * size, 1.4 * size, (0.8 * n_letters as f64 + 0.4) * size],
                        1.0 - ink,
                    );
                }
                for letter in 0..n_letters {
                    self::letter(values, canvas, (y, x + 0.75 * size * letter as f64), size, ink, random);
                }
            }
            2 => {
                let (length, thickness) = (random.between(15.0, 100.0), random.between(1.0, 9.0));
                if boxed {
                    rectangle(values, canvas, [y - 4.0, x - 4.0, thickness + 8.0, length + 8.0], 1.0 - ink);
                }
                rectangle(values, canvas, [y, x, thickness, length], ink);
            }
            _ => {
                let angle = random.between(0.0, std::f64::consts::TAU);
                let (tip_y, tip_x) = (y + size * angle.sin(), x + size * angle.cos());
                let width = random.between(1.0, 3.0);
                stroke(values, canvas, [(y, x), (tip_y, tip_x)], width, ink);
                for side in [2.6, -2.6] {
                    let head = (
                        tip_y + 0.3 * size * (angle + side).sin(),
                        tip_x + 0.3 * size * (angle + side).cos(),
                    );
                    stroke(values, canvas, [(tip_y, tip_x), head], width, ink);
                }
            }
        }
    }
}

/// Strokes that look like a letter: some segments of a grid of 2 × 3 points.
fn letter(values: &mut [f32], canvas: &Canvas, (y, x): (f64, f64), size: f64, ink: f32, random: &mut Stream) {
    let point = |random: &mut Stream| {
        (y + size * random.below(3) as f64 / 2.0, x + 0.55 * size * random.below(2) as f64)
    };
    let width = (size * random.between(0.08, 0.2)).max(1.0);
    let mut from = point(random);
    for _ in 0..3 + random.below(3) {
        let to = point(random);
        stroke(values, canvas, [from, to], width, ink);
        from = to;
    }
}

fn rectangle(values: &mut [f32], canvas: &Canvas, [y, x, height, width]: [f64; 4], ink: f32) {
    let span = |start: f64, length: f64, most: usize| {
        let first = start.clamp(0.0, most as f64) as usize;
        first..((start + length).clamp(first as f64, most as f64) as usize)
    };
    for row in span(y, height, canvas.height) {
        for column in span(x, width, canvas.width) {
            values[row * canvas.width + column] = ink;
        }
    }
}

fn stroke(values: &mut [f32], canvas: &Canvas, [from, to]: [(f64, f64); 2], width: f64, ink: f32) {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let n = (2.0 * length).ceil().max(1.0) as usize;
    for index in 0..=n {
        let t = index as f64 / n as f64;
        let (y, x) = (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1));
        let (rows, columns) = canvas.around((y, x), width / 2.0);
        for row in rows {
            for column in columns.clone() {
                if (row as f64 - y).hypot(column as f64 - x) <= width / 2.0 {
                    values[row * canvas.width + column] = ink;
                }
            }
        }
    }
}
