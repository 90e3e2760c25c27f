//! The operations that networks wait for, one function each; no call site knows which backend
//! runs them.
//!
//! On the CPU they run in the crate `conv-kernels`, whose results do not depend on the size of
//! the image, the place in it, or the number of threads; elsewhere by Burn's own operations.

mod backend;
mod cpu;
mod gradient;
mod memory;
#[cfg(test)]
mod tests;

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use backend::Kernels;
pub(crate) use conv_kernels::{Clip, ConvShape, Method, Padding, PoolWindow};

pub(crate) use cpu::isa;

/// How a convolution's kernels are laid over its input, and how that is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Step between neighbouring outputs in input positions, at least 1.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: Padding,
    /// Parts into which the channels fall; 1 is a full convolution, `C_in` a depthwise one.
    pub groups: usize,
    /// Which way it is computed where there is a choice.
    pub method: Method,
}

/// Convolution with bias, of which `clip` is cut off. `[N, C_in, H, W]`,
/// `[C_out, C_in / groups, K, K]`, `[C_out]` → `[N, C_out, H', W']` with
/// `H' = (H + top + bottom − K) / stride + 1`.
pub(crate) fn convolution(
    maps: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: Geometry,
    clip: Clip,
) -> Tensor<4> {
    let [maps, weight] = [maps, weight].map(Tensor::into_dispatch);
    Tensor::from_dispatch(Dispatch::convolution(maps, weight, bias.into_dispatch(), geometry, clip))
}

/// Largest value of each window. `[N, C, H, W]` → `[N, C, H', W']`.
pub(crate) fn max_pool(maps: Tensor<4>, window: PoolWindow) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::max_pool(maps.into_dispatch(), window))
}

/// Each value becomes 2 × 2. `[N, C, H, W]` → `[N, C, 2 H, 2 W]`.
pub(crate) fn up_sample(maps: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::up_sample(maps.into_dispatch()))
}

/// What passes backwards through a ReLU in place of its gradient. Taken as that of a score to be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReluGradient {
    /// For an image of whose gradient nothing gets through, the gradient also passes where a value is cut
    /// off, unless it would push that value further out (Lucid, `redirected_relu_grad`).
    Redirected,
    /// The gradient where it is above 0 and the value is not cut off (Springenberg et al. 2015).
    Guided,
    /// The gradient where it is above 0, whatever the value (Zeiler and Fergus 2014).
    Deconvolution,
}

/// Values below 0 become 0, those above `ceiling` become `ceiling`; backwards passes what `gradient` says.
/// `[N, C, H, W]` → the same shape.
pub(crate) fn relu_with(maps: Tensor<4>, ceiling: Option<f32>, gradient: ReluGradient) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::relu_with(maps.into_dispatch(), ceiling, gradient))
}

/// What `work` returns with Burn's convolutions in place of ours on the CPU: a second way, to compare with. Work
/// that is divided among threads of rayon is, too.
pub(crate) fn plainly<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    cpu::plainly(work)
}

/// Gives back the memory that is kept for the next feature maps.
pub(crate) fn release_memory() {
    memory::release();
}

/// Floating-point operations that `rounds` rounds of multiply-adds in registers took on all
/// threads.
pub(crate) fn multiply_add_burst(rounds: usize) -> f64 {
    conv_kernels::multiply_add_burst(isa(), rounds)
}
