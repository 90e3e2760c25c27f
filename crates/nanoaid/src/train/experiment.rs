//! Experiment: a training with its evaluation in a run folder, from settings to results, one call each:
//! [`autoencoder`], [`sweep`], [`classifier`], [`segmenter`].
//!
//! Everything that is computed is written into the run folder as data; pages are made from the
//! results by others, and entered by [`crate::run::RunFolder::finish`]. Warnings and progress are values.

mod autoencoder;
mod begin;
mod classifier;
mod segmenter;

pub use autoencoder::{AutoencoderExperiment, SweepExperiment, SweepPlan, autoencoder, sweep};
pub use begin::{Existing, RunPlan, begun};
pub use classifier::{
    BaseNetwork, ClassifierExperiment, ClassifierPlan, ClassifierResult, NetworkSummary, classifier,
};

pub use segmenter::{SegmenterExperiment, segmenter};

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::{Progress, TrainError};
use crate::ConfigError;
use crate::data::dataset::{DatasetError, Skipped};
use crate::evaluate::classifier::EvaluateError;
use crate::network::WeightsError;
use crate::output::OutputError;
use crate::run::{Lengthened, RunError};

/// What happens in an experiment.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A training that is resumed was given more epochs.
    Lengthened {
        /// Where, and how many there were to be.
        from: Lengthened,
        /// How many there are to be now.
        epochs: usize,
    },
    /// The network of this latent size is trained next.
    Latent(usize),
    /// A step of the training.
    Training(Progress<'a>),
    /// The test split is evaluated.
    Evaluating {
        /// Micrographs that are done.
        n_done: usize,
        /// Micrographs in all.
        n_images: usize,
    },
    /// Files could not be used.
    Skipped(&'a [Skipped]),
}

/// What hears of events; where it breaks, the experiment ends at the next step, epoch or file.
pub type OnEvent<'a> = dyn FnMut(Event<'_>) -> ControlFlow<()> + 'a;

/// Why an experiment ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum ExperimentError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The run folder could not be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The data could not be used.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// A result could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The classifier could not be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// The settings cannot be written as a settings file.
    #[error("settings: {0}")]
    Toml(#[from] toml::ser::Error),
    /// A training is resumed as that of another kind of network.
    #[error("{}: a run of `train {holds}`, expected one of `train {expected}`; resume it with `train {holds}`, or give another --out", path.display())]
    OtherNetwork { path: PathBuf, holds: &'static str, expected: &'static str },
    /// A training is resumed with other settings, data or device than it began with.
    #[error("cannot resume with other {what} than the run began with: {detail}")]
    Changed { what: &'static str, detail: String },
    /// A training is resumed with fewer epochs than it has done.
    #[error(
        "cannot resume with {epochs} epochs: {done} of {planned} are done; give at least as many as were planned"
    )]
    Shorter { epochs: usize, planned: usize, done: usize },
    /// The training stopped early and would do so again at once.
    #[error(
        "the run stopped early after {done} epochs, {patience} of them without a better network; resume it with a larger --patience, or with --patience 0 to train all epochs"
    )]
    StoppedEarly { done: usize, patience: usize },
    /// Fewer than two categories.
    #[error(
        "{found} categories in the training split, expected at least 2: folders of categories, or an index with the column `category`"
    )]
    TooFewCategories { found: usize },
    /// The start needs trained weights, and there is no network to take them from.
    #[error("--start {start} needs --base, a network to start from")]
    NoBase { start: &'static str },
    /// The caller ended it; what was complete is in the run folder.
    #[error("cancelled: the run folder holds all steps so far; `--resume` continues from there")]
    Cancelled,
}

/// The error of a callback that broke.
fn unless_ended(flow: ControlFlow<()>) -> Result<(), ExperimentError> {
    if flow.is_break() { Err(ExperimentError::Cancelled) } else { Ok(()) }
}
