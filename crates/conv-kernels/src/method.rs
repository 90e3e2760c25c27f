//! How a convolution is computed: by the direct sum, or with fewer products by Winograd's transforms.

use crate::clip::Clip;
use crate::correlate::{Finish, WeightOrder};
use crate::error::{ConvError, check_length};
use crate::forward::forward;
use crate::gradient_input::{OutputGradient, input_gradient};
use crate::gradient_weights::{bias_gradient, weight_gradient};
use crate::isa::Isa;
use crate::layout::Source;
use crate::shape::ConvShape;
use crate::winograd::{Four, Two, WeightReduction, Winograd};

/// How a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The sum of all products, in an order that does not depend on the position of an output: a crop
    /// of an image gives the same bits as the whole.
    Direct,
    /// Winograd's F(2×2, 3×3) where it can be used: 3×3, stride 1, one group; else direct.
    Winograd2,
    /// Winograd's F(4×4, 3×3) where it can be used: 3×3, stride 1, one group; else direct.
    Winograd4,
    /// [`Method::Winograd4`] from 32 channels on either side on, else direct, whatever the size of
    /// the image: a crop gives the same bits as the whole if it begins at a multiple of
    /// [`Method::tile`] outputs and holds the inputs of whole tiles.
    Tiles,
    /// The method measured to be fastest for the shape: Winograd's from 32 channels on either side
    /// on. For values and input gradients the choice does not depend on the batch.
    Fastest,
}

impl Method {
    /// Outputs along an axis that share their sums and their inputs: 1 where each output of `shape` is
    /// a sum of its own.
    pub fn tile(self, shape: &ConvShape) -> usize {
        match self.chosen(shape) {
            Self::Winograd2 => 2,
            Self::Winograd4 => 4,
            _ => 1,
        }
    }

    /// The method that `self` means for `shape`; [`Method::Direct`] where no other can be used.
    fn chosen(self, shape: &ConvShape) -> Self {
        let possible = shape.kernel == 3 && shape.stride == 1 && shape.groups == 1;
        if !possible {
            return Self::Direct;
        }
        match self {
            Self::Tiles | Self::Fastest if shape.channels_in.min(shape.channels_out) < LEAST_CHANNELS => {
                Self::Direct
            }
            Self::Fastest if shape.width <= NARROW => Self::Winograd2,
            Self::Tiles | Self::Fastest => Self::Winograd4,
            chosen => chosen,
        }
    }

    fn transforms_weight_gradient(self, shape: &ConvShape) -> bool {
        let tiles = shape.batch * shape.output().map(|side| side.div_ceil(4)).iter().product::<usize>();
        match self {
            Self::Fastest => {
                let chosen = self.chosen(shape);
                tiles >= LEAST_TILES && matches!(chosen, Self::Winograd2 | Self::Winograd4)
            }
            _ => tiles > 0 && self.chosen(shape) == Self::Winograd4,
        }
    }
}

/// Tiles of 4 × 4 below which 36 sums for each 9 weights of a gradient cost more than they save.
const LEAST_TILES: usize = 48;
/// Channels on either side below which the transforms cost more than they save.
const LEAST_CHANNELS: usize = 32;
/// Columns up to which tiles of 4 × 4 leave most of a vector empty.
const NARROW: usize = 16;

/// [`crate::forward`] by `method`.
///
/// # Errors
/// If the shape makes no sense or a slice has another length than it says.
#[expect(clippy::too_many_arguments, reason = "those of `forward`, and the method")]
pub fn forward_by(
    method: Method,
    isa: Isa,
    shape: &ConvShape,
    input: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
    clip: Clip,
    output: &mut [f32],
) -> Result<(), ConvError> {
    let shape = shape.checked()?;
    let method = method.chosen(&shape);
    if method == Method::Direct {
        return forward(isa, &shape, input, weights, bias, clip, output);
    }
    check_length("input", input.len(), shape.input_len())?;
    check_length("weights", weights.len(), shape.weights_len())?;
    check_length("bias", bias.map_or(shape.channels_out, <[f32]>::len), shape.channels_out)?;
    check_length("output", output.len(), shape.output_len())?;
    let winograd = Winograd {
        batch: shape.batch,
        channels_in: shape.channels_in,
        channels_out: shape.channels_out,
        source: [shape.height, shape.width],
        before: [shape.padding.top as isize, shape.padding.left as isize],
        target: shape.output(),
        weights: WeightOrder { group: 0, channel_out: shape.channels_in * 9, channel_in: 9 },
        turned: false,
    };
    run(method, &winograd, isa, Source { values: input, mask: None }, weights, Finish { bias, clip }, output);
    Ok(())
}

/// [`crate::input_gradient`] by `method`.
///
/// # Errors
/// If the shape makes no sense or a slice has another length than it says.
pub fn input_gradient_by(
    method: Method,
    isa: Isa,
    shape: &ConvShape,
    weights: &[f32],
    grad_output: OutputGradient<'_>,
    grad_input: &mut [f32],
) -> Result<(), ConvError> {
    let shape = shape.checked()?;
    let method = method.chosen(&shape);
    if method == Method::Direct {
        return input_gradient(isa, &shape, weights, grad_output, grad_input);
    }
    check_length("weights", weights.len(), shape.weights_len())?;
    let source = grad_output.checked(&shape)?;
    check_length("grad_input", grad_input.len(), shape.input_len())?;
    let winograd = Winograd {
        batch: shape.batch,
        channels_in: shape.channels_out,
        channels_out: shape.channels_in,
        source: shape.output(),
        before: [2 - shape.padding.top as isize, 2 - shape.padding.left as isize],
        target: [shape.height, shape.width],
        weights: WeightOrder { group: 0, channel_out: 9, channel_in: shape.channels_in * 9 },
        turned: true,
    };
    run(method, &winograd, isa, source, weights, Finish { bias: None, clip: Clip::None }, grad_input);
    Ok(())
}

/// [`crate::weight_gradient`] by `method`; F(2×2) is not used for it.
///
/// # Errors
/// If the shape makes no sense or a slice has another length than it says.
pub fn weight_gradient_by(
    method: Method,
    isa: Isa,
    shape: &ConvShape,
    input: &[f32],
    grad_output: OutputGradient<'_>,
    grad_weights: &mut [f32],
    grad_bias: Option<&mut [f32]>,
) -> Result<(), ConvError> {
    let shape = shape.checked()?;
    if !method.transforms_weight_gradient(&shape) {
        return weight_gradient(isa, &shape, input, grad_output, grad_weights, grad_bias);
    }
    check_length("input", input.len(), shape.input_len())?;
    let gradient = grad_output.checked(&shape)?;
    check_length("grad_weights", grad_weights.len(), shape.weights_len())?;
    let bias_len = grad_bias.as_ref().map_or(shape.channels_out, |bias| bias.len());
    check_length("grad_bias", bias_len, shape.channels_out)?;
    WeightReduction::new(&shape).run(isa, Source { values: input, mask: None }, gradient, grad_weights);
    if let Some(grad_bias) = grad_bias {
        bias_gradient(isa, &shape, gradient, grad_bias);
    }
    Ok(())
}

fn run(
    method: Method,
    winograd: &Winograd,
    isa: Isa,
    source: Source<'_>,
    weights: &[f32],
    finish: Finish<'_>,
    output: &mut [f32],
) {
    if method == Method::Winograd2 {
        winograd.run::<Two, 2, 4>(isa, source, weights, finish, output);
    } else {
        winograd.run::<Four, 4, 6>(isa, source, weights, finish, output);
    }
}
