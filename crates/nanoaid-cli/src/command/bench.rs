//! `nanoaid bench`: how fast the program is on this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;
use micrograph::Plane;
use micrograph::paint::{ColorMap, Picture};
use micrograph::random::Stream;
use nanoaid::Device;
use nanoaid::bench::{self, ExplanationKind, Pass, VisualizationKind, Workload, WorkloadKind};
use nanoaid::interpret::concept::ConceptMethod;
use serde::Serialize;

use crate::interrupt;
use crate::outcome::{Failure, Outcome, note, print};
use nanoaid::output::json_text;

/// Rounds of which the best counts.
const ROUNDS: usize = 3;
/// Seconds that a round takes at least.
const ROUND_SECONDS: f64 = 0.5;
/// Rounds of multiply-adds in one burst, about 10 ms.
const BURST_ROUNDS: usize = 1 << 20;
/// Height and width of the micrograph of `lens-cold`.
const COLD_PX: (usize, usize) = (768, 1024);

/// Arguments of `bench`.
#[derive(Args)]
pub(crate) struct BenchArguments {
    /// Only figures whose name contains one of these, e.g. `cae`, `64→64`
    names: Vec<String>,
    /// Folder of micrographs for `exemplar-pass`, which is left out without one
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where networks run
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: Device,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// One measured figure.
#[derive(Serialize)]
struct Figure {
    workload: String,
    value: f64,
    unit: &'static str,
}

/// Measures the chosen workloads, one line each.
pub(crate) fn run(arguments: &BenchArguments) -> Result<Outcome, Failure> {
    let mut figures = Figures { arguments, all: Vec::new() };
    note(&format!("{} on {} threads", bench::instruction_set(), rayon::current_num_threads()));
    for kind in WorkloadKind::ALL {
        let name = kind.name();
        if figures.wants(name) {
            let mut workload = Workload::new(kind, arguments.device);
            let seconds = best_seconds(&mut || workload.step());
            match workload.n_images {
                1 => figures.enter(name, seconds * 1e3, "ms")?,
                n_images => figures.enter(name, n_images as f64 / seconds, "img/s")?,
            }
        }
    }
    for kind in VisualizationKind::ALL {
        if figures.wants(kind.name()) {
            let begun = Instant::now();
            kind.run(arguments.device);
            figures.enter(kind.name(), begun.elapsed().as_secs_f64(), "s")?;
        }
    }
    for kind in ExplanationKind::ALL {
        let name = kind.name();
        if figures.wants(&name) {
            let mut seconds = f64::INFINITY;
            kind.measured(arguments.device, &mut |step| seconds = best_seconds(step));
            figures.enter(&name, seconds * 1e3, "ms")?;
        }
    }
    for method in [ConceptMethod::Nmf, ConceptMethod::Topk] {
        let name = format!("concepts-{method}");
        if figures.wants(&name) {
            let begun = Instant::now();
            let explained = bench::concept_bank(method);
            figures.enter(&name, begun.elapsed().as_secs_f64(), "s")?;
            figures.enter(&format!("{name}, explained"), 100.0 * explained, "%")?;
        }
    }
    if let Some(data) = arguments.data.as_deref().filter(|_| figures.wants("exemplar-pass")) {
        let out = tempfile::tempdir()?;
        let begun = Instant::now();
        let n_images = bench::exemplar_pass(data, out.path(), arguments.device)?;
        figures.enter("exemplar-pass", n_images as f64 / begun.elapsed().as_secs_f64(), "img/s")?;
    }
    if figures.wants("lens-cold") {
        figures.enter("lens-cold", lens_cold()?, "s")?;
    }
    figures.convolutions()?;
    if figures.all.is_empty() {
        return Err(Failure::new(format!("no benchmark has {} in its name", arguments.names.join(" or "))));
    }
    if arguments.json {
        print(&json_text(&figures.all)?)?;
    }
    Ok(Outcome::Done)
}

struct Figures<'a> {
    arguments: &'a BenchArguments,
    all: Vec<Figure>,
}

