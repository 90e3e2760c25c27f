//! What is found of concepts, as numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bank::ConceptMethod;
use super::boxes::MarkedConcept;
use super::effect::{Effect, Effects};
use super::overlap::Overlap;
use super::quality::MethodQuality;
use crate::evaluate::classifier::Estimate;
use crate::interpret::exemplar::IndexedMicrograph;
use micrograph::Rect;

/// Concepts of a layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConceptsFound {
    /// The layer.
    pub layer: String,
    /// Its channels.
    pub n_channels: usize,
    /// The class whose micrographs alone were looked at; `None`: all.
    pub class: Option<String>,
    /// Activation vectors that concepts were fitted to, and of groups that they were not fitted to.
    pub n_vectors: usize,
    /// See `n_vectors`.
    pub n_held_out: usize,
    /// The method whose concepts are shown.
    pub method: ConceptMethod,
    /// How well methods do, that of the concepts first.
    pub methods: Vec<MethodQuality>,
    /// Those with the largest share of the activations first.
    pub concepts: Vec<Concept>,
    /// What they do in the network together; `None` where that was not looked at, or the layer is the last.
    pub effects: Option<Effects>,
    /// Concepts that the user marked.
    pub marked: Vec<MarkedConcept>,
    /// Networks with random weights that were looked at, too.
    pub n_controls: usize,
    /// The micrographs.
    pub micrographs: Vec<IndexedMicrograph>,
    /// What to beware of.
    pub warnings: Vec<String>,
}

/// One concept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concept {
    /// Its number on the page, from 1.
    pub number: usize,
    /// Its name, where a user gave one.
    pub name: Option<String>,
    /// Its share of the squared codes, in `[0, 1]`.
    pub energy: f64,
    /// Share of the vectors that have it, in `[0, 1]`.
    pub active_share: f64,
    /// Mean cosine with the atom that belongs to it from other starts; `None` without.
    pub stability: Option<f64>,
    /// Its atom by channel, of length 1, in units of the activations' spread.
    pub direction: Vec<f32>,
    /// Where it is strongest.
    pub exemplars: Vec<ConceptExemplar>,
    /// Whether micrographs of a class have more of it than others; the class that it separates best first.
    pub classes: Vec<ClassUse>,
    /// What the network's output loses without it, by the network's answer.
    pub effects: BTreeMap<String, Effect>,
    /// What it lies on, most first.
    pub overlaps: Vec<Overlap>,
    /// Drawn patterns that it prefers; `None` where that was not looked at.
    pub tuning: Option<ConceptTuning>,
}

/// A part of a micrograph with much of a concept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConceptExemplar {
    /// The micrograph, by its place among those that were looked at.
    pub micrograph: usize,
    /// Its largest code.
    pub code: f32,
    /// The pixels that its position depends on.
    pub field: Rect,
    /// The pixels that are shown.
    pub shown: Rect,
}

/// How much more of a concept micrographs of a class have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassUse {
    /// The class.
    pub class: String,
    /// Probability that a micrograph of the class has more of the concept than one of the rest, with its interval over groups.
    pub auc: Estimate,
    /// Least share of false discoveries at which it is among those found.
    pub q: f64,
    /// The AUC farthest from chance of any concept of the networks with random weights; `None` without them.
    pub random_auc: Option<f64>,
    /// Whether it can be said: `q` is at most 0.05, the whole interval is farther from chance than any concept of random weights, and
    /// the concept comes out again from other starts.
    pub claimed: bool,
}

/// Drawn patterns that a concept prefers, in pixels as the network sees them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConceptTuning {
    /// Period of its preferred grating in px; `None` where it prefers none among those shown.
    pub period_px: Option<f64>,
    /// Axis of its lines in degrees, anticlockwise from the rows; `None` where it prefers none.
    pub axis_deg: Option<f64>,
    /// Orientation selectivity, in `[0, 1]`.
    pub selectivity: Option<f64>,
    /// Diameter of the disc that drives it most, in px, and whether that is bright; `None` where none does.
    pub disc_px: Option<f64>,
    /// See `disc_px`.
    pub disc_is_bright: Option<bool>,
    /// Its period on the micrographs of its exemplars, in nm, smallest and largest; `None` where no pixel size is known.
    pub period_nm: Option<(f64, f64)>,
    /// The same of the diameter of the disc.
    pub disc_nm: Option<(f64, f64)>,
}
