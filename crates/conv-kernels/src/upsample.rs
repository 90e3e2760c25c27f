//! Nearest up-sampling: each pixel becomes a 2×2 square; and its gradient.

use crate::error::{ConvError, check_length};
use crate::pool::{PlanesShape, TASK_VALUES};
use rayon::prelude::*;

/// Writes `input` `[N · C, H, W]` to `output` `[N · C, 2H, 2W]`, each value to a 2×2 square.
///
/// # Errors
/// If a slice has another length than the shape says.
pub fn upsample_nearest_2x(shape: PlanesShape, input: &[f32], output: &mut [f32]) -> Result<(), ConvError> {
    check_length("input", input.len(), shape.len([shape.height, shape.width])?)?;
    check_length("output", output.len(), shape.len([2 * shape.height, 2 * shape.width])?)?;
    if input.is_empty() {
        return Ok(());
    }
    output
        .par_chunks_mut(4 * shape.width)
        .zip(input.par_chunks(shape.width))
        .with_min_len((TASK_VALUES / (4 * shape.width)).max(1))
        .for_each(|(rows, input)| {
            let (upper, lower) = rows.split_at_mut(2 * shape.width);
            for (pair, value) in upper.as_chunks_mut::<2>().0.iter_mut().zip(input) {
                *pair = [*value; 2];
            }
            lower.copy_from_slice(upper);
        });
    Ok(())
}

/// Writes the gradient for an up-sampling's input to `grad_input` `[N · C, H, W]`, the sum over
/// each 2×2 square of `grad_output` `[N · C, 2H, 2W]`; `shape` is that of the input.
///
/// # Errors
/// If a slice has another length than the shape says.
pub fn upsample_nearest_2x_gradient(
    shape: PlanesShape,
    grad_output: &[f32],
    grad_input: &mut [f32],
) -> Result<(), ConvError> {
    check_length("grad_output", grad_output.len(), shape.len([2 * shape.height, 2 * shape.width])?)?;
    check_length("grad_input", grad_input.len(), shape.len([shape.height, shape.width])?)?;
    if grad_input.is_empty() {
        return Ok(());
    }
    grad_input
        .par_chunks_mut(shape.width)
        .zip(grad_output.par_chunks(4 * shape.width))
        .with_min_len((TASK_VALUES / (4 * shape.width)).max(1))
        .for_each(|(grad_input, rows)| {
            let (upper, lower) = rows.split_at(2 * shape.width);
            let squares = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
            for (value, (upper, lower)) in grad_input.iter_mut().zip(squares) {
                *value = (upper[0] + upper[1]) + (lower[0] + lower[1]);
            }
        });
    Ok(())
}
