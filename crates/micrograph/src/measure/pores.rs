//! Pores: the share of the image that is dark between solid, and the sizes of the dark places.
//!
//! The grey levels of a porous surface fall into two classes, solid and pore; the threshold between them is that of Otsu
//! (1979), which any image program has. The share of pores moves with it, and that is most of its uncertainty. An image whose
//! levels do not fall into two classes is refused. Everything is in px; [`Pores::share`] is a share of area in the image,
//! which is the porosity of the body only where the image is a section through it.

use serde::{Deserialize, Serialize};

use crate::measure::count::Polarity;
use crate::measure::count::regions::{components, measured, retain};
use crate::measure::count::summary::{mean, median, resampled, size_bins, weighted_whole};
use crate::measure::count::{Labels, Region, SizeBin};
use crate::measure::quantity::{Component, Quantity, Unit};
use crate::smooth::smooth;
use crate::{ConfigError, Plane};

/// Standard deviation in px of the smoothing against noise.
const SMOOTHING_PX: f64 = 1.0;
/// Bins of the histogram of levels.
const N_LEVELS: usize = 512;
/// Shares of pixels at both ends that do not stretch the histogram.
const ENDS: [f64; 2] = [0.001, 0.999];
/// Least share of the variance of levels that lies between the two classes: one broad class split in its middle has 0.64 if
/// it is normal, and 0.75 if it is uniform.
const LEAST_BETWEEN: f64 = 0.76;
/// How far the threshold may be off, as a share of the distance between the means of the classes, for the uncertainty.
const THRESHOLD_DOUBT: f64 = 0.15;
/// How much of the image, and of the share of pores, bright rims around pores may hide (`docs/accuracy.md`).
const RIMS: [f64; 2] = [0.02, 0.05];
/// Largest expanded uncertainty of the share of pores.
const MOST_DOUBT: f64 = 0.15;
/// Shift of an outline in px to each side, for the uncertainty of diameters.
const EDGE_DOUBT_PX: f64 = 0.5;
/// Tiles along each side of the image, for the spread of the share over the specimen.
const N_TILES: usize = 4;

/// Settings of a measurement of pores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoresConfig {
    /// Equivalent diameter in px below which a dark place is noise, 2 to 1000.
    pub least_diameter_px: f64,
    /// Equivalent diameter in px above which a dark place is no pore, above the least one; any if not given.
    pub most_diameter_px: Option<f64>,
    /// Whether pores are darker than the solid, or brighter as in some transmission images.
    pub polarity: Polarity,
}

impl Default for PoresConfig {
    fn default() -> Self {
        Self { least_diameter_px: 4.0, most_diameter_px: None, polarity: Polarity::Dark }
    }
}

impl PoresConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The field that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("pores.least_diameter_px", self.least_diameter_px, 2.0..=1000.0)?;
        if let Some(most) = self.most_diameter_px
            && !(most > self.least_diameter_px && most.is_finite())
        {
            return Err(ConfigError::new("pores.most_diameter_px", most, "a finite number above the least"));
        }
        Ok(self)
    }
}

/// Why pores were not measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum PoresError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Pixels that are NaN or infinite, or none at all.
    #[error("{0} pixels are NaN or infinite; expected finite grey levels")]
    NotNumbers(usize),
    /// One class of grey levels.
    #[error(
        "grey levels do not fall into solid and pores: {found:.2} of their variance is between two classes, \
         at least {expected:.2} is required"
    )]
    OneClass { found: f64, expected: f64 },
    /// The share depends on the threshold.
    #[error(
        "the share of pores depends on the threshold: {value:.2} ± {found:.2}, at most ± {expected:.2} is allowed"
    )]
    Unsettled { value: f64, found: f64, expected: f64 },
    /// No dark place is large enough.
    #[error(
        "no pores found: no dark place has a diameter of at least {least_px} px; try a lower `--min-size`"
    )]
    NoRegions { least_px: f64 },
}

/// The pores of an image; lengths in px.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pores {
    /// Grey level between solid and pores.
    pub threshold: f64,
    /// Share of the variance of levels between the two classes, in `[0, 1]`.
    pub between: f64,
    /// Share of the image that pores cover.
    pub share: Quantity,
    /// Connected dark places, with those that the border cuts.
    pub regions: Vec<Region>,
    /// Those that are whole.
    pub n_whole: usize,
    /// Mean equivalent diameter of the whole ones; `None` without any.
    pub mean_diameter_px: Option<Quantity>,
    /// Median of the same.
    pub median_diameter_px: Option<Quantity>,
    /// Distribution of the same.
    pub sizes: Vec<SizeBin>,
}

