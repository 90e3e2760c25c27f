//! What all pages of the site share: networks, layers, summaries of units, micrographs, classes,
//! comparisons.

use std::collections::BTreeMap;

use nanoaid::interpret::differential::DifferentialAnalysis;
use nanoaid::interpret::matching::{NamedValues, match_layers};
use nanoaid::interpret::unit_values::UnitValues;
use nanoaid::{Architecture, Network, interpret::machine_score};

use super::contrasts::Compared;
use super::scores::ends;
use super::unit_view::{view, views};
use super::{Atlas, Findings};
use crate::outcome::Failure;
use nanoaid_pages::site::micrograph_ids;
use nanoaid_pages::site::model::{
    ClassAnswer, ClassUnits, ClassView, ContrastUnit, ContrastView, ControlView, LayerView, Made, MatchView,
    MicrographSummary, NetworkView, PairView, QuestionView, SelfTestView, SetView, SideBySideRow,
    SideBySideView, Site, UnitRef, UnitSummary,
};

/// Units of a network that are listed for a class.
const MOST_OF_CLASS: usize = 24;
/// Rows and columns of the input for which the size of maps is told.
const INPUT: (usize, usize) = (768, 1024);

impl Atlas {
    /// What all pages share.
    pub(crate) fn site(&self, made: Made) -> Result<Site, Failure> {
        let n = self.seen().len();
        let title = match self.findings.len() {
            1 => format!("Atlas of {n} micrographs through a network"),
            networks => format!("Atlas of {n} micrographs through {networks} networks"),
        };
        Ok(Site {
            title,
            made,
            networks: (0..self.findings.len()).map(|network| self.network_view(network)).collect(),
            micrographs: self.micrographs(),
            classes: self.classes.iter().map(|name| self.class_view(name)).collect(),
            contrasts: self.contrasts(),
            side_by_sides: self.side_by_sides()?,
            self_tests: (0..self.findings.len()).filter_map(|network| self.self_test(network)).collect(),
        })
    }

    fn network_view(&self, network: usize) -> NetworkView {
        let findings = &self.findings[network];
        let layers = findings.survey.layers.iter().enumerate();
        NetworkView {
            id: findings.id.clone(),
            name: findings.run.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            what: what(&findings.network),
            sha256: findings.network.sha256().to_owned(),
            facts: facts(&findings.network),
            layers: layers
                .map(|(layer, answers)| {
                    let described = findings.network.layer(&answers.layer);
                    let described = described.expect("the survey is of this network");
                    LayerView {
                        name: described.name.clone(),
                        what: described.operation.clone(),
                        map: (described.map_length(INPUT.0), described.map_length(INPUT.1)),
                        input: INPUT,
                        stride_px: described.stride,
                        field_px: described.receptive_field_px,
                        units: (0..answers.n_channels)
                            .map(|channel| self.summary(UnitRef { network, layer, channel }))
                            .collect(),
                    }
                })
                .collect(),
        }
    }

    fn summary(&self, unit: UnitRef) -> UnitSummary {
        let UnitRef { network, layer, channel } = unit;
        let findings = &self.findings[network];
        let answers = &findings.survey.layers[layer];
        let mut values: Vec<f32> =
            (0..answers.n_images()).map(|image| answers.peak(image, channel).value).collect();
        values.sort_by(f32::total_cmp);
        let firing = values.iter().filter(|value| **value > 0.0).count();
        let is_last = findings.network.layers().last().is_some_and(|last| last.name == answers.layer);
        let classes = findings.network.classes().filter(|_| is_last);
        let tuned = findings.tuning.layers.get(layer).and_then(|tuned| tuned.units.get(channel));
        let preferred = tuned.and_then(|unit| unit.grating.preferred());
        let classes_of = self.class_answers(unit);
        // a class of few micrographs is told by many units by chance, so only what counts as found
        let found = |answer: &&ClassAnswer| answer.q.is_some_and(|q| q <= self.config.contrast.false_share);
        let best = classes_of.iter().filter(found).max_by(|a, b| a.auc.total_cmp(&b.auc));
        let picture = findings.pictures.first().and_then(|layers| layers[layer].get(channel));
        UnitSummary {
            name: classes.and_then(|classes| classes.get(channel).cloned()),
            dead: findings.exemplars[layer][channel].dead,
            largest: values.last().copied().unwrap_or(0.0),
            median: values.get(values.len() / 2).copied().unwrap_or(0.0),
            firing_share: firing as f64 / values.len().max(1) as f64,
            period_px: preferred.and_then(nanoaid::interpret::tuning::Preferred::period_px),
            axis_deg: preferred.and_then(|preferred| preferred.axis_deg),
            selectivity: preferred.map(|preferred| preferred.selectivity),
            machine_score: findings.machine_score(layer, channel),
            class: best.map(|answer| (answer.class, answer.auc)),
            picture_png: picture.map_or(Vec::new(), |picture| picture.png.clone()),
        }
    }

