//! `ResNet` 18, 34, 50 and 101 (He et al. 2016) and wide `ResNet` 50-2 (Zagoruyko & Komodakis 2016),
//! with the names of torchvision and timm: `layer2.0.conv1`; `layer2.0.sum` is the residual sum and
//! `layer2.0` the block's output after its ReLU, `layer2` that of the last block.
//!
//! Bottlenecks have their stride in the 3 × 3 convolution, as torchvision's and timm's weights.

use super::builder::{Builder, Kernels};
use super::graph::ValueId;
use super::operation::{Operation, Pool};

const WIDTHS: [usize; 4] = [64, 128, 256, 512];
/// PyTorch's default.
const EPSILON: f64 = 1e-5;
/// Channels of a bottleneck's output for each of its stage's width.
const EXPANSION: usize = 4;

/// What the blocks are.
#[derive(Clone, Copy)]
pub(super) enum Block {
    /// Two convolutions of 3 × 3.
    Basic,
    /// A convolution of 3 × 3 between two of 1 × 1; channels between them as many times the stage's
    /// width.
    Bottleneck { width: usize },
}

/// Adds a network with `blocks` blocks in each of its four stages; without head if `n_classes` is
/// `None`.
pub(super) fn build(
    builder: &mut Builder<'_>,
    image: ValueId,
    (blocks, kind): ([usize; 4], Block),
    n_classes: Option<usize>,
) {
    let stem = Kernels::new(WIDTHS[0], 7).stride(2).without_bias();
    let mut at = builder.convolution("conv1", image, stem);
    at = builder.norm("bn1", at, EPSILON);
    at = builder.relu("relu", at);
    at = builder.max_pool("maxpool", at, Pool { kernel: 3, stride: 2, padding: 1, ceil: false });
    for (stage, (count, width)) in (1..).zip(blocks.into_iter().zip(WIDTHS)) {
        for index in 0..count {
            let stride = if stage > 1 && index == 0 { 2 } else { 1 };
            let name = format!("layer{stage}.{index}");
            at = match kind {
                Block::Basic => basic(builder, &name, at, width, stride),
                Block::Bottleneck { width: factor } => {
                    bottleneck(builder, &name, at, [factor * width, EXPANSION * width], stride)
                }
            };
        }
        at = builder.keep(&format!("layer{stage}"), at, Operation::Identity);
    }
    let Some(n_classes) = n_classes else { return };
    at = builder.keep("avgpool", at, Operation::AveragePool { side: 1 });
    builder.dense("fc", at, 1, n_classes);
}

fn basic(builder: &mut Builder<'_>, name: &str, from: ValueId, width: usize, stride: usize) -> ValueId {
    let named = |part: &str| format!("{name}.{part}");
    let first = Kernels::new(width, 3).stride(stride).without_bias();
    let mut at = builder.convolution(&named("conv1"), from, first);
    at = builder.norm(&named("bn1"), at, EPSILON);
    at = builder.relu(&named("relu"), at);
    at = builder.convolution(&named("conv2"), at, Kernels::new(width, 3).without_bias());
    at = builder.norm(&named("bn2"), at, EPSILON);
    joined(builder, name, [from, at], stride)
}

fn bottleneck(
    builder: &mut Builder<'_>,
    name: &str,
    from: ValueId,
    [inner, outer]: [usize; 2],
    stride: usize,
) -> ValueId {
    let named = |part: &str| format!("{name}.{part}");
    let mut at = builder.convolution(&named("conv1"), from, Kernels::new(inner, 1).without_bias());
    at = builder.norm(&named("bn1"), at, EPSILON);
    at = builder.relu(&named("relu1"), at);
    at = builder.convolution(&named("conv2"), at, Kernels::new(inner, 3).stride(stride).without_bias());
    at = builder.norm(&named("bn2"), at, EPSILON);
    at = builder.relu(&named("relu2"), at);
    at = builder.convolution(&named("conv3"), at, Kernels::new(outer, 1).without_bias());
    at = builder.norm(&named("bn3"), at, EPSILON);
    joined(builder, name, [from, at], stride)
}

/// The sum of a block's input, brought to the shape of its output where they differ, and its
/// output, then a ReLU.
fn joined(builder: &mut Builder<'_>, name: &str, [from, at]: [ValueId; 2], stride: usize) -> ValueId {
    let width = builder.channels(at);
    let around = if stride == 1 && builder.channels(from) == width {
        from
    } else {
        let kernels = Kernels::new(width, 1).stride(stride).without_bias();
        let around = builder.convolution(&format!("{name}.downsample.0"), from, kernels);
        builder.norm(&format!("{name}.downsample.1"), around, EPSILON)
    };
    let sum = builder.add(&format!("{name}.sum"), [at, around]);
    builder.relu(name, sum)
}
