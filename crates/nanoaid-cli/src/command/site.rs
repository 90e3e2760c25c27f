//! `nanoaid site`: networks and micrographs as a folder of pages to browse.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use nanoaid::atlas::{
    Atlas, AtlasConfig, AtlasInput, AtlasPart, AtlasStep, EstimatedPart, NetworkOfRun, estimate,
};
use nanoaid::data::dataset::Dataset;
use nanoaid::hash::sha256_of_file;
use nanoaid::interpret::differential::Question;
use nanoaid::interpret::tuning::TuningStep;
use nanoaid::interpret::visualize::Preset;
use nanoaid::output::{OutputFolder, json_text};
use nanoaid_pages::site::{self, FILES, KEPT, Made};
use serde::{Deserialize, Serialize};

use super::micrographs::DataArguments;
use super::network::OpenArguments;
use super::output::OutputArguments;
use super::training::say_skipped;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, note, print};
use crate::progress::{Progress, time_text};

/// Folder of the site where none is named.
const FOLDER: &str = "atlas";
/// Record of what the site was made from; written last.
const RECORD: &str = "site.json";
/// Version of the record.
const SCHEMA_VERSION: u32 = 1;

/// Arguments of `site`.
#[derive(Args)]
pub(crate) struct SiteArguments {
    /// Run folders, files of networks (.safetensors, .onnx), or built-in networks: `autoencoder`,
    /// `classifier`
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Micrographs: folder of category folders, flat folder, or index CSV
    #[arg(long)]
    data: PathBuf,
    /// Presets of the synthetic pictures; the first is shown for all units of a layer
    #[arg(long, value_delimiter = ',', value_name = "PRESETS", default_value = "fast,chollet")]
    presets: Vec<Preset>,
    /// Layers to show, where a network has them; by default the end of each stage, the code and the
    /// classes. Can be given several times
    #[arg(long)]
    layer: Vec<String>,
    /// Most steps of gradient ascent of a picture; by default those of the preset
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Classes to compare, e.g. `mems_devices_and_electrodes,patterned_surface:particles`; can be given
    /// several times. By default micromachines and patterned surfaces against particles, else the two
    /// largest classes
    #[arg(long, value_name = "A,…:B,…")]
    contrast: Vec<Question>,
    /// Seed of resamples, shuffles, random weights and the self-test
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only say about how long the site takes, from a few micrographs and the first steps of its pictures
    #[arg(long)]
    estimate: bool,
    #[command(flatten)]
    data_set: DataArguments,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// From what a site was made: the same again need not be.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    schema_version: u32,
    program_version: String,
    command: String,
    networks: Vec<String>,
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    data: PathBuf,
    data_digest: String,
    device: String,
    settings: serde_json::Value,
    /// Whether all pages are there.
    done: bool,
}

/// Makes the site, or says that nothing has changed.
pub(crate) fn run(arguments: &SiteArguments) -> Result<Outcome, Failure> {
    let dataset = arguments.data_set.open(&arguments.data)?;
    if arguments.estimate {
        return print_estimate(arguments, &dataset);
    }
    let out = arguments.output.path(|| PathBuf::from(FOLDER));
    let skipped = make_site(arguments, &dataset, &out)?;
    if arguments.output.json {
        print(
            &std::fs::read_to_string(out.join(RECORD))
                .map_err(|error| Failure::at(&out.join(RECORD), error))?,
        )?;
    } else {
        let start = out.join("index.html");
        let start = std::path::absolute(&start).unwrap_or(start);
        print(&format!("open {}\n", start.display()))?;
    }
    Ok(Outcome::of_skipped(dataset.skipped.len() + skipped))
}

fn config(arguments: &SiteArguments) -> AtlasConfig {
    AtlasConfig {
        layers: arguments.layer.clone(),
        steps: arguments.steps,
        ..AtlasConfig::new(arguments.seed, &arguments.presets)
    }
}

