//! Few lines: a pitch from the positions of lines in a part of the image, where its spectrum shows none.
//!
//! Along each direction that many edges have, the image is cut into bands, whose mean profile across the lines is
//! searched for a run of periods that repeat each other. The evidence is how unlikely as good a repetition is of a
//! profile as smooth as this one by chance, and that bands side by side repeat at the same pitch. Lines are then
//! placed, each by the mean of all, in every band; a straight line through their positions gives the pitch, and what
//! is left of it the uncertainty.

use rayon::prelude::*;
use statrs::function::beta::ln_beta;

use crate::measure::gradient::Gradient;
use crate::smooth::gaussian;
use crate::{Plane, Rect};

/// Standard deviation of the gradient in px.
const GRADIENT_PX: f64 = 1.5;
/// Most directions that are tried beside those along rows and columns.
const DIRECTIONS: usize = 4;
/// Bands along the lines, and the fewest rows of one.
const BANDS: usize = 12;
const LEAST_BAND_PX: usize = 8;
/// Smallest pitch in px, and the step from one pitch that is tried to the next.
const LEAST_PITCH: f64 = 6.0;
const PITCH_STEP: f64 = 1.018;
/// Starts in a period that are tried first.
const COARSE_STARTS: usize = 4;
/// Fewest periods of a run, and most that are compared.
const LEAST_PERIODS: f64 = 3.5;
const MOST_PERIODS: usize = 16;
/// Least share of the variance of a run that its mean period explains.
const LEAST_REPEATED: f64 = 0.6;
/// Least such share of a run that is followed on.
const LEAST_GOING: f64 = 0.55;
/// Largest logarithm of the probability of chance in the best window, and that where lines are expected.
const MOST_CHANCE: f64 = -19.0;
const MOST_CHANCE_EXPECTED: f64 = -11.0;
/// Largest of the windows beside it.
const MOST_CHANCE_BESIDE: f64 = -9.0;
/// Least standard deviation of the mean period, in those of the whole image.
const LEAST_CONTRAST: f64 = 0.25;
/// Fewest bands that show the lines.
const LEAST_BANDS: usize = 4;
/// Largest standard uncertainty of the axis in rad: lines that bend have none.
const MOST_TURN: f64 = 0.02;
/// Least correlation of a line with the mean line.
const LEAST_LIKENESS: f64 = 0.55;
/// Least uncertainty of the position of a line, in px: that of interpolation.
const LEAST_POSITION_PX: f64 = 0.1;

/// Lines that were found.
#[derive(Clone, Debug)]
pub(super) struct Few {
    /// Cycles per column and per row (downwards).
    pub(super) wave: [f64; 2],
    /// Turns at the middle of the image.
    pub(super) phase: f64,
    pub(super) n_lines: usize,
    /// Relative standard uncertainty of the pitch from the positions of lines, and its degrees of freedom.
    pub(super) placement: f64,
    pub(super) degrees_of_freedom: f64,
    /// Relative change of the pitch from the middle of the part to its end along the lines; 0 if by chance.
    pub(super) fan: f64,
    /// Standard uncertainty of the axis in rad.
    pub(super) turn: f64,
    /// Share of the variance of the run that the mean period explains.
    pub(super) repeated: f64,
    /// Standard deviation of the mean period.
    pub(super) rms: f64,
    /// The part of the image that holds the lines.
    pub(super) part: Rect,
}

/// The best run that is not enough, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nearly {
    pub(super) pitch_px: f64,
    pub(super) repeated: f64,
}

