//! Sizes: the distribution of equivalent diameters of the regions that are whole.
//!
//! Regions that the border cuts are left out, but counted. The border cuts large regions more often, so that small ones
//! are overrepresented among the whole ones: a region whose bounding rectangle has `h × w` px is whole at
//! `(H − h − 1)(W − w − 1)` of the `H · W` positions in the image. Each whole region gets the reciprocal of that share
//! as its weight (Miles 1974, Lantuéjoul 1978), unless the settings say otherwise. What a region counts less or more is
//! in the effective number of regions (Kish 1965), from which the intervals follow.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF, StudentsT};

use crate::measure::Unit;
use crate::random::Stream;
use crate::{Calibration, ConfigError};

use super::Region;

/// Bins of a histogram, few enough to see and enough to show its form.
const BINS: std::ops::RangeInclusive<usize> = 5..=40;

/// Regions of equal weight, below which there is no interval.
const LEAST_EFFECTIVE: f64 = 1.5;

/// How regions are weighted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// By the reciprocal of the share of positions at which a region is whole.
    MilesLantuejoul,
    /// All whole regions count the same.
    Equal,
}

/// How sizes are summed up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SizesConfig {
    /// The weight of each whole region.
    pub weighting: Weighting,
    /// Bootstrap resamples for the intervals of percentiles, 100 to 100 000.
    pub n_resamples: usize,
    /// Seed of the resamples.
    pub seed: u64,
}

impl Default for SizesConfig {
    fn default() -> Self {
        Self {
            weighting: Weighting::MilesLantuejoul, // without it the mean is too small
            n_resamples: 1000,                     // 25 of them are beyond each end of a 95 % interval
            seed: 0,
        }
    }
}

impl SizesConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The field that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("sizes.n_resamples", self.n_resamples as f64, 100.0..=1e5)?;
        Ok(self)
    }
}

/// The distribution of equivalent diameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sizes {
    /// Unit of all lengths here: nm with a calibration, else px.
    pub unit: Unit,
    /// All regions.
    pub n_regions: usize,
    /// Regions that the border does not cut: those whose sizes are here.
    pub n_whole: usize,
    /// Regions that the border cuts.
    pub n_cut: usize,
    /// How the whole ones are weighted.
    pub weighting: Weighting,
    /// The number of regions of equal weight that would be as informative.
    pub n_effective: f64,
    /// What is said of the sizes; `None` without whole regions.
    pub summary: Option<SizeSummary>,
    /// The histogram, empty without whole regions.
    pub bins: Vec<SizeBin>,
}

/// Numbers that describe a distribution of equivalent diameters, in the unit of [`Sizes`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeSummary {
    /// Mean; its interval by Student's t.
    pub mean: Interval,
    /// Standard deviation.
    pub standard_deviation: f64,
    /// Diameters below which 10, 50 and 90 % of the regions are; intervals by the bootstrap.
    pub by_number: Percentiles,
    /// Diameters below which regions with 10, 50 and 90 % of the area are; intervals by the bootstrap.
    pub by_area: Percentiles,
    /// The log-normal distribution with the same mean and standard deviation of logarithms; `None` for fewer than 2
    /// different diameters.
    pub log_normal: Option<LogNormal>,
}

/// A value with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The value.
    pub value: f64,
    /// Lower end of the interval; absent if there are too few regions for one.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

/// Three percentiles of equivalent diameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// 10 % are smaller.
    pub d10: Interval,
    /// 50 % are smaller.
    pub d50: Interval,
    /// 90 % are smaller.
    pub d90: Interval,
}

/// A log-normal distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogNormal {
    /// Geometric mean, also the median; its interval by Student's t on logarithms.
    pub geometric_mean: Interval,
    /// Geometric standard deviation, at least 1; its interval by the chi-squared distribution.
    pub geometric_sd: Interval,
    /// The largest difference between its distribution function and that of the regions (Kolmogorov and Smirnov), in
    /// `[0, 1]`: far above 1/√n, sizes are not log-normal.
    pub largest_difference: f64,
}

/// A bin of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeBin {
    /// Least diameter, included.
    pub from: f64,
    /// Largest diameter, not included.
    pub to: f64,
    /// Whole regions in it.
    pub n: usize,
    /// Their share of all weights, in `[0, 1]`.
    pub share: f64,
}

