//! Convolution: kernels and biases, with the ReLU that may follow.
//!
//! The one layer type through which every network convolves, at any stride, padding and number of
//! groups.

use burn::tensor::{Tensor, TensorData};
use micrograph::random::Stream;

use super::init::Init;
use crate::kernels::{self, Clip, ConvShape, Geometry, Method, Padding};

/// Zeros around the input of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Border {
    /// The same for every size.
    Sides(Padding),
    /// As TensorFlow's SAME: what makes `⌈size / stride⌉` outputs, an odd one below or right.
    TensorFlow,
}

impl Border {
    /// As much as keeps the size at stride 1, for an odd `kernel`.
    pub(crate) fn same(kernel: usize) -> Self {
        Self::Sides(Padding::same(kernel))
    }

    /// The zeros around `[height, width]`.
    fn padding(self, size: [usize; 2], kernel: usize, stride: usize) -> Padding {
        match self {
            Self::Sides(padding) => padding,
            Self::TensorFlow => {
                let [height, width] = size.map(|length| same_padding(length, kernel, stride));
                let half = |total: usize| (total / 2, total - total / 2);
                let ((top, bottom), (left, right)) = (half(height), half(width));
                Padding { top, bottom, left, right }
            }
        }
    }
}

/// Zeros that TensorFlow's SAME adds to `length` positions, on both sides together.
fn same_padding(length: usize, kernel: usize, stride: usize) -> usize {
    (length.div_ceil(stride).saturating_sub(1) * stride + kernel).saturating_sub(length)
}

/// A convolution with kernels and biases.
#[derive(Clone, Debug)]
pub(crate) struct Convolution {
    /// Kernels, `[C_out, C_in / groups, K, K]`.
    pub weight: Tensor<4>,
    /// Biases, `[C_out]`; 0 for ever where the shape has none.
    pub bias: Tensor<1>,
    shape: ConvolutionShape,
    /// Which way it is computed.
    method: Method,
    /// Whether channels are kept alive while the network learns; see [`Convolution::keep_alive`].
    pub kept_alive: bool,
    /// Whether the mean of each kernel is then kept at 0.
    pub centered: bool,
    /// What its ReLU, if it has one, does not go beyond.
    ceiling: Option<f32>,
}

/// Shape of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConvolutionShape {
    pub channels_in: usize,
    pub channels_out: usize,
    /// Height and width of a kernel.
    pub kernel: usize,
    /// Step between neighbouring outputs in input positions.
    pub stride: usize,
    pub border: Border,
    /// Parts into which the channels fall.
    pub groups: usize,
    /// Whether it has biases.
    pub biased: bool,
    /// Whether a ReLU follows.
    pub relu: bool,
}

impl ConvolutionShape {
    /// Stride 1, size kept, one group, with biases, for an odd `kernel`.
    pub(crate) fn same([channels_in, channels_out]: [usize; 2], kernel: usize) -> Self {
        Self {
            channels_in,
            channels_out,
            kernel,
            stride: 1,
            border: Border::same(kernel),
            groups: 1,
            biased: true,
            relu: false,
        }
    }

    /// Shape of the kernels.
    pub(crate) fn kernels(&self) -> [usize; 4] {
        [self.channels_out, self.channels_in / self.groups, self.kernel, self.kernel]
    }
}

