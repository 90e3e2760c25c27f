//! Schedule: how long and how fast a network learns, whatever it learns.

use crate::ConfigError;

/// Most epochs of a training.
pub(super) const MOST_EPOCHS: usize = 1_000_000;
/// Most patches in an epoch: years on any machine.
pub(super) const MOST_PATCHES: usize = 1_000_000_000;
/// Most pictures in a gradient step, or views of a micrograph that are kept together: with their activations, thousands
/// fill the memory of any machine.
pub(super) const MOST_AT_ONCE: usize = 4096;

/// The settings that every training has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Schedule {
    /// Epochs.
    pub epochs: usize,
    /// Gradient steps in an epoch.
    pub steps_per_epoch: usize,
    /// Largest learning rate.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from 0.
    pub warm_up_steps: usize,
    /// Weight decay of AdamW.
    pub weight_decay: f64,
    /// Longest gradient over all weights.
    pub gradient_norm: f64,
    /// Share of the old value in the running average of the weights; 0: none is kept.
    pub average: f64,
    /// Epochs without improvement after which the training stops; 0: never.
    pub patience: usize,
}

impl Schedule {
    /// Refuses the first field that is out of range.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(1..=MOST_EPOCHS).contains(&self.epochs) {
            return Err(ConfigError::new("epochs", self.epochs, &format!("1 to {MOST_EPOCHS}")));
        }
        for (name, value) in [("learning_rate", self.learning_rate), ("gradient_norm", self.gradient_norm)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ConfigError::new(name, value, "a finite number above 0"));
            }
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return Err(ConfigError::new("weight_decay", self.weight_decay, "a finite number, at least 0"));
        }
        if !(0.0..1.0).contains(&self.average) {
            return Err(ConfigError::new("average", self.average, "at least 0 and below 1"));
        }
        Ok(())
    }

    /// Gradient steps of the whole training.
    pub(super) fn n_steps(&self) -> usize {
        self.epochs * self.steps_per_epoch
    }

    /// Learning rate of step `step`, from 0: it rises along a line, then falls along half a cosine
    /// to a hundredth.
    pub(super) fn learning_rate_at(&self, step: usize) -> f64 {
        if step < self.warm_up_steps {
            return self.learning_rate * (step + 1) as f64 / self.warm_up_steps as f64;
        }
        let falling = self.n_steps().saturating_sub(self.warm_up_steps).max(1);
        let share = ((step - self.warm_up_steps) as f64 / falling as f64).min(1.0);
        let lowest = 0.01;
        self.learning_rate * (lowest + (1.0 - lowest) * 0.5 * (1.0 + (std::f64::consts::PI * share).cos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_then_falls_along_half_a_cosine() {
        let schedule = Schedule {
            epochs: 2,
            steps_per_epoch: 55,
            learning_rate: 1.0,
            warm_up_steps: 10,
            weight_decay: 0.0,
            gradient_norm: 1.0,
            average: 0.0,
            patience: 0,
        };
        for (step, rate) in [(0, 0.1), (9, 1.0), (10, 1.0), (60, 0.505), (110, 0.01), (500, 0.01)] {
            let found = schedule.learning_rate_at(step);
            assert!((found - rate).abs() < 1e-9, "step {step}: {found}, expected {rate}");
        }
    }
}
