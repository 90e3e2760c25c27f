//! Results that must be the same bits: for any number of threads, wherever an output lies in its
//! image, and whatever else is in the batch.

use crate::numbers;
use conv_kernels::{
    Clip, ConvShape, Isa, Method, OutputGradient, Padding, forward, forward_by, input_gradient,
    input_gradient_by, weight_gradient, weight_gradient_by,
};

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn forward_of(isa: Isa, shape: &ConvShape, input: &[f32]) -> Vec<f32> {
    let (weights, bias) = (numbers(2, shape.weights_len()), numbers(3, shape.channels_out));
    let mut output = vec![f32::NAN; shape.output_len()];
    forward(isa, shape, input, &weights, Some(&bias), Clip::None, &mut output).unwrap();
    output
}

fn input_gradient_of(isa: Isa, shape: &ConvShape, slopes: &[f32]) -> Vec<f32> {
    let gradient = OutputGradient { values: slopes, relu_output: None };
    let mut grad_input = vec![f32::NAN; shape.input_len()];
    input_gradient(isa, shape, &numbers(2, shape.weights_len()), gradient, &mut grad_input).unwrap();
    grad_input
}

fn weight_gradient_of(isa: Isa, shape: &ConvShape, input: &[f32], slopes: &[f32]) -> Vec<f32> {
    let gradient = OutputGradient { values: slopes, relu_output: None };
    let mut grad_weights = vec![f32::NAN; shape.weights_len()];
    let mut grad_bias = vec![f32::NAN; shape.channels_out];
    weight_gradient(isa, shape, input, gradient, &mut grad_weights, Some(&mut grad_bias)).unwrap();
    grad_weights.extend(grad_bias);
    grad_weights
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let shapes = [
        ConvShape::same(3, [1, 32], [40, 56], 3),
        ConvShape::same(2, [32, 1], [64, 50], 3),
        ConvShape::same(1, [70, 130], [14, 14], 3),
        ConvShape::same(5, [24, 40], [28, 33], 3),
        ConvShape { stride: 2, ..ConvShape::same(2, [16, 24], [31, 44], 5) },
        ConvShape { groups: 12, ..ConvShape::same(2, [12, 12], [30, 20], 3) },
    ];
    for isa in Isa::available() {
        for shape in shapes {
            let (input, slopes) = (numbers(1, shape.input_len()), numbers(4, shape.output_len()));
            let results = [1, 2, 3, 8].map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    [
                        forward_of(isa, &shape, &input),
                        input_gradient_of(isa, &shape, &slopes),
                        weight_gradient_of(isa, &shape, &input, &slopes),
                    ]
                    .map(|values| bits(&values))
                })
            });
            for other in &results[1..] {
                assert!(results[0] == *other, "{isa:?} {shape:?}");
            }
        }
    }
}

/// Forward pass and input gradient by Winograd's ways.
fn winograd_of(isa: Isa, method: Method, shape: &ConvShape, input: &[f32], slopes: &[f32]) -> [Vec<f32>; 2] {
    let (weights, bias) = (numbers(2, shape.weights_len()), numbers(3, shape.channels_out));
    let mut output = vec![f32::NAN; shape.output_len()];
    forward_by(method, isa, shape, input, &weights, Some(&bias), Clip::Relu, &mut output).unwrap();
    let gradient = OutputGradient { values: slopes, relu_output: Some(&output) };
    let mut grad_input = vec![f32::NAN; shape.input_len()];
    input_gradient_by(method, isa, shape, &weights, gradient, &mut grad_input).unwrap();
    [output, grad_input]
}

#[test]
fn winograd_gives_the_same_bits_with_any_threads_and_in_any_batch() {
    let shapes = [
        ConvShape::same(5, [32, 150], [20, 23], 3),
        ConvShape::same(9, [8, 70], [16, 16], 3),
        ConvShape::same(1, [300, 260], [14, 14], 3),
        // tasks are cut by channels for one image, by tiles for all
        ConvShape::same(26, [128, 120], [14, 15], 3),
        ConvShape::same(2, [32, 40], [56, 71], 3),
    ];
    for isa in Isa::available() {
        for (shape, method) in
            shapes.iter().flat_map(|shape| [(shape, Method::Winograd2), (shape, Method::Winograd4)])
        {
            let (input, slopes) = (numbers(1, shape.input_len()), numbers(4, shape.output_len()));
            let single = ConvShape { batch: 1, ..*shape };
            let images = input.chunks_exact(single.input_len()).zip(slopes.chunks_exact(single.output_len()));
            let mut apart = [Vec::new(), Vec::new()];
            for (input, slopes) in images {
                let results = winograd_of(isa, method, &single, input, slopes);
                for (apart, result) in apart.iter_mut().zip(&results) {
                    apart.extend(bits(result));
                }
            }
            let weights = || {
                let gradient = OutputGradient { values: &slopes, relu_output: None };
                let mut weights = vec![f32::NAN; shape.weights_len()];
                let mut bias = vec![f32::NAN; shape.channels_out];
                weight_gradient_by(method, isa, shape, &input, gradient, &mut weights, Some(&mut bias))
                    .unwrap();
                weights.extend(bias);
                bits(&weights)
            };
            let expected_weights = weights();
            for threads in [1, 2, 3, 8] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let together = pool.install(|| winograd_of(isa, method, shape, &input, &slopes));
                let together = together.map(|values| bits(&values));
                assert!(together == apart, "{isa:?} {method:?} {threads} threads {shape:?}");
                let weights = pool.install(weights);
                assert!(
                    weights == expected_weights,
                    "{isa:?} {method:?} {threads} threads {shape:?}: weights"
                );
            }
        }
    }
}

