//! `MobileNetV2` (Sandler et al. 2018), in the spelling of torchvision (`features.4.conv.1.0`) or of timm
//! (`blocks.2.0.conv_dw`). `….relu6` stands after a batch norm, and a block's own name is its output.

use super::builder::Builder;
use super::graph::ValueId;
use super::inverted::{Act, Block, Spelling, Style};
use super::operation::Operation;

/// Stride, expansion, channels and number of the blocks of each stage.
const STAGES: [[usize; 4]; 7] = [
    [1, 1, 16, 1],
    [2, 6, 24, 2],
    [2, 6, 32, 3],
    [2, 6, 64, 4],
    [1, 6, 96, 3],
    [2, 6, 160, 3],
    [1, 6, 320, 1],
];
const STEM: usize = 32;
const HEAD: usize = 1280;

/// Adds the network; without head if `n_classes` is `None`.
pub(super) fn build(builder: &mut Builder<'_>, image: ValueId, style: Style, n_classes: Option<usize>) {
    let timm = style.spelling == Spelling::Timm;
    let [stem, head, rest] = if timm {
        [["conv_stem", "bn1"], ["conv_head", "bn2"], ["global_pool", "classifier"]]
    } else {
        [["features.0.0", "features.0.1"], ["features.18.0", "features.18.1"], ["avgpool", "classifier.1"]]
    };
    let mut at = style.convolution(builder, stem, image, (STEM, 3, 2), Some(Act::Relu6));
    let mut n_blocks = 0;
    for (stage, [stride, expansion, channels, count]) in STAGES.into_iter().enumerate() {
        for index in 0..count {
            n_blocks += 1;
            let name = if timm { format!("blocks.{stage}.{index}") } else { format!("features.{n_blocks}") };
            let block = Block {
                kernel: 3,
                stride: if index == 0 { stride } else { 1 },
                expanded: expansion * builder.channels(at),
                channels,
                squeezed: None,
                act: Act::Relu6,
            };
            at = style.block(builder, &name, at, &block);
        }
    }
    at = style.convolution(builder, head, at, (HEAD, 1, 1), Some(Act::Relu6));
    let Some(n_classes) = n_classes else { return };
    at = builder.keep(rest[0], at, Operation::AveragePool { side: 1 });
    builder.dense(rest[1], at, 1, n_classes);
}
