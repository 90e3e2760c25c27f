//! Find: the file that a record names, wherever it is now.
//!
//! It is known by its hash. Looked for where the record says, then beside the record and in the folders above it under
//! the ends of the recorded path, as a project folder that was moved has it, then in a folder that the user names.

use std::path::{Component, Path, PathBuf};

use micrograph::{ReadError, Source};

use super::ReplayError;
use crate::data::dataset::image_files;
use crate::hash::sha256_of_file;

/// The input `image` with the content `sha256` of the record at `record`, from `images` if it is nowhere else.
///
/// # Errors
/// If no file with this content is found.
pub(super) fn input(
    record: &Path,
    image: &Path,
    sha256: &str,
    images: Option<&Path>,
) -> Result<Source, ReplayError> {
    let recorded = Source::read(image);
    if let Ok(source) = &recorded
        && source.sha256() == sha256
    {
        return Ok(source.clone());
    }
    let same = |path: &PathBuf| sha256_of_file(path).is_ok_and(|found| found == sha256);
    if let Some(path) = places(record, image).into_iter().find(same) {
        return Ok(Source::read(&path)?);
    }
    if let Some(folder) = images {
        let found = within(folder, image)?.into_iter().find(same);
        let lost = || ReplayError::NotIn {
            record: record.to_owned(),
            sha256: sha256.to_owned(),
            folder: folder.to_owned(),
        };
        return Ok(Source::read(&found.ok_or_else(lost)?)?);
    }
    match recorded {
        Ok(source) => Err(ReplayError::Input {
            record: record.to_owned(),
            image: image.to_owned(),
            found: source.sha256().to_owned(),
            expected: sha256.to_owned(),
        }),
        Err(source @ ReadError::Io { .. }) => {
            Err(ReplayError::NotThere { record: record.to_owned(), source })
        }
        Err(error) => Err(error.into()),
    }
}

/// Where a run or file that a record names may be, the recorded place first.
pub(super) fn places_of_run(record: &Path, run: &Path) -> Vec<PathBuf> {
    [vec![run.to_owned()], places(record, run)].concat()
}

/// The ends of the path `recorded`, the longest first, in the folder of the record and in those above it.
fn places(record: &Path, recorded: &Path) -> Vec<PathBuf> {
    let record = std::path::absolute(record).unwrap_or_else(|_| record.to_owned());
    let parts: Vec<&std::ffi::OsStr> = recorded
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    let folders = record.ancestors().skip(1);
    let ends = |folder: &Path| -> Vec<PathBuf> {
        (0..parts.len()).map(|first| folder.join(parts[first..].iter().collect::<PathBuf>())).collect()
    };
    folders.flat_map(ends).filter(|path| path.exists()).collect()
}

/// The image files of a folder, those of the same name first; or the one file.
fn within(folder: &Path, image: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut files: Vec<PathBuf> = image_files(folder)?.into_iter().map(|file| folder.join(file)).collect();
    files.sort_by_key(|file| file.file_name() != image.file_name());
    Ok(files)
}
