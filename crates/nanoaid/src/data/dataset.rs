//! Data set: a folder of micrographs → labelled, normalised patches.
//!
//! A data set is a list of files, each with its split, and with a category and a group where they
//! are known; synthetic micrographs may be added to its training split. Opening it reads no pixels,
//! unless near-duplicates have to be kept in one split, and draws no images. It is split by micrograph or by group,
//! never by patch, and read in two ways: [`PatchSource`] gives an endless stream of random patches for training, and
//! the set does not have to fit into memory; [`fixed_patches`] gives the same patches each time, for evaluation.
//! Networks are not known here.

mod alignment;
mod category;
pub mod check;
mod config;
mod duplicates;
mod entry;
mod error;
pub mod fetch;
mod fingerprint;
mod fixed;
mod folder;
mod import;
mod index;
mod listing;
mod patch;
mod source;
mod split;
mod synthetic;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::data::prepare::PrepareConfig;
use crate::hash::sha256;
use listing::Listing;

pub use category::Notice;
pub use check::{CheckReport, check};
pub use config::{DatasetConfig, Only};
pub use entry::{Entry, Origin};
pub use error::{DatasetError, Skipped};
pub use fixed::{FixedConfig, FixedPatches, LabelledPatch, fixed_patches};
pub use import::{ImportConfig, ImportReport, SameContent, import};
pub use source::{Batch, Epoch, PatchConfig, PatchSource};
pub use split::Split;

pub(crate) use duplicates::{Comparable, near_pairs, near_pairs_in_blocks};
pub(crate) use fingerprint::Fingerprint;
pub(crate) use index::{Row as IndexRow, rows as index_rows};

/// A list of micrographs, in the order of their `file`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The folder that `file` is relative to.
    pub root: PathBuf,
    /// The micrographs; at least one.
    pub entries: Vec<Entry>,
    /// Files left out when the list was made.
    pub skipped: Vec<Skipped>,
    /// What to know about how the list was made.
    pub notices: Vec<Notice>,
    /// The settings it was made with.
    pub config: DatasetConfig,
}

impl Dataset {
    /// Lists the micrographs of `path`:
    ///
    /// * a CSV file, or a folder that holds `index.csv`: the files named there. The header is
    ///   required; column `file` is relative to the CSV file; `category`, `group` and `split`
    ///   (`train`, `validation` or `val`, `test`) are used where they are. An index without
    ///   validation has it taken from train;
    /// * else a folder: its PNG, JPEG, BMP, TIFF, DM3 and DM4 files, recognized by their extension, at any depth.
    ///   The first folder below `path` is the category; files beside it have none.
    ///
    /// Categories that differ only in case or spaces are one, which [`Dataset::notices`] says.
    ///
    /// Where the split is drawn, near-duplicates are first joined into groups if
    /// `config.group_near_duplicates` says so; files that can't be read have none.
    ///
    /// Then `config.synthetic` synthetic micrographs are added to the training split, without
    /// category or group. They follow from `config` alone and don't change how files are split.
    ///
    /// # Errors
    /// If a setting is out of range, `path` can't be read, the index is damaged, puts a group into
    /// two splits or lacks a column that is chosen by, no micrograph is left, or a file has the
    /// name of a synthetic micrograph.
    pub fn open(path: &Path, config: &DatasetConfig) -> Result<Self, DatasetError> {
        let config = config.clone().checked()?;
        let mut listing = Listing::of(path, &config)?;
        if config.group_near_duplicates {
            listing.group_near_duplicates(&config.prepare());
        }
        let index = listing.index.clone();
        let dataset = listing.dataset(config)?;
        dataset.check_groups(&index)?;
        Ok(dataset)
    }

