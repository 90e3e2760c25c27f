//! Receptive field: which pixels of an image a position of a layer depends on, along one axis.
//!
//! Rows and columns are alike. Where several paths lead from the image to a layer, what counts is
//! their union. Besides what a value depends on there is what its bits depend on: where outputs of
//! a convolution are computed together, a tile of them, all that the tile reads.

use super::convolution::{Border, ConvolutionShape};
use super::graph::{Graph, IMAGE, Step, ValueId};
use super::operation::{Operation, Pool};

/// Which positions before an operation one after it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// The `kernel` ones from `stride · index − before`; `after` that are not there may be asked
    /// for at the end, and with `ceil` a last window may stand out further.
    Window { kernel: usize, stride: usize, before: usize, after: usize, ceil: bool },
    /// `kernel` ones whose beginning depends on the length, for `⌈length / stride⌉` positions.
    TensorFlow { kernel: usize, stride: usize },
    /// The one it is a copy of.
    Half,
    /// All; `positions` are left.
    Whole { positions: usize },
}

const SAME_POSITION: Reach = Reach::Window { kernel: 1, stride: 1, before: 0, after: 0, ceil: false };

/// The steps between the image and a layer, and how they reach back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReceptiveField {
    steps: Vec<Link>,
}

/// How a step reaches back.
#[derive(Clone, Debug, PartialEq)]
struct Link {
    reach: Reach,
    /// Positions that are computed together where an image is run in tiles.
    tile: usize,
    /// To which of its inputs it reaches.
    inputs: Vec<ValueId>,
    /// Whether inputs are cut to the shortest.
    cuts: bool,
}

impl ReceptiveField {
    /// The axis of each step of `graph`, in order.
    pub(super) fn of_steps(graph: &Graph) -> Vec<Self> {
        let links: Vec<Link> = graph.steps().iter().map(Link::of).collect();
        (1..=graph.end())
            .map(|id| {
                let needed = graph.needed(id);
                let mut renumbered = vec![IMAGE; needed.len()];
                let mut steps = Vec::new();
                for (index, link) in links.iter().enumerate() {
                    if needed[index + 1] {
                        let inputs = link.inputs.iter().map(|&input| renumbered[input]).collect();
                        steps.push(Link { inputs, ..*link });
                        renumbered[index + 1] = steps.len();
                    }
                }
                Self { steps }
            })
            .collect()
    }

    /// The pixels `first .. end` that position `index` can depend on, before the borders cut them
    /// off; `None` if all.
    pub(super) fn image_from_feature(&self, index: usize) -> Option<(isize, isize)> {
        let index = index as isize;
        self.follow((index, index), |link, range| link.reach.back(range))
    }

    /// The pixels `first .. end` that the bits of positions `from .. to` can depend on where the
    /// image is run in tiles, before the borders cut them off; `None` if all.
    pub(super) fn image_from_tiles(&self, from: usize, to: usize) -> Option<(isize, isize)> {
        self.follow((from as isize, to as isize - 1), |link, (first, last)| {
            let tile = link.tile as isize;
            link.reach.back((first.div_euclid(tile) * tile, last.div_euclid(tile) * tile + tile - 1))
        })
    }

    /// Positions that the last step computes together where an image is run in tiles.
    pub(super) fn tile(&self) -> usize {
        self.steps.last().map_or(1, |link| link.tile)
    }

    /// The pixels `first .. end` that `back` leads to from the positions of `range`, its last among
    /// them, step by step.
    fn follow(
        &self,
        range: (isize, isize),
        back: impl Fn(&Link, (isize, isize)) -> Option<(isize, isize)>,
    ) -> Option<(isize, isize)> {
        let mut ranges: Vec<Option<(isize, isize)>> = vec![None; self.steps.len() + 1];
        ranges[self.steps.len()] = Some(range);
        for (id, link) in self.steps.iter().enumerate().rev() {
            let Some(range) = ranges[id + 1] else { continue };
            let (first, last) = back(link, range)?;
            for &input in &link.inputs {
                ranges[input] = Some(match ranges[input] {
                    Some(other) => (first.min(other.0), last.max(other.1)),
                    None => (first, last),
                });
            }
        }
        ranges[IMAGE].map(|(first, last)| (first, last + 1))
    }

    /// Positions there are for `length` pixels; 0 if too few for some step.
    pub(super) fn map_length(&self, length: usize) -> usize {
        let mut lengths = vec![length];
        for Link { reach, inputs, cuts, .. } in &self.steps {
            let of_inputs = || inputs.iter().map(|&input| lengths[input]);
            // a mean over the image, which has one position, may be an input beside maps
            let taken = if *cuts { of_inputs().min() } else { of_inputs().max() }.unwrap_or(0);
            lengths.push(if of_inputs().any(|length| length == 0) { 0 } else { reach.length(taken) });
        }
        lengths[self.steps.len()]
    }

