//! Definition: what an operation is, in double precision and as plainly as it can be said, and the gradients
//! that follow from it.
//!
//! Sums of products give their gradients by the same list of products. Of any other function they are taken by
//! central differences, which need no second formula that could be wrong in the same way.

use crate::kernels::Clip;

/// Calls back with (output, first input, second input) for each product.
pub(super) type Products = Box<dyn Fn(&mut dyn FnMut(usize, usize, usize)) + Send + Sync>;
/// Values of the output from those of the inputs.
pub(super) type Function = Box<dyn Fn(&[Vec<f64>]) -> Vec<f64> + Send + Sync>;

/// What an operation is.
pub(super) enum Definition {
    /// Sums of products of two inputs; a third input is added to each of `channels` output channels.
    Products {
        /// The products.
        products: Products,
        /// Values of an output channel, row after row, and number of channels.
        plane: usize,
        channels: usize,
        /// Values of the output.
        len: usize,
        /// What is cut off the sums.
        clip: Clip,
    },
    /// Any other function.
    Function(Function),
    /// What the processor computes: for shapes that are too large for the others.
    Processor,
}

/// Step of a central difference, in double precision: errors of about 1e-10.
const STEP: f64 = 1e-5;

impl Definition {
    /// Output and gradients of `Σ weights · output` for each input; `None` if the processor says it.
    pub(super) fn expected(&self, inputs: &[Vec<f64>], weights: &[f64]) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
        match self {
            Self::Products { products, plane, channels, len, clip } => {
                let mut output = vec![0.0; *len];
                products(&mut |to, first, second| output[to] += inputs[0][first] * inputs[1][second]);
                let channel_of = |index: usize| index / plane % channels;
                if let Some(bias) = inputs.get(2) {
                    output
                        .iter_mut()
                        .enumerate()
                        .for_each(|(index, value)| *value += bias[channel_of(index)]);
                }
                let (least, most) = match clip {
                    Clip::None => (f64::NEG_INFINITY, f64::INFINITY),
                    Clip::Relu => (0.0, f64::INFINITY),
                    Clip::ReluUpTo(most) => (0.0, f64::from(*most)),
                };
                let passes = |value: f64| value > least && value < most;
                let passed: Vec<f64> = output
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| if passes(*value) { *weight } else { 0.0 })
                    .collect();
                let mut gradients: Vec<Vec<f64>> =
                    inputs.iter().map(|input| vec![0.0; input.len()]).collect();
                products(&mut |to, first, second| {
                    gradients[0][first] += passed[to] * inputs[1][second];
                    gradients[1][second] += passed[to] * inputs[0][first];
                });
                if let Some(bias) = gradients.get_mut(2) {
                    passed.iter().enumerate().for_each(|(index, value)| bias[channel_of(index)] += value);
                }
                output.iter_mut().for_each(|value| *value = value.clamp(least, most));
                Some((output, gradients))
            }
            Self::Function(function) => {
                let output = function(inputs);
                let score = |inputs: &[Vec<f64>]| -> f64 {
                    function(inputs).iter().zip(weights).map(|(value, weight)| value * weight).sum()
                };
                let mut moved = inputs.to_vec();
                let gradients = (0..inputs.len())
                    .map(|input| {
                        let difference = |index: usize| {
                            let value = inputs[input][index];
                            moved[input][index] = value + STEP;
                            let more = score(&moved);
                            moved[input][index] = value - STEP;
                            let less = score(&moved);
                            moved[input][index] = value;
                            (more - less) / (2.0 * STEP)
                        };
                        (0..inputs[input].len()).map(difference).collect()
                    })
                    .collect();
                Some((output, gradients))
            }
            Self::Processor => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::deviation;
    use super::*;

    fn alike(found: &[f64], expected: &[f64]) -> bool {
        let found: Vec<f32> = found.iter().map(|value| *value as f32).collect();
        deviation(&found, expected).is_some_and(|deviation| deviation < 1e-6)
    }

    #[test]
    fn both_ways_to_define_give_the_same_gradients() {
        // [2, 3] · [3, 2], as products and as a function
        let products: Products = Box::new(|visit| {
            for (row, column, inner) in (0..12).map(|i| (i / 6, i / 3 % 2, i % 3)) {
                visit(2 * row + column, 3 * row + inner, 2 * inner + column);
            }
        });
        let by_products = Definition::Products { products, plane: 1, channels: 4, len: 4, clip: Clip::Relu };
        let function: Function = Box::new(|inputs| {
            let sum = |row: usize, column: usize| {
                (0..3).map(|inner| inputs[0][3 * row + inner] * inputs[1][2 * inner + column]).sum::<f64>()
            };
            (0..4).map(|i| (sum(i / 2, i % 2) + inputs[2][i]).max(0.0)).collect()
        });
        let by_function = Definition::Function(function);
        let inputs = vec![
            vec![0.5, -1.5, 2.0, 1.0, 0.25, -0.75],
            vec![1.0, -2.0, 0.5, 1.5, -1.0, 0.75],
            vec![0.1, -0.2, 0.3, -0.4],
        ];
        let weights = [1.0, -0.5, 2.0, 0.25];
        let (output, gradients) = by_products.expected(&inputs, &weights).unwrap();
        let (same_output, same_gradients) = by_function.expected(&inputs, &weights).unwrap();
        assert!(output.contains(&0.0) && output.iter().any(|value| *value > 0.0), "{output:?}");
        assert!(alike(&output, &same_output));
        for (gradient, same) in gradients.iter().zip(&same_gradients) {
            assert!(alike(gradient, same), "{gradient:?} {same:?}");
        }
    }
}
