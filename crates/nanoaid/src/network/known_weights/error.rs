//! Why weights could not be fetched.

use std::path::PathBuf;

use micrograph::file::WriteError;

use crate::download::DownloadError;

/// Why weights could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum FetchError {
    /// No place is known where it could be fetched.
    #[error("{name} is not published in a format that can be read: it is {origin}")]
    NowhereToFetch { name: &'static str, origin: &'static str },
    /// A file of that name is there and is not what it should be.
    #[error("{}: this file exists, but is not the expected one: {reason}", path.display())]
    OtherFile { path: PathBuf, reason: String },
    /// Not a safetensors file with the required tensors.
    #[error("{url}: not a safetensors file with the required tensors: {reason}")]
    Format { url: String, reason: String },
    /// The file could not be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
}

impl From<WriteError> for FetchError {
    fn from(error: WriteError) -> Self {
        Self::Download(error.into())
    }
}
