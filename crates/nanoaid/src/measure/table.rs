//! The table of measurements: a row of CSV for each image, with a column for each number and unit.
//!
//! Columns come from the one list of what can be measured.

use std::collections::BTreeSet;

use micrograph::calibration::calibration_text;
use micrograph::measure::report::{
    CALIBRATION, Dimension, Finding, KINDS, Kind, Report, ReportWarning, SecondOpinion,
};
use micrograph::measure::{Quantity, Task, Unit};

use super::{MeasureRecord, PitchMapResult};
use crate::interpret::pattern::PatternResult;
use crate::output::{csv_line, text_cell};
use crate::record::Input;

/// The heading of the CSV: a column for each number in each unit that it can have.
pub fn csv_header() -> String {
    let mut cells =
        ["image", "file", "page", "width [px]", "height [px]", "pixel width [nm]", "calibration", "measured"]
            .map(str::to_owned)
            .to_vec();
    for kind in KINDS {
        for unit in units(kind) {
            let unit = column_unit(*unit);
            // plain letters, which spreadsheets read right whatever they take the file for
            let name = kind.name.replace('σ', "sigma");
            cells.extend([format!("{name}{unit}"), format!("{name} U95{unit}")]);
        }
    }
    cells.extend(["found", "refused", "second opinion", "disagreement", "warnings"].map(str::to_owned));
    cells.extend(MAP_COLUMNS.map(str::to_owned));
    cells.extend(COLUMNS.map(str::to_owned));
    csv_line(&cells)
}

/// The row of an image.
pub fn csv_row(name: &str, kept: &MeasureRecord) -> String {
    let report = &kept.report;
    let findings: Vec<&Finding> = report.answers.iter().flat_map(|answer| &answer.findings).collect();
    let tasks: BTreeSet<_> = report
        .answers
        .iter()
        .filter(|answer| !answer.findings.is_empty())
        .map(|answer| answer.task)
        .collect();
    let tasks: Vec<&str> = tasks.into_iter().map(Task::name).collect();
    let mut cells = vec![
        text_cell(name),
        text_cell(&file_text(kept)),
        kept.record.settings.file.page.to_string(),
        report.width.to_string(),
        report.height.to_string(),
        report.calibration.as_ref().map(|pixel| pixel.nm_per_px_x.to_string()).unwrap_or_default(),
        calibration_text(report.calibration.as_ref()),
        tasks.join(" "),
    ];
    for kind in KINDS {
        let finding = findings.iter().find(|finding| finding.name == kind.name);
        for unit in units(kind) {
            let found = finding.and_then(|finding| in_unit(&finding.quantity, *unit, report));
            let number = |value: fn(&Quantity) -> f64| {
                found.as_ref().map(|found| value(found).to_string()).unwrap_or_default()
            };
            cells.extend([number(|found| found.value), number(|found| found.expanded_uncertainty)]);
        }
    }
    let summaries = report.answers.iter().filter_map(|answer| {
        answer.summary.as_ref().map(|summary| format!("{}: {summary}", answer.task.name()))
    });
    let refused = report.answers.iter().flat_map(|answer| {
        answer.refused.iter().map(|refusal| {
            format!("{}: {}", refusal.name.as_deref().unwrap_or(answer.task.name()), refusal.reason)
        })
    });
    cells.push(text_cell(&summaries.collect::<Vec<_>>().join("; ")));
    cells.push(text_cell(&refused.collect::<Vec<_>>().join("; ")));
    let seconds = report.answers.iter().filter_map(|answer| Some((answer, answer.second.as_ref()?)));
    let told = seconds.clone().map(|(answer, second)| second_text(answer.task, second));
    cells.push(text_cell(&told.collect::<Vec<_>>().join("; ")));
    let disagree = seconds.flat_map(|(_, second)| second.disagree.iter().cloned());
    cells.push(text_cell(&disagree.collect::<Vec<_>>().join("; ")));
    cells.push(report.warnings.iter().map(ReportWarning::to_string).collect::<Vec<_>>().join("; "));
    cells.extend(map_cells(kept.pitch_map.as_ref()));
    cells.extend(pattern_cells(kept.pattern.as_ref()));
    csv_line(&cells)
}

/// A second opinion in words: its numbers, or why it has none.
fn second_text(task: Task, second: &SecondOpinion) -> String {
    let numbers = second.findings.iter().map(|own| format!("{} {}", own.name, own.quantity.text()));
    let reasons = second.refused.iter().filter(|refused| refused.name.is_none());
    let all: Vec<String> = numbers.chain(reasons.map(|refused| refused.reason.clone())).collect();
    format!("{} {}: {}", task.name(), second.way, all.join(", "))
}

/// `quantity` in `unit`: as it is, or a length or density in nm back in px, without the uncertainty of the calibration.
fn in_unit(quantity: &Quantity, unit: Unit, report: &Report) -> Option<Quantity> {
    if quantity.unit == unit {
        return Some(quantity.clone());
    }
    let nm = report.calibration.as_ref()?.nm_per_px_x;
    let factor = match (quantity.unit, unit) {
        (Unit::Nm, Unit::Px) => 1.0 / nm,
        (Unit::PerUm2, Unit::PerPx2) => nm * nm / 1e6,
        _ => return None,
    };
    let own = quantity.components.iter().filter(|component| component.cause != CALIBRATION).cloned();
    let in_px = Quantity::new(quantity.value, quantity.unit, &quantity.method, own.collect());
    Some(in_px.scaled(factor, unit))
}

