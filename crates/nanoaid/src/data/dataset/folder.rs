//! Folder: the image files below a folder, found by their extension.
//!
//! Links to folders are followed, each real folder once, so that a link that leads back can't
//! hang the search and no file is taken twice by way of one. Names that begin with a dot are left
//! out without a word: they are the system's.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use micrograph::read::is_image;
use micrograph::regular;

use super::{DatasetError, Skipped};

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Image files, relative, `/` between folders, in order.
    pub(super) files: Vec<String>,
    /// What was left out: names that are not UTF-8, what is no file.
    pub(super) skipped: Vec<Skipped>,
    /// Folders in it that have no image file at any depth, in order.
    pub(super) empty: Vec<String>,
}

/// Why what is at `path` is no file to read: a pipe, a device, a link that leads nowhere or back to itself.
fn not_a_file(path: &Path) -> Option<String> {
    match fs::metadata(path) {
        Ok(_) => regular::other_kind(path).map(|kind| format!("it is {kind}, not a file")),
        Err(error) => Some(error.to_string()),
    }
}

/// The image files below `root`.
pub(super) fn files(root: &Path) -> Result<Files, DatasetError> {
    let (mut files, mut skipped, mut inner) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    // folders before links to folders, so that a folder keeps its own name
    let mut folders = vec![(root.to_owned(), String::new())];
    let mut links = VecDeque::new();
    while let Some((path, prefix)) = folders.pop().or_else(|| links.pop_front()) {
        if !seen.insert(real(&path)?) {
            continue;
        }
        for (path, name) in named(&path)? {
            let Some(name) = name else {
                let lossy = path.file_name().unwrap_or_default().to_string_lossy();
                let reason = "its name is not UTF-8".to_owned();
                skipped.push(Skipped { file: format!("{prefix}{lossy}"), reason });
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                if prefix.is_empty() && !path.is_symlink() {
                    inner.insert(name.clone());
                }
                let folder = (path.clone(), format!("{prefix}{name}/"));
                if path.is_symlink() { links.push_back(folder) } else { folders.push(folder) }
            } else if is_image(&name)
                && let Some(reason) = not_a_file(&path)
            {
                skipped.push(Skipped { file: format!("{prefix}{name}"), reason });
            } else if is_image(&name) {
                files.push(format!("{prefix}{name}"));
            }
        }
    }
    files.sort_unstable();
    skipped.sort_unstable();
    for file in &files {
        if let Some((folder, _)) = file.split_once('/') {
            inner.remove(folder);
        }
    }
    Ok(Files { files, skipped, empty: inner.into_iter().collect() })
}

/// The paths in a folder with their names, in order; `None` for a name that is not UTF-8.
fn named(folder: &Path) -> Result<Vec<(PathBuf, Option<String>)>, DatasetError> {
    let io = |source| DatasetError::Io { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        found.push((entry.path(), entry.file_name().into_string().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

fn real(path: &Path) -> Result<PathBuf, DatasetError> {
    path.canonicalize().map_err(|source| DatasetError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_order_with_slashes_and_without_those_of_the_system() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/deep")).unwrap();
        fs::create_dir_all(folder.path().join(".trash")).unwrap();
        for name in [
            "z.png",
            "b/deep/a.tif",
            "b/2.bmp",
            "b/1.DM3",
            "b/4.dm4",
            "b/._2.bmp",
            ".trash/x.png",
            "notes.txt",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir_all(folder.path().join("empty/deep")).unwrap();
        fs::create_dir_all(folder.path().join("notes")).unwrap();
        fs::write(folder.path().join("notes/a.txt"), "").unwrap();
        let Files { files, skipped, empty } = files(folder.path()).unwrap();
        assert_eq!(files, ["b/1.DM3", "b/2.bmp", "b/4.dm4", "b/deep/a.tif", "z.png"]);
        assert!(skipped.is_empty());
        assert_eq!(empty, ["empty", "notes"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_back_ends_and_a_folder_is_taken_once_under_its_own_name() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("m")).unwrap();
        fs::write(root.join("m/1.png"), "").unwrap();
        fs::write(elsewhere.path().join("2.png"), "").unwrap();
        symlink(root, root.join("m/back")).unwrap();
        symlink(root.join("m"), root.join("a")).unwrap(); // sorts before the folder it leads to
        symlink(elsewhere.path(), root.join("z")).unwrap();
        symlink(root.join("nowhere"), root.join("broken.png")).unwrap();
        symlink("loop.png", root.join("loop.png")).unwrap();
        let Files { files, skipped, .. } = files(root).unwrap();
        assert_eq!(files, ["m/1.png", "z/2.png"]);
        let mut skipped: Vec<&str> = skipped.iter().map(|one| one.file.as_str()).collect();
        skipped.sort_unstable();
        assert_eq!(skipped, ["broken.png", "loop.png"]);
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_named_like_images_are_left_out_by_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.png"), "").unwrap();
        let pipe = folder.path().join("x.png");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.tif")).unwrap();
        let Files { files, skipped, .. } = files(folder.path()).unwrap();
        assert_eq!(files, ["1.png"]);
        let skipped: Vec<_> = skipped.iter().map(|one| (one.file.as_str(), one.reason.as_str())).collect();
        let expected =
            [("x.png", "it is a named pipe, not a file"), ("zero.tif", "it is a device, not a file")];
        assert_eq!(skipped, expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_utf8_is_reported() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"a\xff.png")), "").unwrap();
        let Files { files, skipped, .. } = files(folder.path()).unwrap();
        assert!(files.is_empty());
        assert_eq!(skipped[0].file, "a\u{fffd}.png");
        assert!(skipped[0].reason.contains("UTF-8"));
    }
}
