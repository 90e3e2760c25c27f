//! Chain: named operations, one after the other; every one of them is a layer.
//!
//! Running "as far as this layer" is running a prefix, so the network cut at a layer is the
//! prefix of the whole by construction.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData, activation};

use super::convolution::Convolution;
use super::weights::{Weight, Weights, WeightsError};
use crate::kernels;

/// What a layer does.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// Convolution, bias, and ReLU where it says so.
    Convolution(Convolution),
    /// Largest of each 2 × 2 positions; an odd last row or column is left out.
    MaxPool,
    /// Each position becomes 2 × 2.
    UpSample,
    /// Each position becomes 2 × 2, four channels becoming one (Shi et al. 2016).
    PixelShuffle,
    /// Logistic function, to `(0, 1)`.
    Sigmoid,
    /// A convolution, plus a linear code of the image's blocks of `side × side` pixels.
    AddBlockCode { from_maps: Convolution, from_blocks: Convolution, side: usize },
    /// A convolution, plus the blocks that belong to the output of the last
    /// [`Operation::AddBlockCode`].
    AddBlocks { from_maps: Convolution, from_code: Convolution, side: usize },
    /// Values below 0 become 0, above 1 they become 1. Left out while a network learns, since
    /// it has no gradient beyond.
    Clamp,
}

impl Operation {
    /// Its convolutions with the names of their weights, for a layer called `name`.
    pub(super) fn convolutions(&self, name: &str) -> Vec<(String, &Convolution)> {
        match self {
            Self::Convolution(convolution) => vec![(name.to_owned(), convolution)],
            Self::AddBlockCode { from_maps, from_blocks, .. } => {
                vec![(name.to_owned(), from_maps), (format!("{name}.blocks"), from_blocks)]
            }
            Self::AddBlocks { from_maps, from_code, .. } => {
                vec![(name.to_owned(), from_maps), (format!("{name}.blocks"), from_code)]
            }
            Self::MaxPool | Self::UpSample | Self::PixelShuffle | Self::Sigmoid | Self::Clamp => Vec::new(),
        }
    }

    fn convolutions_mut(&mut self, name: &str) -> Vec<(String, &mut Convolution)> {
        match self {
            Self::Convolution(convolution) => vec![(name.to_owned(), convolution)],
            Self::AddBlockCode { from_maps, from_blocks, .. } => {
                vec![(name.to_owned(), from_maps), (format!("{name}.blocks"), from_blocks)]
            }
            Self::AddBlocks { from_maps, from_code, .. } => {
                vec![(name.to_owned(), from_maps), (format!("{name}.blocks"), from_code)]
            }
            Self::MaxPool | Self::UpSample | Self::PixelShuffle | Self::Sigmoid | Self::Clamp => Vec::new(),
        }
    }
}

/// A layer: its name and what it does.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub name: String,
    pub operation: Operation,
}

/// Layers in the order in which they are computed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    steps: Vec<Step>,
}

impl Chain {
    /// Adds a layer at the end.
    pub(crate) fn push(&mut self, name: impl Into<String>, operation: Operation) {
        self.steps.push(Step { name: name.into(), operation });
    }

    /// All layers.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The first `end` layers.
    pub(crate) fn prefix(&self, end: usize) -> Self {
        Self { steps: self.steps[..end].to_vec() }
    }

    /// Output of the first `end` layers. `[N, C, H, W]` → `[N, C', H', W']`.
    pub(crate) fn forward_to(&self, images: Tensor<4>, end: usize) -> Tensor<4> {
        let mut maps = images.clone();
        let mut code = None;
        for step in &self.steps[..end] {
            maps = match &step.operation {
                Operation::Convolution(convolution) => convolution.forward(maps),
                Operation::MaxPool => kernels::max_pool(maps),
                Operation::UpSample => kernels::up_sample(maps),
                Operation::PixelShuffle => blocks_from_channels(maps, 2),
                Operation::Sigmoid => activation::sigmoid(maps),
                Operation::AddBlockCode { from_maps, from_blocks, side } => {
                    let blocks = channels_from_blocks(images.clone(), *side);
                    let sum = from_maps.forward(maps) + from_blocks.forward(blocks);
                    code = Some(sum.clone());
                    sum
                }
                Operation::AddBlocks { from_maps, from_code, side } => {
                    let code = code.take().expect("a code stands before the blocks made of it");
                    from_maps.forward(maps) + blocks_from_channels(from_code.forward(code), *side)
                }
                Operation::Clamp => maps.clamp(0.0, 1.0),
            };
        }
        maps
    }

