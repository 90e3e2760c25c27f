//! Claim: a folder for results is written by one process at a time, and never left behind empty.
//!
//! The claim is a lock of the system on the file `.nanoaid.lock` in the folder. The system gives the lock
//! up when its process ends, however it ends, so that no lock outlives its process; the file that a killed
//! process leaves is taken over by the next one. Where the file system has no locks, none is taken.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use micrograph::file::is_unfinished;

/// Name of the file that is locked.
const LOCK: &str = ".nanoaid.lock";
/// Most bytes that are read of a lock file: a number of a process.
const MOST_HOLDER_BYTES: u64 = 20;

/// Why a folder could not be claimed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ClaimError {
    /// Another process writes into the folder.
    #[error(
        "{} is being written by another nanoaid{}: wait until it has ended, or choose another folder",
        path.display(),
        holder_text(*holder)
    )]
    Taken { path: PathBuf, holder: Option<u32> },
    /// The name of the lock is taken by something else.
    #[error("{}: expected a file or nothing, found a link or a folder; remove it", path.display())]
    NoFile { path: PathBuf },
    /// The folder could not be made or written to.
    #[error("cannot write into the folder {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// A folder that this process writes into, until the last clone is dropped. A folder that was made for it and is still
/// empty then is removed.
#[derive(Clone, Debug)]
pub(crate) struct Claim(Arc<Held>);

#[derive(Debug)]
struct Held {
    /// Folders that were made, the outermost first.
    made: Vec<PathBuf>,
    /// The lock; `None` for a folder in one that is claimed.
    lock: Option<Lock>,
    /// Folders inside that were swept: once each, however many files are written into them.
    swept: Mutex<BTreeSet<PathBuf>>,
    /// The claim of the folder that this one is in.
    _outer: Option<Claim>,
}

#[derive(Debug)]
struct Lock {
    path: PathBuf,
    /// Unlocked when it is closed.
    _file: File,
}

impl Claim {
    /// Makes the folder `path` where it is not there, claims it, and removes from it what a killed process left half
    /// written.
    ///
    /// # Errors
    /// If another process has claimed it, or the system refuses.
    pub(crate) fn of(path: &Path) -> Result<Self, ClaimError> {
        let mut held = Held { made: made(path)?, lock: None, swept: Mutex::default(), _outer: None };
        held.lock = Some(Lock::of(path)?);
        sweep(path)?;
        Ok(Self(Arc::new(held)))
    }

    /// The same of a folder inside the one that is claimed.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn inner(&self, path: &Path) -> Result<Self, ClaimError> {
        let held =
            Held { made: made(path)?, lock: None, swept: Mutex::default(), _outer: Some(self.clone()) };
        let mut swept = self.0.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.insert(path.to_owned()) && !path.is_symlink() {
            sweep(path)?;
        }
        drop(swept);
        Ok(Self(Arc::new(held)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.lock.take());
        for folder in self.made.iter().rev() {
            // refused by the system where files are in it
            let _ = fs::remove_dir(folder);
        }
    }
}

