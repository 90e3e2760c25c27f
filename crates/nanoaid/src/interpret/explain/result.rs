//! Explanation: all numbers of an explained score.

use serde::{Deserialize, Serialize};

use super::area::AreaShare;
use super::control::Control;
use super::counterfactual::Counterfactual;
use super::faithfulness::Faithfulness;
use super::gradient::Baseline;
use super::method::Method;
use super::unit::UnitShare;

/// What an attribution sums up to, where its method says what that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completeness {
    /// The sum over all pixels.
    pub sum: f64,
    /// What it should be.
    pub expected: f64,
    /// What that is, in words.
    pub of: String,
}

impl Completeness {
    /// The difference of the two, as a share of what is expected; infinite where 0 is.
    pub fn gap(&self) -> f64 {
        let off = (self.sum - self.expected).abs();
        if off == 0.0 { 0.0 } else { off / self.expected.abs() }
    }
}

/// A map and how well it explains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodResult {
    /// How it was made.
    pub method: Method,
    /// What it sums up to.
    pub completeness: Option<Completeness>,
    /// Steps of integrated gradients, or masks of RISE.
    pub n_steps: Option<usize>,
    /// Deletion and insertion, one for each fill; empty where removing everything does not change the score.
    pub faithfulness: Vec<Faithfulness>,
    /// Further checks, where required.
    pub checks: Option<Checks>,
}

/// Checks that take long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checks {
    /// Rank correlation of what random subsets of cells have in the map with the fall of the score without them; `None` of
    /// a map that is constant.
    pub mu_fidelity: Option<f64>,
    /// Largest change of the map, relative to its size, under noise of 2 % of the grey levels; `None` of a map of zeros.
    pub sensitivity: Option<f64>,
    /// Similarity to the map of networks of which a share has random weights, from the image on.
    pub randomized: Vec<Randomized>,
    /// Rank correlation with the map for the second class; `None` where there is none.
    pub second_class: Option<f64>,
}

/// A map of a network with random weights beside that of the network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Randomized {
    /// Share of the tensors that are random, in `(0, 1]`.
    pub share: f64,
    /// Rank correlation of the two maps over cells, mean over seeds; `None` where one is constant.
    pub similarity: Option<f64>,
    /// Relative rise of the entropy of the map's histogram (Hedström et al. 2024), mean over seeds; higher is better.
    pub entropy_rise: Option<f64>,
}

/// A map that knows nothing of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlResult {
    /// What it is.
    pub control: Control,
    /// As [`MethodResult::faithfulness`].
    pub faithfulness: Vec<Faithfulness>,
}

/// An explained score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What is explained, in words.
    pub target: String,
    /// The class that it speaks for, where it speaks for one.
    pub class: Option<String>,
    /// Its value: the mean over the views.
    pub score: f64,
    /// Views of the micrograph, the mean of whose scores counts.
    pub n_views: usize,
    /// Height and width of each in px.
    pub view_px: (usize, usize),
    /// Layers of which class activation maps were made, the deepest last.
    pub layers: Vec<String>,
    /// From where gradients were integrated.
    pub baseline: Baseline,
    /// The maps, the first of which decides about counterfactual and warnings.
    pub methods: Vec<MethodResult>,
    /// The controls.
    pub controls: Vec<ControlResult>,
    /// Rank correlations over cells of all maps, methods first, then controls; `None` where one is constant.
    pub agreement: Vec<Vec<Option<f64>>>,
    /// Where the attributions lie.
    pub areas: Vec<AreaShare>,
    /// Channels that add most to the score, then those that take most from it.
    pub units: Vec<UnitShare>,
    /// A small part without which the answer is another one; `None` where there are no classes, the class is not the answer, or
    /// the answer stays.
    pub counterfactual: Option<Counterfactual>,
    /// What to know about it.
    pub warnings: Vec<String>,
}
