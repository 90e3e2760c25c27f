//! The shape of a convolution, and the sizes that follow from it.
//!
//! All tensors are row-major `[N, C, H, W]`, weights `[C_out, C_in / groups, k, k]`.

use crate::error::ConvError;

/// Rows and columns of zeros around each plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the left.
    pub left: usize,
    /// Columns to the right.
    pub right: usize,
}

impl Padding {
    /// No padding: the output covers the positions where the whole kernel is inside the input.
    pub const VALID: Self = Self { top: 0, bottom: 0, left: 0, right: 0 };

    /// The padding on each side that keeps the size at stride 1, for an odd `kernel`.
    pub fn same(kernel: usize) -> Self {
        let side = kernel / 2;
        Self { top: side, bottom: side, left: side, right: side }
    }
}

/// Sizes of a convolution with a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Images `N`; 0 is allowed.
    pub batch: usize,
    /// Channels of the input, at least 1, a multiple of `groups`.
    pub channels_in: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the output, at least 1, a multiple of `groups`.
    pub channels_out: usize,
    /// Rows and columns of the kernel, at least 1.
    pub kernel: usize,
    /// Step between neighbouring outputs in input pixels, at least 1.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: Padding,
    /// Parts into which the channels fall; 1 is a full convolution, `channels_in` a depthwise one.
    pub groups: usize,
}

/// Columns from which on rows fill their vectors.
const ENOUGH_COLUMNS: usize = 64;

impl ConvShape {
    /// The same work with rows joined to longer ones, of at most `most_values` over all input channels, where a kernel of
    /// one pixel does not tell them apart: short rows leave most of a vector empty.
    pub(crate) fn with_joined_rows(self, most_values: usize) -> Self {
        let of_pixels = self.kernel == 1 && self.stride == 1 && self.padding == Padding::VALID;
        if !of_pixels || self.width >= ENOUGH_COLUMNS {
            return self;
        }
        let fits = |joined: &usize| {
            let is_whole = self.height.is_multiple_of(*joined);
            is_whole && joined * self.width * (self.channels_in / self.groups) <= most_values
        };
        // the shortest that is long enough, or else the longest
        let fitting = || (1..=self.height).filter(fits);
        let enough = fitting().find(|joined| joined * self.width >= ENOUGH_COLUMNS);
        let joined = enough.or_else(|| fitting().next_back()).unwrap_or(1);
        Self { height: self.height / joined, width: self.width * joined, ..self }
    }

    /// A convolution at stride 1 that keeps height and width; `kernel` is odd.
    ///
    /// # Examples
    /// ```
    /// use conv_kernels::ConvShape;
    ///
    /// // 8 images, 16 channels to 32, 64 × 48 px, kernels of 3 × 3
    /// let shape = ConvShape::same(8, [16, 32], [64, 48], 3).checked()?;
    /// assert_eq!((shape.output(), shape.output_len()), ([64, 48], 8 * 32 * 64 * 48));
    /// # Ok::<(), conv_kernels::ConvError>(())
    /// ```
    pub fn same(
        batch: usize,
        [channels_in, channels_out]: [usize; 2],
        [height, width]: [usize; 2],
        kernel: usize,
    ) -> Self {
        Self {
            batch,
            channels_in,
            height,
            width,
            channels_out,
            kernel,
            stride: 1,
            padding: Padding::same(kernel),
            groups: 1,
        }
    }