/// Prints how long the parts of the site take, and all of them.
fn print_estimate(arguments: &SiteArguments, dataset: &Dataset) -> Result<Outcome, Failure> {
    let networks = networks(&arguments.runs, &arguments.open)?;
    let questions = arguments.contrast.clone();
    let input = AtlasInput { networks, dataset, questions, config: config(arguments) };
    note(&format!("trying a few micrographs, stimuli and steps of {} networks", input.networks.len()));
    let begun = Instant::now();
    let parts = estimate(&input, &|| begun.elapsed().as_secs_f64(), &mut interrupt::flow)?;
    if arguments.output.json {
        print(&json_text(&parts)?)?;
        return Ok(Outcome::Done);
    }
    for EstimatedPart { network, part, preset, n, seconds } in &parts {
        let of = match part {
            AtlasPart::Micrographs => "in three passes",
            AtlasPart::Stimuli => "layers",
            _ => "units",
        };
        let preset = preset.map(|preset| format!(" by `{preset}`")).unwrap_or_default();
        let (part, time) = (part_text(*part), time_text(*seconds));
        print(&format!("{network}: {part}{preset} ({n} {of}): about {time}\n"))?;
    }
    let all: f64 = parts.iter().map(|part| part.seconds).sum();
    print(&format!("in all about {}\n", time_text(all)))?;
    Ok(Outcome::Done)
}

/// Returns the number of micrographs that were left out.
fn make_site(arguments: &SiteArguments, dataset: &Dataset, out: &Path) -> Result<usize, Failure> {
    let config = config(arguments);
    let networks = networks(&arguments.runs, &arguments.open)?;
    let record = record(arguments, dataset, &config, &networks)?;
    let kept: Option<Record> =
        std::fs::read(out.join(RECORD)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    if kept.as_ref() == Some(&record) {
        let damaged = damaged(out);
        if damaged.as_ref().is_some_and(Vec::is_empty) {
            note("nothing has changed");
            return Ok(0);
        }
        if let Some(damaged) = damaged {
            let (n, first) = (damaged.len(), &damaged[0]);
            note(&format!(
                "{n} files of the site are damaged or missing, the first is {first}: writing them again"
            ));
        }
    }
    let begun = kept.is_some();
    let folder = OutputFolder::create(out, arguments.output.force || begun)?;
    folder.write_json(RECORD, &Record { done: false, ..record.clone() })?;
    let input = AtlasInput { networks, dataset, questions: arguments.contrast.clone(), config };
    let (n_skipped, files) = write_site(input, &record.made(), &folder)?;
    folder.write_json(FILES, &files)?;
    folder.write_json(RECORD, &record)?;
    match damaged(out).and_then(|damaged| damaged.into_iter().next()) {
        None => Ok(n_skipped),
        Some(first) => {
            let text = "was removed or changed while the site was written; run the same command again";
            Err(Failure::new(text).in_file(&out.join(first)))
        }
    }
}

/// The files of the site in `out` that are not as they were written; `None` where it is not known which there are.
fn damaged(out: &Path) -> Option<Vec<String>> {
    let files: BTreeMap<String, String> =
        serde_json::from_slice(&std::fs::read(out.join(FILES)).ok()?).ok()?;
    let whole = |(name, sha256): &(String, String)| {
        sha256_of_file(&out.join(name)).is_ok_and(|found| found == *sha256)
    };
    Some(files.into_iter().filter(|file| !whole(file)).map(|(name, _)| name).collect())
}

/// The networks of `runs`, for grey images.
fn networks(runs: &[PathBuf], open: &OpenArguments) -> Result<Vec<NetworkOfRun>, Failure> {
    let network = |run: &PathBuf| Ok(NetworkOfRun { run: run.clone(), network: open.open_gray(run)? });
    runs.iter().map(network).collect()
}

/// Makes the atlas and writes all its pages; returns the number of micrographs left out, and the files with their
/// SHA-256.
fn write_site(
    input: AtlasInput<'_>,
    made: &Made,
    folder: &OutputFolder,
) -> Result<(usize, BTreeMap<String, String>), Failure> {
    let dataset = input.dataset;
    let mut progress = AtlasProgress::default();
    let atlas = Atlas::build(input, &folder.folder(KEPT)?, &mut |step| {
        progress.report(step);
        interrupt::flow()
    })?;
    progress.finish();
    say_skipped(&atlas.skipped);
    note("pages");
    let n = atlas.micrographs.len();
    let mut progress = Progress::new(n as u64, "micrographs");
    let files = site::write(folder.clone(), &atlas, made, atlas.micrographs(dataset)?, &mut |done| {
        progress.set(done as u64, "writing");
        interrupt::flow()
    })?;
    progress.finish();
    Ok((dataset.entries.len() - n, files))
}

/// Says what is done, with a bar where there is something to count.
#[derive(Default)]
struct AtlasProgress {
    bar: Option<Progress>,
}

impl AtlasProgress {
    fn report(&mut self, step: AtlasStep<'_>) {
        match step {
            AtlasStep::Part { network, part } => {
                self.finish();
                note(&format!("{network}: {}", part_text(part)));
            }
            AtlasStep::Tuning(TuningStep::AllStimuli { layer }) => note(&format!("  {layer}: all stimuli")),
            AtlasStep::Tuning(TuningStep::Refine { layer }) => note(&format!("  {layer}: each unit's own")),
            AtlasStep::Micrographs { done, total } => self.count(done, total, "micrographs", "data-set pass"),
            AtlasStep::Pictures { preset, done, total, .. } => {
                self.count(done, total, "pictures", &preset.to_string());
            }
        }
    }

    fn count(&mut self, done: usize, total: usize, unit: &str, note: &str) {
        let bar = self.bar.get_or_insert_with(|| Progress::new(total as u64, unit));
        bar.set_length(total as u64);
        bar.set(done as u64, note);
    }

    fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish();
        }
    }
}

