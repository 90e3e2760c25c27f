//! Ablation for a file: pictures, record, and a table over several.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use micrograph::{Calibration, DataBar, Source, regular};
use serde::{Deserialize, Serialize};

use super::{AblateConfig, AblateError, Ablation, ablate};
use crate::data::prepare::{self, ReadSettings};
use crate::evaluate::classify::{NamedClass, answer_of};
use crate::hash::sha256;
use crate::interpret::concept::{BANK, ConceptBank};
use crate::interpret::explain::{Canvas, ExplainError};
use crate::interpret::picture_files::PictureFiles;
use crate::output::{OutputError, OutputFolder, csv_text, json_text, text_cell};
use crate::record::{Input, NetworkUsed, Record};
use crate::{Address, Network};

/// The command of these records.
pub(crate) const COMMAND: &str = "ablate";

/// Everything but image and network that decides what comes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AblateSettings {
    /// What is switched off or up.
    pub ablate: AblateConfig,
    /// How the file is read.
    pub read: ReadSettings,
    /// The concepts, where these are switched.
    pub concepts: Option<ConceptsUsed>,
}

/// The file of concepts that were switched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConceptsUsed {
    /// Where it was.
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl ConceptsUsed {
    /// The concepts in the folder, or the file, at `path`.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn read(path: &Path) -> Result<(Self, ConceptBank), AblateError> {
        let path = if path.is_dir() { path.join(BANK) } else { path.to_owned() };
        let wrong = |reason: String| AblateError::Bank { path: path.clone(), reason };
        let bytes = regular::read(&path, regular::LARGEST).map_err(|error| wrong(error.to_string()))?;
        let bank = ConceptBank::from_bytes(&bytes).map_err(|error| wrong(error.to_string()))?;
        Ok((Self { sha256: sha256(&bytes), path }, bank))
    }

    /// The concepts again.
    ///
    /// # Errors
    /// If they cannot be read, or are no longer the same.
    pub fn again(&self) -> Result<ConceptBank, AblateError> {
        let (found, bank) = Self::read(&self.path)?;
        if found.sha256 == self.sha256 {
            return Ok(bank);
        }
        let reason = format!("its SHA-256 is {}, the record says {}", found.sha256, self.sha256);
        Err(AblateError::Bank { path: self.path.clone(), reason })
    }
}

/// The record of a micrograph seen by a network with units switched off or up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AblateRecord {
    /// Input, network, settings and files.
    #[serde(flatten)]
    pub record: Record<AblateSettings>,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
    /// The size of a pixel, where it is known.
    pub calibration: Option<Calibration>,
    /// What the classifier says of the micrograph as it is, with probabilities; `None` for other networks.
    #[serde(default)]
    pub answer: Option<NamedClass>,
    /// All numbers.
    pub ablation: Ablation,
    /// Picture of what the network was shown.
    pub micrograph: String,
    /// Picture of the reconstruction before and after; `None` for other networks.
    pub reconstruction: Option<String>,
    /// Units of later layers that change most, with pictures of their maps before and after.
    pub maps: Vec<(Address, String)>,
    /// What to know about the file.
    pub warnings: Vec<String>,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct AblatedFiles {
    /// What is kept; it is written, too.
    pub record: AblateRecord,
    /// All files but the record, with their hashes.
    pub hashes: BTreeMap<String, String>,
}

/// Switches units off or up for the file that was read as `source`, and writes pictures and record into `folder`; `name` is how
/// all files begin, and `input` what the record calls the file.
///
/// # Errors
/// See [`AblateError`].
pub fn ablate_file(
    (source, input): (&Source, Input),
    name: &str,
    (network, used, bank): (&Network, NetworkUsed, Option<&ConceptBank>),
    settings: &AblateSettings,
    folder: &OutputFolder,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<AblatedFiles, AblateError> {
    let written = |error: OutputError| AblateError::from(ExplainError::from(error));
    let prepared = prepare::source(source, &settings.read.prepare()).map_err(ExplainError::from)?;
    let calibration = prepared.facts.calibration.as_ref();
    let answer = answer_of(&used.run, network, &prepared.plane).map_err(ExplainError::from)?;
    let found = ablate((network, bank), &prepared.plane, &settings.ablate, tick)?;
    let mut files = PictureFiles::new(folder);
    let once = found.plane.map(|_| 1.0);
    let micrograph = Canvas::new((&found.plane, &once), calibration).micrograph();
    let micrograph = files.picture(&format!("{name}.micrograph"), &micrograph).map_err(written)?;
    let pictures = found.pictures(calibration);
    let reconstruction = match &pictures.reconstruction {
        Some(picture) => Some(files.picture(&format!("{name}.reconstruction"), picture).map_err(written)?),
        None => None,
    };
    let mut maps = Vec::new();
    for (number, (map, picture)) in (1..).zip(found.maps.iter().zip(&pictures.maps)) {
        let picture = files.picture(&format!("{name}.later-{number}"), picture).map_err(written)?;
        maps.push((map.unit.clone(), picture));
    }
    let mut record = Record::new(COMMAND, Some(input), Some(used), settings.clone());
    record.files = files.hashes.clone();
    let record = AblateRecord {
        record,
        data_bar: prepared.data_bar,
        calibration: prepared.facts.calibration.clone(),
        answer,
        ablation: found.ablation,
        micrograph,
        reconstruction,
        maps,
        warnings: prepared.facts.warnings,
    };
    // last: a record says that its files are there
    folder
        .write(&format!("{name}.json"), json_text(&record).map_err(written)?.as_bytes())
        .map_err(written)?;
    Ok(AblatedFiles { record, hashes: files.hashes })
}

/// A row for each micrograph and class, or one for each micrograph, as CSV; each record with the name of its micrograph.
pub fn ablated_csv(records: &[(String, AblateRecord)]) -> String {
    let head = ["file", "switched", "times", "output", "before", "after", "answer_before", "answer_after"];
    let mut rows = Vec::new();
    for (name, record) in records {
        let found = &record.ablation;
        let (answer_before, answer_after) = found.answers.clone().unwrap_or_default();
        let mut add = |output: &str, before: f64, after: f64| {
            rows.push(vec![
                text_cell(name),
                text_cell(&found.switched.join("; ")),
                found.times.to_string(),
                text_cell(output),
                before.to_string(),
                after.to_string(),
                text_cell(&answer_before),
                text_cell(&answer_after),
            ]);
        };
        for class in &found.classes {
            add(&format!("logit of {}", class.class), class.before, class.after);
        }
        if let Some((before, after)) = found.reconstruction {
            add("share of variance", before, after);
        }
        for later in &found.later {
            add(&format!("mean of {}", later.unit), later.before, later.after);
        }
    }
    csv_text(&head.map(str::to_owned), rows.into_iter())
}
