//! Input: the micrographs of a survey with their contents, from a data set or a list of files.
//!
//! Which shard a micrograph belongs to depends on its content, which each machine would have to read whole for all
//! micrographs. A list with a column `sha256` spares that: [`SurveyInput::list_csv`] writes one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Shard, SurveyError};
use crate::data::dataset::{Dataset, DatasetConfig, Entry, Notice, Origin, Skipped, Split, index_rows};
use crate::data::prepare::PrepareConfig;
use crate::hash::{is_sha256, sha256};
use crate::output::csv_text;

/// The micrographs of a survey.
#[derive(Clone, Debug)]
pub struct SurveyInput {
    /// In the order of content and name.
    members: Vec<Member>,
    prepare: PrepareConfig,
    /// Files left out when the list was made.
    pub skipped: Vec<Skipped>,
    /// What to know about how the list was made.
    pub notices: Vec<Notice>,
}

/// A micrograph and its content.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// SHA-256 of its content; of its name where the file is not there.
    pub(super) sha256: String,
    pub(super) entry: Entry,
}

impl Member {
    pub(super) fn file(&self) -> &str {
        &self.entry.file
    }

    pub(super) fn group(&self) -> String {
        self.entry.group.clone().unwrap_or_else(|| self.entry.file.clone())
    }
}

impl SurveyInput {
    /// The micrographs of `path`: a folder or an index as [`Dataset::open`] takes. With `root`, `path` is an index
    /// whose files are below `root`. An index with a column `sha256` in every row is believed for the choice of the
    /// shard, and checked where a micrograph is read; else all files are read for it.
    ///
    /// # Errors
    /// If the data set cannot be opened or read, or two rows of it are one file.
    pub fn open(path: &Path, root: Option<&Path>, config: &DatasetConfig) -> Result<Self, SurveyError> {
        let mut dataset = Dataset::open(path, config)?;
        if let Some(root) = root {
            for entry in &mut dataset.entries {
                if let Origin::File(file) = &mut entry.origin {
                    *file = root.join(&entry.file);
                }
            }
            dataset.root = root.to_owned();
        }
        let index = if path.is_dir() { path.join("index.csv") } else { path.to_owned() };
        let mut known = std::collections::BTreeMap::new();
        if index.is_file() {
            for row in index_rows(&index, &config.only)? {
                if let Some(sha256) = row.sha256.filter(|sha256| is_sha256(sha256)) {
                    known.insert(row.file, sha256);
                }
            }
        }
        let all_known = dataset.entries.iter().all(|entry| known.contains_key(&entry.file));
        let contents = if all_known {
            dataset.entries.iter().map(|entry| known.get(&entry.file).cloned()).collect()
        } else {
            dataset.contents()?
        };
        let prepare = dataset.prepare_config();
        let Dataset { entries, skipped, notices, .. } = dataset;
        Ok(Self { skipped, notices, ..Self::of(entries, contents, prepare) })
    }

    /// The files `files`, named by their paths relative to `root`; without categories.
    ///
    /// # Errors
    /// If there is no file, one is not below `root` or is there twice, or the system cannot give one's bytes.
    pub fn of_files(files: &[PathBuf], root: &Path, config: &DatasetConfig) -> Result<Self, SurveyError> {
        let mut entries = Vec::new();
        let mut names = BTreeSet::new();
        for path in files {
            let refused = |reason: &str| SurveyError::List { path: path.clone(), reason: reason.to_owned() };
            let inside = path.strip_prefix(root).map_err(|_| refused("expected a file below the root"))?;
            let parts: Vec<String> =
                inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            let file = parts.join("/");
            if !names.insert(file.clone()) {
                return Err(refused("named twice, expected each file once"));
            }
            let origin = Origin::File(path.clone());
            entries.push(Entry { file, origin, category: None, group: None, split: Split::Train });
        }
        if entries.is_empty() {
            let reason = "no files, expected at least 1".to_owned();
            return Err(SurveyError::List { path: root.to_owned(), reason });
        }
        let dataset = Dataset {
            root: root.to_owned(),
            entries,
            skipped: Vec::new(),
            notices: Vec::new(),
            config: config.clone().checked()?,
        };
        let contents = dataset.contents()?;
        let prepare = dataset.prepare_config();
        Ok(Self::of(dataset.entries, contents, prepare))
    }

    fn of(entries: Vec<Entry>, contents: Vec<Option<String>>, prepare: PrepareConfig) -> Self {
        let member = |(entry, content): (Entry, Option<String>)| Member {
            sha256: content.unwrap_or_else(|| sha256(&entry.file)),
            entry,
        };
        let mut members: Vec<Member> = entries.into_iter().zip(contents).map(member).collect();
        members.sort_by(|a, b| (&a.sha256, a.file()).cmp(&(&b.sha256, b.file())));
        Self { members, prepare, skipped: Vec::new(), notices: Vec::new() }
    }

    /// Number of micrographs, those that cannot be read among them.
    pub fn n_micrographs(&self) -> usize {
        self.members.len()
    }

    /// Micrographs of a shard.
    pub fn n_of_shard(&self, shard: Shard) -> usize {
        self.members.iter().filter(|member| shard.holds(&member.sha256)).count()
    }

    /// A list of the files with their contents, which [`Self::open`] takes: `file,sha256,category,group`.
    pub fn list_csv(&self) -> String {
        let mut members: Vec<&Member> = self.members.iter().collect();
        members.retain(|member| matches!(member.entry.origin, Origin::File(_)));
        members.sort_by_key(|member| member.file());
        let rows = members.iter().map(|member| {
            let [category, group] = [&member.entry.category, &member.entry.group];
            let [category, group] = [category, group].map(|text| text.clone().unwrap_or_default());
            vec![member.entry.file.clone(), member.sha256.clone(), category, group]
        });
        csv_text(&["file", "sha256", "category", "group"], rows)
    }

    pub(super) fn prepare(&self) -> &PrepareConfig {
        &self.prepare
    }

    /// SHA-256 of contents, names, categories and groups of all micrographs.
    pub(super) fn data_sha256(&self) -> Result<String, SurveyError> {
        let mut text = String::new();
        for member in &self.members {
            let facts = (&member.sha256, member.file(), &member.entry.category, member.group());
            text += &serde_json::to_string(&facts).map_err(crate::output::OutputError::from)?;
            text.push('\n');
        }
        Ok(sha256(text))
    }

    pub(super) fn of_shard(&self, shard: Shard) -> Result<Vec<Member>, SurveyError> {
        Ok(self.members.iter().filter(|member| shard.holds(&member.sha256)).cloned().collect())
    }
}
