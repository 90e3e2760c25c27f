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
use super::inverted::{Spelling, Style};
use super::operation::Operation;
use super::parameter::weight_of;
use super::preprocess::{Colors, Preprocess, Resize};
use super::{
    convnext, densenet, efficientnet, mobilenet_v2, mobilenet_v3, mobilenet_v4, resnet, squeezenet, vgg,
};
use crate::ConfigError;

#[cfg(test)]
mod tests;

/// Name of the step that makes a network's input of a grey image.
pub(super) const GRAY: &str = "gray";

/// The networks, each with its name.
macro_rules! published {
    ($($(#[$doc:meta])* $network:ident $name:literal,)*) => {
        /// A published network.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "they are called by their names")]
        pub enum Published {
            $($(#[$doc])* #[serde(rename = $name)] $network,)*
        }

        impl Published {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$network,)*];

            /// Its name in files and on the command line, e.g. `vgg16_bn`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$network => $name,)*
                }
            }
        }
    };
}

published! {
    Vgg11 "vgg11",
    Vgg11Bn "vgg11_bn",
    Vgg13 "vgg13",
    Vgg13Bn "vgg13_bn",
    Vgg16 "vgg16",
    Vgg16Bn "vgg16_bn",
    Vgg19 "vgg19",
    Vgg19Bn "vgg19_bn",
    SqueezeNet1_0 "squeezenet1_0",
    SqueezeNet1_1 "squeezenet1_1",
    /// The authors' own, in BGR.
    SqueezeNet1_0Authors "squeezenet1_0_authors",
    ResNet18 "resnet18",
    ResNet34 "resnet34",
    ResNet50 "resnet50",
    ResNet101 "resnet101",
    WideResNet50 "wide_resnet50_2",
    DenseNet121 "densenet121",
    /// In torchvision's spelling.
    MobileNetV2 "mobilenet_v2",
    /// Timm's own weights.
    TimmMobileNetV2 "mobilenetv2_100",
    /// In torchvision's spelling.
    MobileNetV3Small "mobilenet_v3_small",
    /// In torchvision's spelling.
    MobileNetV3Large "mobilenet_v3_large",
    /// Timm's own weights.
    TimmMobileNetV3Small "mobilenetv3_small_100",
    /// Timm's own weights.
    TimmMobileNetV3Large "mobilenetv3_large_100",
    /// Google's weights in timm's spelling.
    TfMobileNetV3Small "tf_mobilenetv3_small_100",
    /// Google's weights in timm's spelling.
    TfMobileNetV3Large "tf_mobilenetv3_large_100",
    MobileNetV4ConvSmall "mobilenetv4_conv_small",
    /// In torchvision's spelling.
    EfficientNetB0 "efficientnet_b0",
    /// Timm's own weights: timm's `efficientnet_b0`.
    TimmEfficientNetB0 "timm_efficientnet_b0",
    /// Google's weights in timm's spelling.
    TfEfficientNetB0 "tf_efficientnet_b0",
    /// Google's weights in the spelling of their `PyTorch` conversion.
    EfficientNetLite0 "efficientnet_lite0",
    /// Google's weights in timm's spelling: timm's `tf_efficientnet_lite0`.
    TfEfficientNetLite0 "tf_efficientnet_lite0",
    /// Timm's own weights: timm's `efficientnet_lite0`.
    TimmEfficientNetLite0 "timm_efficientnet_lite0",
    /// In torchvision's spelling.
    ConvNextTiny "convnext_tiny",
    /// In the spelling of timm, which the authors' weights have there: timm's `convnext_tiny`.
    TimmConvNextTiny "timm_convnext_tiny",
    ConvNextNano "convnext_nano",
    ConvNextAtto "convnext_atto",
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
    /// Grey in `[0, 1]`, for weights whose first convolution has one channel. It is normalized by
    /// the averages of the three means and of the three deviations.
    OneChannel,
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
        let found = Self::ALL.iter().find(|network| network.name() == text);
        found.copied().ok_or_else(|| ConfigError::new("network", text, &format!("one of {}", Self::names())))
    }
}