/// The path of the image, as it was given.
fn file_text(kept: &MeasureRecord) -> String {
    match &kept.record.input {
        Some(Input::File { path, .. }) => path.display().to_string(),
        _ => String::new(),
    }
}

/// The units that a number can have, that of a calibrated image first.
fn units(kind: Kind) -> &'static [Unit] {
    match kind.dimension {
        Dimension::Length => &[Unit::Nm, Unit::Px],
        Dimension::Density => &[Unit::PerUm2, Unit::PerPx2],
        Dimension::Angle => &[Unit::Degrees],
        Dimension::Number | Dimension::Share => &[Unit::One],
    }
}

fn column_unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Px => " [px]",
        Unit::Px2 => " [px2]",
        Unit::Degrees => " [deg]",
        Unit::PerPx2 => " [1/px2]",
        Unit::Nm => " [nm]",
        Unit::PerUm2 => " [1/um2]",
        Unit::One => "",
    }
}

/// Headings of the columns of a map of pitches.
const MAP_COLUMNS: [&str; 9] = [
    "local pitch median [nm]",
    "local pitch median [px]",
    "local pitch 5 % quantile [nm]",
    "local pitch 5 % quantile [px]",
    "local pitch 95 % quantile [nm]",
    "local pitch 95 % quantile [px]",
    "local axis spread [deg]",
    "share of the image in the map of pitches",
    "map of pitches",
];

/// The cells below [`MAP_COLUMNS`]; empty without a map.
fn map_cells(result: Option<&PitchMapResult>) -> [String; 9] {
    let Some(result) = result else { return Default::default() };
    let told = text_cell(&result.text());
    let Some(summary) = &result.summary else {
        return std::array::from_fn(|at| if at == 8 { told.clone() } else { String::new() });
    };
    let nm = |px: f64| result.nm_per_px.map_or(String::new(), |nm| (px * nm).to_string());
    [
        nm(summary.median_px),
        summary.median_px.to_string(),
        nm(summary.low_px),
        summary.low_px.to_string(),
        nm(summary.high_px),
        summary.high_px.to_string(),
        summary.axis_spread_deg.to_string(),
        summary.covered.to_string(),
        told,
    ]
}

/// Headings of the columns in the CSV.
const COLUMNS: [&str; 15] = [
    "most periodic unit",
    "clarity",
    "period in the image [nm]",
    "period in the image [px]",
    "preferred period [nm]",
    "preferred period [px]",
    "preferred over measured",
    "counting unit",
    "peaks of the unit",
    "counted without network",
    "count without network",
    "in both counts",
    "only the unit's",
    "only without network",
    "refused by network",
];

/// The cells below [`COLUMNS`]; empty without a network.
fn pattern_cells(result: Option<&PatternResult>) -> [String; 15] {
    let periodic = result.and_then(|result| result.periodic.measured());
    let preferred = periodic.and_then(|periodic| periodic.preferred.measured());
    let count = result.and_then(|result| result.count.as_ref()?.measured());
    let classical = count.and_then(|count| count.classical.measured());
    let disagreement = count.and_then(|count| count.disagreement.as_ref());
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let whole = |value: Option<usize>| value.map(|value| value.to_string()).unwrap_or_default();
    let reasons = [
        result.and_then(|result| result.periodic.not_measured()),
        periodic.and_then(|periodic| periodic.preferred.not_measured()),
        result.and_then(|result| result.count.as_ref()?.not_measured()),
        count.and_then(|count| count.classical.not_measured()),
    ];
    [
        periodic.map(|periodic| periodic.address.clone()).unwrap_or_default(),
        number(periodic.map(|periodic| periodic.clarity)),
        number(periodic.and_then(|periodic| periodic.image.nm)),
        number(periodic.map(|periodic| periodic.image.px)),
        number(preferred.and_then(|preferred| preferred.nm)),
        number(preferred.map(|preferred| preferred.px)),
        number(preferred.map(|preferred| preferred.ratio)),
        count.map(|count| count.address.clone()).unwrap_or_default(),
        whole(count.map(|count| count.places.len())),
        classical.map(|classical| classical.what.clone()).unwrap_or_default(),
        whole(classical.map(|classical| classical.places.len())),
        whole(disagreement.map(|disagreement| disagreement.n_both)),
        whole(disagreement.map(|disagreement| disagreement.only_unit.len())),
        whole(disagreement.map(|disagreement| disagreement.only_classical.len())),
        reasons.into_iter().flatten().collect::<Vec<_>>().join("; "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_the_csv_have_names_of_their_own() {
        let header = csv_header();
        let columns: BTreeSet<&str> = header.trim_end().split(',').collect();
        assert_eq!(columns.len(), header.split(',').count());
        assert!(header.is_ascii() && columns.contains("pitch [nm]") && columns.contains("pitch U95 [px]"));
    }
}
