//! Convolution: kernels and biases, with the ReLU that follows.
//!
//! The one layer type through which every network convolves. Padding is *same*: the maps keep
//! the size of their input, zeros stand outside of it.

use burn::tensor::{Tensor, TensorData};
use micrograph::random::Stream;

use crate::kernels;

/// A convolution of odd kernel size, stride 1, with bias.
#[derive(Clone, Debug)]
pub(crate) struct Convolution {
    /// Kernels, `[C_out, C_in, K, K]`.
    pub weight: Tensor<4>,
    /// Biases, `[C_out]`.
    pub bias: Tensor<1>,
    /// Whether a ReLU follows.
    pub relu: bool,
    /// Whether channels are kept alive while the network learns; see [`Convolution::keep_alive`].
    pub kept_alive: bool,
    /// Whether the mean of each kernel is then kept at 0.
    pub centered: bool,
}

/// Shape of a convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConvolutionShape {
    pub channels_in: usize,
    pub channels_out: usize,
    /// Height and width of a kernel, odd.
    pub kernel: usize,
    pub relu: bool,
}

impl Convolution {
    /// Random kernels from the normal distribution that keeps the variance of the activations
    /// (He et al. 2015: gain 2 before a ReLU, else 1), biases 0. `name` chooses the stream.
    pub(crate) fn random(
        shape: ConvolutionShape,
        seed: u64,
        name: &str,
        device: &burn::tensor::Device,
    ) -> Self {
        let ConvolutionShape { channels_in, channels_out, kernel, relu } = shape;
        let fan_in = channels_in * kernel * kernel;
        let gain = if relu { 2.0 } else { 1.0 };
        let deviation = (gain / fan_in as f64).sqrt();
        let mut stream = Stream::new(seed, &format!("weights/{name}"), 0);
        let values: Vec<f32> =
            (0..channels_out * fan_in).map(|_| (deviation * stream.normal()) as f32).collect();
        let weight = TensorData::new(values, [channels_out, channels_in, kernel, kernel]);
        Self {
            weight: Tensor::from_data(weight, device),
            bias: Tensor::zeros([channels_out], device),
            relu,
            kept_alive: false,
            centered: false,
        }
    }

    /// The same with biases of `bias` and each kernel's mean taken off where `centered`, to be kept
    /// alive while the network learns.
    pub(crate) fn alive(mut self, bias: f32, centered: bool) -> Self {
        self.bias = self.bias.full_like(bias);
        self.kept_alive = true;
        self.centered = centered;
        self.keep_alive();
        self
    }

    /// After a step of learning: the mean of each kernel back to 0, where it is to be centered, so
    /// that a channel answers to differences between its inputs and not to their common level;
    /// biases back to at least 0, so that it answers to some of them.
    pub(crate) fn keep_alive(&mut self) {
        if !self.kept_alive {
            return;
        }
        self.bias = self.bias.clone().clamp_min(0.0);
        if self.centered {
            let [channels_out, channels_in, height, width] = self.weight.dims();
            let flat = self.weight.clone().reshape([channels_out, channels_in * height * width]);
            let flat = flat.clone() - flat.mean_dim(1);
            self.weight = flat.reshape([channels_out, channels_in, height, width]);
        }
    }

    /// The same with all weights 0: it adds nothing until it has learnt.
    pub(crate) fn silenced(mut self) -> Self {
        self.weight = self.weight.zeros_like();
        self
    }

    /// Takes over kernels, `[C_out, C_in, K, K]` with the last index fastest, and biases.
    ///
    /// # Panics
    /// If there are not as many as the shape says.
    pub(crate) fn set(&mut self, weight: Vec<f32>, bias: Vec<f32>) {
        let device = self.weight.device();
        self.weight = Tensor::from_data(TensorData::new(weight, self.weight.dims()), &device);
        self.bias = Tensor::from_data(TensorData::new(bias, self.bias.dims()), &device);
    }

    /// The same for one channel of its output.
    pub(crate) fn channel(&self, channel: usize) -> Self {
        let weight = self.weight.clone().narrow(0, channel, 1);
        Self { weight, bias: self.bias.clone().narrow(0, channel, 1), ..self.clone() }
    }

    /// `[N, C_in, H, W]` → `[N, C_out, H, W]`.
    pub(crate) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        kernels::convolution(maps, self.weight.clone(), self.bias.clone(), self.relu)
    }

    /// Its shape.
    pub(crate) fn shape(&self) -> ConvolutionShape {
        let [channels_out, channels_in, kernel, _] = self.weight.dims();
        ConvolutionShape { channels_in, channels_out, kernel, relu: self.relu }
    }
}
