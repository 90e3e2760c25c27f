//! `nanoaid info`: what a micrograph's file contains, or the layers of a run or a file of weights.

use std::path::{Path, PathBuf};

use clap::Args;
use micrograph::calibration::{calibration_text, checked_nm_per_px, length_text};
use micrograph::data_bar::{self, DataBar, DataBarEvidence};
use micrograph::paint::{ColorMap, Ink, Picture, Sampling, robust_range};
use micrograph::{FileFacts, Micrograph, Rect, Source, regular};
use nanoaid::info::Info;
use nanoaid::network::{Colors, Preprocess, Published, Resize, is_network, is_weights, open_as};
use nanoaid::{Device, Layer};

use super::images::{ReadArguments, images_of};
use crate::outcome::{Failure, Outcome, chain_text, print, say};
use nanoaid::output::{OutputFolder, folder_names, json_text};

/// Longest side of a picture in pixels.
const MOST_PICTURE_PX: usize = 1024;
/// Largest file of names of classes.
const MOST_NAMES_BYTES: u64 = 16 << 20;

/// Arguments of `info`.
#[derive(Args)]
pub(crate) struct InfoArguments {
    /// Micrographs, run folders, files of networks (.safetensors, the index of several, .onnx), `autoencoder`
    /// or `classifier` for the built-in networks
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// Which network a file of weights is for, where its weights fit several, e.g. `tf_efficientnet_b0`
    #[arg(long, value_name = "NAME")]
    network: Option<Published>,
    /// Names of the classes of a network, one in each line
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    #[command(flatten)]
    read: ReadArguments,
    /// Write a picture of each micrograph with its data bar drawn into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into an existing folder
    #[arg(long)]
    force: bool,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Shows what each input holds.
pub(crate) fn run(arguments: &InfoArguments) -> Result<Outcome, Failure> {
    let folder =
        arguments.out.as_ref().map(|path| OutputFolder::create(path, arguments.force)).transpose()?;
    let inputs = images_of(&arguments.inputs)?;
    let names = folder_names(&inputs);
    let mut all = Vec::new();
    let (mut n_told, mut n_skipped) = (0, 0);
    for (input, name) in inputs.iter().zip(&names) {
        let told = if is_network(input) || is_weights(input) {
            layers_of(input, arguments)
        } else {
            let picture = folder.as_ref().map(|folder| folder.file(&format!("{name}.png")));
            micrograph_info(input, arguments, picture.as_deref())
        };
        match told {
            Ok(info) => {
                n_told += 1;
                n_skipped += usize::from(matches!(&info, Info::Micrograph { pixels_error: Some(_), .. }));
                if arguments.json {
                    all.push(info);
                } else {
                    print(&text_of(&info))?;
                }
            }
            Err(failure) => {
                n_skipped += 1;
                say(&format!("skipped {failure}"));
            }
        }
    }
    if arguments.json {
        print(&json_text(&all)?)?;
    }
    if n_told == 0 {
        return Err(Failure::new("no input could be read"));
    }
    Ok(Outcome::of_skipped(n_skipped))
}

/// How images are brought to a published network.
fn preprocess_text(preprocess: &Preprocess) -> String {
    let Preprocess { colors, white, mean, std, size_px, crop, resize } = preprocess;
    let colors = match colors {
        Colors::Rgb => "red, green, blue",
        Colors::Bgr => "blue, green, red",
    };
    let resize = match resize {
        Resize::Bilinear => "bilinear",
        Resize::Bicubic => "bicubic",
    };
    format!(
        "  preprocess: the central {:.1} % of the shorter side, {resize}, to {size_px} × {size_px} px; channels {colors}; ({white} · pixel − {mean:?}) / {std:?}\n",
        100.0 * crop
    )
}

fn layers_of(input: &Path, arguments: &InfoArguments) -> Result<Info, Failure> {
    let nm_per_px = arguments.read.nm_per_px.map(checked_nm_per_px).transpose()?;
    let network = open_as(input, arguments.network, Device::Cpu)?;
    let named = arguments.classes.as_ref().map(|file| names_of_classes(file, network.n_classes()));
    Ok(Info::of_network(input, &network, named.transpose()?, nm_per_px))
}

/// The names of classes in `file`, one in each line, as many as the network has.
fn names_of_classes(file: &Path, n_classes: Option<usize>) -> Result<Vec<String>, Failure> {
    let text = regular::read_text(file, MOST_NAMES_BYTES).map_err(|error| Failure::at(file, error))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let names: Vec<String> = lines.map(str::to_owned).collect();
    let expected = match n_classes {
        Some(n_classes) if names.len() == n_classes => return Ok(names),
        Some(n_classes) => format!("{n_classes}, one in each line"),
        None => "none, as the network has no classes".to_owned(),
    };
    Err(Failure::new(format!("{} names of classes, expected {expected}", names.len())).in_file(file))
}

fn micrograph_info(input: &Path, arguments: &InfoArguments, picture: Option<&Path>) -> Result<Info, Failure> {
    let config = arguments.read.config();
    let source = Source::read(input)?;
    let facts = FileFacts::from_source(&source, &config.read)?;
    let micrograph = match Micrograph::from_source(&source, &config.read) {
        Ok(micrograph) => micrograph,
        Err(error) => {
            let reason = chain_text(&error);
            say(&format!("pixels not read: {reason}"));
            return Ok(Info::Micrograph {
                facts: Box::new(facts),
                data_bar: None,
                pixels_error: Some(reason),
            });
        }
    };
    let (_, data_bar) = data_bar::specimen(&micrograph.plane, &micrograph.facts, config.data_bar)?;
    if let Some(path) = picture {
        drawn(&micrograph.plane, data_bar).write_png(path, None)?;
    }
    Ok(Info::of_micrograph(micrograph.facts, data_bar))
}

/// The whole file's image with what is cut off shaded and its border drawn.
fn drawn(plane: &micrograph::Plane, data_bar: Option<DataBar>) -> Picture {
    const CUT: [u8; 3] = [213, 94, 0];
    let (low, high) = robust_range(plane).unwrap_or((0.0, 1.0));
    let whole = Picture::from_plane(plane, low, high, ColorMap::Gray);
    let zoom = (MOST_PICTURE_PX as f64 / plane.height().max(plane.width()) as f64).min(1.0);
    let scaled = |px: usize| ((px as f64 * zoom).round() as usize).max(1);
    let sampling = if zoom < 1.0 { Sampling::Area } else { Sampling::Nearest };
    let mut picture = whole.resized(scaled(plane.height()), scaled(plane.width()), sampling);
    if let Some(bar) = data_bar {
        let (width, height) = (picture.width(), picture.height());
        let y = (bar.first_row as f64 * zoom).round() as usize;
        picture.fill_rect(Rect { y, x: 0, height: height.saturating_sub(y), width }, CUT, 0.3);
        picture.fill_rect(Rect { y: y.min(height - 1), x: 0, height: 1, width }, CUT, 1.0);
        let ink = Ink::bold(13.0, CUT);
        let label = format!("cut: rows {} to the end, {}", bar.first_row, evidence_text(bar.evidence));
        picture.text(y as f32 - 18.0, 6.0, &label, ink);
    }
    picture
}

fn evidence_text(evidence: DataBarEvidence) -> &'static str {
    match evidence {
        DataBarEvidence::Metadata => "from the metadata",
        DataBarEvidence::Pixels => "found in the pixels",
        DataBarEvidence::Typed => "as typed",
    }
}

