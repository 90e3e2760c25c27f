//! Placed: lines placed one by one in every band that shows them, and the pitch, axis and bend that follow.
//!
//! Each line is where the profile of a band is most like the mean line. A straight line through the mean positions of
//! the lines gives the pitch; what it leaves of them, how the pitch changes along the lines, and how the lines bend
//! give its uncertainty. Lines that bend far are arcs, as of rings, and are refused.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::run::Run;
use super::straight::Straight;
use super::turned::{Bands, Turned};
use crate::Rect;
use crate::measure::solve::Normal;

/// Fewest lines.
const LEAST_LINES: usize = 3;
/// Fewest lines of which the first and the last are left out of the pitch.
const LEAST_FOR_INNER: usize = 7;
/// Least correlation of a line with the mean line.
const LEAST_LIKENESS: f64 = 0.55;
/// Least uncertainty of the position of a line, in px: that of interpolation.
const LEAST_POSITION_PX: f64 = 0.1;
/// Largest height of the arc of lines over its chord, if it is not by chance: a tenth of a ring has 0.08, lines in the
/// image of a lens or under drift have below 0.01.
const MOST_BEND: f64 = 0.03;
/// Standard uncertainties from which on a bend is not by chance.
const SIGNIFICANT: f64 = 3.0;
/// Largest standard uncertainty of the axis in rad: lines that wander have none.
const MOST_TURN: f64 = 0.06;

/// Lines that were placed one by one.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// Axis of the lines as seen in the image, in rad.
    pub(super) axis: f64,
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

/// A line in a band.
#[derive(Clone, Copy)]
struct Place {
    line: i32,
    band: usize,
    /// Column of its middle.
    at: f64,
}

/// The lines of `run`, found in the pair `at` of `bands`, in all bands that show them.
pub(super) fn placed(turned: &Turned, bands: &Bands, at: usize, run: &Run) -> Option<Placed> {
    let extent = run.extent(&bands.pairs, at);
    let shown = extent.start..=extent.end; // the last pair ends with the band after it
    let single = &bands.single;
    let line = run.line(&bands.pairs[at]);
    // all lines from one border to the other, the run's own from 0 on
    let first = run.start + run.middle;
    let all =
        -((first / run.pitch).floor() as i32)..=((turned.across as f64 - first) / run.pitch).floor() as i32;
    let expected = |k: i32| first + f64::from(k) * run.pitch;
    // shifts of bands, from the best on
    let own = 0..=(run.periods.ceil() as i32 - 1);
    let common = |band: usize, near: f64| {
        let likeness =
            |by: f64| own.clone().filter_map(|k| line.likeness(&single[band], expected(k) + by)).sum::<f64>();
        let steps = (0.6 * run.pitch / 0.5) as i32;
        let best = (-steps / 2..=steps / 2)
            .map(|step| near + 0.5 * f64::from(step))
            .max_by(|a, b| likeness(*a).total_cmp(&likeness(*b)));
        best.unwrap_or(near)
    };
    let mut shifts = vec![0.0; single.len()];
    shifts[at] = common(at, 0.0);
    for band in at + 1..=*shown.end() {
        shifts[band] = common(band, shifts[band - 1]);
    }
    for band in (*shown.start()..at).rev() {
        shifts[band] = common(band, shifts[band + 1]);
    }
    let mut places: Vec<Place> = Vec::new();
    for band in shown.clone() {
        for k in all.clone() {
            let near = expected(k) + shifts[band];
            if let Some((by, likeness)) = line.best(&single[band], near, 0.2 * run.pitch)
                && likeness >= LEAST_LIKENESS
            {
                places.push(Place { line: k, band, at: near + by });
            }
        }
    }
    let n_bands = shown.end() + 1 - shown.start();
    let often = |k: i32| 2 * places.iter().filter(|place| place.line == k).count() >= n_bands;
    // those side by side with the run
    let middle = (run.periods / 2.0) as i32;
    let (mut low, mut high) = (middle, middle);
    while high < *all.end() && often(high + 1) {
        high += 1;
    }
    while low > *all.start() && often(low - 1) {
        low -= 1;
    }
    places.retain(|place| (low..=high).contains(&place.line));
    if ((high - low + 1) as usize) < LEAST_LINES {
        return None;
    }
    fitted(turned, bands, &places, (low..=high, shown), run)
}

