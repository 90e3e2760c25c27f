//! What was fetched, and from where: `fetch.json` in the folder, which a later fetch goes on from.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use micrograph::file::write_whole;
use serde::{Deserialize, Serialize};

use super::super::{DatasetError, index};
use super::config::FetchConfig;
use super::error::FetchError;
use super::report::ArchiveReport;
use super::set::{CITATION, LICENCE};
use crate::download::DownloadError;

/// Name of the file.
const NAME: &str = "fetch.json";

/// The file `fetch.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    #[serde(skip)]
    path: PathBuf,
    /// Version of the program that wrote it.
    version: String,
    settings: Settings,
    licence: Option<String>,
    citation: String,
    archives: BTreeMap<String, ArchiveReport>,
}

/// What has to be the same for a folder to be continued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    record: String,
    doi: Option<String>,
    sample: Option<usize>,
    /// Of the sample; 0 where all micrographs are taken.
    seed: u64,
}

impl Settings {
    fn text(&self) -> String {
        let record = &self.record;
        match self.sample {
            Some(n) => format!("record {record}, --sample {n} --seed {}", self.seed),
            None => format!("record {record}, all micrographs"),
        }
    }
}

impl Manifest {
    /// That of the folder `to`, which may be without one.
    pub(super) fn open(to: &Path, config: &FetchConfig) -> Result<Self, FetchError> {
        let settings = Settings {
            record: config.record_id()?,
            doi: config.doi(),
            sample: config.sample,
            seed: if config.sample.is_some() { config.seed } else { 0 },
        };
        let path = to.join(NAME);
        match fs::read(&path) {
            Ok(text) => {
                let found: Self = serde_json::from_slice(&text)
                    .map_err(|source| FetchError::Manifest { path: path.clone(), source })?;
                if found.settings != settings {
                    let (found, expected) = (found.settings.text(), settings.text());
                    return Err(FetchError::OtherSettings { path: to.to_owned(), found, expected });
                }
                Ok(Self { path, ..found })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self {
                path,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                settings,
                licence: config.record.is_none().then(|| LICENCE.to_owned()),
                citation: CITATION.to_owned(),
                archives: BTreeMap::new(),
            }),
            Err(source) => Err(DownloadError::file(&path, source).into()),
        }
    }

    /// Whether all that was taken of an archive is in the folder `to`, and the record's archive is still the same.
    pub(super) fn has(
        &self,
        to: &Path,
        name: &str,
        bytes: u64,
        checksum: Option<&str>,
    ) -> Result<bool, FetchError> {
        let Some(report) = self.archives.get(name) else { return Ok(false) };
        let index = to.join("index.csv");
        if report.bytes != bytes || checksum.is_some_and(|sum| sum != report.checksum) || !index.is_file() {
            return Ok(false);
        }
        let prefix = format!("{name}/");
        let rows = index::rows(&index, &[])?;
        let of_archive =
            |row: &&index::Row| row.source.as_ref().is_some_and(|text| text.starts_with(&prefix));
        let n_there = rows.iter().filter(of_archive).filter(|row| to.join(&row.file).is_file()).count();
        Ok(n_there == report.n_taken)
    }

    /// Adds what was done, on the disk too.
    pub(super) fn add(&mut self, report: ArchiveReport) -> Result<(), FetchError> {
        self.archives.insert(report.name.clone(), report);
        let text = serde_json::to_vec_pretty(self).expect("texts and numbers can be written as JSON");
        write_whole(&self.path, &text)
            .map_err(|error| DatasetError::Write { path: error.path, source: error.source })?;
        Ok(())
    }

    /// All archives of which the folder has micrographs.
    pub(super) fn archives(self) -> Vec<ArchiveReport> {
        self.archives.into_values().collect()
    }
}