fn text_of(info: &Info) -> String {
    match info {
        Info::Micrograph { facts, data_bar, pixels_error } => {
            micrograph_text(facts, *data_bar, pixels_error.as_deref())
        }
        Info::Run { path, layers, classes, n_classes, notes, preprocess, nm_per_px } => {
            let notes: String = notes.iter().map(|note| format!("  note: {note}\n")).collect();
            let named = classes.as_ref().map(|classes| format!("  classes: {}\n", classes.join(", ")));
            let counted =
                || Some(format!("  classes: {}, without names (--classes FILE names them)\n", (*n_classes)?));
            let classes = named.or_else(counted);
            let preprocess = preprocess.as_ref().map(preprocess_text).unwrap_or_default();
            layers_text(path, layers, *nm_per_px) + &classes.unwrap_or_default() + &preprocess + &notes
        }
    }
}

fn micrograph_text(facts: &FileFacts, data_bar: Option<DataBar>, pixels_error: Option<&str>) -> String {
    let mut lines = vec![facts.path.display().to_string()];
    let mut line = |name: &str, value: String| lines.push(format!("  {name:<12}{value}"));
    line("image", format!("{} × {} px, {}, {}", facts.width, facts.height, facts.format, facts.sample));
    if facts.n_pages > 1 {
        line("page", format!("{} of {}, counted from 0", facts.page, facts.n_pages));
    }
    line("calibration", calibration_text(facts.calibration.as_ref()));
    if let Some(calibration) = &facts.calibration {
        let rows = data_bar.map_or(facts.height, |bar| bar.first_row);
        line(
            "field",
            format!(
                "{} × {} without the data bar",
                length_text(facts.width as f64 * calibration.nm_per_px_x),
                length_text(rows as f64 * calibration.nm_per_px_y)
            ),
        );
    }
    let bar = match (data_bar, pixels_error) {
        (Some(bar), _) => {
            let below = facts.height.saturating_sub(bar.end_row);
            let more = match below {
                0 => String::new(),
                1 => "; 1 row of specimen below it is cut too".to_owned(),
                _ => format!("; {below} rows of specimen below it are cut too"),
            };
            format!("rows {} to {}, {}{more}", bar.first_row, bar.end_row - 1, evidence_text(bar.evidence))
        }
        (None, None) => "none".to_owned(),
        (None, Some(_)) => "not known".to_owned(),
    };
    line("data bar", bar);
    let settings = &facts.instrument;
    let instrument: Vec<&str> =
        [&settings.vendor, &settings.instrument].into_iter().flatten().map(String::as_str).collect();
    if !instrument.is_empty() {
        line("instrument", instrument.join(" "));
    }
    let mut conditions = settings.conditions();
    conditions.extend(settings.date.clone());
    if !conditions.is_empty() {
        line("settings", conditions.join(", "));
    }
    if let Some(reason) = pixels_error {
        line("pixels", format!("not read: {reason}"));
    }
    for warning in &facts.warnings {
        line("warning", warning.clone());
    }
    lines.join("\n") + "\n"
}

