//! Convolution on a CPU: forward pass and gradients, with bias, `ReLU`, 2×2 max-pool and nearest
//! up-sampling.
//!
//! Plain slices of `f32` in and out, row-major `[N, C, H, W]`; shapes are checked at the door. The
//! only crate of the project with `unsafe`, and it knows no tensors and no networks.
//!
//! Work is split over the threads of the current `rayon` pool. Every result is the same bytes for
//! any number of threads, and a convolution's output does not depend on where in the image it lies.

#![warn(missing_docs)]

mod correlate;
mod error;
mod forward;
mod gradient_input;
mod gradient_weights;
mod isa;
mod layout;
mod peak;
mod pool;
mod relu;
mod scratch;
mod shape;
mod simd;
mod upsample;

pub use error::{ConvError, IsaError};
pub use forward::forward;
pub use gradient_input::{OutputGradient, input_gradient};
pub use gradient_weights::weight_gradient;
pub use isa::{ISA_VARIABLE, Isa};
pub use peak::multiply_add_burst;
pub use pool::{PlanesShape, max_pool_2x2, max_pool_2x2_gradient};
pub use relu::relu_gradient;
pub use scratch::release_scratch;
pub use shape::{ConvShape, Padding};
pub use upsample::{upsample_nearest_2x, upsample_nearest_2x_gradient};
