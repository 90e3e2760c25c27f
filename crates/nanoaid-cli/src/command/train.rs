//! `nanoaid train`: fits a network to a folder of micrographs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

mod classifier;
mod segmenter;

use classifier::ClassifierArguments;
use segmenter::SegmenterArguments;

use super::training::{DataArguments, SettingsArguments, Shown, existing};
use crate::outcome::{Failure, Outcome, print};
use nanoaid::output::json_text;
use nanoaid::train::experiment::{AutoencoderExperiment, RunPlan, autoencoder, begun};
use nanoaid_pages::training::finish;

/// What can be trained.
#[derive(Subcommand)]
pub(crate) enum TrainCommand {
    /// Train an autoencoder: the network of the AI lens
    Autoencoder(Box<AutoencoderArguments>),
    /// Train a classifier of the categories of micrographs
    Classifier(Box<ClassifierArguments>),
    /// Train a segmenter, which finds particles, fibres and pores
    Segmenter(Box<SegmenterArguments>),
}

/// Arguments of `train autoencoder`.
#[derive(Args)]
pub(crate) struct AutoencoderArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    settings: SettingsArguments,
    /// Channels of the latent code
    #[arg(long, value_name = "CHANNELS")]
    latent: Option<usize>,
    /// Run folder that is written
    #[arg(long, value_name = "DIR", default_value = "run-autoencoder")]
    out: PathBuf,
    /// Resume the training in the run folder, with its settings; with a larger --epochs it is lengthened
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Replace an existing run folder
    #[arg(long)]
    force: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Trains, evaluates, and reports how good the network is.
pub(crate) fn run(command: &TrainCommand) -> Result<Outcome, Failure> {
    let arguments = match command {
        TrainCommand::Autoencoder(arguments) => arguments,
        TrainCommand::Classifier(arguments) => return classifier::run(arguments),
        TrainCommand::Segmenter(arguments) => return segmenter::run(arguments),
    };
    let existing = existing(arguments.resume, arguments.force);
    let begun = begun(&arguments.out, existing)?;
    let config = arguments.settings.config(arguments.latent, begun.as_ref())?;
    let dataset = arguments.data.open(Some(config.seed), None, begun.as_ref())?;
    let plan = RunPlan { path: &arguments.out, existing, device: arguments.settings.device };
    let mut shown = Shown::new();
    let mut experiment = autoencoder(&dataset, &config, &plan, &mut |event| shown.event(event))?;
    shown.finish();
    finish(&mut experiment)?;
    let AutoencoderExperiment { trained, result, .. } = &experiment;
    let quality = &result.quality;
    if arguments.json {
        print(&json_text(quality)?)?;
    } else {
        let mut text = format!(
            "best network: epoch {} of {}\n{:<58}{:>9}{:>9}{:>9}\n",
            trained.best_epoch,
            trained.curve.len(),
            format!(
                "{} patches of {} {} micrographs",
                quality.all.n_patches, quality.n_micrographs, quality.part
            ),
            "MSE",
            "PSNR",
            "SSIM"
        );
        let mut row = |name: &str, quality: &nanoaid::evaluate::image_quality::Quality| {
            text += &format!(
                "  {name:<56}{:>9.5}{:>6.2} dB{:>9.4}\n",
                quality.mse, quality.psnr_db, quality.ssim
            );
        };
        row("this network", &quality.all);
        for baseline in &quality.baselines {
            row(&baseline.name, &baseline.quality);
        }
        for (category, quality) in &quality.categories {
            row(&format!("this network on {category}"), quality);
        }
        text += &format!("report: {}\n", arguments.out.join("report.html").display());
        print(&text)?;
    }
    Ok(Outcome::of_skipped(dataset.skipped.len() + trained.skipped.len()))
}
