//! Units that are alike: within one network, between two, and layer by layer.

use std::collections::BTreeMap;

use serde::Serialize;

use super::AtlasError;
use super::activations::largest;
use super::network::Measured;
use crate::interpret::activation_index::ActivationIndex;
use crate::interpret::matching::{MatchConfig, Matching, NamedValues, match_layers};
use crate::interpret::unit_values::UnitValues;

/// Matches between all units of two networks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkMatches {
    /// Places of the networks, the lower first.
    pub networks: [usize; 2],
    /// The matches; units are numbered over all layers.
    pub matching: Matching,
}

/// Matches between the layers of one name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerMatches {
    /// The name.
    pub layer: String,
    /// Places of network and layer, two or more.
    pub members: Vec<(usize, usize)>,
    /// Places in [`Self::members`] of each pair, in the order of [`Self::matchings`].
    pub pairs: Vec<(usize, usize)>,
    /// The matches of each pair.
    pub matchings: Vec<Matching>,
}

fn groups(index: &ActivationIndex) -> Vec<&str> {
    index.seen.iter().map(|seen| seen.group.as_str()).collect()
}

fn n_units(index: &ActivationIndex) -> usize {
    index.layers.iter().map(|layer| layer.n_channels).sum()
}

/// Matches within one network.
pub(super) fn within(index: &ActivationIndex, config: &MatchConfig) -> Result<Matching, AtlasError> {
    let values = largest(index);
    let values = UnitValues::new(&values, index.seen.len(), n_units(index))?;
    let both = [NamedValues { name: "these", values }, NamedValues { name: "the same", values }];
    Ok(match_layers(&both, &groups(index), config)?.remove(0))
}

/// Matches between each two networks.
pub(super) fn between(
    networks: &[Measured],
    config: &MatchConfig,
) -> Result<Vec<NetworkMatches>, AtlasError> {
    let mut matches = Vec::new();
    for (second, other) in networks.iter().enumerate() {
        for (first, one) in networks[..second].iter().enumerate() {
            let (of_one, of_other) = (largest(&one.index), largest(&other.index));
            let n_images = one.index.seen.len();
            let layers = [
                NamedValues {
                    name: &one.atlas.id,
                    values: UnitValues::new(&of_one, n_images, n_units(&one.index))?,
                },
                NamedValues {
                    name: &other.atlas.id,
                    values: UnitValues::new(&of_other, n_images, n_units(&other.index))?,
                },
            ];
            let matching = match_layers(&layers, &groups(&one.index), config)?.remove(0);
            matches.push(NetworkMatches { networks: [first, second], matching });
        }
    }
    Ok(matches)
}

/// Matches between layers of the same name, by name.
pub(super) fn by_layer(networks: &[Measured], config: &MatchConfig) -> Result<Vec<LayerMatches>, AtlasError> {
    let mut members: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for (network, measured) in networks.iter().enumerate() {
        for (layer, answers) in measured.index.layers.iter().enumerate() {
            members.entry(&answers.layer).or_default().push((network, layer));
        }
    }
    members.retain(|_, members| members.len() > 1);
    members.into_iter().map(|(name, members)| matches_of(name, members, networks, config)).collect()
}

fn matches_of(
    name: &str,
    members: Vec<(usize, usize)>,
    networks: &[Measured],
    config: &MatchConfig,
) -> Result<LayerMatches, AtlasError> {
    let values: Vec<Vec<f32>> =
        members.iter().map(|&(network, layer)| networks[network].index.layers[layer].largest()).collect();
    let index = &networks[members[0].0].index;
    let n_images = index.seen.len();
    let layers: Vec<NamedValues<'_>> = members
        .iter()
        .zip(&values)
        .map(|(&(network, _), values)| {
            let table = UnitValues::new(values, n_images, values.len() / n_images.max(1))?;
            Ok(NamedValues { name: &networks[network].atlas.id, values: table })
        })
        .collect::<Result<_, AtlasError>>()?;
    let matchings = match_layers(&layers, &groups(index), config)?;
    let pairs = (0..members.len()).flat_map(|a| (a + 1..members.len()).map(move |b| (a, b))).collect();
    Ok(LayerMatches { layer: name.to_owned(), members, pairs, matchings })
}
