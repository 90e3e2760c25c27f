//! `nanoaid exemplars`: the real patches that drive each unit most, least and in between.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use micrograph::calibration::length_text;
use micrograph::paint::{Cell, ColorMap, ContactSheet, Scaling, Section, contact_sheet};
use micrograph::{Plane, Rect};
use nanoaid::data::dataset::Dataset;
use nanoaid::interpret::activation_index::{ActivationIndex, ImageArea};
use nanoaid::interpret::exemplar::{
    ActivationReader, ChooseConfig, Exemplar, IndexedMicrograph, UnitExemplars, choose,
};
use nanoaid::{Address, Device, Network};
use serde::Serialize;

use super::survey::{DataArguments, default_folder, gray_network, not_empty, surveyed};
use crate::outcome::{Failure, Outcome, print};
use nanoaid::output::{OutputFolder, csv_line, json_text};

/// Folder of the survey inside the results.
const SURVEY: &str = "survey";
/// Rows and columns that are shown of a patch at least; around a smaller receptive field more is.
const LEAST_SHOWN_PX: usize = 64;

/// Arguments of `exemplars`.
#[derive(Args)]
pub(crate) struct ExemplarsArguments {
    /// Run folder, weights of an ImageNet network, or a built-in network: `autoencoder`, `classifier`
    run: PathBuf,
    /// Folder of category folders, flat folder, or index CSV
    data: PathBuf,
    /// Layers to look at; by default the end of each stage, the code and the classes. Can be given
    /// several times
    #[arg(long)]
    layer: Vec<String>,
    /// Draw a sheet of this unit's exemplars, e.g. `encoder.2:17`; can be given several times
    #[arg(long, value_name = "ADDRESS")]
    unit: Vec<Address>,
    /// Strongest, weakest and middle patches of each unit
    #[arg(long, value_name = "N", default_value_t = ChooseConfig::default().n)]
    count: usize,
    #[command(flatten)]
    data_set: DataArguments,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// Folder for the results; what it knows already is not looked at again
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into a folder that is there already
    #[arg(long)]
    force: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What real micrographs say of the units of a network.
#[derive(Serialize)]
struct ExemplarsResult {
    program_version: &'static str,
    run: PathBuf,
    network_sha256: String,
    data: PathBuf,
    data_digest: String,
    /// The micrographs that exemplars name by their place.
    micrographs: Vec<IndexedMicrograph>,
    layers: Vec<LayerExemplars>,
}

#[derive(Serialize)]
struct LayerExemplars {
    layer: String,
    stride_px: usize,
    receptive_field_px: Option<usize>,
    units: Vec<UnitExemplars>,
}

/// Looks at all micrographs and chooses.
pub(crate) fn run(arguments: &ExemplarsArguments) -> Result<Outcome, Failure> {
    let network = gray_network(&arguments.run, arguments.device)?;
    let config = ChooseConfig { n: arguments.count, ..ChooseConfig::default() }.checked()?;
    let units: Vec<(String, usize)> =
        arguments.unit.iter().map(|unit| channel_of(unit, &network)).collect::<Result<_, _>>()?;
    let mut layers = if arguments.layer.is_empty() {
        ActivationReader::usual_layers(&network)
    } else {
        arguments.layer.clone()
    };
    for (layer, _) in &units {
        if !layers.contains(layer) {
            layers.push(layer.clone());
        }
    }
    let dataset = arguments.data_set.open(&arguments.data)?;
    let path = arguments.out.clone().unwrap_or_else(|| default_folder("exemplars", &arguments.run));
    let goes_on = path.join(SURVEY).join("manifest.json").is_file();
    let folder = OutputFolder::create(&path, arguments.force || goes_on)?;
    let survey = surveyed(&network, &layers, (&dataset, ImageArea::Specimen), &folder.file(SURVEY))?;
    not_empty(&survey, &dataset)?;
    let result = ExemplarsResult {
        program_version: env!("CARGO_PKG_VERSION"),
        run: arguments.run.clone(),
        network_sha256: survey.network_sha256.clone(),
        data: arguments.data.clone(),
        data_digest: dataset.digest()?,
        micrographs: survey.seen.clone(),
        layers: survey.layers.iter().map(|answers| chosen(&network, &survey, answers, &config)).collect(),
    };
    folder.write_json("exemplars.json", &result)?;
    folder.write("exemplars.csv", csv(&result).as_bytes())?;
    for (layer, channel) in &units {
        let found = result.layers.iter().find(|found| found.layer == *layer);
        let Some(unit) = found.and_then(|found| found.units.get(*channel)) else { continue };
        let name = format!("{layer}:{channel}");
        let picture = sheet(&name, unit, &survey, &dataset)?;
        folder.write(&format!("{layer}_{channel}.png"), &picture)?;
    }
    if arguments.json {
        print(&json_text(&result)?)?;
    } else {
        print(&text(&result, survey.n_new))?;
        print(&format!("{}\n", folder.file("exemplars.csv").display()))?;
    }
    Ok(Outcome::of_skipped(survey.skipped.len()))
}

/// Layer and channel of an address.
pub(super) fn channel_of(unit: &Address, network: &Network) -> Result<(String, usize), Failure> {
    let wrong = |expected: String| Failure::new(format!("--unit {unit}: expected {expected}"));
    let (layer, channel) = match unit {
        Address::Layer { layer, channel: Some(channel), position: None } => (layer.clone(), *channel),
        Address::Class(label) => {
            let classes = network.classes().unwrap_or_default();
            let Some(class) = classes.iter().position(|class| class == label) else {
                return Err(wrong(format!("one of the classes: {}", classes.join(", "))));
            };
            let last = network.layers().last().map(|layer| layer.name.clone());
            (last.unwrap_or_default(), class)
        }
        Address::Layer { .. } => return Err(wrong("a channel, e.g. `encoder.2:17`".to_owned())),
    };
    match network.layer(&layer) {
        Some(found) if channel < found.n_channels => Ok((layer, channel)),
        Some(found) => Err(wrong(format!("a channel from 0 to {}", found.n_channels - 1))),
        None => {
            let known: Vec<&str> = network.layers().iter().map(|layer| layer.name.as_str()).collect();
            Err(wrong(format!("one of the layers: {}", known.join(", "))))
        }
    }
}

fn chosen(
    network: &Network,
    survey: &ActivationIndex,
    answers: &nanoaid::interpret::exemplar::LayerAnswers,
    config: &ChooseConfig,
) -> LayerExemplars {
    let layer = network.layer(&answers.layer).expect("the survey is of this network's layers");
    let unit = |channel| choose((&survey.seen, &survey.alike), (layer, answers), channel, config);
    LayerExemplars {
        layer: layer.name.clone(),
        stride_px: layer.stride,
        receptive_field_px: layer.receptive_field_px,
        units: (0..answers.n_channels).map(unit).collect(),
    }
}

/// The kinds of exemplars of a unit and their names.
fn kinds(unit: &UnitExemplars) -> Vec<(String, &[Exemplar])> {
    let mut kinds: Vec<(String, &[Exemplar])> = vec![
        ("strongest".to_owned(), &unit.strongest),
        ("middle".to_owned(), &unit.middle),
        ("weakest".to_owned(), &unit.weakest),
    ];
    kinds.extend(unit.of_class.iter().map(|(class, found)| (format!("class:{class}"), &found[..])));
    kinds
}

fn csv(result: &ExemplarsResult) -> String {
    let header = [
        "layer",
        "channel",
        "kind",
        "rank",
        "activation",
        "file",
        "category",
        "field row [px]",
        "field column [px]",
        "field height [px]",
        "field width [px]",
        "pixel [nm]",
    ];
    let mut text = csv_line(&header.map(str::to_owned));
    for layer in &result.layers {
        for unit in &layer.units {
            for (kind, exemplars) in kinds(unit) {
                for (rank, exemplar) in exemplars.iter().enumerate() {
                    let seen = &result.micrographs[exemplar.image];
                    let Rect { y, x, height, width } = exemplar.field;
                    text += &csv_line(&[
                        layer.layer.clone(),
                        unit.channel.to_string(),
                        kind.clone(),
                        (rank + 1).to_string(),
                        exemplar.value.to_string(),
                        seen.file.clone(),
                        seen.category.clone().unwrap_or_default(),
                        y.to_string(),
                        x.to_string(),
                        height.to_string(),
                        width.to_string(),
                        seen.nm_per_px.map_or(String::new(), |nm| nm.to_string()),
                    ]);
                }
            }
        }
    }
    text
}

fn text(result: &ExemplarsResult, n_new: usize) -> String {
    let mut text = format!("{} micrographs, {n_new} of them new\n", result.micrographs.len());
    for layer in &result.layers {
        let dead = layer.units.iter().filter(|unit| unit.dead).count();
        let field = layer.receptive_field_px.map_or("the whole image".to_owned(), |px| format!("{px} px"));
        let (n, name) = (layer.units.len(), &layer.layer);
        text += &format!("{name}: {n} channels, {dead} dead, receptive field {field}\n");
    }
    text
}

/// A patch, its name and a note.
type Shown = (Plane, String, String);

/// A sheet of the exemplars of one unit.
fn sheet(
    name: &str,
    unit: &UnitExemplars,
    survey: &ActivationIndex,
    dataset: &Dataset,
) -> Result<Vec<u8>, Failure> {
    let prepare = dataset.prepare_config();
    let mut planes: BTreeMap<usize, Plane> = BTreeMap::new();
    for exemplar in kinds(unit).iter().flat_map(|(_, exemplars)| exemplars.iter()) {
        let seen = &survey.seen[exemplar.image];
        let entry = dataset.entries.iter().find(|entry| entry.file == seen.file);
        if let (Some(entry), false) = (entry, planes.contains_key(&exemplar.image)) {
            planes.insert(exemplar.image, entry.prepared(&prepare).map_err(Failure::new)?.plane);
        }
    }
    let side = unit.strongest.iter().map(|exemplar| exemplar.field.height.max(exemplar.field.width));
    let side = side.max().unwrap_or(0).clamp(LEAST_SHOWN_PX, 256);
    // heading; of each patch its pixels, name and note
    let patches: Vec<(String, Vec<Shown>)> = kinds(unit)
        .into_iter()
        .map(|(kind, exemplars)| {
            let cells = exemplars.iter().map(|exemplar| {
                let seen = &survey.seen[exemplar.image];
                let patch = shown(&planes[&exemplar.image], exemplar.field, side);
                let across = seen
                    .nm_per_px
                    .map_or(format!("{} px", patch.width()), |nm| length_text(patch.width() as f64 * nm));
                (patch, seen.category.clone().unwrap_or_default(), format!("{:.3}, {across}", exemplar.value))
            });
            (kind, cells.collect())
        })
        .collect();
    let sections = patches.iter().map(|(kind, cells)| Section {
        heading: kind.clone(),
        cells: cells
            .iter()
            .map(|(plane, label, note)| Cell { plane, label: label.clone(), note: note.clone(), dead: false })
            .collect(),
    });
    let sheet = contact_sheet(&ContactSheet {
        title: format!("{name}: real patches"),
        subtitle: "beside each its largest activation and the width that is shown".to_owned(),
        sections: sections.filter(|section| !section.cells.is_empty()).collect(),
        scaling: Scaling::Given { low: 0.0, high: 1.0 },
        map: ColorMap::Gray,
        nm_per_px: None,
        max_width_px: 1600,
        ..ContactSheet::default()
    });
    Ok(sheet.png_bytes(None))
}

/// A square of `side` pixels about `field`, as far as the plane reaches.
pub(super) fn shown(plane: &Plane, field: Rect, side: usize) -> Plane {
    let along = |first: usize, length: usize, whole: usize| {
        let side = side.min(whole);
        let middle = first + length / 2;
        (middle.saturating_sub(side / 2).min(whole - side), side)
    };
    let (y, height) = along(field.y, field.height, plane.height());
    let (x, width) = along(field.x, field.width, plane.width());
    plane.crop(Rect { y, x, height, width })
}
