//! Segmenter: learning to find particles, fibres and pores in synthetic scenes, and in micrographs in
//! which people drew them.
//!
//! The loss is the binary cross-entropy of the three kinds plus the squared error of the depth.

mod config;
mod masked;
mod patches;
mod target;

use burn::tensor::{Tensor, TensorData, activation};

use super::learn::{Task, Validation, learn};
use super::{OnProgress, TrainError, Trained};
use crate::data::dataset::Skipped;
use crate::data::masked::{MaskedImage, MaskedImages};
use crate::network::{DEPTH, Graph, Norms, Statistics};
use crate::run::{NETWORK, RunFolder};
use crate::{Architecture, Device, Network};

pub use config::SegmenterTraining;
use patches::{Batch, Patches};

/// What the squared error of the depth counts beside the cross-entropy, which is about five times as large.
const SHARE_OF_DEPTH: f32 = 5.0;
/// Scenes on which the validation loss is measured, beside patches of masked micrographs.
const N_VALIDATION_SCENES: usize = 96;
/// Patches of each masked micrograph of the validation split.
const N_VALIDATION_PATCHES: usize = 4;
/// Most patches in one pass of the validation.
const VALIDATION_BATCH: usize = 8;

/// Trains a segmenter as `config` says, from `base` if there is one, keeping its state in `run`;
/// continues from the newest whole checkpoint there, if there is one.
///
/// # Errors
/// See [`TrainError`]; the run folder then holds all that was complete.
pub fn segmenter(
    images: MaskedImages,
    config: &SegmenterTraining,
    base: Option<&Network>,
    device: Device,
    run: &mut RunFolder,
    progress: &mut OnProgress<'_>,
) -> Result<Trained, TrainError> {
    let config = config.clone().checked()?;
    run.remove_leftovers()?;
    let validation = validation(&images.validation, &config);
    let patches = Patches::new(images.train, &config);
    let task = Segment { config: &config, base, device, patches, validation };
    let mut trained = learn(&task, &config.schedule(), device, run, progress)?;
    if config.half_precision {
        trained.network = trained.network.in_half_precision()?;
        run.write(NETWORK, &trained.network.to_bytes())?;
    }
    Ok(trained)
}

/// The same scenes and patches after each epoch.
fn validation(images: &[MaskedImage], config: &SegmenterTraining) -> Vec<Batch> {
    let mut patches: Vec<target::Patch> = (0..N_VALIDATION_SCENES)
        .map(|index| patches::of_scene(config.patch, patches::VALIDATION_SEED, index as u64))
        .collect();
    for (number, image) in images.iter().enumerate() {
        patches.extend((0..N_VALIDATION_PATCHES).map(|index| {
            let index = (number * N_VALIDATION_PATCHES + index) as u64;
            masked::patch(image, config.patch, patches::VALIDATION_SEED, index)
        }));
    }
    patches.chunks(VALIDATION_BATCH).map(|patches| Batch::of(patches, config.patch)).collect()
}

/// The task: patches in, what is where out.
struct Segment<'a> {
    config: &'a SegmenterTraining,
    base: Option<&'a Network>,
    device: Device,
    patches: Patches,
    validation: Vec<Batch>,
}

impl Task for Segment<'_> {
    type Batch = Batch;

    fn architecture(&self) -> Architecture {
        Architecture::Segmenter(self.config.network())
    }

    fn start(&self) -> Result<Network, TrainError> {
        match self.base {
            Some(base) => Ok(Network::with_weights(self.architecture(), &base.weights(), self.device)?),
            None => Ok(Network::random(self.architecture(), self.config.seed, self.device)?),
        }
    }

    fn epoch(&self, epoch: usize) -> impl Iterator<Item = Batch> {
        self.patches.epoch(epoch)
    }

    fn n_images(&self, batch: &Batch) -> usize {
        batch.n
    }

    fn loss(&self, graph: &Graph, batch: &Batch) -> (Tensor<1>, Vec<Statistics>) {
        let device = self.device.burn();
        let images = batch.images(&device.clone().autodiff());
        let (output, statistics) = graph.forward_to_learn(images, Norms::Batch);
        (loss_of(output, Tensor::from_inner(batch.targets(&device))), statistics)
    }

    fn validate(&self, network: &Network) -> Validation {
        let device = self.device.burn();
        let losses = self.validation.iter().map(|batch| {
            let output = network.forward_to(batch.images(&device), "output");
            batch.n as f64 * f64::from(loss_of(output, batch.targets(&device)).into_scalar::<f32>())
        });
        let n: usize = self.validation.iter().map(|batch| batch.n).sum();
        Validation { loss: losses.sum::<f64>() / n as f64, macro_f1: None }
    }

    fn skipped(&self) -> Vec<Skipped> {
        Vec::new()
    }
}

/// Loss of `output` against `targets`, both `[N, 4, H, W]`.
fn loss_of(output: Tensor<4>, targets: Tensor<4>) -> Tensor<1> {
    let [n, channels, height, width] = output.dims();
    let kinds = [0..n, 0..DEPTH, 0..height, 0..width];
    let depth = [0..n, DEPTH..channels, 0..height, 0..width];
    let scores = output.clone().slice(kinds.clone());
    let is_there = targets.clone().slice(kinds);
    // of the logistic function, without its overflow
    let softplus = (scores.clone().abs().neg().exp() + 1.0).log();
    let cross_entropy = activation::relu(scores.clone()) - scores * is_there + softplus;
    let of_depth = (output.slice(depth.clone()) - targets.slice(depth)).square();
    cross_entropy.mean() + of_depth.mean() * SHARE_OF_DEPTH
}

impl Batch {
    /// `[N, 1, H, W]`
    fn images(&self, device: &burn::tensor::Device) -> Tensor<4> {
        let data = TensorData::new(self.values.clone(), [self.n, 1, self.patch, self.patch]);
        Tensor::from_data(data, device)
    }

    /// `[N, 4, H, W]`
    fn targets(&self, device: &burn::tensor::Device) -> Tensor<4> {
        let channels = self.targets.len() / (self.n * self.patch * self.patch);
        let data = TensorData::new(self.targets.clone(), [self.n, channels, self.patch, self.patch]);
        Tensor::from_data(data, device)
    }
}
