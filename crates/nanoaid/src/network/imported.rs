//! Imported: a network that was read from an ONNX file, as a list of steps that can be saved.
//!
//! Where the steps come from is in [`super::onnx`]; here they become layers.

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::convolution::{Border, Convolution, ConvolutionShape};
use super::dense::Dense;
use super::graph::{Graph, IMAGE, ValueId};
use super::init::Init;
use super::layer_norm::LayerNorm;
use super::norm::BatchNorm;
use super::operation::{Operation, Pool};
use super::preprocess::Preprocess;
use super::published::{GRAY, Input, gray_step};
use crate::ConfigError;
use crate::kernels::Padding;

use burn::tensor::Tensor;

/// Most steps; the largest network known here has under 1000.
const MOST_STEPS: usize = 20_000;
/// Most channels or outputs of a step.
const MOST_CHANNELS: usize = 100_000;

/// A network that was read from an ONNX file, without its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedConfig {
    /// What it is given: [`Input::Colors`], [`Input::OneChannel`], or grey made colors.
    pub input: Input,
    /// How images become its input.
    pub preprocess: Preprocess,
    /// Names of the classes, where the file has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    pub(super) steps: Vec<ImportedStep>,
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportedStep {
    pub name: String,
    /// 0 is the image, `i + 1` the output of step `i`.
    pub inputs: Vec<ValueId>,
    pub operation: ImportedOperation,
}

/// What a layer does, without its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ImportedOperation {
    Convolution {
        channels_in: usize,
        channels_out: usize,
        kernel: usize,
        stride: usize,
        /// Zeros before and after each axis; `None` for TensorFlow's.
        padding: Option<[usize; 2]>,
        groups: usize,
        biased: bool,
    },
    Norm {
        channels: usize,
        epsilon: f64,
    },
    LayerNorm {
        channels: usize,
        epsilon: f64,
    },
    Dense {
        inputs: usize,
        outputs: usize,
    },
    Scale {
        channels: usize,
    },
    Shift {
        channels: usize,
    },
    Activation(Activation),
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    MaxPool {
        kernel: usize,
        stride: usize,
        padding: usize,
        ceil: bool,
    },
    AveragePool {
        kernel: usize,
        stride: usize,
        padding: usize,
        ceil: bool,
        counts_border: bool,
    },
    /// Means over `side × side` parts of the maps.
    Parts {
        side: usize,
    },
    Add,
    Multiply,
    Concatenate,
    UpSample,
    PixelShuffle,
}

impl ImportedConfig {
    /// Returns the settings if every step can be computed from those before it, else what is wrong.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if self.steps.is_empty() || self.steps.len() > MOST_STEPS {
            return Err(ConfigError::new("steps", self.steps.len(), &format!("1 to {MOST_STEPS} steps")));
        }
        self.preprocess.check()?;
        let image = if matches!(self.input, Input::OneChannel) { 1 } else { 3 };
        let mut channels = vec![image];
        for step in &self.steps {
            let wrong = |expected: &str| ConfigError::new("steps", &step.name, expected);
            let inputs: Option<Vec<usize>> =
                step.inputs.iter().map(|&input| channels.get(input).copied()).collect();
            let inputs = inputs.filter(|inputs| !inputs.is_empty());
            let inputs = inputs.ok_or_else(|| wrong("inputs that stand before it"))?;
            let outputs = step
                .operation
                .channels_out(&inputs)
                .ok_or_else(|| wrong(&format!("{:?} for inputs of {inputs:?} channels", step.operation)))?;
            channels.push(outputs);
        }
        Ok(self)
    }

    /// Whether the last layer scores classes: a dense one, or a softmax after it.
    pub(super) fn ends_with_classes(&self) -> bool {
        let last = self.steps.iter().rev().map(|step| &step.operation);
        let mut last = last.skip_while(|operation| {
            matches!(operation, ImportedOperation::Softmax | ImportedOperation::Shift { .. })
        });
        matches!(last.next(), Some(ImportedOperation::Dense { .. }))
    }
}

