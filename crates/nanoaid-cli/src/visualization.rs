//! Visualization: one unit's pictures and record on disk, and the contact sheet of many.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use micrograph::Plane;
use micrograph::calibration::length_text;
use micrograph::paint::{
    Cell, ColorMap, ContactSheet, GifTimes, Picture, Scaling, Section, contact_sheet, gif_bytes,
};
use nanoaid::hash::sha256;
use nanoaid::interpret::visualize::path::Nearness;
use nanoaid::interpret::visualize::{
    Objective, Peak, Visualization, VisualizeConfig, Warning, gray, peak, shown,
};
use serde::{Deserialize, Serialize};

use crate::outcome::Failure;
use crate::record::{Input, SCHEMA_VERSION};
use nanoaid::output::OutputFolder;

/// What the name of a picture ends with that shows steps side by side.
const OF_STEPS: &str = "_steps.png";

/// Everything besides the objective that decides about a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisualSettings {
    /// The run, weights file, or name of a built-in network.
    pub run: PathBuf,
    /// SHA-256 of the network as a file.
    pub network_sha256: String,
    /// Where it ran.
    pub device: String,
    /// Whether a network for colors is given colors; else it is made one for grey images.
    pub colors: bool,
    /// How pictures are made.
    pub config: VisualizeConfig,
    /// Micrographs that gave the spectrum and the paths.
    pub data: Option<DataUsed>,
    /// A micrograph to start from.
    pub start: Option<Input>,
    /// A micrograph to compare with.
    pub compare: Option<Input>,
}

/// Micrographs of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataUsed {
    /// The folder or index.
    pub path: PathBuf,
    /// SHA-256 of its names and contents.
    pub digest: String,
    /// Only those of this category.
    pub category: Option<String>,
}

/// From what a picture was made, and what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisualRecord {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// `visualize`.
    pub command: String,
    /// What was asked for.
    pub objective: Objective,
    /// Everything else that decides.
    pub settings: VisualSettings,
    /// What came out.
    pub outcome: VisualOutcome,
    /// Files that were made and their SHA-256.
    pub files: BTreeMap<String, String>,
}

impl VisualRecord {
    /// The strongest wave of the picture as text.
    pub(crate) fn peak_text(&self, nm_per_px: Option<f64>) -> String {
        let config = &self.settings.config;
        self.outcome.peak_text(config.height.min(config.width), nm_per_px)
    }

    /// What stands beside the picture on a sheet: its strongest wave, and what to beware of.
    fn note(&self, nm_per_px: Option<f64>) -> String {
        if self.outcome.dead {
            return "dead".to_owned();
        }
        let wave = std::iter::once(self.peak_text(nm_per_px));
        wave.chain(self.outcome.marks.iter().cloned()).collect::<Vec<_>>().join(" · ")
    }
}

/// What is told of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct VisualOutcome {
    /// Score of the picture itself, without transforms.
    pub score: f32,
    /// Step and score of each look on the way.
    pub scores: Vec<(usize, f32)>,
    /// Whether angles and distances in the picture are those that the network answers to.
    pub keeps_orientation_and_pitch: bool,
    /// The strongest wave of the first picture.
    pub peak: Option<Peak>,
    /// Likeness to micrographs, layer by layer.
    pub nearness: Vec<Nearness>,
    /// What to know before the picture is believed, with advice.
    pub warnings: Vec<String>,
    /// The warnings in a word or two each.
    pub marks: Vec<String>,
    /// Whether no gradient ever came through.
    pub dead: bool,
}

impl VisualOutcome {
    /// Of a finished picture; `further` are warnings that it does not know of itself.
    pub(crate) fn of(found: &Visualization, nearness: Vec<Nearness>, further: Option<Warning>) -> Self {
        let warnings: Vec<&Warning> = found.warnings.iter().chain(&further).collect();
        Self {
            score: found.score,
            scores: found.scores.clone(),
            keeps_orientation_and_pitch: found.keeps_orientation_and_pitch,
            peak: peak(&gray(&found.pictures[0])),
            nearness,
            dead: warnings.iter().any(|warning| matches!(warning, Warning::Dead { .. })),
            marks: warnings.iter().map(|warning| warning.mark().to_owned()).collect(),
            warnings: warnings.iter().map(|warning| format!("{warning}; {}", warning.advice())).collect(),
        }
    }

    /// What angles and distances in the picture are worth.
    pub(crate) fn orientation_text(&self) -> &'static str {
        if self.keeps_orientation_and_pitch {
            "shifts only: orientation and pitch are the unit's"
        } else {
            "turned and scaled at random: orientation and pitch are blurred"
        }
    }

    /// The strongest wave of a picture of `side_px` as text, in nanometres too where a pixel has a
    /// size.
    pub(crate) fn peak_text(&self, side_px: usize, nm_per_px: Option<f64>) -> String {
        let Some(peak) = self.peak.filter(|peak| peak.is_clear(side_px)) else {
            return "no clear wave".to_owned();
        };
        let length = nm_per_px.map(|nm_per_px| format!(" = {}", length_text(peak.period_px * nm_per_px)));
        let blurred = if self.keeps_orientation_and_pitch { "" } else { "≈ " };
        format!("{blurred}{:.1} px{}, {:.0}°", peak.period_px, length.unwrap_or_default(), peak.axis_deg)
    }
}

/// The name of an objective's files: its text where that is a plain one, else with a hash.
pub(crate) fn file_stem(objective: &Objective) -> String {
    let text = objective.to_string();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let stem: String = text.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect();
    let simple = matches!(objective, Objective::Unit(_)) && stem.len() < 80;
    if simple { stem } else { format!("{}-{}", &stem[..stem.len().min(40)], &sha256(text.as_bytes())[..8]) }
}

