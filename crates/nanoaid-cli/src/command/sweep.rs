//! `nanoaid sweep`: one autoencoder for each latent size, compared.

use std::path::PathBuf;

use clap::Args;
use nanoaid::train::Sample;
use nanoaid::train::experiment::{SweepExperiment, SweepPlan, sweep};
use nanoaid::train::sweep::SweepRow;

use super::training::{DataArguments, SettingsArguments, Shown, existing};
use crate::outcome::{Failure, Outcome, print};
use nanoaid::output::{OutputFolder, json_text};
use nanoaid_pages::sweep as page;
use nanoaid_pages::training::finish;

/// Arguments of `sweep`.
#[derive(Args)]
pub(crate) struct SweepArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    settings: SettingsArguments,
    /// Latent sizes to compare, in channels
    #[arg(long, value_delimiter = ',', required = true, value_name = "CHANNELS")]
    latent: Vec<usize>,
    /// Folder for the runs and the comparison
    #[arg(long, value_name = "DIR", default_value = "sweep")]
    out: PathBuf,
    /// Resume a sweep that was interrupted
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Replace the runs of an existing sweep
    #[arg(long)]
    force: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Trains every size, measures it, and compares them.
pub(crate) fn run(arguments: &SweepArguments) -> Result<Outcome, Failure> {
    let mut sizes = arguments.latent.clone();
    sizes.sort_unstable();
    sizes.dedup();
    let mut configs = Vec::new();
    for latent in sizes {
        configs.push(arguments.settings.config(Some(latent), None)?);
    }
    let seed = configs[0].seed;
    let dataset = arguments.data.open(Some(seed), None, None)?;
    let folder = OutputFolder::create(&arguments.out, arguments.force || arguments.resume)?;
    let existing = existing(arguments.resume, arguments.force);
    let plan = SweepPlan { existing, device: arguments.settings.device };
    let mut shown = Shown::new();
    let SweepExperiment { mut experiments, rows } =
        sweep(&dataset, &configs, &folder, &plan, &mut |event| shown.event(event))?;
    shown.finish();
    for experiment in &mut experiments {
        finish(experiment)?;
    }
    let specimens: Vec<Sample> =
        experiments.iter().filter_map(|experiment| experiment.samples.first().cloned()).collect();
    for (name, bytes) in page::page(&rows, &specimens).files() {
        folder.write(name, bytes)?;
    }
    let n_skipped = experiments.iter().map(|experiment| experiment.trained.skipped.len()).max().unwrap_or(0);
    if arguments.json {
        print(&json_text(&rows)?)?;
    } else {
        print(&table(&rows))?;
        print(&format!("report: {}\n", folder.file("report.html").display()))?;
    }
    Ok(Outcome::of_skipped(dataset.skipped.len() + n_skipped))
}

fn table(rows: &[SweepRow]) -> String {
    let mut text = format!(
        "{:>7}{:>12}{:>10}{:>11}{:>8}{:>11}{:>6}{:>16}{:>8}\n",
        "latent", "compression", "MSE", "PSNR", "SSIM", "PCA", "dead", "effective rank", "probe"
    );
    for row in rows {
        let optional = |value: Option<f64>, unit: &str, digits: usize| {
            value.map_or("–".to_owned(), |value| format!("{value:.digits$}{unit}"))
        };
        text += &format!(
            "{:>7}{:>11.1}×{:>10.5}{:>8.2} dB{:>8.4}{:>11}{:>6}{:>16.1}{:>8}\n",
            row.latent,
            row.compression,
            row.mse,
            row.psnr_db,
            row.ssim,
            optional(row.pca_psnr_db, " dB", 2),
            row.n_dead_stage_channels + row.n_dead_latent_channels,
            row.effective_rank,
            optional(row.probe_accuracy, "", 3),
        );
    }
    text
}
