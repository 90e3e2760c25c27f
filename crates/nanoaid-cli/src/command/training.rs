//! Arguments that `train` and `sweep` share, and how their experiments are shown.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use micrograph::data_bar::DataBarChoice;
use micrograph::regular;
use nanoaid::Device;
use nanoaid::data::dataset::{Dataset, DatasetConfig, Notice, Only, Skipped, Split};
use nanoaid::run::{Lengthened, Manifest, RunSettings};
use nanoaid::train::experiment::{Event, Existing};
use nanoaid::train::{EpochRow, Progress as Step, TrainConfig};
use serde::de::DeserializeOwned;

use crate::interrupt;
use crate::outcome::{Failure, note, say};
use crate::progress::Progress;

/// Which micrographs a network is trained on.
#[derive(Args, Clone, Debug)]
pub(crate) struct DataArguments {
    /// Folder of category folders, flat folder, or index CSV (`file,category,split,…`)
    pub data: PathBuf,
    /// Keep only rows of the index whose column begins with one of the texts, e.g.
    /// `licence=MIT|Apache`; may be repeated
    #[arg(long, value_name = "COLUMN=TEXT|…")]
    pub only: Vec<Only>,
    /// Add this many synthetic micrographs to the training part
    #[arg(long, value_name = "N")]
    pub synthetic: Option<usize>,
    /// Add this many synthetic micrographs of each of the ten categories to the training part
    #[arg(long, value_name = "N")]
    pub synthetic_per_category: Option<usize>,
    /// Share of the micrographs for validation, where the index has none
    #[arg(long, value_name = "SHARE")]
    pub validation_share: Option<f64>,
    /// Share of the micrographs for the test, where the index has none
    #[arg(long, value_name = "SHARE")]
    pub test_share: Option<f64>,
}

