//! How an atlas is made: the protocol, network by network.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use micrograph::Plane;
use serde::Serialize;

use super::activations::{Ranks, Spread};
use super::comparison::{self, DATA_BARS, RANDOM_WEIGHTS};
use super::lower::lower;
use super::network::Measured;
use super::pictures::pictures;
use super::planes::Planes;
use super::scores::{scores, self_test};
use super::{
    AgainstRest, Atlas, AtlasConfig, AtlasError, AtlasInput, AtlasStep, BestClass, LayerAtlas, NetworkAtlas,
    NetworkOfRun, UnitAtlas, UnitPicture, UnitSummary, alike, network_ids, once, usual_question,
};
use crate::data::dataset::{Dataset, Skipped};
use crate::interpret::activation_index::{ActivationIndex, ImageArea, index_folder};
use crate::interpret::differential::{Labelled, Question, UnitDifference};
use crate::interpret::exemplar::{ActivationReader, UnitExemplars, choose};
use crate::interpret::tuning::{NetworkTuning, Preferred, TuningConfig, tune};
use crate::output::OutputFolder;
use crate::{Address, Network};

type Progress<'a> = dyn FnMut(AtlasStep<'_>) -> ControlFlow<()> + 'a;

/// A part of the work on a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AtlasPart {
    /// The pass over the specimens of the data set.
    Micrographs,
    /// The same with random weights, then over the data bars alone.
    Controls,
    /// Gratings, lattices, discs, noise.
    Stimuli,
    /// Pictures by gradient ascent.
    Pictures,
    /// Exemplars and their machine scores.
    Exemplars,
    /// Differential analysis, and units that are alike.
    Comparisons,
}

/// A network, its index, and the folder in which parts are kept.
struct Indexed {
    run: PathBuf,
    id: String,
    network: Network,
    index: ActivationIndex,
    folder: OutputFolder,
    layers: Vec<String>,
}

impl Atlas {
    /// Makes the atlas. Parts that `kept` holds already, made with the same settings, are read from
    /// there. `progress` is called before each part and as it goes on; on [`ControlFlow::Break`] the
    /// work ends at the next micrograph, step or part.
    ///
    /// # Errors
    /// If a network has none of the layers, no micrograph can be read by all networks, a class of a
    /// question does not occur, `kept` holds something else or cannot be written, or `progress` ended
    /// the work.
    pub fn build(
        input: AtlasInput<'_>,
        kept: &OutputFolder,
        progress: &mut dyn FnMut(AtlasStep<'_>) -> ControlFlow<()>,
    ) -> Result<Self, AtlasError> {
        let AtlasInput { networks, dataset, questions, config } = input;
        for &preset in &config.presets {
            config.pictures(preset).checked()?;
        }
        let ids = network_ids(networks.iter().map(|network| network.run.as_path()));
        let mut indexed: Vec<Indexed> = Vec::new();
        for (network, id) in networks.into_iter().zip(ids) {
            let folder = kept.folder(&id)?;
            indexed.push(Indexed::of(network, id, &config.layers, dataset, folder, progress)?);
        }
        let skipped = in_common(&mut indexed);
        let first = indexed.first().ok_or(AtlasError::NoNetwork)?;
        if first.index.seen.is_empty() {
            let reason = skipped.first().map_or(String::new(), |one| format!("{}: {}", one.file, one.reason));
            return Err(AtlasError::NoMicrograph { root: dataset.root.clone(), reason });
        }
        let micrographs = first.index.seen.clone();
        let labels: Vec<Labelled> = super::activations::labelled(&micrographs);
        let questions = match questions.is_empty() {
            true => usual_question(&micrographs).into_iter().collect(),
            false => questions,
        };
        for question in &questions {
            question.check(&labels)?;
        }
        let measured: Vec<Measured> = indexed
            .into_iter()
            .map(|network| network.measured(dataset, &questions, &config, progress))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            network_matches: alike::between(&measured, &config.matching)?,
            layer_matches: alike::by_layer(&measured, &config.matching)?,
            ranks: measured.iter().map(|network| Ranks::of(&network.index)).collect(),
            micrographs,
            classes: dataset.categories(),
            skipped,
            config,
            opened: measured.iter().map(|network| network.network.clone()).collect(),
            networks: measured.into_iter().map(|network| network.atlas).collect(),
        })
    }
}

/// Those of the `wanted` layers that `network` has, or the usual ones.
pub(super) fn layers_of(network: &Network, id: &str, wanted: &[String]) -> Result<Vec<String>, AtlasError> {
    if wanted.is_empty() {
        return Ok(ActivationReader::usual_layers(network));
    }
    let layers: Vec<String> = wanted.iter().filter(|name| network.layer(name).is_some()).cloned().collect();
    if layers.is_empty() {
        let known: Vec<&str> = network.layers().iter().map(|layer| layer.name.as_str()).collect();
        let (network, wanted, known) = (id.to_owned(), wanted.join(", "), known.join(", "));
        return Err(AtlasError::NoLayer { network, wanted, known });
    }
    Ok(layers)
}

