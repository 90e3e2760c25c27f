//! Histogram: how the largest activations of one channel are spread over micrographs and classes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{IndexedMicrograph, LayerAnswers};

/// Intervals of a histogram.
const INTERVALS: usize = 24;

/// Number of micrographs by their largest activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// Borders of the intervals, one more than there are; the last interval holds its upper border.
    pub edges: Vec<f32>,
    /// Micrographs in each interval.
    pub all: Vec<u32>,
    /// The same for each class.
    pub of_class: BTreeMap<String, Vec<u32>>,
}

impl Histogram {
    /// Of `channel`, between its smallest and its largest value; without intervals if there are no
    /// micrographs, with one if the channel is dead.
    pub fn of(seen: &[IndexedMicrograph], answers: &LayerAnswers, channel: usize) -> Self {
        let values: Vec<f32> = (0..answers.n_images()).map(|i| answers.peak(i, channel).value).collect();
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if values.is_empty() {
            return Self { edges: Vec::new(), all: Vec::new(), of_class: BTreeMap::new() };
        }
        let intervals = if low < high { INTERVALS } else { 1 };
        let edge = |index: usize| low + (high - low) * index as f32 / intervals as f32;
        let mut found = Self {
            edges: (0..=intervals).map(edge).collect(),
            all: vec![0; intervals],
            of_class: BTreeMap::new(),
        };
        for (seen, value) in seen.iter().zip(values) {
            let place =
                if low < high { ((value - low) / (high - low) * intervals as f32) as usize } else { 0 };
            let place = place.min(intervals - 1);
            found.all[place] += 1;
            if let Some(class) = &seen.category {
                found.of_class.entry(class.clone()).or_insert_with(|| vec![0; intervals])[place] += 1;
            }
        }
        found
    }
}
