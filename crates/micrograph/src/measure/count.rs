//! Count: number, size and arrangement of the particles in an image.
//!
//! The background is flattened, particles are the regions above it (or below it, where they are dark), up to
//! the middle of their blurred edges, and particles that touch are split at their necks. An image that cannot
//! be counted is refused with the reason: the background is hidden, regions have no edges, the number depends
//! strongly on the threshold. Everything is in px; this module does not know nanometres. Particles hidden under
//! others are not counted. The number density of the specimen is [`Count::in_frame`] over [`Count::area_px`].

pub(in crate::measure) mod background;
mod border;
pub(in crate::measure) mod distance;
mod edge;
pub(in crate::measure) mod regions;
mod round;
pub(in crate::measure) mod split;
pub(in crate::measure) mod summary;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::distribution::{DiscreteCDF, Poisson};

use crate::measure::count::background::{AboveBackground, BRIGHT_HOLE, EDGE_DOUBT_PX, FOREGROUND};
use crate::measure::count::edge::Nearby;
use crate::measure::count::round::Separated;
use crate::measure::count::split::Merge;
use crate::measure::quantity::{Component, Quantity, Unit};
use crate::measure::rim::Excess;
use crate::{ConfigError, Plane};

pub use background::{NoBackground, Polarity};
pub use distance::squared_distances;
#[cfg(test)]
pub(in crate::measure) use regions::components;
pub(in crate::measure) use regions::fill_holes;
pub use regions::{Labels, Region, Sides};
pub use summary::SizeBin;

/// Least height of particles over the background's standard deviation.
const LEAST_CONTRAST: f64 = 6.0;
/// Shares of the median height between which any value of [`FOREGROUND`] is equally good, for the uncertainty.
const THRESHOLDS: [f64; 2] = [0.3, 0.5];
/// Least height of the threshold over the background, in standard deviations of the background.
const LEAST_THRESHOLD: f64 = 3.5;
/// Least height of a particle's highest pixel, as a share of the median height; lower regions are
/// dirt or the background's own texture.
const LEAST_PEAK: f64 = 0.5;
/// Factors of the least diameter for the uncertainty.
const SIZES: [f64; 2] = [0.75, 1.25];
/// Changes of the neck for the uncertainty.
const NECKS: [f64; 2] = [-0.15, 0.05];
/// Pairs that are too close to be split, over pairs whose neck is between the setting and 0.15 below it, where
/// discs are randomly placed: (distance / diameter)² = 1 − neck² is then uniformly distributed (for 0.9).
const HIDDEN_OVER_CLOSE: f64 = 0.77;
/// The same over all particles and over −ln(1 − share covered), where discs are randomly placed: 0.39 if all
/// are equal and in pairs, 0.65 as measured for sizes spread by 0.2 (docs/accuracy.md).
const HIDDEN_OVER_COVER: f64 = 0.65;
/// The same where particles are round and recognized by their outlines: 0.09 to 0.12 as measured, a little
/// more for less uniform placement.
const ROUND_HIDDEN_OVER_COVER: f64 = 0.15;
/// Peaks with less prominence than this are pixel noise.
const LEAST_RISE_PX: f64 = 0.75;
/// Circularity above which a hole belongs to the particle around it: gaps between discs have 0.5.
const ROUND_HOLE: f64 = 0.85;
/// Largest share of the image that particles may cover: above it, the commonest level is no longer the background.
const MOST_COVERED: f64 = 0.6;
/// Least share of the area at the lower edge that is left at the upper one.
const LEAST_KEPT: f64 = 0.5;
/// Least median circularity of regions that are particles.
const LEAST_CIRCULARITY: f64 = 0.45;
/// Largest expanded uncertainty of the count, as a share of it.
const MOST_DOUBT: f64 = 0.3;
/// Share of touching regions up to which the accuracy was checked.
const CHECKED_TOUCHING: f64 = 0.3;

/// Settings of a count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CountConfig {
    /// Whether particles are brighter or darker than the background; found if not given.
    pub polarity: Option<Polarity>,
    /// Equivalent diameter in px below which a region is dirt or noise, 2 to 1000.
    pub least_diameter_px: f64,
    /// Equivalent diameter in px above which a region is no particle, above the least one; any if not given.
    pub most_diameter_px: Option<f64>,
    /// Width of the neck over that of the smaller particle above which two regions count as one, 0.3 to 1.
    pub neck: f64,
}

