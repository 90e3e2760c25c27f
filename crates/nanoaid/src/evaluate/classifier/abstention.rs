//! What is gained by abstaining at low confidence: the fewer micrographs are kept, the higher the accuracy on them
//! should be.

use serde::{Deserialize, Serialize};

use super::interval::wilson;
use super::{Interval, Prediction};

/// The accuracy that answers are held to where a user requires none.
const USUAL: f64 = 0.8;
/// Accuracies that a user may require.
const TARGETS: [f64; 4] = [USUAL, 0.9, 0.95, 0.99];
/// Fewest validation micrographs above a confidence that is chosen by them.
const FEWEST_TO_CHOOSE_BY: usize = 10;

/// Accuracy against the share of the test micrographs that are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Abstention {
    /// One point for each confidence that occurs, highest first; the last keeps all.
    pub curve: Vec<AbstentionPoint>,
    /// The confidences to abstain below for an accuracy of 0.8, 0.9, 0.95 and 0.99, chosen on the
    /// validation micrographs; those are left out that were not reached there.
    pub operating_points: Vec<OperatingPoint>,
}

/// The result of abstaining below a confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AbstentionPoint {
    /// Lowest confidence that is kept.
    pub min_confidence: f64,
    /// Micrographs that are kept.
    pub n_kept: usize,
    /// Their share of all, above 0.
    pub kept_share: f64,
    /// Share of the kept ones that was classified correctly.
    pub accuracy: f64,
}

/// A confidence that was chosen on the validation micrographs, and its result on the test micrographs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// The accuracy that was required.
    pub target: f64,
    /// Its result on the validation micrographs; `min_confidence` is the choice.
    pub validation: AbstentionPoint,
    /// Test micrographs that are kept.
    pub n_kept: usize,
    /// Their share of all.
    pub kept_share: f64,
    /// Share of the kept ones that was classified correctly; absent if none was kept.
    pub accuracy: Option<f64>,
    /// Wilson interval of that accuracy; it assumes that micrographs are independent.
    pub interval: Option<Interval>,
}

impl Abstention {
    /// The confidence from which on four of five answers were right on the validation micrographs; `None`
    /// if that was not reached.
    pub fn usual(&self) -> Option<f64> {
        let point = self.operating_points.iter().find(|point| point.target == USUAL)?;
        Some(point.validation.min_confidence)
    }

    pub(super) fn of(test: &[Prediction], validation: &[Prediction], interval: f64) -> Self {
        let to_choose_by = curve(validation);
        let chosen = |target: f64| {
            let reached =
                |point: &&AbstentionPoint| point.n_kept >= FEWEST_TO_CHOOSE_BY && point.accuracy >= target;
            // the last one keeps most
            let validation = *to_choose_by.iter().rfind(reached)?;
            let kept: Vec<&Prediction> =
                test.iter().filter(|image| image.confidence() >= validation.min_confidence).collect();
            let n_right = kept.iter().filter(|image| image.right()).count();
            Some(OperatingPoint {
                target,
                validation,
                n_kept: kept.len(),
                kept_share: kept.len() as f64 / test.len() as f64,
                accuracy: (!kept.is_empty()).then(|| n_right as f64 / kept.len() as f64),
                interval: wilson(n_right, kept.len(), interval),
            })
        };
        Self { curve: curve(test), operating_points: TARGETS.into_iter().filter_map(chosen).collect() }
    }
}

fn curve(images: &[Prediction]) -> Vec<AbstentionPoint> {
    let mut sorted: Vec<(f64, bool)> =
        images.iter().map(|image| (image.confidence(), image.right())).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut points: Vec<AbstentionPoint> = Vec::new();
    let mut n_right = 0;
    for (index, (confidence, right)) in sorted.into_iter().enumerate() {
        n_right += usize::from(right);
        let n_kept = index + 1;
        // equal confidences are kept or not kept together
        if points.last().is_some_and(|last| last.min_confidence == confidence) {
            points.pop();
        }
        points.push(AbstentionPoint {
            min_confidence: confidence,
            n_kept,
            kept_share: n_kept as f64 / images.len() as f64,
            accuracy: n_right as f64 / n_kept as f64,
        });
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Micrographs of class 0 with these probabilities of it, out of two classes.
    fn predictions(probabilities: &[f64]) -> Vec<Prediction> {
        let one = |&p: &f64| Prediction {
            file: String::new(),
            group: String::new(),
            category: 0,
            predicted: usize::from(p < 0.5),
            probabilities: vec![p, 1.0 - p],
        };
        probabilities.iter().map(one).collect()
    }

    #[test]
    fn the_curve_goes_from_the_surest_to_all() {
        // confidences 0.9 right, 0.8 wrong and right together, 0.6 right
        let points: Vec<(f64, usize, f64)> = curve(&predictions(&[0.6, 0.8, 0.9, 1.0 - 0.8]))
            .iter()
            .map(|point| ((point.min_confidence * 100.0).round() / 100.0, point.n_kept, point.accuracy))
            .collect();
        assert_eq!(points, [(0.9, 1, 1.0), (0.8, 3, 2.0 / 3.0), (0.6, 4, 0.75)]);
    }

    #[test]
    fn the_confidence_is_chosen_on_validation_and_tried_on_test() {
        // 19 sure and right, one mistake with 0.7, ten more right with 0.6: 29 of 30 with all,
        let mut validation = vec![0.95; 19];
        validation.push(0.3);
        validation.extend([0.6; 10]);
        let test = predictions(&[0.95, 0.94, 0.9, 0.05, 0.65]);
        let found = Abstention::of(&test, &predictions(&validation), 0.95).operating_points;
        let chosen: Vec<(f64, f64, usize)> =
            found.iter().map(|point| (point.target, point.validation.min_confidence, point.n_kept)).collect();
        // all but 0.99 keep all, which keeps what is as sure as 0.95: one right, one wrong of the test
        assert_eq!(chosen, [(0.8, 0.6, 5), (0.9, 0.6, 5), (0.95, 0.6, 5), (0.99, 0.95, 2)]);
        assert_eq!(found[3].accuracy, Some(0.5));
        let usual = |validation: &[f64]| Abstention::of(&test, &predictions(validation), 0.95).usual();
        assert_eq!([usual(&validation), usual(&[0.4; 30])], [Some(0.6), None]);
        assert!(Abstention::of(&test, &predictions(&[0.9; 9]), 0.95).operating_points.is_empty());
        assert!(Abstention::of(&test, &[], 0.95).operating_points.is_empty());
    }
}
