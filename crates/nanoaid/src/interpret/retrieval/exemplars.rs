//! The real patches of a data set that drive each unit most, least and in between.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::calibration::length_text;
use micrograph::paint::{Cell, ColorMap, ContactSheet, Picture, Scaling, Section, contact_sheet};
use micrograph::{Plane, Rect};
use serde::Serialize;

use super::RetrievalError;
use crate::data::dataset::{Dataset, Skipped};
use crate::interpret::activation_index::{ActivationIndex, ImageArea, index_folder};
use crate::interpret::exemplar::{
    ActivationReader, ChooseConfig, Exemplar, IndexedMicrograph, UnitExemplars, choose,
};
use crate::output::{OutputFolder, text_cell};
use crate::{Address, Layer, Network};

/// Rows and columns that are shown of a patch at least; around a smaller receptive field more is.
const LEAST_SHOWN_PX: usize = 64;
/// Most rows and columns.
const MOST_SHOWN_PX: usize = 256;

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExemplarsConfig {
    /// The layers; the usual ones if none is named.
    pub layers: Vec<String>,
    /// Units whose layers are read, too.
    pub units: Vec<Address>,
    /// How many patches.
    pub choose: ChooseConfig,
}

/// What real micrographs say about the units of a network.
#[derive(Debug, Serialize)]
pub struct DataSetExemplars {
    /// SHA-256 of the network as a file.
    pub network_sha256: String,
    /// SHA-256 of names and contents of the data set.
    pub data_digest: String,
    /// The micrographs that exemplars name by their place.
    pub micrographs: Vec<IndexedMicrograph>,
    /// By layer.
    pub layers: Vec<LayerExemplars>,
    /// Micrographs that could not be read.
    #[serde(skip)]
    pub skipped: Vec<Skipped>,
    /// Micrographs that were read now; the others were kept from an earlier pass.
    #[serde(skip)]
    pub n_new: usize,
}

/// Exemplars of the units of a layer.
#[derive(Debug, Serialize)]
pub struct LayerExemplars {
    /// The layer.
    pub layer: String,
    /// Pixels from one position to the next.
    pub stride_px: usize,
    /// Side of the receptive field; `None`: the whole image.
    pub receptive_field_px: Option<usize>,
    /// By channel.
    pub units: Vec<UnitExemplars>,
}

