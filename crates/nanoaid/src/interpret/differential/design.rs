//! Which micrographs are compared, and what belongs together among them.
//!
//! A *bundle* is all that a group has on one side; labels are shuffled among bundles, so that
//! micrographs of one group never part. A *stratum* is a kind of group: all on one side, all on the
//! other, or on both; a resample draws groups within each stratum, so that no side is ever empty.
//!
//! Everything is in the order of the groups' names, and what could depend on which side is called A
//! is tied to the *lesser* side, that of fewer bundles: neither the order of the micrographs nor that
//! of the sides has any influence.

use std::collections::BTreeMap;

use micrograph::random::Stream;

use super::{DifferentialConfig, Labelled};
use crate::evaluate::classifier::{Groups, Interval};

/// A bundle: all that a group has on one side.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    /// Whether it is on side A.
    pub(super) a: bool,
    /// Its number of micrographs.
    pub(super) n_images: usize,
}

/// One micrograph that is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its row in the table.
    pub(super) image: usize,
    /// Its group, as an index.
    pub(super) group: usize,
    /// Its bundle, as an index.
    pub(super) bundle: usize,
    /// Whether it is on side A.
    pub(super) a: bool,
}

/// The micrographs that are compared.
#[derive(Clone, Debug)]
pub(super) struct Design {
    pub(super) places: Vec<Place>,
    pub(super) bundles: Vec<Bundle>,
    /// Groups of each stratum, none of them empty.
    strata: Vec<Vec<usize>>,
    pub(super) n_groups: usize,
    /// Whether the lesser side is A.
    pub(super) lesser_is_a: bool,
}

/// Bundles that a shuffle calls the lesser side.
#[derive(Clone, Debug)]
pub(super) struct Labelling {
    /// Their indices.
    pub(super) bundles: Vec<usize>,
    /// Their micrographs.
    pub(super) n_images: usize,
}

impl Design {
    /// `side` says of each micrograph whether it is on side A (`true`), B (`false`) or neither; both
    /// sides have some.
    pub(super) fn of(images: &[Labelled], side: &[Option<bool>]) -> Self {
        let rows: Vec<usize> = (0..images.len()).filter(|&image| side[image].is_some()).collect();
        let groups = Groups::named(rows.iter().map(|&image| images[image].group.as_str()));
        let on_a = |row: &usize| side[rows[*row]] == Some(true);
        let (mut places, mut bundles) = (Vec::new(), Vec::new());
        let mut strata: BTreeMap<(bool, bool), Vec<usize>> = BTreeMap::new();
        for (group, members) in groups.members().enumerate() {
            let mut sides: Vec<(bool, Vec<usize>)> = Vec::new();
            for a in [true, false] {
                let own: Vec<usize> = members.iter().copied().filter(|row| on_a(row) == a).collect();
                if !own.is_empty() {
                    sides.push((a, own));
                }
            }
            let has = |a: bool| sides.iter().any(|(side, _)| *side == a);
            strata.entry((has(true), has(false))).or_default().push(group);
            // which of a mixed group's bundles comes first must not hang on which side is A
            sides.sort_by_key(|(_, own)| own.iter().map(|&row| &images[rows[row]].category).min());
            for (a, own) in sides {
                let bundle = bundles.len();
                places.extend(own.iter().map(|&row| Place { image: rows[row], group, bundle, a }));
                bundles.push(Bundle { a, n_images: own.len() });
            }
        }
        let mut strata: Vec<Vec<usize>> = strata.into_values().collect();
        strata.sort();
        let n_a = bundles.iter().filter(|bundle| bundle.a).count();
        let lesser_is_a = match n_a.cmp(&(bundles.len() - n_a)) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => bundles[0].a,
            std::cmp::Ordering::Greater => false,
        };
        Self { places, bundles, strata, n_groups: groups.len(), lesser_is_a }
    }

    /// Groups with a micrograph on side A (`true`) or B: as many as it has bundles.
    pub(super) fn n_groups_on(&self, a: bool) -> usize {
        self.bundles.iter().filter(|bundle| bundle.a == a).count()
    }

    /// Micrographs on side A (`true`) or B.
    pub(super) fn n_images_on(&self, a: bool) -> usize {
        self.bundles.iter().filter(|bundle| bundle.a == a).map(|bundle| bundle.n_images).sum()
    }

    /// Micrographs of the largest bundle of side A (`true`) or B.
    pub(super) fn largest_bundle_on(&self, a: bool) -> usize {
        self.bundles.iter().filter(|bundle| bundle.a == a).map(|bundle| bundle.n_images).max().unwrap_or(0)
    }

    /// Groups on both sides.
    pub(super) fn n_groups_on_both(&self) -> usize {
        self.bundles.len() - self.n_groups
    }

    /// Bundles on the lesser side.
    pub(super) fn n_lesser(&self) -> usize {
        self.n_groups_on(self.lesser_is_a)
    }

    /// The labels as they are.
    pub(super) fn as_labelled(&self) -> Labelling {
        let lesser = |&bundle: &usize| self.bundles[bundle].a == self.lesser_is_a;
        self.labelling((0..self.bundles.len()).filter(lesser).collect())
    }

    /// Random labels, as many bundles on each side as there are, for each of `count` shuffles.
    pub(super) fn shuffles(&self, count: usize, seed: u64, purpose: &str) -> Vec<Labelling> {
        let one = |index| {
            let mut order: Vec<usize> = (0..self.bundles.len()).collect();
            Stream::new(seed, purpose, index).shuffle(&mut order);
            order.truncate(self.n_lesser());
            self.labelling(order)
        };
        (0..count as u64).map(one).collect()
    }

    fn labelling(&self, bundles: Vec<usize>) -> Labelling {
        let n_images = bundles.iter().map(|&bundle| self.bundles[bundle].n_images).sum();
        Labelling { bundles, n_images }
    }

    /// How often each group is drawn, `[n_bootstrap][n_groups]`; as many of each stratum as it has.
    pub(super) fn resamples(&self, config: &DifferentialConfig) -> Vec<Vec<u32>> {
        let one = |index| {
            let mut stream = Stream::new(config.seed, "contrast: resample of groups", index);
            let mut times = vec![0; self.n_groups];
            for stratum in &self.strata {
                for _ in 0..stratum.len() {
                    times[stratum[stream.below(stratum.len())]] += 1;
                }
            }
            times
        };
        (0..config.n_bootstrap as u64).map(one).collect()
    }

    /// The interval of an AUC over resamples; absent without any, and where a side has a single group.
    ///
    /// Where A and B do not overlap, every resample gives 0 or 1 and no information on how seldom an overlap
    /// may be. The other end is then the exact binomial bound for `n` of `n` (Clopper & Pearson
    /// 1934), `n` being the lesser number of groups: so many groups of one side were all beyond
    /// everything of the other.
    pub(super) fn interval(&self, auc: f64, resampled: Vec<f64>, share: f64) -> Option<Interval> {
        let n_least = self.n_lesser();
        if n_least < 2 || resampled.is_empty() {
            return None;
        }
        let bound = ((1.0 - share) / 2.0).powf(1.0 / n_least as f64);
        Some(if auc == 1.0 {
            Interval { low: bound, high: 1.0 }
        } else if auc == 0.0 {
            Interval { low: 0.0, high: 1.0 - bound }
        } else {
            Interval::middle(resampled, share)
        })
    }
}
