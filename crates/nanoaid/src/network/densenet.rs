//! `DenseNet` 121 (Huang et al. 2017), with the names of torchvision and timm:
//! `features.denseblock2.denselayer5.conv2` are the channels that a layer adds,
//! `features.denseblock2.denselayer5` all channels so far.

use super::builder::{Builder, Kernels};
use super::graph::ValueId;
use super::operation::{Operation, Pool};

const STEM: usize = 64;
/// Channels that each layer adds.
const GROWTH: usize = 32;
/// Channels before its 3 × 3 convolution.
const BOTTLENECK: usize = 4 * GROWTH;
const LAYERS: [usize; 4] = [6, 12, 24, 16];
/// PyTorch's default.
const EPSILON: f64 = 1e-5;

/// Adds the network; without head if `n_classes` is `None`.
pub(super) fn build(builder: &mut Builder<'_>, image: ValueId, n_classes: Option<usize>) {
    let stem = Kernels::new(STEM, 7).stride(2).without_bias();
    let mut at = builder.convolution("features.conv0", image, stem);
    at = builder.norm("features.norm0", at, EPSILON);
    at = builder.relu("features.relu0", at);
    at = builder.max_pool("features.pool0", at, Pool { kernel: 3, stride: 2, padding: 1, ceil: false });
    for (block, layers) in (1..).zip(LAYERS) {
        let name = format!("features.denseblock{block}");
        for layer in 1..=layers {
            at = dense_layer(builder, &format!("{name}.denselayer{layer}"), at);
        }
        at = builder.keep(&name, at, Operation::Identity);
        if block < LAYERS.len() {
            at = transition(builder, &format!("features.transition{block}"), at);
        }
    }
    at = builder.norm("features.norm5", at, EPSILON);
    at = builder.relu("relu", at);
    let Some(n_classes) = n_classes else { return };
    at = builder.keep("avgpool", at, Operation::AveragePool { side: 1 });
    builder.dense("classifier", at, 1, n_classes);
}

fn dense_layer(builder: &mut Builder<'_>, name: &str, from: ValueId) -> ValueId {
    let named = |part: &str| format!("{name}.{part}");
    let mut at = builder.norm(&named("norm1"), from, EPSILON);
    at = builder.relu(&named("relu1"), at);
    at = builder.convolution(&named("conv1"), at, Kernels::new(BOTTLENECK, 1).without_bias());
    at = builder.norm(&named("norm2"), at, EPSILON);
    at = builder.relu(&named("relu2"), at);
    at = builder.convolution(&named("conv2"), at, Kernels::new(GROWTH, 3).without_bias());
    builder.concatenate(name, &[from, at])
}

fn transition(builder: &mut Builder<'_>, name: &str, from: ValueId) -> ValueId {
    let named = |part: &str| format!("{name}.{part}");
    let half = builder.channels(from) / 2;
    let mut at = builder.norm(&named("norm"), from, EPSILON);
    at = builder.relu(&named("relu"), at);
    at = builder.convolution(&named("conv"), at, Kernels::new(half, 1).without_bias());
    at = builder.keep(&named("pool"), at, Operation::WindowMean { window: Pool::HALF, counts_border: true });
    builder.keep(name, at, Operation::Identity)
}
