//! Correlation: sums of packed planes times weights, the work of the forward pass and of the
//! gradient for the input.
//!
//! Each output is `bias + Σ weight · input`, the sum taken in the order of input channels, then of
//! taps, by one accumulator. This order does not depend on the position in the image, its
//! size, the batch, the blocking or the number of threads. So an image in overlapping tiles gives
//! the same bits as the whole.
//!
//! The work is cut into strips of rows whose packed input stays in the second-level cache, the
//! strip into tiles of 8 channels × 3 vectors of positions (6 × 2 with 16 registers) whose sums stay
//! in registers during the loop over all input channels. Blocked as in Goto and van de Geijn
//! (2008), with the patch matrix of a convolution replaced by offsets into the packed planes.

use crate::clip::Clip;
use crate::isa::Isa;
use crate::layout::{Layout, Source, Tap, copy_short};
use crate::scratch::with_scratch;
use crate::simd::{Kernel, LARGEST_LANES, Simd};
use rayon::prelude::*;
use std::ops::Range;

/// A correlation of `[N, groups · C_in, ..]` planes with weights, giving `[N, groups · C_out, ..]`.
pub(crate) struct Correlation {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    /// Channels of one group.
    pub(crate) channels_in: usize,
    /// Channels of one group.
    pub(crate) channels_out: usize,
    pub(crate) layout: Layout,
    /// Height and width of the output planes.
    pub(crate) target: [usize; 2],
    /// Step between neighbouring positions in the output planes.
    pub(crate) step: usize,
    pub(crate) phases: Vec<Phase>,
    pub(crate) weights: WeightOrder,
}

/// The outputs that share their taps: rows `first[0], first[0] + step, …` and columns likewise.
pub(crate) struct Phase {
    pub(crate) first: [usize; 2],
    pub(crate) taps: Vec<Tap>,
}

/// Index of a weight: `group · group_stride + c_out · out_stride + c_in · in_stride + tap`.
pub(crate) struct WeightOrder {
    pub(crate) group: usize,
    pub(crate) channel_out: usize,
    pub(crate) channel_in: usize,
}

/// What happens to a sum before it is written.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// Start of each channel's sums.
    pub(crate) bias: Option<&'a [f32]>,
    /// What is cut off the sums.
    pub(crate) clip: Clip,
}

/// Numbers of packed input that are kept in a core's second-level cache.
pub(crate) const STRIP_VALUES: usize = 128 * 1024;
/// Values of the longest row of a tile.
const TILE_LEN: usize = 6 * LARGEST_LANES;
/// Places below which a strip is not cut further for the sake of more tasks.
const STRIP_PLACES: usize = 384;
/// Tasks that are enough to keep the threads of one machine busy.
const ENOUGH_TASKS: usize = 16;
/// Tasks for each thread that are enough where each packs its whole input anew, at most [`ENOUGH_TASKS`] in all.
const TASKS_PER_THREAD: usize = 4;

