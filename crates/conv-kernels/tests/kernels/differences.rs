//! Gradients against central differences of the forward pass.

use crate::numbers;
use conv_kernels::{
    Clip, ConvShape, Isa, Method, OutputGradient, Padding, forward_by, input_gradient_by, weight_gradient_by,
};

/// Half the distance of the two points; large, as the loss is piecewise linear in each number.
const STEP: f32 = 1.0 / 128.0;

/// Some numbers of the network.
type Part = fn(&mut Network) -> &mut Vec<f32>;

struct Network {
    method: Method,
    isa: Isa,
    shape: ConvShape,
    input: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
    slopes: Vec<f32>,
}

impl Network {
    fn output(&self) -> Vec<f32> {
        let mut output = vec![f32::NAN; self.shape.output_len()];
        forward_by(
            self.method,
            self.isa,
            &self.shape,
            &self.input,
            &self.weights,
            Some(&self.bias),
            Clip::Relu,
            &mut output,
        )
        .unwrap();
        output
    }

    /// `Σ slope · output`.
    fn loss(&self) -> f64 {
        self.output()
            .iter()
            .zip(&self.slopes)
            .map(|(value, slope)| f64::from(*value) * f64::from(*slope))
            .sum()
    }

    /// The slope of the loss in number `index` of `part`, and whether no output meets 0 on the way.
    fn difference(&mut self, part: Part, index: usize) -> (f64, bool) {
        let value = part(self)[index];
        part(self)[index] = value + STEP;
        let (above, active_above) = (self.loss(), self.output());
        part(self)[index] = value - STEP;
        let (below, active_below) = (self.loss(), self.output());
        part(self)[index] = value;
        let smooth = active_above.iter().zip(&active_below).all(|(a, b)| (*a > 0.0) == (*b > 0.0));
        ((above - below) / (2.0 * f64::from(STEP)), smooth)
    }
}

#[test]
fn gradients_are_central_differences() {
    let one_sided = Padding { top: 2, bottom: 0, left: 1, right: 3 };
    let shapes = [
        ConvShape::same(2, [3, 4], [6, 5], 3),
        ConvShape { stride: 2, ..ConvShape::same(1, [2, 3], [9, 8], 3) },
        ConvShape { padding: one_sided, ..ConvShape::same(1, [3, 2], [7, 9], 5) },
        ConvShape { groups: 4, ..ConvShape::same(1, [4, 4], [8, 7], 3) },
        ConvShape { stride: 2, ..ConvShape::same(1, [6, 8], [7, 8], 1) },
    ];
    for isa in Isa::available() {
        for (shape, method) in
            shapes.into_iter().flat_map(|shape| [(shape, Method::Direct), (shape, Method::Winograd4)])
        {
            let mut network = Network {
                method,
                isa,
                shape,
                input: numbers(1, shape.input_len()),
                weights: numbers(2, shape.weights_len()),
                bias: numbers(3, shape.channels_out),
                slopes: numbers(4, shape.output_len()),
            };
            let output = network.output();
            let gradient = OutputGradient { values: &network.slopes, relu_output: Some(&output) };
            let mut input = vec![f32::NAN; shape.input_len()];
            let mut weights = vec![f32::NAN; shape.weights_len()];
            let mut bias = vec![f32::NAN; shape.channels_out];
            input_gradient_by(method, isa, &shape, &network.weights, gradient, &mut input).unwrap();
            weight_gradient_by(method, isa, &shape, &network.input, gradient, &mut weights, Some(&mut bias))
                .unwrap();

            let parts: [(&str, &[f32], Part); 3] = [
                ("input", &input, |network| &mut network.input),
                ("weights", &weights, |network| &mut network.weights),
                ("bias", &bias, |network| &mut network.bias),
            ];
            for (name, gradient, part) in parts {
                let mut compared = 0;
                for (index, slope) in gradient.iter().enumerate().step_by(gradient.len().div_ceil(40)) {
                    let (difference, smooth) = network.difference(part, index);
                    if smooth {
                        compared += 1;
                        let error = (difference - f64::from(*slope)).abs();
                        assert!(
                            error < 2e-3,
                            "{isa:?} {method:?} {name}[{index}]: {slope}, differences {difference}: {shape:?}"
                        );
                    }
                }
                assert!(compared > 0, "{isa:?} {name} {shape:?}: some point is smooth");
            }
        }
    }
}
