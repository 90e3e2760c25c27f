//! Where results go: folders that are never overwritten by accident, files that are whole.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use micrograph::file::{self, WriteError};
use serde::Serialize;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum OutputError {
    /// The folder `path` holds files, and writing into it was not forced.
    #[error("{} is there already and not empty; choose another --out, or --force to write into it", path.display())]
    NotEmpty { path: PathBuf },
    /// The folder `path` could not be made.
    #[error("cannot make the folder {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// A file could not be written; the error names it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A result could not be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A folder for results.
#[derive(Clone, Debug)]
pub struct OutputFolder {
    path: PathBuf,
}

impl OutputFolder {
    /// Makes the folder `path`. One with files in it is used only with `force`; files of other
    /// names in it are then left alone.
    pub fn create(path: &Path, force: bool) -> Result<Self, OutputError> {
        let failed = |source| OutputError::Folder { path: path.to_owned(), source };
        if path.is_dir() && !force && fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(OutputError::NotEmpty { path: path.to_owned() });
        }
        fs::create_dir_all(path).map_err(failed)?;
        Ok(Self { path: path.to_owned() })
    }

    /// A folder inside this one.
    pub fn folder(&self, name: &str) -> Result<Self, OutputError> {
        Self::create(&self.path.join(name), true)
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

    /// Writes `value` as JSON to the file `name`.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), OutputError> {
        self.write(name, json_text(value)?.as_bytes())
    }
}

/// `value` as indented JSON with a newline at the end.
pub fn json_text(value: &impl Serialize) -> Result<String, OutputError> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// A table as CSV, cells in quotes where they need it (RFC 4180).
///
/// # Panics
/// If a row has not as many cells as `head`.
pub fn csv_text<S: AsRef<str>>(head: &[S], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head.iter().map(AsRef::as_ref)).expect("memory takes rows");
    for row in rows {
        writer.write_record(row).expect("memory takes rows of the length of the head");
    }
    String::from_utf8(writer.into_inner().expect("memory takes rows")).expect("cells are text")
}

/// Cells as a line of CSV, in quotes where they need it (RFC 4180).
pub fn csv_line(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(",") + "\n"
}

/// A name for each file, fit for a folder: its stem; where stems meet, with the folder before it,
/// then with a number.
pub fn folder_names(files: &[PathBuf]) -> Vec<String> {
    let stem = |file: &PathBuf| clean(file.file_stem().unwrap_or(OsStr::new("image")));
    let stems: Vec<String> = files.iter().map(stem).collect();
    let mut taken = BTreeSet::new();
    files
        .iter()
        .zip(&stems)
        .map(|(file, stem)| {
            let mut name = stem.clone();
            if stems.iter().filter(|other| *other == stem).count() > 1
                && let Some(parent) = file.parent().and_then(Path::file_name)
            {
                name = format!("{}_{stem}", clean(parent));
            }
            let base = name.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{base}_{number}");
                number += 1;
            }
            name
        })
        .collect()
}

/// Letters, digits, `-`, `_` and `.`; anything else becomes `_`.
fn clean(name: &OsStr) -> String {
    let text: String = name
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    if text.trim_matches('.').is_empty() { "image".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        let cells = ["a", "b, c", "d \"e\""].map(str::to_owned);
        assert_eq!(csv_line(&cells), "a,\"b, c\",\"d \"\"e\"\"\"\n");
    }

    #[test]
    fn names_of_folders_are_clean_and_differ() {
        let files =
            ["a/x.tif", "b/x.tif", "b/x.png", "c/My image (1).jpg", "..", "d/..tif"].map(PathBuf::from);
        let names = folder_names(&files);
        assert_eq!(names, ["a_x", "b_x", "b_x_2", "My_image__1_", "image", "d_image"]);
    }

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
}
