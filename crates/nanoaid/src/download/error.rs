//! Why a file could not be downloaded.

use std::io;
use std::path::{Path, PathBuf};

use micrograph::file::WriteError;

/// Why a file could not be downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum DownloadError {
    /// The progress callback broke.
    #[error("cancelled")]
    Cancelled,
    /// Another program is writing the same file.
    #[error("{}: another program is fetching this file", path.display())]
    Busy { path: PathBuf },
    /// An address that cannot be used.
    #[error("address `{url}`: {reason}")]
    Address { url: String, reason: String },
    /// Redirects that do not end.
    #[error("{url}: more than {most} redirects")]
    Redirects { url: String, most: usize },
    /// No certificate that is trusted, or another protocol.
    #[error("cannot connect to {url}")]
    Talk { url: String, source: io::Error },
    /// The server refuses.
    #[error("{url}: the server answered {status}, expected 200 or 206")]
    Status { url: String, status: u16 },
    /// The server sends something that was not requested.
    #[error("{url}: the server sent {found}, expected {expected}")]
    Answer { url: String, found: String, expected: String },
    /// All attempts failed.
    #[error("{url}: gave up after {attempts} attempts without progress; the last: {reason}")]
    GaveUp { url: String, attempts: u32, reason: String },
    /// Another number of bytes than it should have.
    #[error("{url}: {found} bytes, expected {expected}")]
    Size { url: String, found: u64, expected: u64 },
    /// More bytes than announced or allowed.
    #[error("{url}: more bytes than expected, stopped after {expected}")]
    TooLong { url: String, expected: u64 },
    /// The file is no longer the one whose first bytes were fetched.
    #[error("{url}: the file on the server has changed during the download")]
    Changed { url: String },
    /// Other bytes than it should have.
    #[error("{url}: wrong bytes: {kind} is {found}, expected {expected}; what was fetched is removed")]
    Hash { url: String, kind: &'static str, found: String, expected: String },
    /// No space for the file.
    #[error("{}: no space left on the disk; what was fetched so far is kept", path.display())]
    NoSpace { path: PathBuf },
    /// The system refuses a file or folder.
    #[error("cannot read or write {}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// A finished file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl DownloadError {
    /// The system's error for `path`.
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path: path.to_owned() }
            }
            _ => Self::File { path: path.to_owned(), source },
        }
    }
}

/// Why a server gave no answer.
pub(crate) enum Trouble {
    /// It may work the next time.
    Passing(String),
    /// The server has no bytes from there on.
    PastTheEnd,
    /// It will not work.
    Final(DownloadError),
}

impl From<DownloadError> for Trouble {
    fn from(error: DownloadError) -> Self {
        Self::Final(error)
    }
}
