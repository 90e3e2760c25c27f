//! `nanoaid train classifier`: a classifier of the categories of micrographs, from frozen features, from a trained
//! network, or from random weights.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use micrograph::data_bar::DataBarChoice;
use micrograph::regular;
use nanoaid::evaluate::classifier::ClassifierReport;
use nanoaid::hash::sha256;
use nanoaid::network::{Published, is_network};
use nanoaid::output::json_text;
use nanoaid::run::{BaseUsed, ClassifierSettings};
use nanoaid::train::experiment::{
    BaseNetwork, ClassifierExperiment, ClassifierPlan, ClassifierResult, RunPlan, begun, classifier,
};
use nanoaid::train::{ClassifierConfig, StartFrom};
use nanoaid::{Architecture, Device, Network};
use nanoaid_pages::classifier::finish;

use crate::command::network::network;
use crate::command::training::{DataArguments, Shown, change, existing, read_settings};
use crate::outcome::{Failure, Outcome, print, say};

/// Arguments of `train classifier`; what is given here goes before the settings file.
#[derive(Args)]
pub(crate) struct ClassifierArguments {
    #[command(flatten)]
    data: DataArguments,
    /// What it starts from [default: random]
    #[arg(long, value_enum)]
    start: Option<StartArgument>,
    /// Network to start from: a safetensors file of a published network; a classifier's run folder
    /// (`classifier` is the built-in one); or an autoencoder's (`autoencoder`), whose encoder our own
    /// network takes over. With a random start, only its architecture
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
    /// Learn from the data bars too, as if they were specimen: the audit shows what that does
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
    /// Seed of the split, where the index has none [default: 0]
    #[arg(long)]
    split_seed: Option<u64>,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// Run folder that is written
    #[arg(long, value_name = "DIR", default_value = "run-classifier")]
    out: PathBuf,
    /// Resume the training in the run folder, with its settings; with a larger --epochs it is lengthened
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Replace an existing run folder
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

impl From<StartArgument> for StartFrom {
    fn from(argument: StartArgument) -> Self {
        match argument {
            StartArgument::Frozen => Self::Frozen,
            StartArgument::FineTuned => Self::FineTuned,
            StartArgument::Random => Self::Random,
        }
    }
}

/// Trains, evaluates on the test split, audits, and prints the figures.
pub(super) fn run(arguments: &ClassifierArguments) -> Result<Outcome, Failure> {
    let existing = existing(arguments.resume, arguments.force);
    let begun = begun(&arguments.out, existing)?;
    let settings = begun.as_ref().and_then(|begun| begun.settings.classifier());
    let config = arguments.config(settings)?;
    let data_bar = arguments.keep_data_bar.then_some(DataBarChoice::Keep);
    let dataset = arguments.data.open(arguments.split_seed, data_bar, begun.as_ref())?;
    let plan =
        ClassifierPlan { config, view_px: arguments.view_px(settings), base: arguments.base(settings)? };
    let run_plan = RunPlan { path: &arguments.out, existing, device: arguments.device };
    let mut shown = Shown::new();
    let mut experiment = classifier(&dataset, &plan, &run_plan, &mut |event| shown.event(event))?;
    shown.finish();
    finish(&mut experiment)?;
    let ClassifierExperiment { trained, result, .. } = &experiment;
    if arguments.json {
        print(&json_text(&result.report)?)?;
    } else {
        print(&summary(result, &arguments.out))?;
        for warning in &result.report.warnings {
            say(&format!("{warning}; {}", warning.advice()));
        }
    }
    Ok(Outcome::of_skipped(dataset.skipped.len() + trained.skipped.len()))
}

impl ClassifierArguments {
    /// The settings file, or those of the run that is resumed, or the defaults, with what the arguments change.
    fn config(&self, begun: Option<&ClassifierSettings>) -> Result<ClassifierConfig, Failure> {
        let mut config: ClassifierConfig = match (&self.settings, begun) {
            (Some(path), _) => read_settings(path)?,
            (None, Some(begun)) => begun.config.clone(),
            (None, None) => ClassifierConfig::default(),
        };
        let start = self.start.map(StartFrom::from);
        change(&mut config.start, start.as_ref());
        change(&mut config.batch, self.batch.as_ref());
        change(&mut config.views_per_epoch, self.views_per_epoch.as_ref());
        change(&mut config.epochs, self.epochs.as_ref());
        change(&mut config.learning_rate, self.learning_rate.as_ref());
        change(&mut config.patience, self.patience.as_ref());
        change(&mut config.seed, self.seed.as_ref());
        Ok(config.checked()?)
    }

    /// The side of a view, as given or as in the run that is resumed.
    fn view_px(&self, begun: Option<&ClassifierSettings>) -> Option<usize> {
        self.view.or_else(|| match &begun?.architecture {
            Architecture::Compact(compact) => Some(compact.view_px),
            _ => None,
        })
    }

    /// The network to start from, as given or as in the run that is resumed.
    fn base(&self, begun: Option<&ClassifierSettings>) -> Result<Option<BaseNetwork>, Failure> {
        let begun = begun.and_then(|begun| begun.base.as_ref());
        let path = match (self.base.as_deref(), begun) {
            (Some(path), _) => path,
            (None, None) => return Ok(None),
            (None, Some(used)) => used.run().map_err(|file| {
                Failure::new(format!("the run began with --base {file}; give that file again"))
            })?,
        };
        if path.is_dir() || is_network(path) {
            return Ok(Some(BaseNetwork::of_run(path.to_owned(), network(path, self.device)?)));
        }
        let bytes = regular::read(path, regular::LARGEST).map_err(|error| Failure::at(path, error))?;
        let network =
            Network::import(&bytes, self.network, self.device).map_err(|error| Failure::at(path, error))?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let used = BaseUsed::File { file, sha256: sha256(&bytes) };
        Ok(Some(BaseNetwork { network, used }))
    }
}

fn summary(result: &ClassifierResult, out: &Path) -> String {
    let ClassifierResult { report, curve, fits, left_out, .. } = result;
    let estimate = |name: &str, estimate: &nanoaid::evaluate::classifier::Estimate| {
        let interval = estimate
            .interval
            .map_or(String::new(), |interval| format!("  [{:.3}, {:.3}]", interval.low, interval.high));
        format!("  {name:<22}{:.3}{interval}\n", estimate.value)
    };
    let best = match fits.iter().map(|fit| fit.validation_macro_f1).reduce(f64::max) {
        Some(macro_f1) => {
            let judged =
                if left_out.is_some() { "groups that were left out" } else { "the validation split" };
            format!("head fitted to frozen features, macro-F1 {macro_f1:.3} on {judged}")
        }
        None => {
            format!("best network: epoch {} of {}", curve.best_epoch, curve.rows.len())
        }
    };
    let figures = |name: &str, report: &ClassifierReport| {
        format!(
            "{} {name} in {} groups\n{}{}{}",
            report.n_images,
            report.n_groups,
            estimate("accuracy", &report.accuracy),
            estimate("macro-F1", &report.macro_f1),
            estimate("balanced accuracy", &report.balanced_accuracy),
        )
    };
    let left_out = left_out
        .as_ref()
        .map(|report| figures("micrographs, each by a head that was not fitted to its group,", report));
    format!(
        "{best}\n{}{}report: {}\n",
        figures("test micrographs", report),
        left_out.unwrap_or_default(),
        out.join("report.html").display()
    )
}