fn step(progress: &mut Progress<'_>, step: AtlasStep<'_>) -> Result<(), AtlasError> {
    if progress(step).is_break() { Err(AtlasError::Cancelled) } else { Ok(()) }
}

impl Indexed {
    /// Passes the micrographs of `dataset` through those of the `wanted` layers that the network has, or
    /// the usual ones.
    fn of(
        NetworkOfRun { run, network }: NetworkOfRun,
        id: String,
        wanted: &[String],
        dataset: &Dataset,
        folder: OutputFolder,
        progress: &mut Progress<'_>,
    ) -> Result<Self, AtlasError> {
        let layers = layers_of(&network, &id, wanted)?;
        step(progress, AtlasStep::Part { network: &id, part: AtlasPart::Micrographs })?;
        let index = pass(&network, &layers, (dataset, ImageArea::Specimen), (&folder, ""), progress)?;
        Ok(Self { run, id, network, index, folder, layers })
    }

    /// Measures everything else.
    fn measured(
        self,
        dataset: &Dataset,
        questions: &[Question],
        config: &AtlasConfig,
        progress: &mut Progress<'_>,
    ) -> Result<Measured, AtlasError> {
        let begin =
            |part, progress: &mut Progress<'_>| step(progress, AtlasStep::Part { network: &self.id, part });
        begin(AtlasPart::Controls, progress)?;
        let (specimens, bars) = ((dataset, ImageArea::Specimen), (dataset, ImageArea::DataBar));
        let random =
            Network::random(self.network.architecture().clone(), config.seed, self.network.device())?;
        let random = pass(&random, &self.layers, specimens, (&self.folder, "-random-weights"), progress)?;
        let bars = pass(&self.network, &self.layers, bars, (&self.folder, "-data-bars"), progress)?;

        begin(AtlasPart::Stimuli, progress)?;
        let tuning = self.tuning(&config.tuning, progress)?;

        begin(AtlasPart::Pictures, progress)?;
        let mut by_preset = Vec::new();
        for &preset in &config.presets {
            let folder = self.folder.folder(&format!("pictures-{preset}"))?;
            let how = (preset, config.pictures(preset));
            by_preset.push(pictures(&self.network, &self.run, &self.index, how, &folder, progress)?);
        }

        begin(AtlasPart::Exemplars, progress)?;
        let mut layers = self.layers(dataset, config, tuning, by_preset)?;

        begin(AtlasPart::Comparisons, progress)?;
        let against_rest = comparison::each_against_rest(&self.index, &random, &config.contrast)?;
        let others = [(RANDOM_WEIGHTS, &random), (DATA_BARS, &bars)];
        let comparisons = questions
            .iter()
            .map(|question| comparison::compared(&self.index, &others, question, &config.contrast))
            .collect::<Result<_, _>>()?;
        set_classes(&mut layers, &against_rest, config.contrast.false_share);
        let atlas = NetworkAtlas {
            run: self.run,
            sha256: self.network.sha256().to_owned(),
            architecture: self.network.architecture().clone(),
            n_stages: self.network.n_stages(),
            n_weights: self.network.layers().iter().map(|layer| layer.n_weights).sum(),
            classes: self.network.classes().map(<[String]>::to_vec),
            device: self.network.device().to_string(),
            against_rest,
            comparisons,
            alike: alike::within(&self.index, &config.matching)?,
            questions: questions_of_test(&self.index, &layers, config.seed),
            layers,
            id: self.id,
        };
        Ok(Measured { atlas, index: self.index, network: self.network })
    }

    /// The tuning that is kept, if it is of this network and these settings, else a new one.
    fn tuning(
        &self,
        config: &TuningConfig,
        progress: &mut Progress<'_>,
    ) -> Result<NetworkTuning, AtlasError> {
        const FILE: &str = "tuning.json";
        let kept = fs::read(self.folder.file(FILE)).ok();
        if let Some(kept) = kept.and_then(|text| serde_json::from_slice::<NetworkTuning>(&text).ok()) {
            let same_layers = kept.layers.iter().map(|layer| &layer.layer).eq(&self.layers);
            if kept.network_sha256 == self.network.sha256() && kept.config == *config && same_layers {
                return Ok(kept);
            }
        }
        let names: Vec<&str> = self.layers.iter().map(String::as_str).collect();
        let found = tune(&self.network, &names, config, &mut |part| progress(AtlasStep::Tuning(part)))?;
        self.folder.write_json(FILE, &found)?;
        Ok(found)
    }

