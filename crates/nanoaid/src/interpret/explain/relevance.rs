//! Layer-wise relevance propagation: the score redistributed from layer to layer (Bach et al. 2015; rules as in
//! Montavon et al. 2019).
//!
//! | layer | rule |
//! |---|---|
//! | convolution, with the batch norm after it | z⁺: in proportion to the contributions of the output's sign, biases left out |
//! | depthwise convolution | in proportion to magnitudes, and to weights where all inputs are 0: a channel by itself may have no positive contributions |
//! | dense, means | ε: in proportion to contributions; a dense layer's bias keeps its share |
//! | sum of branches | in proportion to magnitudes, so that opposite signs do not blow up |
//! | product with a gate | to what is gated |
//! | max-pool, and what only moves values | to where the value came from |
//! | ReLU and other functions of one value | passed on |
//!
//! Each rule is the gradient of the layer's output weighted by relevance over output, times the input, so every layer's
//! own gradient does the work.

use burn::tensor::Tensor;
use micrograph::Plane;

use super::error::{ExplainError, Tick, go_on};
use super::scored::{Scored, planes_of};
use crate::network::{Convolution, IMAGE, Norms, Operation};

/// Added to denominators so that quotients stay finite.
const EPSILON: f32 = 1e-9;

/// What every input of a depthwise convolution has at least; ReLU activations are around 1.
const LEAST_MAGNITUDE: f32 = 1e-5;

/// Relevance of the pixels of images.
#[derive(Clone, Debug)]
pub(super) struct Relevance {
    /// Relevance over pixel value of each image; a black pixel has none.
    pub ratios: Vec<Plane>,
    /// What it should sum up to over all images: the scores without what dense biases and the planes of ones keep.
    pub expected: f64,
}

/// The relevance of each pixel of `images` for the score.
pub(super) fn relevance(
    scored: &Scored<'_>,
    images: &[Plane],
    tick: Tick<'_>,
) -> Result<Relevance, ExplainError> {
    let mut all = Relevance { ratios: Vec::new(), expected: 0.0 };
    for image in images {
        go_on(tick)?;
        let (ratio, expected) = of_image(scored, image)?;
        all.ratios.push(ratio);
        all.expected += expected;
    }
    Ok(all)
}

fn of_image(scored: &Scored<'_>, image: &Plane) -> Result<(Plane, f64), ExplainError> {
    let graph = scored.graph();
    let pixels = scored.tensor(std::slice::from_ref(image));
    let ids: Vec<usize> = (0..=graph.end()).collect();
    let values = graph.outputs(pixels.clone(), &ids, Norms::Running, &mut Vec::new());
    let mut relevances: Vec<Option<Tensor<4>>> = vec![None; ids.len()];
    let start = scored.score().shares(&values[graph.end()]);
    let mut expected = sum(&start);
    relevances[graph.end()] = Some(start);
    for (index, step) in graph.steps().iter().enumerate().rev() {
        let Some(of_output) = relevances[index + 1].take() else { continue };
        let inputs: Vec<Tensor<4>> = step.inputs.iter().map(|&input| values[input].clone()).collect();
        let before = sum(&of_output);
        let output = (&values[index + 1], of_output);
        let shares = propagated(&step.operation, inputs, output).ok_or_else(|| {
            let layer = scored.network().layer(&step.name);
            let operation = layer.map_or(String::new(), |layer| layer.operation.clone());
            ExplainError::NoRule { layer: step.name.clone(), operation }
        })?;
        if keeps_a_share(&step.operation) {
            expected -= before - shares.iter().map(sum).sum::<f64>();
        }
        for (&input, share) in step.inputs.iter().zip(shares) {
            let sum = match relevances[input].take() {
                Some(other) => other + share,
                None => share,
            };
            relevances[input] = Some(sum);
        }
    }
    let found = relevances[IMAGE].take().unwrap_or_else(|| pixels.zeros_like());
    let relevance = planes_of(found).remove(0);
    let ratios = relevance.values().iter().zip(image.values());
    let ratios = ratios.map(|(relevance, &value)| if value > 1e-6 { relevance / value } else { 0.0 });
    Ok((Plane::new(image.height(), image.width(), ratios.collect()), expected))
}

/// Whether something beside its inputs has a share in the output: a bias, or ones.
fn keeps_a_share(operation: &Operation) -> bool {
    matches!(operation, Operation::Dense(_) | Operation::WithOnes)
}

