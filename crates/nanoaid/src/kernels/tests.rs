//! The operations against Burn's own on the same backend, and their gradients against differences.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::module::{conv2d, interpolate, max_pool2d};
use burn::tensor::ops::{ConvOptions, InterpolateMode, InterpolateOptions, MaxPoolOptions};
use burn::tensor::{Tensor, TensorData, activation};
use micrograph::random::Stream;

use super::backend::Gradients;
use super::*;
use crate::Device;

/// Values and gradients of one operation.
struct Outcome {
    output: Vec<f32>,
    gradients: Vec<Vec<f32>>,
}

fn noise(name: &str, shape: &[usize]) -> Vec<f32> {
    let mut stream = Stream::new(9, name, 0);
    (0..shape.iter().product()).map(|_| stream.normal() as f32).collect()
}

fn leaf<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, &Device::Cpu.burn().autodiff()).require_grad()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// The loss is a sum of squares weighted by position, so that no gradient is like another.
fn loss(output: Tensor<4>) -> Tensor<1> {
    let weights = noise("loss", &output.dims());
    let weights = Tensor::<4>::from_data(TensorData::new(weights, output.dims()), &output.device());
    (output.square() * weights).sum()
}

fn close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0_f32, |scale, value| scale.max(value.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 1e-5 * scale, "{what} at {i}: {found}, expected {expected}");
    }
}

fn agree(what: &str, found: &Outcome, expected: &Outcome) {
    close(&format!("{what}: output"), &found.output, &expected.output);
    for (i, (found, expected)) in found.gradients.iter().zip(&expected.gradients).enumerate() {
        close(&format!("{what}: gradient {i}"), found, expected);
    }
}

/// What is cut off, with a ceiling that some outputs are above, and not far below the largest: outputs are as exact as
/// the sums before they are cut off.
const CLIPS: [Clip; 3] = [Clip::None, Clip::Relu, Clip::ReluUpTo(6.0)];

type Convolve = fn(Tensor<4>, Tensor<4>, Tensor<1>, Geometry, Clip) -> Tensor<4>;

/// Shape of the maps, number of output channels, size of the kernels.
type Case = ([usize; 4], usize, usize);

fn convolved(
    operation: Convolve,
    (shape, channels_out, kernel): Case,
    geometry: Geometry,
    clip: Clip,
) -> Outcome {
    let kernels = [channels_out, shape[1] / geometry.groups, kernel, kernel];
    let maps = leaf(&noise("maps", &shape), shape);
    let weight = leaf(&noise("weight", &kernels), kernels);
    let bias = leaf(&noise("bias", &[channels_out]), [channels_out]);
    let output = operation(maps.clone(), weight.clone(), bias.clone(), geometry, clip);
    let gradients = loss(output.clone()).backward();
    Outcome {
        output: values(output),
        gradients: vec![
            values(maps.grad(&gradients).unwrap()),
            values(weight.grad(&gradients).unwrap()),
            values(bias.grad(&gradients).unwrap()),
        ],
    }
}

fn burns_convolution(
    maps: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    Geometry { stride, padding, groups, .. }: Geometry,
    clip: Clip,
) -> Tensor<4> {
    let sides = [(padding.top, padding.bottom), (padding.left, padding.right)];
    let options = ConvOptions::new_with_padding([stride; 2], sides, [1, 1], groups);
    let output = conv2d(maps, weight, Some(bias), options);
    match clip {
        Clip::None => output,
        Clip::Relu => activation::relu(output),
        Clip::ReluUpTo(most) => output.clamp(0.0, most),
    }
}

fn mapped(operation: impl Fn(Tensor<4>) -> Tensor<4>, shape: [usize; 4]) -> Outcome {
    let maps = leaf(&noise("maps", &shape), shape);
    let output = operation(maps.clone());
    let gradients = loss(output.clone()).backward();
    Outcome { output: values(output), gradients: vec![values(maps.grad(&gradients).unwrap())] }
}

