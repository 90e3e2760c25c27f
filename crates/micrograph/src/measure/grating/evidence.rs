//! Evidence: whether a plane has a period, and the start of a fit.
//!
//! Each criterion rejects one kind of texture without period: a ring of a characteristic length lacks
//! prominence, a straight edge lacks it in its direction, an amorphous texture loses its order from one
//! period to the next, and curved lines lose their phase.

use serde::{Deserialize, Serialize};

use crate::contrast::Flat;
use crate::measure::harmonics::Harmonics;
use crate::measure::spectrum::{Peak, Spectrum, between};
use crate::{ConfigError, Plane};

/// Fewest pixels along a side.
const LEAST_SIDE: usize = 32;
/// Least coherence of a first harmonic that is not the strongest, and the share of the strongest's amplitude from which on
/// it is judged by it.
const LEAST_OWN_COHERENCE: f64 = 0.6;
const STRONG: f64 = 0.25;
/// Two harmonics that have at least this share of the strongest amplitude in some tile belong to one pattern if they are at the same
/// places: their amplitudes over all tiles, each over its largest, overlap by at least this share.
const STRONG_ANYWHERE: f64 = 0.3;
const LEAST_TOGETHER: f64 = 0.4;
const LEAST_TILES: usize = 4;
/// Fewest cycles over the plane.
const LEAST_CYCLES: f64 = 3.0;
/// Least power of a peak over the usual power around it. Noise reaches 15 over a whole plane.
const LEAST_PROMINENCE: f64 = 25.0;
/// Least prominence of a term at a half or a third of the strongest frequency to be the true first.
const LEAST_SUBHARMONIC: f64 = 40.0;
/// Least autocorrelation at one period.
const LEAST_CORRELATION: f64 = 0.06;
/// Least share of it at the second period.
const LEAST_PERSISTENCE: f64 = 0.5;
/// Autocorrelation by which a longer period must be better than a shorter one to be the true one.
const MUCH_BETTER: f64 = 0.15;
/// Most the autocorrelation's period may differ from the spectrum's, relative.
const MOST_DISAGREEMENT: f64 = 0.08;
/// Least coherence of phase over the plane; rough lines in noise keep 0.98, sections of layered films
/// reach 0.87 by chance.
const LEAST_COHERENCE: f64 = 0.9;
/// Share of the strongest peak's power from which a peak in another direction makes a lattice.
const SECOND_DIRECTION: f64 = 0.12;

/// The evidence for a period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Cycles over the field, from corner to corner; at least 3.
    pub cycles: f64,
    /// Power of the strongest peak over the usual at its frequency and in its direction; at least 25.
    pub prominence: f64,
    /// Period in the autocorrelation over that in the spectrum; within 8 % of 1.
    pub agreement: f64,
    /// Autocorrelation at one period, at least 0.06; noise lowers it.
    pub correlation: f64,
    /// Autocorrelation at two periods over that at one, at least a half; absent where the field is too
    /// small for it.
    pub persistence: Option<f64>,
    /// How well the phase holds from tile to tile: 1 perfect, at least 0.9; 0 if it was not fitted.
    pub coherence: f64,
    /// Share of the variance, noise included, that the fitted pattern explains; 0 if it was not fitted.
    pub explained: f64,
}

