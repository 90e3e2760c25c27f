//! Nearest up-sampling: each pixel becomes a 2×2 square; and its gradient.

use crate::error::{ConvError, check_length};
use crate::isa::Isa;
use crate::pool::{PlanesShape, TASK_VALUES, load_pairs, store_pairs};
use crate::simd::{Kernel, Simd};
use rayon::prelude::*;

/// Writes `input` `[N · C, H, W]` to `output` `[N · C, 2H, 2W]`, each value to a 2×2 square.
///
/// # Errors
/// If a slice has another length than the shape says.
///
/// # Examples
/// ```
/// use conv_kernels::{PlanesShape, upsample_nearest_2x};
///
/// let mut output = [0.0; 8];
/// upsample_nearest_2x(PlanesShape { planes: 1, height: 1, width: 2 }, &[1.0, 2.0], &mut output)?;
/// assert_eq!(output, [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]);
/// # Ok::<(), conv_kernels::ConvError>(())
/// ```
pub fn upsample_nearest_2x(shape: PlanesShape, input: &[f32], output: &mut [f32]) -> Result<(), ConvError> {
    upsample(Isa::exact(), shape, input, output)
}

fn upsample(isa: Isa, shape: PlanesShape, input: &[f32], output: &mut [f32]) -> Result<(), ConvError> {
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
            isa.run(Upsample { input, rows });
        });
    Ok(())
}

/// One row, which becomes two.
struct Upsample<'a> {
    input: &'a [f32],
    rows: &'a mut [f32],
}

impl Kernel for Upsample<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.input.len();
        let (upper, lower) = self.rows.split_at_mut(2 * width);
        let whole = width - width % S::LANES;
        for first in (0..whole).step_by(S::LANES) {
            let values = simd.load(self.input, first);
            store_pairs(simd, [values; 2], upper, first);
            store_pairs(simd, [values; 2], lower, first);
        }
        for column in whole..width {
            upper[2 * column..2 * column + 2].fill(self.input[column]);
            lower[2 * column..2 * column + 2].fill(self.input[column]);
        }
    }
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
    upsample_gradient(Isa::exact(), shape, grad_output, grad_input)
}

fn upsample_gradient(
    isa: Isa,
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
            isa.run(UpsampleGradient { rows, grad_input });
        });
    Ok(())
}

/// Two rows, which become one.
struct UpsampleGradient<'a> {
    rows: &'a [f32],
    grad_input: &'a mut [f32],
}

impl Kernel for UpsampleGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.grad_input.len();
        let (upper, lower) = self.rows.split_at(2 * width);
        let whole = width - width % S::LANES;
        for first in (0..whole).step_by(S::LANES) {
            let [upper_left, upper_right] = load_pairs(simd, upper, first);
            let [lower_left, lower_right] = load_pairs(simd, lower, first);
            let sum = simd.add(simd.add(upper_left, upper_right), simd.add(lower_left, lower_right));
            simd.store(sum, self.grad_input, first);
        }
        for column in whole..width {
            self.grad_input[column] =
                (upper[2 * column] + upper[2 * column + 1]) + (lower[2 * column] + lower[2 * column + 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The instruction set of the process is one, so each is tried here.
    #[test]
    fn every_instruction_set_samples_alike() {
        let shape = PlanesShape { planes: 2, height: 5, width: 39 };
        let input: Vec<f32> = (0..2 * 5 * 39_u32)
            .map(|i| i.wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5)
            .collect();
        let results: Vec<_> = Isa::available()
            .into_iter()
            .map(|isa| {
                let (mut output, mut gradient) = (vec![9.0; 4 * input.len()], vec![9.0; input.len()]);
                upsample(isa, shape, &input, &mut output).unwrap();
                let slopes: Vec<f32> = output.iter().zip(1..).map(|(value, i)| value * i as f32).collect();
                upsample_gradient(isa, shape, &slopes, &mut gradient).unwrap();
                (isa, output, gradient)
            })
            .collect();
        for (isa, output, gradient) in &results[1..] {
            assert_eq!((output, gradient), (&results[0].1, &results[0].2), "{isa:?}");
        }
    }
}
