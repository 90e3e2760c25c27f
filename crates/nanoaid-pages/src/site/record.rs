//! A site in its folder: what it was made from, and whether it is whole.
//!
//! The record says from what the pages were made; that all of them are there, it says last. A list of the files with
//! their SHA-256 finds those that were damaged since. No network runs here: the atlas is made by the caller, between
//! [`OpenSite::begin`] and [`OpenSite::write`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use nanoaid::atlas::{Atlas, AtlasError, AtlasInput, MicrographActivations};
use nanoaid::hash::sha256_of_file;
use nanoaid::output::OutputFolder;
use serde::{Deserialize, Serialize};

use crate::site::concepts::SiteConcepts;
use crate::site::error::SiteError;
use crate::site::folder::write;
use crate::site::model::Made;

/// Record of what the site was made from; written last.
const RECORD: &str = "site.json";
/// The files of the site with their SHA-256, by which a damaged one is found.
pub(super) const FILES: &str = "files.json";
/// Folder of parts that are kept, so that they are not made again.
pub(super) const KEPT: &str = "kept";
/// Version of the record.
const SCHEMA_VERSION: u32 = 1;

/// From what a site was made: the same again need not be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    schema_version: u32,
    program_version: String,
    command: String,
    networks: Vec<String>,
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    data: PathBuf,
    data_digest: String,
    device: String,
    settings: serde_json::Value,
    /// SHA-256 of the records of concepts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    concepts: Vec<String>,
    /// Whether all pages are there.
    done: bool,
}

impl Record {
    fn of(input: &AtlasInput<'_>, data: &Path, concepts: &[SiteConcepts]) -> Result<Self, SiteError> {
        let networks = || input.networks.iter().map(|network| &network.network);
        let devices: BTreeSet<String> = networks().map(|network| network.device().to_string()).collect();
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command(input, data, concepts),
            networks: networks().map(|network| network.sha256().to_owned()).collect(),
            data: data.to_owned(),
            data_digest: input.dataset.digest().map_err(AtlasError::from)?,
            device: devices.into_iter().collect::<Vec<_>>().join(", "),
            settings: serde_json::to_value(&input.config)?,
            concepts: concepts.iter().map(|concepts| concepts.sha256.clone()).collect(),
            done: true,
        })
    }

    /// As the pages show it.
    fn made(&self) -> Made {
        Made {
            schema_version: self.schema_version,
            program_version: self.program_version.clone(),
            command: self.command.clone(),
            data: self.data.display().to_string(),
            data_digest: self.data_digest.clone(),
            device: self.device.clone(),
            settings: self.settings.clone(),
            warnings: Vec::new(),
        }
    }
}

/// The command line that makes the same.
fn command(input: &AtlasInput<'_>, data: &Path, concepts: &[SiteConcepts]) -> String {
    let config = &input.config;
    let mut command = "nanoaid site".to_owned();
    for network in &input.networks {
        command += &format!(" {}", network.run.display());
    }
    let presets: Vec<String> = config.presets.iter().map(ToString::to_string).collect();
    command += &format!(" --data {} --presets {}", data.display(), presets.join(","));
    for layer in &config.layers {
        command += &format!(" --layer {layer}");
    }
    if let Some(steps) = config.steps {
        command += &format!(" --steps {steps}");
    }
    for question in &input.questions {
        let b = question.b.as_deref().unwrap_or_default().join(",");
        command += &format!(" --contrast {}:{b}", question.a.join(","));
    }
    for concepts in concepts {
        command += &format!(" --concepts {}", concepts.folder.display());
    }
    command + &format!(" --seed {}", config.seed)
}

/// A site whose pages are to be written.
#[derive(Debug)]
pub struct OpenSite {
    folder: OutputFolder,
    record: Record,
    concepts: Vec<SiteConcepts>,
    damaged: Vec<String>,
}

impl OpenSite {
    /// Begins the site of `input` in the folder `out`, or continues one that is there; `None` if all its pages are there,
    /// made from the same. `data` is the data set as it was named, and `concepts` are shown, too. With `force` the folder may hold files of others.
    ///
    /// # Errors
    /// If a micrograph cannot be read, concepts are of another network, `out` holds something else and `force` is not given, or it
    /// cannot be written.
    pub fn begin(
        input: &AtlasInput<'_>,
        (data, concepts): (&Path, Vec<SiteConcepts>),
        out: &Path,
        force: bool,
    ) -> Result<Option<Self>, SiteError> {
        let is_of_one = |concepts: &&SiteConcepts| {
            input.networks.iter().any(|network| network.network.sha256() == concepts.network())
        };
        if let Some(other) = concepts.iter().find(|concepts| !is_of_one(concepts)) {
            let runs: Vec<String> = input.networks.iter().map(|one| one.run.display().to_string()).collect();
            let of = other
                .record
                .record
                .network
                .as_ref()
                .map_or(String::new(), |used| used.run.display().to_string());
            let reason = format!("concepts of another network, {of}; expected one of: {}", runs.join(", "));
            return Err(SiteError::Concepts { path: other.folder.clone(), reason });
        }
        let record = Record::of(input, data, &concepts)?;
        let kept = fs::read(out.join(RECORD)).ok();
        let kept: Option<Record> = kept.and_then(|text| serde_json::from_slice(&text).ok());
        let mut damaged = Vec::new();
        if kept.as_ref() == Some(&record)
            && let Some(found) = damaged_files(out)
        {
            if found.is_empty() {
                return Ok(None);
            }
            damaged = found;
        }
        let folder = OutputFolder::create(out, force || kept.is_some())?;
        folder.write_json(RECORD, &Record { done: false, ..record.clone() })?;
        Ok(Some(Self { folder, record, concepts, damaged }))
    }

    /// Files of the site that were damaged or removed since all were there.
    pub fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// The folder of parts of the atlas that are kept.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn kept(&self) -> Result<OutputFolder, SiteError> {
        Ok(self.folder.folder(KEPT)?)
    }

    /// Writes the pages of `atlas`, the list of files, and at the end the record. Arguments as those of
    /// [`write`](super::write()).
    ///
    /// # Errors
    /// As [`write`](super::write()), or if a file was removed or changed meanwhile.
    pub fn write(
        self,
        atlas: &Atlas,
        micrographs: impl IntoIterator<Item = Result<MicrographActivations, AtlasError>>,
        progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<(), SiteError> {
        let Self { folder, record, concepts, .. } = self;
        let files = write(folder.clone(), (atlas, &concepts), &record.made(), micrographs, progress)?;
        folder.write_json(FILES, &files)?;
        folder.write_json(RECORD, &record)?;
        match damaged_files(folder.path()).and_then(|damaged| damaged.into_iter().next()) {
            None => Ok(()),
            Some(first) => Err(SiteError::Changed { path: folder.file(&first) }),
        }
    }
}

/// The files of the site in `out` that are not as they were written; `None` where it is not known which there are.
fn damaged_files(out: &Path) -> Option<Vec<String>> {
    let files: BTreeMap<String, String> = serde_json::from_slice(&fs::read(out.join(FILES)).ok()?).ok()?;
    let whole = |(name, sha256): &(String, String)| {
        sha256_of_file(&out.join(name)).is_ok_and(|found| found == *sha256)
    };
    Some(files.into_iter().filter(|file| !whole(file)).map(|(name, _)| name).collect())
}

/// The record of the site in the folder `out`, as JSON.
///
/// # Errors
/// If it cannot be read.
pub fn record_text(out: &Path) -> Result<String, SiteError> {
    let path = out.join(RECORD);
    fs::read_to_string(&path).map_err(|source| SiteError::Record { path, source })
}
