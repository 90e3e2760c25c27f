//! The folder of an activation index: a manifest, and parts that are written once and never changed.
//!
//! The manifest is written after the files that it names, so a part is whole or does not count.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use micrograph::data_bar::DataBarChoice;
use micrograph::{file, regular};
use serde::{Deserialize, Serialize};

use super::{ActivationIndexError, ImageArea, Looked, table};
use crate::Network;
use crate::data::dataset::{DatasetConfig, Fingerprint};
use crate::hash::sha256;
use crate::interpret::exemplar::{ActivationReader, IndexedMicrograph, Peak};
use crate::output::sweep;

/// Version of the format.
const SCHEMA_VERSION: u32 = 1;
/// Name of the manifest.
const MANIFEST: &str = "manifest.json";

/// The folder of an activation index among the results in `parent`: `activations` and `suffix`. One
/// that was begun under its former name, `survey` and `suffix`, is continued.
pub fn index_folder(parent: &Path, suffix: &str) -> PathBuf {
    let former = parent.join(format!("survey{suffix}"));
    if former.join(MANIFEST).is_file() { former } else { parent.join(format!("activations{suffix}")) }
}

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema_version: u32,
    program_version: String,
    network_sha256: String,
    device: String,
    subject: ImageArea,
    /// What was done about data bars.
    data_bar: DataBarChoice,
    layers: Vec<NamedLayer>,
    parts: Vec<PartEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedLayer {
    name: String,
    n_channels: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartEntry {
    /// The table of answers.
    table: String,
    table_sha256: String,
    /// One thumbnail a micrograph, 64 × 64 bytes each, by which near-duplicates are known.
    thumbnails: String,
    thumbnails_sha256: String,
    micrographs: Vec<IndexedMicrograph>,
}

/// A part, read back.
pub(super) struct IndexPart {
    pub(super) seen: Vec<IndexedMicrograph>,
    pub(super) prints: Vec<Fingerprint>,
    peaks: Vec<Peak>,
    /// Channels of each layer.
    channels: Vec<usize>,
}

impl IndexPart {
    /// What all channels of `layer` answered to micrograph `row` of the part.
    pub(super) fn peaks(&self, row: usize, layer: usize) -> &[Peak] {
        let all: usize = self.channels.iter().sum();
        let before: usize = self.channels[..layer].iter().sum();
        &self.peaks[row * all + before..][..self.channels[layer]]
    }
}

/// The folder of an activation index.
pub(super) struct Folder {
    path: PathBuf,
    manifest: Manifest,
    layers: Vec<crate::Layer>,
}

impl Folder {
    /// Opens `path`, or begins it.
    pub(super) fn open(
        path: &Path,
        network: &Network,
        reader: &ActivationReader,
        subject: ImageArea,
        config: &DatasetConfig,
    ) -> Result<Self, ActivationIndexError> {
        let named =
            |layer: &crate::Layer| NamedLayer { name: layer.name.clone(), n_channels: layer.n_channels };
        let new = Manifest {
            schema_version: SCHEMA_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            network_sha256: network.sha256().to_owned(),
            device: network.device().to_string(),
            subject,
            data_bar: config.data_bar,
            layers: reader.layers().iter().map(named).collect(),
            parts: Vec::new(),
        };
        if path.is_dir() && !path.is_symlink() {
            sweep(path)?;
        }
        let file = path.join(MANIFEST);
        let manifest = match regular::read(&file, regular::LARGEST) {
            Ok(text) => {
                let found: Manifest = serde_json::from_slice(&text).map_err(|error| {
                    ActivationIndexError::Damaged { path: file.clone(), reason: error.to_string() }
                })?;
                found.check_like(&new, path)?;
                found
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path)
                    .map_err(|source| file::WriteError { path: path.to_owned(), source })?;
                // at once, so that a pass that is killed in its first part is known for one
                new.write(path)?;
                new
            }
            Err(error) => {
                return Err(ActivationIndexError::Damaged { path: file, reason: error.to_string() });
            }
        };
        Ok(Self { path: path.to_owned(), manifest, layers: reader.layers().to_vec() })
    }

    /// Name and hash of the micrographs that are there.
    pub(super) fn known(&self) -> BTreeSet<(String, String)> {
        let seen = self.manifest.parts.iter().flat_map(|part| &part.micrographs);
        seen.map(|seen| (seen.file.clone(), seen.sha256.clone())).collect()
    }

    /// Adds the activations of some micrographs.
    pub(super) fn add(&mut self, looked: &[Looked]) -> Result<(), ActivationIndexError> {
        let number = self.manifest.parts.len();
        let (table, thumbnails) =
            (format!("part-{number:05}.parquet"), format!("part-{number:05}.thumbnails"));
        let damaged = |error: parquet::errors::ParquetError| ActivationIndexError::Damaged {
            path: self.path.join(&table),
            reason: error.to_string(),
        };
        let answers = table::bytes(looked, &self.layers).map_err(damaged)?;
        let prints: Vec<u8> = looked.iter().flat_map(|looked| looked.print.bytes()).copied().collect();
        file::write_whole(&self.path.join(&table), &answers)?;
        file::write_whole(&self.path.join(&thumbnails), &prints)?;
        self.manifest.parts.push(PartEntry {
            table,
            table_sha256: sha256(&answers),
            thumbnails,
            thumbnails_sha256: sha256(&prints),
            micrographs: looked.iter().map(|looked| looked.seen.clone()).collect(),
        });
        Ok(self.manifest.write(&self.path)?)
    }

    /// All parts, read back and checked.
    pub(super) fn parts(&self) -> Result<Vec<IndexPart>, ActivationIndexError> {
        self.manifest.parts.iter().map(|part| self.part(part)).collect()
    }

    fn part(&self, entry: &PartEntry) -> Result<IndexPart, ActivationIndexError> {
        let bytes_of = |name: &str, expected: &str| {
            let path = self.path.join(name);
            match regular::read(&path, regular::LARGEST) {
                Ok(bytes) if sha256(&bytes) == expected => Ok(bytes),
                Ok(bytes) => {
                    let reason = format!("SHA-256 is {}, expected {expected}", sha256(&bytes));
                    Err(ActivationIndexError::Damaged { path, reason })
                }
                Err(error) => Err(ActivationIndexError::Damaged { path, reason: error.to_string() }),
            }
        };
        let table = bytes_of(&entry.table, &entry.table_sha256)?;
        let thumbnails = bytes_of(&entry.thumbnails, &entry.thumbnails_sha256)?;
        let damaged =
            |name: &str, reason: String| ActivationIndexError::Damaged { path: self.path.join(name), reason };
        let peaks = table::peaks(table).map_err(|error| damaged(&entry.table, error.to_string()))?;
        let channels: Vec<usize> = self.manifest.layers.iter().map(|layer| layer.n_channels).collect();
        let expected = entry.micrographs.len() * channels.iter().sum::<usize>();
        if peaks.len() != expected {
            return Err(damaged(&entry.table, format!("{} rows, expected {expected}", peaks.len())));
        }
        let prints: Option<Vec<Fingerprint>> =
            thumbnails.chunks(Fingerprint::N_BYTES).map(Fingerprint::from_bytes).collect();
        let prints = prints.filter(|prints| prints.len() == entry.micrographs.len()).ok_or_else(|| {
            let expected = entry.micrographs.len() * Fingerprint::N_BYTES;
            damaged(&entry.thumbnails, format!("{} bytes, expected {expected}", thumbnails.len()))
        })?;
        Ok(IndexPart { seen: entry.micrographs.clone(), prints, peaks, channels })
    }
}