/// The relevance of each input of a layer for that of its output; `None` without a rule.
fn propagated(
    operation: &Operation,
    mut inputs: Vec<Tensor<4>>,
    (output, of_output): (&Tensor<4>, Tensor<4>),
) -> Option<Vec<Tensor<4>>> {
    let first = |inputs: &mut Vec<Tensor<4>>| inputs.remove(0);
    Some(match operation {
        Operation::Relu
        | Operation::Relu6
        | Operation::Identity
        | Operation::Activation(_)
        | Operation::Scale(_)
        | Operation::Shift(_)
        | Operation::Sigmoid
        | Operation::Clamp
        | Operation::ReluWith { .. } => vec![of_output],
        Operation::Convolution(convolution) => {
            let shape = convolution.shape();
            let is_depthwise = shape.groups == shape.channels_in && shape.groups > 1;
            let input = first(&mut inputs);
            vec![if is_depthwise {
                by_magnitudes(convolution, input, of_output)
            } else {
                by_signed_parts(convolution, input, output, of_output)
            }]
        }
        Operation::Dense(_) | Operation::AveragePool { .. } | Operation::WindowMean { .. } => {
            vec![by_contributions(operation, first(&mut inputs), of_output)]
        }
        Operation::MaxPool(_)
        | Operation::Concatenate
        | Operation::Join
        | Operation::Channels(_)
        | Operation::UpSample
        | Operation::PixelShuffle => to_origins(operation, inputs, of_output),
        Operation::Add => {
            let total =
                inputs.iter().skip(1).fold(inputs[0].clone().abs(), |sum, other| sum + other.clone().abs());
            let each = of_output / (total + EPSILON);
            inputs.into_iter().map(|input| input.abs() * each.clone()).collect()
        }
        Operation::Multiply => {
            let gate = inputs[1].zeros_like();
            vec![of_output, gate]
        }
        // the same pixel in several colors, or beside a plane of ones
        Operation::Colors { .. } => vec![of_output.sum_dim(1)],
        Operation::WithOnes => {
            let [n, _, height, width] = of_output.dims();
            vec![of_output.slice([0..n, 0..1, 0..height, 0..width])]
        }
        _ => return None,
    })
}

/// z⁺: the relevance of an output above 0 is shared by the contributions that raise it, x⁺w⁺ and x⁻w⁻; that of one below 0 by those
/// that lower it, x⁺w⁻ and x⁻w⁺.
fn by_signed_parts(
    convolution: &Convolution,
    input: Tensor<4>,
    output: &Tensor<4>,
    of_output: Tensor<4>,
) -> Tensor<4> {
    let is_above = output.clone().greater_elem(0.0).float();
    let for_above = of_output.clone() * is_above;
    let for_below = of_output - for_above.clone();
    let (rising, falling) = (convolution.positive_part(), convolution.negative_part());
    by_parts((&rising, &falling), input.clone(), for_above, EPSILON)
        + by_parts((&falling, &rising), input, for_below, -EPSILON)
}

/// Contributions of what is above 0 of the input by the first convolution, and of what is below by the second, share the
/// relevance of each output.
fn by_parts(
    (of_above, of_below): (&Convolution, &Convolution),
    input: Tensor<4>,
    of_output: Tensor<4>,
    epsilon: f32,
) -> Tensor<4> {
    let above = input.clone().clamp_min(0.0).autodiff().require_grad();
    let below = input.clamp_max(0.0).autodiff().require_grad();
    let output = of_above.forward(above.clone()) + of_below.forward(below.clone());
    let ratio = of_output / (output.clone().inner() + epsilon);
    let mut gradients = (output * ratio.autodiff()).sum().backward();
    let mut share = |input: Tensor<4>| {
        let gradient = input.grad_remove(&mut gradients);
        let values = input.inner();
        gradient.map_or_else(|| values.zeros_like(), |gradient| values.clone() * gradient)
    };
    share(above) + share(below)
}

/// Contributions |x||w| share the relevance of each output; where every x is 0, so that the output is a bias, |w| decides.
fn by_magnitudes(convolution: &Convolution, input: Tensor<4>, of_output: Tensor<4>) -> Tensor<4> {
    let input = (input.abs() + LEAST_MAGNITUDE).autodiff().require_grad();
    let output = convolution.magnitudes().forward(input.clone());
    let ratio = of_output / (output.clone().inner() + EPSILON);
    let gradient = input.grad_remove(&mut (output * ratio.autodiff()).sum().backward());
    let input = input.inner();
    gradient.map_or_else(|| input.zeros_like(), |gradient| input.clone() * gradient)
}

/// ε: contributions share the relevance of each output, whatever their sign.
fn by_contributions(operation: &Operation, input: Tensor<4>, of_output: Tensor<4>) -> Tensor<4> {
    let input = input.autodiff().require_grad();
    let output = operation.forward("", vec![input.clone()], Norms::Running, &mut Vec::new());
    let values = output.clone().inner();
    // towards the output's own sign, where it is 0 upwards
    let sign = (values.clone().sign() + 0.5).sign();
    let ratio = of_output / (values + sign * EPSILON);
    let mut gradients = (output * ratio.autodiff()).sum().backward();
    let gradient = input.grad_remove(&mut gradients);
    let input = input.inner();
    gradient.map_or_else(|| input.zeros_like(), |gradient| input.clone() * gradient)
}

/// To where each value came from.
fn to_origins(operation: &Operation, inputs: Vec<Tensor<4>>, of_output: Tensor<4>) -> Vec<Tensor<4>> {
    let inputs: Vec<Tensor<4>> = inputs.into_iter().map(|input| input.autodiff().require_grad()).collect();
    let output = operation.forward("", inputs.clone(), Norms::Running, &mut Vec::new());
    let mut gradients = (output * of_output.autodiff()).sum().backward();
    inputs
        .into_iter()
        .map(|input| {
            let gradient = input.grad_remove(&mut gradients);
            gradient.unwrap_or_else(|| input.inner().zeros_like())
        })
        .collect()
}

fn sum(tensor: &Tensor<4>) -> f64 {
    let values: Vec<f32> = tensor.clone().into_data().try_to_vec().expect("relevance is f32");
    values.into_iter().map(f64::from).sum()
}
