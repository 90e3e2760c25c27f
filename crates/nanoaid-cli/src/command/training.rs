//! Arguments and steps that `train` and `sweep` share: the data, the settings, one training.

use std::path::{Path, PathBuf};

use clap::Args;
use nanoaid::Device;
use nanoaid::data::dataset::{Dataset, DatasetConfig, Only, Skipped, Split};
use nanoaid::run::{Manifest, RunFolder, SCHEMA_VERSION, Status};
use nanoaid::train::{self, Progress as Step, Report, TrainConfig, TrainResult, Trained};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::outcome::{Failure, say};
use crate::progress::Progress;
use nanoaid_pages::training as page;

/// Which micrographs are learnt from.
#[derive(Args, Clone, Debug)]
pub(crate) struct DataArguments {
    /// Folder of category folders, flat folder, or index CSV (`file,category,split,…`)
    pub data: PathBuf,
    /// Keep only rows of the index whose column begins with one of the texts, e.g.
    /// `licence=MIT|Apache`; may be repeated
    #[arg(long, value_name = "COLUMN=TEXT|…")]
    pub only: Vec<Only>,
    /// Add this many synthetic micrographs to the training part
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub synthetic: usize,
    /// Add this many synthetic micrographs of each of the ten categories to the training part
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub synthetic_per_category: usize,
    /// Share of the micrographs that are validated on, where the index does not tell
    #[arg(long, value_name = "SHARE")]
    pub validation_share: Option<f64>,
    /// Share of the micrographs that are tested on, where the index does not tell
    #[arg(long, value_name = "SHARE")]
    pub test_share: Option<f64>,
}

/// How an autoencoder is trained; what is given here goes before the settings file.
#[derive(Args, Clone, Debug)]
pub(crate) struct SettingsArguments {
    /// Settings as TOML; keys as in `settings` of a run's manifest
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Channels of each encoder stage, e.g. `32,64,128`
    #[arg(long, value_delimiter = ',', value_name = "CHANNELS")]
    pub stages: Option<Vec<usize>>,
    /// Height and width of a patch in pixels
    #[arg(long, value_name = "PX")]
    pub patch: Option<usize>,
    /// Patches in a gradient step
    #[arg(long)]
    pub batch: Option<usize>,
    /// Patches in an epoch
    #[arg(long, value_name = "N")]
    pub patches_per_epoch: Option<usize>,
    /// Epochs
    #[arg(long)]
    pub epochs: Option<usize>,
    /// Largest learning rate
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<f64>,
    /// Epochs without improvement after which the training stops; 0: never
    #[arg(long, value_name = "EPOCHS")]
    pub patience: Option<usize>,
    /// Seed of weights, patches and split
    #[arg(long)]
    pub seed: Option<u64>,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    pub device: Device,
}

impl SettingsArguments {
    /// The settings file, or the defaults, with what the arguments change.
    pub(crate) fn config(&self, latent: Option<usize>) -> Result<TrainConfig, Failure> {
        let mut config = match &self.settings {
            Some(path) => read_settings(path)?,
            None => TrainConfig::default(),
        };
        change(&mut config.stages, self.stages.as_ref());
        change(&mut config.latent, latent.as_ref());
        change(&mut config.patch, self.patch.as_ref());
        change(&mut config.batch, self.batch.as_ref());
        change(&mut config.patches_per_epoch, self.patches_per_epoch.as_ref());
        change(&mut config.epochs, self.epochs.as_ref());
        change(&mut config.learning_rate, self.learning_rate.as_ref());
        change(&mut config.patience, self.patience.as_ref());
        change(&mut config.seed, self.seed.as_ref());
        Ok(config.checked()?)
    }
}

impl DataArguments {
    /// Opens the data, and says what could not be used.
    pub(crate) fn open(&self, seed: u64) -> Result<Dataset, Failure> {
        let default = DatasetConfig::default();
        let config = DatasetConfig {
            only: self.only.clone(),
            synthetic: self.synthetic,
            synthetic_per_category: self.synthetic_per_category,
            validation_share: self.validation_share.unwrap_or(default.validation_share),
            test_share: self.test_share.unwrap_or(default.test_share),
            seed,
            group_near_duplicates: true,
            ..default
        };
        let dataset = Dataset::open(&self.data, &config.checked()?)?;
        say_skipped(&dataset.skipped);
        let count = |split| dataset.of(split).count();
        say(&format!(
            "{} micrographs: {} to train on, {} to validate, {} to test",
            dataset.entries.len(),
            count(Split::Train),
            count(Split::Validation),
            count(Split::Test)
        ));
        Ok(dataset)
    }
}

/// Puts what was given as an argument into the settings.
pub(crate) fn change<T: Clone>(setting: &mut T, argument: Option<&T>) {
    if let Some(value) = argument {
        *setting = value.clone();
    }
}

/// What is done with a run folder that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Refuse.
    Keep,
    /// Replace it.
    Replace,
    /// Go on with the training that it holds.
    Resume,
}

