//! 2×2 max-pool with stride 2, and its gradient. An odd last row or column is left out.

use crate::error::{ConvError, check_length};
use crate::relu::kept_if;
use rayon::prelude::*;

/// Planes of a pool: `[N · C, H, W]` before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanesShape {
    /// Number of planes, `N · C`.
    pub planes: usize,
    /// Rows of a plane.
    pub height: usize,
    /// Columns of a plane.
    pub width: usize,
}

impl PlanesShape {
    pub(crate) fn len(self, [height, width]: [usize; 2]) -> Result<usize, ConvError> {
        let bytes = [height, width].iter().try_fold(self.planes, |len, &side| len.checked_mul(side));
        bytes.ok_or_else(|| ConvError::Shape {
            field: "planes",
            found: format!("{self:?}"),
            expected: "a tensor that fits into memory".to_owned(),
        })
    }
}

/// Planes that one task takes, so that a task is worth its overhead.
pub(crate) const TASK_VALUES: usize = 1 << 14;

/// Writes the largest of each 2×2 square of `input` `[N · C, H, W]` to `output`
/// `[N · C, H / 2, W / 2]`, and which it was (0, 1 in the upper row, 2, 3 in the lower) to `choice`.
///
/// The first of equal values is chosen; a NaN is chosen before all numbers.
///
/// # Errors
/// If a slice has another length than the shape says.
pub fn max_pool_2x2(
    shape: PlanesShape,
    input: &[f32],
    output: &mut [f32],
    choice: &mut [u8],
) -> Result<(), ConvError> {
    let [height, width] = [shape.height / 2, shape.width / 2];
    check_length("input", input.len(), shape.len([shape.height, shape.width])?)?;
    check_length("output", output.len(), shape.len([height, width])?)?;
    check_length("choice", choice.len(), output.len())?;
    if output.is_empty() {
        return Ok(());
    }
    let least = (TASK_VALUES / (shape.height * shape.width)).max(1);
    output
        .par_chunks_mut(height * width)
        .zip(choice.par_chunks_mut(height * width))
        .zip(input.par_chunks(shape.height * shape.width))
        .with_min_len(least)
        .for_each(|((output, choice), input)| {
            let pairs = input.chunks_exact(2 * shape.width);
            let rows = output.chunks_exact_mut(width).zip(choice.chunks_exact_mut(width));
            for ((output, choice), pair) in rows.zip(pairs) {
                let (upper, lower) = pair.split_at(shape.width);
                pool_row(upper.as_chunks().0, lower.as_chunks().0, output, choice);
            }
        });
    Ok(())
}

fn pool_row(upper: &[[f32; 2]], lower: &[[f32; 2]], output: &mut [f32], choice: &mut [u8]) {
    for (((output, choice), upper), lower) in output.iter_mut().zip(choice).zip(upper).zip(lower) {
        let (mut largest, mut chosen) = (upper[0], 0);
        for (index, value) in [(1, upper[1]), (2, lower[0]), (3, lower[1])] {
            let better = ((value > largest) | value.is_nan()) & !largest.is_nan();
            largest = if better { value } else { largest };
            chosen = if better { index } else { chosen };
        }
        *output = largest;
        *choice = chosen;
    }
}

/// Writes the gradient for a pool's input to `grad_input` `[N · C, H, W]`: that of each output at
/// the place that was chosen, 0 elsewhere.
///
/// # Errors
/// If a slice has another length than the shape says.
pub fn max_pool_2x2_gradient(
    shape: PlanesShape,
    choice: &[u8],
    grad_output: &[f32],
    grad_input: &mut [f32],
) -> Result<(), ConvError> {
    let [height, width] = [shape.height / 2, shape.width / 2];
    check_length("choice", choice.len(), shape.len([height, width])?)?;
    check_length("grad_output", grad_output.len(), choice.len())?;
    check_length("grad_input", grad_input.len(), shape.len([shape.height, shape.width])?)?;
    if choice.is_empty() {
        grad_input.fill(0.0);
        return Ok(());
    }
    let least = (TASK_VALUES / (shape.height * shape.width)).max(1);
    grad_input
        .par_chunks_mut(shape.height * shape.width)
        .zip(choice.par_chunks(height * width))
        .zip(grad_output.par_chunks(height * width))
        .with_min_len(least)
        .for_each(|((grad_input, choice), grad_output)| {
            let mut pairs = grad_input.chunks_exact_mut(2 * shape.width);
            let rows = choice.chunks_exact(width).zip(grad_output.chunks_exact(width));
            for ((choice, grad_output), pair) in rows.zip(&mut pairs) {
                let (upper, lower) = pair.split_at_mut(shape.width);
                let (upper, upper_rest) = upper.as_chunks_mut::<2>();
                let (lower, lower_rest) = lower.as_chunks_mut::<2>();
                upper_rest.fill(0.0);
                lower_rest.fill(0.0);
                let targets = upper.iter_mut().zip(lower);
                for (((upper, lower), choice), slope) in targets.zip(choice).zip(grad_output) {
                    let at = |index: u8| kept_if(*choice == index, *slope);
                    *upper = [at(0), at(1)];
                    *lower = [at(2), at(3)];
                }
            }
            pairs.into_remainder().fill(0.0);
        });
    Ok(())
}
