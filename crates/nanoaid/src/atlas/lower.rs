//! Lower: of which units of a layer before it each unit of a layer is made.

use micrograph::Plane;
use serde::Serialize;

use crate::Network;
use crate::interpret::circuit::{expanded_weights, nearest_lower};

/// Lower units of a unit that are kept.
const N_PARTS: usize = 6;

/// The layer before, among those that are shown, and what each unit takes from it.
#[derive(Clone, Debug, Serialize)]
pub struct LowerLayer {
    /// Its place among the layers of the network.
    pub layer: usize,
    /// By channel: the lower units with the largest weights, the largest first.
    pub parts: Vec<Vec<LowerUnit>>,
}

/// A lower unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LowerUnit {
    /// Its channel.
    pub channel: usize,
    /// Its share of the squares of all weights of the unit.
    pub share: f64,
    /// Sum of its weights.
    pub sum: f64,
    /// Its weights by row, each of one length: [expanded weights](crate::interpret::circuit).
    pub weights: Vec<Vec<f32>>,
}

/// What the units of the layer at `place` of `layers` are made of; `None` where no sum leads from a layer before it.
pub(super) fn lower(network: &Network, layers: &[String], place: usize) -> Option<LowerLayer> {
    let with_positions =
        |name: &&String| network.layer(name).is_some_and(|layer| layer.receptive_field_px.is_some());
    let before = layers[..place].iter().filter(with_positions).map(String::as_str);
    let from = nearest_lower(network, &layers[place], before)?;
    let channels: Vec<usize> = (0..network.layer(&layers[place])?.n_channels).collect();
    // a network for colors has no single image to start from
    let weights = expanded_weights(network, (&layers[place], &channels), from).ok()?;
    let layer = layers.iter().position(|name| name == from)?;
    Some(LowerLayer { layer, parts: weights.iter().map(|own| parts(own)).collect() })
}

fn parts(weights: &[Plane]) -> Vec<LowerUnit> {
    let squares = |plane: &Plane| plane.values().iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
    let all: f64 = weights.iter().map(squares).sum();
    let mut order: Vec<usize> = (0..weights.len()).filter(|&lower| squares(&weights[lower]) > 0.0).collect();
    order.sort_by(|&a, &b| squares(&weights[b]).total_cmp(&squares(&weights[a])));
    let part = |channel: usize| {
        let plane = &weights[channel];
        LowerUnit {
            channel,
            share: squares(plane) / all,
            sum: plane.values().iter().map(|&value| f64::from(value)).sum(),
            weights: (0..plane.height()).map(|y| plane.row(y).to_vec()).collect(),
        }
    };
    order.into_iter().take(N_PARTS).map(part).collect()
}
