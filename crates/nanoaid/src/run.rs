//! Run folder: what one training leaves behind, written so that a kill at any moment loses
//! nothing that was complete. The format is described in `docs/run-folder.md`.
//!
//! Every file takes its place by a rename; the manifest is written after the files it names and
//! holds their hashes, so a damaged file is told from a whole one. Nothing in a run folder depends
//! on the clock: the same training leaves the same bytes.

mod settings;

pub use settings::{BaseUsed, ClassifierSettings, DataSummary, RunSettings};

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use micrograph::{file, regular};
use serde::{Deserialize, Serialize};

use crate::hash::sha256;
use crate::network::WeightsError;
use crate::{Device, Network};

/// Version of the folder's format.
pub const SCHEMA_VERSION: u32 = 1;
/// Name of the manifest.
const MANIFEST: &str = "manifest.json";
/// Name of the network with the lowest validation loss.
pub const NETWORK: &str = "network.safetensors";
/// Folder of the checkpoints.
const CHECKPOINTS: &str = "checkpoints";
/// Checkpoints that are kept.
const KEPT_CHECKPOINTS: usize = 2;

/// Whether a run has ended, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Begun; it may have been cut off and can be resumed.
    Begun,
    /// All epochs done.
    Done,
    /// Stopped because the validation loss fell no more.
    StoppedEarly,
}

/// What a run folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the folder's format.
    pub schema_version: u32,
    /// Version of the program that wrote it.
    pub program_version: String,
    /// Whether it has ended.
    pub status: Status,
    /// Device it was trained on.
    pub device: String,
    /// Settings of the training, complete.
    pub settings: RunSettings,
    /// What it was trained on: digest, number of micrographs, settings of the split.
    pub data: DataSummary,
    /// Each time a training was given more epochs, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lengthened: Vec<Lengthened>,
    /// Files and their SHA-256.
    pub files: BTreeMap<String, String>,
    /// Checkpoints, oldest first, and their SHA-256.
    pub checkpoints: Vec<CheckpointFile>,
}

/// A training that was given more epochs than it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lengthened {
    /// Epochs that were complete; their learning rate fell as if all ended after `planned_epochs`.
    pub after_epoch: usize,
    /// Epochs that were planned until then.
    pub planned_epochs: usize,
}

/// A checkpoint that the manifest vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointFile {
    /// Epochs that were complete.
    pub epoch: usize,
    /// File name inside the folder of checkpoints.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Why a run folder could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is there already.
    #[error("{} is there already; choose another folder, --resume it, or --force to replace it", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds no run.
    #[error("{}: not a run folder: it has no {MANIFEST}; `nanoaid train` makes run folders", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds files that no run writes; it is not replaced.
    #[error("{} is not a run folder (it has no {MANIFEST}) and is not replaced", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest is damaged or of another version.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file is not what the manifest says.
    #[error("{}: SHA-256 is {found}, the manifest says {expected}: the file is damaged or was changed", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: String,
        /// The hash in the manifest.
        expected: String,
    },
    /// No checkpoint is whole.
    #[error("{}: no checkpoint is whole, so the run cannot be resumed: {newest}", path.display())]
    NoCheckpoint {
        /// The run folder.
        path: PathBuf,
        /// What is wrong with the newest one.
        newest: Box<RunError>,
    },
    /// The weights do not fit.
    #[error("{}: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: WeightsError,
    },
}

/// A run folder and its manifest.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    manifest: Manifest,
}

impl Manifest {
    /// Of a run that begins now.
    pub fn begun(settings: RunSettings, data: DataSummary, device: Device) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            status: Status::Begun,
            device: device.to_string(),
            settings,
            data,
            lengthened: Vec::new(),
            files: BTreeMap::new(),
            checkpoints: Vec::new(),
        }
    }
}

