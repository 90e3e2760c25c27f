//! Matching: which predicted region is which region of the truth, and how good the prediction is.
//!
//! Two regions match by their IoU: pixels in both over pixels in any of them. Above 0.5 each region has at most one
//! partner, so that the order does not matter; below, the pairs with the highest IoU are taken first. Precision, recall,
//! F1 and panoptic quality are those of Kirillov et al. (2019). Pixels to ignore belong to neither image; a region of
//! which more than half is ignored is not counted, in the prediction or in the truth.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Labels, RegionsError};

/// How well predicted regions agree with those of the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Predicted regions, without ignored ones.
    pub n_predicted: usize,
    /// Regions of the truth, without ignored ones.
    pub n_truth: usize,
    /// Predicted over true number, less 1; `None` if the truth has no regions.
    pub count_error: Option<f64>,
    /// With pairs of an IoU above 0.5.
    pub at_50: AtThreshold,
    /// With pairs of an IoU above 0.75.
    pub at_75: AtThreshold,
    /// Mean of predicted over true equivalent diameter, less 1, over the pairs above 0.5; `None` without pairs.
    pub diameter_bias: Option<f64>,
    /// Root mean square of the same.
    pub diameter_rmse: Option<f64>,
    /// The pairs with an IoU above 0.5, in the order of the predicted labels.
    pub pairs: Vec<Pair>,
}

/// The agreement, where regions match above an IoU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtThreshold {
    /// The IoU that a pair must exceed.
    pub iou: f64,
    /// Pairs.
    pub n_matched: usize,
    /// Pairs over predicted regions; `None` if there are none.
    pub precision: Option<f64>,
    /// Pairs over regions of the truth; `None` if there are none.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall: 2 · pairs / (predicted + true); `None` if there are neither.
    pub f1: Option<f64>,
    /// Mean IoU of the pairs; `None` without pairs.
    pub mean_iou: Option<f64>,
    /// Panoptic quality: the sum of the pairs' IoU over the mean of predicted and true number; `None` if there are
    /// neither.
    pub panoptic_quality: Option<f64>,
}

/// A predicted region and its partner in the truth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Label of the predicted region.
    pub predicted: u32,
    /// Label of the region of the truth.
    pub truth: u32,
    /// Pixels in both over pixels in any of them, in `(0, 1]`.
    pub iou: f64,
    /// Predicted over true equivalent diameter.
    pub diameter_ratio: f64,
}

/// Compares `predicted` regions with those of the `truth`. Pixels for which `ignored` is true, row after row, are left
/// out.
///
/// # Errors
/// If the images have different sizes.
///
/// # Examples
/// ```
/// use micrograph::regions::{Labels, matching};
///
/// let truth = Labels::new(1, 8, vec![1, 1, 1, 0, 2, 2, 0, 3])?;
/// let predicted = Labels::new(1, 8, vec![1, 1, 1, 0, 2, 2, 2, 0])?;
/// let found = matching(&predicted, &truth, None)?;
/// assert_eq!((found.at_50.n_matched, found.at_50.precision, found.at_75.n_matched), (2, Some(1.0), 1));
/// # Ok::<(), micrograph::regions::RegionsError>(())
/// ```
pub fn matching(
    predicted: &Labels,
    truth: &Labels,
    ignored: Option<&[bool]>,
) -> Result<Evaluation, RegionsError> {
    let overlaps = Overlaps::of(predicted, truth, ignored)?;
    let pairs = overlaps.pairs(0.5);
    let (n_predicted, n_truth) = (overlaps.predicted.n_counted(), overlaps.truth.n_counted());
    let at = |iou: f64| {
        let ious: Vec<f64> = pairs.iter().map(|pair| pair.iou).filter(|found| *found > iou).collect();
        let (n, sum) = (ious.len(), ious.iter().sum::<f64>());
        let half_of_both = (n_predicted + n_truth) as f64 / 2.0;
        AtThreshold {
            iou,
            n_matched: n,
            precision: ratio(n as f64, n_predicted as f64),
            recall: ratio(n as f64, n_truth as f64),
            f1: ratio(n as f64, half_of_both),
            mean_iou: ratio(sum, n as f64),
            panoptic_quality: ratio(sum, half_of_both),
        }
    };
    let errors: Vec<f64> = pairs.iter().map(|pair| pair.diameter_ratio - 1.0).collect();
    let n_pairs = errors.len() as f64;
    Ok(Evaluation {
        n_predicted,
        n_truth,
        count_error: ratio(n_predicted as f64, n_truth as f64).map(|ratio| ratio - 1.0),
        at_50: at(0.5),
        at_75: at(0.75),
        diameter_bias: ratio(errors.iter().sum(), n_pairs),
        diameter_rmse: ratio(errors.iter().map(|error| error * error).sum(), n_pairs).map(f64::sqrt),
        pairs,
    })
}

