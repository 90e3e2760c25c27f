//! Tiles of planes: copied into the transforms, and written back after them.

use super::transform::{Lift, Tile};
use crate::clip::Clip;
use crate::layout::Source;
use crate::relu::kept_if;
use crate::simd::{LARGEST_LANES, Simd};
use std::ops::Range;

/// Some rows of tiles of some images, to be transformed.
pub(super) struct InputTiles<'a, const M: usize> {
    pub(super) source: Source<'a>,
    /// Height and width of the source planes.
    pub(super) size: [usize; 2],
    /// Source row and column that the first tile begins with, negated.
    pub(super) before: [isize; 2],
    /// Channels of the source planes.
    pub(super) all_channels: usize,
    /// Those to be transformed.
    pub(super) channels: Range<usize>,
    pub(super) images: Range<usize>,
    /// Rows of tiles.
    pub(super) rows: Range<usize>,
    pub(super) tile_columns: usize,
    /// Room for one padded row, and for all rows of one plane, see [`split_row`].
    pub(super) lines: &'a mut [f32],
    /// Tiles from one channel of the transform to the next.
    pub(super) row_len: usize,
}

impl<const M: usize> InputTiles<'_, M> {
    /// Numbers from one remainder of columns of a packed row to the next.
    pub(super) fn line_len(tile_columns: usize) -> usize {
        tile_columns.next_multiple_of(LARGEST_LANES) + LARGEST_LANES
    }

    /// Writes the transform of `W × W` values of each tile to `planes`, `A²` times
    /// `[channels, tiles]`.
    #[inline(always)]
    pub(super) fn transform<S: Simd, L: Lift<W, A>, const W: usize, const A: usize>(
        mut self,
        simd: S,
        planes: &mut [&mut [f32]],
    ) {
        let line_len = Self::line_len(self.tile_columns);
        let vectors = self.tile_columns.div_ceil(S::LANES);
        let (row, lines) = std::mem::take(&mut self.lines).split_at_mut(M * line_len);
        row.fill(0.0); // values outside the planes stay 0
        let [height, width] = self.size;
        let first_row = (self.rows.start * M) as isize - self.before[0];
        for (image_idx, image) in self.images.clone().enumerate() {
            for (channel_idx, channel) in self.channels.clone().enumerate() {
                let plane = (image * self.all_channels + channel) * height * width;
                let rows = lines.chunks_exact_mut(M * line_len).take(self.rows.len() * M + 2);
                for (line_idx, line) in rows.enumerate() {
                    let y = first_row + line_idx as isize;
                    if y < 0 || y >= height as isize {
                        line.fill(0.0);
                    } else {
                        let start = plane + y as usize * width;
                        self.copy_row(start, row);
                        split_row::<S, M>(simd, row, vectors, line);
                    }
                }
                for tile_row in 0..self.rows.len() {
                    let lines = &lines[tile_row * M * M * line_len..];
                    let tile = (image_idx * self.rows.len() + tile_row) * self.tile_columns;
                    for vector in 0..vectors {
                        let at = vector * S::LANES;
                        let mut columns = [[simd.splat(0.0); A]; W];
                        for x in 0..W {
                            let from = (x % M) * line_len + x / M + at;
                            let mut column = [simd.splat(0.0); W];
                            for y in 0..W {
                                column[y] = simd.load(lines, y * M * line_len + from);
                            }
                            columns[x] = L::lift(simd, column);
                        }
                        let target = channel_idx * self.row_len + tile + at;
                        for y in 0..A {
                            let mut row = [simd.splat(0.0); W];
                            for x in 0..W {
                                row[x] = columns[x][y];
                            }
                            let row = L::lift(simd, row);
                            for x in 0..A {
                                simd.store(row[x], planes[y * A + x], target);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Copies the source row at `start` to its position in the padded `row`.
    #[inline(always)]
    fn copy_row(&self, start: usize, row: &mut [f32]) {
        let width = self.size[1];
        let skip = usize::try_from(-self.before[1]).unwrap_or(0).min(width);
        let first = usize::try_from(self.before[1]).unwrap_or(0).min(row.len());
        let len = (width - skip).min(row.len() - first);
        let row = &mut row[first..first + len];
        let values = &self.source.values[start + skip..][..len];
        match self.source.mask {
            None => row.copy_from_slice(values),
            Some(mask) => {
                for ((target, value), mask) in row.iter_mut().zip(values).zip(&mask[start + skip..][..len]) {
                    *target = kept_if(*mask > 0.0, *value);
                }
            }
        }
    }
}

/// Splits a padded row into the columns of each remainder by `M`, so that neighbouring tiles are
/// side by side: tile `t` finds its columns `M` and `M + 1` as columns 0 and 1 of tile `t + 1`.
#[inline(always)]
fn split_row<S: Simd, const M: usize>(simd: S, row: &[f32], vectors: usize, line: &mut [f32]) {
    let line_len = line.len() / M;
    for vector in 0..vectors {
        let from = &row[vector * M * S::LANES..][..M * S::LANES];
        let mut parts = [simd.splat(0.0); M];
        for part in 0..M {
            parts[part] = simd.load(from, part * S::LANES);
        }
        let columns = deinterleave(simd, parts);
        for remainder in 0..M {
            simd.store(columns[remainder], line, remainder * line_len + vector * S::LANES);
        }
    }
    let last = vectors * S::LANES;
    for remainder in 0..2 {
        line[remainder * line_len + last] = row[last * M + remainder];
    }
}

/// The numbers at indices 0, 1, … of each `M` (2 or 4) of the `M · LANES` numbers of `parts`.
#[inline(always)]
fn deinterleave<S: Simd, const M: usize>(simd: S, parts: [S::Vector; M]) -> [S::Vector; M] {
    let mut result = parts;
    if M == 2 {
        [result[0], result[1]] = simd.deinterleave(parts[0], parts[1]);
    } else {
        let [even, odd] = simd.deinterleave(parts[0], parts[1]);
        let [even_after, odd_after] = simd.deinterleave(parts[2], parts[3]);
        [result[0], result[2]] = simd.deinterleave(even, even_after);
        [result[1], result[3]] = simd.deinterleave(odd, odd_after);
    }
    result
}

/// The inverse of [`deinterleave`].
#[inline(always)]
fn interleave<S: Simd, const M: usize>(simd: S, columns: [S::Vector; M]) -> [S::Vector; M] {
    let mut result = columns;
    if M == 2 {
        [result[0], result[1]] = simd.interleave(columns[0], columns[1]);
    } else {
        let even = simd.interleave(columns[0], columns[2]);
        let odd = simd.interleave(columns[1], columns[3]);
        [result[0], result[1]] = simd.interleave(even[0], odd[0]);
        [result[2], result[3]] = simd.interleave(even[1], odd[1]);
    }
    result
}

/// Some rows of tiles of some images, to be written.
pub(super) struct OutputTiles<'a, 'b> {
    /// Images of the task.
    pub(super) images: usize,
    /// Output channels of the task.
    pub(super) channels: usize,
    pub(super) bias: Option<&'a [f32]>,
    pub(super) clip: Clip,
    pub(super) tile_rows: usize,
    pub(super) tile_columns: usize,
    /// Columns of the output planes.
    pub(super) width: usize,
    /// Tiles from one channel of the products to the next.
    pub(super) row_len: usize,
    /// Numbers from one of the `A²` planes of the products to the next.
    pub(super) plane_len: usize,
    /// Rows of the output planes, image by image.
    pub(super) planes: Vec<&'b mut [f32]>,
}

impl OutputTiles<'_, '_> {
    /// Transforms `products`, `[A², C_out, tiles]`, adds the bias and writes the planes.
    #[inline(always)]
    pub(super) fn transform<S: Simd, T: Tile<M, A>, const M: usize, const A: usize>(
        mut self,
        simd: S,
        products: &[f32],
    ) {
        for image in 0..self.images {
            for channel in 0..self.channels {
                let plane = &mut *self.planes[image * self.channels + channel];
                let bias = simd.splat(self.bias.map_or(0.0, |bias| bias[channel]));
                for tile_row in 0..self.tile_rows {
                    let rows = &mut plane[tile_row * M * self.width..];
                    let tile = (image * self.tile_rows + tile_row) * self.tile_columns;
                    for column in (0..self.tile_columns).step_by(S::LANES) {
                        let from = &products[channel * self.row_len + tile + column..];
                        let mut columns = [[simd.splat(0.0); M]; A];
                        for x in 0..A {
                            let mut column = [simd.splat(0.0); A];
                            for y in 0..A {
                                column[y] = simd.load(from, (y * A + x) * self.plane_len);
                            }
                            columns[x] = T::output(simd, column);
                        }
                        for (y, target) in rows.chunks_mut(self.width).take(M).enumerate() {
                            let mut row = [simd.splat(0.0); A];
                            for x in 0..A {
                                row[x] = columns[x][y];
                            }
                            let mut row = T::output(simd, row);
                            for x in 0..M {
                                row[x] = self.clip.of(simd, simd.add(row[x], bias));
                            }
                            write::<S, M>(simd, interleave(simd, row), &mut target[column * M..]);
                        }
                    }
                }
            }
        }
    }
}

/// Writes the numbers of `parts` that fit.
#[inline(always)]
fn write<S: Simd, const M: usize>(simd: S, parts: [S::Vector; M], target: &mut [f32]) {
    if target.len() >= M * S::LANES {
        for part in 0..M {
            simd.store(parts[part], target, part * S::LANES);
        }
    } else {
        let mut values = [[0.0; LARGEST_LANES]; M];
        for part in 0..M {
            simd.store(parts[part], values[part].as_mut_slice(), 0);
        }
        for (target, values) in target.chunks_mut(S::LANES).zip(&values) {
            target.copy_from_slice(&values[..target.len()]);
        }
    }
}
