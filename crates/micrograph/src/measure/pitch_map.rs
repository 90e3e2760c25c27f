//! Pitch map: the distance of parallel lines and their axis at each place, for lines that bend, fan out, or change their
//! distance.
//!
//! The plane is multiplied by a wave of the usual pitch and smoothed: what is left turns its phase as fast as the local
//! wave differs from the usual one (Hÿtch, Snoeck & Kilaas 1998 map strains of crystals in this way). A place counts where the
//! lines are strong enough and no border is near.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::flatten::flattened;
use super::geometry::{Geometry, axis_deg, axis_difference_deg};
use super::grating::{GratingConfig, NoPeriod, NoPeriodReason, check, wave_of};
use crate::Plane;
use crate::smooth::smooth;

/// Standard deviation of the window in usual pitches. It holds three lines; pitches up to a fifth from the usual one pass.
const WINDOW_PITCHES: f64 = 1.25;
/// Least strength of the lines at a place, as a share of the strength that a tenth of all places exceed.
const LEAST_STRENGTH: f32 = 0.35;
/// Places closer to the border than so many standard deviations of the window do not count.
const BORDER_WINDOWS: f64 = 1.5;
/// Least share of the image with lines: on less, something that is periodic by chance is mapped.
const LEAST_COVERED: f64 = 0.08;
/// Least share of the variance at places with lines that these explain. Lines of 19 real micrographs explain 0.17 to 0.71
/// where the pitch is that measured by hand, and up to 0.09 where it is something else's.
const LEAST_EXPLAINED: f64 = 0.12;
/// Largest difference of a local wave from the usual one, relative; beyond, it is that of something else.
const MOST_DIFFERENCE: f64 = 0.3;

/// Pitch and axis at each place.
#[derive(Clone, Debug, PartialEq)]
pub struct PitchMap {
    /// Distance from line to line, across them, in px; NaN where there are no lines.
    pub pitch_px: Plane,
    /// Axis of the lines in degrees, in `(-90, 90]`, anticlockwise from x with y up; NaN where there are no lines.
    pub axis_deg: Plane,
    /// What is said of all places.
    pub summary: PitchMapSummary,
}

impl PitchMap {
    /// Ranges of the medians over a grid of 3 × 3 blocks, as a share of the pitch and in degrees: a median over many places
    /// has less noise than one place. `None` where fewer than 4 blocks have lines.
    pub(in crate::measure) fn change(&self) -> Option<(f64, f64)> {
        const BLOCKS: usize = 3;
        /// Least share of a block with lines.
        const LEAST: f64 = 0.2;
        let (height, width) = (self.pitch_px.height(), self.pitch_px.width());
        let part = |index: usize, side: usize| index * side / BLOCKS..(index + 1) * side / BLOCKS;
        let (mut pitches, mut axes) = (Vec::new(), Vec::new());
        for block in 0..BLOCKS * BLOCKS {
            let (rows, columns) = (part(block / BLOCKS, height), part(block % BLOCKS, width));
            let n = rows.len() * columns.len();
            let places = rows.flat_map(|y| columns.clone().map(move |x| (y, x)));
            let places: Vec<_> = places.filter(|&(y, x)| self.pitch_px.at(y, x).is_finite()).collect();
            if (places.len() as f64) < LEAST * n as f64 {
                continue;
            }
            let median = |of: &dyn Fn((usize, usize)) -> f32| {
                let values: Vec<f32> = places.iter().map(|&place| of(place)).collect();
                f64::from(quantile(&values, 0.5))
            };
            pitches.push(median(&|(y, x)| self.pitch_px.at(y, x)));
            let turned = |(y, x): (usize, usize)| {
                axis_difference_deg(f64::from(self.axis_deg.at(y, x)), self.summary.axis_deg) as f32
            };
            axes.push(median(&turned));
        }
        let range = |values: &[f64]| {
            let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            highest - values.iter().copied().fold(f64::INFINITY, f64::min)
        };
        (pitches.len() >= 4).then(|| (range(&pitches) / self.summary.median_px, range(&axes)))
    }
}

