//! Linear probe: how well a linear classifier predicts categories from frozen features.
//!
//! Softmax regression on standardized features with a small ridge.

use std::collections::BTreeSet;

use crate::evaluate::classifier::{Interval, wilson};
use crate::train::regression::{Examples, SoftmaxRegression, argmax};

/// Weight of the squared coefficients, per sample.
const RIDGE: f64 = 1e-3;

/// Features of the patches for training and testing.
pub(super) struct Probe {
    pub training: Vec<Vec<f64>>,
    pub training_categories: Vec<Option<String>>,
    pub held_out: Vec<Vec<f64>>,
    pub held_out_categories: Vec<Option<String>>,
    /// The micrograph of each held-out patch.
    pub held_out_files: Vec<String>,
}

/// How well the probe does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ProbeResult {
    /// Share of the held-out patches that are classified correctly.
    pub accuracy: f64,
    /// Share of the most frequent category among them.
    pub chance: f64,
    /// Micrographs that the held-out patches come from.
    pub n_images: usize,
    /// 95 % interval of the accuracy: Wilson's for so many micrographs, since patches of one are alike.
    pub interval: Interval,
}

/// Probability that the interval holds the accuracy.
const INTERVAL: f64 = 0.95;

impl Probe {
    /// Trains and tests; `None` unless at least two categories are in both splits. Patches of categories that are not
    /// in both are left out.
    pub(super) fn run(&self) -> Option<ProbeResult> {
        let known: BTreeSet<&String> = self.training_categories.iter().flatten().collect();
        let asked: BTreeSet<&String> = self.held_out_categories.iter().flatten().collect();
        let classes: Vec<&String> = known.intersection(&asked).copied().collect();
        if classes.len() < 2 {
            return None;
        }
        let label =
            |category: &Option<String>| classes.iter().position(|class| Some(*class) == category.as_ref());
        let labelled =
            |features: &[Vec<f64>], categories: &[Option<String>]| -> (Vec<Vec<f64>>, Vec<usize>) {
                let pairs = features.iter().zip(categories);
                pairs.filter_map(|(features, category)| Some((features.clone(), label(category)?))).unzip()
            };
        let (features, labels) = labelled(&self.training, &self.training_categories);
        let (held_out, expected) = labelled(&self.held_out, &self.held_out_categories);
        let examples = Examples {
            features: &features,
            labels: &labels,
            importance: &vec![1.0; labels.len()],
            n_classes: classes.len(),
            label_smoothing: 0.0,
        };
        let classifier = SoftmaxRegression::fit(&examples, RIDGE);
        let found = held_out.iter().map(|features| argmax(&classifier.logits(features)));
        let right = found.zip(&expected).filter(|(found, expected)| found == *expected).count();
        let mut counts = vec![0; classes.len()];
        expected.iter().for_each(|label| counts[*label] += 1);
        let n = held_out.len() as f64;
        let most = counts.into_iter().max().unwrap_or(0);
        let files = self.held_out_files.iter().zip(&self.held_out_categories);
        let files: BTreeSet<&String> =
            files.filter(|(_, category)| label(category).is_some()).map(|(file, _)| file).collect();
        let (accuracy, n_images) = (right as f64 / n, files.len());
        let interval = wilson((accuracy * n_images as f64).round() as usize, n_images, INTERVAL)?;
        Some(ProbeResult { accuracy, chance: most as f64 / n, n_images, interval })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    /// `n` points around each of three corners, `spread` wide.
    fn clusters(n: usize, spread: f64, index: u64) -> (Vec<Vec<f64>>, Vec<Option<String>>) {
        let mut stream = Stream::new(0, "probe", index);
        let corners = [("a", [0.0, 0.0]), ("b", [1.0, 0.0]), ("c", [0.0, 1.0])];
        let points = corners.iter().flat_map(|corner| vec![*corner; n]);
        points
            .map(|(name, corner)| {
                let x = corner.map(|value| value + spread * stream.normal()).to_vec();
                (x, Some(name.to_owned()))
            })
            .unzip()
    }

    fn probe(spread: f64) -> Option<ProbeResult> {
        let (training, training_categories) = clusters(40, spread, 0);
        let (held_out, held_out_categories) = clusters(40, spread, 1);
        let held_out_files = (0..held_out.len()).map(|index| format!("{}.png", index / 20)).collect();
        Probe { training, training_categories, held_out, held_out_categories, held_out_files }.run()
    }

    #[test]
    fn separate_clusters_are_told_apart_and_noise_is_not() {
        let separate = probe(0.05).unwrap();
        assert_eq!(separate.accuracy, 1.0);
        assert!((separate.chance - 1.0 / 3.0).abs() < 1e-12);
        // of six micrographs of 20 patches: 1 / (1 + z² / 6) with z = 1.95996
        assert_eq!(separate.n_images, 6);
        assert!((separate.interval.low - 0.6097).abs() < 1e-4 && separate.interval.high == 1.0);
        let noise = probe(100.0).unwrap();
        assert!(noise.accuracy < 0.5, "{noise:?}");
    }

    #[test]
    fn one_category_alone_is_no_question() {
        let (training, _) = clusters(3, 0.1, 0);
        let one = vec![Some("a".to_owned()); training.len()];
        let probe = Probe {
            held_out: training.clone(),
            training,
            training_categories: one.clone(),
            held_out_categories: one,
            held_out_files: vec!["a.png".to_owned(); 9],
        };
        assert_eq!(probe.run(), None);
    }
}
