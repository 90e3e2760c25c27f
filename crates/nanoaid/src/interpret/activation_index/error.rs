//! Why a survey can not be made.

use std::path::PathBuf;

use micrograph::file::WriteError;

use crate::data::dataset::DatasetError;
use crate::interpret::exemplar::ExemplarError;

/// Why a survey can not be made.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ActivationIndexError {
    /// A layer that can not be read.
    #[error(transparent)]
    Exemplar(#[from] ExemplarError),
    /// The data set can not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// `path` was begun with something else.
    #[error("{}: a survey with {what} {found}, expected {expected}; choose another folder", path.display())]
    Other { path: PathBuf, what: &'static str, found: String, expected: String },
    /// `path` is no survey, or damaged.
    #[error("{}: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
