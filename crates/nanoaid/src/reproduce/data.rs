//! Table 1: the micrographs by category.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Figure, FigureName, Shown, Work};
use crate::data::dataset::{Entry, Split};

/// The micrographs by category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataFigure {
    /// Whether all are synthetic, as none were given.
    pub synthetic: bool,
    /// A row for each category, by name; micrographs without one last.
    pub rows: Vec<CategoryRow>,
}

/// The micrographs of a category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CategoryRow {
    /// The category; absent where it is not known.
    pub category: Option<String>,
    /// Its micrographs.
    pub n: usize,
    /// Groups (specimens, sessions, sources) that they are of, where the data set names some; each micrograph without
    /// one is its own.
    pub n_groups: usize,
    /// Those to train with.
    pub n_train: usize,
    /// Those to choose a network by.
    pub n_validation: usize,
    /// Those to test with.
    pub n_test: usize,
}

pub(super) fn figure(work: &Work<'_, '_>) -> Figure {
    let synthetic = work.input.data.is_none();
    let rows = rows(&work.dataset.entries);
    let n: usize = rows.iter().map(|row| row.n).sum();
    let n_classes = rows.iter().filter(|row| row.category.is_some()).count();
    let differs = if synthetic {
        format!(
            "No data set was given: {n} synthetic micrographs of {n_classes} categories stand in. Give the NFFA-EUROPE set \
             (nanoaid dataset fetch nffa) or your own by --data FOLDER."
        )
    } else {
        format!(
            "Micrographs: {n}, of categories: {n_classes}; the 100 % SEM set has about 21,000 of ten. Files are counted, not read."
        )
    };
    Figure {
        name: FigureName::Table1,
        agrees: "Micrographs are sorted by what they show, after the ten NFFA-EUROPE categories.".to_owned(),
        differs,
        shown: Shown::Data(DataFigure { synthetic, rows }),
    }
}

fn rows(entries: &[Entry]) -> Vec<CategoryRow> {
    // those without a category last
    let mut by_category: BTreeMap<(bool, Option<&str>), Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        let category = entry.category.as_deref();
        by_category.entry((category.is_none(), category)).or_default().push(entry);
    }
    let row = |((_, category), entries): ((bool, Option<&str>), Vec<&Entry>)| {
        let of = |split| entries.iter().filter(|entry| entry.split == split).count();
        let groups: BTreeSet<&str> =
            entries.iter().map(|entry| entry.group.as_deref().unwrap_or(&entry.file)).collect();
        CategoryRow {
            category: category.map(str::to_owned),
            n: entries.len(),
            n_groups: groups.len(),
            n_train: of(Split::Train),
            n_validation: of(Split::Validation),
            n_test: of(Split::Test),
        }
    };
    by_category.into_iter().map(row).collect()
}
