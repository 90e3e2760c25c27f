//! Likeness: how much each position of a layer's maps is like one place, by the activations of all channels.
//!
//! Each channel is brought to mean 0 and standard deviation 1 over the image, so that one with large values counts no more
//! than others; the likeness is the cosine between the two vectors that result. What is alike to the network need not be
//! alike to the eye, and a place of the background is like all other background.

use std::io;

use micrograph::Plane;
use rayon::prelude::*;

use super::FeatureMaps;

/// The cosine of each position to the one at `[y, x]`, `[H, W]` in `[−1, 1]`; 1 there, and 0 where no channel differs from
/// its mean.
///
/// # Errors
/// If spilled maps cannot be read back.
///
/// # Panics
/// If the position is not inside the maps.
pub fn likeness(maps: &FeatureMaps, [y, x]: [usize; 2]) -> io::Result<Plane> {
    let (height, width) = (maps.height(), maps.width());
    assert!(y < height && x < width, "the position is inside the maps");
    let mut products = vec![0.0_f32; height * width];
    let mut squares = vec![0.0_f32; height * width];
    let mut own = 0.0;
    for channel in 0..maps.n_channels() {
        let plane = maps.plane(channel)?;
        let (mean, deviation) = (plane.mean(), plane.variance().sqrt());
        // rounding of a constant is no deviation
        if deviation <= 1e-6 * mean.abs().max(f64::MIN_POSITIVE) {
            continue;
        }
        let standard = |value: f32| ((f64::from(value) - mean) / deviation) as f32;
        let here = standard(plane.at(y, x));
        own += here * here;
        let sums = products.par_iter_mut().zip(&mut squares);
        sums.zip(plane.values()).with_min_len(1 << 12).for_each(|((product, square), &value)| {
            let value = standard(value);
            *product += value * here;
            *square += value * value;
        });
    }
    let cosine = |(product, square): (f32, f32)| {
        let length = (own * square).sqrt();
        if length > 0.0 { (product / length).clamp(-1.0, 1.0) } else { 0.0 }
    };
    Ok(Plane::new(height, width, products.into_iter().zip(squares).map(cosine).collect()))
}
