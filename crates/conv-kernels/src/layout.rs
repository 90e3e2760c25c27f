//! Packed planes: how a strip of rows is laid out so that every kernel is one loop.
//!
//! A packed plane is flat. Row `r`, column `c` of the output grid has position `r · row_stride + c`,
//! and each tap of the kernel (row, column) is at a constant offset from every position. So one loop
//! over positions serves every width, and a vector may extend past the end of a row: the values it
//! computes for the few positions between two rows are left out when rows are written. The zeros to
//! the right of a row and to the left of the next are shared where possible.
//!
//! A source that is read in steps (stride 2) is split into one plane for each remainder of row and
//! column, inside which steps are 1 again.

use crate::relu::kept_if;
use std::ops::Range;

/// A packed plane's geometry, for outputs of `columns` columns.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Rows and columns of the source planes.
    pub(crate) source: [usize; 2],
    /// Step in the source between neighbouring positions.
    pub(crate) stride: usize,
    /// Remainders of rows and columns that some tap needs, `min(stride, kernel)`.
    pub(crate) remainders: usize,
    /// Source row and column of position 0, tap 0, negated: zeros above and to the left.
    pub(crate) before: [isize; 2],
    /// Rows from the first tap down to the lowest.
    pub(crate) tap_rows: usize,
    /// Positions from one row to the next.
    pub(crate) row_stride: usize,
}

/// Offset of one weight of a kernel in the packed planes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap {
    /// Remainders of row and column.
    pub(crate) remainder: [usize; 2],
    /// Rows and columns from the position.
    pub(crate) distance: [usize; 2],
    /// Index of the weight in its `k × k` kernel.
    pub(crate) weight: usize,
}

/// Source of the values to pack: all planes of a tensor, and optionally a mask.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) values: &'a [f32],
    /// Values are taken as 0 where this, of the same shape, is not above 0.
    pub(crate) mask: Option<&'a [f32]>,
}

impl Layout {
    /// The layout for a kernel of `kernel` taps each way over `source` planes, whose first tap
    /// is `before` rows and columns before the first position; outputs have `columns` columns.
    pub(crate) fn new(
        source: [usize; 2],
        [kernel, stride]: [usize; 2],
        before: [isize; 2],
        columns: usize,
    ) -> Self {
        let tap_columns = (kernel - 1) / stride;
        let apart = columns + tap_columns;
        let row_stride = if stride == 1 && before[1] >= 0 {
            // rows share their zeros if all data of a row fits, and if what a tap reads beyond a
            // row is zeros of the next
            let left = before[1] as usize;
            columns.max(apart.min((source[1] + left).max(apart - left.min(apart))))
        } else {
            apart
        };
        let tap_rows = (kernel - 1) / stride;
        Self { source, stride, remainders: stride.min(kernel), before, tap_rows, row_stride }
    }

    /// Whether packed planes are those of the source.
    pub(crate) fn is_source(&self) -> bool {
        self.stride == 1
            && self.remainders == 1
            && self.before == [0, 0]
            && self.tap_rows == 0
            && self.row_stride == self.source[1]
    }

    /// The taps of a `kernel × kernel` kernel in the order of its weights.
    pub(crate) fn taps(&self, kernel: usize) -> Vec<Tap> {
        let mut taps = Vec::with_capacity(kernel * kernel);
        for y in 0..kernel {
            for x in 0..kernel {
                taps.push(Tap {
                    remainder: [y % self.stride, x % self.stride],
                    distance: [y / self.stride, x / self.stride],
                    weight: y * kernel + x,
                });
            }
        }
        taps
    }

    /// Values of one remainder's plane in a strip of `rows` rows of positions.
    fn plane_len(&self, rows: usize) -> usize {
        (rows + self.tap_rows) * self.row_stride
    }

    /// Values of one packed channel in a strip of `rows` rows of positions.
    pub(crate) fn channel_len(&self, rows: usize) -> usize {
        self.remainders * self.remainders * self.plane_len(rows)
    }

    /// Places from the first of `rows` rows to the last one that is written.
    pub(crate) fn places(&self, rows: usize, columns: usize) -> usize {
        if rows == 0 { 0 } else { (rows - 1) * self.row_stride + columns }
    }

    /// Offset of `tap` from a position, in a strip of `rows` rows.
    pub(crate) fn offset(&self, tap: &Tap, rows: usize) -> usize {
        let plane = tap.remainder[0] * self.remainders + tap.remainder[1];
        plane * self.plane_len(rows) + tap.distance[0] * self.row_stride + tap.distance[1]
    }

