//! The forward pass: convolution (as networks use the word: correlation) with bias, and with `ReLU` or `ReLU6`.

use crate::clip::Clip;
use crate::correlate::{Correlation, Finish, Phase, STRIP_VALUES, WeightOrder};
use crate::error::{ConvError, check_length};
use crate::isa::Isa;
use crate::layout::{Layout, Source};
use crate::shape::ConvShape;

/// `output = input ⋆ weights + bias`, of which `clip` is cut off.
///
/// `input` is `[N, C_in, H, W]`, `weights` `[C_out, C_in / groups, k, k]`, `bias` `[C_out]`,
/// `output` `[N, C_out, H_out, W_out]`. A sum starts with its bias and runs through input
/// channels, kernel rows, kernel columns in this order, at every position of the output.
///
/// # Errors
/// If the shape makes no sense or a slice has another length than it says.
pub fn forward(
    isa: Isa,
    shape: &ConvShape,
    input: &[f32],
    weights: &[f32],
    bias: Option<&[f32]>,
    clip: Clip,
    output: &mut [f32],
) -> Result<(), ConvError> {
    let shape = shape.checked()?;
    check_length("input", input.len(), shape.input_len())?;
    check_length("weights", weights.len(), shape.weights_len())?;
    check_length("bias", bias.map_or(shape.channels_out, <[f32]>::len), shape.channels_out)?;
    check_length("output", output.len(), shape.output_len())?;

    let shape = shape.with_joined_rows(STRIP_VALUES);
    let layout = input_layout(&shape);
    let taps = layout.taps(shape.kernel);
    let kernel_len = shape.kernel * shape.kernel;
    let channels_in = shape.channels_in / shape.groups;
    let channels_out = shape.channels_out / shape.groups;
    let correlation = Correlation {
        batch: shape.batch,
        groups: shape.groups,
        channels_in,
        channels_out,
        layout,
        target: shape.output(),
        step: 1,
        phases: vec![Phase { first: [0, 0], taps }],
        weights: WeightOrder {
            group: channels_out * channels_in * kernel_len,
            channel_out: channels_in * kernel_len,
            channel_in: kernel_len,
        },
    };
    let source = Source { values: input, mask: None };
    correlation.run(isa, source, weights, Finish { bias, clip }, output);
    Ok(())
}

/// The packed layout of a convolution's input.
pub(crate) fn input_layout(shape: &ConvShape) -> Layout {
    let before = [shape.padding.top as isize, shape.padding.left as isize];
    let source = [shape.height, shape.width];
    Layout::new(source, [shape.kernel, shape.stride], before, shape.output()[1])
}