/// The lines in a part of the flattened `plane`; with weaker evidence where lines are `expected`.
pub(super) fn few(plane: &Plane, expected: bool) -> Result<Few, Option<Nearly>> {
    let most = if expected { MOST_CHANCE_EXPECTED } else { MOST_CHANCE };
    let least_rms = LEAST_CONTRAST * plane.variance().sqrt();
    let mut found: Vec<(Turned, Vec<Vec<f64>>, usize, Run)> = directions(plane)
        .into_par_iter()
        .filter_map(|axis| {
            let turned = Turned::of(plane, axis);
            let bands = turned.bands();
            let windows: Vec<Vec<f64>> = bands.windows(2).map(|pair| mean_of(&pair[0], &pair[1])).collect();
            let best = windows
                .iter()
                .enumerate()
                .filter_map(|(at, profile)| Some((at, Run::best(profile, least_rms)?)))
                .filter(|(at, run)| run.extent(&windows, *at).len() + 1 >= LEAST_BANDS)
                .min_by(|a, b| a.1.chance.total_cmp(&b.1.chance))?;
            Some((turned, bands, best.0, best.1))
        })
        .collect();
    found.sort_by(|a, b| a.3.chance.total_cmp(&b.3.chance));
    let nearly = found.first().map(|(.., run)| Nearly { pitch_px: run.pitch, repeated: run.repeated });
    for (turned, bands, at, run) in found {
        if run.chance > most {
            break;
        }
        if let Some(few) = turned.placed(plane, &bands, at, &run) {
            return Ok(few);
        }
    }
    Err(nearly)
}

/// Axes in rad along which many edges lie.
fn directions(plane: &Plane) -> Vec<f64> {
    let [right, down] = Gradient::Gaussian(GRADIENT_PX).of(plane);
    let squares: Vec<f32> = right.values().iter().zip(down.values()).map(|(x, y)| x * x + y * y).collect();
    let mut sorted = squares.clone();
    let at = sorted.len() * 9 / 10;
    // strong edges say no more than usual ones
    let cap = *sorted.select_nth_unstable_by(at, f32::total_cmp).1;
    let mut counts = [0.0_f64; 180];
    for ((x, y), square) in right.values().iter().zip(down.values()).zip(&squares) {
        let axis = (f64::from(-*y).atan2(f64::from(*x)).to_degrees() + 90.0).rem_euclid(180.0);
        counts[(axis as usize).min(179)] += f64::from(square.min(cap));
    }
    let at = |index: i64| counts[index.rem_euclid(180) as usize];
    let soft: Vec<f64> = (0..180)
        .map(|i| (-3..=3).map(|by: i64| at(i + by) * (-0.5 * (by as f64 / 1.3).powi(2)).exp()).sum())
        .collect();
    let mean = soft.iter().sum::<f64>() / 180.0;
    let mut peaks: Vec<(f64, f64)> = (0..180_usize)
        .filter(|&i| {
            (1..=4).all(|by| soft[i] >= soft[(i + by) % 180] && soft[i] > soft[(i + 180 - by) % 180])
        })
        .map(|i| {
            let (before, after) = (soft[(i + 179) % 180], soft[(i + 1) % 180]);
            let bend = before - 2.0 * soft[i] + after;
            let shift = if bend < 0.0 { (before - after) / (2.0 * bend) } else { 0.0 };
            (soft[i], i as f64 + 0.5 + shift)
        })
        .filter(|(height, _)| *height > 1.2 * mean)
        .collect();
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut axes: Vec<f64> = peaks.into_iter().take(DIRECTIONS).map(|(_, axis)| axis).collect();
    for axis in [0.0, 90.0] {
        let off = |other: &f64| (other - axis + 90.0_f64).rem_euclid(180.0) - 90.0;
        if !axes.iter().any(|other| off(other).abs() < 1.0) {
            axes.push(axis);
        }
    }
    axes.into_iter().map(f64::to_radians).collect()
}

/// The image turned so that lines of an axis are upright: columns across the lines, rows along them.
struct Turned {
    sin: f64,
    cos: f64,
    across: usize,
    along: usize,
    /// NaN outside of the image.
    values: Vec<f32>,
}

impl Turned {
    fn of(plane: &Plane, axis: f64) -> Self {
        let (sin, cos) = axis.sin_cos();
        let (height, width) = (plane.height() as f64 - 1.0, plane.width() as f64 - 1.0);
        let across = (width * sin.abs() + height * cos.abs()) as usize + 1;
        let along = (width * cos.abs() + height * sin.abs()) as usize + 1;
        let mut turned = Self { sin, cos, across, along, values: Vec::new() };
        let rows = (0..along).into_par_iter().flat_map_iter(|row| {
            let turned = &turned;
            (0..across).map(move |column| {
                let [y, x] = turned.place(plane, column as f64, row as f64);
                let inside = y > -1e-6 && x > -1e-6 && y < height + 1e-6 && x < width + 1e-6;
                if !inside {
                    return f32::NAN;
                }
                let (y, x) = (y.clamp(0.0, height), x.clamp(0.0, width));
                let (top, left) = ((y as usize).min(plane.height() - 2), (x as usize).min(plane.width() - 2));
                let (v, u) = ((y - top as f64) as f32, (x - left as f64) as f32);
                let of = |y: usize| plane.at(y, left) * (1.0 - u) + plane.at(y, left + 1) * u;
                of(top) * (1.0 - v) + of(top + 1) * v
            })
        });
        turned.values = rows.collect();
        turned
    }