    /// Packs the positions of `rows` of channel `plane_idx` of `source` into `target`. Compiled anew for each
    /// instruction set.
    #[inline(always)]
    pub(crate) fn pack(&self, source: Source<'_>, plane_idx: usize, rows: Range<usize>, target: &mut [f32]) {
        let [height, width] = self.source;
        let plane = plane_idx * height * width;
        let n_rows = rows.len();
        let mut target_rows = target[..self.channel_len(n_rows)].chunks_exact_mut(self.row_stride.max(1));
        for remainder_y in 0..self.remainders {
            for remainder_x in 0..self.remainders {
                for row in 0..n_rows + self.tap_rows {
                    let Some(packed) = target_rows.next() else { return };
                    let y = ((rows.start + row) * self.stride + remainder_y) as isize - self.before[0];
                    if y < 0 || y >= height as isize {
                        packed.fill(0.0);
                        continue;
                    }
                    let start = plane + y as usize * width;
                    let row_of = |values: &'_ [f32]| start..(start + width).min(values.len());
                    let values = &source.values[row_of(source.values)];
                    let mask = source.mask.map(|mask| &mask[row_of(mask)]);
                    self.pack_row(values, mask, remainder_x, packed);
                }
            }
        }
    }

    #[inline(always)]
    fn pack_row(&self, values: &[f32], mask: Option<&[f32]>, remainder: usize, packed: &mut [f32]) {
        // column c of the row holds values[c · stride + remainder − before]
        let shift = remainder as isize - self.before[1];
        let first = if shift >= 0 { 0 } else { shift.unsigned_abs().div_ceil(self.stride) };
        let first = first.min(packed.len());
        let skip = (first * self.stride) as isize + shift; // not negative by the choice of `first`
        let skip = (skip as usize).min(values.len());
        let available = (values.len() - skip).div_ceil(self.stride);
        let last = (first + available).min(packed.len());
        packed[..first].fill(0.0);
        packed[last..].fill(0.0);
        let packed = &mut packed[first..last];
        let values = &values[skip..];
        match mask {
            None if self.stride == 1 => copy_short(&values[..packed.len()], packed),
            None if self.stride == 2 => {
                let (pairs, single) = values.as_chunks::<2>();
                // two loops: one over both is not made into vectors
                let (of_pairs, last) = packed.split_at_mut(pairs.len().min(packed.len()));
                for (packed, pair) in of_pairs.iter_mut().zip(pairs) {
                    *packed = pair[0];
                }
                for (packed, value) in last.iter_mut().zip(single) {
                    *packed = *value;
                }
            }
            None => {
                for (packed, value) in packed.iter_mut().zip(values.iter().step_by(self.stride)) {
                    *packed = *value;
                }
            }
            Some(mask) => {
                debug_assert_eq!(
                    self.stride, 1,
                    "only gradients are masked, and they are read in steps of 1"
                );
                let kept = values.iter().zip(&mask[skip..]);
                for (packed, (value, mask)) in packed.iter_mut().zip(kept) {
                    *packed = kept_if(*mask > 0.0, *value);
                }
            }
        }
    }
}

/// Values that are copied by a call: fewer take less time than the call.
const LEAST_CALLED: usize = 64;

/// Copies `from` to `to`, of the same length, often short.
#[inline(always)]
pub(crate) fn copy_short(from: &[f32], to: &mut [f32]) {
    if from.len() >= LEAST_CALLED {
        return to.copy_from_slice(from);
    }
    let (eights, rest) = from.as_chunks::<8>();
    let (eights_to, rest_to) = to.as_chunks_mut::<8>();
    for (to, from) in eights_to.iter_mut().zip(eights) {
        *to = *from;
    }
    let (fours, rest) = rest.as_chunks::<4>();
    let (fours_to, rest_to) = rest_to.as_chunks_mut::<4>();
    for (to, from) in fours_to.iter_mut().zip(fours) {
        *to = *from;
    }
    if let ([a, ..], [to, ..]) = (rest, &mut *rest_to) {
        *to = *a;
    }
    if let ([_, b, ..], [_, to, ..]) = (rest, &mut *rest_to) {
        *to = *b;
    }
    if let ([_, _, c], [_, _, to]) = (rest, rest_to) {
        *to = *c;
    }
}
