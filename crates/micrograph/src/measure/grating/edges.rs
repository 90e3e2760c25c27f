//! Edges: the mean profile of the lines, the positions of their edges, and their roughness.
//!
//! All periods are averaged into one mean profile. The edges are where it crosses half its height. The
//! deviation of an edge at each px along it is the shift of the mean profile that fits the pixels best
//! (each pixel counts once, without resampling). Noise causes such shifts too, but equally at all
//! wavelengths, so its share is estimated from the shortest ones and subtracted (unbiased roughness:
//! Villarrubia and Bunday 2005). Wavelengths range from 2 px to the length of an edge.

use crate::Plane;
use crate::fourier::PlaneFourier;
use crate::measure::harmonics::Harmonics;
use crate::measure::quantity::{Component, Quantity, Unit};

/// Least pitch in px at which single edges are resolved.
const LEAST_PITCH_PX: f64 = 16.0;
/// Relative error of roughness on synthetic gratings: an edge's own mean and slope are subtracted, which
/// are roughness too where it is short, and the beam averages along it (docs/accuracy.md).
const PROFILE_ERROR: f64 = 0.3;
/// Least overshoot of a rim, as a share of the height from trench to top; rounded tops and noise stay below.
const LEAST_RIM: f64 = 0.1;
/// Largest distance of a rim or foot from its edge, as a share of the pitch.
const EDGE_REACH: f64 = 0.15;
/// Passes until shifts converge; each is a linear step.
const PASSES: usize = 3;
/// Shortest edge in px that counts.
const LEAST_LENGTH: usize = 32;

/// Measures of a mean profile and its edges.
pub(super) struct Edges {
    pub(super) duty_cycle: Option<Quantity>,
    pub(super) n_lines: usize,
    pub(super) edge_roughness: Option<Quantity>,
    pub(super) width_roughness: Option<Quantity>,
    /// Phase of a line's middle in turns, in `[0, 1)`.
    pub(super) line_phase: f64,
}

/// Mean of a plane over all its periods.
struct Profile {
    values: Vec<f64>,
}

/// Edges of `plane`, whose lines follow `pattern` and are `pitch` apart.
pub(super) fn measured(plane: &Plane, pattern: &Harmonics, pitch: &Quantity) -> Edges {
    let pitch_px = 1.0 / pattern.waves[0][0].hypot(pattern.waves[0][1]);
    let profile = Profile::of(plane, pattern, pitch_px);
    let crossings = profile.crossings(0.5);
    let (line_phase, duty_cycle, shifts) = match crossings {
        Some((rise, fall)) => {
            let found = (pitch_px >= LEAST_PITCH_PX)
                .then(|| Shifts::of(plane, pattern, &profile, [rise, fall], pitch_px));
            let duty_cycle = duty_cycle(&profile, rise, fall, found.as_ref());
            ((rise + (fall - rise).rem_euclid(1.0) / 2.0).rem_euclid(1.0), Some(duty_cycle), found)
        }
        None => (profile.brightest(), None, None),
    };
    let scale = pitch.value;
    let roughness_of = |series: Vec<Vec<f64>>| roughness(&series).map(|found| found.scaled(scale, Unit::Px));
    Edges {
        duty_cycle,
        n_lines: n_lines((plane.height(), plane.width()), pattern.waves[0], line_phase),
        edge_roughness: shifts.as_ref().and_then(|shifts| roughness_of(shifts.edges())),
        width_roughness: shifts.as_ref().and_then(|shifts| roughness_of(shifts.widths())),
        line_phase,
    }
}

/// Lines of `wave`, whose middles have this phase at that of the image, that have a part of it inside.
pub(in crate::measure) fn n_lines((height, width): (usize, usize), wave: [f64; 2], phase: f64) -> usize {
    let (below, beside) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
    // from the middle to the corner where the phase is highest
    let reach = wave[0].abs() * beside + wave[1].abs() * below;
    ((reach - phase).floor() - (-reach - phase).ceil() + 1.0).max(0.0) as usize
}

