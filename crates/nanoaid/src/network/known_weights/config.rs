//! Settings of a fetch, and what it ends with.
//!
//! Knows no server and no connection: the other files of known weights import from here.

use std::fs;
use std::path::{Path, PathBuf};

use micrograph::file::{WriteError, write_whole};
use serde::{Deserialize, Serialize};

use crate::download::{DownloadConfig, with_ending};

/// How files are fetched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchConfig {
    /// How they are downloaded; a mirror stands in for [`super::SERVER`].
    pub download: DownloadConfig,
    /// Fetch a file that is there already.
    pub force: bool,
}

/// By what the bytes were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// By the SHA-256 in the table.
    Table,
    /// By the SHA-256 that the server reports; the table has none.
    Server,
    /// Only by the size that the server reports: no hash is known.
    SizeOnly,
}

/// A file that was fetched; written as JSON beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// The name in the table.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// Where it came from.
    pub url: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// By what the bytes that came from the server were checked.
    pub check: Check,
    /// Whether it was there before.
    #[serde(default)]
    pub was_there: bool,
}

impl Fetched {
    /// What was written beside the file at `path`, if it was fetched.
    pub(super) fn beside(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(with_ending(path, ".json")).ok()?).ok()
    }

    pub(super) fn write_beside(&self) -> Result<(), WriteError> {
        let text = serde_json::to_vec_pretty(self).expect("texts and numbers can be written as JSON");
        write_whole(&with_ending(&self.file, ".json"), &text)
    }
}
