//! Single convolutions of the shapes that networks are made of, pass by pass.

use conv_kernels::{Clip, ConvShape, Method, OutputGradient};

use crate::kernels;

/// A 3×3 convolution with *same* padding.
pub struct ConvolutionCase {
    /// What it is, e.g. `64→64 at 224`.
    pub name: &'static str,
    shape: ConvShape,
    input: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    output: Vec<f32>,
    grad_output: Vec<f32>,
    grad_input: Vec<f32>,
    grad_weight: Vec<f32>,
    grad_bias: Vec<f32>,
}

/// What of a convolution is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The output, with bias and ReLU.
    Forward,
    /// The gradient for the input.
    InputGradient,
    /// The gradients for weights and biases.
    WeightGradient,
}

impl Pass {
    /// All passes.
    pub const ALL: [Self; 3] = [Self::Forward, Self::InputGradient, Self::WeightGradient];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::InputGradient => "input gradient",
            Self::WeightGradient => "weight gradient",
        }
    }
}

/// The convolutions that are reported one by one.
pub fn convolutions() -> impl Iterator<Item = ConvolutionCase> {
    [
        ("64→64 at 224", 1, [64, 64], 224),
        ("128→128 at 112", 1, [128, 128], 112),
        ("256→256 at 56", 1, [256, 256], 56),
        ("512→512 at 28", 1, [512, 512], 28),
        ("1→32 at 128, 32 images", 32, [1, 32], 128),
    ]
    .into_iter()
    .map(|(name, batch, channels, side)| {
        let shape = ConvShape::same(batch, channels, [side, side], 3);
        // values do not matter for the speed, as long as none is denormal or 0
        let numbers =
            |len: usize| (0..len).map(|index| 0.01 * ((index % 97) as f32 - 48.5)).collect::<Vec<_>>();
        ConvolutionCase {
            name,
            shape,
            input: numbers(shape.input_len()),
            weight: numbers(shape.weights_len()),
            bias: numbers(shape.channels_out),
            output: vec![0.0; shape.output_len()],
            grad_output: numbers(shape.output_len()),
            grad_input: vec![0.0; shape.input_len()],
            grad_weight: vec![0.0; shape.weights_len()],
            grad_bias: vec![0.0; shape.channels_out],
        }
    })
}

impl ConvolutionCase {
    /// Floating-point operations of a pass, two for each product of the definition.
    pub fn operations(&self) -> f64 {
        self.shape.operations()
    }

    /// Computes `pass` once, as the direct sum or `fastest`; its results stay in the case.
    pub fn run(&mut self, pass: Pass, fastest: bool) {
        let (isa, shape) = (kernels::isa(), &self.shape);
        let method = if fastest { Method::Fastest } else { Method::Direct };
        let output_gradient = OutputGradient { values: &self.grad_output, relu_output: None };
        let bias = Some(self.bias.as_slice());
        match pass {
            Pass::Forward => {
                let output = &mut self.output;
                conv_kernels::forward_by(
                    method,
                    isa,
                    shape,
                    &self.input,
                    &self.weight,
                    bias,
                    Clip::Relu,
                    output,
                )
            }
            Pass::InputGradient => {
                let gradient = &mut self.grad_input;
                conv_kernels::input_gradient_by(method, isa, shape, &self.weight, output_gradient, gradient)
            }
            Pass::WeightGradient => {
                let (gradient, of_bias) = (&mut self.grad_weight, Some(self.grad_bias.as_mut_slice()));
                conv_kernels::weight_gradient_by(
                    method,
                    isa,
                    shape,
                    &self.input,
                    output_gradient,
                    gradient,
                    of_bias,
                )
            }
        }
        .expect("the shapes are those of the case");
    }
}
