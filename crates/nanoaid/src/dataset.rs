//! Data set: a folder of micrographs → labelled, normalised patches.
//!
//! A data set is a list of files, each with its split, and with a category and a group where they
//! are known. Opening it reads no pixels. It is split by micrograph or by group, never by patch,
//! and seen in two ways: [`PatchSource`] gives random patches to learn from, without end and
//! without the set having to fit into memory; [`fixed_patches`] gives the same patches each time,
//! to judge by. Nothing here knows of networks.

mod config;
mod error;
mod fixed;
mod folder;
mod index;
mod patch;
mod source;
mod split;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::prepare::PrepareConfig;
use split::{Member, Shares};

pub use config::{DatasetConfig, Only};
pub use error::{DatasetError, Skipped};
pub use fixed::{FixedConfig, FixedPatches, LabelledPatch, fixed_patches};
pub use source::{Batch, Epoch, PatchConfig, PatchSource};
pub use split::Split;

/// A micrograph of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its file, relative to the root of the data set, `/` between folders.
    pub file: String,
    /// Its file.
    pub path: PathBuf,
    /// What it shows; `None`: not known.
    pub category: Option<String>,
    /// Micrographs of one group (specimen, session) stay in one split; `None`: on its own.
    pub group: Option<String>,
    /// The part of the data set it belongs to.
    pub split: Split,
}

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
    /// # Errors
    /// If a setting is out of range, `path` can't be read, the index is damaged, puts a group into
    /// two splits or lacks a column that is chosen by, or no micrograph is left.
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
        entries.sort_unstable_by(|one, other| one.file.cmp(&other.file));
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

    /// SHA-256 of the files' names and contents, as 64 hexadecimal digits: that of the lines which
    /// `sha256sum` prints for the files in the order of their names. A file that is not there has
    /// the word `missing` for its hash.
    ///
    /// # Errors
    /// If a file is there but the system can't give its bytes.
    pub fn digest(&self) -> Result<String, DatasetError> {
        let lines: Vec<String> = self
            .entries
            .par_iter()
            .map(|entry| match content_digest(&entry.path) {
                Ok(content) => Ok(format!("{content}  {}\n", entry.file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Ok(format!("missing  {}\n", entry.file))
                }
                Err(source) => Err(DatasetError::Io { path: entry.path.clone(), source }),
            })
            .collect::<Result<_, _>>()?;
        Ok(hexadecimal(Sha256::digest(lines.concat())))
    }

    /// The split as CSV with the columns `file,category,group,split`: an index that can be opened
    /// again.
    pub fn split_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut write =
            |cells: [&str; 4]| writer.write_record(cells).expect("memory takes rows of four cells");
        write(["file", "category", "group", "split"]);
        for entry in &self.entries {
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
            path: root.join(&row.file),
            file: row.file,
            category: row.category,
            group: row.group,
            split,
        })
        .collect()
}

fn content_digest(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    loop {
        let bytes = io::BufRead::fill_buf(&mut reader)?;
        if bytes.is_empty() {
            return Ok(hexadecimal(hash.finalize()));
        }
        hash.update(bytes);
        let n_bytes = bytes.len();
        io::BufRead::consume(&mut reader, n_bytes);
    }
}

fn hexadecimal(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
