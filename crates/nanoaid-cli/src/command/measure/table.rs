//! Reports as text: rows for a reader, and a row of CSV with a column for each number and unit.
//!
//! Columns come from the library's one list of what can be measured.

use std::collections::BTreeSet;

use micrograph::measure::report::{Dimension, Finding, KINDS, Kind, ReportWarning};
use micrograph::measure::{Report, Unit};

use super::network::{self, NetworkKept};
use crate::command::calibration_text;
use nanoaid::output::csv_line;

/// Longest name of an image in the table.
const MOST_NAME: usize = 36;

/// The table on standard output, row by row.
pub(crate) struct Table {
    name_width: usize,
    begun: bool,
}

impl Table {
    /// A table of the images with these names.
    pub(crate) fn new(names: &[String]) -> Self {
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        Self { name_width: longest.clamp(5, MOST_NAME), begun: false }
    }

    /// The rows of an image, below the heading where they are the first.
    pub(crate) fn rows(&mut self, name: &str, report: &Report) -> String {
        let row = |what: &str, quantity: &str, cells: [&str; 3], note: &str| {
            self.row(name, (what, quantity), cells, note)
        };
        let mut text = String::new();
        if !self.begun {
            let heading = format!(
                "{:<width$}  {:<11}  {:<23} {:>10} {:>9}  {:<6}  method, or why there is no number",
                "image",
                "measured",
                "quantity",
                "value",
                "± (95 %)",
                "unit",
                width = self.name_width
            );
            text += &format!("{heading}\n");
        }
        let size = format!(
            "{} × {} px; {}",
            report.width,
            report.height,
            calibration_text(report.calibration.as_ref())
        );
        text += &row("image", "", ["", "", ""], &size);
        for answer in &report.answers {
            let what = answer.task.name();
            if let Some(summary) = &answer.summary {
                text += &row(what, "", ["", "", ""], &format!("{summary} ({})", answer.chosen));
            }
            for finding in &answer.findings {
                let (value, expanded) = finding.quantity.texts();
                let cells = [value.as_str(), expanded.as_str(), finding.quantity.unit.symbol()];
                text += &row(what, &finding.name, cells, &finding.quantity.method);
            }
            for refusal in &answer.refused {
                text += &row(what, refusal.name.as_deref().unwrap_or(""), ["–", "", ""], &refusal.reason);
            }
        }
        self.begun = true;
        text
    }

    /// The rows of what a network says of an image, below those of its report.
    pub(crate) fn network_rows(&self, name: &str, network: Option<&NetworkKept>) -> String {
        let rows = network.map(network::rows).unwrap_or_default();
        rows.iter()
            .map(|[quantity, value, unit, note]| {
                self.row(name, ("network", quantity.as_str()), [value.as_str(), "", unit.as_str()], note)
            })
            .collect()
    }

    fn row(
        &self,
        name: &str,
        (what, quantity): (&str, &str),
        [value, expanded, unit]: [&str; 3],
        note: &str,
    ) -> String {
        let name: String = name.chars().take(MOST_NAME).collect();
        let width = self.name_width;
        let row = format!(
            "{name:<width$}  {what:<11}  {quantity:<23} {value:>10} {expanded:>9}  {unit:<6}  {note}"
        );
        row.trim_end().to_owned() + "\n"
    }
}

/// A warning with its advice.
pub(crate) fn warning_text(warning: &ReportWarning) -> String {
    match warning.advice.as_str() {
        "" => warning.text.clone(),
        advice => format!("{}: {advice}", warning.text),
    }
}

/// The heading of the CSV: a column for each number in each unit that it can have.
pub(crate) fn csv_header() -> String {
    let mut cells = ["image", "width [px]", "height [px]", "pixel width [nm]", "calibration", "measured"]
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
    cells.extend(["found", "refused", "warnings"].map(str::to_owned));
    cells.extend(network::COLUMNS.map(str::to_owned));
    csv_line(&cells)
}

/// The row of an image.
pub(crate) fn csv_row(name: &str, report: &Report, network: Option<&NetworkKept>) -> String {
    let findings: Vec<&Finding> = report.answers.iter().flat_map(|answer| &answer.findings).collect();
    let tasks: BTreeSet<_> = report
        .answers
        .iter()
        .filter(|answer| !answer.findings.is_empty())
        .map(|answer| answer.task)
        .collect();
    let tasks: Vec<&str> = tasks.into_iter().map(micrograph::measure::Task::name).collect();
    let mut cells = vec![
        name.to_owned(),
        report.width.to_string(),
        report.height.to_string(),
        report.calibration.as_ref().map(|pixel| pixel.nm_per_px_x.to_string()).unwrap_or_default(),
        calibration_text(report.calibration.as_ref()),
        tasks.join(" "),
    ];
    for kind in KINDS {
        let finding = findings.iter().find(|finding| finding.name == kind.name);
        for unit in units(kind) {
            let found = finding.filter(|finding| finding.quantity.unit == *unit);
            let number =
                |value: fn(&Finding) -> f64| found.map(|found| value(found).to_string()).unwrap_or_default();
            cells.extend([
                number(|found| found.quantity.value),
                number(|found| found.quantity.expanded_uncertainty),
            ]);
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
    cells.push(summaries.collect::<Vec<_>>().join("; "));
    cells.push(refused.collect::<Vec<_>>().join("; "));
    cells.push(report.warnings.iter().map(warning_text).collect::<Vec<_>>().join("; "));
    cells.extend(network::cells(network));
    csv_line(&cells)
}

/// The units that a number can have, that of a calibrated image first.
fn units(kind: Kind) -> &'static [Unit] {
    match kind.dimension {
        Dimension::Length => &[Unit::Nm, Unit::Px],
        Dimension::Density => &[Unit::PerUm2, Unit::PerPx2],
        Dimension::Angle => &[Unit::Degrees],
        Dimension::Number => &[Unit::One],
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
