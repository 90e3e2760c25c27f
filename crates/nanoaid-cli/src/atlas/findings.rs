//! All that is found out about one network before its pages are made.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nanoaid::data::dataset::Dataset;
use nanoaid::interpret::activation_index::{ActivationIndex, ImageArea};
use nanoaid::interpret::differential::{DifferentialAnalysis, DifferentialConfig, Question};
use nanoaid::interpret::exemplar::{ActivationReader, ChooseConfig, UnitExemplars, choose};
use nanoaid::interpret::matching::{MatchConfig, Matching, NamedValues, match_layers};
use nanoaid::interpret::tuning::{NetworkTuning, TuningConfig, TuningStep, tune};
use nanoaid::interpret::unit_values::UnitValues;
use nanoaid::interpret::visualize::Preset;
use nanoaid::{Network, interpret::machine_score};

use super::contrasts::{Compared, compared, each_against_rest};
use super::pictures::{LayerPictures, pictures};
use super::planes::Planes;
use super::scores::{UnitScores, scores, self_test};
use super::units::{Units, largest};
use crate::command::{gray_network, not_empty, surveyed};
use crate::outcome::{Failure, say};
use nanoaid::output::OutputFolder;

/// What decides besides networks and micrographs.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct AtlasConfig {
    /// Layers that are shown, where a network has them; the usual ones if none is named.
    pub layers: Vec<String>,
    /// Presets of the synthetic pictures.
    pub presets: Vec<String>,
    /// Most steps of the synthetic pictures; those of the presets if absent.
    pub steps: Option<usize>,
    /// Exemplars.
    pub choose: ChooseConfig,
    /// Synthetic stimuli.
    pub tuning: TuningConfig,
    /// Class against class.
    pub contrast: DifferentialConfig,
    /// Units that answer alike.
    pub matching: MatchConfig,
    /// Seed of the self-test and of the network of random weights.
    pub seed: u64,
}

/// What was found out about a network.
pub(crate) struct Findings {
    pub run: PathBuf,
    /// Its folder in the site.
    pub id: String,
    pub network: Network,
    pub survey: ActivationIndex,
    pub units: Units,
    /// `[layer][channel]`.
    pub exemplars: Vec<Vec<UnitExemplars>>,
    pub tuning: NetworkTuning,
    pub presets: Vec<Preset>,
    /// `[preset][layer][channel]`.
    pub pictures: Vec<Vec<LayerPictures>>,
    /// `[layer][channel]`.
    pub scores: Vec<Vec<UnitScores>>,
    pub questions: Vec<machine_score::Question>,
    /// Each class against all others, by name.
    pub rest: Vec<DifferentialAnalysis>,
    pub compared: Vec<Compared>,
    /// Units of this network that answer alike, itself among them.
    pub alike: Matching,
}

/// A network and what it answered to the micrographs; its parts are kept in `folder`, so that they are
/// not made again.
pub(crate) struct Surveyed {
    pub run: PathBuf,
    pub id: String,
    pub network: Network,
    pub survey: ActivationIndex,
    folder: OutputFolder,
    layers: Vec<String>,
}

impl Surveyed {
    /// Surveys `dataset` with the network of `run`: with those of the `wanted` layers that it has, or
    /// the usual ones.
    pub(crate) fn of(
        (run, id): (&Path, String),
        device: nanoaid::Device,
        wanted: &[String],
        dataset: &Dataset,
        folder: OutputFolder,
    ) -> Result<Self, Failure> {
        let network = gray_network(run, device)?;
        let mut layers = ActivationReader::usual_layers(&network);
        if !wanted.is_empty() {
            layers = wanted.iter().filter(|name| network.layer(name).is_some()).cloned().collect();
            if layers.is_empty() {
                let known: Vec<&str> = network.layers().iter().map(|layer| layer.name.as_str()).collect();
                let text = format!("--layer: {id} has none of these, expected one of: {}", known.join(", "));
                return Err(Failure::new(text));
            }
        }
        say(&format!("{id}: real micrographs"));
        let survey = surveyed(&network, &layers, (dataset, ImageArea::Specimen), &folder.file("survey"))?;
        not_empty(&survey, dataset)?;
        Ok(Self { run: run.to_owned(), id, network, survey, folder, layers })
    }
}

/// Leaves only micrographs that all networks have seen: a small one may be too small for some.
pub(crate) fn in_common(networks: &mut [Surveyed]) {
    let mut common: BTreeSet<(String, String)> = BTreeSet::new();
    for (index, network) in networks.iter().enumerate() {
        let seen = network.survey.seen.iter().map(|seen| (seen.file.clone(), seen.sha256.clone()));
        let seen: BTreeSet<_> = seen.collect();
        common = if index == 0 { seen } else { common.intersection(&seen).cloned().collect() };
    }
    for network in networks {
        network.survey.retain(|seen| common.contains(&(seen.file.clone(), seen.sha256.clone())));
    }
}