impl Default for CountConfig {
    fn default() -> Self {
        Self {
            polarity: None,
            least_diameter_px: 4.0, // a dozen pixels: smaller regions have no shape
            most_diameter_px: None,
            neck: 0.9, // equal discs count as two from 0.44 diameters apart; borders of one disc vary less
        }
    }
}

impl CountConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("count.least_diameter_px", self.least_diameter_px, 2.0..=1000.0)?;
        if let Some(most) = self.most_diameter_px
            && !(most > self.least_diameter_px && most.is_finite())
        {
            return Err(ConfigError::new("count.most_diameter_px", most, "a finite number above the least"));
        }
        ConfigError::unless_within("count.neck", self.neck, 0.3..=1.0)?;
        Ok(self)
    }
}

fn range_text(least_px: f64, most_px: Option<f64>) -> String {
    match most_px {
        None => format!("at least {least_px} px; if you see smaller ones, try a lower `--min-size`"),
        Some(most) => format!("{least_px} to {most} px; try another `--min-size` or `--max-size`"),
    }
}

/// Why particles were not counted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum CountError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nothing differs from a background.
    #[error(transparent)]
    Background(#[from] NoBackground),
    /// Nothing is large enough.
    #[error("no particles found: no region has a diameter of {}", range_text(*least_px, *most_px))]
    NoRegions { least_px: f64, most_px: Option<f64> },
    /// The background is hidden: a film, a heap, a monolayer.
    #[error(
        "the background is hidden: regions cover {found:.2} of the image, at most {expected:.2} is allowed; the \
         segmenter needs no background (`--segmenter`), or try the other `--polarity`"
    )]
    Covered { found: f64, expected: f64 },
    /// Grey levels fade into each other, as in a heap or a texture.
    #[error(
        "regions have no sharp edges: a higher threshold leaves {found:.2} of their area, \
         at least {expected:.2} is required"
    )]
    NoEdges { found: f64, expected: f64 },
    /// Lines, cracks, wires, patches of a texture.
    #[error(
        "regions are not compact: their median circularity is {found:.2}, \
         at least {expected:.2} is required for particles; long ones are measured by `--expect fibres`"
    )]
    NotCompact { found: f64, expected: f64 },
    /// Small changes of the settings change the number, as in heaps and textures.
    #[error(
        "the particles cannot be separated: their number depends on threshold, neck and least size, \
         from {fewest} to {most}; if small ones are dirt or noise, try a higher `--min-size`"
    )]
    Unsettled { fewest: usize, most: usize },
}

/// A warning about a count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountWarning {
    /// The share of regions that touch others; the accuracy was checked up to 0.3.
    Touching(f64),
    /// The number of whole regions, fewer than 10: sizes are uncertain.
    FewWhole(usize),
}

/// The particles of an image; lengths in px.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// Whether particles are brighter or darker than the background.
    pub polarity: Polarity,
    /// Height of the particles over the background, in standard deviations of the background.
    pub contrast: f64,
    /// All regions, including those on the border; the uncertainty is that of finding and splitting them.
    pub n_regions: Quantity,
    /// Regions that the border does not cut.
    pub n_whole: usize,
    /// Number for the image's area by the counting frame; over [`Self::area_px`] it is the number density.
    pub in_frame: Quantity,
    /// Area of the image in px².
    pub area_px: f64,
    /// Share of the image that regions cover.
    pub covered: f64,
    /// Share of the regions that touch another one.
    pub touching: f64,
    /// Mean equivalent diameter of the whole regions, weighted against the selection by the border; `None`
    /// without whole regions.
    pub mean_diameter_px: Option<Quantity>,
    /// Median of the same.
    pub median_diameter_px: Option<Quantity>,
    /// Distribution of the same.
    pub sizes: Vec<SizeBin>,
    /// Mean distance to the nearest neighbour; `None` for fewer than two away from the border.
    pub nearest_px: Option<Quantity>,
    /// All regions in reading order of their first pixel.
    pub regions: Vec<Region>,
    /// Warnings with their numbers.
    pub warnings: Vec<CountWarning>,
}