impl Lock {
    fn of(folder: &Path) -> Result<Self, ClaimError> {
        let path = folder.join(LOCK);
        let io = |source| ClaimError::Io { path: folder.to_owned(), source };
        loop {
            if path.symlink_metadata().is_ok_and(|found| !found.is_file()) {
                return Err(ClaimError::NoFile { path });
            }
            let mut options = OpenOptions::new();
            let mut file =
                options.read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(ClaimError::Taken { path: folder.to_owned(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            // the process before may have removed the file between opening and locking
            if is_at(&file, &path) {
                file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(io)?;
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // while it is locked, so that it is nobody else's; a destructor cannot report an error
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(opened), Ok(there)) => identity(opened) == identity(there),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.is_file()
}

/// The process that holds the lock, if it can be read.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(MOST_HOLDER_BYTES).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn holder_text(holder: Option<u32>) -> String {
    holder.map(|process| format!(" (process {process})")).unwrap_or_default()
}

/// Makes the folder `path`; returns those that were not there, the outermost first.
fn made(path: &Path) -> Result<Vec<PathBuf>, ClaimError> {
    let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let mut made: Vec<PathBuf> = path.ancestors().take_while(missing).map(Path::to_owned).collect();
    made.reverse();
    fs::create_dir_all(path).map_err(|source| ClaimError::Io { path: path.to_owned(), source })?;
    Ok(made)
}

/// Removes from the folder `path`, which nobody else writes, the files that a killed process left half written: those
/// with their names, no links, nothing in folders below.
///
/// # Errors
/// If the system refuses.
pub(crate) fn sweep(path: &Path) -> Result<(), ClaimError> {
    let io = |source| ClaimError::Io { path: path.to_owned(), source };
    for entry in fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?;
        let unfinished = is_unfinished(&entry.file_name().to_string_lossy());
        if unfinished && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::remove_file(entry.path()).map_err(io)?;
        }
    }
    Ok(())
}

/// Whether the folder `path` holds nothing but what a killed process leaves: files half written, a lock, folders with
/// nothing else.
///
/// # Errors
/// If the system cannot list it.
pub(crate) fn is_blank(path: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let name = name.to_string_lossy();
        let left = (kind.is_file() && (name == LOCK || is_unfinished(&name)))
            || (kind.is_dir() && is_blank(&entry.path())?);
        if !left {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether `name` is that of a lock or of a file that was not finished.
pub(crate) fn is_leftover(name: &str) -> bool {
    name == LOCK || is_unfinished(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let claim = Claim::of(&path).unwrap();
        let error = Claim::of(&path).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        let again = claim.clone();
        drop(claim);
        assert!(Claim::of(&path).is_err());
        drop(again);
        Claim::of(&path).unwrap();
    }

    #[test]
    fn a_lock_that_a_killed_process_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LOCK), "1").unwrap();
        let claim = Claim::of(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join(LOCK)).unwrap(), std::process::id().to_string());
        drop(claim);
        assert!(!folder.path().join(LOCK).exists());
    }

    #[test]
    fn folders_that_stay_empty_are_removed_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let claim = Claim::of(&path).unwrap();
        let inner = claim.inner(&path.join("c")).unwrap();
        drop(claim);
        assert!(path.join("c").is_dir());
        drop(inner);
        assert!(!folder.path().join("a").exists());

        let claim = Claim::of(&path).unwrap();
        fs::write(path.join("result"), "").unwrap();
        drop(claim);
        assert!(path.join("result").is_file());
        let claim = Claim::of(folder.path()).unwrap(); // was there before
        drop(claim);
        assert!(folder.path().is_dir());
    }

    #[test]
    fn only_own_leftovers_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let names = [".a.png.12-0.part", ".a.part", "b.12-0.part", ".c.12.part", "video.part"];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join(".folder.1-1.part")).unwrap();
        assert!(!is_blank(folder.path()).unwrap());
        drop(Claim::of(folder.path()).unwrap());
        let there = |name: &&str| folder.path().join(name).exists();
        assert!(!there(&names[0]) && names[1..].iter().all(there));
        assert!(folder.path().join(".folder.1-1.part").is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn links_with_the_names_of_leftovers_are_neither_followed_nor_removed() {
        let folder = tempfile::tempdir().unwrap();
        let foreign = folder.path().join("foreign");
        fs::write(&foreign, "kept").unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        std::os::unix::fs::symlink(&foreign, out.join(".a.1-1.part")).unwrap();
        assert!(!is_blank(&out).unwrap());
        drop(Claim::of(&out).unwrap());
        assert!(out.join(".a.1-1.part").is_symlink());
        std::os::unix::fs::symlink(&foreign, out.join(LOCK)).unwrap();
        let error = Claim::of(&out).unwrap_err().to_string();
        assert!(error.contains("found a link"), "{error}");
        assert_eq!(fs::read_to_string(&foreign).unwrap(), "kept");
    }
}
