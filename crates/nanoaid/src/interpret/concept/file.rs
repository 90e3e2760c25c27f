//! Concepts in a folder: pictures, tables, a record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use micrograph::Plane;
use micrograph::paint::{ColorMap, Picture, Sampling, resampled};
use serde::{Deserialize, Serialize};

use super::{ConceptConfig, ConceptError, Concepts, ConceptsFound, LayerMap, MapCell};
use crate::data::dataset::DatasetConfig;
use crate::hash::sha256;
use crate::output::{OutputError, OutputFolder, csv_text, json_text, text_cell};
use crate::record::{NetworkUsed, Record};

/// The command of these records.
pub(crate) const COMMAND: &str = "concepts";
/// Quality of exemplars as JPEG.
const QUALITY: u8 = 88;
/// The record, and the file in which users name concepts.
const RECORD: &str = "concepts.json";
const NAMES: &str = "names.csv";
/// What finds the concepts in other micrographs.
pub const BANK: &str = "bank.safetensors";

/// What decides about concepts besides the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConceptSettings {
    /// How concepts are looked for.
    pub concepts: ConceptConfig,
    /// The data set, as given.
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    pub data: PathBuf,
    /// Which of its micrographs.
    #[serde(default)]
    pub dataset: DatasetConfig,
    /// SHA-256 of names and contents of the data set.
    pub data_digest: String,
}

/// Names of the pictures of concepts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConceptPictures {
    /// What each concept wants to see; empty if that was not requested.
    pub concepts: Vec<String>,
    /// By concept and exemplar.
    pub exemplars: Vec<Vec<String>>,
    /// The map of the layer: what its cells look for, and parts of micrographs that stand for them.
    pub map: Option<(String, String)>,
}

/// The record of concepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConceptRecord {
    /// Network, settings and files.
    #[serde(flatten)]
    pub record: Record<ConceptSettings>,
    /// All numbers.
    pub found: ConceptsFound,
    /// Cells of the map of the layer; empty if that was not requested.
    pub map: Vec<MapCell>,
    /// The pictures.
    pub pictures: ConceptPictures,
}

/// Writes pictures, tables and record of `concepts` into `folder`. Names that `names` gives, or else those in the folder's own file of names
/// if it is of the same concepts, are kept.
///
/// # Errors
/// If a file cannot be written, or the folder's own file of names cannot be read.
pub fn concept_files(
    concepts: &Concepts,
    used: NetworkUsed,
    settings: ConceptSettings,
    names: Option<&ConceptNames>,
    folder: &OutputFolder,
) -> Result<ConceptRecord, ConceptError> {
    let mut found = concepts.found.clone();
    let identity = identity(&found);
    let own = folder.file(NAMES);
    let named = match names {
        Some(names) => names.clone(),
        None if own.is_file() => ConceptNames::of(&own, Some(&identity))?,
        None => ConceptNames::default(),
    };
    for concept in &mut found.concepts {
        concept.name = named.0.get(&concept.number).cloned();
    }
    let mut files = BTreeMap::new();
    let mut write = |name: String, bytes: &[u8]| -> Result<String, OutputError> {
        folder.write(&name, bytes)?;
        files.insert(name.clone(), sha256(bytes));
        Ok(name)
    };
    let mut pictures = ConceptPictures::default();
    for (number, plane) in (1..).zip(&concepts.pictures) {
        let picture = Picture::from_plane(plane, 0.0, 1.0, ColorMap::Gray);
        pictures.concepts.push(write(format!("concept-{number}.png"), &picture.png_bytes(None))?);
    }
    for (number, exemplars) in (1..).zip(&concepts.exemplars) {
        let mut names = Vec::new();
        for (rank, exemplar) in (1..).zip(exemplars) {
            let picture = exemplar.painted();
            let (ending, bytes) = match picture.jpeg_bytes(QUALITY) {
                Some(bytes) => ("jpg", bytes),
                None => ("png", picture.png_bytes(None)),
            };
            names.push(write(format!("concept-{number}.exemplar-{rank}.{ending}"), &bytes)?);
        }
        pictures.exemplars.push(names);
    }
    let map = concepts.map.as_ref();
    if let Some(map) = map {
        let mut written = |stem: &str, planes: &[Plane]| {
            let picture = mosaic(map, planes);
            match picture.jpeg_bytes(QUALITY) {
                Some(bytes) => write(format!("{stem}.jpg"), &bytes),
                None => write(format!("{stem}.png"), &picture.png_bytes(None)),
            }
        };
        pictures.map = Some((written("map", &map.pictures)?, written("map-parts", &map.parts)?));
        write("map.csv".to_owned(), map_csv(map, &found).as_bytes())?;
    }
    write("concepts.csv".to_owned(), concepts_csv(&found).as_bytes())?;
    write(BANK.to_owned(), &concepts.bank.to_bytes())?;
    write("directions.csv".to_owned(), directions_csv(&found).as_bytes())?;
    let mut record = Record::new(COMMAND, None, Some(used), settings);
    record.files = files;
    let map = map.map_or(Vec::new(), |map| map.cells.clone());
    let record = ConceptRecord { record, found, map, pictures };
    folder.write(NAMES, names_csv(&record.found, &identity).as_bytes())?;
    // last: a record says that its files are there
    folder.write(RECORD, json_text(&record)?.as_bytes())?;
    Ok(record)
}

