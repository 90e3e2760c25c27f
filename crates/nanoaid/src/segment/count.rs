//! Count: how far the number of objects may be off, and whether there are objects at all.
//!
//! Both follow from the mean confidence of the objects, by constants that were fitted to micrographs in
//! which experts drew the particles (part `tune` of the truth sets, see `docs/accuracy.md`).

use micrograph::regions::Labels;

/// 95 % of the counts (38 of 40 images) are within `DOUBT · (1 − mean confidence)` of the truth, as a share of
/// the count.
const DOUBT: f64 = 2.9;
/// Mean confidence from which on objects are reported unasked: reached by all of 8 powders and about half of 38
/// micrographs of particles, and by about 5 of 210 of other categories (fibres, films, patterns, sponges, cells).
const LEAST_CONFIDENCE: f64 = 0.79;
/// Least number of objects that are reported unasked.
const LEAST_NUMBER: usize = 5;

/// Confidence from which on a piece of a fibre is one that the network is sure of.
const SURE_FIBER: f32 = 0.6;
/// Least share of the outlined area that such pieces have, where fibres are reported unasked.
const LEAST_SURE: f64 = 0.25;
/// Least share of the image that fibres cover, where they are reported unasked.
const LEAST_COVER: f64 = 0.05;

/// Mean confidence of the objects; `None` without objects.
pub fn mean_confidence(labels: &Labels) -> Option<f64> {
    let values = labels.confidence().filter(|values| !values.is_empty())?;
    Some(values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64)
}

/// Half the width of the 95 % interval of the number of objects.
pub fn count_uncertainty(labels: &Labels) -> f64 {
    let doubt = DOUBT * (1.0 - mean_confidence(labels).unwrap_or(0.0));
    // one that the border cuts may count or not, whatever their number
    (doubt * labels.n_regions() as f64).max(1.0)
}

/// Whether the objects are so many and so credible that they are reported where particles were not requested.
pub fn is_evident(labels: &Labels) -> bool {
    labels.n_regions() >= LEAST_NUMBER && mean_confidence(labels).is_some_and(|mean| mean >= LEAST_CONFIDENCE)
}

/// Whether outlined pieces of fibres are so large and so credible that they are reported where fibres were not
/// requested.
pub fn fiber_evidence(labels: &Labels) -> bool {
    let Some(confidence) = labels.confidence() else { return false };
    let (mut own, mut sure) = (0_usize, 0_usize);
    for (area, confidence) in labels.areas().into_iter().zip(confidence) {
        own += area;
        sure += if *confidence >= SURE_FIBER { area } else { 0 };
    }
    let all = labels.values().len();
    own as f64 >= LEAST_COVER * all as f64 && sure as f64 >= LEAST_SURE * own as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` single pixels of this confidence.
    fn labels(n: usize, confidence: f32) -> Labels {
        let values = (0..2 * n).map(|index| if index % 2 == 0 { index as u32 / 2 + 1 } else { 0 }).collect();
        Labels::with_confidence(1, 2 * n, values, &vec![confidence; n]).unwrap()
    }

    #[test]
    fn doubtful_objects_have_a_wider_interval_and_are_not_evident() {
        assert!((count_uncertainty(&labels(100, 0.75)) - 72.5).abs() < 1e-4);
        assert!(count_uncertainty(&labels(100, 0.5)) > count_uncertainty(&labels(100, 0.9)));
        assert_eq!(count_uncertainty(&labels(3, 1.0)), 1.0);
        assert!(is_evident(&labels(9, 0.9)) && !is_evident(&labels(9, 0.5)) && !is_evident(&labels(2, 0.9)));
    }

    #[test]
    fn fibres_are_evident_where_the_network_is_sure_of_a_quarter_of_a_large_outline() {
        // pieces of one pixel on every second, so that half of the image is outlined
        let mixed = |n_sure: usize| {
            let values = (0..200).map(|index| if index % 2 == 0 { index / 2 + 1 } else { 0 }).collect();
            let confidence: Vec<f32> =
                (0..100).map(|index| if index < n_sure { 0.7 } else { 0.45 }).collect();
            Labels::with_confidence(10, 20, values, &confidence).unwrap()
        };
        assert!(fiber_evidence(&mixed(30)) && !fiber_evidence(&mixed(20)));
        let mut few = vec![0; 200];
        few[..8].fill(1);
        let few = Labels::with_confidence(10, 20, few, &[0.9]).unwrap();
        assert!(!fiber_evidence(&few), "4 % of the image");
    }
}
