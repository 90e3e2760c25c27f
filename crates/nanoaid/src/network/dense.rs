//! Dense: a layer in which each output depends on all values of an image.

use burn::tensor::{Tensor, TensorData};
use micrograph::random::Stream;

use super::init::Init;

/// A dense layer.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    /// Weights, `[C_out, C_in · H · W]`.
    pub weight: Tensor<2>,
    /// Biases, `[C_out]`.
    pub bias: Tensor<1>,
}

impl Dense {
    /// Weights of variance `gain / inputs`, biases 0. `name` chooses the random stream.
    pub(crate) fn new(
        [inputs, outputs]: [usize; 2],
        gain: f64,
        init: Init,
        name: &str,
        device: &burn::tensor::Device,
    ) -> Self {
        let weight = match init {
            Init::Zero => Tensor::zeros([outputs, inputs], device),
            Init::Random(seed) => {
                let deviation = (gain / inputs as f64).sqrt();
                let mut stream = Stream::new(seed, &format!("weights/{name}"), 0);
                let values: Vec<f32> =
                    (0..outputs * inputs).map(|_| (deviation * stream.normal()) as f32).collect();
                Tensor::from_data(TensorData::new(values, [outputs, inputs]), device)
            }
        };
        Self { weight, bias: Tensor::zeros([outputs], device) }
    }

    /// `[N, C_in, H, W]` → `[N, C_out, 1, 1]`.
    pub(crate) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let [n, channels, height, width] = maps.dims();
        let flat = maps.reshape([n, channels * height * width]);
        let [outputs] = self.bias.dims();
        let sums = flat.matmul(self.weight.clone().transpose()) + self.bias.clone().reshape([1, outputs]);
        sums.reshape([n, outputs, 1, 1])
    }

    /// The same with only these outputs, in this order.
    pub(crate) fn with_channels(&self, channels: &[usize]) -> Self {
        let row = |channel: &usize| *channel..*channel + 1;
        let weight = channels.iter().map(|channel| self.weight.clone().slice([row(channel)])).collect();
        let bias = channels.iter().map(|channel| self.bias.clone().slice([row(channel)])).collect();
        Self { weight: Tensor::cat(weight, 0), bias: Tensor::cat(bias, 0) }
    }
}