fn layers_text(path: &Path, layers: &[Layer], nm_per_px: Option<f64>) -> String {
    // two spaces behind the longest text
    let width = |least: usize, longest: Option<usize>| least.max(2 + longest.unwrap_or(0));
    let names = width(18, layers.iter().map(|layer| layer.name.chars().count()).max());
    let operations = width(28, layers.iter().map(|layer| layer.operation.chars().count()).max());
    let mut lines = vec![path.display().to_string()];
    lines.push(format!(
        "  {:<names$}{:<operations$}{:>9}{:>8}{:>18}{:>10}",
        "layer", "operation", "channels", "stride", "receptive field", "weights"
    ));
    for layer in layers {
        let field = layer.receptive_field_px.map_or("whole image".to_owned(), |field_px| {
            let nm =
                nm_per_px.map_or(String::new(), |nm| format!(" = {}", length_text(field_px as f64 * nm)));
            format!("{field_px} px{nm}")
        });
        lines.push(format!(
            "  {:<names$}{:<operations$}{:>9}{:>8}{:>18}{:>10}",
            layer.name, layer.operation, layer.n_channels, layer.stride, field, layer.n_weights
        ));
    }
    let n_weights: usize = layers.iter().map(|layer| layer.n_weights).sum();
    lines.push(format!("  {n_weights} weights in all"));
    lines.join("\n") + "\n"
}
