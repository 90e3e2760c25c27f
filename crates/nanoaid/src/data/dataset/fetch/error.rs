//! Why a set could not be fetched.

use std::io;
use std::path::PathBuf;

use super::super::DatasetError;
use super::set::NffaSet;
use crate::ConfigError;
use crate::download::DownloadError;
use crate::output::ClaimError;

/// Why a set could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum FetchError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is not known where the set is published.
    #[error("the record of the set `{set}` is not known here: give its DOI as --record 10.23728/b2share.…")]
    NoRecord { set: NffaSet },
    /// Not the name of a record.
    #[error(
        "record `{found}`: expected a DOI such as 10.23728/b2share.80df8606fcdb4b2bae1656f0dc6db8ba, its address, \
         or what follows `b2share.`"
    )]
    BadRecord { found: String },
    /// The server's description of the record is not understood.
    #[error("{url}: found {found}, expected {expected}")]
    Answer { url: String, found: String, expected: &'static str },
    /// The record has no archive that can be read.
    #[error(
        "{url}: the record has no .tar file, it has {found}; fetch it by hand and use `nanoaid dataset import`"
    )]
    NoArchives { url: String, found: String },
    /// A category that the record does not have.
    #[error("category `{found}`: expected one of {known}")]
    Category { found: String, known: String },
    /// The disk is too full.
    #[error(
        "{}: {needed} bytes are needed and {free} are free; choose another disk by --to, fewer micrographs by --sample, \
         or some categories by --category",
        path.display()
    )]
    NoSpace { path: PathBuf, needed: u64, free: u64 },
    /// The folder was fetched with other settings.
    #[error("{}: fetched with {found}, expected {expected}; choose another folder by --to", path.display())]
    OtherSettings { path: PathBuf, found: String, expected: String },
    /// The record of a fetch cannot be read.
    #[error("{}: not the record of a fetch: {source}; move it away to fetch again", path.display())]
    Manifest { path: PathBuf, source: serde_json::Error },
    /// What a server sent is no archive, or a damaged one.
    #[error("{url}: damaged after {n_entries} entries: {source}; what was fetched of it is removed")]
    Archive { url: String, n_entries: usize, source: io::Error },
    /// An archive could not be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// Its micrographs could not be put into the folder.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Another process writes into the folder.
    #[error(transparent)]
    Claim(#[from] ClaimError),
}
