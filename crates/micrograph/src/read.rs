//! Reading: PNG, JPEG, BMP and TIFF files → [`Micrograph`], with calibration and instrument
//! settings from the metadata of the instrument's maker.
//!
//! A file is data from outside: one budget limits the decoded pixels, and every fault is an error
//! that names the file and the reason.

use std::io;
use std::path::{Path, PathBuf};

use crate::{FileFacts, Micrograph};

/// How files are read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadConfig {
    /// Page of a file of several pages, from 0.
    pub page: usize,
    /// Most bytes that the decoded pixels of one file may take, working copies included.
    pub most_bytes: usize,
    /// Size of a pixel as typed by the user; goes before anything that the file says.
    pub nm_per_px: Option<f64>,
}

impl Default for ReadConfig {
    fn default() -> Self {
        Self {
            page: 0,
            most_bytes: 512 << 20, // 8192 × 8192 pixels as f32 and as 16 bit, with room
            nm_per_px: None,
        }
    }
}

/// Why a file could not be read as a micrograph.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system could not give the bytes of `path`.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Reads `path`: its pixels and what it tells about them.
pub fn micrograph(path: &Path, config: &ReadConfig) -> Result<Micrograph, ReadError> {
    let _ = (path, config);
    unimplemented!()
}

/// Reads what `path` tells without decoding its pixels.
pub fn facts(path: &Path, config: &ReadConfig) -> Result<FileFacts, ReadError> {
    let _ = (path, config);
    unimplemented!()
}
