//! The gradient for the input: a correlation of the output's gradient with the kernel rotated by
//! 180°, input and output channels exchanged.
//!
//! At stride `s` the input pixels fall into `s × s` phases, each of which uses its own part of the
//! kernel at stride 1; pixels that no part of the kernel uses have gradient 0.

use crate::clip::Clip;
use crate::correlate::{Correlation, Finish, Phase, STRIP_VALUES, WeightOrder};
use crate::error::{ConvError, check_length};
use crate::isa::Isa;
use crate::layout::{Layout, Source, Tap};
use crate::shape::ConvShape;

/// The gradient of a loss for a convolution's output `[N, C_out, H_out, W_out]`.
#[derive(Clone, Copy, Debug)]
pub struct OutputGradient<'a> {
    /// The gradient after the `ReLU`, if there was one.
    pub values: &'a [f32],
    /// What [`crate::forward`] wrote, if it was called with `relu`: the gradient counts only where
    /// this is above 0.
    pub relu_output: Option<&'a [f32]>,
}

impl<'a> OutputGradient<'a> {
    pub(crate) fn checked(&self, shape: &ConvShape) -> Result<Source<'a>, ConvError> {
        let expected = shape.output_len();
        check_length("grad_output", self.values.len(), expected)?;
        check_length("relu_output", self.relu_output.map_or(expected, <[f32]>::len), expected)?;
        Ok(Source { values: self.values, mask: self.relu_output })
    }
}

/// Writes the gradient for the input to `grad_input`, `[N, C_in, H, W]`.
///
/// # Errors
/// If the shape makes no sense or a slice has another length than it says.
pub fn input_gradient(
    isa: Isa,
    shape: &ConvShape,
    weights: &[f32],
    grad_output: OutputGradient<'_>,
    grad_input: &mut [f32],
) -> Result<(), ConvError> {
    let shape = shape.checked()?;
    check_length("weights", weights.len(), shape.weights_len())?;
    let source = grad_output.checked(&shape)?;
    check_length("grad_input", grad_input.len(), shape.input_len())?;

    let shape = shape.with_joined_rows(STRIP_VALUES);
    let (kernel, stride) = (shape.kernel, shape.stride);
    let rows = axis_phases(kernel, stride, shape.padding.top);
    let columns = axis_phases(kernel, stride, shape.padding.left);
    let before = [&rows, &columns].map(|phases| {
        phases.iter().flat_map(|phase| &phase.taps).map(|tap| -tap.distance).max().unwrap_or(0)
    });
    let after = [&rows, &columns]
        .map(|phases| phases.iter().flat_map(|phase| &phase.taps).map(|tap| tap.distance).max().unwrap_or(0));
    let reach = (before[0] + after[0]).max(before[1] + after[1]).unsigned_abs() + 1;
    let target_columns = shape.width.div_ceil(stride);
    let layout = Layout::new(shape.output(), [reach, 1], before, target_columns);
    let mut phases = Vec::with_capacity(stride * stride);
    for row in &rows {
        for column in &columns {
            let mut taps = Vec::with_capacity(row.taps.len() * column.taps.len());
            for y in &row.taps {
                for x in &column.taps {
                    taps.push(Tap {
                        remainder: [0, 0],
                        distance: [
                            (y.distance + before[0]).unsigned_abs(),
                            (x.distance + before[1]).unsigned_abs(),
                        ],
                        weight: y.weight * kernel + x.weight,
                    });
                }
            }
            phases.push(Phase { first: [row.first, column.first], taps });
        }
    }
    let kernel_len = kernel * kernel;
    let channels_in = shape.channels_in / shape.groups;
    let channels_out = shape.channels_out / shape.groups;
    let correlation = Correlation {
        batch: shape.batch,
        groups: shape.groups,
        channels_in: channels_out,
        channels_out: channels_in,
        layout,
        target: [shape.height, shape.width],
        step: stride,
        phases,
        weights: WeightOrder {
            group: channels_out * channels_in * kernel_len,
            channel_out: kernel_len,
            channel_in: channels_in * kernel_len,
        },
    };
    correlation.run(isa, source, weights, Finish { bias: None, clip: Clip::None }, grad_input);
    Ok(())
}

/// Along one axis: input pixels `first, first + stride, …` and the weights they use.
struct AxisPhase {
    first: usize,
    taps: Vec<AxisTap>,
}

struct AxisTap {
    /// Index in the output's gradient, less the index of the pixel in its phase.
    distance: isize,
    /// Index of the weight along this axis.
    weight: usize,
}

/// Pixel `i` contributes to output `o` through weight `w` where `i + padding = o · stride + w`.
fn axis_phases(kernel: usize, stride: usize, padding: usize) -> Vec<AxisPhase> {
    (0..stride)
        .map(|first| {
            let padded = first + padding;
            let taps = (0..kernel)
                .filter(|weight| weight % stride == padded % stride)
                .map(|weight| AxisTap {
                    distance: (padded as isize - weight as isize) / stride as isize,
                    weight,
                })
                .collect();
            AxisPhase { first, taps }
        })
        .collect()
}
