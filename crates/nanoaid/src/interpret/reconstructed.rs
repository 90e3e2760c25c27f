//! How much of a micrograph an autoencoder's output has.

use burn::tensor::Tensor;
use micrograph::{Plane, Rect};

/// The output of an autoencoder for one image, `[1, 1, H, W]`, as a plane, and the share of the variance of `plane` that it has.
/// Rows and columns beyond the last whole position of the network are missing in the output; they do not count.
pub(in crate::interpret) fn reconstructed(output: Tensor<4>, plane: &Plane) -> (Plane, f64) {
    let [_, _, height, width] = output.dims();
    let values: Vec<f32> = output.into_data().try_to_vec().expect("outputs are f32");
    let both = Rect { y: 0, x: 0, height: height.min(plane.height()), width: width.min(plane.width()) };
    let (found, seen) = (Plane::new(height, width, values).crop(both), plane.crop(both));
    let off = seen.values().iter().zip(found.values()).map(|(a, b)| f64::from(a - b).powi(2));
    let error = off.sum::<f64>() / seen.values().len().max(1) as f64;
    let share = 1.0 - error / seen.variance().max(1e-12);
    (found, share)
}