/// Pitch, axis and bend of lines that were found at `places`.
fn fitted(
    turned: &Turned,
    bands: &Bands,
    places: &[Place],
    (lines, shown): (RangeInclusive<i32>, RangeInclusive<usize>),
    run: &Run,
) -> Option<Placed> {
    let (of_line, of_band) = parts(places, &lines, bands.single.len(), run.pitch);
    let points: Vec<(f64, f64)> = of_line.iter().map(|(k, at)| (f64::from(*k), *at)).collect();
    let n = points.len();
    // beside the first and the last line is something else, which draws them inwards or outwards
    let inner = if n >= LEAST_FOR_INNER { &points[1..n - 1] } else { &points[..] };
    let across = Straight::through(inner)?;
    let placement = across.sigma(inner.len(), LEAST_POSITION_PX) / across.spread.sqrt() / across.slope;
    // bands: the turn of the lines, and how the pitch changes along them
    let drift: Vec<(f64, f64)> = shown
        .clone()
        .filter(|&band| of_band[band].is_finite())
        .map(|band| (bands.row(band), of_band[band]))
        .collect();
    let lean = Straight::through(&drift)?;
    let turn = lean.sigma(drift.len(), LEAST_POSITION_PX) / lean.spread.sqrt();
    if turn > MOST_TURN || bend(&drift) > MOST_BEND {
        return None;
    }
    let half = (shown.end() - shown.start()) as f64 * bands.height() / 2.0;
    let fan = fan(bands, places, &shown).map_or(0.0, |per_row| per_row.abs() * half / across.slope);
    // lines at `column = first + k·slope + lean·row`: across them, by the angle of the lean
    let shorter = (1.0 + lean.slope * lean.slope).sqrt().recip();
    let per_column = [turned.sin, turned.cos]; // of u, along x and y
    let per_row = [turned.cos, -turned.sin];
    let wave = [0, 1].map(|axis| (per_column[axis] - lean.slope * per_row[axis]) / across.slope);
    let mean = |of: fn(&(f64, f64)) -> f64| inner.iter().map(of).sum::<f64>() / inner.len() as f64;
    let (mean_k, mean_at) = (mean(|point| point.0), mean(|point| point.1));
    let middle = [(turned.across as f64 - 1.0) / 2.0, (turned.along as f64 - 1.0) / 2.0];
    let column = mean_at + lean.at_zero + lean.slope * middle[1];
    let phase = ((column - middle[0]) / across.slope - mean_k).rem_euclid(1.0);
    debug_assert!((wave[0].hypot(wave[1]) * across.slope * shorter - 1.0).abs() < 1e-9, "across the lines");
    let rows =
        [bands.row(*shown.start()) - bands.height() / 2.0, bands.row(*shown.end()) + bands.height() / 2.0];
    let ends = [points.first()?.1 - 0.5 * across.slope, points.last()?.1 + 0.5 * across.slope];
    let corners = rows.into_iter().flat_map(|row| {
        let drift = lean.at_zero + lean.slope * row;
        ends.map(|end| turned.place(end + drift, row))
    });
    Some(Placed {
        axis: (turned.sin - lean.slope * turned.cos).atan2(turned.cos + lean.slope * turned.sin),
        wave,
        phase,
        n_lines: n,
        placement,
        degrees_of_freedom: (inner.len() as f64 - 2.0).max(1.0),
        fan,
        turn: turn * shorter * shorter,
        repeated: run.repeated,
        rms: run.rms,
        part: turned.bounds(corners),
    })
}

/// The mean column of each line and the mean shift of each band, NaN where it shows no line.
fn parts(
    places: &[Place],
    lines: &RangeInclusive<i32>,
    n_bands: usize,
    pitch: f64,
) -> (BTreeMap<i32, f64>, Vec<f64>) {
    let base = |k: i32| f64::from(k) * pitch;
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let mut of_line: BTreeMap<i32, f64> = lines.clone().map(|k| (k, base(k))).collect();
    let mut of_band = vec![0.0; n_bands];
    // each in turn
    for _ in 0..4 {
        for (band, shift) in of_band.iter_mut().enumerate() {
            let own = places.iter().filter(|place| place.band == band);
            *shift = mean(own.map(|place| place.at - of_line[&place.line]).collect());
        }
        for (line, column) in &mut of_line {
            let own = places.iter().filter(|place| place.line == *line);
            *column = mean(own.map(|place| place.at - of_band[place.band]).collect());
        }
    }
    (of_line, of_band)
}

/// Change of the pitch per row along the lines, if it is not by chance.
fn fan(bands: &Bands, places: &[Place], shown: &RangeInclusive<usize>) -> Option<f64> {
    let pitches: Vec<(f64, f64)> = shown
        .clone()
        .filter_map(|band| {
            let own = places.iter().filter(|place| place.band == band);
            let own: Vec<(f64, f64)> = own.map(|place| (f64::from(place.line), place.at)).collect();
            (own.len() >= 3)
                .then(|| Straight::through(&own))
                .flatten()
                .map(|line| (bands.row(band), line.slope))
        })
        .collect();
    let change = Straight::through(&pitches)?;
    let uncertain = change.sigma(pitches.len(), 0.0) / change.spread.sqrt();
    (change.slope.abs() > 2.0 * uncertain).then_some(change.slope)
}

/// Height of the arc through the positions `(row, column)` of a line, over its chord; 0 if it may be straight.
///
/// A parabola is fitted; roughness leaves as much of it as of a straight line, an arc of a ring does not.
fn bend(drift: &[(f64, f64)]) -> f64 {
    let n = drift.len() as f64;
    let (Some(first), Some(last)) = (drift.first(), drift.last()) else { return 0.0 };
    let half = (last.0 - first.0) / 2.0;
    if drift.len() < 4 || half <= 0.0 {
        return 0.0;
    }
    let mut normal = Normal::new(3);
    let terms = |row: f64| {
        let at = (row - first.0) / half - 1.0;
        [1.0, at, at * at]
    };
    drift.iter().for_each(|&(row, column)| normal.add(&terms(row), column, 1.0));
    let (Some(solution), Some(inverse)) = (normal.solution(), normal.inverse()) else { return 0.0 };
    let off = |&(row, column): &(f64, f64)| {
        let fitted: f64 = terms(row).iter().zip(&solution).map(|(term, weight)| term * weight).sum();
        (column - fitted).powi(2)
    };
    let sigma = (drift.iter().map(off).sum::<f64>() / (n - 3.0)).sqrt().max(LEAST_POSITION_PX);
    let height = solution[2].abs();
    if height > SIGNIFICANT * sigma * inverse[8].sqrt() { height / (2.0 * half) } else { 0.0 }
}
