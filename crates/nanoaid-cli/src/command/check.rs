//! `nanoaid check`: whether a device computes what networks need.

use clap::Args;
use nanoaid::Device;
use nanoaid::check::{CheckOutcome, CheckReport, CheckRow, check};
use nanoaid::output::json_text;

use crate::interrupt;
use crate::outcome::{Failure, Outcome, print};
use crate::progress::Progress;

/// Arguments of `check`.
#[derive(Args)]
pub(crate) struct CheckArguments {
    /// Device to check; `nanoaid devices` lists them
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// Print the report as JSON, with every deviation
    #[arg(long)]
    json: bool,
}

/// Checks a device and prints a table.
pub(crate) fn run(arguments: &CheckArguments) -> Result<Outcome, Failure> {
    let mut bar: Option<Progress> = None;
    let report = check(arguments.device, &mut |at| {
        bar.get_or_insert_with(|| Progress::new(at.n as u64, "checks")).set(at.n_done as u64, at.name);
        interrupt::flow()
    })?;
    if let Some(bar) = bar {
        bar.finish();
    }
    print(&if arguments.json { json_text(&report)? } else { text_of(&report) })?;
    Ok(if report.n_problems == 0 { Outcome::Done } else { Outcome::ProblemsFound })
}

fn text_of(report: &CheckReport) -> String {
    let device = &report.device;
    let mut text = format!(
        "{} ({}: {})\noperations are compared with their definition; networks, training and ascent with: {}\n",
        device.device,
        device.name,
        device.details(),
        report.compared_with
    );
    let width = report.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let mut group = "";
    for row in &report.rows {
        if row.group != group {
            group = &row.group;
            text += &format!("\n{:<width$}  deviation   bound\n", format!("{group}:"), width = width + 2);
        }
        text += &format!("  {:<width$}  {}\n", row.name, verdict(row));
    }
    let n = report.rows.len();
    text += &match report.n_problems {
        0 => format!("\nall within bounds: {n} rows\n"),
        problems => format!(
            "\n{problems} of {n} rows out of bounds: results on `{}` can be wrong. Update the driver; use `--device cpu` until then\n",
            device.device
        ),
    };
    text
}

fn verdict(row: &CheckRow) -> String {
    let deviation = row.deviation.map_or("–".to_owned(), |deviation| format!("{deviation:.1e}"));
    let numbers = format!("{deviation:>9}  {:>6}", format!("{:.0e}", row.bound));
    let largest = row.largest_in.as_deref().unwrap_or("");
    match &row.outcome {
        CheckOutcome::Within => numbers,
        CheckOutcome::Beyond => format!("{numbers}  out of bounds: {largest}"),
        CheckOutcome::NotFinite => format!("{numbers}  not finite or missing: {largest}"),
        CheckOutcome::Failed(message) => format!("{numbers}  failed: {}", message.replace('\n', " ")),
        CheckOutcome::NotRun(reason) => format!("{:>9}  {reason}", "–"),
    }
}
