//! 2×2 max-pool with stride 2, and its gradient. An odd last row or column is left out.

use crate::error::{ConvError, check_length};
use crate::isa::Isa;
use crate::relu::kept_if;
use crate::simd::{Kernel, LARGEST_LANES, Simd};
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

/// Planes per task, enough that a task's overhead is small.
pub(crate) const TASK_VALUES: usize = 1 << 14;

/// Writes the largest of each 2×2 square of `input` `[N · C, H, W]` to `output`
/// `[N · C, H / 2, W / 2]`, and which it was (0, 1 in the upper row, 2, 3 in the lower) to `choice`.
///
/// The first of equal values is chosen; a NaN is chosen before all numbers.
///
/// # Errors
/// If a slice has another length than the shape says.
///
/// # Examples
/// ```
/// use conv_kernels::{PlanesShape, max_pool_2x2};
///
/// let shape = PlanesShape { planes: 1, height: 2, width: 4 };
/// let (mut output, mut choice) = ([0.0; 2], [0; 2]);
/// max_pool_2x2(shape, &[1.0, 2.0, 5.0, 4.0, 3.0, 0.0, 6.0, 7.0], &mut output, &mut choice)?;
/// assert_eq!(output, [3.0, 7.0]);
/// # Ok::<(), conv_kernels::ConvError>(())
/// ```
pub fn max_pool_2x2(
    shape: PlanesShape,
    input: &[f32],
    output: &mut [f32],
    choice: &mut [u8],
) -> Result<(), ConvError> {
    pool(Isa::exact(), shape, input, output, choice)
}

fn pool(
    isa: Isa,
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
            isa.run(Pool { width: shape.width, input, output, choice });
        });
    Ok(())
}

/// The pool of one plane of `width` columns.
struct Pool<'a> {
    width: usize,
    input: &'a [f32],
    output: &'a mut [f32],
    choice: &'a mut [u8],
}

impl Kernel for Pool<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.width / 2;
        let rows = self.output.chunks_exact_mut(width).zip(self.choice.chunks_exact_mut(width));
        for ((output, choice), pair) in rows.zip(self.input.chunks_exact(2 * self.width)) {
            let (upper, lower) = pair.split_at(self.width);
            let whole = width - width % S::LANES;
            let mut columns = [[0.0; LARGEST_LANES]; 4];
            for first in (0..whole).step_by(S::LANES) {
                let [upper_left, upper_right] = load_pairs(simd, upper, first);
                let [lower_left, lower_right] = load_pairs(simd, lower, first);
                simd.store(upper_left, &mut columns[0], 0);
                simd.store(upper_right, &mut columns[1], 0);
                simd.store(lower_left, &mut columns[2], 0);
                simd.store(lower_right, &mut columns[3], 0);
                let (output, choice) = (&mut output[first..][..S::LANES], &mut choice[first..][..S::LANES]);
                for lane in 0..S::LANES {
                    (output[lane], choice[lane]) = largest(&columns, lane);
                }
            }
            // the rest of a row by vectors too: one by one, half of all branches would be mispredicted
            for column in whole..width {
                let at = [upper[2 * column], upper[2 * column + 1], lower[2 * column], lower[2 * column + 1]];
                for index in 0..4 {
                    columns[index][column - whole] = at[index];
                }
            }
            let (mut values, mut chosen) = ([0.0; LARGEST_LANES], [0; LARGEST_LANES]);
            for lane in 0..S::LANES {
                (values[lane], chosen[lane]) = largest(&columns, lane);
            }
            output[whole..].copy_from_slice(&values[..width - whole]);
            choice[whole..].copy_from_slice(&chosen[..width - whole]);
        }
    }
}

/// The largest value of a lane, and which it is.
#[inline(always)]
fn largest(columns: &[[f32; LARGEST_LANES]; 4], lane: usize) -> (f32, u8) {
    let (mut largest, mut chosen) = (columns[0][lane], 0_u32);
    for index in 1..4 {
        let value = columns[index][lane];
        let better = ((value > largest) | value.is_nan()) & !largest.is_nan();
        largest = if better { value } else { largest };
        chosen = if better { index as u32 } else { chosen };
    }
    (largest, chosen as u8)
}

