//! Store: the folder that is imported into, with its index and its hashes.
//!
//! A file is complete before it has its name, and its name follows from where it came from and what it
//! holds; so files that an interrupted import left are found again and taken over. Index and hashes
//! are written last, and only if something is new.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use micrograph::file::write_whole;
use rayon::prelude::*;

use super::super::{DatasetError, index};
use super::name;
use crate::hash::{is_sha256, sha256_of_file};
use crate::output::Claim;

/// Name of the index.
const INDEX: &str = "index.csv";
/// Name of the list of hashes, in the form of `sha256sum`.
const HASHES: &str = "SHA256SUMS";
/// What a row has in a column.
type CellOf = fn(&index::Row) -> Option<String>;
/// Columns of an index that an import writes, with their cells.
const COLUMNS: [(&str, CellOf); 7] = [
    ("file", |row| Some(row.file.clone())),
    ("category", |row| row.category.clone()),
    ("group", |row| row.group.clone()),
    ("split", |row| row.split.map(|split| split.to_string())),
    ("sha256", |row| row.sha256.clone()),
    ("source", |row| row.source.clone()),
    ("licence", |row| row.licence.clone()),
];
/// Those of them that are written only where a row has something in them; a split is given for all
/// rows or for none.
const OPTIONAL: [&str; 2] = ["split", "licence"];
/// Files that an error names.
const MOST_NAMED: usize = 5;
/// Hexadecimal digits of its content in a name that another content has already.
const MARK_DIGITS: usize = 12;

/// The folder that is imported into.
pub(super) struct Store {
    root: PathBuf,
    rows: Vec<index::Row>,
    /// Places among `rows` by content.
    by_content: BTreeMap<String, usize>,
    /// Contents by file name, in lower case, since some systems don't distinguish the cases.
    by_name: BTreeMap<String, String>,
    /// Places among `rows` from which on they are new.
    first_new: usize,
    claim: Claim,
    /// Folders below that were claimed, so that what a kill left in them is removed once.
    claimed: BTreeMap<PathBuf, Claim>,
}

impl Store {
    /// Opens the folder `root`, or makes it.
    pub(super) fn open(root: &Path) -> Result<Self, DatasetError> {
        let claim = Claim::of(root)?;
        let path = root.join(INDEX);
        let rows = if path.is_file() { read_back(&path)? } else { Vec::new() };
        let mut store = Self {
            root: root.to_owned(),
            rows: Vec::new(),
            by_content: BTreeMap::new(),
            by_name: BTreeMap::new(),
            first_new: rows.len(),
            claim,
            claimed: BTreeMap::new(),
        };
        // a kill leaves files half written in the folders of categories, too
        let folders: BTreeSet<PathBuf> = rows
            .iter()
            .filter_map(|row| Some(root.join(Path::new(&row.file).parent()?)))
            .filter(|folder| folder != root && folder.is_dir())
            .collect();
        for folder in folders {
            store.claimed.insert(folder.clone(), store.claim.inner(&folder)?);
        }
        rows.into_iter().for_each(|row| store.remember(row));
        Ok(store)
    }

    /// The row whose file holds the content with this hash.
    pub(super) fn with_content(&self, sha256: &str) -> Option<&index::Row> {
        self.by_content.get(sha256).map(|&place| &self.rows[place])
    }

    /// Whether the file of `row` is in its place as the index says.
    pub(super) fn is_whole(&self, row: &index::Row) -> bool {
        let found = sha256_of_file(&self.root.join(&row.file));
        found.is_ok_and(|found| row.sha256.as_ref() == Some(&found))
    }

    /// Number of files of each category, in order.
    pub(super) fn categories(&self) -> Vec<(Option<String>, usize)> {
        let mut counts = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(row.category.clone()).or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }

    /// Whether the rows give a split; `None` without rows.
    pub(super) fn gives_split(&self) -> Option<bool> {
        self.rows.first().map(|row| row.split.is_some())
    }

    /// Where a file called `name` with the content `sha256` goes, and whether it is there already,
    /// left by an import that was interrupted.
    pub(super) fn place(
        &self,
        category: Option<&str>,
        name: &str,
        sha256: &str,
    ) -> Result<(String, bool), DatasetError> {
        let in_category = |name: String| {
            category.map_or(name.clone(), |category| format!("{}/{name}", name::plain(category)))
        };
        let plain = name::plain(name);
        let candidates = [plain.clone(), name::marked(&plain, &sha256[..MARK_DIGITS])].map(in_category);
        for file in candidates {
            if self.by_name.contains_key(&file.to_lowercase()) || file == INDEX || file == HASHES {
                continue;
            }
            let path = self.root.join(&file);
            if !path.exists() {
                return Ok((file, false));
            }
            let found =
                sha256_of_file(&path).map_err(|source| DatasetError::Io { path: path.clone(), source })?;
            if found == sha256 {
                return Ok((file, true));
            }
        }
        Err(DatasetError::NameTaken { path: self.root.join(in_category(plain)) })
    }

