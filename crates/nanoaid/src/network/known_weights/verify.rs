//! Whether a file of weights agrees with the table or the record of its fetch.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::config::{Check, Fetched};
use super::{TABLE, find};
use crate::hash;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The file.
    pub file: PathBuf,
    /// The known weights it is or is named after.
    pub name: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// How it compares.
    #[serde(flatten)]
    pub standing: Standing,
}

/// How a file compares with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// It has the hash of known weights.
    Known,
    /// It has the hash it had when it was fetched; the table has no hash of this file.
    AsFetched {
        /// By what it was checked then.
        check: Check,
    },
    /// It has another hash than the one that is known.
    Different {
        /// That hash.
        expected: String,
    },
    /// Nothing is known of it.
    Unknown,
}

impl Verdict {
    /// Whether it is a file that is known, unchanged.
    pub fn is_right(&self) -> bool {
        matches!(self.standing, Standing::Known | Standing::AsFetched { .. })
    }

    /// The verdict in words.
    pub fn text(&self) -> String {
        let Self { name, bytes, sha256, .. } = self;
        let name = name.as_deref().unwrap_or_default();
        match &self.standing {
            Standing::Known => format!("right: {name}, {bytes} bytes, sha256 {sha256}"),
            Standing::AsFetched { check: Check::Table } => {
                format!("right: {name} as it was fetched and checked by the table, sha256 {sha256}")
            }
            Standing::AsFetched { check: Check::Server } => {
                format!("right: {name} as it was fetched and checked by the server's hash, sha256 {sha256}")
            }
            Standing::AsFetched { check: Check::SizeOnly } => {
                format!(
                    "unchanged: {name} as it was fetched, when its size only could be checked, sha256 {sha256}"
                )
            }
            Standing::Different { expected } => {
                format!("wrong: {bytes} bytes, sha256 {sha256}, expected {expected} for {name}")
            }
            Standing::Unknown => format!("not known: {bytes} bytes, sha256 {sha256}"),
        }
    }
}

/// Compares the file at `path` with the table, by its hash and by its name, and with what was
/// written beside it when it was fetched.
///
/// # Errors
/// If the file cannot be read.
pub fn verify(path: &Path) -> io::Result<Verdict> {
    let sha256 = hash::sha256_of_file(path)?;
    let bytes = fs::metadata(path)?.len();
    let verdict = |name: Option<&str>, standing| Verdict {
        file: path.to_owned(),
        name: name.map(str::to_owned),
        bytes,
        sha256: sha256.clone(),
        standing,
    };
    if let Some(known) = TABLE.iter().find(|known| known.file_sha256() == Some(&sha256)) {
        return Ok(verdict(Some(known.name), Standing::Known));
    }
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = file_name.strip_suffix(".safetensors").unwrap_or_default();
    if let Some(expected) = find(name).and_then(|known| known.file_sha256()) {
        return Ok(verdict(Some(name), Standing::Different { expected: expected.to_owned() }));
    }
    Ok(match Fetched::beside(path) {
        Some(fetched) if fetched.sha256 == sha256 => {
            verdict(Some(&fetched.name), Standing::AsFetched { check: fetched.check })
        }
        Some(fetched) => verdict(Some(&fetched.name), Standing::Different { expected: fetched.sha256 }),
        None => verdict(find(name).map(|known| known.name), Standing::Unknown),
    })
}
