//! Why labels could not be made, read, corrected or written; every error names the thing, what was found and what was
//! expected.

use std::path::PathBuf;

use crate::ReadError;
use crate::file::WriteError;
use crate::paint::ExportError;

use super::correction::Missed;

/// Why labels could not be made, read, corrected or written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum RegionsError {
    /// What was given does not describe labels.
    #[error("{what}: expected {expected}, found {found}")]
    Given { what: String, expected: String, found: String },
    /// Two images that belong together differ in size.
    #[error(
        "{what}: expected {} × {} px (height × width), found {} × {}; are they of the same micrograph, with or without \
         its data bar?",
        expected.0, expected.1, found.0, found.1
    )]
    Size { what: String, expected: (usize, usize), found: (usize, usize) },
    /// Corrections that change nothing.
    #[error("{} of {n_corrections} corrections change nothing: {}", missed.len(), texts(missed))]
    Missed { missed: Vec<Missed>, n_corrections: usize },
    /// The image or file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file is of none of the formats that hold regions.
    #[error(
        "{}: expected a label image (TIFF, PNG, NPY), COCO, VIA or GeoJSON, or ImageJ ROIs (.roi, .zip), found {found}",
        path.display()
    )]
    Format { path: PathBuf, found: String },
    /// A file breaks the rules of its format.
    #[error("{}: damaged {format} file: {reason}", path.display())]
    Damaged { path: PathBuf, format: &'static str, reason: String },
    /// A file holds something that has no meaning as a region.
    #[error("{}: expected {expected}, found {found}", path.display())]
    Unsupported { path: PathBuf, found: String, expected: &'static str },
    /// A file describes several images, and the one that is meant is not among them, or not named.
    #[error(
        "{}: expected an image named {}, found {n_images} images: {}",
        path.display(), wanted.as_deref().unwrap_or("by the caller"), names.join(", ")
    )]
    NoImage { path: PathBuf, wanted: Option<String>, n_images: usize, names: Vec<String> },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The format of the file cannot hold the labels.
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl RegionsError {
    /// `what` was `found` and should have been `expected`.
    pub(super) fn given(what: impl Into<String>, expected: impl Into<String>, found: impl ToString) -> Self {
        Self::Given { what: what.into(), expected: expected.into(), found: found.to_string() }
    }
}

/// Most corrections that an error names.
const MOST_NAMED: usize = 8;

fn texts(missed: &[Missed]) -> String {
    let mut texts: Vec<String> = missed.iter().take(MOST_NAMED).map(Missed::to_string).collect();
    if missed.len() > MOST_NAMED {
        texts.push(format!("and {} more", missed.len() - MOST_NAMED));
    }
    texts.join("; ")
}
