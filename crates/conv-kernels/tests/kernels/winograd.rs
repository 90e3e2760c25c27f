//! Winograd's way against the definition, and what it costs in accuracy.

use crate::{assert_near, assert_near_within, clips, naive, numbers};
use conv_kernels::{
    Clip, ConvShape, Isa, Method, OutputGradient, Padding, forward_by, input_gradient_by, weight_gradient_by,
};
use proptest::prelude::*;

/// How much larger the sum of the sizes of all products is than that of the direct sum: the largest
/// entry of `|Aᵀ| (|G| J |Gᵀ| ∘ |Bᵀ| J |B|) |A|` for a kernel and inputs of ones, divided by the 9
/// products of the direct sum. Rounding errors are in proportion to it. Along one axis:
///
/// - F(2, 3): row sums of `|Bᵀ|` are 2, 2, 2, 2, of `|G|` 1, 3/2, 3/2, 1, so rows of `|Aᵀ|` give
///   2 + 3 + 3 = 8, against 3: (8 / 3)² = 7.1.
/// - F(4, 3) with points 0, ±1/√2, ±√2: row sums of `|Bᵀ|` are 4.5, 5.12 (twice), 3.62 (twice), 4.5,
///   of `|G|` 1, 1.47 (twice), 0.74 (twice), 1; the first row of `|Aᵀ|` gives
///   4.5 + 2 · 7.53 + 2 · 2.67 = 24.9, against 3: (24.9 / 3)² = 69.
const AMPLIFIED: [(Method, f64); 2] = [(Method::Winograd2, 7.1), (Method::Winograd4, 69.0)];

/// The same for F(3×3, 4×4), where the gradient's tile has 4 taps an axis: row sums of `|G|` are 1,
/// 1.77 (twice), 1.21 (twice), 1, those of `|Bᵀ|` as above; the first row of `|Aᵀ|` gives
/// 4.5 + 2 · 9.06 + 2 · 4.37 = 31.4, the last 9.06 + 17.5 + 4.5, against 4 products: (31.4 / 4)² = 62.
/// The sum itself runs over whole tiles, 16 places of which each are one of its terms.
const AMPLIFIED_WEIGHTS: f64 = 62.0;

/// Operations in the transforms of one tile along both axes, each of which rounds once more.
const TRANSFORM_TERMS: usize = 24;

