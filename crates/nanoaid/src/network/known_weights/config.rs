//! Settings of a fetch, what is reported while it runs, and what it ends with.
//!
//! Knows no server and no connection: the other files of known weights import from here.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use micrograph::file::{WriteError, write_whole};
use serde::{Deserialize, Serialize};

/// How files are fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchConfig {
    /// Another server that has the same files at the same paths, instead of [`super::SERVER`].
    pub mirror: Option<String>,
    /// A PEM file of certificate authorities to trust, instead of Mozilla's.
    pub authorities: Option<PathBuf>,
    /// Attempts without progress after which it fails, at least 1.
    pub most_attempts: u32,
    /// Pause after the first failure; each further one is twice as long, at most 30 s.
    pub first_pause: Duration,
    /// Longest time to wait for a connection or for the next bytes.
    pub stall: Duration,
    /// Fetch a file that is there already.
    pub force: bool,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            mirror: None,
            authorities: None,
            most_attempts: 6, // with the pauses half a minute, as long as a router takes to dial
            first_pause: Duration::from_secs(1),
            stall: Duration::from_secs(30),
            force: false,
        }
    }
}

/// What happens while a file is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchEvent {
    /// An interrupted download is continued after this number of bytes.
    Continued {
        /// Bytes that are there.
        bytes: u64,
    },
    /// What was there is thrown away and fetched again.
    StartedOver {
        /// Why.
        reason: &'static str,
    },
    /// More bytes have come.
    Bytes {
        /// Bytes that are there.
        done: u64,
        /// Bytes there are to be, if known.
        total: Option<u64>,
    },
    /// An attempt has failed; the next comes after a pause.
    Again {
        /// Why.
        reason: String,
        /// How long it waits.
        pause: Duration,
    },
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

/// Where the incomplete download of the file `path` is kept.
pub(super) fn part_path(path: &Path) -> PathBuf {
    with_ending(path, ".part")
}

/// `path` with `ending` after its name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
