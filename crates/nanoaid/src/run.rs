//! Run folder: what one training leaves behind, written so that a kill at any moment loses
//! nothing that was complete. The format is described in `docs/run-folder.md`.
//!
//! Every file takes its place by a rename; the manifest is written after the files it names and
//! holds their hashes, so a damaged file is told from a whole one. Nothing in a run folder depends
//! on the clock: the same training leaves the same bytes. Nothing outside the folder is opened or removed, and no file
//! in it that no run writes.

mod manifest;
mod own;
mod settings;

pub use manifest::{CheckpointFile, Lengthened, Manifest, SCHEMA_VERSION, Status};
pub use settings::{BaseUsed, ClassifierSettings, DataSummary, RunSettings, SegmenterSettings};

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use micrograph::{file, regular};

use crate::hash::sha256;
use crate::network::WeightsError;
use crate::output::{Claim, ClaimError, is_blank};
use crate::{Device, Network};
use manifest::checkpoint_name;

/// Name of the manifest.
const MANIFEST: &str = "manifest.json";
/// Name of the network with the lowest validation loss.
pub const NETWORK: &str = "network.safetensors";
/// Folder of the checkpoints.
const CHECKPOINTS: &str = "checkpoints";
/// Checkpoints that are kept.
const KEPT_CHECKPOINTS: usize = 2;
/// Files that no run writes, which an error names.
const MOST_NAMED: usize = 3;

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
    /// The folder holds files that no run writes, which would be lost if it were replaced.
    #[error(
        "{} holds what no training wrote and is not replaced: {}; move it to another folder first, or choose another --out",
        path.display(),
        files.join(", ")
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Some of them.
        files: Vec<String>,
    },
    /// A link where the folder has to hold the file or folder itself.
    #[error("{} is not a {expected}, expected the {expected} itself and no link: put it there, or use a copy of the run", path.display())]
    NotItself {
        /// What is a link, or something else.
        path: PathBuf,
        /// What is expected: `file` or `folder`.
        expected: &'static str,
    },
    /// The folder could not be made, or another process writes into it.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// A file that was written is no longer there, or no longer the same.
    #[error(
        "{}: the files of the run were removed or changed while it was written ({found}); run the same command with --resume to write them again",
        path.display()
    )]
    Lost {
        /// The run folder.
        path: PathBuf,
        /// What was found first.
        found: Box<RunError>,
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
    #[error("{}: no checkpoint is whole, so the run cannot be resumed: {newest}; train anew with `--force`, or into another \
         folder", path.display())]
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
    /// Of a run that is written.
    _claim: Option<Claim>,
}

impl RunFolder {
    /// Makes the folder at `path` and writes `manifest` into it. With `force` an older run there
    /// is removed first, a folder that is no run or holds other files never.
    ///
    /// # Errors
    /// If the folder is there already (without `force`), holds files that no run writes, another process writes into
    /// it, or the system refuses.
    pub fn create(path: &Path, manifest: Manifest, force: bool) -> Result<Self, RunError> {
        if path.exists() && !is_blank(path).map_err(io_error(path))? {
            if !force {
                return Err(RunError::Exists { path: path.to_owned() });
            }
            if !path.join(MANIFEST).is_file() {
                return Err(RunError::NotARun { path: path.to_owned() });
            }
            let claim = Claim::of(path)?;
            let mut files = own::foreign(path)?;
            if !files.is_empty() {
                files.truncate(MOST_NAMED);
                return Err(RunError::Foreign { path: path.to_owned(), files });
            }
            remove_at_once(path)?;
            drop(claim);
        }
        // the manifest first: a folder without one is no run
        let claim = Some(Claim::of(path)?);
        let run = Self { path: path.to_owned(), manifest, _claim: claim };
        run.write_manifest()?;
        run.remove_leftovers()?;
        Ok(run)
    }

