//! Activation: functions that are applied to each value alone, by their names in PyTorch and ONNX.
//!
//! ReLU, `ReLU6` and the logistic function are operations of their own: feature visualization treats
//! their gradients, and the autoencoder its values, in a special way.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Activation {
    /// `x · Φ(x)` by the error function (Hendrycks & Gimpel 2016).
    Gelu,
    /// The same by a hyperbolic tangent.
    GeluTanh,
    /// `x · σ(x)`, also called swish.
    Silu,
    /// `x · min(max(x / 6 + 1 / 2, 0), 1)` (Howard et al. 2019).
    HardSwish,
    /// `min(max(slope · x + shift, 0), 1)`.
    HardSigmoid { slope: f32, shift: f32 },
    /// Values below 0 times `slope`.
    LeakyRelu { slope: f32 },
    /// Values below 0 become `scale · (eˣ − 1)`.
    Elu { scale: f32 },
    /// Values outside `low ..= high` become the nearer end.
    Clip { low: f32, high: f32 },
    /// Hyperbolic tangent.
    Tanh,
    /// Error function.
    Erf,
    /// `factor · x + offset`.
    Linear { factor: f32, offset: f32 },
}

impl Activation {
    /// The gate of squeeze-and-excitation in `MobileNetV3`: `min(max(x / 6 + 1 / 2, 0), 1)`.
    pub(crate) const HARD_SIGMOID: Self = Self::HardSigmoid { slope: 1.0 / 6.0, shift: 0.5 };

    /// The function of each value.
    pub(super) fn forward(self, maps: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Gelu => activation::gelu(maps),
            Self::GeluTanh => activation::gelu_approximate(maps),
            Self::Silu => activation::sigmoid(maps.clone()) * maps,
            Self::HardSwish => Self::HARD_SIGMOID.forward(maps.clone()) * maps,
            Self::HardSigmoid { slope, shift } => (maps * slope + shift).clamp(0.0, 1.0),
            // both ends of the other sign are 0, so that the sum has the two slopes
            Self::LeakyRelu { slope } => {
                activation::relu(maps.clone()) - activation::relu(maps.neg()) * slope
            }
            Self::Elu { scale } => {
                let below = -activation::relu(maps.clone().neg());
                activation::relu(maps) + (below.exp() - 1.0) * scale
            }
            Self::Clip { low, high } => maps.clamp(low, high),
            Self::Tanh => maps.tanh(),
            Self::Erf => maps.erf(),
            Self::Linear { factor, offset } => maps * factor + offset,
        }
    }

    /// What `info` calls it.
    pub(super) fn text(self) -> String {
        match self {
            Self::Gelu => "GELU".to_owned(),
            Self::GeluTanh => "GELU (tanh)".to_owned(),
            Self::Silu => "SiLU".to_owned(),
            Self::HardSwish => "hard-swish".to_owned(),
            Self::HardSigmoid { .. } => "hard sigmoid".to_owned(),
            Self::LeakyRelu { slope } => format!("leaky ReLU, {slope}"),
            Self::Elu { .. } => "ELU".to_owned(),
            Self::Clip { low, high } if low == f32::MIN => format!("clip to ≤ {high}"),
            Self::Clip { low, high } if high == f32::MAX => format!("clip to ≥ {low}"),
            Self::Clip { low, high } => format!("clip to {low}…{high}"),
            Self::Tanh => "tanh".to_owned(),
            Self::Erf => "error function".to_owned(),
            Self::Linear { factor, offset: 0.0 } => format!("{factor} · x"),
            Self::Linear { factor: 1.0, offset } => format!("x + {offset}"),
            Self::Linear { factor, offset } => format!("{factor} · x + {offset}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::Device;

    /// Values of torch 2.15 in double precision at −2.5, −0.7, 0.3, 1.9.
    const EXPECTED: [(Activation, [f64; 4]); 9] = [
        (Activation::Gelu, [-0.015_524_163_3, -0.169_374_556_6, 0.185_373_426_7, 1.845_438_536_3]),
        (Activation::GeluTanh, [-0.015_084_266_1, -0.169_429_865_3, 0.185_370_923_5, 1.845_451_234_5]),
        (Activation::Silu, [-0.189_645_450_1, -0.232_268_559_5, 0.172_332_755_0, 1.652_793_898_7]),
        (Activation::HardSwish, [-0.2083333333, -0.2683333333, 0.1650000000, 1.5516666667]),
        (Activation::HARD_SIGMOID, [0.0833333333, 0.3833333333, 0.5500000000, 0.8166666667]),
        (Activation::LeakyRelu { slope: 0.1 }, [-0.25, -0.07, 0.3, 1.9]),
        (Activation::Elu { scale: 1.5 }, [-1.3768725021, -0.7551220443, 0.3, 1.9]),
        (Activation::Clip { low: -1.0, high: 1.5 }, [-1.0, -0.7, 0.3, 1.5]),
        (Activation::Erf, [-0.9995930480, -0.6778011938, 0.3286267595, 0.9927904292]),
    ];
    const PLACES: [f64; 4] = [-2.5, -0.7, 0.3, 1.9];

    fn at(activation: Activation, places: [f64; 4]) -> Vec<f64> {
        let values: Vec<f32> = places.iter().map(|&value| value as f32).collect();
        let maps = Tensor::from_data(TensorData::new(values, [1, 2, 1, 2]), &Device::Cpu.burn());
        let found: Vec<f32> = activation.forward(maps).into_data().try_to_vec().unwrap();
        found.iter().map(|&value| f64::from(value)).collect()
    }

    #[test]
    fn values_are_those_of_pytorch() {
        for (activation, expected) in EXPECTED {
            for (found, expected) in at(activation, PLACES).into_iter().zip(expected) {
                assert!((found - expected).abs() < 2e-7, "{activation:?}: {found}, expected {expected}");
            }
        }
    }

    #[test]
    fn gradients_are_the_slopes_of_values() {
        for (activation, _) in EXPECTED {
            let step = 1e-2;
            let values: Vec<f32> = PLACES.iter().map(|&value| value as f32).collect();
            let device = Device::Cpu.burn().autodiff();
            let maps = Tensor::<4>::from_data(TensorData::new(values, [1, 2, 1, 2]), &device).require_grad();
            let gradients = activation.forward(maps.clone()).sum().backward();
            let found: Vec<f32> = maps.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
            let [less, more] = [-step, step].map(|by| at(activation, PLACES.map(|value| value + by)));
            for ((found, less), more) in found.into_iter().zip(less).zip(more) {
                let slope = (more - less) / (2.0 * step);
                assert!((f64::from(found) - slope).abs() < 2e-4, "{activation:?}: {found}, expected {slope}");
            }
        }
    }
}
