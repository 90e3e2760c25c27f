//! Max-pool over windows of any size, step and padding, and its gradient. Windows of 2×2 with step 2
//! have a faster function of their own ([`crate::max_pool_2x2`]).

use crate::error::{ConvError, check_length};
use crate::pool::PlanesShape;
use rayon::prelude::*;

/// Windows of a max-pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolWindow {
    /// Rows and columns of a window, at least 1.
    pub kernel: usize,
    /// Step between windows, at least 1.
    pub stride: usize,
    /// Positions by which windows may extend beyond the input on each side, at most half a window.
    pub padding: usize,
    /// Whether the last window may extend further, if it begins inside the input or in the leading padding.
    pub ceil: bool,
}

impl PoolWindow {
    /// Each 2×2 positions; an odd last row or column is left out.
    pub const HALF: Self = Self { kernel: 2, stride: 2, padding: 0, ceil: false };

    /// Windows along `length` positions; 0 where not one fits.
    pub fn output(self, length: usize) -> usize {
        let Self { kernel, stride, padding, ceil } = self;
        let Some(room) = (length + 2 * padding).checked_sub(kernel) else { return 0 };
        let count = if ceil { room.div_ceil(stride) } else { room / stride } + 1;
        // a window that would begin after the last position covers nothing
        if ceil && (count - 1) * stride >= length + padding { count - 1 } else { count }
    }

    /// The positions `first .. end` that window `index` covers along `length` positions.
    fn seen(self, index: usize, length: usize) -> (usize, usize) {
        let begin = index * self.stride;
        (begin.saturating_sub(self.padding), (begin + self.kernel).saturating_sub(self.padding).min(length))
    }

    fn checked(self) -> Result<Self, ConvError> {
        let error = |field, found: usize, expected: &str| {
            Err(ConvError::Shape { field, found: found.to_string(), expected: expected.to_owned() })
        };
        match self {
            Self { kernel: 0, .. } => error("kernel", 0, "at least 1"),
            Self { stride: 0, .. } => error("stride", 0, "at least 1"),
            Self { padding, kernel, .. } if padding > kernel / 2 => {
                error("padding", padding, "at most half a window")
            }
            _ => Ok(self),
        }
    }
}

/// Writes the largest value of each window of `input` `[N · C, H, W]` to `output` `[N · C, H', W']`,
/// and its index in its plane to `choice`. Positions beyond the input are ignored.
///
/// The first of equal values is chosen; a NaN is chosen before all numbers.
///
/// # Errors
/// If a window makes no sense, or a slice has another length than the shape says.
pub fn max_pool(
    shape: PlanesShape,
    window: PoolWindow,
    input: &[f32],
    output: &mut [f32],
    choice: &mut [u32],
) -> Result<(), ConvError> {
    let sides = checked_sides(shape, window, input.len(), output.len(), choice.len())?;
    if output.is_empty() {
        return Ok(());
    }
    let [height, width] = sides;
    output
        .par_chunks_mut(height * width)
        .zip(choice.par_chunks_mut(height * width))
        .zip(input.par_chunks(shape.height * shape.width))
        .for_each(|((output, choice), input)| {
            for (y, (output, choice)) in
                output.chunks_exact_mut(width).zip(choice.chunks_exact_mut(width)).enumerate()
            {
                let (first, end) = window.seen(y, shape.height);
                for (x, (output, choice)) in output.iter_mut().zip(choice.iter_mut()).enumerate() {
                    let place = first * shape.width + window.seen(x, shape.width).0;
                    (*output, *choice) = (input[place], place as u32);
                }
                for row in first..end {
                    let values = &input[row * shape.width..(row + 1) * shape.width];
                    for tap in 0..window.kernel {
                        raise(window, (row * shape.width, tap), values, (output, choice));
                    }
                }
            }
        });
    Ok(())
}

/// Compares the value at `tap` of each window with the largest so far; `values` are the columns of
/// one row, which begins at index `begin`.
fn raise(
    window: PoolWindow,
    (begin, tap): (usize, usize),
    values: &[f32],
    (output, choice): (&mut [f32], &mut [u32]),
) {
    let PoolWindow { stride, padding, .. } = window;
    // windows whose tap is inside
    let first = padding.saturating_sub(tap).div_ceil(stride);
    let end = (values.len() + padding).saturating_sub(tap).div_ceil(stride).min(output.len());
    if first >= end {
        return;
    }
    let column = first * stride + tap - padding;
    let windows = output[first..end].iter_mut().zip(&mut choice[first..end]);
    for ((output, choice), (place, &value)) in
        windows.zip(values[column..].iter().enumerate().step_by(stride))
    {
        let better = ((value > *output) | value.is_nan()) & !output.is_nan();
        *output = if better { value } else { *output };
        *choice = if better { (begin + column + place) as u32 } else { *choice };
    }
}

