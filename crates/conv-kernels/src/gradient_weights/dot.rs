//! Weight gradient as dot products along the positions: good where one side has few channels, because
//! nothing is transposed; but the lanes of each sum must be added at the end.

use super::Operands;
use crate::relu::kept_if;
use crate::simd::{Kernel, LARGEST_LANES, Simd};

/// Places that are summed before lanes are added; 8 planes of them stay in the first-level cache.
const PLACES: usize = 768;

/// Adds to `sums[c][t]` the dot product of gradient plane `c` and the input at offset `t`.
pub(super) struct Dot<'a, 'b> {
    pub(super) operands: Operands<'a>,
    /// `[C_out, offsets]`.
    pub(super) sums: &'b mut [f32],
}

impl Kernel for Dot<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let channels = self.sums.len() / self.operands.offsets.len();
        let mut place = 0;
        while place < self.operands.places {
            let mut channel = 0;
            while channel < channels {
                channel += match channels - channel {
                    8.. if S::MANY_REGISTERS => self.channels::<S, 8, 3>(simd, channel, place),
                    4.. => self.channels::<S, 4, 3>(simd, channel, place),
                    2.. => self.channels::<S, 2, 3>(simd, channel, place),
                    _ => self.channels::<S, 1, 9>(simd, channel, place),
                };
            }
            place += PLACES;
        }
    }
}

impl Dot<'_, '_> {
    #[inline(always)]
    fn channels<S: Simd, const C: usize, const T: usize>(
        &mut self,
        simd: S,
        channel: usize,
        place: usize,
    ) -> usize {
        let n_offsets = self.operands.offsets.len();
        let mut tap = 0;
        while tap < n_offsets {
            tap += if n_offsets - tap >= T {
                self.tile::<S, C, T>(simd, [channel, tap], place)
            } else {
                self.tile::<S, C, 1>(simd, [channel, tap], place)
            };
        }
        C
    }

    #[inline(always)]
    fn tile<S: Simd, const C: usize, const T: usize>(
        &mut self,
        simd: S,
        [channel, tap]: [usize; 2],
        place: usize,
    ) -> usize {
        let Operands { input, offsets, gradient, gradient_len, places } = self.operands;
        let offsets = &offsets[tap..tap + T];
        let gradient = &gradient[channel * gradient_len..];
        let mut sums = [[simd.splat(0.0); T]; C];
        let mut place = place;
        let end = (place + PLACES).min(places);
        while place < end {
            let mut inputs = [simd.splat(0.0); T];
            for t in 0..T {
                inputs[t] = simd.load(input, place + offsets[t]);
            }
            for c in 0..C {
                let slope = simd.load(gradient, c * gradient_len + place);
                for t in 0..T {
                    sums[c][t] = simd.multiply_add(slope, inputs[t], sums[c][t]);
                }
            }
            place += S::LANES;
        }
        let n_offsets = self.operands.offsets.len();
        for c in 0..C {
            for t in 0..T {
                self.sums[(channel + c) * n_offsets + tap + t] += simd.sum(sums[c][t]);
            }
        }
        T
    }
}

/// Adds to `sums[c]` the sum of gradient plane `c`: the gradient for the bias.
pub(super) struct Totals<'a, 'b> {
    pub(super) operands: Operands<'a>,
    pub(super) sums: &'b mut [f32],
}

impl Kernel for Totals<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Operands { gradient, gradient_len, places, .. } = self.operands;
        for (sum, plane) in self.sums.iter_mut().zip(gradient.chunks_exact(gradient_len)) {
            let one = simd.splat(1.0);
            let mut sums = [simd.splat(0.0); 2];
            let mut place = 0;
            while place < places {
                sums[0] = simd.multiply_add(simd.load(plane, place), one, sums[0]);
                sums = [sums[1], sums[0]];
                place += S::LANES;
            }
            *sum += simd.sum(sums[0]) + simd.sum(sums[1]);
        }
    }
}

/// The sum of all values whose mask, if there is one, is above 0.
pub(super) struct PlaneSum<'a> {
    pub(super) values: &'a [f32],
    pub(super) mask: Option<&'a [f32]>,
}

impl Kernel for PlaneSum<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> f32 {
        // one sum for each lane of the widest vector, whatever the instruction set
        let mut sums = [0.0; LARGEST_LANES];
        let mask = self.mask.unwrap_or(self.values);
        let pieces = self.values.chunks(LARGEST_LANES).zip(mask.chunks(LARGEST_LANES));
        for (values, masks) in pieces {
            for ((sum, value), mask) in sums.iter_mut().zip(values).zip(masks) {
                *sum += kept_if(self.mask.is_none() || *mask > 0.0, *value);
            }
        }
        sums.iter().sum()
    }
}
