//! Accentuation: a micrograph changed step by step towards what a class or a unit responds to, and no further than allowed.
//!
//! The grey levels climb the gradient of a score, through the views of the network and under small shifts, while the root mean
//! square of their change is held at a share of the micrograph's own standard deviation: the *strength*. What is drawn stronger
//! is what the network looks for *in this micrograph*, which a picture from noise does not show. After feature accentuation
//! (Hamblin et al. 2024), who weigh the change of a layer's activations against the score where we hold the change of grey levels.
//!
//! Beside each strength stands what changes of the same size and the same spectrum do, with phases drawn at random: a network
//! whose score rises by those, too, responds to contrast and not to a pattern.
//!
//! [`accentuate`] computes, [`accentuate_file`] writes.

mod change;
mod file;
mod picture;
#[cfg(test)]
mod tests;

pub(crate) use file::COMMAND;
pub use file::{
    AccentuatePictures, AccentuateRecord, AccentuateSettings, AccentuatedFiles, accentuate_file,
    accentuated_csv,
};
pub use picture::DrawnAccentuation;

use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use crate::interpret::explain::{ExplainError, ScoredPlane, Target, class_names, go_on, mean, mean_logits};
use crate::train::regression::argmax;
use crate::{ConfigError, Network};
use change::{Changer, moved, moved_back, root_mean_square};

/// Largest shift of a step, in pixels of a view: what survives it is no pattern of single pixels.
const SHIFT_PX: f64 = 4.0;
/// Size of the first and of the last step, as a share of the change that is allowed.
const FIRST_STEP: f64 = 0.3;
const LAST_STEP: f64 = 0.05;
/// Steps between two looks at the score without a shift.
const CHECK_EVERY: usize = 4;
/// Share of a strength from which on it counts as reached.
const REACHED: f64 = 0.9;
/// Least standard deviation of grey levels, in `[0, 1]`, of a micrograph that shows something.
const LEAST_DEVIATION: f64 = 1e-4;

/// How a micrograph is accentuated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccentuateConfig {
    /// What is to respond more: a class, a difference of two, or a unit.
    pub target: Target,
    /// Root mean square of the change as a share of the micrograph's standard deviation, above 0 to 2, 1 to 8 of them, rising.
    pub strengths: Vec<f64>,
    /// Whether the score is lowered instead.
    pub away: bool,
    /// Steps of each strength, 1 to 1000.
    pub steps: usize,
    /// Random changes beside each strength, 0 to 100.
    pub n_controls: usize,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl Default for AccentuateConfig {
    fn default() -> Self {
        Self {
            target: Target::Answer,
            strengths: vec![0.05, 0.1, 0.2, 0.4],
            away: false,
            steps: 24,
            n_controls: 4,
            seed: 0,
        }
    }
}

impl AccentuateConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let list = || self.strengths.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        if !(1..=8).contains(&self.strengths.len()) {
            return Err(ConfigError::new("strengths", list(), "1 to 8 numbers"));
        }
        if let Some(strength) = self.strengths.iter().find(|one| !(**one > 0.0 && **one <= 2.0)) {
            return Err(ConfigError::new("strengths", strength, "above 0 to 2"));
        }
        if !self.strengths.is_sorted_by(|a, b| a < b) {
            return Err(ConfigError::new("strengths", list(), "rising numbers"));
        }
        ConfigError::unless_within("steps", self.steps as f64, 1.0..=1000.0)?;
        ConfigError::unless_within("n_controls", self.n_controls as f64, 0.0..=100.0)?;
        Ok(self)
    }
}

/// All numbers of an accentuated micrograph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accentuation {
    /// What was to respond more, in words.
    pub target: String,
    /// Its score for the micrograph as it is.
    pub score: f64,
    /// The class that the network gives the micrograph; `None` without classes.
    pub answer: Option<String>,
    /// Standard deviation of the micrograph's grey levels, which are in `[0, 1]`.
    pub deviation: f64,
    /// Each strength.
    pub levels: Vec<AccentuationLevel>,
    /// What to know before it is believed.
    pub warnings: Vec<String>,
}

