//! `nanoaid train classifier`: a network that tells the categories of micrographs, from frozen
//! features, from a trained network, or from nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use micrograph::data_bar::DataBarChoice;
use micrograph::paint::{ColorMap, Picture, Sampling};
use micrograph::read;
use nanoaid::data::dataset::{Dataset, Split};
use nanoaid::evaluate::classifier::{Audit, AuditSets, ClassifierReport, JudgeConfig, audit, judge};
use nanoaid::evaluate::score::{audit_scores, score};
use nanoaid::hash::sha256;
use nanoaid::network::is_network;
use nanoaid::network::{CompactConfig, Published};
use nanoaid::run::RunFolder;
use nanoaid::train::{
    self, Base, ClassifierConfig, Progress as Step, StartFrom, TrainedClassifier, TrainingCurve,
};
use nanoaid::{Architecture, Device, Network};
use serde_json::json;

use crate::command::network::network;
use crate::command::training::{DataArguments, Existing, begun_run, change, read_settings, say_skipped};
use crate::outcome::{Failure, Outcome, print};
use crate::progress::Progress;
use nanoaid::output::json_text;
use nanoaid_pages as page;

/// Longest side of the picture of a mistake in pixels.
const MISTAKE_PX: usize = 320;

/// Arguments of `train classifier`; what is given here goes before the settings file.
#[derive(Args)]
pub(crate) struct ClassifierArguments {
    #[command(flatten)]
    data: DataArguments,
    /// What it starts from
    #[arg(long, value_enum, default_value_t = StartArgument::Random)]
    start: StartArgument,
    /// Network to start from: a safetensors file of a published network, or an autoencoder's run
    /// folder (`autoencoder` is the built-in one), whose encoder our own network takes over. With
    /// a random start, only its architecture
    #[arg(long, value_name = "FILE|RUN")]
    base: Option<PathBuf>,
    /// Which published network the file holds, where its weights fit several, e.g. `resnet18`
    #[arg(long, value_name = "NAME")]
    network: Option<Published>,
    /// Settings as TOML; keys as in `settings` of a run's manifest
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Height and width at which our own network sees a square of a micrograph, in pixels
    #[arg(long, value_name = "PX")]
    view: Option<usize>,
    /// Learn from the data bars too, as if they were specimen: the audit will tell what that does
    #[arg(long)]
    keep_data_bar: bool,
    /// Views in a gradient step
    #[arg(long)]
    batch: Option<usize>,
    /// Views in an epoch; 0: as many as there are micrographs to train on
    #[arg(long, value_name = "N")]
    views_per_epoch: Option<usize>,
    /// Epochs
    #[arg(long)]
    epochs: Option<usize>,
    /// Largest learning rate
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Epochs without a higher macro-F1 after which the training stops; 0: never
    #[arg(long, value_name = "EPOCHS")]
    patience: Option<usize>,
    /// Seed of weights and views; the split has its own
    #[arg(long)]
    seed: Option<u64>,
    /// Seed of the split, where the index does not tell it
    #[arg(long, default_value_t = 0)]
    split_seed: u64,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// Run folder that is written
    #[arg(long, value_name = "DIR", default_value = "run-classifier")]
    out: PathBuf,
    /// Go on with the training that the run folder holds
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Replace a run folder that is there already
    #[arg(long)]
    force: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StartArgument {
    /// The base stays as it is; a head is fitted to its features
    Frozen,
    /// The base's weights learn on
    FineTuned,
    /// Random weights
    Random,
}

/// Trains, judges on the test part, audits, and tells.
pub(super) fn run(arguments: &ClassifierArguments) -> Result<Outcome, Failure> {
    let config = arguments.config()?;
    let dataset = arguments.dataset()?;
    let classes = classes_of(&dataset)?;
    let (base, told) = arguments.base(&config, classes)?;
    let mut settings = serde_json::to_value(&config)?;
    settings["base"] = told;
    settings["architecture"] = serde_json::to_value(base.network.architecture())?;
    let existing = Existing::of_options(arguments.resume, arguments.force);
    let text = toml::to_string(&config)?;
    let mut run = begun_run(&dataset, settings, &text, arguments.device, &arguments.out, existing)?;
    let result = trained(&dataset, &base, &config, &mut run)?;
    say_skipped(&result.trained.skipped);
    let (report, audit) = judged(&result.trained.network, &dataset, config.seed)?;
    write(&mut run, &result, &report, audit.as_ref(), &dataset)?;
    run.set_status(result.trained.status)?;
    if arguments.json {
        print(&json_text(&report)?)?;
    } else {
        print(&summary(&report, &result, &arguments.out))?;
    }
    Ok(Outcome::of_skipped(dataset.skipped.len() + result.trained.skipped.len()))
}

impl ClassifierArguments {
    fn config(&self) -> Result<ClassifierConfig, Failure> {
        let mut config: ClassifierConfig = match &self.settings {
            Some(path) => read_settings(path)?,
            None => ClassifierConfig::default(),
        };
        config.start = match self.start {
            StartArgument::Frozen => StartFrom::Frozen,
            StartArgument::FineTuned => StartFrom::FineTuned,
            StartArgument::Random => StartFrom::Random,
        };
        change(&mut config.batch, self.batch.as_ref());
        change(&mut config.views_per_epoch, self.views_per_epoch.as_ref());
        change(&mut config.epochs, self.epochs.as_ref());
        change(&mut config.learning_rate, self.learning_rate.as_ref());
        change(&mut config.patience, self.patience.as_ref());
        change(&mut config.seed, self.seed.as_ref());
        Ok(config.checked()?)
    }

