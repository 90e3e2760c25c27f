//! Record: what a result was made from, enough to make it again and to see whether it is the same.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::hash::sha256_of_file;

/// Version of the format of records.
pub const SCHEMA_VERSION: u32 = 1;

/// The image that a result was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Input {
    /// A file.
    File {
        /// Where it was.
        path: PathBuf,
        /// SHA-256 of its bytes.
        sha256: String,
    },
    /// A built-in synthetic specimen.
    Specimen {
        /// Its name.
        name: String,
    },
}

/// Why the bytes of an input could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct InputError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl Input {
    /// The file at `path` with its hash.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_file(path: &Path) -> Result<Self, InputError> {
        let sha256 = sha256_of_file(path).map_err(|source| InputError { path: path.to_owned(), source })?;
        Ok(Self::File { path: path.to_owned(), sha256 })
    }
}