    /// Path of a file of the store, its folder made.
    pub(super) fn path(&mut self, file: &str) -> Result<PathBuf, DatasetError> {
        let path = self.root.join(file);
        let folder = path.parent().unwrap_or(&self.root);
        if folder != self.root && (!self.claimed.contains_key(folder) || !folder.is_dir()) {
            self.claimed.insert(folder.to_owned(), self.claim.inner(folder)?);
        }
        Ok(path)
    }

    /// Adds the row of a file that is in its place.
    pub(super) fn add(&mut self, row: index::Row) {
        self.remember(row);
    }

    /// Writes index and hashes if something is new or one of them is not there.
    ///
    /// # Errors
    /// If a file that was added is no longer as it was written, or one that was there is gone.
    pub(super) fn finish(mut self) -> Result<(), DatasetError> {
        let (index, hashes) = (self.root.join(INDEX), self.root.join(HASHES));
        let (before, new) = self.rows.split_at(self.first_new);
        let n_new = new.len();
        let lost: Vec<String> = new
            .par_iter()
            .filter(|row| !self.is_whole(row))
            .chain(before.par_iter().filter(|row| !self.root.join(&row.file).is_file()))
            .map(|row| row.file.clone())
            .collect();
        if self.rows.is_empty() || (n_new == 0 && index.is_file() && hashes.is_file()) {
            return lost_none(&self.root, lost);
        }
        self.rows.sort_by(|one, other| one.file.cmp(&other.file));
        let lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| format!("{}  {}\n", row.sha256.as_deref().unwrap_or_default(), row.file))
            .collect();
        let write = |path: PathBuf, text: &str| {
            write_whole(&path, text.as_bytes())
                .map_err(|error| DatasetError::Write { path: error.path, source: error.source })
        };
        write(hashes, &lines.concat())?;
        if n_new > 0 || !index.is_file() {
            write(index, &csv_of(&self.rows))?;
        }
        // after the index: importing again finds by it what has to be written again
        lost_none(&self.root, lost)
    }

    fn remember(&mut self, row: index::Row) {
        let sha256 = row.sha256.clone().unwrap_or_default();
        self.by_name.insert(row.file.to_lowercase(), sha256.clone());
        self.by_content.entry(sha256).or_insert(self.rows.len());
        self.rows.push(row);
    }
}

/// An error that names files which are no longer there.
fn lost_none(root: &Path, mut files: Vec<String>) -> Result<(), DatasetError> {
    let n = files.len();
    if n == 0 {
        return Ok(());
    }
    files.truncate(MOST_NAMED);
    Err(DatasetError::Lost { path: root.to_owned(), n, files })
}

/// The rows of an index that an import has written; edited, as long as nothing would be lost.
fn read_back(path: &Path) -> Result<Vec<index::Row>, DatasetError> {
    let csv_error = |source| DatasetError::Csv { path: path.to_owned(), source };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_path(path).map_err(csv_error)?;
    let header = reader.headers().map_err(csv_error)?;
    if let Some(column) = header.iter().find(|&title| COLUMNS.iter().all(|(name, _)| *name != title)) {
        return Err(DatasetError::UnknownColumn { path: path.to_owned(), column: column.to_owned() });
    }
    let rows = index::rows(path, &[])?;
    if let Some(row) = rows.iter().find(|row| row.sha256.as_ref().is_none_or(|hash| !is_sha256(hash))) {
        return Err(DatasetError::NoHash { path: path.to_owned(), file: row.file.clone() });
    }
    Ok(rows)
}

fn csv_of(rows: &[index::Row]) -> String {
    let needed = |name, cell: CellOf| !OPTIONAL.contains(&name) || rows.iter().any(|row| cell(row).is_some());
    let columns: Vec<_> = COLUMNS.into_iter().filter(|&(name, cell)| needed(name, cell)).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |cells: Vec<String>| writer.write_record(cells).expect("memory takes rows of one length");
    write(columns.iter().map(|(name, _)| (*name).to_owned()).collect());
    for row in rows {
        write(columns.iter().map(|(_, cell)| cell(row).unwrap_or_default()).collect());
    }
    let bytes = writer.into_inner().expect("memory can be flushed");
    String::from_utf8(bytes).expect("the cells are UTF-8")
}
