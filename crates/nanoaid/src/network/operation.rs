//! Operation: what a layer does to the maps that come in, and the tensors it has for that.
//!
//! Maps are `[N, C, H, W]` everywhere, also after a dense layer, where height and width are 1.

use burn::tensor::module::{adaptive_avg_pool2d, avg_pool2d};
use burn::tensor::ops::AvgPoolOptions;
use burn::tensor::{Tensor, activation};

use super::activation::Activation;
use super::convolution::Convolution;
use super::dense::Dense;
use super::layer_norm::LayerNorm;
use super::norm::{BatchNorm, Norms, Statistics, kept, per_channel};
use super::parameter::{Parameter, Role, TensorMut};
use crate::kernels;

pub(crate) use crate::kernels::PoolWindow as Pool;
pub(crate) use crate::kernels::ReluGradient;

/// What a layer does.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// Convolution, bias, and ReLU where it has one.
    Convolution(Convolution),
    /// Batch norm.
    Norm(BatchNorm),
    /// Dense layer over all values of an image.
    Dense(Dense),
    /// Values below 0 become 0.
    Relu,
    /// Values below 0 become 0, those above 6 become 6.
    Relu6,
    /// Largest value of each window.
    MaxPool(Pool),
    /// Means over `side × side` parts of the maps, whatever their size (adaptive pooling).
    AveragePool { side: usize },
    /// Mean of each window; with `counts_border`, the zeros around the maps count, too.
    WindowMean { window: Pool, counts_border: bool },
    /// Layer norm over the channels of each position.
    LayerNorm(LayerNorm),
    /// A function of each value alone.
    Activation(Activation),
    /// Each channel times a learned number (layer scale, Touvron et al. 2021). `[C]`
    Scale(Tensor<1>),
    /// Each channel plus a learned number. `[C]`
    Shift(Tensor<1>),
    /// Exponentials of the channels of a position, with the sum 1.
    Softmax,
    /// Sum of the inputs.
    Add,
    /// Product of two inputs, of which the second may have one position for all of the first
    /// (squeeze-and-excitation, Hu et al. 2018).
    Multiply,
    /// The channels of the inputs, one after the other.
    Concatenate,
    /// The same with each input cut to the smallest height and width, below and on the right.
    Join,
    /// Nothing: dropout and the like, which have a name where they were trained.
    Identity,
    /// These channels, in this order.
    Channels(Vec<usize>),
    /// A grey image in `[0, 1]` as three equal colors, each normalized: `(white · g − mean) / std`.
    Colors { white: f32, mean: Vec<f32>, std: Vec<f32> },
    /// A plane of ones beside the image.
    WithOnes,
    /// Each position becomes 2 × 2.
    UpSample,
    /// Each position becomes 2 × 2, four channels becoming one (Shi et al. 2016).
    PixelShuffle,
    /// Logistic function, to `(0, 1)`.
    Sigmoid,
    /// A convolution, plus a linear code of the image's blocks of `side × side` pixels; the image
    /// is the second input.
    AddBlockCode { from_maps: Convolution, from_blocks: Convolution, side: usize },
    /// A convolution, plus the blocks that belong to the second input, the output of an
    /// [`Operation::AddBlockCode`].
    AddBlocks { from_maps: Convolution, from_code: Convolution, side: usize },
    /// An operation and a ReLU after it, up to a ceiling where one is given, with another gradient; see
    /// [`kernels::relu_with`].
    ReluWith { before: Box<Operation>, ceiling: Option<f32>, gradient: ReluGradient },
    /// For `N` images of `C` channels: this operation for one image of `N · C` channels, which has
    /// `N` channels, one of each image.
    OwnChannels(Box<Operation>),
    /// Values below 0 become 0, above 1 they become 1. Left out while a network learns, since
    /// it has no gradient beyond.
    Clamp,
}

