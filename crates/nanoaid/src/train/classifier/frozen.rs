//! Frozen: a head fitted to the features of a base that stays as it is (A1).
//!
//! The features of some random views of every training micrograph are computed once; softmax
//! regression is fitted to them for several strengths of its ridge, and the one with the highest
//! macro-F1 on the validation split is taken, unless one is given. On request a head is fitted without
//! each group of micrographs, and judged on it. The features are kept in the run folder, so that a
//! fit that was cut off does not compute them again.

use std::collections::{BTreeMap, BTreeSet};

use micrograph::Plane;
use micrograph::random::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::pictures::Picture;
use super::{ClassifierConfig, Classify, TrainedClassifier};
use crate::Network;
use crate::evaluate::classifier::Scored;
use crate::evaluate::classify::{cross_entropy, logits_of_groups, macro_f1, means_of_groups};
use crate::network::{Weight, Weights};
use crate::run::{NETWORK, RunFolder, Status};
use crate::train::regression::{Examples, SoftmaxRegression};
use crate::train::{OnProgress, Progress, TrainError, Trained};

/// Strengths that are tried.
const RIDGES: [f64; 6] = [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1];
/// File of the features.
const FEATURES: &str = "features.safetensors";
/// Micrographs whose views are held together.
const AT_ONCE: usize = 8;
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
    /// Cross-entropy on the validation split in nats; where groups are left out, on these.
    pub validation_loss: f64,
    /// Mean F1 over the categories on the validation split; where groups are left out, on these.
    pub validation_macro_f1: f64,
}