impl Correlation {
    /// Writes the correlation of `source` with `weights` to `output`; shapes are checked before.
    pub(crate) fn run(
        &self,
        isa: Isa,
        source: Source<'_>,
        weights: &[f32],
        finish: Finish<'_>,
        output: &mut [f32],
    ) {
        let plane = self.target[0] * self.target[1];
        if output.is_empty() || plane == 0 {
            return;
        }
        let rows = self.target[0].div_ceil(self.step);
        let strip = self.strip_rows(rows);
        let n_strips = rows.div_ceil(strip);
        let parts = self.channel_parts(isa.block(), self.batch * self.groups * n_strips);
        // one task for each image, group, part of the channels, strip; its planes in this order
        let n_parts = parts.len();
        let mut tasks: Vec<Task<'_>> = (0..self.batch * self.groups * n_parts * n_strips)
            .map(|task_idx| {
                let strip_idx = task_idx % n_strips;
                let part_idx = task_idx / n_strips % n_parts;
                let image_group = task_idx / n_strips / n_parts;
                Task {
                    image_group,
                    channels: parts[part_idx].clone(),
                    rows: strip_idx * strip..((strip_idx + 1) * strip).min(rows),
                    planes: Vec::with_capacity(parts[part_idx].len()),
                }
            })
            .collect();
        for (plane_idx, values) in output.chunks_exact_mut(plane).enumerate() {
            let (image_group, channel) = (plane_idx / self.channels_out, plane_idx % self.channels_out);
            let part_idx = channel / parts[0].len();
            let first = (image_group * n_parts + part_idx) * n_strips;
            let strips = values.chunks_mut(strip * self.step * self.target[1]);
            for (task, rows) in tasks[first..first + n_strips].iter_mut().zip(strips) {
                task.planes.push(rows);
            }
        }
        self.with_packed_weights(isa, weights, |packed| {
            // of many small tasks, as those of a depthwise convolution, a thread takes several at once
            let together = (tasks.len() / (ENOUGH_TASKS * rayon::current_num_threads())).max(1);
            let tasks = tasks.into_par_iter().with_min_len(together);
            tasks.for_each(|task| self.run_task(isa, source, packed, finish, task));
        });
    }

    /// Rows of positions in a strip.
    fn strip_rows(&self, rows: usize) -> usize {
        let per_row = self.channels_in * self.layout.channel_len(1) / (1 + self.layout.tap_rows);
        let cached = (STRIP_VALUES / per_row.max(1)).saturating_sub(self.layout.tap_rows);
        let wanted = rows.div_ceil(ENOUGH_TASKS.div_ceil(self.batch * self.groups));
        let least = STRIP_PLACES.div_ceil(self.layout.row_stride);
        let strip = cached.min(wanted.max(least)).clamp(1, rows);
        rows.div_ceil(rows.div_ceil(strip)) // strips of about equal height
    }

    /// Cuts the output channels where there are too few tasks; each part but the last is as long
    /// as the first.
    fn channel_parts(&self, block: usize, tasks: usize) -> Vec<Range<usize>> {
        let blocks = self.channels_out.div_ceil(block);
        let enough = (TASKS_PER_THREAD * rayon::current_num_threads()).min(ENOUGH_TASKS);
        let part = blocks.div_ceil(enough.div_ceil(tasks).min(blocks)) * block;
        (0..self.channels_out)
            .step_by(part)
            .map(|start| start..(start + part).min(self.channels_out))
            .collect()
    }

    /// Weights as `[group, phase, block of output channels, C_in, tap, channel of the block]`.
    fn with_packed_weights<R>(&self, isa: Isa, weights: &[f32], work: impl FnOnce(&[f32]) -> R) -> R {
        let n_taps: usize = self.phases.iter().map(|phase| phase.taps.len()).sum();
        let group_len = self.channels_out * self.channels_in * n_taps;
        with_scratch(self.groups * group_len, |packed| {
            let mut rest = &mut *packed;
            let mut pieces = Vec::new();
            for group in 0..self.groups {
                for phase in &self.phases {
                    for block in blocks(0..self.channels_out, isa.block()) {
                        let len = block.len() * self.channels_in * phase.taps.len();
                        let (piece, others) = rest.split_at_mut(len);
                        rest = others;
                        pieces.push((group, phase, block, piece));
                    }
                }
            }
            let pack = |(group, phase, block, piece): (usize, &Phase, Range<usize>, &mut [f32])| {
                let weights = &weights[group * self.weights.group..];
                match block.len() {
                    8 => self.pack_weights::<8>(weights, phase, block.start, piece),
                    6 => self.pack_weights::<6>(weights, phase, block.start, piece),
                    4 => self.pack_weights::<4>(weights, phase, block.start, piece),
                    2 => self.pack_weights::<2>(weights, phase, block.start, piece),
                    _ => self.pack_weights::<1>(weights, phase, block.start, piece),
                }
            };
            if weights.len() < 1 << 15 {
                pieces.into_iter().for_each(pack);
            } else {
                pieces.into_par_iter().for_each(pack);
            }
            work(packed)
        })
    }

