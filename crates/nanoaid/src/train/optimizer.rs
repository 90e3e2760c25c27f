//! Optimizer: one gradient step, by Burn's AdamW for each weight, and the running average.

use std::collections::BTreeMap;

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer as _};
use burn::tensor::{Tensor, TensorData};

use super::TrainError;
use super::checkpoint::{Checkpoint, Moments};
use super::schedule::Schedule;
use crate::Network;
use crate::network::{Graph, Role, Statistics, Weight, Weights, weight_of};

/// The optimizer and its state, one entry for each weight, flat.
pub(super) struct Optimizer {
    schedule: Schedule,
    adam: AdamW,
    states: BTreeMap<String, AdamWState<1>>,
    /// Running average of the weights; empty if it is not used.
    average: BTreeMap<String, Tensor<1>>,
    n_steps: usize,
    /// Learning rate of a weight in shares of the schedule's.
    rate_factor: Box<dyn Fn(&str) -> f64>,
}

impl Optimizer {
    /// Continues where `checkpoint` stands.
    pub(super) fn new(
        schedule: &Schedule,
        network: &Network,
        checkpoint: &Checkpoint,
        rate_factor: Box<dyn Fn(&str) -> f64>,
    ) -> Result<Self, TrainError> {
        let device = network.device().burn();
        let flat = |weight: &Weight| {
            Tensor::<1>::from_data(TensorData::new(weight.values.clone(), [weight.values.len()]), &device)
        };
        let mut states = BTreeMap::new();
        if let Some(moments) = &checkpoint.moments {
            for parameter in network.clone().graph_mut().learned_mut() {
                let name = parameter.name;
                let missing =
                    || TrainError::Checkpoint { reason: format!("no optimizer state for `{name}`") };
                let first = moments.first.tensors.get(&name).ok_or_else(missing)?;
                let second = moments.second.tensors.get(&name).ok_or_else(missing)?;
                let momentum = AdaptiveMomentumState::new(checkpoint.n_steps(), flat(first), flat(second));
                states.insert(name, AdamWState::new(momentum));
            }
        }
        let average = if schedule.average > 0.0 {
            let weights = checkpoint.average.as_ref().unwrap_or(&checkpoint.weights);
            weights.tensors.iter().map(|(name, weight)| (name.clone(), flat(weight))).collect()
        } else {
            BTreeMap::new()
        };
        let adam =
            AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(schedule.weight_decay as f32).build();
        Ok(Self {
            schedule: schedule.clone(),
            rate_factor,
            adam,
            states,
            average,
            n_steps: checkpoint.n_steps(),
        })
    }

    /// Steps so far.
    pub(super) fn n_steps(&self) -> usize {
        self.n_steps
    }

    /// Learning rate of the last step.
    pub(super) fn learning_rate(&self) -> f64 {
        self.schedule.learning_rate_at(self.n_steps.saturating_sub(1))
    }

    /// One step down `loss`, which also returns the statistics of batch norms; returns the value of the loss. `place`
    /// gives epoch and last loss for an error.
    pub(super) fn step(
        &mut self,
        network: &mut Network,
        loss: impl FnOnce(&Graph) -> (Tensor<1>, Vec<Statistics>),
        place: impl Fn() -> (usize, f64),
    ) -> Result<f64, TrainError> {
        let n_steps = self.n_steps;
        let not_finite = |what: String, value| {
            let (epoch, before) = place();
            TrainError::NotFinite { step: n_steps + 1, epoch, what, value, before }
        };
        let graph = network.graph_mut();
        for mut parameter in graph.learned_mut() {
            parameter.tensor.track();
        }
        let (loss, statistics) = loss(graph);
        let value = f64::from(loss.clone().into_scalar::<f32>());
        if !value.is_finite() {
            return Err(not_finite("the loss".into(), value));
        }
        let mut gradients = loss.backward();

        let mut updates = Vec::new();
        for parameter in graph.learned_mut() {
            let gradient = parameter.tensor.take_gradient(&mut gradients);
            updates.push((parameter.name, gradient.expect("every weight has a gradient")));
        }
        let squares: Vec<f64> = updates
            .iter()
            .map(|(_, gradient)| f64::from(gradient.clone().square().sum().into_scalar::<f32>()))
            .collect();
        if let Some(worst) = squares.iter().position(|square| !square.is_finite()) {
            let what = format!("the squared gradient of `{}`", updates[worst].0);
            return Err(not_finite(what, squares[worst]));
        }
        let norm = squares.iter().sum::<f64>().sqrt();
        let shortening = (self.schedule.gradient_norm / norm.max(f64::MIN_POSITIVE)).min(1.0);
        let rate = self.schedule.learning_rate_at(n_steps);

        let mut updates = updates.into_iter();
        let mut update = |values: Tensor<1>| {
            let (name, gradient) = updates.next().expect("there are as many gradients as weights");
            let state = self.states.remove(&name);
            let (values, state) = self.adam.step(
                rate * (self.rate_factor)(&name),
                values,
                gradient.mul_scalar(shortening),
                state,
            );
            if let Some(state) = state {
                self.states.insert(name.clone(), state);
            }
            if let Some(average) = self.average.get_mut(&name) {
                let kept = self.schedule.average as f32;
                *average = average.clone().mul_scalar(kept) + values.clone().mul_scalar(1.0 - kept);
            }
            values
        };
        for mut parameter in graph.learned_mut() {
            let values = update(parameter.tensor.flat());
            parameter.tensor.set_flat(values);
        }
        graph.keep_alive();
        graph.follow(&statistics);
        for parameter in graph.parameters_mut().filter(|parameter| parameter.role == Role::Statistic) {
            if let Some(average) = self.average.get_mut(&parameter.name) {
                *average = parameter.tensor.flat();
            }
        }
        self.n_steps += 1;
        Ok(value)
    }

    /// Copies moments and average into `checkpoint`.
    pub(super) fn save_into(&self, checkpoint: &mut Checkpoint) {
        let moments = |of: &dyn Fn(&AdamWState<1>) -> Tensor<1>| Weights {
            tensors: self.states.iter().map(|(name, state)| (name.clone(), weight_of(&of(state)))).collect(),
        };
        checkpoint.moments = Some(Moments {
            first: moments(&|state| state.momentum.moment_1.clone()),
            second: moments(&|state| state.momentum.moment_2.clone()),
        });
        checkpoint.average = (!self.average.is_empty()).then(|| {
            let named = self.average.iter().map(|(name, values)| (name.clone(), weight_of(values)));
            let mut average = Weights { tensors: named.collect() };
            for (name, weight) in &mut average.tensors {
                weight.shape.clone_from(&checkpoint.weights.tensors[name].shape);
            }
            average
        });
    }
}
