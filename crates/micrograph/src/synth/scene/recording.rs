//! Recording: blur, slow changes of brightness, noise, lines of the scan, polarity and contrast.

use super::{Canvas, marks};
use crate::Plane;
use crate::random::Stream;
use crate::smooth::smooth;

/// The scene as a micrograph of it, stretched between two percentiles as micrographs are for networks.
pub(super) fn record(canvas: &mut Canvas, random: &mut Stream) -> Plane {
    let (height, width) = (canvas.height, canvas.width);
    let blur = if random.uniform() < 0.7 { 2.2 * random.uniform().powi(2) } else { 0.0 };
    let mut plane = smooth(&Plane::new(height, width, std::mem::take(&mut canvas.values)), blur);
    let values = plane.values_mut();

    if random.uniform() < 0.2 {
        // charging: rows drift against each other
        let depth = (0.04 * random.uniform()) as f32;
        let mut level = 0.0;
        for row in values.chunks_exact_mut(width) {
            level = 0.9 * level + depth * random.normal() as f32;
            row.iter_mut().for_each(|value| *value += level);
        }
    }
    if random.uniform() < 0.4 {
        let gamma = random.between(0.5, 2.0) as f32;
        values.iter_mut().for_each(|value| *value = value.max(0.0).powf(gamma));
    }
    let noise = (0.14 * random.uniform().powi(3)) as f32;
    let grown = random.uniform() < 0.4; // noise with neighbours alike, as resampled images have
    let mut field = Plane::from_fn(height, width, |_, _| random.normal() as f32);
    if grown {
        let sigma = random.between(0.5, 1.2);
        field = smooth(&field, sigma).map(|value| value * (2.0 * sigma) as f32 * 1.6);
    }
    let shot = random.uniform() < 0.5;
    for (value, noise_here) in values.iter_mut().zip(field.values()) {
        let level = if shot { value.max(0.02).sqrt() * 1.4 } else { 1.0 };
        *value += noise * level * noise_here;
    }
    if random.uniform() < 0.06 {
        values.iter_mut().for_each(|value| *value = 1.0 - *value);
    }
    // most of the range, at times a part of it, at times beyond black and white
    let quantiles = plane.quantiles(&[0.005, 0.995]);
    let (low, high) = (quantiles[0], quantiles[1].max(quantiles[0] + 1e-3));
    let (dark, bright) = match random.uniform() {
        share if share < 0.65 => (0.0, 1.0),
        share if share < 0.85 => {
            let dark = 0.4 * random.uniform();
            (dark, dark + (1.0 - dark) * random.between(0.4, 1.0))
        }
        _ => (-0.3 * random.uniform(), 1.0 + 0.3 * random.uniform()),
    };
    let (dark, bright) = (dark as f32, bright as f32);
    for value in plane.values_mut() {
        *value = (dark + (*value - low) / (high - low) * (bright - dark)).clamp(0.0, 1.0);
    }
    if random.uniform() < 0.3 {
        marks::marks(plane.values_mut(), canvas, random);
    }
    plane
}
