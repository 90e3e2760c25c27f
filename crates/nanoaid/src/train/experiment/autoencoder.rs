//! Experiments with autoencoders: one, and a sweep over latent sizes.

use super::begin::{Existing, RunPlan, begin};
use super::{Event, ExperimentError, OnEvent, unless_ended};
use crate::Device;
use crate::data::dataset::Dataset;
use crate::output::{OutputFolder, json_text};
use crate::run::{RunFolder, RunSettings};
use crate::train::sweep::{SweepRow, to_csv};
use crate::train::{self, HeldOut, Report, Sample, TrainConfig, TrainResult, Trained};

/// A trained autoencoder and how good it is.
#[derive(Clone, Debug)]
pub struct AutoencoderExperiment {
    /// The run folder; [`RunFolder::finish`] ends it.
    pub run: RunFolder,
    /// The network and its training.
    pub trained: Trained,
    /// Quality, baselines, learning curve.
    pub result: TrainResult,
    /// Some held-out patches and their reconstructions.
    pub samples: Vec<Sample>,
}

/// What a sweep does with runs that are there already, and where networks run.
#[derive(Clone, Copy, Debug)]
pub struct SweepPlan {
    /// What is done with run folders that are there already.
    pub existing: Existing,
    /// Where networks run.
    pub device: Device,
}

/// Autoencoders of several latent sizes, trained on the same data.
#[derive(Clone, Debug)]
pub struct SweepExperiment {
    /// The experiments, one a size.
    pub experiments: Vec<AutoencoderExperiment>,
    /// What is compared, one row a size.
    pub rows: Vec<SweepRow>,
}

/// Trains an autoencoder on `dataset` and measures it on the split that it was not trained on.
///
/// # Errors
/// If the data, the settings or the run folder cannot be used, the training fails, or `on` breaks.
pub fn autoencoder(
    dataset: &Dataset,
    config: &TrainConfig,
    plan: &RunPlan<'_>,
    on: &mut OnEvent<'_>,
) -> Result<AutoencoderExperiment, ExperimentError> {
    experiment(dataset, config, plan, &mut None, on)
}

/// The same with held-out patches that were read before, or are now.
fn experiment(
    dataset: &Dataset,
    config: &TrainConfig,
    plan: &RunPlan<'_>,
    patches: &mut Option<HeldOut>,
    on: &mut OnEvent<'_>,
) -> Result<AutoencoderExperiment, ExperimentError> {
    let settings = RunSettings::Autoencoder(Box::new(config.clone()));
    let (mut run, lengthened) = begin(dataset, settings, &toml::to_string(config)?, plan)?;
    if let Some(from) = lengthened {
        unless_ended(on(Event::Lengthened { from, epochs: config.epochs }))?;
    }
    let trained = train::autoencoder(dataset, config, plan.device, &mut run, &mut |progress| {
        on(Event::Training(progress))
    })?;
    unless_ended(on(Event::Skipped(&trained.skipped)))?;
    let patches = match patches {
        Some(patches) => patches,
        None => patches.insert(HeldOut::of(dataset, config)?),
    };
    let Report { quality, samples } = Report::of(&trained.network, patches, config);
    let result = TrainResult::new(quality, &trained);
    run.write("curves.csv", result.curve.to_csv().as_bytes())?;
    run.write("result.json", json_text(&result)?.as_bytes())?;
    Ok(AutoencoderExperiment { run, trained, result, samples })
}

/// Trains an autoencoder by each of `configs`, which differ only in the latent size, and
/// compares their codes. Held-out micrographs are read once for all of them.
///
/// # Errors
/// As [`autoencoder`].
pub fn sweep(
    dataset: &Dataset,
    configs: &[TrainConfig],
    folder: &OutputFolder,
    plan: &SweepPlan,
    on: &mut OnEvent<'_>,
) -> Result<SweepExperiment, ExperimentError> {
    let (mut experiments, mut rows) = (Vec::new(), Vec::new());
    let mut patches = None;
    for config in configs {
        unless_ended(on(Event::Latent(config.latent)))?;
        let path = run_path(folder, config.latent);
        let plan = RunPlan { path: &path, existing: plan.existing, device: plan.device };
        let mut found = experiment(dataset, config, &plan, &mut patches, on)?;
        // so that a sweep that ends before the last size has whole runs
        found.run.set_status(found.trained.status)?;
        let parts = patches.as_ref().expect("they were read by the experiment");
        rows.push(SweepRow::of(&found.trained.network, parts, config, &found.result.quality));
        experiments.push(found);
    }
    folder.write("sweep.csv", to_csv(&rows).as_bytes())?;
    folder.write_json("sweep.json", &rows)?;
    Ok(SweepExperiment { experiments, rows })
}

/// The run folder of a latent size.
fn run_path(folder: &OutputFolder, latent: usize) -> std::path::PathBuf {
    folder.file(&format!("latent-{latent:04}"))
}
