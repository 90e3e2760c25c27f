//! Run: periods side by side in a profile that repeat each other, and how unlikely that is by chance.
//!
//! Periods of a profile without pattern have nothing in common: the share of their variance that their mean explains
//! then has a beta distribution, whose parameters are the number of periods and the number of independent values of
//! one. Its tail is the evidence.

use std::ops::Range;

use statrs::function::beta::ln_beta;

use super::profile::{Line, between, longest};

/// Smallest pitch in px, and the step from one pitch that is tried to the next.
const LEAST_PITCH: f64 = 6.0;
const PITCH_STEP: f64 = 1.018;
/// Starts in a period that are tried first, and samples of a period then and later, at most.
const COARSE_STARTS: usize = 4;
const COARSE_SAMPLES: usize = 12;
const FINE_SAMPLES: usize = 24;
/// Fewest periods of a run, and most that are compared.
const LEAST_PERIODS: f64 = 3.5;
const MOST_PERIODS: usize = 16;
/// Least share of the variance of a run that its mean period explains.
const LEAST_REPEATED: f64 = 0.6;
/// Least such share of a run that is followed on.
const LEAST_GOING: f64 = 0.55;
/// Most equal parts of a period that are looked for.
const MOST_PARTS: usize = 8;
/// Least share of the variance of the mean period that equal parts of it explain: always, and where what is left may
/// be by chance.
const EQUAL_PARTS: f64 = 0.95;
const NEARLY_EQUAL_PARTS: f64 = 0.8;
/// Ratio of what is left to what noise leaves, from which on it is not by chance.
const MORE_THAN_NOISE: f64 = 4.0;
/// Largest logarithm of the probability of chance of a run beside another.
const MOST_CHANCE_BESIDE: f64 = -9.0;

/// Periods side by side that repeat each other, in a profile.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// In px, like the start of the first period.
    pub(super) pitch: f64,
    pub(super) start: f64,
    pub(super) periods: f64,
    /// Share of the variance that the mean period explains.
    pub(super) repeated: f64,
    /// Standard deviation of the mean period.
    pub(super) rms: f64,
    /// Logarithm of the probability of chance.
    pub(super) chance: f64,
    /// Middle of a line from the start of a period, in px.
    pub(super) middle: f64,
}

/// What is looked for in a profile.
struct Search {
    pitch: f64,
    /// Where the first period starts.
    within: Range<f64>,
    /// Places in a period at which it may start.
    starts: usize,
    /// Least standard deviation of the mean period.
    least_rms: f64,
}

impl Run {
    /// The most certain run of a profile, of a mean period whose standard deviation is at least `least_rms`.
    pub(super) fn best(profile: &[f64], least_rms: f64) -> Option<Self> {
        let (offset, part) = longest(profile);
        let most = part.len() as f64 / LEAST_PERIODS;
        let mut best: Option<Self> = None;
        let mut pitch = LEAST_PITCH;
        while pitch <= most {
            let within = 0.0..part.len() as f64;
            let found = Self::found(part, &Search { pitch, within, starts: COARSE_STARTS, least_rms });
            best = Self::better(best, found);
            pitch *= PITCH_STEP;
        }
        let best = best?.refined(part, least_rms);
        let best = match best.equal_parts(part) {
            1 => best,
            parts => {
                let pitch = best.pitch / parts as f64;
                (pitch >= LEAST_PITCH).then(|| Self::around(part, pitch, least_rms)).flatten()?
            }
        };
        Some(best.finished(profile, offset))
    }

    /// The most certain run of a profile whose pitch is within 4 % of `pitch`.
    pub(super) fn near(profile: &[f64], pitch: f64, least_rms: f64) -> Option<Self> {
        let (offset, part) = longest(profile);
        Some(Self::around(part, pitch, least_rms)?.finished(profile, offset))
    }

    /// The most certain run whose pitch is within 4 % of `pitch`, in a part of a profile.
    fn around(part: &[f64], pitch: f64, least_rms: f64) -> Option<Self> {
        let mut best: Option<Self> = None;
        for step in -8..=8 {
            let pitch = pitch * (1.0 + 0.005 * f64::from(step));
            let within = 0.0..part.len() as f64;
            let found = Self::found(part, &Search { pitch, within, starts: 8, least_rms });
            best = Self::better(best, found);
        }
        Some(best?.refined(part, least_rms))
    }

