//! The gradient for 3×3 weights by F(3×3, 4×4): the gradient of a tile's 4 × 4 outputs is the
//! kernel, the 3 × 3 weights are the outputs, and 36 products do the work of 144.
//!
//! Transformed inputs and gradients are multiplied tile by tile; the products of all tiles are added
//! before they are transformed back. As in the direct sum they are added in partial sums that
//! depend on the shape alone, see [`crate::weight_gradient`].

use super::tiles::InputTiles;
use super::transform::Four;
use super::{InputKernel, TASK_TILES, plane_len, rows_of_task};
use crate::gradient_weights::Operands;
use crate::gradient_weights::outer::{Outer, SCRATCH};
use crate::isa::Isa;
use crate::layout::Source;
use crate::scratch::with_scratch;
use crate::shape::ConvShape;
use crate::simd::{Kernel, LARGEST_LANES, Simd};
use rayon::prelude::*;
use std::marker::PhantomData;
use std::ops::Range;

/// Outputs of a tile and points along an axis.
const M: usize = 4;
const A: usize = 6;
/// Input and output channels of a part, so that its transform costs little compared with its use.
const PART_CHANNELS: usize = 128;
/// Partial sums that are enough to keep the threads of one machine busy.
const ENOUGH_TASKS: usize = 16;
/// Numbers that all partial sums together may hold, unless one of each part holds more.
const PARTIAL_VALUES: usize = 1 << 22;

/// How the sums are cut into tasks.
pub(crate) struct WeightReduction {
    shape: ConvShape,
    parts_out: Vec<Range<usize>>,
    parts_in: Vec<Range<usize>>,
    /// Rows and columns of tiles in an image.
    grid: [usize; 2],
    /// Rows of tiles in a block of tiles.
    strip: usize,
    /// Images in a block of tiles.
    together: usize,
    /// Partial sums of each part.
    partials: usize,
}

/// A partial sum for some channels.
struct Task<'a> {
    channels_out: Range<usize>,
    channels_in: Range<usize>,
    blocks: Range<usize>,
    /// `[A², C_in part, C_out part]`, the last rounded up to whole vectors.
    sums: &'a mut [f32],
}

impl WeightReduction {
    /// For a 3×3 convolution at stride 1 in one group, whose output is not empty.
    pub(crate) fn new(shape: &ConvShape) -> Self {
        let grid = shape.output().map(|side| side.div_ceil(M));
        let strips = grid[0].div_ceil(rows_of_task(grid[0], grid[1]));
        let strip = grid[0].div_ceil(strips);
        let together = if strips > 1 { 1 } else { (TASK_TILES / (grid[0] * grid[1])).max(1) };
        let blocks = shape.batch.div_ceil(together) * grid[0].div_ceil(strip);
        let [parts_out, parts_in] = [shape.channels_out, shape.channels_in].map(parts);
        let most = (PARTIAL_VALUES / (A * A * shape.channels_out * shape.channels_in)).max(1);
        let partials = ENOUGH_TASKS.div_ceil(parts_out.len() * parts_in.len()).min(most).min(blocks);
        Self { shape: *shape, parts_out, parts_in, grid, strip, together, partials }
    }

    /// Writes the gradient for the weights to `grad_weights`, `[C_out, C_in, 3, 3]`.
    pub(crate) fn run(&self, isa: Isa, input: Source<'_>, gradient: Source<'_>, grad_weights: &mut [f32]) {
        with_scratch(self.part_start(self.parts_out.len(), 0), |sums| {
            self.tasks(sums).into_par_iter().for_each(|task| self.run_task(isa, input, gradient, task));
            let sums = &*sums;
            let rows = grad_weights.par_chunks_mut(LARGEST_LANES * self.shape.channels_in * 9);
            rows.enumerate().for_each(|(rows_idx, rows)| {
                isa.run(Collect { reduction: self, sums, channel_out: rows_idx * LARGEST_LANES, rows });
            });
        });
    }

    /// Numbers in a partial sum.
    fn sums_len(&self, out_idx: usize, in_idx: usize) -> usize {
        let row_len = self.parts_out[out_idx].len().next_multiple_of(LARGEST_LANES);
        A * A * self.parts_in[in_idx].len() * row_len
    }

    /// Index where the partial sums of a part begin; parts are ordered by output, then input channels.
    fn part_start(&self, out_idx: usize, in_idx: usize) -> usize {
        let rows = (0..out_idx).flat_map(|out| (0..self.parts_in.len()).map(move |input| (out, input)));
        let own = (0..in_idx).map(|input| (out_idx, input));
        self.partials * rows.chain(own).map(|(out, input)| self.sums_len(out, input)).sum::<usize>()
    }