/// Why no period is given.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum NoPeriodReason {
    /// A setting is out of range.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// Too few pixels.
    #[error("expected at least {LEAST_SIDE} px along each side, found {width} × {height}")]
    TooSmall { height: usize, width: usize },
    /// Some pixels are not numbers.
    #[error("{0} pixels are NaN or infinite; expected finite grey levels")]
    NotNumbers(usize),
    /// One grey level, or only its change over the image.
    #[error(
        "the image is flat: apart from slow changes of brightness it holds at most noise of the last digit"
    )]
    Flat,
    /// No peak of the spectrum is prominent enough.
    #[error(
        "no periodic pattern found: the strongest peak of the spectrum is {prominence:.0}× the background, \
         at least {LEAST_PROMINENCE}× is required. If you see lines or dots, measure the part that they fill (`--box`)"
    )]
    NoPeak { prominence: f64 },
    /// The autocorrelation has no period, or another.
    #[error(
        "spectrum and autocorrelation disagree: {spectrum_px:.1} px against {autocorrelation_px:.1} px, as where two \
         patterns overlap. Measure a part that holds one of them (`--box`)"
    )]
    Disagreement { spectrum_px: f64, autocorrelation_px: f64 },
    /// One period resembles the next too little, or those after.
    #[error(
        "no order from one period to the next: the correlation is {correlation:.2} after one period \
         and {second:.2} after two, at least {LEAST_CORRELATION} and half of it are required"
    )]
    NoOrder { correlation: f64, second: f64 },
    /// The field is too small for the period.
    #[error("too few periods: {cycles:.1} over the image, at least {LEAST_CYCLES} are required")]
    TooFewCycles { cycles: f64 },
    /// The phase is lost over the plane.
    #[error(
        "the phase is not constant over the image: its coherence is {coherence:.2}, \
         at least {LEAST_COHERENCE} is required; the lines are curved or broken, or periodic by chance"
    )]
    NotCoherent { coherence: f64 },
    /// What seemed the first harmonic is another pattern.
    #[error(
        "two patterns: waves about {longer_px:.1} px apart are not of the lines {shorter_px:.1} px apart. Measure \
         a part that holds one of them (`--box`)"
    )]
    TwoPatterns { longer_px: f64, shorter_px: f64 },
    /// The fit does not converge, or converges to another wave.
    #[error(
        "the fit of an evenly repeated pattern does not converge, as where lines bend or change their distance. \
         Measure a part where they are straight (`--box`)"
    )]
    NoFit,
    /// A map of pitches has no place with lines.
    #[error("lines are strong enough nowhere: expected some over at least 8 % of the image")]
    NoPlace,
    /// What a map of pitches would show is a small part of what is there.
    #[error(
        "lines explain {:.0} % of the contrast where they are strongest: something else is there, or noise. Measure the part \
         that they fill (`--box`)", 100.0 * explained
    )]
    NotTheirs { explained: f64 },
    /// A grating, where a lattice was searched.
    #[error("the pattern repeats along one direction only: a grating, not a lattice")]
    OneDirection,
    /// Peaks that no two waves explain.
    #[error("no lattice found: the best two waves explain {:.0} % of the peaks of the spectrum", 100.0 * explained)]
    NoLattice { explained: f64 },
    /// Positions are far from the sites.
    #[error("no order: positions differ from their sites by {:.0} % of the shortest vector", 100.0 * share)]
    OffSites { share: f64 },
    /// Too few places to fit a lattice through.
    #[error("too few occupied sites away from the border: {found}, at least 6 are required")]
    TooFewSites { found: usize },
    /// A lattice, where a grating was searched.
    #[error("the pattern repeats along two directions: a lattice, not a grating")]
    TwoDirections,
}

/// No period: no number is given.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[error("{reason}")]
pub struct NoPeriod {
    /// Why.
    pub reason: NoPeriodReason,
    /// The evidence as far as it was computed.
    pub evidence: Option<Evidence>,
}

impl From<NoPeriodReason> for NoPeriod {
    fn from(reason: NoPeriodReason) -> Self {
        Self { reason, evidence: None }
    }
}

/// Where a fit begins.
pub(super) struct Start {
    pub(super) wave: [f64; 2],
    /// Harmonic that is the strongest.
    pub(super) strongest: i32,
    pub(super) evidence: Evidence,
}

/// Refuses planes that cannot be measured at all.
pub(in crate::measure) fn check(plane: &Plane) -> Result<(), NoPeriodReason> {
    let (height, width) = (plane.height(), plane.width());
    if height < LEAST_SIDE || width < LEAST_SIDE {
        return Err(NoPeriodReason::TooSmall { height, width });
    }
    let odd = plane.values().iter().filter(|value| !value.is_finite()).count();
    if odd > 0 {
        return Err(NoPeriodReason::NotNumbers(odd));
    }
    if Flat::of(plane).is_some() {
        return Err(NoPeriodReason::Flat);
    }
    Ok(())
}

