//! `nanoaid find`: from a box on a micrograph to the units that are active there, and to the areas of other
//! micrographs where the same units are active.

use std::path::PathBuf;

use clap::Args;
use micrograph::Source;
use nanoaid::data::prepare;
use nanoaid::interpret::exemplar::FindConfig;
use nanoaid::interpret::retrieval::{DataSetMatches, MarkedPart, find};
use nanoaid::output::json_text;
use nanoaid::record::Input;
use serde::Serialize;

use super::images::{ReadArguments, TypedRect};
use super::micrographs::DataArguments;
use super::network::OpenArguments;
use super::output::{OutputArguments, default_folder};
use super::training::say_skipped;
use crate::outcome::{Failure, Outcome, print};
use crate::progress::Progress;

/// Arguments of `find`.
#[derive(Args)]
pub(crate) struct FindArguments {
    /// Run folder, file of a network (.safetensors, .onnx), or a built-in network: `autoencoder`,
    /// `classifier`
    run: PathBuf,
    /// The micrograph
    image: PathBuf,
    /// The part of it, in pixels of the specimen: row, column, height, width
    #[arg(long = "box", value_name = "ROW,COLUMN,HEIGHT,WIDTH")]
    part: TypedRect,
    /// Micrographs in which similar parts are searched: a folder or an index CSV
    #[arg(long)]
    data: PathBuf,
    /// Layers to read; by default the end of each stage and the code. Can be given several times
    #[arg(long)]
    layer: Vec<String>,
    /// Units that stand for the part
    #[arg(long, value_name = "N", default_value_t = FindConfig::default().n_units)]
    units: usize,
    /// Parts of other micrographs to report
    #[arg(long, value_name = "N", default_value_t = 12)]
    count: usize,
    #[command(flatten)]
    read: ReadArguments,
    #[command(flatten)]
    data_set: DataArguments,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// The result, and from what it was made.
#[derive(Serialize)]
struct FindResult<'a> {
    program_version: &'static str,
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    run: &'a PathBuf,
    image: &'a Input,
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    data: &'a PathBuf,
    #[serde(flatten)]
    found: &'a DataSetMatches,
}

/// Finds units, then parts.
pub(crate) fn run(arguments: &FindArguments) -> Result<Outcome, Failure> {
    let network = arguments.open.open_gray(&arguments.run)?;
    let source = Source::read(&arguments.image)?;
    let prepared = prepare::source(&source, &arguments.read.config())?;
    let dataset = arguments.data_set.open(&arguments.data)?;
    let folder = arguments.output.folder(|| default_folder("find", &[&arguments.image]))?;
    let marked = MarkedPart { plane: &prepared.plane, sha256: source.sha256(), part: arguments.part.0 };
    let config = FindConfig { n_units: arguments.units };
    let mut progress = Progress::new(dataset.entries.len() as u64, "micrographs");
    let found = find(
        &network,
        &arguments.layer,
        marked,
        (&config, arguments.count),
        &dataset,
        &mut progress.of_total("searching"),
    )?;
    progress.finish();
    say_skipped(&found.skipped);
    let result = FindResult {
        program_version: env!("CARGO_PKG_VERSION"),
        run: &arguments.run,
        image: &Input::of(&source),
        data: &arguments.data,
        found: &found,
    };
    folder.write_json("find.json", &result)?;
    folder.write("find.png", &found.sheet().png_bytes(None))?;
    if arguments.output.json {
        print(&json_text(&result)?)?;
    } else {
        print(&text(&found))?;
        print(&format!("{}\n", folder.file("find.png").display()))?;
    }
    Ok(Outcome::of_skipped(dataset.skipped.len() + found.skipped.len()))
}

fn text(found: &DataSetMatches) -> String {
    let mut text = String::from("units that fire in the box more than outside\n");
    for unit in &found.units {
        text += &format!(
            "  {:<20} {:.4} inside, {:.4} outside: {:.1} standard deviations\n",
            unit.unit.to_string(),
            unit.inside,
            unit.outside,
            unit.contrast
        );
    }
    text += "parts of other micrographs where they fire alike\n";
    for part in &found.parts {
        text += &format!(
            "  {:.2}  {} at row {}, column {}\n",
            part.likeness, part.file, part.part.y, part.part.x
        );
    }
    text
}