/// What a map of pitches says in numbers, in px.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PitchMapSummary {
    /// Pitch that half of the places exceed.
    pub median_px: f64,
    /// Pitch that 95 % of the places exceed.
    pub low_px: f64,
    /// Pitch that 5 % of the places exceed.
    pub high_px: f64,
    /// Axis in the middle of those of all places, in degrees, in `[-90, 90]`, anticlockwise from x with y up.
    #[serde(default)]
    pub axis_deg: f64,
    /// Difference between the 5 % and the 95 % quantile of the axis, in degrees, in `[0, 180)`.
    pub axis_spread_deg: f64,
    /// Share of the image with lines, in `[0, 1]`.
    pub covered: f64,
    /// Share of the variance that the wave of the local pitch explains where there are lines, in `[0, 1]`; of a smooth
    /// wave nearly 1, of narrow lines less, of lines in noise by the noise less.
    pub explained: f64,
    /// Width of the window at half its height.
    pub window_px: f64,
    /// Places around which the lines do not close: where one ends, begins or forks, or where what is there has no lines.
    #[serde(default)]
    pub dislocations: usize,
}

/// The pitch and the axis of parallel lines at each place of `plane`. Unlike [`super::grating()`] it needs no order over the
/// whole plane.
///
/// # Errors
/// If a setting is out of range, no line repeats often enough, or lines are strong enough nowhere.
///
/// ```
/// use micrograph::Plane;
/// use micrograph::measure::{GratingConfig, pitch_map};
///
/// // lines 10 px apart on the left, 11 px on the right
/// let phase = |x: f64| 240.0 * (1.0 + x / 2400.0).ln();
/// let plane = Plane::from_fn(200, 240, |_, x| (std::f64::consts::TAU * phase(x as f64) / 1.0).sin() as f32);
/// let map = pitch_map(&plane, &GratingConfig::default())?;
/// assert!((map.pitch_px.at(100, 60) - 10.25).abs() < 0.03);
/// assert!((map.pitch_px.at(100, 180) - 10.75).abs() < 0.03);
/// # Ok::<(), micrograph::measure::NoPeriod>(())
/// ```
pub fn pitch_map(plane: &Plane, config: &GratingConfig) -> Result<PitchMap, NoPeriod> {
    let config = config.checked().map_err(NoPeriodReason::from)?;
    check(plane)?;
    let flat = flattened(plane, config.flatten).plane;
    if flat.range() == Some((0.0, 0.0)) {
        return Err(NoPeriodReason::Flat.into());
    }
    let (wave, order) = wave_of(&flat)?;
    mapped(&flat, (wave, order), &config.geometry)
}

