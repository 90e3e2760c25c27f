//! Case: one operation on given numbers, on a device and by its definition.

use burn::tensor::{Tensor, TensorData};
use micrograph::random::Stream;

use super::definition::Definition;
use super::row::CheckPart;
use crate::Device;

/// One input of an operation.
pub(super) struct Input {
    /// What its gradient is called, e.g. `weights`.
    pub what: &'static str,
    /// Its shape.
    pub shape: [usize; 4],
    /// Its values.
    pub values: Vec<f32>,
    /// Whether a gradient is taken for it.
    pub learns: bool,
}

impl Input {
    /// Normal numbers with deviation 1.
    pub(super) fn noise(what: &'static str, shape: [usize; 4]) -> Self {
        let mut stream = Stream::new(17, what, shape.iter().product::<usize>() as u64);
        let values = (0..shape.iter().product()).map(|_| stream.normal() as f32).collect();
        Self { what, shape, values, learns: true }
    }

    /// The same numbers, each changed by `change`.
    pub(super) fn map(mut self, change: impl Fn(f32) -> f32) -> Self {
        self.values.iter_mut().for_each(|value| *value = change(*value));
        self
    }

    /// The same, for which no gradient is taken.
    pub(super) fn fixed(self) -> Self {
        Self { learns: false, ..self }
    }
}

/// What runs on the device.
pub(super) type Run = Box<dyn Fn(Vec<Tensor<4>>) -> Tensor<4> + Send + Sync>;

/// An operation on given numbers.
pub(super) struct Case {
    pub group: &'static str,
    pub name: String,
    pub inputs: Vec<Input>,
    pub run: Run,
    pub definition: Definition,
}

impl Case {
    /// Output and gradients on `device`, each against what is expected.
    pub(super) fn parts(&self, device: Device) -> Vec<CheckPart> {
        let (found, gradients) = self.on(device);
        let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        let inputs: Vec<Vec<f64>> = self.inputs.iter().map(|input| wide(&input.values)).collect();
        let weights = wide(&loss_weights(found.len()));
        let (expected, expected_gradients) =
            self.definition.expected(&inputs, &weights).unwrap_or_else(|| {
                let (output, gradients) = crate::kernels::plainly(|| self.on(Device::Cpu));
                let gradients =
                    gradients.into_iter().map(|gradient| wide(&gradient.unwrap_or_default())).collect();
                (wide(&output), gradients)
            });
        let mut parts = vec![CheckPart::of("output", &found, &expected)];
        for ((input, gradient), expected) in self.inputs.iter().zip(&gradients).zip(&expected_gradients) {
            if let Some(gradient) = gradient {
                parts.push(CheckPart::of(format!("gradient of the {}", input.what), gradient, expected));
            }
        }
        parts
    }

    /// Computes it, and forgets what comes out.
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    pub(super) fn run_on(&self, device: Device) {
        drop(self.on(device));
    }

    /// Output, and the gradients of its sum with weights for inputs that learn.
    fn on(&self, device: Device) -> (Vec<f32>, Vec<Option<Vec<f32>>>) {
        let device = device.burn().autodiff();
        let leaf = |input: &Input| {
            let data = TensorData::new(input.values.clone(), input.shape);
            let tensor = Tensor::<4>::from_data(data, &device);
            if input.learns { tensor.require_grad() } else { tensor }
        };
        let leaves: Vec<Tensor<4>> = self.inputs.iter().map(leaf).collect();
        let output = (self.run)(leaves.clone());
        let shape = output.dims();
        let weights = TensorData::new(loss_weights(shape.iter().product()), shape);
        let weights = Tensor::<4>::from_data(weights, &device);
        let learns = self.inputs.iter().any(|input| input.learns);
        let gradients = learns.then(|| (output.clone() * weights).sum().backward());
        let gradient_of = |(leaf, input): (&Tensor<4>, &Input)| {
            let gradients = gradients.as_ref().filter(|_| input.learns)?;
            Some(leaf.grad(gradients).map(values).unwrap_or_default())
        };
        let taken = leaves.iter().zip(&self.inputs).map(gradient_of).collect();
        (values(output), taken)
    }
}

/// The weights of the sum whose gradients are taken: no position is like another.
fn loss_weights(len: usize) -> Vec<f32> {
    let mut stream = Stream::new(17, "weights of the sum", 0);
    (0..len).map(|_| stream.normal() as f32).collect()
}

/// The numbers of a tensor.
pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().try_to_vec().unwrap_or_else(|error| panic!("{error:?}"))
}
