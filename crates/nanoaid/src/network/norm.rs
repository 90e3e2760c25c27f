//! Batch norm: each channel brought to mean 0 and variance 1, then scaled and shifted
//! (Ioffe & Szegedy 2015).
//!
//! A network that is used takes the running statistics of its training; one that learns may take
//! those of the batch, and then reports them, so that the running ones can follow.

use burn::tensor::Tensor;

use super::convolution::Convolution;

/// Share of the running statistics that those of one batch replace, as in PyTorch.
const MOMENTUM: f32 = 0.1;

/// Which statistics batch norms take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Norms {
    /// The running ones: a channel's value does not depend on the other images.
    Running,
    /// Those of the batch.
    Batch,
}

/// What one batch norm found in a batch.
#[derive(Clone, Debug)]
pub(crate) struct Statistics {
    /// Name of its layer.
    pub layer: String,
    /// Means, `[C]`.
    pub mean: Tensor<1>,
    /// Variances with n − 1 below, `[C]`.
    pub variance: Tensor<1>,
}

/// A batch norm of `C` channels.
#[derive(Clone, Debug)]
pub(crate) struct BatchNorm {
    /// Scales, `[C]`.
    pub weight: Tensor<1>,
    /// Shifts, `[C]`.
    pub bias: Tensor<1>,
    /// Means of the training, `[C]`.
    pub running_mean: Tensor<1>,
    /// Variances of the training, `[C]`.
    pub running_var: Tensor<1>,
    /// Added to variances, so that a constant channel has no infinite scale.
    pub epsilon: f64,
}

impl BatchNorm {
    /// One that changes nothing (but for `epsilon`).
    pub(crate) fn new(n_channels: usize, epsilon: f64, device: &burn::tensor::Device) -> Self {
        let (zeros, ones) = (Tensor::zeros([n_channels], device), Tensor::ones([n_channels], device));
        Self { weight: ones.clone(), bias: zeros.clone(), running_mean: zeros, running_var: ones, epsilon }
    }

    /// `[N, C, H, W]` → the same shape, by the running statistics.
    pub(crate) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let scale = self.weight.clone() / (self.running_var.clone() + self.epsilon).sqrt();
        let shift = self.bias.clone() - self.running_mean.clone() * scale.clone();
        maps * per_channel(scale) + per_channel(shift)
    }

    /// The same by the statistics of `maps`, which are reported under `layer`.
    pub(crate) fn forward_batch(&self, layer: &str, maps: Tensor<4>) -> (Tensor<4>, Statistics) {
        let [n, channels, height, width] = maps.dims();
        let count = (n * height * width) as f32;
        let mean_of = |maps: Tensor<4>| maps.mean_dim(0).mean_dim(2).mean_dim(3); // [1, C, 1, 1]
        let mean = mean_of(maps.clone());
        let centered = maps - mean.clone();
        let variance = mean_of(centered.clone().square());
        let statistics = Statistics {
            layer: layer.to_owned(),
            mean: mean.inner().reshape([channels]),
            variance: variance.clone().inner().reshape([channels]) * (count / (count - 1.0).max(1.0)),
        };
        let normal = centered / (variance + self.epsilon).sqrt();
        (normal * per_channel(self.weight.clone()) + per_channel(self.bias.clone()), statistics)
    }

    /// `convolution`, which has no ReLU, with this norm by its running statistics as part of it.
    pub(crate) fn merged_into(&self, convolution: &Convolution) -> Convolution {
        let scale = self.weight.clone() / (self.running_var.clone() + self.epsilon).sqrt();
        let [channels] = scale.dims();
        let mut merged = convolution.with_bias();
        merged.weight = merged.weight * scale.clone().reshape([channels, 1, 1, 1]);
        merged.bias = (merged.bias - self.running_mean.clone()) * scale + self.bias.clone();
        merged
    }

    /// Moves the running statistics towards those of a batch.
    pub(crate) fn follow(&mut self, statistics: &Statistics) {
        let moved = |running: &Tensor<1>, of_batch: &Tensor<1>| {
            running.clone().mul_scalar(1.0 - MOMENTUM) + of_batch.clone().mul_scalar(MOMENTUM)
        };
        self.running_mean = moved(&self.running_mean, &statistics.mean);
        self.running_var = moved(&self.running_var, &statistics.variance);
    }

    /// The same for maps of which only these channels are left.
    pub(crate) fn with_channels(&self, channels: &[usize]) -> Self {
        let kept = |tensor: &Tensor<1>| kept(tensor, channels);
        Self {
            weight: kept(&self.weight),
            bias: kept(&self.bias),
            running_mean: kept(&self.running_mean),
            running_var: kept(&self.running_var),
            epsilon: self.epsilon,
        }
    }
}

