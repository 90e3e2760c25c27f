//! `nanoaid site`: networks and micrographs as a folder of pages to browse.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use nanoaid::atlas::{
    Atlas, AtlasConfig, AtlasInput, AtlasPart, AtlasStep, EstimatedPart, NetworkOfRun, estimate,
};
use nanoaid::data::dataset::Dataset;
use nanoaid::interpret::differential::Question;
use nanoaid::interpret::tuning::TuningStep;
use nanoaid::interpret::visualize::Preset;
use nanoaid::output::json_text;
use nanoaid_pages::site::{self, OpenSite, SiteConcepts};

use super::micrographs::DataArguments;
use super::network::OpenArguments;
use super::output::OutputArguments;
use super::training::say_skipped;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, note, print};
use crate::progress::{Progress, time_text};

/// Folder of the site where none is named.
const FOLDER: &str = "atlas";

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
    /// Show concepts of a layer, too: a folder that `nanoaid concepts` wrote for one of the networks; can be given several times
    #[arg(long, value_name = "FOLDER")]
    concepts: Vec<PathBuf>,
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

/// Makes the site, or says that nothing has changed.
pub(crate) fn run(arguments: &SiteArguments) -> Result<Outcome, Failure> {
    let dataset = arguments.data_set.open(&arguments.data)?;
    if arguments.estimate {
        return print_estimate(arguments, &dataset);
    }
    let out = arguments.output.path(|| PathBuf::from(FOLDER));
    let skipped = make_site(arguments, &dataset, &out)?;
    if arguments.output.json {
        print(&site::record_text(&out)?)?;
    } else {
        let start = out.join("index.html");
        let start = std::path::absolute(&start).unwrap_or(start);
        print(&format!("open {}\n", start.display()))?;
    }
    Ok(Outcome::of_skipped(dataset.skipped.len() + skipped))
}

/// Prints how long the parts of the site take, and all of them.
fn print_estimate(arguments: &SiteArguments, dataset: &Dataset) -> Result<Outcome, Failure> {
    let input = input(arguments, dataset)?;
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
    let input = input(arguments, dataset)?;
    let concepts =
        arguments.concepts.iter().map(|folder| SiteConcepts::read(folder)).collect::<Result<_, _>>()?;
    let of = (arguments.data.as_path(), concepts);
    let Some(site) = OpenSite::begin(&input, of, out, arguments.output.force)? else {
        note("nothing has changed");
        return Ok(0);
    };
    if let [first, ..] = site.damaged() {
        let n = site.damaged().len();
        note(&format!(
            "{n} files of the site are damaged or missing, the first is {first}: writing them again"
        ));
    }
    let mut progress = AtlasProgress::default();
    let atlas = Atlas::build(input, &site.kept()?, &mut |step| {
        progress.report(step);
        interrupt::flow()
    })?;
    progress.finish();
    say_skipped(&atlas.skipped);
    note("pages");
    let n = atlas.micrographs.len();
    let mut progress = Progress::new(n as u64, "micrographs");
    site.write(&atlas, atlas.micrographs(dataset)?, &mut |done| {
        progress.set(done as u64, "writing");
        interrupt::flow()
    })?;
    progress.finish();
    Ok(dataset.entries.len() - n)
}

/// What the atlas is made of.
fn input<'a>(arguments: &SiteArguments, dataset: &'a Dataset) -> Result<AtlasInput<'a>, Failure> {
    let config = AtlasConfig {
        layers: arguments.layer.clone(),
        steps: arguments.steps,
        ..AtlasConfig::new(arguments.seed, &arguments.presets)
    };
    let networks = networks(&arguments.runs, &arguments.open)?;
    Ok(AtlasInput { networks, dataset, questions: arguments.contrast.clone(), config })
}

/// The networks of `runs`, for grey images.
fn networks(runs: &[PathBuf], open: &OpenArguments) -> Result<Vec<NetworkOfRun>, Failure> {
    let network = |run: &PathBuf| Ok(NetworkOfRun { run: run.clone(), network: open.open_gray(run)? });
    runs.iter().map(network).collect()
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
