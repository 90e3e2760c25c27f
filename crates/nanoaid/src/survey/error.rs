//! Why there is no survey.

use std::io;
use std::path::PathBuf;

use crate::ConfigError;
use crate::data::dataset::DatasetError;
use crate::interpret::differential::DifferentialError;
use crate::interpret::exemplar::ExemplarError;
use crate::interpret::unit_values::UnitValuesError;
use crate::output::OutputError;

/// Why there is no survey.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum SurveyError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A layer cannot be read.
    #[error(transparent)]
    Exemplar(#[from] ExemplarError),
    /// The data set cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Classes cannot be compared.
    #[error(transparent)]
    Differential(#[from] DifferentialError),
    /// A value is no number.
    #[error(transparent)]
    Values(#[from] UnitValuesError),
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A list of micrographs is not as expected.
    #[error("{}: {reason}", path.display())]
    List { path: PathBuf, reason: String },
    /// `path` holds no part.
    #[error(
        "{}: no part of a survey: found no part.json in it or in its folders; expected a folder that `nanoaid survey --shard` has written",
        path.display()
    )]
    NoPart { path: PathBuf },
    /// Nothing to merge.
    #[error("no parts to merge, expected at least 1")]
    NoParts,
    /// `path` is damaged.
    #[error("{}: {reason}; remove its folder and make the shard again", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// `path` has another format.
    #[error("{}: a part of format {found}, expected {expected}; make the shard again with this program", path.display())]
    Format { path: PathBuf, found: u32, expected: u32 },
    /// `path` holds the part of something else.
    #[error("{}: made with {what} {found}, expected {expected}{advice}", path.display())]
    Other { path: PathBuf, what: &'static str, found: String, expected: String, advice: &'static str },
    /// A shard was not finished.
    #[error(
        "{}: shard {shard} is unfinished, found {n_done} micrographs of it; run its command again, which continues",
        path.display()
    )]
    Unfinished { path: PathBuf, shard: String, n_done: usize },
    /// Shards are missing.
    #[error(
        "found {found} of {expected} micrographs: {missing}; make what is missing and merge again, or merge with --partial"
    )]
    Incomplete { found: usize, expected: usize, missing: String },
    /// Parts of different instruction sets.
    #[error(
        "{}: made with instruction set {found}, expected {expected}, whose last digits differ; set NANOAID_KERNELS to one that all machines have (avx2 or portable) and make the shard again, or accept it with --mixed",
        path.display()
    )]
    Mixed { path: PathBuf, found: String, expected: String },
    /// Two parts differ in a micrograph.
    #[error("{file}: {} and {} differ in {what}: {one} and {other}; {advice}", paths[0].display(), paths[1].display())]
    Contradiction {
        file: String,
        paths: Box<[PathBuf; 2]>,
        what: String,
        one: String,
        other: String,
        advice: &'static str,
    },
    /// Rows could not be kept in a file of `folder`, or read back.
    #[error(
        "{}: cannot keep rows there while they are merged: {source}; it needs about 9 kB for each row, and 20 bytes for each of its units, of free space",
        folder.display()
    )]
    Store { folder: PathBuf, source: io::Error },
    /// No micrograph could be read.
    #[error("no micrograph could be read: {n_skipped} were skipped, the first is {first}")]
    NoMicrograph { n_skipped: usize, first: String },
    /// The work was ended from outside.
    #[error("cancelled: finished micrographs are kept")]
    Cancelled,
}