impl Published {
    /// The names of all of them, with commas between.
    pub fn names() -> String {
        Self::ALL.iter().map(|network| network.name()).collect::<Vec<_>>().join(", ")
    }

    /// The layer that gives the classes.
    pub(super) fn head(self) -> &'static str {
        match self {
            Self::Vgg11
            | Self::Vgg11Bn
            | Self::Vgg13
            | Self::Vgg13Bn
            | Self::Vgg16
            | Self::Vgg16Bn
            | Self::Vgg19
            | Self::Vgg19Bn => "classifier.6",
            Self::SqueezeNet1_0 | Self::SqueezeNet1_1 | Self::MobileNetV2 | Self::EfficientNetB0 => {
                "classifier.1"
            }
            Self::SqueezeNet1_0Authors => "conv_final",
            Self::ResNet18 | Self::ResNet34 | Self::ResNet50 | Self::ResNet101 | Self::WideResNet50 => "fc",
            Self::MobileNetV3Small | Self::MobileNetV3Large => "classifier.3",
            Self::EfficientNetLite0 => "_fc",
            Self::ConvNextTiny => "classifier.2",
            Self::TimmConvNextTiny | Self::ConvNextNano | Self::ConvNextAtto => "head.fc",
            Self::DenseNet121
            | Self::TimmMobileNetV2
            | Self::TimmMobileNetV3Small
            | Self::TimmMobileNetV3Large
            | Self::TfMobileNetV3Small
            | Self::TfMobileNetV3Large
            | Self::MobileNetV4ConvSmall
            | Self::TimmEfficientNetB0
            | Self::TfEfficientNetB0
            | Self::TfEfficientNetLite0
            | Self::TimmEfficientNetLite0 => "classifier",
        }
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
            // timm's default settings for them
            Self::TfMobileNetV3Small | Self::TfMobileNetV3Large => {
                Preprocess { mean: [0.5; 3], std: [0.5; 3], ..Preprocess::TORCHVISION }
            }
            Self::TimmEfficientNetLite0
            | Self::TimmMobileNetV2
            | Self::TimmMobileNetV3Small
            | Self::TimmMobileNetV3Large
            | Self::MobileNetV4ConvSmall
            | Self::TimmEfficientNetB0
            | Self::TfEfficientNetB0
            | Self::ConvNextAtto => Preprocess { resize: Resize::Bicubic, ..Preprocess::TORCHVISION },
            Self::TimmConvNextTiny | Self::ConvNextNano => {
                Preprocess { resize: Resize::Bicubic, crop: 0.95, ..Preprocess::TORCHVISION }
            }
            // torchvision's IMAGENET1K_V1
            Self::EfficientNetB0 => Preprocess { resize: Resize::Bicubic, ..Preprocess::TORCHVISION },
            Self::ConvNextTiny => Preprocess { crop: 224.0 / 236.0, ..Preprocess::TORCHVISION },
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
        self.preprocess.check()?;
        Ok(self)
    }

    /// The graph for colors as one for this input, which is grey.
    pub(super) fn gray_graph(&self, graph: &Graph) -> Graph {
        let mut graph = graph.with_first_step(1, GRAY, gray_step(self.input, &self.preprocess));
        if self.input == Input::GrayFolded {
            let first = graph.operations_mut().nth(1);
            let Some(Operation::Convolution(convolution)) = first else {
                panic!("published networks begin with a convolution")
            };
            *convolution = self.preprocess.folded(convolution);
        }
        graph
    }
}

