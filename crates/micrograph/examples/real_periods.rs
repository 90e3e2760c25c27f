//! Periods of real micrographs: what `measure` finds where a period was measured by hand, and where there is none.
//!
//! `cargo run --release -p micrograph --example real_periods -- SHARED/data [WORD]` measures all images of
//! `docs/data/periods.csv` and `docs/data/no_period.csv` as the command `measure` does, and prints the table of
//! `docs/accuracy.md`; what was found or why nothing was goes to standard error, for each image. With a word, only the
//! files whose names hold it are measured. Settings were tuned on the part *tune* alone; no source has images in both
//! parts.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables are what it is for")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Source;
use micrograph::measure::{MeasureConfig, Measured, Quantity, Report, Task, Unit, measure_file};
use rayon::prelude::*;

const PERIODS: &str = include_str!("../../../docs/data/periods.csv");
const NO_PERIOD: &str = include_str!("../../../docs/data/no_period.csv");

/// An image, and what was measured by hand.
struct Row {
    file: String,
    part: String,
    /// Pitches in px that are right, with the error of the hand; empty if there is no period.
    hand: Vec<[f64; 2]>,
}

/// A pitch that is reported, beside the one by hand that is nearest.
struct Pitch {
    /// Relative error.
    off: f64,
    /// Whether the interval, with the error of the hand, holds the pitch by hand.
    covered: bool,
}

/// What is reported of an image.
struct Found {
    pitches: Vec<Pitch>,
    /// Whether the pattern was found in a part of the image.
    in_part: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().ok_or("expected SHARED/data [WORD]")?;
    let word = arguments.next().unwrap_or_default();
    let mut rows = rows(PERIODS)?;
    rows.extend(self::rows(NO_PERIOD)?);
    rows.retain(|row| row.file.contains(&word));
    let found: Vec<Found> =
        rows.par_iter().map(|row| found(Path::new(&data), row)).collect::<Result<_, _>>()?;
    println!(
        "| part | with a period | answered | in a part | within 2 % | within 5 % | pitches in the interval \
         | without a period | answered |"
    );
    println!("|{}", "---|".repeat(9));
    for part in ["tune", "judge", "all"] {
        let of_part = rows.iter().zip(&found).filter(|(row, _)| part == "all" || row.part == part);
        let (with, without): (Vec<_>, Vec<_>) = of_part.partition(|(row, _)| !row.hand.is_empty());
        let is_answered = |found: &Found| !found.pitches.is_empty();
        let answered: Vec<&Found> =
            with.iter().map(|(_, found)| *found).filter(|found| is_answered(found)).collect();
        let within = |share: f64| {
            answered.iter().filter(|found| found.pitches.iter().all(|pitch| pitch.off <= share)).count()
        };
        let pitches: Vec<&Pitch> = answered.iter().flat_map(|found| &found.pitches).collect();
        println!(
            "| {part} | {} | {} | {} | {} | {} | {} of {} | {} | {} |",
            with.len(),
            of(answered.len(), with.len()),
            answered.iter().filter(|found| found.in_part).count(),
            of(within(0.02), answered.len()),
            of(within(0.05), answered.len()),
            pitches.iter().filter(|pitch| pitch.covered).count(),
            pitches.len(),
            without.len(),
            of(without.iter().filter(|(_, found)| is_answered(found)).count(), without.len()),
        );
    }
    Ok(())
}

/// A number and its share in percent.
fn of(n: usize, all: usize) -> String {
    format!("{n} ({:.1} %)", 100.0 * n as f64 / all.max(1) as f64)
}

/// The rows of a table; the last column may be quoted.
fn rows(table: &str) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut lines = table.lines();
    let head: Vec<&str> = lines.next().ok_or("an empty table")?.split(',').collect();
    let column = |name: &str| head.iter().position(|column| *column == name);
    let [file, part] = ["file", "part"].map(|name| column(name).ok_or("a column is missing"));
    let (file, part) = (file?, part?);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.splitn(head.len(), ',').collect();
            let numbers = |name: &str| -> Result<Vec<f64>, Box<dyn Error>> {
                let Some(at) = column(name) else { return Ok(Vec::new()) };
                cells[at].split(';').map(|cell| Ok(cell.parse()?)).collect()
            };
            let (pitches, errors) = (numbers("pitch_px")?, numbers("error_px")?);
            let hand = pitches.into_iter().zip(errors).map(|(pitch, error)| [pitch, error]).collect();
            Ok(Row { file: cells[file].to_owned(), part: cells[part].to_owned(), hand })
        })
        .collect()
}

/// What is reported of an image.
fn found(data: &Path, row: &Row) -> Result<Found, String> {
    let at = |error: &dyn std::fmt::Display| format!("{}: {error}", row.file);
    let source = Source::read(&data.join(&row.file)).map_err(|error| at(&error))?;
    let measured = measure_file(&source, &MeasureConfig::default(), &mut |_| ControlFlow::Continue(()))
        .map_err(|error| at(&error))?
        .measured;
    let details = &measured.details;
    let of_grating = details.grating.iter().map(|grating| grating.pitch.clone());
    let of_lattice =
        details.lattice.iter().flat_map(|lattice| [lattice.first.clone(), lattice.second.clone()]);
    let varying = if details.grating.is_none() { pitch_px(&measured.report) } else { None };
    let all = of_grating.chain(of_lattice).chain(varying);
    let pitches: Vec<Pitch> = all.map(|pitch| beside(&pitch, row)).collect();
    if pitches.is_empty() && !row.hand.is_empty() {
        eprintln!("{} {}: refused: {}", row.part, row.file, reason(&measured));
    }
    let parts = [
        details.grating.as_ref().and_then(|grating| grating.part),
        details.lattice.as_ref().and_then(|lattice| lattice.part),
    ];
    Ok(Found { pitches, in_part: parts.iter().any(Option::is_some) })
}

/// The pitch of lines that vary over the image, in px.
fn pitch_px(report: &Report) -> Option<Quantity> {
    let all = report.answers.iter().flat_map(|answer| &answer.findings);
    let pitch = all.into_iter().find(|finding| finding.name == "pitch")?.quantity.clone();
    let nm_per_px = report.calibration.as_ref().map_or(1.0, |calibration| calibration.nm_per_px_x);
    Some(pitch.scaled(1.0 / nm_per_px, Unit::Px))
}

/// A pitch beside the one by hand that is nearest, if there is one.
fn beside(quantity: &Quantity, row: &Row) -> Pitch {
    let off = |[pitch, _]: &[f64; 2]| (quantity.value / pitch - 1.0).abs();
    let Some([pitch, error]) = row.hand.iter().min_by(|a, b| off(a).total_cmp(&off(b))).copied() else {
        eprintln!("{} {}: claimed {}", row.part, row.file, quantity.text());
        return Pitch { off: f64::INFINITY, covered: false };
    };
    let relative = quantity.value / pitch - 1.0;
    let text = quantity.text();
    eprintln!("{} {}: {text}, {pitch} ± {error} by hand: {:+.2} %", row.part, row.file, 100.0 * relative);
    let far = (quantity.value - pitch).abs();
    Pitch { off: relative.abs(), covered: far <= quantity.expanded_uncertainty.hypot(error) }
}

/// Why there is neither a pitch nor a lattice.
fn reason(measured: &Measured) -> String {
    let answers = measured.report.answers.iter();
    let tried = answers.filter(|answer| [Task::Pitch, Task::Lattice].contains(&answer.task));
    let reasons = tried.flat_map(|answer| &answer.refused).map(|refusal| refusal.reason.as_str());
    reasons.collect::<Vec<_>>().join(" / ")
}
