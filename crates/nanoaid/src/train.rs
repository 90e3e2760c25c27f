//! Training: the loop that fits an autoencoder to patches of micrographs.
//!
//! The loss is the mean squared error over pixels. Progress goes out through a callback; nothing
//! here prints or reads the clock. On the CPU the same settings and the same data give the same
//! bytes, in one go or cut off and resumed, whatever the number of threads.

mod checkpoint;
mod config;
mod curve;
mod optimizer;
mod report;

pub use config::TrainConfig;
pub use curve::TrainingCurve;
pub use report::{BaselineQuality, HeldOut, QualityReport, Report, Sample, TrainResult};

use burn::tensor::{Tensor, TensorData};

use crate::dataset::{
    Batch, Dataset, DatasetError, FixedConfig, LabelledPatch, PatchConfig, PatchSource, Split, fixed_patches,
};
use crate::network::Weights;
use crate::run::{NETWORK, RunError, RunFolder, Status};
use crate::{Architecture, ConfigError, Device, Network};
use checkpoint::Checkpoint;
use optimizer::Optimizer;

use serde::{Deserialize, Serialize};

/// Most patches on which the validation loss is measured after each epoch.
const MOST_VALIDATION_PATCHES: usize = 256;
/// Most of them from one micrograph.
const MOST_PATCHES_PER_MICROGRAPH: usize = 8;

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
    /// Loss on the validation patches after it.
    pub validation_loss: f64,
}

/// What the loop tells while it runs.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A gradient step was made.
    Step {
        /// Steps so far, over all epochs.
        step: usize,
        /// Steps of the whole training, unless it stops early.
        n_steps: usize,
        /// Patches in this step.
        n_patches: usize,
        /// Its loss.
        loss: f64,
    },
    /// An epoch is complete and its checkpoint is on the disk.
    Epoch(&'a EpochRow),
}

/// Why a training ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
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
    /// No patch of the named part is left.
    #[error("no {part} patches: {reason}")]
    NoPatches {
        /// Training or validation.
        part: &'static str,
        /// Why.
        reason: String,
    },
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
    /// The network with the lowest validation loss.
    pub network: Network,
    /// All epochs.
    pub curve: Vec<EpochRow>,
    /// The epoch of that network, from 1; 0: no epoch was better than the start.
    pub best_epoch: usize,
    /// Files that could not be used, and why.
    pub skipped: Vec<crate::dataset::Skipped>,
    /// How it ended.
    pub status: Status,
}