pub(super) fn fit(
    task: &Classify<'_>,
    run: &mut RunFolder,
    progress: &mut OnProgress<'_>,
) -> Result<TrainedClassifier, TrainError> {
    // of each example, its micrograph
    let pictures: Vec<usize> = task
        .training
        .iter()
        .enumerate()
        .flat_map(|(place, picture)| vec![place; n_views(picture, task.config)])
        .collect();
    let features = match kept_features(run, pictures.len()) {
        Some(features) => features,
        None => {
            let features = features_of(task, pictures.len(), progress)?;
            run.write(FEATURES, &file_of(&features))?;
            features
        }
    };
    let labels: Vec<usize> = pictures.iter().map(|&place| task.training[place].label).collect();
    let importance = importance(&task.training, &pictures, task.config.balanced, None);
    let examples = Examples {
        features: &features,
        labels: &labels,
        importance: &importance,
        n_classes: task.n_classes(),
        label_smoothing: task.config.label_smoothing,
    };
    let ridges = if task.config.ridge > 0.0 { vec![task.config.ridge] } else { RIDGES.to_vec() };
    let fitted: Vec<(FrozenFit, SoftmaxRegression, Network)> = ridges
        .par_iter()
        .map(|&ridge| {
            let head = SoftmaxRegression::fit(&examples, ridge);
            let network = with_head(&task.base.network, &head);
            let logits = logits_of_groups(&network, &task.validation.views);
            let fit = FrozenFit {
                ridge,
                n_steps: head.n_steps,
                converged: head.converged,
                validation_loss: cross_entropy(&logits, &task.validation.labels),
                validation_macro_f1: macro_f1(&logits, &task.validation.labels, task.n_classes()),
            };
            (fit, head, network)
        })
        .collect();
    let badness = |fit: &FrozenFit| (-fit.validation_macro_f1, fit.validation_loss);
    let best = (0..fitted.len())
        .min_by(|&a, &b| {
            let (a, b) = (badness(&fitted[a].0), badness(&fitted[b].0));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
        .expect("there are strengths to try");
    let (fit, head, network) = &fitted[best];
    let mut fits: Vec<FrozenFit> = fitted.iter().map(|(fit, ..)| *fit).collect();
    let left_out = if task.config.leave_groups_out {
        let left_out = left_out(task, &pictures, &examples, (fit.ridge, head), progress)?;
        let (logits, labels): (Vec<Vec<f64>>, Vec<usize>) =
            left_out.iter().map(|scored| (scored.logits.clone(), scored.category)).unzip();
        fits[best].validation_loss = cross_entropy(&logits, &labels);
        fits[best].validation_macro_f1 = macro_f1(&logits, &labels, task.n_classes());
        left_out
    } else {
        Vec::new()
    };
    let network = if task.config.half_precision { network.in_half_precision()? } else { network.clone() };
    run.write(NETWORK, &network.to_bytes())?;
    let trained = Trained {
        network,
        curve: Vec::new(),
        best_epoch: 0,
        skipped: task.skipped.clone(),
        status: Status::Done,
    };
    Ok(TrainedClassifier { trained, fits, left_out })
}

/// Views of `picture` that a head is fitted to.
fn n_views(picture: &Picture, config: &ClassifierConfig) -> usize {
    if picture.synthetic { 1 } else { config.frozen_views }
}

/// Every micrograph that was taken, scored by a head that was fitted without its group.
fn left_out(
    task: &Classify<'_>,
    pictures: &[usize],
    examples: &Examples<'_>,
    (ridge, near): (f64, &SoftmaxRegression),
    progress: &mut OnProgress<'_>,
) -> Result<Vec<Scored>, TrainError> {
    let taken: Vec<&Picture> = task.training.iter().filter(|picture| !picture.synthetic).collect();
    let groups: BTreeSet<&str> = taken.iter().map(|picture| picture.group.as_str()).collect();
    let n_groups = groups.len();
    let mut scored = Vec::new();
    for (n_done, group) in groups.into_iter().enumerate() {
        if progress(Progress::LeavingOut { n_done, n_groups }).is_break() {
            return Err(TrainError::Cancelled);
        }
        let importance = importance(&task.training, pictures, task.config.balanced, Some(group));
        let without = Examples { importance: &importance, ..examples.clone() };
        let head = SoftmaxRegression::fit_from(Some(near), &without, ridge);
        let judged: Vec<&&Picture> = taken.iter().filter(|picture| picture.group == group).collect();
        let views: Vec<Vec<Plane>> = judged.iter().map(|picture| picture.views(task.side)).collect();
        let means = means_of_groups(&task.base.network, POOL, &views);
        scored.extend(judged.into_iter().zip(means).map(|(picture, features)| Scored {
            file: picture.file.clone(),
            group: group.to_owned(),
            category: picture.label,
            logits: head.logits(&features),
        }));
    }
    Ok(scored)
}

/// Features of `n` random views of the training micrographs, those of one after the other.
fn features_of(
    task: &Classify<'_>,
    n: usize,
    progress: &mut OnProgress<'_>,
) -> Result<Vec<Vec<f64>>, TrainError> {
    let mut features = Vec::with_capacity(n);
    let n_images = task.training.len();
    for (few, pictures) in task.training.chunks(AT_ONCE).enumerate() {
        let drawn: Vec<(u64, &Picture)> = pictures
            .iter()
            .enumerate()
            .flat_map(|(place, picture)| {
                let first = ((few * AT_ONCE + place) * task.config.frozen_views) as u64;
                (0..n_views(picture, task.config)).map(move |view| (first + view as u64, picture))
            })
            .collect();
        let views: Vec<Vec<Plane>> = drawn
            .into_par_iter()
            .map(|(number, picture)| {
                let mut stream = Stream::new(task.config.seed, "frozen view", number);
                vec![picture.random_view(task.side, task.config, &mut stream)]
            })
            .collect();
        features.extend(means_of_groups(&task.base.network, POOL, &views));
        let n_done = few * AT_ONCE + pictures.len();
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

/// How much each example counts: the same, or so that every class counts the same in all, in a class
/// drawn micrographs the same as taken ones, and among these a group by the root of its size, so that
/// a laboratory with many micrographs is not most of what is learnt. Examples of the group `without`
/// do not count. `pictures` are the micrographs of the examples.
fn importance(training: &[Picture], pictures: &[usize], balanced: bool, without: Option<&str>) -> Vec<f64> {
    let of = |place: usize| &training[place];
    let counts = |picture: &Picture| picture.synthetic || Some(picture.group.as_str()) != without;
    let mut group_sizes: BTreeMap<(usize, &str), f64> = BTreeMap::new();
    for &place in pictures {
        let picture = of(place);
        if !picture.synthetic {
            *group_sizes.entry((picture.label, &picture.group)).or_default() += 1.0;
        }
    }
    let in_group = |picture: &Picture| match group_sizes.get(&(picture.label, picture.group.as_str())) {
        _ if !counts(picture) => 0.0,
        Some(size) if balanced && !picture.synthetic => 1.0 / size.sqrt(),
        _ => 1.0,
    };
    // of each class, of what was taken and what was drawn
    let mut totals: BTreeMap<(usize, bool), f64> = BTreeMap::new();
    for &place in pictures {
        *totals.entry((of(place).label, of(place).synthetic)).or_default() += in_group(of(place));
    }
    let kinds = |label: usize| {
        [false, true].iter().filter(|&&drawn| totals.get(&(label, drawn)).is_some_and(|&n| n > 0.0)).count()
    };
    pictures
        .iter()
        .map(|&place| {
            let (picture, share) = (of(place), in_group(of(place)));
            if !balanced || share == 0.0 {
                return share;
            }
            share / totals[&(picture.label, picture.synthetic)] / kinds(picture.label) as f64
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_count_the_same_and_a_group_by_the_root_of_its_size() {
        let picture = |label: usize, group: &str, synthetic: bool| {
            Picture::of_plane(Plane::filled(4, 4, 0.5), label, group, synthetic)
        };
        // class 0: four of one laboratory, one of another, two drawn; class 1: one taken
        let mut training = vec![picture(0, "a", false); 4];
        training.extend([picture(0, "b", false), picture(0, "", true), picture(0, "", true)]);
        training.push(picture(1, "c", false));
        let pictures: Vec<usize> = (0..training.len()).collect();
        let found = importance(&training, &pictures, true, None);
        // of the half that was taken, laboratory a counts √4 = 2 to 1
        let expected = [1.0 / 12.0, 1.0 / 12.0, 1.0 / 12.0, 1.0 / 12.0, 1.0 / 6.0, 0.25, 0.25, 1.0];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        let without = importance(&training, &pictures, true, Some("a"));
        let expected = [0.0, 0.0, 0.0, 0.0, 0.5, 0.25, 0.25, 1.0];
        assert!(without.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{without:?}");
        assert_eq!(importance(&training, &pictures, false, None), [1.0; 8]);
    }
}
