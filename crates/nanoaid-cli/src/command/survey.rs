//! A network over a data set, for the commands that show what real micrographs say of its units.

use std::path::{Path, PathBuf};

use clap::Args;
use nanoaid::Network;
use nanoaid::data::dataset::{Dataset, DatasetConfig, Only};
use nanoaid::interpret::activation_index::{ActivationIndex, ImageArea, build};

use super::network::network;
use super::training::say_skipped;
use crate::outcome::Failure;
use crate::progress::Progress;

/// Which micrographs a network is shown.
#[derive(Args, Clone)]
pub(crate) struct DataArguments {
    /// Keep only rows of the index whose column begins with one of the texts, e.g.
    /// `licence=MIT|Apache`; may be repeated
    #[arg(long, value_name = "COLUMN=TEXT|…")]
    pub only: Vec<Only>,
    /// Synthetic micrographs of each of the ten categories, besides those of the data set
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub synthetic_per_category: usize,
}

impl DataArguments {
    /// The data set at `path`.
    pub(crate) fn open(&self, path: &Path) -> Result<Dataset, Failure> {
        let config = DatasetConfig {
            only: self.only.clone(),
            synthetic_per_category: self.synthetic_per_category,
            ..DatasetConfig::default()
        };
        Ok(Dataset::open(path, &config)?)
    }
}

/// The network of `run`, for grey images.
pub(crate) fn gray_network(run: &Path, device: nanoaid::Device) -> Result<Network, Failure> {
    Ok(nanoaid::interpret::gallery::gray_unless(network(run, device)?, false))
}

/// Surveys `dataset`, with progress; names what was skipped. It may hold nothing.
pub(crate) fn surveyed(
    network: &Network,
    layers: &[String],
    dataset: (&Dataset, ImageArea),
    path: &Path,
) -> Result<ActivationIndex, Failure> {
    let mut progress = Progress::new(dataset.0.entries.len() as u64, "micrographs");
    let found = build(network, layers, dataset, path, &mut |done, total| {
        progress.set_length(total as u64);
        progress.set(done as u64, "looking");
    })?;
    progress.finish();
    say_skipped(&found.skipped);
    Ok(found)
}

/// An error where `survey` holds nothing.
pub(crate) fn not_empty(survey: &ActivationIndex, dataset: &Dataset) -> Result<(), Failure> {
    if survey.seen.is_empty() {
        return Err(Failure::new(format!("{}: no micrograph could be looked at", dataset.root.display())));
    }
    Ok(())
}

/// The end of the path of `run`, as part of a name.
pub(crate) fn run_name(run: &Path) -> String {
    run.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The folder for a command's results, where none is named.
pub(crate) fn default_folder(command: &str, run: &Path) -> PathBuf {
    PathBuf::from(format!("{command}-{}", run_name(run)))
}
