//! Classifier: training to predict the categories of micrographs.
//!
//! Three starts, as in module 2 of Rajagopal et al. 2022: a head on frozen features (A1), every
//! weight of a trained network (A2), random weights (A3). The loss is the cross-entropy of smoothed
//! labels; the network that is kept has the highest macro-F1 on the validation split.

mod config;
mod frozen;
mod pictures;

pub use config::{ClassifierConfig, StartFrom};
pub use frozen::FrozenFit;

use burn::tensor::{Tensor, TensorData, activation};
use micrograph::Plane;
use micrograph::random::Stream;
use rayon::prelude::*;

use super::learn::{Task, Validation, learn};
use super::{OnProgress, TrainError, Trained, no_patches};
use crate::data::dataset::{Dataset, Skipped, Split};
use crate::evaluate::classifier::Scored;
use crate::evaluate::classify::{cross_entropy, logits_of_groups, macro_f1, tensor_of, view_px};
use crate::network::{Graph, Norms, Statistics};
use crate::run::{NETWORK, RunFolder};
use crate::{Architecture, Network};
use pictures::{Picture, order, pictures};

/// The network that a classifier starts from.
#[derive(Clone, Debug)]
pub struct Base {
    /// The classifier, its head random.
    pub network: Network,
    /// Whether its other weights were trained by someone; else they are random.
    pub trained: bool,
}

/// A trained classifier and how it came to be.
#[derive(Clone, Debug)]
pub struct TrainedClassifier {
    /// The network, its curve, the files that could not be used.
    pub trained: Trained,
    /// Each strength of the ridge that was tried, of a frozen start.
    pub fits: Vec<FrozenFit>,
    /// Training micrographs, each scored by a head that was fitted without its group, where
    /// [`ClassifierConfig::leave_groups_out`] says so.
    pub left_out: Vec<Scored>,
}

/// Trains a classifier on the categories of `dataset` that `base` has as classes, keeping its state
/// in `run`; continues from the newest whole checkpoint there, if there is one.
///
/// # Errors
/// See [`TrainError`]; the run folder then holds all that was complete.
pub fn classifier(
    dataset: &Dataset,
    base: &Base,
    config: &ClassifierConfig,
    run: &mut RunFolder,
    progress: &mut OnProgress<'_>,
) -> Result<TrainedClassifier, TrainError> {
    let config = config.clone().checked()?;
    run.remove_leftovers()?;
    let classes = base.network.classes().unwrap_or_default();
    let side =
        view_px(&base.network).ok_or_else(|| no_patches("labelled", "the base is not a classifier"))?;
    let (training, mut skipped) = pictures(dataset, Split::Train, classes, side);
    let (validation, more) = pictures(dataset, Split::Validation, classes, side);
    skipped.extend(more);
    for (part, pictures) in [("training", &training), ("validation", &validation)] {
        // where groups are left out, these are what to choose by
        if pictures.is_empty() && (part == "training" || !config.leave_groups_out) {
            return Err(no_patches(part, "no micrograph with one of the categories could be used"));
        }
    }
    let n_training = training.len();
    let validation = ValidationViews {
        labels: validation.iter().map(|picture| picture.label).collect(),
        views: validation.iter().map(|picture| picture.views(side)).collect(),
    };
    let task = Classify { base, config: &config, side, training, validation, skipped };
    if config.start == StartFrom::Frozen {
        return frozen::fit(&task, run, progress);
    }
    let mut trained = learn(&task, &config.schedule(n_training), base.network.device(), run, progress)?;
    if config.half_precision {
        trained.network = trained.network.in_half_precision()?;
        run.write(NETWORK, &trained.network.to_bytes())?;
    }
    Ok(TrainedClassifier { trained, fits: Vec::new(), left_out: Vec::new() })
}

/// The views that networks are compared by.
struct ValidationViews {
    labels: Vec<usize>,
    views: Vec<Vec<Plane>>,
}

