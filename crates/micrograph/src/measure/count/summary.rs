//! Summary of regions: number, size and distance, each with its uncertainty.

use serde::{Deserialize, Serialize};

use crate::measure::count::regions::Region;
use crate::measure::quantity::{Component, Quantity, Unit};
use crate::random::Stream;

/// Bootstrap resamples of regions or fibres for the uncertainty of their statistics; more change only its
/// second digit.
pub(in crate::measure) const N_RESAMPLES: u64 = 400;
/// Quadrats along each side of the image for the spread of numbers over the specimen.
const N_QUADRATS: usize = 4;

/// Part of the distribution of diameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeBin {
    /// Least diameter in px.
    pub from_px: f64,
    /// Largest diameter in px.
    pub to_px: f64,
    /// Share of the particles, in `[0, 1]`; the shares of all bins have the sum 1.
    pub share: f64,
}

/// Whole regions, and the weight of each: the border cuts large ones more often, so they are underrepresented
/// among the whole ones. A region of `h × w` px is whole at `(H − h − 1)(W − w − 1)` of `H · W` positions
/// (Miles 1974, Lantuéjoul 1978).
pub(in crate::measure) fn weighted_whole(
    regions: &[Region],
    (height, width): (usize, usize),
) -> Vec<(f64, f64)> {
    let places = |region: &Region| {
        let along = |all: usize, own: usize| all.saturating_sub(own + 1).max(1) as f64;
        along(height, region.bounds.height) * along(width, region.bounds.width)
    };
    let whole = regions.iter().filter(|region| region.sides.none());
    whole.map(|region| (region.diameter_px, (height * width) as f64 / places(region))).collect()
}

/// Mean of weighted values; 0 without values.
pub(in crate::measure) fn mean(values: &[(f64, f64)]) -> f64 {
    let weight: f64 = values.iter().map(|(_, weight)| weight).sum();
    if weight > 0.0 { values.iter().map(|(value, weight)| value * weight).sum::<f64>() / weight } else { 0.0 }
}

/// Median of weighted values: half of the weight is on each side; 0 without values.
pub(in crate::measure) fn median(values: &[(f64, f64)]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sorted.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (index, (value, weight)) in sorted.iter().enumerate() {
        below += weight;
        if below > half * (1.0 + 1e-12) || index + 1 == sorted.len() {
            return *value;
        }
        if below >= half * (1.0 - 1e-12) {
            return f64::midpoint(*value, sorted[index + 1].0);
        }
    }
    0.0
}

/// `statistic` of `values`, its uncertainty by the bootstrap (Efron 1979) and by `edge_px`,
/// half of the change between two thresholds.
pub(in crate::measure) fn resampled(
    values: &[(f64, f64)],
    statistic: impl Fn(&[(f64, f64)]) -> f64,
    edge_px: f64,
    method: &str,
) -> Quantity {
    let draws: Vec<f64> = (0..N_RESAMPLES)
        .map(|index| {
            let mut stream = Stream::new(0, "count resample", index);
            let drawn: Vec<_> = (0..values.len()).map(|_| values[stream.below(values.len())]).collect();
            statistic(&drawn)
        })
        .collect();
    let middle = draws.iter().sum::<f64>() / N_RESAMPLES as f64;
    let variance = draws.iter().map(|draw| (draw - middle).powi(2)).sum::<f64>() / (N_RESAMPLES - 1) as f64;
    // the bootstrap gives a variance too small by (n − 1) / n
    let weights = values.iter().fold((0.0, 0.0), |(sum, squares), (_, w)| (sum + w, squares + w * w));
    // the effective number of values of equal weight, less 1
    let degrees_of_freedom = (weights.0 * weights.0 / weights.1 - 1.0).max(1.0);
    let sampling = (variance * (degrees_of_freedom + 1.0) / degrees_of_freedom).sqrt();
    let components = vec![
        Component::estimated("sampling", sampling, degrees_of_freedom),
        Component::bounded("edge", edge_px),
    ];
    Quantity::new(statistic(values), Unit::Px, method, components)
}