impl Manifest {
    fn write(&self, path: &Path) -> Result<(), file::WriteError> {
        let text = serde_json::to_string_pretty(self).expect("a manifest is plain data");
        file::write_whole(&path.join(MANIFEST), (text + "\n").as_bytes())
    }

    /// Checks that an index like `other` may be continued here.
    fn check_like(&self, other: &Self, path: &Path) -> Result<(), ActivationIndexError> {
        let layers = |manifest: &Self| {
            let names: Vec<&str> = manifest.layers.iter().map(|layer| layer.name.as_str()).collect();
            names.join(", ")
        };
        let subject = |manifest: &Self| format!("{:?}", manifest.subject);
        let facts = [
            ("format", self.schema_version.to_string(), other.schema_version.to_string()),
            ("program version", self.program_version.clone(), other.program_version.clone()),
            ("network", self.network_sha256.clone(), other.network_sha256.clone()),
            ("device", self.device.clone(), other.device.clone()),
            ("layers", layers(self), layers(other)),
            ("subject", subject(self), subject(other)),
            ("data bars", format!("{:?}", self.data_bar), format!("{:?}", other.data_bar)),
        ];
        match facts.into_iter().find(|(_, found, expected)| found != expected) {
            Some((what, found, expected)) => {
                Err(ActivationIndexError::Other { path: path.to_owned(), what, found, expected })
            }
            None => Ok(()),
        }
    }
}