impl Operation {
    /// Output for `inputs`. Where batch norms take the statistics of the batch, they are added to
    /// `statistics` under `name`.
    pub(crate) fn forward(
        &self,
        name: &str,
        mut inputs: Vec<Tensor<4>>,
        norms: Norms,
        statistics: &mut Vec<Statistics>,
    ) -> Tensor<4> {
        let first = inputs.remove(0);
        let mut second = || inputs.remove(0);
        match self {
            Self::Convolution(convolution) => convolution.forward(first),
            Self::Norm(norm) => match norms {
                Norms::Running => norm.forward(first),
                Norms::Batch => {
                    let (maps, of_batch) = norm.forward_batch(name, first);
                    statistics.push(of_batch);
                    maps
                }
            },
            Self::Dense(dense) => dense.forward(first),
            Self::Relu => activation::relu(first),
            Self::Relu6 => first.clamp(0.0, 6.0),
            Self::MaxPool(window) => kernels::max_pool(first, *window),
            Self::AveragePool { side } => {
                let [_, _, height, width] = first.dims();
                if [height, width] == [*side; 2] { first } else { adaptive_avg_pool2d(first, [*side; 2]) }
            }
            Self::WindowMean { window: Pool { kernel, stride, padding, ceil }, counts_border } => {
                let options = AvgPoolOptions::new([*kernel; 2])
                    .with_stride([*stride; 2])
                    .with_padding([*padding; 2])
                    .with_count_include_pad(*counts_border)
                    .with_ceil_mode(*ceil);
                avg_pool2d(first, options)
            }
            Self::LayerNorm(norm) => norm.forward(first),
            Self::Activation(activation) => activation.forward(first),
            Self::Scale(scale) => first * per_channel(scale.clone()),
            Self::Shift(shift) => first + per_channel(shift.clone()),
            Self::Softmax => activation::softmax(first, 1),
            Self::Multiply => first * second(),
            Self::Add => inputs.into_iter().fold(first, |sum, maps| sum + maps),
            Self::Concatenate => {
                inputs.insert(0, first);
                Tensor::cat(inputs, 1)
            }
            Self::Join => {
                inputs.insert(0, first);
                Tensor::cat(cut_alike(inputs), 1)
            }
            Self::Identity => first,
            Self::Channels(channels) => {
                let [n, _, height, width] = first.dims();
                let one = |channel: &usize| {
                    first.clone().slice([0..n, *channel..*channel + 1, 0..height, 0..width])
                };
                Tensor::cat(channels.iter().map(one).collect(), 1)
            }
            Self::Colors { white, mean, std } => {
                let color = |(mean, std): (&f32, &f32)| (first.clone() * *white - *mean) / *std;
                Tensor::cat(mean.iter().zip(std).map(color).collect(), 1)
            }
            Self::WithOnes => {
                let ones = first.ones_like();
                Tensor::cat(vec![first, ones], 1)
            }
            Self::UpSample => kernels::up_sample(first),
            Self::PixelShuffle => blocks_from_channels(first, 2),
            Self::Sigmoid => activation::sigmoid(first),
            Self::AddBlockCode { from_maps, from_blocks, side } => {
                let blocks = channels_from_blocks(second(), *side);
                from_maps.forward(first) + from_blocks.forward(blocks)
            }
            Self::AddBlocks { from_maps, from_code, side } => {
                from_maps.forward(first) + blocks_from_channels(from_code.forward(second()), *side)
            }
            Self::ReluWith { before, ceiling, gradient } => {
                inputs.insert(0, first);
                kernels::relu_with(before.forward(name, inputs, norms, statistics), *ceiling, *gradient)
            }
            Self::OwnChannels(operation) => {
                let [n, channels, height, width] = first.dims();
                let joined = first.reshape([1, n * channels, height, width]);
                let maps = operation.forward(name, vec![joined], norms, statistics);
                let [_, _, height, width] = maps.dims();
                maps.reshape([n, 1, height, width])
            }
            Self::Clamp => first.clamp(0.0, 1.0),
        }
    }

