//! Synthetic micrographs of a data set: which ones are added to the training split.
//!
//! They are named here, not drawn: each is settings and a seed until its pixels are needed. They
//! are made for training, so they are all in `train`. Those made to learn reconstruction from have
//! no category; those made to learn categories from have theirs.

use std::path::Path;

use micrograph::random::Stream;
use micrograph::synth::{Category, Kind, varied, varied_config_of};

use super::{DatasetError, Entry, Origin, Split};

/// Most synthetic micrographs: the names of each kind have five digits, in order.
pub(super) const MOST: usize = 100_000;

/// The first `n` synthetic micrographs under `seed`: the kinds of specimen take turns, and each
/// kind is numbered from 0. With a larger `n` the first ones stay as they are.
pub(super) fn entries(n: usize, seed: u64) -> Vec<Entry> {
    let entry = |place: usize| {
        let n_kinds = Kind::ALL.len();
        let (kind, number) = (Kind::ALL[place % n_kinds], place / n_kinds);
        // a seed of its own, else all of a kind would share their noise
        let own_seed = Stream::new(seed, "dataset synthetic", place as u64).bits();
        Entry {
            file: format!("synthetic/{}/{number:05}", name_of(kind)),
            origin: Origin::Synthetic { config: Box::new(varied(kind, number as u64, seed)), seed: own_seed },
            category: None,
            group: None,
            split: Split::Train,
        }
    };
    (0..n).map(entry).collect()
}

/// Most synthetic micrographs of one category.
pub(super) const MOST_PER_CATEGORY: usize = 10_000;
/// Height and width of those of categories in pixels: enough for a view of 224 pixels that is a crop.
const SIDE_PX: (usize, usize) = (320, 426);

/// `n` synthetic micrographs of each category under `seed`. With a larger `n` the first ones stay
/// as they are.
pub(super) fn entries_of_categories(n: usize, seed: u64) -> Vec<Entry> {
    let (height, width) = SIDE_PX;
    let entry = |(category, number): (Category, usize)| {
        let name = category.name();
        let config = varied_config_of(category, seed, number as u64, height, width);
        let own_seed = Stream::new(seed, &format!("dataset synthetic {name}"), number as u64).bits();
        Entry {
            file: format!("synthetic-categories/{name}/{number:05}"),
            origin: Origin::Synthetic {
                config: Box::new(config.expect("the size is in range")),
                seed: own_seed,
            },
            category: Some(name.to_owned()),
            group: None,
            split: Split::Train,
        }
    };
    Category::ALL
        .into_iter()
        .flat_map(|category| (0..n).map(move |number| (category, number)))
        .map(entry)
        .collect()
}

/// Whether no file of `entries`, in the order of their names, has that of a synthetic one; `path`
/// is where the files were listed. Files of a folder never have, since theirs end in `.png` and the like.
pub(super) fn check_names(entries: &[Entry], path: &Path) -> Result<(), DatasetError> {
    let is_synthetic = |entry: &Entry| matches!(entry.origin, Origin::Synthetic { .. });
    let taken = entries.windows(2).find(|pair| pair[0].file == pair[1].file && pair.iter().any(is_synthetic));
    match taken {
        None => Ok(()),
        Some(pair) => Err(DatasetError::SyntheticName { path: path.to_owned(), file: pair[0].file.clone() }),
    }
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Particles => "particles",
        Kind::Lines => "lines",
        Kind::Dots => "dots",
        Kind::Fibers => "fibres",
    }
}

#[cfg(test)]
mod tests;