/// Writes the gradient for a pool's input to `grad_input` `[N · C, H, W]`: at each position the sum
/// over the windows that chose it, in their order.
///
/// # Errors
/// If a window makes no sense, or a slice has another length than the shape says.
pub fn max_pool_gradient(
    shape: PlanesShape,
    window: PoolWindow,
    choice: &[u32],
    grad_output: &[f32],
    grad_input: &mut [f32],
) -> Result<(), ConvError> {
    let [height, width] = checked_sides(shape, window, grad_input.len(), grad_output.len(), choice.len())?;
    grad_input.fill(0.0);
    if choice.is_empty() {
        return Ok(());
    }
    grad_input
        .par_chunks_mut(shape.height * shape.width)
        .zip(choice.par_chunks(height * width))
        .zip(grad_output.par_chunks(height * width))
        .for_each(|((grad_input, choice), grad_output)| {
            for (&place, &slope) in choice.iter().zip(grad_output) {
                let place = place as usize;
                if let Some(sum) = grad_input.get_mut(place) {
                    *sum += slope;
                }
            }
        });
    Ok(())
}

/// Height and width of the output.
fn checked_sides(
    shape: PlanesShape,
    window: PoolWindow,
    input: usize,
    output: usize,
    choice: usize,
) -> Result<[usize; 2], ConvError> {
    let window = window.checked()?;
    check_length("input", input, shape.len([shape.height, shape.width])?)?;
    if u32::try_from(shape.height.saturating_mul(shape.width)).is_err() {
        let found = format!("{} × {}", shape.height, shape.width);
        return Err(ConvError::Shape {
            field: "planes",
            found,
            expected: "at most 2³² positions".to_owned(),
        });
    }
    let sides = [window.output(shape.height), window.output(shape.width)];
    check_length("output", output, shape.len(sides)?)?;
    check_length("choice", choice, output)?;
    Ok(sides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_counted_as_frameworks_count_them() {
        let window = |kernel, stride, padding, ceil| PoolWindow { kernel, stride, padding, ceil };
        // by hand: the last window may not begin after the end of the input
        for (length, window, expected) in [
            (7, PoolWindow::HALF, 3),
            (1, PoolWindow::HALF, 0),
            (111, window(3, 2, 0, false), 55),
            (112, window(3, 2, 0, false), 55),
            (112, window(3, 2, 0, true), 56),
            (112, window(3, 2, 1, false), 56),
            (5, window(2, 3, 0, true), 2),
            (3, window(2, 3, 0, true), 1),
            (4, window(2, 2, 1, true), 3),
        ] {
            assert_eq!(window.output(length), expected, "{length} {window:?}");
        }
    }

    #[test]
    fn the_largest_of_each_window_is_taken_and_gets_the_gradient() {
        // every padded window of 3 with step 2 over 2 planes of 4 × 5, against a search over all positions
        let shape = PlanesShape { planes: 2, height: 4, width: 5 };
        let input: Vec<f32> = (0..40).map(|index| ((index * 17 + 5) % 23) as f32).collect();
        for ceil in [false, true] {
            let window = PoolWindow { kernel: 3, stride: 2, padding: 1, ceil };
            let [height, width] = [window.output(4), window.output(5)];
            let n = 2 * height * width;
            let (mut output, mut choice) = (vec![0.0; n], vec![0; n]);
            max_pool(shape, window, &input, &mut output, &mut choice).unwrap();
            let slopes: Vec<f32> = (0..n).map(|index| 1.0 + index as f32).collect();
            let mut gradient = vec![f32::NAN; 40];
            max_pool_gradient(shape, window, &choice, &slopes, &mut gradient).unwrap();
            let mut expected = vec![0.0; 40];
            for index in 0..n {
                let (plane, y, x) = (index / (height * width), index / width % height, index % width);
                let inside = |place: &usize| {
                    let (py, px) = (place % 20 / 5 + 1, place % 5 + 1);
                    (2 * y..2 * y + 3).contains(&py) && (2 * x..2 * x + 3).contains(&px)
                };
                let places: Vec<usize> = (plane * 20..plane * 20 + 20).filter(inside).collect();
                let best = places.iter().copied().reduce(|a, b| if input[b] > input[a] { b } else { a });
                assert_eq!(output[index], input[best.unwrap()]);
                expected[best.unwrap()] += slopes[index];
            }
            assert_eq!(gradient, expected);
        }
    }

    #[test]
    fn nonsense_is_refused_by_the_name_of_the_field() {
        let shape = PlanesShape { planes: 1, height: 4, width: 4 };
        for (field, window) in [
            ("kernel", PoolWindow { kernel: 0, ..PoolWindow::HALF }),
            ("stride", PoolWindow { stride: 0, ..PoolWindow::HALF }),
            ("padding", PoolWindow { padding: 2, ..PoolWindow::HALF }),
        ] {
            let error = max_pool(shape, window, &[0.0; 16], &mut [], &mut []).unwrap_err();
            assert!(matches!(error, ConvError::Shape { field: found, .. } if found == field), "{error}");
        }
    }
}
