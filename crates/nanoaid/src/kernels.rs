//! The operations that networks wait for, one function each; no call site knows which backend
//! runs them.

use burn::tensor::{
    Tensor, activation,
    module::{conv2d, interpolate, max_pool2d},
    ops::{ConvOptions, InterpolateMode, InterpolateOptions, MaxPoolOptions},
};

/// Convolution with *same* padding, bias, and a ReLU where asked for.
/// `[N, C_in, H, W]`, `[C_out, C_in, K, K]`, `[C_out]` → `[N, C_out, H, W]`, odd `K`.
pub(crate) fn convolution(maps: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, relu: bool) -> Tensor<4> {
    let [_, _, kernel, _] = weight.dims();
    let options = ConvOptions::new([1, 1], [kernel / 2, kernel / 2], [1, 1], 1);
    let maps = conv2d(maps, weight, Some(bias), options);
    if relu { activation::relu(maps) } else { maps }
}

/// Largest of each 2 × 2; an odd last row or column is left out.
pub(crate) fn max_pool(maps: Tensor<4>) -> Tensor<4> {
    max_pool2d(maps, MaxPoolOptions::new([2, 2]))
}

/// Each value becomes 2 × 2.
pub(crate) fn up_sample(maps: Tensor<4>) -> Tensor<4> {
    interpolate(maps, InterpolateOptions::new(InterpolateMode::Nearest).with_scale_factor([2.0, 2.0]))
}
