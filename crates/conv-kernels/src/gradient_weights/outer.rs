//! Weight gradient as outer products: the gradient is transposed so that a vector holds the output
//! channels of one place, and each place adds (channels × inputs) to sums in registers.
//!
//! This is a matrix product with the places as its inner dimension; no lanes have to be added.

use super::Operands;
use crate::simd::{Kernel, Simd};

/// Numbers of transposed gradient that stay in the first-level cache.
const PANEL: usize = 6 * 1024;
/// Numbers of scratch memory that are needed.
pub(super) const SCRATCH: usize = PANEL;

/// Adds to `sums[t][c]` the dot product of gradient plane `c` and the input at offset `t`.
pub(super) struct Outer<'a, 'b> {
    pub(super) operands: Operands<'a>,
    /// `[offsets, row_len]`.
    pub(super) sums: &'b mut [f32],
    /// The number of channels, rounded up to whole vectors.
    pub(super) row_len: usize,
    pub(super) channels: usize,
    /// [`SCRATCH`] numbers of any value.
    pub(super) panel: &'b mut [f32],
}

impl Kernel for Outer<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let vectors = self.channels.div_ceil(S::LANES);
        let mut vector = 0;
        while vector < vectors {
            let channel = vector * S::LANES;
            vector += match (vectors - vector, S::MANY_REGISTERS) {
                (1, true) => self.group::<S, 1, 12>(simd, channel),
                (2 | 5, true) => self.group::<S, 2, 12>(simd, channel),
                (3 | 6, true) => self.group::<S, 3, 8>(simd, channel),
                (_, true) => self.group::<S, 4, 6>(simd, channel),
                (1, false) => self.group::<S, 1, 6>(simd, channel),
                (_, false) => self.group::<S, 2, 6>(simd, channel),
            };
        }
    }
}

impl Outer<'_, '_> {
    /// All sums of `V` vectors of channels from `channel` on; returns `V`.
    #[inline(always)]
    fn group<S: Simd, const V: usize, const T: usize>(&mut self, simd: S, channel: usize) -> usize {
        let n_offsets = self.operands.offsets.len();
        let group_len = V * S::LANES;
        let most_places = PANEL / group_len;
        let mut place = 0;
        while place < self.operands.places {
            let places = most_places.min(self.operands.places - place);
            self.transpose(channel, group_len, place, places);
            let mut tap = 0;
            while tap < n_offsets {
                tap += if n_offsets - tap >= T {
                    self.tile::<S, V, T>(simd, [channel, tap], place, places)
                } else {
                    self.tile::<S, V, 1>(simd, [channel, tap], place, places)
                };
            }
            place += places;
        }
        V
    }

    /// Copies the gradient of places from `place` on to the panel, `[places, group_len]`; channels
    /// that do not exist are 0.
    #[inline(always)]
    fn transpose(&mut self, channel: usize, group_len: usize, place: usize, places: usize) {
        let panel = &mut self.panel[..places * group_len];
        let Operands { gradient, gradient_len, .. } = self.operands;
        let existing = group_len.min(self.channels - channel);
        if existing < group_len {
            panel.fill(0.0);
        }
        for c in 0..existing {
            let row = &gradient[(channel + c) * gradient_len + place..][..places];
            for (target, value) in panel[c..].iter_mut().step_by(group_len).zip(row) {
                *target = *value;
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const V: usize, const T: usize>(
        &mut self,
        simd: S,
        [channel, tap]: [usize; 2],
        place: usize,
        places: usize,
    ) -> usize {
        let panel = &self.panel[..places * V * S::LANES];
        let mut inputs = [&self.operands.input[..0]; T];
        for t in 0..T {
            inputs[t] = &self.operands.input[place + self.operands.offsets[tap + t]..][..places];
        }
        let mut sums = [[simd.splat(0.0); V]; T];
        for t in 0..T {
            for v in 0..V {
                sums[t][v] = simd.load(self.sums, (tap + t) * self.row_len + channel + v * S::LANES);
            }
        }
        for p in 0..places {
            // one check for all loads
            let window = &panel[p * V * S::LANES..][..V * S::LANES];
            let mut slopes = [simd.splat(0.0); V];
            for v in 0..V {
                slopes[v] = simd.load(window, v * S::LANES);
            }
            for t in 0..T {
                let input = simd.splat(inputs[t][p]);
                for v in 0..V {
                    sums[t][v] = simd.multiply_add(input, slopes[v], sums[t][v]);
                }
            }
        }
        for t in 0..T {
            for v in 0..V {
                simd.store(sums[t][v], self.sums, (tap + t) * self.row_len + channel + v * S::LANES);
            }
        }
        T
    }
}
