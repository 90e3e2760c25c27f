//! The background between particles or fibres: its slow change of brightness, its noise, and whether the
//! foreground is brighter or darker.
//!
//! The background is the commonest grey level. A polynomial of second degree follows it over the image,
//! fitted iteratively to the pixels near it, so that the foreground has no influence. Works where the
//! background covers about 40 % of the image or more; it does not follow a texture coarser than the foreground.

use serde::{Deserialize, Serialize};

use crate::Plane;
use crate::measure::solve::Normal;
use crate::smooth::smooth;

/// Standard deviation in px of the smoothing against noise.
const SMOOTHING_PX: f64 = 1.0;
/// Pixels that the polynomial is fitted to, about.
const N_SAMPLES: f64 = 12_000.0;
/// Share of the pixels among which the commonest level is searched.
const BACKGROUND_SHARE: f64 = 0.4;
/// Standard deviations of the background beyond which a pixel is not background.
const BEYOND: f64 = 4.0;
/// Median over standard deviation of half a normal distribution.
const HALF_NORMAL_MEDIAN: f64 = 0.6745;
/// Fewest pixels along a side.
const LEAST_SIDE: usize = 16;
/// Share of the median height above which a pixel is foreground: some particles are dimmer than
/// others, and deep fibres are darker.
pub(in crate::measure) const FOREGROUND: f64 = 0.4;
/// Share of the median height from which on the mean of a hole shows that it is not a hole.
pub(in crate::measure) const BRIGHT_HOLE: f64 = 0.25;
/// Half of the range within which the edges of a bright-rimmed body may be displaced, both sides together.
pub(in crate::measure) const EDGE_DOUBT_PX: f64 = 0.3;

/// Why no foreground was found.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum NoBackground {
    /// The image is too small to have a background.
    #[error("expected an image of at least {LEAST_SIDE} × {LEAST_SIDE} px, found {width} × {height}")]
    TooSmall { height: usize, width: usize },
    /// Pixels that are NaN or infinite.
    #[error("{0} pixels are NaN or infinite; expected finite grey levels")]
    NotNumbers(usize),
    /// Nothing differs from the background.
    #[error(
        "nothing is brighter or darker than the background by {expected} of its standard deviations: found {found:.1}"
    )]
    NoContrast { found: f64, expected: f64 },
}

/// Whether particles are brighter or darker than the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// Brighter than the background.
    Bright,
    /// Darker than the background.
    Dark,
    /// Brighter and darker than the background, both.
    Both,
}

/// A plane in which the background is 0 and particles are above it.
pub(in crate::measure) struct AboveBackground {
    /// Height over the background in grey levels, smoothed against noise, `[H, W]`.
    pub(in crate::measure) plane: Plane,
    /// The same without smoothing.
    pub(in crate::measure) sharp: Plane,
    /// Standard deviation of the smoothed background, at least a thousandth of a grey level.
    pub(in crate::measure) noise: f64,
    /// Median height of the foreground; 0 where all is background.
    pub(in crate::measure) level: f64,
    /// Whether particles were brighter or darker than the background.
    pub(in crate::measure) polarity: Polarity,
}

impl AboveBackground {
    /// `plane` over its background; an error unless something differs by at least `least_contrast` standard
    /// deviations.
    pub(in crate::measure) fn of(
        plane: &Plane,
        given: Option<Polarity>,
        least_contrast: f64,
    ) -> Result<Self, NoBackground> {
        let (height, width) = (plane.height(), plane.width());
        if height.min(width) < LEAST_SIDE {
            return Err(NoBackground::TooSmall { height, width });
        }
        let odd = plane.values().iter().filter(|value| !value.is_finite()).count();
        if odd > 0 {
            return Err(NoBackground::NotNumbers(odd));
        }
        let flat = flatten(plane, given);
        if flat.contrast() < least_contrast {
            return Err(NoBackground::NoContrast { found: flat.contrast(), expected: least_contrast });
        }
        Ok(flat)
    }

    /// Median height of the foreground, in standard deviations of the background.
    pub(in crate::measure) fn contrast(&self) -> f64 {
        self.level / self.noise
    }
}

