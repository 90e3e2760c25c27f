//! `EfficientNet`-B0 and -Lite0 (Tan & Le 2019; the Lite family of Google's repository): inverted
//! bottlenecks, with squeeze-and-excitation and `SiLU` in B0, with neither and with `ReLU6` in Lite0.
//!
//! In the spelling of timm, of torchvision (B0), or of a `PyTorch` conversion of Google's weights
//! (Lite0). `….relu6` and `….silu` stand after a batch norm, and a block's own name is its output.

use super::builder::Builder;
use super::graph::ValueId;
use super::inverted::{Act, Block, Spelling, Style};
use super::operation::Operation;

/// Kernel, stride, expansion, channels and number of the blocks of each stage.
const STAGES: [[usize; 5]; 7] = [
    [3, 1, 1, 16, 1],
    [3, 2, 6, 24, 2],
    [5, 2, 6, 40, 2],
    [3, 2, 6, 80, 3],
    [5, 1, 6, 112, 3],
    [5, 2, 6, 192, 4],
    [3, 1, 6, 320, 1],
];
const STEM: usize = 32;
const HEAD: usize = 1280;

/// Which of both.
#[derive(Clone, Copy)]
pub(super) enum Variant {
    B0,
    Lite0,
}

/// Adds the network; without head if `n_classes` is `None`.
pub(super) fn build(
    builder: &mut Builder<'_>,
    image: ValueId,
    (variant, style): (Variant, Style),
    n_classes: Option<usize>,
) {
    let (act, squeezes) = match variant {
        Variant::B0 => (Act::Silu, true),
        Variant::Lite0 => (Act::Relu6, false),
    };
    let [stem, head, rest] = match style.spelling {
        Spelling::Timm => [["conv_stem", "bn1"], ["conv_head", "bn2"], ["global_pool", "classifier"]],
        Spelling::Conversion => [["_conv_stem", "_bn0"], ["_conv_head", "_bn1"], ["_avg_pooling", "_fc"]],
        Spelling::Torchvision | Spelling::TorchvisionV2 => {
            [["features.0.0", "features.0.1"], ["features.8.0", "features.8.1"], ["avgpool", "classifier.1"]]
        }
    };
    let mut at = style.convolution(builder, stem, image, (STEM, 3, 2), Some(act));
    let mut n_blocks = 0;
    for (stage, [kernel, stride, expansion, channels, count]) in STAGES.into_iter().enumerate() {
        for index in 0..count {
            let name = match style.spelling {
                Spelling::Timm => format!("blocks.{stage}.{index}"),
                Spelling::Conversion => format!("_blocks.{n_blocks}"),
                Spelling::Torchvision | Spelling::TorchvisionV2 => format!("features.{}.{index}", stage + 1),
            };
            let channels_in = builder.channels(at);
            let block = Block {
                kernel,
                stride: if index == 0 { stride } else { 1 },
                expanded: expansion * channels_in,
                channels,
                squeezed: squeezes.then_some(channels_in / 4),
                act,
            };
            at = style.block(builder, &name, at, &block);
            n_blocks += 1;
        }
    }
    at = style.convolution(builder, head, at, (HEAD, 1, 1), Some(act));
    let Some(n_classes) = n_classes else { return };
    at = builder.keep(rest[0], at, Operation::AveragePool { side: 1 });
    builder.dense(rest[1], at, 1, n_classes);
}
