//! Frozen: a head fitted to the features of a base that stays as it is (A1).
//!
//! The features of some random views of every training micrograph are computed once; softmax
//! regression is fitted to them for several strengths of its ridge, and the one with the highest
//! macro-F1 on the validation split is taken. The features are kept in the run folder, so that a
//! fit that was cut off does not compute them again.

use micrograph::Plane;
use micrograph::random::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Classify, TrainedClassifier};
use crate::Network;
use crate::evaluate::classify::{cross_entropy, logits_of_groups, macro_f1, means_of_groups};
use crate::network::{Weight, Weights};
use crate::run::{NETWORK, RunFolder, Status};
use crate::train::regression::{Examples, SoftmaxRegression};
use crate::train::{OnProgress, Progress, TrainError, Trained};

/// Strengths that are tried.
const RIDGES: [f64; 6] = [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1];
/// File of the features.
const FEATURES: &str = "features.safetensors";
/// Layer whose output the head takes.
const POOL: &str = "pool";

/// One strength of the ridge and how good the head is with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrozenFit {
    /// Weight of the squared coefficients of standardized features.
    pub ridge: f64,
    /// Steps of the fit.
    pub n_steps: usize,
    /// Whether the gradient vanished.
    pub converged: bool,
    /// Cross-entropy on the validation split in nats.
    pub validation_loss: f64,
    /// Mean F1 over the categories on the validation split.
    pub validation_macro_f1: f64,
}

pub(super) fn fit(
    task: &Classify<'_>,
    run: &mut RunFolder,
    progress: &mut OnProgress<'_>,
) -> Result<TrainedClassifier, TrainError> {
    let n_views = task.config.frozen_views;
    let features = match kept_features(run, task.training.len() * n_views) {
        Some(features) => features,
        None => {
            let features = features_of(task, progress)?;
            run.write(FEATURES, &file_of(&features))?;
            features
        }
    };
    let labels: Vec<usize> = task.training.iter().flat_map(|picture| vec![picture.label; n_views]).collect();
    let importance = importance(&labels, task.n_classes(), task.config.balanced);
    let examples = Examples {
        features: &features,
        labels: &labels,
        importance: &importance,
        n_classes: task.n_classes(),
        label_smoothing: task.config.label_smoothing,
    };
    let fitted: Vec<(FrozenFit, Network)> = RIDGES
        .par_iter()
        .map(|&ridge| {
            let fit = SoftmaxRegression::fit(&examples, ridge);
            let network = with_head(&task.base.network, &fit);
            let logits = logits_of_groups(&network, &task.validation.views);
            let fit = FrozenFit {
                ridge,
                n_steps: fit.n_steps,
                converged: fit.converged,
                validation_loss: cross_entropy(&logits, &task.validation.labels),
                validation_macro_f1: macro_f1(&logits, &task.validation.labels, task.n_classes()),
            };
            (fit, network)
        })
        .collect();
    let badness = |fit: &FrozenFit| (-fit.validation_macro_f1, fit.validation_loss);
    let best = (0..fitted.len())
        .min_by(|&a, &b| {
            let (a, b) = (badness(&fitted[a].0), badness(&fitted[b].0));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
        .expect("there are strengths to try");
    let network = fitted[best].1.clone();
    run.write(NETWORK, &network.to_bytes())?;
    let trained = Trained {
        network,
        curve: Vec::new(),
        best_epoch: 0,
        skipped: task.skipped.clone(),
        status: Status::Done,
    };
    Ok(TrainedClassifier { trained, fits: fitted.into_iter().map(|(fit, _)| fit).collect() })
}

/// Features of random views of every training micrograph, its views one after the other.
fn features_of(task: &Classify<'_>, progress: &mut OnProgress<'_>) -> Result<Vec<Vec<f64>>, TrainError> {
    let n_views = task.config.frozen_views;
    let mut features = Vec::with_capacity(task.training.len() * n_views);
    for (place, picture) in task.training.iter().enumerate() {
        let views: Vec<Vec<Plane>> = (0..n_views)
            .into_par_iter()
            .map(|view| {
                let number = (place * n_views + view) as u64;
                let mut stream = Stream::new(task.config.seed, "frozen view", number);
                vec![picture.random_view(task.side, task.config, &mut stream)]
            })
            .collect();
        features.extend(means_of_groups(&task.base.network, POOL, &views));
        let (n_done, n_images) = (place + 1, task.training.len());
        if progress(Progress::Features { n_done, n_images }).is_break() {
            return Err(TrainError::Cancelled);
        }
    }
    Ok(features)
}

fn file_of(features: &[Vec<f64>]) -> Vec<u8> {
    let values = features.iter().flatten().map(|&value| value as f32).collect();
    let shape = vec![features.len(), features.first().map_or(0, Vec::len)];
    let tensors = [("features".to_owned(), Weight { shape, values })].into();
    Weights { tensors }.to_bytes("nanoaid.features", "of the training views")
}

/// The features that a fit which was cut off has left, if they are whole and as many.
fn kept_features(run: &RunFolder, n: usize) -> Option<Vec<Vec<f64>>> {
    let bytes = run.read(FEATURES).ok()?;
    let (weights, _) = Weights::from_bytes(&bytes).ok()?;
    let features = weights.tensors.get("features")?;
    let &[n_found, n_features] = features.shape.as_slice() else { return None };
    let rows = features.values.chunks(n_features);
    (n_found == n).then(|| rows.map(|row| row.iter().map(|&value| f64::from(value)).collect()).collect())
}

/// How much each example counts: the same, or so that every class counts the same in all.
fn importance(labels: &[usize], n_classes: usize, balanced: bool) -> Vec<f64> {
    let mut counts = vec![0.0; n_classes];
    labels.iter().for_each(|&label| counts[label] += 1.0);
    labels.iter().map(|&label| if balanced { 1.0 / counts[label] } else { 1.0 }).collect()
}

/// `base` with the fitted head.
fn with_head(base: &Network, fit: &SoftmaxRegression) -> Network {
    let mut weights = base.weights();
    let mut set = |name: &str, values: Vec<f32>| {
        let weight = weights.tensors.get_mut(name).expect("classifiers end in a head");
        assert_eq!(weight.values.len(), values.len(), "the head takes the features");
        weight.values = values;
    };
    set("head.weight", fit.weights.iter().flatten().map(|&weight| weight as f32).collect());
    set("head.bias", fit.biases.iter().map(|&bias| bias as f32).collect());
    Network::with_weights(base.architecture().clone(), &weights, base.device())
        .expect("the weights are those of the base")
}
