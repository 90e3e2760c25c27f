//! Atlas: what real micrographs, synthetic stimuli and synthetic pictures say about the units of one
//! or several networks, with its controls.
//!
//! [`Atlas::build`] does everything in one call: a pass over the data set with each network, the same
//! with random weights and over the data bars alone as controls, tuning curves, synthetic pictures,
//! exemplars and their machine scores, differential analysis of classes, and matches between units.
//! What takes long is kept in a folder and read again the next time. The result holds numbers and
//! pictures; pages are made of it elsewhere. [`Atlas::micrographs`] gives what belongs to one
//! micrograph at a time, since that is too much to hold for all.

mod activations;
mod alike;
mod build;
mod comparison;
mod error;
mod estimate;
mod lower;
mod micrographs;
mod network;
mod pictures;
mod planes;
mod scores;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::data::dataset::{Dataset, Skipped};
use crate::interpret::differential::{DifferentialConfig, Question};
use crate::interpret::exemplar::{ChooseConfig, IndexedMicrograph};
use crate::interpret::matching::{MatchConfig, UnitMatches};
use crate::interpret::tuning::{TuningConfig, TuningStep};
use crate::interpret::visualize::{Preset, VisualizeConfig};
use crate::{Network, UnitId};

pub use activations::{BestClass, UnitSummary};
pub use alike::{LayerMatches, NetworkMatches};
pub use build::AtlasPart;
pub use comparison::{
    AgainstRest, Comparison, ControlDoubt, DATA_BARS, RANDOM_WEIGHTS, classes_against_rest, usual_question,
};
pub use error::AtlasError;
pub use estimate::{EstimatedPart, estimate};
pub use lower::{LowerLayer, LowerUnit};
pub use micrographs::{ActivationGrid, DrivenUnit, MicrographActivations, Micrographs, NetworkActivations};
pub use network::{LayerAtlas, NetworkAtlas, UnitAtlas, UnitNumbers, network_ids};
pub use pictures::UnitPicture;
pub use scores::UnitScores;

use activations::Ranks;
pub(crate) use comparison::compared;

/// What decides about an atlas besides networks and micrographs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtlasConfig {
    /// Layers that are shown, where a network has them; the usual ones if none is named.
    pub layers: Vec<String>,
    /// Presets of the synthetic pictures.
    pub presets: Vec<Preset>,
    /// Most steps of the synthetic pictures; those of the presets if absent.
    pub steps: Option<usize>,
    /// Exemplars.
    pub choose: ChooseConfig,
    /// Synthetic stimuli.
    pub tuning: TuningConfig,
    /// Differential analysis.
    pub contrast: DifferentialConfig,
    /// Matches between units.
    pub matching: MatchConfig,
    /// Seed of the self-test and of the network of random weights.
    pub seed: u64,
}

impl AtlasConfig {
    /// The usual settings, with `seed` for everything that is random.
    pub fn new(seed: u64, presets: &[Preset]) -> Self {
        Self {
            layers: Vec::new(),
            presets: presets.to_vec(),
            steps: None,
            // nine are shown; with a tenth there is a query for each set of references
            choose: ChooseConfig { n: 10, ..ChooseConfig::default() },
            tuning: TuningConfig { seed, ..TuningConfig::default() },
            contrast: DifferentialConfig { seed, ..DifferentialConfig::default() },
            matching: MatchConfig { seed, n_best: 9, ..MatchConfig::default() },
            seed,
        }
    }

    /// How the pictures of a preset are made.
    fn pictures(&self, preset: Preset) -> VisualizeConfig {
        let mut config = preset.config();
        config.steps = self.steps.map_or(config.steps, |most| most.min(config.steps));
        config
    }
}

/// A network for grey images, with the run that it is of.
#[derive(Clone, Debug)]
pub struct NetworkOfRun {
    /// The run folder, weights file, or name of a built-in network.
    pub run: PathBuf,
    /// The network.
    pub network: Network,
}

/// What an atlas is made of.
#[derive(Debug)]
pub struct AtlasInput<'a> {
    /// The networks, one or more.
    pub networks: Vec<NetworkOfRun>,
    /// The micrographs.
    pub dataset: &'a Dataset,
    /// Classes to compare; the usual question ([`usual_question`]) if empty.
    pub questions: Vec<Question>,
    /// Everything else that decides.
    pub config: AtlasConfig,
}

/// What is done next, or how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AtlasStep<'a> {
    /// A part of the work on a network begins.
    Part {
        /// Id of the network.
        network: &'a str,
        /// The part.
        part: AtlasPart,
    },
    /// Of a pass over the data set, `done` of `total` micrographs are finished.
    Micrographs {
        /// Finished micrographs.
        done: usize,
        /// Number of micrographs.
        total: usize,
    },
    /// A part of the tuning begins.
    Tuning(TuningStep<'a>),
    /// Of synthetic pictures, `done` of `total` are finished.
    Pictures {
        /// The preset.
        preset: Preset,
        /// Finished pictures.
        done: usize,
        /// Number of pictures.
        total: usize,
        /// Share of all steps that are taken, in `[0, 1]`.
        share: f64,
    },
}

/// Where a unit stands in an [`Atlas`]; its text is that of [`Atlas::unit_id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitPlace {
    /// Place in [`Atlas::networks`].
    pub network: usize,
    /// Place in [`NetworkAtlas::layers`].
    pub layer: usize,
    /// Place in [`LayerAtlas::units`]: the channel.
    pub channel: usize,
}