    /// Exemplars and scores of all units, with their tuning and pictures; `pictures` by preset, layer
    /// and channel.
    fn layers(
        &self,
        dataset: &Dataset,
        config: &AtlasConfig,
        tuning: NetworkTuning,
        mut pictures: Vec<Vec<Vec<UnitPicture>>>,
    ) -> Result<Vec<LayerAtlas>, AtlasError> {
        let seen = &self.index.seen;
        let mut planes = Planes::new(dataset, seen);
        let mut layers = Vec::new();
        for ((number, answers), tuning) in self.index.layers.iter().enumerate().zip(tuning.layers) {
            let layer = self.network.layer(&answers.layer).expect("the index is of this network");
            let exemplars: Vec<UnitExemplars> = (0..answers.n_channels)
                .map(|channel| choose((seen, &self.index.alike), (layer, answers), channel, &config.choose))
                .collect();
            let mut pictures: Vec<Vec<UnitPicture>> =
                pictures.iter_mut().map(|of_preset| std::mem::take(&mut of_preset[number])).collect();
            let shown: Vec<Vec<Plane>> = pictures
                .iter_mut()
                .map(|pictures| pictures.iter_mut().map(UnitPicture::take_plane).collect())
                .collect();
            let scores = scores(seen, &mut planes, &exemplars, &shown)?;
            let mut pictures: Vec<_> = pictures.into_iter().map(Vec::into_iter).collect();
            let is_last = self.network.layers().last().is_some_and(|last| last.name == answers.layer);
            let classes = self.network.classes().filter(|_| is_last);
            let units =
                exemplars.into_iter().zip(scores).enumerate().map(|(channel, (exemplars, scores))| {
                    let spread = Spread::of(answers, channel);
                    let preferred = tuning.units.get(channel).and_then(|unit| unit.grating.preferred());
                    let summary = UnitSummary {
                        name: classes.and_then(|classes| classes.get(channel).cloned()),
                        dead: exemplars.dead,
                        largest: spread.largest,
                        median: spread.median,
                        firing_share: spread.firing_share,
                        period_px: preferred.and_then(Preferred::period_px),
                        axis_deg: preferred.and_then(|preferred| preferred.axis_deg),
                        selectivity: preferred.map(|preferred| preferred.selectivity),
                        machine_score: scores.real.score().map(|score| score.value),
                        class: None,
                    };
                    let pictures = pictures.iter_mut().filter_map(Iterator::next).collect();
                    UnitAtlas { summary, exemplars, pictures, scores }
                });
            let units = units.collect();
            let lower = lower(&self.network, &self.layers, number);
            layers.push(LayerAtlas { layer: layer.clone(), units, tuning, lower });
        }
        Ok(layers)
    }
}

/// A pass over the data set, kept in the folder of that name.
fn pass(
    network: &Network,
    layers: &[String],
    dataset: (&Dataset, ImageArea),
    (folder, name): (&OutputFolder, &str),
    progress: &mut Progress<'_>,
) -> Result<ActivationIndex, AtlasError> {
    let folder = index_folder(folder.path(), name);
    let found = ActivationIndex::build(network, layers, dataset, &folder, &mut |done, total| {
        progress(AtlasStep::Micrographs { done, total })
    })?;
    Ok(found)
}

/// Keeps only micrographs that all networks have read: a small one may be too small for some. Returns
/// those that are left out.
fn in_common(networks: &mut [Indexed]) -> Vec<Skipped> {
    let mut common: BTreeSet<(String, String)> = BTreeSet::new();
    for (index, network) in networks.iter().enumerate() {
        let seen = network.index.seen.iter().map(|seen| (seen.file.clone(), seen.sha256.clone()));
        let seen: BTreeSet<_> = seen.collect();
        common = if index == 0 { seen } else { common.intersection(&seen).cloned().collect() };
    }
    for network in networks.iter_mut() {
        network.index.retain(|seen| common.contains(&(seen.file.clone(), seen.sha256.clone())));
    }
    once(networks.iter().flat_map(|network| network.index.skipped.iter().cloned()))
}

/// Sets the class that each unit separates best from the rest. A class of few micrographs is separated
/// by many units by chance, so only what counts as found is taken.
fn set_classes(layers: &mut [LayerAtlas], against_rest: &[AgainstRest], false_share: f64) {
    let units = layers.iter_mut().flat_map(|layer| &mut layer.units);
    for (number, unit) in units.enumerate() {
        let classes = against_rest.iter().filter_map(|AgainstRest { contrast, .. }| {
            let unit = &contrast.units[number];
            Some((contrast.a.classes.first()?, unit)).filter(|(_, unit)| unit.q <= false_share)
        });
        // in either direction: a unit may fire less for a class than for all others
        let distance = |unit: &UnitDifference| (unit.auc.value - 0.5).abs();
        let best = classes.max_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        unit.summary.class =
            best.map(|(class, unit)| BestClass { class: class.clone(), auc: unit.auc.value });
    }
}

fn questions_of_test(
    index: &ActivationIndex,
    layers: &[LayerAtlas],
    seed: u64,
) -> Vec<crate::interpret::machine_score::Question> {
    let named: Vec<(Address, &UnitExemplars)> = layers
        .iter()
        .flat_map(|layer| {
            let live = layer.units.iter().map(|unit| &unit.exemplars).filter(|unit| !unit.dead);
            live.map(|unit| (Address::channel(&layer.layer.name, unit.channel), unit))
        })
        .collect();
    self_test(&index.seen, &named, seed)
}
