//! What the pages of a site show: an atlas of the library, with the names that pages need.
//!
//! [`Site`] holds references to the library's results and no numbers of its own. The JSON beside each page holds the
//! same results, with ids instead of numbers where they refer to each other.

use std::collections::BTreeMap;

use nanoaid::atlas::{
    AgainstRest, Atlas, Comparison, ControlDoubt, DrivenUnit, LayerMatches, LowerUnit, MicrographActivations,
    NetworkAtlas, UnitAtlas, UnitPlace, UnitSummary,
};
use nanoaid::evaluate::classify::NamedClass;
use nanoaid::interpret::differential::{Controls, DifferentialAnalysis, OtherControl, UnitDifference};
use nanoaid::interpret::exemplar::{Exemplar, IndexedMicrograph};
use nanoaid::interpret::machine_score::Question;
use nanoaid::interpret::tuning::UnitTuning;
use nanoaid::{Architecture, Layer, UnitId};
use serde::Serialize;

use crate::site::concepts::{ConceptOfUnit, SiteConcepts};
use crate::site::slug::{micrograph_ids, slug};

/// Concepts of a unit that are listed, and how much of one a unit has at least.
const N_CONCEPTS: usize = 4;
const LEAST_WEIGHT: f32 = 0.1;

/// Record of the site: enough to make it again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Made {
    /// Version of the record's format.
    pub schema_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// The command line, e.g. `nanoaid site runs/a --data sem --out atlas`.
    pub command: String,
    /// The data set as it was named.
    pub data: String,
    /// SHA-256 of its names and contents.
    pub data_digest: String,
    /// Where the networks ran.
    pub device: String,
    /// Everything else that decides, as written to the record.
    pub settings: serde_json::Value,
    /// What the reader must know before relying on the pages, with advice; may be empty.
    pub warnings: Vec<String>,
}

/// An atlas, and how its parts are named on pages.
pub(super) struct Site<'a> {
    pub(super) atlas: &'a Atlas,
    pub(super) made: &'a Made,
    /// Concepts of its networks.
    pub(super) concepts: &'a [SiteConcepts],
    /// Heading of the first page.
    pub(super) title: String,
    /// Differential analyses; those with controls first.
    pub(super) contrasts: Vec<ContrastPage<'a>>,
    /// Indices of networks that have a self-test.
    pub(super) self_tests: Vec<usize>,
    micrograph_ids: Vec<String>,
}

/// A differential analysis of one network.
pub(super) struct ContrastPage<'a> {
    /// Part of its address, unique.
    pub(super) id: String,
    /// Index of the network.
    pub(super) network: usize,
    pub(super) contrast: &'a DifferentialAnalysis,
    /// With its controls, where there are some.
    pub(super) compared: Option<&'a Comparison>,
    /// Of a class against all others, the same with random weights.
    pub(super) random: Option<&'a OtherControl>,
    /// Names of both sides.
    pub(super) sides: [String; 2],
}

impl ContrastPage<'_> {
    /// Whether the unit counts as found.
    pub(super) fn is_found(&self, unit: &UnitDifference) -> bool {
        unit.q <= self.contrast.config.false_share
    }
}

impl<'a> Site<'a> {
    pub(super) fn new(atlas: &'a Atlas, made: &'a Made, concepts: &'a [SiteConcepts]) -> Self {
        let n = atlas.micrographs.len();
        let hashes: Vec<&str> = atlas.micrographs.iter().map(|seen| seen.sha256.as_str()).collect();
        let has_test = |network: &usize| !atlas.networks[*network].questions.is_empty();
        Self {
            title: match atlas.networks.len() {
                1 => format!("Atlas of {n} micrographs through a network"),
                networks => format!("Atlas of {n} micrographs through {networks} networks"),
            },
            contrasts: contrasts(atlas),
            self_tests: (0..atlas.networks.len()).filter(has_test).collect(),
            micrograph_ids: micrograph_ids(&hashes),
            atlas,
            made,
            concepts,
        }
    }

