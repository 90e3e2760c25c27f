//! Concepts of a layer, as `nanoaid concepts` left them in a folder, as pages of the site.

use std::fs;
use std::path::{Path, PathBuf};

use nanoaid::hash::sha256;
use nanoaid::interpret::concept::ConceptRecord;
use serde::Serialize;

use crate::site::error::SiteError;

/// The record in a folder of concepts.
const RECORD: &str = "concepts.json";

/// Concepts of a layer of one of the networks.
#[derive(Clone, Debug)]
pub struct SiteConcepts {
    /// Their record.
    pub record: ConceptRecord,
    /// The folder.
    pub folder: PathBuf,
    /// SHA-256 of the record.
    pub sha256: String,
}

/// A concept with much of a unit.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ConceptOfUnit<'a> {
    /// Its place in the site.
    pub page: String,
    /// Its number.
    pub number: usize,
    /// Its name, where a user gave one.
    pub name: Option<&'a str>,
    /// The unit's component of its direction, which has the length 1.
    pub weight: f32,
}

impl SiteConcepts {
    /// The concepts in `folder`.
    ///
    /// # Errors
    /// If it is no folder of concepts, or one of its files is missing or was changed.
    pub fn read(folder: &Path) -> Result<Self, SiteError> {
        let wrong = |reason: String| SiteError::Concepts { path: folder.to_owned(), reason };
        let path = folder.join(RECORD);
        let expected = "expected a folder that `nanoaid concepts` wrote";
        let bytes = fs::read(&path).map_err(|error| wrong(format!("{RECORD}: {error}; {expected}")))?;
        let record: ConceptRecord = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("{RECORD}: {error}; {expected}")))?;
        let found = Self { record, folder: folder.to_owned(), sha256: sha256(&bytes) };
        for name in found.record.record.files.keys() {
            found.file(name)?;
        }
        Ok(found)
    }

    /// The bytes of one of its files.
    pub(super) fn file(&self, name: &str) -> Result<Vec<u8>, SiteError> {
        let wrong = |reason: &str| SiteError::Concepts {
            path: self.folder.clone(),
            reason: format!("{name} {reason}; run `nanoaid concepts` again"),
        };
        // names come from outside
        if name.contains(['/', '\\', ':']) || name.starts_with('.') {
            return Err(wrong("is no name of a file in it"));
        }
        let bytes = fs::read(self.folder.join(name)).map_err(|_| wrong("is missing"))?;
        match self.record.record.files.get(name) {
            Some(expected) if *expected == sha256(&bytes) => Ok(bytes),
            _ => Err(wrong("was changed")),
        }
    }

    /// SHA-256 of their network.
    pub(super) fn network(&self) -> &str {
        self.record.record.network.as_ref().map_or("", |used| used.sha256.as_str())
    }

    /// Their layer.
    pub(super) fn layer(&self) -> &str {
        &self.record.found.layer
    }
}