/// The pairs with a larger IoU than `least_iou`, which may be below 0.5: from the highest IoU on, each region in one pair at
/// most; in the order of the predicted labels.
///
/// # Errors
/// As [`matching()`].
pub fn matched_pairs(
    least_iou: f64,
    predicted: &Labels,
    truth: &Labels,
    ignored: Option<&[bool]>,
) -> Result<Vec<Pair>, RegionsError> {
    Ok(Overlaps::of(predicted, truth, ignored)?.pairs(least_iou))
}

fn ratio(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| above / below)
}

/// Areas of the regions of one image.
struct Areas {
    /// Pixels that are not ignored, by label; index 0 is the background.
    seen: Vec<usize>,
    /// Pixels that are ignored.
    ignored: Vec<usize>,
}

impl Areas {
    fn of(labels: &Labels) -> Self {
        let zeros = vec![0; labels.n_regions() + 1];
        Self { seen: zeros.clone(), ignored: zeros }
    }

    /// Whether it counts: at least half of it is seen.
    fn counts(&self, label: u32) -> bool {
        label > 0 && self.seen[label as usize] >= self.ignored[label as usize]
    }

    fn n_counted(&self) -> usize {
        (1..self.seen.len() as u32).filter(|label| self.counts(*label)).count()
    }
}

/// Areas, and pixels in common.
struct Overlaps {
    predicted: Areas,
    truth: Areas,
    /// Pixels by predicted and true label.
    common: HashMap<(u32, u32), usize>,
}

impl Overlaps {
    fn of(predicted: &Labels, truth: &Labels, ignored: Option<&[bool]>) -> Result<Self, RegionsError> {
        let size = |labels: &Labels| (labels.height(), labels.width());
        if size(predicted) != size(truth) {
            let what = "predicted labels".to_owned();
            return Err(RegionsError::Size { what, expected: size(truth), found: size(predicted) });
        }
        if let Some(ignored) = ignored
            && ignored.len() != truth.values().len()
        {
            let expected = format!("{} pixels, as the labels have", truth.values().len());
            return Err(RegionsError::given("pixels to ignore", expected, ignored.len()));
        }
        let mut found =
            Self { predicted: Areas::of(predicted), truth: Areas::of(truth), common: HashMap::new() };
        let pixels = predicted.values().iter().zip(truth.values()).enumerate();
        // neighbours in a row mostly belong to the same pair
        let mut run = ((0, 0), 0);
        for (at, (&p, &t)) in pixels {
            if ignored.is_some_and(|ignored| ignored[at]) {
                found.predicted.ignored[p as usize] += 1;
                found.truth.ignored[t as usize] += 1;
                continue;
            }
            found.predicted.seen[p as usize] += 1;
            found.truth.seen[t as usize] += 1;
            if run.0 != (p, t) {
                found.note(run);
                run = ((p, t), 0);
            }
            run.1 += 1;
        }
        found.note(run);
        Ok(found)
    }

    fn note(&mut self, ((p, t), n): ((u32, u32), usize)) {
        if p > 0 && t > 0 && n > 0 {
            *self.common.entry((p, t)).or_insert(0) += n;
        }
    }

