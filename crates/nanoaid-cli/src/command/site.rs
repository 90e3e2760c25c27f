//! `nanoaid site`: networks and micrographs as a folder of pages to browse.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use nanoaid::Device;
use nanoaid::data::dataset::Dataset;
use nanoaid::interpret::differential::{DifferentialConfig, Question};
use nanoaid::interpret::exemplar::{ChooseConfig, IndexedMicrograph};
use nanoaid::interpret::matching::MatchConfig;
use nanoaid::interpret::tuning::TuningConfig;
use nanoaid::interpret::visualize::Preset;
use serde::{Deserialize, Serialize};

use super::survey::{DataArguments, gray_network, run_name};
use crate::atlas::{Atlas, AtlasConfig, Findings, Planes, Surveyed, in_common, usual_question};
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;
use nanoaid::output::OutputFolder;
use nanoaid_pages::site::SiteFolder;
use nanoaid_pages::site::model::Made;

/// Says from what the site was made; written last.
const RECORD: &str = "site.json";
/// Folder of what is kept so that it is not made again.
const KEPT: &str = "kept";
/// Version of the record.
pub(super) const SCHEMA_VERSION: u32 = 1;
/// Micrographs that are written together.
const AT_ONCE: usize = 16;

/// Arguments of `site`.
#[derive(Args)]
pub(crate) struct SiteArguments {
    /// Run folders, weights of ImageNet networks, or built-in networks: `autoencoder`, `classifier`
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
    contrast: Vec<String>,
    /// Seed of resamples, shuffles, random weights and the self-test
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    data_set: DataArguments,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// Folder of the site; one that was begun is gone on with
    #[arg(long, value_name = "DIR", default_value = "atlas")]
    out: PathBuf,
    /// Write into a folder that is there already
    #[arg(long)]
    force: bool,
}

/// From what a site was made: the same again need not be.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    schema_version: u32,
    program_version: String,
    command: String,
    networks: Vec<String>,
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
    let skipped = make_site(arguments, &dataset)?;
    let start = arguments.out.join("index.html");
    let start = std::path::absolute(&start).unwrap_or(start);
    print(&format!("open {}\n", start.display()))?;
    Ok(Outcome::of_skipped(skipped))
}

/// Returns the number of micrographs that could not be looked at.
fn make_site(arguments: &SiteArguments, dataset: &Dataset) -> Result<usize, Failure> {
    let config = AtlasConfig {
        layers: arguments.layer.clone(),
        steps: arguments.steps,
        ..config(arguments.seed, &arguments.presets)
    };
    let record = record(arguments, dataset, &config)?;
    let kept: Option<Record> =
        std::fs::read(arguments.out.join(RECORD)).ok().and_then(|text| serde_json::from_slice(&text).ok());
    if kept.as_ref() == Some(&record) && arguments.out.join("index.html").is_file() {
        say("nothing has changed");
        return Ok(0);
    }
    let begun = kept.is_some();
    let folder = OutputFolder::create(&arguments.out, arguments.force || begun)?;
    folder.write_json(RECORD, &Record { done: false, ..self::record(arguments, dataset, &config)? })?;
    let request = Request {
        runs: &arguments.runs,
        device: arguments.device,
        presets: &arguments.presets,
        contrasts: &arguments.contrast,
    };
    let n_skipped = write_site(&request, dataset, config, record.made(), &folder)?;
    folder.write_json(RECORD, &record)?;
    Ok(n_skipped)
}

/// What a site is to show.
pub(super) struct Request<'a> {
    pub runs: &'a [PathBuf],
    pub device: Device,
    pub presets: &'a [Preset],
    /// As they were typed; none is the usual one.
    pub contrasts: &'a [String],
}

/// The usual settings.
pub(super) fn config(seed: u64, presets: &[Preset]) -> AtlasConfig {
    AtlasConfig {
        layers: Vec::new(),
        presets: presets.iter().map(ToString::to_string).collect(),
        steps: None,
        // nine are shown; with a tenth there is a query for each set of references
        choose: ChooseConfig { n: 10, ..ChooseConfig::default() },
        tuning: TuningConfig { seed, ..TuningConfig::default() },
        contrast: DifferentialConfig { seed, ..DifferentialConfig::default() },
        matching: MatchConfig { seed, n_best: 9, ..MatchConfig::default() },
        seed,
    }
}

