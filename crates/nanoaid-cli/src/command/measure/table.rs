//! Measurements as text: rows for a reader.

use micrograph::calibration::calibration_text;
use micrograph::measure::Report;
use nanoaid::interpret::pattern::PatternResult;

use super::network;

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
            if let Some(second) = &answer.second {
                let by = |text: &str| format!("{}: {text}", second.way);
                for finding in &second.findings {
                    let (value, expanded) = finding.quantity.texts();
                    let cells = [value.as_str(), expanded.as_str(), finding.quantity.unit.symbol()];
                    text += &row(what, &finding.name, cells, &by(&finding.quantity.method));
                }
                for refusal in &second.refused {
                    let name = refusal.name.as_deref().unwrap_or("");
                    text += &row(what, name, ["–", "", ""], &by(&refusal.reason));
                }
            }
        }
        self.begun = true;
        text
    }

    /// The rows of what a network says of an image, below those of its report.
    pub(crate) fn network_rows(&self, name: &str, network: Option<&PatternResult>) -> String {
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
