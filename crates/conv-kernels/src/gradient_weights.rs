//! The gradient for weights and bias: for each weight a sum over all images and output positions.
//!
//! The sum is cut into a number of partial sums that depends on the shape alone, each over its own
//! strips in a fixed order; the partial sums are then added in a fixed order. So the result is the
//! same bytes for any number of threads.

mod dot;
pub(crate) mod outer;

use crate::error::{ConvError, check_length};
use crate::forward::input_layout;
use crate::gradient_input::OutputGradient;
use crate::isa::Isa;
use crate::layout::{Layout, Source, Tap};
use crate::scratch::with_scratch;
use crate::shape::ConvShape;
use rayon::prelude::*;
use std::ops::Range;

/// Writes the gradient for the weights to `grad_weights`, `[C_out, C_in / groups, k, k]`, and that
/// for the bias to `grad_bias`, `[C_out]`.
///
/// # Errors
/// If the shape makes no sense or a slice has another length than it says.
pub fn weight_gradient(
    isa: Isa,
    shape: &ConvShape,
    input: &[f32],
    grad_output: OutputGradient<'_>,
    grad_weights: &mut [f32],
    grad_bias: Option<&mut [f32]>,
) -> Result<(), ConvError> {
    let shape = shape.checked()?;
    check_length("input", input.len(), shape.input_len())?;
    let gradient = grad_output.checked(&shape)?;
    check_length("grad_weights", grad_weights.len(), shape.weights_len())?;
    let bias_len = grad_bias.as_ref().map_or(shape.channels_out, |bias| bias.len());
    check_length("grad_bias", bias_len, shape.channels_out)?;

    if shape.output_len() == 0 {
        grad_weights.fill(0.0);
        grad_bias.into_iter().for_each(|bias| bias.fill(0.0));
        return Ok(());
    }
    let input = Source { values: input, mask: None };
    Reduction::new(&shape).run(isa, input, gradient, grad_weights, grad_bias);
    Ok(())
}

/// Numbers of packed input and gradient that are kept in a core's second-level cache.
const STRIP_VALUES: usize = 160 * 1024;
/// Partial sums that are enough to keep the threads of one machine busy.
const ENOUGH_TASKS: usize = 16;
/// Numbers that all partial sums together may hold, unless one alone holds more.
const PARTIAL_VALUES: usize = 1 << 20;
/// Channels of a part, so that packing them costs little compared with using them.
const PART_CHANNELS: usize = 64;
/// Weights of a part for one output channel, so that transposing a channel costs little in comparison.
const PART_WEIGHTS: usize = 256;
/// Packed lengths are multiples of this, the numbers in the widest vector.
const LARGEST_LANES: usize = 16;
/// Output channels whose sums are collected together; parts are multiples of it.
const TOGETHER: usize = 8;
/// Fewer output channels than this leave most lanes of the outer product empty.
const LEAST_OUTER_CHANNELS: usize = 6;
/// With fewer weights a channel than this, transposing the gradient costs more than it gives.
const LEAST_OUTER_WEIGHTS: usize = 18;

/// How the sums are cut into tasks.
struct Reduction {
    shape: ConvShape,
    layout: Layout,
    gradient_layout: Layout,
    taps: Vec<Tap>,
    /// Output channels of each part, in one group.
    parts_out: Vec<Range<usize>>,
    /// Input channels of each part, in one group.
    parts_in: Vec<Range<usize>>,
    /// Rows of a strip.
    strip: usize,
    /// Partial sums of each part.
    partials: usize,
}

/// Memory layout of the sums of some output channels.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// `[C_out part, C_in part · taps]`.
    ChannelMajor,
    /// `[C_in part · taps, C_out part]`, its rows rounded up to whole vectors.
    WeightMajor,
}

/// A partial sum for some channels of one group.
struct Task<'a> {
    group: usize,
    channels_out: Range<usize>,
    channels_in: Range<usize>,
    /// Strips of all images, counted image by image.
    strips: Range<usize>,
    /// `[C_out part, C_in part · taps]`, or its transpose, see [`Order`].
    sums: &'a mut [f32],
    /// `[C_out part]`.
    bias_sums: &'a mut [f32],
}

