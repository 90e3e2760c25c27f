//! The micrographs of a data set as a network sees them, in memory while they are needed.

use std::collections::BTreeMap;

use micrograph::Plane;
use nanoaid::data::dataset::{Dataset, Entry};
use nanoaid::data::prepare::PrepareConfig;
use nanoaid::interpret::exemplar::IndexedMicrograph;
use rayon::prelude::*;

use crate::outcome::Failure;

/// Pixels that are kept; beyond, all are let go of and read again as they are needed.
const MOST_PX: usize = 400_000_000;

/// Prepared micrographs by their place in a survey.
pub(crate) struct Planes<'a> {
    entries: Vec<&'a Entry>,
    prepare: PrepareConfig,
    kept: BTreeMap<usize, Plane>,
}

impl<'a> Planes<'a> {
    /// None yet.
    pub(crate) fn new(dataset: &'a Dataset, seen: &[IndexedMicrograph]) -> Self {
        let by_file: BTreeMap<&str, &Entry> =
            dataset.entries.iter().map(|entry| (entry.file.as_str(), entry)).collect();
        Self {
            entries: seen.iter().filter_map(|seen| by_file.get(seen.file.as_str()).copied()).collect(),
            prepare: dataset.prepare_config(),
            kept: BTreeMap::new(),
        }
    }

    /// Reads those of `images` that are not there yet.
    pub(crate) fn gather(&mut self, images: impl IntoIterator<Item = usize>) -> Result<(), Failure> {
        let mut wanted: Vec<usize> = images.into_iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let held: usize = self.kept.values().map(|plane| plane.values().len()).sum();
        if held > MOST_PX {
            self.kept.retain(|image, _| wanted.binary_search(image).is_ok());
        }
        wanted.retain(|image| !self.kept.contains_key(image));
        let read: Vec<(usize, Result<Plane, String>)> = wanted
            .par_iter()
            .map(|&image| (image, self.entries[image].prepared(&self.prepare).map(|prepared| prepared.plane)))
            .collect();
        for (image, plane) in read {
            self.kept.insert(image, plane.map_err(Failure::new)?);
        }
        Ok(())
    }

    /// Micrograph `image`, which was gathered.
    pub(crate) fn at(&self, image: usize) -> &Plane {
        self.kept.get(&image).expect("the caller has gathered this micrograph")
    }
}