    /// `[y, x]` in the image.
    fn place(&self, plane: &Plane, column: f64, row: f64) -> [f64; 2] {
        let (u, v) = (column - (self.across as f64 - 1.0) / 2.0, row - (self.along as f64 - 1.0) / 2.0);
        let middle = [plane.height(), plane.width()].map(|side| (side as f64 - 1.0) / 2.0);
        [middle[0] + u * self.cos - v * self.sin, middle[1] + u * self.sin + v * self.cos]
    }

    /// Mean profiles across the lines, smoothed, of bands along them; NaN where half of a band is outside.
    fn bands(&self) -> Vec<Vec<f64>> {
        let n = (self.along / LEAST_BAND_PX).clamp(1, BANDS);
        let edge = |band: usize| band * self.along / n;
        (0..n)
            .map(|band| {
                let (mut sums, mut counts) = (vec![0.0; self.across], vec![0.0; self.across]);
                for row in edge(band)..edge(band + 1) {
                    let values = &self.values[row * self.across..(row + 1) * self.across];
                    for ((sum, count), &value) in sums.iter_mut().zip(&mut counts).zip(values) {
                        if value.is_finite() {
                            *sum += f64::from(value);
                            *count += 1.0;
                        }
                    }
                }
                let least = (edge(band + 1) - edge(band)) as f64 / 2.0;
                let profile: Vec<f64> = sums
                    .iter()
                    .zip(&counts)
                    .map(|(sum, &count)| if count >= least { sum / count } else { f64::NAN })
                    .collect();
                smoothed(&profile)
            })
            .collect()
    }

    /// Lines placed in all bands that show them.
    fn placed(&self, plane: &Plane, bands: &[Vec<f64>], at: usize, run: &Run) -> Option<Few> {
        let windows: Vec<Vec<f64>> = bands.windows(2).map(|pair| mean_of(&pair[0], &pair[1])).collect();
        let extent = run.extent(&windows, at);
        let (first, last) = (extent.start, extent.end); // bands first..=last
        let pitch = run.pitch;
        let line = run.line(&windows[at]);
        // all lines from one border to the other, the run's own from 0 on
        let low = -((run.start + run.middle) / pitch).floor() as i32;
        let high = ((self.across as f64 - run.start - run.middle) / pitch).floor() as i32;
        let expected = |k: i32| run.start + run.middle + f64::from(k) * pitch;
        // shifts of bands, from the best window on
        let mut shifts = vec![0.0; bands.len()];
        let own = 0..=(run.periods.ceil() as i32 - 1);
        let common = |band: usize, near: f64| {
            let likeness = |by: f64| {
                own.clone().filter_map(|k| line.likeness(&bands[band], expected(k) + by)).sum::<f64>()
            };
            let steps = (0.6 * pitch / 0.5) as i32;
            let best = (-steps / 2..=steps / 2)
                .map(|step| near + 0.5 * f64::from(step))
                .max_by(|a, b| likeness(*a).total_cmp(&likeness(*b)));
            best.unwrap_or(near)
        };
        shifts[at] = common(at, 0.0);
        for band in at + 1..=last {
            shifts[band] = common(band, shifts[band - 1]);
        }
        for band in (first..at).rev() {
            shifts[band] = common(band, shifts[band + 1]);
        }
        let mut places: Vec<(i32, usize, f64)> = Vec::new();
        for band in first..=last {
            for k in low..=high {
                let near = expected(k) + shifts[band];
                if let Some((by, likeness)) = line.best(&bands[band], near, 0.2 * pitch)
                    && likeness >= LEAST_LIKENESS
                {
                    places.push((k, band, near + by));
                }
            }
        }
        let n_bands = last + 1 - first;
        let often = |k: i32| 2 * places.iter().filter(|(line, ..)| *line == k).count() >= n_bands;
        // those side by side with the run
        let middle = (run.periods / 2.0) as i32;
        let mut kept = middle..=middle;
        while often(*kept.end() + 1) && *kept.end() < high {
            kept = *kept.start()..=kept.end() + 1;
        }
        while often(*kept.start() - 1) && *kept.start() > low {
            kept = kept.start() - 1..=*kept.end();
        }
        places.retain(|(k, ..)| kept.contains(k));
        let lines: Vec<i32> = kept.collect();
        if lines.len() < 3 {
            return None;
        }
        self.fitted(plane, &places, &lines, first..=last, bands.len(), run)
    }

