//! Autoencoder: learning to give patches of micrographs back. The loss is the mean squared error
//! over pixels, and that of a photo network's maps where there is a teacher.

use burn::tensor::{Tensor, TensorData};

use super::checkpoint::Checkpoint;
use super::learn::{Task, Validation, learn};
use super::optimizer::Optimizer;
use super::reconstruct::reconstruct;
use super::teacher::Teacher;
use super::{OnProgress, TrainConfig, TrainError, Trained, no_patches, report};
use crate::data::dataset::{
    Batch, Dataset, FixedConfig, LabelledPatch, PatchConfig, PatchSource, Skipped, Split, fixed_patches,
};
use crate::network::{FEATURES, Graph, Norms, Statistics};
use crate::run::{NETWORK, RunFolder};
use crate::{Architecture, AutoencoderConfig, Device, Network};

/// Most patches on which the validation loss is measured after each epoch.
const MOST_VALIDATION_PATCHES: usize = 256;
/// Most of them from one micrograph.
const MOST_PATCHES_PER_MICROGRAPH: usize = 8;
/// Learning rate of the linear code, which starts at the principal components, in shares of that of the
/// other weights.
const RATE_OF_BLOCKS: f64 = 0.2;

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
    progress: &mut OnProgress<'_>,
) -> Result<Trained, TrainError> {
    let config = config.clone().checked()?;
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
    let teacher = Teacher::of(&config, device)?;
    let task = Reconstruct { dataset, config: &config, device, patches, validation, teacher };
    let mut trained = learn(&task, &config.schedule(), device, run, progress)?;
    if config.half_precision {
        trained.network = trained.network.in_half_precision()?;
        run.write(NETWORK, &trained.network.to_bytes())?;
    }
    Ok(trained)
}

/// The step of a training of `network` that starts now: takes the network and a batch
/// `[N, 1, H, W]`, and returns the loss.
pub(crate) fn stepper(
    config: &TrainConfig,
    network: &Network,
) -> Result<impl FnMut(&mut Network, Tensor<4>) -> Result<f64, TrainError> + use<>, TrainError> {
    let start = Checkpoint::start(network.weights(), f64::NAN);
    let mut optimizer = Optimizer::new(&config.schedule(), network, &start, Box::new(|_| 1.0))?;
    Ok(move |network: &mut Network, images: Tensor<4>| {
        optimizer.step(network, |graph| loss_on(graph, images, None), || (1, f64::NAN))
    })
}

/// The task: patches in, the same patches out.
struct Reconstruct<'a> {
    dataset: &'a Dataset,
    config: &'a TrainConfig,
    device: Device,
    patches: PatchSource,
    validation: Vec<LabelledPatch>,
    teacher: Option<Teacher>,
}

impl Task for Reconstruct<'_> {
    type Batch = Batch;

    fn architecture(&self) -> Architecture {
        let features = self.teacher.as_ref().map_or(0, Teacher::n_channels);
        Architecture::Autoencoder(AutoencoderConfig { features, ..self.config.network() })
    }

    fn start(&self) -> Result<Network, TrainError> {
        let mut network = Network::random(self.architecture(), self.config.seed, self.device)?;
        if let Some(components) = report::block_components(self.dataset, self.config)? {
            network.start_from_components(&components);
        }
        Ok(network)
    }

    fn epoch(&self, epoch: usize) -> impl Iterator<Item = Batch> {
        self.patches.epoch(epoch as u64)
    }

    fn n_images(&self, batch: &Batch) -> usize {
        batch.n
    }

    fn loss(&self, graph: &Graph, batch: &Batch) -> (Tensor<1>, Vec<Statistics>) {
        let data = TensorData::new(batch.values.clone(), [batch.n, 1, batch.patch, batch.patch]);
        loss_on(graph, Tensor::from_data(data, &self.device.burn().autodiff()), self.teacher.as_ref())
    }

    fn validate(&self, network: &Network) -> Validation {
        Validation { loss: mean_loss(network, &self.validation), macro_f1: None }
    }

    fn skipped(&self) -> Vec<Skipped> {
        self.patches.skipped()
    }

    fn rate_factor(&self) -> Box<dyn Fn(&str) -> f64> {
        let lapped = self.config.residual_blocks > 0;
        Box::new(move |name| if lapped && name.contains(".blocks.") { RATE_OF_BLOCKS } else { 1.0 })
    }
}

/// Mean squared error of the reconstruction of `images` by `graph`, `[N, 1, H, W]`, and what `teacher`
/// adds; with the statistics of batch norms.
fn loss_on(graph: &Graph, images: Tensor<4>, teacher: Option<&Teacher>) -> (Tensor<1>, Vec<Statistics>) {
    let beside: Vec<&str> = teacher.map(|_| FEATURES).into_iter().collect();
    let (mut outputs, statistics) = graph.forward_to_learn_with(images.clone(), &beside, Norms::Batch);
    let loss = (outputs.remove(0) - images.clone()).square().mean();
    match teacher {
        Some(teacher) => (loss + teacher.loss(images, outputs.remove(0)), statistics),
        None => (loss, statistics),
    }
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
            "no micrograph of the validation split could be used; more micrographs, a larger --validation-share or smaller patches are needed",
        ));
    }
    Ok(patches)
}

fn mean_loss(network: &Network, patches: &[LabelledPatch]) -> f64 {
    let originals: Vec<&micrograph::Plane> = patches.iter().map(|patch| &patch.plane).collect();
    let outputs = reconstruct(network, &originals, 16);
    let errors = originals.iter().zip(&outputs).map(|(a, b)| crate::evaluate::image_quality::mse(a, b));
    errors.sum::<f64>() / patches.len() as f64
}
