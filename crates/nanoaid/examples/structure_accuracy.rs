//! How right `measure` is on fibres and pores, by the segmenter and without a network, as tables.
//!
//! ```sh
//! scripts/truth_labels.py SHARED TRUTH   # the truth sets in one form
//! cargo run --release -p nanoaid --example structure_accuracy -- particles TRUTH judge
//! cargo run --release -p nanoaid --example structure_accuracy -- fibres TRUTH judge
//! cargo run --release -p nanoaid --example structure_accuracy -- pores TRUTH judge
//! cargo run --release -p nanoaid --example structure_accuracy -- false SHARED/data test
//! ```
//! `particles`: how many there are in the set `emps`, where both ways count, and which is nearer where they disagree.
//! `fibres`: diameters between the outlines that people drew, measured as those of the segmenter, beside what `measure
//! --expect fibres` gives. `pores`: share of pores of masks that people drew and of synthetic porous bodies. `false`: numbers
//! that `measure` gives unasked on micrographs of each category, of the parts of the index that are named `test`; with `train`
//! of the others. A line for each image goes to standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables are what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use micrograph::Source;
use micrograph::measure::fibers::{FibersConfig, outlined};
use micrograph::measure::report::Finding;
use micrograph::measure::{MeasureConfig, Quantity, ReportConfig, Task};
use micrograph::paint::gray_png;
use micrograph::regions::read_labels;
use micrograph::synth::{PorousConfig, PorousStructure, Specimen, SynthConfig, Truth, micrograph};
use nanoaid::measure::{MeasureNetworks, MeasureRecord, MeasureSettings, measure};
use nanoaid::record::NetworkUsed;
use nanoaid::{Device, Network, network};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, folder, part] = &arguments[..] else {
        return Err("expected particles|fibres|pores|false FOLDER PART".into());
    };
    let network = network::open(Path::new("segmenter"), Device::Cpu)?;
    let folder = PathBuf::from(folder);
    match what.as_str() {
        "particles" => particles(&network, &folder, part),
        "fibres" => fibers(&network, &folder, part),
        "pores" => pores(&network, &folder, part),
        "false" => numbers(&network, &folder, part),
        _ => Err("expected particles, fibres, pores or false".into()),
    }
}

/// What `measure` says of `source` where `what` is requested.
fn measured(network: &Network, source: &Source, what: Vec<Task>) -> Result<MeasureRecord, Box<dyn Error>> {
    let report = ReportConfig { what, ..ReportConfig::default() };
    let file = MeasureConfig { report, ..MeasureConfig::default() };
    let settings = MeasureSettings { file, ..MeasureSettings::default() };
    let used = NetworkUsed::of(Path::new("segmenter"), network);
    let mut networks = MeasureNetworks { pattern: None, segmenter: Some((network, used)) };
    let go = &mut |_| ControlFlow::Continue(());
    Ok(measure((source, "image"), &settings, &mut networks, go)?.record)
}

/// The number called `name` by the segmenter, and without a network, where they are given.
fn both(record: &MeasureRecord, name: &str) -> [Option<Quantity>; 2] {
    let of =
        |findings: &[Finding]| findings.iter().find(|own| own.name == name).map(|own| own.quantity.clone());
    let mut found = [None, None];
    for answer in &record.report.answers {
        // the answer is that of the segmenter where the other way stands beside it
        let is_segmenter = answer.summary.as_ref().is_some_and(|text| text.starts_with("by the segmenter"));
        let second = answer.second.as_ref().and_then(|second| of(&second.findings));
        let own = of(&answer.findings);
        let pair = if is_segmenter { [own, second] } else { [second, own] };
        for (found, one) in found.iter_mut().zip(pair) {
            *found = found.take().or(one);
        }
    }
    found
}

/// Errors of one way on one set.
#[derive(Default)]
struct Errors {
    images: usize,
    /// Relative, or differences where `absolute`.
    errors: Vec<f64>,
    held: usize,
}

impl Errors {
    fn add(&mut self, found: Option<&Quantity>, truth: f64, absolute: bool) {
        self.images += 1;
        let Some(found) = found else { return };
        let difference = found.value - truth;
        self.errors.push(if absolute { difference } else { difference / truth });
        self.held += usize::from(difference.abs() <= found.expanded_uncertainty);
    }

