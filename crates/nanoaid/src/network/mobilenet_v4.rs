//! `MobileNetV4`, convolutional and small (Qin et al. 2024), with timm's names
//! (`blocks.2.0.dw_mid.conv`); `….relu` stands after a batch norm, and a block's own name is its output.

use super::builder::{Builder, Kernels};
use super::graph::ValueId;
use super::operation::Operation;

/// Timm's, PyTorch's default.
const EPSILON: f64 = 1e-5;
const STEM: usize = 32;
/// Channels, kernel and stride of the plain convolutions of the first two stages.
const PLAIN: [[[usize; 3]; 2]; 2] = [[[32, 3, 2], [32, 1, 1]], [[96, 3, 2], [64, 1, 1]]];
/// Kernels of the depthwise convolutions before and inside the wide part, 0 where there is none;
/// expansion, channels, stride.
const UNIVERSAL: [&[[usize; 5]]; 2] = [
    &[
        [5, 5, 3, 96, 2],
        [0, 3, 2, 96, 1],
        [0, 3, 2, 96, 1],
        [0, 3, 2, 96, 1],
        [0, 3, 2, 96, 1],
        [3, 0, 4, 96, 1],
    ],
    &[
        [3, 3, 6, 128, 2],
        [5, 5, 4, 128, 1],
        [0, 5, 4, 128, 1],
        [0, 5, 3, 128, 1],
        [0, 3, 4, 128, 1],
        [0, 3, 4, 128, 1],
    ],
];
const LAST: usize = 960;
const HEAD: usize = 1280;

/// Adds the network; without head if `n_classes` is `None`.
pub(super) fn build(builder: &mut Builder<'_>, image: ValueId, n_classes: Option<usize>) {
    let mut at = layer(builder, ["conv_stem", "bn1"], image, Part::Full([STEM, 3, 2]), true);
    for (stage, convolutions) in PLAIN.into_iter().enumerate() {
        for (index, sizes) in convolutions.into_iter().enumerate() {
            at = plain(builder, &format!("blocks.{stage}.{index}"), at, sizes);
        }
    }
    for (stage, blocks) in (PLAIN.len()..).zip(UNIVERSAL) {
        for (index, sizes) in blocks.iter().enumerate() {
            at = universal(builder, &format!("blocks.{stage}.{index}"), at, *sizes);
        }
    }
    at = plain(builder, "blocks.4.0", at, [LAST, 1, 1]);
    let Some(n_classes) = n_classes else { return };
    at = builder.keep("global_pool", at, Operation::AveragePool { side: 1 });
    at = layer(builder, ["conv_head", "norm_head"], at, Part::Full([HEAD, 1, 1]), true);
    builder.dense("classifier", at, 1, n_classes);
}

enum Part {
    /// Channels, kernel, stride.
    Full([usize; 3]),
    /// Kernel, stride.
    Depthwise([usize; 2]),
}

/// A convolution, its batch norm, and a ReLU where one follows.
fn layer(
    builder: &mut Builder<'_>,
    [name, norm]: [&str; 2],
    from: ValueId,
    part: Part,
    relu: bool,
) -> ValueId {
    let mut at = match part {
        Part::Full([channels, kernel, stride]) => {
            builder.convolution(name, from, Kernels::new(channels, kernel).stride(stride).without_bias())
        }
        Part::Depthwise([kernel, stride]) => {
            let kernels = Kernels::new(builder.channels(from), kernel).stride(stride).without_bias();
            builder.depthwise(name, from, kernels)
        }
    };
    at = builder.norm(norm, at, EPSILON);
    if relu { builder.relu(&format!("{norm}.relu"), at) } else { at }
}

fn plain(builder: &mut Builder<'_>, name: &str, from: ValueId, sizes: [usize; 3]) -> ValueId {
    let [convolution, norm] = ["conv", "bn1"].map(|part| format!("{name}.{part}"));
    let at = layer(builder, [&convolution, &norm], from, Part::Full(sizes), true);
    builder.keep(name, at, Operation::Identity)
}

/// A universal inverted bottleneck.
fn universal(
    builder: &mut Builder<'_>,
    name: &str,
    from: ValueId,
    [start, middle, expansion, channels, stride]: [usize; 5],
) -> ValueId {
    let channels_in = builder.channels(from);
    let mut add = |part: &str, from, sizes, relu| {
        let [convolution, norm] = ["conv", "bn"].map(|end| format!("{name}.{part}.{end}"));
        layer(builder, [&convolution, &norm], from, sizes, relu)
    };
    let mut at = from;
    if start > 0 {
        let stride = if middle > 0 { 1 } else { stride };
        at = add("dw_start", at, Part::Depthwise([start, stride]), false);
    }
    at = add("pw_exp", at, Part::Full([expansion * channels_in, 1, 1]), true);
    if middle > 0 {
        at = add("dw_mid", at, Part::Depthwise([middle, stride]), true);
    }
    at = add("pw_proj", at, Part::Full([channels, 1, 1]), false);
    if stride == 1 && channels_in == channels {
        builder.add(name, [at, from])
    } else {
        builder.keep(name, at, Operation::Identity)
    }
}