    /// Channels of the output for inputs of these numbers of channels.
    pub(super) fn channels_out(&self, inputs: &[usize]) -> usize {
        match self {
            Self::Convolution(convolution)
            | Self::AddBlockCode { from_maps: convolution, .. }
            | Self::AddBlocks { from_maps: convolution, .. } => convolution.shape().channels_out,
            Self::Dense(dense) => dense.bias.dims()[0],
            Self::Concatenate | Self::Join => inputs.iter().sum(),
            Self::Channels(channels) => channels.len(),
            Self::OwnChannels(_) => 1,
            Self::Colors { mean, .. } => mean.len(),
            Self::WithOnes => inputs[0] + 1,
            Self::PixelShuffle => inputs[0] / 4,
            _ => inputs[0],
        }
    }

    /// The same with `gradient` in place of that of its ReLU; `None` if it has none.
    pub(super) fn with_relu_gradient(&self, gradient: ReluGradient) -> Option<Self> {
        let (before, ceiling) = match self {
            Self::Relu => (Self::Identity, None),
            Self::Relu6 => (Self::Identity, Some(6.0)),
            Self::OwnChannels(operation) => (Self::OwnChannels(Box::new(operation.without_relu()?)), None),
            Self::Convolution(convolution) => (self.without_relu()?, convolution.ceiling()),
            _ => (self.without_relu()?, None),
        };
        Some(Self::ReluWith { before: Box::new(before), ceiling, gradient })
    }

    /// The same for a batch of images of which image `n` is to have channel `channels[n]` only,
    /// where its weights allow it.
    pub(super) fn with_own_channels(&self, channels: &[usize]) -> Option<Self> {
        match self {
            Self::Convolution(convolution) if convolution.shape().groups == 1 => {
                let own = convolution.with_channels(channels).for_joined_images();
                Some(Self::OwnChannels(Box::new(Self::Convolution(own))))
            }
            _ => None,
        }
    }

    /// The same for a batch of images of which image `n` has channel `channels[n]` only, if each
    /// channel of its output depends on the same channel of its one input.
    pub(super) fn over_own_channels(&self, channels: &[usize]) -> Option<Self> {
        match self {
            Self::Norm(_) | Self::Scale(_) | Self::Shift(_) => {
                Some(Self::OwnChannels(Box::new(self.over_channels(channels)?)))
            }
            _ => self.over_channels(channels),
        }
    }

    /// Its convolutions with the names of their weights, for a layer called `name`.
    pub(super) fn convolutions_mut(&mut self, name: &str) -> Vec<(String, &mut Convolution)> {
        match self {
            Self::Convolution(convolution) => vec![(name.to_owned(), convolution)],
            Self::AddBlockCode { from_maps, from_blocks: beside, .. }
            | Self::AddBlocks { from_maps, from_code: beside, .. } => {
                vec![(name.to_owned(), from_maps), (format!("{name}.blocks"), beside)]
            }
            _ => Vec::new(),
        }
    }