    /// The network of a unit.
    pub(super) fn network(&self, unit: UnitPlace) -> &'a NetworkAtlas {
        &self.atlas.networks[unit.network]
    }

    /// The layer of `unit`.
    pub(super) fn layer(&self, unit: UnitPlace) -> &'a Layer {
        &self.network(unit).layers[unit.layer].layer
    }

    /// The unit.
    pub(super) fn unit(&self, unit: UnitPlace) -> &'a UnitAtlas {
        &self.network(unit).layers[unit.layer].units[unit.channel]
    }

    /// The summary of `unit`.
    pub(super) fn summary(&self, unit: UnitPlace) -> &'a UnitSummary {
        &self.unit(unit).summary
    }

    /// The micrograph with an index.
    pub(super) fn micrograph(&self, micrograph: usize) -> &'a IndexedMicrograph {
        &self.atlas.micrographs[micrograph]
    }

    /// Name of a micrograph in the site.
    pub(super) fn micrograph_id(&self, micrograph: usize) -> &str {
        &self.micrograph_ids[micrograph]
    }

    /// Index of the class of a micrograph.
    pub(super) fn class_of(&self, micrograph: usize) -> Option<usize> {
        self.atlas.class(self.micrograph(micrograph).category.as_deref()?)
    }

    /// Indices of the micrographs of a class, or of those without one.
    pub(super) fn members(&self, class: Option<usize>) -> Vec<usize> {
        (0..self.atlas.micrographs.len()).filter(|&idx| self.class_of(idx) == class).collect()
    }

    /// A class against all others in a network, and its control.
    pub(super) fn against_rest(&self, network: usize, class: &str) -> Option<&'a AgainstRest> {
        let all = self.atlas.networks[network].against_rest.iter();
        all.into_iter().find(|found| found.contrast.a.classes == [class])
    }

    /// The network's units that separate a class from the rest, at most `most`, best first.
    pub(super) fn units_of_class(
        &self,
        network: usize,
        class: usize,
        most: usize,
    ) -> Vec<(UnitPlace, &'a UnitDifference)> {
        let name = &self.atlas.classes[class];
        let Some(AgainstRest { contrast, .. }) = self.against_rest(network, name) else {
            return Vec::new();
        };
        let mut units: Vec<&UnitDifference> = contrast.units.iter().filter(|unit| !unit.dead).collect();
        let distance = |unit: &UnitDifference| (unit.auc.value - 0.5).abs();
        units.sort_by(|a, b| distance(b).total_cmp(&distance(a)).then(a.unit.cmp(&b.unit)));
        units.into_iter().take(most).map(|unit| (self.atlas.unit_at(network, unit.unit), unit)).collect()
    }

    /// Places of the concepts of a network.
    pub(super) fn concepts_of_network(&self, network: usize) -> impl Iterator<Item = usize> + use<'_> {
        let sha256 = &self.atlas.networks[network].sha256;
        (0..self.concepts.len()).filter(move |&place| self.concepts[place].network() == sha256)
    }

    /// The concepts with most of a unit.
    pub(super) fn concepts_of(&self, unit: UnitPlace) -> impl Iterator<Item = ConceptOfUnit<'a>> + use<'a> {
        let layer = &self.layer(unit).name;
        let concepts = self.concepts;
        let mut all: Vec<ConceptOfUnit<'a>> = self
            .concepts_of_network(unit.network)
            .filter(|&place| concepts[place].layer() == layer)
            .flat_map(|place| {
                let page = self.concepts_page(place);
                concepts[place].record.found.concepts.iter().filter_map(move |concept| {
                    let weight = *concept.direction.get(unit.channel)?;
                    (weight.abs() >= LEAST_WEIGHT).then_some(ConceptOfUnit {
                        page: format!("{page}#concept-{}", concept.number),
                        number: concept.number,
                        name: concept.name.as_deref(),
                        weight,
                    })
                })
            })
            .collect();
        all.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        all.into_iter().take(N_CONCEPTS)
    }

    /// Heading of a page of layers side by side.
    pub(super) fn side_by_side_title(&self, matches: &LayerMatches) -> String {
        let names: Vec<&str> =
            matches.members.iter().map(|&(network, _)| self.atlas.networks[network].id.as_str()).collect();
        format!("{} of {}", matches.layer, names.join(", "))
    }

    /// The patches of a question of the self-test: what its places name.
    pub(super) fn patches(
        &self,
        network: usize,
        question: &Question,
    ) -> Option<(UnitPlace, Vec<&'a Exemplar>)> {
        let (layer, channel) = self.atlas.networks[network].place_of(&question.unit)?;
        let unit = UnitPlace { network, layer, channel };
        Some((unit, self.unit(unit).exemplars.ends().collect()))
    }
}