/// The sizes of `regions` of an image of `(height, width)` px, in nm with a calibration.
///
/// # Errors
/// If a setting is out of range.
pub fn sizes(
    regions: &[Region],
    size: (usize, usize),
    calibration: Option<&Calibration>,
    config: &SizesConfig,
) -> Result<Sizes, ConfigError> {
    let config = config.clone().checked()?;
    let whole: Vec<&Region> = regions.iter().filter(|region| !region.cut_by_border).collect();
    let mut diameters: Vec<Weighted> = whole
        .iter()
        .map(|region| Weighted {
            value: calibration
                .map_or(region.diameter_px, |calibration| region.in_nm(calibration).diameter_nm),
            weight: match config.weighting {
                Weighting::MilesLantuejoul => edge_weight(region, size),
                Weighting::Equal => 1.0,
            },
        })
        .collect();
    diameters.sort_by(|a, b| a.value.total_cmp(&b.value));
    let n_effective = n_effective(&diameters);
    Ok(Sizes {
        unit: if calibration.is_some() { Unit::Nm } else { Unit::Px },
        n_regions: regions.len(),
        n_whole: whole.len(),
        n_cut: regions.len() - whole.len(),
        weighting: config.weighting,
        n_effective,
        summary: (!diameters.is_empty()).then(|| summary(&diameters, n_effective, &config)),
        bins: bins(&diameters),
    })
}

/// The reciprocal of the share of positions in an image of `(height, width)` px at which a region is whole, by its bounding
/// rectangle; at least 1.
pub fn edge_weight(region: &Region, (height, width): (usize, usize)) -> f64 {
    let share = |all: usize, own: usize| all.saturating_sub(own + 1).max(1) as f64 / all.max(1) as f64;
    1.0 / (share(height, region.bounds.height) * share(width, region.bounds.width))
}

/// A diameter and its weight.
#[derive(Clone, Copy, Debug)]
struct Weighted {
    value: f64,
    weight: f64,
}

fn n_effective(values: &[Weighted]) -> f64 {
    let (sum, squares) = values
        .iter()
        .fold((0.0, 0.0), |(sum, squares), own| (sum + own.weight, squares + own.weight * own.weight));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// Mean and standard deviation of `of(value)`, the latter with one degree of freedom less than the effective number.
fn moments(values: &[Weighted], n_effective: f64, of: impl Fn(f64) -> f64) -> (f64, f64) {
    let weight: f64 = values.iter().map(|own| own.weight).sum();
    let mean = values.iter().map(|own| own.weight * of(own.value)).sum::<f64>() / weight;
    let variance = values.iter().map(|own| own.weight * (of(own.value) - mean).powi(2)).sum::<f64>() / weight;
    let corrected = if n_effective > 1.0 { variance * n_effective / (n_effective - 1.0) } else { 0.0 };
    (mean, corrected.sqrt())
}

fn summary(values: &[Weighted], n_effective: f64, config: &SizesConfig) -> SizeSummary {
    let (mean, standard_deviation) = moments(values, n_effective, |value| value);
    let half = half_width(standard_deviation, n_effective);
    let by_area: Vec<Weighted> =
        values.iter().map(|own| Weighted { weight: own.weight * own.value * own.value, ..*own }).collect();
    SizeSummary {
        mean: Interval { value: mean, low: half.map(|half| mean - half), high: half.map(|half| mean + half) },
        standard_deviation,
        by_number: percentiles(values, config),
        by_area: percentiles(&by_area, config),
        log_normal: log_normal(values, n_effective),
    }
}

/// Half of the 95 % interval of a mean; `None` for too few values.
fn half_width(standard_deviation: f64, n_effective: f64) -> Option<f64> {
    if n_effective < LEAST_EFFECTIVE {
        return None;
    }
    let student = StudentsT::new(0.0, 1.0, n_effective - 1.0).ok()?;
    Some(student.inverse_cdf(0.975) * standard_deviation / n_effective.sqrt())
}

fn log_normal(values: &[Weighted], n_effective: f64) -> Option<LogNormal> {
    let (mean, sd) = moments(values, n_effective, f64::ln);
    let spread = sd > 1e-9; // equal diameters differ by rounding
    if !spread {
        return None;
    }
    let half = half_width(sd, n_effective);
    let chi = ChiSquared::new(n_effective - 1.0).ok().filter(|_| n_effective >= LEAST_EFFECTIVE);
    let end = |share: f64| {
        chi.as_ref().map(|chi| (sd * ((n_effective - 1.0) / chi.inverse_cdf(share)).sqrt()).exp())
    };
    let normal = statrs::distribution::Normal::new(mean, sd).ok()?;
    let weight: f64 = values.iter().map(|own| own.weight).sum();
    let mut below = 0.0;
    let differences = values.iter().map(|own| {
        let expected = normal.cdf(own.value.ln());
        let before = below / weight;
        below += own.weight;
        (expected - before).abs().max((below / weight - expected).abs())
    });
    let largest_difference = differences.fold(0.0, f64::max);
    Some(LogNormal {
        geometric_mean: Interval {
            value: mean.exp(),
            low: half.map(|half| (mean - half).exp()),
            high: half.map(|half| (mean + half).exp()),
        },
        geometric_sd: Interval { value: sd.exp(), low: end(0.975), high: end(0.025) },
        largest_difference,
    })
}

fn percentiles(values: &[Weighted], config: &SizesConfig) -> Percentiles {
    const SHARES: [f64; 3] = [0.1, 0.5, 0.9];
    let weights: Vec<f64> = values.iter().map(|own| own.weight).collect();
    let found = SHARES.map(|share| percentile(values, &weights, share));
    let mut draws: [Vec<f64>; 3] = Default::default();
    if values.len() > 1 {
        for index in 0..config.n_resamples {
            let mut stream = Stream::new(config.seed, "sizes resample", index as u64);
            // how often each value is drawn; values stay sorted
            let mut drawn = vec![0.0; values.len()];
            (0..values.len()).for_each(|_| drawn[stream.below(values.len())] += 1.0);
            drawn.iter_mut().zip(&weights).for_each(|(drawn, weight)| *drawn *= weight);
            for (draws, share) in draws.iter_mut().zip(SHARES) {
                draws.push(percentile(values, &drawn, share));
            }
        }
    }
    let mut ends = draws.into_iter().zip(found).map(|(mut draws, value)| {
        draws.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = draws.len().checked_sub(1)?;
            draws.get((share * last as f64).round() as usize).copied()
        };
        // with few values an interval of draws need not hold the value itself
        Interval {
            value,
            low: at(0.025).map(|low| low.min(value)),
            high: at(0.975).map(|high| high.max(value)),
        }
    });
    let mut next = || ends.next().expect("there are three");
    Percentiles { d10: next(), d50: next(), d90: next() }
}

