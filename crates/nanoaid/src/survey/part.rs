//! Part: rows in a folder, of a shard, of several, or of all.
//!
//! A folder holds `part.json`, written last, and tables named by their content. The union of parts is that of their
//! rows: in whatever order, and however often, parts are taken, it is the same. Here are no statistics.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use micrograph::regular;
use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};

use super::header::{SCHEMA_VERSION, SurveyHeader, instruction_set};
use super::input::Member;
use super::row::{Key, Row, StoredRow};
use super::store::Store;
use super::table::{self, Table};
use super::{Shard, SurveyConfig, SurveyError};
use crate::Device;
use crate::data::dataset::Skipped;
use crate::hash::sha256;
use crate::output::OutputFolder;

/// Name of the manifest.
const MANIFEST: &str = "part.json";
/// Bytes of a table, about.
const TABLE_BYTES: usize = 128 << 20;

/// What a folder holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    header: SurveyHeader,
    /// Those that rows were computed with.
    instruction_sets: BTreeSet<String>,
    /// The shards that are there; none where all micrographs are.
    shards: BTreeSet<Shard>,
    /// Whether all micrographs of the shards were read.
    complete: bool,
    tables: Vec<TableEntry>,
    skipped: Vec<SkippedEntry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableEntry {
    file: String,
    sha256: String,
    n_micrographs: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkippedEntry {
    file: String,
    sha256: String,
    reason: String,
}

/// What is read of a manifest of any version.
#[derive(Deserialize)]
struct AnyManifest {
    header: AnyHeader,
}

#[derive(Deserialize)]
struct AnyHeader {
    schema_version: u32,
}

/// Rows, and what they are of.
pub(super) struct Part {
    path: Arc<Path>,
    manifest: Manifest,
    /// What of rows takes space.
    store: Arc<Store>,
    rows: BTreeMap<Key, StoredRow>,
    skipped: BTreeMap<Key, String>,
}

/// Whether `folder` holds a part.
pub fn is_part(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
}

/// The folders of the parts that `paths` name: each itself, or those in it; `out` is none.
pub(super) fn folders(paths: &[PathBuf], out: &Path) -> Result<Vec<PathBuf>, SurveyError> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let out = real(out);
    let mut found = Vec::new();
    for path in paths {
        if is_part(path) {
            found.push(path.clone());
            continue;
        }
        let no_part = || SurveyError::NoPart { path: path.clone() };
        let entries = fs::read_dir(path).map_err(|_| no_part())?;
        let mut inside: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        inside.retain(|path| is_part(path) && (out.is_none() || real(path) != out));
        if inside.is_empty() {
            return Err(no_part());
        }
        inside.sort();
        found.append(&mut inside);
    }
    Ok(found)
}

impl Part {
    /// The part of a shard that is begun or continued in `out`.
    pub(super) fn begin(
        out: &OutputFolder,
        header: SurveyHeader,
        config: &SurveyConfig,
    ) -> Result<Self, SurveyError> {
        let own = instruction_set(header.device.parse().unwrap_or(Device::Cpu));
        let path: Arc<Path> = Arc::from(out.path());
        let store = Arc::new(Store::new(out.path())?);
        let new = Manifest {
            header,
            instruction_sets: BTreeSet::from([own.clone()]),
            shards: BTreeSet::from([config.shard]),
            complete: false,
            tables: Vec::new(),
            skipped: Vec::new(),
        };
        if !is_part(out.path()) {
            return Ok(Self { path, manifest: new, store, rows: BTreeMap::new(), skipped: BTreeMap::new() });
        }
        let mut part = Self::read_any(out.path(), &store)?;
        if let Some((what, found, expected)) = part.manifest.header.difference(&new.header, false) {
            let advice = "; choose another folder";
            return Err(SurveyError::Other { path: out.path().to_owned(), what, found, expected, advice });
        }
        if let Some(found) = part.manifest.instruction_sets.iter().find(|&found| *found != own)
            && !config.mixed
        {
            return Err(SurveyError::Mixed {
                path: out.path().to_owned(),
                found: found.clone(),
                expected: own,
            });
        }
        let mut manifest = Manifest { tables: part.manifest.tables.clone(), ..new };
        manifest.instruction_sets.append(&mut part.manifest.instruction_sets);
        Ok(Self { manifest, skipped: BTreeMap::new(), ..part })
    }