/// The same of the flattened plane `flat`, for lines of the usual wave `wave`, whose strongest harmonic is that of `order`.
pub(in crate::measure) fn mapped(
    flat: &Plane,
    (wave, order): ([f64; 2], i32),
    geometry: &Geometry,
) -> Result<PitchMap, NoPeriod> {
    let strongest = wave.map(|along| along * f64::from(order));
    let usual_px = 1.0 / wave[0].hypot(wave[1]);
    let window_px = WINDOW_PITCHES * usual_px;
    let [real, imaginary] = demodulated(flat, strongest, window_px);
    let (height, width) = (flat.height(), flat.width());
    let strength = Plane::from_fn(height, width, |y, x| real.at(y, x).hypot(imaginary.at(y, x)));
    let least = LEAST_STRENGTH * quantile(strength.values(), 0.9);
    let border = (BORDER_WINDOWS * window_px).ceil() as usize;
    // steps over which the phase turns by much less than half a turn
    let step = ((usual_px / 4.0) as usize).clamp(1, border.max(1));
    let turn = |(y0, x0): (usize, usize), (y1, x1): (usize, usize)| {
        let (a, b) = ((real.at(y0, x0), imaginary.at(y0, x0)), (real.at(y1, x1), imaginary.at(y1, x1)));
        let (re, im) = (b.0 * a.0 + b.1 * a.1, b.1 * a.0 - b.0 * a.1);
        f64::from(im).atan2(f64::from(re)) / TAU
    };
    let (mut pitch_px, mut axes) =
        (Plane::filled(height, width, f32::NAN), Plane::filled(height, width, f32::NAN));
    let is_strong = |y: usize, x: usize| strength.at(y, x) >= least && least > 0.0;
    for y in border..height.saturating_sub(border) {
        for x in border..width.saturating_sub(border) {
            if !is_strong(y, x) {
                continue;
            }
            let over = 2.0 * step as f64;
            let more = [turn((y, x - step), (y, x + step)) / over, turn((y - step, x), (y + step, x)) / over];
            if more[0].hypot(more[1]) > MOST_DIFFERENCE * strongest[0].hypot(strongest[1]) {
                continue;
            }
            let local = [0, 1].map(|axis| (strongest[axis] + more[axis]) / f64::from(order));
            let [fx, fy] = geometry.wave(local[0], local[1]);
            let at = y * width + x;
            pitch_px.values_mut()[at] = (1.0 / fx.hypot(fy)) as f32;
            axes.values_mut()[at] = axis_of(fx, fy) as f32;
        }
    }
    let mut dislocations = 0;
    for y in (border..height.saturating_sub(border + step)).step_by(step) {
        for x in (border..width.saturating_sub(border + step)).step_by(step) {
            let round = [(y, x), (y, x + step), (y + step, x + step), (y + step, x)];
            if round.iter().all(|&(y, x)| is_strong(y, x)) {
                let turns: f64 = (0..4).map(|corner| turn(round[corner], round[(corner + 1) % 4])).sum();
                dislocations += usize::from(turns.abs() > 0.5);
            }
        }
    }
    let pitches: Vec<f32> = pitch_px.values().iter().copied().filter(|pitch| pitch.is_finite()).collect();
    let covered = pitches.len() as f64 / (height * width) as f64;
    if covered < LEAST_COVERED {
        return Err(NoPeriodReason::NoPlace.into());
    }
    let mean_square = |plane: &Plane| {
        let values = plane.values().iter().zip(pitch_px.values()).filter(|(_, pitch)| pitch.is_finite());
        values.map(|(value, _)| f64::from(*value).powi(2)).sum::<f64>() / pitches.len() as f64
    };
    // the demodulated wave has half its amplitude
    let explained = (2.0 * mean_square(&strength) / mean_square(flat).max(f64::MIN_POSITIVE)).min(1.0);
    if explained < LEAST_EXPLAINED {
        return Err(NoPeriodReason::NotTheirs { explained }.into());
    }
    let share = |share: f64| f64::from(quantile(&pitches, share));
    let (middle_axis, axis_spread_deg) = {
        let [fx, fy] = geometry.wave(wave[0], wave[1]);
        middle_and_spread(&axes, axis_of(fx, fy))
    };
    let summary = PitchMapSummary {
        median_px: share(0.5),
        low_px: share(0.05),
        high_px: share(0.95),
        axis_deg: middle_axis,
        axis_spread_deg,
        covered,
        explained,
        window_px: 2.3548 * window_px,
        dislocations,
    };
    Ok(PitchMap { pitch_px, axis_deg: axes, summary })
}

/// The axis of lines with this wave on the specimen, y up.
fn axis_of(fx: f64, fy: f64) -> f64 {
    axis_deg(fy.atan2(fx).to_degrees() + 90.0)
}

/// The axis in the middle and the width of the middle 90 % of the axes, each taken on the side that is nearer to the usual
/// one.
fn middle_and_spread(axes: &Plane, usual: f64) -> (f64, f64) {
    let off: Vec<f32> = axes
        .values()
        .iter()
        .filter(|axis| axis.is_finite())
        .map(|&axis| axis_difference_deg(f64::from(axis), usual) as f32)
        .collect();
    let [low, middle, high] = [0.05, 0.5, 0.95].map(|share| f64::from(quantile(&off, share)));
    (axis_deg(usual + middle), high - low)
}

/// `flat` times the wave with the opposite phase, smoothed: real and imaginary parts.
fn demodulated(flat: &Plane, wave: [f64; 2], window_px: f64) -> [Plane; 2] {
    let part = |of: fn(f64) -> f64| {
        let product = Plane::from_fn(flat.height(), flat.width(), |y, x| {
            let turns = wave[0] * x as f64 + wave[1] * y as f64;
            flat.at(y, x) * of(TAU * turns) as f32
        });
        smooth(&product, window_px)
    };
    let imaginary = part(f64::sin);
    let negated = imaginary.values().iter().map(|value| -value).collect();
    [part(f64::cos), Plane::new(flat.height(), flat.width(), negated)]
}