    fn fitted(
        &self,
        plane: &Plane,
        places: &[(i32, usize, f64)],
        lines: &[i32],
        shown: std::ops::RangeInclusive<usize>,
        n_bands: usize,
        run: &Run,
    ) -> Option<Few> {
        // each line's own shift and each band's, in turn
        let pitch = run.pitch;
        let mut of_line: std::collections::BTreeMap<i32, f64> = lines.iter().map(|&k| (k, 0.0)).collect();
        let mut of_band = vec![0.0; n_bands];
        let base = |k: i32| f64::from(k) * pitch;
        for _ in 0..4 {
            for band in shown.clone() {
                let rest: Vec<f64> = places
                    .iter()
                    .filter(|place| place.1 == band)
                    .map(|(k, _, at)| at - base(*k) - of_line[k])
                    .collect();
                of_band[band] = mean(&rest).unwrap_or(f64::NAN);
            }
            for (line, shift) in &mut of_line {
                let rest: Vec<f64> = places
                    .iter()
                    .filter(|place| place.0 == *line && of_band[place.1].is_finite())
                    .map(|(k, band, at)| at - base(*k) - of_band[*band])
                    .collect();
                *shift = mean(&rest).unwrap_or(0.0);
            }
        }
        let points: Vec<(f64, f64)> =
            of_line.iter().map(|(k, shift)| (f64::from(*k), base(*k) + shift)).collect();
        let (slope, _, left, spread) = straight(&points)?;
        let n = points.len() as f64;
        let degrees_of_freedom = (n - 2.0).max(1.0);
        let sigma = (left / degrees_of_freedom).sqrt().max(LEAST_POSITION_PX);
        let placement = sigma / spread.sqrt() / slope;
        // bands: the turn of the lines, and how the pitch changes along them
        let rows_of = self.along as f64 / n_bands as f64;
        let row = |band: usize| (band as f64 + 0.5) * rows_of - 0.5;
        let drift: Vec<(f64, f64)> = shown
            .clone()
            .filter(|&band| of_band[band].is_finite())
            .map(|band| (row(band), of_band[band]))
            .collect();
        let (lean, at_zero, left, spread) = straight(&drift)?;
        let turn = (left / (drift.len() as f64 - 2.0).max(1.0)).sqrt().max(LEAST_POSITION_PX) / spread.sqrt();
        if turn > MOST_TURN {
            return None; // arcs of rings, say
        }
        let pitches: Vec<(f64, f64)> = shown
            .clone()
            .filter_map(|band| {
                let own: Vec<(f64, f64)> = places
                    .iter()
                    .filter(|place| place.1 == band)
                    .map(|(k, _, at)| (f64::from(*k), *at))
                    .collect();
                (own.len() >= 3).then(|| straight(&own)).flatten().map(|(pitch, ..)| (row(band), pitch))
            })
            .collect();
        let fan = straight(&pitches).map_or(0.0, |(change, _, left, spread)| {
            let uncertain = (left / (pitches.len() as f64 - 2.0).max(1.0) / spread).sqrt();
            let half = (shown.end() - shown.start()) as f64 * rows_of / 2.0;
            if change.abs() > 2.0 * uncertain { change.abs() * half / slope } else { 0.0 }
        });
        // lines at `column = first + k·slope + lean·row`: across them, by the angle of the lean
        let shorter = (1.0 + lean * lean).sqrt().recip();
        let per_column = [self.sin, self.cos]; // of u, along x and y
        let per_row = [self.cos, -self.sin];
        let wave = [0, 1].map(|axis| (per_column[axis] - lean * per_row[axis]) / slope);
        let mean_k = points.iter().map(|point| point.0).sum::<f64>() / n;
        let mean_at = points.iter().map(|point| point.1).sum::<f64>() / n;
        let middle = [(self.across as f64 - 1.0) / 2.0, (self.along as f64 - 1.0) / 2.0];
        let column = mean_at + at_zero + lean * middle[1];
        let phase = ((column - middle[0]) / slope - mean_k).rem_euclid(1.0);
        debug_assert!((wave[0].hypot(wave[1]) * slope * shorter - 1.0).abs() < 1e-9);
        let rows = [row(*shown.start()) - rows_of / 2.0, row(*shown.end()) + rows_of / 2.0];
        let ends = [points.first()?.1, points.last()?.1];
        let corners = rows.into_iter().flat_map(|row| {
            let drift = at_zero + lean * row;
            [(ends[0] + drift - 0.5 * slope, row), (ends[1] + drift + 0.5 * slope, row)]
        });
        Some(Few {
            wave,
            phase,
            n_lines: lines.len(),
            placement,
            degrees_of_freedom,
            fan,
            turn: turn * shorter * shorter,
            repeated: run.repeated,
            rms: run.rms,
            part: bounds(plane, corners.map(|(column, row)| self.place(plane, column, row))),
        })
    }
}

