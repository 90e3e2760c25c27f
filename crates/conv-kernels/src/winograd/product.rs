//! The products: for each of the `A²` positions of a transformed tile a matrix of kernels times a
//! matrix of inputs. One accumulator sums over the input channels in their order.

use crate::simd::Simd;

/// The sizes of the matrices.
pub(super) struct Products<'a> {
    /// Kernels as `[block of output channels, A², C_in, channel of the block]`.
    pub(super) panels: &'a [f32],
    /// Numbers from one panel `[C_in, channel of the block]` to the next.
    pub(super) panel_len: usize,
    /// Channels of a block.
    pub(super) block: usize,
    pub(super) channels_in: usize,
    /// A multiple of `block`.
    pub(super) channels_out: usize,
    pub(super) tiles: usize,
    /// Numbers from one row of either matrix to the next, a whole number of vectors.
    pub(super) row_len: usize,
    /// `A²`.
    pub(super) frequencies: usize,
    /// Numbers from one transformed input `[C_in, tiles]` to the next.
    pub(super) input_plane: usize,
    /// Numbers from one product `[C_out, tiles]` to the next.
    pub(super) product_plane: usize,
}

impl Products<'_> {
    /// Writes the products of the kernels with `input` to `products`.
    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, simd: S, input: &[f32], products: &mut [f32]) {
        let planes = input.chunks_exact(self.input_plane).zip(products.chunks_exact_mut(self.product_plane));
        for (frequency, (input, products)) in planes.enumerate().take(self.frequencies) {
            for block in 0..self.channels_out / self.block {
                let panel = &self.panels[(block * self.frequencies + frequency) * self.panel_len..];
                let products = &mut products[block * self.block * self.row_len..];
                if S::MANY_REGISTERS {
                    self.block::<S, 8, 3>(simd, panel, input, products);
                } else {
                    self.block::<S, 6, 2>(simd, panel, input, products);
                }
            }
        }
    }

    /// `C` output channels of all tiles, at most `W` (2 or 3) vectors at a time.
    #[inline(always)]
    fn block<S: Simd, const C: usize, const W: usize>(
        &self,
        simd: S,
        panel: &[f32],
        input: &[f32],
        products: &mut [f32],
    ) {
        let vectors = self.tiles.div_ceil(S::LANES);
        let mut vector = 0;
        while vector < vectors {
            let tile = vector * S::LANES;
            // four vectors are two and two: one alone waits for its loads
            vector += match vectors - vector {
                1 => self.sums::<S, C, 1>(simd, panel, input, products, tile),
                2 | 4 => self.sums::<S, C, 2>(simd, panel, input, products, tile),
                _ => self.sums::<S, C, W>(simd, panel, input, products, tile),
            };
        }
    }

    /// `C` output channels of `V` vectors of tiles from `tile` on; returns `V`.
    #[inline(always)]
    fn sums<S: Simd, const C: usize, const V: usize>(
        &self,
        simd: S,
        panel: &[f32],
        input: &[f32],
        products: &mut [f32],
        tile: usize,
    ) -> usize {
        let kernels = &panel.as_chunks::<C>().0[..self.channels_in];
        let mut sums = [[simd.splat(0.0); V]; C];
        let mut at = tile;
        for kernel in kernels {
            // one check for all loads
            let window = &input[at..][..V * S::LANES];
            let mut inputs = [simd.splat(0.0); V];
            for v in 0..V {
                inputs[v] = simd.load(window, v * S::LANES);
            }
            for c in 0..C {
                let weight = simd.splat(kernel[c]);
                for v in 0..V {
                    sums[c][v] = simd.multiply_add(weight, inputs[v], sums[c][v]);
                }
            }
            at += self.row_len;
        }
        for c in 0..C {
            for v in 0..V {
                simd.store(sums[c][v], products, c * self.row_len + tile + v * S::LANES);
            }
        }
        V
    }
}