impl ImportedOperation {
    /// Channels of the output for inputs of these numbers of channels; `None` if they do not fit.
    pub(super) fn channels_out(&self, inputs: &[usize]) -> Option<usize> {
        let first = *inputs.first()?;
        let small = |n: usize| (1..=MOST_CHANNELS).contains(&n);
        let window = |kernel: usize, stride: usize, padding: usize| {
            (1..=1024).contains(&kernel) && (1..=1024).contains(&stride) && padding <= kernel / 2
        };
        match *self {
            Self::Convolution { channels_in, channels_out, kernel, stride, padding, groups, .. } => {
                let fits = inputs.len() == 1
                    && first == channels_in
                    && small(channels_out)
                    && groups > 0
                    && channels_in % groups == 0
                    && channels_out % groups == 0
                    && window(kernel, stride, 0)
                    && padding.is_none_or(|padding| padding.iter().all(|&zeros| zeros <= 1024));
                fits.then_some(channels_out)
            }
            Self::Norm { channels, .. }
            | Self::LayerNorm { channels, .. }
            | Self::Scale { channels }
            | Self::Shift { channels } => (inputs == [channels]).then_some(channels),
            Self::Dense { inputs: values, outputs } => {
                let fits = inputs.len() == 1 && small(outputs) && values % first == 0 && values > 0;
                fits.then_some(outputs)
            }
            Self::MaxPool { kernel, stride, padding, .. }
            | Self::AveragePool { kernel, stride, padding, .. } => {
                (inputs.len() == 1 && window(kernel, stride, padding)).then_some(first)
            }
            Self::Parts { side } => (inputs.len() == 1 && (1..=1024).contains(&side)).then_some(first),
            Self::Add => {
                // one of the inputs may have one channel for all
                let most = inputs.iter().copied().max()?;
                (first == most && inputs.iter().all(|&n| n == most || n == 1)).then_some(most)
            }
            Self::Multiply => (inputs.len() == 2 && (inputs[1] == first || inputs[1] == 1)).then_some(first),
            Self::Concatenate => inputs.iter().try_fold(0_usize, |sum, &n| sum.checked_add(n)),
            Self::PixelShuffle => (inputs.len() == 1 && first % 4 == 0).then_some(first / 4),
            Self::Activation(_)
            | Self::Relu
            | Self::Relu6
            | Self::Sigmoid
            | Self::Softmax
            | Self::UpSample => (inputs.len() == 1).then_some(first),
        }
    }

    fn layer(&self, name: &str, init: Init, device: &burn::tensor::Device) -> Operation {
        match *self {
            Self::Convolution { channels_in, channels_out, kernel, stride, padding, groups, biased } => {
                let border = padding.map_or(Border::TensorFlow, |[before, after]| {
                    Border::Sides(Padding { top: before, bottom: after, left: before, right: after })
                });
                let relu = false;
                let shape = ConvolutionShape {
                    channels_in,
                    channels_out,
                    kernel,
                    stride,
                    border,
                    groups,
                    biased,
                    relu,
                };
                Operation::Convolution(Convolution::new(shape, 2.0, init, name, device))
            }
            Self::Norm { channels, epsilon } => Operation::Norm(BatchNorm::new(channels, epsilon, device)),
            Self::LayerNorm { channels, epsilon } => {
                Operation::LayerNorm(LayerNorm::new(channels, epsilon, device))
            }
            Self::Dense { inputs, outputs } => {
                Operation::Dense(Dense::new([inputs, outputs], 1.0, init, name, device))
            }
            Self::Scale { channels } => Operation::Scale(Tensor::ones([channels], device)),
            Self::Shift { channels } => Operation::Shift(Tensor::zeros([channels], device)),
            Self::Activation(activation) => Operation::Activation(activation),
            Self::Relu => Operation::Relu,
            Self::Relu6 => Operation::Relu6,
            Self::Sigmoid => Operation::Sigmoid,
            Self::Softmax => Operation::Softmax,
            Self::MaxPool { kernel, stride, padding, ceil } => {
                Operation::MaxPool(Pool { kernel, stride, padding, ceil })
            }
            Self::AveragePool { kernel, stride, padding, ceil, counts_border } => {
                Operation::WindowMean { window: Pool { kernel, stride, padding, ceil }, counts_border }
            }
            Self::Parts { side } => Operation::AveragePool { side },
            Self::Add => Operation::Add,
            Self::Multiply => Operation::Multiply,
            Self::Concatenate => Operation::Concatenate,
            Self::UpSample => Operation::UpSample,
            Self::PixelShuffle => Operation::PixelShuffle,
        }
    }
}

/// The layers of the network that `config`, which was checked, describes.
pub(super) fn graph(config: &ImportedConfig, init: Init, device: &burn::tensor::Device) -> Graph {
    let mut graph = Graph::new(if config.input == Input::Colors { 3 } else { 1 });
    let prepared = config.input != Input::Colors;
    if prepared {
        graph.push_from(GRAY, &[IMAGE], gray_step(config.input, &config.preprocess));
    }
    for step in &config.steps {
        let inputs: Vec<ValueId> = step.inputs.iter().map(|&input| input + usize::from(prepared)).collect();
        graph.push_from(step.name.clone(), &inputs, step.operation.layer(&step.name, init, device));
    }
    graph
}
