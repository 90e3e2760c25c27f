//! Optimizer: one step uphill, for the coefficients of one picture.
//!
//! The direction is that of the gradient of the score: nothing is negated here or elsewhere.

use super::super::config::OptimizerConfig;

/// Keeps a gradient of 0 from being divided by 0.
const LEAST_NORM: f32 = 1e-12;
const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.999;
const EPSILON: f32 = 1e-8;
/// How the momentum of NAdam warms up, as in its paper and PyTorch.
const MOMENTUM_DECAY: f32 = 4e-3;

/// An optimizer and what it remembers of the steps before.
#[derive(Clone, Debug)]
pub(super) struct Optimizer {
    config: OptimizerConfig,
    first: Vec<f32>,
    second: Vec<f32>,
    n_steps: i32,
    /// Product of the momenta so far.
    momenta: f32,
}

impl Optimizer {
    pub(super) fn new(config: OptimizerConfig, n_coefficients: usize) -> Self {
        let plain = matches!(config, OptimizerConfig::Normalized { .. } | OptimizerConfig::Power { .. });
        let moments = if plain { 0 } else { n_coefficients };
        Self { config, first: vec![0.0; moments], second: vec![0.0; moments], n_steps: 0, momenta: 1.0 }
    }

    /// Moves `coefficients` up along `gradient`.
    pub(super) fn step(&mut self, coefficients: &mut [f32], gradient: &[f32]) {
        self.n_steps += 1;
        match self.config {
            OptimizerConfig::Power { rate, kept } => {
                let norm = root_mean_square(gradient);
                if norm > LEAST_NORM {
                    let scale = (1.0 - kept) * rate / norm;
                    for (coefficient, partial) in coefficients.iter_mut().zip(gradient) {
                        *coefficient = kept * *coefficient + scale * partial;
                    }
                }
            }
            OptimizerConfig::Normalized { rate } => {
                let scale = rate / (root_mean_square(gradient) + LEAST_NORM);
                for (coefficient, partial) in coefficients.iter_mut().zip(gradient) {
                    *coefficient += scale * partial;
                }
            }
            OptimizerConfig::Adam { rate } => {
                let (of_first, of_second) =
                    (1.0 - FIRST_DECAY.powi(self.n_steps), 1.0 - SECOND_DECAY.powi(self.n_steps));
                self.moments(coefficients, gradient, |first, second, _| {
                    rate * (first / of_first) / ((second / of_second).sqrt() + EPSILON)
                });
            }
            OptimizerConfig::NAdam { rate } => {
                let momentum =
                    |step: i32| FIRST_DECAY * (1.0 - 0.5 * 0.96_f32.powf(step as f32 * MOMENTUM_DECAY));
                let (now, next) = (momentum(self.n_steps), momentum(self.n_steps + 1));
                self.momenta *= now;
                let (of_now, of_next) =
                    ((1.0 - now) / (1.0 - self.momenta), next / (1.0 - self.momenta * next));
                let of_second = 1.0 - SECOND_DECAY.powi(self.n_steps);
                self.moments(coefficients, gradient, |first, second, partial| {
                    rate * (of_next * first + of_now * partial) / ((second / of_second).sqrt() + EPSILON)
                });
            }
        }
    }

    /// Brings the moments up to date, and adds `step(first, second, partial)` to each coefficient.
    fn moments(&mut self, coefficients: &mut [f32], gradient: &[f32], step: impl Fn(f32, f32, f32) -> f32) {
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((coefficient, &partial), (first, second)) in coefficients.iter_mut().zip(gradient).zip(moments) {
            *first += (1.0 - FIRST_DECAY) * (partial - *first);
            *second += (1.0 - SECOND_DECAY) * (partial * partial - *second);
            *coefficient += step(*first, *second, partial);
        }
    }
}

fn root_mean_square(values: &[f32]) -> f32 {
    (values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_pytorch() {
        // independent: torch.optim.Adam([x], lr=.1) and NAdam([x], lr=.1), maximize=True, x = [1, -2], gradients
        // [.5, -3], [.25, 1], [-1, 2] in turn; values after the third step, printed with 7 digits
        for (config, expected) in
            [(OptimizerConfig::Adam { rate: 0.1 }, ADAM), (OptimizerConfig::NAdam { rate: 0.1 }, NADAM)]
        {
            let mut coefficients = [1.0, -2.0];
            let mut optimizer = Optimizer::new(config, 2);
            for gradient in [[0.5, -3.0], [0.25, 1.0], [-1.0, 2.0]] {
                optimizer.step(&mut coefficients, &gradient);
            }
            for (found, expected) in coefficients.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "{config:?}: {coefficients:?}");
            }
        }
    }

    const ADAM: [f32; 2] = [1.172_582_3, -2.131_992];
    const NADAM: [f32; 2] = [1.063_976_2, -2.021_528];

    #[test]
    fn a_gradient_of_zero_moves_nothing() {
        for config in [
            OptimizerConfig::Normalized { rate: 1.0 },
            OptimizerConfig::Power { rate: 1.0, kept: 0.5 },
            OptimizerConfig::Adam { rate: 1.0 },
            OptimizerConfig::NAdam { rate: 1.0 },
        ] {
            let mut coefficients = [1.0, 2.0];
            Optimizer::new(config, 2).step(&mut coefficients, &[0.0, 0.0]);
            assert_eq!(coefficients, [1.0, 2.0]);
        }
    }
}
