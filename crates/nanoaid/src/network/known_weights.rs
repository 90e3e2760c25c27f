//! Known weights: files of ImageNet networks that others publish, fetched and checked by name.
//!
//! The table says where each file lies, how large it is and which hash it has, as far as that is
//! known; no value is guessed. What networks make of the weights is not known here.

mod config;
mod error;
mod fetch;
mod folder;
mod table;
mod trunk;
mod verify;

pub use config::{Check, FetchConfig, Fetched};
pub use error::FetchError;
pub use fetch::fetch;
pub use folder::folder;
pub use table::TABLE;
pub use verify::{Standing, Verdict, verify};

use std::path::{Path, PathBuf};

use serde::Serialize;

/// Server of the files in the table, which a mirror can stand in for.
pub const SERVER: &str = "https://huggingface.co";

/// A file of weights that is known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KnownWeights {
    /// Its name, by which it is requested; also the name of the file.
    pub name: &'static str,
    /// The network it is for.
    pub architecture: &'static str,
    /// Where it can be fetched, or `None` where no such place is known.
    pub url: Option<&'static str>,
    /// Fetch only the tensors whose names begin so, by one range request.
    pub prefix: Option<&'static str>,
    /// Bytes of the file, if known; with a prefix, of its header and the range that is fetched.
    pub bytes: Option<u64>,
    /// SHA-256 of the same bytes, if known.
    pub sha256: Option<&'static str>,
    /// Who made it, and where its size and hash are known from.
    pub origin: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// The preprocessing of an image for it.
    pub preprocess: &'static str,
}

impl KnownWeights {
    /// Name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.safetensors", self.name)
    }

    /// Its place in `folder`.
    pub fn path(&self, folder: &Path) -> PathBuf {
        folder.join(self.file_name())
    }

    /// Bytes that a fetch that was cut off has left in `folder`, if there was one.
    pub fn part_bytes(&self, folder: &Path) -> Option<u64> {
        std::fs::metadata(crate::download::part_path(&self.path(folder))).ok().map(|data| data.len())
    }

    /// SHA-256 of the whole file, if known; the hash of a range is not the hash of a file.
    fn file_sha256(&self) -> Option<&'static str> {
        self.sha256.filter(|_| self.prefix.is_none())
    }
}

/// The file that is known as `name`.
pub fn find(name: &str) -> Option<&'static KnownWeights> {
    TABLE.iter().find(|known| known.name == name)
}
