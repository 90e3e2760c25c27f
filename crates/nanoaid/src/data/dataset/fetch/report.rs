//! What an archive held, and by what it was checked.

use serde::{Deserialize, Serialize};

use super::super::Skipped;

/// By what an archive was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// By the checksum that the record gives.
    Record,
    /// By a published checksum that is known here; the record gives none.
    Known,
    /// Only by its size: no checksum is known.
    SizeOnly,
}

/// What an archive held, and what of it is in the folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArchiveReport {
    /// Its name.
    pub name: String,
    /// The category of its micrographs.
    pub category: String,
    /// Its size.
    pub bytes: u64,
    /// Checksum of the bytes that came, as `md5:…` or `sha256:…`.
    pub checksum: String,
    /// By what it was checked.
    pub check: Check,
    /// Image files in it.
    pub n_images: usize,
    /// Files of other kinds in it.
    pub n_other: usize,
    /// Micrographs of it in the folder.
    pub n_taken: usize,
    /// Those drawn that hold what another one holds, and so are not there twice.
    pub n_same: usize,
    /// What was not taken though it should be an image, and why.
    pub skipped: Vec<Skipped>,
}