/// `plane` over its background; the polarity is found unless it is given.
fn flatten(plane: &Plane, given: Option<Polarity>) -> AboveBackground {
    let (height, width) = (plane.height(), plane.width());
    let mut flat = smooth(plane, SMOOTHING_PX);
    let stride = ((height * width) as f64 / N_SAMPLES).sqrt().max(1.0) as usize;
    let samples: Vec<(usize, usize, f64)> = (stride / 2..height)
        .step_by(stride)
        .flat_map(|y| (stride / 2..width).step_by(stride).map(move |x| (y, x)))
        .map(|(y, x)| (y, x, f64::from(flat.at(y, x))))
        .collect();
    let terms = |y: usize, x: usize| {
        let v = 2.0 * (y as f64 + 0.5) / height as f64 - 1.0;
        let u = 2.0 * (x as f64 + 0.5) / width as f64 - 1.0;
        [1.0, u, v, u * u, u * v, v * v]
    };
    let mut kept = samples.clone();
    // kept where an image of a few rows does not determine the other coefficients
    let mut background =
        [commonest(&samples.iter().map(|(.., value)| *value).collect::<Vec<_>>()), 0.0, 0.0, 0.0, 0.0, 0.0];
    let (mut low, mut high) = (0.0, 0.0);
    // twelve rounds: the pixels near the background no longer change from one to the next
    for _ in 0..12 {
        let mut normal = Normal::new(6);
        kept.iter().for_each(|(y, x, value)| normal.add(&terms(*y, *x), *value, 1.0));
        let Some(fitted) = normal.solution().and_then(|fitted| <[f64; 6]>::try_from(fitted).ok()) else {
            break;
        };
        background = fitted;
        let over: Vec<f64> =
            samples.iter().map(|(y, x, value)| value - dot(&background, &terms(*y, *x))).collect();
        let mode = commonest(&over);
        background[0] += mode;
        (low, high) = spreads(over.iter().map(|over| over - mode));
        let reach = 2.5 * low.min(high).max(1e-3);
        kept = samples.clone();
        let mut near = over.iter().map(|over| (over - mode).abs() < reach);
        kept.retain(|_| near.next().unwrap_or(false));
    }
    let mut sharp = plane.clone();
    for plane in [&mut flat, &mut sharp] {
        for (y, row) in plane.values_mut().chunks_exact_mut(width).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                *value -= dot(&background, &terms(y, x)) as f32;
            }
        }
    }
    let noise = low.min(high).max(1e-3);
    let beyond = (BEYOND * noise) as f32;
    let excess = |sign: f32| {
        flat.values().iter().map(|value| f64::from((sign * value - beyond).max(0.0))).sum::<f64>()
    };
    let found = || if excess(1.0) >= excess(-1.0) { Polarity::Bright } else { Polarity::Dark };
    let polarity = given.unwrap_or_else(found);
    let over: fn(f32) -> f32 = match polarity {
        Polarity::Bright => |value| value,
        Polarity::Dark => |value| -value,
        Polarity::Both => f32::abs,
    };
    for plane in [&mut flat, &mut sharp] {
        plane.values_mut().iter_mut().for_each(|value| *value = over(*value));
    }
    let above: Vec<f32> = flat.values().iter().copied().filter(|value| *value > beyond).collect();
    let level =
        Plane::new(1, above.len(), above).quantiles(&[0.5]).first().map_or(0.0, |level| f64::from(*level));
    AboveBackground { plane: flat, sharp, noise, level, polarity }
}

fn dot(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Middle of the narrowest interval that holds [`BACKGROUND_SHARE`] of the values.
fn commonest(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let span = ((sorted.len() as f64 * BACKGROUND_SHARE) as usize).min(sorted.len().saturating_sub(1));
    (0..sorted.len() - span)
        .min_by(|a, b| (sorted[a + span] - sorted[*a]).total_cmp(&(sorted[b + span] - sorted[*b])))
        .map_or(0.0, |first| f64::midpoint(sorted[first], sorted[first + span]))
}

/// Standard deviations below and above 0 as of half normal distributions.
fn spreads(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut below, mut above): (Vec<f64>, Vec<f64>) = values.partition(|value| *value < 0.0);
    let spread = |side: &mut Vec<f64>| {
        let middle = side.len() / 2;
        if side.is_empty() { 0.0 } else { side.select_nth_unstable_by(middle, f64::total_cmp).1.abs() }
    };
    (spread(&mut below) / HALF_NORMAL_MEDIAN, spread(&mut above) / HALF_NORMAL_MEDIAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Noise of 3 levels on a bowed background, discs of `step` levels on a fifth of it.
    fn specimen(step: f32) -> Plane {
        let mut stream = Stream::new(5, "test", 0);
        Plane::from_fn(121, 163, |y, x| {
            let (v, u) = (y as f32 / 121.0 - 0.5, x as f32 / 163.0 - 0.5);
            let disc = ((y % 30) as f32 - 15.0).hypot((x % 30) as f32 - 15.0) < 8.0;
            let noise = 3.0 * stream.normal() as f32;
            100.0 + 60.0 * u - 30.0 * v + 50.0 * u * u + noise + if disc { step } else { 0.0 }
        })
    }

    #[test]
    fn the_background_is_zero_and_its_gradient_is_removed() {
        for (step, polarity) in [(40.0, Polarity::Bright), (-40.0, Polarity::Dark)] {
            let flat = flatten(&specimen(step), None);
            assert_eq!(flat.polarity, polarity);
            // blurred edges are lower than the plateau between them
            assert!((33.0..41.0).contains(&flat.level), "{}", flat.level);
            for (y, x) in [(2, 2), (2, 150), (118, 2), (118, 150), (60, 90)] {
                assert!(flat.plane.at(y, x).abs() < 6.0, "{y} {x}: {}", flat.plane.at(y, x));
            }
            // a Gaussian of 1 px leaves 1 / (2 √π) of white noise
            assert!((flat.noise - 3.0 / (2.0 * std::f64::consts::PI.sqrt())).abs() < 0.3, "{}", flat.noise);
        }
    }

    #[test]
    fn a_given_polarity_is_kept() {
        let flat = flatten(&specimen(40.0), Some(Polarity::Dark));
        assert_eq!(flat.polarity, Polarity::Dark);
        assert!(flat.level < 15.0, "only noise is below the background: {}", flat.level);
    }

    #[test]
    fn both_polarities_are_above_the_background_together() {
        let (bright, dark) = (specimen(40.0), specimen(-40.0));
        // bright discs in the upper half, dark ones below
        let mixed = Plane::from_fn(121, 163, |y, x| if y < 60 { bright.at(y, x) } else { dark.at(y, x) });
        let flat = flatten(&mixed, Some(Polarity::Both));
        for y in [15, 45, 75, 105] {
            assert!(flat.plane.at(y, 75) > 30.0, "{y}: {}", flat.plane.at(y, 75));
        }
    }

    #[test]
    fn planes_without_contrast_have_no_level() {
        for plane in [Plane::filled(9, 14, 7.0), Plane::filled(1, 1, 0.0), Plane::filled(1, 40, 3.0)] {
            assert_eq!(flatten(&plane, None).level, 0.0);
        }
    }
}