/// The distribution of weighted diameters in √n bins, 4 to 30; empty without diameters.
pub(in crate::measure) fn size_bins(values: &[(f64, f64)]) -> Vec<SizeBin> {
    let ends = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (value, _)| {
        (low.min(*value), high.max(*value))
    });
    if values.is_empty() {
        return Vec::new();
    }
    let n_bins = ((values.len() as f64).sqrt().ceil() as usize).clamp(4, 30);
    // particles of equal size still get a bin
    let step = ((ends.1 - ends.0) / n_bins as f64).max(1e-3);
    let whole: f64 = values.iter().map(|(_, weight)| weight).sum();
    let mut bins: Vec<SizeBin> = (0..n_bins)
        .map(|bin| SizeBin {
            from_px: ends.0 + bin as f64 * step,
            to_px: ends.0 + (bin + 1) as f64 * step,
            share: 0.0,
        })
        .collect();
    for (value, weight) in values {
        bins[(((value - ends.0) / step) as usize).min(n_bins - 1)].share += weight / whole;
    }
    bins
}

/// Number of regions in the image's area, each counted with its share of the counting frame; its
/// uncertainty for the specimen comes from the spread of the numbers in sixteen quadrats, and from
/// `standard_count`, that of the count itself.
pub(super) fn in_frame(regions: &[Region], (height, width): (usize, usize), standard_count: f64) -> Quantity {
    let mut quadrats = [0.0; N_QUADRATS * N_QUADRATS];
    for region in regions {
        let place =
            |at: f64, length: usize| ((at * N_QUADRATS as f64 / length as f64) as usize).min(N_QUADRATS - 1);
        quadrats[place(region.y, height) * N_QUADRATS + place(region.x, width)] += region.sides.frame_share();
    }
    let n = quadrats.len() as f64;
    let number: f64 = quadrats.iter().sum();
    let variance = quadrats.iter().map(|own| (own - number / n).powi(2)).sum::<f64>() / (n - 1.0);
    let components = vec![
        Component::estimated("sampling", (n * variance).sqrt(), n - 1.0),
        Component::known("regions", standard_count),
    ];
    Quantity::new(number, Unit::One, "counting frame, mean of its four corners", components)
}

/// Mean distance to the nearest neighbour, of the regions that are nearer to it than to the border (a nearer
/// neighbour may be beyond the border); `None` for fewer than 2.
pub(super) fn nearest(regions: &[Region], (height, width): (usize, usize)) -> Option<Quantity> {
    let seen: Vec<(f64, f64)> = regions
        .iter()
        .filter_map(|region| {
            let border = region.y.min(region.x).min(height as f64 - region.y).min(width as f64 - region.x);
            region.nearest_px.filter(|nearest| *nearest <= border).map(|nearest| (nearest, 1.0))
        })
        .collect();
    (seen.len() >= 2).then(|| resampled(&seen, mean, 0.0, "nearest centroids away from the border"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_split_the_weight_in_half() {
        let even = [(4.0, 1.0), (1.0, 1.0), (2.0, 1.0), (9.0, 1.0)];
        assert_eq!(median(&even), 3.0);
        assert_eq!(median(&even[..3]), 2.0);
        assert_eq!(median(&[(1.0, 1.0), (5.0, 3.0), (9.0, 1.0)]), 5.0);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn drawing_again_gives_the_standard_error_of_a_mean() {
        let mut stream = Stream::new(9, "test", 0);
        let values: Vec<_> = (0..100).map(|_| (20.0 + 3.0 * stream.normal(), 1.0)).collect();
        let found = resampled(&values, mean, 0.0, "");
        let middle = mean(&values);
        let variance = values.iter().map(|(value, _)| (value - middle).powi(2)).sum::<f64>() / 99.0;
        // the spread of 400 draws is known to 4 %
        assert!((found.standard_uncertainty / (variance / 100.0).sqrt() - 1.0).abs() < 0.12, "{found:?}");
        assert_eq!(found.value, middle);
    }

    #[test]
    fn bins_hold_everything_once() {
        for n in [1, 5, 300] {
            let values: Vec<_> = (0..n).map(|i| (5.0 + f64::from(i % 17), 1.0 + f64::from(i % 3))).collect();
            let bins = size_bins(&values);
            assert!((bins.iter().map(|bin| bin.share).sum::<f64>() - 1.0).abs() < 1e-9);
            assert!(bins.windows(2).all(|two| (two[0].to_px - two[1].from_px).abs() < 1e-9));
        }
        assert!(size_bins(&[]).is_empty());
    }
}
