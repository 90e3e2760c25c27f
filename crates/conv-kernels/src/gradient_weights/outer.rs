//! Weight gradient as outer products: the gradient is transposed so that a vector holds the output
//! channels of one position, and each position adds (channels × inputs) to sums in registers.
//!
//! This is a matrix product with the positions as its inner dimension; no lanes have to be added.

use super::Operands;
use crate::simd::{Kernel, LARGEST_LANES, Simd};

/// Numbers of transposed gradient that stay in the first-level cache.
const PANEL: usize = 6 * 1024;
/// Numbers of scratch memory that are needed.
pub(crate) const SCRATCH: usize = PANEL;

/// Adds to `sums[t][c]` the dot product of gradient plane `c` and the input at offset `t`.
pub(crate) struct Outer<'a, 'b> {
    pub(crate) operands: Operands<'a>,
    /// `[offsets, row_len]`.
    pub(crate) sums: &'b mut [f32],
    /// The number of channels, rounded up to whole vectors.
    pub(crate) row_len: usize,
    pub(crate) channels: usize,
    /// [`SCRATCH`] numbers of any value.
    pub(crate) panel: &'b mut [f32],
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
        // pieces of about equal length, each of whole vectors
        let pieces = self.operands.places.div_ceil(PANEL / group_len).max(1);
        let most_places = self.operands.places.div_ceil(pieces).next_multiple_of(S::LANES);
        let mut place = 0;
        while place < self.operands.places {
            let places = most_places.min(self.operands.places - place);
            self.transpose(simd, [channel, group_len], [place, places]);
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

    /// Copies the gradient of positions from `place` on, a multiple of the vector's length, to the
    /// panel, `[places, group_len]`; channels that do not exist are 0.
    #[inline(always)]
    fn transpose<S: Simd>(&mut self, simd: S, [channel, group_len]: [usize; 2], [place, places]: [usize; 2]) {
        let Operands { gradient, gradient_len, .. } = self.operands;
        for first in (0..group_len).step_by(S::LANES) {
            for start in (0..places).step_by(S::LANES) {
                let mut rows = [simd.splat(0.0); LARGEST_LANES];
                for lane in 0..S::LANES {
                    let row = channel + first + lane;
                    if row < self.channels {
                        rows[lane] = simd.load(gradient, row * gradient_len + place + start);
                    }
                }
                transpose(simd, &mut rows);
                let panel = &mut self.panel[start * group_len + first..];
                for lane in 0..S::LANES {
                    simd.store(rows[lane], panel, lane * group_len);
                }
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

/// Exchanges rows and columns of the first `LANES` vectors: as often as halves the number of rows to
/// 1, each row is merged with the one half of all rows further on.
#[inline(always)]
fn transpose<S: Simd>(simd: S, rows: &mut [S::Vector; LARGEST_LANES]) {
    let half = S::LANES / 2;
    let mut left = S::LANES;
    while left > 1 {
        let before = *rows;
        for row in 0..half {
            [rows[2 * row], rows[2 * row + 1]] = simd.interleave(before[row], before[row + half]);
        }
        left /= 2;
    }
}
