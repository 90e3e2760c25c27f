//! From a marked part of a micrograph to the units that fire there, and to the parts of other
//! micrographs where the same units fire.

use std::ops::ControlFlow;

use micrograph::paint::{Cell, ColorMap, ContactSheet, Picture, Scaling, Section, contact_sheet};
use micrograph::{Plane, Rect};
use serde::Serialize;

use super::RetrievalError;
use crate::data::dataset::{Dataset, Entry, Skipped};
use crate::interpret::exemplar::{self, ActivationReader, FindConfig, Fires, Like, like};
use crate::{Address, Network};

/// A part of a micrograph that is looked for.
#[derive(Clone, Copy, Debug)]
pub struct MarkedPart<'a> {
    /// The specimen as a network sees it.
    pub plane: &'a Plane,
    /// SHA-256 of its file: the same micrograph is left out of the search.
    pub sha256: &'a str,
    /// The part, in pixels of the specimen.
    pub part: Rect,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct DataSetMatches {
    /// SHA-256 of the network as a file.
    pub network_sha256: String,
    /// The part that was marked.
    pub part: Rect,
    /// SHA-256 of names and contents of the data set.
    pub data_digest: String,
    /// Units that fire in the part more than outside, the most different first.
    pub units: Vec<FoundUnit>,
    /// Parts of other micrographs, the most alike first.
    pub parts: Vec<FoundPart>,
    /// Micrographs that could not be read.
    #[serde(skip)]
    pub skipped: Vec<Skipped>,
    #[serde(skip)]
    marked: Plane,
}

/// A unit that fires in the marked part.
#[derive(Debug, Serialize)]
pub struct FoundUnit {
    /// The unit.
    pub unit: Address,
    /// Mean activation inside the part.
    pub inside: f32,
    /// Mean activation outside.
    pub outside: f32,
    /// Their difference in standard deviations outside.
    pub contrast: f32,
}

/// A part of another micrograph.
#[derive(Debug, Serialize)]
pub struct FoundPart {
    /// Name of the micrograph in the data set.
    pub file: String,
    /// Its category.
    pub category: Option<String>,
    /// The part, in pixels of its specimen.
    pub part: Rect,
    /// How much the same units fire there, in `[0, 1]`; 1: as in the marked part.
    pub likeness: f32,
    #[serde(skip)]
    patch: Plane,
}

/// Finds the units of `layers` (the usual ones with a receptive field, if none is named) that stand for
/// the marked part, and the `count` parts of micrographs of `dataset` that are most like it. `progress`
/// is given the number of micrographs that are done and of all; on [`ControlFlow::Break`] the search
/// ends.
///
/// # Errors
/// If a setting is out of range, the network has no such layer, the part does not lie inside the image,
/// the data set cannot be read, or `progress` ended the work.
pub fn find(
    network: &Network,
    layers: &[String],
    marked: MarkedPart<'_>,
    (config, count): (&FindConfig, usize),
    dataset: &Dataset,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<DataSetMatches, RetrievalError> {
    let mut layers = layers.to_vec();
    if layers.is_empty() {
        // of the whole image there is one value for all its parts
        layers = ActivationReader::usual_layers_with_positions(network);
    }
    let reader = ActivationReader::new(network, &layers)?;
    let units = exemplar::find(&reader, marked.plane, marked.part, config)?;
    let contents = dataset.contents()?;
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    let total = dataset.entries.len();
    for (done, (entry, content)) in dataset.entries.iter().zip(contents).enumerate() {
        if progress(done, total).is_break() {
            return Err(RetrievalError::Cancelled);
        }
        let content = content.unwrap_or_default();
        if content == marked.sha256 {
            continue;
        }
        match most_like(&reader, entry, dataset, &units) {
            Ok(part) => {
                found.push((part, content));
                // ties go by content, so the order of the files does not matter
                found.sort_by(|a, b| b.0.likeness.total_cmp(&a.0.likeness).then_with(|| a.1.cmp(&b.1)));
                found.truncate(count);
            }
            Err(reason) => skipped.push(Skipped { file: entry.file.clone(), reason }),
        }
    }
    let unit = |fires: &Fires| FoundUnit {
        unit: Address::channel(&reader.layers()[fires.layer].name, fires.channel),
        inside: fires.inside,
        outside: fires.outside,
        contrast: fires.contrast,
    };
    Ok(DataSetMatches {
        network_sha256: network.sha256().to_owned(),
        part: units.part,
        data_digest: dataset.digest()?,
        units: units.units.iter().map(unit).collect(),
        parts: found.into_iter().map(|(part, _)| part).collect(),
        skipped,
        marked: marked.plane.crop(units.part),
    })
}

fn most_like(
    reader: &ActivationReader,
    entry: &Entry,
    dataset: &Dataset,
    marked: &exemplar::Marked,
) -> Result<FoundPart, String> {
    let plane = entry.prepared(&dataset.prepare_config())?.plane;
    let Like { part, likeness } = like(reader, &plane, marked).map_err(|error| error.to_string())?;
    let patch = plane.crop(part);
    Ok(FoundPart { file: entry.file.clone(), category: entry.category.clone(), part, likeness, patch })
}

impl DataSetMatches {
    /// The marked part, and those like it.
    pub fn sheet(&self) -> Picture {
        let cell =
            |plane, label: &str, note: String| Cell { plane, label: label.to_owned(), note, dead: false };
        let parts = self.parts.iter().map(|found| {
            let name = found.category.as_deref().unwrap_or(&found.file);
            cell(&found.patch, name, format!("{:.2}", found.likeness))
        });
        let sections = vec![
            Section {
                heading: "the box".to_owned(),
                cells: vec![cell(&self.marked, "marked", String::new())],
            },
            Section { heading: "where the same units fire".to_owned(), cells: parts.collect() },
        ];
        contact_sheet(&ContactSheet {
            title: "More like this".to_owned(),
            subtitle: "likeness: 1 where every unit fires as in the box, 0 where none does".to_owned(),
            sections,
            scaling: Scaling::Given { low: 0.0, high: 1.0 },
            map: ColorMap::Gray,
            max_width_px: 1600,
            ..ContactSheet::default()
        })
    }
}
