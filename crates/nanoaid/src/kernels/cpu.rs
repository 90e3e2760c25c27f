//! The operations on the CPU: Burn's Flex tensors in and out of the slices of `conv-kernels`.

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use bytemuck::Pod;
use conv_kernels::{ConvShape, Isa, OutputGradient, PlanesShape, PoolWindow};

use super::backend::{self, ConvolutionGradients, ConvolutionState, Gradients, Kernels, Needed};
use super::memory::Buffer;
use super::{Clip, Geometry};

/// The instruction set that is used, chosen once.
static ISA: LazyLock<Isa> = LazyLock::new(|| {
    // `device::check_kernels` comes before
    Isa::from_env().unwrap_or_else(|error| panic!("{error}"))
});

/// The instruction set that is used.
pub(crate) fn isa() -> Isa {
    *ISA
}

thread_local! {
    /// Whether this thread computes convolutions by Burn's own operations.
    static PLAIN: Cell<bool> = const { Cell::new(false) };
}

/// See [`super::plainly`].
pub(super) fn plainly<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // threads of its own: those of others go on with our kernels
    let pool = rayon::ThreadPoolBuilder::new().start_handler(|_| PLAIN.set(true)).build();
    pool.expect("threads can be started").install(work)
}

const SHAPES_FIT: &str = "the shapes of tensors that meet in a network fit";

impl Kernels for Flex {
    fn convolution(
        maps: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: Geometry,
        clip: Clip,
    ) -> FloatTensor<Self> {
        if PLAIN.get() {
            return backend::convolution::<Self>(maps, weight, bias, geometry, clip);
        }
        let shape = conv_shape(&maps, &weight, geometry);
        let [maps, weight, bias] = [maps, weight, bias].map(|tensor| tensor.to_contiguous());
        let mut output = Buffer::new(shape.output_len());
        let bias = Some(values(&bias));
        conv_kernels::forward_by(
            geometry.method,
            *ISA,
            &shape,
            values(&maps),
            values(&weight),
            bias,
            clip,
            output.values_mut(),
        )
        .expect(SHAPES_FIT);
        let [height, width] = shape.output();
        output.into_tensor([shape.batch, shape.channels_out, height, width])
    }

    fn max_pool(maps: FloatTensor<Self>, window: PoolWindow) -> FloatTensor<Self> {
        Self::max_pool_with_state(maps, window).0
    }

    fn up_sample(maps: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([n, channels, height, width], shape) = planes_shape(&maps);
        let mut output = Buffer::new(n * channels * 4 * height * width);
        conv_kernels::upsample_nearest_2x(shape, values(&maps.to_contiguous()), output.values_mut())
            .expect(SHAPES_FIT);
        output.into_tensor([n, channels, 2 * height, 2 * width])
    }
}

/// Which value of each window was the largest, the windows, and the shape of the input.
#[derive(Clone, Debug)]
pub(crate) struct PoolChoice {
    choice: Arc<Choice>,
    window: PoolWindow,
    input: [usize; 4],
}

/// One number a window: a byte for windows of 2 × 2, else four.
#[derive(Debug)]
struct Choice {
    buffer: Buffer,
    len: usize,
}

impl Choice {
    fn new(len: usize, window: PoolWindow) -> Self {
        let n_values = if window == PoolWindow::HALF { len.div_ceil(size_of::<f32>()) } else { len };
        Self { buffer: Buffer::new(n_values), len }
    }

    fn numbers<T: Pod>(&self) -> &[T] {
        &bytemuck::cast_slice(self.buffer.values())[..self.len]
    }

    fn numbers_mut<T: Pod>(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(self.buffer.values_mut())[..self.len]
    }
}

impl Gradients for Flex {
    type PoolState = PoolChoice;

