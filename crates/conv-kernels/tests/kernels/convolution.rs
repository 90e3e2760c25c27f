//! Convolution and its gradients.

use crate::{assert_near, clips, naive, numbers};
use conv_kernels::{Clip, ConvShape, Isa, OutputGradient, Padding, forward, input_gradient, weight_gradient};
use proptest::prelude::*;

/// Shapes of all kinds, many of them awkward: small, odd, smaller than the kernel, empty.
fn shapes() -> impl Strategy<Value = ConvShape> {
    let sizes = (0..5_usize, 1..24_usize, 1..24_usize);
    let channels =
        prop_oneof![(1..6_usize, 1..6_usize), (1..20_usize, 1..20_usize), (1..71_usize, 1..71_usize)];
    let kernel = (prop_oneof![Just(1_usize), Just(3), Just(3), Just(5), Just(7), Just(2)], 1..4_usize);
    let sides = (0..5_usize, 0..5_usize, 0..5_usize, 0..5_usize);
    (sizes, channels, kernel, sides, 0..4_usize).prop_map(|(sizes, channels, kernel, sides, kind)| {
        let ((batch, height, width), (c_in, c_out), (kernel, stride)) = (sizes, channels, kernel);
        let padding = match kind {
            0 => Padding::VALID,
            1 => Padding { top: sides.0, bottom: sides.1, left: sides.2, right: sides.3 },
            _ => Padding::same(kernel),
        };
        let (channels_in, channels_out, groups) = match (kind, sides.0) {
            (2, 0) => (c_in, c_in, c_in),
            (2, 1) => (2 * (c_in / 2 + 1), 2 * (c_out / 2 + 1), 2),
            _ => (c_in, c_out, 1),
        };
        // the widest channels on small images, so that the naive sums stay quick
        let (height, width) =
            if channels_in * channels_out > 400 { (height / 3 + 1, width / 3 + 1) } else { (height, width) };
        ConvShape { batch, channels_in, height, width, channels_out, kernel, stride, padding, groups }
    })
}

fn taps(shape: &ConvShape) -> usize {
    shape.channels_in / shape.groups * shape.kernel * shape.kernel
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_forward_pass_is_its_definition(shape in shapes(), with_bias: bool, clip in clips()) {
        let shape = shape.checked().unwrap();
        let (input, weights) = (numbers(1, shape.input_len()), numbers(2, shape.weights_len()));
        let bias = numbers(3, shape.channels_out);
        let bias = with_bias.then_some(&bias[..]);
        let expected = naive::forward(&shape, &input, &weights, bias, clip);
        for isa in Isa::available() {
            let mut output = vec![f32::NAN; shape.output_len()];
            forward(isa, &shape, &input, &weights, bias, clip, &mut output).unwrap();
            assert_near(&format!("{isa:?} {shape:?}"), &output, &expected, taps(&shape));
        }
    }

    #[test]
    fn the_input_gradient_is_its_definition(shape in shapes(), relu: bool) {
        let shape = shape.checked().unwrap();
        let (weights, gradient) = (numbers(2, shape.weights_len()), numbers(4, shape.output_len()));
        let output = numbers(5, shape.output_len());
        let masked: Vec<f32> = gradient
            .iter()
            .zip(&output)
            .map(|(gradient, output)| if !relu || *output > 0.0 { *gradient } else { 0.0 })
            .collect();
        let expected = naive::input_gradient(&shape, &weights, &masked);
        let gradient = OutputGradient { values: &gradient, relu_output: relu.then_some(&output[..]) };
        for isa in Isa::available() {
            let mut grad_input = vec![f32::NAN; shape.input_len()];
            input_gradient(isa, &shape, &weights, gradient, &mut grad_input).unwrap();
            let terms = shape.channels_out / shape.groups * shape.kernel * shape.kernel;
            assert_near(&format!("{isa:?} {shape:?}"), &grad_input, &expected, terms);
        }
    }

    #[test]
    fn the_gradient_of_weights_and_bias_is_its_definition(shape in shapes(), relu: bool) {
        let shape = shape.checked().unwrap();
        let (input, gradient) = (numbers(1, shape.input_len()), numbers(4, shape.output_len()));
        let output = numbers(5, shape.output_len());
        let masked: Vec<f32> = gradient
            .iter()
            .zip(&output)
            .map(|(gradient, output)| if !relu || *output > 0.0 { *gradient } else { 0.0 })
            .collect();
        let (expected, expected_bias) = naive::weight_gradient(&shape, &input, &masked);
        let gradient = OutputGradient { values: &gradient, relu_output: relu.then_some(&output[..]) };
        for isa in Isa::available() {
            let mut grad_weights = vec![f32::NAN; shape.weights_len()];
            let mut grad_bias = vec![f32::NAN; shape.channels_out];
            weight_gradient(isa, &shape, &input, gradient, &mut grad_weights, Some(&mut grad_bias)).unwrap();
            let terms = shape.output_len() / shape.channels_out;
            assert_near(&format!("{isa:?} {shape:?}"), &grad_weights, &expected, terms);
            assert_near(&format!("{isa:?} bias {shape:?}"), &grad_bias, &expected_bias, terms);
        }
    }
}

#[test]
fn shapes_of_many_strips_and_parts_are_their_definitions() {
    struct Case {
        name: &'static str,
        shape: ConvShape,
    }
    let cases = [
        Case { name: "many strips", shape: ConvShape::same(1, [3, 17], [90, 70], 3) },
        Case { name: "many parts on both sides", shape: ConvShape::same(1, [150, 140], [9, 11], 3) },
        Case { name: "wider than the cache", shape: ConvShape::same(1, [40, 8], [5, 1300], 3) },
        Case { name: "one channel out", shape: ConvShape::same(2, [32, 1], [64, 61], 3) },
        Case { name: "one channel in", shape: ConvShape::same(2, [1, 32], [64, 61], 3) },
        Case {
            name: "stride 2 in strips",
            shape: ConvShape { stride: 2, ..ConvShape::same(1, [20, 24], [75, 94], 3) },
        },
    ];
    for isa in Isa::available() {
        for Case { name, shape } in &cases {
            let name = format!("{isa:?} {name}");
            let (input, weights) = (numbers(1, shape.input_len()), numbers(2, shape.weights_len()));
            let slopes = numbers(4, shape.output_len());
            let gradient = OutputGradient { values: &slopes, relu_output: None };
            let mut output = vec![f32::NAN; shape.output_len()];
            forward(isa, shape, &input, &weights, None, Clip::None, &mut output).unwrap();
            assert_near(
                &name,
                &output,
                &naive::forward(shape, &input, &weights, None, Clip::None),
                taps(shape),
            );
            let mut grad_input = vec![f32::NAN; shape.input_len()];
            input_gradient(isa, shape, &weights, gradient, &mut grad_input).unwrap();
            let terms = shape.channels_out * shape.kernel * shape.kernel;
            assert_near(&name, &grad_input, &naive::input_gradient(shape, &weights, &slopes), terms);
            let mut grad_weights = vec![f32::NAN; shape.weights_len()];
            weight_gradient(isa, shape, &input, gradient, &mut grad_weights, None).unwrap();
            let terms = shape.output_len() / shape.channels_out;
            assert_near(&name, &grad_weights, &naive::weight_gradient(shape, &input, &slopes).0, terms);
        }
    }
}
