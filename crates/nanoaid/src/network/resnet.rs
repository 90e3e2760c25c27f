//! `ResNet` 18 and 34 (He et al. 2016), with torchvision's names: `layer2.0.conv1`; `layer2.0.sum`
//! is the residual sum and `layer2.0` the block's output after its ReLU, `layer2` that of the
//! last block.

use super::builder::{Builder, Kernels};
use super::graph::ValueId;
use super::operation::{Operation, Pool};

const WIDTHS: [usize; 4] = [64, 128, 256, 512];
/// PyTorch's default.
const EPSILON: f64 = 1e-5;

/// Adds a network with `blocks` blocks in each of its four stages; without head if `n_classes` is
/// `None`.
pub(super) fn build(builder: &mut Builder<'_>, image: ValueId, blocks: [usize; 4], n_classes: Option<usize>) {
    let stem = Kernels::new(WIDTHS[0], 7).stride(2).without_bias();
    let mut at = builder.convolution("conv1", image, stem);
    at = builder.norm("bn1", at, EPSILON);
    at = builder.relu("relu", at);
    at = builder.max_pool("maxpool", at, Pool { kernel: 3, stride: 2, padding: 1, ceil: false });
    for (stage, (count, width)) in (1..).zip(blocks.into_iter().zip(WIDTHS)) {
        for index in 0..count {
            let stride = if stage > 1 && index == 0 { 2 } else { 1 };
            at = block(builder, &format!("layer{stage}.{index}"), at, width, stride);
        }
        at = builder.keep(&format!("layer{stage}"), at, Operation::Identity);
    }
    let Some(n_classes) = n_classes else { return };
    at = builder.keep("avgpool", at, Operation::AveragePool { side: 1 });
    builder.dense("fc", at, 1, n_classes);
}

fn block(builder: &mut Builder<'_>, name: &str, from: ValueId, width: usize, stride: usize) -> ValueId {
    let named = |part: &str| format!("{name}.{part}");
    let first = Kernels::new(width, 3).stride(stride).without_bias();
    let mut at = builder.convolution(&named("conv1"), from, first);
    at = builder.norm(&named("bn1"), at, EPSILON);
    at = builder.relu(&named("relu"), at);
    at = builder.convolution(&named("conv2"), at, Kernels::new(width, 3).without_bias());
    at = builder.norm(&named("bn2"), at, EPSILON);
    let around = if stride == 1 && builder.channels(from) == width {
        from
    } else {
        let kernels = Kernels::new(width, 1).stride(stride).without_bias();
        let around = builder.convolution(&named("downsample.0"), from, kernels);
        builder.norm(&named("downsample.1"), around, EPSILON)
    };
    at = builder.add(&named("sum"), [at, around]);
    builder.relu(name, at)
}
