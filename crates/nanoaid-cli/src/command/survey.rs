//! `nanoaid survey`: a network over a data set in shards, and what merging them finds.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use micrograph::file::write_whole;
use nanoaid::data::dataset::DatasetConfig;
use nanoaid::interpret::differential::Question;
use nanoaid::output::{OutputFolder, json_text};
use nanoaid::survey::{
    MergeConfig, Merged, Shard, Survey, SurveyConfig, SurveyInput, SurveyedShard, finish, is_part, merge,
    survey_shard,
};

use super::micrographs::DataArguments;
use super::network::OpenArguments;
use super::output::{OutputArguments, default_folder};
use super::training::{say_notices, say_skipped};
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;

/// Arguments of `survey`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct SurveyArguments {
    #[command(subcommand)]
    command: Option<SurveyCommand>,
    #[command(flatten)]
    pass: PassArguments,
}

/// What else can be done with a survey.
#[derive(Subcommand)]
enum SurveyCommand {
    /// Merge shards, in any order, into the result of one machine
    Merge(MergeArguments),
    /// List the files of a data set with their SHA-256, so that shards need not read all files for it
    List(ListArguments),
}

/// Arguments of the pass over the micrographs.
#[derive(Args)]
struct PassArguments {
    /// Run folder, file of a network (.safetensors, .onnx), or a built-in network: `autoencoder`,
    /// `classifier`
    #[arg(required = true)]
    run: Option<PathBuf>,
    /// Folder of category folders, flat folder, or index CSV
    #[arg(required = true)]
    data: Option<PathBuf>,
    /// Read only this share of the micrographs, e.g. `3/16`: the third of sixteen; which one a micrograph belongs to
    /// depends on its content alone
    #[arg(long, value_name = "I/N", conflicts_with = "contrast")]
    shard: Option<Shard>,
    /// Folder that the files of an index are in, where it is not that of the index
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Layers to read; by default the end of each stage, the code and the classes. Can be given
    /// several times
    #[arg(long)]
    layer: Vec<String>,
    /// Classes to compare, e.g. `wires,tips:particles`; can be given several times
    #[arg(long, value_name = "A,…:B,…")]
    contrast: Vec<Question>,
    /// Continue what another instruction set began; the result names both
    #[arg(long)]
    mixed: bool,
    #[command(flatten)]
    data_set: DataArguments,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `survey merge`.
#[derive(Args)]
struct MergeArguments {
    /// Folders of shards, or folders that hold them
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// Classes to compare, e.g. `wires,tips:particles`; can be given several times
    #[arg(long, value_name = "A,…:B,…")]
    contrast: Vec<Question>,
    /// Merge though shards are missing; the result is a part to merge with the others later
    #[arg(long)]
    partial: bool,
    /// Merge parts of different instruction sets, whose last digits differ; the result names all of them
    #[arg(long)]
    mixed: bool,
    #[command(flatten)]
    output: OutputArguments,
}

/// Arguments of `survey list`.
#[derive(Args)]
struct ListArguments {
    /// Folder of category folders, flat folder, or index CSV
    data: PathBuf,
    /// The list, an index CSV; paths in it are relative to DATA, which `--root` names then
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Reads a shard or all, merges, or lists.
pub(crate) fn run(arguments: &SurveyArguments) -> Result<Outcome, Failure> {
    let pass = &arguments.pass;
    match (&arguments.command, &pass.run, &pass.data) {
        (Some(SurveyCommand::Merge(arguments)), ..) => run_merge(arguments),
        (Some(SurveyCommand::List(arguments)), ..) => run_list(arguments),
        (None, Some(run), Some(data)) => run_pass(run, data, pass),
        (None, ..) => Err(Failure::new("expected a network and a data set, or `merge`, or `list`")),
    }
}

fn run_pass(run: &Path, data: &Path, arguments: &PassArguments) -> Result<Outcome, Failure> {
    let network = arguments.open.open_gray(run)?;
    let config = DatasetConfig {
        only: arguments.data_set.only.clone(),
        synthetic_per_category: arguments.data_set.synthetic_per_category,
        ..DatasetConfig::default()
    };
    let input = SurveyInput::open(data, arguments.root.as_deref(), &config)?;
    say_notices(&input.notices);
    say_skipped(&input.skipped);
    let shard = arguments.shard.unwrap_or_default();
    let default = || {
        let folder = default_folder("survey", &[run]);
        arguments.shard.map_or(folder.clone(), |shard| nanoaid::survey::shard_folder(&folder, shard))
    };
    let folder = folder(&arguments.output, default)?;
    let config = SurveyConfig { layers: arguments.layer.clone(), shard, mixed: arguments.mixed };
    let mut bar = Progress::new(input.n_of_shard(shard) as u64, "micrographs");
    let found = survey_shard(&network, &input, &config, &folder, &mut bar.of_total("survey"))?;
    bar.finish();
    say_skipped(&found.skipped);
    let n_skipped = input.skipped.len() + found.skipped.len();
    if arguments.shard.is_some() {
        let text = shard_text(&found, folder.path());
        print(&if arguments.output.json { json_text(&found)? } else { text })?;
    } else {
        let survey = finish(&arguments.contrast, &folder)?;
        show(&survey, &arguments.output, folder.path())?;
    }
    Ok(Outcome::of_skipped(n_skipped))
}

fn run_merge(arguments: &MergeArguments) -> Result<Outcome, Failure> {
    let folder = folder(&arguments.output, || PathBuf::from("survey"))?;
    let config = MergeConfig {
        questions: arguments.contrast.clone(),
        partial: arguments.partial,
        mixed: arguments.mixed,
    };
    match merge(&arguments.parts, &config, &folder)? {
        Merged::Whole(survey) => {
            show(&survey, &arguments.output, folder.path())?;
            Ok(Outcome::of_skipped(survey.n_skipped))
        }
        part @ Merged::Part { .. } => {
            let text = part_text(&part, folder.path());
            print(&if arguments.output.json { json_text(&part)? } else { text })?;
            Ok(Outcome::Done)
        }
    }
}

fn run_list(arguments: &ListArguments) -> Result<Outcome, Failure> {
    if arguments.out.exists() {
        let path = arguments.out.display();
        return Err(Failure::new(format!("--out: {path} exists already; name a file that does not exist")));
    }
    let input = SurveyInput::open(&arguments.data, None, &DatasetConfig::default())?;
    say_notices(&input.notices);
    say_skipped(&input.skipped);
    write_whole(&arguments.out, input.list_csv().as_bytes())?;
    print(&format!("{} micrographs in {}\n", input.n_micrographs(), arguments.out.display()))?;
    Ok(Outcome::of_skipped(input.skipped.len()))
}

/// The folder of results; one that holds a part is continued.
fn folder(output: &OutputArguments, default: impl FnOnce() -> PathBuf) -> Result<OutputFolder, Failure> {
    let path = output.path(default);
    Ok(OutputFolder::create(&path, output.force || is_part(&path))?)
}

fn show(survey: &Survey, output: &OutputArguments, folder: &Path) -> Result<(), Failure> {
    for warning in &survey.warnings {
        say(warning);
    }
    if output.json {
        return print(&json_text(survey)?);
    }
    let Survey { n_read, n_skipped, n_units, n_dead, n_near_duplicates, n_calibrated, .. } = survey;
    let n_layers = survey.header.layers.len();
    let mut text = format!(
        "{n_read} micrographs, {n_skipped} skipped, {n_calibrated} with a pixel size; {n_near_duplicates} pairs of near-duplicates\n\
         {n_units} units of {n_layers} layers, {n_dead} of them dead\n"
    );
    for (category, n) in &survey.categories {
        text += &format!("  {category}: {n}\n");
    }
    for compared in &survey.comparisons {
        let [a, b] = compared.n_micrographs;
        let b_classes = compared.question.b.as_deref().unwrap_or_default().join(", ");
        text += &format!(
            "{} ({a}) against {b_classes} ({b}): {} of {n_units} units differ\n",
            compared.question.a.join(", "),
            compared.n_found
        );
    }
    print(&text)?;
    print(&format!("{}\n", folder.join("survey.json").display()))
}

fn shard_text(found: &SurveyedShard, folder: &Path) -> String {
    let SurveyedShard { shard, n_micrographs, n_new, skipped } = found;
    let (n_skipped, folder) = (skipped.len(), folder.display());
    format!(
        "shard {shard}: {n_micrographs} micrographs, {n_new} of them new, {n_skipped} skipped; {folder}\n\
         when all shards are there: nanoaid survey merge DIR…\n"
    )
}

fn part_text(part: &Merged, folder: &Path) -> String {
    let Merged::Part { shards, n_micrographs, n_expected } = part else { return String::new() };
    let shards: Vec<String> = shards.iter().map(ToString::to_string).collect();
    let (shards, folder) = (shards.join(", "), folder.display());
    format!("{n_micrographs} of {n_expected} micrographs, of shards {shards}; a part in {folder}\n")
}