    /// Pixels that the largest part has; `None` if it is the whole image. Parts differ where there
    /// is up-sampling, with the period of the coarsest stride on the way.
    pub(super) fn width_px(&self, coarsest_stride: usize) -> Option<usize> {
        let up_sampled = self.steps.iter().any(|link| link.reach == Reach::Half);
        (0..if up_sampled { coarsest_stride } else { 1 })
            .map(|index| self.image_from_feature(index).map(|(first, end)| (end - first) as usize))
            .max()
            .flatten()
    }

    /// Whether a part of the image, cut out at a multiple of the coarsest stride, gives the
    /// positions that the whole has there.
    pub(super) fn can_be_cut(&self) -> bool {
        self.steps.iter().all(|link| match &link.reach {
            Reach::TensorFlow { stride, .. } => *stride == 1,
            Reach::Whole { .. } => false,
            Reach::Window { .. } | Reach::Half => true,
        })
    }
}

impl Reach {
    /// The positions from the first to the last that those of `first ..= last` depend on.
    fn back(self, (first, last): (isize, isize)) -> Option<(isize, isize)> {
        let window = |kernel: usize, stride: usize, before: usize| {
            let (stride, before) = (stride as isize, before as isize);
            (first * stride - before, last * stride - before + kernel as isize - 1)
        };
        match self {
            Self::Window { kernel, stride, before, .. } => Some(window(kernel, stride, before)),
            // what lengths that are multiples of the stride have
            Self::TensorFlow { kernel, stride } => {
                Some(window(kernel, stride, kernel.saturating_sub(stride) / 2))
            }
            Self::Half => Some((first.div_euclid(2), last.div_euclid(2))),
            Self::Whole { .. } => None,
        }
    }

    fn length(self, length: usize) -> usize {
        match self {
            Self::Window { kernel, stride, before, after, ceil } => {
                let padded = length + before + after;
                if padded < kernel {
                    return 0;
                }
                let steps = padded - kernel;
                if !ceil {
                    return steps / stride + 1;
                }
                let n = steps.div_ceil(stride) + 1;
                // the last window has to begin on the maps or before them
                if (n - 1) * stride >= length + before { n - 1 } else { n }
            }
            Self::TensorFlow { stride, .. } => length.div_ceil(stride),
            Self::Half => 2 * length,
            Self::Whole { positions } => positions,
        }
    }
}

impl Link {
    fn of(step: &Step) -> Self {
        let (tile, inputs) = match &step.operation {
            Operation::Convolution(convolution) => (convolution.tile(), &step.inputs[..]),
            // a block lies inside the field of the maps beside it
            Operation::AddBlockCode { from_maps, .. } | Operation::AddBlocks { from_maps, .. } => {
                (from_maps.tile(), &step.inputs[..1])
            }
            _ => (1, &step.inputs[..]),
        };
        let cuts = matches!(step.operation, Operation::Join);
        Self { reach: reach(&step.operation), tile, inputs: inputs.to_vec(), cuts }
    }
}

fn window(shape: ConvolutionShape) -> Reach {
    let ConvolutionShape { kernel, stride, border, .. } = shape;
    match border {
        Border::Sides(padding) => {
            Reach::Window { kernel, stride, before: padding.top, after: padding.bottom, ceil: false }
        }
        Border::TensorFlow => Reach::TensorFlow { kernel, stride },
    }
}

fn reach(operation: &Operation) -> Reach {
    match operation {
        Operation::Convolution(convolution)
        | Operation::AddBlockCode { from_maps: convolution, .. }
        | Operation::AddBlocks { from_maps: convolution, .. } => window(convolution.shape()),
        Operation::MaxPool(Pool { kernel, stride, padding, ceil })
        | Operation::WindowMean { window: Pool { kernel, stride, padding, ceil }, .. } => {
            Reach::Window { kernel: *kernel, stride: *stride, before: *padding, after: *padding, ceil: *ceil }
        }
        Operation::UpSample | Operation::PixelShuffle => Reach::Half,
        Operation::AveragePool { side } => Reach::Whole { positions: *side },
        Operation::ReluWith { before: operation, .. } | Operation::OwnChannels(operation) => reach(operation),
        Operation::Dense(_) => Reach::Whole { positions: 1 },
        Operation::Norm(_)
        | Operation::Relu
        | Operation::Relu6
        | Operation::LayerNorm(_)
        | Operation::Activation(_)
        | Operation::Scale(_)
        | Operation::Shift(_)
        | Operation::Softmax
        | Operation::Multiply
        | Operation::Add
        | Operation::Concatenate
        | Operation::Join
        | Operation::Identity
        | Operation::Channels(_)
        | Operation::Colors { .. }
        | Operation::WithOnes
        | Operation::Sigmoid
        | Operation::Clamp => SAME_POSITION,
    }
}
