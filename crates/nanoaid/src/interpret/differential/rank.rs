//! Area under the ROC curve of one unit, from its order of the micrographs.
//!
//! AUC is the probability that a random micrograph of A has a higher value than a random one of B,
//! ties counted half: the statistic of Mann & Whitney (1947) over its largest value. All counts are
//! whole numbers, doubled so that halves are none, so that nothing depends on the order of sums.

use super::design::{Design, Labelling, Place};
use crate::interpret::unit_values::UnitValues;

/// The micrographs of a design in the order of a unit's values.
pub(super) struct Ranked {
    /// From the lowest value to the highest.
    places: Vec<Place>,
    /// Where runs of equal values end.
    ends: Vec<usize>,
}

impl Ranked {
    pub(super) fn of(design: &Design, values: &UnitValues<'_>, unit: usize) -> Self {
        let mut places: Vec<(f32, Place)> =
            design.places.iter().map(|&place| (values.at(place.image, unit), place)).collect();
        places.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // 0 and −0 are equal, and neighbours in this order
        let lengths = places.chunk_by(|a, b| a.0 == b.0).map(<[_]>::len);
        let ends = lengths.scan(0, |end, length| {
            *end += length;
            Some(*end)
        });
        Self { ends: ends.collect(), places: places.iter().map(|(_, place)| *place).collect() }
    }

    /// Micrographs of equal values, from the lowest to the highest.
    fn runs(&self) -> impl Iterator<Item = &[Place]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.places[std::mem::replace(&mut start, end)..end])
    }

    /// Whether all values are equal.
    pub(super) fn constant(&self) -> bool {
        self.ends.len() == 1
    }

    /// AUC of A against B, each micrograph counted as often as its group is in `times`.
    pub(super) fn auc(&self, times: &[u32]) -> f64 {
        // twice the number of pairs in which A is higher, and of A and B so far
        let (mut twice_higher, mut n_a, mut n_b) = (0, 0, 0);
        for run in self.runs() {
            let (mut run_a, mut run_b) = (0, 0);
            for place in run {
                let times = u64::from(times[place.group]);
                if place.a { run_a += times } else { run_b += times }
            }
            twice_higher += run_a * (2 * n_b + run_b);
            n_a += run_a;
            n_b += run_b;
        }
        twice_higher as f64 / (2 * n_a * n_b) as f64
    }

    /// Twice the sum of the mid-ranks (counted from 1) of each bundle.
    pub(super) fn twice_rank_sums(&self, design: &Design) -> Vec<u64> {
        let mut sums = vec![0; design.bundles.len()];
        let mut n_below = 0;
        for run in self.runs() {
            let twice_rank = 2 * n_below + run.len() as u64 + 1;
            run.iter().for_each(|place| sums[place.bundle] += twice_rank);
            n_below += run.len() as u64;
        }
        sums
    }

    /// AUC of the lesser side against the other under a labelling, from
    /// [`Ranked::twice_rank_sums`].
    pub(super) fn auc_of(&self, labelling: &Labelling, twice_rank_sums: &[u64]) -> f64 {
        let twice: u64 = labelling.bundles.iter().map(|&bundle| twice_rank_sums[bundle]).sum();
        let n = labelling.n_images as u64;
        // of the ranks of n micrographs alone, n (n + 1) / 2 is no merit
        (twice - n * (n + 1)) as f64 / (2 * n * (self.places.len() as u64 - n)) as f64
    }

    /// Which bundles have a value other than the commonest one.
    pub(super) fn telling_bundles(&self, design: &Design) -> Vec<bool> {
        let mut telling = vec![false; design.bundles.len()];
        let commonest = self.runs().map(<[_]>::len).max().unwrap_or(0);
        let mut passed = false;
        for run in self.runs() {
            // of equally common values the first is left out
            if run.len() == commonest && !passed {
                passed = true;
                continue;
            }
            run.iter().for_each(|place| telling[place.bundle] = true);
        }
        telling
    }
}