    /// Into how many equal parts the mean period falls: 1, or how many pitches were taken for one.
    ///
    /// Periods side by side repeat each other at any multiple of the pitch. Where lines alternate by more than noise,
    /// the two are one period.
    fn equal_parts(&self, part: &[f64]) -> usize {
        let cells = self.periods.floor();
        // what noise leaves of the mean of so many periods, as a share of its variance
        let noise = (1.0 - self.repeated) / (self.repeated * (cells - 1.0));
        let equal = |parts: usize| {
            let samples = (2.0 * self.pitch / parts as f64).ceil() as usize;
            let mean = self.mean_period(part, samples * parts);
            let level = mean.iter().sum::<f64>() / mean.len() as f64;
            let total: f64 = mean.iter().map(|value| (value - level).powi(2)).sum();
            let folded = (0..samples).map(|at| {
                mean.iter().skip(at).step_by(samples).map(|value| value - level).sum::<f64>() / parts as f64
            });
            let explained = folded.map(|value| value * value).sum::<f64>() * parts as f64 / total;
            let by_chance = 1.0 - explained < MORE_THAN_NOISE * noise * (1.0 - 1.0 / parts as f64);
            explained >= EQUAL_PARTS || (explained >= NEARLY_EQUAL_PARTS && by_chance)
        };
        (2..=MOST_PARTS).rev().find(|&parts| equal(parts)).unwrap_or(1)
    }

    /// The more certain one.
    fn better(best: Option<Self>, found: Option<Self>) -> Option<Self> {
        match (best, found) {
            (Some(best), Some(found)) => Some(if found.chance < best.chance { found } else { best }),
            (best, found) => best.or(found),
        }
    }

    /// The same with pitch and start in finer steps.
    fn refined(self, part: &[f64], least_rms: f64) -> Self {
        let (pitch, start) = (self.pitch, self.start);
        let mut best = self;
        for step in -8..=8 {
            let pitch = pitch * (1.0 + 0.0015 * f64::from(step));
            let within = start - 0.3 * pitch..start + 0.3 * pitch;
            let found = Self::found(part, &Search { pitch, within, starts: 12, least_rms });
            best = Self::better(Some(best.clone()), found).unwrap_or(best);
        }
        best
    }

    /// The same in the whole `profile`, of which the part begins at `offset`.
    fn finished(mut self, profile: &[f64], offset: usize) -> Self {
        self.start += offset as f64;
        self.middle = self.middle_of_line(profile);
        self
    }

