//! Layer: name, channels, stride and receptive field of each step of a chain.

use serde::Serialize;

use super::chain::{Chain, Operation};
use super::convolution::Convolution;

/// A named place in a network with an output that can be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// Its address, e.g. `encoder.2`.
    pub name: String,
    /// What it does, e.g. `convolution 3×3, ReLU`.
    pub operation: String,
    /// Number of channels.
    pub n_channels: usize,
    /// Pixels of the image between two neighbouring positions, at least 1.
    pub stride: usize,
    /// Height and width, in pixels of the image, of the part that a neuron can depend on; where
    /// up-sampling makes it differ from position to position, the largest.
    pub receptive_field_px: usize,
    /// Number of weights and biases.
    pub n_weights: usize,
    /// How positions are connected, from the image to here.
    #[serde(skip)]
    reaches: Vec<Reach>,
}

/// Which positions before an operation one behind it depends on, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Itself and as many to each side.
    Sides(usize),
    /// The two that are pooled.
    Pair,
    /// The one it is a copy of.
    Half,
}

impl Layer {
    /// The pixels `first .. end` of the image, along one axis, that position `index` can depend
    /// on, before the image's borders cut them off.
    pub fn image_from_feature(&self, index: usize) -> (isize, isize) {
        let (mut first, mut last) = (index as isize, index as isize);
        for reach in self.reaches.iter().rev() {
            (first, last) = match *reach {
                Reach::Sides(count) => (first - count as isize, last + count as isize),
                Reach::Pair => (2 * first, 2 * last + 1),
                Reach::Half => (first.div_euclid(2), last.div_euclid(2)),
            };
        }
        (first, last + 1)
    }
}

/// Describes the layers of `chain`, whose input is an image of one channel.
pub(super) fn describe(chain: &Chain) -> Vec<Layer> {
    let (mut stride, mut n_channels) = (1, 1);
    let mut reaches = Vec::new();
    chain
        .steps()
        .iter()
        .map(|step| {
            let mut convolution = |convolution: &Convolution| {
                let shape = convolution.shape();
                n_channels = shape.channels_out;
                reaches.push(Reach::Sides(shape.kernel / 2));
                let relu = if shape.relu { ", ReLU" } else { "" };
                format!("convolution {0}×{0}{relu}", shape.kernel)
            };
            let operation = match &step.operation {
                Operation::Convolution(layer) => convolution(layer),
                // a block lies inside the field of the maps beside it
                Operation::AddBlockCode { from_maps, side, .. } => {
                    format!("{} + code of {side}×{side} blocks", convolution(from_maps))
                }
                Operation::AddBlocks { from_maps, side, .. } => {
                    format!("{} + {side}×{side} blocks", convolution(from_maps))
                }
                Operation::MaxPool => {
                    stride *= 2;
                    reaches.push(Reach::Pair);
                    "max-pool 2×2".to_owned()
                }
                Operation::UpSample => {
                    stride /= 2;
                    reaches.push(Reach::Half);
                    "up-sampling ×2".to_owned()
                }
                Operation::PixelShuffle => {
                    stride /= 2;
                    n_channels /= 4;
                    reaches.push(Reach::Half);
                    "pixel shuffle ×2".to_owned()
                }
                Operation::Sigmoid => "sigmoid".to_owned(),
                Operation::Clamp => "clamp to 0…1".to_owned(),
            };
            let n_weights = step
                .operation
                .convolutions(&step.name)
                .iter()
                .map(|(_, convolution)| {
                    let shape = convolution.shape();
                    shape.n_weights()
                })
                .sum();
            let mut layer = Layer {
                name: step.name.clone(),
                operation,
                n_channels,
                stride,
                receptive_field_px: 0,
                n_weights,
                reaches: reaches.clone(),
            };
            // the fields repeat with the period of the coarsest layer on the way
            let period = 1 << reaches.iter().filter(|reach| **reach == Reach::Pair).count();
            let field = |index| {
                let (first, end) = layer.image_from_feature(index);
                (end - first) as usize
            };
            layer.receptive_field_px = (0..period).map(field).max().unwrap_or(1);
            layer
        })
        .collect()
}