/// The value that the share `1 − share` of `values` exceeds.
fn quantile(values: &[f32], share: f64) -> f32 {
    let mut sorted = values.to_vec();
    let place = ((values.len().max(1) - 1) as f64 * share).round() as usize;
    if sorted.is_empty() {
        return f32::NAN;
    }
    *sorted.select_nth_unstable_by(place, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn noisy(height: usize, width: usize, level: impl Fn(f64, f64) -> f64) -> Plane {
        let mut noise = Stream::new(3, "pitch map", 0);
        Plane::from_fn(height, width, |y, x| (level(y as f64, x as f64) + 0.15 * noise.normal()) as f32)
    }

    #[test]
    fn lines_that_fan_out_have_their_pitch_and_axis_everywhere() {
        // lines through a far point: pitch and axis follow from the distance and the angle
        let (from_y, from_x, per_radian) = (-900.0, 200.0, 70.0);
        let plane = noisy(400, 420, |y, x| {
            let angle = (x - from_x).atan2(y - from_y);
            (TAU * per_radian * angle).cos().signum() * 0.5
        });
        assert!(super::super::grating(&plane, &GratingConfig::default()).is_err(), "not one grating");
        let map = pitch_map(&plane, &GratingConfig::default()).unwrap();
        for (y, x) in [(60, 100), (200, 210), (330, 300), (200, 330)] {
            let (down, right) = (y as f64 - from_y, x as f64 - from_x);
            let pitch = down.hypot(right) / per_radian;
            let found = f64::from(map.pitch_px.at(y, x));
            assert!((found / pitch - 1.0).abs() < 0.03, "{found} px at {y}, {x}, expected {pitch}");
            let axis = 90.0 - right.atan2(-down).to_degrees() + 180.0;
            let off = (f64::from(map.axis_deg.at(y, x)) - axis + 90.0).rem_euclid(180.0) - 90.0;
            assert!(off.abs() < 1.0, "{off}° at {y}, {x}");
        }
        let summary = map.summary;
        assert!(summary.low_px < 14.4 && summary.high_px > 16.8, "{summary:?}");
        assert!(summary.axis_spread_deg > 8.0 && summary.axis_spread_deg < 25.0, "{summary:?}");
    }

    #[test]
    fn even_lines_have_one_pitch_and_noise_widens_it_little() {
        let plane = noisy(256, 256, |y, x| 0.5 * (TAU * (x + 0.2 * y) / 14.0).sin());
        let PitchMapSummary { median_px, low_px, high_px, covered, .. } =
            pitch_map(&plane, &GratingConfig::default()).unwrap().summary;
        let pitch = 14.0 / 1.04_f64.sqrt();
        assert!((median_px / pitch - 1.0).abs() < 0.003, "{median_px}, expected {pitch}");
        assert!((high_px - low_px) / pitch < 0.03, "{low_px} to {high_px}");
        assert!(covered > 0.5, "{covered}");
    }

    #[test]
    fn where_no_lines_are_there_is_no_pitch() {
        let plane = noisy(300, 300, |_, x| if x < 150.0 { 0.5 * (TAU * x / 12.0).sin() } else { 0.0 });
        let map = pitch_map(&plane, &GratingConfig::default()).unwrap();
        assert!(map.pitch_px.at(150, 75).is_finite() && map.pitch_px.at(150, 230).is_nan());
        assert!(map.summary.covered < 0.5);
    }

    #[test]
    fn a_tilted_specimen_has_its_own_pitch() {
        let plane = noisy(256, 256, |y, _| 0.5 * (TAU * y / 12.0).sin());
        let geometry = super::super::Geometry { tilt_deg: 60.0, ..Default::default() };
        let map = pitch_map(&plane, &GratingConfig { geometry, ..Default::default() }).unwrap();
        assert!((map.summary.median_px - 24.0).abs() < 0.2, "{:?}", map.summary);
    }

    #[test]
    fn noise_and_flat_planes_are_refused() {
        assert!(pitch_map(&noisy(200, 200, |_, _| 0.0), &GratingConfig::default()).is_err());
        assert!(pitch_map(&Plane::filled(200, 200, 1.0), &GratingConfig::default()).is_err());
        assert!(pitch_map(&Plane::filled(8, 8, 1.0), &GratingConfig::default()).is_err());
    }
}
