//! Layer: name, channels, stride and receptive field of each step of a graph.

use serde::Serialize;

use super::convolution::ConvolutionShape;
use super::graph::Graph;
use super::operation::{Operation, Pool};
use super::receptive_field::ReceptiveField;

/// A name that no layer of a network has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no layer `{name}`, expected one of: {}", names_text(name, known))]
pub struct NoLayer {
    /// The name.
    pub name: String,
    /// Names of the layers.
    pub known: Vec<String>,
}

/// Names that are listed at most.
const MOST_NAMED: usize = 24;
/// Of more, those that are most like the wrong one.
const N_ALIKE: usize = 8;

/// Names of layers of which `name` should have been one; of many those that are most like it.
pub(crate) fn names_text(name: &str, known: &[String]) -> String {
    if known.len() <= MOST_NAMED {
        return known.join(", ");
    }
    let mut alike: Vec<&String> = known.iter().collect();
    let likeness = |other: &String| strsim::normalized_damerau_levenshtein(name, other);
    alike.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    let alike: Vec<&str> = alike.into_iter().take(N_ALIKE).map(String::as_str).collect();
    format!("{}, … ({} in all; `nanoaid info` lists layers)", alike.join(", "), known.len())
}

/// A depth that a network does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("depth {depth}: the network has {}", depths_text(*n_stages))]
pub struct NoDepth {
    /// The depth.
    pub depth: usize,
    /// Encoder stages of the network.
    pub n_stages: usize,
}

fn depths_text(n_stages: usize) -> String {
    match n_stages {
        0 => "no encoder stages; name a layer".to_owned(),
        n_stages => format!("depths 1 to {n_stages}"),
    }
}

/// A named place in a network with an output that can be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// Its address, e.g. `encoder.2`.
    pub name: String,
    /// What it does, e.g. `convolution 3×3, ReLU`.
    pub operation: String,
    /// Number of channels.
    pub n_channels: usize,
    /// Pixels of the image between two neighbouring positions, at least 1. Behind a mean over the
    /// image, which leaves no neighbours, that of the layer before it.
    pub stride: usize,
    /// Height and width, in pixels of the image, of the part that a neuron can depend on; where
    /// up-sampling makes it differ from position to position, the largest; `None` if it is the
    /// whole image, whatever its size.
    pub receptive_field_px: Option<usize>,
    /// Number of weights and biases.
    pub n_weights: usize,
    /// How positions are connected, from the image to here.
    #[serde(skip)]
    receptive_field: ReceptiveField,
}

impl Layer {
    /// The pixels `first .. end` of the image, along one axis, that position `index` can depend
    /// on, before the image's borders cut them off; `isize::MIN .. isize::MAX` if all. Where the
    /// padding follows the size of the image, those of a size that is a multiple of the stride.
    ///
    /// ```
    /// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
    ///
    /// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    /// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
    /// let layer = network.known_layer("encoder.1")?; // a 3 × 3 convolution, then a pool of 2 × 2
    /// assert_eq!(layer.image_from_feature(5), (9, 13));
    /// assert_eq!(layer.map_length(33), 16);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn image_from_feature(&self, index: usize) -> (isize, isize) {
        self.receptive_field.image_from_feature(index).unwrap_or((isize::MIN, isize::MAX))
    }

    /// The pixels that positions `from .. to` need to have the bits of the whole image where the
    /// network is run in tiles, before the image's borders cut them off: those they depend on, and
    /// those that are only computed with. To be cut out at a multiple of the stride of each layer on
    /// the way, times its [`Layer::tile`].
    pub(crate) fn image_from_tiles(&self, from: usize, to: usize) -> (isize, isize) {
        self.receptive_field.image_from_tiles(from, to).unwrap_or((isize::MIN, isize::MAX))
    }

    /// Positions along an axis that share their sums where the network is run in tiles.
    pub(crate) fn tile(&self) -> usize {
        self.receptive_field.tile()
    }

    /// Positions along an axis of `length` pixels; 0 if the image is too small for this layer.
    pub fn map_length(&self, length: usize) -> usize {
        self.receptive_field.map_length(length)
    }

    /// Pixels an image must have along each axis, so that every step on the way has a position.
    pub fn least_px(&self) -> usize {
        (1..).find(|&length| self.map_length(length) > 0).expect("large images have positions")
    }

    /// Whether a part of an image, cut out at a multiple of the coarsest stride on the way and
    /// large enough, gives the positions that the whole image has there. Not so after a mean over
    /// the image, and where padding follows its size.
    pub fn can_be_tiled(&self) -> bool {
        self.receptive_field.can_be_cut()
    }
}

