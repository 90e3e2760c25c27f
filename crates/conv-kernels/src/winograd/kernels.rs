//! Kernels, transformed and packed for the products.

use super::transform::Tile;
use crate::correlate::WeightOrder;
use crate::simd::{Kernel, LARGEST_LANES, Simd};
use std::marker::PhantomData;
use std::ops::Range;

/// Packs the kernels of a block of output channels as `[A², C_in, channel of the block]`; where the
/// block is not full, the rest is zeros.
pub(super) struct PackKernels<'a, T, const M: usize, const A: usize> {
    pub(super) weights: &'a [f32],
    pub(super) order: &'a WeightOrder,
    pub(super) turned: bool,
    pub(super) channels_in: usize,
    pub(super) channels_out: Range<usize>,
    pub(super) block: usize,
    /// Numbers from one of the `A²` panels to the next.
    pub(super) panel_len: usize,
    pub(super) packed: &'a mut [f32],
    pub(super) tile: PhantomData<T>,
}

impl<T: Tile<M, A>, const M: usize, const A: usize> Kernel for PackKernels<'_, T, M, A> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut taps = [[0.0; LARGEST_LANES]; 9];
        // a vector holds the channels of the block for one input channel after the other
        for first in (0..self.channels_in * self.block).step_by(S::LANES) {
            let (mut channel_in, mut c) = (first / self.block, first % self.block);
            for lane in 0..S::LANES {
                let used = channel_in < self.channels_in && c < self.channels_out.len();
                let at = (self.channels_out.start + c) * self.order.channel_out
                    + channel_in * self.order.channel_in;
                let kernel = if used { &self.weights[at..at + 9] } else { &[0.0; 9] };
                for tap in 0..9 {
                    taps[tap][lane] = kernel[tap];
                }
                c += 1;
                if c == self.block {
                    (channel_in, c) = (channel_in + 1, 0);
                }
            }
            if self.turned {
                taps.reverse();
            }
            let mut rows = [[simd.splat(0.0); A]; 3];
            for y in 0..3 {
                let [first, second, third] = [&taps[3 * y], &taps[3 * y + 1], &taps[3 * y + 2]];
                let row = [simd.load(first, 0), simd.load(second, 0), simd.load(third, 0)];
                rows[y] = T::kernel(simd, row);
            }
            for x in 0..A {
                let column = T::kernel(simd, [rows[0][x], rows[1][x], rows[2][x]]);
                for y in 0..A {
                    simd.store(column[y], self.packed, (y * A + x) * self.panel_len + first);
                }
            }
        }
    }
}
