//! The micrographs of a data set as a network sees them, in memory while they are needed.

use std::collections::BTreeMap;

use micrograph::Plane;
use rayon::prelude::*;

use super::AtlasError;
use crate::data::dataset::{Dataset, Entry};
use crate::data::prepare::PrepareConfig;
use crate::interpret::exemplar::IndexedMicrograph;

/// Pixels that are kept; beyond, all are dropped and read again when they are needed.
const MOST_PX: usize = 400_000_000;

/// Prepared micrographs by their place in an index.
pub(super) struct Planes<'a> {
    entries: Vec<&'a Entry>,
    prepare: PrepareConfig,
    kept: BTreeMap<usize, Plane>,
}

impl<'a> Planes<'a> {
    /// None yet.
    pub(super) fn new(dataset: &'a Dataset, seen: &[IndexedMicrograph]) -> Self {
        let by_file: BTreeMap<&str, &Entry> =
            dataset.entries.iter().map(|entry| (entry.file.as_str(), entry)).collect();
        Self {
            entries: seen.iter().filter_map(|seen| by_file.get(seen.file.as_str()).copied()).collect(),
            prepare: dataset.prepare_config(),
            kept: BTreeMap::new(),
        }
    }

    /// Reads those of `images` that are not there yet.
    pub(super) fn gather(&mut self, images: impl IntoIterator<Item = usize>) -> Result<(), AtlasError> {
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
            let file = || self.entries[image].file.clone();
            let plane = plane.map_err(|reason| AtlasError::Micrograph { file: file(), reason })?;
            self.kept.insert(image, plane);
        }
        Ok(())
    }

    /// Micrograph `image`, which was gathered.
    pub(super) fn at(&self, image: usize) -> &Plane {
        self.kept.get(&image).expect("the caller has gathered this micrograph")
    }

    /// Takes micrograph `image` out, which was gathered.
    pub(super) fn take(&mut self, image: usize) -> Plane {
        self.kept.remove(&image).expect("the caller has gathered this micrograph")
    }
}
