//! Inverted bottleneck (Sandler et al. 2018): a block that widens its maps, filters each channel by
//! itself, and narrows them again; with squeeze-and-excitation (Hu et al. 2018) where it has that.
//!
//! What `MobileNetV2`, `MobileNetV3` and `EfficientNet` are made of. Here are their common parts and how
//! timm, torchvision and others spell them; each network's sizes are in its own file.

use super::activation::Activation;
use super::builder::{Builder, Kernels};
use super::convolution::Border;
use super::graph::ValueId;
use super::operation::Operation;

/// How the layers are spelt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `blocks.2.0.conv_dw`.
    Timm,
    /// `features.3.0.block.1.0`.
    Torchvision,
    /// `features.4.conv.1.0`, as torchvision's `MobileNetV2`.
    TorchvisionV2,
    /// `_blocks.3._depthwise_conv`, as a conversion of Google's weights.
    Conversion,
}

/// What follows a batch norm.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Relu,
    Relu6,
    Silu,
    HardSwish,
}

/// How a network's blocks are made, and what the training framework left in the weights.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub spelling: Spelling,
    /// Whether padding is TensorFlow's.
    pub tensorflow: bool,
    /// Of the batch norms.
    pub epsilon: f64,
}

/// The sizes of a block.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub kernel: usize,
    pub stride: usize,
    /// Channels between the 1 × 1 convolutions; without the first one if as many as before it.
    pub expanded: usize,
    pub channels: usize,
    /// Channels that squeeze-and-excitation squeezes to, if there is one.
    pub squeezed: Option<usize>,
    pub act: Act,
}

impl Act {
    /// What the layer's name ends in.
    fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::Silu => "silu",
            Self::HardSwish => "hardswish",
        }
    }

    fn operation(self) -> Operation {
        match self {
            Self::Relu => Operation::Relu,
            Self::Relu6 => Operation::Relu6,
            Self::Silu => Operation::Activation(Activation::Silu),
            Self::HardSwish => Operation::Activation(Activation::HardSwish),
        }
    }

    /// The function after `layer`, as a layer of its own.
    pub(super) fn after(self, builder: &mut Builder<'_>, layer: &str, from: ValueId) -> ValueId {
        builder.keep(&format!("{layer}.{}", self.name()), from, self.operation())
    }

    /// What squeeze-and-excitation has inside and as its gate: `SiLU` and the logistic function where
    /// the network has `SiLU`, else ReLU and the hard sigmoid.
    fn of_gate(self) -> (Self, Operation) {
        match self {
            Self::Silu => (Self::Silu, Operation::Sigmoid),
            _ => (Self::Relu, Operation::Activation(Activation::HARD_SIGMOID)),
        }
    }
}

impl Style {
    /// A convolution without bias and its batch norm, with an activation where one follows.
    pub(super) fn convolution(
        self,
        builder: &mut Builder<'_>,
        [name, norm]: [&str; 2],
        from: ValueId,
        (channels, kernel, stride): (usize, usize, usize),
        act: Option<Act>,
    ) -> ValueId {
        let at = builder.convolution(name, from, self.kernels(channels, kernel, stride));
        self.norm(builder, norm, at, act)
    }

    fn kernels(self, channels: usize, kernel: usize, stride: usize) -> Kernels {
        let border = if self.tensorflow { Border::TensorFlow } else { Border::same(kernel) };
        Kernels::new(channels, kernel).stride(stride).border(border).without_bias()
    }

    fn norm(self, builder: &mut Builder<'_>, name: &str, from: ValueId, act: Option<Act>) -> ValueId {
        let at = builder.norm(name, from, self.epsilon);
        act.map_or(at, |act| act.after(builder, name, at))
    }