    fn convolution_gradients(
        state: ConvolutionState<Self>,
        gradient: FloatTensor<Self>,
        [maps_needed, weight_needed, bias_needed]: Needed,
    ) -> ConvolutionGradients<Self> {
        if PLAIN.get() {
            let needed = [maps_needed, weight_needed, bias_needed];
            return backend::convolution_gradients(state, gradient, needed);
        }
        let shape = conv_shape(&state.maps, &state.weight, state.geometry);
        let [maps, weight, gradient] =
            [state.maps, state.weight, gradient].map(|tensor| tensor.to_contiguous());
        let relu_output = state.relu_output.map(|output| output.to_contiguous());
        let gradient =
            OutputGradient { values: values(&gradient), relu_output: relu_output.as_ref().map(values) };
        let input_shape = [shape.batch, shape.channels_in, shape.height, shape.width];
        let maps_gradient = maps_needed.then(|| {
            let mut output = Buffer::new(shape.input_len());
            conv_kernels::input_gradient_by(
                state.geometry.method,
                *ISA,
                &shape,
                values(&weight),
                gradient,
                output.values_mut(),
            )
            .expect(SHAPES_FIT);
            output.into_tensor(input_shape)
        });
        let weights_gradient = (weight_needed || bias_needed).then(|| {
            let mut for_weight = Buffer::new(shape.weights_len());
            let mut for_bias = Buffer::new(shape.channels_out);
            conv_kernels::weight_gradient_by(
                state.geometry.method,
                *ISA,
                &shape,
                values(&maps),
                gradient,
                for_weight.values_mut(),
                Some(for_bias.values_mut()),
            )
            .expect(SHAPES_FIT);
            let kernel = [shape.channels_out, shape.channels_in / shape.groups, shape.kernel, shape.kernel];
            (for_weight.into_tensor(kernel), for_bias.into_tensor([shape.channels_out]))
        });
        let (weight, bias) = weights_gradient.unzip();
        ConvolutionGradients { maps: maps_gradient, weight, bias }
    }

    fn max_pool_with_state(maps: FloatTensor<Self>, window: PoolWindow) -> (FloatTensor<Self>, PoolChoice) {
        let (input @ [n, channels, height, width], shape) = planes_shape(&maps);
        let sides = [window.output(height), window.output(width)];
        let n_outputs = n * channels * sides[0] * sides[1];
        let mut output = Buffer::new(n_outputs);
        let maps = maps.to_contiguous();
        let mut choice = Choice::new(n_outputs, window);
        if window == PoolWindow::HALF {
            conv_kernels::max_pool_2x2(shape, values(&maps), output.values_mut(), choice.numbers_mut())
        } else {
            conv_kernels::max_pool(shape, window, values(&maps), output.values_mut(), choice.numbers_mut())
        }
        .expect(SHAPES_FIT);
        let output = output.into_tensor([n, channels, sides[0], sides[1]]);
        (output, PoolChoice { choice: Arc::new(choice), window, input })
    }

    fn max_pool_gradient(state: PoolChoice, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let PoolChoice { choice, window, input: [n, channels, height, width] } = state;
        let shape = PlanesShape { planes: n * channels, height, width };
        let mut output = Buffer::new(n * channels * height * width);
        let gradient = gradient.to_contiguous();
        if window == PoolWindow::HALF {
            let (choice, output_gradient) = (choice.numbers(), values(&gradient));
            conv_kernels::max_pool_2x2_gradient(shape, choice, output_gradient, output.values_mut())
        } else {
            let (choice, output_gradient) = (choice.numbers(), values(&gradient));
            conv_kernels::max_pool_gradient(shape, window, choice, output_gradient, output.values_mut())
        }
        .expect(SHAPES_FIT);
        output.into_tensor([n, channels, height, width])
    }

    fn up_sample_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([n, channels, height, width], _) = planes_shape(&gradient);
        let input = [n, channels, height / 2, width / 2];
        let shape = PlanesShape { planes: n * channels, height: height / 2, width: width / 2 };
        let mut output = Buffer::new(input.iter().product());
        conv_kernels::upsample_nearest_2x_gradient(
            shape,
            values(&gradient.to_contiguous()),
            output.values_mut(),
        )
        .expect(SHAPES_FIT);
        output.into_tensor(input)
    }
}

fn conv_shape(
    maps: &FloatTensor<Flex>,
    weight: &FloatTensor<Flex>,
    Geometry { stride, padding, groups, .. }: Geometry,
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
