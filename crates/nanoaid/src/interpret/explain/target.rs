//! Target: the number that is explained: the logit of a class, the difference of two, or the activation of a
//! unit.

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::error::ExplainError;
use crate::network::Operation;
use crate::train::regression::argmax;
use crate::{Address, Network};

/// What is explained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The logit of the class with the highest one.
    #[default]
    Answer,
    /// The logit of this class; of a network whose classes have no names, its number.
    Class(String),
    /// The logit of `class` minus that of `rival`: why the one and not the other.
    Difference {
        /// The class that is explained; `None` is that with the highest logit.
        class: Option<String>,
        /// The one that it is compared with.
        rival: String,
    },
    /// The activation of a channel, mean over its positions, or of a neuron.
    Unit(Address),
}

/// A number that a network gives for an image: a weighted sum over the channels of a layer, of their means over all
/// positions or of their values at one.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::interpret) struct Score {
    /// The layer.
    pub layer: String,
    /// Channels with their weights, all others 0.
    pub weights: Vec<(usize, f32)>,
    /// Row and column; `None` is the mean over all.
    pub position: Option<(usize, usize)>,
    /// What it is, in words.
    pub text: String,
    /// The class that it speaks for, by its number.
    pub class: Option<usize>,
}

impl Score {
    /// `[N, C, H, W]` of its layer → `[N]`.
    pub(super) fn of(&self, maps: Tensor<4>) -> Tensor<1> {
        let [n, _, height, width] = maps.dims();
        let weighted = (maps.clone() * self.direction(&maps)).sum_dim(1); // [N, 1, H, W]
        match self.position {
            Some((y, x)) => weighted.slice([0..n, 0..1, y..y + 1, x..x + 1]).reshape([n]),
            None => weighted.reshape([n, height * width]).mean_dim(1).reshape([n]),
        }
    }

    /// The share of the score that each value of `maps` is, of the same shape: their sum is the score.
    pub(super) fn shares(&self, maps: &Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = maps.dims();
        let weighted = maps.clone() * self.direction(maps);
        match self.position {
            None => weighted / (height * width) as f32,
            Some((y, x)) => {
                let mut mask = vec![0.0; height * width];
                mask[y * width + x] = 1.0;
                let mask = TensorData::new(mask, [1, 1, height, width]);
                weighted * Tensor::<4>::from_data(mask, &maps.device())
            }
        }
    }

    /// `[1, C, 1, 1]`.
    fn direction(&self, maps: &Tensor<4>) -> Tensor<4> {
        let channels = maps.dims()[1];
        let mut values = vec![0.0; channels];
        for (channel, weight) in &self.weights {
            values[*channel] += weight;
        }
        Tensor::from_data(TensorData::new(values, [1, channels, 1, 1]), &maps.device())
    }
}

/// Names of the classes that a network scores; numbers where they have none. Empty without classes.
pub(in crate::interpret) fn class_names(network: &Network) -> Vec<String> {
    match (network.classes(), network.n_classes()) {
        (Some(classes), _) => classes.to_vec(),
        (None, Some(n)) => (0..n).map(|class| class.to_string()).collect(),
        (None, None) => Vec::new(),
    }
}

/// The layer that gives the logits: the last one, before a softmax.
pub(in crate::interpret) fn logit_layer(network: &Network) -> Option<String> {
    let steps = network.graph().steps();
    let last = steps.last()?;
    let step = match &last.operation {
        Operation::Softmax => &steps[last.inputs[0].checked_sub(1)?],
        _ => last,
    };
    Some(step.name.clone())
}

impl Target {
    /// Refuses a class or a unit that `network` does not have, before a micrograph is read.
    ///
    /// # Errors
    /// What is missing, with what there is.
    pub fn check(&self, network: &Network) -> Result<(), ExplainError> {
        let named = match self {
            // which class it is that the rival is compared with, only a micrograph decides
            Self::Difference { class: None, rival } => &Self::Class(rival.clone()),
            target => target,
        };
        let logits = vec![0.0; class_names(network).len()];
        named.score(network, &logits).map(|_| ())
    }

    /// The score of `network` that it means; `logits` are those of the image.
    pub(in crate::interpret) fn score(
        &self,
        network: &Network,
        logits: &[f64],
    ) -> Result<Score, ExplainError> {
        let classes = class_names(network);
        let number = |name: &str| {
            let found = classes.iter().position(|class| class == name);
            found.ok_or_else(|| ExplainError::NoClass { name: name.to_owned(), known: classes.join(", ") })
        };
        let of_classes = |weights: Vec<(usize, f32)>, text: String| -> Result<Score, ExplainError> {
            let layer = logit_layer(network).unwrap_or_default();
            Ok(Score {
                layer,
                class: weights.first().map(|(class, _)| *class),
                weights,
                position: None,
                text,
            })
        };
        if !matches!(self, Self::Unit(_)) && classes.is_empty() {
            let layer = network.layers().last().map_or("", |layer| &layer.name);
            return Err(ExplainError::NoClasses { example: format!("{layer}:0") });
        }
        match self {
            Self::Answer => {
                let class = argmax(logits);
                of_classes(vec![(class, 1.0)], format!("class {}", classes[class]))
            }
            Self::Class(name) | Self::Unit(Address::Class(name)) => {
                of_classes(vec![(number(name)?, 1.0)], format!("class {name}"))
            }
            Self::Difference { class, rival } => {
                let of = class.as_deref().map_or_else(|| Ok(argmax(logits)), number)?;
                let (against, class) = (number(rival)?, &classes[of]);
                if of == against {
                    return Err(ExplainError::OneClass { class: class.clone() });
                }
                of_classes(vec![(of, 1.0), (against, -1.0)], format!("class {class} rather than {rival}"))
            }
            Self::Unit(unit @ Address::Layer { layer, channel, position }) => {
                let described = network.known_layer(layer)?;
                let Some(channel) = *channel else {
                    return Err(ExplainError::NoUnit { unit: unit.to_string(), layer: layer.clone() });
                };
                if channel >= described.n_channels {
                    let last = described.n_channels - 1;
                    return Err(ExplainError::NoChannel { layer: layer.clone(), channel, last });
                }
                let (weights, text) = (vec![(channel, 1.0)], format!("unit {unit}"));
                Ok(Score { layer: layer.clone(), weights, position: *position, text, class: None })
            }
        }
    }
}
