//! Passing: an image through a network as it is, or with units or concepts switched.

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;

use crate::Network;
use crate::evaluate::classify::tensor_of;
use crate::interpret::concept::ConceptBank;
use crate::network::{IMAGE, Norms, ValueId};

/// How images pass.
pub(super) enum Passing<'a> {
    /// As they do.
    AsItIs(&'a Network),
    /// With channels times numbers.
    Changed(Network),
    /// With concepts times numbers, by their own numbers.
    Concepts { network: &'a Network, bank: &'a ConceptBank, changes: Vec<(usize, f32)> },
}

impl Passing<'_> {
    /// The network.
    pub(super) fn network(&self) -> &Network {
        match self {
            Self::AsItIs(network) | Self::Concepts { network, .. } => network,
            Self::Changed(network) => network,
        }
    }

    /// What `layers` give for `image`, `[1, C, H, W]` each.
    pub(super) fn outputs(&self, image: &Plane, layers: &[&str]) -> Vec<Tensor<4>> {
        let network = self.network();
        let graph = network.graph();
        let id_of = |layer: &str| graph.value_id(layer).expect("layers were found before");
        let ids: Vec<ValueId> = layers.iter().map(|layer| id_of(layer)).collect();
        let images = network.normalized(tensor_of(&[image], network.device()));
        let mut given = vec![(IMAGE, images.clone())];
        if let Self::Concepts { bank, changes, .. } = self {
            let id = id_of(&bank.layer);
            let maps = graph.forward_to(images, id);
            let shape = maps.dims();
            let changed = bank.with_concepts_times(&values(maps), changes);
            given.push((id, Tensor::from_data(TensorData::new(changed, shape), &network.device().burn())));
        }
        graph.outputs_from(given, &ids, Norms::Running, &mut Vec::new())
    }
}

/// The values of `maps`.
pub(super) fn values(maps: Tensor<4>) -> Vec<f32> {
    maps.into_data().try_to_vec().expect("activations are f32")
}
