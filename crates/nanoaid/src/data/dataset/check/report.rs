//! Report: what a check found, for text and JSON alike.

use std::fmt;

use serde::Serialize;

use super::super::category::Notice;
use super::super::duplicates::NearPair;
use super::super::{Skipped, Split, index};

/// Version of the report's form.
pub const SCHEMA_VERSION: u32 = 1;

/// What a check found. Lists are in the order of files unless it is said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// Version of this form.
    pub schema_version: u32,
    /// Micrographs that the folder or index names.
    pub n_micrographs: usize,
    /// Whether the index gives the split; else it is the drawn one.
    pub split_told: bool,
    /// Number of groups: those of the index, and those that near-duplicates were joined to.
    pub n_groups: usize,
    /// Each category, in order; those without one first.
    pub categories: Vec<CategoryCheck>,
    /// Sizes of the files, the commonest first.
    pub sizes: Vec<SizeCount>,
    /// Files that hold the same bytes: the first, and each other one.
    pub same_content: Vec<[String; 2]>,
    /// Pairs that show the same place; of files that hold the same bytes only the first is among
    /// them.
    pub near_duplicates: Vec<Pair>,
    /// Pairs that are less alike than near-duplicates: for inspection only.
    pub alike: Vec<Pair>,
    /// Files that were left out when the list was made.
    pub skipped: Vec<Skipped>,
    /// What makes results wrong.
    pub problems: Vec<Problem>,
    /// What should be checked.
    pub warnings: Vec<CheckWarning>,
}

/// One category of a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CategoryCheck {
    /// Its name; `None`: micrographs without one.
    pub category: Option<String>,
    /// Micrographs for training.
    pub n_train: usize,
    /// Micrographs to choose by.
    pub n_validation: usize,
    /// Micrographs to measure on.
    pub n_test: usize,
    /// Micrographs that can be read; what follows is counted among them.
    pub n_readable: usize,
    /// Micrographs with a data bar.
    pub n_data_bar: usize,
    /// Micrographs with a calibration.
    pub n_calibrated: usize,
}

impl CategoryCheck {
    /// All its micrographs.
    pub fn n(&self) -> usize {
        self.n_train + self.n_validation + self.n_test
    }

    /// Share of `n` among those that can be read; `None` if none can.
    pub fn share(&self, n: usize) -> Option<f64> {
        (self.n_readable > 0).then(|| n as f64 / self.n_readable as f64)
    }
}

/// Number of files of one size, data bar included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SizeCount {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// Files.
    pub n: usize,
}

/// Two micrographs that show the same place, or are alike.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The two.
    pub files: [String; 2],
    /// Bits of 64 in which their hashes differ.
    pub bits: u32,
    /// How well the aligned thumbnails agree, at most 1.
    pub agreement: f64,
    /// How the second has to be laid to look like the first, in words.
    pub laid: &'static str,
    /// The same as a number from 0 to 7.
    pub position: usize,
}

/// The eight positions, in the order of [`Pair::position`].
const POSITIONS: [&str; 8] = [
    "as it is",
    "mirrored left to right",
    "mirrored top to bottom",
    "turned by 180°",
    "mirrored at a diagonal",
    "turned by 90° anticlockwise",
    "turned by 90° clockwise",
    "mirrored at the other diagonal",
];

impl Pair {
    pub(super) fn new(rows: &[index::Row], pair: &NearPair) -> Self {
        Self {
            files: [pair.one, pair.other].map(|row_idx| rows[row_idx].file.clone()),
            bits: pair.bits,
            // digits that a reader can use, and the same on every machine
            agreement: (pair.agreement * 1000.0).round() / 1000.0,
            laid: POSITIONS[pair.position],
            position: pair.position,
        }
    }
}

/// Something that makes results wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum Problem {
    /// A file cannot be read, or has no contrast.
    Unreadable(Skipped),
    /// `file` does not have the hash that the index gives.
    Changed { file: String },
    /// Two `files` hold the same bytes and have different `categories`.
    TwoCategories { files: [String; 2], categories: [String; 2] },
    /// Training data are used for testing, too.
    Leak(Leak),
}