    fn micrographs(&self) -> Vec<MicrographSummary> {
        let hashes: Vec<&str> = self.seen().iter().map(|seen| seen.sha256.as_str()).collect();
        let ids = micrograph_ids(&hashes);
        let view =
            |(seen, id): (&nanoaid::interpret::exemplar::IndexedMicrograph, String)| MicrographSummary {
                id,
                file: seen.file.clone(),
                sha256: seen.sha256.clone(),
                class: self.class(seen.category.as_ref()),
                group: seen.group.clone(),
                split: seen.part.clone(),
                height: seen.height,
                width: seen.width,
                nm_per_px: seen.nm_per_px,
                data_bar_px: seen.data_bar_px,
                facts: Vec::new(),
            };
        self.seen().iter().zip(ids).map(view).collect()
    }

    fn class_view(&self, name: &str) -> ClassView {
        let of_network = |network: usize| -> Option<ClassUnits> {
            let findings = &self.findings[network];
            let contrast = findings.rest.iter().find(|contrast| contrast.a.classes == [name])?;
            let class = self.class(Some(&name.to_owned()))?;
            let mut order: Vec<usize> = (0..contrast.units.len()).collect();
            let auc = |unit: usize| contrast.units[unit].auc.value;
            order.retain(|&unit| !contrast.units[unit].dead);
            order.sort_by(|&a, &b| auc(b).total_cmp(&auc(a)).then(a.cmp(&b)));
            let answer = |number: usize| {
                let unit = &contrast.units[number];
                let answer = ClassAnswer {
                    class,
                    auc: unit.auc.value,
                    interval: unit.auc.interval.map(|interval| (interval.low, interval.high)),
                    q: Some(unit.q),
                };
                (self.unit_ref(network, number), answer)
            };
            let units = order.into_iter().take(MOST_OF_CLASS).map(answer).collect();
            Some(ClassUnits { network, units })
        };
        let units = (0..self.findings.len()).filter_map(of_network).collect();
        ClassView { name: name.to_owned(), units }
    }

    /// The questions that were asked, of each network; then each class against all others.
    fn contrasts(&self) -> Vec<ContrastView> {
        let mut views = Vec::new();
        for (network, findings) in self.findings.iter().enumerate() {
            for compared in &findings.compared {
                views.push(self.contrast_view(network, &compared.contrast, Some(compared)));
            }
        }
        for (network, findings) in self.findings.iter().enumerate() {
            views.extend(findings.rest.iter().map(|contrast| self.contrast_view(network, contrast, None)));
        }
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        for view in &mut views {
            let n = taken.entry(view.id.clone()).or_insert(0);
            *n += 1;
            if *n > 1 {
                view.id = format!("{}-{n}", view.id);
            }
        }
        views
    }