/// The left and the right values of the pairs `first, first + 1, …` of a row.
#[inline(always)]
pub(crate) fn load_pairs<S: Simd>(simd: S, row: &[f32], first: usize) -> [S::Vector; 2] {
    let pairs = &row[2 * first..][..2 * S::LANES];
    simd.deinterleave(simd.load(pairs, 0), simd.load(pairs, S::LANES))
}

/// The inverse of [`load_pairs`].
#[inline(always)]
pub(crate) fn store_pairs<S: Simd>(simd: S, [left, right]: [S::Vector; 2], row: &mut [f32], first: usize) {
    let pairs = &mut row[2 * first..][..2 * S::LANES];
    let [lower, upper] = simd.interleave(left, right);
    simd.store(lower, pairs, 0);
    simd.store(upper, pairs, S::LANES);
}

/// Writes the gradient for a pool's input to `grad_input` `[N · C, H, W]`: that of each output at
/// the position that was chosen, 0 elsewhere.
///
/// # Errors
/// If a slice has another length than the shape says.
pub fn max_pool_2x2_gradient(
    shape: PlanesShape,
    choice: &[u8],
    grad_output: &[f32],
    grad_input: &mut [f32],
) -> Result<(), ConvError> {
    pool_gradient(Isa::exact(), shape, choice, grad_output, grad_input)
}

fn pool_gradient(
    isa: Isa,
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
            isa.run(PoolGradient { width: shape.width, choice, grad_output, grad_input });
        });
    Ok(())
}

/// The gradient of one plane of `width` columns.
struct PoolGradient<'a> {
    width: usize,
    choice: &'a [u8],
    grad_output: &'a [f32],
    grad_input: &'a mut [f32],
}

impl Kernel for PoolGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = self.width / 2;
        let mut pairs = self.grad_input.chunks_exact_mut(2 * self.width);
        let rows = self.choice.chunks_exact(width).zip(self.grad_output.chunks_exact(width));
        for ((choice, slopes), pair) in rows.zip(&mut pairs) {
            let (upper, lower) = pair.split_at_mut(self.width);
            let whole = width - width % S::LANES;
            let mut columns = [[0.0; LARGEST_LANES]; 4];
            for first in (0..whole).step_by(S::LANES) {
                let (choice, slopes) = (&choice[first..][..S::LANES], &slopes[first..][..S::LANES]);
                for lane in 0..S::LANES {
                    for index in 0..4 {
                        columns[index][lane] = kept_if(usize::from(choice[lane]) == index, slopes[lane]);
                    }
                }
                let [upper_left, upper_right] = [simd.load(&columns[0], 0), simd.load(&columns[1], 0)];
                let [lower_left, lower_right] = [simd.load(&columns[2], 0), simd.load(&columns[3], 0)];
                store_pairs(simd, [upper_left, upper_right], upper, first);
                store_pairs(simd, [lower_left, lower_right], lower, first);
            }
            for column in whole..width {
                let at = |index: u8| kept_if(choice[column] == index, slopes[column]);
                [upper[2 * column], upper[2 * column + 1]] = [at(0), at(1)];
                [lower[2 * column], lower[2 * column + 1]] = [at(2), at(3)];
            }
            upper[2 * width..].fill(0.0);
            lower[2 * width..].fill(0.0);
        }
        pairs.into_remainder().fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The instruction set of the process is one, so each is tried here.
    #[test]
    fn every_instruction_set_pools_alike() {
        let shape = PlanesShape { planes: 3, height: 7, width: 75 };
        // few different numbers, so that many are equal; and some NaN
        let input: Vec<f32> = (0..3 * 7 * 75_u32)
            .map(|i| if i % 31 == 3 { f32::NAN } else { (i.wrapping_mul(2_654_435_761) >> 29) as f32 })
            .collect();
        let results: Vec<_> = Isa::available()
            .into_iter()
            .map(|isa| {
                let (mut output, mut choice) = (vec![9.0; 3 * 3 * 37], vec![9; 3 * 3 * 37]);
                pool(isa, shape, &input, &mut output, &mut choice).unwrap();
                let mut gradient = vec![9.0; input.len()];
                pool_gradient(isa, shape, &choice, &output, &mut gradient).unwrap();
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                (isa, bits(&output), choice, bits(&gradient))
            })
            .collect();
        for (isa, output, choice, gradient) in &results[1..] {
            assert_eq!((output, choice, gradient), (&results[0].1, &results[0].2, &results[0].3), "{isa:?}");
        }
    }
}