/// 3×3 at stride 1: small and odd sizes, all paddings, one to seventy channels.
fn shapes() -> impl Strategy<Value = ConvShape> {
    let sizes = (0..5_usize, 1..24_usize, 1..24_usize);
    let channels = prop_oneof![(1..6_usize, 1..6_usize), (1..71_usize, 1..71_usize)];
    let sides = (0..5_usize, 0..5_usize, 0..5_usize, 0..5_usize);
    (sizes, channels, sides, any::<bool>()).prop_map(|(sizes, (c_in, c_out), sides, same)| {
        let (batch, height, width) = sizes;
        // the widest channels on small images, so that the naive sums stay quick
        let (height, width) =
            if c_in * c_out > 400 { (height / 2 + 1, width / 2 + 1) } else { (height, width) };
        let padding = Padding { top: sides.0, bottom: sides.1, left: sides.2, right: sides.3 };
        let shape = ConvShape::same(batch, [c_in, c_out], [height, width], 3);
        if same { shape } else { ConvShape { padding, ..shape } }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_forward_pass_is_its_definition(shape in shapes(), with_bias: bool, clip in clips()) {
        let shape = shape.checked().unwrap();
        let (input, weights) = (numbers(1, shape.input_len()), numbers(2, shape.weights_len()));
        let bias = numbers(3, shape.channels_out);
        let bias = with_bias.then_some(&bias[..]);
        let expected = naive::forward(&shape, &input, &weights, bias, clip);
        for isa in Isa::available() {
            for (method, amplified) in AMPLIFIED {
                let mut output = vec![f32::NAN; shape.output_len()];
                forward_by(method, isa, &shape, &input, &weights, bias, clip, &mut output).unwrap();
                let terms = 9 * shape.channels_in + TRANSFORM_TERMS;
                let name = format!("{isa:?} {method:?} {shape:?}");
                assert_near_within(amplified, &name, &output, &expected, terms);
            }
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
            for (method, amplified) in AMPLIFIED {
                let mut grad_input = vec![f32::NAN; shape.input_len()];
                input_gradient_by(method, isa, &shape, &weights, gradient, &mut grad_input).unwrap();
                let terms = 9 * shape.channels_out + TRANSFORM_TERMS;
                let name = format!("{isa:?} {method:?} {shape:?}");
                assert_near_within(amplified, &name, &grad_input, &expected, terms);
            }
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
            let mut weights = vec![f32::NAN; shape.weights_len()];
            let mut bias = vec![f32::NAN; shape.channels_out];
            let method = Method::Winograd4;
            weight_gradient_by(method, isa, &shape, &input, gradient, &mut weights, Some(&mut bias)).unwrap();
            let terms = shape.output_len() / shape.channels_out;
            let name = format!("{isa:?} {shape:?}");
            assert_near_within(AMPLIFIED_WEIGHTS, &name, &weights, &expected, terms + TRANSFORM_TERMS);
            assert_near(&format!("{name} bias"), &bias, &expected_bias, terms);
        }
    }
}

#[test]
fn shapes_of_many_tasks_are_their_definitions() {
    let shapes = [
        ("many strips", ConvShape::same(1, [3, 9], [90, 74], 3)),
        ("many parts", ConvShape::same(1, [40, 200], [9, 11], 3)),
        ("many images in a task", ConvShape::same(23, [5, 10], [9, 7], 3)),
        ("wide", ConvShape::same(1, [4, 8], [5, 1300], 3)),
        ("many channels on a small image", ConvShape::same(1, [260, 270], [6, 7], 3)),
    ];
    for isa in Isa::available() {
        for (name, shape) in &shapes {
            let (input, weights) = (numbers(1, shape.input_len()), numbers(2, shape.weights_len()));
            let expected = naive::forward(shape, &input, &weights, None, Clip::None);
            for (method, amplified) in AMPLIFIED {
                let mut output = vec![f32::NAN; shape.output_len()];
                forward_by(method, isa, shape, &input, &weights, None, Clip::None, &mut output).unwrap();
                let terms = 9 * shape.channels_in + TRANSFORM_TERMS;
                assert_near_within(
                    amplified,
                    &format!("{isa:?} {method:?} {name}"),
                    &output,
                    &expected,
                    terms,
                );
            }
        }
    }
}

/// Errors of independent roundings add up like the root of their number, so the largest of some ten
/// thousand outputs, 5 standard deviations out, errs about `5 · ε/√12 · √(roundings) · √amplified`
/// in units of the outputs' root mean square: with 64 channels, 9 products each and `ε = 1.2e-7`,
/// `5 · 3.4e-8 · √576 · √7.1 = 1.1e-5` and `· √69 = 3.4e-5` at most.
#[test]
fn errors_stay_small_for_weights_as_networks_start_with() {
    let shape = ConvShape::same(1, [64, 48], [22, 27], 3);
    let input = numbers(1, shape.input_len());
    let scale = (2.0 / (9.0 * 64.0_f32)).sqrt() * 3.0_f32.sqrt(); // He: variance 2 / (9 C_in)
    let weights: Vec<f32> = numbers(2, shape.weights_len()).iter().map(|weight| weight * scale).collect();
    let expected = naive::forward(&shape, &input, &weights, None, Clip::None);
    let mean_square = expected.iter().map(|value| value * value).sum::<f64>() / expected.len() as f64;
    for isa in Isa::available() {
        for (method, most) in [(Method::Winograd2, 1.1e-5), (Method::Winograd4, 3.4e-5)] {
            let mut output = vec![f32::NAN; shape.output_len()];
            forward_by(method, isa, &shape, &input, &weights, None, Clip::None, &mut output).unwrap();
            let errors = output.iter().zip(&expected).map(|(value, exact)| (f64::from(*value) - exact).abs());
            let error = errors.fold(0.0, f64::max) / mean_square.sqrt();
            println!("{isa:?} {method:?}: {error:.1e}");
            assert!(error < most, "{isa:?} {method:?}: {error:.1e}");
        }
    }
}

#[test]
fn winograd_is_only_used_where_it_can_be() {
    let same = ConvShape::same(2, [4, 6], [9, 11], 3);
    let shapes = [
        ConvShape { stride: 2, ..same },
        ConvShape { groups: 2, ..same },
        ConvShape::same(2, [4, 6], [9, 11], 5),
    ];
    let isa = Isa::best();
    for shape in shapes {
        let (input, weights) = (numbers(1, shape.input_len()), numbers(2, shape.weights_len()));
        let outputs = [Method::Direct, Method::Winograd2, Method::Winograd4, Method::Fastest].map(|method| {
            let mut output = vec![f32::NAN; shape.output_len()];
            forward_by(method, isa, &shape, &input, &weights, None, Clip::None, &mut output).unwrap();
            output
        });
        assert!(outputs.iter().all(|output| *output == outputs[0]), "{shape:?}");
    }
}
