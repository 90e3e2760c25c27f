//! Controls: maps that know nothing of the network, as rivals of explanations; and networks with random weights.
//!
//! An explanation that is no better than the edges of the image, than noise, or than a spot in the middle, explains
//! nothing. That a map changes with the weights of the network is necessary and not sufficient (Binder et al. 2023): noise
//! changes, too.

use std::fmt;

use micrograph::Plane;
use micrograph::random::Stream;
use micrograph::smooth::smooth;
use serde::{Deserialize, Serialize};

use crate::Network;

/// Standard deviation of the smoothing before edges are taken, in px.
const EDGE_SMOOTHING_PX: f64 = 1.5;
/// Standard deviation of the spot in the middle, as a share of the shorter side.
const SPOT: f64 = 0.25;

/// A map that knows nothing of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Magnitude of the image's gradient.
    Edges,
    /// Noise without correlation.
    Noise,
    /// A Gaussian spot in the middle.
    Center,
}

impl Control {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Edges, Self::Noise, Self::Center];

    /// Its map over `plane`.
    pub(super) fn map(self, plane: &Plane, seed: u64) -> Plane {
        let (height, width) = (plane.height(), plane.width());
        match self {
            Self::Edges => edges(plane),
            Self::Noise => {
                let mut stream = Stream::new(seed, "control-noise", 0);
                Plane::from_fn(height, width, |_, _| stream.normal() as f32)
            }
            Self::Center => {
                let sigma = SPOT * height.min(width) as f64;
                let off = |at: usize, length: usize| (at as f64 + 0.5 - length as f64 / 2.0) / sigma;
                Plane::from_fn(height, width, |y, x| {
                    (-0.5 * (off(y, height).powi(2) + off(x, width).powi(2))).exp() as f32
                })
            }
        }
    }
}

impl fmt::Display for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Edges => "edges of the image",
            Self::Noise => "noise",
            Self::Center => "spot in the middle",
        })
    }
}

fn edges(plane: &Plane) -> Plane {
    let smoothed = smooth(plane, EDGE_SMOOTHING_PX);
    let (height, width) = (plane.height(), plane.width());
    Plane::from_fn(height, width, |y, x| {
        let across = smoothed.at(y, (x + 1).min(width - 1)) - smoothed.at(y, x.saturating_sub(1));
        let down = smoothed.at((y + 1).min(height - 1), x) - smoothed.at(y.saturating_sub(1), x);
        across.hypot(down)
    })
}

/// `network` with the first `share` of its tensors, from the image on, in their random state of `seed`.
pub(in crate::interpret) fn randomized(network: &Network, share: f64, seed: u64) -> Network {
    let architecture = network.architecture().clone();
    let random = Network::random(architecture.clone(), seed, network.device())
        .expect("the settings of a network that exists are in range");
    let mut graph = network.graph().clone();
    let order: Vec<String> = graph.parameters_mut().map(|parameter| parameter.name).collect();
    let n_random = (share * order.len() as f64).ceil() as usize;
    let (mut weights, mut of_random) = (network.weights(), random.weights().tensors);
    for name in order.iter().take(n_random) {
        if let (Some(weight), Some(other)) = (weights.tensors.get_mut(name), of_random.remove(name)) {
            *weight = other;
        }
    }
    Network::with_weights(architecture, &weights, network.device()).expect("both have the same tensors")
}