/// Networks, micrographs, and what they say about each other.
#[derive(Clone, Debug, Serialize)]
pub struct Atlas {
    /// Settings.
    pub config: AtlasConfig,
    /// The micrographs, the same for all networks, in the order of the data set.
    pub micrographs: Vec<IndexedMicrograph>,
    /// Categories of the data set, sorted.
    pub classes: Vec<String>,
    /// The networks.
    pub networks: Vec<NetworkAtlas>,
    /// Matches between all units of two networks, each pair once.
    pub network_matches: Vec<NetworkMatches>,
    /// Matches between layers of the same name.
    pub layer_matches: Vec<LayerMatches>,
    /// Micrographs that were left out, each once: unreadable, or too small for one of the networks.
    pub skipped: Vec<Skipped>,
    /// By network.
    #[serde(skip)]
    ranks: Vec<Ranks>,
    #[serde(skip)]
    opened: Vec<Network>,
}

impl Atlas {
    /// The network at a place.
    pub fn network(&self, unit: UnitPlace) -> &NetworkAtlas {
        &self.networks[unit.network]
    }

    /// The layer of a unit.
    pub fn layer(&self, unit: UnitPlace) -> &LayerAtlas {
        &self.networks[unit.network].layers[unit.layer]
    }

    /// The units of a lower layer that a unit is made of, those with the largest weights first.
    pub fn made_of(&self, unit: UnitPlace) -> impl Iterator<Item = (UnitPlace, &LowerUnit)> {
        let lower = self.layer(unit).lower.as_ref();
        let parts = lower.and_then(|lower| Some((lower.layer, lower.parts.get(unit.channel)?)));
        parts.into_iter().flat_map(move |(layer, parts)| {
            parts
                .iter()
                .map(move |part| (UnitPlace { network: unit.network, layer, channel: part.channel }, part))
        })
    }

    /// A unit.
    pub fn unit(&self, unit: UnitPlace) -> &UnitAtlas {
        &self.layer(unit).units[unit.channel]
    }

    /// The id of a unit.
    pub fn unit_id(&self, unit: UnitPlace) -> UnitId {
        UnitId::channel(&self.network(unit).id, &self.layer(unit).layer.name, unit.channel)
    }

    /// Where the unit with this id stands, if there is one.
    pub fn place_of(&self, id: &UnitId) -> Option<UnitPlace> {
        let network = self.networks.iter().position(|network| network.id == id.network)?;
        let (layer, channel) = self.networks[network].place_of(&id.address)?;
        Some(UnitPlace { network, layer, channel })
    }

    /// Every unit of every network.
    pub fn units(&self) -> impl Iterator<Item = UnitPlace> {
        self.networks.iter().enumerate().flat_map(|(network, found)| {
            let layers = found.layers.iter().enumerate();
            layers.flat_map(move |(layer, found)| {
                (0..found.units.len()).map(move |channel| UnitPlace { network, layer, channel })
            })
        })
    }

    /// The unit with `number` among those of all layers of a network.
    pub fn unit_at(&self, network: usize, number: usize) -> UnitPlace {
        let (layer, channel) = self.networks[network].numbers().place(number);
        UnitPlace { network, layer, channel }
    }

    /// Place of a class in [`Self::classes`].
    pub fn class(&self, name: &str) -> Option<usize> {
        self.classes.binary_search_by(|class| class.as_str().cmp(name)).ok()
    }

    /// The units of the network of `unit` that are most alike, itself left out; most alike first.
    pub fn alike_here(&self, unit: UnitPlace) -> Vec<(UnitPlace, f64)> {
        let network = self.network(unit);
        let own = network.numbers().number(unit.layer, unit.channel);
        let others = network.alike.a.units[own].best.iter().filter(|candidate| candidate.unit != own);
        others.map(|candidate| (self.unit_at(unit.network, candidate.unit), candidate.pearson)).collect()
    }

    /// The unit of each other network that is most alike.
    pub fn alike_elsewhere(&self, unit: UnitPlace) -> Vec<(UnitPlace, f64)> {
        let own = self.network(unit).numbers().number(unit.layer, unit.channel);
        let others = (0..self.networks.len()).filter(|&other| other != unit.network);
        let best = |other: usize| {
            let candidate = self.matches(unit.network, other)?[own].best.first()?;
            Some((self.unit_at(other, candidate.unit), candidate.pearson))
        };
        others.filter_map(best).collect()
    }

    /// Matches of the units of network `one` among those of `other`.
    fn matches(&self, one: usize, other: usize) -> Option<&[UnitMatches]> {
        let networks = [one.min(other), one.max(other)];
        let found = self.network_matches.iter().find(|found| found.networks == networks)?;
        let layer = if one < other { &found.matching.a } else { &found.matching.b };
        Some(&layer.units)
    }

    /// The activations of each network as ranks, `[micrograph][unit]`, units of all layers in order:
    /// `round(255 · r)`, where `r` is the share of micrographs whose largest activation is below this
    /// one's; 0 for a dead unit.
    pub fn rank_table(&self, network: usize) -> Vec<u8> {
        self.ranks[network].table()
    }
}

/// Each of `skipped` once, by name.
fn once(skipped: impl Iterator<Item = Skipped>) -> Vec<Skipped> {
    let by_file: BTreeMap<String, Skipped> = skipped.map(|skipped| (skipped.file.clone(), skipped)).collect();
    by_file.into_values().collect()
}