/// A micrograph at one strength.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccentuationLevel {
    /// What was allowed, as a share of the standard deviation.
    pub strength: f64,
    /// Root mean square of the change, as a share of the standard deviation.
    pub change: f64,
    /// The score.
    pub score: f64,
    /// The class that the network gives it now; `None` without classes.
    pub answer: Option<String>,
    /// What random changes of the same size and spectrum do; `None` without controls.
    pub random: Option<RandomChange>,
    /// Half of the energy of the change has longer periods than this, in px of the micrograph; `None` where nothing changed.
    pub period_px: Option<f64>,
}

/// The score under random changes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomChange {
    /// Its mean.
    pub mean: f64,
    /// The highest one, or the lowest where the score was to be lowered.
    pub most: f64,
}

/// An accentuated micrograph.
#[derive(Clone, Debug)]
pub struct Accentuated {
    /// All numbers.
    pub accentuation: Accentuation,
    /// The micrograph at each strength, `[H, W]`, values in `[0, 1]`.
    pub planes: Vec<Plane>,
}

/// Changes `plane`, values in `[0, 1]`, so that a score of `network`, of grey images, rises. `tick` is called between steps; where
/// it breaks, the work ends.
///
/// # Errors
/// If a setting is out of range, there is no such class or unit, or the image is flat, too small or too large.
///
/// ```
/// use std::ops::ControlFlow;
/// use micrograph::Plane;
/// use nanoaid::interpret::accentuate::{AccentuateConfig, accentuate};
/// use nanoaid::{Architecture, CompactConfig, Device, Network};
///
/// let config = CompactConfig { stages: vec![4, 6], further: vec![], view_px: 16, ..Default::default() };
/// let network = Network::random(Architecture::Compact(config), 0, Device::Cpu)?;
/// let plane = Plane::from_fn(20, 28, |y, x| ((3 * y + x) % 7) as f32 / 6.0);
///
/// let config = AccentuateConfig { strengths: vec![0.2], steps: 4, ..Default::default() };
/// let found = accentuate(&network, &plane, &config, &mut || ControlFlow::Continue(()))?;
/// let level = &found.accentuation.levels[0];
/// assert!(level.change <= 0.2001 && level.score >= found.accentuation.score);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn accentuate(
    network: &Network,
    plane: &Plane,
    config: &AccentuateConfig,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Accentuated, ExplainError> {
    let config = config.clone().checked()?;
    let deviation = plane.variance().sqrt();
    if deviation < LEAST_DEVIATION {
        return Err(ExplainError::Flat { height: plane.height(), width: plane.width() });
    }
    let of = ScoredPlane::new(network, plane, &config.target)?;
    let changer = Changer::new(plane);
    let score_of = |plane: &Plane, tick: &mut dyn FnMut() -> ControlFlow<()>| {
        Ok::<f64, ExplainError>(mean(&of.scored.scores(&of.views.cut(plane), tick)?))
    };
    let sign = if config.away { -1.0 } else { 1.0 };
    let before = score_of(plane, tick)?;
    let mut shifts = Stream::new(config.seed, "accentuate/shift", 0);
    let most_px = (SHIFT_PX * of.views.zoom()).round();
    let mut drawn = || ((2.0 * most_px + 1.0) * shifts.uniform()).floor() - most_px;
    let mut change = plane.map(|_| 0.0);
    let (mut levels, mut planes) = (Vec::new(), Vec::new());
    for (place, &strength) in config.strengths.iter().enumerate() {
        let allowed = strength * deviation;
        let mut best: Option<(f64, Plane)> = None;
        for step in 0..config.steps {
            go_on(tick)?;
            let shift = (drawn() as isize, drawn() as isize);
            let shifted = moved(&changer.changed(&change), shift);
            let (_, gradients) = of.scored.gradients(&of.views.cut(&shifted), tick)?;
            let gradient = moved_back(&of.views.gathered(&gradients), shift);
            let direction = changer.smooth_direction(&gradient);
            let size = root_mean_square(&direction);
            if size > 0.0 {
                let progress = step as f64 / (config.steps.max(2) - 1) as f64;
                let rate = FIRST_STEP + progress * (LAST_STEP - FIRST_STEP);
                let scale = (sign * rate * allowed / size) as f32;
                let moves = change.values().iter().zip(direction.values());
                let values = moves.map(|(change, along)| change + scale * along).collect();
                change = Plane::new(plane.height(), plane.width(), values);
            }
            change = changer.limited(change, allowed);
            if (step + 1) % CHECK_EVERY == 0 || step + 1 == config.steps {
                let score = score_of(&changer.changed(&change), tick)?;
                if best.as_ref().is_none_or(|(best, _)| sign * score > sign * best) {
                    best = Some((score, change.clone()));
                }
            }
        }
        let (score, found) = best.expect("there is at least one step");
        change = found;
        let spectrum = changer.spectrum(&change);
        let mut random = Vec::with_capacity(config.n_controls);
        for control in 0..config.n_controls {
            let number = (place * config.n_controls + control) as u64;
            let mut stream = Stream::new(config.seed, "accentuate/control", number);
            let other = changer.with_random_phases(&spectrum, &mut stream);
            let other = changer.limited(changer.of_size(other, root_mean_square(&change)), allowed);
            random.push(score_of(&changer.changed(&other), tick)?);
        }
        let changed = changer.changed(&change);
        levels.push(AccentuationLevel {
            strength,
            change: root_mean_square(&change) / deviation,
            score,
            answer: answer(network, &of.views.cut(&changed)),
            random: random
                .iter()
                .copied()
                .max_by(|a, b| (sign * a).total_cmp(&(sign * b)))
                .map(|most| RandomChange { mean: mean(&random), most }),
            period_px: changer.median_period_px(&spectrum),
        });
        planes.push(changed);
    }
    let mut accentuation = Accentuation {
        target: of.scored.score().text.clone(),
        score: before,
        answer: answer(network, &of.views.cut(plane)),
        deviation,
        levels,
        warnings: Vec::new(),
    };
    accentuation.warnings = doubts(&accentuation, sign);
    Ok(Accentuated { accentuation, planes })
}

