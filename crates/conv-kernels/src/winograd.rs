//! Winograd's algorithm for a 3×3 correlation at stride 1: fewer products, at the price of transforms.
//!
//! The output is cut into tiles of `M × M`. The kernels and the `(M + 2)²` inputs of each tile are
//! transformed once, after which an output channel costs `(M + 2)²` products a tile and input
//! channel instead of `9 M²`: 4 times fewer for `M = 4`, 2.25 times for `M = 2`. Those products are
//! `(M + 2)²` multiplications of matrices.
//!
//! A sum depends on the position of its output in the tile, so a crop gives the same bits as the whole
//! image only if it begins at a multiple of `M`; so this method is optional, see [`crate::Method`]. The sum
//! does not depend on the batch, the blocking or the number of threads. Rounding errors are larger
//! than those of the direct sum, see `docs/performance.md`. After Lavin and Gray (2016).

mod kernels;
mod product;
mod tiles;
mod transform;
mod weights;

use crate::correlate::{Finish, WeightOrder};
use crate::isa::Isa;
use crate::layout::Source;
use crate::scratch::with_scratch;
use crate::simd::{Kernel, LARGEST_LANES, Simd};
use kernels::PackKernels;
use product::Products;
use rayon::prelude::*;
use std::marker::PhantomData;
use std::ops::Range;
use tiles::{InputTiles, OutputTiles};
pub(crate) use transform::{Four, Two};
use transform::{Lift, Tile};
pub(crate) use weights::WeightReduction;

/// A correlation of `[N, C_in, ..]` planes with 3×3 kernels, giving `[N, C_out, ..]`.
pub(crate) struct Winograd {
    pub(crate) batch: usize,
    pub(crate) channels_in: usize,
    pub(crate) channels_out: usize,
    /// Height and width of the source planes.
    pub(crate) source: [usize; 2],
    /// Source row and column of the first tap of the first output, negated.
    pub(crate) before: [isize; 2],
    /// Height and width of the output planes.
    pub(crate) target: [usize; 2],
    pub(crate) weights: WeightOrder,
    /// Whether the kernels are rotated by 180°.
    pub(crate) turned: bool,
}

/// Tiles of a task: enough that loaded kernels are used often, and few enough that all their
/// data stays in the caches.
const TASK_TILES: usize = 112;
/// Tasks for each thread, so that all finish at about the same time.
const TASKS_PER_THREAD: usize = 3;
/// Output channels below which a task repeats the input's transform too often.
const LEAST_CHANNELS: usize = 64;
/// Tiles of all images up to which tasks are cut by channels alone, and share the input's transform.
const SMALL_TILES: usize = 400;
/// Numbers in transformed kernels up to which they stay in the caches.
const SMALL_KERNELS: usize = 1 << 19;
/// Blocks of output channels of a task that transforms its own kernels.
const TASK_BLOCKS: usize = 2;
/// Input channels that are transformed by a task of their own, where tasks share them.
const INPUT_CHANNELS: usize = 16;

impl Winograd {
    /// Writes the correlation of `source` with `weights` to `output`; shapes are checked before.
    pub(crate) fn run<T: Tile<M, A>, const M: usize, const A: usize>(
        &self,
        isa: Isa,
        source: Source<'_>,
        weights: &[f32],
        finish: Finish<'_>,
        output: &mut [f32],
    ) {
        if output.is_empty() {
            return;
        }
        let call = Call { winograd: self, isa, source, weights, finish, tile: PhantomData::<T> };
        let [tile_rows, tile_columns] = self.grid::<M>();
        let kernels = A * A * self.channels_in * self.channels_out;
        if self.batch * tile_rows * tile_columns <= SMALL_TILES && kernels > SMALL_KERNELS {
            call.by_channels(output);
        } else {
            call.by_tiles(output);
        }
    }