/// The strongest peak of a spectrum, as a wave whose harmonic it is.
struct Strongest {
    wave: [f64; 2],
    /// Which harmonic is the strongest.
    order: i32,
    prominence: f64,
    peaks: Vec<Peak>,
    peak: Peak,
    likeness: Likeness,
}

fn strongest(plane: &Plane) -> Result<Strongest, NoPeriod> {
    let (height, width) = (plane.height(), plane.width());
    let spectrum = Spectrum::of(plane);
    let peaks = spectrum.peaks(LEAST_CYCLES, 60);
    let highest = peaks.iter().map(|peak| peak.prominence).fold(0.0, f64::max);
    let Some(&peak) = peaks.iter().find(|peak| peak.prominence >= LEAST_PROMINENCE) else {
        return Err(NoPeriodReason::NoPeak { prominence: highest }.into());
    };
    let likeness = Likeness { values: spectrum.autocorrelation(), size: (height, width) };
    let (wave, order) = first_harmonic(&spectrum, &peaks, &peak, (height, width));
    let (wave, order) = likeness.true_period(wave, order);
    Ok(Strongest { wave, order, prominence: peak.prominence, peaks, peak, likeness })
}

/// The usual wave of lines whose distance and direction may change over a flattened plane, and which of its harmonics is
/// the strongest.
pub(in crate::measure) fn wave_of(plane: &Plane) -> Result<([f64; 2], i32), NoPeriod> {
    let Strongest { wave, order, .. } = strongest(plane)?;
    Ok((wave, order))
}

/// The period that spectrum and autocorrelation of a flattened plane agree on.
pub(super) fn start(plane: &Plane) -> Result<Start, NoPeriod> {
    let (height, width) = (plane.height(), plane.width());
    let Strongest { wave, order, prominence, peaks, peak, likeness } = strongest(plane)?;
    let mut evidence = Evidence {
        cycles: wave[0].abs() * width as f64 + wave[1].abs() * height as f64,
        prominence,
        agreement: 0.0,
        correlation: 0.0,
        persistence: None,
        coherence: 0.0,
        explained: 0.0,
    };
    if evidence.cycles < LEAST_CYCLES {
        let reason = NoPeriodReason::TooFewCycles { cycles: evidence.cycles };
        return Err(NoPeriod { reason, evidence: Some(evidence) });
    }
    if peaks.iter().any(|other| second_direction(other, &peak, (height, width))) {
        return Err(NoPeriod { reason: NoPeriodReason::TwoDirections, evidence: Some(evidence) });
    }
    agree(&likeness, wave, &mut evidence)?;
    Ok(Start { wave, strongest: order, evidence })
}

/// The strongest wave, or that of which it is a harmonic, and which one.
fn first_harmonic(
    spectrum: &Spectrum,
    peaks: &[Peak],
    strongest: &Peak,
    (height, width): (usize, usize),
) -> ([f64; 2], i32) {
    for order in [4, 3, 2] {
        let wave = strongest.wave.map(|component| component / f64::from(order));
        let near = |peak: &&Peak| {
            let off = |axis: usize, side: usize| (peak.wave[axis] - wave[axis]).abs() * side as f64;
            off(0, width) < 0.7 && off(1, height) < 0.7
        };
        let first = peaks.iter().find(near);
        let stands_out = first.is_some_and(|peak| {
            peak.power > 0.002 * strongest.power
                && spectrum.prominence(peak.wave, spectrum.power_near(peak.wave)) >= LEAST_SUBHARMONIC
        });
        if stands_out {
            return (wave, order);
        }
    }
    (strongest.wave, 1)
}