/// Counts the particles of `plane`; also returns which pixel belongs to which region.
///
/// # Errors
/// If nothing can be counted; the error gives the reason.
///
/// # Examples
/// ```
/// use micrograph::Plane;
/// use micrograph::measure::count::{CountConfig, particles};
/// use micrograph::random::Stream;
///
/// // six discs of 24 px on a noisy background
/// let mut stream = Stream::new(1, "example", 0);
/// let plane = Plane::from_fn(200, 300, |y, x| {
///     let off = |at: usize| (at % 100) as f32 - 50.0;
///     100.0 - 30.0 * (off(y).hypot(off(x)) - 12.0).tanh() + 2.0 * stream.normal() as f32
/// });
/// let (count, labels) = particles(&plane, &CountConfig::default())?;
/// assert_eq!(count.n_regions.value, 6.0);
/// assert!((count.mean_diameter_px.expect("whole ones").value - 24.0).abs() < 0.5);
/// assert_eq!(labels.of.len(), 200 * 300);
/// # Ok::<(), micrograph::measure::count::CountError>(())
/// ```
pub fn particles(plane: &Plane, config: &CountConfig) -> Result<(Count, Labels), CountError> {
    let config = config.clone().checked()?;
    let size = (plane.height(), plane.width());
    let flat = AboveBackground::of(plane, config.polarity, LEAST_CONTRAST)?;
    let nearby = Nearby::of(&flat.plane);
    let mut found = segmented(&flat, &nearby, FOREGROUND, config.neck);
    let at_sizes =
        SIZES.map(|share| found.n_within(share * config.least_diameter_px, config.most_diameter_px));
    found.keep(config.least_diameter_px, config.most_diameter_px);
    let Segmented { labels, mut regions, round } = found;
    let covered =
        regions.iter().map(|region| region.area_px).sum::<usize>() as f64 / plane.values().len() as f64;
    if covered > MOST_COVERED {
        return Err(CountError::Covered { found: covered, expected: MOST_COVERED });
    }
    if regions.is_empty() {
        let (least_px, most_px) = (config.least_diameter_px, config.most_diameter_px);
        return Err(CountError::NoRegions { least_px, most_px });
    }
    let others = [(THRESHOLDS[0], 0.0), (THRESHOLDS[1], 0.0), (FOREGROUND, NECKS[0]), (FOREGROUND, NECKS[1])];
    let others: Vec<Vec<Region>> = others
        .par_iter()
        .map(|(threshold, step)| {
            let neck = (config.neck + step).min(1.0);
            let mut found = segmented(&flat, &nearby, *threshold, neck);
            found.keep(config.least_diameter_px, config.most_diameter_px);
            found.regions
        })
        .collect();
    let n_others: Vec<usize> = others.iter().map(Vec::len).collect();
    let areas = THRESHOLDS.map(|threshold| n_above(&flat, threshold) as f64);
    let kept = areas[1] / areas[0].max(1.0);
    if kept < LEAST_KEPT {
        return Err(CountError::NoEdges { found: kept, expected: LEAST_KEPT });
    }
    let circularity =
        summary::median(&regions.iter().map(|region| (region.circularity, 1.0)).collect::<Vec<_>>());
    if circularity < LEAST_CIRCULARITY {
        return Err(CountError::NotCompact { found: circularity, expected: LEAST_CIRCULARITY });
    }
    let touch = regions::touching(&labels, regions.len()).iter().filter(|touch| **touch).count();
    let hidden_over_cover = if round { ROUND_HIDDEN_OVER_COVER } else { HIDDEN_OVER_COVER };
    let hidden_if_random = if touch > 0 { -hidden_over_cover * (1.0 - covered).ln() } else { 0.0 };
    let n_regions = number(
        regions.len(),
        hidden_if_random,
        [n_others[0], n_others[1]],
        [n_others[2], n_others[3]],
        at_sizes,
    );
    if n_regions.expanded_uncertainty > MOST_DOUBT * n_regions.value {
        let all = n_others.into_iter().chain(at_sizes).chain([regions.len()]);
        let (fewest, most) = all.fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
        return Err(CountError::Unsettled { fewest, most });
    }
    let mask: Vec<bool> = labels.of.iter().map(|label| *label > 0).collect();
    let radius_px =
        summary::median(&regions.iter().map(|region| (region.diameter_px / 2.0, 1.0)).collect::<Vec<_>>());
    let excess =
        border::excess(&mask, &flat.sharp, radius_px).unwrap_or(Excess { px: 0.0, doubt_px: EDGE_DOUBT_PX });
    for region in &mut regions {
        region.diameter_px = (region.diameter_px - excess.px).max(1.0);
    }
    regions::find_nearest(&mut regions);
    let whole = summary::weighted_whole(&regions, size);
    let whole_at = |index: usize| summary::weighted_whole(&others[index], size);
    let (whole_low, whole_high) = (whole_at(0), whole_at(1));
    let of_sizes = |statistic: fn(&[(f64, f64)]) -> f64, method: &str| {
        let change = (statistic(&whole_low) - statistic(&whole_high)).abs();
        let doubt = change / 2.0 + excess.doubt_px.max(EDGE_DOUBT_PX);
        (!whole.is_empty()).then(|| summary::resampled(&whole, statistic, doubt, method))
    };
    let touching = touch as f64 / regions.len() as f64;
    let mut warnings = Vec::new();
    if touching > CHECKED_TOUCHING {
        warnings.push(CountWarning::Touching(touching));
    }
    if whole.len() < 10 {
        warnings.push(CountWarning::FewWhole(whole.len()));
    }
    let count = Count {
        polarity: flat.polarity,
        contrast: flat.contrast(),
        n_whole: whole.len(),
        in_frame: summary::in_frame(&regions, size, n_regions.standard_uncertainty),
        n_regions,
        area_px: plane.values().len() as f64,
        covered,
        touching,
        mean_diameter_px: of_sizes(summary::mean, "mean equivalent diameter of whole regions"),
        median_diameter_px: of_sizes(summary::median, "median equivalent diameter of whole regions"),
        sizes: summary::size_bins(&whole),
        nearest_px: summary::nearest(&regions, size),
        regions,
        warnings,
    };
    Ok((count, labels))
}

