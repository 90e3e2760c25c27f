//! Activations of all units of an index as one table, as ranks, and summed up for each unit.

use serde::{Deserialize, Serialize};

use crate::interpret::activation_index::ActivationIndex;
use crate::interpret::differential::Labelled;
use crate::interpret::exemplar::{IndexedMicrograph, LayerAnswers};

/// The largest activation of every unit of all layers, `[image][unit]`.
pub(super) fn largest(index: &ActivationIndex) -> Vec<f32> {
    let of_image = |image: usize| index.layers.iter().flat_map(move |layer| layer.of_image(image));
    (0..index.seen.len()).flat_map(of_image).map(|peak| peak.value).collect()
}

/// Group and class of each micrograph.
pub(super) fn labelled(seen: &[IndexedMicrograph]) -> Vec<Labelled> {
    let of =
        |seen: &IndexedMicrograph| Labelled { group: seen.group.clone(), category: seen.category.clone() };
    seen.iter().map(of).collect()
}

/// What can be said of a unit in a line, and what units can be ordered by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitSummary {
    /// Its own name where it has one: the class of a logit.
    pub name: Option<String>,
    /// Whether it gave the same largest activation for every micrograph.
    pub dead: bool,
    /// Largest activation over all micrographs.
    pub largest: f32,
    /// Median over micrographs of the largest activation in each.
    pub median: f32,
    /// Share of micrographs in which it is above 0 somewhere, in `[0, 1]`.
    pub firing_share: f64,
    /// Preferred period of gratings in px, where it prefers one.
    pub period_px: Option<f64>,
    /// Preferred axis of gratings in degrees, in `[-90, 90]`, where it prefers one.
    pub axis_deg: Option<f64>,
    /// Selectivity for orientation: 1 minus the circular variance, in `[0, 1]`.
    pub selectivity: Option<f64>,
    /// Machine score of its real exemplars, in `[0, 1]`; chance is 0.5.
    pub machine_score: Option<f64>,
    /// The class that it separates best from the rest, among those for which a difference is found.
    pub class: Option<BestClass>,
}

/// A class that a unit separates from the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestClass {
    /// The class.
    pub class: String,
    /// Probability that a micrograph of the class drives the unit more than one of the rest.
    pub auc: f64,
}

/// How large the activations of a channel are over all micrographs.
pub(super) struct Spread {
    pub(super) largest: f32,
    pub(super) median: f32,
    pub(super) firing_share: f64,
}

impl Spread {
    pub(super) fn of(answers: &LayerAnswers, channel: usize) -> Self {
        let mut values: Vec<f32> =
            (0..answers.n_images()).map(|image| answers.peak(image, channel).value).collect();
        values.sort_by(f32::total_cmp);
        let firing = values.iter().filter(|value| **value > 0.0).count();
        Self {
            largest: values.last().copied().unwrap_or(0.0),
            median: values.get(values.len() / 2).copied().unwrap_or(0.0),
            firing_share: firing as f64 / values.len().max(1) as f64,
        }
    }
}

/// The activations of one network for all micrographs, as ranks.
#[derive(Clone, Debug)]
pub(super) struct Ranks {
    /// `[image][unit]`: share of the micrographs whose largest activation is below this one's.
    shares: Vec<f32>,
    /// Smallest and largest activation of each unit.
    ranges: Vec<(f32, f32)>,
    n_units: usize,
}

impl Ranks {
    pub(super) fn of(index: &ActivationIndex) -> Self {
        let values = largest(index);
        let n_images = index.seen.len();
        let n_units = values.len() / n_images.max(1);
        let mut shares = vec![0.0; values.len()];
        let mut ranges = Vec::with_capacity(n_units);
        for unit in 0..n_units {
            let mut sorted: Vec<f32> = (0..n_images).map(|image| values[image * n_units + unit]).collect();
            sorted.sort_by(f32::total_cmp);
            for image in 0..n_images {
                let place = image * n_units + unit;
                let below = sorted.partition_point(|value| *value < values[place]);
                shares[place] = below as f32 / n_images as f32;
            }
            let range = sorted.first().zip(sorted.last()).map_or((0.0, 0.0), |(low, high)| (*low, *high));
            ranges.push(range);
        }
        Self { shares, ranges, n_units }
    }

    /// The share for a micrograph and a unit.
    pub(super) fn share(&self, image: usize, unit: usize) -> f32 {
        self.shares[image * self.n_units + unit]
    }

    /// Units that are not dead, those first whose activation for `image` is above that of most
    /// micrographs.
    pub(super) fn order(&self, image: usize) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..self.n_units).filter(|&unit| self.ranges[unit].0 < self.ranges[unit].1).collect();
        order.sort_by(|&a, &b| self.share(image, b).total_cmp(&self.share(image, a)).then(a.cmp(&b)));
        order
    }

    /// All shares in 256 steps.
    pub(super) fn table(&self) -> Vec<u8> {
        self.shares.iter().map(|share| (255.0 * share).round() as u8).collect()
    }

    /// `value` in 256 steps between the smallest and the largest activation of the unit.
    pub(super) fn level(&self, unit: usize, value: f32) -> u8 {
        let (low, high) = self.ranges[unit];
        if low < high { (255.0 * ((value - low) / (high - low)).clamp(0.0, 1.0)).round() as u8 } else { 0 }
    }
}