/// Side of a cell of a map.
const CELL_PX: usize = 96;
/// What stands where a map has no cell.
const EMPTY: [u8; 3] = [205, 208, 212];

/// The pictures of the cells of a map at their places.
fn mosaic(map: &LayerMap, planes: &[Plane]) -> Picture {
    let mut picture = Picture::new(map.side * CELL_PX, map.side * CELL_PX, EMPTY);
    for (cell, plane) in map.cells.iter().zip(planes) {
        let sampling = if plane.height() > CELL_PX { Sampling::Area } else { Sampling::Bilinear };
        let plane = resampled(plane, CELL_PX, CELL_PX, sampling);
        picture.blit(
            cell.row * CELL_PX,
            cell.column * CELL_PX,
            &Picture::from_plane(&plane, 0.0, 1.0, ColorMap::Gray),
        );
    }
    picture
}

/// A row for each cell of a map, as CSV.
fn map_csv(map: &LayerMap, found: &ConceptsFound) -> String {
    let head = ["row", "column", "positions", "class", "share", "file", "y [px]", "x [px]", "side [px]"]
        .map(str::to_owned);
    let row = |cell: &MapCell| {
        let (class, share) = cell
            .class
            .clone()
            .map_or((String::new(), String::new()), |(class, share)| (class, share.to_string()));
        vec![
            cell.row.to_string(),
            cell.column.to_string(),
            cell.n.to_string(),
            text_cell(&class),
            share,
            text_cell(&found.micrographs[cell.micrograph].file),
            cell.shown.y.to_string(),
            cell.shown.x.to_string(),
            cell.shown.height.to_string(),
        ]
    };
    csv_text(&head, map.cells.iter().map(row))
}

/// What distinguishes these concepts from others: SHA-256 of their directions.
fn identity(found: &ConceptsFound) -> String {
    let all = found.concepts.iter().flat_map(|concept| &concept.direction);
    let bytes: Vec<u8> = all.flat_map(|value| value.to_le_bytes()).collect();
    sha256(bytes)
}

fn names_csv(found: &ConceptsFound, identity: &str) -> String {
    let head = ["concept", "name", "of"].map(str::to_owned);
    let row = |concept: &super::Concept| {
        let name = concept.name.as_deref().unwrap_or_default();
        vec![concept.number.to_string(), text_cell(name), identity.to_owned()]
    };
    csv_text(&head, found.concepts.iter().map(row))
}

/// Names that a user gave to concepts, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConceptNames(BTreeMap<usize, String>);

impl ConceptNames {
    /// Those that concepts have.
    pub fn of_found(found: &ConceptsFound) -> Self {
        let named = found.concepts.iter().filter_map(|concept| Some((concept.number, concept.name.clone()?)));
        Self(named.collect())
    }

    /// Those in the CSV file at `path`, with the columns `concept` and `name`.
    ///
    /// # Errors
    /// If it cannot be read, or lacks a column.
    pub fn read(path: &Path) -> Result<Self, ConceptError> {
        Self::of(path, None)
    }

