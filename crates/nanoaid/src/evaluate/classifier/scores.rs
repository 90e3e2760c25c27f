//! Counts of right and wrong, and the figures made from them.
//!
//! Definitions as usual (and as in scikit-learn): recall is the share of a class that was found,
//! precision the share of the predictions of it that are correct, F1 their harmonic mean.

use serde::{Deserialize, Serialize};

use super::Scored;
use super::interval::{Interval, wilson};

/// One class: how many, how well found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// Name of the class.
    pub class: String,
    /// Test micrographs of the class (its support).
    pub n_images: usize,
    /// Groups that have one of them.
    pub n_groups: usize,
    /// Test micrographs that were given this class.
    pub n_predicted: usize,
    /// Share of the class that was found; absent without micrographs.
    pub recall: Option<f64>,
    /// Wilson interval of the recall. It assumes that micrographs are independent, so it is too narrow
    /// where a group has several.
    pub recall_interval: Option<Interval>,
    /// Share of the predictions of this class that are correct; absent if there were none.
    pub precision: Option<f64>,
    /// Harmonic mean of both, 0 if no micrograph was found; absent without micrographs.
    pub f1: Option<f64>,
}

/// Counts of micrographs by class and prediction.
pub(super) struct Confusion {
    /// `[class][predicted]`.
    pub(super) counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Counts the micrographs at `indices`, which may repeat.
    pub(super) fn of(n_classes: usize, scored: &[Scored], indices: impl IntoIterator<Item = usize>) -> Self {
        let answers = indices.into_iter().map(|index| (scored[index].category, scored[index].predicted()));
        Self::of_answers(n_classes, answers)
    }

    /// Counts pairs of class and prediction.
    pub(super) fn of_answers(n_classes: usize, answers: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut counts = vec![vec![0; n_classes]; n_classes];
        for (class, predicted) in answers {
            counts[class][predicted] += 1;
        }
        Self { counts }
    }

    /// Share of all micrographs that was classified correctly.
    pub(super) fn accuracy(&self) -> f64 {
        let right: usize = (0..self.counts.len()).map(|class| self.counts[class][class]).sum();
        let all: usize = self.counts.iter().flatten().sum();
        right as f64 / all as f64
    }

    /// Mean F1 of the classes that have micrographs.
    pub(super) fn macro_f1(&self) -> f64 {
        mean((0..self.counts.len()).filter_map(|class| self.f1(class)))
    }

    /// Mean recall of the classes that have micrographs.
    pub(super) fn balanced_accuracy(&self) -> f64 {
        mean((0..self.counts.len()).filter_map(|class| self.recall(class)))
    }

    pub(super) fn recall(&self, class: usize) -> Option<f64> {
        let n_images = self.n_images(class);
        (n_images > 0).then(|| self.counts[class][class] as f64 / n_images as f64)
    }

    pub(super) fn per_class(
        &self,
        classes: &[String],
        n_groups: &[usize],
        interval: f64,
    ) -> Vec<ClassScores> {
        let scores = |(class, name): (usize, &String)| {
            let (n_images, n_predicted) = (self.n_images(class), self.n_predicted(class));
            let found = self.counts[class][class];
            ClassScores {
                class: name.clone(),
                n_images,
                n_groups: n_groups[class],
                n_predicted,
                recall: self.recall(class),
                recall_interval: wilson(found, n_images, interval),
                precision: (n_predicted > 0).then(|| found as f64 / n_predicted as f64),
                f1: self.f1(class),
            }
        };
        classes.iter().enumerate().map(scores).collect()
    }

    /// 2·found / (of the class + given the class), the harmonic mean written without division by
    /// zero.
    fn f1(&self, class: usize) -> Option<f64> {
        let n_images = self.n_images(class);
        let both = (n_images + self.n_predicted(class)) as f64;
        (n_images > 0).then(|| 2.0 * self.counts[class][class] as f64 / both)
    }

    fn n_images(&self, class: usize) -> usize {
        self.counts[class].iter().sum()
    }

    fn n_predicted(&self, class: usize) -> usize {
        self.counts.iter().map(|row| row[class]).sum()
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}
