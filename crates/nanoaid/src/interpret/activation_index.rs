//! Activation index: one pass of a network over all micrographs of a data set, kept in a folder.
//!
//! It holds the largest activation of every channel of some layers for each micrograph. A second
//! pass only reads new micrographs, and one that was stopped is resumed. Decoding and convolving
//! overlap; the values do not depend on the order of files or the number of threads. Format of the
//! folder: `docs/activation-index.md`.

mod error;
mod folder;
mod table;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use crate::Network;
use crate::data::dataset::{Dataset, Entry, Fingerprint, Skipped, near_pairs};
use crate::data::pass::pass;
use crate::data::prepare::PrepareConfig;
use crate::interpret::exemplar::{ActivationReader, IndexedMicrograph, LayerAnswers, NearDuplicates, Peak};
use folder::{Folder, IndexPart};

pub use error::ActivationIndexError;
pub use folder::index_folder;

/// Micrographs that are written together: at most so many are lost when a pass is stopped.
const PART: usize = 64;

/// Which part of a micrograph the network is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageArea {
    /// The specimen, without the data bar.
    #[default]
    Specimen,
    /// The data bar alone, of micrographs that have one: a control for every statement about
    /// specimens.
    DataBar,
}

/// The largest activation of every channel for every micrograph.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivationIndex {
    /// SHA-256 of the network as a file.
    pub network_sha256: String,
    /// The micrographs, in the order of their files.
    pub seen: Vec<IndexedMicrograph>,
    /// The layers, in the order in which they were requested.
    pub layers: Vec<LayerAnswers>,
    /// Micrographs that show the same place.
    pub alike: NearDuplicates,
    /// Micrographs that could not be read.
    pub skipped: Vec<Skipped>,
    /// Micrographs that were read in this pass; the others were in the folder.
    pub n_new: usize,
}

impl ActivationIndex {
    /// Keeps only micrographs for which `keep` is true.
    pub fn retain(&mut self, keep: impl Fn(&IndexedMicrograph) -> bool) {
        let kept: Vec<usize> = (0..self.seen.len()).filter(|&image| keep(&self.seen[image])).collect();
        if kept.len() == self.seen.len() {
            return;
        }
        for answers in &mut self.layers {
            let of_image = kept.iter().map(|&image| answers.of_image(image));
            *answers = LayerAnswers::new(&answers.layer, answers.n_channels, of_image);
        }
        self.alike = self.alike.among(&kept);
        self.seen = kept.into_iter().map(|image| self.seen[image].clone()).collect();
    }

    /// The activations of the layer called `layer`.
    pub fn layer(&self, layer: &str) -> Option<&LayerAnswers> {
        self.layers.iter().find(|answers| answers.layer == layer)
    }
}

/// The activations of one micrograph.
struct Looked {
    seen: IndexedMicrograph,
    /// By layer and channel.
    peaks: Vec<Vec<Peak>>,
    print: Fingerprint,
}