    /// The same; none if the file says that it is of other concepts than `of`.
    fn of(path: &Path, of: Option<&str>) -> Result<Self, ConceptError> {
        let wrong = |reason: String| ConceptError::Names { path: path.display().to_string(), reason };
        let mut reader = csv::Reader::from_path(path).map_err(|error| wrong(error.to_string()))?;
        let head = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
        let column = |name: &str| head.iter().position(|cell| cell.trim() == name);
        let (Some(number), Some(name)) = (column("concept"), column("name")) else {
            let found: Vec<&str> = head.iter().collect();
            let found = found.join(", ");
            return Err(wrong(format!("expected the columns `concept` and `name`, found: {found}")));
        };
        let mut names = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|error| wrong(error.to_string()))?;
            let cell = |column: usize| row.get(column).unwrap_or_default().trim().to_owned();
            if let (Some(of), Some(column)) = (of, column("of"))
                && cell(column) != of
            {
                return Ok(Self::default());
            }
            let text = cell(number);
            let number = text.parse().map_err(|_| wrong(format!("`{text}` is no number of a concept")))?;
            if !cell(name).is_empty() {
                names.insert(number, cell(name));
            }
        }
        Ok(Self(names))
    }
}

/// A row for each concept, as CSV.
pub fn concepts_csv(found: &ConceptsFound) -> String {
    let head = [
        "concept",
        "name",
        "energy",
        "active_share",
        "stability",
        "class",
        "auc",
        "auc_low",
        "auc_high",
        "q",
        "random_auc",
        "claimed",
        "answer",
        "deletion",
        "insertion",
        "structure",
        "iou",
        "iou_low",
        "iou_high",
        "iou_shifted",
        "period [px]",
        "axis [deg]",
        "disc [px]",
        "period [nm] low",
        "period [nm] high",
        "disc [nm] low",
        "disc [nm] high",
    ];
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let row = |concept: &super::Concept| {
        let class = concept.classes.first();
        let interval = class.and_then(|class| class.auc.interval);
        let effect = concept.effects.iter().max_by(|a, b| a.1.deletion.abs().total_cmp(&b.1.deletion.abs()));
        let overlap = concept.overlaps.first();
        let iou = overlap.and_then(|overlap| overlap.interval);
        let tuning = concept.tuning.as_ref();
        let nm = |of: Option<(f64, f64)>| [number(of.map(|of| of.0)), number(of.map(|of| of.1))];
        let mut row = vec![
            concept.number.to_string(),
            text_cell(concept.name.as_deref().unwrap_or_default()),
            concept.energy.to_string(),
            concept.active_share.to_string(),
            number(concept.stability),
            text_cell(class.map_or("", |class| &class.class)),
            number(class.map(|class| class.auc.value)),
            number(interval.map(|interval| interval.low)),
            number(interval.map(|interval| interval.high)),
            number(class.map(|class| class.q)),
            number(class.and_then(|class| class.random_auc)),
            class.map_or(String::new(), |class| class.claimed.to_string()),
            text_cell(effect.map_or("", |(class, _)| class)),
            number(effect.map(|(_, effect)| effect.deletion)),
            number(effect.map(|(_, effect)| effect.insertion)),
            text_cell(overlap.map_or("", |overlap| &overlap.structure)),
            number(overlap.map(|overlap| overlap.iou)),
            number(iou.map(|interval| interval.low)),
            number(iou.map(|interval| interval.high)),
            number(overlap.map(|overlap| overlap.shifted)),
            number(tuning.and_then(|tuning| tuning.period_px)),
            number(tuning.and_then(|tuning| tuning.axis_deg)),
            number(tuning.and_then(|tuning| tuning.disc_px)),
        ];
        row.extend(nm(tuning.and_then(|tuning| tuning.period_nm)));
        row.extend(nm(tuning.and_then(|tuning| tuning.disc_nm)));
        row
    };
    csv_text(&head.map(str::to_owned), found.concepts.iter().map(row))
}

/// The atoms, a row for each concept, as CSV.
fn directions_csv(found: &ConceptsFound) -> String {
    let head: Vec<String> = std::iter::once("concept".to_owned())
        .chain((0..found.n_channels).map(|channel| channel.to_string()))
        .collect();
    let row = |concept: &super::Concept| {
        let values = concept.direction.iter().map(ToString::to_string);
        std::iter::once(concept.number.to_string()).chain(values).collect()
    };
    csv_text(&head, found.concepts.iter().map(row))
}