    /// The finished part in the folder `path`; what takes space goes into `store`.
    pub(super) fn read(path: &Path, store: &Arc<Store>) -> Result<Self, SurveyError> {
        let part = Self::read_any(path, store)?;
        if part.manifest.complete {
            return Ok(part);
        }
        let shard = part.manifest.shards.first().copied().unwrap_or_default().to_string();
        Err(SurveyError::Unfinished { path: path.to_owned(), shard, n_done: part.rows.len() })
    }

    fn read_any(path: &Path, store: &Arc<Store>) -> Result<Self, SurveyError> {
        let from: Arc<Path> = Arc::from(path);
        let file = path.join(MANIFEST);
        let damaged = |path: &Path, reason: String| SurveyError::Damaged { path: path.to_owned(), reason };
        let bytes = match regular::read(&file, regular::LARGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SurveyError::NoPart { path: path.to_owned() });
            }
            Err(error) => return Err(damaged(&file, error.to_string())),
        };
        let any: AnyManifest =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&file, error.to_string()))?;
        if any.header.schema_version != SCHEMA_VERSION {
            let found = any.header.schema_version;
            return Err(SurveyError::Format { path: file, found, expected: SCHEMA_VERSION });
        }
        let manifest: Manifest =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&file, error.to_string()))?;
        let n_units = manifest.header.n_units();
        let mut rows = BTreeMap::new();
        for entry in &manifest.tables {
            let path = path.join(&entry.file);
            let bytes = regular::read(&path, u64::MAX).map_err(|error| damaged(&path, error.to_string()))?;
            let found = sha256(&bytes);
            if found != entry.sha256 {
                return Err(damaged(&path, format!("SHA-256 is {found}, expected {}", entry.sha256)));
            }
            let unreadable = |error: ParquetError| damaged(&path, error.to_string());
            let mut read = BTreeMap::new();
            for table in Table::read(bytes, n_units).map_err(unreadable)? {
                for row in 0..table.n_rows() {
                    let (key, row) = table.row(row, &from).map_err(unreadable)?;
                    if read.contains_key(&key) {
                        return Err(damaged(&path, format!("{} is there twice", key.file)));
                    }
                    read.insert(key, row.stored(store)?);
                }
            }
            if read.len() != entry.n_micrographs {
                let reason = format!("{} rows, expected {}", read.len(), entry.n_micrographs);
                return Err(damaged(&path, reason));
            }
            rows.append(&mut read);
        }
        let key = |entry: &SkippedEntry| Key { sha256: entry.sha256.clone(), file: entry.file.clone() };
        let skipped = manifest.skipped.iter().map(|entry| (key(entry), entry.reason.clone())).collect();
        Ok(Self { path: from, manifest, store: Arc::clone(store), rows, skipped })
    }

    /// Keeps the rows of `members` alone, with the categories and groups these have now; returns those that have none.
    pub(super) fn keep_only(&mut self, members: &[Member]) -> Vec<Member> {
        let mut before = std::mem::take(&mut self.rows);
        let mut new = Vec::new();
        for member in members {
            let key = Key { sha256: member.sha256.clone(), file: member.file().to_owned() };
            match before.remove(&key) {
                Some(mut row) => {
                    (row.facts.category, row.facts.group) = (member.entry.category.clone(), member.group());
                    self.rows.insert(key, row);
                }
                None => new.push(member.clone()),
            }
        }
        new
    }

    /// Adds `rows`, which are kept whatever happens then.
    pub(super) fn add(&mut self, out: &OutputFolder, rows: Vec<(Key, Row)>) -> Result<(), SurveyError> {
        if !rows.is_empty() {
            let table: Vec<(&Key, &Row)> = rows.iter().map(|(key, row)| (key, row)).collect();
            let entry = self.write_table(out, &table)?;
            self.manifest.tables.push(entry);
            for (key, row) in rows {
                self.rows.insert(key, row.stored(&self.store)?);
            }
        }
        Ok(out.write_json(MANIFEST, &self.manifest)?)
    }

    /// Marks a folder that is no part yet as one that is unfinished: what a kill leaves in it may then be replaced.
    pub(super) fn announce(&self, out: &OutputFolder) -> Result<(), SurveyError> {
        if is_part(out.path()) {
            return Ok(());
        }
        let begun =
            Manifest { complete: false, tables: Vec::new(), skipped: Vec::new(), ..self.manifest.clone() };
        Ok(out.write_json(MANIFEST, &begun)?)
    }

    /// All micrographs of the shard were read but those that are `skipped`.
    pub(super) fn finish(
        mut self,
        out: &OutputFolder,
        skipped: impl IntoIterator<Item = (Key, String)>,
    ) -> Result<(), SurveyError> {
        self.skipped = skipped.into_iter().collect();
        self.manifest.complete = true;
        self.write(out)
    }

    /// Of these and `other`'s rows.
    pub(super) fn union(mut self, other: Self, mixed: bool) -> Result<Self, SurveyError> {
        let path = || other.path.to_path_buf();
        if let Some((what, found, expected)) = other.manifest.header.difference(&self.manifest.header, true) {
            let advice = if what == "data set" {
                " as the parts before; run all shards again on the same files: what they have is not read again"
            } else {
                " as the parts before; leave this part out, or make it again like the others"
            };
            return Err(SurveyError::Other { path: path(), what, found, expected, advice });
        }
        let sets = &self.manifest.instruction_sets;
        if !mixed && let Some(found) = other.manifest.instruction_sets.iter().find(|set| !sets.contains(*set))
        {
            let expected = sets.iter().cloned().collect::<Vec<_>>().join(", ");
            return Err(SurveyError::Mixed { path: path(), found: found.clone(), expected });
        }
        self.manifest.instruction_sets.extend(other.manifest.instruction_sets);
        self.manifest.shards.extend(other.manifest.shards);
        let n_units = self.manifest.header.n_units();
        for (key, stored) in other.rows {
            let Some(known) = self.rows.get(&key) else {
                self.rows.insert(key, stored);
                continue;
            };
            let (known, row) = (known.whole(&self.store, n_units)?, stored.whole(&other.store, n_units)?);
            let Some((what, one, other)) = known.difference(&row) else { continue };
            if !mixed {
                let paths = Box::new([known.facts.from.to_path_buf(), row.facts.from.to_path_buf()]);
                let advice = "make both shards again on one kind of machine";
                let file = key.file;
                return Err(SurveyError::Contradiction { file, paths, what, one, other, advice });
            }
            // of two that rounding may distinguish always the same one
            if order(&row) < order(&known) {
                self.rows.insert(key, stored);
            }
        }
        for (key, reason) in other.skipped {
            let least = self.skipped.entry(key).or_insert_with(|| reason.clone());
            if reason < *least {
                *least = reason;
            }
        }
        // what one machine could read is read
        let rows = &self.rows;
        self.skipped.retain(|key, _| !rows.contains_key(key));
        Ok(self)
    }

    /// Refuses rows of several instruction sets unless `mixed`.
    pub(super) fn check_mixed(&self, mixed: bool) -> Result<(), SurveyError> {
        let mut sets = self.manifest.instruction_sets.iter();
        match (sets.next(), sets.next()) {
            (Some(expected), Some(found)) if !mixed => Err(SurveyError::Mixed {
                path: self.path.to_path_buf(),
                found: found.clone(),
                expected: expected.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Micrographs that are there, those that could not be read among them.
    pub(super) fn n_members(&self) -> usize {
        self.rows.len() + self.skipped.len()
    }

    /// Micrographs of the data set that are not.
    pub(super) fn n_missing(&self) -> usize {
        self.manifest.header.n_micrographs.saturating_sub(self.n_members())
    }

    /// Which shards are missing.
    pub(super) fn incomplete(&self) -> SurveyError {
        let shards = &self.manifest.shards;
        let of: BTreeSet<u32> = shards.iter().map(|shard| shard.of()).collect();
        let missing = match of.first() {
            Some(&of) if shards.iter().all(|shard| shard.of() == of) => {
                let all = (1..=of).filter_map(|index| Shard::new(index, of).ok());
                let missing: Vec<String> =
                    all.filter(|shard| !shards.contains(shard)).map(|shard| shard.to_string()).collect();
                match &missing[..] {
                    [] => "all shards are there, but not all of their micrographs".to_owned(),
                    [one] => format!("shard {one} is missing"),
                    few if few.len() <= 12 => format!("shards {} are missing", few.join(", ")),
                    many => format!("{} shards are missing, the first is {}", many.len(), many[0]),
                }
            }
            _ => {
                let there: Vec<String> = shards.iter().map(ToString::to_string).collect();
                format!("of shards {}", there.join(", "))
            }
        };
        let (found, expected) = (self.n_members(), self.manifest.header.n_micrographs);
        SurveyError::Incomplete { found, expected, missing }
    }

    /// The same, as the part of all micrographs: which shards they came from no longer matters.
    pub(super) fn whole(mut self) -> Self {
        self.manifest.shards.clear();
        self
    }

    pub(super) fn header(&self) -> &SurveyHeader {
        &self.manifest.header
    }

    pub(super) fn shards(&self) -> &BTreeSet<Shard> {
        &self.manifest.shards
    }

    pub(super) fn instruction_sets(&self) -> &BTreeSet<String> {
        &self.manifest.instruction_sets
    }

    pub(super) fn rows(&self) -> &BTreeMap<Key, StoredRow> {
        &self.rows
    }

    /// Where what takes space of its rows is.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// What could not be read, in the order of the names.
    pub(super) fn skipped(&self) -> Vec<Skipped> {
        let skipped =
            |(key, reason): (&Key, &String)| Skipped { file: key.file.clone(), reason: reason.clone() };
        let mut skipped: Vec<Skipped> = self.skipped.iter().map(skipped).collect();
        skipped.sort_unstable();
        skipped
    }

    /// Writes it to `out`: its rows in few large tables, the manifest, and nothing else of an earlier part.
    pub(super) fn write(mut self, out: &OutputFolder) -> Result<(), SurveyError> {
        let n_units = self.manifest.header.n_units();
        let stored: Vec<(&Key, &StoredRow)> = self.rows.iter().collect();
        let bytes_of_row = 4096 + 16 * n_units + 256;
        let mut tables = Vec::new();
        for few in stored.chunks((TABLE_BYTES / bytes_of_row).max(1)) {
            let rows = few.iter().map(|(key, row)| Ok((*key, row.whole(&self.store, n_units)?)));
            let rows: Vec<(&Key, Row)> = rows.collect::<Result<_, SurveyError>>()?;
            let rows: Vec<(&Key, &Row)> = rows.iter().map(|(key, row)| (*key, row)).collect();
            tables.push(self.write_table(out, &rows)?);
        }
        self.manifest.tables = tables;
        let entry = |(key, reason): (&Key, &String)| SkippedEntry {
            file: key.file.clone(),
            sha256: key.sha256.clone(),
            reason: reason.clone(),
        };
        self.manifest.skipped = self.skipped.iter().map(entry).collect();
        out.write_json(MANIFEST, &self.manifest)?;
        let named: BTreeSet<&str> = self.manifest.tables.iter().map(|table| table.file.as_str()).collect();
        for entry in fs::read_dir(out.path()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| is_table(name)) else { continue };
            if !named.contains(name) {
                // one that stays is not named, and does not count
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn write_table(&self, out: &OutputFolder, rows: &[(&Key, &Row)]) -> Result<TableEntry, SurveyError> {
        let bytes = table::bytes(rows, self.manifest.header.n_units()).map_err(|error| {
            SurveyError::Damaged { path: out.path().to_owned(), reason: error.to_string() }
        })?;
        let hash = sha256(&bytes);
        let file = format!("rows-{}.parquet", &hash[..16]);
        out.write(&file, &bytes)?;
        Ok(TableEntry { file, sha256: hash, n_micrographs: rows.len() })
    }
}

/// An order of rows of one micrograph: by the bits of their activations.
fn order(row: &Row) -> Vec<(u32, u32, u32, u32)> {
    row.peaks.iter().map(|peak| (peak.value.to_bits(), peak.y, peak.x, peak.mean.to_bits())).collect()
}

/// Whether `name` is that of a table of rows.
fn is_table(name: &str) -> bool {
    let hash = name.strip_prefix("rows-").and_then(|name| name.strip_suffix(".parquet"));
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