    /// Returns the shape if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// If a field is out of range, or a tensor would hold more than `isize::MAX` bytes.
    pub fn checked(self) -> Result<Self, ConvError> {
        for (field, value) in [
            ("channels_in", self.channels_in),
            ("channels_out", self.channels_out),
            ("kernel", self.kernel),
            ("stride", self.stride),
            ("groups", self.groups),
        ] {
            if value == 0 {
                return Err(shape_error(field, value, "at least 1"));
            }
        }
        for (field, value) in [("channels_in", self.channels_in), ("channels_out", self.channels_out)] {
            if !value.is_multiple_of(self.groups) {
                return Err(shape_error(field, value, &format!("a multiple of groups = {}", self.groups)));
            }
        }
        let sides = [
            ("padding.top", self.padding.top),
            ("padding.bottom", self.padding.bottom),
            ("padding.left", self.padding.left),
            ("padding.right", self.padding.right),
            ("height", self.height),
            ("width", self.width),
            ("kernel", self.kernel),
            ("stride", self.stride),
        ];
        for (field, value) in sides {
            if value > LARGEST_SIDE {
                return Err(shape_error(field, value, &format!("at most {LARGEST_SIDE}")));
            }
        }
        let [rows, columns] = self.output();
        for (field, factors) in [
            ("input", [self.batch, self.channels_in, self.height, self.width]),
            ("output", [self.batch, self.channels_out, rows, columns]),
            ("weights", [self.channels_out, self.channels_in / self.groups, self.kernel, self.kernel]),
        ] {
            let count = factors.iter().try_fold(size_of::<f32>(), |count, &factor| count.checked_mul(factor));
            if count.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
                return Err(shape_error(field, format!("{factors:?}"), "a tensor that fits into memory"));
            }
        }
        Ok(self)
    }

    /// Height and width of the output; 0 where the kernel is larger than the padded input.
    pub fn output(&self) -> [usize; 2] {
        let side = |inside: usize, before: usize, after: usize| {
            let padded = inside + before + after;
            if padded < self.kernel { 0 } else { (padded - self.kernel) / self.stride + 1 }
        };
        [
            side(self.height, self.padding.top, self.padding.bottom),
            side(self.width, self.padding.left, self.padding.right),
        ]
    }

    /// Values in the input, `N · C_in · H · W`.
    pub fn input_len(&self) -> usize {
        self.batch * self.channels_in * self.height * self.width
    }

    /// Values in the output, `N · C_out · H_out · W_out`.
    pub fn output_len(&self) -> usize {
        let [height, width] = self.output();
        self.batch * self.channels_out * height * width
    }

    /// Values in the weights, `C_out · C_in / groups · k · k`.
    pub fn weights_len(&self) -> usize {
        self.channels_out * (self.channels_in / self.groups) * self.kernel * self.kernel
    }

    /// Floating-point operations of one pass, two for each product.
    pub fn operations(&self) -> f64 {
        let taps = (self.channels_in / self.groups) * self.kernel * self.kernel;
        2.0 * self.output_len() as f64 * taps as f64
    }
}

/// Sides above this are refused, so that sums of sides cannot overflow.
const LARGEST_SIDE: usize = 1 << 30;

fn shape_error(field: &'static str, found: impl ToString, expected: &str) -> ConvError {
    ConvError::Shape { field, found: found.to_string(), expected: expected.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_sizes_follow_kernel_stride_and_padding() {
        struct Case {
            name: &'static str,
            kernel: usize,
            stride: usize,
            padding: Padding,
            output: [usize; 2],
        }
        let odd = Padding { top: 0, bottom: 1, left: 2, right: 0 };
        let cases = [
            Case { name: "same 3×3", kernel: 3, stride: 1, padding: Padding::same(3), output: [7, 10] },
            Case { name: "valid 5×5", kernel: 5, stride: 1, padding: Padding::VALID, output: [3, 6] },
            Case { name: "stride 2", kernel: 3, stride: 2, padding: Padding::same(3), output: [4, 5] },
            Case { name: "one-sided", kernel: 3, stride: 1, padding: odd, output: [6, 10] },
            Case { name: "too large", kernel: 8, stride: 1, padding: Padding::VALID, output: [0, 3] },
        ];
        for Case { name, kernel, stride, padding, output } in cases {
            let shape = ConvShape { stride, padding, ..ConvShape::same(1, [1, 1], [7, 10], kernel) };
            assert_eq!(shape.checked().expect(name).output(), output, "{name}");
        }
    }

    #[test]
    fn nonsense_is_refused_by_the_name_of_the_field() {
        let good = ConvShape::same(2, [4, 6], [5, 7], 3);
        let cases = [
            ("channels_in", ConvShape { channels_in: 0, ..good }),
            ("kernel", ConvShape { kernel: 0, ..good }),
            ("stride", ConvShape { stride: 0, ..good }),
            ("groups", ConvShape { groups: 0, ..good }),
            ("channels_out", ConvShape { groups: 4, ..good }),
            ("height", ConvShape { height: usize::MAX, ..good }),
            ("input", ConvShape { batch: usize::MAX / 8, ..good }),
        ];
        for (name, shape) in cases {
            match shape.checked() {
                Err(ConvError::Shape { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
