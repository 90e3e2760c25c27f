//! `nanoaid find`: from a box on a micrograph to the units that fire there, and to the parts of
//! other micrographs where the same units fire.

use std::path::PathBuf;

use clap::Args;
use micrograph::paint::{Cell, ColorMap, ContactSheet, Scaling, Section, contact_sheet};
use micrograph::{Plane, Rect, Source};
use nanoaid::interpret::exemplar::{ActivationReader, FindConfig, Fires, Like, find, like};
use nanoaid::{Address, Device, data::prepare};
use serde::Serialize;

use super::images::{ReadArguments, TypedRect};
use super::survey::{DataArguments, default_folder, gray_network};
use super::training::say_skipped;
use crate::outcome::{Failure, Outcome, print};
use crate::progress::Progress;
use crate::record::Input;
use nanoaid::output::{OutputFolder, json_text};

/// Arguments of `find`.
#[derive(Args)]
pub(crate) struct FindArguments {
    /// Run folder, weights of an ImageNet network, or a built-in network: `autoencoder`, `classifier`
    run: PathBuf,
    /// The micrograph
    image: PathBuf,
    /// The part of it, in pixels of the specimen: row, column, height, width
    #[arg(long = "box", value_name = "ROW,COLUMN,HEIGHT,WIDTH")]
    part: TypedRect,
    /// Micrographs among which parts like it are looked for: a folder or an index CSV
    #[arg(long)]
    data: PathBuf,
    /// Layers to look at; by default the end of each stage and the code. Can be given several times
    #[arg(long)]
    layer: Vec<String>,
    /// Units that stand for the part
    #[arg(long, value_name = "N", default_value_t = FindConfig::default().n_units)]
    units: usize,
    /// Parts of other micrographs that are told
    #[arg(long, value_name = "N", default_value_t = 12)]
    count: usize,
    #[command(flatten)]
    read: ReadArguments,
    #[command(flatten)]
    data_set: DataArguments,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// Folder for the result
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that is there already
    #[arg(long)]
    force: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Serialize)]
struct FindResult {
    program_version: &'static str,
    run: PathBuf,
    network_sha256: String,
    image: Input,
    part: Rect,
    data: PathBuf,
    data_digest: String,
    units: Vec<FoundUnit>,
    parts: Vec<FoundPart>,
}

#[derive(Serialize)]
struct FoundUnit {
    unit: String,
    /// Mean activation inside the part.
    inside: f32,
    /// Mean activation outside.
    outside: f32,
    /// Their difference in standard deviations outside.
    contrast: f32,
}

#[derive(Serialize)]
struct FoundPart {
    file: String,
    category: Option<String>,
    part: Rect,
    likeness: f32,
}