    fn tasks<'a>(&self, mut sums: &'a mut [f32]) -> Vec<Task<'a>> {
        let blocks = self.shape.batch.div_ceil(self.together) * self.grid[0].div_ceil(self.strip);
        let mut tasks = Vec::new();
        for (out_idx, channels_out) in self.parts_out.iter().enumerate() {
            for (in_idx, channels_in) in self.parts_in.iter().enumerate() {
                for partial in 0..self.partials {
                    let (own, rest) = sums.split_at_mut(self.sums_len(out_idx, in_idx));
                    sums = rest;
                    tasks.push(Task {
                        channels_out: channels_out.clone(),
                        channels_in: channels_in.clone(),
                        blocks: partial * blocks / self.partials..(partial + 1) * blocks / self.partials,
                        sums: own,
                    });
                }
            }
        }
        tasks
    }

    fn run_task(&self, isa: Isa, input: Source<'_>, gradient: Source<'_>, task: Task<'_>) {
        let (n_in, n_out) = (task.channels_in.len(), task.channels_out.len());
        let tile_columns = self.grid[1];
        let most_tiles = self.together * self.strip * tile_columns;
        // the vectors of the last row may extend beyond its tiles
        let row_len = (most_tiles - tile_columns + tile_columns.next_multiple_of(LARGEST_LANES))
            .next_multiple_of(LARGEST_LANES);
        let (input_plane, gradient_plane) = (plane_len(n_in * row_len), plane_len(n_out * row_len));
        let line_len = InputTiles::<M>::line_len(tile_columns);
        let lines_len = (self.strip * M + 2) * M * line_len + M * line_len;
        let offsets: Vec<usize> = (0..n_in).map(|channel| channel * row_len).collect();
        let sums_row = n_out.next_multiple_of(LARGEST_LANES);
        task.sums.fill(0.0);
        with_scratch(A * A * (input_plane + gradient_plane) + lines_len + SCRATCH, |scratch| {
            let (inputs, rest) = scratch.split_at_mut(A * A * input_plane);
            let (gradients, rest) = rest.split_at_mut(A * A * gradient_plane);
            let (lines, panel) = rest.split_at_mut(lines_len);
            for block in task.blocks {
                let strips = self.grid[0].div_ceil(self.strip);
                let (first_image, first_row) = (block / strips * self.together, block % strips * self.strip);
                let images = first_image..(first_image + self.together).min(self.shape.batch);
                let rows = first_row..(first_row + self.strip).min(self.grid[0]);
                let tiles = images.len() * rows.len() * tile_columns;
                let padding = self.shape.padding;
                isa.run(InputKernel::<'_, '_, Four, M, A, A> {
                    tiles: InputTiles {
                        source: input,
                        size: [self.shape.height, self.shape.width],
                        before: [padding.top as isize, padding.left as isize],
                        all_channels: self.shape.channels_in,
                        channels: task.channels_in.clone(),
                        images: images.clone(),
                        rows: rows.clone(),
                        tile_columns,
                        lines,
                        row_len,
                    },
                    planes: &mut inputs.chunks_exact_mut(input_plane).collect::<Vec<_>>(),
                    tile: PhantomData,
                });
                isa.run(InputKernel::<'_, '_, Four, M, M, A> {
                    tiles: InputTiles {
                        source: gradient,
                        size: self.shape.output(),
                        before: [0, 0],
                        all_channels: self.shape.channels_out,
                        channels: task.channels_out.clone(),
                        images,
                        rows,
                        tile_columns,
                        lines,
                        row_len,
                    },
                    planes: &mut gradients.chunks_exact_mut(gradient_plane).collect::<Vec<_>>(),
                    tile: PhantomData,
                });
                let planes = inputs.chunks_exact(input_plane).zip(gradients.chunks_exact(gradient_plane));
                let sums = task.sums.chunks_exact_mut(n_in * sums_row);
                for ((input, gradient), sums) in planes.zip(sums) {
                    let operands =
                        Operands { input, offsets: &offsets, gradient, gradient_len: row_len, places: tiles };
                    isa.run(Outer { operands, sums, row_len: sums_row, channels: n_out, panel });
                }
            }
        });
    }
}

/// Parts of about [`PART_CHANNELS`], each but the last as long as the first and whole vectors.
fn parts(channels: usize) -> Vec<Range<usize>> {
    let part = channels.div_ceil(channels.div_ceil(PART_CHANNELS)).next_multiple_of(LARGEST_LANES);
    (0..channels).step_by(part).map(|start| start..(start + part).min(channels)).collect()
}

/// Adds the partial sums in their order and transforms them back, for the output channels of
/// [`LARGEST_LANES`] rows of weights.
struct Collect<'a, 'b> {
    reduction: &'a WeightReduction,
    sums: &'a [f32],
    channel_out: usize,
    rows: &'b mut [f32],
}

impl Kernel for Collect<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let reduction = self.reduction;
        let row_len = reduction.shape.channels_in * 9;
        // parts of output channels are whole vectors except the last
        let out_idx = self.channel_out / reduction.parts_out[0].len();
        let part = &reduction.parts_out[out_idx];
        let step = part.len().next_multiple_of(LARGEST_LANES);
        for (in_idx, part_in) in reduction.parts_in.iter().enumerate() {
            let start = reduction.part_start(out_idx, in_idx);
            let len = reduction.sums_len(out_idx, in_idx);
            for (channel_idx, channel_in) in part_in.clone().enumerate() {
                for first in (0..LARGEST_LANES).step_by(S::LANES) {
                    let mut columns = [[simd.splat(0.0); 3]; A];
                    for x in 0..A {
                        let mut column = [simd.splat(0.0); A];
                        for y in 0..A {
                            let at = ((y * A + x) * part_in.len() + channel_idx) * step
                                + (self.channel_out - part.start)
                                + first;
                            for partial in 0..reduction.partials {
                                let sum = simd.load(self.sums, start + partial * len + at);
                                column[y] = simd.add(column[y], sum);
                            }
                        }
                        columns[x] = Four::weights(simd, column);
                    }
                    for y in 0..3 {
                        let mut row = [simd.splat(0.0); A];
                        for x in 0..A {
                            row[x] = columns[x][y];
                        }
                        let row = Four::weights(simd, row);
                        for x in 0..3 {
                            let mut values = [0.0; LARGEST_LANES];
                            simd.store(row[x], &mut values, 0);
                            let targets = self.rows.chunks_exact_mut(row_len).skip(first);
                            for (target, value) in targets.zip(&values[..S::LANES]) {
                                target[channel_in * 9 + y * 3 + x] = *value;
                            }
                        }
                    }
                }
            }
        }
    }
}
