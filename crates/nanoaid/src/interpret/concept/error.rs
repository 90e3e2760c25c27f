//! Why no concepts were found.

use std::ops::ControlFlow;

use crate::ConfigError;
use crate::data::dataset::DatasetError;
use crate::interpret::differential::DifferentialError;
use crate::interpret::explain::ExplainError;
use crate::interpret::tuning::TuningError;
use crate::interpret::unit_values::UnitValuesError;
use crate::interpret::visualize::VisualizeError;
use crate::network::NoLayer;
use crate::output::OutputError;

use super::ConceptProgress;

/// Why no concepts were found.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ConceptError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data set cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The network is for colors.
    #[error("the network takes images of {channels} channels, expected 1 (grey)")]
    NotGray { channels: usize },
    /// There is no such layer.
    #[error(transparent)]
    NoLayer(#[from] NoLayer),
    /// No layer has positions side by side.
    #[error("no layer of the network has more than one position: name one with --layer")]
    NoMap,
    /// The layer has one position only.
    #[error(
        "layer `{layer}` has one position for the whole image, so nothing in it has a place; choose a layer before it with --layer"
    )]
    OnePosition { layer: String },
    /// The image is smaller than the layer needs.
    #[error("image of {width} × {height} px: layer `{layer}` needs at least {least} × {least} px")]
    TooSmall { height: usize, width: usize, layer: String, least: usize },
    /// There is no micrograph of the class.
    #[error("no micrograph of class `{class}`, expected one of: {known}")]
    NoClass { class: String, known: String },
    /// Too few micrographs could be read.
    #[error("number of micrographs that could be used: {n}, expected at least {least}{first}")]
    TooFew { n: usize, least: usize, first: String },
    /// A micrograph that was read before could not be read again.
    #[error("{file}: {reason}")]
    Gone { file: String, reason: String },
    /// There are fewer activation vectors than concepts ask for.
    #[error(
        "{n} activation vectors are too few for {n_concepts} concepts: expected at least {least}; use more micrographs, --per-micrograph, or fewer --concepts"
    )]
    TooFewVectors { n: usize, n_concepts: usize, least: usize },
    /// The layer gives the same for every micrograph.
    #[error("layer `{layer}` gives the same activations everywhere: there are no concepts to find")]
    Constant { layer: String },
    /// Non-negative factors need activations that are not negative.
    #[error(
        "nmf needs activations that are not negative, layer `{layer}` gives {least}: use `--method semi-nmf`, or a layer after a ReLU"
    )]
    Negative { layer: String, least: f32 },
    /// Classes could not be compared.
    #[error(transparent)]
    Differential(#[from] DifferentialError),
    /// A table of codes is not whole.
    #[error(transparent)]
    Values(#[from] UnitValuesError),
    /// Parts of a micrograph could not be found.
    #[error(transparent)]
    Areas(ExplainError),
    /// Concepts could not be tuned.
    #[error(transparent)]
    Tuning(TuningError),
    /// A picture could not be made.
    #[error(transparent)]
    Visualize(VisualizeError),
    /// A result could not be written; the error names it.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The file of names cannot be used.
    #[error("{path}: {reason}")]
    Names { path: String, reason: String },
    /// The file of boxes cannot be used.
    #[error("{path}: {reason}")]
    Boxes { path: String, reason: String },
    /// Too few positions lie in the boxes of a concept.
    #[error(
        "{n} positions of the layer lie in the boxes of `{name}`, expected at least {least}: mark more or larger boxes, or a layer before it"
    )]
    FewMarked { name: String, n: usize, least: usize },
    /// A box is on a micrograph that was not looked at.
    #[error(
        "box on `{file}`: no such micrograph in the data set could be read; write its name as in the index, e.g. `fibres/a.tif`"
    )]
    NotThere { file: String },
    /// The progress callback broke.
    #[error("cancelled")]
    Cancelled,
}

impl From<ExplainError> for ConceptError {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::Cancelled => Self::Cancelled,
            error => Self::Areas(error),
        }
    }
}

impl From<TuningError> for ConceptError {
    fn from(error: TuningError) -> Self {
        match error {
            TuningError::Cancelled => Self::Cancelled,
            error => Self::Tuning(error),
        }
    }
}

impl From<VisualizeError> for ConceptError {
    fn from(error: VisualizeError) -> Self {
        match error {
            VisualizeError::Cancelled => Self::Cancelled,
            error => Self::Visualize(error),
        }
    }
}

/// Hears what is done; `Break` ends the work.
pub(super) type OnProgress<'a> = &'a mut dyn FnMut(ConceptProgress) -> ControlFlow<()>;

/// Goes on, or ends with [`ConceptError::Cancelled`].
pub(super) fn go_on(on: OnProgress<'_>, at: ConceptProgress) -> Result<(), ConceptError> {
    if on(at).is_break() { Err(ConceptError::Cancelled) } else { Ok(()) }
}