impl Figures<'_> {
    fn wants(&self, name: &str) -> bool {
        let names = &self.arguments.names;
        names.is_empty() || names.iter().any(|part| name.contains(part.as_str()))
    }

    fn enter(&mut self, workload: &str, value: f64, unit: &'static str) -> Result<(), Failure> {
        if !self.arguments.json {
            print(&format!("{workload:<44} {value:>10.4} {unit}\n"))?;
        }
        self.all.push(Figure { workload: workload.to_owned(), value, unit });
        interrupt::check()
    }

    /// Peak and single convolutions; the peak is measured in turn with each, since machines speed
    /// up and slow down. Operations are counted as those of the direct sum, so a way that needs fewer
    /// can exceed the peak.
    fn convolutions(&mut self) -> Result<(), Failure> {
        let mut highest: f64 = 0.0;
        for mut case in bench::convolutions() {
            for (pass, fastest) in Pass::ALL.into_iter().flat_map(|pass| [(pass, false), (pass, true)]) {
                let way = if fastest { "fastest" } else { "direct" };
                let name = format!("{} {}, {way}", case.name, pass.name());
                if !self.wants(&name) {
                    continue;
                }
                let operations = case.operations();
                let (mut rate, mut peak): (f64, f64) = (0.0, 0.0);
                for _ in 0..ROUNDS {
                    peak = peak.max(peak_rate());
                    rate = rate.max(operations / seconds_of_round(&mut || case.run(pass, fastest)));
                }
                self.enter(&name, rate / 1e9, "GFLOP/s")?;
                self.enter(&name, 100.0 * rate / peak, "% of peak")?;
                highest = highest.max(peak);
            }
        }
        if self.wants("peak") {
            highest = (0..ROUNDS).map(|_| peak_rate()).fold(highest, f64::max);
            self.enter("peak of multiply-adds", highest / 1e9, "GFLOP/s")?;
        }
        Ok(())
    }
}

/// Floating-point operations in a second, in registers, of all threads.
fn peak_rate() -> f64 {
    let mut operations = 0.0;
    let seconds = seconds_of_round(&mut || operations = bench::multiply_add_burst(BURST_ROUNDS));
    operations / seconds
}

/// Time of `step` in the best of all rounds, after a step that does not count.
fn best_seconds(step: &mut dyn FnMut()) -> f64 {
    step();
    (0..ROUNDS).map(|_| seconds_of_round(step)).fold(f64::INFINITY, f64::min)
}

/// Mean time of `step` in one round.
fn seconds_of_round(step: &mut dyn FnMut()) -> f64 {
    let round = Instant::now();
    let mut n_steps = 0.0;
    loop {
        step();
        n_steps += 1.0;
        let seconds = round.elapsed().as_secs_f64();
        if seconds >= ROUND_SECONDS {
            return seconds / n_steps;
        }
    }
}

/// Shortest time of a whole `nanoaid lens` in a process of its own, from start to contact sheet.
fn lens_cold() -> Result<f64, Failure> {
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("specimen.png");
    let mut stream = Stream::new(0, "bench", 0);
    let (height, width) = COLD_PX;
    let plane = Plane::from_fn(height, width, |y, x| {
        let lines = (x as f32 / 9.0).sin() * (y as f32 / 11.0).sin();
        (0.5 + 0.25 * lines + 0.05 * stream.normal() as f32).clamp(0.0, 1.0)
    });
    let picture = Picture::from_plane(&plane, 0.0, 1.0, ColorMap::Gray);
    micrograph::file::write_whole(&image, &picture.png_bytes(None))?;
    let mut best = f64::INFINITY;
    for _ in 0..=ROUNDS {
        best = best.min(one_lens_cold(&image, &folder.path().join("out"))?);
    }
    Ok(best)
}

fn one_lens_cold(image: &Path, out: &Path) -> Result<f64, Failure> {
    let program = std::env::current_exe()?;
    let start = Instant::now();
    let output = Command::new(program)
        .args(["lens", "--depth", "3", "--sheet-only", "--keep-data-bar", "--force", "--out"])
        .arg(out)
        .arg(image)
        .stdout(Stdio::null())
        .output()?;
    let seconds = start.elapsed().as_secs_f64();
    if !output.status.success() || !out.join("encoder.3.sheet.png").is_file() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Failure::new(format!("lens-cold: `nanoaid lens` failed: {said}")));
    }
    Ok(seconds)
}