    /// Its tensors with their names, for a layer called `name`.
    pub(super) fn parameters_mut(&mut self, name: &str) -> Vec<Parameter<'_>> {
        let learned =
            |part, tensor| Parameter { name: format!("{name}.{part}"), role: Role::Learned, tensor };
        let buffer =
            |part, tensor| Parameter { name: format!("{name}.{part}"), role: Role::Statistic, tensor };
        match self {
            Self::Norm(norm) => vec![
                learned("weight", TensorMut::One(&mut norm.weight)),
                learned("bias", TensorMut::One(&mut norm.bias)),
                buffer("running_mean", TensorMut::One(&mut norm.running_mean)),
                buffer("running_var", TensorMut::One(&mut norm.running_var)),
            ],
            Self::LayerNorm(norm) => vec![
                learned("weight", TensorMut::One(&mut norm.weight)),
                learned("bias", TensorMut::One(&mut norm.bias)),
            ],
            // as files have it: the layer's name alone
            Self::Scale(values) | Self::Shift(values) => {
                let (name, tensor) = (name.to_owned(), TensorMut::One(values));
                vec![Parameter { name, role: Role::Learned, tensor }]
            }
            Self::Dense(dense) => vec![
                learned("weight", TensorMut::Two(&mut dense.weight)),
                learned("bias", TensorMut::One(&mut dense.bias)),
            ],
            _ => {
                let mut parameters = Vec::new();
                for (name, convolution) in self.convolutions_mut(name) {
                    let biased = convolution.shape().biased;
                    let named = |part, tensor| Parameter {
                        name: format!("{name}.{part}"),
                        role: Role::Learned,
                        tensor,
                    };
                    parameters.push(named("weight", TensorMut::Four(&mut convolution.weight)));
                    if biased {
                        parameters.push(named("bias", TensorMut::One(&mut convolution.bias)));
                    }
                }
                parameters
            }
        }
    }

    /// The same with only these output channels, where its weights allow it.
    pub(super) fn with_channels(&self, channels: &[usize]) -> Option<Self> {
        match self {
            Self::Convolution(convolution) if convolution.shape().groups == 1 => {
                Some(Self::Convolution(convolution.with_channels(channels)))
            }
            Self::Dense(dense) => Some(Self::Dense(dense.with_channels(channels))),
            _ => None,
        }
    }

    /// The same for maps of which only these channels are left, if each channel of its output
    /// depends on the same channel of its one input.
    pub(super) fn over_channels(&self, channels: &[usize]) -> Option<Self> {
        match self {
            Self::Norm(norm) => Some(Self::Norm(norm.with_channels(channels))),
            Self::Scale(scale) => Some(Self::Scale(kept(scale, channels))),
            Self::Shift(shift) => Some(Self::Shift(kept(shift, channels))),
            Self::Relu
            | Self::Relu6
            | Self::Activation(_)
            | Self::MaxPool(_)
            | Self::WindowMean { .. }
            | Self::AveragePool { .. }
            | Self::Identity
            | Self::UpSample
            | Self::Sigmoid
            | Self::Clamp => Some(self.clone()),
            _ => None,
        }
    }

    /// Its linear part: without ReLUs and other functions of single values, and with the mean of a window in place of its
    /// largest value (Voss et al. 2021); `None` where one input decides about another.
    pub(super) fn linearized(&self) -> Option<Self> {
        match self {
            Self::Convolution(convolution) => Some(Self::Convolution(convolution.without_relu())),
            Self::Relu | Self::Relu6 | Self::Activation(_) | Self::Clamp => Some(Self::Identity),
            Self::MaxPool(window) => Some(Self::WindowMean { window: *window, counts_border: false }),
            Self::Softmax
            | Self::Sigmoid
            | Self::Multiply
            | Self::LayerNorm(_)
            | Self::ReluWith { .. }
            | Self::OwnChannels(_) => None,
            _ => Some(self.clone()),
        }
    }

    /// The same without the ReLU that is part of it; `None` if none is.
    pub(super) fn without_relu(&self) -> Option<Self> {
        match self {
            Self::Convolution(convolution) if convolution.shape().relu => {
                Some(Self::Convolution(convolution.without_relu()))
            }
            _ => None,
        }
    }
}

