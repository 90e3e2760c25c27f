//! `ConvNeXt` V1 (Liu et al. 2022): blocks of a 7 × 7 depthwise convolution, a layer norm over the
//! channels, and two 1 × 1 convolutions with a GELU between them.
//!
//! In the spelling of timm (`stages.2.blocks.0.conv_dw`) or of torchvision (`features.5.0.block.0`);
//! a block's own name is its output.

use super::activation::Activation;
use super::builder::{Builder, Kernels};
use super::graph::ValueId;
use super::operation::Operation;

/// As in the authors' code, for both spellings.
const EPSILON: f64 = 1e-6;
/// Channels between the 1 × 1 convolutions for each one outside.
const EXPANSION: usize = 4;
/// Where a layer scale starts.
const SCALE: f32 = 1e-6;

/// Channels and blocks of each stage, and how they are spelt.
#[derive(Clone, Copy)]
pub(super) struct Variant {
    pub channels: [usize; 4],
    pub blocks: [usize; 4],
    pub timm: bool,
}

impl Variant {
    pub(super) const TINY: Self = Self { channels: [96, 192, 384, 768], blocks: [3, 3, 9, 3], timm: true };
    pub(super) const NANO: Self = Self { channels: [80, 160, 320, 640], blocks: [2, 2, 8, 2], timm: true };
    pub(super) const ATTO: Self = Self { channels: [40, 80, 160, 320], blocks: [2, 2, 6, 2], timm: true };
}

/// Adds the network; without head if `n_classes` is `None`.
pub(super) fn build(builder: &mut Builder<'_>, image: ValueId, variant: Variant, n_classes: Option<usize>) {
    let timm = variant.timm;
    let stem = if timm { ["stem.0", "stem.1"] } else { ["features.0.0", "features.0.1"] };
    let kernels = |channels, size| Kernels::new(channels, size).stride(size).padding(0);
    let mut at = builder.convolution(stem[0], image, kernels(variant.channels[0], 4));
    at = builder.layer_norm(stem[1], at, EPSILON);
    for (stage, (channels, blocks)) in variant.channels.into_iter().zip(variant.blocks).enumerate() {
        let name = if timm { format!("stages.{stage}") } else { format!("features.{}", 2 * stage + 1) };
        if stage > 0 {
            let down = if timm { format!("{name}.downsample") } else { format!("features.{}", 2 * stage) };
            at = builder.layer_norm(&format!("{down}.0"), at, EPSILON);
            at = builder.convolution(&format!("{down}.1"), at, kernels(channels, 2));
        }
        for index in 0..blocks {
            let block = if timm { format!("{name}.blocks.{index}") } else { format!("{name}.{index}") };
            at = self::block(builder, &block, at, timm);
        }
        at = builder.keep(&name, at, Operation::Identity);
    }
    let Some(n_classes) = n_classes else { return };
    let head = if timm {
        ["head.global_pool", "head.norm", "head.fc"]
    } else {
        ["avgpool", "classifier.0", "classifier.2"]
    };
    at = builder.keep(head[0], at, Operation::AveragePool { side: 1 });
    at = builder.layer_norm(head[1], at, EPSILON);
    builder.dense(head[2], at, 1, n_classes);
}

fn block(builder: &mut Builder<'_>, name: &str, from: ValueId, timm: bool) -> ValueId {
    let [depthwise, norm, up, gelu, down, scale] = if timm {
        ["conv_dw", "norm", "mlp.fc1", "mlp.act", "mlp.fc2", "gamma"]
    } else {
        ["block.0", "block.2", "block.3", "block.4", "block.5", "layer_scale"]
    }
    .map(|part| format!("{name}.{part}"));
    let channels = builder.channels(from);
    let mut at = builder.depthwise(&depthwise, from, Kernels::new(channels, 7));
    at = builder.layer_norm(&norm, at, EPSILON);
    at = builder.convolution(&up, at, Kernels::new(EXPANSION * channels, 1));
    at = builder.activation(&gelu, at, Activation::Gelu);
    at = builder.convolution(&down, at, Kernels::new(channels, 1));
    at = builder.scale(&scale, at, SCALE);
    builder.add(name, [at, from])
}
