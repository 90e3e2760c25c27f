//! `EfficientNet`-Lite0 (Tan & Le 2019; the Lite family of Google's repository): inverted
//! bottlenecks (Sandler et al. 2018) without squeeze-and-excitation, `ReLU6`.
//!
//! One network in two spellings: that of the `PyTorch` conversion of Google's weights
//! (`_blocks.3._depthwise_conv`) and timm's (`blocks.2.0.conv_dw`); `….relu6` stands after a batch
//! norm, and a block's own name is its output.

use super::builder::{Builder, Kernels};
use super::convolution::Border;
use super::graph::ValueId;
use super::operation::Operation;

/// How the layers are spelt, and what the training framework left in the weights.
#[derive(Clone, Copy)]
pub(super) struct Variant {
    pub timm: bool,
    /// Whether padding is TensorFlow's, and the batch norms' epsilon its 10⁻³.
    pub tensorflow: bool,
}

struct Stage {
    kernel: usize,
    stride: usize,
    expand: usize,
    channels: usize,
    blocks: usize,
}

const fn stage(kernel: usize, stride: usize, expand: usize, channels: usize, blocks: usize) -> Stage {
    Stage { kernel, stride, expand, channels, blocks }
}

const STAGES: [Stage; 7] = [
    stage(3, 1, 1, 16, 1),
    stage(3, 2, 6, 24, 2),
    stage(5, 2, 6, 40, 2),
    stage(3, 2, 6, 80, 3),
    stage(5, 1, 6, 112, 3),
    stage(5, 2, 6, 192, 4),
    stage(3, 1, 6, 320, 1),
];
const STEM: usize = 32;
const HEAD: usize = 1280;

/// Adds the network; without head if `n_classes` is `None`.
pub(super) fn build(builder: &mut Builder<'_>, image: ValueId, variant: Variant, n_classes: Option<usize>) {
    let Variant { timm, .. } = variant;
    let layers = Layers { variant };
    let stem = if timm { ["conv_stem", "bn1"] } else { ["_conv_stem", "_bn0"] };
    let mut at = layers.convolution(builder, stem[0], image, (STEM, 3, 2));
    at = layers.norm(builder, stem[1], at, true);
    let mut n_blocks = 0;
    for (index, stage) in STAGES.iter().enumerate() {
        for block in 0..stage.blocks {
            let name = if timm { format!("blocks.{index}.{block}") } else { format!("_blocks.{n_blocks}") };
            let stride = if block == 0 { stage.stride } else { 1 };
            at = layers.block(builder, &name, at, stage, stride);
            n_blocks += 1;
        }
    }
    let names = if timm {
        ["conv_head", "bn2", "global_pool", "classifier"]
    } else {
        ["_conv_head", "_bn1", "_avg_pooling", "_fc"]
    };
    at = layers.convolution(builder, names[0], at, (HEAD, 1, 1));
    at = layers.norm(builder, names[1], at, true);
    let Some(n_classes) = n_classes else { return };
    at = builder.keep(names[2], at, Operation::AveragePool { side: 1 });
    builder.dense(names[3], at, 1, n_classes);
}

struct Layers {
    variant: Variant,
}

impl Layers {
    fn kernels(&self, (channels, kernel, stride): (usize, usize, usize)) -> Kernels {
        let border = if self.variant.tensorflow { Border::TensorFlow } else { Border::same(kernel) };
        Kernels::new(channels, kernel).stride(stride).border(border).without_bias()
    }

    fn convolution(
        &self,
        builder: &mut Builder<'_>,
        name: &str,
        from: ValueId,
        kernels: (usize, usize, usize),
    ) -> ValueId {
        builder.convolution(name, from, self.kernels(kernels))
    }

    fn norm(&self, builder: &mut Builder<'_>, name: &str, from: ValueId, relu6: bool) -> ValueId {
        let epsilon = if self.variant.tensorflow { 1e-3 } else { 1e-5 };
        let at = builder.norm(name, from, epsilon);
        if relu6 { builder.keep(&format!("{name}.relu6"), at, Operation::Relu6) } else { at }
    }

    fn block(
        &self,
        builder: &mut Builder<'_>,
        name: &str,
        from: ValueId,
        stage: &Stage,
        stride: usize,
    ) -> ValueId {
        let channels_in = builder.channels(from);
        let named = |part: &str| format!("{name}.{part}");
        // expansion, its norm, depthwise, its norm, projection, its norm
        let names = match (self.variant.timm, stage.expand) {
            (false, _) => ["_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2"],
            (true, 1) => ["", "", "conv_dw", "bn1", "conv_pw", "bn2"],
            (true, _) => ["conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"],
        };
        let mut at = from;
        if stage.expand > 1 {
            at = self.convolution(builder, &named(names[0]), at, (stage.expand * channels_in, 1, 1));
            at = self.norm(builder, &named(names[1]), at, true);
        }
        let expanded = builder.channels(at);
        at = builder.depthwise(&named(names[2]), at, self.kernels((expanded, stage.kernel, stride)));
        at = self.norm(builder, &named(names[3]), at, true);
        at = self.convolution(builder, &named(names[4]), at, (stage.channels, 1, 1));
        at = self.norm(builder, &named(names[5]), at, false);
        if stride == 1 && channels_in == stage.channels {
            builder.add(name, [at, from])
        } else {
            builder.keep(name, at, Operation::Identity)
        }
    }
}