impl Convolution {
    /// Kernels, where random ones are requested from the normal distribution that keeps the
    /// variance of the activations (He et al. 2015: `gain` 2 before a ReLU, else 1), biases 0.
    /// `name` chooses the random stream.
    pub(crate) fn new(
        shape: ConvolutionShape,
        gain: f64,
        init: Init,
        name: &str,
        device: &burn::tensor::Device,
    ) -> Self {
        let weight = match init {
            Init::Zero => Tensor::zeros(shape.kernels(), device),
            Init::Random(seed) => {
                let fan_in = shape.kernels()[1..].iter().product::<usize>();
                let deviation = (gain / fan_in as f64).sqrt();
                let mut stream = Stream::new(seed, &format!("weights/{name}"), 0);
                let values: Vec<f32> =
                    (0..shape.channels_out * fan_in).map(|_| (deviation * stream.normal()) as f32).collect();
                Tensor::from_data(TensorData::new(values, shape.kernels()), device)
            }
        };
        Self {
            weight,
            bias: Tensor::zeros([shape.channels_out], device),
            shape,
            method: Method::Direct,
            kept_alive: false,
            centered: false,
            ceiling: None,
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

    /// Takes over kernels, `[C_out, C_in / groups, K, K]` with the last index fastest, and biases.
    ///
    /// # Panics
    /// If their number does not fit the shape.
    pub(crate) fn set(&mut self, weight: Vec<f32>, bias: Vec<f32>) {
        let device = self.weight.device();
        self.weight = Tensor::from_data(TensorData::new(weight, self.weight.dims()), &device);
        self.bias = Tensor::from_data(TensorData::new(bias, self.bias.dims()), &device);
    }

    /// The same with only these output channels, in this order, of a convolution of one group.
    pub(crate) fn with_channels(&self, channels: &[usize]) -> Self {
        assert_eq!(self.shape.groups, 1, "a group's inputs stay with its outputs");
        let rows = |channel: &usize| *channel..*channel + 1;
        let weight = channels.iter().map(|channel| self.weight.clone().slice([rows(channel)])).collect();
        let bias = channels.iter().map(|channel| self.bias.clone().slice([rows(channel)])).collect();
        Self {
            weight: Tensor::cat(weight, 0),
            bias: Tensor::cat(bias, 0),
            shape: ConvolutionShape { channels_out: channels.len(), ..self.shape },
            ..*self
        }
    }

    /// The same over other input channels, with these kernels.
    pub(crate) fn with_inputs(&self, channels_in: usize, kernels: Vec<f32>) -> Self {
        let shape = ConvolutionShape { channels_in, ..self.shape };
        let weight = Tensor::from_data(TensorData::new(kernels, shape.kernels()), &self.weight.device());
        Self { weight, shape, ..self.clone() }
    }

    /// For `N` images, of which image `n` is to have output `n` only, as one image of `N · C_in`
    /// channels: a convolution of as many groups as it has outputs.
    pub(crate) fn for_joined_images(&self) -> Self {
        let ConvolutionShape { channels_in, channels_out, .. } = self.shape;
        let shape =
            ConvolutionShape { channels_in: channels_in * channels_out, groups: channels_out, ..self.shape };
        Self { shape, ..self.clone() }
    }

    /// The same without the ReLU that may follow.
    pub(crate) fn without_relu(&self) -> Self {
        Self { shape: ConvolutionShape { relu: false, ..self.shape }, ceiling: None, ..self.clone() }
    }

    /// The same with a ReLU, up to `ceiling` where one is given.
    pub(crate) fn with_relu(&self, ceiling: Option<f32>) -> Self {
        Self { shape: ConvolutionShape { relu: true, ..self.shape }, ceiling, ..self.clone() }
    }

    /// Where its ReLU ends, if it does.
    pub(crate) fn ceiling(&self) -> Option<f32> {
        self.ceiling
    }

    /// The same as one that has biases.
    pub(crate) fn with_bias(&self) -> Self {
        Self { shape: ConvolutionShape { biased: true, ..self.shape }, ..self.clone() }
    }

    /// The same with the positive part of its kernels, without biases and ReLU.
    pub(crate) fn positive_part(&self) -> Self {
        let weight = self.weight.clone().clamp_min(0.0);
        Self { weight, bias: self.bias.zeros_like(), ..self.without_relu() }
    }

    /// The same with the magnitudes of its kernels, without biases and ReLU.
    pub(crate) fn magnitudes(&self) -> Self {
        Self { weight: self.weight.clone().abs(), bias: self.bias.zeros_like(), ..self.without_relu() }
    }

    /// The same with the negative part of its kernels, without biases and ReLU.
    pub(crate) fn negative_part(&self) -> Self {
        let weight = self.weight.clone().clamp_max(0.0);
        Self { weight, bias: self.bias.zeros_like(), ..self.without_relu() }
    }

    /// Computes it by `method` from now on.
    pub(crate) fn set_method(&mut self, method: Method) {
        self.method = method;
    }

    /// `[N, C_in, H, W]` → `[N, C_out, H', W']`.
    pub(crate) fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let ConvolutionShape { kernel, stride, border, groups, relu, .. } = self.shape;
        let [_, _, height, width] = maps.dims();
        let padding = border.padding([height, width], kernel, stride);
        let geometry = Geometry { stride, padding, groups, method: self.method };
        let clip = match self.ceiling {
            Some(ceiling) if relu => Clip::ReluUpTo(ceiling),
            _ => Clip::relu_if(relu),
        };
        kernels::convolution(maps, self.weight.clone(), self.bias.clone(), geometry, clip)
    }

    /// Outputs along an axis that are computed together where the graph is run in tiles, see
    /// [`Method::tile`].
    pub(super) fn tile(&self) -> usize {
        let ConvolutionShape { channels_in, channels_out, kernel, stride, groups, .. } = self.shape;
        let shape = ConvShape::same(1, [channels_in, channels_out], [kernel; 2], kernel);
        Method::Tiles.tile(&ConvShape { stride, groups, ..shape })
    }

    /// Its shape.
    pub(crate) fn shape(&self) -> ConvolutionShape {
        self.shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    #[test]
    fn tensorflows_padding_is_that_of_its_documentation() {
        // out = ⌈n / s⌉; total = max((out − 1) s + k − n, 0); the odd one at the end
        struct Case {
            size: [usize; 2],
            kernel: usize,
            stride: usize,
            sides: [usize; 4],
        }
        let cases = [
            Case { size: [224, 224], kernel: 3, stride: 2, sides: [0, 1, 0, 1] },
            Case { size: [225, 224], kernel: 3, stride: 2, sides: [1, 1, 0, 1] },
            Case { size: [14, 7], kernel: 5, stride: 2, sides: [1, 2, 2, 2] },
            Case { size: [7, 9], kernel: 5, stride: 1, sides: [2, 2, 2, 2] },
            Case { size: [8, 9], kernel: 1, stride: 2, sides: [0, 0, 0, 0] },
        ];
        for Case { size, kernel, stride, sides: [top, bottom, left, right] } in cases {
            let found = Border::TensorFlow.padding(size, kernel, stride);
            assert_eq!(found, Padding { top, bottom, left, right }, "{size:?} {kernel} {stride}");
        }
    }

    #[test]
    fn some_channels_of_a_convolution_are_those_of_the_whole() {
        let device = Device::Cpu.burn();
        let shape = ConvolutionShape { relu: true, stride: 2, ..ConvolutionShape::same([3, 7], 3) };
        let whole = Convolution::new(shape, 2.0, Init::Random(1), "whole", &device).alive(0.1, false);
        let maps =
            Convolution::new(ConvolutionShape::same([3, 5], 9), 1.0, Init::Random(2), "maps", &device).weight;
        let expected = whole.forward(maps.clone());
        let found = whole.with_channels(&[6, 2]).forward(maps);
        for (channel, of_whole) in [(0, 6), (1, 2)] {
            let [found, expected] = [(&found, channel), (&expected, of_whole)].map(|(maps, channel)| {
                let one = maps.clone().slice([0..5, channel..channel + 1]);
                one.into_data().try_to_vec::<f32>().unwrap()
            });
            assert_eq!(found, expected, "channel {of_whole}");
        }
    }
}
