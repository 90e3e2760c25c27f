//! Why a score could not be explained.

use std::ops::ControlFlow;

use micrograph::paint::ExportError;

use super::Method;
use crate::ConfigError;
use crate::data::dataset::DatasetError;
use crate::data::prepare::PrepareError;
use crate::evaluate::classify::ClassifyError;
use crate::interpret::exemplar::ExemplarError;
use crate::interpret::lens::LensError;
use crate::network::NoLayer;
use crate::output::OutputError;
use crate::segment::SegmentError;

/// Why a score could not be explained.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ExplainError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data set that neighbours are looked for in cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The network cannot read a micrograph that is compared.
    #[error(transparent)]
    Exemplar(#[from] ExemplarError),
    /// The data set has no micrograph of the classes.
    #[error("{}: no micrograph is of a class of the network, so there are no neighbours; expected folders of some of: {known}; or leave out --data", data.display())]
    NoReference { data: std::path::PathBuf, known: String },
    /// The network scores no classes.
    #[error("the network has no classes: name a unit instead, as in `--unit {example}`")]
    NoClasses { example: String },
    /// It has no class of this name.
    #[error("no class `{name}`, expected one of: {known}")]
    NoClass { name: String, known: String },
    /// A class is compared with itself.
    #[error("`{class}` is compared with itself: name another class with --against")]
    OneClass { class: String },
    /// It has no layer of this name.
    #[error(transparent)]
    NoLayer(#[from] NoLayer),
    /// The layer has no such channel.
    #[error("layer `{layer}` has no channel {channel}: expected 0 to {last}")]
    NoChannel { layer: String, channel: usize, last: usize },
    /// A unit is a channel or a neuron.
    #[error("`{unit}` names no channel: expected one, as in `{layer}:0`")]
    NoUnit { unit: String, layer: String },
    /// The map has no such position.
    #[error("`{unit}` is outside of its map, which has {height} rows and {width} columns")]
    NoPosition { unit: String, height: usize, width: usize },
    /// The layer that class activation maps are to be made of is not on the way.
    #[error("layer `{layer}` has no map on the way to what is explained; expected one of: {known}")]
    NoMaps { layer: String, known: String },
    /// No layer has a map.
    #[error(
        "image of {width} × {height} px: no layer has more than one position, so there is nothing to attribute to"
    )]
    NoMap { height: usize, width: usize },
    /// The network lacks what the method needs.
    #[error("{method} needs ReLUs, and the network has none; leave it out of --methods")]
    NoRelu { method: Method },
    /// Relevance cannot be handed back through a layer.
    #[error("lrp has no rule for layer `{layer}` ({operation}); leave it out of --methods")]
    NoRule { layer: String, operation: String },
    /// The image is smaller than the network needs.
    #[error("image of {width} × {height} px: layer `{layer}` needs at least {least} × {least} px")]
    TooSmall { height: usize, width: usize, layer: String, least: usize },
    /// The image is larger than gradients of the whole can be held.
    #[error(
        "image of {width} × {height} px: gradients of a network that sees the whole image are made up to {most} Mpx; crop it"
    )]
    TooLarge { height: usize, width: usize, most: usize },
    /// The image shows nothing.
    #[error(
        "image of {width} × {height} px: all grey levels are the same, so there is nothing to accentuate"
    )]
    Flat { height: usize, width: usize },
    /// The file could not be read or prepared; the error names it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The classifier could not be used.
    #[error(transparent)]
    Classify(#[from] ClassifyError),
    /// Particles, fibres or pores could not be found.
    #[error(transparent)]
    Segment(SegmentError),
    /// Attributions could not be written as a stack.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A result could not be written; the error names it.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The progress callback broke.
    #[error("cancelled")]
    Cancelled,
}

impl From<SegmentError> for ExplainError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Network(LensError::Cancelled) => Self::Cancelled,
            error => Self::Segment(error),
        }
    }
}

/// Asked between steps: `Break` ends the work.
pub(in crate::interpret) type Tick<'a> = &'a mut dyn FnMut() -> ControlFlow<()>;

/// Goes on, or ends with [`ExplainError::Cancelled`].
pub(in crate::interpret) fn go_on(tick: Tick<'_>) -> Result<(), ExplainError> {
    if tick().is_break() { Err(ExplainError::Cancelled) } else { Ok(()) }
}
