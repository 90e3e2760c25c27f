//! Row: what a survey keeps of one micrograph, as a whole, or its facts in memory and the rest in a [`Store`].

use std::path::Path;
use std::sync::Arc;

use super::SurveyError;
use super::store::Store;
use crate::data::dataset::Fingerprint;
use crate::interpret::exemplar::Peak;

/// Bytes of a unit in a store.
const UNIT_BYTES: usize = 16;

/// What rows are known and ordered by: content, then name in the data set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) sha256: String,
    pub(super) file: String,
}

/// What is kept of one micrograph.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) facts: Facts,
    /// 64 × 64 grey levels.
    pub(super) thumbnail: Vec<u8>,
    /// By layer, then by channel.
    pub(super) peaks: Vec<Peak>,
}

/// What takes little space.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) category: Option<String>,
    pub(super) group: String,
    /// Rows and columns of the specimen, data bar cut off.
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) nm_per_px: Option<f64>,
    pub(super) data_bar_px: usize,
    /// The folder that it was read from; no part of what is kept.
    pub(super) from: Arc<Path>,
}

/// A row whose thumbnail and peaks are in a store.
#[derive(Clone, Debug)]
pub(super) struct StoredRow {
    pub(super) facts: Facts,
    place: u64,
}

impl Row {
    /// Puts what takes space into `store`.
    pub(super) fn stored(self, store: &Store) -> Result<StoredRow, SurveyError> {
        let Self { facts, thumbnail: mut bytes, peaks } = self;
        bytes.reserve(peaks.len() * UNIT_BYTES);
        for Peak { value, y, x, mean } in peaks {
            for word in [value.to_bits(), y, x, mean.to_bits()] {
                bytes.extend(word.to_le_bytes());
            }
        }
        Ok(StoredRow { facts, place: store.add(&bytes)? })
    }

    /// The first thing in which two rows of one micrograph differ, and both values; bits count.
    pub(super) fn difference(&self, other: &Self) -> Option<(String, String, String)> {
        let facts = |row: &Self| {
            let facts = &row.facts;
            let nm = facts.nm_per_px.map_or("no".to_owned(), |nm| nm.to_string());
            let category = facts.category.as_deref().unwrap_or("none");
            format!(
                "{} × {} px, {nm} nm a pixel, data bar of {} px, category {category}, group {}",
                facts.width, facts.height, facts.data_bar_px, facts.group
            )
        };
        if facts(self) != facts(other) {
            return Some(("its facts".to_owned(), facts(self), facts(other)));
        }
        if self.thumbnail != other.thumbnail {
            return Some(("its thumbnail".to_owned(), "one".to_owned(), "another".to_owned()));
        }
        let bits = |peak: &Peak| (peak.value.to_bits(), peak.y, peak.x, peak.mean.to_bits());
        let unit = self.peaks.iter().zip(&other.peaks).position(|(one, other)| bits(one) != bits(other))?;
        let text =
            |peak: &Peak| format!("{} at row {}, column {}, mean {}", peak.value, peak.y, peak.x, peak.mean);
        Some((format!("unit {unit}"), text(&self.peaks[unit]), text(&other.peaks[unit])))
    }
}

impl StoredRow {
    /// The whole row; it has peaks of `n_units`.
    pub(super) fn whole(&self, store: &Store, n_units: usize) -> Result<Row, SurveyError> {
        let mut thumbnail = store.read(self.place, Fingerprint::N_BYTES + n_units * UNIT_BYTES)?;
        let peaks = thumbnail[Fingerprint::N_BYTES..].as_chunks().0.iter().map(peak).collect();
        thumbnail.truncate(Fingerprint::N_BYTES);
        thumbnail.shrink_to_fit();
        Ok(Row { facts: self.facts.clone(), thumbnail, peaks })
    }

    /// Its 64 × 64 grey levels.
    pub(super) fn thumbnail(&self, store: &Store) -> Result<Vec<u8>, SurveyError> {
        store.read(self.place, Fingerprint::N_BYTES)
    }

    /// What it has of all `n_units`.
    pub(super) fn peaks(&self, store: &Store, n_units: usize) -> Result<Vec<Peak>, SurveyError> {
        let bytes = store.read(self.place + Fingerprint::N_BYTES as u64, n_units * UNIT_BYTES)?;
        Ok(bytes.as_chunks().0.iter().map(peak).collect())
    }

    /// What it has of one unit.
    pub(super) fn peak(&self, store: &Store, unit: usize) -> Result<Peak, SurveyError> {
        let start = Fingerprint::N_BYTES + unit * UNIT_BYTES;
        let bytes = store.read(self.place + start as u64, UNIT_BYTES)?;
        Ok(peak(bytes.as_chunks().0.first().expect("a unit was read")))
    }
}

fn peak(bytes: &[u8; UNIT_BYTES]) -> Peak {
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| bytes[4 * at + byte]));
    Peak { value: f32::from_bits(word(0)), y: word(1), x: word(2), mean: f32::from_bits(word(3)) }
}
