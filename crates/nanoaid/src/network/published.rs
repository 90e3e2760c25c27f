//! Published networks: those that others have trained on photos, by name.
//!
//! Each has its layers, its preprocess, and the spelling of its weights; nothing is left for a
//! caller to know. For one-channel images see [`Input`].

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::builder::Builder;
use super::convolution::Convolution;
use super::graph::{Graph, IMAGE, ValueId};
use super::init::Init;
use super::operation::Operation;
use super::parameter::weight_of;
use super::preprocess::{Colors, Preprocess, Resize};
use super::{efficientnet, resnet, squeezenet, vgg};
use crate::ConfigError;

#[cfg(test)]
mod tests;

/// Name of the step that makes a network's input of a grey image.
const GRAY: &str = "gray";

/// A published network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are called by their names")]
pub enum Published {
    #[serde(rename = "vgg11")]
    Vgg11,
    #[serde(rename = "vgg11_bn")]
    Vgg11Bn,
    #[serde(rename = "vgg13")]
    Vgg13,
    #[serde(rename = "vgg13_bn")]
    Vgg13Bn,
    #[serde(rename = "vgg16")]
    Vgg16,
    #[serde(rename = "vgg16_bn")]
    Vgg16Bn,
    #[serde(rename = "vgg19")]
    Vgg19,
    #[serde(rename = "vgg19_bn")]
    Vgg19Bn,
    #[serde(rename = "squeezenet1_0")]
    SqueezeNet1_0,
    #[serde(rename = "squeezenet1_1")]
    SqueezeNet1_1,
    /// The authors' own, in BGR.
    #[serde(rename = "squeezenet1_0_authors")]
    SqueezeNet1_0Authors,
    #[serde(rename = "resnet18")]
    ResNet18,
    #[serde(rename = "resnet34")]
    ResNet34,
    /// Google's weights in the spelling of their `PyTorch` conversion.
    #[serde(rename = "efficientnet_lite0")]
    EfficientNetLite0,
    /// Google's weights in timm's spelling: timm's `tf_efficientnet_lite0`.
    #[serde(rename = "tf_efficientnet_lite0")]
    TfEfficientNetLite0,
    /// Timm's own weights: timm's `efficientnet_lite0`.
    #[serde(rename = "timm_efficientnet_lite0")]
    TimmEfficientNetLite0,
}

/// What a network trained on photos is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Three normalized colors.
    #[default]
    Colors,
    /// Grey in `[0, 1]`, which the first step makes three equal, normalized colors.
    GrayAsColors,
    /// Grey in `[0, 1]`. The kernels of the first convolution are summed over the colors, the
    /// normalization included; what it takes off comes from a plane of ones beside the image, so
    /// that the zeros around it are the zeros around normalized colors and the border is equal.
    GrayFolded,
}

/// A published network with its head and input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedConfig {
    /// Which one.
    pub network: Published,
    /// Classes of the head, 1 to 100 000; `None` without head.
    pub n_classes: Option<usize>,
    /// What it is given.
    #[serde(default)]
    pub input: Input,
    /// How images become its input.
    pub preprocess: Preprocess,
}

impl FromStr for Published {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::ALL.into_iter().find(|network| network.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            ConfigError::new("network", text, &format!("one of {known}"))
        })
    }
}

impl Published {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Vgg11,
        Self::Vgg11Bn,
        Self::Vgg13,
        Self::Vgg13Bn,
        Self::Vgg16,
        Self::Vgg16Bn,
        Self::Vgg19,
        Self::Vgg19Bn,
        Self::SqueezeNet1_0,
        Self::SqueezeNet1_1,
        Self::SqueezeNet1_0Authors,
        Self::ResNet18,
        Self::ResNet34,
        Self::EfficientNetLite0,
        Self::TfEfficientNetLite0,
        Self::TimmEfficientNetLite0,
    ];

    /// Its name in files and on the command line, e.g. `vgg16_bn`.
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).expect("a name is plain data");
        name.as_str().expect("a name is text").to_owned()
    }

    /// How images are brought to it.
    pub fn preprocess(self) -> Preprocess {
        match self {
            // README of ../shared/weights, where it was checked
            Self::SqueezeNet1_0Authors => Preprocess {
                colors: Colors::Bgr,
                white: 255.0,
                mean: [104.0, 117.0, 123.0],
                std: [1.0; 3],
                size_px: 227,
                crop: 0.887,
                resize: Resize::Bicubic,
            },
            Self::EfficientNetLite0 => Preprocess {
                white: 255.0,
                mean: [127.0; 3],
                std: [128.0; 3],
                resize: Resize::Bicubic,
                ..Preprocess::TORCHVISION
            },
            Self::TfEfficientNetLite0 => Preprocess {
                mean: [0.5; 3],
                std: [0.5; 3],
                resize: Resize::Bicubic,
                ..Preprocess::TORCHVISION
            },
            Self::TimmEfficientNetLite0 => Preprocess { resize: Resize::Bicubic, ..Preprocess::TORCHVISION },
            _ => Preprocess::TORCHVISION,
        }
    }
}

