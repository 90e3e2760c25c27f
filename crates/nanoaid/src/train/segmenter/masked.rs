//! Masked: the patches that are cut out of a micrograph in which someone drew the objects.

use micrograph::Plane;
use micrograph::random::Stream;
use micrograph::smooth::smooth;

use super::target::{Patch, target};
use crate::data::masked::MaskedImage;

/// Range of the zoom of a patch, if the micrograph is large enough.
const ZOOM: [f64; 2] = [0.35, 1.6];

/// Patch `index` of `seed`: zoomed, turned, mirrored, with other contrast and noise, `side × side`.
/// Where the micrograph is too small it is mirrored at its border.
pub(super) fn patch(image: &MaskedImage, side: usize, seed: u64, index: u64) -> Patch {
    let mut random = Stream::new(seed, "segmenter/masked", index);
    let (height, width) = (image.plane.height(), image.plane.width());
    // not so far out that the micrograph no longer fills the patch
    let least = (side as f64 / height.min(width) as f64).clamp(ZOOM[0], ZOOM[1]);
    let zoom = random.between(least.ln(), ZOOM[1].ln().max(least.ln() + 1e-6)).exp();
    let window = side as f64 / zoom;
    let start =
        |length: usize, random: &mut Stream| random.between(0.0, (length as f64 - window).max(0.0) + 1e-9);
    let (top, left) = (start(height, &mut random), start(width, &mut random));
    let turn = random.below(8);
    let source = if zoom < 0.8 { smooth(&image.plane, 0.4 / zoom) } else { image.plane.clone() };

    let (mut values, mut labels) = (Vec::with_capacity(side * side), Vec::with_capacity(side * side));
    for row in 0..side {
        for column in 0..side {
            let (mut y, mut x) = (row, column);
            if turn & 1 > 0 {
                y = side - 1 - y;
            }
            if turn & 2 > 0 {
                x = side - 1 - x;
            }
            if turn & 4 > 0 {
                (y, x) = (x, y);
            }
            let at = |start: f64, index: usize| start + (index as f64 + 0.5) / zoom - 0.5;
            let (y, x) = (at(top, y), at(left, x));
            values.push(interpolated(&source, y, x));
            let (y, x) = (mirrored(y.round() as i64, height), mirrored(x.round() as i64, width));
            labels.push(image.labels[y * width + x]);
        }
    }
    let (gain, offset) = (random.between(0.7, 1.2) as f32, (0.1 * random.normal()) as f32);
    let noise = (0.06 * random.uniform().powi(2)) as f32;
    let inverted = random.uniform() < 0.1;
    for value in &mut values {
        let changed = (*value - 0.5) * gain + 0.5 + offset + noise * random.normal() as f32;
        *value = if inverted { 1.0 - changed } else { changed }.clamp(0.0, 1.0);
    }
    let n = labels.iter().copied().max().unwrap_or(0) as usize;
    let target = target(&labels, &vec![image.what; n], (side, side));
    Patch { values, target }
}

/// Position `index` of `length`, mirrored at both ends.
fn mirrored(index: i64, length: usize) -> usize {
    let period = 2 * length as i64;
    let index = index.rem_euclid(period);
    (if index < length as i64 { index } else { period - 1 - index }) as usize
}

/// The value between four pixels.
fn interpolated(plane: &Plane, y: f64, x: f64) -> f32 {
    let (v, u) = ((y - y.floor()) as f32, (x - x.floor()) as f32);
    let at = |dy: i64, dx: i64| {
        plane.at(
            mirrored(y.floor() as i64 + dy, plane.height()),
            mirrored(x.floor() as i64 + dx, plane.width()),
        )
    };
    let top = at(0, 0) * (1.0 - u) + at(0, 1) * u;
    let bottom = at(1, 0) * (1.0 - u) + at(1, 1) * u;
    top * (1.0 - v) + bottom * v
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::channel_of;

    #[test]
    fn a_patch_shows_its_objects_where_its_target_has_them() {
        // a bright disc on black; the mask is the disc
        let inside = |y: usize, x: usize| (y as f64 - 40.0).hypot(x as f64 - 50.0) < 20.0;
        let plane = Plane::from_fn(80, 100, |y, x| if inside(y, x) { 1.0 } else { 0.0 });
        let labels = (0..8000).map(|index| u32::from(inside(index / 100, index % 100))).collect();
        let image =
            MaskedImage { name: "disc".to_owned(), plane, labels, what: micrograph::ObjectKind::Particle };
        for index in 0..20 {
            let Patch { values, target } = patch(&image, 64, 0, index);
            let of_disc = |there: f32| {
                let chosen: Vec<f32> = values
                    .iter()
                    .zip(&target[channel_of(image.what) * 64 * 64..])
                    .filter(|(_, is)| **is == there)
                    .map(|(value, _)| *value)
                    .collect();
                (chosen.len() > 50).then(|| chosen.iter().sum::<f32>() / chosen.len() as f32)
            };
            if let (Some(inside), Some(outside)) = (of_disc(1.0), of_disc(0.0)) {
                assert!((inside - outside).abs() > 0.4, "patch {index}: {inside} against {outside}");
            }
        }
    }
}
