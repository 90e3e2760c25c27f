//! Row: what a survey keeps of one micrograph.

use std::path::Path;
use std::sync::Arc;

use crate::data::dataset::Fingerprint;
use crate::interpret::exemplar::Peak;

/// What rows are known and ordered by: content, then name in the data set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) sha256: String,
    pub(super) file: String,
}

/// What is kept of one micrograph.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) category: Option<String>,
    pub(super) group: String,
    /// Rows and columns of the specimen, data bar cut off.
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) nm_per_px: Option<f64>,
    pub(super) data_bar_px: usize,
    pub(super) print: Fingerprint,
    /// By layer, then by channel.
    pub(super) peaks: Vec<Peak>,
    /// The folder that it was read from; no part of what is kept.
    pub(super) from: Arc<Path>,
}

impl Row {
    /// The first thing in which two rows of one micrograph differ, and both values; bits count.
    pub(super) fn difference(&self, other: &Self) -> Option<(String, String, String)> {
        let facts = |row: &Self| {
            let nm = row.nm_per_px.map_or("no".to_owned(), |nm| nm.to_string());
            let category = row.category.as_deref().unwrap_or("none");
            format!(
                "{} × {} px, {nm} nm a pixel, data bar of {} px, category {category}, group {}",
                row.width, row.height, row.data_bar_px, row.group
            )
        };
        if facts(self) != facts(other) {
            return Some(("its facts".to_owned(), facts(self), facts(other)));
        }
        if self.print.bytes() != other.print.bytes() {
            return Some(("its thumbnail".to_owned(), "one".to_owned(), "another".to_owned()));
        }
        let bits = |peak: &Peak| (peak.value.to_bits(), peak.y, peak.x, peak.mean.to_bits());
        let unit = self.peaks.iter().zip(&other.peaks).position(|(one, other)| bits(one) != bits(other))?;
        let text =
            |peak: &Peak| format!("{} at row {}, column {}, mean {}", peak.value, peak.y, peak.x, peak.mean);
        Some((format!("unit {unit}"), text(&self.peaks[unit]), text(&other.peaks[unit])))
    }
}