/// Whether `peak` is a strong wave in quite another direction.
fn second_direction(peak: &Peak, strongest: &Peak, (height, width): (usize, usize)) -> bool {
    let ([ax, ay], [bx, by]) = (peak.wave, strongest.wave);
    let sine = (ax * by - ay * bx).abs() / (peak.frequency() * strongest.frequency());
    // not the foot of the same peak
    let bins = ((ax - bx) * width as f64).hypot((ay - by) * height as f64);
    let mirrored = ((ax + bx) * width as f64).hypot((ay + by) * height as f64);
    sine > 0.25
        && bins.min(mirrored) > 3.0
        && peak.power > SECOND_DIRECTION * strongest.power
        && peak.prominence >= LEAST_PROMINENCE
}

/// How much a plane resembles itself, from its autocorrelation.
struct Likeness {
    values: Vec<f64>,
    size: (usize, usize),
}

impl Likeness {
    /// At a distance of `periods` periods of `wave`, across its lines.
    fn at(&self, wave: [f64; 2], periods: f64) -> f64 {
        let [dx, dy] = offset(wave, periods);
        between(&self.values, self.size, dx, dy)
    }

    /// Whether the autocorrelation is known at that distance.
    fn room(&self, wave: [f64; 2], periods: f64) -> bool {
        let ([dx, dy], (height, width)) = (offset(wave, periods), self.size);
        dx.abs() < 0.4 * width as f64 && dy.abs() < 0.4 * height as f64
    }

    /// The wave of the true period, and the order of its strongest harmonic, from a first guess.
    ///
    /// A peak at half of a frequency may be something else in the image: then the autocorrelation is no higher
    /// at the longer period than at the shorter. And the first harmonic of lines as wide as their spaces may
    /// be missing, so that the second is taken for it: then the autocorrelation is much higher at twice the
    /// period.
    fn true_period(&self, wave: [f64; 2], order: i32) -> ([f64; 2], i32) {
        let shorter = f64::from(order).recip();
        if order > 1 && self.at(wave, shorter) >= self.at(wave, 1.0) {
            return self.true_period(wave.map(|component| component * f64::from(order)), 1);
        }
        let longer = [2, 3].into_iter().find(|&times| {
            let periods = f64::from(times);
            self.room(wave, periods) && self.at(wave, periods) > self.at(wave, 1.0) + MUCH_BETTER
        });
        longer.map_or((wave, order), |times| {
            (wave.map(|component| component / f64::from(times)), order * times)
        })
    }
}

/// So many periods of `wave` across its lines, in columns and rows.
fn offset(wave: [f64; 2], periods: f64) -> [f64; 2] {
    let square = wave[0] * wave[0] + wave[1] * wave[1];
    wave.map(|component| periods * component / square)
}

/// Searches the same period in the autocorrelation, and measures it at the second period.
fn agree(likeness: &Likeness, wave: [f64; 2], evidence: &mut Evidence) -> Result<(), NoPeriod> {
    let at = |periods: f64| likeness.at(wave, periods);
    let refuse = |reason, evidence: &Evidence| NoPeriod { reason, evidence: Some(*evidence) };
    let top = (60..=140).map(|share| f64::from(share) / 100.0).max_by(|&a, &b| at(a).total_cmp(&at(b)));
    let top = top.unwrap_or(1.0);
    evidence.agreement = top;
    evidence.correlation = at(top);
    if (top - 1.0).abs() > MOST_DISAGREEMENT {
        let spectrum_px = 1.0 / wave[0].hypot(wave[1]);
        let autocorrelation_px = top * spectrum_px;
        return Err(refuse(NoPeriodReason::Disagreement { spectrum_px, autocorrelation_px }, evidence));
    }
    let second = likeness.room(wave, 2.0 * top).then(|| at(2.0 * top));
    evidence.persistence = second.map(|second| second / evidence.correlation);
    let ordered = evidence.correlation >= LEAST_CORRELATION
        && evidence.persistence.is_none_or(|share| share >= LEAST_PERSISTENCE);
    if !ordered {
        let correlation = evidence.correlation;
        let reason = NoPeriodReason::NoOrder { correlation, second: second.unwrap_or(correlation) };
        return Err(refuse(reason, evidence));
    }
    Ok(())
}

