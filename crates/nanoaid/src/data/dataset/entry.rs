//! Entry: one micrograph of a data set, its place in the set, and how its pixels are come by.
//!
//! Its pixels are read from a file, or drawn from settings and a seed each time they are needed:
//! either way nothing is held here. Splits, patches and memory are not known here.

use std::io;
use std::path::PathBuf;

use micrograph::data_bar::DataBarChoice;
use micrograph::synth::{self, SynthConfig};
use micrograph::{Plane, read};

use super::{DatasetError, Split};
use crate::data::prepare::{self, PrepareConfig, Prepared};
use crate::hash::{sha256, sha256_of_file};

/// A micrograph of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name in the data set, no other has it: its file, relative to the root, `/` between
    /// folders; of a synthetic one the kind of specimen and a number, `synthetic/particles/00012`.
    pub file: String,
    /// Where its pixels come from.
    pub origin: Origin,
    /// What it shows; `None`: not known, or a synthetic one that is to add no class.
    pub category: Option<String>,
    /// Micrographs of one group (specimen, session) stay in one split; `None`: on its own.
    pub group: Option<String>,
    /// The split it belongs to.
    pub split: Split,
}

/// Where the pixels of a micrograph come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A file on the disk.
    File(PathBuf),
    /// Nowhere yet: drawn by [`synth::micrograph`] when they are needed.
    Synthetic {
        /// What is drawn.
        config: Box<SynthConfig>,
        /// Seed of the drawing.
        seed: u64,
    },
}

impl Entry {
    /// Rows and columns of pixels, data bar included, without a pixel being decoded or drawn.
    pub(super) fn size(&self, prepare: &PrepareConfig) -> Result<(usize, usize), String> {
        match &self.origin {
            Origin::File(path) => {
                let facts = read::facts(path, &prepare.read).map_err(|error| error.to_string())?;
                Ok((facts.height, facts.width))
            }
            Origin::Synthetic { config, .. } => {
                let config = config.as_ref().clone().checked().map_err(|error| error.to_string())?;
                Ok((config.height, config.width))
            }
        }
    }

    /// The specimen as a network sees it, `[H, W]`, values in `[0, 1]`.
    ///
    /// `prepare.data_bar` is about files. Of a synthetic micrograph it is known whether it has a
    /// data bar: it is not searched for, and without one no row is cut off.
    pub(crate) fn plane(&self, prepare: &PrepareConfig) -> Result<Plane, String> {
        self.prepared(prepare).map(|prepared| prepared.plane)
    }

    /// The same with what its file says.
    pub fn prepared(&self, prepare: &PrepareConfig) -> Result<Prepared, String> {
        let prepared = match &self.origin {
            Origin::File(path) => prepare::file(path, prepare),
            Origin::Synthetic { config, seed } => {
                let synthetic = synth::micrograph(config, *seed).map_err(|error| error.to_string())?;
                let data_bar = synthetic.data_bar.map_or(DataBarChoice::Keep, |bar| {
                    DataBarChoice::CropBottom(config.height - bar.first_row)
                });
                let prepare = PrepareConfig { data_bar, ..prepare.clone() };
                prepare::micrograph(synthetic.into_micrograph(&self.file), &prepare)
            }
        };
        prepared.map_err(|error| error.to_string())
    }

    /// SHA-256 of what the pixels come from, as 64 hexadecimal digits: of the bytes of a file; of
    /// the JSON text `[settings,seed]` of a synthetic micrograph. `None`: the file is not there.
    pub(super) fn digest(&self) -> Result<Option<String>, DatasetError> {
        match &self.origin {
            Origin::File(path) => match sha256_of_file(path) {
                Ok(digest) => Ok(Some(digest)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(source) => Err(DatasetError::Io { path: path.clone(), source }),
            },
            Origin::Synthetic { config, seed } => {
                let text = serde_json::to_string(&(config, seed)).expect("settings are plain JSON");
                Ok(Some(sha256(text)))
            }
        }
    }
}
