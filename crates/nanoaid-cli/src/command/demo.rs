//! `nanoaid demo`: the built-in networks on built-in specimens.

use std::path::{Path, PathBuf};

use clap::Args;
use micrograph::synth::{self, Category, demo_specimens};
use nanoaid::data::dataset::{Dataset, DatasetConfig};
use nanoaid::data::prepare::{self, PrepareConfig, Prepared};
use nanoaid::evaluate::classifier::Estimate;
use nanoaid::evaluate::classify::{Answer, AnswerConfig, answer};
use nanoaid::interpret::tuning::TuningConfig;
use nanoaid::interpret::visualize::Preset;
use nanoaid::{Device, network::builtin};
use serde::Serialize;

use super::site;
use crate::atlas::AtlasConfig;
use crate::outcome::{Failure, Outcome, print};
use crate::page;
use crate::record::{Input, Record};
use crate::view::{ViewSettings, view};
use nanoaid::output::OutputFolder;
use nanoaid_pages::site::model::Made;

/// Arguments of `demo`.
#[derive(Args)]
pub(crate) struct DemoArguments {
    /// Folder for the report; the default, `nanoaid-demo`, is made again each time
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that is there already
    #[arg(long)]
    force: bool,
}

/// The demo's own folder.
const FOLDER: &str = "nanoaid-demo";
/// Folder of the site inside it.
const ATLAS: &str = "atlas";
/// Synthetic micrographs of each category in the site: enough for exemplars of each.
const ATLAS_MICROGRAPHS: usize = 4;
/// Steps of its pictures: what they show can be seen, and the demo stays short.
const ATLAS_STEPS: usize = 64;

/// What the built-in classifier makes of the specimens; `answers.json`, and shown on the page.
#[derive(Serialize)]
pub(crate) struct Answers {
    /// Real micrographs that it was tested on, none of which it had learnt from.
    pub n_tested: usize,
    /// Share of them that it told rightly.
    pub accuracy: Estimate,
    /// What it says of each specimen.
    pub specimens: Vec<Answered>,
}

/// What the classifier says of a specimen.
#[derive(Serialize)]
pub(crate) struct Answered {
    /// Name of the specimen.
    pub specimen: String,
    /// Its category.
    pub category: Category,
    /// What the classifier says.
    pub answer: Answer,
}

/// Writes the report and says where it is.
pub(crate) fn run(arguments: &DemoArguments) -> Result<Outcome, Failure> {
    let network = builtin::autoencoder(Device::Cpu)?;
    let classifier = builtin::classifier(Device::Cpu)?;
    let tested = builtin::classifier_report()?;
    let mut answers = Answers { n_tested: tested.n_images, accuracy: tested.accuracy, specimens: Vec::new() };
    let folder = match &arguments.out {
        Some(out) => OutputFolder::create(out, arguments.force)?,
        None => OutputFolder::create(Path::new(FOLDER), true)?,
    };
    let settings = ViewSettings::every_depth(&network);
    let mut contents = Vec::new();
    for demo in demo_specimens() {
        let prepared = specimen(demo.name)?;
        let inside = folder.folder(demo.name)?;
        let (seen, files) = view(&prepared, &network, &settings, &inside)?;
        let input = Input::Specimen { name: demo.name.to_owned() };
        let run = Path::new(builtin::AUTOENCODER);
        inside.write_json("record.json", &Record::new(input, run, &network, &settings, files)?)?;
        contents.push(page::lens::Entry::new(demo.name, Path::new(demo.name), &seen));
        let answer = answer(&classifier, &prepared.plane, AnswerConfig::of(&tested))?;
        let specimen = demo.name.to_owned();
        answers.specimens.push(Answered { specimen, category: demo.category, answer });
    }
    folder.write_json("answers.json", &answers)?;
    small_site(&folder.folder(ATLAS)?)?;
    folder.write("index.html", page::demo::contents(&contents, &answers, ATLAS).as_bytes())?;
    let report = folder.file("index.html");
    let report = std::path::absolute(&report).unwrap_or(report);
    print(&format!("open {}\n", report.display()))?;
    Ok(Outcome::Done)
}

/// A site of a few layers of both networks over synthetic micrographs, whole but small.
fn small_site(folder: &OutputFolder) -> Result<(), Failure> {
    let config = DatasetConfig { synthetic_per_category: ATLAS_MICROGRAPHS, ..DatasetConfig::default() };
    let dataset = Dataset::synthetic(&config)?;
    let presets = [Preset::Fast];
    let config = AtlasConfig {
        layers: ["encoder.2", "head"].map(str::to_owned).to_vec(),
        steps: Some(ATLAS_STEPS),
        // logits are shown smaller stimuli: a quarter of the time
        tuning: TuningConfig { whole_px: 64, ..TuningConfig::default() },
        ..site::config(0, &presets)
    };
    let made = Made {
        schema_version: site::SCHEMA_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: "nanoaid demo".to_owned(),
        data: "synthetic micrographs".to_owned(),
        data_digest: dataset.digest()?,
        device: Device::Cpu.to_string(),
        settings: serde_json::to_value(&config)?,
        warnings: vec![
            "The micrographs are synthetic: this shows what a site is, not what the networks make of real specimens."
                .to_owned(),
        ],
    };
    let runs = [builtin::AUTOENCODER, builtin::CLASSIFIER].map(PathBuf::from);
    let request = site::Request { runs: &runs, device: Device::Cpu, presets: &presets, contrasts: &[] };
    site::write_site(&request, &dataset, config, made, folder)?;
    Ok(())
}

/// The built-in specimen `name` as a network sees it.
pub(super) fn specimen(name: &str) -> Result<Prepared, Failure> {
    let demo = demo_specimens().into_iter().find(|demo| demo.name == name).ok_or_else(|| {
        let known: Vec<&str> = demo_specimens().iter().map(|demo| demo.name).collect();
        Failure::new(format!("no built-in specimen `{name}`, expected one of: {}", known.join(", ")))
    })?;
    let synthetic = synth::micrograph(&demo.config, demo.seed)?;
    let config =
        PrepareConfig { data_bar: micrograph::data_bar::DataBarChoice::Keep, ..PrepareConfig::default() };
    Ok(prepare::micrograph(synthetic.into_micrograph(&format!("synthetic {name}")), &config)?)
}