/// Measures the pores of `plane`; also returns which pixel belongs to which.
///
/// # Errors
/// If no share of pores can be given; the error gives the reason.
///
/// # Examples
/// ```
/// use micrograph::Plane;
/// use micrograph::measure::pores::{PoresConfig, pores};
/// use micrograph::random::Stream;
///
/// // a plate with four holes of 30 px
/// let mut stream = Stream::new(1, "example", 0);
/// let plane = Plane::from_fn(200, 200, |y, x| {
///     let off = |at: usize| (at % 100) as f32 - 50.0;
///     150.0 + 60.0 * (off(y).hypot(off(x)) - 15.0).tanh() + 3.0 * stream.normal() as f32
/// });
/// let (found, _) = pores(&plane, &PoresConfig::default())?;
/// let share = 4.0 * std::f64::consts::PI * 15.0 * 15.0 / 40_000.0;
/// assert!((found.share.value - share).abs() < 0.003);
/// assert_eq!(found.regions.len(), 4);
/// # Ok::<(), micrograph::measure::pores::PoresError>(())
/// ```
pub fn pores(plane: &Plane, config: &PoresConfig) -> Result<(Pores, Labels), PoresError> {
    let config = config.clone().checked()?;
    let size = (plane.height(), plane.width());
    let odd = plane.values().iter().filter(|value| !value.is_finite()).count();
    if odd > 0 || plane.values().is_empty() {
        return Err(PoresError::NotNumbers(odd));
    }
    let mut flat = smooth(plane, SMOOTHING_PX);
    // bright pores become dark
    let sign = if config.polarity == Polarity::Bright { -1.0 } else { 1.0 };
    flat.values_mut().iter_mut().for_each(|value| *value *= sign);
    let Classes { threshold, between, distance } = classes(&flat);
    if between < LEAST_BETWEEN {
        return Err(PoresError::OneClass { found: between, expected: LEAST_BETWEEN });
    }
    let share_below = |level: f64| {
        let n = flat.values().iter().filter(|value| f64::from(**value) < level).count();
        n as f64 / flat.values().len() as f64
    };
    let doubt = THRESHOLD_DOUBT * distance;
    let (low, high) = (share_below(threshold - doubt), share_below(threshold + doubt));
    let mask: Vec<bool> = flat.values().iter().map(|value| f64::from(*value) < threshold).collect();
    let (of, n) = components(&mask, size.1);
    let mut labels = Labels::new(size.0, size.1, of);
    let mut regions = measured(&labels, n);
    retain(&mut labels, &mut regions, |region| {
        region.diameter_px >= config.least_diameter_px
            && config.most_diameter_px.is_none_or(|most| region.diameter_px <= most)
    });
    if regions.is_empty() {
        return Err(PoresError::NoRegions { least_px: config.least_diameter_px });
    }
    let covered = regions.iter().map(|region| region.area_px).sum::<usize>() as f64 / mask.len() as f64;
    let share = Quantity::new(
        covered,
        Unit::One,
        "darker than Otsu's threshold",
        vec![
            Component::bounded("threshold", (high - low) / 2.0),
            Component::bounded("rims", (RIMS[0] + RIMS[1] * covered).min(covered)),
            Component::known(
                "sampling",
                spread_of_share(labels.of.iter().map(|label| *label > 0), labels.width),
            ),
        ],
    );
    if share.expanded_uncertainty > MOST_DOUBT {
        let (value, found) = (share.value, share.expanded_uncertainty);
        return Err(PoresError::Unsettled { value, found, expected: MOST_DOUBT });
    }
    let whole = weighted_whole(&regions, size);
    let of_sizes = |statistic: fn(&[(f64, f64)]) -> f64, method: &str| {
        (!whole.is_empty()).then(|| resampled(&whole, statistic, 2.0 * EDGE_DOUBT_PX, method))
    };
    let found = Pores {
        threshold: f64::from(sign) * threshold,
        between,
        share,
        n_whole: whole.len(),
        mean_diameter_px: of_sizes(mean, "mean equivalent diameter of whole dark places"),
        median_diameter_px: of_sizes(median, "median equivalent diameter of whole dark places"),
        sizes: size_bins(&whole),
        regions,
    };
    Ok((found, labels))
}

/// Two classes of grey levels.
struct Classes {
    threshold: f64,
    /// Share of the variance between them.
    between: f64,
    /// Between their means.
    distance: f64,
}