/// Describes the layers of `graph`.
pub(super) fn describe(graph: &Graph) -> Vec<Layer> {
    // of the image, then of each step
    let mut strides = vec![1];
    let channels = graph.channels();
    let mut layers = Vec::new();
    for ((step, receptive_field), &n_channels) in
        graph.steps().iter().zip(ReceptiveField::of_steps(graph)).zip(&channels[1..])
    {
        let stride = strides[step.inputs[0]];
        let stride = match &step.operation {
            Operation::Convolution(convolution) => stride * convolution.shape().stride,
            Operation::MaxPool(pool) | Operation::WindowMean { window: pool, .. } => stride * pool.stride,
            Operation::UpSample | Operation::PixelShuffle => stride / 2,
            _ => stride,
        };
        strides.push(stride);
        let coarsest = strides.iter().copied().max().unwrap_or(1);
        layers.push(Layer {
            name: step.name.clone(),
            operation: text(&step.operation),
            n_channels,
            stride,
            receptive_field_px: receptive_field.width_px(coarsest),
            n_weights: step.n_weights(),
            receptive_field,
        });
    }
    layers
}

fn text(operation: &Operation) -> String {
    match operation {
        Operation::Convolution(convolution) => convolution_text(convolution.shape()),
        Operation::AddBlockCode { from_maps, side, .. } => {
            format!("{} + code of {side}×{side} blocks", convolution_text(from_maps.shape()))
        }
        Operation::AddBlocks { from_maps, side, .. } => {
            format!("{} + {side}×{side} blocks", convolution_text(from_maps.shape()))
        }
        Operation::MaxPool(pool) => pool_text("max-pool", pool),
        Operation::WindowMean { window, .. } => pool_text("average pool", window),
        Operation::LayerNorm(_) => "layer norm".to_owned(),
        Operation::Activation(activation) => activation.text(),
        Operation::Scale(_) => "product with a number for each channel".to_owned(),
        Operation::Shift(_) => "sum with a number for each channel".to_owned(),
        Operation::Softmax => "softmax".to_owned(),
        Operation::Multiply => "product".to_owned(),
        Operation::AveragePool { side: 1 } => "mean over the image".to_owned(),
        Operation::AveragePool { side } => format!("means over {side}×{side} parts"),
        Operation::Norm(_) => "batch norm".to_owned(),
        Operation::Dense(_) => "dense".to_owned(),
        Operation::Relu => "ReLU".to_owned(),
        Operation::Relu6 => "ReLU6".to_owned(),
        Operation::Add => "sum".to_owned(),
        Operation::Concatenate | Operation::Join => "concatenation".to_owned(),
        Operation::Identity => "as before".to_owned(),
        Operation::Channels(channels) => format!("{} of the channels", channels.len()),
        Operation::Colors { mean, .. } if mean.len() == 1 => "normalized grey".to_owned(),
        Operation::Colors { .. } => "grey as three normalized colors".to_owned(),
        Operation::WithOnes => "grey, and ones".to_owned(),
        Operation::UpSample => "up-sampling ×2".to_owned(),
        Operation::PixelShuffle => "pixel shuffle ×2".to_owned(),
        Operation::Sigmoid => "sigmoid".to_owned(),
        Operation::ReluWith { before, .. } => format!("{}, ReLU with another gradient", text(before)),
        Operation::OwnChannels(operation) => format!("{} for one channel of each image", text(operation)),
        Operation::Clamp => "clamp to 0…1".to_owned(),
    }
}

fn pool_text(kind: &str, &Pool { kernel, stride, .. }: &Pool) -> String {
    let stride = if kernel == stride { String::new() } else { format!(", stride {stride}") };
    format!("{kind} {kernel}×{kernel}{stride}")
}

fn convolution_text(shape: ConvolutionShape) -> String {
    let ConvolutionShape { channels_in, kernel, stride, groups, relu, .. } = shape;
    let kind = match groups {
        1 => "convolution",
        groups if groups == channels_in => "depthwise convolution",
        _ => "grouped convolution",
    };
    let stride = if stride > 1 { format!(", stride {stride}") } else { String::new() };
    let relu = if relu { ", ReLU" } else { "" };
    format!("{kind} {kernel}×{kernel}{stride}{relu}")
}