/// How an autoencoder is trained; options override the settings file.
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
    /// The settings file, or those of the run that is resumed, or the defaults, with what the arguments change.
    pub(crate) fn config(
        &self,
        latent: Option<usize>,
        begun: Option<&Manifest>,
    ) -> Result<TrainConfig, Failure> {
        let mut config = match (&self.settings, begun.map(|begun| &begun.settings)) {
            (Some(path), _) => read_settings(path)?,
            (None, Some(RunSettings::Autoencoder(config))) => (**config).clone(),
            (None, _) => TrainConfig::default(),
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
    /// Opens the data, split as in the run that is resumed unless the arguments change it, and says what could not
    /// be used.
    pub(crate) fn open(
        &self,
        seed: Option<u64>,
        data_bar: Option<DataBarChoice>,
        begun: Option<&Manifest>,
    ) -> Result<Dataset, Failure> {
        let default = DatasetConfig { group_near_duplicates: true, ..DatasetConfig::default() };
        let mut config = begun.map_or(default, |begun| begun.data.settings.clone());
        if !self.only.is_empty() {
            config.only.clone_from(&self.only);
        }
        change(&mut config.synthetic, self.synthetic.as_ref());
        change(&mut config.synthetic_per_category, self.synthetic_per_category.as_ref());
        change(&mut config.validation_share, self.validation_share.as_ref());
        change(&mut config.test_share, self.test_share.as_ref());
        change(&mut config.seed, seed.as_ref());
        // the split is the same, whatever is done about data bars
        let data_bar = data_bar.unwrap_or(std::mem::take(&mut config.data_bar));
        let mut dataset = Dataset::open(&self.data, &config.checked()?)?;
        dataset.config.data_bar = data_bar;
        say_skipped(&dataset.skipped);
        say_notices(&dataset.notices);
        let count = |split| dataset.of(split).count();
        note(&format!(
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

/// What the options `--resume` and `--force` ask for.
pub(crate) fn existing(resume: bool, force: bool) -> Existing {
    match (resume, force) {
        (true, _) => Existing::Resume,
        (false, true) => Existing::Replace,
        (false, false) => Existing::Keep,
    }
}

/// Shows the events of an experiment: a bar, a line for each epoch, the time that all takes.
pub(crate) struct Shown {
    bar: Option<Progress>,
    n_images: usize,
    validation: String,
    /// Whether it was said from where a longer training continues.
    lengthened: bool,
}

impl Shown {
    /// Before the first event.
    pub(crate) fn new() -> Self {
        Self { bar: None, n_images: 0, validation: "–".to_owned(), lengthened: false }
    }

    /// Shows `event`; breaks once the user has asked to stop.
    pub(crate) fn event(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Lengthened { from, epochs } => {
                self.lengthened = true;
                say(&lengthened_text(from, epochs));
            }
            Event::Latent(latent) => {
                self.finish();
                note(&format!("latent {latent}"));
            }
            Event::Training(step) => self.training(step),
            Event::Evaluating { n_done, n_images } => {
                if n_done >= n_images {
                    self.finish();
                } else if let Some(bar) = &mut self.bar {
                    bar.set_length(n_images as u64);
                    bar.set(n_done as u64, "test split");
                }
            }
            Event::Skipped(skipped) => {
                self.finish();
                say_skipped(skipped);
            }
        }
        interrupt::flow()
    }

    fn training(&mut self, step: Step<'_>) {
        let bar = self.bar.get_or_insert_with(|| Progress::of_shares(0, "steps"));
        match step {
            Step::Resumed { after_epoch, after_step } if !self.lengthened => {
                bar.line(&match after_step {
                    0 => format!("resumed after epoch {after_epoch}"),
                    _ => format!("resumed after step {after_step} of epoch {}", after_epoch + 1),
                });
            }
            Step::Resumed { .. } => {}
            Step::Step { step, n_steps, n_images, loss } => {
                self.n_images += n_images;
                let rate = self.n_images as f64 / bar.seconds();
                bar.set_length(n_steps as u64);
                let text = format!("loss {loss:.5}, validation {}, {rate:.0} images/s", self.validation);
                let announced =
                    |time: &str| format!("{n_steps} steps: at most about {time}, by the first steps");
                bar.set_share(step as u64, step as f64 / n_steps as f64, &text, &announced);
            }
            Step::Epoch { row, .. } => {
                let macro_f1 = row.validation_macro_f1.map(|f1| format!(", macro-F1 {f1:.3}"));
                let macro_f1 = macro_f1.unwrap_or_default();
                let EpochRow { epoch, training_loss, validation_loss, .. } = row;
                self.validation = format!("{validation_loss:.5}{macro_f1}");
                bar.line(&format!(
                    "epoch {epoch:>3}  loss {training_loss:.5}  validation {validation_loss:.5}{macro_f1}"
                ));
            }
            Step::Features { n_done, n_images } => {
                bar.set_length(n_images as u64);
                let announced = |time: &str| {
                    format!("features of {n_images} micrographs: about {time}, by the first ones")
                };
                bar.set_share(n_done as u64, n_done as f64 / n_images as f64, "features", &announced);
            }
            Step::LeavingOut { n_done, n_groups } => {
                bar.set_length(n_groups as u64);
                let announced = |time: &str| {
                    format!("heads without each of {n_groups} groups: about {time}, by the first ones")
                };
                bar.set_share(n_done as u64, n_done as f64 / n_groups as f64, "groups left out", &announced);
            }
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish();
        }
        self.n_images = 0;
    }
}

/// What a training that was given more epochs differs in.
fn lengthened_text(from: Lengthened, epochs: usize) -> String {
    let Lengthened { after_epoch, planned_epochs } = from;
    format!(
        "resumed after epoch {after_epoch}, with {epochs} epochs instead of {planned_epochs}. The learning rate depends on the number of epochs: it has fallen towards the end of {planned_epochs} so far, and now continues as in a run of {epochs}. The weights differ from those of one run of {epochs} epochs; the manifest says so (`lengthened`)"
    )
}

/// Reads a settings file.
pub(crate) fn read_settings<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let text = regular::read_text(path, regular::LARGEST).map_err(|error| wrong(&error))?;
    toml::from_str(&text).map_err(|error| wrong(&error))
}

/// Says what to know about how the micrographs were listed.
pub(crate) fn say_notices(notices: &[Notice]) {
    for notice in notices {
        say(&format!("warning: {notice}"));
    }
}

/// Names every file that could not be used.
pub(crate) fn say_skipped(skipped: &[Skipped]) {
    for Skipped { file, reason } in skipped {
        say(&format!("skipped {file}: {reason}"));
    }
}
