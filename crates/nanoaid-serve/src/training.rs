//! Training on the page: a network that learns from the data folder, in a run folder as `nanoaid train` writes it. One that
//! is finished can be looked through.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use nanoaid::Device;
use nanoaid::data::dataset::{Dataset, DatasetConfig};
use nanoaid::run::{ClassifierSettings, RunSettings};
use nanoaid::train::experiment::{
    BaseNetwork, ClassifierPlan, Event, Existing, ExperimentError, RunPlan, autoencoder, begun, classifier,
};
use nanoaid::train::{ClassifierConfig, Progress, StartFrom, TrainConfig, TrainError};
use nanoaid_pages::{classifier as classifier_page, training as autoencoder_page};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::folder::folder_of;
use crate::http::Fault;
use crate::jobs::{Job, Lane, Reporter, Wish};
use crate::lens::is_base;
use crate::sample;

/// Most epochs of a request.
const MOST_EPOCHS: usize = 10_000;

/// What is to be trained.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrainingWish {
    what: What,
    /// Name of the run folder, below the one that was named at the start.
    name: String,
    #[serde(default)]
    epochs: Option<usize>,
    /// What a classifier starts from.
    #[serde(default)]
    start: StartFrom,
    /// The network whose features or weights it starts from, as the page calls it.
    #[serde(default)]
    base: Option<String>,
    /// Goes on with the training in that folder.
    #[serde(default)]
    resume: bool,
}

/// A kind of network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Autoencoder,
    Classifier,
}

/// Begins a training.
pub(crate) fn begin(app: &Arc<App>, wish: TrainingWish) -> Result<Job, Fault> {
    let root = folder_of(app)?.root.clone();
    if !is_folder_name(&wish.name) {
        let found = &wish.name;
        return Err(Fault::wrong(format!(
            "name: found `{found}`, expected letters, digits, `_`, `-`, `.` and spaces, beginning with a letter or digit, and no name that Windows keeps for itself"
        )));
    }
    if wish.epochs.is_some_and(|epochs| !(1..=MOST_EPOCHS).contains(&epochs)) {
        return Err(Fault::wrong(format!("epochs: expected 1 to {MOST_EPOCHS}")));
    }
    let same = |other: &Wish| matches!(other, Wish::Training(other) if other.name == wish.name);
    if app.jobs.is_pending(same) {
        let text = format!("`{}` is being trained or waits for it; choose another name", wish.name);
        return Err(Fault::refused(text));
    }
    let base = match (&wish.base, wish.what, wish.start) {
        (None, _, StartFrom::Random) => None,
        (Some(id), What::Classifier, _) => {
            let network = app.network(id)?;
            if !is_base(&network.network) {
                let text =
                    format!("base: found `{id}`, expected an autoencoder or a classifier of grey images");
                return Err(Fault::refused(text));
            }
            Some(network)
        }
        (_, What::Autoencoder, _) => {
            return Err(Fault::wrong("start, base: an autoencoder starts from random weights"));
        }
        (None, What::Classifier, start) => {
            let start = start.name();
            return Err(Fault::wrong(format!("base: start {start} needs a network to start from")));
        }
    };
    let path = app.trained.join(&wish.name);
    if path.exists() && !wish.resume {
        let text = format!("{} is there already; choose another name, or resume it", path.display());
        return Err(Fault::refused(text));
    }
    if wish.resume && !path.exists() {
        return Err(Fault::missing(format!("there is no training in {} to resume", path.display())));
    }
    let (training, device) = (Arc::clone(app), app.device);
    Ok(app.jobs.begin(Wish::Training(wish.clone()), 0, Lane::Long, move |reporter| {
        std::fs::create_dir_all(&training.trained)
            .map_err(|error| Fault::own(format!("{}: {error}", training.trained.display())))?;
        let trained = match wish.what {
            What::Autoencoder => train_autoencoder(&root, &path, &wish, device, reporter),
            What::Classifier => {
                let base =
                    base.map(|base| BaseNetwork::of_run(base.run.clone(), base.network.as_ref().clone()));
                train_classifier(&root, &path, &wish, (base, device), reporter)
            }
        };
        match trained {
            Err(TrainingFault::Experiment(
                ExperimentError::Cancelled | ExperimentError::Train(TrainError::Cancelled),
            )) => return Err(Fault::cancelled()),
            trained => trained.map_err(Fault::refused)?,
        }
        training.add(&path).map_err(Fault::own)
    }))
}

