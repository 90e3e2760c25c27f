//! Periods of real micrographs: what `measure` finds where a period was measured by hand, and where there is none.
//!
//! `cargo run --release -p micrograph --example real_periods -- SHARED/data [tune|judge] [WORD]` measures all images of
//! `docs/data/periods.csv` and `docs/data/no_period.csv` as the command `measure` does, and prints the tables of
//! `docs/accuracy.md`; each image and its refusal goes to standard error. With a word, only the files whose names hold
//! it are measured. Settings were tuned on the part *tune* alone; no source has images in both parts.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables are what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Source;
use micrograph::measure::report::Details;
use micrograph::measure::{FileMeasurement, MeasureConfig, Quantity, Report, Task, measure_file};
use rayon::prelude::*;

const PERIODS: &str = include_str!("../../../docs/data/periods.csv");
const NO_PERIOD: &str = include_str!("../../../docs/data/no_period.csv");

/// An image, and what was measured by hand.
struct Row {
    file: String,
    part: String,
    /// Pitches in px that are right, with the error of the hand; none if there is no period.
    hand: Vec<[f64; 2]>,
}

/// What was found in an image with a period.
struct Found {
    /// Relative errors, half width of the interval, and whether it holds the value by hand, of each pitch.
    pitches: Vec<Pitch>,
    reason: String,
}

struct Pitch {
    relative: f64,
    within_hand: bool,
    covered: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().ok_or("expected SHARED/data [tune|judge] [WORD]")?;
    let rest: Vec<String> = arguments.collect();
    let part = rest.iter().find(|word| ["tune", "judge"].contains(&word.as_str()));
    let word = rest.iter().find(|word| !["tune", "judge"].contains(&word.as_str()));
    let chosen = |row: &Row| {
        part.is_none_or(|part| *part == row.part) && word.is_none_or(|word| row.file.contains(word.as_str()))
    };
    let mut with: Vec<Row> = rows(PERIODS)?;
    let mut without: Vec<Row> = rows(NO_PERIOD)?;
    with.retain(chosen);
    without.retain(chosen);
    println!(
        "| part | with a period | answered | within 2 % | within 5 % | within 2 % or the hand's error | covered |"
    );
    println!("|{}", "---|".repeat(7));
    let found: Vec<Found> =
        with.par_iter().map(|row| found(Path::new(&data), row)).collect::<Result<_, _>>()?;
    for part in ["tune", "judge"] {
        let of_part: Vec<&Found> =
            with.iter().zip(&found).filter(|(row, _)| row.part == part).map(|(_, found)| found).collect();
        let answered: Vec<&&Found> = of_part.iter().filter(|found| !found.pitches.is_empty()).collect();
        let count = |is: &dyn Fn(&Pitch) -> bool| {
            answered.iter().filter(|found| found.pitches.iter().all(is)).count()
        };
        let pitches: Vec<&Pitch> = answered.iter().flat_map(|found| &found.pitches).collect();
        println!(
            "| {part} | {} | {} | {} | {} | {} | {} of {} |",
            of_part.len(),
            answered.len(),
            count(&|pitch| pitch.relative <= 0.02),
            count(&|pitch| pitch.relative <= 0.05),
            count(&|pitch| pitch.relative <= 0.02 || pitch.within_hand),
            pitches.iter().filter(|pitch| pitch.covered).count(),
            pitches.len()
        );
    }
    println!("\n| part | without a period | numbers claimed |");
    println!("|---|---|---|");
    let claims: Vec<Option<String>> =
        without.par_iter().map(|row| claim(Path::new(&data), row)).collect::<Result<_, _>>()?;
    for part in ["tune", "judge"] {
        let of_part = || without.iter().zip(&claims).filter(|(row, _)| row.part == part);
        let claimed = of_part().filter(|(_, claim)| claim.is_some()).count();
        println!("| {part} | {} | {claimed} |", of_part().count());
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for found in found.iter().filter(|found| found.pitches.is_empty()) {
        *reasons.entry(&found.reason).or_default() += 1;
    }
    println!("\n| refused with a period, because | images |");
    println!("|---|---|");
    reasons.iter().for_each(|(reason, n)| println!("| {reason} | {n} |"));
    Ok(())
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

fn measurement(data: &Path, row: &Row) -> Result<FileMeasurement, String> {
    let at = |error: &dyn std::fmt::Display| format!("{}: {error}", row.file);
    let source = Source::read(&data.join(&row.file)).map_err(|error| at(&error))?;
    measure_file(&source, &MeasureConfig::default(), &mut |_| ControlFlow::Continue(()))
        .map_err(|error| at(&error))
}

/// Pitches in px of the image that are reported.
fn pitches(details: &Details) -> Vec<&Quantity> {
    let grating = details.grating.iter().map(|grating| &grating.pitch);
    let lattice = details.lattice.iter().flat_map(|lattice| [&lattice.first, &lattice.second]);
    grating.chain(lattice).collect()
}

/// Why there is neither a pitch nor a lattice.
fn reason(report: &Report) -> String {
    let of = |task: Task| report.answers.iter().find(|answer| answer.task == task);
    let reasons = [Task::Pitch, Task::Lattice].into_iter().filter_map(of).flat_map(|answer| &answer.refused);
    reasons.map(|refusal| refusal.reason.clone()).collect::<Vec<_>>().join(" / ")
}

fn found(data: &Path, row: &Row) -> Result<Found, String> {
    let measured = measurement(data, row)?.measured;
    let pitches: Vec<Pitch> = pitches(&measured.details)
        .into_iter()
        .map(|quantity| {
            let off = |[pitch, _]: &[f64; 2]| (quantity.value / pitch - 1.0).abs();
            let nearest = row.hand.iter().min_by(|a, b| off(a).total_cmp(&off(b))).copied();
            let [pitch, error] = nearest.unwrap_or([f64::NAN, 0.0]);
            let far = (quantity.value - pitch).abs();
            eprintln!(
                "{} {}: {} by hand {pitch} ± {error}: {:+.2} %",
                row.part,
                row.file,
                quantity.text(),
                100.0 * (quantity.value / pitch - 1.0)
            );
            Pitch {
                relative: (quantity.value / pitch - 1.0).abs(),
                within_hand: far <= error,
                covered: far <= quantity.expanded_uncertainty.hypot(error),
            }
        })
        .collect();
    let reason = reason(&measured.report);
    if pitches.is_empty() {
        eprintln!("{} {}: refused: {reason}", row.part, row.file);
    }
    Ok(Found { pitches, reason })
}

fn claim(data: &Path, row: &Row) -> Result<Option<String>, String> {
    let measured = measurement(data, row)?.measured;
    let claimed = pitches(&measured.details).into_iter().map(Quantity::text).collect::<Vec<_>>().join(", ");
    if claimed.is_empty() {
        return Ok(None);
    }
    eprintln!("{} {}: claimed {claimed}", row.part, row.file);
    Ok(Some(claimed))
}