impl ActivationIndex {
    /// Runs `layers` of `network` over the micrographs of `dataset`. What the folder `path` holds
    /// already is not read again. `progress` is given the number of micrographs that are done and of
    /// all; on [`ControlFlow::Break`] the pass ends, and micrographs in finished parts are kept.
    ///
    /// # Errors
    /// If there is no such layer, the network's images are not grey, `path` holds the index of
    /// another network, other layers or settings, is damaged or cannot be written, or `progress`
    /// ended the pass.
    pub fn build(
        network: &Network,
        layers: &[String],
        (dataset, subject): (&Dataset, ImageArea),
        path: &Path,
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Self, ActivationIndexError> {
        let reader = ActivationReader::new(network, layers)?;
        let mut folder = Folder::open(path, network, &reader, subject, &dataset.config)?;
        let contents: Vec<Option<String>> = dataset.contents()?;
        let known = folder.known();
        let is_known = |index: usize| {
            let content = contents[index].as_ref();
            content
                .is_some_and(|sha256| known.contains(&(dataset.entries[index].file.clone(), sha256.clone())))
        };
        let new: Vec<usize> = (0..dataset.entries.len()).filter(|&index| !is_known(index)).collect();
        let (mut skipped, mut n_new, mut n_done) = (Vec::new(), 0, dataset.entries.len() - new.len());
        let n_all = dataset.entries.len();
        if progress(n_done, n_all).is_break() {
            return Err(ActivationIndexError::Cancelled);
        }
        for few in new.chunks(PART) {
            let work: Vec<(&Entry, Option<&String>)> =
                few.iter().map(|&index| (&dataset.entries[index], contents[index].as_ref())).collect();
            let prepare = dataset.prepare_config();
            let look = |&(entry, content): &(&Entry, Option<&String>)| match content {
                Some(sha256) => look_at(&reader, entry, sha256, subject, &prepare),
                None => Err("the file is not there".to_owned()),
            };
            let looked = pass(&work, look, &mut || {
                n_done += 1;
                progress(n_done, n_all)
            })
            .ok_or(ActivationIndexError::Cancelled)?;
            let mut found = Vec::new();
            for (looked, (entry, _)) in looked.into_iter().zip(&work) {
                match looked {
                    Ok(looked) => found.extend(looked),
                    Err(reason) => skipped.push(Skipped { file: entry.file.clone(), reason }),
                }
            }
            if !found.is_empty() {
                folder.add(&found)?;
            }
            n_new += found.len();
        }
        let order: Vec<(&Entry, String)> = dataset
            .entries
            .iter()
            .zip(contents)
            .filter_map(|(entry, content)| Some((entry, content?)))
            .collect();
        collect(&reader, network, &folder.parts()?, &order).map(|index| Self { skipped, n_new, ..index })
    }
}

/// Reads `entries` and runs `layers` of `network` over them, several at a time as in [`ActivationIndex::build`]; returns
/// how many can be read.
///
/// # Errors
/// If there is no such layer, or the network's images are not grey.
pub(crate) fn try_pass(
    network: &Network,
    layers: &[String],
    entries: &[&Entry],
    prepare: &PrepareConfig,
) -> Result<usize, ActivationIndexError> {
    let reader = ActivationReader::new(network, layers)?;
    let look = |entry: &&Entry| look_at(&reader, entry, "", ImageArea::Specimen, prepare).is_ok();
    let read = pass(entries, look, &mut || ControlFlow::Continue(())).unwrap_or_default();
    Ok(read.into_iter().filter(|read| *read).count())
}

fn look_at(
    reader: &ActivationReader,
    entry: &Entry,
    sha256: &str,
    subject: ImageArea,
    prepare: &PrepareConfig,
) -> Result<Option<Looked>, String> {
    let prepared = entry.prepared(prepare)?;
    let whole_height = prepared.facts.height;
    let nm_per_px = prepared.facts.calibration.as_ref().map(|calibration| calibration.nm_per_px_x);
    let (plane, data_bar_px): (Plane, usize) = match subject {
        ImageArea::Specimen => {
            let cut = whole_height.saturating_sub(prepared.plane.height());
            (prepared.plane, cut)
        }
        ImageArea::DataBar => match crate::evaluate::score::data_bar_of(entry) {
            Some(strip) => (strip, 0),
            None => return Ok(None),
        },
    };
    let peaks = reader.peaks(&plane).map_err(|error| error.to_string())?;
    let seen = IndexedMicrograph {
        file: entry.file.clone(),
        sha256: sha256.to_owned(),
        category: None,
        group: String::new(),
        part: String::new(),
        height: plane.height(),
        width: plane.width(),
        nm_per_px,
        data_bar_px,
    };
    Ok(Some(Looked { seen: seen_as(entry, seen), peaks, print: Fingerprint::of(&plane) }))
}

/// Arranges what was kept in the order of the data set, without what that no longer holds.
fn collect(
    reader: &ActivationReader,
    network: &Network,
    parts: &[IndexPart],
    order: &[(&Entry, String)],
) -> Result<ActivationIndex, ActivationIndexError> {
    let mut places = BTreeMap::new();
    for (part_index, part) in parts.iter().enumerate() {
        for (row, seen) in part.seen.iter().enumerate() {
            places.insert((&seen.file, &seen.sha256), (part_index, row));
        }
    }
    let found: Vec<(&Entry, usize, usize)> = order
        .iter()
        .filter_map(|(entry, sha256)| {
            let &(part, row) = places.get(&(&entry.file, sha256))?;
            Some((*entry, part, row))
        })
        .collect();
    let layers = reader.layers().iter().enumerate().map(|(index, layer)| {
        let of_image = |&(_, part, row): &(&Entry, usize, usize)| parts[part].peaks(row, index);
        LayerAnswers::new(&layer.name, layer.n_channels, found.iter().map(of_image))
    });
    let prints: Vec<Option<Fingerprint>> =
        found.iter().map(|&(_, part, row)| Some(parts[part].prints[row].clone())).collect();
    let pairs = near_pairs(&prints).into_iter().map(|pair| (pair.one, pair.other));
    // what the data set says of a micrograph may have changed since it was looked at
    let seen = found.iter().map(|&(entry, part, row)| seen_as(entry, parts[part].seen[row].clone()));
    Ok(ActivationIndex {
        network_sha256: network.sha256().to_owned(),
        seen: seen.collect(),
        layers: layers.collect(),
        alike: NearDuplicates::of(pairs),
        skipped: Vec::new(),
        n_new: 0,
    })
}

/// What the data set says of a micrograph, in place of what `seen` says.
fn seen_as(entry: &Entry, seen: IndexedMicrograph) -> IndexedMicrograph {
    IndexedMicrograph {
        category: entry.category.clone(),
        group: entry.group.clone().unwrap_or_else(|| entry.file.clone()),
        part: entry.split.to_string(),
        ..seen
    }
}