#[test]
fn convolutions_and_their_gradients_are_those_of_burn() {
    let cases: [Case; 7] = [
        ([1, 1, 1, 1], 1, 3),
        ([1, 1, 7, 5], 4, 3),
        ([2, 3, 5, 11], 7, 3),
        ([3, 5, 9, 4], 2, 1),
        ([1, 17, 13, 19], 9, 3),
        ([2, 2, 3, 17], 3, 5),
        ([1, 8, 2, 33], 16, 3),
    ];
    for case in cases {
        for clip in CLIPS {
            let geometry = same(case.2);
            let found = convolved(convolution, case, geometry, clip);
            let expected = convolved(burns_convolution, case, geometry, clip);
            agree(&format!("{case:?}, {clip:?}"), &found, &expected);
        }
    }
}

/// Stride 1, one group, as much padding as keeps the size; direct.
fn same(kernel: usize) -> Geometry {
    Geometry { stride: 1, padding: Padding::same(kernel), groups: 1, method: Method::Direct }
}

/// Geometries that imported networks have, with maps and kernels they are laid over.
fn geometries() -> [(&'static str, Case, Geometry); 9] {
    let padding = |[top, bottom, left, right]: [usize; 4]| Padding { top, bottom, left, right };
    let geometry =
        |stride, sides, groups| Geometry { stride, padding: padding(sides), groups, method: Method::Direct };
    [
        ("no padding", ([2, 3, 9, 7], 4, 3), geometry(1, [0; 4], 1)),
        ("stride 2, none", ([1, 3, 17, 14], 5, 7), geometry(2, [0; 4], 1)),
        ("stride 2, 7 × 7", ([1, 3, 17, 14], 5, 7), geometry(2, [3; 4], 1)),
        ("stride 2, 1 × 1", ([2, 6, 9, 8], 3, 1), geometry(2, [0; 4], 1)),
        ("bottom and right", ([1, 3, 12, 10], 5, 3), geometry(2, [0, 1, 0, 1], 1)),
        ("all sides differ", ([1, 2, 8, 11], 3, 5), geometry(3, [3, 1, 0, 2], 1)),
        ("pad of 1 × 1", ([1, 4, 5, 6], 3, 1), geometry(1, [1; 4], 1)),
        ("depthwise", ([2, 6, 9, 11], 6, 5), geometry(2, [1, 2, 1, 2], 6)),
        ("two groups", ([1, 4, 7, 6], 6, 3), geometry(1, [1; 4], 2)),
    ]
}

#[test]
fn strides_one_sided_padding_and_groups_are_those_of_burn() {
    for (name, case, geometry) in geometries() {
        for clip in CLIPS {
            let found = convolved(convolution, case, geometry, clip);
            let expected = convolved(burns_convolution, case, geometry, clip);
            agree(&format!("{name}, {clip:?}"), &found, &expected);
        }
    }
}

#[test]
fn what_other_backends_run_gives_the_same() {
    for (name, (shape, channels_out, kernel), geometry) in geometries() {
        let tensor = |name, shape: &[usize]| {
            let data = TensorData::new(noise(name, shape), shape.to_vec());
            FloatTensor::<Flex>::from_data(data)
        };
        let maps = tensor("maps", &shape);
        let weight = tensor("weight", &[channels_out, shape[1] / geometry.groups, kernel, kernel]);
        let bias = tensor("bias", &[channels_out]);
        let all = |tensor: FloatTensor<Flex>| tensor.to_contiguous().as_slice::<f32>().unwrap().to_vec();

        let ours = Flex::convolution(maps.clone(), weight.clone(), bias.clone(), geometry, Clip::Relu);
        let burns = backend::convolution::<Flex>(maps.clone(), weight.clone(), bias, geometry, Clip::Relu);
        let gradient = tensor("gradient", &ours.shape().to_vec());
        close(name, &all(ours.clone()), &all(burns));

        let state =
            backend::ConvolutionState { maps, weight, geometry, relu_output: Some(ours), ceiling: None };
        let ours = Flex::convolution_gradients(state.clone(), gradient.clone(), [true; 3]);
        let burns = backend::convolution_gradients::<Flex>(state, gradient, [true; 3]);
        close(&format!("{name}: maps"), &all(ours.maps.unwrap()), &all(burns.maps.unwrap()));
        close(&format!("{name}: weight"), &all(ours.weight.unwrap()), &all(burns.weight.unwrap()));
        close(&format!("{name}: bias"), &all(ours.bias.unwrap()), &all(burns.bias.unwrap()));
    }
}

#[test]
fn pools_and_up_samplings_and_their_gradients_are_those_of_burn() {
    let windows = [
        PoolWindow::HALF,
        PoolWindow { kernel: 3, stride: 2, padding: 0, ceil: true },
        PoolWindow { kernel: 3, stride: 2, padding: 1, ceil: false },
        PoolWindow { kernel: 3, stride: 1, padding: 1, ceil: false },
    ];
    let enlarge = |maps: Tensor<4>| {
        let [_, _, height, width] = maps.dims();
        let size = [2 * height, 2 * width];
        interpolate(maps, InterpolateOptions::new(InterpolateMode::Nearest).with_output_size(size))
    };
    for shape in [[1, 1, 2, 2], [2, 3, 7, 5], [1, 4, 6, 13], [3, 2, 9, 33]] {
        for window in windows.into_iter().filter(|window| shape[2].min(shape[3]) >= window.kernel) {
            let burns = |maps| {
                let PoolWindow { kernel, stride, padding, ceil } = window;
                let options = MaxPoolOptions::new([kernel; 2]).with_stride([stride; 2]);
                max_pool2d(maps, options.with_padding([padding; 2]).with_ceil_mode(ceil))
            };
            let ours = |maps| max_pool(maps, window);
            agree(&format!("{window:?} {shape:?}"), &mapped(ours, shape), &mapped(burns, shape));
        }
        agree(&format!("enlarged {shape:?}"), &mapped(up_sample, shape), &mapped(enlarge, shape));
    }
}

#[test]
fn gradients_of_a_small_chain_are_the_differences_of_its_loss() {
    let (image_shape, kernels) = ([1, 1, 7, 5], [2, 1, 3, 3]);
    let (image, weight) = (noise("image", &image_shape), noise("small weight", &kernels));
    // smooth (no ReLU, no pool), so that differences have no kinks to step over
    let run = |image: &Tensor<4>, weight: &Tensor<4>| {
        let bias = leaf(&[0.1, -0.2], [2]);
        let maps = convolution(image.clone(), weight.clone(), bias, same(3), Clip::None);
        loss(activation::sigmoid(up_sample(maps)))
    };
    let (leaf_image, leaf_weight) = (leaf(&image, image_shape), leaf(&weight, kernels));
    let gradients = run(&leaf_image, &leaf_weight).backward();
    let found_image = values(leaf_image.grad(&gradients).unwrap());
    let found_weight = values(leaf_weight.grad(&gradients).unwrap());

    let step = 1e-2;
    let difference = |values: &[f32], i: usize, loss: &dyn Fn(&[f32]) -> f32| {
        let moved = |by: f32| {
            let mut values = values.to_vec();
            values[i] += by;
            loss(&values)
        };
        (moved(step) - moved(-step)) / (2.0 * step)
    };
    let scalar = |image: &[f32], weight: &[f32]| {
        run(&leaf(image, image_shape), &leaf(weight, kernels)).into_scalar::<f32>()
    };
    for (i, found) in found_image.iter().enumerate() {
        let expected = difference(&image, i, &|image| scalar(image, &weight));
        assert!((found - expected).abs() < 1e-2 * expected.abs().max(0.1), "image {i}: {found} {expected}");
    }
    for (i, found) in found_weight.iter().enumerate() {
        let expected = difference(&weight, i, &|weight| scalar(&image, weight));
        assert!((found - expected).abs() < 1e-2 * expected.abs().max(0.1), "weight {i}: {found} {expected}");
    }
}
