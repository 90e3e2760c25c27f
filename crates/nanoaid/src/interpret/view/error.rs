//! Why a view could not be made.

use std::io;

use micrograph::paint::ExportError;

use crate::ConfigError;
use crate::data::prepare::PrepareError;
use crate::evaluate::classify::ClassifyError;
use crate::interpret::lens::LensError;
use crate::output::OutputError;

/// Why a view could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The micrograph could not be prepared; the error names it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The lens shows nothing.
    #[error(transparent)]
    Lens(LensError),
    /// Feature maps could not be read back.
    #[error("cannot read feature maps back: {0}")]
    Maps(#[from] io::Error),
    /// Feature maps could not be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The classifier could not be used.
    #[error(transparent)]
    Classify(#[from] ClassifyError),
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A result could not be written; the error names it.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The progress callback broke; files that were written are whole and stay.
    #[error("cancelled")]
    Cancelled,
}

impl From<LensError> for ViewError {
    fn from(error: LensError) -> Self {
        match error {
            LensError::Cancelled => Self::Cancelled,
            error => Self::Lens(error),
        }
    }
}