    fn contrast_view(
        &self,
        network: usize,
        contrast: &DifferentialAnalysis,
        compared: Option<&Compared>,
    ) -> ContrastView {
        let side = |side: &nanoaid::interpret::differential::Side, rest: bool| SetView {
            name: if rest { "all others".to_owned() } else { joined(&side.classes) },
            classes: side.classes.iter().filter_map(|name| self.class(Some(name))).collect(),
            n_micrographs: side.n_images,
            n_groups: side.n_groups,
        };
        let is_rest = compared.is_none();
        let (a, b) = (side(&contrast.a, false), side(&contrast.b, is_rest));
        let config = &contrast.config;
        let unit = |unit: &nanoaid::interpret::differential::UnitDifference| ContrastUnit {
            unit: self.unit_ref(network, unit.unit),
            auc: unit.auc.value,
            interval: unit.auc.interval.map(|interval| (interval.low, interval.high)),
            q: unit.q,
            found: unit.q <= config.false_share,
        };
        let id = format!("{}-{}-against-{}", self.findings[network].id, slug(&a.name), slug(&b.name));
        ContrastView {
            id: id.chars().take(100).collect(),
            network,
            a,
            b,
            statistic: "largest activation in each micrograph".to_owned(),
            fdr: config.false_share,
            interval_how: format!(
                "Intervals hold {:.0} % of {} resamples of groups (seed {}).",
                100.0 * config.interval,
                config.n_bootstrap,
                config.seed
            ),
            units: contrast.units.iter().map(unit).collect(),
            controls: compared.map_or(Vec::new(), controls),
            warnings: contrast
                .warnings
                .iter()
                .map(|warning| format!("{warning}; {}", warning.advice()))
                .chain(compared.into_iter().flat_map(doubts))
                .collect(),
        }
    }

    /// Layers of the same name of several networks.
    fn side_by_sides(&self) -> Result<Vec<SideBySideView>, Failure> {
        let mut members: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
        for (network, findings) in self.findings.iter().enumerate() {
            for (layer, answers) in findings.survey.layers.iter().enumerate() {
                members.entry(&answers.layer).or_default().push((network, layer));
            }
        }
        members.retain(|_, members| members.len() > 1);
        members.into_iter().map(|(name, members)| self.side_by_side(name, members)).collect()
    }

    fn side_by_side(&self, name: &str, members: Vec<(usize, usize)>) -> Result<SideBySideView, Failure> {
        let values: Vec<Vec<f32>> = members
            .iter()
            .map(|&(network, layer)| self.findings[network].survey.layers[layer].largest())
            .collect();
        let n_images = self.seen().len();
        let layers: Vec<NamedValues<'_>> = members
            .iter()
            .zip(&values)
            .map(|(&(network, _), values)| {
                let table = UnitValues::new(values, n_images, values.len() / n_images.max(1))?;
                Ok(NamedValues { name: &self.findings[network].id, values: table })
            })
            .collect::<Result<_, Failure>>()?;
        let groups: Vec<&str> = self.seen().iter().map(|seen| seen.group.as_str()).collect();
        let found = match_layers(&layers, &groups, &self.config.matching)?;
        let places: Vec<(usize, usize)> =
            (0..members.len()).flat_map(|a| (a + 1..members.len()).map(move |b| (a, b))).collect();
        let pairs = places.iter().zip(&found).map(|(&members, matching)| PairView {
            members,
            mean_best: matching.a.mean_best,
            mean_best_shuffled: matching.a.mean_best_by_chance,
            n_mutual: matching.n_mutual,
            n_units: matching.a.units.len(),
        });
        let of_first: Vec<_> =
            places.iter().zip(&found).filter(|((a, _), _)| *a == 0).map(|(_, found)| &found.a).collect();
        let n_units = of_first.first().map_or(0, |layer| layer.units.len());
        let row = |channel: usize| SideBySideRow {
            channel,
            matches: of_first
                .iter()
                .map(|layer| {
                    let unit = &layer.units[channel];
                    unit.best.first().map(|candidate| MatchView {
                        channel: candidate.unit,
                        correlation: candidate.pearson,
                        mutual: unit.mutual,
                    })
                })
                .collect(),
        };
        let names: Vec<&str> =
            members.iter().map(|&(network, _)| self.findings[network].id.as_str()).collect();
        Ok(SideBySideView {
            id: slug(name),
            title: format!("{name} of {}", names.join(", ")),
            pairs: pairs.collect(),
            rows: (0..n_units).map(row).collect(),
            how: "Units are matched by Pearson's correlation of their largest activations over the same micrographs."
                .to_owned(),
            members,
        })
    }

    fn self_test(&self, network: usize) -> Option<SelfTestView> {
        let findings = &self.findings[network];
        let questions: Vec<QuestionView> = findings
            .questions
            .iter()
            .filter_map(|question| question_view(network, findings, question))
            .collect();
        (!questions.is_empty()).then_some(SelfTestView { network, seed: self.config.seed, questions })
    }
}