/// The values of these channels of `[C]`, in this order.
pub(super) fn kept(values: &Tensor<1>, channels: &[usize]) -> Tensor<1> {
    let row = |channel: &usize| *channel..*channel + 1;
    let one = |channel: &usize| values.clone().slice([row(channel)]);
    Tensor::cat(channels.iter().map(one).collect(), 0)
}

/// `[C]` → `[1, C, 1, 1]`.
pub(super) fn per_channel(values: Tensor<1>) -> Tensor<4> {
    let [channels] = values.dims();
    values.reshape([1, channels, 1, 1])
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::Device;
    use micrograph::random::Stream;

    /// Two images of 3 channels, 5 × 4, of means near 2, 5, 8.
    fn maps() -> (Vec<f32>, Tensor<4>) {
        let mut stream = Stream::new(0, "maps", 0);
        let values: Vec<f32> =
            (0..2 * 3 * 20).map(|i| (stream.normal() + 2.0 + 3.0 * (i / 20 % 3) as f64) as f32).collect();
        let tensor = Tensor::from_data(TensorData::new(values.clone(), [2, 3, 5, 4]), &Device::Cpu.burn());
        (values, tensor)
    }

    fn of_channel(values: &[f32], channel: usize) -> Vec<f64> {
        let places = (0..values.len()).filter(|i| i / 20 % 3 == channel);
        places.map(|i| f64::from(values[i])).collect()
    }

    fn mean_and_variance(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64)
    }

    fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn a_batch_is_brought_to_mean_0_and_variance_1() {
        let (values, maps) = maps();
        let norm = BatchNorm::new(3, 1e-5, &Device::Cpu.burn());
        let (output, statistics) = norm.forward_batch("bn", maps);
        let output = host(output);
        for channel in 0..3 {
            let (mean, variance) = mean_and_variance(&of_channel(&output, channel));
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4, "{channel}: {mean} {variance}");
            let (mean, variance) = mean_and_variance(&of_channel(&values, channel));
            assert!((f64::from(host(statistics.mean.clone())[channel]) - mean).abs() < 1e-5);
            let unbiased = variance * 40.0 / 39.0;
            assert!((f64::from(host(statistics.variance.clone())[channel]) - unbiased).abs() < 1e-4);
        }
    }

    #[test]
    fn running_statistics_move_a_tenth_of_the_way_and_then_decide() {
        let (values, maps) = maps();
        let mut norm = BatchNorm::new(3, 1e-3, &Device::Cpu.burn());
        let (_, statistics) = norm.forward_batch("bn", maps.clone());
        norm.follow(&statistics);
        let output = host(norm.forward(maps));
        for channel in 0..3 {
            let (mean, variance) = mean_and_variance(&of_channel(&values, channel));
            let (running_mean, running_var) = (0.1 * mean, 0.9 + 0.1 * variance * 40.0 / 39.0);
            let expected = of_channel(&values, channel);
            for (found, value) in of_channel(&output, channel).iter().zip(expected) {
                let expected = (value - running_mean) / (running_var + 1e-3).sqrt();
                assert!((found - expected).abs() < 1e-5, "{channel}: {found} {expected}");
            }
        }
    }
}
