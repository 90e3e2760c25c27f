//! Experiment with a classifier: train, evaluate on the test split, audit for shortcuts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::begin::{RunPlan, begin};
use super::{Event, ExperimentError, OnEvent, unless_ended};
use crate::data::dataset::{Dataset, Split};
use crate::evaluate::classifier::{Audit, ClassifierReport, EvaluateConfig, audit, evaluate};
use crate::evaluate::score::{score, test_scores};
use crate::network::CompactConfig;
use crate::output::json_text;
use crate::run::{BaseUsed, ClassifierSettings, RunFolder, RunSettings};
use crate::train::{
    self, Base, ClassifierConfig, FrozenFit, StartFrom, TrainError, Trained, TrainedClassifier, TrainingCurve,
};
use crate::{Architecture, Device, Network};

/// The network whose weights or architecture a classifier starts from.
#[derive(Clone, Debug)]
pub struct BaseNetwork {
    /// The network.
    pub network: Network,
    /// Where it comes from. Our own network takes the encoder of an autoencoder over; others keep their architecture.
    pub used: BaseUsed,
}

impl BaseNetwork {
    /// The network of a run folder, or a built-in one, which `run` names.
    pub fn of_run(run: PathBuf, network: Network) -> Self {
        let sha256 = network.sha256().to_owned();
        let used = match network.architecture() {
            Architecture::Autoencoder(_) => BaseUsed::Encoder { encoder_of: run, sha256 },
            _ => BaseUsed::Classifier { classifier: run, sha256 },
        };
        Self { network, used }
    }
}

/// What is trained.
#[derive(Clone, Debug, Default)]
pub struct ClassifierPlan {
    /// How it is trained.
    pub config: ClassifierConfig,
    /// Height and width at which our own network sees a square of a micrograph; `None`: the default.
    pub view_px: Option<usize>,
    /// What it starts from; with a random start, only its architecture counts.
    pub base: Option<BaseNetwork>,
}

/// A trained classifier, evaluated and audited.
#[derive(Clone, Debug)]
pub struct ClassifierExperiment {
    /// The run folder; [`RunFolder::finish`] ends it.
    pub run: RunFolder,
    /// The network and its training.
    pub trained: Trained,
    /// All figures.
    pub result: ClassifierResult,
    /// What the network is.
    pub network: NetworkSummary,
    /// Small pictures of wrongly classified test micrographs, as the network saw them: PNG by file.
    pub mistakes: BTreeMap<String, Vec<u8>>,
}

/// All figures of a classifier; `result.json` of its run folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifierResult {
    /// How good it is on the test split.
    pub report: ClassifierReport,
    /// Whether it reads the data bar; `None` where no test micrograph has one.
    pub audit: Option<Audit>,
    /// The learning curve; empty of a frozen start.
    pub curve: TrainingCurve,
    /// Heads that were fitted to frozen features; empty of other starts.
    pub fits: Vec<FrozenFit>,
    /// Where groups were left out: how good a head is on the micrographs of groups that it was not
    /// fitted to, those of the training split and of the test split together, without a temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<ClassifierReport>,
}

/// What a network is, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSummary {
    /// Name of a published network, or `our own`.
    pub name: String,
    /// Weights and biases.
    pub n_weights: usize,
}

impl NetworkSummary {
    /// Of `network`.
    pub fn of(network: &Network) -> Self {
        let name = match network.architecture() {
            Architecture::Transfer(config) => config.trunk.network.name(),
            Architecture::Published(config) => config.network.name(),
            Architecture::Autoencoder(_) | Architecture::Compact(_) | Architecture::Segmenter(_) => "our own",
            Architecture::Imported(_) => "of an ONNX file",
        };
        let name = name.to_owned();
        Self { name, n_weights: network.layers().iter().map(|layer| layer.n_weights).sum() }
    }
}

