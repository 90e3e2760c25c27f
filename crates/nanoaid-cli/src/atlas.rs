//! The atlas: what real micrographs, synthetic stimuli and synthetic pictures say of the units of some
//! networks, found out by the library, kept in a folder, and brought into the form of the site.

mod contrasts;
mod findings;
mod micrograph_view;
mod pictures;
mod planes;
mod scores;
mod site_view;
mod tuning_view;
mod unit_view;
mod units;

use std::collections::BTreeMap;

use nanoaid::data::dataset::Dataset;
use nanoaid::interpret::exemplar::{ActivationReader, IndexedMicrograph};
use nanoaid::interpret::matching::{Matching, NamedValues, match_layers};
use nanoaid::interpret::unit_values::UnitValues;

pub(crate) use contrasts::usual_question;
pub(crate) use findings::{AtlasConfig, Findings, Surveyed, in_common};
pub(crate) use planes::Planes;

use crate::outcome::Failure;
use micrograph_view::Ranks;
use nanoaid_pages::site::model::UnitRef;

/// All that the site shows.
pub(crate) struct Atlas {
    config: AtlasConfig,
    findings: Vec<Findings>,
    /// By places of two networks, the first below the second.
    matchings: BTreeMap<(usize, usize), Matching>,
    ranks: Vec<Ranks>,
    /// Categories of the data set, sorted.
    classes: Vec<String>,
}

impl Atlas {
    /// Of what was found out about each network, on the same micrographs.
    pub(crate) fn new(
        config: AtlasConfig,
        findings: Vec<Findings>,
        dataset: &Dataset,
    ) -> Result<Self, Failure> {
        let mut matchings = BTreeMap::new();
        for second in 0..findings.len() {
            for first in 0..second {
                matchings.insert((first, second), matched(&findings[first], &findings[second], &config)?);
            }
        }
        let ranks = findings.iter().map(|found| Ranks::of(&found.survey)).collect();
        Ok(Self { config, findings, matchings, ranks, classes: dataset.categories() })
    }

    /// The micrographs, the same for all networks.
    pub(crate) fn seen(&self) -> &[IndexedMicrograph] {
        self.findings.first().map_or(&[], |findings| &findings.survey.seen)
    }

    /// Who reads each network.
    pub(crate) fn readers(&self) -> Result<Vec<ActivationReader>, Failure> {
        let reader = |findings: &Findings| {
            let layers: Vec<String> =
                findings.survey.layers.iter().map(|layer| layer.layer.clone()).collect();
            Ok(ActivationReader::new(&findings.network, &layers)?)
        };
        self.findings.iter().map(reader).collect()
    }

    /// Every unit of every network.
    pub(crate) fn units(&self) -> impl Iterator<Item = UnitRef> {
        self.findings.iter().enumerate().flat_map(|(network, findings)| {
            let layers = findings.survey.layers.iter().enumerate();
            layers.flat_map(move |(layer, answers)| {
                (0..answers.n_channels).map(move |channel| UnitRef { network, layer, channel })
            })
        })
    }

    /// How the units of each network answered, as tables for scripts.
    pub(crate) fn rank_tables(&self) -> impl Iterator<Item = nanoaid_pages::site::model::RankTable> {
        self.ranks.iter().enumerate().map(|(network, ranks)| ranks.table(network))
    }

    /// Place of a class.
    fn class(&self, name: Option<&String>) -> Option<usize> {
        self.classes.binary_search(name?).ok()
    }

    /// The unit of this number among those of all layers of a network.
    fn unit_ref(&self, network: usize, number: usize) -> UnitRef {
        let (layer, channel) = self.findings[network].units.place(number);
        UnitRef { network, layer, channel }
    }
}

fn matched(one: &Findings, other: &Findings, config: &AtlasConfig) -> Result<Matching, Failure> {
    let (of_one, of_other) = (units::largest(&one.survey), units::largest(&other.survey));
    let n_images = one.survey.seen.len();
    let layers = [
        NamedValues { name: &one.id, values: UnitValues::new(&of_one, n_images, one.units.n())? },
        NamedValues { name: &other.id, values: UnitValues::new(&of_other, n_images, other.units.n())? },
    ];
    let groups: Vec<&str> = one.survey.seen.iter().map(|seen| seen.group.as_str()).collect();
    Ok(match_layers(&layers, &groups, &config.matching)?.remove(0))
}
