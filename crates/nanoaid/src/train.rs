//! Training: the loop that fits a network, an autoencoder to patches of micrographs or a
//! classifier to their categories.
//!
//! Progress goes out through a callback; nothing here prints or reads the clock. On
//! the CPU the same settings and the same data give the same bytes, in one go or cut off and
//! resumed, whatever the number of threads.

mod autoencoder;
mod checkpoint;
mod classifier;
mod config;
mod curve;
pub mod experiment;
mod learn;
mod optimizer;
mod reconstruct;
pub mod regression;
mod report;
mod schedule;
mod segmenter;
pub mod sweep;
mod teacher;

pub use autoencoder::autoencoder;
pub(crate) use autoencoder::stepper;
pub use classifier::{Base, ClassifierConfig, FrozenFit, StartFrom, TrainedClassifier, classifier};
pub use config::{TeacherConfig, TrainConfig};
pub use curve::TrainingCurve;
pub use reconstruct::reconstruct;
pub use report::{BaselineQuality, HeldOut, QualityReport, Report, Sample, TrainResult};
pub use segmenter::{SegmenterTraining, segmenter};

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::data::dataset::DatasetError;
use crate::run::{RunError, Status};
use crate::{ConfigError, Network};

/// One epoch of a learning curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRow {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Gradient steps so far.
    pub step: usize,
    /// Learning rate of its last step.
    pub learning_rate: f64,
    /// Mean loss over its batches.
    pub training_loss: f64,
    /// Loss on the validation images after it.
    pub validation_loss: f64,
    /// Mean F1 over the categories on the validation images, of a classifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_macro_f1: Option<f64>,
}

impl EpochRow {
    /// What is lower, first things first, for a better network: minus the macro-F1 of a classifier,
    /// then the validation loss.
    fn badness(&self) -> (f64, f64) {
        (-self.validation_macro_f1.unwrap_or(0.0), self.validation_loss)
    }
}

/// How far a training is.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// The training continues from a checkpoint.
    Resumed {
        /// Epochs that were complete.
        after_epoch: usize,
        /// Steps of the next epoch that were made.
        after_step: usize,
    },
    /// A gradient step was made.
    Step {
        /// Steps so far, over all epochs.
        step: usize,
        /// Steps of the whole training, unless it stops early.
        n_steps: usize,
        /// Images in this step.
        n_images: usize,
        /// Its loss.
        loss: f64,
    },
    /// An epoch is complete and its checkpoint is on the disk.
    Epoch {
        /// Its losses.
        row: &'a EpochRow,
        /// The network that was validated.
        network: &'a Network,
    },
    /// Features of training micrographs were computed, for a head on a frozen base.
    Features {
        /// Micrographs that are done.
        n_done: usize,
        /// Micrographs in all.
        n_images: usize,
    },
    /// A head was fitted without a group, to be judged on it.
    LeavingOut {
        /// Groups that are done.
        n_done: usize,
        /// Groups in all.
        n_groups: usize,
    },
}

/// Progress callback; if it breaks, the training ends at the next step, as
/// [`TrainError::Cancelled`].
pub type OnProgress<'a> = dyn FnMut(Progress<'_>) -> ControlFlow<()> + 'a;

/// Why a training ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A weight does not fit.
    #[error(transparent)]
    Weights(#[from] crate::network::WeightsError),
    /// The data could not be used.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// The run folder could not be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A checkpoint does not fit.
    #[error("checkpoint: {reason}")]
    Checkpoint {
        /// What is wrong.
        reason: String,
    },
    /// The named split has no usable patch.
    #[error("no {part} patches: {reason}")]
    NoPatches {
        /// Training or validation.
        part: &'static str,
        /// Why.
        reason: String,
    },
    /// The caller ended it; a checkpoint of the last step is in the run folder.
    #[error("cancelled: the run folder holds all steps so far; `--resume` continues from there")]
    Cancelled,
    /// The loss or a gradient is not a number; the best network so far is kept.
    #[error(
        "step {step} (epoch {epoch}): {what} is {value}; the loss before was {before}. Nothing was overwritten; a lower learning rate may help"
    )]
    NotFinite {
        /// The step.
        step: usize,
        /// Its epoch, from 1.
        epoch: usize,
        /// The loss, or the gradient of a weight.
        what: String,
        /// Its value.
        value: f64,
        /// Loss of the step before.
        before: f64,
    },
}

/// What a training ended with.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The best network on the validation split.
    pub network: Network,
    /// All epochs.
    pub curve: Vec<EpochRow>,
    /// The epoch of that network, from 1; 0: no epoch was better than the start.
    pub best_epoch: usize,
    /// Files that could not be used, and why.
    pub skipped: Vec<crate::data::dataset::Skipped>,
    /// How it ended.
    pub status: Status,
}

fn no_patches(part: &'static str, reason: &str) -> TrainError {
    TrainError::NoPatches { part, reason: reason.to_owned() }
}
