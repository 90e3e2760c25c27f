//! `nanoaid train segmenter`: fits a network that finds particles, fibres and pores.

use std::path::PathBuf;

use clap::Args;
use nanoaid::Device;
use nanoaid::data::masked::MaskedImages;
use nanoaid::network::open;
use nanoaid::output::json_text;
use nanoaid::run::{BaseUsed, RunSettings};
use nanoaid::train::SegmenterTraining;
use nanoaid::train::experiment::{RunPlan, SegmenterExperiment, begun, segmenter};

use crate::command::training::{Shown, change, existing, read_settings};
use crate::outcome::{Failure, Outcome, print};

/// Arguments of `train segmenter`.
#[derive(Args)]
pub(crate) struct SegmenterArguments {
    /// Micrographs with drawn objects, beside synthetic scenes: a folder of pairs such as `a.png` and
    /// `a.labels.tif` (label image, COCO or VIA JSON, ImageJ ROI zip), or an index CSV (`file,labels,category,…`)
    data: Option<PathBuf>,
    /// Settings as TOML; keys as in `settings` of a run's manifest
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Network to start from: a run folder of a segmenter, or `segmenter` for the built-in one
    #[arg(long, value_name = "RUN")]
    base: Option<PathBuf>,
    /// Height and width of a patch in pixels
    #[arg(long, value_name = "PX")]
    patch: Option<usize>,
    /// Patches in a gradient step
    #[arg(long)]
    batch: Option<usize>,
    /// Patches in an epoch
    #[arg(long, value_name = "N")]
    scenes_per_epoch: Option<usize>,
    /// Share of the patches that are cut out of DATA
    #[arg(long, value_name = "SHARE")]
    masked_share: Option<f64>,
    /// Epochs
    #[arg(long)]
    epochs: Option<usize>,
    /// Largest learning rate
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Seed of weights and scenes
    #[arg(long)]
    seed: Option<u64>,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// Run folder that is written
    #[arg(long, value_name = "DIR", default_value = "run-segmenter")]
    out: PathBuf,
    /// Resume the training in the run folder, with its settings; with a larger --epochs it is lengthened
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Replace an existing run folder
    #[arg(long)]
    force: bool,
    /// Print the learning curve as JSON
    #[arg(long)]
    json: bool,
}

/// Trains, and reports the learning curve.
pub(super) fn run(arguments: &SegmenterArguments) -> Result<Outcome, Failure> {
    let existing = existing(arguments.resume, arguments.force);
    let begun = begun(&arguments.out, existing)?;
    let mut config = match (&arguments.settings, begun.as_ref().map(|begun| &begun.settings)) {
        (Some(path), _) => read_settings(path)?,
        (None, Some(RunSettings::Segmenter(settings))) => settings.config.clone(),
        (None, _) => SegmenterTraining::default(),
    };
    change(&mut config.patch, arguments.patch.as_ref());
    change(&mut config.batch, arguments.batch.as_ref());
    change(&mut config.scenes_per_epoch, arguments.scenes_per_epoch.as_ref());
    change(&mut config.masked_share, arguments.masked_share.as_ref());
    change(&mut config.epochs, arguments.epochs.as_ref());
    change(&mut config.learning_rate, arguments.learning_rate.as_ref());
    change(&mut config.seed, arguments.seed.as_ref());
    let config = config.checked()?;
    // a training that is resumed began with the base of its run
    let run = arguments.base.clone().or_else(|| match &begun.as_ref()?.settings {
        RunSettings::Segmenter(settings) => match settings.base.as_ref()? {
            BaseUsed::File { file, .. } => Some(PathBuf::from(file)),
            BaseUsed::Encoder { .. } | BaseUsed::Classifier { .. } => None,
        },
        _ => None,
    });
    let opened = run.as_ref().map(|run| open(run, arguments.device)).transpose()?;
    let base = run.as_ref().zip(opened.as_ref()).map(|(run, network)| {
        let file = run.display().to_string();
        (network, BaseUsed::File { file, sha256: network.sha256().to_owned() })
    });
    let plan = RunPlan { path: &arguments.out, existing, device: arguments.device };
    let mut shown = Shown::new();
    let images = match &arguments.data {
        Some(path) => MaskedImages::open(path)?,
        None => MaskedImages::default(),
    };
    let mut experiment = segmenter(images, &config, base, &plan, &mut |event| shown.event(event))?;
    shown.finish();
    let SegmenterExperiment { run, trained } = &mut experiment;
    run.finish(trained.status, &[])?;
    if arguments.json {
        print(&json_text(&trained.curve)?)?;
    } else {
        print(&format!(
            "best network: epoch {} of {}, in {}\n",
            trained.best_epoch,
            trained.curve.len(),
            arguments.out.display()
        ))?;
    }
    Ok(Outcome::of_skipped(0))
}
