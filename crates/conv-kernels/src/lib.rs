//! Convolution on a CPU: forward pass and gradients, with bias, `ReLU`, 2×2 max-pool and nearest
//! up-sampling.
//!
//! Input and output are plain slices of `f32`, row-major `[N, C, H, W]`; every function checks their
//! lengths against the shape. This is the only crate of the project with `unsafe`, and it knows no
//! tensors and no networks.
//!
//! # A forward pass
//!
//! Choose an instruction set ([`Isa`]), describe the convolution ([`ConvShape`]), and call [`forward`]:
//!
//! ```
//! use conv_kernels::{Clip, ConvShape, Isa, forward};
//!
//! let isa = Isa::from_env()?;
//! let shape = ConvShape::same(1, [1, 2], [4, 5], 3).checked()?;
//! let weights = [[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], [1.0 / 9.0; 9]].concat();
//! let mut output = vec![0.0; shape.output_len()];
//! forward(isa, &shape, &[9.0; 20], &weights, Some(&[0.5, 0.0]), Clip::Relu, &mut output)?;
//! assert_eq!((output[0], output[20 + 6]), (9.5, 9.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Functions
//!
//! | operation | forward | gradient |
//! |---|---|---|
//! | convolution, with bias and `ReLU` | [`forward`], [`forward_by`] | [`input_gradient`], [`weight_gradient`] |
//! | `ReLU` alone | | [`relu_gradient`] |
//! | max-pool 2×2 | [`max_pool_2x2`] | [`max_pool_2x2_gradient`] |
//! | max-pool, any window | [`max_pool`] | [`max_pool_gradient`] |
//! | nearest up-sampling by 2 | [`upsample_nearest_2x`] | [`upsample_nearest_2x_gradient`] |
//!
//! [`input_gradient_by`] and [`weight_gradient_by`] take a [`Method`] too.
//!
//! # Reproducibility and speed
//!
//! The work is split over the threads of the current `rayon` pool. Every result is the same bytes for
//! any number of threads. An output of [`forward`] does not depend on its position in the image: a crop
//! gives the same bits as the whole. Where that is not needed, [`forward_by`] with [`Method::Fastest`]
//! takes half the time or less.
//!
//! Results are the same bytes on every machine with the same instruction set; different instruction
//! sets differ by rounding. The environment variable `NANOAID_KERNELS` ([`ISA_VARIABLE`]) selects one.
//!
//! # Memory
//!
//! Each thread keeps its buffers between calls; [`release_scratch`] frees those of the calling thread.
//!
//! `docs/performance.md` gives the methods that were tried and their timings.

#![warn(missing_docs)]

mod clip;
mod correlate;
mod error;
mod forward;
mod gradient_input;
mod gradient_weights;
mod isa;
mod layout;
mod method;
mod peak;
mod pool;
mod relu;
mod scratch;
mod shape;
mod simd;
mod upsample;
mod window_pool;
mod winograd;

pub use clip::Clip;
pub use error::{ConvError, IsaError};
pub use forward::forward;
pub use gradient_input::{OutputGradient, input_gradient};
pub use gradient_weights::weight_gradient;
pub use isa::{ISA_VARIABLE, Isa};
pub use method::{Method, forward_by, input_gradient_by, weight_gradient_by};
pub use peak::multiply_add_burst;
pub use pool::{PlanesShape, max_pool_2x2, max_pool_2x2_gradient};
pub use relu::relu_gradient;
pub use scratch::release_scratch;
pub use shape::{ConvShape, Padding};
pub use upsample::{upsample_nearest_2x, upsample_nearest_2x_gradient};
pub use window_pool::{PoolWindow, max_pool, max_pool_gradient};
