//! Why weights could not be fetched.

use std::io;
use std::path::{Path, PathBuf};

use micrograph::file::WriteError;

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
    /// Other bytes than it should have.
    #[error("{url}: wrong bytes: sha256 is {found}, expected {expected}; what was fetched is removed")]
    Hash { url: String, found: String, expected: String },
    /// Not a safetensors file with the required tensors.
    #[error("{url}: not a safetensors file with the required tensors: {reason}")]
    Format { url: String, reason: String },
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

impl FetchError {
    /// The system's error for `path`.
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path: path.to_owned() }
            }
            _ => Self::File { path: path.to_owned(), source },
        }
    }
}

/// Why a server gave no answer.
pub(super) enum Trouble {
    /// It may work the next time.
    Passing(String),
    /// The server has no bytes from there on.
    PastTheEnd,
    /// It will not work.
    Final(FetchError),
}

impl From<FetchError> for Trouble {
    fn from(error: FetchError) -> Self {
        Self::Final(error)
    }
}
