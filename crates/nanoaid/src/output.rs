//! Where results go: folders that are never overwritten by accident and that one process writes at a time, files that
//! are whole.
//!
//! One rule for all commands: what a killed process left half written does not count and is removed by the next one;
//! a folder that was made for a result and got none is removed.

mod claim;
mod csv;
mod names;
mod space;

use std::io;
use std::path::{Path, PathBuf};

use micrograph::file::{self, WriteError};
use serde::Serialize;

pub use claim::ClaimError;
pub(crate) use claim::{Claim, is_blank, is_leftover, sweep};
pub use csv::{csv_line, csv_text, text_cell};
pub use names::{folder_names, plain_name, slug, slugs};
pub use space::free_bytes;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum OutputError {
    /// The folder `path` holds files, and writing into it was not forced.
    #[error("{} is there already and not empty; choose another --out, or --force to write into it", path.display())]
    NotEmpty { path: PathBuf },
    /// The folder `path` could not be listed.
    #[error("cannot read the folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// The folder could not be made, or another process writes into it; the error names it.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// A file could not be written; the error names it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A result could not be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A folder for results; no other process can make it one of its own until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct OutputFolder {
    path: PathBuf,
    claim: Claim,
}

impl OutputFolder {
    /// Makes the folder `path`. One with files in it is used only with `force`; files of other
    /// names in it are then left alone. What a killed process left half written is no file.
    ///
    /// # Errors
    /// If it holds files and `force` is not given, another process writes into it, or the system refuses.
    pub fn create(path: &Path, force: bool) -> Result<Self, OutputError> {
        let failed = |source| OutputError::Folder { path: path.to_owned(), source };
        if !force && path.is_dir() && !is_blank(path).map_err(failed)? {
            return Err(OutputError::NotEmpty { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), claim: Claim::of(path)? })
    }

    /// A folder inside this one.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn folder(&self, name: &str) -> Result<Self, OutputError> {
        let path = self.path.join(name);
        let claim = self.claim.inner(&path)?;
        Ok(Self { path, claim })
    }

    /// Path of this folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of a file in this folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes `bytes` to the file `name`, whole.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), OutputError> {
        Ok(file::write_whole(&self.file(name), bytes)?)
    }

    /// Removes the file `name`, if it is there.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), OutputError> {
        let path = self.file(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(OutputError::Folder { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Writes `value` as JSON to the file `name`.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), OutputError> {
        self.write(name, json_text(value)?.as_bytes())
    }
}

/// `value` as indented JSON with a newline at the end.
pub fn json_text(value: &impl Serialize) -> Result<String, OutputError> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_files_is_not_written_to_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        OutputFolder::create(&path, false).unwrap().write("a.txt", b"a").unwrap();
        let error = OutputFolder::create(&path, false).unwrap_err().to_string();
        assert!(error.contains("--force"), "{error}");
        OutputFolder::create(&path, true).unwrap();
        assert_eq!(std::fs::read(path.join("a.txt")).unwrap(), b"a");
    }

    #[test]
    fn a_folder_with_nothing_but_what_a_kill_left_is_taken_and_swept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        std::fs::create_dir_all(path.join("inner")).unwrap();
        for name in [".first.png.77-0.part", "inner/.b.json.77-1.part", ".nanoaid.lock"] {
            std::fs::write(path.join(name), "ha").unwrap();
        }
        let made = OutputFolder::create(&path, false).unwrap();
        assert!(!path.join(".first.png.77-0.part").exists());
        made.folder("inner").unwrap().write("b.json", b"{}").unwrap();
        let names: Vec<_> =
            std::fs::read_dir(path.join("inner")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["b.json"]);
    }

    #[test]
    fn two_writers_of_one_folder_are_refused_even_where_it_is_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let first = OutputFolder::create(&path, false).unwrap();
        first.write("a.txt", b"a").unwrap();
        let error = OutputFolder::create(&path, true).unwrap_err().to_string();
        assert!(error.contains("another nanoaid") && error.contains("out"), "{error}");
        drop(first);
        OutputFolder::create(&path, true).unwrap();
    }
}