impl Reduction {
    fn new(shape: &ConvShape) -> Self {
        let layout = input_layout(shape);
        let [rows, _] = shape.output();
        let gradient_layout = Layout {
            source: shape.output(),
            stride: 1,
            remainders: 1,
            before: [0, 0],
            tap_rows: 0,
            row_stride: layout.row_stride,
        };
        let (channels_out, channels_in) =
            (shape.channels_out / shape.groups, shape.channels_in / shape.groups);
        let taps = layout.taps(shape.kernel);
        let parts_out = parts(channels_out, PART_CHANNELS);
        let parts_in = parts(channels_in, PART_CHANNELS.max(PART_WEIGHTS / taps.len()));
        let per_row = parts_in[0].len() * layout.channel_len(1) / (1 + layout.tap_rows)
            + parts_out[0].len() * layout.row_stride;
        let cached = (STRIP_VALUES / per_row.max(1)).saturating_sub(layout.tap_rows);
        let wanted = rows.div_ceil(ENOUGH_TASKS.div_ceil(shape.batch.max(1)));
        let strip = cached.min(wanted.max(8)).clamp(1, rows.max(1));
        let strips = shape.batch * rows.div_ceil(strip);
        let most = (PARTIAL_VALUES / shape.weights_len()).max(1);
        let tasks = shape.groups * parts_out.len() * parts_in.len();
        let partials = ENOUGH_TASKS.div_ceil(tasks).min(most).min(strips).max(1);
        Self { shape: *shape, layout, gradient_layout, taps, parts_out, parts_in, strip, partials }
    }

    fn run(
        &self,
        isa: Isa,
        input: Source<'_>,
        gradient: Source<'_>,
        grad_weights: &mut [f32],
        grad_bias: Option<&mut [f32]>,
    ) {
        let len = self.shape.groups * self.group_len();
        let bias_len = self.partials * self.parts_in.len() * self.shape.channels_out;
        with_scratch(len + bias_len, |sums| {
            let (sums, bias_sums) = sums.split_at_mut(len);
            self.tasks(sums, bias_sums)
                .into_par_iter()
                .for_each(|task| self.run_task(isa, input, gradient, task));
            self.collect(sums, grad_weights);
            if let Some(grad_bias) = grad_bias {
                self.collect_bias(bias_sums, grad_bias);
            }
        });
    }

    fn order(&self, channels_out: &Range<usize>, channels_in: &Range<usize>) -> Order {
        let weights = channels_in.len() * self.taps.len();
        if channels_out.len() >= LEAST_OUTER_CHANNELS && weights >= LEAST_OUTER_WEIGHTS {
            Order::WeightMajor
        } else {
            Order::ChannelMajor
        }
    }

    /// Numbers in a partial sum.
    fn sums_len(&self, channels_out: &Range<usize>, channels_in: &Range<usize>) -> usize {
        let weights = channels_in.len() * self.taps.len();
        match self.order(channels_out, channels_in) {
            Order::ChannelMajor => channels_out.len() * weights,
            Order::WeightMajor => channels_out.len().next_multiple_of(LARGEST_LANES) * weights,
        }
    }

    /// Numbers in all partial sums of one group.
    fn group_len(&self) -> usize {
        let pairs = self.parts_out.iter().flat_map(|out| self.parts_in.iter().map(move |input| (out, input)));
        self.partials * pairs.map(|(out, input)| self.sums_len(out, input)).sum::<usize>()
    }

    /// Tasks in the order group, output part, input part, partial sum, which is that of `sums`.
    fn tasks<'a>(&self, mut sums: &'a mut [f32], mut bias_sums: &'a mut [f32]) -> Vec<Task<'a>> {
        let strips = self.shape.batch * self.shape.output()[0].div_ceil(self.strip);
        let mut tasks = Vec::new();
        for group in 0..self.shape.groups {
            for channels_out in &self.parts_out {
                for channels_in in &self.parts_in {
                    for partial in 0..self.partials {
                        let len = self.sums_len(channels_out, channels_in);
                        let (own, rest) = sums.split_at_mut(len);
                        let (own_bias, bias_rest) = bias_sums.split_at_mut(channels_out.len());
                        (sums, bias_sums) = (rest, bias_rest);
                        tasks.push(Task {
                            group,
                            channels_out: channels_out.clone(),
                            channels_in: channels_in.clone(),
                            strips: partial * strips / self.partials..(partial + 1) * strips / self.partials,
                            sums: own,
                            bias_sums: own_bias,
                        });
                    }
                }
            }
        }
        tasks
    }