    /// Weights of `C` output channels from `first` on, as `[C_in, tap, C]`.
    fn pack_weights<const C: usize>(&self, weights: &[f32], phase: &Phase, first: usize, packed: &mut [f32]) {
        let order = &self.weights;
        let rows = packed.as_chunks_mut::<C>().0.chunks_exact_mut(phase.taps.len().max(1));
        for (channel_in, row) in rows.enumerate() {
            let weights = &weights[first * order.channel_out + channel_in * order.channel_in..];
            for (values, tap) in row.iter_mut().zip(&phase.taps) {
                for c in 0..C {
                    values[c] = weights[c * order.channel_out + tap.weight];
                }
            }
        }
    }

    fn run_task(&self, isa: Isa, source: Source<'_>, packed: &[f32], finish: Finish<'_>, task: Task<'_>) {
        let n_rows = task.rows.len();
        if let Some(input) = self.as_packed(source, task.image_group, &task.rows) {
            let channel_len = self.layout.source[0] * self.layout.source[1];
            return self.run_strip(isa, (input, channel_len), packed, finish, task);
        }
        let channel_len = self.layout.channel_len(n_rows);
        // a tile may extend beyond the last position
        let slack_len = TILE_LEN + self.layout.row_stride;
        with_scratch(self.channels_in * channel_len + slack_len, |input| {
            let (filled, slack) = input.split_at_mut(self.channels_in * channel_len);
            slack.fill(0.0);
            isa.run(Packing {
                layout: &self.layout,
                source,
                first_plane: task.image_group * self.channels_in,
                rows: task.rows.clone(),
                channel_len,
                target: filled,
            });
            self.run_strip(isa, (input, channel_len), packed, finish, task);
        });
    }

    /// The values of `source` from `rows` of the first channel of an image and group on, where they lie as packed
    /// planes would, and the last tile does not reach beyond them: only the distance of channels is another. Planes
    /// that lie far apart, as those of many channels or of large images, are in each other's way in the caches, so
    /// packing them takes less time.
    fn as_packed<'a>(
        &self,
        source: Source<'a>,
        image_group: usize,
        rows: &Range<usize>,
    ) -> Option<&'a [f32]> {
        let [height, width] = self.layout.source;
        let plane = height * width;
        let input = source.values.get(image_group * self.channels_in * plane + rows.start * width..)?;
        let last_channel = (self.channels_in - 1) * plane;
        // positions may go on below the source, where it is zero
        let is_within = rows.end <= height && last_channel + rows.len() * width + TILE_LEN <= input.len();
        let is_near = self.channels_in * plane <= STRIP_VALUES;
        (source.mask.is_none() && self.layout.is_source() && is_within && is_near).then_some(input)
    }

    /// A task, whose input is packed, with the distance of its channels.
    fn run_strip(
        &self,
        isa: Isa,
        (input, channel_len): (&[f32], usize),
        packed: &[f32],
        finish: Finish<'_>,
        task: Task<'_>,
    ) {
        let Task { image_group, channels, rows, mut planes } = task;
        let n_rows = rows.len();
        let group = image_group % self.groups;
        let all_taps: usize = self.phases.iter().map(|phase| phase.taps.len()).sum();
        let mut weights_at = group * self.channels_out * self.channels_in * all_taps;
        for phase in &self.phases {
            let per_channel = self.channels_in * phase.taps.len();
            let offsets: Vec<usize> = phase.taps.iter().map(|tap| self.layout.offset(tap, n_rows)).collect();
            let grid = Grid {
                rows: (planes[0].len() / self.target[1]).saturating_sub(phase.first[0]).div_ceil(self.step),
                columns: self.target[1].saturating_sub(phase.first[1]).div_ceil(self.step),
                row_stride: self.layout.row_stride,
                width: self.target[1],
                first: phase.first,
                step: self.step,
            };
            isa.run(Strip {
                input,
                channel_len,
                offsets: &offsets,
                weights: &packed[weights_at + channels.start * per_channel..][..channels.len() * per_channel],
                weights_per_channel: per_channel,
                bias: finish.bias.map(|bias| &bias[group * self.channels_out..][channels.clone()]),
                clip: finish.clip,
                places: self.layout.places(grid.rows, grid.columns),
                grid,
                planes: &mut planes,
            });
            weights_at += self.channels_out * per_channel;
        }
    }
}

