//! The gradient of a `ReLU`, where it cannot be fused into that of a convolution.

use crate::error::{ConvError, check_length};
use rayon::prelude::*;

/// Values per task, enough that a task's overhead is small.
const TASK_VALUES: usize = 1 << 14;

/// Writes `grad_output` where `output`, the output of the `ReLU`, is above 0, else 0, to `grad_input`.
///
/// # Errors
/// If the slices differ in length.
///
/// # Examples
/// ```
/// let mut grad_input = [0.0; 3];
/// conv_kernels::relu_gradient(&[0.0, 2.0, 1.0], &[5.0, 6.0, 7.0], &mut grad_input)?;
/// assert_eq!(grad_input, [0.0, 6.0, 7.0]);
/// # Ok::<(), conv_kernels::ConvError>(())
/// ```
pub fn relu_gradient(output: &[f32], grad_output: &[f32], grad_input: &mut [f32]) -> Result<(), ConvError> {
    check_length("grad_output", grad_output.len(), output.len())?;
    check_length("grad_input", grad_input.len(), output.len())?;
    grad_input
        .par_chunks_mut(TASK_VALUES)
        .zip(grad_output.par_chunks(TASK_VALUES))
        .zip(output.par_chunks(TASK_VALUES))
        .for_each(|((grad_input, grad_output), output)| {
            for ((grad_input, grad_output), output) in grad_input.iter_mut().zip(grad_output).zip(output) {
                *grad_input = kept_if(*output > 0.0, *grad_output);
            }
        });
    Ok(())
}

/// `value` if `kept`, else 0, without a branch: signs are practically random, and a mispredicted branch
/// costs more than all the other work.
pub(crate) fn kept_if(kept: bool, value: f32) -> f32 {
    f32::from_bits(value.to_bits() & u32::from(kept).wrapping_neg())
}