    /// Opens the run folder at `path` to write into it again.
    ///
    /// # Errors
    /// As [`RunFolder::open`], or if another process writes into it.
    pub fn resume(path: &Path) -> Result<Self, RunError> {
        let claim = Claim::of(path)?;
        let mut run = Self { _claim: Some(claim), ..Self::open(path)? };
        run.remove_leftovers()?;
        // one that is damaged would be missed at the end; without a whole one, its damage is reported when it is read
        let is_whole = |of: &CheckpointFile| own::read_checked(&run.checkpoint_path(of), &of.sha256).is_ok();
        let whole: Vec<CheckpointFile> =
            run.manifest.checkpoints.iter().filter(|of| is_whole(of)).cloned().collect();
        if !whole.is_empty() {
            run.manifest.checkpoints = whole;
        }
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
        let manifest =
            Manifest::parsed(&text).map_err(|reason| RunError::Manifest { path: file.clone(), reason })?;
        Ok(Self { path: path.to_owned(), manifest, _claim: None })
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
        own::read_checked(&path, expected)
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

    /// Writes `files`, named, and enters how the run has ended; then checks that everything is there.
    ///
    /// # Errors
    /// If the system refuses, or a file that was written is no longer there as it was.
    pub fn finish(&mut self, status: Status, files: &[(&str, &[u8])]) -> Result<(), RunError> {
        for (name, bytes) in files {
            self.write(name, bytes)?;
        }
        self.set_status(status)?;
        self.check().map_err(|found| RunError::Lost { path: self.path.clone(), found: Box::new(found) })
    }

    /// Checks that the manifest and all that it names are there as they were written.
    ///
    /// # Errors
    /// With the first that is not.
    pub fn check(&self) -> Result<(), RunError> {
        own::read_checked(&self.path.join(MANIFEST), &sha256(self.manifest.text()))?;
        for name in self.manifest.files.keys() {
            self.read(name)?;
        }
        self.checkpoints()?;
        for checkpoint in &self.manifest.checkpoints {
            own::read_checked(&self.checkpoint_path(checkpoint), &checkpoint.sha256)?;
        }
        Ok(())
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

    /// Writes the checkpoint after `epoch` epochs and `step` steps of the next one, then forgets all but it and the
    /// last two that lie between epochs.
    ///
    /// # Errors
    /// If the system refuses; the older checkpoints are then unchanged.
    pub fn write_checkpoint(&mut self, epoch: usize, step: usize, bytes: &[u8]) -> Result<(), RunError> {
        let file = checkpoint_name(epoch, step);
        let folder = match self.checkpoints()? {
            Some(folder) => folder,
            None => {
                let folder = self.path.join(CHECKPOINTS);
                fs::create_dir(&folder).map_err(io_error(&folder))?;
                folder
            }
        };
        write_whole(&folder.join(&file), bytes)?;
        let older = |of: &CheckpointFile| of.step == 0 && (of.epoch, of.step) < (epoch, step);
        self.manifest.checkpoints.retain(older);
        let n_kept = KEPT_CHECKPOINTS - usize::from(step == 0);
        let n_old = self.manifest.checkpoints.len().saturating_sub(n_kept);
        self.manifest.checkpoints.drain(..n_old);
        self.manifest.checkpoints.push(CheckpointFile { epoch, step, file, sha256: sha256(bytes) });
        self.write_manifest()?;
        self.remove_leftovers()
    }

    /// The bytes of the newest checkpoint that is whole, and its epoch; `None` before the first.
    ///
    /// # Errors
    /// If there are checkpoints and none is whole; the newest one's damage is told.
    pub fn newest_checkpoint(&self) -> Result<Option<(usize, Vec<u8>)>, RunError> {
        let mut damage = None;
        self.checkpoints()?;
        for checkpoint in self.manifest.checkpoints.iter().rev() {
            match own::read_checked(&self.checkpoint_path(checkpoint), &checkpoint.sha256) {
                Ok(bytes) => return Ok(Some((checkpoint.epoch, bytes))),
                Err(error) => damage = damage.or(Some(error)),
            }
        }
        match damage {
            Some(error) => Err(RunError::NoCheckpoint { path: self.path.clone(), newest: Box::new(error) }),
            None => Ok(None),
        }
    }

    /// Removes what a kill left half done: checkpoints that the manifest does not name, files that were not finished.
    /// Files of other names stay, and so does what a link leads to.
    ///
    /// # Errors
    /// If the folder of checkpoints is a link, or the system refuses.
    pub fn remove_leftovers(&self) -> Result<(), RunError> {
        if let Some(checkpoints) = self.checkpoints()? {
            let known =
                |name: &str| self.manifest.checkpoints.iter().any(|checkpoint| checkpoint.file == name);
            own::remove(&checkpoints, |name| own::is_of_checkpoints(name) && !known(name))?;
        }
        own::remove(&self.path, file::is_unfinished)
    }

    /// The folder of the checkpoints, if there is one.
    fn checkpoints(&self) -> Result<Option<PathBuf>, RunError> {
        let path = self.path.join(CHECKPOINTS);
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => Ok(Some(path)),
            Ok(_) => Err(RunError::NotItself { path, expected: "folder" }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(&path)(error)),
        }
    }

    fn checkpoint_path(&self, checkpoint: &CheckpointFile) -> PathBuf {
        self.path.join(CHECKPOINTS).join(&checkpoint.file)
    }

    fn write_manifest(&self) -> Result<(), RunError> {
        write_whole(&self.path.join(MANIFEST), self.manifest.text().as_bytes())
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

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    file::write_whole(path, bytes).map_err(|error| RunError::Io { path: error.path, source: error.source })
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::Io { path, source }
}
