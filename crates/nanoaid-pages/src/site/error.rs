//! Why a site could not be written.

use std::path::PathBuf;

use nanoaid::atlas::AtlasError;
use nanoaid::output::OutputError;

/// Why a site could not be written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum SiteError {
    /// The atlas could not give what belongs to a micrograph.
    #[error(transparent)]
    Atlas(#[from] AtlasError),
    /// Concepts cannot be shown.
    #[error("{}: {reason}", path.display())]
    Concepts { path: PathBuf, reason: String },
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A value could not be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The record could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Record { path: PathBuf, source: std::io::Error },
    /// A page is not as it was written.
    #[error(
        "{}: was removed or changed while the site was written; run the same command again",
        path.display()
    )]
    Changed { path: PathBuf },
    /// The work was cancelled.
    #[error("cancelled: pages that were finished are kept")]
    Cancelled,
}
