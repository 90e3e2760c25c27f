//! Fixed patches: the same patches of a split each time, for the evaluation of a network.
//!
//! Patches lie on a grid, do not overlap, and are chosen far from each other. The choice is not random.

use micrograph::{Plane, Rect};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Dataset, DatasetError, Entry, Skipped, Split, patch};
use crate::ConfigError;
use crate::data::prepare::PrepareConfig;

/// Which fixed patches are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FixedConfig {
    /// Rows and columns of a patch, at least 1.
    pub patch: usize,
    /// Most patches of one micrograph, at least 1.
    pub most_per_micrograph: usize,
    /// Most patches in all, at least 1; they are spread over the micrographs.
    pub most_total: usize,
    /// Standard deviation below which a patch is left out, in `[0, 0.5]`.
    pub flat_below: f64,
}

impl Default for FixedConfig {
    fn default() -> Self {
        Self {
            patch: 128,
            most_per_micrograph: 16, // of 48 in 1024 × 768 pixels
            most_total: 2048,
            flat_below: 0.02, // as for learning
        }
    }
}

impl FixedConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let counts = [
            ("fixed.patch", self.patch),
            ("fixed.most_per_micrograph", self.most_per_micrograph),
            ("fixed.most_total", self.most_total),
        ];
        for (name, count) in counts {
            if count == 0 {
                return Err(ConfigError::new(name, count, "at least 1"));
            }
        }
        if !(0.0..=0.5).contains(&self.flat_below) {
            return Err(ConfigError::new("fixed.flat_below", self.flat_below, "from 0 to 0.5"));
        }
        Ok(self)
    }
}

/// A patch, and where it was cut.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledPatch {
    /// Its values in `[0, 1]`, `[P, P]`.
    pub plane: Plane,
    /// The file of its micrograph, relative to the data set.
    pub file: String,
    /// The category of its micrograph; `None`: not known.
    pub category: Option<String>,
    /// Its first row in the micrograph.
    pub y: usize,
    /// Its first column in the micrograph.
    pub x: usize,
}

/// The fixed patches of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedPatches {
    /// The patches, in the order of file, row, column.
    pub patches: Vec<LabelledPatch>,
    /// The micrographs without a patch, in the order of their files.
    pub skipped: Vec<Skipped>,
}

/// Patches of `split` that are the same each time; empty if the split is empty.
///
/// Where `most_total` is less than the micrographs could give, each gives the same number, or
/// evenly spaced ones of them give one; it may then be missed where micrographs are flat.
///
/// # Errors
/// If a setting is out of range, or no micrograph gives a patch.
pub fn fixed_patches(
    dataset: &Dataset,
    split: Split,
    config: &FixedConfig,
) -> Result<FixedPatches, DatasetError> {
    let config = config.clone().checked()?;
    let entries: Vec<&Entry> = dataset.of(split).collect();
    let n_entries = entries.len();
    let chosen: Vec<&Entry> =
        evenly_spaced(n_entries, config.most_total).map(|place| entries[place]).collect();
    let most = config.most_per_micrograph.min(config.most_total.div_ceil(chosen.len().max(1)));
    let prepare = dataset.prepare_config();
    let found: Vec<Result<Vec<LabelledPatch>, Skipped>> = chosen
        .into_par_iter()
        .map(|entry| {
            let refused = |reason| Skipped { file: entry.file.clone(), reason };
            patches_of(entry, &prepare, &config, most).map_err(refused)
        })
        .collect();
    let (mut ranked, mut skipped) = (Vec::new(), Vec::new());
    for micrograph in found {
        match micrograph {
            Ok(patches) => ranked.extend(patches.into_iter().enumerate()),
            Err(reason) => skipped.push(reason),
        }
    }
    if ranked.is_empty()
        && let Some(Skipped { file, reason }) = skipped.first().cloned()
    {
        return Err(DatasetError::NoneUsable { n: n_entries, file, reason });
    }
    // each micrograph's first patch before any second; of the last round evenly spaced ones
    ranked.sort_by_key(|(rank, _)| *rank);
    let last_rank = ranked.get(config.most_total).map_or(usize::MAX, |(rank, _)| *rank);
    let (mut patches, last): (Vec<_>, Vec<_>) = ranked.into_iter().partition(|(rank, _)| *rank < last_rank);
    let kept: Vec<usize> = evenly_spaced(last.len(), config.most_total - patches.len()).collect();
    let last = last.into_iter().enumerate().filter(|(place, _)| kept.binary_search(place).is_ok());
    patches.extend(last.map(|(_, ranked)| ranked));
    let mut patches: Vec<LabelledPatch> = patches.into_iter().map(|(_, patch)| patch).collect();
    patches.sort_by(|one, other| (&one.file, one.y, one.x).cmp(&(&other.file, other.y, other.x)));
    Ok(FixedPatches { patches, skipped })
}