/// Looks for units, then for parts.
pub(crate) fn run(arguments: &FindArguments) -> Result<Outcome, Failure> {
    let network = gray_network(&arguments.run, arguments.device)?;
    let layers = if arguments.layer.is_empty() {
        let mut usual = ActivationReader::usual_layers(&network);
        // the whole image has one answer there
        usual.retain(|name| network.layer(name).is_some_and(|layer| layer.receptive_field_px.is_some()));
        usual
    } else {
        arguments.layer.clone()
    };
    let reader = ActivationReader::new(&network, &layers)?;
    let source = Source::read(&arguments.image)?;
    let prepared = prepare::source(&source, &arguments.read.config())?;
    let config = FindConfig { n_units: arguments.units };
    let marked = find(&reader, &prepared.plane, arguments.part.0, &config)?;
    let dataset = arguments.data_set.open(&arguments.data)?;
    let path = arguments.out.clone().unwrap_or_else(|| default_folder("find", &arguments.image));
    let folder = OutputFolder::create(&path, arguments.force)?;

    let mut progress = Progress::new(dataset.entries.len() as u64, "micrographs");
    let input = Input::of(&source);
    let contents = dataset.contents()?;
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for (done, (entry, content)) in dataset.entries.iter().zip(contents).enumerate() {
        progress.set(done as u64, "looking");
        let itself = matches!(&input, Input::File { sha256, .. } if content.as_ref() == Some(sha256));
        if itself {
            continue;
        }
        let looked = entry.prepared(&dataset.prepare_config()).and_then(|prepared| {
            let like = like(&reader, &prepared.plane, &marked).map_err(|error| error.to_string())?;
            let patch = prepared.plane.crop(like.part);
            Ok((like, patch))
        });
        match looked {
            Ok((like, patch)) => {
                found.push((like, content.unwrap_or_default(), entry, patch));
                // ties go by content, so the order of the files does not matter
                found.sort_by(|a, b| b.0.likeness.total_cmp(&a.0.likeness).then_with(|| a.1.cmp(&b.1)));
                found.truncate(arguments.count);
            }
            Err(reason) => {
                let file = entry.file.clone();
                skipped.push(nanoaid::data::dataset::Skipped { file, reason });
            }
        }
    }
    progress.finish();
    say_skipped(&skipped);
    let unit = |fires: &Fires| FoundUnit {
        unit: Address::channel(&reader.layers()[fires.layer].name, fires.channel).to_string(),
        inside: fires.inside,
        outside: fires.outside,
        contrast: fires.contrast,
    };
    let part = |(like, _, entry, _): &(Like, String, &nanoaid::data::dataset::Entry, Plane)| FoundPart {
        file: entry.file.clone(),
        category: entry.category.clone(),
        part: like.part,
        likeness: like.likeness,
    };
    let result = FindResult {
        program_version: env!("CARGO_PKG_VERSION"),
        run: arguments.run.clone(),
        network_sha256: network.sha256().to_owned(),
        image: input,
        part: marked.part,
        data: arguments.data.clone(),
        data_digest: dataset.digest()?,
        units: marked.units.iter().map(unit).collect(),
        parts: found.iter().map(part).collect(),
    };
    let patches: Vec<(&Plane, &FoundPart)> =
        found.iter().map(|(.., patch)| patch).zip(&result.parts).collect();
    folder.write_json("find.json", &result)?;
    folder.write("find.png", &sheet(&prepared.plane.crop(marked.part), &patches))?;
    if arguments.json {
        print(&json_text(&result)?)?;
    } else {
        print(&text(&result))?;
        print(&format!("{}\n", folder.file("find.png").display()))?;
    }
    Ok(Outcome::of_skipped(skipped.len()))
}

fn text(result: &FindResult) -> String {
    let mut text = String::from("units that fire in the box more than outside\n");
    for FoundUnit { unit, inside, outside, contrast } in &result.units {
        text += &format!("  {unit:<20} {inside:.4} inside, {outside:.4} outside: {contrast:.1} deviations\n");
    }
    text += "parts of other micrographs where they fire alike\n";
    for FoundPart { file, part: Rect { y, x, .. }, likeness, .. } in &result.parts {
        text += &format!("  {likeness:.2}  {file} at row {y}, column {x}\n");
    }
    text
}

/// The marked part, and those like it.
fn sheet(marked: &Plane, patches: &[(&Plane, &FoundPart)]) -> Vec<u8> {
    let cell = |plane, label: &str, note: String| Cell { plane, label: label.to_owned(), note, dead: false };
    let parts = patches.iter().map(|(plane, found)| {
        let name = found.category.as_deref().unwrap_or(&found.file);
        cell(*plane, name, format!("{:.2}", found.likeness))
    });
    let sections = vec![
        Section { heading: "the box".to_owned(), cells: vec![cell(marked, "marked", String::new())] },
        Section { heading: "where the same units fire".to_owned(), cells: parts.collect() },
    ];
    let sheet = contact_sheet(&ContactSheet {
        title: "More like this".to_owned(),
        subtitle: "likeness: 1 where every unit fires as in the box, 0 where none does".to_owned(),
        sections,
        scaling: Scaling::Given { low: 0.0, high: 1.0 },
        map: ColorMap::Gray,
        max_width_px: 1600,
        ..ContactSheet::default()
    });
    sheet.png_bytes(None)
}
