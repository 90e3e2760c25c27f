//! Why an activation index could not be made.

use std::path::PathBuf;

use micrograph::file::WriteError;

use crate::data::dataset::DatasetError;
use crate::interpret::exemplar::ExemplarError;

/// Why an activation index could not be made.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ActivationIndexError {
    /// A layer cannot be read.
    #[error(transparent)]
    Exemplar(#[from] ExemplarError),
    /// The data set cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// `path` holds another index.
    #[error("{}: holds an activation index with {what} {found}, expected {expected}; choose another folder", path.display())]
    Other { path: PathBuf, what: &'static str, found: String, expected: String },
    /// `path` is not an activation index, or is damaged.
    #[error("{}: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What a killed process left could not be removed.
    #[error(transparent)]
    Claim(#[from] crate::output::ClaimError),
    /// The work was ended from outside.
    #[error("cancelled: finished micrographs are kept")]
    Cancelled,
}