    /// Output of the last layer.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.forward_to(images, self.steps.len())
    }

    /// One channel of the output of the last layer; where that is a convolution, its other channels
    /// are not computed. `[N, C, H, W]` → `[N, 1, H', W']`.
    pub(crate) fn forward_channel(&self, images: Tensor<4>, channel: usize) -> Tensor<4> {
        let Some((last, before)) = self.steps.split_last() else {
            return images.narrow(1, channel, 1);
        };
        let maps = self.forward_to(images.clone(), before.len());
        match &last.operation {
            Operation::Convolution(convolution) => convolution.channel(channel).forward(maps),
            _ => self.forward(images).narrow(1, channel, 1),
        }
    }

    /// Output while the network learns: the same without a clamp at the end.
    pub(crate) fn forward_to_learn(&self, images: Tensor<4>) -> Tensor<4> {
        let clamped = self.steps.last().is_some_and(|step| matches!(step.operation, Operation::Clamp));
        self.forward_to(images, self.steps.len() - usize::from(clamped))
    }

    /// All convolutions with the names of their weights: `<name>.weight` and `<name>.bias`.
    pub(crate) fn convolutions(&self) -> impl Iterator<Item = (String, &Convolution)> {
        self.steps.iter().flat_map(|step| step.operation.convolutions(&step.name))
    }

    /// The same, to be changed.
    pub(crate) fn convolutions_mut(&mut self) -> impl Iterator<Item = (String, &mut Convolution)> {
        self.steps.iter_mut().flat_map(|step| step.operation.convolutions_mut(&step.name))
    }

    /// What the layers do, to be changed.
    pub(super) fn operations_mut(&mut self) -> impl Iterator<Item = &mut Operation> {
        self.steps.iter_mut().map(|step| &mut step.operation)
    }

    /// All weights, copied from the device.
    pub(crate) fn weights(&self) -> Weights {
        let mut tensors = BTreeMap::new();
        for (name, convolution) in self.convolutions() {
            tensors.insert(format!("{name}.weight"), weight_of(&convolution.weight));
            tensors.insert(format!("{name}.bias"), weight_of(&convolution.bias));
        }
        Weights { tensors }
    }

    /// Takes over `weights`: each one that is needed, and no others.
    pub(crate) fn set_weights(
        &mut self,
        weights: &Weights,
        device: &burn::tensor::Device,
    ) -> Result<(), WeightsError> {
        let mut left_over: Vec<&String> = weights.tensors.keys().collect();
        for (name, convolution) in self.convolutions_mut() {
            let weight = format!("{name}.weight");
            let bias = format!("{name}.bias");
            left_over.retain(|key| **key != weight && **key != bias);
            convolution.weight = tensor_of(weights, &weight, convolution.weight.dims(), device)?;
            convolution.bias = tensor_of(weights, &bias, convolution.bias.dims(), device)?;
        }
        match left_over.first() {
            Some(name) => Err(WeightsError::LeftOver { name: (*name).clone() }),
            None => Ok(()),
        }
    }
}

/// Each block of `side × side` pixels becomes one position, its pixels channels, row after row;
/// rows and columns beyond the last whole block are left out. `[N, 1, H, W]` →
/// `[N, side², H / side, W / side]`.
fn channels_from_blocks(images: Tensor<4>, side: usize) -> Tensor<4> {
    let [n, _, height, width] = images.dims();
    let (rows, columns) = (height / side, width / side);
    images
        .slice([0..n, 0..1, 0..rows * side, 0..columns * side])
        .reshape([n, rows, side, columns, side])
        .permute([0, 2, 4, 1, 3])
        .reshape([n, side * side, rows, columns])
}

/// Each `side²` channels become one, of `side × side` as many positions: the inverse of
/// [`channels_from_blocks`] for each of them. `[N, C · side², H, W]` →
/// `[N, C, H · side, W · side]`.
fn blocks_from_channels(maps: Tensor<4>, side: usize) -> Tensor<4> {
    let [n, channels, rows, columns] = maps.dims();
    let channels = channels / (side * side);
    maps.reshape([n, channels, side, side, rows, columns]).permute([0, 1, 4, 2, 5, 3]).reshape([
        n,
        channels,
        rows * side,
        columns * side,
    ])
}

/// Copies `tensor` from the device.
pub(crate) fn weight_of<const D: usize>(tensor: &Tensor<D>) -> Weight {
    let shape = tensor.dims().to_vec();
    let values = tensor.clone().inner().into_data().try_to_vec().expect("weights are f32");
    Weight { shape, values }
}

fn tensor_of<const D: usize>(
    weights: &Weights,
    name: &str,
    shape: [usize; D],
    device: &burn::tensor::Device,
) -> Result<Tensor<D>, WeightsError> {
    let weight = weights.checked(name, &shape)?;
    Ok(Tensor::from_data(TensorData::new(weight.values.clone(), shape), device))
}