impl Evidence {
    /// Adds the evidence from the fit, and refuses a fit that does not hold over the plane.
    pub(super) fn judge(
        &mut self,
        pattern: &Harmonics,
        plane: &Plane,
        strongest: i32,
        start: [f64; 2],
    ) -> Result<(), NoPeriod> {
        let wave = pattern.waves[0];
        self.explained = pattern.explained;
        // tiles of one period of the strongest term, so that each gives its phase
        let tile_px = 1.0 / (wave[0].hypot(wave[1]) * f64::from(strongest));
        (self.coherence, _) = pattern.coherence(plane, [strongest, 0], tile_px);
        let moved = (wave[0] - start[0]).abs() * plane.width() as f64
            + (wave[1] - start[1]).abs() * plane.height() as f64;
        if moved > 1.0 {
            return Err(NoPeriod { reason: NoPeriodReason::NoFit, evidence: Some(*self) });
        }
        if self.coherence < LEAST_COHERENCE {
            let reason = NoPeriodReason::NotCoherent { coherence: self.coherence };
            return Err(NoPeriod { reason, evidence: Some(*self) });
        }
        if strongest > 1 {
            // a wave of another pattern near the first harmonic is strong in each tile and out of step with its neighbours
            let longer_px = 1.0 / wave[0].hypot(wave[1]);
            let own = pattern.amplitudes(plane, [1, 0]);
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            let (coherence, _) = pattern.coherence(plane, [1, 0], longer_px);
            if coherence < LEAST_OWN_COHERENCE && mean > STRONG * pattern.amplitude([strongest, 0]) {
                let shorter_px = longer_px / f64::from(strongest);
                let reason = NoPeriodReason::TwoPatterns { longer_px, shorter_px };
                return Err(NoPeriod { reason, evidence: Some(*self) });
            }
        }
        if let Some([one, other]) = apart(pattern, plane) {
            let period_px = 1.0 / wave[0].hypot(wave[1]);
            let [longer_px, shorter_px] = [one, other].map(|order| period_px / f64::from(order));
            let reason = NoPeriodReason::TwoPatterns { longer_px, shorter_px };
            return Err(NoPeriod { reason, evidence: Some(*self) });
        }
        Ok(())
    }
}

/// Whether some of the first harmonics of `wave` are in one part of the flattened `plane` and others in another: two patterns side
/// by side, which repeat together after a period of `wave`.
pub(in crate::measure) fn side_by_side(plane: &Plane, wave: [f64; 2]) -> bool {
    let orders: Vec<[i32; 2]> = (1..=4).map(|order| [order, 0]).collect();
    apart(&Harmonics::unfitted(plane, &[wave], &orders), plane).is_some()
}

/// The orders of two strong harmonics, the lower one first, of which one is where the other is not: two patterns side by side, whose
/// common multiple was fitted.
fn apart(pattern: &Harmonics, plane: &Plane) -> Option<[i32; 2]> {
    let wave = pattern.waves[0];
    let tile_px = 2.0 / wave[0].hypot(wave[1]);
    let highest = |tiles: &[f64]| tiles.iter().copied().fold(0.0, f64::max);
    let of_order = |order: i32| (order, pattern.amplitudes_in_tiles(plane, [order, 0], tile_px));
    let mut all: Vec<(i32, Vec<f64>)> = pattern.terms.iter().map(|term| of_order(term.order[0])).collect();
    let strongest = all.iter().map(|(_, tiles)| highest(tiles)).fold(0.0, f64::max);
    all.retain(|(_, tiles)| tiles.len() >= LEAST_TILES && highest(tiles) >= STRONG_ANYWHERE * strongest);
    for (place, (one, a)) in all.iter().enumerate() {
        for (other, b) in &all[place + 1..] {
            let both: f64 = a.iter().zip(b).map(|(x, y)| (x / highest(a)).min(y / highest(b))).sum();
            let sum = |tiles: &[f64]| tiles.iter().sum::<f64>() / highest(tiles);
            if both < LEAST_TOGETHER * sum(a).min(sum(b)) {
                return Some([*one, *other]);
            }
        }
    }
    None
}