/// The diameter below which this `share` of the weights lies, by linear interpolation between the middles of the
/// weights (Hazen 1914). `values` are sorted; weights may be 0.
fn percentile(values: &[Weighted], weights: &[f64], share: f64) -> f64 {
    let wanted = share * weights.iter().sum::<f64>();
    let mut before = 0.0;
    let mut last: Option<(f64, f64)> = None;
    for (own, weight) in values.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
        let middle = before + weight / 2.0;
        if middle >= wanted {
            return match last {
                Some((value, at)) => value + (own.value - value) * (wanted - at) / (middle - at),
                None => own.value,
            };
        }
        before += weight;
        last = Some((own.value, middle));
    }
    last.map_or(0.0, |(value, _)| value)
}

/// A histogram of sorted diameters. Its step is 1, 2 or 5 times a power of ten, near twice the interquartile range over
/// the cube root of the number (Freedman & Diaconis 1981).
fn bins(values: &[Weighted]) -> Vec<SizeBin> {
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return Vec::new() };
    let weights: Vec<f64> = values.iter().map(|own| own.weight).collect();
    let whole: f64 = weights.iter().sum();
    let quartile = |share: f64| percentile(values, &weights, share);
    let range = last.value - first.value;
    let wished = 2.0 * (quartile(0.75) - quartile(0.25)) / (values.len() as f64).cbrt();
    let (least, most) = (range / *BINS.end() as f64, range / *BINS.start() as f64);
    // regions of one size get one bin around it
    let step = nice_step(if range > 0.0 { wished.clamp(least, most) } else { 0.1 * first.value });
    let start = (first.value / step).floor();
    let index = |value: f64| ((value / step).floor() - start).max(0.0) as usize;
    let mut bins: Vec<SizeBin> = (0..=index(last.value))
        .map(|bin| SizeBin {
            from: (start + bin as f64) * step,
            to: (start + bin as f64 + 1.0) * step,
            n: 0,
            share: 0.0,
        })
        .collect();
    for own in values {
        let bin = &mut bins[index(own.value)];
        bin.n += 1;
        bin.share += own.weight / whole;
    }
    bins
}