    /// The most certain run of one pitch.
    fn found(part: &[f64], search: &Search) -> Option<Self> {
        let Search { pitch, ref within, starts, least_rms } = *search;
        let most = if starts <= COARSE_STARTS { COARSE_SAMPLES } else { FINE_SAMPLES };
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
            let samples: Vec<f64> = (0..n)
                .map(|at| between(part, first + at as f64 * step))
                .take_while(|value| value.is_finite())
                .collect();
            let starts = (0..samples.len()).step_by(stride);
            for begin in starts.take_while(|&at| first + at as f64 * step < within.end) {
                let end = samples.len().min(begin + k * (MOST_PERIODS + 1));
                let start = first + begin as f64 * step;
                Repetition { k, least_rms, pitch, start }.follow(&samples[begin..end], &mut best);
            }
        }
        best
    }

    /// The profiles side by side with that `at` which repeat at the same pitch.
    pub(super) fn extent(&self, profiles: &[Vec<f64>], at: usize) -> Range<usize> {
        let shows = |profile: usize, start: f64| {
            let (offset, part) = longest(&profiles[profile]);
            let start = start - offset as f64;
            let found = [-0.02, -0.01, 0.0, 0.01, 0.02].into_iter().filter_map(|change| {
                let pitch = self.pitch * (1.0 + change);
                let within = start - 0.3 * pitch..start + 0.3 * pitch;
                Self::found(part, &Search { pitch, within, starts: 8, least_rms: 0.5 * self.rms })
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
        while last + 1 < profiles.len()
            && let Some(next) = shows(last + 1, start)
        {
            (last, start) = (last + 1, next);
        }
        first..last + 1
    }

    /// The mean of the whole periods in a profile, at `n` places.
    fn mean_period(&self, profile: &[f64], n: usize) -> Vec<f64> {
        let cells = self.periods.floor() as usize;
        let at = |sample: usize| {
            let by = sample as f64 / n as f64 * self.pitch;
            let value = |cell: usize| between(profile, self.start + cell as f64 * self.pitch + by);
            (0..cells).map(value).sum::<f64>() / cells as f64
        };
        (0..n).map(at).collect()
    }

    /// Where in a period its brightest place is.
    fn middle_of_line(&self, profile: &[f64]) -> f64 {
        let n = (2.0 * self.pitch).ceil() as usize;
        let values = self.mean_period(profile, n);
        // the middle of a broad line, not its brightest noise
        let reach = (n / 6).max(1) as i64;
        let broad = |sample: usize| -> f64 {
            (-reach..=reach).map(|by| values[(sample as i64 + by).rem_euclid(n as i64) as usize]).sum()
        };
        let best = (0..n).max_by(|&a, &b| broad(a).total_cmp(&broad(b))).unwrap_or(0);
        best as f64 / n as f64 * self.pitch
    }

    /// The mean line, from half a period before its middle to half a period after.
    pub(super) fn line(&self, profile: &[f64]) -> Line {
        let cells = self.periods.round() as i32;
        let middles: Vec<f64> =
            (0..cells).map(|k| self.start + self.middle + f64::from(k) * self.pitch).collect();
        Line::mean(profile, &middles, (self.pitch / 2.0).floor() as i64)
    }
}

/// How periods are compared, one after the other.
struct Repetition {
    /// Samples of a period.
    k: usize,
    least_rms: f64,
    pitch: f64,
    start: f64,
}

impl Repetition {
    /// Puts the most certain run from the first of `samples` on in the place of `best`, if it is more certain.
    fn follow(&self, samples: &[f64], best: &mut Option<Run>) {
        let k = self.k;
        if (samples.len() as f64) < LEAST_PERIODS * k as f64 {
            return;
        }
        let (mut sums, mut total, mut changes) = ([0.0; FINE_SAMPLES], 0.0, 0.0);
        let sums = &mut sums[..k];
        for (cell, own) in samples.chunks_exact(k).enumerate() {
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
                return;
            }
            // how many independent values a period has: a sine has two
            let free = (k as f64 * (changes / total).sqrt() / std::f64::consts::PI).clamp(2.0, k as f64);
            let rms = (between / (cells * k as f64)).sqrt();
            self.judge(best, cells, between / total, free, rms);
            // and half of the next period
            if let Some(half) = samples.get((cell + 1) * k..(cell + 1) * k + k / 2) {
                let n = half.len() as f64;
                let usual = || half.iter().zip(&*sums).map(|(value, sum)| (*value, sum / cells));
                let level = half.iter().sum::<f64>() / n;
                let off = usual().map(|(value, usual)| value - usual).sum::<f64>() / n;
                let own: f64 = half.iter().map(|value| (value - level).powi(2)).sum();
                let left: f64 = usual().map(|(value, usual)| (value - usual - off).powi(2)).sum();
                let left = total - between + left * cells / (cells + 1.0);
                self.judge(best, cells + 0.5, 1.0 - left / (total + own), free, rms);
            }
        }
    }

    fn judge(&self, best: &mut Option<Run>, periods: f64, repeated: f64, free: f64, rms: f64) {
        if repeated < LEAST_REPEATED || periods < LEAST_PERIODS || rms < self.least_rms {
            return;
        }
        let chance = chance(repeated, free, periods);
        if best.as_ref().is_none_or(|best| chance < best.chance) {
            let Self { pitch, start, .. } = *self;
            *best = Some(Run { pitch, start, periods, repeated, rms, chance, middle: 0.0 });
        }
    }
}

/// Logarithm of the probability that `periods` with `free` values each repeat each other as well by chance.
fn chance(repeated: f64, free: f64, periods: f64) -> f64 {
    // the share that a mean explains has a beta distribution; its tail, from above
    let (a, b) = (free / 2.0, free * (periods - 1.0) / 2.0);
    (b * (1.0 - repeated).max(1e-12).ln() - b.ln() - ln_beta(a, b)).min(0.0)
}
