//! Profile: grey levels across lines, one value for each px; NaN where the image ends.

use crate::smooth::gaussian;

/// Mean of two profiles; where only one is known, that one.
pub(super) fn mean_of(a: &[f64], b: &[f64]) -> Vec<f64> {
    let either = |(a, b): (&f64, &f64)| match (a.is_finite(), b.is_finite()) {
        (true, true) => (a + b) / 2.0,
        (true, false) => *a,
        _ => *b,
    };
    a.iter().zip(b).map(either).collect()
}

/// The longest part of a profile without NaN, and where it begins.
pub(super) fn longest(profile: &[f64]) -> (usize, &[f64]) {
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
pub(super) fn smoothed(profile: &[f64]) -> Vec<f64> {
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
pub(super) fn between(profile: &[f64], at: f64) -> f64 {
    if !(0.0..=profile.len() as f64 - 1.0).contains(&at) {
        return f64::NAN;
    }
    let below = (at as usize).min(profile.len().saturating_sub(2));
    let share = at - below as f64;
    profile[below] * (1.0 - share) + profile.get(below + 1).copied().unwrap_or(f64::NAN) * share
}

/// The mean line of a pattern, at whole px about its middle.
pub(super) struct Line {
    half: i64,
    values: Vec<f64>,
}

impl Line {
    /// The mean of a profile around the places `middles`, up to `half` px away.
    pub(super) fn mean(profile: &[f64], middles: &[f64], half: i64) -> Self {
        let values = (-half..=half).map(|by| {
            let values = middles.iter().map(|at| between(profile, at + by as f64));
            let inside: Vec<f64> = values.filter(|value| value.is_finite()).collect();
            inside.iter().sum::<f64>() / inside.len().max(1) as f64
        });
        Self { half, values: values.collect() }
    }

    /// Correlation with a profile about `middle`; `None` where less than two thirds of it are inside.
    pub(super) fn likeness(&self, profile: &[f64], middle: f64) -> Option<f64> {
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
    pub(super) fn best(&self, profile: &[f64], middle: f64, reach: f64) -> Option<(f64, f64)> {
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