    /// Pairs with a larger IoU than `least`, those with the highest first, each region once; in the order of the predicted
    /// labels.
    fn pairs(&self, least: f64) -> Vec<Pair> {
        let pair = |(&(p, t), &common): (&(u32, u32), &usize)| {
            let (area_p, area_t) = (self.predicted.seen[p as usize], self.truth.seen[t as usize]);
            let iou = common as f64 / (area_p + area_t - common) as f64;
            let diameter_ratio = (area_p as f64 / area_t as f64).sqrt();
            let counts = self.predicted.counts(p) && self.truth.counts(t);
            (counts && iou > least).then_some(Pair { predicted: p, truth: t, iou, diameter_ratio })
        };
        let mut candidates: Vec<Pair> = self.common.iter().filter_map(pair).collect();
        candidates.sort_by(|a, b| {
            b.iou.total_cmp(&a.iou).then((a.predicted, a.truth).cmp(&(b.predicted, b.truth)))
        });
        let mut taken = (vec![false; self.predicted.seen.len()], vec![false; self.truth.seen.len()]);
        candidates.retain(|pair| {
            let (p, t) = (&mut taken.0[pair.predicted as usize], &mut taken.1[pair.truth as usize]);
            let free = !*p && !*t;
            if free {
                (*p, *t) = (true, true);
            }
            free
        });
        candidates.sort_by_key(|pair| pair.predicted);
        candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::labels::tests::labels;

    #[test]
    fn scores_are_those_worked_out_by_hand() {
        let truth = labels(&["111..222..", "111..222..", ".......444", "333....444"]);
        // 1 exactly; of 2 four of six; 3 missed; 4 as 4 of 6 and 2 more; one from nothing
        let predicted = labels(&["111..22...", "111..22...", "......444.", "..5...444."]);
        let found = matching(&predicted, &truth, None).unwrap();
        // IoU: 6/6, 4/6, 4/8 (not above 0.5), and 1/3 of the one pixel with region 3
        assert_eq!((found.n_predicted, found.n_truth, found.count_error), (4, 4, Some(0.0)));
        let at = &found.at_50;
        assert_eq!((at.n_matched, at.precision, at.recall, at.f1), (2, Some(0.5), Some(0.5), Some(0.5)));
        assert!((at.mean_iou.unwrap() - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        // segmentation quality 5/6 times recognition quality 2 / (2 + 2/2 + 2/2)
        assert!((at.panoptic_quality.unwrap() - 5.0 / 6.0 * 0.5).abs() < 1e-12);
        assert_eq!((found.at_75.n_matched, found.at_75.f1), (1, Some(0.25)));
        let error = (4.0 / 6.0_f64).sqrt() - 1.0;
        assert!((found.diameter_bias.unwrap() - error / 2.0).abs() < 1e-12);
        assert!((found.diameter_rmse.unwrap() - error.abs() / 2.0_f64.sqrt()).abs() < 1e-12);
        let lower = matched_pairs(0.1, &predicted, &truth, None).unwrap();
        assert_eq!(lower.iter().map(|pair| pair.iou).collect::<Vec<_>>(), [1.0, 2.0 / 3.0, 0.5, 1.0 / 3.0]);
    }

    #[test]
    fn each_region_has_one_partner_the_best_first() {
        let truth = labels(&["1111111222"]);
        let predicted = labels(&["1112222222"]);
        // (1, 1) 3/7, (2, 1) 4/10, (2, 2) 3/7
        let found = matched_pairs(0.0, &predicted, &truth, None).unwrap();
        let pairs: Vec<_> = found.iter().map(|pair| (pair.predicted, pair.truth)).collect();
        assert_eq!(pairs, [(1, 1), (2, 2)]);
    }

    #[test]
    fn ignored_pixels_belong_to_neither_image() {
        let truth = labels(&["11.22", "11.22", "....."]);
        let predicted = labels(&["11.22", "11...", "33333"]);
        let ignored: Vec<bool> = (0..15).map(|at| at >= 8).collect();
        let found = matching(&predicted, &truth, Some(&ignored)).unwrap();
        // the row of 3 is ignored; half of region 2 of the truth is seen, and matches
        assert_eq!((found.n_predicted, found.n_truth), (2, 2));
        assert_eq!((found.at_75.f1, found.at_75.mean_iou), (Some(1.0), Some(1.0)));
        assert!(matching(&predicted, &truth, Some(&ignored[1..])).is_err());
    }

    #[test]
    fn without_regions_there_is_nothing_to_divide_by() {
        let (none, some) = (labels(&["..."]), labels(&["1.2"]));
        let found = matching(&none, &none, None).unwrap();
        assert_eq!((found.at_50.f1, found.count_error, found.diameter_bias), (None, None, None));
        let missed = matching(&none, &some, None).unwrap();
        assert_eq!(
            (missed.at_50.f1, missed.at_50.precision, missed.at_50.recall),
            (Some(0.0), None, Some(0.0))
        );
        assert_eq!(missed.count_error, Some(-1.0));
        assert!(matching(&none, &labels(&["..", ".."]), None).is_err());
    }
}