/// Why a training ended without a network.
#[derive(Debug, thiserror::Error)]
enum TrainingFault {
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    #[error(transparent)]
    Page(#[from] nanoaid_pages::PageError),
    #[error(transparent)]
    Data(#[from] nanoaid::data::dataset::DatasetError),
    #[error(transparent)]
    Config(#[from] nanoaid::ConfigError),
    #[error("the run folder holds another kind of network")]
    Other,
}

/// Whether a folder can have this name on every system, and no program takes it for an option.
fn is_folder_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "_-. ".contains(c);
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let has_number = |port: &str| {
        stem.strip_prefix(port).is_some_and(|rest| rest.len() == 1 && rest.parse::<u8>().is_ok())
    };
    name.chars().all(is_plain)
        && name.starts_with(char::is_alphanumeric)
        && !name.ends_with([' ', '.'])
        && name.len() <= 200
        && !["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str())
        && !["COM", "LPT"].into_iter().any(has_number)
}

fn existing(wish: &TrainingWish) -> Existing {
    if wish.resume { Existing::Resume } else { Existing::Keep }
}

/// The data as a training splits them: micrographs that are nearly alike stay together.
fn dataset(root: &Path, reporter: &Reporter) -> Result<Dataset, TrainingFault> {
    reporter.tell(|job| "micrographs that are alike".clone_into(&mut job.text));
    let config = DatasetConfig { group_near_duplicates: true, ..DatasetConfig::default() };
    Ok(Dataset::open(root, &config)?)
}

fn train_autoencoder(
    root: &Path,
    path: &PathBuf,
    wish: &TrainingWish,
    device: Device,
    reporter: &Reporter,
) -> Result<(), TrainingFault> {
    let existing = existing(wish);
    let mut config = match begun(path, existing)?.map(|begun| begun.settings) {
        Some(RunSettings::Autoencoder(config)) => *config,
        Some(_) => return Err(TrainingFault::Other),
        None => TrainConfig::default(),
    };
    config.epochs = wish.epochs.unwrap_or(config.epochs);
    let config = config.checked()?;
    let dataset = dataset(root, reporter)?;
    let plan = RunPlan { path, existing, device };
    let part = sample::part_of(&dataset);
    let mut experiment = autoencoder(&dataset, &config, &plan, &mut |event| {
        if let (Event::Training(Progress::Epoch { row, network }), Some(part)) = (&event, &part)
            && let Some(picture) = sample::drawn(network, part)
        {
            reporter.tell(|job| {
                // only the latest is shown
                job.pictures.clear();
                job.pictures.insert(row.epoch, Arc::new(picture.png_bytes(None)));
                job.picture = Some(row.epoch);
            });
        }
        told(event, reporter)
    })?;
    Ok(autoencoder_page::finish(&mut experiment)?)
}

fn train_classifier(
    root: &Path,
    path: &PathBuf,
    wish: &TrainingWish,
    (base, device): (Option<BaseNetwork>, Device),
    reporter: &Reporter,
) -> Result<(), TrainingFault> {
    let existing = existing(wish);
    let begun = begun(path, existing)?;
    let mut config = match begun.as_ref().map(|begun| begun.settings.classifier()) {
        Some(Some(ClassifierSettings { config, .. })) => config.clone(),
        Some(None) => return Err(TrainingFault::Other),
        None => ClassifierConfig { start: wish.start, ..ClassifierConfig::default() },
    };
    config.epochs = wish.epochs.unwrap_or(config.epochs);
    let plan = ClassifierPlan { config: config.checked()?, view_px: None, base };
    let dataset = dataset(root, reporter)?;
    let run = RunPlan { path, existing, device };
    let mut experiment = classifier(&dataset, &plan, &run, &mut |event| told(event, reporter))?;
    Ok(classifier_page::finish(&mut experiment)?)
}

/// Reports to all pages what happens in a training.
fn told(event: Event<'_>, reporter: &Reporter) -> std::ops::ControlFlow<()> {
    match event {
        Event::Training(Progress::Step { step, n_steps, .. }) => reporter.tell(|job| {
            (job.step, job.steps) = (step, n_steps);
            job.share = step as f64 / n_steps.max(1) as f64;
            "learns".clone_into(&mut job.text);
        }),
        Event::Training(Progress::Epoch { row, .. }) => reporter.tell(|job| {
            job.curve.push((row.epoch, row.training_loss, row.validation_loss));
        }),
        Event::Training(Progress::Features { n_done, n_images }) => {
            reporter.tell(|job| job.text = format!("features of {n_done} of {n_images} micrographs"));
        }
        Event::Training(Progress::LeavingOut { n_done, n_groups }) => {
            reporter.tell(|job| job.text = format!("heads without {n_done} of {n_groups} groups"));
        }
        Event::Training(Progress::Resumed { after_epoch, .. }) => {
            reporter.tell(|job| job.text = format!("resumed after epoch {after_epoch}"));
        }
        Event::Evaluating { n_done, n_images } => {
            reporter.tell(|job| job.text = format!("evaluates {n_done} of {n_images} micrographs"));
        }
        Event::Skipped(skipped) => reporter.tell(|job| {
            let said = skipped.iter().take(3).map(|one| format!("{}: {}", one.file, one.reason));
            job.warnings.extend(said);
        }),
        Event::Lengthened { .. } | Event::Latent(_) => {}
    }
    reporter.flow()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_folders_on_every_system() {
        for name in ["my-classifier", "Proben 2026.1", "µm", "7", "console", "com10"] {
            assert!(is_folder_name(name), "{name}");
        }
        for name in
            ["", "-rf", ".hidden", "..", "a/b", "a\\b", "a:b", "CON", "nul.txt", "lpt1", "a.", "a ", "a\n"]
        {
            assert!(!is_folder_name(name), "{name:?}");
        }
    }
}