/// Trains an autoencoder on `dataset` as `config` says, keeping its state in `run`; continues
/// from the newest whole checkpoint there, if there is one.
///
/// # Errors
/// See [`TrainError`]; the run folder then holds all that was complete.
pub fn autoencoder(
    dataset: &Dataset,
    config: &TrainConfig,
    device: Device,
    run: &mut RunFolder,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Trained, TrainError> {
    let config = config.clone().checked()?;
    let architecture = Architecture::Autoencoder(config.network());
    run.remove_leftovers()?;
    let patches = PatchSource::new(
        dataset,
        Split::Train,
        PatchConfig {
            patch: config.patch,
            patches_per_epoch: config.patches_per_epoch,
            batch: config.batch,
            seed: config.seed,
            ..PatchConfig::default()
        },
    )?;
    let validation = validation_patches(dataset, &config)?;

    let mut checkpoint = match run.newest_checkpoint()? {
        Some((_, bytes)) => {
            Checkpoint::from_bytes(&bytes).map_err(|reason| TrainError::Checkpoint { reason })?
        }
        None => {
            let mut network = Network::random(architecture.clone(), config.seed, device)?;
            if let Some(components) = report::block_components(dataset, &config)? {
                network.start_from_components(&components);
            }
            Checkpoint::start(network.weights(), mean_loss(&network, &validation))
        }
    };
    let network_of = |weights: &Weights| {
        Network::with_weights(architecture.clone(), weights, device)
            .map_err(|error| TrainError::Checkpoint { reason: error.to_string() })
    };
    // may have been cut off between a checkpoint and the best network that belongs to it
    run.write(NETWORK, &network_of(&checkpoint.best)?.to_bytes())?;
    let mut network = network_of(&checkpoint.weights)?;
    network.graph_mut().hurry();
    let mut optimizer = Optimizer::new(&config, &network, &checkpoint)?;
    let n_steps = config.epochs * config.steps_per_epoch();

    while checkpoint.epoch() < config.epochs && !stops_early(&checkpoint, &config) {
        let epoch = checkpoint.epoch() + 1;
        let mut losses = Vec::with_capacity(config.steps_per_epoch());
        for batch in patches.epoch(epoch as u64) {
            let loss = optimizer.step(&mut network, images_of(&batch, device), || {
                (epoch, losses.last().copied().unwrap_or(f64::NAN))
            })?;
            losses.push(loss);
            progress(Progress::Step { step: optimizer.n_steps(), n_steps, n_patches: batch.n, loss });
        }
        if losses.is_empty() {
            return Err(no_patches("training", "no micrograph of the training part could be used"));
        }
        optimizer.save_into(&mut checkpoint);
        checkpoint.weights = network.weights();
        let judged = network_of(checkpoint.judged())?;
        let validation_loss = mean_loss(&judged, &validation);
        if !validation_loss.is_finite() {
            return Err(TrainError::NotFinite {
                step: optimizer.n_steps(),
                epoch,
                what: "the validation loss".into(),
                value: validation_loss,
                before: losses.last().copied().unwrap_or(f64::NAN),
            });
        }
        let row = EpochRow {
            epoch,
            step: optimizer.n_steps(),
            learning_rate: optimizer.learning_rate(),
            training_loss: losses.iter().sum::<f64>() / losses.len() as f64,
            validation_loss,
        };
        let improved = checkpoint.enter(row);
        run.write_checkpoint(epoch, &checkpoint.to_bytes())?;
        if improved {
            run.write(NETWORK, &judged.to_bytes())?;
        }
        progress(Progress::Epoch(&row));
    }
    let status = if checkpoint.epoch() < config.epochs { Status::StoppedEarly } else { Status::Done };
    Ok(Trained {
        network: network_of(&checkpoint.best)?,
        best_epoch: checkpoint.best_epoch,
        curve: checkpoint.curve,
        skipped: patches.skipped(),
        status,
    })
}

/// The step of a training of `network` that starts now: takes the network and a batch
/// `[N, 1, H, W]`, and returns the loss.
pub(crate) fn stepper(
    config: &TrainConfig,
    network: &Network,
) -> Result<impl FnMut(&mut Network, Tensor<4>) -> Result<f64, TrainError> + use<>, TrainError> {
    let start = Checkpoint::start(network.weights(), f64::NAN);
    let mut optimizer = Optimizer::new(config, network, &start)?;
    Ok(move |network: &mut Network, images| optimizer.step(network, images, || (1, f64::NAN)))
}

/// The output of an autoencoder for patches of one size, `n` at a time; in order.
pub fn reconstruct(network: &Network, patches: &[&micrograph::Plane], n: usize) -> Vec<micrograph::Plane> {
    let mut outputs = Vec::with_capacity(patches.len());
    for group in patches.chunks(n) {
        let Some(first) = group.first() else { continue };
        let (height, width) = (first.height(), first.width());
        let values: Vec<f32> = group.iter().flat_map(|patch| patch.values().iter().copied()).collect();
        let data = TensorData::new(values, [group.len(), 1, height, width]);
        let images = Tensor::<4>::from_data(data, &network.device().burn());
        let values: Vec<f32> =
            network.graph().forward(images).into_data().try_to_vec().expect("images are f32");
        outputs.extend(
            values
                .chunks(height * width)
                .map(|values| micrograph::Plane::new(height, width, values.to_vec())),
        );
    }
    outputs
}

fn validation_patches(dataset: &Dataset, config: &TrainConfig) -> Result<Vec<LabelledPatch>, TrainError> {
    let fixed = FixedConfig {
        patch: config.patch,
        most_per_micrograph: MOST_PATCHES_PER_MICROGRAPH,
        most_total: MOST_VALIDATION_PATCHES,
        ..FixedConfig::default()
    };
    let patches = fixed_patches(dataset, Split::Validation, &fixed)?.patches;
    if patches.is_empty() {
        return Err(no_patches(
            "validation",
            "no micrograph of the validation part could be used; more micrographs, a larger --validation-share or smaller patches are needed",
        ));
    }
    Ok(patches)
}

fn mean_loss(network: &Network, patches: &[LabelledPatch]) -> f64 {
    let originals: Vec<&micrograph::Plane> = patches.iter().map(|patch| &patch.plane).collect();
    let outputs = reconstruct(network, &originals, 16);
    let errors = originals.iter().zip(&outputs).map(|(a, b)| crate::quality::mse(a, b));
    errors.sum::<f64>() / patches.len() as f64
}

fn images_of(batch: &Batch, device: Device) -> Tensor<4> {
    let data = TensorData::new(batch.values.clone(), [batch.n, 1, batch.patch, batch.patch]);
    Tensor::from_data(data, &device.burn().autodiff())
}

fn stops_early(checkpoint: &Checkpoint, config: &TrainConfig) -> bool {
    config.patience > 0 && checkpoint.epoch() >= checkpoint.best_epoch + config.patience
}

fn no_patches(part: &'static str, reason: &str) -> TrainError {
    TrainError::NoPatches { part, reason: reason.to_owned() }
}
