//! The table of a folder: a row of CSV for each segmented image.

use micrograph::regions::Interval;

use super::SegmentRecord;
use crate::output::{csv_text, text_cell};
use crate::record::Input;

/// The table of all images, by the names of their files; lengths in the unit that the row names.
pub fn segments_csv(records: &[(String, SegmentRecord)]) -> String {
    let head = [
        "file",
        "name",
        "what",
        "number",
        "number U95",
        "whole",
        "cut by border",
        "covered share",
        "mean confidence",
        "unit",
        "mean diameter",
        "mean low",
        "mean high",
        "standard deviation",
        "D10",
        "D50",
        "D90",
        "area D10",
        "area D50",
        "area D90",
        "geometric mean",
        "geometric SD",
        "warnings",
    ];
    csv_text(&head, records.iter().map(|(name, record)| cells(name, record)))
}

fn cells(name: &str, record: &SegmentRecord) -> Vec<String> {
    let file = match &record.record.input {
        Some(Input::File { path, .. }) => path.display().to_string(),
        Some(Input::Specimen { name }) => name.clone(),
        None => String::new(),
    };
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let sizes = &record.sizes;
    let summary = sizes.summary.as_ref();
    let of = |interval: Option<Interval>| number(interval.map(|interval| interval.value));
    let mean = summary.map(|summary| summary.mean);
    let log_normal = summary.and_then(|summary| summary.log_normal);
    vec![
        text_cell(&file),
        text_cell(name),
        record.record.settings.segment.what.plural().to_owned(),
        record.n_regions.to_string(),
        record.count_uncertainty.to_string(),
        sizes.n_whole.to_string(),
        sizes.n_cut.to_string(),
        record.covered.to_string(),
        number(record.mean_confidence),
        sizes.unit.symbol().to_owned(),
        of(mean),
        number(mean.and_then(|mean| mean.low)),
        number(mean.and_then(|mean| mean.high)),
        number(summary.map(|summary| summary.standard_deviation)),
        of(summary.map(|summary| summary.by_number.d10)),
        of(summary.map(|summary| summary.by_number.d50)),
        of(summary.map(|summary| summary.by_number.d90)),
        of(summary.map(|summary| summary.by_area.d10)),
        of(summary.map(|summary| summary.by_area.d50)),
        of(summary.map(|summary| summary.by_area.d90)),
        of(log_normal.map(|fit| fit.geometric_mean)),
        of(log_normal.map(|fit| fit.geometric_sd)),
        text_cell(&record.warnings.join("; ")),
    ]
}