impl RunFolder {
    /// Makes the folder at `path` and writes `manifest` into it. With `force` an older run there
    /// is removed first, a folder that is no run never.
    ///
    /// # Errors
    /// If the folder is there already (without `force`), or the system refuses.
    pub fn create(path: &Path, manifest: Manifest, force: bool) -> Result<Self, RunError> {
        if path.exists() && !holds_only_leftovers(path)? {
            if !force {
                return Err(RunError::Exists { path: path.to_owned() });
            }
            if !path.join(MANIFEST).is_file() {
                return Err(RunError::NotARun { path: path.to_owned() });
            }
            remove_at_once(path)?;
        }
        // the manifest first: a folder without one is no run
        fs::create_dir_all(path).map_err(io_error(path))?;
        let run = Self { path: path.to_owned(), manifest };
        run.write_manifest()?;
        run.remove_leftovers()?;
        Ok(run)
    }

    /// Whether a run has begun at `path`.
    pub fn is_begun(path: &Path) -> bool {
        path.join(MANIFEST).is_file()
    }

    /// Opens the run folder at `path`.
    ///
    /// # Errors
    /// If there is none, or its manifest is damaged or of another version.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        if path.is_dir() && !Self::is_begun(path) {
            return Err(RunError::NoRun { path: path.to_owned() });
        }
        let file = path.join(MANIFEST);
        let text = regular::read(&file, regular::LARGEST).map_err(io_error(&file))?;
        let wrong = |reason: String| RunError::Manifest { path: file.clone(), reason };
        let value: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let version = value.get("schema_version").and_then(serde_json::Value::as_u64);
        if version != Some(u64::from(SCHEMA_VERSION)) {
            let found = version.map_or("none".to_owned(), |version| version.to_string());
            return Err(wrong(format!("schema version {found}, expected {SCHEMA_VERSION}")));
        }
        let manifest = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { path: path.to_owned(), manifest })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The network with the lowest validation loss, after its hash was checked.
    ///
    /// # Errors
    /// If the file is missing, damaged, or its weights do not fit.
    pub fn network(&self, device: Device) -> Result<Network, RunError> {
        let bytes = self.read(NETWORK)?;
        Network::from_bytes(&bytes, device)
            .map_err(|source| RunError::Weights { path: self.path.join(NETWORK), source })
    }

    /// Reads `name`, checked against the manifest's hash.
    ///
    /// # Errors
    /// If it is missing, not named by the manifest, or damaged.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, RunError> {
        let path = self.path.join(name);
        let expected = self.manifest.files.get(name).ok_or_else(|| RunError::Manifest {
            path: self.path.join(MANIFEST),
            reason: format!("does not name `{name}`: the run has not come so far"),
        })?;
        read_checked(&path, expected)
    }

    /// Writes `bytes` to `name` and enters its hash into the manifest.
    ///
    /// # Errors
    /// If the system refuses; what was there before is then unchanged.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        write_whole(&self.path.join(name), bytes)?;
        self.manifest.files.insert(name.to_owned(), sha256(bytes));
        self.write_manifest()
    }

    /// Writes `files`, named, and enters how the run has ended.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn finish(&mut self, status: Status, files: &[(&str, &[u8])]) -> Result<(), RunError> {
        for (name, bytes) in files {
            self.write(name, bytes)?;
        }
        self.set_status(status)
    }

    /// Enters how the run has ended.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn set_status(&mut self, status: Status) -> Result<(), RunError> {
        self.manifest.status = status;
        self.write_manifest()
    }

    /// Enters `settings` with more epochs in place of those that the run began with.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn lengthen(&mut self, settings: RunSettings) -> Result<Lengthened, RunError> {
        let after_epoch = self.manifest.checkpoints.last().map_or(0, |checkpoint| checkpoint.epoch);
        let planned_epochs = self.manifest.settings.epochs();
        let lengthened = Lengthened { after_epoch, planned_epochs };
        if after_epoch > 0 && settings.epochs() > planned_epochs {
            self.manifest.lengthened.push(lengthened);
        }
        self.manifest.settings = settings;
        self.manifest.status = Status::Begun;
        self.write_manifest()?;
        Ok(lengthened)
    }

    /// Writes the checkpoint of `epoch`, then forgets all but the last two.
    ///
    /// # Errors
    /// If the system refuses; the older checkpoints are then unchanged.
    pub fn write_checkpoint(&mut self, epoch: usize, bytes: &[u8]) -> Result<(), RunError> {
        let file = format!("{epoch:05}.safetensors");
        let folder = self.path.join(CHECKPOINTS);
        fs::create_dir_all(&folder).map_err(io_error(&folder))?;
        write_whole(&folder.join(&file), bytes)?;
        self.manifest.checkpoints.retain(|checkpoint| checkpoint.epoch < epoch);
        self.manifest.checkpoints.push(CheckpointFile { epoch, file, sha256: sha256(bytes) });
        let n_old = self.manifest.checkpoints.len().saturating_sub(KEPT_CHECKPOINTS);
        self.manifest.checkpoints.drain(..n_old);
        self.write_manifest()?;
        self.remove_leftovers()
    }

    /// The bytes of the newest checkpoint that is whole, and its epoch; `None` before the first.
    ///
    /// # Errors
    /// If there are checkpoints and none is whole; the newest one's damage is told.
    pub fn newest_checkpoint(&self) -> Result<Option<(usize, Vec<u8>)>, RunError> {
        let mut damage = None;
        for checkpoint in self.manifest.checkpoints.iter().rev() {
            match read_checked(&self.path.join(CHECKPOINTS).join(&checkpoint.file), &checkpoint.sha256) {
                Ok(bytes) => return Ok(Some((checkpoint.epoch, bytes))),
                Err(error) => damage = damage.or(Some(error)),
            }
        }
        match damage {
            Some(error) => Err(RunError::NoCheckpoint { path: self.path.clone(), newest: Box::new(error) }),
            None => Ok(None),
        }
    }

    /// Removes what a kill left half done: files that the manifest does not name.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn remove_leftovers(&self) -> Result<(), RunError> {
        let known = |name: &str| self.manifest.checkpoints.iter().any(|checkpoint| checkpoint.file == name);
        let checkpoints = self.path.join(CHECKPOINTS);
        if checkpoints.is_dir() {
            remove_files(&checkpoints, |name| !known(name))?;
        }
        remove_files(&self.path, is_unfinished)
    }

    fn write_manifest(&self) -> Result<(), RunError> {
        let mut text = serde_json::to_string_pretty(&self.manifest).expect("a manifest is plain data");
        text.push('\n');
        write_whole(&self.path.join(MANIFEST), text.as_bytes())
    }
}