fn question_view(
    network: usize,
    findings: &Findings,
    question: &machine_score::Question,
) -> Option<QuestionView> {
    let (layer, channel) = question.unit.rsplit_once(':')?;
    let layer = findings.survey.layers.iter().position(|found| found.layer == layer)?;
    let channel = channel.parse().ok()?;
    let exemplars = &findings.exemplars[layer][channel];
    let patches: Vec<_> = ends(exemplars).collect();
    let all = |places: &[usize]| {
        let chosen: Vec<_> =
            places.iter().filter_map(|&place| patches.get(place).copied().cloned()).collect();
        views(&chosen)
    };
    Some(QuestionView {
        unit: UnitRef { network, layer, channel },
        strongest: all(&question.strongest),
        weakest: all(&question.weakest),
        queries: [view(patches.get(question.left)?), view(patches.get(question.right)?)],
        answer: usize::from(question.driving == machine_score::Side::Right),
        machine_score: findings.machine_score(layer, channel),
    })
}

/// What the controls say against a contrast: one that finds half as much or more.
fn doubts(compared: &Compared) -> Vec<String> {
    let n_found = compared.contrast.n_found;
    let others = compared.controls.others.iter();
    others
        .filter(|other| n_found > 0 && 2 * other.n_found >= n_found)
        .map(|other| {
            format!(
                "the control \u{201c}{}\u{201d} finds {} of {} units, too; so the difference need not be what the network has learnt of specimens: compare micrographs of the same sources and settings",
                other.name, other.n_found, other.n_units
            )
        })
        .collect()
}

fn controls(compared: &Compared) -> Vec<ControlView> {
    let Compared { contrast, controls } = compared;
    let shuffled = &controls.shuffled;
    let mut views = vec![ControlView {
        name: "shuffled labels".to_owned(),
        what: format!(
            "Labels exchanged among groups, again and again: a unit is to be found in at most {:.0} % of the runs.",
            100.0 * controls.config.false_share
        ),
        n_units: contrast.n_units,
        n_found: shuffled.most_found as f64,
        any_found: Some((shuffled.share, shuffled.n_runs)),
        largest_effect: None,
    }];
    views.extend(controls.others.iter().map(|other| ControlView {
        name: other.name.clone(),
        what: match other.name.as_str() {
            "random weights" => {
                "The same network before it learnt anything: what it finds is told by brightness and texture alone."
            }
            _ => "Only the strips that the instrument writes: what is found there is not the specimen.",
        }
        .to_owned(),
        n_units: other.n_units,
        n_found: other.n_found as f64,
        any_found: None,
        largest_effect: Some(other.largest_distance),
    }));
    views
}

fn what(network: &Network) -> String {
    let last = network.layers().last().map_or(0, |layer| layer.n_channels);
    match network.architecture() {
        Architecture::Autoencoder(config) => format!(
            "Autoencoder of {} stages, trained to give micrographs back through a code of {} channels",
            config.stages.len(),
            config.latent
        ),
        Architecture::Compact(_) => {
            format!("Classifier of {} stages that tells {last} classes", network.n_stages())
        }
        Architecture::Published(config) => format!("{}, trained on photos by others", config.network.name()),
        Architecture::Transfer(config) => {
            format!("{} with a head that tells {last} classes", config.trunk.network.name())
        }
    }
}

fn facts(network: &Network) -> Vec<(String, String)> {
    let n_weights: usize = network.layers().iter().map(|layer| layer.n_weights).sum();
    let mut facts = vec![
        ("Weights and biases".to_owned(), n_weights.to_string()),
        ("Ran on".to_owned(), network.device().to_string()),
    ];
    if let Some(classes) = network.classes() {
        facts.push(("Classes".to_owned(), classes.join(", ")));
    }
    facts
}

/// Names of classes as one.
fn joined(names: &[String]) -> String {
    names.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>().join(" or ")
}

/// As a part of an address.
fn slug(text: &str) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || letter == '.';
    let text: String = text.to_lowercase().chars().map(|c| if kept(c) { c } else { '-' }).collect();
    text.trim_matches('-').to_owned()
}