    /// One task for each `part` of the output channels, with all tiles of all images.
    fn tasks_of_channels<'a, const M: usize>(&self, part: usize, output: &'a mut [f32]) -> Vec<Task<'a>> {
        let [tile_rows, _] = self.grid::<M>();
        let firsts = (0..self.channels_out).step_by(part);
        let mut tasks: Vec<Task<'a>> = firsts
            .map(|first| Task {
                images: 0..self.batch,
                rows: 0..tile_rows,
                channels: first..(first + part).min(self.channels_out),
                planes: Vec::new(),
            })
            .collect();
        let planes = output.chunks_exact_mut(self.target[0] * self.target[1]);
        for (plane_idx, plane) in planes.enumerate() {
            tasks[plane_idx % self.channels_out / part].planes.push(plane);
        }
        tasks
    }

    /// Rows and columns of tiles that cover the output.
    fn grid<const M: usize>(&self) -> [usize; 2] {
        self.target.map(|side| side.div_ceil(M))
    }

    /// One task for each run of tile rows, or of images where they are small, and part of the
    /// output channels.
    fn tasks<'a, const M: usize>(&self, block: usize, output: &'a mut [f32]) -> Vec<Task<'a>> {
        let [tile_rows, tile_columns] = self.grid::<M>();
        let strips = tile_rows.div_ceil(rows_of_task(tile_rows, tile_columns));
        let strip = tile_rows.div_ceil(strips);
        let together = if strips > 1 { 1 } else { (TASK_TILES / (tile_rows * tile_columns)).max(1) };
        let together = self.batch.div_ceil(self.batch.div_ceil(together));
        let runs = self.batch.div_ceil(together) * strips;
        let wanted = (TASKS_PER_THREAD * rayon::current_num_threads()).div_ceil(runs);
        let parts = wanted.min(self.channels_out / LEAST_CHANNELS).max(1);
        let part = self.channels_out.div_ceil(block).div_ceil(parts) * block;
        let parts = self.channels_out.div_ceil(part);

        let mut tasks: Vec<Task<'a>> = (0..runs * parts)
            .map(|task_idx| {
                let (run, part_idx) = (task_idx / parts, task_idx % parts);
                let (first_image, strip_idx) = (run / strips * together, run % strips);
                Task {
                    images: first_image..(first_image + together).min(self.batch),
                    rows: strip_idx * strip..((strip_idx + 1) * strip).min(tile_rows),
                    channels: part_idx * part..((part_idx + 1) * part).min(self.channels_out),
                    planes: Vec::new(),
                }
            })
            .collect();
        let planes = output.chunks_exact_mut(self.target[0] * self.target[1]);
        for (plane_idx, plane) in planes.enumerate() {
            let (image, channel) = (plane_idx / self.channels_out, plane_idx % self.channels_out);
            let rows = plane.chunks_mut(strip * M * self.target[1]);
            for (strip_idx, rows) in rows.enumerate() {
                let run = image / together * strips + strip_idx;
                tasks[run * parts + channel / part].planes.push(rows);
            }
        }
        tasks
    }
}

/// One call.
struct Call<'a, T, const M: usize, const A: usize> {
    winograd: &'a Winograd,
    isa: Isa,
    source: Source<'a>,
    weights: &'a [f32],
    finish: Finish<'a>,
    tile: PhantomData<T>,
}