impl PublishedConfig {
    /// The network as it was published, for colors, with a head of `n_classes` classes.
    pub fn new(network: Published, n_classes: Option<usize>) -> Self {
        Self { network, n_classes, input: Input::Colors, preprocess: network.preprocess() }
    }

    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if let Some(n) = self.n_classes.filter(|n| !(1..=100_000).contains(n)) {
            return Err(ConfigError::new("n_classes", n, "1 to 100000 classes"));
        }
        let Preprocess { white, mean, std, .. } = &self.preprocess;
        if let Some(std) = std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
            return Err(ConfigError::new("preprocess.std", std, "above 0"));
        }
        if let Some(value) = mean.iter().chain([white]).find(|value| !value.is_finite()) {
            return Err(ConfigError::new("preprocess.mean", value, "finite numbers"));
        }
        Ok(self)
    }

    /// The graph for colors as one for this input, which is grey.
    pub(super) fn gray_graph(&self, graph: &Graph) -> Graph {
        let mut graph = graph.with_first_step(1, GRAY, self.gray_step());
        if self.input == Input::GrayFolded {
            let first = graph.operations_mut().nth(1);
            let Some(Operation::Convolution(convolution)) = first else {
                panic!("published networks begin with a convolution")
            };
            *convolution = self.preprocess.folded(convolution);
        }
        graph
    }

    /// What makes the input of the first convolution of a grey image.
    fn gray_step(&self) -> Operation {
        let Preprocess { white, mean, std, .. } = &self.preprocess;
        match self.input {
            Input::GrayFolded => Operation::WithOnes,
            _ => Operation::Colors { white: *white, mean: mean.to_vec(), std: std.to_vec() },
        }
    }
}

impl Preprocess {
    /// A convolution over normalized colors as one over grey and ones.
    fn folded(&self, convolution: &Convolution) -> Convolution {
        let kernels = weight_of(&convolution.weight);
        let taps: usize = kernels.shape[2..].iter().product();
        let mut folded = Vec::with_capacity(kernels.values.len() / 3 * 2);
        for kernel in kernels.values.chunks(3 * taps) {
            let mut sum = |factor: &dyn Fn(usize) -> f64| {
                folded.extend((0..taps).map(|tap| {
                    (0..3).map(|color| factor(color) * f64::from(kernel[color * taps + tap])).sum::<f64>()
                        as f32
                }));
            };
            let std = |color: usize| f64::from(self.std[color]);
            sum(&|color| f64::from(self.white) / std(color));
            sum(&|color| -f64::from(self.mean[color]) / std(color));
        }
        convolution.with_inputs(2, folded)
    }
}

/// The layers of the network that `config` describes.
pub(super) fn graph(config: &PublishedConfig, init: Init, device: &burn::tensor::Device) -> Graph {
    let channels_in = if config.input == Input::Colors { 3 } else { 1 };
    let mut builder = Builder::new(channels_in, init, device);
    let image = match config.input {
        Input::Colors => IMAGE,
        Input::GrayAsColors => builder.step(GRAY, IMAGE, config.gray_step(), 3),
        Input::GrayFolded => builder.step(GRAY, IMAGE, config.gray_step(), 2),
    };
    build(&mut builder, image, config);
    builder.finish()
}

fn build(builder: &mut Builder<'_>, image: ValueId, config: &PublishedConfig) {
    let classes = config.n_classes;
    let mut vgg = |counts, norm| vgg::build(builder, image, counts, norm, classes);
    match config.network {
        Published::Vgg11 => vgg([1, 1, 2, 2, 2], false),
        Published::Vgg11Bn => vgg([1, 1, 2, 2, 2], true),
        Published::Vgg13 => vgg([2; 5], false),
        Published::Vgg13Bn => vgg([2; 5], true),
        Published::Vgg16 => vgg([2, 2, 3, 3, 3], false),
        Published::Vgg16Bn => vgg([2, 2, 3, 3, 3], true),
        Published::Vgg19 => vgg([2, 2, 4, 4, 4], false),
        Published::Vgg19Bn => vgg([2, 2, 4, 4, 4], true),
        Published::SqueezeNet1_0 => squeezenet::build(builder, image, squeezenet::Variant::V1_0, classes),
        Published::SqueezeNet1_1 => squeezenet::build(builder, image, squeezenet::Variant::V1_1, classes),
        Published::SqueezeNet1_0Authors => {
            squeezenet::build(builder, image, squeezenet::Variant::Authors, classes);
        }
        Published::ResNet18 => resnet::build(builder, image, [2; 4], classes),
        Published::ResNet34 => resnet::build(builder, image, [3, 4, 6, 3], classes),
        Published::EfficientNetLite0 => {
            let variant = efficientnet::Variant { timm: false, tensorflow: true };
            efficientnet::build(builder, image, variant, classes);
        }
        Published::TfEfficientNetLite0 => {
            let variant = efficientnet::Variant { timm: true, tensorflow: true };
            efficientnet::build(builder, image, variant, classes);
        }
        Published::TimmEfficientNetLite0 => {
            let variant = efficientnet::Variant { timm: true, tensorflow: false };
            efficientnet::build(builder, image, variant, classes);
        }
    }
}
