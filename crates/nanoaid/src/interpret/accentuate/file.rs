//! Accentuating a file: its pictures, its record, and a table over several.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use micrograph::{Calibration, DataBar, Plane, Source};
use serde::{Deserialize, Serialize};

use super::{AccentuateConfig, Accentuation, accentuate};
use crate::Network;
use crate::data::prepare::{self, ReadSettings};
use crate::evaluate::classify::{NamedClass, answer_of};
use crate::interpret::explain::ExplainError;
use crate::interpret::picture_files::PictureFiles;
use crate::output::{OutputFolder, csv_text, json_text, text_cell};
use crate::record::{Input, NetworkUsed, Record};

/// The command of these records.
pub(crate) const COMMAND: &str = "accentuate";

/// Everything but image and network that decides what comes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccentuateSettings {
    /// How the micrograph is changed.
    pub accentuate: AccentuateConfig,
    /// How its file is read.
    pub read: ReadSettings,
}

/// Names of the pictures of an accentuated micrograph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccentuatePictures {
    /// The micrograph as it was.
    pub micrograph: String,
    /// The micrograph at each strength.
    pub accentuated: Vec<String>,
    /// What was changed at each strength.
    pub changes: Vec<String>,
}

/// The record of an accentuated micrograph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccentuateRecord {
    /// Input, network, settings and files.
    #[serde(flatten)]
    pub record: Record<AccentuateSettings>,
    /// Rows and columns of the specimen, without data bar.
    pub height: usize,
    /// See `height`.
    pub width: usize,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
    /// The size of a pixel, where it is known.
    pub calibration: Option<Calibration>,
    /// What the classifier says of the micrograph as it is, with probabilities; `None` for other networks.
    #[serde(default)]
    pub answer: Option<NamedClass>,
    /// All numbers.
    pub accentuation: Accentuation,
    /// Its pictures.
    pub pictures: AccentuatePictures,
    /// What to know about the file.
    pub warnings: Vec<String>,
}

impl AccentuateRecord {
    /// The median period of the change at strength number `level`, in nm, where both are known.
    pub fn period_nm(&self, level: usize) -> Option<f64> {
        let px = self.accentuation.levels.get(level)?.period_px?;
        // a period has a direction that a median over all of them lacks
        self.calibration.as_ref().map(|pixel| px * (pixel.nm_per_px_x * pixel.nm_per_px_y).sqrt())
    }
}

/// An accentuated file.
#[derive(Clone, Debug)]
pub struct AccentuatedFiles {
    /// What is kept of it; it is written, too.
    pub record: AccentuateRecord,
    /// The micrograph at each strength, `[H, W]`, values in `[0, 1]`.
    pub planes: Vec<Plane>,
    /// All files but the record, with their hashes.
    pub hashes: BTreeMap<String, String>,
}

/// Accentuates the file that was read as `source`, and writes pictures and record into `folder`; `name` is how all files begin,
/// and `input` what the record calls the file.
///
/// # Errors
/// See [`ExplainError`].
pub fn accentuate_file(
    (source, input): (&Source, Input),
    name: &str,
    (network, used): (&Network, NetworkUsed),
    settings: &AccentuateSettings,
    folder: &OutputFolder,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<AccentuatedFiles, ExplainError> {
    let prepared = prepare::source(source, &settings.read.prepare())?;
    let plane = &prepared.plane;
    let calibration = prepared.facts.calibration.as_ref();
    let answer = answer_of(&used.run, network, plane)?;
    let found = accentuate(network, plane, &settings.accentuate, tick)?;
    let mut files = PictureFiles::new(folder);
    let drawn = found.pictures(plane, calibration);
    let mut pictures = AccentuatePictures {
        micrograph: files.picture(&format!("{name}.micrograph"), &drawn.micrograph)?,
        ..AccentuatePictures::default()
    };
    for (number, (accentuated, change)) in (1..).zip(drawn.accentuated.iter().zip(&drawn.changes)) {
        pictures.accentuated.push(files.picture(&format!("{name}.accentuated-{number}"), accentuated)?);
        pictures.changes.push(files.picture(&format!("{name}.change-{number}"), change)?);
    }
    let mut record = Record::new(COMMAND, Some(input), Some(used), settings.clone());
    record.files = files.hashes.clone();
    let record = AccentuateRecord {
        record,
        height: plane.height(),
        width: plane.width(),
        data_bar: prepared.data_bar,
        calibration: prepared.facts.calibration.clone(),
        answer,
        accentuation: found.accentuation,
        pictures,
        warnings: prepared.facts.warnings,
    };
    // last: a record says that its files are there
    folder.write(&format!("{name}.json"), json_text(&record)?.as_bytes())?;
    Ok(AccentuatedFiles { record, planes: found.planes, hashes: files.hashes })
}

/// A row for each micrograph and strength, as CSV; each record with the name of its micrograph.
pub fn accentuated_csv(records: &[(String, AccentuateRecord)]) -> String {
    let head = [
        "file",
        "target",
        "strength",
        "change",
        "score_before",
        "score",
        "random_mean",
        "random_most",
        "answer_before",
        "answer",
        "median_period [px]",
        "median_period [nm]",
    ];
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let rows = records.iter().flat_map(|(name, record)| {
        let found = &record.accentuation;
        found.levels.iter().enumerate().map(move |(place, level)| {
            vec![
                text_cell(name),
                text_cell(&found.target),
                level.strength.to_string(),
                level.change.to_string(),
                found.score.to_string(),
                level.score.to_string(),
                number(level.random.map(|random| random.mean)),
                number(level.random.map(|random| random.most)),
                text_cell(found.answer.as_deref().unwrap_or_default()),
                text_cell(level.answer.as_deref().unwrap_or_default()),
                number(level.period_px),
                number(record.period_nm(place)),
            ]
        })
    });
    csv_text(&head.map(str::to_owned), rows)
}