/// The regions of a plane and their pixels.
struct Segmented {
    labels: Labels,
    regions: Vec<Region>,
    /// Whether most regions are round, so that overlapping discs were separated by their outlines.
    round: bool,
}

impl Segmented {
    fn n_within(&self, least_px: f64, most_px: Option<f64>) -> usize {
        self.regions.iter().filter(|region| is_within(region.diameter_px, least_px, most_px)).count()
    }

    fn keep(&mut self, least_px: f64, most_px: Option<f64>) {
        regions::retain(&mut self.labels, &mut self.regions, |region| {
            is_within(region.diameter_px, least_px, most_px)
        });
    }
}

fn is_within(diameter_px: f64, least_px: f64, most_px: Option<f64>) -> bool {
    diameter_px >= least_px && most_px.is_none_or(|most| diameter_px <= most)
}

/// Grey levels over the background at which particles begin, `share` of their median height. Its least value rises with
/// the share beyond the usual one: what is lost then is as near to the noise as it looks.
fn level(flat: &AboveBackground, share: f64) -> f32 {
    let least = LEAST_THRESHOLD * (share / FOREGROUND).max(1.0);
    (share * flat.level).max(least * flat.noise) as f32
}

/// Regions above `share` of the particles' height, split where the neck is below `neck`.
fn segmented(flat: &AboveBackground, nearby: &Nearby, share: f64, neck: f64) -> Segmented {
    let (height, width) = (flat.plane.height(), flat.plane.width());
    let threshold = level(flat, share);
    let mut mask: Vec<bool> = flat.plane.values().iter().map(|value| *value > threshold).collect();
    nearby.lay_edges(&mut mask, &flat.plane, threshold);
    fill_holes(&mut mask, &flat.plane, BRIGHT_HOLE * flat.level, ROUND_HOLE);
    let distances = distance::squared_distances(&mask, (height, width));
    let (mut of, n_regions) =
        split::watershed(&distances, width, Merge { pass_over_peak: neck, rise_px: LEAST_RISE_PX });
    let Separated { n_regions, round, discs } = round::separated(&mut of, (height, width), n_regions, neck);
    let mut labels = Labels::new(height, width, of);
    let mut regions = regions::measured(&labels, n_regions);
    for region in &mut regions {
        // in order of their labels; a disc that is only below other regions has no label
        if let Ok(at) = discs.binary_search_by_key(&region.label, |disc| disc.0) {
            region.diameter_px = discs[at].1;
        }
    }
    let mut peaks = vec![f32::MIN; n_regions + 1];
    for (label, value) in labels.of.iter().zip(flat.plane.values()) {
        let peak = &mut peaks[*label as usize];
        *peak = peak.max(*value);
    }
    let least = level(flat, LEAST_PEAK).max((highest_of_noise(height * width) * flat.noise) as f32);
    regions::retain(&mut labels, &mut regions, |region| peaks[region.label as usize] >= least);
    Segmented { labels, regions, round }
}

