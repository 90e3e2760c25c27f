//! Own files: what a run writes into its folder, and nothing else.
//!
//! Only regular files with names that a run gives are read or removed; links are not followed.

use std::fs;
use std::path::Path;

use super::{CHECKPOINTS, MANIFEST, NETWORK, RunError, RunFolder, io_error};
use crate::hash::sha256;
use crate::output::is_leftover;

/// What a training writes into its folder; a killed one has not named all of it in the manifest.
const OWN: [&str; 12] = [
    MANIFEST,
    NETWORK,
    "features.safetensors",
    "settings.toml",
    "split.csv",
    "curves.csv",
    "curves.svg",
    "predictions.csv",
    "classes.csv",
    "reconstructions.png",
    "result.json",
    "report.html",
];

/// The bytes of the regular file at `path`, if they have the hash `expected`.
pub(super) fn read_checked(path: &Path, expected: &str) -> Result<Vec<u8>, RunError> {
    if !path.symlink_metadata().map_err(io_error(path))?.is_file() {
        return Err(RunError::NotItself { path: path.to_owned(), expected: "file" });
    }
    let bytes = fs::read(path).map_err(io_error(path))?;
    let found = sha256(&bytes);
    if found != expected {
        return Err(RunError::Hash { path: path.to_owned(), found, expected: expected.to_owned() });
    }
    Ok(bytes)
}

/// Removes the regular files of `folder` whose names are `unwanted`; no links, nothing in folders below.
pub(super) fn remove(folder: &Path, unwanted: impl Fn(&str) -> bool) -> Result<(), RunError> {
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let entry = entry.map_err(io_error(folder))?;
        let path = entry.path();
        if entry.file_type().map_err(io_error(&path))?.is_file()
            && unwanted(&entry.file_name().to_string_lossy())
        {
            fs::remove_file(&path).map_err(io_error(&path))?;
        }
    }
    Ok(())
}

/// Whether a run writes a file of this name into its folder of checkpoints.
pub(super) fn is_of_checkpoints(name: &str) -> bool {
    let is_number = |part: &str| part.len() >= 5 && part.bytes().all(|byte| byte.is_ascii_digit());
    let stem = name.strip_suffix(".safetensors").unwrap_or_default();
    let (epoch, step) = stem.split_once('-').map_or((stem, None), |(epoch, step)| (epoch, Some(step)));
    (is_number(epoch) && step.is_none_or(is_number)) || is_leftover(name)
}

/// What lies in the run folder `path`, and no run has written it: relative names, in order.
pub(super) fn foreign(path: &Path) -> Result<Vec<String>, RunError> {
    let manifest = RunFolder::open(path).ok().map(|run| run.manifest);
    let is_named = |name: &str| manifest.as_ref().is_some_and(|found| found.files.contains_key(name));
    let is_own = |name: &str| OWN.contains(&name) || is_leftover(name) || is_named(name);
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(io_error(path))? {
        let entry = entry.map_err(io_error(path))?;
        let (name, kind) = (entry.file_name().to_string_lossy().into_owned(), entry.file_type());
        let kind = kind.map_err(io_error(&entry.path()))?;
        if kind.is_dir() && name == CHECKPOINTS {
            for entry in fs::read_dir(entry.path()).map_err(io_error(path))? {
                let entry = entry.map_err(io_error(path))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_file = entry.file_type().map_err(io_error(&entry.path()))?.is_file();
                if !is_file || !is_of_checkpoints(&name) {
                    found.push(format!("{CHECKPOINTS}/{name}"));
                }
            }
        } else if !kind.is_file() || !is_own(&name) {
            found.push(name);
        }
    }
    found.sort_unstable();
    Ok(found)
}