/// `maps`, each `[N, C, H, W]` with its own sizes, cut to the smallest height and width.
fn cut_alike(maps: Vec<Tensor<4>>) -> Vec<Tensor<4>> {
    let least = |axis: usize| maps.iter().map(|maps| maps.dims()[axis]).min().unwrap_or(0);
    let (height, width) = (least(2), least(3));
    let cut = |maps: Tensor<4>| {
        let [n, channels, own_height, own_width] = maps.dims();
        if (own_height, own_width) == (height, width) {
            maps
        } else {
            maps.slice([0..n, 0..channels, 0..height, 0..width])
        }
    };
    maps.into_iter().map(cut).collect()
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

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::Device;

    /// `operation` of two images of 3 channels, 5 × 4, and the gradient of its values' sum.
    fn of_ones_and_gradient(operation: &Operation) -> (Tensor<4>, Vec<f32>) {
        let device = Device::Cpu.burn().autodiff();
        let values = (0..2 * 3 * 20).map(|i| (i * 7 % 11) as f32).collect::<Vec<f32>>();
        let maps = Tensor::<4>::from_data(TensorData::new(values, [2, 3, 5, 4]), &device).require_grad();
        let output = operation.forward("op", vec![maps.clone()], Norms::Running, &mut Vec::new());
        let gradients = output.clone().sum().backward();
        let gradient = maps.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
        (output.inner(), gradient)
    }

    #[test]
    fn means_of_windows_spread_their_gradient_evenly() {
        let operation = Operation::WindowMean { window: Pool::HALF, counts_border: true };
        let (output, gradient) = of_ones_and_gradient(&operation);
        assert_eq!(output.dims(), [2, 3, 2, 2]);
        let found: Vec<f32> = output.into_data().try_to_vec().unwrap();
        let value = |i: usize| (i * 7 % 11) as f32;
        for (i, &found) in found.iter().enumerate() {
            let (map, y, x) = (i / 4, i / 2 % 2, i % 2);
            let at = |dy: usize, dx: usize| value(map * 20 + (2 * y + dy) * 4 + 2 * x + dx);
            assert_eq!(found, (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0, "{i}");
        }
        for (i, &gradient) in gradient.iter().enumerate() {
            // the last of five rows is in no window
            assert_eq!(gradient, if i / 4 % 5 == 4 { 0.0 } else { 0.25 }, "{i}");
        }
    }

    #[test]
    fn rules_for_the_gradient_of_a_relu_with_ceiling_pass_what_they_say() {
        let device = Device::Cpu.burn().autodiff();
        // below, inside and above, each with a gradient of 1 and of −1
        let values = [-1.0, 3.0, 7.0, -1.0, 3.0, 7.0];
        let given = [1.0, 1.0, 1.0, -1.0, -1.0, -1.0];
        let tensor = |values: [f32; 6]| {
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 1, 2, 3]), &device)
        };
        for (rule, expected) in [
            (ReluGradient::Guided, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
            (ReluGradient::Deconvolution, [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
        ] {
            let operation = Operation::Relu6.with_relu_gradient(rule).unwrap();
            let maps = tensor(values).require_grad();
            let output = operation.forward("op", vec![maps.clone()], Norms::Running, &mut Vec::new());
            let found: Vec<f32> = output.clone().inner().into_data().try_to_vec().unwrap();
            assert_eq!(found, [0.0, 3.0, 6.0, 0.0, 3.0, 6.0]);
            let gradients = (output * tensor(given)).sum().backward();
            let found: Vec<f32> = maps.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
            assert_eq!(found, expected, "{rule:?}");
        }
    }

    #[test]
    fn scales_and_shifts_are_those_of_their_channel() {
        let device = Device::Cpu.burn();
        let numbers = [0.5, -2.0, 3.0];
        let (scaled, gradient) =
            of_ones_and_gradient(&Operation::Scale(Tensor::from_floats(numbers, &device)));
        let (shifted, of_shift) =
            of_ones_and_gradient(&Operation::Shift(Tensor::from_floats(numbers, &device)));
        let host = |maps: Tensor<4>| -> Vec<f32> { maps.into_data().try_to_vec().unwrap() };
        let (scaled, shifted) = (host(scaled), host(shifted));
        for i in 0..120 {
            let (number, value) = (numbers[i / 20 % 3], (i * 7 % 11) as f32);
            assert_eq!((scaled[i], gradient[i]), (number * value, number), "{i}");
            assert_eq!((shifted[i], of_shift[i]), (number + value, 1.0), "{i}");
        }
    }
}
