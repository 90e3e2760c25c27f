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
    /// Logistic function, to `(0, 1)`.
    Sigmoid,
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
        self.steps[..end].iter().fold(images, |maps, step| match &step.operation {
            Operation::Convolution(convolution) => convolution.forward(maps),
            Operation::MaxPool => kernels::max_pool(maps),
            Operation::UpSample => kernels::up_sample(maps),
            Operation::Sigmoid => activation::sigmoid(maps),
        })
    }

    /// Output of the last layer.
    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.forward_to(images, self.steps.len())
    }

    /// The names of weights and biases, `<layer>.weight` and `<layer>.bias`, with their
    /// convolutions, in order.
    pub(crate) fn convolutions(&self) -> impl Iterator<Item = (&str, &Convolution)> {
        self.steps.iter().filter_map(|step| match &step.operation {
            Operation::Convolution(convolution) => Some((step.name.as_str(), convolution)),
            _ => None,
        })
    }

    /// The same, to be changed.
    pub(crate) fn convolutions_mut(&mut self) -> impl Iterator<Item = (&str, &mut Convolution)> {
        self.steps.iter_mut().filter_map(|step| match &mut step.operation {
            Operation::Convolution(convolution) => Some((step.name.as_str(), convolution)),
            _ => None,
        })
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
