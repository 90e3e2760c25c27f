//! Groups of micrographs that belong together, and figures with intervals that respect them.
//!
//! The bootstrap draws as many groups as there are, with replacement, each with all its
//! micrographs; an interval holds the middle share of what comes out (percentile method, Efron &
//! Tibshirani 1993, chapter 13). Of groups that are all right, or all wrong, it knows one value only; there the interval
//! is Wilson's of as many answers as there are groups. Sources that groups have in common are not taken into account.

use std::collections::{BTreeMap, BTreeSet};

use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::interval::{Interval, wilson};
use super::{EvaluateConfig, Scored};

/// A figure and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Where it lies over resamples of the groups; absent for a single group, which gives no interval.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// Whether the whole interval lies above `value`; never without an interval.
    pub fn above(&self, value: f64) -> bool {
        self.interval.is_some_and(|interval| interval.low > value)
    }
}

/// Micrographs by group: indices into the slice they were made from.
pub(crate) struct Groups {
    /// In the order of the groups' names.
    members: BTreeMap<String, Vec<usize>>,
}

impl Groups {
    /// Groups of micrographs, whose groups are `names`; within a group in the order given.
    pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, name) in names.into_iter().enumerate() {
            members.entry(name.to_owned()).or_default().push(index);
        }
        Self { members }
    }

    /// Within a group in the order of the files' names, so that the order in which micrographs were
    /// given has no influence.
    pub(super) fn of(scored: &[Scored]) -> Self {
        let mut groups = Self::named(scored.iter().map(|scored| scored.group.as_str()));
        for indices in groups.members.values_mut() {
            indices.sort_by_key(|&index| &scored[index].file);
        }
        groups
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The micrographs of each group, in the order of the groups' names.
    pub(crate) fn members(&self) -> impl Iterator<Item = &[usize]> {
        self.members.values().map(Vec::as_slice)
    }

    /// All micrographs, group after group.
    pub(crate) fn order(&self) -> impl Iterator<Item = usize> {
        self.members.values().flatten().copied()
    }

    /// All micrographs, group after group, the groups in random order.
    pub(crate) fn shuffled(&self, stream: &mut Stream) -> impl Iterator<Item = usize> {
        let mut groups: Vec<&Vec<usize>> = self.members.values().collect();
        stream.shuffle(&mut groups);
        groups.into_iter().flatten().copied()
    }

    /// Micrographs of as many groups as there are, drawn with replacement, once for each resample.
    pub(super) fn resamples(&self, config: &EvaluateConfig) -> impl Iterator<Item = Vec<usize>> {
        let groups: Vec<&Vec<usize>> = self.members.values().collect();
        let seed = config.seed;
        (0..config.n_bootstrap as u64).map(move |index| {
            let mut stream = Stream::new(seed, "judge: resample of groups", index);
            (0..groups.len()).flat_map(|_| groups[stream.below(groups.len())]).copied().collect()
        })
    }

    /// `value` with the interval that `resampled` gives it; without one for a single group.
    pub(super) fn estimate(&self, value: f64, resampled: Vec<f64>, config: &EvaluateConfig) -> Estimate {
        let interval = (self.len() > 1).then(|| Interval::middle(resampled, config.interval));
        Estimate { value, interval }
    }

    /// The same for the share of what is right.
    pub(super) fn estimate_share(
        &self,
        value: f64,
        resampled: Vec<f64>,
        config: &EvaluateConfig,
    ) -> Estimate {
        let n_groups = self.len();
        let all_alike = resampled.iter().all(|other| *other == value);
        if n_groups > 1 && all_alike && (value == 0.0 || value == 1.0) {
            let n_right = if value == 1.0 { n_groups } else { 0 };
            return Estimate { value, interval: wilson(n_right, n_groups, config.interval) };
        }
        self.estimate(value, resampled, config)
    }

    /// Number of groups that have a micrograph of each class, `[n_classes]`.
    pub(super) fn per_class(&self, n_classes: usize, scored: &[Scored]) -> Vec<usize> {
        let has = |class: usize, indices: &[usize]| indices.iter().any(|&i| scored[i].category == class);
        let count = |class| self.members.values().filter(|indices| has(class, indices)).count();
        (0..n_classes).map(count).collect()
    }

    /// Number of groups that `others` have too.
    pub(super) fn shared_with(&self, others: &[Scored]) -> usize {
        let others: BTreeSet<&String> = others.iter().map(|scored| &scored.group).collect();
        self.members.keys().filter(|group| others.contains(group)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n_groups` groups of `size` micrographs each, of two classes.
    fn scored(n_groups: usize, size: usize) -> Vec<Scored> {
        (0..n_groups * size)
            .map(|index| Scored {
                file: format!("{index:04}.png"),
                group: format!("group {:04}", index / size),
                category: (index / size) % 2,
                logits: vec![0.0, 0.0],
            })
            .collect()
    }

    #[test]
    fn a_resample_holds_whole_groups() {
        let groups = Groups::of(&scored(7, 3));
        let mut seen = BTreeSet::new();
        for images in groups.resamples(&EvaluateConfig::default()) {
            assert_eq!(images.len(), 21);
            assert!(
                images.chunks(3).all(|group| group[0] % 3 == 0 && group[2] == group[0] + 2),
                "{images:?}"
            );
            seen.insert(images);
        }
        assert!(seen.len() > 900, "1000 resamples of 7⁷ are almost all different, found {}", seen.len());
    }

    #[test]
    fn the_order_of_the_micrographs_does_not_matter() {
        let there = scored(5, 2);
        let back: Vec<Scored> = there.iter().rev().cloned().collect();
        let files = |scored: &[Scored]| {
            let groups = Groups::of(scored);
            let resample = groups.resamples(&EvaluateConfig::default()).nth(3).unwrap();
            resample.into_iter().map(|index| scored[index].file.clone()).collect::<Vec<_>>()
        };
        assert_eq!(files(&there), files(&back));
    }

    #[test]
    fn groups_are_counted_by_class_and_across_parts() {
        let scored = scored(5, 2);
        let groups = Groups::of(&scored);
        assert_eq!(groups.per_class(3, &scored), [3, 2, 0]);
        assert_eq!(groups.shared_with(&scored[5..]), 3);
        assert_eq!(groups.shared_with(&[]), 0);
    }
}