/// Share of the period between the edges.
///
/// A wall appears as a ramp from the trench to a rim that is brighter than the top (darker, where the image
/// is inverted), and the image does not show where on that ramp the wall's half height is: it may be
/// anywhere between the half height of the profile and the rim, equally for both edges. The value is the
/// middle of that range; without rims, or with edges too close to resolve them, it is at half height, and may
/// deviate to both sides. The variation between lines is the rest of the uncertainty.
fn duty_cycle(profile: &Profile, rise: f64, fall: f64, shifts: Option<&Shifts>) -> Quantity {
    // both edges together, towards the line (1) and away from it (−1)
    let range = |side: f64| profile.to_extremum(rise, 1.0, side) + profile.to_extremum(fall, -1.0, -side);
    let (bright, dark) = profile.overshoots();
    let (change, half_width) = match shifts {
        Some(_) if bright.max(dark) < LEAST_RIM => (0.0, range(1.0).max(range(-1.0)) / 2.0),
        Some(_) if bright >= dark => (-range(1.0) / 2.0, range(1.0) / 2.0),
        Some(_) => (range(-1.0) / 2.0, range(-1.0) / 2.0),
        // half of the range: both edges have the same error, but rarely all of it
        None => (0.0, range(1.0).max(range(-1.0)) / 2.0),
    };
    let mut components = vec![Component::bounded("edge", half_width)];
    let widths: Vec<f64> = shifts.map(Shifts::mean_widths).unwrap_or_default();
    if widths.len() > 1 {
        let n = widths.len() as f64;
        let mean = widths.iter().sum::<f64>() / n;
        let variance = widths.iter().map(|width| (width - mean).powi(2)).sum::<f64>() / (n - 1.0);
        components.push(Component::estimated("sampling", (variance / n).sqrt(), n - 1.0));
    }
    let value = ((fall - rise).rem_euclid(1.0) + change).clamp(0.0, 1.0);
    Quantity::new(value, Unit::One, "mean profile, between half its height and the rim", components)
}

impl Profile {
    fn of(plane: &Plane, pattern: &Harmonics, pitch_px: f64) -> Self {
        // at twice the resolution of pixels: where the lines are at an angle, periods fill it
        let n = ((2.0 * pitch_px) as usize).clamp(16, 400);
        let (mut sums, mut counts) = (vec![0.0; n], vec![0.0; n]);
        for y in 0..plane.height() {
            for (x, &value) in plane.row(y).iter().enumerate() {
                let place = pattern.turns(0, y as f64, x as f64).rem_euclid(1.0) * n as f64;
                // shared between the two positions around
                let (below, share) = (place.floor() as usize, place.fract());
                for (bin, weight) in [(below, 1.0 - share), (below + 1, share)] {
                    sums[bin % n] += weight * f64::from(value);
                    counts[bin % n] += weight;
                }
            }
        }
        let values = (0..n)
            .map(|bin| {
                // phases that no pixel has are taken from the fit
                if counts[bin] > 4.0 {
                    sums[bin] / counts[bin]
                } else {
                    pattern.at([bin as f64 / n as f64, 0.0])
                }
            })
            .collect();
        Self { values }
    }

    fn at(&self, turns: f64) -> (f64, f64) {
        let n = self.values.len();
        let place = turns.rem_euclid(1.0) * n as f64;
        let (below, share) = (place.floor() as usize, place.fract());
        let value = |bin: usize| self.values[bin % n];
        let [a, b, c, d] = [value(below + n - 1), value(below), value(below + 1), value(below + 2)];
        let slope = ((c - a) * (1.0 - share) + (d - b) * share) / 2.0 * n as f64;
        (b + (c - b) * share, slope)
    }

    /// The lowest value, that of the trench, that of the top, and the highest value: bright rims and dark feet
    /// are not plateaus.
    fn levels(&self) -> [f64; 4] {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        [sorted[0], sorted[n / 10], sorted[n - 1 - n / 10], sorted[n - 1]]
    }

    /// Overshoot of the profile beyond the top, and below the trench, as shares of its height from trench to top.
    fn overshoots(&self) -> (f64, f64) {
        let [lowest, low, high, highest] = self.levels();
        let height = (high - low).max(f64::MIN_POSITIVE);
        ((highest - high) / height, (low - lowest) / height)
    }

