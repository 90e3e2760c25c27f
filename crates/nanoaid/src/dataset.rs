//! Data set: a folder of micrographs → labelled, normalised patches.
//!
//! A data set is a list of files, each with its split, and with a category and a group where they
//! are known; synthetic micrographs may be added to its training part. Opening it reads no pixels
//! and draws none. It is split by micrograph or by group, never by patch, and seen in two ways: [`PatchSource`] gives random patches to learn from, without end and
//! without the set having to fit into memory; [`fixed_patches`] gives the same patches each time,
//! to judge by. Nothing here knows of networks.

mod config;
mod entry;
mod error;
mod fixed;
mod folder;
mod index;
mod patch;
mod source;
mod split;
mod synthetic;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::hash::sha256;
use crate::prepare::PrepareConfig;
use split::{Member, Shares};

pub use config::{DatasetConfig, Only};
pub use entry::{Entry, Origin};
pub use error::{DatasetError, Skipped};
pub use fixed::{FixedConfig, FixedPatches, LabelledPatch, fixed_patches};
pub use source::{Batch, Epoch, PatchConfig, PatchSource};
pub use split::Split;

/// A list of micrographs, in the order of their `file`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The folder that `file` is relative to.
    pub root: PathBuf,
    /// The micrographs; at least one.
    pub entries: Vec<Entry>,
    /// Files left out when the list was made.
    pub skipped: Vec<Skipped>,
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
    /// * else a folder: its PNG, JPEG, BMP and TIFF files, told by their extension, at any depth.
    ///   The first folder below `path` is the category; files beside it have none.
    ///
    /// Then `config.synthetic` synthetic micrographs are added to the training part, without
    /// category or group. They follow from `config` alone and don't change how files are split.
    ///
    /// # Errors
    /// If a setting is out of range, `path` can't be read, the index is damaged, puts a group into
    /// two splits or lacks a column that is chosen by, no micrograph is left, or a file has the
    /// name of a synthetic micrograph.
    pub fn open(path: &Path, config: &DatasetConfig) -> Result<Self, DatasetError> {
        let config = config.clone().checked()?;
        let metadata =
            path.metadata().map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
        let index = if metadata.is_file() { path.to_owned() } else { path.join("index.csv") };
        let (root, rows, skipped) = if metadata.is_file() && !is_csv(path) {
            return Err(DatasetError::NotADataset { path: path.to_owned() });
        } else if index.is_file() {
            let root = index.parent().unwrap_or(Path::new("")).to_owned();
            (root, index::rows(&index, &config.only)?, Vec::new())
        } else if let Some(only) = config.only.first() {
            return Err(DatasetError::NoIndex { path: path.to_owned(), column: only.column.clone() });
        } else {
            let (files, skipped) = folder::files(path)?;
            (path.to_owned(), files.into_iter().map(row_of_file).collect(), skipped)
        };
        if rows.is_empty() {
            return Err(DatasetError::Empty { path: path.to_owned(), n_skipped: skipped.len() });
        }
        let mut entries = entries(&root, rows, &config);
        entries.extend(synthetic::entries(config.synthetic, config.seed));
        entries.sort_by(|one, other| one.file.cmp(&other.file));
        synthetic::check_names(&entries, &index)?;
        let dataset = Self { root, entries, skipped, config };
        dataset.check_groups(&index)?;
        Ok(dataset)
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
        PrepareConfig { data_bar: self.config.data_bar, ..PrepareConfig::default() }
    }

    /// SHA-256 of the micrographs' names and contents, as 64 hexadecimal digits: that of the lines
    /// which `sha256sum` prints for the files in the order of their names. A file that is not there
    /// has the word `missing` for its hash. A synthetic micrograph has the hash of its settings and
    /// seed, the JSON text `[settings,seed]`: its pixels follow from them and the program's version.
    ///
    /// # Errors
    /// If a file is there but the system can't give its bytes.
    pub fn digest(&self) -> Result<String, DatasetError> {
        let lines: Vec<String> = self
            .entries
            .par_iter()
            .map(|entry| {
                let content = entry.digest()?;
                Ok(format!("{}  {}\n", content.as_deref().unwrap_or("missing"), entry.file))
            })
            .collect::<Result<_, DatasetError>>()?;
        Ok(sha256(lines.concat()))
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

fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

fn row_of_file(file: String) -> index::Row {
    let category = file.split_once('/').map(|(folder, _)| folder.to_owned());
    index::Row { file, category, group: None, split: None }
}

/// The rows with their splits: as they say; where they don't, drawn.
fn entries(root: &Path, rows: Vec<index::Row>, config: &DatasetConfig) -> Vec<Entry> {
    let said = rows[0].split.is_some(); // a column is there for all rows or for none
    let has_validation = rows.iter().any(|row| row.split == Some(Split::Validation));
    let open: Vec<usize> = if has_validation {
        Vec::new()
    } else {
        (0..rows.len()).filter(|&idx| rows[idx].split.is_none_or(|split| split == Split::Train)).collect()
    };
    let members: Vec<Member<'_>> = open
        .iter()
        .map(|&idx| {
            let row = &rows[idx];
            Member { file: &row.file, category: row.category.as_deref(), group: row.group.as_deref() }
        })
        .collect();
    let shares = Shares {
        validation: config.validation_share,
        test: if said { 0.0 } else { config.test_share },
        seed: config.seed,
    };
    let drawn = split::drawn(&members, &shares);
    let mut splits: Vec<Split> = rows.iter().map(|row| row.split.unwrap_or(Split::Train)).collect();
    for (idx, split) in open.into_iter().zip(drawn) {
        splits[idx] = split;
    }
    rows.into_iter()
        .zip(splits)
        .map(|(row, split)| Entry {
            origin: Origin::File(root.join(&row.file)),
            file: row.file,
            category: row.category,
            group: row.group,
            split,
        })
        .collect()
}

#[cfg(test)]
mod tests;
