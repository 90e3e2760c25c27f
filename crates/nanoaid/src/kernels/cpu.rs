//! The operations on the CPU: Burn's Flex tensors in and out of the slices of `conv-kernels`.

use std::sync::LazyLock;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use conv_kernels::{ConvShape, Isa, OutputGradient, PlanesShape};

use super::Geometry;
use super::backend::{ConvolutionGradients, ConvolutionState, Gradients, Kernels, Needed};

/// The instruction set that is used, chosen once.
static ISA: LazyLock<Isa> = LazyLock::new(|| {
    // `device::check_kernels` comes before
    Isa::from_env().unwrap_or_else(|error| panic!("{error}"))
});

const SHAPES_FIT: &str = "the shapes of tensors that meet in a network fit";

impl Kernels for Flex {
    fn convolution(
        maps: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        relu: bool,
    ) -> FloatTensor<Self> {
        let shape = conv_shape(&maps, &weight, geometry);
        let [maps, weight, bias] = [maps, weight, bias].map(|tensor| tensor.to_contiguous());
        let mut output = vec![0.0; shape.output_len()];
        let bias = Some(values(&bias));
        conv_kernels::forward(*ISA, &shape, values(&maps), values(&weight), bias, relu, &mut output)
            .expect(SHAPES_FIT);
        let [height, width] = shape.output();
        tensor(output, [shape.batch, shape.channels_out, height, width])
    }

    fn max_pool(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::max_pool_with_state(maps).0
    }

    fn up_sample(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([n, channels, height, width], shape) = planes_shape(&maps);
        let mut output = vec![0.0; n * channels * 4 * height * width];
        conv_kernels::upsample_nearest_2x(shape, values(&maps.to_contiguous()), &mut output)
            .expect(SHAPES_FIT);
        tensor(output, [n, channels, 2 * height, 2 * width])
    }
}

/// Which value of each square was the largest, and the shape of the input.
#[derive(Clone, Debug)]
pub(crate) struct PoolChoice {
    choice: std::sync::Arc<[u8]>,
    input: [usize; 4],
}

impl Gradients for Flex {
    type PoolState = PoolChoice;

    fn convolution_gradients(
        state: ConvolutionState<Self>,
        gradient: FloatTensor<Self>,
        [maps_needed, weight_needed, bias_needed]: Needed,
    ) -> ConvolutionGradients<Self> {
        let shape = conv_shape(&state.maps, &state.weight, state.geometry);
        let [maps, weight, gradient] =
            [state.maps, state.weight, gradient].map(|tensor| tensor.to_contiguous());
        let relu_output = state.relu_output.map(|output| output.to_contiguous());
        let gradient =
            OutputGradient { values: values(&gradient), relu_output: relu_output.as_ref().map(values) };
        let input_shape = [shape.batch, shape.channels_in, shape.height, shape.width];
        let maps_gradient = maps_needed.then(|| {
            let mut output = vec![0.0; shape.input_len()];
            conv_kernels::input_gradient(*ISA, &shape, values(&weight), gradient, &mut output)
                .expect(SHAPES_FIT);
            tensor(output, input_shape)
        });
        let weights_gradient = (weight_needed || bias_needed).then(|| {
            let mut for_weight = vec![0.0; shape.weights_len()];
            let mut for_bias = vec![0.0; shape.channels_out];
            conv_kernels::weight_gradient(
                *ISA,
                &shape,
                values(&maps),
                gradient,
                &mut for_weight,
                Some(&mut for_bias),
            )
            .expect(SHAPES_FIT);
            let kernel = [shape.channels_out, shape.channels_in / shape.groups, shape.kernel, shape.kernel];
            (tensor(for_weight, kernel), tensor(for_bias, [shape.channels_out]))
        });
        let (weight, bias) = weights_gradient.unzip();
        ConvolutionGradients { maps: maps_gradient, weight, bias }
    }

    fn max_pool_with_state(maps: FloatTensor<Self>) -> (FloatTensor<Self>, PoolChoice) {
        let (input @ [n, channels, height, width], shape) = planes_shape(&maps);
        let n_outputs = n * channels * (height / 2) * (width / 2);
        let mut output = vec![0.0; n_outputs];
        let mut choice = vec![0; n_outputs];
        conv_kernels::max_pool_2x2(shape, values(&maps.to_contiguous()), &mut output, &mut choice)
            .expect(SHAPES_FIT);
        (tensor(output, [n, channels, height / 2, width / 2]), PoolChoice { choice: choice.into(), input })
    }

    fn max_pool_gradient(state: PoolChoice, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let [n, channels, height, width] = state.input;
        let shape = PlanesShape { planes: n * channels, height, width };
        let mut output = vec![0.0; n * channels * height * width];
        let gradient = gradient.to_contiguous();
        conv_kernels::max_pool_2x2_gradient(shape, &state.choice, values(&gradient), &mut output)
            .expect(SHAPES_FIT);
        tensor(output, state.input)
    }

    fn up_sample_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([n, channels, height, width], _) = planes_shape(&gradient);
        let input = [n, channels, height / 2, width / 2];
        let shape = PlanesShape { planes: n * channels, height: height / 2, width: width / 2 };
        let mut output = vec![0.0; input.iter().product()];
        conv_kernels::upsample_nearest_2x_gradient(shape, values(&gradient.to_contiguous()), &mut output)
            .expect(SHAPES_FIT);
        tensor(output, input)
    }
}

fn conv_shape(
    maps: &FloatTensor<Flex>,
    weight: &FloatTensor<Flex>,
    Geometry { stride, padding, groups }: Geometry,
) -> ConvShape {
    let [batch, channels_in, height, width] = maps.shape().dims();
    let [channels_out, _, kernel, _] = weight.shape().dims();
    ConvShape { batch, channels_in, height, width, channels_out, kernel, stride, padding, groups }
}

fn planes_shape(maps: &FloatTensor<Flex>) -> ([usize; 4], PlanesShape) {
    let dims @ [n, channels, height, width] = maps.shape().dims();
    (dims, PlanesShape { planes: n * channels, height, width })
}

/// The numbers of a contiguous tensor.
fn values(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.as_slice().expect("a contiguous tensor of f32")
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Flex> {
    FloatTensor::<Flex>::from_data(TensorData::new(values, shape))
}
