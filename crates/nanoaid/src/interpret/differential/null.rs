//! What chance does to one unit: its AUC under shuffled labels, and how far out the real one lies.
//!
//! A share of shuffles is exact but no finer than one of them, while among a thousand units only
//! p-values below 0.0001 count. So where fewer than ten shuffles lie as far out, the tail of a smooth
//! distribution of the same moments is taken: normal, or gamma on the long side of a skew one (Winkler
//! et al. 2016). Rank sums have short tails, so that the normal tail errs upwards; where few bundles
//! have any information, it would not, and what these bundles allow is the least.

use super::design::{Design, Labelling};
use super::rank::Ranked;
use super::tail::{ln_choices, upper_tail};

/// Shuffles as far out from which on their share is taken: known within a third then.
const FEWEST_BEYOND: usize = 10;
/// Below it, two AUC are the same: rounding of a quotient.
const ROUNDING: f64 = 1e-12;

/// A unit's AUC of the lesser side under shuffled labels.
pub(super) struct Null {
    sorted: Vec<f64>,
    mean: f64,
    deviation: f64,
    skewness: f64,
}

impl Null {
    pub(super) fn of(ranked: &Ranked, twice_rank_sums: &[u64], shuffles: &[Labelling]) -> Self {
        let aucs = shuffles.iter().map(|labelling| ranked.auc_of(labelling, twice_rank_sums));
        let mut sorted: Vec<f64> = aucs.collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / n;
        let moment = |power| sorted.iter().map(|auc| (auc - mean).powi(power)).sum::<f64>() / n;
        let deviation = moment(2).sqrt();
        let skewness = if deviation > ROUNDING { moment(3) / deviation.powi(3) } else { 0.0 };
        Self { sorted, mean, deviation, skewness }
    }

    /// Probability that shuffled labels bring an AUC as far out as `auc`, on either side (twice that
    /// of the nearer side, at most 1); `least` is the least probability of one side.
    pub(super) fn p(&self, auc: f64, least: f64) -> f64 {
        let n = self.sorted.len();
        let n_above = n - self.sorted.partition_point(|other| *other < auc - ROUNDING);
        let n_below = self.sorted.partition_point(|other| *other <= auc + ROUNDING);
        let n_beyond = n_above.min(n_below);
        let share = |n_beyond: usize| (n_beyond + 1) as f64 / (n + 1) as f64;
        let of_one_side = if n_beyond >= FEWEST_BEYOND || self.deviation <= ROUNDING {
            share(n_beyond)
        } else {
            let z = (auc - self.mean) / self.deviation;
            upper_tail(z.abs(), self.skewness * z.signum()).min(share(FEWEST_BEYOND))
        };
        (2.0 * of_one_side.max(least)).min(1.0)
    }
}

/// The least that one side of a unit's p-value can be under a labelling: the share of all labellings
/// that agree with it on the bundles with any information (`telling`), and so put the same values on
/// each side.
///
/// Where every bundle has information it is one of all labellings. Where a unit answers to three
/// bundles only, it is the chance that these three fall as they do, however many bundles there are.
pub(super) fn least_probability(design: &Design, labelling: &Labelling, telling: &[bool]) -> f64 {
    let n_bundles = design.bundles.len();
    let n_telling = telling.iter().filter(|informs| **informs).count();
    let n_lesser_telling = labelling.bundles.iter().filter(|bundle| telling[**bundle]).count();
    let n_lesser = labelling.bundles.len();
    let same = ln_choices(n_bundles - n_telling, n_lesser - n_lesser_telling);
    (same - ln_choices(n_bundles, n_lesser)).exp()
}
