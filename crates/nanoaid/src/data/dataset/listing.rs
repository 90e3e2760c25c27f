//! Listing: the micrographs that a folder or an index names, before they have a split.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::category::{self, Notice};
use super::duplicates::{self, NearPair};
use super::fingerprint::Fingerprint;
use super::folder::{self, Files};
use super::split::{self, Member, Shares};
use super::{Dataset, DatasetConfig, DatasetError, Entry, Origin, Skipped, Split, index, synthetic};
use crate::data::prepare::{self, PrepareConfig};

/// What a data set is made of.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    /// The folder that files are relative to.
    pub(super) root: PathBuf,
    /// The index, whether it is there or not.
    pub(super) index: PathBuf,
    /// The micrographs; at least one.
    pub(super) rows: Vec<index::Row>,
    /// Files left out.
    pub(super) skipped: Vec<Skipped>,
    /// What to know about how they were listed.
    pub(super) notices: Vec<Notice>,
}

impl Listing {
    /// Lists the micrographs of `path`, see [`Dataset::open`].
    pub(super) fn of(path: &Path, config: &DatasetConfig) -> Result<Self, DatasetError> {
        let metadata =
            path.metadata().map_err(|source| DatasetError::Io { path: path.to_owned(), source })?;
        let index = if metadata.is_file() { path.to_owned() } else { path.join("index.csv") };
        let (root, mut rows, skipped, empty): (PathBuf, Vec<index::Row>, _, _) =
            if metadata.is_file() && !is_csv(path) {
                return Err(DatasetError::NotADataset { path: path.to_owned() });
            } else if index.is_file() {
                let root = index.parent().unwrap_or(Path::new("")).to_owned();
                (root, index::rows(&index, &config.only)?, Vec::new(), Vec::new())
            } else if let Some(only) = config.only.first() {
                return Err(DatasetError::NoIndex { path: path.to_owned(), column: only.column.clone() });
            } else {
                let Files { files, skipped, empty } = folder::files(path)?;
                (path.to_owned(), files.into_iter().map(row_of_file).collect(), skipped, empty)
            };
        if rows.is_empty() {
            return Err(DatasetError::Empty { path: path.to_owned(), n_skipped: skipped.len() });
        }
        let mut notices = category::unify(rows.iter_mut().map(|row| &mut row.category));
        // where no folder is a category, one without images is none either
        if rows.iter().any(|row| row.category.is_some()) {
            notices.extend(empty.into_iter().map(|folder| Notice::EmptyFolder { folder }));
        }
        Ok(Self { root, index, rows, skipped, notices })
    }

    /// Whether the index gives a split; either for all rows or for no row.
    pub(super) fn tells_split(&self) -> bool {
        self.rows[0].split.is_some()
    }

    /// The rows whose split is not settled: all, or those of train where there is no validation.
    pub(super) fn open_rows(&self) -> Vec<usize> {
        if self.rows.iter().any(|row| row.split == Some(Split::Validation)) {
            return Vec::new();
        }
        let open = |&row_idx: &usize| self.rows[row_idx].split.is_none_or(|split| split == Split::Train);
        (0..self.rows.len()).filter(open).collect()
    }

    /// Finds the near-duplicates among the open rows and joins their groups.
    pub(super) fn group_near_duplicates(&mut self, prepare: &PrepareConfig) {
        let open = self.open_rows();
        let fingerprint = |&row_idx: &usize| {
            let path = self.root.join(&self.rows[row_idx].file);
            prepare::file(&path, prepare).ok().map(|prepared| Fingerprint::of(&prepared.plane))
        };
        let prints: Vec<Option<Fingerprint>> = open.par_iter().map(fingerprint).collect();
        let mut pairs = duplicates::near_pairs(&prints);
        for pair in &mut pairs {
            (pair.one, pair.other) = (open[pair.one], open[pair.other]);
        }
        self.join(pairs.iter().map(|&NearPair { one, other, .. }| (one, other)));
    }

    /// Makes one group of those that `links` connect, with the groups they were in. It has the name
    /// of the first of these, or else that of its first file, under which the split places it where
    /// that file would be by itself.
    pub(super) fn join(&mut self, links: impl IntoIterator<Item = (usize, usize)>) {
        let mut first_of_group = std::collections::BTreeMap::new();
        let mut all: Vec<(usize, usize)> = links.into_iter().collect();
        for (row_idx, row) in self.rows.iter().enumerate() {
            if let Some(group) = &row.group {
                all.push((*first_of_group.entry(group.clone()).or_insert(row_idx), row_idx));
            }
        }
        let firsts = duplicates::firsts(self.rows.len(), all);
        let mut names = std::collections::BTreeMap::new();
        for (row_idx, &first) in firsts.iter().enumerate() {
            let joined = row_idx != first;
            let name = names.entry(first).or_insert((None, false));
            name.0 = name.0.take().or(self.rows[row_idx].group.clone());
            name.1 |= joined;
        }
        for (row_idx, first) in firsts.into_iter().enumerate() {
            let (name, joined) = &names[&first];
            if *joined {
                let name = name.clone().unwrap_or_else(|| self.rows[first].file.clone());
                self.rows[row_idx].group = Some(name);
            }
        }
    }

    /// The rows with their splits, as they say or else drawn, and the synthetic micrographs.
    pub(super) fn dataset(self, config: DatasetConfig) -> Result<Dataset, DatasetError> {
        let splits = self.splits(&config);
        let Self { root, index, rows, skipped, notices } = self;
        let mut entries: Vec<Entry> = rows
            .into_iter()
            .zip(splits)
            .map(|(row, split)| Entry {
                origin: Origin::File(root.join(&row.file)),
                file: row.file,
                category: row.category,
                group: row.group,
                split,
            })
            .collect();
        entries.extend(synthetic::entries(config.synthetic, config.seed));
        entries.extend(synthetic::entries_of_categories(config.synthetic_per_category, config.seed));
        entries.sort_by(|one, other| one.file.cmp(&other.file));
        synthetic::check_names(&entries, &index)?;
        Ok(Dataset { root, entries, skipped, notices, config })
    }

    /// The split of each row: as it says, or else drawn.
    pub(super) fn splits(&self, config: &DatasetConfig) -> Vec<Split> {
        let open = self.open_rows();
        let members: Vec<Member<'_>> = open
            .iter()
            .map(|&row_idx| {
                let row = &self.rows[row_idx];
                Member { file: &row.file, category: row.category.as_deref(), group: row.group.as_deref() }
            })
            .collect();
        let shares = Shares {
            validation: config.validation_share,
            test: if self.tells_split() { 0.0 } else { config.test_share },
            seed: config.seed,
        };
        let drawn = split::drawn(&members, &shares);
        let mut splits: Vec<Split> = self.rows.iter().map(|row| row.split.unwrap_or(Split::Train)).collect();
        for (row_idx, split) in open.into_iter().zip(drawn) {
            splits[row_idx] = split;
        }
        splits
    }
}

fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

fn row_of_file(file: String) -> index::Row {
    let category = file.split_once('/').map(|(folder, _)| folder.to_owned());
    index::Row { file, category, ..index::Row::default() }
}