    /// The block called `name`, which is also its output.
    pub(super) fn block(
        self,
        builder: &mut Builder<'_>,
        name: &str,
        from: ValueId,
        block: &Block,
    ) -> ValueId {
        let Block { kernel, stride, expanded, channels, squeezed, act } = *block;
        let channels_in = builder.channels(from);
        let widens = expanded != channels_in;
        let names = Names::new(self.spelling, name, widens, squeezed.is_some());
        let mut at = from;
        if widens {
            at = self.convolution(builder, texts(&names.expand), at, (expanded, 1, 1), Some(act));
        }
        let [depthwise, norm] = texts(&names.depthwise);
        at = builder.depthwise(depthwise, at, self.kernels(expanded, kernel, stride));
        at = self.norm(builder, norm, at, Some(act));
        if let Some(squeezed) = squeezed {
            at = squeeze(builder, &names, at, squeezed, act);
        }
        at = self.convolution(builder, texts(&names.project), at, (channels, 1, 1), None);
        if stride == 1 && channels_in == channels {
            builder.add(name, [at, from])
        } else {
            builder.keep(name, at, Operation::Identity)
        }
    }
}

/// Squeeze-and-excitation: each channel times a gate between 0 and 1, made of the means of all
/// channels over the image.
fn squeeze(builder: &mut Builder<'_>, names: &Names, from: ValueId, squeezed: usize, act: Act) -> ValueId {
    let (inner, gate) = act.of_gate();
    let [reduce, expand] = texts(&names.squeeze_parts);
    let name = &names.squeeze;
    let mut at = builder.keep(&format!("{name}.mean"), from, Operation::AveragePool { side: 1 });
    at = builder.convolution(reduce, at, Kernels::new(squeezed, 1));
    at = inner.after(builder, reduce, at);
    at = builder.convolution(expand, at, Kernels::new(builder.channels(from), 1));
    at = builder.keep(&format!("{name}.gate"), at, gate);
    builder.multiply(name, [from, at])
}

fn texts([a, b]: &[String; 2]) -> [&str; 2] {
    [a, b]
}

/// The names of a block's layers: convolution and batch norm of each part.
struct Names {
    expand: [String; 2],
    depthwise: [String; 2],
    /// Of the product with the gate.
    squeeze: String,
    squeeze_parts: [String; 2],
    project: [String; 2],
}

impl Names {
    fn new(spelling: Spelling, block: &str, widens: bool, squeezes: bool) -> Self {
        let named = |parts: [&str; 2]| parts.map(|part| format!("{block}.{part}"));
        // places in torchvision's lists
        let depthwise = usize::from(widens);
        let squeeze = depthwise + 1;
        let project = squeeze + usize::from(squeezes);
        match spelling {
            Spelling::Timm => Self {
                expand: named(["conv_pw", "bn1"]),
                depthwise: named(["conv_dw", if widens { "bn2" } else { "bn1" }]),
                squeeze: format!("{block}.se"),
                squeeze_parts: named(["se.conv_reduce", "se.conv_expand"]),
                project: named(if widens { ["conv_pwl", "bn3"] } else { ["conv_pw", "bn2"] }),
            },
            Spelling::Conversion => Self {
                expand: named(["_expand_conv", "_bn0"]),
                depthwise: named(["_depthwise_conv", "_bn1"]),
                squeeze: format!("{block}._se"),
                squeeze_parts: named(["_se_reduce", "_se_expand"]),
                project: named(["_project_conv", "_bn2"]),
            },
            Spelling::Torchvision => {
                let pair = |index: usize| [0, 1].map(|part| format!("{block}.block.{index}.{part}"));
                Self {
                    expand: pair(0),
                    depthwise: pair(depthwise),
                    squeeze: format!("{block}.block.{squeeze}"),
                    squeeze_parts: ["fc1", "fc2"].map(|part| format!("{block}.block.{squeeze}.{part}")),
                    project: pair(project),
                }
            }
            Spelling::TorchvisionV2 => {
                let pair = |index: usize| [0, 1].map(|part| format!("{block}.conv.{index}.{part}"));
                Self {
                    expand: pair(0),
                    depthwise: pair(depthwise),
                    squeeze: String::new(),
                    squeeze_parts: [String::new(), String::new()],
                    project: [project, project + 1].map(|index| format!("{block}.conv.{index}")),
                }
            }
        }
    }
}
