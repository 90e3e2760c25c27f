//! Picture: visualizations as files, pictures that are read back, and the contact sheet of many.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use micrograph::Plane;
use micrograph::paint::{
    Cell, ColorMap, ContactSheet, GifTimes, Picture, Scaling, Section, contact_sheet, gif_bytes,
};

use super::error::GalleryError;
use super::record::{VisualOutcome, VisualRecord, VisualSettings, file_stem, scan_caption};
use crate::hash::sha256;
use crate::interpret::visualize::{Objective, Visualization, VisualizeConfig, shown};
use crate::output::{OutputError, OutputFolder};

/// What the name of a picture ends with that shows steps side by side.
const OF_STEPS: &str = "_steps.png";

/// Writes the pictures of a visualization; returns the names of the files with their SHA-256.
pub(super) fn write(
    found: &Visualization,
    objective: &Objective,
    outcome: &VisualOutcome,
    settings: &VisualSettings,
    folder: &OutputFolder,
) -> Result<BTreeMap<String, String>, OutputError> {
    let stem = file_stem(objective);
    let unbounded = settings.config.canvas.unbounded();
    let mut files = BTreeMap::new();
    let mut description = format!("{objective}; {}", scan_caption(settings));
    if let Some(scan) = &outcome.scan {
        description += &format!(": {}", scan.text(None));
    }
    for warning in &outcome.warnings {
        description += &format!("; warning: {warning}");
    }
    let png_of = |planes| picture_of(planes, unbounded).described_png_bytes(None, &description);
    let mut write = |name: String, bytes: &[u8]| -> Result<(), OutputError> {
        folder.write(&name, bytes)?;
        files.insert(name, sha256(bytes));
        Ok(())
    };
    let number = |member: usize| {
        if found.pictures.len() > 1 { format!("_{member}") } else { String::new() }
    };
    for (member, planes) in found.pictures.iter().enumerate() {
        write(format!("{stem}{}.png", number(member)), &png_of(planes))?;
    }
    for (member, planes) in found.large.iter().flatten().enumerate() {
        write(format!("{stem}{}_large.png", number(member)), &png_of(planes))?;
    }
    if !found.snapshots.is_empty() {
        let steps = found.snapshots.iter().map(|(_, pictures)| picture_of(&pictures[0], unbounded));
        let steps: Vec<Picture> = steps.collect();
        write(format!("{stem}{OF_STEPS}"), &strip(&steps).png_bytes(None))?;
        write(format!("{stem}_steps.gif"), &gif_bytes(&steps, GifTimes::default()))?;
    }
    Ok(files)
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

/// What stands above a sheet of pictures of `units`, of all channels of `layers` and, where `classes` says so, of all classes of
/// the network that was opened as `run`.
pub fn sheet_title(run: &Path, units: &[Objective], layers: &[String], classes: bool) -> String {
    let mut parts = layers.to_vec();
    match units {
        [] => {}
        [unit] => parts.push(unit.to_string()),
        units => parts.push(format!("{} units", units.len())),
    }
    if classes {
        parts.push("classes".to_owned());
    }
    let run = run.file_name().unwrap_or(run.as_os_str()).to_string_lossy();
    format!("{run}: {}", parts.join(", "))
}

/// A contact sheet of pictures that were written, strongest first, dead units at the end.
///
/// # Errors
/// If a picture is missing or damaged.
pub fn sheet(
    title: &str,
    records: &[VisualRecord],
    folder: &OutputFolder,
    nm_per_px: Option<f64>,
) -> Result<Picture, GalleryError> {
    let pictures: Vec<Picture> =
        records.iter().map(|record| first_picture(folder, record)).collect::<Result<_, _>>()?;
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
        subtitle: records.first().map(subtitle).unwrap_or_default(),
        sections,
        scaling: Scaling::Given { low: 0.0, high: 1.0 },
        map: ColorMap::Gray,
        pictures: &pictures,
        nm_per_px,
        max_width_px: 2000,
        ..ContactSheet::default()
    }))
}

/// How the pictures were made.
fn subtitle(record: &VisualRecord) -> String {
    let VisualizeConfig { height, width, steps, seed, ref canvas, .. } = record.record.settings.config;
    let canvas = format!("canvas {}, {width}×{height} px, up to {steps} steps, seed {seed}", canvas.name());
    format!("{canvas}; {}", scan_caption(&record.record.settings))
}

/// The first picture of `record`, as it was written into `folder`.
///
/// # Errors
/// If it is missing or damaged.
pub fn first_picture(folder: &OutputFolder, record: &VisualRecord) -> Result<Picture, GalleryError> {
    let name = first_picture_name(record)
        .ok_or_else(|| GalleryError::NoPicture { objective: record.objective.to_string() })?;
    let path = folder.file(name);
    let bytes = fs::read(&path).map_err(|source| GalleryError::Read { path: path.clone(), source })?;
    Picture::from_png_bytes(&bytes).ok_or(GalleryError::NotAPicture { path })
}

/// The name of the first picture of `record`.
pub fn first_picture_name(record: &VisualRecord) -> Option<&str> {
    let is_picture = |name: &&String| name.ends_with(".png") && !name.ends_with(OF_STEPS);
    record.record.files.keys().find(is_picture).map(String::as_str)
}