/// The class with the highest mean logit over `views`; `None` without classes.
fn answer(network: &Network, views: &[Plane]) -> Option<String> {
    let logits = mean_logits(network, views);
    (!logits.is_empty()).then(|| class_names(network)[argmax(&logits)].clone())
}

/// What speaks against believing an accentuation.
fn doubts(found: &Accentuation, sign: f64) -> Vec<String> {
    let gain = |score: f64| sign * (score - found.score);
    let mut doubts = Vec::new();
    for (place, level) in found.levels.iter().enumerate() {
        if level.change == 0.0 {
            doubts.push(format!(
                "at strength {} nothing changes: the score has no gradient, so it does not respond to anything in this micrograph",
                level.strength
            ));
            continue;
        }
        if level.change < REACHED * level.strength {
            doubts.push(format!(
                "at strength {} the change is {:.1} % of the contrast only: more steps reach more, unless grey levels end at black and white",
                level.strength,
                100.0 * level.change
            ));
        }
        if place > 0 && gain(level.score) < gain(found.levels[place - 1].score) {
            doubts.push(format!(
                "at strength {} the score is no better than at the one before: it has found no better way",
                level.strength
            ));
        }
        if gain(level.score) <= 0.0 {
            let way = if sign > 0.0 { "rise" } else { "fall" };
            doubts.push(format!("at strength {} the score does not {way}", level.strength));
        } else if let Some(random) = level.random
            && gain(random.most) >= 0.5 * gain(level.score)
        {
            doubts.push(format!(
                "at strength {} a random change of the same size and spectrum does half as much or more: it is contrast that counts",
                level.strength
            ));
        }
    }
    doubts
}