/// Finds everything out and writes all pages; returns the number of micrographs left out.
pub(super) fn write_site(
    request: &Request<'_>,
    dataset: &Dataset,
    config: AtlasConfig,
    made: Made,
    folder: &OutputFolder,
) -> Result<usize, Failure> {
    let kept = folder.folder(KEPT)?;
    let mut networks: Vec<Surveyed> = Vec::new();
    for (run, id) in request.runs.iter().zip(ids(request.runs)) {
        let folder = kept.folder(&id)?;
        networks.push(Surveyed::of((run, id), request.device, &config.layers, dataset, folder)?);
    }
    in_common(&mut networks);
    let n_seen = networks.first().map_or(0, |network| network.survey.seen.len());
    let questions = questions(request.contrasts, networks.first().map_or(&[], |found| &found.survey.seen))?;
    let findings: Vec<Findings> = networks
        .into_iter()
        .map(|network| Findings::of(network, dataset, (request.presets, &questions), &config))
        .collect::<Result<_, _>>()?;
    let atlas = Atlas::new(config, findings, dataset)?;
    say("pages");
    let site = atlas.site(made)?;
    let pages = SiteFolder::create(folder.clone(), &site)?;
    let readers = atlas.readers()?;
    let mut progress = Progress::new(n_seen as u64, "micrographs");
    let mut planes = Planes::new(dataset, atlas.seen());
    let all: Vec<usize> = (0..n_seen).collect();
    for few in all.chunks(AT_ONCE) {
        planes.gather(few.iter().copied())?;
        for &image in few {
            pages.write_micrograph(&atlas.micrograph_view(image, planes.at(image), &readers)?)?;
            progress.set(image as u64, "writing");
        }
    }
    progress.finish();
    for unit in atlas.units() {
        pages.write_unit(&atlas.unit_view(unit))?;
    }
    for table in atlas.rank_tables() {
        pages.write_ranks(&table)?;
    }
    pages.finish()?;
    Ok(dataset.entries.len() - n_seen)
}

fn record(arguments: &SiteArguments, dataset: &Dataset, config: &AtlasConfig) -> Result<Record, Failure> {
    let network = |run: &PathBuf| Ok(gray_network(run, arguments.device)?.sha256().to_owned());
    let mut command = "nanoaid site".to_owned();
    for run in &arguments.runs {
        command += &format!(" {}", run.display());
    }
    command += &format!(" --data {} --presets {}", arguments.data.display(), config.presets.join(","));
    for layer in &arguments.layer {
        command += &format!(" --layer {layer}");
    }
    if let Some(steps) = arguments.steps {
        command += &format!(" --steps {steps}");
    }
    for contrast in &arguments.contrast {
        command += &format!(" --contrast {contrast}");
    }
    command += &format!(" --seed {}", arguments.seed);
    Ok(Record {
        schema_version: SCHEMA_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        command,
        networks: arguments.runs.iter().map(network).collect::<Result<_, Failure>>()?,
        data: arguments.data.clone(),
        data_digest: dataset.digest()?,
        device: arguments.device.to_string(),
        settings: serde_json::to_value(config)?,
        done: true,
    })
}

impl Record {
    /// As the pages tell it.
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

/// A folder for each network: the name of its run, small letters; with a number where names meet.
fn ids(runs: &[PathBuf]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for run in runs {
        let kept = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        let name: String = run_name(run).to_lowercase().chars().map(kept).collect();
        let name = if name.trim_matches(['.', '-']).is_empty() { "network".to_owned() } else { name };
        let mut id = name.clone();
        let mut number = 2;
        while ids.contains(&id) {
            id = format!("{name}-{number}");
            number += 1;
        }
        ids.push(id);
    }
    ids
}

/// The contrasts that were typed, or the usual one; classes that no micrograph has are named before
/// anything is made.
fn questions(typed: &[String], seen: &[IndexedMicrograph]) -> Result<Vec<Question>, Failure> {
    if typed.is_empty() {
        return Ok(usual_question(seen).into_iter().collect());
    }
    let known: BTreeSet<&str> = seen.iter().filter_map(|seen| seen.category.as_deref()).collect();
    let question = |text: &String| {
        let names = |side: &str| side.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
        let (a, b) = text.split_once(':').ok_or_else(|| {
            Failure::new(format!("--contrast: found `{text}`, expected classes as A,…:B,…"))
        })?;
        let (a, b) = (names(a), names(b));
        if let Some(name) = a.iter().chain(&b).find(|name| !known.contains(name.as_str())) {
            let known = known.iter().copied().collect::<Vec<_>>().join(", ");
            return Err(Failure::new(format!("--contrast: no class `{name}`, expected some of: {known}")));
        }
        Ok(Question { a, b: Some(b) })
    };
    typed.iter().map(question).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_folders_of_their_own() {
        let runs =
            ["runs/A 1", "other/a 1", "classifier", "x/squeezenet.safetensors", ".."].map(PathBuf::from);
        assert_eq!(ids(&runs), ["a-1", "a-1-2", "classifier", "squeezenet", "network"]);
    }

    #[test]
    fn contrasts_are_typed_as_two_lists() {
        let seen: Vec<IndexedMicrograph> = ["a", "b", "c"]
            .map(|category| IndexedMicrograph {
                file: category.to_owned(),
                sha256: String::new(),
                category: Some(category.to_owned()),
                group: category.to_owned(),
                part: "train".to_owned(),
                height: 1,
                width: 1,
                nm_per_px: None,
                data_bar_px: 0,
            })
            .into();
        let found = questions(&["a, b:c".to_owned()], &seen).unwrap();
        assert_eq!(found, [Question::between(&["a", "b"], &["c"])]);
        for (text, part) in [("a", "A,…:B,…"), ("a:d", "no class `d`, expected some of: a, b, c")] {
            assert!(questions(&[text.to_owned()], &seen).unwrap_err().to_string().contains(part), "{text}");
        }
    }
}