    /// Of synthetic micrographs alone, those that `config` requests; all are for training.
    ///
    /// # Errors
    /// If a setting is out of range, or their number is 0.
    pub fn synthetic(config: &DatasetConfig) -> Result<Self, DatasetError> {
        let config = config.clone().checked()?;
        let mut entries = synthetic::entries(config.synthetic, config.seed);
        entries.extend(synthetic::entries_of_categories(config.synthetic_per_category, config.seed));
        entries.sort_by(|one, other| one.file.cmp(&other.file));
        if entries.is_empty() {
            return Err(DatasetError::Empty { path: PathBuf::new(), n_skipped: 0 });
        }
        Ok(Self { root: PathBuf::new(), entries, skipped: Vec::new(), notices: Vec::new(), config })
    }

    /// The micrographs of `split`, in the order of their files.
    pub fn of(&self, split: Split) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.split == split)
    }

    /// Every category of the data set, whatever the split, in order: a label is a place here.
    pub fn categories(&self) -> Vec<String> {
        let names: BTreeSet<&String> =
            self.entries.iter().filter_map(|entry| entry.category.as_ref()).collect();
        names.into_iter().cloned().collect()
    }

    /// How the micrographs of this data set are prepared.
    pub fn prepare_config(&self) -> PrepareConfig {
        self.config.prepare()
    }

    /// SHA-256 of the micrographs' names and contents, as 64 hexadecimal digits: that of the lines
    /// which `sha256sum` prints for the files in the order of their names. A file that is not there
    /// has the word `missing` for its hash. A synthetic micrograph has the hash of its settings and
    /// seed, the JSON text `[settings,seed]`: its pixels follow from them and the program's version.
    ///
    /// # Errors
    /// If a file is there but the system can't give its bytes.
    pub fn digest(&self) -> Result<String, DatasetError> {
        let line = |(entry, content): (&Entry, Option<String>)| {
            format!("{}  {}\n", content.as_deref().unwrap_or("missing"), entry.file)
        };
        let lines: Vec<String> = self.entries.iter().zip(self.contents()?).map(line).collect();
        Ok(sha256(lines.concat()))
    }

    /// SHA-256 of what the pixels of each micrograph come from, as in [`Dataset::digest`]; `None`
    /// for a file that is not there.
    ///
    /// # Errors
    /// If a file is there but the system can't give its bytes.
    pub fn contents(&self) -> Result<Vec<Option<String>>, DatasetError> {
        self.entries.par_iter().map(Entry::digest).collect()
    }

    /// The split of the files as CSV with the columns `file,category,group,split`: an index that
    /// can be opened again. Synthetic micrographs are not named in it, since they are no files:
    /// opened with the same settings, it has them again.
    pub fn split_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write =
            |cells: [&str; 4]| writer.write_record(cells).expect("memory takes rows of four cells");
        write(["file", "category", "group", "split"]);
        for entry in self.entries.iter().filter(|entry| matches!(entry.origin, Origin::File(_))) {
            let category = entry.category.as_deref().unwrap_or_default();
            let group = entry.group.as_deref().unwrap_or_default();
            write([&entry.file, category, group, &entry.split.to_string()]);
        }
        let bytes = writer.into_inner().expect("memory can be flushed");
        String::from_utf8(bytes).expect("the cells are UTF-8")
    }

    /// Place of `entry`'s category among `categories`.
    fn label(categories: &[String], entry: &Entry) -> Option<usize> {
        entry.category.as_ref().and_then(|category| categories.binary_search(category).ok())
    }

    fn check_groups(&self, index: &Path) -> Result<(), DatasetError> {
        let mut places = std::collections::BTreeMap::new();
        for entry in &self.entries {
            let Some(group) = &entry.group else { continue };
            let one = *places.entry(group).or_insert(entry.split);
            if one != entry.split {
                let (path, group, other) = (index.to_owned(), group.clone(), entry.split);
                return Err(DatasetError::GroupCrosses { path, group, one, other });
            }
        }
        Ok(())
    }
}

/// The image files below the folder `root`, relative, `/` between folders, in order.
pub(crate) fn image_files(root: &Path) -> Result<Vec<String>, DatasetError> {
    Ok(folder::files(root)?.files)
}

#[cfg(test)]
mod tests;
