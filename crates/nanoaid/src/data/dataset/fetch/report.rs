//! What was fetched, and from where: `fetch.json` in the folder, which is also what a later fetch goes on from.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use micrograph::file::write_whole;
use serde::{Deserialize, Serialize};

use super::super::{DatasetError, ImportReport, Skipped, index};
use super::archive::Sampled;
use super::config::FetchConfig;
use super::error::FetchError;
use super::plan::{FetchPlan, PlannedFile};
use super::set::CITATION;
use crate::download::DownloadError;

/// Name of the file.
const NAME: &str = "fetch.json";

/// By what an archive was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// By the checksum that the record gives.
    Record,
    /// By a published checksum that is known here; the record gives none.
    Known,
    /// Only by its size: no checksum is known.
    SizeOnly,
}

/// What an archive held, and what of it is in the folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArchiveReport {
    /// Its name.
    pub name: String,
    /// The category of its micrographs.
    pub category: String,
    /// Its size.
    pub bytes: u64,
    /// Checksum of the bytes that came, as `md5:…` or `sha256:…`.
    pub checksum: String,
    /// By what it was checked.
    pub check: Check,
    /// Image files in it.
    pub n_images: usize,
    /// Files of other kinds in it.
    pub n_other: usize,
    /// Micrographs of it in the folder.
    pub n_taken: usize,
    /// Those drawn that hold what another one holds, and so are not there twice.
    pub n_same: usize,
    /// What was not taken though it should be an image, and why.
    pub skipped: Vec<Skipped>,
}

impl ArchiveReport {
    pub(super) fn of(file: &PlannedFile, sampled: Sampled, imported: ImportReport) -> Self {
        let n_same = imported.same_content.len();
        Self {
            name: file.name.clone(),
            category: file.category.clone(),
            bytes: file.bytes,
            checksum: sampled.checksum,
            check: sampled.check,
            n_images: sampled.n_images,
            n_other: sampled.n_other,
            n_taken: imported.n_new + imported.n_there,
            n_same,
            skipped: sampled.refused.into_iter().chain(imported.skipped).collect(),
        }
    }
}

/// What a fetch did.
#[derive(Clone, Debug, Serialize)]
pub struct FetchReport {
    /// What was planned; archives that are `is_there` were there before.
    pub plan: FetchPlan,
    /// All archives of which the folder has micrographs.
    pub archives: Vec<ArchiveReport>,
    /// What to cite.
    pub citation: &'static str,
}

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
                licence: config.record.is_none().then(|| super::LICENCE.to_owned()),
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

    pub(super) fn report(self, plan: FetchPlan) -> FetchReport {
        FetchReport { plan, archives: self.archives.into_values().collect(), citation: CITATION }
    }
}