/// Trains a classifier of the categories of `dataset`, evaluates it on the test split and audits it
/// there. Each test micrograph is read once.
///
/// # Errors
/// If the data, the settings, the base or the run folder cannot be used, the training fails, or `on`
/// breaks.
pub fn classifier(
    dataset: &Dataset,
    plan: &ClassifierPlan,
    run_plan: &RunPlan<'_>,
    on: &mut OnEvent<'_>,
) -> Result<ClassifierExperiment, ExperimentError> {
    let config = &plan.config;
    let base = base(plan, classes_of(dataset)?, run_plan.device)?;
    check_splits(dataset, config)?;
    let settings = RunSettings::Classifier(Box::new(ClassifierSettings {
        config: config.clone(),
        base: plan.base.as_ref().map(|base| base.used.clone()),
        architecture: base.network.architecture().clone(),
    }));
    let (mut run, lengthened) = begin(dataset, settings, &toml::to_string(config)?, run_plan)?;
    if let Some(from) = lengthened {
        unless_ended(on(Event::Lengthened { from, epochs: config.epochs }))?;
    }
    let TrainedClassifier { trained, fits, left_out } =
        train::classifier(dataset, &base, config, &mut run, &mut |progress| on(Event::Training(progress)))?;
    unless_ended(on(Event::Skipped(&trained.skipped)))?;
    let network = &trained.network;
    let (mut validation, _) = score(network, dataset, Split::Validation);
    validation.extend_from_slice(&left_out);
    let scores = test_scores(network, dataset, Split::Test, &mut |n_done, n_images| {
        on(Event::Evaluating { n_done, n_images })
    })
    .ok_or(ExperimentError::Cancelled)?;
    unless_ended(on(Event::Skipped(&scores.skipped)))?;
    let classes = network.classes().unwrap_or_default();
    let evaluation = EvaluateConfig { seed: config.seed, ..EvaluateConfig::default() };
    let report = evaluate(classes, &scores.scored, &validation, &evaluation)?;
    let left_out = match left_out {
        none if none.is_empty() => None,
        mut all => {
            all.extend_from_slice(&scores.scored);
            Some(evaluate(classes, &all, &[], &evaluation)?)
        }
    };
    let sets = scores.audit.sets();
    let audit = if sets.full.is_empty() { None } else { Some(audit(classes, sets, &evaluation)?) };
    let curve = TrainingCurve { rows: trained.curve.clone(), best_epoch: trained.best_epoch };
    let result = ClassifierResult { report, audit, curve, fits, left_out };
    run.write("curves.csv", result.curve.to_csv().as_bytes())?;
    run.write("predictions.csv", result.report.csv().as_bytes())?;
    run.write("classes.csv", result.report.class_csv().as_bytes())?;
    run.write("result.json", json_text(&result)?.as_bytes())?;
    let network = NetworkSummary::of(network);
    Ok(ClassifierExperiment { run, trained, result, network, mistakes: scores.mistakes })
}

/// The categories of the training split, in order.
fn classes_of(dataset: &Dataset) -> Result<Vec<String>, ExperimentError> {
    let mut classes: Vec<String> =
        dataset.of(Split::Train).filter_map(|entry| entry.category.clone()).collect();
    classes.sort();
    classes.dedup();
    if classes.len() < 2 {
        return Err(ExperimentError::TooFewCategories { found: classes.len() });
    }
    Ok(classes)
}

/// Refuses, before anything is written, a split that leaves nothing to learn from or to choose by.
fn check_splits(dataset: &Dataset, config: &ClassifierConfig) -> Result<(), ExperimentError> {
    let n_labelled = |split: Split| dataset.of(split).filter(|entry| entry.category.is_some()).count();
    for (split, part) in [(Split::Train, "training"), (Split::Validation, "validation")] {
        if n_labelled(split) == 0 && (split == Split::Train || !config.leave_groups_out) {
            let n = dataset.entries.len();
            let reason = format!(
                "the split leaves it none of the {n} micrographs; add micrographs, or change the split's shares and seed"
            );
            return Err(TrainError::NoPatches { part, reason }.into());
        }
    }
    Ok(())
}

/// The network before the first step.
fn base(plan: &ClassifierPlan, classes: Vec<String>, device: Device) -> Result<Base, ExperimentError> {
    let config = &plan.config;
    let random = config.start == StartFrom::Random;
    let network = match &plan.base {
        None if random => compact(plan, None, classes, device)?,
        None => return Err(ExperimentError::NoBase { start: config.start.name() }),
        Some(base) if matches!(base.network.architecture(), Architecture::Autoencoder(_)) => {
            compact(plan, Some(&base.network), classes, device)?
        }
        Some(base) => {
            let seed = config.seed;
            let base = if random {
                &Network::random(base.network.architecture().clone(), seed, device)?
            } else {
                &base.network
            };
            Network::transfer(base, classes, config.pooled.clone(), seed)?
        }
    };
    Ok(Base { network, trained: !random })
}

/// Our own network, with the stages of an autoencoder, and their weights unless the start is random.
fn compact(
    plan: &ClassifierPlan,
    autoencoder: Option<&Network>,
    classes: Vec<String>,
    device: Device,
) -> Result<Network, ExperimentError> {
    let mut compact = CompactConfig { classes, ..CompactConfig::default() };
    compact.view_px = plan.view_px.unwrap_or(compact.view_px);
    if let Some(Architecture::Autoencoder(autoencoder)) = autoencoder.map(Network::architecture) {
        compact.stages.clone_from(&autoencoder.stages);
        compact.normed_stages = autoencoder.residual_blocks > 0;
    }
    let mut network = Network::random(Architecture::Compact(compact), plan.config.seed, device)?;
    if let Some(autoencoder) = autoencoder
        && plan.config.start != StartFrom::Random
    {
        network.take_over_encoder(autoencoder)?;
    }
    Ok(network)
}