impl<T: Tile<M, A>, const M: usize, const A: usize> Call<'_, T, M, A> {
    /// Transforms all kernels; then each task transforms its own input.
    fn by_tiles(&self, output: &mut [f32]) {
        let winograd = self.winograd;
        let block = self.isa.block();
        let n_blocks = winograd.channels_out.div_ceil(block);
        let block_len = A * A * self.panel_len();
        with_scratch(n_blocks * block_len, |kernels| {
            kernels.par_chunks_mut(block_len).enumerate().for_each(|(block_idx, kernels)| {
                self.transform_kernels(block_idx, kernels);
            });
            let kernels = &*kernels;
            winograd.tasks::<M>(block, output).into_par_iter().for_each(|task| {
                let sizes = self.sizes(&task);
                with_scratch(A * A * sizes.input_plane, |input| {
                    let planes = input.chunks_exact_mut(sizes.input_plane).collect();
                    self.transform_input(&task, &sizes, 0..winograd.channels_in, planes);
                    let first = task.channels.start / block;
                    self.finish_task(task, &sizes, &kernels[first * block_len..], input);
                });
            });
        });
    }

    /// Transforms all inputs; then each task transforms its own kernels, which are too many to be
    /// written to memory and read again.
    fn by_channels(&self, output: &mut [f32]) {
        let winograd = self.winograd;
        let block = self.isa.block();
        let block_len = A * A * self.panel_len();
        let part = TASK_BLOCKS * block;
        let mut tasks = winograd.tasks_of_channels::<M>(part, output);
        let sizes = self.sizes(&tasks[0]);
        with_scratch(A * A * sizes.input_plane, |input| {
            let mut parts: Vec<Vec<&mut [f32]>> = Vec::new();
            for plane in input.chunks_exact_mut(sizes.input_plane) {
                let chunks = plane.chunks_mut(INPUT_CHANNELS * sizes.row_len);
                for (part_idx, chunk) in chunks.enumerate() {
                    if part_idx == parts.len() {
                        parts.push(Vec::with_capacity(A * A));
                    }
                    parts[part_idx].push(chunk);
                }
            }
            parts.into_par_iter().enumerate().for_each(|(part_idx, planes)| {
                let first = (part_idx * INPUT_CHANNELS).min(winograd.channels_in);
                let channels = first..(first + INPUT_CHANNELS).min(winograd.channels_in);
                self.transform_input(&tasks[0], &sizes, channels, planes);
            });
            let input = &*input;
            tasks.par_drain(..).for_each(|task| {
                let n_blocks = task.channels.len().div_ceil(block);
                let first = task.channels.start / block;
                with_scratch(n_blocks * block_len, |kernels| {
                    for (block_idx, kernels) in kernels.chunks_exact_mut(block_len).enumerate() {
                        self.transform_kernels(first + block_idx, kernels);
                    }
                    self.finish_task(task, &sizes, kernels, input);
                });
            });
        });
    }

    /// Numbers from one panel of transformed kernels to the next.
    fn panel_len(&self) -> usize {
        plane_len(self.winograd.channels_in * self.isa.block())
    }

    fn sizes(&self, task: &Task<'_>) -> Sizes {
        let [_, tile_columns] = self.winograd.grid::<M>();
        let tiles = task.images.len() * task.rows.len() * tile_columns;
        // the vectors of the last row may extend beyond its tiles
        let last_row = tiles - tile_columns + tile_columns.next_multiple_of(LARGEST_LANES);
        let row_len = last_row.next_multiple_of(LARGEST_LANES);
        let input_plane = plane_len(self.winograd.channels_in * row_len);
        Sizes { tile_columns, tiles, row_len, input_plane }
    }

    /// Transforms the kernels of one block of output channels.
    fn transform_kernels(&self, block_idx: usize, packed: &mut [f32]) {
        let block = self.isa.block();
        let channels = block_idx * block..((block_idx + 1) * block).min(self.winograd.channels_out);
        self.isa.run(PackKernels::<'_, T, M, A> {
            weights: self.weights,
            order: &self.winograd.weights,
            turned: self.winograd.turned,
            channels_in: self.winograd.channels_in,
            channels_out: channels,
            block,
            panel_len: self.panel_len(),
            packed,
            tile: PhantomData,
        });
    }

    /// Transforms some input channels for `task`; `planes` begin with these channels.
    fn transform_input(
        &self,
        task: &Task<'_>,
        sizes: &Sizes,
        channels: Range<usize>,
        mut planes: Vec<&mut [f32]>,
    ) {
        let line_len = InputTiles::<M>::line_len(sizes.tile_columns);
        let lines = (task.rows.len() * M + 2) * M * line_len + M * line_len;
        with_scratch(lines, |lines| {
            self.isa.run(InputKernel::<'_, '_, T, M, A, A> {
                tiles: InputTiles::<'_, M> {
                    source: self.source,
                    size: self.winograd.source,
                    before: self.winograd.before,
                    all_channels: self.winograd.channels_in,
                    channels,
                    images: task.images.clone(),
                    rows: task.rows.clone(),
                    tile_columns: sizes.tile_columns,
                    lines,
                    row_len: sizes.row_len,
                },
                planes: &mut planes,
                tile: self.tile,
            });
        });
    }

    /// Multiplies transformed kernels with transformed inputs and transforms the products back.
    fn finish_task(&self, task: Task<'_>, sizes: &Sizes, kernels: &[f32], input: &[f32]) {
        let block = self.isa.block();
        let channels = task.channels.len().next_multiple_of(block);
        let product_plane = plane_len(channels * sizes.row_len);
        with_scratch(A * A * product_plane, |transformed| {
            self.isa.run(OutputKernel {
                products: Products {
                    panels: kernels,
                    panel_len: self.panel_len(),
                    block,
                    channels_in: self.winograd.channels_in,
                    channels_out: channels,
                    tiles: sizes.tiles,
                    row_len: sizes.row_len,
                    frequencies: A * A,
                    input_plane: sizes.input_plane,
                    product_plane,
                },
                tiles: OutputTiles {
                    images: task.images.len(),
                    channels: task.channels.len(),
                    bias: self.finish.bias.map(|bias| &bias[task.channels.clone()]),
                    clip: self.finish.clip,
                    tile_rows: task.rows.len(),
                    tile_columns: sizes.tile_columns,
                    width: self.winograd.target[1],
                    row_len: sizes.row_len,
                    plane_len: product_plane,
                    planes: task.planes,
                },
                input,
                transformed,
                tile: self.tile,
            });
        });
    }
}

