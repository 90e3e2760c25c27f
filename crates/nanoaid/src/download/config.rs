//! Settings of a download, and what is reported while it runs.
//!
//! Knows no server and no connection: the other files of this room import from here.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::DownloadError;

/// How files are downloaded.
#[derive(Clone, Debug, PartialEq)]
pub struct DownloadConfig {
    /// Another server that has the same files at the same paths.
    pub mirror: Option<String>,
    /// A PEM file of certificate authorities to trust, instead of Mozilla's.
    pub authorities: Option<PathBuf>,
    /// Attempts without progress after which it fails, at least 1.
    pub most_attempts: u32,
    /// Pause after the first failure; each further one is twice as long, at most 30 s.
    pub first_pause: Duration,
    /// Longest time to wait for a connection or for the next bytes.
    pub stall: Duration,
}

impl Default for DownloadConfig {
    fn default() -> Self {
        Self {
            mirror: None,
            authorities: None,
            most_attempts: 6, // with the pauses half a minute, as long as a router takes to dial
            first_pause: Duration::from_secs(1),
            stall: Duration::from_secs(30),
        }
    }
}

impl DownloadConfig {
    /// `url`, on the mirror instead of `server` if there is one.
    pub(crate) fn mirrored(&self, url: &str, server: &str) -> String {
        match &self.mirror {
            Some(mirror) => url.replacen(server, mirror.trim_end_matches('/'), 1),
            None => url.to_owned(),
        }
    }
}

/// What happens while a file is downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadEvent {
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

/// A callback that is given what happens, and ends the download by a break.
pub(crate) type Tell<'a> = dyn FnMut(DownloadEvent) -> ControlFlow<()> + 'a;

/// [`DownloadError::Cancelled`] where the callback broke.
pub(super) fn heard(flow: ControlFlow<()>) -> Result<(), DownloadError> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DownloadError::Cancelled),
    }
}

/// Where the incomplete download of the file `path` is kept.
pub(crate) fn part_path(path: &Path) -> PathBuf {
    with_ending(path, ".part")
}

/// `path` with `ending` after its name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
