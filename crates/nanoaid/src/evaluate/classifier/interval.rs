//! Interval: where a figure lies with some probability, and the interval of a share.

use std::f64::consts::SQRT_2;

use serde::{Deserialize, Serialize};
use statrs::function::erf::erf_inv;

/// Ends of an interval, both included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end, at least `low`.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies inside.
    pub fn holds(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Width of the interval.
    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// The middle `share` of `values` (percentile method); `share` in `[0, 1]`, at least one value.
    pub(crate) fn middle(mut values: Vec<f64>, share: f64) -> Self {
        values.sort_by(f64::total_cmp);
        let outside = (1.0 - share) / 2.0;
        Self { low: quantile(&values, outside), high: quantile(&values, 1.0 - outside) }
    }
}

/// Wilson's score interval (1927) of a share: `hits` of `n`; `None` for `n = 0`.
pub(crate) fn wilson(hits: usize, n: usize, interval: f64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (share, n, z) = (hits as f64 / n as f64, n as f64, normal_quantile(interval));
    let scale = 1.0 + z * z / n;
    let middle = (share + z * z / (2.0 * n)) / scale;
    let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // rounding may lead a hair beyond the ends
    Some(Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) })
}

/// The `z` for which a normal variate lies within ±z with probability `interval`, below 1.
fn normal_quantile(interval: f64) -> f64 {
    SQRT_2 * erf_inv(interval)
}

/// The quantile of `sorted` values, between two of them by their linear mean; `share` in `[0, 1]`.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + part * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_intervals_are_those_of_scipy() {
        // scipy.stats.binomtest(hits, n).proportion_ci(interval, method="wilson")
        let cases = [
            (0, 5, 0.95, (0.0, 0.434_482_464_783)),
            (7, 10, 0.95, (0.396_778_147_461, 0.892_208_732_594)),
            (40, 57, 0.9, (0.594_797_061_843, 0.790_426_799_618)),
            (3, 3, 0.99, (0.311_368_157_255, 1.0)),
        ];
        for (hits, n, interval, (low, high)) in cases {
            let found = wilson(hits, n, interval).unwrap();
            assert!((found.low - low).abs() < 1e-9 && (found.high - high).abs() < 1e-9, "{hits}: {found:?}");
        }
        assert_eq!(wilson(0, 0, 0.95), None);
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0, 0.025, 0.5, 0.9, 1])
        let cases = [(0.0, 1.0), (0.025, 1.075), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)];
        for (share, expected) in cases {
            assert!((quantile(&[1.0, 2.0, 4.0, 8.0], share) - expected).abs() < 1e-12, "{share}");
        }
    }
}