    fn dataset(&self) -> Result<Dataset, Failure> {
        let mut dataset = self.data.open(self.split_seed)?;
        if self.keep_data_bar {
            dataset.config.data_bar = DataBarChoice::Keep;
        }
        Ok(dataset)
    }

    /// The network to start from, and what the manifest tells of it.
    fn base(
        &self,
        config: &ClassifierConfig,
        classes: Vec<String>,
    ) -> Result<(Base, serde_json::Value), Failure> {
        let random = config.start == StartFrom::Random;
        let Some(path) = &self.base else {
            if !random {
                let what = config.start.name();
                return Err(Failure::new(format!("--start {what} needs --base, a network to start from")));
            }
            return Ok((Base { network: self.compact(config, None, classes)?, trained: false }, json!(null)));
        };
        if path.is_dir() || is_network(path) {
            let other = network(path, self.device)?;
            let told = json!({ "encoder_of": path, "sha256": sha256(other.to_bytes()) });
            let from = (!random).then_some(&other);
            let network = self.compact(config, from, classes)?;
            return Ok((Base { network, trained: !random }, told));
        }
        let bytes =
            std::fs::read(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        let published = Network::import(&bytes, self.network, self.device)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        let told =
            json!({ "file": path.file_name().map(|name| name.to_string_lossy()), "sha256": sha256(&bytes) });
        let published = if random {
            Network::random(published.architecture().clone(), config.seed, self.device)?
        } else {
            published
        };
        let network = Network::transfer(&published, classes, config.seed)?;
        Ok((Base { network, trained: !random }, told))
    }

    /// Our own network, with the encoder of `other`.
    fn compact(
        &self,
        config: &ClassifierConfig,
        other: Option<&Network>,
        classes: Vec<String>,
    ) -> Result<Network, Failure> {
        let mut compact = CompactConfig { classes, ..CompactConfig::default() };
        change(&mut compact.view_px, self.view.as_ref());
        if let Some(Architecture::Autoencoder(autoencoder)) = other.map(Network::architecture) {
            compact.stages.clone_from(&autoencoder.stages);
        }
        let mut network = Network::random(Architecture::Compact(compact), config.seed, self.device)?;
        if let Some(other) = other {
            let names = network.take_over_encoder(other)?;
            if names.is_empty() {
                return Err(Failure::new(
                    "--base: the run is no autoencoder, expected one with encoder stages",
                ));
            }
        }
        Ok(network)
    }
}

/// The categories of the training part, in order.
fn classes_of(dataset: &Dataset) -> Result<Vec<String>, Failure> {
    let mut classes: Vec<String> =
        dataset.of(Split::Train).filter_map(|entry| entry.category.clone()).collect();
    classes.sort();
    classes.dedup();
    if classes.len() < 2 {
        return Err(Failure::new(format!(
            "{} categories in the training part, expected at least 2: folders of categories, or an index with the column `category`",
            classes.len()
        )));
    }
    Ok(classes)
}

fn trained(
    dataset: &Dataset,
    base: &Base,
    config: &ClassifierConfig,
    run: &mut RunFolder,
) -> Result<TrainedClassifier, Failure> {
    let mut bar = Progress::new(0, "steps");
    let mut validation = String::from("–");
    let mut n_images = 0;
    let result = train::classifier(dataset, base, config, run, &mut |step| match step {
        Step::Step { step, n_steps, n_images: n, loss } => {
            n_images += n;
            let rate = n_images as f64 / bar.seconds();
            bar.set_length(n_steps as u64);
            bar.set(step as u64, &format!("loss {loss:.4}, validation {validation}, {rate:.0} images/s"));
        }
        Step::Epoch(row) => {
            let macro_f1 = row.validation_macro_f1.unwrap_or(f64::NAN);
            validation = format!("macro-F1 {macro_f1:.3}");
            bar.line(&format!(
                "epoch {:>3}  loss {:.4}  validation {:.4}, macro-F1 {macro_f1:.3}",
                row.epoch, row.training_loss, row.validation_loss
            ));
        }
    })?;
    bar.finish();
    Ok(result)
}

fn judged(
    network: &Network,
    dataset: &Dataset,
    seed: u64,
) -> Result<(ClassifierReport, Option<Audit>), Failure> {
    let classes = network.classes().unwrap_or_default();
    let config = JudgeConfig { seed, ..JudgeConfig::default() };
    let (test, skipped) = score(network, dataset, Split::Test);
    say_skipped(&skipped);
    let (validation, _) = score(network, dataset, Split::Validation);
    let report = judge(classes, &test, &validation, &config)?;
    let scores = audit_scores(network, dataset, Split::Test);
    if scores.full.is_empty() {
        return Ok((report, None));
    }
    let sets = AuditSets {
        full: &scores.full,
        strip: &scores.strip,
        top: &scores.top,
        without: &scores.without,
        n_without_bar: scores.n_without_bar,
    };
    Ok((report, Some(audit(classes, sets, &config)?)))
}

fn write(
    run: &mut RunFolder,
    result: &TrainedClassifier,
    report: &ClassifierReport,
    audit: Option<&Audit>,
    dataset: &Dataset,
) -> Result<(), Failure> {
    let curve = TrainingCurve { rows: result.trained.curve.clone(), best_epoch: result.trained.best_epoch };
    let network = &result.trained.network;
    run.write("curves.csv", curve.to_csv().as_bytes())?;
    run.write("predictions.csv", report.csv().as_bytes())?;
    run.write("classes.csv", report.class_csv().as_bytes())?;
    let all = json!({ "report": report, "audit": audit, "curve": curve, "fits": result.fits });
    run.write("result.json", json_text(&all)?.as_bytes())?;
    let mut thumbnails = BTreeMap::new();
    for mistake in &report.worst_mistakes {
        if let Some(picture) = thumbnail(&dataset.root.join(&mistake.file)) {
            thumbnails.insert(mistake.file.clone(), picture);
        }
    }
    let n_weights: usize = network.layers().iter().map(|layer| layer.n_weights).sum();
    let settings = &run.manifest().settings;
    let best = match result.fits.len() {
        0 => format!("epoch {} of {}", curve.best_epoch, curve.rows.len()),
        n_fits => format!("best of {n_fits} heads fitted to frozen features"),
    };
    let data = &run.manifest().data;
    let n = |part: &str| data[part].as_u64().unwrap_or_default();
    let parts = format!(
        "{} micrographs to learn from, {} to validate, {} to test",
        n("n_train"),
        n("n_validation"),
        n("n_test")
    );
    let about = page::classifier::About {
        facts: vec![
            ("start", settings["start"].as_str().unwrap_or_default().to_owned()),
            ("network", format!("{}, {n_weights} weights", name_of(network))),
            ("kept", best),
            ("data", parts),
        ],
        folded: vec![
            ("Settings", serde_json::to_string_pretty(settings)?),
            ("Data", serde_json::to_string_pretty(data)?),
        ],
    };
    let page = page::classifier::report(report, audit, &thumbnails, &about);
    run.write("report.html", page.as_bytes())?;
    Ok(())
}

fn name_of(network: &Network) -> String {
    match network.architecture() {
        Architecture::Transfer(config) => config.trunk.network.name(),
        _ => "our own".to_owned(),
    }
}

/// A small picture of the micrograph at `path`; `None` if it cannot be read.
fn thumbnail(path: &Path) -> Option<Picture> {
    let micrograph = read::micrograph(path, &read::ReadConfig::default()).ok()?;
    let (low, high) = micrograph::paint::robust_range(&micrograph.plane)?;
    let picture = Picture::from_plane(&micrograph.plane, low, high, ColorMap::Gray);
    let zoom = MISTAKE_PX as f64 / picture.height().max(picture.width()) as f64;
    let scaled = |length: usize| ((length as f64 * zoom).round() as usize).max(1);
    Some(picture.resized(scaled(picture.height()), scaled(picture.width()), Sampling::Area))
}

fn summary(report: &ClassifierReport, result: &TrainedClassifier, out: &Path) -> String {
    let estimate = |name: &str, estimate: &nanoaid::evaluate::classifier::Estimate| {
        let interval = estimate
            .interval
            .map_or(String::new(), |interval| format!("  [{:.3}, {:.3}]", interval.low, interval.high));
        format!("  {name:<22}{:.3}{interval}\n", estimate.value)
    };
    let best = match result.fits.iter().map(|fit| fit.validation_macro_f1).reduce(f64::max) {
        Some(macro_f1) => {
            format!("head fitted to frozen features, macro-F1 {macro_f1:.3} on the validation part")
        }
        None => {
            format!("best network: epoch {} of {}", result.trained.best_epoch, result.trained.curve.len())
        }
    };
    format!(
        "{best}\n{} test micrographs in {} groups\n{}{}{}report: {}\n",
        report.n_images,
        report.n_groups,
        estimate("accuracy", &report.accuracy),
        estimate("macro-F1", &report.macro_f1),
        estimate("balanced accuracy", &report.balanced_accuracy),
        out.join("report.html").display()
    )
}