/// Removes the folder `path` by giving it another name first, so that a kill on the way leaves no
/// half of a run under its name.
fn remove_at_once(path: &Path) -> Result<(), RunError> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.old", std::process::id()));
    let old = path.with_file_name(name);
    fs::rename(path, &old).map_err(io_error(path))?;
    fs::remove_dir_all(&old).map_err(io_error(&old))
}

/// Whether `path` is a folder with nothing in it but files that were cut off half way.
fn holds_only_leftovers(path: &Path) -> Result<bool, RunError> {
    for entry in fs::read_dir(path).map_err(io_error(path))? {
        let name = entry.map_err(io_error(path))?.file_name();
        if !is_unfinished(&name.to_string_lossy()) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a file of this name was not finished; see [`micrograph::file`].
fn is_unfinished(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".part")
}

fn read_checked(path: &Path, expected: &str) -> Result<Vec<u8>, RunError> {
    let bytes = regular::read(path, regular::LARGEST).map_err(io_error(path))?;
    let found = sha256(&bytes);
    if found != expected {
        return Err(RunError::Hash { path: path.to_owned(), found, expected: expected.to_owned() });
    }
    Ok(bytes)
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    file::write_whole(path, bytes).map_err(|error| RunError::Io { path: error.path, source: error.source })
}

fn remove_files(folder: &Path, unwanted: impl Fn(&str) -> bool) -> Result<(), RunError> {
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let path = entry.map_err(io_error(folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_file() && unwanted(&name) {
            fs::remove_file(&path).map_err(io_error(&path))?;
        }
    }
    Ok(())
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::Io { path, source }
}