/// Some output channels of a strip of rows of one image and group.
struct Task<'a> {
    /// Index of the image times the number of groups, plus the group.
    image_group: usize,
    channels: Range<usize>,
    rows: Range<usize>,
    planes: Vec<&'a mut [f32]>,
}

/// Blocks of `largest` channels, and the rest as blocks of 4, 2, 1.
fn blocks(channels: Range<usize>, largest: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = channels.start;
    std::iter::from_fn(move || {
        let size = [largest, 4, 2, 1].into_iter().find(|&size| size <= channels.end - start)?;
        start += size;
        Some(start - size..start)
    })
}

/// The output rows of a strip and phase, and their positions.
struct Grid {
    rows: usize,
    columns: usize,
    row_stride: usize,
    /// Columns of the output planes.
    width: usize,
    first: [usize; 2],
    step: usize,
}

impl Grid {
    #[inline(always)]
    fn position(&self, place: usize) -> Position {
        Position { row: place / self.row_stride, column: place % self.row_stride }
    }

    /// The position `places` further on.
    #[inline(always)]
    fn advance(&self, mut position: Position, places: usize) -> Position {
        position.column += places;
        while position.column >= self.row_stride {
            position.column -= self.row_stride;
            position.row += 1;
        }
        position
    }

    /// Index in the output plane of `len` positions from `position` on, if they are contiguous there.
    #[inline(always)]
    fn side_by_side(&self, position: Position, len: usize) -> Option<usize> {
        let inside = position.row < self.rows && position.column + len <= self.columns;
        (self.step == 1 && inside).then(|| self.index(position))
    }

    #[inline(always)]
    fn index(&self, Position { row, column }: Position) -> usize {
        (self.first[0] + row * self.step) * self.width + self.first[1] + column * self.step
    }

    /// Copies `values`, which are those from `position` on, to their positions in `plane`.
    #[inline(always)]
    fn write(&self, mut values: &[f32], mut position: Position, plane: &mut [f32]) {
        while position.row < self.rows && !values.is_empty() {
            let len = self.columns.saturating_sub(position.column).min(values.len());
            if len > 0 {
                let targets = &mut plane[self.index(position)..];
                if self.step == 1 {
                    copy_short(&values[..len], &mut targets[..len]);
                } else {
                    for (target, value) in targets.iter_mut().step_by(self.step).zip(&values[..len]) {
                        *target = *value;
                    }
                }
            }
            let next = (self.row_stride - position.column).min(values.len());
            values = &values[next..];
            position = Position { row: position.row + 1, column: 0 };
        }
    }
}

/// A position, by row and column.
#[derive(Clone, Copy)]
struct Position {
    row: usize,
    column: usize,
}

/// The packing of the input of a task.
struct Packing<'a> {
    layout: &'a Layout,
    source: Source<'a>,
    /// Its first plane.
    first_plane: usize,
    rows: Range<usize>,
    channel_len: usize,
    /// Packed channels, one after the other.
    target: &'a mut [f32],
}

impl Kernel for Packing<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Self { layout, source, first_plane, rows, channel_len, target } = self;
        for (channel, target) in target.chunks_exact_mut(channel_len.max(1)).enumerate() {
            layout.pack(source, first_plane + channel, rows.clone(), target);
        }
    }
}

/// One strip of packed input, and the planes that become its correlation with the weights.
struct Strip<'a, 'b> {
    input: &'a [f32],
    channel_len: usize,
    offsets: &'a [usize],
    weights: &'a [f32],
    weights_per_channel: usize,
    bias: Option<&'a [f32]>,
    clip: Clip,
    places: usize,
    grid: Grid,
    planes: &'a mut [&'b mut [f32]],
}