/// The smallest box of the image around places `[y, x]`.
fn bounds(plane: &Plane, places: impl Iterator<Item = [f64; 2]>) -> Rect {
    let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
    for place in places {
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    let ends = |axis: usize, side: usize| {
        let first = (low[axis].max(0.0) as usize).min(side - 1);
        (first, (high[axis].max(0.0).ceil() as usize + 1).clamp(first + 1, side))
    };
    let ((top, bottom), (left, right)) = (ends(0, plane.height()), ends(1, plane.width()));
    Rect { y: top, x: left, height: bottom - top, width: right - left }
}

/// Periods side by side that repeat each other, in a profile.
#[derive(Clone, Debug)]
struct Run {
    pitch: f64,
    start: f64,
    periods: f64,
    /// Share of the variance that the mean period explains.
    repeated: f64,
    /// Standard deviation of the mean period.
    rms: f64,
    /// Logarithm of the probability of chance.
    chance: f64,
    /// Middle of a line from the start of a period, in px.
    middle: f64,
}

impl Run {
    /// The most certain run of a profile.
    fn best(profile: &[f64], least_rms: f64) -> Option<Self> {
        let (offset, part) = longest(profile);
        let most = part.len() as f64 / LEAST_PERIODS;
        let mut best: Option<Self> = None;
        let mut pitch = LEAST_PITCH;
        while pitch <= most {
            let found = Self::of_pitch(part, pitch, 0.0..part.len() as f64, COARSE_STARTS, least_rms);
            if let Some(found) = found
                && best.as_ref().is_none_or(|best| found.chance < best.chance)
            {
                best = Some(found);
            }
            pitch *= PITCH_STEP;
        }
        let mut best = best?;
        let coarse = best.clone();
        for step in -8..=8 {
            let pitch = coarse.pitch * (1.0 + 0.0015 * f64::from(step));
            let near = coarse.start - 0.3 * pitch..coarse.start + 0.3 * pitch;
            if let Some(found) = Self::of_pitch(part, pitch, near, 12, least_rms)
                && found.chance < best.chance
            {
                best = found;
            }
        }
        best.start += offset as f64;
        best.middle = best.middle_of_line(profile);
        Some(best)
    }

    /// The most certain run of one pitch that starts `within`, at as many places in a period as `starts`, and stands out
    /// by `least_rms`.
    fn of_pitch(
        part: &[f64],
        pitch: f64,
        within: std::ops::Range<f64>,
        starts: usize,
        least_rms: f64,
    ) -> Option<Self> {
        let most = if starts <= COARSE_STARTS { 12 } else { 24 };
        let k = ((pitch / 2.0).round() as usize).clamp(8, most);
        let step = pitch / k as f64;
        let first = within.start.max(0.0);
        let n = ((part.len() as f64 - 1.0 - first) / step).max(0.0) as usize + 1;
        // sampled once; starts are whole steps, or finer ones each with samples of its own
        let stride = (k / starts).max(1);
        let offsets = (starts * stride / k).max(1);
        let mut best: Option<Self> = None;
        for offset in 0..offsets {
            let first = first + step * stride as f64 * offset as f64 / offsets as f64;
            let all: Vec<f64> = (0..n)
                .map(|at| between(part, first + at as f64 * step))
                .take_while(|value| value.is_finite())
                .collect();
            let mut begin_at = 0;
            while first + begin_at as f64 * step < within.end {
                let begin = first + begin_at as f64 * step;
                let samples = &all[begin_at.min(all.len())..all.len().min(begin_at + k * (MOST_PERIODS + 1))];
                let n = samples.len();
                if (n as f64) < LEAST_PERIODS * k as f64 {
                    break;
                }
                let (mut sums, mut total, mut changes) = (vec![0.0; k], 0.0, 0.0);
                for cell in 0..n / k {
                    let own = &samples[cell * k..(cell + 1) * k];
                    let level = own.iter().sum::<f64>() / k as f64;
                    for (sum, value) in sums.iter_mut().zip(own) {
                        *sum += value - level;
                        total += (value - level).powi(2);
                    }
                    changes += own.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>();
                    let cells = cell as f64 + 1.0;
                    if cells < 3.0 || total <= 0.0 {
                        continue;
                    }
                    let between = sums.iter().map(|sum| sum * sum).sum::<f64>() / cells;
                    // a run repeats itself from its start on
                    if between < LEAST_GOING * total {
                        break;
                    }
                    // how many independent values a period has: a sine has two
                    let free =
                        (k as f64 * (changes / total).sqrt() / std::f64::consts::PI).clamp(2.0, k as f64);
                    let rms = (between / (cells * k as f64)).sqrt();
                    let mut judge = |periods: f64, repeated: f64| {
                        if repeated < LEAST_REPEATED || periods < LEAST_PERIODS || rms < least_rms {
                            return;
                        }
                        let chance = chance(repeated, free, periods);
                        if best.as_ref().is_none_or(|best| chance < best.chance) {
                            best = Some(Self {
                                pitch,
                                start: begin,
                                periods,
                                repeated,
                                rms,
                                chance,
                                middle: 0.0,
                            });
                        }
                    };
                    judge(cells, between / total);
                    // and half of the next period
                    let half = samples.get((cell + 1) * k..(cell + 1) * k + k / 2);
                    if let Some(half) = half {
                        let usual: Vec<f64> = sums[..k / 2].iter().map(|sum| sum / cells).collect();
                        let n = half.len() as f64;
                        let level = half.iter().sum::<f64>() / n;
                        let off =
                            half.iter().zip(&usual).map(|(value, usual)| value - usual).sum::<f64>() / n;
                        let own: f64 = half.iter().map(|value| (value - level).powi(2)).sum();
                        let left: f64 =
                            half.iter().zip(&usual).map(|(value, usual)| (value - usual - off).powi(2)).sum();
                        let left = total - between + left * cells / (cells + 1.0);
                        judge(cells + 0.5, 1.0 - left / (total + own));
                    }
                }
                begin_at += stride;
            }
        }
        best
    }

    /// The windows side by side with that `at` which repeat at the same pitch.
    fn extent(&self, windows: &[Vec<f64>], at: usize) -> std::ops::Range<usize> {
        let shows = |window: usize, start: f64| {
            let (offset, part) = longest(&windows[window]);
            let start = start - offset as f64;
            let found = [-0.02, -0.01, 0.0, 0.01, 0.02].into_iter().filter_map(|change| {
                let pitch = self.pitch * (1.0 + change);
                let near = start - 0.3 * pitch..start + 0.3 * pitch;
                Self::of_pitch(part, pitch, near, 8, 0.5 * self.rms)
            });
            let best = found.min_by(|a, b| a.chance.total_cmp(&b.chance))?;
            (best.chance <= MOST_CHANCE_BESIDE).then_some(best.start + offset as f64)
        };
        let (mut first, mut last) = (at, at);
        let mut start = self.start;
        while first > 0
            && let Some(next) = shows(first - 1, start)
        {
            (first, start) = (first - 1, next);
        }
        start = self.start;
        while last + 1 < windows.len()
            && let Some(next) = shows(last + 1, start)
        {
            (last, start) = (last + 1, next);
        }
        first..last + 1
    }

    /// Where in a period its brightest place is.
    fn middle_of_line(&self, profile: &[f64]) -> f64 {
        let n = (2.0 * self.pitch).ceil() as usize;
        let cells = self.periods.floor() as usize;
        let at = |sample: usize| {
            let by = sample as f64 / n as f64 * self.pitch;
            (0..cells).map(|cell| between(profile, self.start + cell as f64 * self.pitch + by)).sum::<f64>()
        };
        let values: Vec<f64> = (0..n).map(at).collect();
        // the middle of a broad line, not its brightest noise
        let reach = (n / 6).max(1) as i64;
        let broad = |sample: usize| -> f64 {
            (-reach..=reach).map(|by| values[(sample as i64 + by).rem_euclid(n as i64) as usize]).sum()
        };
        let best = (0..n).max_by(|&a, &b| broad(a).total_cmp(&broad(b))).unwrap_or(0);
        best as f64 / n as f64 * self.pitch
    }

    /// The mean line, from half a period before its middle to half a period after.
    fn line(&self, profile: &[f64]) -> Line {
        let half = (self.pitch / 2.0).floor() as i64;
        let cells = self.periods.round() as i32;
        let values = (-half..=half).map(|by| {
            let places = (0..cells).map(|k| self.start + self.middle + f64::from(k) * self.pitch + by as f64);
            let inside: Vec<f64> =
                places.map(|at| between(profile, at)).filter(|value| value.is_finite()).collect();
            mean(&inside).unwrap_or(0.0)
        });
        Line { half, values: values.collect() }
    }
}

/// The mean line, at whole px about its middle.
struct Line {
    half: i64,
    values: Vec<f64>,
}

impl Line {
    /// Correlation with a profile about `middle`; `None` where less than two thirds of it are inside.
    fn likeness(&self, profile: &[f64], middle: f64) -> Option<f64> {
        let pairs: Vec<(f64, f64)> = (-self.half..=self.half)
            .zip(&self.values)
            .map(|(by, &value)| (value, between(profile, middle + by as f64)))
            .filter(|(_, other)| other.is_finite())
            .collect();
        if 3 * pairs.len() < 2 * self.values.len() {
            return None;
        }
        let n = pairs.len() as f64;
        let (a, b) = pairs.iter().fold((0.0, 0.0), |(a, b), pair| (a + pair.0 / n, b + pair.1 / n));
        let (mut product, mut own, mut other) = (0.0, 0.0, 0.0);
        for pair in pairs {
            product += (pair.0 - a) * (pair.1 - b);
            own += (pair.0 - a).powi(2);
            other += (pair.1 - b).powi(2);
        }
        (own > 0.0 && other > 0.0).then(|| product / (own * other).sqrt())
    }

    /// The shift within `reach` of `middle` where a profile is most like it, and how much it is.
    fn best(&self, profile: &[f64], middle: f64, reach: f64) -> Option<(f64, f64)> {
        let n = (reach / 0.5).ceil() as i32;
        let all: Vec<Option<f64>> =
            (-n..=n).map(|at| self.likeness(profile, middle + 0.5 * f64::from(at))).collect();
        let at = |index: usize| all.get(index).copied().flatten();
        let best = (0..all.len())
            .filter(|&i| all[i].is_some())
            .max_by(|&a, &b| all[a].unwrap_or(-1.0).total_cmp(&all[b].unwrap_or(-1.0)))?;
        let here = at(best)?;
        let (before, after) = (at(best.checked_sub(1)?)?, at(best + 1)?);
        let bend = before - 2.0 * here + after;
        let between = if bend < 0.0 { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 };
        Some((0.5 * (f64::from(best as i32 - n) + between), here))
    }
}

/// Logarithm of the probability that `periods` with `free` values each repeat each other as well by chance.
fn chance(repeated: f64, free: f64, periods: f64) -> f64 {
    // the share that a mean explains has a beta distribution; its tail, from above
    let (a, b) = (free / 2.0, free * (periods - 1.0) / 2.0);
    (b * (1.0 - repeated).max(1e-12).ln() - b.ln() - ln_beta(a, b)).min(0.0)
}

/// Slope, value at 0, sum of squares that is left, and sum of squares of x about its mean.
fn straight(points: &[(f64, f64)]) -> Option<(f64, f64, f64, f64)> {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if points.len() < 2 || spread <= 0.0 {
        return None;
    }
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let left = points.iter().map(|point| (point.1 - y - slope * (point.0 - x)).powi(2)).sum();
    Some((slope, y - slope * x, left, spread))
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Mean of two profiles; where only one is known, that one.
fn mean_of(a: &[f64], b: &[f64]) -> Vec<f64> {
    let either = |(a, b): (&f64, &f64)| match (a.is_finite(), b.is_finite()) {
        (true, true) => (a + b) / 2.0,
        (true, false) => *a,
        _ => *b,
    };
    a.iter().zip(b).map(either).collect()
}

/// The longest part of a profile without NaN, and where it begins.
fn longest(profile: &[f64]) -> (usize, &[f64]) {
    let (mut best, mut start) = ((0, 0), 0);
    for at in 0..=profile.len() {
        if at == profile.len() || !profile[at].is_finite() {
            if at - start > best.1 - best.0 {
                best = (start, at);
            }
            start = at + 1;
        }
    }
    (best.0, &profile[best.0..best.1])
}

/// Smoothed by 1 px; what is not known stays so.
fn smoothed(profile: &[f64]) -> Vec<f64> {
    let kernel = gaussian(1.0);
    let radius = kernel.len() as i64 / 2;
    (0..profile.len() as i64)
        .map(|at| {
            if !profile[at as usize].is_finite() {
                return f64::NAN;
            }
            let (mut sum, mut weights) = (0.0, 0.0);
            for (tap, &weight) in (-radius..).zip(&kernel) {
                let near = usize::try_from(at + tap).ok().and_then(|at| profile.get(at)).copied();
                if let Some(value) = near.filter(|value| value.is_finite()) {
                    sum += f64::from(weight) * value;
                    weights += f64::from(weight);
                }
            }
            sum / weights
        })
        .collect()
}

/// A profile between pixels; NaN beyond its ends.
fn between(profile: &[f64], at: f64) -> f64 {
    if !(0.0..=profile.len() as f64 - 1.0).contains(&at) {
        return f64::NAN;
    }
    let below = (at as usize).min(profile.len().saturating_sub(2));
    let share = at - below as f64;
    profile[below] * (1.0 - share) + profile.get(below + 1).copied().unwrap_or(f64::NAN) * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Lines with these middles across an axis, 120 px long, on noise.
    fn lines(middles: &[f64], axis_deg: f64, seed: u64) -> Plane {
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let mut stream = Stream::new(seed, "test", 0);
        Plane::from_fn(260, 300, |y, x| {
            let (dy, dx) = (y as f64 - 130.0, x as f64 - 150.0);
            let (across, along) = (sin * dx + cos * dy, cos * dx - sin * dy);
            let nearest = middles.iter().map(|at| (across - at).abs()).fold(f64::MAX, f64::min);
            let line = if along.abs() < 75.0 { (1.0 - ((nearest - 7.0) / 1.5).tanh()) / 2.0 } else { 0.0 };
            (60.0 * line + 5.0 * stream.normal()) as f32
        })
    }

    #[test]
    fn five_lines_in_a_part_of_the_image_have_a_pitch() {
        for (axis, pitch) in [(90.0, 27.0), (0.0, 30.5), (34.0, 24.3)] {
            let middles: Vec<f64> = (0..5).map(|k| -60.0 + pitch * f64::from(k)).collect();
            let found = few(&lines(&middles, axis, 1), false).unwrap();
            let long = found.wave[0].hypot(found.wave[1]).recip();
            assert!((long / pitch - 1.0).abs() < 0.004, "{axis}: {long} in place of {pitch}");
            assert!((long / pitch - 1.0).abs() < 4.0 * found.placement, "{axis}: {found:?}");
            assert_eq!(found.n_lines, 5, "{axis}");
        }
    }

    #[test]
    fn lines_at_irregular_distances_have_none() {
        for (seed, middles) in [
            (1, vec![-80.0, -50.0, -29.0, 10.0, 31.0, 66.0]),
            (2, vec![-70.0, -40.0, 5.0, 28.0, 75.0]),
            (3, vec![-90.0, -66.0, -34.0, 4.0, 26.0, 44.0, 85.0]),
        ] {
            let found = few(&lines(&middles, 90.0, seed), false);
            assert!(found.is_err(), "{middles:?}: {found:?}");
        }
    }
}