/// Height in standard deviations that the highest peak of white noise, smoothed by a Gaussian of 1 px, exceeds in one of
/// fifty images of so many pixels, a few more at borders (upcrossings of a Gaussian field, Adler 1981).
fn highest_of_noise(n_pixels: usize) -> f64 {
    /// Curvature of the field's correlation, per px².
    const ROUGHNESS: f64 = 0.5;
    let peaks = |height: f64| {
        let density = ROUGHNESS * std::f64::consts::TAU.powf(-1.5) * height * (-0.5 * height * height).exp();
        n_pixels as f64 * density
    };
    (30..=90).map(|tenths| f64::from(tenths) / 10.0).find(|height| peaks(*height) <= 0.02).unwrap_or(9.0)
}

fn n_above(flat: &AboveBackground, share: f64) -> usize {
    let threshold = level(flat, share);
    flat.plane.values().iter().filter(|value| **value > threshold).count()
}

/// The number of regions; it is uncertain by those that depend on the threshold, the neck and the least size,
/// and by those too close to another one to show a neck: `hidden_if_random` per particle if they are randomly
/// placed.
fn number(
    n: usize,
    hidden_if_random: f64,
    at_thresholds: [usize; 2],
    at_necks: [usize; 2],
    at_sizes: [usize; 2],
) -> Quantity {
    let half_width =
        |others: [usize; 2]| others.map(|other| other.abs_diff(n)).into_iter().max().unwrap_or(0);
    let close = HIDDEN_OVER_CLOSE * n.saturating_sub(at_necks[0]) as f64;
    let hidden = close.max(hidden_if_random * n as f64);
    let components = vec![
        Component::of_whole_numbers("threshold", half_width(at_thresholds)),
        Component::of_whole_numbers("splitting", at_necks[1].abs_diff(n)),
        // a Poisson number of mean m that is left out gives a bias of m and a scatter of √m
        if hidden < 1.0 {
            Component::of_whole_numbers("hidden", most_of_few(hidden))
        } else {
            Component::known("hidden", (hidden * hidden + hidden).sqrt())
        },
        Component::of_whole_numbers("least size", half_width(at_sizes)),
    ];
    Quantity::new(n as f64, Unit::One, "regions out of the background, split at necks", components)
}

/// The 95 % quantile of a Poisson distribution of this mean: the number left out is at most this in 95 % of cases.
fn most_of_few(mean: f64) -> usize {
    // `statrs` has no Poisson distribution of mean 0
    Poisson::new(mean).map_or(0, |poisson| (0..).find(|&n| poisson.cdf(n) >= 0.95).unwrap_or(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_exceeds_its_bound_in_few_images() {
        const SIDE: usize = 200;
        let bound = highest_of_noise(SIDE * SIDE);
        let exceeded = (0..60)
            .filter(|seed| {
                let mut stream = crate::random::Stream::new(*seed, "test", 0);
                let noise = Plane::from_fn(SIDE, SIDE, |_, _| stream.normal() as f32);
                let smoothed = crate::smooth::smooth(&noise, 1.0);
                // smoothing repeats the border's values
                let (y, x, height, width) = (4, 4, SIDE - 8, SIDE - 8);
                let smoothed = smoothed.crop(crate::Rect { y, x, height, width });
                let highest = smoothed.range().map_or(0.0, |(_, high)| f64::from(high));
                // a Gaussian of 1 px leaves 1 / (2 √π) of the standard deviation
                highest > bound / (2.0 * std::f64::consts::PI.sqrt())
            })
            .count();
        // expected are 1 of 60
        assert!(exceeded <= 5, "{exceeded}");
        assert!((4.0..5.5).contains(&bound) && highest_of_noise(1 << 24) > bound + 0.8, "{bound}");
    }

    #[test]
    fn few_are_no_more_than_a_poisson_number_is_in_95_of_100_cases() {
        // −ln 0.95 is the mean at which at least one occurs in 5 % of cases; the others from tables
        for (mean, expected) in [(0.0, 0), (0.05, 0), (0.053, 1), (0.35, 1), (0.36, 2), (0.99, 3)] {
            assert_eq!(most_of_few(mean), expected, "{mean}");
        }
    }
}