/// Memory layout of the transforms of a task.
struct Sizes {
    tile_columns: usize,
    tiles: usize,
    /// Numbers from one channel's tiles to the next.
    row_len: usize,
    /// Numbers from one of the `A²` planes of the input's transform to the next.
    input_plane: usize,
}

/// Some output channels of some rows of tiles, or of some whole images.
struct Task<'a> {
    images: Range<usize>,
    rows: Range<usize>,
    channels: Range<usize>,
    /// Rows of the output planes, image by image.
    planes: Vec<&'a mut [f32]>,
}

/// Rows of tiles in a task: the number that fills whole vectors best, up to [`TASK_TILES`].
fn rows_of_task(tile_rows: usize, tile_columns: usize) -> usize {
    let most = (TASK_TILES / tile_columns).clamp(1, tile_rows);
    let filled = |rows: usize| {
        let strip = tile_rows.div_ceil(tile_rows.div_ceil(rows)); // strips of about equal height
        let tiles = strip * tile_columns;
        // larger tasks count for at most 5 % of the filling
        (tiles * 1000 / tiles.next_multiple_of(LARGEST_LANES)) + 50 * rows / most
    };
    (1..=most).max_by_key(|&rows| filled(rows)).unwrap_or(1)
}

/// Distance in numbers between the planes of a transform: `len` and a vector that may extend beyond it, an
/// odd number of cache lines, so that the planes do not compete for the same cache sets.
fn plane_len(len: usize) -> usize {
    ((len + LARGEST_LANES).div_ceil(LARGEST_LANES) | 1) * LARGEST_LANES
}

struct InputKernel<'a, 'b, T, const M: usize, const W: usize, const A: usize> {
    tiles: InputTiles<'a, M>,
    /// Transformed input, `A²` times `[C_in, tiles]`.
    planes: &'a mut [&'b mut [f32]],
    tile: PhantomData<T>,
}

impl<T: Lift<W, A>, const M: usize, const W: usize, const A: usize> Kernel
    for InputKernel<'_, '_, T, M, W, A>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.tiles.transform::<S, T, W, A>(simd, self.planes);
    }
}

struct OutputKernel<'a, 'b, T, const M: usize, const A: usize> {
    products: Products<'a>,
    tiles: OutputTiles<'a, 'b>,
    /// Transformed input, `[A², C_in, tiles]`.
    input: &'a [f32],
    /// Room for the products, `[A², C_out, tiles]`.
    transformed: &'a mut [f32],
    tile: PhantomData<T>,
}

impl<T: Tile<M, A>, const M: usize, const A: usize> Kernel for OutputKernel<'_, '_, T, M, A> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.products.run(simd, self.input, self.transformed);
        self.tiles.transform::<S, T, M, A>(simd, self.transformed);
    }
}