    fn line(&self, near: f64) -> String {
        let n = self.errors.len();
        let mut sizes: Vec<f64> = self.errors.iter().map(|error| error.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let at = |share: f64| match n {
            0 => "–".to_owned(),
            _ => format!("{:.1} %", 100.0 * sizes[((n as f64 * share) as usize).min(n - 1)]),
        };
        let bias = self.errors.iter().sum::<f64>() / n.max(1) as f64;
        let within = self.errors.iter().filter(|error| error.abs() <= near).count();
        format!(
            "{n} of {} | {} | {} | {:+.1} % | {within} of {n} | {} of {n}",
            self.images,
            at(0.5),
            at(0.9),
            100.0 * bias,
            self.held
        )
    }
}

/// Rows of the index of the truth sets: set, name, task, part, height, width.
fn truth(folder: &Path, part: &str) -> Result<Vec<[String; 4]>, Box<dyn Error>> {
    let text = std::fs::read_to_string(folder.join("index.csv"))?;
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap_or_default();
    let column = |name: &str| head.iter().position(|own| *own == name).ok_or(format!("no column {name}"));
    let (set, name, own) = (column("set")?, column("name")?, column("part")?);
    let (height, width) = (column("height")?, column("width")?);
    let rows = lines.filter(|row| row[own] == part);
    Ok(rows.map(|row| [set, name, height, width].map(|at| row[at].to_owned())).collect())
}

/// Pixels of an image, and its height and width.
type Mask = (Vec<bool>, (usize, usize));

/// Which pixels people drew.
fn mask(folder: &Path, [set, name, height, width]: &[String; 4]) -> Result<Mask, Box<dyn Error>> {
    let size = (height.parse()?, width.parse()?);
    let labels = read_labels(&folder.join(set).join(format!("{name}.labels.tif")), size, None)?;
    Ok((labels.values().iter().map(|label| *label > 0).collect(), size))
}

const WAYS: [&str; 2] = ["segmenter", "without a network"];

fn fibers(network: &Network, folder: &Path, part: &str) -> Result<(), Box<dyn Error>> {
    let mut errors: BTreeMap<(&str, &str), Errors> = BTreeMap::new();
    for row in truth(folder, part)?.iter().filter(|row| row[0] == "microplastic_fibres") {
        let (mask, size) = mask(folder, row)?;
        let expected = outlined(&mask, size, 0.0, &FibersConfig::default())?;
        let source = Source::read(&folder.join(&row[0]).join(format!("{}.image.png", row[1])))?;
        let record = measured(network, &source, vec![Task::Fibers])?;
        let length = expected.length_px / expected.measured;
        for (name, truth) in [
            ("mean fibre diameter", expected.mean_diameter_px.value),
            ("median fibre diameter", expected.median_diameter_px.value),
            ("length of fibres", length),
        ] {
            let found = both(&record, name);
            let texts = found.each_ref().map(|own| own.as_ref().map_or("–".to_owned(), Quantity::text));
            eprintln!("{} {name}: drawn {truth:.2}, segmenter {}, without {}", row[1], texts[0], texts[1]);
            for (way, found) in WAYS.into_iter().zip(found) {
                errors.entry((name, way)).or_default().add(found.as_ref(), truth, false);
            }
        }
    }
    println!(
        "| number | by | answered | error, median | 90th percentile | bias | within 8 % | in the interval |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for ((name, way), errors) in &errors {
        println!("| {name} | {way} | {} |", errors.line(0.08));
    }
    Ok(())
}

fn particles(network: &Network, folder: &Path, part: &str) -> Result<(), Box<dyn Error>> {
    let mut errors = [Errors::default(), Errors::default()];
    let (mut n_both, mut n_apart, mut n_nearer) = (0, 0, 0);
    for row in truth(folder, part)?.iter().filter(|row| row[0] == "emps") {
        let size = (row[2].parse()?, row[3].parse()?);
        let labels = read_labels(&folder.join(&row[0]).join(format!("{}.labels.tif", row[1])), size, None)?;
        let truth = labels.n_regions() as f64;
        let source = Source::read(&folder.join(&row[0]).join(format!("{}.image.png", row[1])))?;
        let found = both(&measured(network, &source, vec![Task::Count])?, "particles seen");
        for (errors, found) in errors.iter_mut().zip(&found) {
            errors.add(found.as_ref(), truth, false);
        }
        let [Some(one), Some(other)] = found else { continue };
        n_both += 1;
        if (one.value - other.value).abs() > one.expanded_uncertainty + other.expanded_uncertainty {
            n_apart += 1;
            n_nearer += usize::from((one.value - truth).abs() < (other.value - truth).abs());
        }
    }
    println!(
        "| number | by | answered | error, median | 90th percentile | bias | within 8 % | in the interval |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (way, errors) in WAYS.iter().zip(&errors) {
        println!("| particles seen | {way} | {} |", errors.line(0.08));
    }
    println!(
        "\n{n_both} counted by both, {n_apart} of them apart; the segmenter is nearer in {n_nearer} of these."
    );
    Ok(())
}

fn pores(network: &Network, folder: &Path, part: &str) -> Result<(), Box<dyn Error>> {
    let mut errors: BTreeMap<(String, &str), Errors> = BTreeMap::new();
    let mut add = |set: &str, source: &Source, truth: f64| -> Result<(), Box<dyn Error>> {
        let record = measured(network, source, vec![Task::Pores])?;
        let found = both(&record, "share of pores");
        let texts = found.each_ref().map(|own| own.as_ref().map_or("–".to_owned(), Quantity::text));
        eprintln!("{set}: truth {truth:.3}, segmenter {}, without {}", texts[0], texts[1]);
        for (way, found) in WAYS.into_iter().zip(found) {
            errors.entry((set.to_owned(), way)).or_default().add(found.as_ref(), truth, true);
        }
        Ok(())
    };
    for row in truth(folder, part)?.iter().filter(|row| row[0] == "axondeepseg") {
        let (mask, _) = mask(folder, row)?;
        let source = Source::read(&folder.join(&row[0]).join(format!("{}.image.png", row[1])))?;
        add(&row[0], &source, mask.iter().filter(|own| **own).count() as f64 / mask.len() as f64)?;
    }
    for (name, structure) in [
        ("synthetic membrane", PorousStructure::Membrane),
        ("synthetic sponge", PorousStructure::Sponge),
        ("synthetic foam", PorousStructure::Foam),
    ] {
        for seed in 0..12 {
            let spread = seed as f64 / 11.0;
            let porous = PorousConfig {
                structure,
                porosity: 0.08 + 0.45 * spread,
                period_px: [24.0, 36.0, 60.0][seed as usize % 3],
                ..PorousConfig::default()
            };
            let config = SynthConfig { specimen: Specimen::Porous(porous), ..SynthConfig::default() };
            let made = micrograph(&config, seed)?;
            let Truth::Porous(own) = &made.truth else { return Err("no porous body".into()) };
            let source = Source::from_bytes(Path::new("porous.png"), gray_png(&made.plane, 0.0, 255.0));
            add(name, &source, own.porosity)?;
        }
    }
    println!(
        "| set | by | answered | difference of the share, median | 90th percentile | bias | within 0.05 | in the interval |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for ((set, way), errors) in &errors {
        println!("| {set} | {way} | {} |", errors.line(0.05));
    }
    Ok(())
}

fn numbers(network: &Network, data: &Path, part: &str) -> Result<(), Box<dyn Error>> {
    // images, and those with numbers of particles, fibres, pores, and with ways that disagree
    let mut counts: BTreeMap<String, [usize; 5]> = BTreeMap::new();
    for folder in ["sem", "sem2"] {
        let text = std::fs::read_to_string(data.join(folder).join("index.csv"))?;
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let split = head.iter().position(|own| *own == "split").ok_or("no column split")?;
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let (Some(file), Some(category)) = (cells.first(), cells.get(1)) else { continue };
            // a licence may hold a comma, in columns after these
            let is_test = cells.get(split) == Some(&"test") || cells.last() == Some(&"test");
            if is_test != (part == "test") {
                continue;
            }
            let source = Source::read(&data.join(folder).join(file))?;
            let record = measured(network, &source, Vec::new())?;
            let has =
                |task: Task| record.report.answers.iter().any(|own| own.task == task && !own.is_refused());
            let apart = record
                .report
                .answers
                .iter()
                .any(|own| own.second.as_ref().is_some_and(|second| !second.disagree.is_empty()));
            let row = counts.entry((*category).to_owned()).or_default();
            let found = [true, has(Task::Count), has(Task::Fibers), has(Task::Pores), apart];
            eprintln!("{folder}/{file}: {found:?}");
            row.iter_mut().zip(found).for_each(|(sum, own)| *sum += usize::from(own));
        }
    }
    println!("| category | images | particles | fibres | pores | ways disagree |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for (category, [images, particles, fibers, pores, apart]) in &counts {
        println!("| {category} | {images} | {particles} | {fibers} | {pores} | {apart} |");
    }
    Ok(())
}
