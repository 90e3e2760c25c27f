//! Maps of pitches of real micrographs: the median of each beside the pitch by hand, and how many are made where there is
//! no period.
//!
//! `cargo run --release -p micrograph --example real_pitch_maps -- SHARED/data` maps the images with lines of
//! `docs/data/periods.csv`, and those of `docs/data/no_period.csv`, whole, without data bar. The least share of the
//! contrast and of the image were chosen on these.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Source;
use micrograph::measure::outliers::Repaired;
use micrograph::measure::{GratingConfig, MeasureConfig, PitchMap, measure_file, pitch_map};

const PERIODS: &str = include_str!("../../../docs/data/periods.csv");
const NO_PERIOD: &str = include_str!("../../../docs/data/no_period.csv");

fn main() -> Result<(), Box<dyn Error>> {
    let data = std::env::args().nth(1).ok_or("expected SHARED/data")?;
    let of = |file: &str| map(&Path::new(&data).join(file));
    println!(
        "| image | pitch by hand in px | median of the map | difference | of the image | of the contrast |"
    );
    println!("|{}", "---|".repeat(6));
    for line in PERIODS.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (file, kind, hand) = (cells[0], cells[3], cells[8]);
        if kind != "lines" {
            continue;
        }
        let name = file.rsplit('/').next().unwrap_or(file);
        let Some(PitchMap { summary, .. }) = of(file)? else {
            println!("| {name} | {hand} | – | – | – | – |");
            continue;
        };
        let off = hand.split(';').filter_map(|hand| hand.parse::<f64>().ok());
        let off = off.map(|hand| summary.median_px / hand - 1.0).min_by(|a, b| a.abs().total_cmp(&b.abs()));
        println!(
            "| {name} | {hand} | {:.2} | {:+.1} % | {:.0} % | {:.0} % |",
            summary.median_px,
            100.0 * off.unwrap_or(f64::NAN),
            100.0 * summary.covered,
            100.0 * summary.explained
        );
    }
    let files = NO_PERIOD.lines().skip(1).filter_map(|line| line.split(',').next());
    let maps = files.map(of).collect::<Result<Vec<_>, _>>()?;
    println!("\nwithout a period: {} images, {} maps", maps.len(), maps.iter().flatten().count());
    Ok(())
}

/// The map of a file, if there is one.
fn map(path: &Path) -> Result<Option<PitchMap>, Box<dyn Error>> {
    let source = Source::read(path)?;
    let found = measure_file(&source, &MeasureConfig::default(), &mut |_| ControlFlow::Continue(()))?;
    let config = GratingConfig { geometry: found.measured.report.geometry, ..GratingConfig::default() };
    Ok(pitch_map(&Repaired::of(&found.plane).plane, &config).ok())
}