    /// Phases where the profile rises and falls through a share of its height; `None` unless it does
    /// so once each.
    fn crossings(&self, share: f64) -> Option<(f64, f64)> {
        let n = self.values.len();
        let [_, low, high, _] = self.levels();
        let level = low + share * (high - low);
        let (mut rises, mut falls) = (Vec::new(), Vec::new());
        for bin in 0..n {
            let (here, next) = (self.values[bin] - level, self.values[(bin + 1) % n] - level);
            let place = (bin as f64 + here / (here - next)) / n as f64;
            if here < 0.0 && next >= 0.0 {
                rises.push(place);
            } else if here >= 0.0 && next < 0.0 {
                falls.push(place);
            }
        }
        match (rises.as_slice(), falls.as_slice()) {
            ([rise], [fall]) => Some((*rise, *fall)),
            _ => None,
        }
    }

    /// Turns from an edge at `phase`, which rises (`sign` 1) or falls (−1), to the first extremum to one side
    /// of it (`side` 1 towards later phases, −1 towards earlier ones).
    fn to_extremum(&self, phase: f64, sign: f64, side: f64) -> f64 {
        let n = self.values.len();
        let most = (EDGE_REACH * n as f64).ceil() as i64;
        let here = (phase * n as f64).round() as i64;
        let step = side as i64;
        let value = |by: i64| self.values[(here + by * step).rem_euclid(n as i64) as usize];
        let gain = |by: i64| sign * side * (value(by + 1) - value(by));
        // noise of the mean profile stops it for a step at most
        (0..most).find(|&by| gain(by) <= 0.0 && gain(by + 1) <= 0.0).unwrap_or(most) as f64 / n as f64
    }

    fn brightest(&self) -> f64 {
        let n = self.values.len();
        let bins = (0..n).max_by(|&a, &b| self.values[a].total_cmp(&self.values[b]));
        bins.unwrap_or(0) as f64 / n as f64
    }
}

/// Deviation of each edge from its straight line, in turns, at each px along it.
struct Shifts {
    /// For rising and falling edges, line after line: shifts along it, absent where it was not found.
    lines: [Vec<Vec<Option<f64>>>; 2],
}

impl Shifts {
    fn of(plane: &Plane, pattern: &Harmonics, profile: &Profile, edges: [f64; 2], pitch_px: f64) -> Self {
        let (height, width) = (plane.height(), plane.width());
        let [fx, fy] = pattern.waves[0];
        // along the lines, in px
        let along = [-fy * pitch_px, fx * pitch_px];
        let reach = (height as f64).hypot(width as f64) / 2.0 + 1.0;
        let length = 2 * reach as usize + 2;
        let most = (reach / pitch_px).ceil() as i64 + 1;
        let n_lines = (2 * most + 1) as usize;
        let duty_cycle = (edges[1] - edges[0]).rem_euclid(1.0);
        // at most half way to the other edge
        let window = (0.5 * duty_cycle.min(1.0 - duty_cycle)).min(8.0 / pitch_px);
        let lines = edges.map(|edge| {
            let mut shifts = vec![0.0_f64; n_lines * length];
            let mut weights = Vec::new();
            for _ in 0..PASSES {
                let mut sums = vec![0.0; n_lines * length];
                weights = vec![0.0; n_lines * length];
                for y in 0..height {
                    for (x, &value) in plane.row(y).iter().enumerate() {
                        let turns = pattern.turns(0, y as f64, x as f64);
                        let line = (turns - edge).round();
                        if (turns - edge - line).abs() > window {
                            continue;
                        }
                        let (dy, dx) = (y as f64 - height as f64 / 2.0, x as f64 - width as f64 / 2.0);
                        let place = (dx * along[0] + dy * along[1] + reach) as usize;
                        let line = line as i64 + most;
                        if !(0..n_lines as i64).contains(&line) {
                            continue;
                        }
                        let index = line as usize * length + place;
                        let (model, slope) = profile.at(turns - shifts[index]);
                        sums[index] -= (f64::from(value) - model) * slope;
                        weights[index] += slope * slope;
                    }
                }
                for ((shift, sum), weight) in shifts.iter_mut().zip(sums).zip(&weights) {
                    if *weight > 0.0 {
                        *shift = (*shift + sum / weight).clamp(-window, window);
                    }
                }
            }
            let mut known: Vec<f64> = weights.iter().copied().filter(|&weight| weight > 0.0).collect();
            known.sort_by(f64::total_cmp);
            let least = known.get(known.len() / 2).map_or(f64::MAX, |median| 0.4 * median);
            let seen = |index: usize| (weights[index] >= least).then_some(shifts[index]);
            (0..n_lines).map(|line| (0..length).map(|place| seen(line * length + place)).collect()).collect()
        });
        Self { lines }
    }