/// The number of 1, 2 or 5 times a power of ten that is nearest to `wished`, which is above 0, in proportion.
fn nice_step(wished: f64) -> f64 {
    let decade = 10f64.powf(wished.log10().floor());
    let distance = |step: &f64| (step / wished).ln().abs();
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * decade);
    steps.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(wished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::regions;
    use crate::regions::{Labels, shape::Shape};
    use crate::{CalibrationSource, Rect};

    fn weighted(values: &[f64]) -> Vec<Weighted> {
        let mut values: Vec<Weighted> = values.iter().map(|&value| Weighted { value, weight: 1.0 }).collect();
        values.sort_by(|a, b| a.value.total_cmp(&b.value));
        values
    }

    fn few() -> SizesConfig {
        SizesConfig { n_resamples: 100, ..SizesConfig::default() }
    }

    /// Regions as they are measured: squares of these sides, apart from each other.
    fn squares(sides: &[usize], (height, width): (usize, usize)) -> Vec<Region> {
        let (mut x, shapes) = (2.0, sides.iter());
        let shapes: Vec<Shape> = shapes
            .map(|&side| {
                let shape = Shape::rectangle([x, 2.0], side as f64, side as f64);
                x += side as f64 + 2.0;
                shape
            })
            .collect();
        regions(&Labels::of_shapes(height, width, &shapes, None).unwrap(), None).unwrap()
    }

    #[test]
    fn regions_at_the_border_are_counted_but_not_measured() {
        let (height, width) = (30, 40);
        let all = squares(&[4, 9, 4, 40], (height, width));
        let found = sizes(&all, (height, width), None, &few()).unwrap();
        assert_eq!((found.n_regions, found.n_whole, found.n_cut, found.unit), (4, 3, 1, Unit::Px));
        // whole at 25 · 35 and 20 · 30 of 30 · 40 positions
        let (small, large) = (1200.0 / (25.0 * 35.0), 1200.0 / (20.0 * 30.0));
        let disc = |side: f64| (4.0 * side * side / std::f64::consts::PI).sqrt();
        let mean = (2.0 * small * disc(4.0) + large * disc(9.0)) / (2.0 * small + large);
        assert!((found.summary.unwrap().mean.value - mean).abs() < 1e-9);
        let equal = SizesConfig { weighting: Weighting::Equal, ..few() };
        let calibration = Calibration::square(2.0, CalibrationSource::Typed);
        let found = sizes(&all, (height, width), Some(&calibration), &equal).unwrap();
        let mean = 2.0 * (2.0 * disc(4.0) + disc(9.0)) / 3.0;
        assert!((found.summary.unwrap().mean.value - mean).abs() < 1e-9);
        assert_eq!((found.unit, found.n_effective), (Unit::Nm, 3.0));
    }

    #[test]
    fn weights_undo_what_the_border_does() {
        // squares of 10 and 60 px in equal numbers, everywhere, around an image of 100 × 120 px
        let (height, width) = (100.0, 120.0);
        let mut stream = Stream::new(4, "border", 0);
        let (mut numbers, mut weights) = ([0.0; 2], [0.0; 2]);
        let model = squares(&[10, 60], (100, 120));
        for draw in 0..40_000 {
            let (which, side) = [(0, 10.0), (1, 60.0)][draw % 2];
            // positions of the first pixel for which it touches the image or could
            let y = stream.between(-80.0, height).floor();
            let x = stream.between(-80.0, width).floor();
            if y >= 1.0 && x >= 1.0 && y + side < height && x + side < width {
                numbers[which] += 1.0;
                weights[which] += edge_weight(&model[which], (100, 120));
            }
        }
        assert!(numbers[0] / numbers[1] > 3.0, "{numbers:?}");
        assert!((weights[0] / weights[1] - 1.0).abs() < 0.1, "{weights:?}");
    }

    #[test]
    fn intervals_of_the_log_normal_distribution_cover_it_in_95_percent_of_cases() {
        let (mean, sd, n) = (3.0, 0.4, 12);
        let mut hits = [0; 2];
        for trial in 0..1000 {
            let mut stream = Stream::new(1, "log-normal", trial);
            let drawn: Vec<f64> = (0..n).map(|_| (mean + sd * stream.normal()).exp()).collect();
            let found = log_normal(&weighted(&drawn), n as f64).unwrap();
            let covers = |interval: Interval, truth: f64| {
                interval.low.unwrap() <= truth && truth <= interval.high.unwrap()
            };
            hits[0] += usize::from(covers(found.geometric_mean, mean.exp()));
            hits[1] += usize::from(covers(found.geometric_sd, sd.exp()));
        }
        // three standard errors of 1000 trials are 2 %
        assert!(hits.iter().all(|hits| (930..=970).contains(hits)), "{hits:?}");
    }

    #[test]
    fn many_log_normal_sizes_give_their_percentiles() {
        let (mean, sd) = (3.0, 0.3);
        let mut stream = Stream::new(2, "log-normal", 0);
        let drawn: Vec<f64> = (0..20_000).map(|_| (mean + sd * stream.normal()).exp()).collect();
        let found = summary(&weighted(&drawn), 20_000.0, &few());
        let fit = found.log_normal.unwrap();
        assert!((fit.geometric_mean.value.ln() - mean).abs() < 0.01);
        assert!((fit.geometric_sd.value.ln() - sd).abs() < 0.01);
        assert!(fit.largest_difference < 0.012, "{fit:?}");
        // 1.2816 is the normal distribution's 90 % quantile; by area (d²) the median moves by exp(2 sd²)
        for (value, expected) in [
            (found.by_number.d10.value, mean - 1.2816 * sd),
            (found.by_number.d50.value, mean),
            (found.by_number.d90.value, mean + 1.2816 * sd),
            (found.by_area.d10.value, mean + 2.0 * sd * sd - 1.2816 * sd),
            (found.by_area.d50.value, mean + 2.0 * sd * sd),
            (found.by_area.d90.value, mean + 2.0 * sd * sd + 1.2816 * sd),
        ] {
            assert!((value.ln() - expected).abs() < 0.02, "{value} {expected}");
        }
        // the standard error of a median: 1.2533 sd / √n
        let d50 = found.by_number.d50;
        let width =
            (d50.high.unwrap() / d50.low.unwrap()).ln() / (2.0 * 1.96 * 1.2533 * sd / 20_000.0_f64.sqrt());
        assert!((width - 1.0).abs() < 0.35, "{width}");
    }

    #[test]
    fn percentiles_of_few_sizes_are_those_of_hazen() {
        let at = |values: &[f64], share| percentile(&weighted(values), &vec![1.0; values.len()], share);
        assert_eq!(at(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(at(&[4.0, 1.0, 2.0, 3.0], 0.5), 2.5);
        assert_eq!((at(&[5.0], 0.1), at(&[5.0, 6.0], 0.1), at(&[5.0, 6.0], 0.9)), (5.0, 5.0, 6.0));
        // weights 1 and 3: their middles are at 1/8 and 5/8
        assert_eq!(percentile(&weighted(&[1.0, 2.0]), &[1.0, 3.0], 0.375), 1.5);
    }

    #[test]
    fn bins_are_round_and_hold_everything_once() {
        let mut stream = Stream::new(3, "bins", 0);
        for n in [1, 2, 7, 500] {
            for scale in [0.37, 12.0, 4000.0] {
                let drawn: Vec<f64> = (0..n).map(|_| scale * (1.0 + stream.uniform())).collect();
                let found = bins(&weighted(&drawn));
                assert_eq!(found.iter().map(|bin| bin.n).sum::<usize>(), n);
                assert!((found.iter().map(|bin| bin.share).sum::<f64>() - 1.0).abs() < 1e-9);
                assert!(found.windows(2).all(|two| two[0].to == two[1].from));
                assert!(found.len() <= 70, "{}", found.len());
                let step = found[0].to - found[0].from;
                let leading = step / 10f64.powf((step * (1.0 + 1e-9)).log10().floor());
                assert!([1.0, 2.0, 5.0].iter().any(|nice| (leading - nice).abs() < 1e-6), "{step}");
            }
        }
        assert!(bins(&[]).is_empty());
        let one = bins(&weighted(&[8.0; 5]));
        assert_eq!((one.len(), one[0].n), (1, 5));
    }

    #[test]
    fn without_sizes_there_is_no_summary() {
        let none = sizes(&[], (10, 10), None, &few()).unwrap();
        assert_eq!((none.summary, none.n_effective), (None, 0.0));
        let one = squares(&[4], (10, 10));
        assert_eq!(one[0].bounds, Rect { y: 2, x: 2, height: 4, width: 4 });
        let summary = sizes(&one, (10, 10), None, &few()).unwrap().summary.unwrap();
        assert_eq!((summary.mean.low, summary.by_number.d50.low, summary.log_normal), (None, None, None));
        let wrong = SizesConfig { n_resamples: 1, ..few() };
        assert!(sizes(&one, (10, 10), None, &wrong).is_err());
    }
}
