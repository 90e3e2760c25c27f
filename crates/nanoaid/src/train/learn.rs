//! Learn: the loop over epochs and batches for any task: schedule, checkpoints, the best
//! network so far, early stop.

use burn::tensor::Tensor;

use super::checkpoint::Checkpoint;
use super::optimizer::Optimizer;
use super::schedule::Schedule;
use super::{EpochRow, OnProgress, Progress, TrainError, Trained, no_patches};
use crate::data::dataset::Skipped;
use crate::network::{Graph, Statistics, Weights};
use crate::run::{NETWORK, RunFolder, Status};
use crate::{Architecture, Device, Network};

/// How good a network is on the validation split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validation {
    /// Its loss.
    pub loss: f64,
    /// Mean F1 over the categories, of a classifier; it takes precedence over the loss.
    pub macro_f1: Option<f64>,
}

/// What a network is trained for.
pub(super) trait Task {
    /// Images with what belongs to them.
    type Batch;

    /// What the network is made of.
    fn architecture(&self) -> Architecture;

    /// The network before the first step.
    fn start(&self) -> Result<Network, TrainError>;

    /// The batches of epoch `epoch`, from 1; they depend on its number alone.
    fn epoch(&self, epoch: usize) -> impl Iterator<Item = Self::Batch>;

    /// Images of a batch.
    fn n_images(&self, batch: &Self::Batch) -> usize;

    /// Loss on a batch, and what batch norms found in it.
    fn loss(&self, graph: &Graph, batch: &Self::Batch) -> (Tensor<1>, Vec<Statistics>);

    /// How good a network is on the validation split.
    fn validate(&self, network: &Network) -> Validation;

    /// Files that could not be used.
    fn skipped(&self) -> Vec<Skipped>;

    /// Learning rate of the weight `name` in shares of the schedule's.
    fn rate_factor(&self) -> Box<dyn Fn(&str) -> f64> {
        Box::new(|_| 1.0)
    }
}

/// Learns `task`, keeping the state in `run`; continues from the newest whole checkpoint there.
pub(super) fn learn<T: Task>(
    task: &T,
    schedule: &Schedule,
    device: Device,
    run: &mut RunFolder,
    progress: &mut OnProgress<'_>,
) -> Result<Trained, TrainError> {
    let mut checkpoint = match run.newest_checkpoint()? {
        Some((after_epoch, bytes)) => {
            let checkpoint =
                Checkpoint::from_bytes(&bytes).map_err(|reason| TrainError::Checkpoint { reason })?;
            let after_step = checkpoint.unfinished.len();
            if progress(Progress::Resumed { after_epoch, after_step }).is_break() {
                return Err(TrainError::Cancelled);
            }
            checkpoint
        }
        None => {
            let start = task.start()?;
            Checkpoint::start(start.weights(), task.validate(&start).loss)
        }
    };
    let architecture = task.architecture();
    let network_of = |weights: &Weights| {
        Network::with_weights(architecture.clone(), weights, device)
            .map_err(|error| TrainError::Checkpoint { reason: error.to_string() })
    };
    // may have been cut off between a checkpoint and the best network that belongs to it
    run.write(NETWORK, &network_of(&checkpoint.best)?.to_bytes())?;
    let mut network = network_of(&checkpoint.weights)?;
    network.graph_mut().use_fastest_method();
    let mut optimizer = Optimizer::new(schedule, &network, &checkpoint, task.rate_factor())?;

    while checkpoint.epoch() < schedule.epochs && !stops_early(&checkpoint, schedule) {
        let epoch = checkpoint.epoch() + 1;
        let mut losses = std::mem::take(&mut checkpoint.unfinished);
        for batch in task.epoch(epoch).skip(losses.len()) {
            let place = || (epoch, losses.last().copied().unwrap_or(f64::NAN));
            let loss = optimizer.step(&mut network, |graph| task.loss(graph, &batch), place)?;
            losses.push(loss);
            let (step, n_images) = (optimizer.n_steps(), task.n_images(&batch));
            let made = Progress::Step { step, n_steps: schedule.n_steps(), n_images, loss };
            if progress(made).is_break() {
                let n_steps = losses.len();
                checkpoint.unfinished = losses;
                checkpoint.weights = network.weights();
                optimizer.save_into(&mut checkpoint);
                run.write_checkpoint(checkpoint.epoch(), n_steps, &checkpoint.to_bytes())?;
                return Err(TrainError::Cancelled);
            }
        }
        if losses.is_empty() {
            return Err(no_patches("training", "no micrograph of the training split could be used"));
        }
        checkpoint.weights = network.weights();
        optimizer.save_into(&mut checkpoint);
        let validated = network_of(checkpoint.validated())?;
        let validation = task.validate(&validated);
        if !validation.loss.is_finite() {
            return Err(TrainError::NotFinite {
                step: optimizer.n_steps(),
                epoch,
                what: "the validation loss".into(),
                value: validation.loss,
                before: losses.last().copied().unwrap_or(f64::NAN),
            });
        }
        let row = EpochRow {
            epoch,
            step: optimizer.n_steps(),
            learning_rate: optimizer.learning_rate(),
            training_loss: losses.iter().sum::<f64>() / losses.len() as f64,
            validation_loss: validation.loss,
            validation_macro_f1: validation.macro_f1,
        };
        let improved = checkpoint.enter(row);
        run.write_checkpoint(epoch, 0, &checkpoint.to_bytes())?;
        if improved {
            run.write(NETWORK, &validated.to_bytes())?;
        }
        let complete = Progress::Epoch { row: &row, network: &validated };
        if progress(complete).is_break() && checkpoint.epoch() < schedule.epochs {
            return Err(TrainError::Cancelled);
        }
    }
    let status = if checkpoint.epoch() < schedule.epochs { Status::StoppedEarly } else { Status::Done };
    Ok(Trained {
        network: network_of(&checkpoint.best)?,
        best_epoch: checkpoint.best_epoch,
        curve: checkpoint.curve,
        skipped: task.skipped(),
        status,
    })
}

fn stops_early(checkpoint: &Checkpoint, schedule: &Schedule) -> bool {
    schedule.patience > 0 && checkpoint.epoch() >= checkpoint.best_epoch + schedule.patience
}