/// At most `most` patches of one micrograph, each far from those before it.
fn patches_of(
    entry: &Entry,
    prepare: &PrepareConfig,
    config: &FixedConfig,
    most: usize,
) -> Result<Vec<LabelledPatch>, String> {
    let plane = entry.plane(prepare)?;
    let size = config.patch;
    let cut = |&(y, x): &(usize, usize)| plane.crop(Rect { y, x, height: size, width: size });
    let mut places = Vec::new();
    for y in grid(plane.height(), size) {
        places.extend(grid(plane.width(), size).map(|x| (y, x)));
    }
    if places.is_empty() {
        let (height, width) = (plane.height(), plane.width());
        return Err(format!(
            "{height} rows of {width} pixels of specimen, expected at least {size} of {size}, the size of a patch"
        ));
    }
    places.retain(|place| !patch::is_flat(&cut(place), config.flat_below));
    if places.is_empty() {
        return Err(format!("every patch is flat: its standard deviation is below {}", config.flat_below));
    }
    let center = ((plane.height() - size) / 2, (plane.width() - size) / 2);
    Ok(far_apart(&places, most, center)
        .into_iter()
        .map(|place| LabelledPatch {
            plane: cut(&place),
            file: entry.file.clone(),
            category: entry.category.clone(),
            y: place.0,
            x: place.1,
        })
        .collect())
}

/// First pixels of as many patches of `size` as fit into `length` side by side, evenly spaced from
/// edge to edge; a single one lies in the middle.
fn grid(length: usize, size: usize) -> impl Iterator<Item = usize> {
    let n = length / size;
    (0..n).map(move |i| if n == 1 { (length - size) / 2 } else { i * (length - size) / (n - 1) })
}

/// At most `most` of `places`: the one nearest to `center`, then each time the one farthest from
/// those taken; the first in order where several are.
fn far_apart(places: &[(usize, usize)], most: usize, center: (usize, usize)) -> Vec<(usize, usize)> {
    let squared = |one: (usize, usize), other: (usize, usize)| {
        one.0.abs_diff(other.0).pow(2) + one.1.abs_diff(other.1).pow(2)
    };
    let Some(&first) = places.iter().min_by_key(|&&place| squared(place, center)) else {
        return Vec::new();
    };
    let mut taken = vec![first];
    let mut nearest: Vec<usize> = places.iter().map(|&place| squared(place, first)).collect();
    while taken.len() < most.min(places.len()) {
        let farthest = (0..places.len()).rev().max_by_key(|&at| nearest[at]).expect("there are places");
        taken.push(places[farthest]);
        for (nearest, &place) in nearest.iter_mut().zip(places) {
            *nearest = squared(place, places[farthest]).min(*nearest);
        }
    }
    taken
}

/// At most `most` of the places `0 .. n`, evenly spaced.
fn evenly_spaced(n: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = n.min(most);
    (0..count).map(move |i| (2 * i + 1) * n / (2 * count))
}

#[cfg(test)]
mod tests;