impl Existing {
    /// What the options `--resume` and `--force` ask for.
    pub(crate) fn of_options(resume: bool, force: bool) -> Self {
        match (resume, force) {
            (true, _) => Self::Resume,
            (false, true) => Self::Replace,
            (false, false) => Self::Keep,
        }
    }
}

/// Trains an autoencoder into the run folder `out`, measures it, and writes its page.
pub(crate) fn autoencoder(
    dataset: &Dataset,
    config: &TrainConfig,
    device: Device,
    out: &Path,
    existing: Existing,
) -> Result<(Trained, Report), Failure> {
    let mut run = run_folder(dataset, config, device, out, existing)?;
    let mut bar = Progress::new((config.epochs * config.steps_per_epoch()) as u64, "steps");
    let mut validation = String::from("–");
    let mut n_images = 0;
    let trained = train::autoencoder(dataset, config, device, &mut run, &mut |step| match step {
        Step::Step { step, n_images: n, loss, .. } => {
            n_images += n;
            let rate = n_images as f64 / bar.seconds();
            bar.set(step as u64, &format!("loss {loss:.5}, validation {validation}, {rate:.0} images/s"));
        }
        Step::Epoch(row) => {
            validation = format!("{:.5}", row.validation_loss);
            bar.line(&format!(
                "epoch {:>3}  loss {:.5}  validation {:.5}",
                row.epoch, row.training_loss, row.validation_loss
            ));
        }
    })?;
    bar.finish();
    say_skipped(&trained.skipped);
    let report = Report::of(&trained.network, dataset, config)?;
    let result = TrainResult::new(report.quality.clone(), &trained);
    page::write(&mut run, &result, &report.samples)?;
    run.set_status(trained.status)?;
    Ok((trained, report))
}

fn run_folder(
    dataset: &Dataset,
    config: &TrainConfig,
    device: Device,
    out: &Path,
    existing: Existing,
) -> Result<RunFolder, Failure> {
    let settings = serde_json::to_value(config)?;
    let text = toml::to_string(config)?;
    begun_run(dataset, settings, &text, device, out, existing)
}

/// The run folder `out` of a training of `dataset` with `settings`, `text` being the part of them
/// that a settings file can hold.
pub(crate) fn begun_run(
    dataset: &Dataset,
    settings: serde_json::Value,
    text: &str,
    device: Device,
    out: &Path,
    existing: Existing,
) -> Result<RunFolder, Failure> {
    let data = json!({
        "digest_sha256": dataset.digest()?,
        "n_train": dataset.of(Split::Train).count(),
        "n_validation": dataset.of(Split::Validation).count(),
        "n_test": dataset.of(Split::Test).count(),
        "settings": dataset.config,
    });
    // a run that was cut off before its first file begins anew
    let resumed = existing == Existing::Resume && RunFolder::is_begun(out);
    let mut run = if resumed {
        let run = RunFolder::open(out)?;
        let manifest = run.manifest();
        same("settings", &manifest.settings, &settings)?;
        same("data", &manifest.data, &data)?;
        same("device", &json!(manifest.device), &json!(device.to_string()))?;
        run
    } else {
        new_run(settings, data, device, out, existing == Existing::Replace)?
    };
    run.write("settings.toml", text.as_bytes())?;
    run.write("split.csv", dataset.split_csv().as_bytes())?;
    Ok(run)
}

fn new_run(
    settings: serde_json::Value,
    data: serde_json::Value,
    device: Device,
    out: &Path,
    force: bool,
) -> Result<RunFolder, Failure> {
    let manifest = Manifest {
        schema_version: SCHEMA_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        status: Status::Begun,
        device: device.to_string(),
        settings,
        data,
        files: Default::default(),
        checkpoints: Vec::new(),
    };
    Ok(RunFolder::create(out, manifest, force)?)
}

/// A training goes on only as it began.
fn same(what: &str, then: &serde_json::Value, now: &serde_json::Value) -> Result<(), Failure> {
    if then == now {
        return Ok(());
    }
    let keys = now.as_object().into_iter().flatten().map(|(key, _)| key);
    let mut changed = keys.filter(|key| then.get(key) != now.get(key));
    let detail = match changed.next() {
        Some(key) => {
            let text =
                |value: Option<&serde_json::Value>| value.map_or("nothing".into(), ToString::to_string);
            format!("`{key}` was {}, now it is {}", text(then.get(key)), text(now.get(key)))
        }
        None => format!("it was {then}, now it is {now}"),
    };
    Err(Failure::new(format!("cannot resume with other {what} than the run began with: {detail}")))
}

/// Reads a settings file.
pub(crate) fn read_settings<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    toml::from_str(&text).map_err(|error| wrong(&error))
}

/// Names every file that could not be used.
pub(crate) fn say_skipped(skipped: &[Skipped]) {
    for Skipped { file, reason } in skipped {
        say(&format!("skipped {file}: {reason}"));
    }
}