fn contrasts(atlas: &Atlas) -> Vec<ContrastPage<'_>> {
    let mut pages = Vec::new();
    for (network, found) in atlas.networks.iter().enumerate() {
        let compared = found.comparisons.iter();
        pages.extend(
            compared.map(|compared| contrast_page(atlas, network, &compared.contrast, Some(compared))),
        );
    }
    for (network, found) in atlas.networks.iter().enumerate() {
        pages.extend(found.against_rest.iter().map(|found| ContrastPage {
            random: found.random.as_ref(),
            ..contrast_page(atlas, network, &found.contrast, None)
        }));
    }
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for page in &mut pages {
        let n = taken.entry(page.id.clone()).or_insert(0);
        *n += 1;
        if *n > 1 {
            page.id = format!("{}-{n}", page.id);
        }
    }
    pages
}

fn contrast_page<'a>(
    atlas: &Atlas,
    network: usize,
    contrast: &'a DifferentialAnalysis,
    compared: Option<&'a Comparison>,
) -> ContrastPage<'a> {
    let joined =
        |names: &[String]| names.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>().join(" or ");
    let rest = if compared.is_some() { joined(&contrast.b.classes) } else { "all others".to_owned() };
    let sides = [joined(&contrast.a.classes), rest];
    let id = format!("{}-{}-against-{}", atlas.networks[network].id, slug(&sides[0]), slug(&sides[1]));
    ContrastPage { id: id.chars().take(100).collect(), network, contrast, compared, random: None, sides }
}

/// JSON of the page of a network, and of its layers.
#[derive(Serialize)]
pub(super) struct NetworkJson<'a> {
    id: &'a str,
    name: String,
    sha256: &'a str,
    architecture: &'a Architecture,
    n_weights: usize,
    classes: Option<&'a [String]>,
    device: &'a str,
    layers: Vec<LayerJson<'a>>,
}

/// JSON of the page of a layer.
#[derive(Serialize)]
pub(super) struct LayerJson<'a> {
    #[serde(flatten)]
    layer: &'a Layer,
    units: Vec<&'a UnitSummary>,
}

/// JSON of the page of a unit.
#[derive(Serialize)]
pub(super) struct UnitJson<'a> {
    unit: UnitId,
    #[serde(flatten)]
    found: &'a UnitAtlas,
    tuning: Option<&'a UnitTuning>,
    classes: Vec<ClassOfUnit<'a>>,
    made_of: Vec<UnitWith<&'a LowerUnit>>,
    concepts: Vec<ConceptOfUnit<'a>>,
    alike_here: Vec<AlikeUnit>,
    alike_elsewhere: Vec<AlikeUnit>,
}

#[derive(Serialize)]
struct ClassOfUnit<'a> {
    class: &'a str,
    #[serde(flatten)]
    unit: &'a UnitDifference,
}

#[derive(Serialize)]
struct AlikeUnit {
    unit: UnitId,
    correlation: f64,
}

/// JSON of a micrograph in the list.
#[derive(Serialize)]
pub(super) struct MicrographJson<'a> {
    id: &'a str,
    #[serde(flatten)]
    seen: &'a IndexedMicrograph,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    networks: Vec<DrivenJson<'a>>,
}

#[derive(Serialize)]
struct DrivenJson<'a> {
    network: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a NamedClass>,
    driven: Vec<UnitWith<&'a DrivenUnit>>,
}

/// A value with the id of its unit.
#[derive(Serialize)]
struct UnitWith<T> {
    #[serde(rename = "id")]
    unit: UnitId,
    #[serde(flatten)]
    value: T,
}

/// JSON of the page of a class.
#[derive(Serialize)]
pub(super) struct ClassJson<'a> {
    class: &'a str,
    networks: Vec<UnitsOfClass<'a>>,
}

#[derive(Serialize)]
struct UnitsOfClass<'a> {
    network: &'a str,
    units: Vec<UnitWith<&'a UnitDifference>>,
}

/// JSON of the page of a differential analysis: the address of unit number `n` is `addresses[n]`.
#[derive(Serialize)]
pub(super) struct ContrastJson<'a> {
    network: &'a str,
    addresses: Vec<String>,
    contrast: &'a DifferentialAnalysis,
    controls: Option<&'a Controls>,
    doubts: &'a [ControlDoubt],
}

/// JSON of the page of a self-test.
#[derive(Serialize)]
pub(super) struct SelfTestJson<'a> {
    network: &'a str,
    seed: u64,
    questions: Vec<QuestionJson<'a>>,
}

#[derive(Serialize)]
struct QuestionJson<'a> {
    #[serde(flatten)]
    question: &'a Question,
    patches: Vec<&'a Exemplar>,
}

