//! Tasks: pairs of a patch that drives the unit and one that does not, distinguished by references.
//!
//! A query's evidence is its mean distance from references that do not drive the unit, less that from
//! references that do. The query with more evidence is said to drive the unit more. Both queries of a
//! task have the same references, so if activations were handed out at random, either answer would be
//! right half of the time.

use std::collections::BTreeSet;

use micrograph::random::Stream;

use super::descriptor::Descriptor;
use super::{End, Interval, MachineScore, MachineScoreConfig, NoScore, Score};
use crate::evaluate::classifier::quantile;

/// Share of the resamples that have to leave tasks for there to be an interval.
const LEAST_RESAMPLES: f64 = 0.9;

/// What queries are compared with.
pub(super) enum References {
    /// The other patches.
    Others,
    /// Pictures.
    Pictures {
        /// Made to drive the unit.
        maximal: Vec<Descriptor>,
        /// Made for the opposite.
        minimal: Vec<Descriptor>,
    },
}

/// All tasks of a unit.
pub(super) struct Tasks {
    /// Group of each patch, the strongest first.
    groups: Vec<usize>,
    n_groups: usize,
    n_references: [usize; 2],
    evidence: Evidence,
}

/// Where the evidence of a query comes from.
enum Evidence {
    /// Distances between all patches, `[patch][patch]`.
    Others(Vec<Vec<f64>>),
    /// That of each patch.
    Pictures(Vec<f64>),
}

impl Tasks {
    /// `ends` are the strongest patches, then as many of the weakest.
    pub(super) fn of(ends: &[End], references: &References) -> Self {
        let names: BTreeSet<&str> = ends.iter().map(|end| end.group.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let group = |end: &End| names.iter().position(|name| *name == end.group).unwrap_or(0);
        let distances = |end: &End, others: &mut dyn Iterator<Item = &Descriptor>| -> Vec<f64> {
            others.map(|other| end.descriptor.distance(other)).collect()
        };
        let mean = |distances: Vec<f64>| distances.iter().sum::<f64>() / distances.len().max(1) as f64;
        let (n_references, evidence) = match references {
            References::Others => {
                let from = |end| distances(end, &mut ends.iter().map(|end| &end.descriptor));
                ([ends.len() / 2; 2], Evidence::Others(ends.iter().map(from).collect()))
            }
            References::Pictures { maximal, minimal } => {
                let of = |end| {
                    mean(distances(end, &mut minimal.iter())) - mean(distances(end, &mut maximal.iter()))
                };
                ([maximal.len(), minimal.len()], Evidence::Pictures(ends.iter().map(of).collect()))
            }
        };
        Self { groups: ends.iter().map(group).collect(), n_groups: names.len(), n_references, evidence }
    }

    /// The share of tasks that are answered right, with its interval.
    pub(super) fn score(&self, config: &MachineScoreConfig) -> MachineScore {
        let once = vec![1; self.n_groups];
        let (n_tasks, Some(value)) = self.answered(&once) else {
            return MachineScore::NotScored { reason: NoScore::OneGroup };
        };
        let resampled = (0..config.n_bootstrap as u64).filter_map(|index| {
            let mut stream = Stream::new(config.seed, "machine score: resample of groups", index);
            let mut times = vec![0; self.n_groups];
            (0..self.n_groups).for_each(|_| times[stream.below(self.n_groups)] += 1);
            self.answered(&times).1
        });
        let mut resampled: Vec<f64> = resampled.collect();
        resampled.sort_by(f64::total_cmp);
        let enough = resampled.len() as f64 >= LEAST_RESAMPLES * config.n_bootstrap as f64;
        let outside = (1.0 - config.interval) / 2.0;
        let interval = enough.then(|| Interval {
            low: quantile(&resampled, outside),
            high: quantile(&resampled, 1.0 - outside),
        });
        let (n_patches, n_groups, n_references) = (self.groups.len() / 2, self.n_groups, self.n_references);
        MachineScore::Scored(Score { value, interval, n_tasks, n_patches, n_groups, n_references })
    }

    /// Number of tasks, and the share answered right, where each group is there so many times; `None`
    /// if there is no task.
    fn answered(&self, times: &[usize]) -> (usize, Option<f64>) {
        let each = self.groups.len() / 2;
        let (mut n_tasks, mut all, mut right) = (0, 0.0, 0.0);
        for strong in 0..each {
            for weak in each..2 * each {
                let [a, b] = [self.groups[strong], self.groups[weak]];
                let weight = if a == b { times[a] } else { times[a] * times[b] };
                if weight == 0 {
                    continue;
                }
                let Some(more) = self.more_evidence(strong, weak, times) else { continue };
                n_tasks += 1;
                all += weight as f64;
                right += weight as f64
                    * if more > 0.0 {
                        1.0
                    } else if more == 0.0 {
                        0.5
                    } else {
                        0.0
                    };
            }
        }
        (n_tasks, (n_tasks > 0).then(|| right / all))
    }

    /// Evidence of the strong query less that of the weak one; `None` without references at an end.
    fn more_evidence(&self, strong: usize, weak: usize, times: &[usize]) -> Option<f64> {
        let distances = match &self.evidence {
            Evidence::Pictures(evidence) => return Some(evidence[strong] - evidence[weak]),
            Evidence::Others(distances) => distances,
        };
        let each = self.groups.len() / 2;
        // of the strong query, how much further it is than the weak one, from each end
        let further = |end: std::ops::Range<usize>| {
            let (mut sum, mut all) = (0.0, 0.0);
            for reference in end {
                let group = self.groups[reference];
                if group != self.groups[strong] && group != self.groups[weak] {
                    let weight = times[group] as f64;
                    sum += weight * (distances[strong][reference] - distances[weak][reference]);
                    all += weight;
                }
            }
            (all > 0.0).then(|| sum / all)
        };
        Some(further(each..2 * each)? - further(0..each)?)
    }
}