/// Two files that are in two splits and should be in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// What they have in common.
    #[serde(flatten)]
    pub kind: LeakKind,
    /// The two.
    pub files: [String; 2],
    /// Their splits.
    pub splits: [Split; 2],
}

/// What two files have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "common")]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum LeakKind {
    /// Their bytes.
    SameContent,
    /// The place they show.
    NearDuplicate,
    /// The group `group` of the index.
    SameGroup { group: String },
}

/// Something to be checked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum CheckWarning {
    /// The category `category` was spelled in several ways, which count as one.
    Spellings { category: String, spellings: Vec<String> },
    /// `folder`, which would be a category, has no images.
    EmptyFolder { folder: String },
    /// Near-duplicates have different categories.
    NearDuplicatesInTwoCategories { files: [String; 2] },
    /// A category has `n` micrographs, below `least`.
    TooFew { category: String, n: usize, least: usize },
    /// A category has no micrograph in `split`, though others have.
    NoneInSplit { category: String, split: Split },
    /// The share of micrographs with a data bar differs between categories, from `least` to `most`:
    /// a network that sees the bar can use it.
    DataBarShares { least: (String, f64), most: (String, f64) },
    /// The same of micrographs with a calibration.
    CalibrationShares { least: (String, f64), most: (String, f64) },
    /// `by_size` is the share of micrographs whose category is that of most others of their size,
    /// `commonest` the share of the commonest category: size alone predicts the category better than guessing.
    SizeTellsCategory { by_size: f64, commonest: f64 },
}

impl From<Notice> for CheckWarning {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Spellings { category, spellings } => Self::Spellings { category, spellings },
            Notice::EmptyFolder { folder } => Self::EmptyFolder { folder },
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(Skipped { file, reason }) => write!(formatter, "unreadable: {file}: {reason}"),
            Self::Changed { file } => {
                write!(formatter, "changed: {file} has another SHA-256 than in the index")
            }
            Self::TwoCategories { files: [one, other], categories: [category, other_category] } => {
                write!(
                    formatter,
                    "two categories: {one} ({category}) and {other} ({other_category}) have the same content"
                )
            }
            Self::Leak(Leak { kind, files: [one, other], splits: [split, other_split] }) => {
                write!(formatter, "leak: {one} ({split}) and {other} ({other_split}) ")?;
                match kind {
                    LeakKind::SameContent => write!(formatter, "have the same content"),
                    LeakKind::NearDuplicate => write!(formatter, "are near-duplicates"),
                    LeakKind::SameGroup { group } => write!(formatter, "are of group `{group}`"),
                }
            }
        }
    }
}

impl fmt::Display for CheckWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: &f64| (100.0 * share).round();
        match self {
            Self::Spellings { category, spellings } => {
                let (category, spellings) = (category.clone(), spellings.clone());
                Notice::Spellings { category, spellings }.fmt(formatter)
            }
            Self::EmptyFolder { folder } => Notice::EmptyFolder { folder: folder.clone() }.fmt(formatter),
            Self::NearDuplicatesInTwoCategories { files: [one, other] } => {
                write!(formatter, "near-duplicates in two categories: {one}, {other}")
            }
            Self::TooFew { category, n, least } => {
                write!(
                    formatter,
                    "too few: {category} has {n}, at least {least} are needed for training and testing"
                )
            }
            Self::NoneInSplit { category, split } => {
                write!(formatter, "{category} has no micrographs in {split}")
            }
            Self::DataBarShares { least, most } | Self::CalibrationShares { least, most } => {
                let what = match self {
                    Self::DataBarShares { .. } => "a data bar",
                    _ => "a calibration",
                };
                let [(one, low), (other, high)] = [least, most];
                let (low, high) = (percent(low), percent(high));
                write!(formatter, "shortcut: {low} % of {one} have {what}, {high} % of {other}")
            }
            Self::SizeTellsCategory { by_size, commonest } => {
                let (by_size, commonest) = (percent(by_size), percent(commonest));
                write!(
                    formatter,
                    "shortcut: the size of the file alone predicts {by_size} % of the categories, \
                     the commonest category {commonest} %"
                )
            }
        }
    }
}