impl<'a> Site<'a> {
    pub(super) fn network_json(&self, network: usize) -> NetworkJson<'a> {
        let found = &self.atlas.networks[network];
        NetworkJson {
            id: &found.id,
            name: found.name(),
            sha256: &found.sha256,
            architecture: &found.architecture,
            n_weights: found.n_weights,
            classes: found.classes.as_deref(),
            device: &found.device,
            layers: (0..found.layers.len()).map(|layer| self.layer_json(network, layer)).collect(),
        }
    }

    pub(super) fn layer_json(&self, network: usize, layer: usize) -> LayerJson<'a> {
        let found = &self.atlas.networks[network].layers[layer];
        LayerJson { layer: &found.layer, units: found.units.iter().map(|unit| &unit.summary).collect() }
    }

    pub(super) fn unit_json(&self, unit: UnitPlace) -> UnitJson<'a> {
        let network = self.network(unit);
        let alike = |found: Vec<(UnitPlace, f64)>| {
            let id = |(unit, correlation)| AlikeUnit { unit: self.atlas.unit_id(unit), correlation };
            found.into_iter().map(id).collect()
        };
        UnitJson {
            unit: self.atlas.unit_id(unit),
            found: self.unit(unit),
            tuning: network.layers[unit.layer].tuning_of(unit.channel),
            classes: network
                .classes_of(unit.layer, unit.channel)
                .map(|(class, unit)| ClassOfUnit { class, unit })
                .collect(),
            made_of: self
                .atlas
                .made_of(unit)
                .map(|(lower, part)| UnitWith { unit: self.atlas.unit_id(lower), value: part })
                .collect(),
            concepts: self.concepts_of(unit).collect(),
            alike_here: alike(self.atlas.alike_here(unit)),
            alike_elsewhere: alike(self.atlas.alike_elsewhere(unit)),
        }
    }

    /// The list of micrographs.
    pub(super) fn micrographs_json(&self) -> Vec<MicrographJson<'_>> {
        (0..self.atlas.micrographs.len())
            .map(|idx| MicrographJson {
                id: self.micrograph_id(idx),
                seen: self.micrograph(idx),
                networks: Vec::new(),
            })
            .collect()
    }

    pub(super) fn micrograph_json<'b>(&'b self, found: &'b MicrographActivations) -> MicrographJson<'b> {
        let networks = self.atlas.networks.iter().zip(&found.networks);
        let with_id =
            |driven: &'b DrivenUnit| UnitWith { unit: self.atlas.unit_id(driven.unit), value: driven };
        MicrographJson {
            id: self.micrograph_id(found.image),
            seen: self.micrograph(found.image),
            networks: networks
                .map(|(network, found)| DrivenJson {
                    network: &network.id,
                    class: found.class.as_ref(),
                    driven: found.driven.iter().map(with_id).collect(),
                })
                .collect(),
        }
    }

    pub(super) fn class_json(&self, class: usize, most: usize) -> ClassJson<'a> {
        let of_network = |(network, found): (usize, &'a NetworkAtlas)| {
            let units = self.units_of_class(network, class, most).into_iter();
            let units =
                units.map(|(unit, value)| UnitWith { unit: self.atlas.unit_id(unit), value }).collect();
            UnitsOfClass { network: &found.id, units }
        };
        ClassJson {
            class: &self.atlas.classes[class],
            networks: self.atlas.networks.iter().enumerate().map(of_network).collect(),
        }
    }

    pub(super) fn contrast_json(&self, contrast: usize) -> ContrastJson<'a> {
        let page = &self.contrasts[contrast];
        let network = &self.atlas.networks[page.network];
        let numbers = network.numbers();
        let address = |number| {
            let (layer, channel) = numbers.place(number);
            network.address(layer, channel).to_string()
        };
        ContrastJson {
            network: &network.id,
            addresses: (0..numbers.n()).map(address).collect(),
            contrast: page.contrast,
            controls: page.compared.map(|compared| &compared.controls),
            doubts: page.compared.map_or(&[], |compared| &compared.doubts),
        }
    }

    pub(super) fn self_test_json(&self, self_test: usize) -> SelfTestJson<'a> {
        let network = self.self_tests[self_test];
        let found = &self.atlas.networks[network];
        let with_patches = |question: &'a Question| {
            let (_, patches) = self.patches(network, question)?;
            Some(QuestionJson { question, patches })
        };
        SelfTestJson {
            network: &found.id,
            seed: self.atlas.config.seed,
            questions: found.questions.iter().filter_map(with_patches).collect(),
        }
    }
}
