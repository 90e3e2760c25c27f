//! `MobileNetV3`, large and small (Howard et al. 2019), in the spelling of torchvision
//! (`features.4.block.1.0`) or of timm (`blocks.2.0.conv_dw`).
//!
//! `….relu` and `….hardswish` stand after a batch norm, and a block's own name is its output.

use super::builder::{Builder, Kernels};
use super::graph::ValueId;
use super::inverted::{Act, Block, Spelling, Style};
use super::operation::Operation;

use Act::{HardSwish, Relu};

/// A block: kernel, channels between its 1 × 1 convolutions, channels after it, whether it has
/// squeeze-and-excitation, activation, stride.
type Row = (usize, usize, usize, bool, Act, usize);

const LARGE: [&[Row]; 6] = [
    &[(3, 16, 16, false, Relu, 1)],
    &[(3, 64, 24, false, Relu, 2), (3, 72, 24, false, Relu, 1)],
    &[(5, 72, 40, true, Relu, 2), (5, 120, 40, true, Relu, 1), (5, 120, 40, true, Relu, 1)],
    &[
        (3, 240, 80, false, HardSwish, 2),
        (3, 200, 80, false, HardSwish, 1),
        (3, 184, 80, false, HardSwish, 1),
        (3, 184, 80, false, HardSwish, 1),
    ],
    &[(3, 480, 112, true, HardSwish, 1), (3, 672, 112, true, HardSwish, 1)],
    &[
        (5, 672, 160, true, HardSwish, 2),
        (5, 960, 160, true, HardSwish, 1),
        (5, 960, 160, true, HardSwish, 1),
    ],
];
const SMALL: [&[Row]; 5] = [
    &[(3, 16, 16, true, Relu, 2)],
    &[(3, 72, 24, false, Relu, 2), (3, 88, 24, false, Relu, 1)],
    &[(5, 96, 40, true, HardSwish, 2), (5, 240, 40, true, HardSwish, 1), (5, 240, 40, true, HardSwish, 1)],
    &[(5, 120, 48, true, HardSwish, 1), (5, 144, 48, true, HardSwish, 1)],
    &[(5, 288, 96, true, HardSwish, 2), (5, 576, 96, true, HardSwish, 1), (5, 576, 96, true, HardSwish, 1)],
];
const STEM: usize = 16;
/// Channels of the last convolution for each channel before it.
const LAST: usize = 6;

/// Adds the network; without head if `n_classes` is `None`.
pub(super) fn build(
    builder: &mut Builder<'_>,
    image: ValueId,
    (large, style): (bool, Style),
    n_classes: Option<usize>,
) {
    let timm = style.spelling == Spelling::Timm;
    let stages: &[&[Row]] = if large { &LARGE } else { &SMALL };
    let stem = if timm { ["conv_stem", "bn1"] } else { ["features.0.0", "features.0.1"] };
    let mut at = style.convolution(builder, stem, image, (STEM, 3, 2), Some(HardSwish));
    let mut n_blocks = 0;
    for (stage, rows) in stages.iter().enumerate() {
        for (index, &(kernel, expanded, channels, squeezes, act, stride)) in rows.iter().enumerate() {
            n_blocks += 1;
            let name = if timm { format!("blocks.{stage}.{index}") } else { format!("features.{n_blocks}") };
            let squeezed = squeezes.then(|| divisible(expanded / 4));
            let block = Block { kernel, stride, expanded, channels, squeezed, act };
            at = style.block(builder, &name, at, &block);
        }
    }
    let last = LAST * builder.channels(at);
    let names = if timm {
        ["conv", "bn1"].map(|part| format!("blocks.{}.0.{part}", stages.len()))
    } else {
        [0, 1].map(|part| format!("features.{}.{part}", n_blocks + 1))
    };
    at = style.convolution(builder, [&names[0], &names[1]], at, (last, 1, 1), Some(HardSwish));
    let Some(n_classes) = n_classes else { return };
    let hidden = if large { 1280 } else { 1024 };
    if timm {
        at = builder.keep("global_pool", at, Operation::AveragePool { side: 1 });
        at = builder.convolution("conv_head", at, Kernels::new(hidden, 1));
        at = HardSwish.after(builder, "conv_head", at);
        builder.dense("classifier", at, 1, n_classes);
    } else {
        at = builder.keep("avgpool", at, Operation::AveragePool { side: 1 });
        at = builder.dense("classifier.0", at, 1, hidden);
        at = HardSwish.after(builder, "classifier.0", at);
        builder.dense("classifier.3", at, 1, n_classes);
    }
}

/// The multiple of 8 that is nearest to `channels`, at least 8 and above nine tenths of it, as in
/// the authors' code.
fn divisible(channels: usize) -> usize {
    let nearest = ((channels + 4) / 8 * 8).max(8);
    if 10 * nearest < 9 * channels { nearest + 8 } else { nearest }
}
