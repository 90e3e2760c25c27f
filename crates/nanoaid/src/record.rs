//! Record: what a result was made from, enough to make it again, and the hashes of what was made.
//!
//! One envelope for all commands: the input, the network, the settings `S` of the command, and the
//! files with their SHA-256. What else a command keeps (numbers, pictures) stands beside it, by
//! `#[serde(flatten)]`. Knows no command and makes nothing again; `replay` does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use micrograph::Source;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::network::{OpenError, WeightsError, open, open_as};
use crate::{Device, Network};

/// Version of the record's format; 2 since all commands share this envelope.
pub const SCHEMA_VERSION: u32 = 2;

/// The image that a result was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Input {
    /// A file.
    File {
        /// Where it was.
        #[serde(serialize_with = "micrograph::file::lossy_path")]
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

impl Input {
    /// The file that was read as `source`.
    pub fn of(source: &Source) -> Self {
        Self::File { path: source.path().to_owned(), sha256: source.sha256().to_owned() }
    }
}

/// The network that a result was made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkUsed {
    /// The run folder, weights file, or name of a built-in network, as given.
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    pub run: PathBuf,
    /// SHA-256 of the network as a file.
    pub sha256: String,
    /// Where it ran.
    pub device: Device,
    /// Whether a network for colors was given colors; else it was made one for grey images.
    #[serde(default)]
    pub colors: bool,
}

impl NetworkUsed {
    /// `network`, opened from `run`.
    pub fn of(run: &Path, network: &Network) -> Self {
        Self {
            run: run.to_owned(),
            sha256: network.sha256().to_owned(),
            device: network.device(),
            colors: network.channels_in() == 3,
        }
    }

    /// Opens the network again.
    ///
    /// # Errors
    /// If it cannot be opened, or is no longer the same.
    pub fn open(&self) -> Result<Network, RecordError> {
        let network = match open(&self.run, self.device) {
            // of those that the weights fit, the one that was used
            Err(OpenError::Weights { path, source: WeightsError::SeveralNetworks { candidates } }) => {
                let candidate = |name: &String| open_as(&self.run, name.parse().ok(), self.device).ok();
                let same = |network: &Network| self.input_of(network.clone()).sha256() == self.sha256;
                let source = WeightsError::SeveralNetworks { candidates: candidates.clone() };
                let found = candidates.iter().filter_map(candidate).find(same);
                found.ok_or(OpenError::Weights { path, source })?
            }
            opened => opened?,
        };
        let network = self.input_of(network);
        if network.sha256() == self.sha256 {
            return Ok(network);
        }
        Err(RecordError::Network {
            run: self.run.clone(),
            found: network.sha256().to_owned(),
            expected: self.sha256.clone(),
        })
    }

    /// `network` for the input that it had.
    fn input_of(&self, network: Network) -> Network {
        if self.colors { network } else { network.gray() }
    }
}

/// What a result was made from, and what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record<S> {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// The command that made it, e.g. `lens`.
    pub command: String,
    /// The image; `None` for results that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
    /// The network; `None` for results that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkUsed>,
    /// Everything else that decides.
    pub settings: S,
    /// Files that were made and their SHA-256.
    pub files: BTreeMap<String, String>,
}

impl<S> Record<S> {
    /// A record of this program, which lists no files yet.
    pub fn new(command: &str, input: Option<Input>, network: Option<NetworkUsed>, settings: S) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.to_owned(),
            input,
            network,
            settings,
            files: BTreeMap::new(),
        }
    }

    /// Whether this program, at this version, would write the same for the same input and settings.
    pub fn is_current(&self) -> bool {
        self.schema_version == SCHEMA_VERSION && self.program_version == env!("CARGO_PKG_VERSION")
    }
}

/// Why a record could not be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum RecordError {
    /// The record could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// It is not the JSON of a record.
    #[error(
        "{}: not a record of lens, measure, segment, explain or visualize, which are JSON files (lens writes record.json): {source}",
        path.display()
    )]
    Json { path: PathBuf, source: serde_json::Error },
    /// It was written in another format.
    #[error(
        "{}: the record has schema version {found}, this program reads {SCHEMA_VERSION}; make the result again with the command that made it",
        path.display()
    )]
    Version { path: PathBuf, found: u32 },
    /// The network is no longer the same.
    #[error("{}: the network's SHA-256 is {found}, the record says {expected}", run.display())]
    Network { run: PathBuf, found: String, expected: String },
    /// The network could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// What every record has, whatever its command.
#[derive(Clone, Debug, Deserialize)]
pub struct Head {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// The command that made it.
    pub command: String,
}

/// The record in `bytes`, which were read from `path`; `R` is [`Record`] or a type that flattens it.
///
/// # Errors
/// If it is not a record, or of another version.
pub fn parsed<R: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<R, RecordError> {
    head(path, bytes)?;
    serde_json::from_slice(bytes).map_err(|source| RecordError::Json { path: path.to_owned(), source })
}

/// The head of the record in `bytes`, which were read from `path`.
///
/// # Errors
/// As [`parsed`].
pub fn head(path: &Path, bytes: &[u8]) -> Result<Head, RecordError> {
    let head: Head = serde_json::from_slice(bytes)
        .map_err(|source| RecordError::Json { path: path.to_owned(), source })?;
    if head.schema_version == SCHEMA_VERSION {
        return Ok(head);
    }
    Err(RecordError::Version { path: path.to_owned(), found: head.schema_version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Settings {
        steps: usize,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct WithScore {
        #[serde(flatten)]
        record: Record<Settings>,
        score: f64,
    }

    fn record() -> Record<Settings> {
        let input = Source::from_bytes(Path::new("a.png"), b"abc".to_vec());
        let network = NetworkUsed {
            run: "autoencoder".into(),
            sha256: "12".to_owned(),
            device: Device::Cpu,
            colors: false,
        };
        Record::new("visualize", Some(Input::of(&input)), Some(network), Settings { steps: 7 })
    }

    #[test]
    fn a_record_comes_back_alone_and_beside_what_else_is_kept() {
        let path = Path::new("record.json");
        let alone = record();
        let bytes = serde_json::to_vec(&alone).unwrap();
        assert_eq!(parsed::<Record<Settings>>(path, &bytes).unwrap(), alone);
        // the example of FIPS 180-2, appendix B.1
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "{text}");
        let beside = WithScore { record: alone, score: 0.1 };
        let bytes = serde_json::to_vec(&beside).unwrap();
        assert_eq!(parsed::<WithScore>(path, &bytes).unwrap(), beside);
        assert_eq!(head(path, &bytes).unwrap().command, "visualize");
    }

    #[test]
    fn records_of_another_version_are_refused_before_anything_else_of_them_is_read() {
        let old = br#"{"schema_version": 1, "command": "lens", "settings": {"gone": 1}}"#;
        let error = parsed::<Record<Settings>>(Path::new("old.json"), old).unwrap_err().to_string();
        assert!(
            error.starts_with("old.json: the record has schema version 1, this program reads 2"),
            "{error}"
        );
    }

    #[test]
    fn a_network_that_is_no_longer_the_same_is_refused() {
        let error = record().network.unwrap().open().unwrap_err().to_string();
        assert!(error.starts_with("autoencoder: the network's SHA-256 is "), "{error}");
        assert!(error.ends_with("the record says 12"), "{error}");
    }
}
