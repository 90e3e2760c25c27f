//! What can be wrong with a data set, and what was left out of it.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// A micrograph that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// The file, relative to the data set, `/` between folders; or the name of a synthetic one.
    pub file: String,
    /// Why it was left out.
    pub reason: String,
}

/// Why a data set can't be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum DatasetError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The progress callback broke.
    #[error("cancelled")]
    Cancelled,
    /// The system could not give what `path` holds.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The system could not write `path`.
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// `path` cannot be imported.
    #[error("{}: expected a tar file (.tar, .tar.gz, .tgz), a folder of micrographs or an index CSV", path.display())]
    NotASource { path: PathBuf },
    /// The folder could not be made, or another process writes into it.
    #[error(transparent)]
    Claim(#[from] crate::output::ClaimError),
    /// `n` files of the data set are not there or not as they were written; some are named.
    #[error(
        "{}: {n} files of the data set were removed or changed: {}; import their sources again to write them again",
        path.display(),
        files.join(", ")
    )]
    Lost { path: PathBuf, n: usize, files: Vec<String> },
    /// A source lies in the folder that is imported into, or the other way round.
    #[error("cannot import {} into {}: one lies in the other", from.display(), to.display())]
    IntoItself { from: PathBuf, to: PathBuf },
    /// One source gives splits, another does not.
    #[error("{source_name}: {}, expected all sources of a data set to give a split, or none", found(*has_split))]
    MixedSplits { source_name: String, has_split: bool },
    /// The folder that is imported into has an index with a column that an import does not know.
    #[error("{}: column `{column}` would be lost by an import; remove it, or import into another folder", path.display())]
    UnknownColumn { path: PathBuf, column: String },
    /// The folder that is imported into has an index that no import has written.
    #[error("{}: {file} has no SHA-256 in column `sha256`, expected an index that an import has written", path.display())]
    NoHash { path: PathBuf, file: String },
    /// A file with other content has the name that is needed.
    #[error("{} exists with other content, and so does its alternative name", path.display())]
    NameTaken { path: PathBuf },
    /// A file could not be linked to.
    #[error("cannot link {} to {}: {source}; a copy can be made on any disk", path.display(), from.display())]
    Link { from: PathBuf, path: PathBuf, source: io::Error },
    /// `path` is neither a folder nor an index.
    #[error("{}: expected a folder of micrographs or a CSV file", path.display())]
    NotADataset { path: PathBuf },
    /// The index is not a CSV file.
    #[error("{}: {source}", path.display())]
    Csv { path: PathBuf, source: csv::Error },
    /// The index could not be read; the error names it.
    #[error(transparent)]
    IndexFile { source: micrograph::ReadError },
    /// The index is no text that is understood.
    #[error("{}: {reason}", path.display())]
    IndexText { path: PathBuf, reason: String },
    /// A column is needed that the index does not have.
    #[error("{}: column `{column}` is missing, found {found}", path.display())]
    NoColumn { path: PathBuf, column: String, found: String },
    /// A cell of the index, in line `line`, can't be used.
    #[error("{}: line {line}: `{column}` is `{found}`, expected {expected}", path.display())]
    Cell { path: PathBuf, line: u64, column: &'static str, found: String, expected: String },
    /// The index puts micrographs of one group into two splits.
    #[error("{}: group `{group}` has micrographs in {one} and in {other}, expected one split", path.display())]
    GroupCrosses { path: PathBuf, group: String, one: super::Split, other: super::Split },
    /// Rows are to be chosen by a column, but the data set has no index.
    #[error("cannot choose by column `{column}`: {} has no index.csv", path.display())]
    NoIndex { path: PathBuf, column: String },
    /// A file has the name of a synthetic micrograph.
    #[error("{}: `{file}` is the name of a synthetic micrograph too, expected another", path.display())]
    SyntheticName { path: PathBuf, file: String },
    /// No micrograph is there.
    #[error("{}: no micrographs, expected PNG, JPEG, BMP, TIFF, DM3 or DM4 files{}", path.display(), hint(*n_skipped))]
    Empty { path: PathBuf, n_skipped: usize },
    /// A split has no micrograph.
    #[error("the {split} split has no micrographs")]
    EmptySplit { split: super::Split },
    /// Not one of `n` micrographs can be used; the first is named.
    #[error("none of {n} micrographs can be used; the first is {file}: {reason}")]
    NoneUsable { n: usize, file: String, reason: String },
}

fn hint(n_skipped: usize) -> String {
    if n_skipped == 0 { String::new() } else { format!(" ({n_skipped} left out)") }
}

fn found(has_split: bool) -> &'static str {
    if has_split { "gives a split where others do not" } else { "gives no split where others do" }
}