    fn edges(&self) -> Vec<Vec<f64>> {
        self.lines.iter().flatten().filter_map(|line| longest_run(line)).collect()
    }

    fn widths(&self) -> Vec<Vec<f64>> {
        self.pairs().filter_map(|line| longest_run(&line)).collect()
    }

    /// Mean width of each line less that of the mean profile, in turns.
    fn mean_widths(&self) -> Vec<f64> {
        self.widths().iter().map(|line| line.iter().sum::<f64>() / line.len() as f64).collect()
    }

    /// Shift of the falling edge less that of the rising one, line after line.
    fn pairs(&self) -> impl Iterator<Item = Vec<Option<f64>>> {
        let pair = |(rise, fall): (&Vec<Option<f64>>, &Vec<Option<f64>>)| {
            rise.iter().zip(fall).map(|(rise, fall)| Some((*fall)? - (*rise)?)).collect()
        };
        self.lines[0].iter().zip(&self.lines[1]).map(pair)
    }
}

/// The longest part without a gap, if it is long enough.
fn longest_run(line: &[Option<f64>]) -> Option<Vec<f64>> {
    let runs = line.split(Option::is_none);
    let longest = runs.max_by_key(|run| run.len())?;
    (longest.len() >= LEAST_LENGTH).then(|| longest.iter().flatten().copied().collect())
}

/// Three standard deviations of `series` about straight lines, noise taken out, in their unit; `None`
/// where fewer than three or where noise leaves nothing.
fn roughness(series: &[Vec<f64>]) -> Option<Quantity> {
    if series.len() < 3 {
        return None;
    }
    let variances: Vec<f64> = series.iter().map(|line| variance_without_noise(line)).collect();
    let n = variances.len() as f64;
    let mean = variances.iter().sum::<f64>() / n;
    let error =
        (variances.iter().map(|variance| (variance - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
    // not distinguishable from noise
    if mean <= 2.0 * error {
        return None;
    }
    let sigma = mean.sqrt();
    let components = vec![
        Component::estimated("sampling", 3.0 * error / (2.0 * sigma), n - 1.0),
        Component::bounded("profile", 3.0 * sigma * PROFILE_ERROR),
    ];
    let method = "shifts of the mean profile along edges, noise taken out by their power spectrum";
    Some(Quantity::new(3.0 * sigma, Unit::Px, method, components))
}

/// Variance of `line` about its straight line, less that of the white noise that its finest third of
/// wavelengths shows.
fn variance_without_noise(line: &[f64]) -> f64 {
    let n = line.len();
    let middle = (n as f64 - 1.0) / 2.0;
    let mean = line.iter().sum::<f64>() / n as f64;
    let moment: f64 = line.iter().enumerate().map(|(i, value)| (i as f64 - middle) * value).sum();
    let square: f64 = (0..n).map(|i| (i as f64 - middle).powi(2)).sum();
    let straight: Vec<f64> = line
        .iter()
        .enumerate()
        .map(|(i, value)| value - mean - moment / square * (i as f64 - middle))
        .collect();
    let variance = straight.iter().map(|value| value * value).sum::<f64>() / (n - 2) as f64;
    let power: Vec<f64> =
        PlaneFourier::new(1, n).forward(&straight).iter().map(|value| value.norm_sqr()).collect();
    let finest = &power[power.len() * 2 / 3..];
    variance - finest.iter().sum::<f64>() / finest.len() as f64 / n as f64
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::random::Stream;

    #[test]
    fn white_noise_is_taken_out_of_a_wave() {
        let mut stream = Stream::new(8, "test", 0);
        let variances = (0..40).map(|line| {
            let values: Vec<f64> = (0..300)
                .map(|i| {
                    let wave = (TAU * (f64::from(i) / 50.0 + f64::from(line) * 0.31)).sin();
                    2.0 + 0.01 * f64::from(i) + wave + 1.5 * stream.normal()
                })
                .collect();
            variance_without_noise(&values)
        });
        let mean = variances.sum::<f64>() / 40.0;
        assert!((mean - 0.5).abs() < 0.1, "{mean}");
    }
}