impl Kernel for Strip<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let mut channel = 0;
        while channel < self.planes.len() {
            // blocks as they were packed
            channel += match self.planes.len() - channel {
                8.. if S::MANY_REGISTERS => self.block::<S, 8, 3>(simd, channel),
                6.. if !S::MANY_REGISTERS => self.block::<S, 6, 2>(simd, channel),
                4.. if S::MANY_REGISTERS => self.block::<S, 4, 6>(simd, channel),
                4.. => self.block::<S, 4, 2>(simd, channel),
                2.. if S::MANY_REGISTERS => self.block::<S, 2, 6>(simd, channel),
                2.. => self.block::<S, 2, 3>(simd, channel),
                _ => self.block::<S, 1, 6>(simd, channel),
            };
        }
    }
}

impl Strip<'_, '_> {
    /// All positions of `C` channels from `channel` on, at most `M` (2, 3 or 6) vectors at a time;
    /// returns `C`.
    #[inline(always)]
    fn block<S: Simd, const C: usize, const M: usize>(&mut self, simd: S, channel: usize) -> usize {
        let vectors = self.places.div_ceil(S::LANES);
        let mut vector = 0;
        while vector < vectors {
            let place = vector * S::LANES;
            // four vectors are two and two: a tile of one waits for its loads
            vector += match vectors - vector {
                1 => self.tile::<S, C, 1>(simd, channel, place),
                2 | 4 => self.tile::<S, C, 2>(simd, channel, place),
                6.. if M == 6 => self.tile::<S, C, 6>(simd, channel, place),
                _ if M == 2 => self.tile::<S, C, 2>(simd, channel, place),
                _ => self.tile::<S, C, 3>(simd, channel, place),
            };
        }
        C
    }

    /// `C` channels of `V` vectors of positions from `place` on; returns `V`.
    #[inline(always)]
    fn tile<S: Simd, const C: usize, const V: usize>(
        &mut self,
        simd: S,
        channel: usize,
        place: usize,
    ) -> usize {
        let n_taps = self.offsets.len();
        let (taps, _) = self.weights[channel * self.weights_per_channel..].as_chunks::<C>();
        let taps = &taps[..self.weights_per_channel];
        let mut sums = [[simd.splat(0.0); V]; C];
        if let Some(bias) = self.bias {
            let bias = &bias[channel..channel + C];
            for c in 0..C {
                sums[c] = [simd.splat(bias[c]); V];
            }
        }
        let mut base = place;
        for weights in taps.chunks_exact(n_taps.max(1)) {
            for (weights, offset) in weights.iter().zip(self.offsets) {
                // one check for all loads
                let window = &self.input[base + offset..][..V * S::LANES];
                let mut inputs = [simd.splat(0.0); V];
                for v in 0..V {
                    inputs[v] = simd.load(window, v * S::LANES);
                }
                for c in 0..C {
                    let weight = simd.splat(weights[c]);
                    for v in 0..V {
                        sums[c][v] = simd.multiply_add(weight, inputs[v], sums[c][v]);
                    }
                }
            }
            base += self.channel_len;
        }
        // all sums are stored here: were they indexed in the loop below, they would live in memory
        let mut finished = [[[0.0; LARGEST_LANES]; C]; V];
        for v in 0..V {
            for c in 0..C {
                simd.store(self.clip.of(simd, sums[c][v]), &mut finished[v][c], 0);
            }
        }
        let mut position = self.grid.position(place);
        for finished in &finished {
            let planes = self.planes[channel..channel + C].iter_mut();
            if let Some(start) = self.grid.side_by_side(position, S::LANES) {
                for (values, plane) in finished.iter().zip(planes) {
                    simd.store(simd.load(values, 0), plane, start);
                }
            } else {
                for (values, plane) in finished.iter().zip(planes) {
                    self.grid.write(&values[..S::LANES], position, plane);
                }
            }
            position = self.grid.advance(position, S::LANES);
        }
        V
    }
}
