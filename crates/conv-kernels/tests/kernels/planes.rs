//! Pooling, up-sampling and the `ReLU`'s gradient: none of them rounds, so results are exact.

use crate::{naive, numbers};
use conv_kernels::{
    ConvError, PlanesShape, max_pool_2x2, max_pool_2x2_gradient, relu_gradient, upsample_nearest_2x,
    upsample_nearest_2x_gradient,
};
use proptest::prelude::*;

fn planes() -> impl Strategy<Value = PlanesShape> {
    (0..5_usize, 0..40_usize, 0..40_usize).prop_map(|(planes, height, width)| PlanesShape {
        planes,
        height,
        width,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pooling_and_its_gradient_are_their_definitions(shape in planes()) {
        // few different numbers, so that many are equal
        let input: Vec<f32> = numbers(1, shape.planes * shape.height * shape.width)
            .iter()
            .map(|value| (value * 3.0).round())
            .collect();
        let (expected, expected_choice) = naive::max_pool(shape, &input);
        let mut output = vec![f32::NAN; expected.len()];
        let mut choice = vec![9; expected.len()];
        max_pool_2x2(shape, &input, &mut output, &mut choice).unwrap();
        prop_assert_eq!(&output, &expected);
        prop_assert_eq!(&choice, &expected_choice);

        let grad_output = numbers(2, output.len());
        let mut grad_input = vec![f32::NAN; input.len()];
        max_pool_2x2_gradient(shape, &choice, &grad_output, &mut grad_input).unwrap();
        prop_assert_eq!(grad_input, naive::max_pool_gradient(shape, &choice, &grad_output));
    }

    #[test]
    fn upsampling_repeats_and_its_gradient_is_the_transpose(shape in planes()) {
        let input = numbers(1, shape.planes * shape.height * shape.width);
        let expected = naive::upsample(shape, &input);
        let mut output = vec![f32::NAN; expected.len()];
        upsample_nearest_2x(shape, &input, &mut output).unwrap();
        prop_assert_eq!(&output, &expected);

        // ⟨U x, g⟩ = ⟨x, Uᵀ g⟩, whatever x and g
        let grad_output = numbers(2, output.len());
        let mut grad_input = vec![f32::NAN; input.len()];
        upsample_nearest_2x_gradient(shape, &grad_output, &mut grad_input).unwrap();
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let (left, right) = (dot(&output, &grad_output), dot(&input, &grad_input));
        prop_assert!((left - right).abs() < 1e-5 * output.len() as f64 + 1e-9, "{} {}", left, right);
    }
}

#[test]
fn a_pool_shows_nan_and_chooses_the_first_of_equals() {
    let shape = PlanesShape { planes: 1, height: 2, width: 6 };
    let input = [1.0, 1.0, f32::NAN, 5.0, 0.0, 2.0, 1.0, 1.0, 7.0, f32::NAN, 3.0, f32::NAN];
    let (mut output, mut choice) = ([0.0; 3], [9; 3]);
    max_pool_2x2(shape, &input, &mut output, &mut choice).unwrap();
    assert_eq!(choice, [0, 0, 3]);
    assert!(output[0] == 1.0 && output[1].is_nan() && output[2].is_nan(), "{output:?}");
}

#[test]
fn a_relu_passes_the_gradient_where_its_output_is_above_0() {
    let output = [0.0, 1.0, -0.0, 2.0];
    let mut grad_input = [9.0; 4];
    relu_gradient(&output, &[5.0, 6.0, 7.0, 8.0], &mut grad_input).unwrap();
    assert_eq!(grad_input, [0.0, 6.0, 0.0, 8.0]);
}

#[test]
fn a_wrong_length_is_refused_by_its_name() {
    let shape = PlanesShape { planes: 1, height: 2, width: 2 };
    let error = upsample_nearest_2x(shape, &[0.0; 3], &mut [0.0; 16]).unwrap_err();
    assert_eq!(error, ConvError::Length { name: "input", found: 3, expected: 4 });
}