impl Findings {
    /// Finds out; what was kept before is not made again.
    pub(crate) fn of(
        surveyed: Surveyed,
        dataset: &Dataset,
        (presets, questions): (&[Preset], &[Question]),
        config: &AtlasConfig,
    ) -> Result<Self, Failure> {
        let Surveyed { run, id, network, survey, folder, layers } = surveyed;
        let look = |network: &Network, subject, name: &str| {
            crate::command::surveyed(network, &layers, (dataset, subject), &folder.file(name))
        };
        say(&format!("{id}: controls"));
        let random = Network::random(network.architecture().clone(), config.seed, network.device())?;
        let random = look(&random, ImageArea::Specimen, "survey-random-weights")?;
        let bars = look(&network, ImageArea::DataBar, "survey-data-bars")?;

        say(&format!("{}: synthetic stimuli", id));
        let tuning = tuning(&network, &layers, &config.tuning, &folder)?;

        say(&format!("{}: synthetic pictures", id));
        let pictures: Vec<Vec<LayerPictures>> = presets
            .iter()
            .map(|&preset| {
                let folder = folder.folder(&format!("pictures-{preset}"))?;
                pictures(&network, &run, &survey, (preset, config.steps), &folder)
            })
            .collect::<Result<_, _>>()?;

        say(&format!("{}: exemplars, machine scores", id));
        let mut exemplars = Vec::new();
        let mut all_scores = Vec::new();
        let mut planes = Planes::new(dataset, &survey.seen);
        for (index, answers) in survey.layers.iter().enumerate() {
            let layer = network.layer(&answers.layer).expect("the survey is of this network");
            let chosen: Vec<UnitExemplars> = (0..answers.n_channels)
                .map(|channel| {
                    choose((&survey.seen, &survey.alike), (layer, answers), channel, &config.choose)
                })
                .collect();
            let shown: Vec<Vec<Option<micrograph::Plane>>> = pictures
                .iter()
                .map(|of_preset| of_preset[index].iter().map(|picture| Some(picture.plane.clone())).collect())
                .collect();
            all_scores.push(scores(&survey, &mut planes, &chosen, &shown)?);
            exemplars.push(chosen);
        }
        let questions_of_test = questions_of(&survey, &exemplars, config.seed);

        say(&format!("{}: class against class", id));
        let rest = each_against_rest(&survey, &config.contrast)?;
        let others = [("random weights", &random), ("data bar alone", &bars)];
        let compared = questions
            .iter()
            .map(|question| compared(&survey, &others, question, &config.contrast))
            .collect::<Result<_, _>>()?;
        let alike = alike(&survey, &config.matching)?;
        Ok(Self {
            run,
            id,
            units: Units::of(&survey),
            network,
            survey,
            exemplars,
            tuning,
            presets: presets.to_vec(),
            pictures,
            scores: all_scores,
            questions: questions_of_test,
            rest,
            compared,
            alike,
        })
    }

    /// Machine score of a unit by its real exemplars.
    pub(crate) fn machine_score(&self, layer: usize, channel: usize) -> Option<f64> {
        self.scores[layer][channel].real.score().map(|score| score.value)
    }
}

/// The tuning that is kept in `folder`, if it is of this network and these settings, else a new one.
fn tuning(
    network: &Network,
    layers: &[String],
    config: &TuningConfig,
    folder: &OutputFolder,
) -> Result<NetworkTuning, Failure> {
    const FILE: &str = "tuning.json";
    let kept = fs::read(folder.file(FILE)).ok();
    if let Some(kept) = kept.and_then(|text| serde_json::from_slice::<NetworkTuning>(&text).ok()) {
        let same_layers = kept.layers.iter().map(|layer| &layer.layer).eq(layers);
        if kept.network_sha256 == network.sha256() && kept.config == *config && same_layers {
            return Ok(kept);
        }
    }
    let names: Vec<&str> = layers.iter().map(String::as_str).collect();
    let found = tune(network, &names, config, &mut |step| match step {
        TuningStep::AllStimuli { layer } => say(&format!("  {layer}: all stimuli")),
        TuningStep::Refine { layer } => say(&format!("  {layer}: each unit's own")),
    })?;
    folder.write_json(FILE, &found)?;
    Ok(found)
}

fn questions_of(
    survey: &ActivationIndex,
    exemplars: &[Vec<UnitExemplars>],
    seed: u64,
) -> Vec<machine_score::Question> {
    let named: Vec<(String, &UnitExemplars)> = survey
        .layers
        .iter()
        .zip(exemplars)
        .flat_map(|(layer, units)| {
            let live = units.iter().filter(|unit| !unit.dead);
            live.map(|unit| (format!("{}:{}", layer.layer, unit.channel), unit))
        })
        .collect();
    self_test(survey, &named, seed)
}

/// Units that answer alike within one network.
fn alike(survey: &ActivationIndex, config: &MatchConfig) -> Result<Matching, Failure> {
    let values = largest(survey);
    let values = UnitValues::new(&values, survey.seen.len(), Units::of(survey).n())?;
    let groups: Vec<&str> = survey.seen.iter().map(|seen| seen.group.as_str()).collect();
    let both = [NamedValues { name: "these", values }, NamedValues { name: "the same", values }];
    let mut found = match_layers(&both, &groups, config)?;
    Ok(found.remove(0))
}
