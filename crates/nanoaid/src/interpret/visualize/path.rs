//! Path: whether a picture goes through a network as micrographs do that drive the unit (Geirhos et
//! al. 2024).
//!
//! At each layer as far as the unit's an image has one number a channel, the mean of its map; images
//! are compared by the correlation of these numbers over the channels. A picture that is nearer to
//! micrographs which do not drive the unit has found another way to a high score, and shows little
//! about what the unit is for.

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use super::diagnosis::Warning;
use crate::Network;
use crate::network::Norms;

/// How like a picture is to micrographs at one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nearness {
    /// The layer.
    pub layer: String,
    /// Mean correlation with micrographs that drive the unit, in `[-1, 1]`.
    pub to_driving: f64,
    /// Mean correlation with others.
    pub to_others: f64,
}

/// Layers in which a picture has to be nearer to micrographs that drive the unit.
const NEARER_SHARE: f64 = 0.5;

/// The means of all maps of one image, `[layer][channel]`.
pub struct Means(Vec<Vec<f32>>);

impl Means {
    /// That of `channel` of the last layer.
    pub fn last(&self, channel: usize) -> f32 {
        self.0.last().map_or(0.0, |means| means[channel])
    }
}

/// Runs images through a network to compare their paths.
pub struct Paths<'a> {
    network: &'a Network,
    /// Names of the layers that count: those of more than two channels, as far as the unit's.
    layers: Vec<&'a str>,
}

impl<'a> Paths<'a> {
    /// As far as `layer`.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn to(network: &'a Network, layer: &str) -> Self {
        let last = network.index_of(layer);
        let needed = network.graph().needed(last + 1);
        let layers = network.layers()[..=last]
            .iter()
            .enumerate()
            .filter(|(index, layer)| (needed[index + 1] && layer.n_channels > 2) || *index == last)
            .map(|(_, layer)| layer.name.as_str())
            .collect();
        Self { network, layers }
    }

    /// The means of `image`, one plane a channel, in `[0, 1]`.
    ///
    /// # Panics
    /// If the image is too small, or has another number of channels.
    pub fn means(&self, image: &[Plane]) -> Means {
        let planes: Vec<&Plane> = image.iter().collect();
        let images = self.network.normalized(self.network.tensor(&planes));
        let graph = self.network.graph();
        let places: Vec<_> = self.layers.iter().filter_map(|layer| graph.value_id(layer)).collect();
        let outputs = graph.outputs(images, &places, Norms::Running, &mut Vec::new());
        let of_layer = |maps: burn::tensor::Tensor<4>| -> Vec<f32> {
            let [_, channels, height, width] = maps.dims();
            let means = maps.reshape([channels, height * width]).mean_dim(1);
            means.into_data().try_to_vec().expect("activations are f32")
        };
        Means(outputs.into_iter().map(of_layer).collect())
    }

    /// Compares a picture with micrographs that drive the unit and with others.
    pub fn nearness(&self, picture: &Means, driving: &[&Means], others: &[&Means]) -> Vec<Nearness> {
        let mean = |layer: usize, group: &[&Means]| {
            let correlations = group.iter().map(|means| correlation(&picture.0[layer], &means.0[layer]));
            correlations.sum::<f64>() / group.len().max(1) as f64
        };
        self.layers
            .iter()
            .enumerate()
            .map(|(index, layer)| Nearness {
                layer: (*layer).to_owned(),
                to_driving: mean(index, driving),
                to_others: mean(index, others),
            })
            .collect()
    }
}

/// The warning that follows, if the picture is nearer to the others in half of the layers or more.
pub fn warning(nearness: &[Nearness]) -> Option<Warning> {
    let nearer = nearness.iter().filter(|layer| layer.to_driving > layer.to_others).count();
    let layers = nearness.len();
    (layers > 0 && (nearer as f64) <= NEARER_SHARE * layers as f64)
        .then_some(Warning::OtherPath { nearer, layers })
}

/// Pearson's correlation; 0 where one of them is constant.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let mean =
        |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut product, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f64::from(*a) - mean_a, f64::from(*b) - mean_b);
        product += a * b;
        of_a += a * a;
        of_b += b * b;
    }
    if of_a > 0.0 && of_b > 0.0 { product / (of_a * of_b).sqrt() } else { 0.0 }
}
