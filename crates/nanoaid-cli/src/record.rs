//! Record: from what a view was made, enough to make it again, and the hashes of what was made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nanoaid::Network;
use nanoaid::hash::sha256_of_file;
pub(crate) use nanoaid::record::{Input, SCHEMA_VERSION};
use serde::{Deserialize, Serialize};

use crate::outcome::Failure;
use crate::view::ViewSettings;

/// From what a view was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// What made it.
    pub command: String,
    /// The image.
    pub input: Input,
    /// The run, or `autoencoder` for the built-in network.
    pub run: PathBuf,
    /// SHA-256 of the network as a file.
    pub network_sha256: String,
    /// Where it ran.
    pub device: String,
    /// Everything else that decides.
    pub settings: ViewSettings,
    /// Files that were made and their SHA-256.
    pub files: BTreeMap<String, String>,
}

impl Record {
    /// The record of a view.
    pub(crate) fn new(
        input: Input,
        run: &Path,
        network: &Network,
        settings: &ViewSettings,
        files: BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: "lens".to_owned(),
            input,
            run: run.to_owned(),
            network_sha256: network.sha256().to_owned(),
            device: network.device().to_string(),
            settings: settings.clone(),
            files,
        })
    }
}

/// SHA-256 of a file; a failure names it.
pub(crate) fn file_sha256(path: &Path) -> Result<String, Failure> {
    sha256_of_file(path).map_err(|error| Failure::at(path, error))
}