/// What makes a network's input of a grey image.
pub(super) fn gray_step(input: Input, preprocess: &Preprocess) -> Operation {
    let Preprocess { white, mean, std, .. } = preprocess;
    match input {
        Input::GrayFolded => Operation::WithOnes,
        Input::OneChannel => {
            let average = |values: &[f32; 3]| vec![values.iter().sum::<f32>() / 3.0];
            Operation::Colors { white: *white, mean: average(mean), std: average(std) }
        }
        Input::Colors | Input::GrayAsColors => {
            Operation::Colors { white: *white, mean: mean.to_vec(), std: std.to_vec() }
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
        Input::GrayAsColors => builder.step(GRAY, IMAGE, gray_step(config.input, &config.preprocess), 3),
        Input::GrayFolded => builder.step(GRAY, IMAGE, gray_step(config.input, &config.preprocess), 2),
        Input::OneChannel => builder.step(GRAY, IMAGE, gray_step(config.input, &config.preprocess), 1),
    };
    build(&mut builder, image, config);
    builder.finish()
}

fn build(builder: &mut Builder<'_>, image: ValueId, config: &PublishedConfig) {
    use efficientnet::Variant::{B0, Lite0};
    use resnet::Block::{Basic, Bottleneck};

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
        Published::ResNet18 => resnet::build(builder, image, ([2; 4], Basic), classes),
        Published::ResNet34 => resnet::build(builder, image, ([3, 4, 6, 3], Basic), classes),
        Published::ResNet50 => {
            resnet::build(builder, image, ([3, 4, 6, 3], Bottleneck { width: 1 }), classes);
        }
        Published::ResNet101 => {
            resnet::build(builder, image, ([3, 4, 23, 3], Bottleneck { width: 1 }), classes);
        }
        Published::WideResNet50 => {
            resnet::build(builder, image, ([3, 4, 6, 3], Bottleneck { width: 2 }), classes);
        }
        Published::DenseNet121 => densenet::build(builder, image, classes),
        Published::MobileNetV2 => mobilenet_v2::build(builder, image, TORCHVISION_V2, classes),
        Published::TimmMobileNetV2 => mobilenet_v2::build(builder, image, TIMM, classes),
        Published::MobileNetV3Small => {
            let style = Style { epsilon: 1e-3, ..TORCHVISION };
            mobilenet_v3::build(builder, image, (false, style), classes);
        }
        Published::MobileNetV3Large => {
            let style = Style { epsilon: 1e-3, ..TORCHVISION };
            mobilenet_v3::build(builder, image, (true, style), classes);
        }
        Published::TimmMobileNetV3Small => mobilenet_v3::build(builder, image, (false, TIMM), classes),
        Published::TimmMobileNetV3Large => mobilenet_v3::build(builder, image, (true, TIMM), classes),
        Published::TfMobileNetV3Small => mobilenet_v3::build(builder, image, (false, TENSORFLOW), classes),
        Published::TfMobileNetV3Large => mobilenet_v3::build(builder, image, (true, TENSORFLOW), classes),
        Published::MobileNetV4ConvSmall => mobilenet_v4::build(builder, image, classes),
        Published::EfficientNetB0 => efficientnet::build(builder, image, (B0, TORCHVISION), classes),
        Published::TimmEfficientNetB0 => efficientnet::build(builder, image, (B0, TIMM), classes),
        Published::TfEfficientNetB0 => efficientnet::build(builder, image, (B0, TENSORFLOW), classes),
        Published::EfficientNetLite0 => {
            let style = Style { spelling: Spelling::Conversion, ..TENSORFLOW };
            efficientnet::build(builder, image, (Lite0, style), classes);
        }
        Published::TfEfficientNetLite0 => efficientnet::build(builder, image, (Lite0, TENSORFLOW), classes),
        Published::TimmEfficientNetLite0 => efficientnet::build(builder, image, (Lite0, TIMM), classes),
        Published::ConvNextTiny => {
            let variant = convnext::Variant { timm: false, ..convnext::Variant::TINY };
            convnext::build(builder, image, variant, classes);
        }
        Published::TimmConvNextTiny => convnext::build(builder, image, convnext::Variant::TINY, classes),
        Published::ConvNextNano => convnext::build(builder, image, convnext::Variant::NANO, classes),
        Published::ConvNextAtto => convnext::build(builder, image, convnext::Variant::ATTO, classes),
    }
}

const TIMM: Style = Style { spelling: Spelling::Timm, tensorflow: false, epsilon: 1e-5 };
/// Google's weights: TensorFlow's padding, and the epsilon of its batch norms.
const TENSORFLOW: Style = Style { spelling: Spelling::Timm, tensorflow: true, epsilon: 1e-3 };
const TORCHVISION: Style = Style { spelling: Spelling::Torchvision, ..TIMM };
const TORCHVISION_V2: Style = Style { spelling: Spelling::TorchvisionV2, ..TIMM };
