//! Gradients for the pixels: gradient × input, integrated gradients, `SmoothGrad`, guided backpropagation, deconvnet.

use std::str::FromStr;

use micrograph::Plane;
use micrograph::random::Stream;
use micrograph::smooth::smooth;
use serde::{Deserialize, Serialize};

use super::Method;
use super::error::{ExplainError, Tick};
use super::scored::Scored;
use crate::ConfigError;
use crate::interpret::views::Views;
use crate::network::ReluGradient;

/// Steps with which integrated gradients begin.
const FIRST_STEPS: usize = 16;
/// Steps whose images are run together.
const STEPS_TOGETHER: usize = 4;
/// Gap at which integrated gradients have converged, as a share of the difference of the two scores.
const SMALL_GAP: f64 = 0.01;
/// Noisy copies of `SmoothGrad`, and the standard deviation of their noise for pixels in `[0, 1]`.
const N_NOISY: usize = 16;
const NOISE: f64 = 0.1;
/// Standard deviation of the blur that is a baseline or a fill, as a share of the shorter side.
const BLUR: f64 = 1.0 / 16.0;

/// The image from which integrated gradients start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The mean grey of the micrograph everywhere.
    Mean,
    /// Black everywhere.
    Black,
    /// The micrograph, blurred until no structure is left.
    #[default]
    Blurred,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Blurred, Self::Mean, Self::Black];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Black => "black",
            Self::Blurred => "blurred",
        }
    }

    /// The image that it is for `plane`.
    pub(super) fn of(self, plane: &Plane) -> Plane {
        match self {
            Self::Mean => Plane::filled(plane.height(), plane.width(), plane.mean() as f32),
            Self::Black => Plane::filled(plane.height(), plane.width(), 0.0),
            Self::Blurred => blurred(plane),
        }
    }
}

impl FromStr for Baseline {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let found = Self::ALL.into_iter().find(|baseline| baseline.name() == text);
        found.ok_or_else(|| ConfigError::new("baseline", text, &Self::ALL.map(Self::name).join(", ")))
    }
}

/// `plane` without its structure.
pub(super) fn blurred(plane: &Plane) -> Plane {
    smooth(plane, BLUR * plane.height().min(plane.width()) as f64)
}

/// A map of attributions with what it should sum up to.
#[derive(Clone, Debug)]
pub(super) struct Integrated {
    pub map: Plane,
    /// Difference of the scores of the image and of the baseline.
    pub expected: f64,
    pub n_steps: usize,
}

/// The mean over the views.
pub(in crate::interpret) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn product(a: &Plane, b: impl Fn(usize) -> f32) -> Plane {
    let values = a.values().iter().enumerate().map(|(place, value)| value * b(place)).collect();
    Plane::new(a.height(), a.width(), values)
}

/// Gradient × pixel.
pub(super) fn times_input(
    scored: &Scored<'_>,
    views: &Views,
    plane: &Plane,
    tick: Tick<'_>,
) -> Result<Plane, ExplainError> {
    let (_, gradients) = scored.gradients(&views.cut(plane), tick)?;
    Ok(product(&views.gathered(&gradients), |place| plane.values()[place]))
}

/// Gradient with another rule for the ReLUs, that of `method`.
pub(super) fn through_relus(
    (scored, method): (&Scored<'_>, Method),
    views: &Views,
    plane: &Plane,
    tick: Tick<'_>,
) -> Result<Plane, ExplainError> {
    let rule = if method == Method::Deconvnet { ReluGradient::Deconvolution } else { ReluGradient::Guided };
    let (_, gradients) = scored.with_relu_gradient(rule, method)?.gradients(&views.cut(plane), tick)?;
    Ok(views.gathered(&gradients))
}

/// Integrated gradients by the midpoint rule. Steps are tripled, so that those before are among them, until the sum is right to 1 % or
/// there would be more than `most_steps`.
pub(super) fn integrated(
    scored: &Scored<'_>,
    views: &Views,
    (plane, baseline): (&Plane, &Plane),
    most_steps: usize,
    tick: Tick<'_>,
) -> Result<Integrated, ExplainError> {
    let (from, to) = (views.cut(baseline), views.cut(plane));
    let expected = mean(&scored.scores(&to, tick)?) - mean(&scored.scores(&from, tick)?);
    let mut n_steps = FIRST_STEPS.min(most_steps);
    let mut sums: Vec<Plane> = to.iter().map(|view| view.map(|_| 0.0)).collect();
    let mut steps: Vec<usize> = (0..n_steps).collect();
    loop {
        for few in steps.chunks(STEPS_TOGETHER) {
            let at = |step: usize| (step as f32 + 0.5) / n_steps as f32;
            let pairs = || from.iter().zip(&to);
            let between: Vec<Plane> = few
                .iter()
                .flat_map(|&step| pairs().map(move |(from, to)| mixed(from, to, at(step))))
                .collect();
            let (_, gradients) = scored.gradients(&between, tick)?;
            for (index, gradient) in gradients.iter().enumerate() {
                let sums = sums[index % to.len()].values_mut();
                for (sum, value) in sums.iter_mut().zip(gradient.values()) {
                    *sum += value;
                }
            }
        }
        let difference = |place: usize| plane.values()[place] - baseline.values()[place];
        let mean = views.gathered(&sums).map(|sum| sum / n_steps as f32);
        let map = product(&mean, difference);
        let gap = (sum(&map) - expected).abs();
        if gap <= SMALL_GAP * expected.abs() || 3 * n_steps > most_steps {
            return Ok(Integrated { map, expected, n_steps });
        }
        n_steps *= 3;
        // those that were in the middle of three are known
        steps = (0..n_steps).filter(|step| step % 3 != 1).collect();
    }
}

/// Mean gradient over noisy copies of each view.
pub(super) fn smooth_gradient(
    scored: &Scored<'_>,
    views: &Views,
    (plane, seed): (&Plane, u64),
    tick: Tick<'_>,
) -> Result<Plane, ExplainError> {
    let cut = views.cut(plane);
    let mut means = Vec::with_capacity(cut.len());
    for (index, view) in cut.iter().enumerate() {
        let mut stream = Stream::new(seed, "smooth-grad", index as u64);
        let mut noisy = || {
            let values = view.values().iter().map(|value| value + (NOISE * stream.normal()) as f32);
            Plane::new(view.height(), view.width(), values.collect())
        };
        let copies: Vec<Plane> = (0..N_NOISY).map(|_| noisy()).collect();
        let (_, gradients) = scored.gradients(&copies, tick)?;
        let mut mean = view.map(|_| 0.0);
        for gradient in &gradients {
            for (sum, value) in mean.values_mut().iter_mut().zip(gradient.values()) {
                *sum += value / N_NOISY as f32;
            }
        }
        means.push(mean);
    }
    Ok(views.gathered(&means))
}

/// `from`, `share` of the way to `to`.
fn mixed(from: &Plane, to: &Plane, share: f32) -> Plane {
    let values = from.values().iter().zip(to.values()).map(|(from, to)| from + share * (to - from));
    Plane::new(from.height(), from.width(), values.collect())
}

/// The sum of a map.
pub(super) fn sum(map: &Plane) -> f64 {
    map.values().iter().map(|&value| f64::from(value)).sum()
}
