//! What the tests of all crates share: the folder of real files, and tables of truth.
//!
//! Knows none of the project's crates, so that each of them can use it in its tests.

#![warn(missing_docs)]

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Names the folder of real files.
const VARIABLE: &str = "NANOAID_SHARED";

/// The file or folder `inside` the real files that are not part of the repository: below the folder that
/// `NANOAID_SHARED` names, else below the folder `shared` beside the project's.
///
/// `None`, with a printed reason, where it is absent: the test then skips.
///
/// # Panics
/// If it is absent where `CI=true`: there no test may skip.
#[expect(clippy::print_stdout, reason = "a test that skips says why")]
pub fn shared(inside: impl AsRef<Path>) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = env::var_os(VARIABLE).map_or_else(beside, PathBuf::from);
    let path = root.join(inside);
    if let Some(found) = found(&path, env::var_os("CI").as_deref()) {
        return Some(found);
    }
    println!("skipped: {} is absent", path.display());
    None
}

/// The whole path of what exists at `path`.
fn found(path: &Path, ci: Option<&OsStr>) -> Option<PathBuf> {
    let found = path.canonicalize().ok();
    assert!(
        found.is_some() || ci.is_none_or(|ci| ci != "true"),
        "{} is absent: CI=true needs the real files; set {VARIABLE} to their folder",
        path.display()
    );
    found
}

/// The rows of a CSV file, each by the names of its columns.
///
/// # Panics
/// If the file cannot be read, or a row has other columns than the first.
pub fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let read = csv::Reader::from_path(path).and_then(|mut reader| reader.deserialize().collect());
    read.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_the_name_of_their_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.csv");
        std::fs::write(&path, "file,note\na.tif,\"bar, 2 rows\"\nb.tif,\n").unwrap();
        let rows = table(&path);
        assert_eq!(
            (rows.len(), rows[0]["note"].as_str(), rows[1]["file"].as_str()),
            (2, "bar, 2 rows", "b.tif")
        );
    }

    #[test]
    fn what_is_absent_skips_here() {
        assert_eq!(found(Path::new("no such folder"), None), None);
        assert!(found(Path::new("."), Some(OsStr::new("true"))).is_some());
    }

    #[test]
    #[should_panic(expected = "CI=true needs the real files")]
    fn what_is_absent_fails_where_ci_is_true() {
        found(Path::new("no such folder"), Some(OsStr::new("true")));
    }
}