/// The threshold of `plane` with the largest variance between both sides (Otsu 1979).
fn classes(plane: &Plane) -> Classes {
    let ends = plane.quantiles(&ENDS);
    let (low, high) = (f64::from(ends[0]), f64::from(ends[1]));
    let step = (high - low).max(f64::MIN_POSITIVE) / N_LEVELS as f64;
    let mut bins = [0_usize; N_LEVELS];
    for value in plane.values() {
        let bin = ((f64::from(*value) - low) / step).clamp(0.0, N_LEVELS as f64 - 1.0);
        bins[bin as usize] += 1;
    }
    let n = plane.values().len() as f64;
    let moment = |power: i32| {
        let at = |(bin, count): (usize, &usize)| (bin as f64 + 0.5).powi(power) * *count as f64;
        bins.iter().enumerate().map(at).sum::<f64>() / n
    };
    let (all, variance) = (moment(1), moment(2) - moment(1).powi(2));
    let (mut below, mut sum) = (0.0, 0.0);
    let mut best = (0.0, 0.0, 0.0);
    for (bin, count) in bins.iter().enumerate() {
        below += *count as f64 / n;
        sum += (bin as f64 + 0.5) * *count as f64 / n;
        if below <= 0.0 || below >= 1.0 {
            continue;
        }
        let distance = (all - sum) / (1.0 - below) - sum / below;
        let between = below * (1.0 - below) * distance * distance;
        if between > best.0 {
            best = (between, bin as f64 + 1.0, distance);
        }
    }
    let (between, edge, distance) = best;
    Classes {
        threshold: low + edge * step,
        between: between / variance.max(f64::MIN_POSITIVE),
        distance: distance * step,
    }
}

/// Standard error of the share of pixels that lie in objects, from its spread between the parts of the image; `inside` says it of each
/// pixel, row after row of `width`.
///
/// ```
/// use micrograph::measure::pores::spread_of_share;
///
/// // a share that is the same everywhere has none
/// assert_eq!(spread_of_share((0..64 * 64).map(|at| at % 2 == 0), 64), 0.0);
/// assert!(spread_of_share((0..64 * 64).map(|at| at < 2048), 64) > 0.1);
/// ```
pub fn spread_of_share(inside: impl ExactSizeIterator<Item = bool>, width: usize) -> f64 {
    let height = inside.len() / width.max(1);
    let mut tiles = [[0_usize; 2]; N_TILES * N_TILES];
    for (at, is_inside) in inside.enumerate() {
        let (y, x) = (at / width, at % width);
        let tile = &mut tiles[y * N_TILES / height * N_TILES + x * N_TILES / width];
        tile[0] += 1;
        tile[1] += usize::from(is_inside);
    }
    let shares: Vec<f64> =
        tiles.iter().filter(|tile| tile[0] > 0).map(|[all, own]| *own as f64 / *all as f64).collect();
    let n = shares.len() as f64;
    let middle = shares.iter().sum::<f64>() / n;
    let variance = shares.iter().map(|share| (share - middle).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (variance / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// A plate of 180 with holes of 60, of this radius, every 50 px.
    fn plate(radius: f32) -> Plane {
        let mut stream = Stream::new(3, "test", 0);
        Plane::from_fn(250, 350, |y, x| {
            let off = |at: usize| (at % 50) as f32 - 25.0;
            120.0 + 60.0 * (off(y).hypot(off(x)) - radius).tanh() + 4.0 * stream.normal() as f32
        })
    }

    #[test]
    fn share_and_diameter_of_holes_are_those_of_their_circles_whichever_is_dark() {
        for radius in [6.0, 10.0, 18.0_f32] {
            let bright = Plane::from_fn(250, 350, {
                let plane = plate(radius);
                move |y, x| 240.0 - plane.at(y, x)
            });
            for (plane, polarity) in [(plate(radius), Polarity::Dark), (bright, Polarity::Bright)] {
                let (found, labels) =
                    pores(&plane, &PoresConfig { polarity, ..PoresConfig::default() }).unwrap();
                let expected = std::f64::consts::PI * f64::from(radius).powi(2) / 2500.0;
                let error = (found.share.value - expected).abs();
                // pixels place the outline of a small disc to a quarter of a pixel
                let quarter = 0.25 * std::f64::consts::TAU * f64::from(radius) / 2500.0;
                assert!(error < quarter && error <= found.share.expanded_uncertainty, "{radius}: {error}");
                assert_eq!((found.regions.len(), labels.of.iter().max()), (35, Some(&35)), "{radius}");
                let mean = found.mean_diameter_px.unwrap().value;
                assert!((mean - 2.0 * f64::from(radius)).abs() < 0.5, "{radius}: {mean}");
            }
        }
    }

    #[test]
    fn one_broad_class_of_levels_has_no_pores() {
        let mut stream = Stream::new(9, "test", 0);
        let noise = Plane::from_fn(200, 200, |_, _| stream.normal() as f32);
        let ramp = Plane::from_fn(200, 200, |y, x| (y + x) as f32);
        for plane in [noise, ramp, Plane::filled(40, 40, 3.0)] {
            let error = pores(&plane, &PoresConfig::default()).unwrap_err();
            assert!(matches!(error, PoresError::OneClass { .. }), "{error}");
        }
    }
}
