//! Checkpoint: the whole state of a training between two steps, as one safetensors file.
//!
//! Tensors are `weights/…`, `average/…`, `best/…`, `moment_1/…` and `moment_2/…`; the header
//! holds the learning curve. Patches and turns are drawn from counter-based streams, so the
//! numbers of the epoch and of the step are all the random state there is.

use serde::{Deserialize, Serialize};

use super::EpochRow;
use crate::network::Weights;

/// Key of the learning curve in the header of a checkpoint.
const CURVE_KEY: &str = "nanoaid.curve";

/// State of a training.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checkpoint {
    /// The weights.
    pub weights: Weights,
    /// Their running average, where one is kept.
    pub average: Option<Weights>,
    /// The weights, or their average, with the lowest validation loss.
    pub best: Weights,
    /// The epoch of those, from 1; 0: the start.
    pub best_epoch: usize,
    /// Validation loss before the first step.
    pub start_loss: f64,
    /// State of the optimizer; `None` before the first step.
    pub moments: Option<Moments>,
    /// Epochs that are complete.
    pub curve: Vec<EpochRow>,
    /// Losses of the steps that were made since.
    pub unfinished: Vec<f64>,
}

/// Running means of gradients and of their squares, flat.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moments {
    pub first: Weights,
    pub second: Weights,
}

/// What the header holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    best_epoch: usize,
    start_loss: f64,
    curve: Vec<EpochRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unfinished: Vec<f64>,
}

impl Checkpoint {
    /// The state before the first step, with its validation loss.
    pub(super) fn start(weights: Weights, start_loss: f64) -> Self {
        let best = weights.clone();
        Self {
            weights,
            average: None,
            best,
            best_epoch: 0,
            start_loss,
            moments: None,
            curve: Vec::new(),
            unfinished: Vec::new(),
        }
    }

    /// Epochs that are complete.
    pub(super) fn epoch(&self) -> usize {
        self.curve.len()
    }

    /// Steps that were made.
    pub(super) fn n_steps(&self) -> usize {
        self.curve.last().map_or(0, |row| row.step) + self.unfinished.len()
    }

    /// The weights that are validated: the average, where one is kept.
    pub(super) fn validated(&self) -> &Weights {
        self.average.as_ref().unwrap_or(&self.weights)
    }

    /// Adds an epoch; returns whether it is the best so far.
    pub(super) fn enter(&mut self, row: EpochRow) -> bool {
        let lowest = self
            .curve
            .iter()
            .map(EpochRow::badness)
            .fold((0.0, self.start_loss), |low, next| if next < low { next } else { low });
        let improved = row.badness() < lowest;
        self.curve.push(row);
        if improved {
            self.best = self.validated().clone();
            self.best_epoch = row.epoch;
        }
        improved
    }

    /// The state as a file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut all = Weights::default();
        let mut add = |prefix: &str, weights: &Weights| {
            let named =
                weights.tensors.iter().map(|(name, weight)| (format!("{prefix}/{name}"), weight.clone()));
            all.tensors.extend(named);
        };
        add("weights", &self.weights);
        add("best", &self.best);
        if let Some(average) = &self.average {
            add("average", average);
        }
        if let Some(moments) = &self.moments {
            add("moment_1", &moments.first);
            add("moment_2", &moments.second);
        }
        let header = Header {
            best_epoch: self.best_epoch,
            start_loss: self.start_loss,
            curve: self.curve.clone(),
            unfinished: self.unfinished.clone(),
        };
        all.to_bytes(CURVE_KEY, &serde_json::to_string(&header).expect("a header is plain data"))
    }

    /// Reads what [`Checkpoint::to_bytes`] wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (all, header) = Weights::from_bytes(bytes).map_err(|error| error.to_string())?;
        let header: Header =
            serde_json::from_str(header.get(CURVE_KEY).ok_or("the header has no learning curve")?)
                .map_err(|error| error.to_string())?;
        let part = |prefix: &str| {
            let tensors: std::collections::BTreeMap<_, _> = all
                .tensors
                .iter()
                .filter_map(|(name, weight)| {
                    let name = name.strip_prefix(prefix)?.strip_prefix('/')?;
                    Some((name.to_owned(), weight.clone()))
                })
                .collect();
            (!tensors.is_empty()).then_some(Weights { tensors })
        };
        let moments = match (part("moment_1"), part("moment_2")) {
            (Some(first), Some(second)) => Some(Moments { first, second }),
            (None, None) => None,
            _ => return Err("only one of the optimizer's two moments is there".to_owned()),
        };
        Ok(Self {
            weights: part("weights").ok_or("the weights are missing")?,
            best: part("best").ok_or("the best weights are missing")?,
            average: part("average"),
            moments,
            best_epoch: header.best_epoch,
            start_loss: header.start_loss,
            curve: header.curve,
            unfinished: header.unfinished,
        })
    }
}