/// Passes the micrographs of `dataset` through `network` and chooses exemplars of each unit. The
/// activations are kept in a folder inside `folder`, so that a second call only reads new micrographs.
/// `progress` is given the number of micrographs that are done and of all; on [`ControlFlow::Break`] the
/// pass ends.
///
/// # Errors
/// If a setting is out of range, the network has no such layer or unit, no micrograph can be read, the
/// folder holds something else, or `progress` ended the work.
pub fn exemplars(
    network: &Network,
    dataset: &Dataset,
    config: &ExemplarsConfig,
    folder: &Path,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<DataSetExemplars, RetrievalError> {
    let choose_config = config.choose.clone().checked()?;
    let mut layers = if config.layers.is_empty() {
        ActivationReader::usual_layers(network)
    } else {
        config.layers.clone()
    };
    for unit in &config.units {
        let (layer, _) = network.channel_of(unit)?;
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    let specimens = (dataset, ImageArea::Specimen);
    let index = ActivationIndex::build(network, &layers, specimens, &index_folder(folder, ""), progress)?;
    if index.seen.is_empty() {
        return Err(RetrievalError::NoMicrograph { root: dataset.root.clone() });
    }
    let of_layer = |answers: &crate::interpret::exemplar::LayerAnswers| {
        let layer: &Layer = network.layer(&answers.layer).expect("the index is of this network's layers");
        let unit = |channel| choose((&index.seen, &index.alike), (layer, answers), channel, &choose_config);
        LayerExemplars {
            layer: layer.name.clone(),
            stride_px: layer.stride,
            receptive_field_px: layer.receptive_field_px,
            units: (0..answers.n_channels).map(unit).collect(),
        }
    };
    Ok(DataSetExemplars {
        network_sha256: index.network_sha256.clone(),
        data_digest: dataset.digest()?,
        layers: index.layers.iter().map(of_layer).collect(),
        micrographs: index.seen,
        skipped: index.skipped,
        n_new: index.n_new,
    })
}

/// Exemplars, and from what they were made.
#[derive(Debug, Serialize)]
pub struct ExemplarsRecord<'a> {
    program_version: &'static str,
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    run: &'a Path,
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    data: &'a Path,
    #[serde(flatten)]
    found: &'a DataSetExemplars,
}

/// Whether results in `folder` can be continued: whether it holds an activation index.
pub fn holds_exemplars(folder: &Path) -> bool {
    index_folder(folder, "").join("manifest.json").is_file()
}

/// Writes the record of `found`, its table, and a sheet for each of `units` into `folder`. `run` and `data` are
/// network and data set as they were named.
///
/// # Errors
/// If `network` has no such unit, a micrograph can no longer be read, or a file cannot be written.
pub fn exemplar_files<'a>(
    found: &'a DataSetExemplars,
    (run, network): (&'a Path, &Network),
    (data, dataset): (&'a Path, &Dataset),
    units: &[Address],
    folder: &OutputFolder,
) -> Result<ExemplarsRecord<'a>, RetrievalError> {
    let record = ExemplarsRecord { program_version: env!("CARGO_PKG_VERSION"), run, data, found };
    folder.write_json("exemplars.json", &record)?;
    folder.write("exemplars.csv", &found.csv()?)?;
    for unit in units {
        let (layer, channel) = network.channel_of(unit)?;
        if let Some(sheet) = found.sheet(&layer, channel, dataset)? {
            folder.write(&format!("{layer}_{channel}.png"), &sheet.png_bytes(None))?;
        }
    }
    Ok(record)
}

/// A patch as a contact sheet shows it.
struct ShownPatch {
    plane: Plane,
    /// Its category, empty where it has none.
    label: String,
    /// Its activation and the width that is shown.
    note: String,
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

impl DataSetExemplars {
    /// Every exemplar as a row of CSV.
    ///
    /// # Errors
    /// None in practice: memory takes all rows.
    pub fn csv(&self) -> Result<Vec<u8>, RetrievalError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record([
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
        ])?;
        for layer in &self.layers {
            for unit in &layer.units {
                for (kind, exemplars) in kinds(unit) {
                    for (rank, exemplar) in exemplars.iter().enumerate() {
                        let seen = &self.micrographs[exemplar.image];
                        let Rect { y, x, height, width } = exemplar.field;
                        writer.write_record([
                            text_cell(&layer.layer),
                            unit.channel.to_string(),
                            kind.clone(),
                            (rank + 1).to_string(),
                            exemplar.value.to_string(),
                            text_cell(&seen.file),
                            text_cell(seen.category.as_deref().unwrap_or_default()),
                            y.to_string(),
                            x.to_string(),
                            height.to_string(),
                            width.to_string(),
                            seen.nm_per_px.map_or(String::new(), |nm| nm.to_string()),
                        ])?;
                    }
                }
            }
        }
        Ok(writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?)
    }

    /// A sheet of the exemplars of one unit; `None` if it is not among the layers. `dataset` is that of
    /// which they were chosen.
    ///
    /// # Errors
    /// If a micrograph can no longer be read.
    pub fn sheet(
        &self,
        layer: &str,
        channel: usize,
        dataset: &Dataset,
    ) -> Result<Option<Picture>, RetrievalError> {
        let found = self.layers.iter().find(|found| found.layer == layer);
        let Some(unit) = found.and_then(|found| found.units.get(channel)) else { return Ok(None) };
        let planes = self.planes(unit, dataset)?;
        let side = unit.strongest.iter().map(|exemplar| exemplar.field.height.max(exemplar.field.width));
        let side = side.max().unwrap_or(0).clamp(LEAST_SHOWN_PX, MOST_SHOWN_PX);
        let patches: Vec<(String, Vec<ShownPatch>)> = kinds(unit)
            .into_iter()
            .map(|(kind, exemplars)| {
                let cells = exemplars.iter().map(|exemplar| {
                    let seen = &self.micrographs[exemplar.image];
                    let patch = around(&planes[&exemplar.image], exemplar.field, side);
                    let across = seen
                        .nm_per_px
                        .map_or(format!("{} px", patch.width()), |nm| length_text(patch.width() as f64 * nm));
                    let note = format!("{:.3}, {across}", exemplar.value);
                    ShownPatch { plane: patch, label: seen.category.clone().unwrap_or_default(), note }
                });
                (kind, cells.collect())
            })
            .collect();
        let sections = patches.iter().map(|(kind, cells)| Section {
            heading: kind.clone(),
            cells: cells
                .iter()
                .map(|patch| Cell {
                    plane: &patch.plane,
                    label: patch.label.clone(),
                    note: patch.note.clone(),
                    dead: false,
                })
                .collect(),
        });
        Ok(Some(contact_sheet(&ContactSheet {
            title: format!("{}: patches of micrographs", Address::channel(layer, channel)),
            subtitle: "each with its largest activation and the width that is shown".to_owned(),
            sections: sections.filter(|section| !section.cells.is_empty()).collect(),
            scaling: Scaling::Given { low: 0.0, high: 1.0 },
            map: ColorMap::Gray,
            nm_per_px: None,
            max_width_px: 1600,
            ..ContactSheet::default()
        })))
    }

    /// The micrographs of the exemplars of `unit`.
    fn planes(
        &self,
        unit: &UnitExemplars,
        dataset: &Dataset,
    ) -> Result<BTreeMap<usize, Plane>, RetrievalError> {
        let prepare = dataset.prepare_config();
        let mut planes = BTreeMap::new();
        for exemplar in kinds(unit).iter().flat_map(|(_, exemplars)| exemplars.iter()) {
            let file = &self.micrographs[exemplar.image].file;
            let entry = dataset.entries.iter().find(|entry| entry.file == *file);
            if let (Some(entry), false) = (entry, planes.contains_key(&exemplar.image)) {
                let prepared = entry.prepared(&prepare).map_err(|reason| RetrievalError::Micrograph {
                    file: file.clone(),
                    reason: reason.to_string(),
                })?;
                planes.insert(exemplar.image, prepared.plane);
            }
        }
        Ok(planes)
    }
}

/// A square of `side` pixels around `field`, as far as the plane reaches.
fn around(plane: &Plane, field: Rect, side: usize) -> Plane {
    let along = |first: usize, length: usize, whole: usize| {
        let side = side.min(whole);
        let middle = first + length / 2;
        (middle.saturating_sub(side / 2).min(whole - side), side)
    };
    let (y, height) = along(field.y, field.height, plane.height());
    let (x, width) = along(field.x, field.width, plane.width());
    plane.crop(Rect { y, x, height, width })
}