/// Rows and columns `y .. y + height`, `x .. x + width` of every plane.
fn crop(
    values: &[f32],
    [rows, columns]: [usize; 2],
    [y, x]: [usize; 2],
    [height, width]: [usize; 2],
) -> Vec<f32> {
    let mut result = Vec::new();
    for plane in values.chunks_exact(rows * columns) {
        for row in y..y + height {
            result.extend_from_slice(&plane[row * columns + x..][..width]);
        }
    }
    result
}

#[test]
fn a_crop_gives_the_bits_of_the_whole_image() {
    struct Case {
        name: &'static str,
        shape: ConvShape,
        /// First row and column of the crop, its height and width; multiples of the stride.
        at: [usize; 2],
        size: [usize; 2],
    }
    let whole = ConvShape::same(1, [5, 9], [60, 83], 3);
    let valid = ConvShape { padding: Padding::VALID, ..ConvShape::same(1, [5, 9], [70, 83], 5) };
    let cases = [
        Case { name: "odd shift", shape: whole, at: [3, 7], size: [40, 61] },
        Case { name: "small crop", shape: whole, at: [22, 31], size: [6, 5] },
        Case { name: "left border", shape: whole, at: [0, 0], size: [33, 18] },
        Case { name: "right border", shape: whole, at: [19, 60], size: [41, 23] },
        Case { name: "valid 5×5", shape: valid, at: [5, 6], size: [30, 31] },
        Case {
            name: "many channels",
            shape: ConvShape::same(1, [66, 33], [20, 40], 3),
            at: [4, 9],
            size: [11, 24],
        },
        Case {
            name: "one output",
            shape: ConvShape::same(1, [33, 1], [50, 50], 3),
            at: [1, 1],
            size: [40, 30],
        },
        Case { name: "stride 2", shape: ConvShape { stride: 2, ..whole }, at: [6, 14], size: [32, 46] },
        Case { name: "7×7", shape: ConvShape::same(1, [1, 16], [50, 64], 7), at: [8, 9], size: [31, 40] },
        Case {
            name: "depthwise",
            shape: ConvShape { groups: 9, ..ConvShape::same(1, [9, 9], [50, 64], 3) },
            at: [8, 9],
            size: [31, 40],
        },
    ];
    for isa in Isa::available() {
        for Case { name, shape, at, size } in &cases {
            let part = ConvShape { height: size[0], width: size[1], ..*shape };
            let input = numbers(1, shape.input_len());
            let whole = forward_of(isa, shape, &input);
            let part_input = crop(&input, [shape.height, shape.width], *at, *size);
            let part_output = forward_of(isa, &part, &part_input);
            // outputs whose kernel lies inside the crop, or over the same border of both
            let (margin, stride) = (shape.kernel - 1, shape.stride);
            let first = [0, 1].map(|axis| if at[axis] == 0 { 0 } else { margin });
            let [rows, columns] = part.output();
            let inner = [
                rows - first[0] - if at[0] + size[0] == shape.height { 0 } else { margin },
                columns - first[1] - if at[1] + size[1] == shape.width { 0 } else { margin },
            ];
            let place = [first[0] + at[0] / stride, first[1] + at[1] / stride];
            let expected = crop(&whole, shape.output(), place, inner);
            let found = crop(&part_output, part.output(), first, inner);
            assert!(bits(&found) == bits(&expected), "{isa:?} {name}: forward");
            if shape.stride == 1 && shape.padding == Padding::same(shape.kernel) {
                let slopes = numbers(4, shape.output_len());
                let whole = input_gradient_of(isa, shape, &slopes);
                let part_gradient = input_gradient_of(isa, &part, &crop(&slopes, shape.output(), *at, *size));
                let expected = crop(&whole, [shape.height, shape.width], place, inner);
                let found = crop(&part_gradient, *size, first, inner);
                assert!(bits(&found) == bits(&expected), "{isa:?} {name}: input gradient");
            }
        }
    }
}

#[test]
fn an_image_gives_the_same_bits_in_any_batch() {
    for isa in Isa::available() {
        for shape in [
            ConvShape::same(4, [7, 19], [21, 34], 3),
            ConvShape { stride: 2, ..ConvShape::same(4, [7, 1], [21, 34], 3) },
        ] {
            let single = ConvShape { batch: 1, ..shape };
            let input = numbers(1, shape.input_len());
            let together = forward_of(isa, &shape, &input);
            let apart: Vec<f32> = input
                .chunks_exact(single.input_len())
                .flat_map(|image| forward_of(isa, &single, image))
                .collect();
            assert!(bits(&together) == bits(&apart), "{isa:?} {shape:?}");
        }
    }
}
