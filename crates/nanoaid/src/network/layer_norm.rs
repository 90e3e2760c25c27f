//! Layer norm: the channels of each position brought to mean 0 and variance 1, then scaled and
//! shifted (Ba et al. 2016), as `ConvNeXt` has it. A position depends on no other.

use burn::tensor::Tensor;

use super::norm::per_channel;

/// A layer norm over `C` channels.
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    /// Scales, `[C]`.
    pub weight: Tensor<1>,
    /// Shifts, `[C]`.
    pub bias: Tensor<1>,
    /// Added to variances.
    pub epsilon: f64,
}

impl LayerNorm {
    /// One with scales 1 and shifts 0.
    pub(crate) fn new(n_channels: usize, epsilon: f64, device: &burn::tensor::Device) -> Self {
        Self {
            weight: Tensor::ones([n_channels], device),
            bias: Tensor::zeros([n_channels], device),
            epsilon,
        }
    }

    /// `[N, C, H, W]` → the same shape.
    pub(crate) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let mean = maps.clone().mean_dim(1); // [N, 1, H, W]
        let centered = maps - mean;
        let variance = centered.clone().square().mean_dim(1);
        let normal = centered / (variance + self.epsilon).sqrt();
        normal * per_channel(self.weight.clone()) + per_channel(self.bias.clone())
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use micrograph::random::Stream;

    use super::*;
    use crate::Device;

    const SHAPE: [usize; 4] = [2, 5, 3, 4];

    fn norm(device: &burn::tensor::Device) -> LayerNorm {
        let weight = Tensor::from_floats([0.5, 1.5, -1.0, 2.0, 0.8], device);
        let bias = Tensor::from_floats([0.1, -0.2, 0.0, 0.3, 1.0], device);
        LayerNorm { weight, bias, ..LayerNorm::new(5, 1e-6, device) }
    }

    fn values() -> Vec<f32> {
        let mut stream = Stream::new(0, "maps", 0);
        (0..SHAPE.iter().product()).map(|_| (2.0 * stream.normal() + 1.0) as f32).collect()
    }

    #[test]
    fn the_channels_of_a_position_have_mean_0_and_variance_1_before_the_scale() {
        let device = Device::Cpu.burn();
        let maps = Tensor::from_data(TensorData::new(values(), SHAPE), &device);
        let found: Vec<f32> = norm(&device).forward(maps).into_data().try_to_vec().unwrap();
        let (weight, bias) = ([0.5, 1.5, -1.0, 2.0, 0.8], [0.1, -0.2, 0.0, 0.3, 1.0]);
        for (image, place) in (0..2).flat_map(|image| (0..12).map(move |place| (image, place))) {
            let at = |channel: usize| image * 60 + channel * 12 + place;
            let of: Vec<f64> = (0..5).map(|channel| f64::from(values()[at(channel)])).collect();
            let mean = of.iter().sum::<f64>() / 5.0;
            let variance = of.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 5.0;
            for channel in 0..5 {
                let expected =
                    (of[channel] - mean) / (variance + 1e-6).sqrt() * weight[channel] + bias[channel];
                assert!((f64::from(found[at(channel)]) - expected).abs() < 1e-5, "{channel} {place}");
            }
        }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_values() {
        let device = Device::Cpu.burn().autodiff();
        let score = |values: Vec<f32>| {
            let maps = Tensor::<4>::from_data(TensorData::new(values, SHAPE), &device).require_grad();
            (maps.clone(), norm(&device).forward(maps).powi_scalar(3).mean())
        };
        let (maps, scored) = score(values());
        let gradient: Vec<f32> = maps.grad(&scored.backward()).unwrap().into_data().try_to_vec().unwrap();
        for place in [0, 17, 63, 119] {
            let at = |by: f32| {
                let mut moved = values();
                moved[place] += by;
                f64::from(score(moved).1.into_scalar::<f32>())
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!(
                (f64::from(gradient[place]) - slope).abs() < 1e-3,
                "{place}: {} {slope}",
                gradient[place]
            );
        }
    }
}