/// Name of the record of an objective.
pub(crate) fn record_name(objective: &Objective) -> String {
    file_stem(objective) + ".json"
}

/// Writes the pictures of a visualization and its record; returns the record.
pub(crate) fn write(
    found: &Visualization,
    objective: &Objective,
    outcome: VisualOutcome,
    settings: &VisualSettings,
    folder: &OutputFolder,
) -> Result<VisualRecord, Failure> {
    let stem = file_stem(objective);
    let unbounded = settings.config.canvas.unbounded();
    let mut files = BTreeMap::new();
    let mut description = format!("{objective}; {}", outcome.orientation_text());
    for warning in &outcome.warnings {
        description += &format!("; warning: {warning}");
    }
    let png_of = |planes| picture_of(planes, unbounded).described_png_bytes(None, &description);
    let mut write = |name: String, bytes: &[u8]| -> Result<(), Failure> {
        folder.write(&name, bytes)?;
        files.insert(name, sha256(bytes));
        Ok(())
    };
    for (member, planes) in found.pictures.iter().enumerate() {
        let number = if found.pictures.len() > 1 { format!("_{member}") } else { String::new() };
        write(format!("{stem}{number}.png"), &png_of(planes))?;
    }
    for (member, planes) in found.large.iter().flatten().enumerate() {
        let number = if found.pictures.len() > 1 { format!("_{member}") } else { String::new() };
        write(format!("{stem}{number}_large.png"), &png_of(planes))?;
    }
    if !found.snapshots.is_empty() {
        let steps = found.snapshots.iter().map(|(_, pictures)| picture_of(&pictures[0], unbounded));
        let steps: Vec<Picture> = steps.collect();
        write(format!("{stem}{OF_STEPS}"), &strip(&steps).png_bytes(None))?;
        write(format!("{stem}_steps.gif"), &gif_bytes(&steps, GifTimes::default()))?;
    }
    let record = VisualRecord {
        schema_version: SCHEMA_VERSION,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: "visualize".to_owned(),
        objective: objective.clone(),
        settings: settings.clone(),
        outcome,
        files,
    };
    // last: a record says that its pictures are there
    folder.write_json(&record_name(objective), &record)?;
    Ok(record)
}

/// Planes as they are painted, one pixel a pixel.
fn picture_of(planes: &[Plane], unbounded: bool) -> Picture {
    let shown = shown(planes, unbounded);
    match &shown[..] {
        [red, green, blue] => Picture::from_rgb_planes([red, green, blue]),
        _ => Picture::from_plane(&shown[0], 0.0, 1.0, ColorMap::Gray),
    }
}

/// Pictures side by side.
fn strip(pictures: &[Picture]) -> Picture {
    const GAP: usize = 4;
    let width = pictures.iter().map(|picture| picture.width() + GAP).sum::<usize>() - GAP;
    let mut strip = Picture::new(pictures[0].height(), width, [255; 3]);
    let mut x = 0;
    for picture in pictures {
        strip.blit(0, x, picture);
        x += picture.width() + GAP;
    }
    strip
}

/// A contact sheet of pictures that were written, strongest first, dead units behind.
pub(crate) fn sheet(
    title: &str,
    subtitle: &str,
    records: &[VisualRecord],
    folder: &OutputFolder,
    nm_per_px: Option<f64>,
) -> Result<Picture, Failure> {
    let pictures: Vec<Picture> =
        records.iter().map(|record| picture_in(folder, record)).collect::<Result<_, _>>()?;
    let planes: Vec<Plane> = pictures.iter().map(Picture::gray).collect();
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by(|&a, &b| records[b].outcome.score.total_cmp(&records[a].outcome.score));
    let cells = |dead: bool| -> Vec<Cell<'_>> {
        order
            .iter()
            .filter(|&&index| records[index].outcome.dead == dead)
            .map(|&index| Cell {
                plane: &planes[index],
                label: records[index].objective.to_string(),
                note: records[index].note(nm_per_px),
                dead,
            })
            .collect()
    };
    let mut sections = vec![
        Section { heading: "highest score first".to_owned(), cells: cells(false) },
        Section { heading: "dead: no gradient came through".to_owned(), cells: cells(true) },
    ];
    sections.retain(|section| !section.cells.is_empty());
    let in_colors = pictures.iter().any(|picture| !picture.is_gray());
    let live = order.iter().filter(|&&index| !records[index].outcome.dead);
    let dead = order.iter().filter(|&&index| records[index].outcome.dead);
    let pictures: Vec<Picture> =
        live.chain(dead).filter(|_| in_colors).map(|&index| pictures[index].clone()).collect();
    Ok(contact_sheet(&ContactSheet {
        title: title.to_owned(),
        subtitle: subtitle.to_owned(),
        sections,
        scaling: Scaling::Given { low: 0.0, high: 1.0 },
        map: ColorMap::Gray,
        pictures: &pictures,
        nm_per_px,
        max_width_px: 2000,
        ..ContactSheet::default()
    }))
}

/// The first picture of `record`, as it was written into `folder`.
pub(crate) fn picture_in(folder: &OutputFolder, record: &VisualRecord) -> Result<Picture, Failure> {
    let first = record.files.keys().find(|name| name.ends_with(".png") && !name.ends_with(OF_STEPS));
    let name = first.ok_or_else(|| Failure::new(format!("`{}` has no picture", record.objective)))?;
    let path = folder.file(name);
    let read = Picture::from_png_bytes(&fs::read(&path).map_err(|error| Failure::at(&path, error))?);
    read.ok_or_else(|| Failure::new(format!("{}: no picture of ours", path.display())))
}