fn part_text(part: AtlasPart) -> &'static str {
    match part {
        AtlasPart::Micrographs => "real micrographs",
        AtlasPart::Controls => "controls",
        AtlasPart::Stimuli => "synthetic stimuli",
        AtlasPart::Pictures => "synthetic pictures",
        AtlasPart::Exemplars => "exemplars, machine scores",
        AtlasPart::Comparisons => "differences between classes",
    }
}

fn record(
    arguments: &SiteArguments,
    dataset: &Dataset,
    config: &AtlasConfig,
    networks: &[NetworkOfRun],
) -> Result<Record, Failure> {
    let mut command = "nanoaid site".to_owned();
    for run in &arguments.runs {
        command += &format!(" {}", run.display());
    }
    let presets: Vec<String> = config.presets.iter().map(ToString::to_string).collect();
    command += &format!(" --data {} --presets {}", arguments.data.display(), presets.join(","));
    for layer in &arguments.layer {
        command += &format!(" --layer {layer}");
    }
    if let Some(steps) = arguments.steps {
        command += &format!(" --steps {steps}");
    }
    for question in &arguments.contrast {
        let b = question.b.as_deref().unwrap_or_default().join(",");
        command += &format!(" --contrast {}:{b}", question.a.join(","));
    }
    command += &format!(" --seed {}", arguments.seed);
    Ok(Record {
        schema_version: SCHEMA_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        command,
        networks: networks.iter().map(|network| network.network.sha256().to_owned()).collect(),
        data: arguments.data.clone(),
        data_digest: dataset.digest()?,
        device: arguments.open.device.to_string(),
        settings: serde_json::to_value(config)?,
        done: true,
    })
}

impl Record {
    /// As the pages show it.
    fn made(&self) -> Made {
        Made {
            schema_version: self.schema_version,
            program_version: self.program_version.clone(),
            command: self.command.clone(),
            data: self.data.display().to_string(),
            data_digest: self.data_digest.clone(),
            device: self.device.clone(),
            settings: self.settings.clone(),
            warnings: Vec::new(),
        }
    }
}