    fn run_task(&self, isa: Isa, input: Source<'_>, gradient: Source<'_>, task: Task<'_>) {
        let [rows, columns] = self.shape.output();
        let strips_per_image = rows.div_ceil(self.strip);
        let (n_out, n_in) = (task.channels_out.len(), task.channels_in.len());
        let per_group =
            [self.shape.channels_out / self.shape.groups, self.shape.channels_in / self.shape.groups];
        let input_len =
            n_in * self.layout.channel_len(self.strip) + self.layout.row_stride + 2 * LARGEST_LANES;
        let input_len = input_len.next_multiple_of(LARGEST_LANES);
        let gradient_len = (self.strip * self.layout.row_stride).next_multiple_of(LARGEST_LANES);
        let order = self.order(&task.channels_out, &task.channels_in);
        task.sums.fill(0.0);
        task.bias_sums.fill(0.0);
        let work = |packed: &mut [f32]| {
            let (packed_input, rest) = packed.split_at_mut(input_len);
            let (packed_gradient, panel) = rest.split_at_mut(n_out * gradient_len);
            for strip_idx in task.strips.clone() {
                let image = strip_idx / strips_per_image;
                let first = strip_idx % strips_per_image * self.strip;
                let strip = first..(first + self.strip).min(rows);
                let channel_len = self.layout.channel_len(strip.len());
                let (filled, slack) = packed_input.split_at_mut(n_in * channel_len);
                slack.fill(0.0);
                for (channel, target) in
                    task.channels_in.clone().zip(filled.chunks_exact_mut(channel_len.max(1)))
                {
                    let plane = (image * self.shape.groups + task.group) * per_group[1] + channel;
                    self.layout.pack(input, plane, strip.clone(), target);
                }
                let places = self.layout.places(strip.len(), columns);
                let packed_places = strip.len() * self.layout.row_stride;
                let planes = packed_gradient.chunks_exact_mut(gradient_len);
                for (channel, target) in task.channels_out.clone().zip(planes) {
                    let plane = (image * self.shape.groups + task.group) * per_group[0] + channel;
                    self.gradient_layout.pack(gradient, plane, strip.clone(), target);
                    target[packed_places..].fill(0.0);
                }
                let offsets: Vec<usize> = (0..n_in)
                    .flat_map(|channel| self.taps.iter().map(move |tap| (channel, tap)))
                    .map(|(channel, tap)| channel * channel_len + self.layout.offset(tap, strip.len()))
                    .collect();
                let operands = Operands {
                    input: packed_input,
                    offsets: &offsets,
                    gradient: packed_gradient,
                    gradient_len,
                    places,
                };
                match order {
                    Order::ChannelMajor => isa.run(dot::Dot { operands, sums: task.sums }),
                    Order::WeightMajor => {
                        let row_len = n_out.next_multiple_of(LARGEST_LANES);
                        isa.run(outer::Outer { operands, sums: task.sums, row_len, channels: n_out, panel });
                    }
                }
                if task.channels_in.start == 0 {
                    isa.run(dot::Totals { operands, sums: task.bias_sums });
                }
            }
        };
        with_scratch(input_len + n_out * gradient_len + outer::SCRATCH, work);
    }

    /// Adds the partial sums in their order.
    fn collect(&self, sums: &[f32], grad_weights: &mut [f32]) {
        let weights = self.shape.channels_in / self.shape.groups * self.taps.len();
        let per_group = self.shape.channels_out / self.shape.groups;
        let group_len = self.group_len();
        let groups = grad_weights.par_chunks_mut(per_group * weights);
        groups.zip(sums.par_chunks(group_len)).for_each(|(group, sums)| {
            // some channels at a time, so that whole lines of transposed sums are read
            group.par_chunks_mut(TOGETHER * weights).enumerate().for_each(|(block_idx, block)| {
                self.collect_block(sums, block_idx * TOGETHER, weights, block);
            });
        });
    }

