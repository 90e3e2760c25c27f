//! Convolution on a CPU: forward pass and gradients, with bias, `ReLU`, 2×2 max-pool and nearest
//! up-sampling.
//!
//! Plain slices of `f32` in and out, row-major `[N, C, H, W]`; shapes are checked at the door. The
//! only crate of the project with `unsafe`, and it knows no tensors and no networks.
//!
//! Work is split over the threads of the current `rayon` pool. Every result is the same bytes for
//! any number of threads and in any batch, and the output of [`forward`] does not depend on where in
//! the image it lies.
//!
//! ```
//! use conv_kernels::{ConvShape, Isa, forward};
//!
//! let isa = Isa::from_env()?;
//! let shape = ConvShape::same(1, [1, 2], [4, 5], 3).checked()?;
//! let weights = [[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], [1.0 / 9.0; 9]].concat();
//! let mut output = vec![0.0; shape.output_len()];
//! forward(isa, &shape, &[9.0; 20], &weights, Some(&[0.5, 0.0]), true, &mut output)?;
//! assert_eq!((output[0], output[20 + 6]), (9.5, 9.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What was tried
//!
//! Shares of the machine's multiply-add peak (two cores with AVX-512, 3×3 kernels), from
//! `examples/kernels.rs`:
//!
//! - Direct convolution reaches 76 to 93 % forward and for the input, 70 to 83 % for the weights,
//!   from 32 to 512 channels and from 16 to 224 pixels a side. Tiles of 4 channels × 6 vectors did
//!   no better than 8 × 3. With AVX2, 4 × 3 sums do not fit into 16 registers beside their operands
//!   (40 %), 6 × 2 do (80 %).
//! - Weight gradients by dot products along the places reach 50 %, as lanes have to be added at
//!   the end; by outer products 70 % and more. Where one side has a single channel it is the
//!   other way round (20 % against 5 to 13 %), and these layers wait for memory in any case.
//! - Winograd's transforms ([`Method::Fastest`]) save products from 32 channels on: 110 to 270 %. They
//!   make a result depend on where a pixel lies in its tile; the lens needs the same bits from
//!   overlapping tiles, so [`forward`] and [`input_gradient`] stay direct.
//! - Small images with very many channels lose a third of the direct sum's speed to packing weights
//!   and to the last vector (512 channels at 14 × 14: 54 to 66 %).

#![warn(missing_docs)]

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
mod winograd;

pub use error::{ConvError, IsaError};
pub use forward::forward;
pub use gradient_input::{OutputGradient, input_gradient};
pub use gradient_weights::weight_gradient;
pub use isa::{ISA_VARIABLE, Isa};
pub use method::{Method, forward_by, input_gradient_by};
pub use peak::multiply_add_burst;
pub use pool::{PlanesShape, max_pool_2x2, max_pool_2x2_gradient};
pub use relu::relu_gradient;
pub use scratch::release_scratch;
pub use shape::{ConvShape, Padding};
pub use upsample::{upsample_nearest_2x, upsample_nearest_2x_gradient};
