//! Parameter: one named tensor of a network, to be read, learned or taken over from a file.

use burn::tensor::{Tensor, TensorData};

use super::weights::{Weight, Weights, WeightsError};

/// What a tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Moved by gradients.
    Learned,
    /// Running statistics of a batch norm, moved by what batches are like.
    Statistic,
}

/// A tensor of a network, with its name.
#[derive(Debug)]
pub(crate) struct Parameter<'a> {
    /// Its name in a file, e.g. `encoder.2.relu.weight`.
    pub name: String,
    pub role: Role,
    pub tensor: TensorMut<'a>,
}

/// A tensor of the dimensions that there are.
#[derive(Debug)]
pub(crate) enum TensorMut<'a> {
    One(&'a mut Tensor<1>),
    Two(&'a mut Tensor<2>),
    Four(&'a mut Tensor<4>),
}

/// The same expression for a tensor of any dimensions.
macro_rules! each {
    ($tensor:expr, $bound:ident => $body:expr) => {
        match $tensor {
            TensorMut::One($bound) => $body,
            TensorMut::Two($bound) => $body,
            TensorMut::Four($bound) => $body,
        }
    };
}

impl TensorMut<'_> {
    /// Its shape.
    pub(crate) fn dims(&self) -> Vec<usize> {
        each!(self, tensor => tensor.dims().to_vec())
    }

    /// Its values, flat, without their history.
    pub(crate) fn flat(&self) -> Tensor<1> {
        let count = self.dims().iter().product::<usize>();
        each!(self, tensor => Tensor::clone(tensor).inner().reshape([count]))
    }

    /// Takes over flat values.
    pub(crate) fn set_flat(&mut self, values: Tensor<1>) {
        each!(self, tensor => **tensor = values.reshape(tensor.dims()));
    }

    /// From now on gradients for it are computed.
    pub(crate) fn track(&mut self) {
        each!(self, tensor => **tensor = Tensor::clone(tensor).inner().autodiff().require_grad());
    }

    /// Takes its gradient, flat, out of `gradients`; `None` if nothing depended on it.
    pub(crate) fn take_gradient(&self, gradients: &mut burn::tensor::Gradients) -> Option<Tensor<1>> {
        let count = self.dims().iter().product::<usize>();
        each!(self, tensor => tensor.grad_remove(gradients).map(|gradient| gradient.reshape([count])))
    }

    /// Its values on the host.
    pub(crate) fn weight(&self) -> Weight {
        each!(self, tensor => weight_of(tensor))
    }

    /// Takes over the tensor `name` of `weights`, if it has the same shape and is finite.
    pub(super) fn load(
        &mut self,
        weights: &Weights,
        name: &str,
        device: &burn::tensor::Device,
    ) -> Result<(), WeightsError> {
        let weight = weights.checked(name, &self.dims())?;
        let values = weight.values.clone();
        each!(self, tensor => {
            **tensor = Tensor::from_data(TensorData::new(values, tensor.dims()), device);
        });
        Ok(())
    }
}

/// Copies `tensor` from the device.
pub(crate) fn weight_of<const D: usize>(tensor: &Tensor<D>) -> Weight {
    let shape = tensor.dims().to_vec();
    let values = tensor.clone().inner().into_data().try_to_vec().expect("weights are f32");
    Weight { shape, values }
}