/// The task: views in, categories out.
struct Classify<'a> {
    base: &'a Base,
    config: &'a ClassifierConfig,
    side: usize,
    training: Vec<Picture>,
    validation: ValidationViews,
    skipped: Vec<Skipped>,
}

/// Views with their labels.
struct Batch {
    views: Vec<Plane>,
    labels: Vec<usize>,
}

impl Classify<'_> {
    fn n_classes(&self) -> usize {
        self.base.network.classes().map_or(0, <[String]>::len)
    }
}

impl Task for Classify<'_> {
    type Batch = Batch;

    fn architecture(&self) -> Architecture {
        self.base.network.architecture().clone()
    }

    fn start(&self) -> Result<Network, TrainError> {
        Ok(self.base.network.clone())
    }

    fn epoch(&self, epoch: usize) -> impl Iterator<Item = Batch> {
        let n = self.config.views_in_epoch(self.training.len());
        let mut stream = Stream::new(self.config.seed, "classifier order", epoch as u64);
        let order = order(&self.training, n, self.config.balanced, &mut stream);
        let places: Vec<(usize, usize)> = order.into_iter().enumerate().collect();
        let batches: Vec<Vec<(usize, usize)>> =
            places.chunks(self.config.batch).map(<[(usize, usize)]>::to_vec).collect();
        batches.into_iter().map(move |batch| {
            let view = |&(place, index): &(usize, usize)| {
                // a stream of its own: no view depends on another
                let number = ((epoch as u64) << 32) | place as u64;
                let mut stream = Stream::new(self.config.seed, "classifier view", number);
                self.training[index].random_view(self.side, self.config, &mut stream)
            };
            let labels = batch.iter().map(|&(_, index)| self.training[index].label).collect();
            Batch { views: batch.par_iter().map(view).collect(), labels }
        })
    }

    fn n_images(&self, batch: &Batch) -> usize {
        batch.labels.len()
    }

    fn loss(&self, graph: &Graph, batch: &Batch) -> (Tensor<1>, Vec<Statistics>) {
        let views: Vec<&Plane> = batch.views.iter().collect();
        let device = self.base.network.device();
        let images = tensor_of(&views, device).autodiff();
        // a trained base keeps the statistics of the thousands of images it has seen
        let norms = if self.base.trained { Norms::Running } else { Norms::Batch };
        let (logits, statistics) = graph.forward_to_learn(images, norms); // [N, C, 1, 1]
        let (n, n_classes) = (batch.labels.len(), self.n_classes());
        let targets = smoothed(&batch.labels, n_classes, self.config.label_smoothing);
        let targets = Tensor::<2>::from_data(TensorData::new(targets, [n, n_classes]), &logits.device());
        let log_probabilities = activation::log_softmax(logits.reshape([n, n_classes]), 1);
        ((log_probabilities * targets).sum().div_scalar(-(n as f64)), statistics)
    }

    fn validate(&self, network: &Network) -> Validation {
        let logits = logits_of_groups(network, &self.validation.views);
        Validation {
            loss: cross_entropy(&logits, &self.validation.labels),
            macro_f1: Some(macro_f1(&logits, &self.validation.labels, self.n_classes())),
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        self.skipped.clone()
    }

    fn rate_factor(&self) -> Box<dyn Fn(&str) -> f64> {
        let body = if self.base.trained { self.config.body_rate } else { 1.0 };
        Box::new(move |name| if name.starts_with("head.") { 1.0 } else { body })
    }
}

/// The targets, one row a label: `1 − smoothing` for the label, `smoothing` spread over all.
fn smoothed(labels: &[usize], n_classes: usize, smoothing: f64) -> Vec<f32> {
    let spread = smoothing / n_classes as f64;
    let row = |label: usize| {
        (0..n_classes).map(move |class| (spread + if class == label { 1.0 - smoothing } else { 0.0 }) as f32)
    };
    labels.iter().flat_map(|&label| row(label)).collect()
}
