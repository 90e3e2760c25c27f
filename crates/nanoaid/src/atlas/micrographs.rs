//! What belongs to one micrograph: its image, the units that it drives, where each unit fires.

use std::collections::VecDeque;

use micrograph::paint::gray_jpeg;
use micrograph::{Plane, Rect};
use serde::Serialize;

use super::planes::Planes;
use super::{Atlas, AtlasError, UnitPlace};
use crate::data::dataset::Dataset;
use crate::evaluate::classify::{NamedClass, TrainedClassifier, view_px};
use crate::interpret::exemplar::{ActivationReader, Peak};

/// Quality of the images, at which grain is still grain.
const JPEG_QUALITY: u8 = 88;
/// Rows and columns of the grid of activations.
const GRID: (usize, usize) = (9, 12);
/// Units of a network that are named.
const MOST_UNITS: usize = 24;
/// Micrographs that are read together.
const AT_ONCE: usize = 16;

/// A micrograph, and what the networks give for it.
#[derive(Clone, Debug, PartialEq)]
pub struct MicrographActivations {
    /// Its place in [`Atlas::micrographs`].
    pub image: usize,
    /// The specimen as the networks see it, as grey JPEG.
    pub jpeg: Vec<u8>,
    /// By network.
    pub networks: Vec<NetworkActivations>,
}

/// What one network gives for a micrograph.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkActivations {
    /// Units that it drives more than most micrographs do, at most 24; those first that fewer
    /// micrographs drive more.
    pub driven: Vec<DrivenUnit>,
    /// Where each unit fires.
    pub grid: ActivationGrid,
    /// The class that it gives, if it classifies micrographs.
    pub class: Option<NamedClass>,
}

/// A unit that a micrograph drives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DrivenUnit {
    /// Which one.
    #[serde(skip)]
    pub unit: UnitPlace,
    /// Largest activation.
    pub value: f32,
    /// Share of the micrographs whose largest activation is below it, in `[0, 1]`.
    pub rank: f64,
    /// Receptive field of that position, px.
    pub field: Rect,
}

/// Coarse activations of all units of a network on one micrograph.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivationGrid {
    /// Rows of cells; cell `(row, col)` covers rows `row·H/rows .. (row+1)·H/rows` of the specimen.
    pub rows: usize,
    /// Columns of cells.
    pub cols: usize,
    /// `[unit][row][col]`, units of all layers in order. Largest activation of the positions whose
    /// receptive fields are centred in the cell (the nearest position where there is none), as
    /// `round(255 · (v − low) / (high − low))` cut to 0–255, with `low` and `high` the smallest and
    /// the largest that the unit gave on the data set; 0 for a dead unit.
    pub levels: Vec<u8>,
}

/// One micrograph after another.
pub struct Micrographs<'a> {
    atlas: &'a Atlas,
    readers: Vec<ActivationReader>,
    /// By network.
    classifiers: Vec<Option<TrainedClassifier>>,
    planes: Planes<'a>,
    ready: VecDeque<usize>,
    next: usize,
}

impl Atlas {
    /// What belongs to each micrograph, one at a time; `dataset` is that of which the atlas was made.
    ///
    /// # Errors
    /// If a network cannot be read.
    pub fn micrographs<'a>(&'a self, dataset: &'a Dataset) -> Result<Micrographs<'a>, AtlasError> {
        let reader = |(network, found): (_, &super::NetworkAtlas)| {
            let layers: Vec<String> = found.layers.iter().map(|layer| layer.layer.name.clone()).collect();
            Ok(ActivationReader::new(network, &layers)?)
        };
        let readers = self.opened.iter().zip(&self.networks).map(reader);
        Ok(Micrographs {
            atlas: self,
            readers: readers.collect::<Result<_, AtlasError>>()?,
            classifiers: self
                .opened
                .iter()
                .zip(&self.networks)
                .map(|(network, found)| {
                    let classifies = view_px(network).is_some();
                    classifies.then(|| TrainedClassifier::of_opened(&found.run, network.clone())).transpose()
                })
                .collect::<Result<_, _>>()?,
            planes: Planes::new(dataset, &self.micrographs),
            ready: VecDeque::new(),
            next: 0,
        })
    }

    fn activations(
        &self,
        image: usize,
        plane: &Plane,
        readers: &[ActivationReader],
        classifiers: &[Option<TrainedClassifier>],
    ) -> Result<MicrographActivations, AtlasError> {
        let of_network = |(network, reader): (usize, &ActivationReader)| {
            let (peaks, grids) = reader.peaks_and_grids(plane, GRID)?;
            let ranks = &self.ranks[network];
            let (rows, cols) = GRID;
            let values = grids.iter().flat_map(|grid| grid.values.chunks_exact(rows * cols)).enumerate();
            let levels =
                values.flat_map(|(unit, cells)| cells.iter().map(move |&cell| ranks.level(unit, cell)));
            Ok(NetworkActivations {
                driven: self.driven(network, image, &peaks),
                grid: ActivationGrid { rows, cols, levels: levels.collect() },
                class: classifiers[network]
                    .as_ref()
                    .map(|classifier| classifier.named(&self.networks[network].name(), plane))
                    .transpose()?,
            })
        };
        let networks = readers.iter().enumerate().map(of_network);
        let (height, width) = (plane.height(), plane.width());
        let file = || self.micrographs[image].file.clone();
        Ok(MicrographActivations {
            image,
            jpeg: gray_jpeg(plane, 0.0, 1.0, JPEG_QUALITY).ok_or_else(|| AtlasError::Jpeg {
                file: file(),
                height,
                width,
            })?,
            networks: networks.collect::<Result<_, AtlasError>>()?,
        })
    }

    /// The units that micrograph `image` drives most against others; `peaks` by layer and channel.
    fn driven(&self, network: usize, image: usize, peaks: &[Vec<Peak>]) -> Vec<DrivenUnit> {
        let ranks = &self.ranks[network];
        let seen = &self.micrographs[image];
        let order = ranks.order(image).into_iter().take(MOST_UNITS);
        let unit = |number: usize| {
            let unit = self.unit_at(network, number);
            let peak = peaks[unit.layer][unit.channel];
            let position = (peak.y as usize, peak.x as usize);
            DrivenUnit {
                unit,
                value: peak.value,
                rank: f64::from(ranks.share(image, number)),
                field: ActivationReader::field(&self.layer(unit).layer, position, (seen.height, seen.width)),
            }
        };
        order.map(unit).collect()
    }
}

impl Iterator for Micrographs<'_> {
    type Item = Result<MicrographActivations, AtlasError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            let few = self.next..(self.next + AT_ONCE).min(self.atlas.micrographs.len());
            self.next = few.end;
            if let Err(error) = self.planes.gather(few.clone()) {
                return Some(Err(error));
            }
            self.ready.extend(few);
        }
        let image = self.ready.pop_front()?;
        let plane = self.planes.take(image);
        Some(self.atlas.activations(image, &plane, &self.readers, &self.classifiers))
    }
}