    /// Adds the partial sums of the output channels from `channel` on, `weights` numbers each.
    fn collect_block(&self, sums: &[f32], channel: usize, weights: usize, block: &mut [f32]) {
        let part_idx = channel / self.parts_out[0].len();
        let part = &self.parts_out[part_idx];
        let earlier = self.parts_out[..part_idx].iter();
        let pairs = earlier.flat_map(|out| self.parts_in.iter().map(move |input| (out, input)));
        let mut at = self.partials * pairs.map(|(out, input)| self.sums_len(out, input)).sum::<usize>();
        let channel = channel - part.start;
        block.fill(0.0);
        for part_in in &self.parts_in {
            let row_len = part_in.len() * self.taps.len();
            let first = part_in.start * self.taps.len();
            let len = self.sums_len(part, part_in);
            let partials = sums[at..at + self.partials * len].chunks_exact(len);
            for partial in partials {
                let mut rows = block.chunks_exact_mut(weights);
                match self.order(part, part_in) {
                    Order::ChannelMajor => {
                        for (row, partial) in rows.zip(partial.chunks_exact(row_len).skip(channel)) {
                            for (value, partial) in row[first..first + row_len].iter_mut().zip(partial) {
                                *value += partial;
                            }
                        }
                    }
                    Order::WeightMajor => {
                        let mut rows: [&mut [f32]; TOGETHER] = std::array::from_fn(|_| {
                            rows.next().map_or(&mut [][..], |row| &mut row[first..first + row_len])
                        });
                        let step = part.len().next_multiple_of(LARGEST_LANES);
                        for (t, partial) in partial.chunks_exact(step).enumerate() {
                            for (row, partial) in rows.iter_mut().zip(&partial[channel..]) {
                                if let Some(value) = row.get_mut(t) {
                                    *value += partial;
                                }
                            }
                        }
                    }
                }
            }
            at += self.partials * len;
        }
    }

    fn collect_bias(&self, bias_sums: &[f32], grad_bias: &mut [f32]) {
        let per_group = self.shape.channels_out / self.shape.groups;
        let mut at = 0;
        grad_bias.fill(0.0);
        for group in 0..self.shape.groups {
            for part in &self.parts_out {
                let target = &mut grad_bias[group * per_group + part.start..][..part.len()];
                // only the tasks of the first input part hold sums, the others hold zeros
                for _ in 0..self.parts_in.len() * self.partials {
                    for (value, partial) in target.iter_mut().zip(&bias_sums[at..]) {
                        *value += partial;
                    }
                    at += part.len();
                }
            }
        }
    }
}

/// What a kernel for one strip reads.
#[derive(Clone, Copy)]
pub(crate) struct Operands<'a> {
    pub(crate) input: &'a [f32],
    /// Index of the input value used at position 0, for each input channel and tap.
    pub(crate) offsets: &'a [usize],
    /// Planes of `gradient_len` numbers, 0 between rows and after the last position.
    pub(crate) gradient: &'a [f32],
    pub(crate) gradient_len: usize,
    pub(crate) places: usize,
}

/// Writes the sums over all images and positions of a masked gradient to `grad_bias`, `[C_out]`.
pub(crate) fn bias_gradient(isa: Isa, shape: &ConvShape, gradient: Source<'_>, grad_bias: &mut [f32]) {
    let [height, width] = shape.output();
    let plane_len = height * width;
    grad_bias.par_iter_mut().enumerate().for_each(|(channel, sum)| {
        *sum = 0.0;
        for image in 0..shape.batch {
            let start = (image * shape.channels_out + channel) * plane_len;
            let plane = start..start + plane_len;
            let mask = gradient.mask.map(|mask| &mask[plane.clone()]);
            *sum += isa.run(dot::PlaneSum { values: &gradient.values[plane], mask });
        }
    });
}

/// Parts of about `most` channels, each but the last as long as the first, a multiple of 8.
fn parts(channels: usize, most: usize) -> Vec<Range<usize>> {
    let part = channels.div_ceil(channels.div_ceil(most)).next_multiple_of(TOGETHER);
    (0..channels).step_by(part).map(|start| start..(start + part).min(channels)).collect()
}
