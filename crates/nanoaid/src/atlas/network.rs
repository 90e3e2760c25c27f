//! One network of an atlas: its layers, and everything that was measured of each unit.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{AgainstRest, Comparison, LowerLayer, UnitPicture, UnitScores, UnitSummary};
use crate::interpret::activation_index::ActivationIndex;
use crate::interpret::differential::UnitDifference;
use crate::interpret::exemplar::UnitExemplars;
use crate::interpret::machine_score::Question;
use crate::interpret::matching::Matching;
use crate::interpret::tuning::{LayerTuning, UnitTuning};
use crate::output::slugs;
use crate::{Address, Architecture, Layer, Network};

/// A network, and what was found out about it.
#[derive(Clone, Debug, Serialize)]
pub struct NetworkAtlas {
    /// Its name in the atlas: lower-case letters, digits, `.`, `-`, `_`; unique.
    pub id: String,
    /// The run folder, weights file, or name of a built-in network.
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    pub run: PathBuf,
    /// SHA-256 of the network as a file.
    pub sha256: String,
    /// What it is.
    pub architecture: Architecture,
    /// Number of its stages; 0 where it has none.
    pub n_stages: usize,
    /// Weights and biases of all its layers.
    pub n_weights: usize,
    /// Its classes, if it is a classifier.
    pub classes: Option<Vec<String>>,
    /// Where it ran.
    pub device: String,
    /// The layers that are shown, in the order of the forward pass.
    pub layers: Vec<LayerAtlas>,
    /// Each class against all others, by name, beside the same with random weights.
    pub against_rest: Vec<AgainstRest>,
    /// The questions that were asked, with controls.
    pub comparisons: Vec<Comparison>,
    /// Units that are alike, each matched with itself, too; units are numbered over all layers.
    pub alike: Matching,
    /// Questions of the self-test; patches are places in [`UnitExemplars::ends`] of their unit.
    pub questions: Vec<Question>,
}

/// A layer, and what was found out about its units.
#[derive(Clone, Debug, Serialize)]
pub struct LayerAtlas {
    /// The layer.
    pub layer: Layer,
    /// The stimuli that its units were shown, and their answers.
    pub tuning: LayerTuning,
    /// Of which units of a layer before it its units are made; `None` where there is none that a sum leads from.
    pub lower: Option<LowerLayer>,
    /// By channel.
    pub units: Vec<UnitAtlas>,
}

/// What was found out about a unit.
#[derive(Clone, Debug, Serialize)]
pub struct UnitAtlas {
    /// In a line.
    pub summary: UnitSummary,
    /// Real patches.
    pub exemplars: UnitExemplars,
    /// Synthetic pictures, one for each preset.
    pub pictures: Vec<UnitPicture>,
    /// How well patches and pictures predict what drives it.
    pub scores: UnitScores,
}

/// A network of the atlas with its index.
pub(super) struct Measured {
    pub(super) atlas: NetworkAtlas,
    pub(super) index: ActivationIndex,
    pub(super) network: Network,
}

impl NetworkAtlas {
    /// The end of the path of the run: its name for readers.
    pub fn name(&self) -> String {
        self.run.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Number of units of all layers that are shown.
    pub fn n_units(&self) -> usize {
        self.layers.iter().map(|layer| layer.units.len()).sum()
    }

    /// How units are numbered over all layers.
    pub fn numbers(&self) -> UnitNumbers {
        UnitNumbers::of(self.layers.iter().map(|layer| layer.units.len()))
    }

    /// The address of a unit.
    pub fn address(&self, layer: usize, channel: usize) -> Address {
        Address::channel(&self.layers[layer].layer.name, channel)
    }

    /// Layer and channel of an address, if it is that of a channel that is shown.
    pub fn place_of(&self, address: &Address) -> Option<(usize, usize)> {
        let Address::Layer { layer, channel: Some(channel), position: None } = address else { return None };
        let layer = self.layers.iter().position(|found| found.layer.name == *layer)?;
        (*channel < self.layers[layer].units.len()).then_some((layer, *channel))
    }

    /// How a unit separates each class from the rest.
    pub fn classes_of(&self, layer: usize, channel: usize) -> impl Iterator<Item = (&str, &UnitDifference)> {
        let number = self.numbers().number(layer, channel);
        self.against_rest.iter().filter_map(move |AgainstRest { contrast, .. }| {
            Some((contrast.a.classes.first()?.as_str(), contrast.units.get(number)?))
        })
    }
}

impl LayerAtlas {
    /// The tuning of a unit.
    pub fn tuning_of(&self, channel: usize) -> Option<&UnitTuning> {
        self.tuning.units.get(channel)
    }
}

/// Numbers of the units of several layers as one row, and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitNumbers {
    firsts: Vec<usize>,
    n: usize,
}

impl UnitNumbers {
    /// Of layers with these numbers of units.
    pub fn of(layers: impl IntoIterator<Item = usize>) -> Self {
        let mut firsts = Vec::new();
        let mut n = 0;
        for units in layers {
            firsts.push(n);
            n += units;
        }
        Self { firsts, n }
    }

    /// Number of units.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Number of a unit.
    pub fn number(&self, layer: usize, channel: usize) -> usize {
        self.firsts[layer] + channel
    }

    /// Layer and channel of the unit with this number.
    pub fn place(&self, number: usize) -> (usize, usize) {
        let layer = self.firsts.partition_point(|&first| first <= number) - 1;
        (layer, number - self.firsts[layer])
    }
}

/// An id for each network: the name of its run as a part of an address; with a number where names meet.
pub fn network_ids<'a>(runs: impl IntoIterator<Item = &'a Path>) -> Vec<String> {
    let name = |run: &Path| {
        let name = run.file_stem().unwrap_or_default().to_string_lossy();
        if name.contains(char::is_alphanumeric) { name.into_owned() } else { "network".to_owned() }
    };
    let names: Vec<String> = runs.into_iter().map(name).collect();
    slugs(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_ids_of_their_own() {
        let runs = ["runs/A 1", "other/a 1", "classifier", "x/squeezenet.safetensors", "..", "run (2)", "x-"];
        let ids = ["a-1", "a-1-2", "classifier", "squeezenet", "network", "run-2", "x"];
        assert_eq!(network_ids(runs.map(Path::new)), ids);
    }

    #[test]
    fn units_are_numbered_over_layers_and_found_again() {
        let numbers = UnitNumbers::of([3, 1, 4]);
        assert_eq!(numbers.n(), 8);
        let places: Vec<(usize, usize)> = (0..8).map(|number| numbers.place(number)).collect();
        assert_eq!(places, [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (2, 1), (2, 2), (2, 3)]);
        assert!(places.iter().enumerate().all(|(n, &(layer, channel))| numbers.number(layer, channel) == n));
    }
}
