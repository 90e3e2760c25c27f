//! Check: problems of a data set before a network is trained on it.
//!
//! Every micrograph is read once, on all cores; its pixels are not kept. The report lists what cannot be read, what
//! is there twice, whether the split leaks, and whether something other than the specimen reveals the category: the
//! data bar, the calibration, the size. A *problem* makes results wrong, a *warning* should be inspected. The same
//! data set gives the same report.

mod pictures;
mod report;
mod shortcut;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use micrograph::Source;
use rayon::prelude::*;

use super::duplicates::{self, ALIKE, LEAST_AGREEMENT, NearPair};
use super::fingerprint::Fingerprint;
use super::listing::Listing;
use super::{DatasetConfig, DatasetError, Skipped, Split, index};
use crate::data::prepare::{self, PrepareConfig};

pub use pictures::side_by_side;
pub use report::{
    CategoryCheck, CheckReport, CheckWarning, Leak, LeakKind, Pair, Problem, SCHEMA_VERSION, SizeCount,
};

/// Micrographs of a category below which there are too few for training.
const LEAST_OF_CATEGORY: usize = 10;

/// Checks the data set at `path` with the split that [`Dataset::open`](super::Dataset::open) gives
/// it with the same `config`, its synthetic micrographs left out. Where the split is drawn and
/// `config.group_near_duplicates` says so, near-duplicates are joined first. `progress` is given
/// the number of micrographs that were read, and of all; where it breaks, the check ends.
///
/// # Errors
/// If a setting is out of range, or `path` is no data set or its index is damaged. What a check is
/// there to find is no error.
pub fn check(
    path: &Path,
    config: &DatasetConfig,
    progress: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<CheckReport, DatasetError> {
    let config = config.clone().checked()?;
    let mut listing = Listing::of(path, &config)?;
    listing.rows.sort_by(|one, other| one.file.cmp(&other.file));
    let prepare = config.prepare();
    let n_looked = AtomicUsize::new(0);
    let looks: Option<Vec<Look>> = listing
        .rows
        .par_iter()
        .map(|row| {
            let look = Look::at(&listing.root.join(&row.file), &prepare);
            let n_looked = n_looked.fetch_add(1, Ordering::Relaxed) + 1;
            progress(n_looked, listing.rows.len()).is_continue().then_some(look)
        })
        .collect();
    let looks = looks.ok_or(DatasetError::Cancelled)?;

    let same = same_content(&looks);
    let (near, alike) = near_pairs(&looks, &same);
    if config.group_near_duplicates {
        let open = listing.open_rows();
        let both_open = |&(one, other): &(usize, usize)| {
            open.binary_search(&one).is_ok() && open.binary_search(&other).is_ok()
        };
        let links: Vec<(usize, usize)> =
            same.iter().copied().chain(near.iter().map(ends)).filter(both_open).collect();
        listing.join(links);
    }
    let splits = listing.splits(&config);
    let found = Found { rows: &listing.rows, splits: &splits, looks: &looks, same: &same, near: &near };
    let categories = found.categories();
    let problems = found.problems();
    let mut warnings: Vec<CheckWarning> = listing.notices.iter().cloned().map(CheckWarning::from).collect();
    warnings.extend(found.warnings(&categories));
    warnings.extend(shortcut::warnings(&listing.rows, &looks, &categories));
    let pair = |pair: &NearPair| Pair::new(&listing.rows, pair);
    Ok(CheckReport {
        schema_version: SCHEMA_VERSION,
        n_micrographs: listing.rows.len(),
        split_told: listing.tells_split(),
        n_groups: found.n_groups(),
        same_content: same
            .iter()
            .map(|&(one, other)| [one, other].map(|row_idx| listing.rows[row_idx].file.clone()))
            .collect(),
        near_duplicates: near.iter().map(pair).collect(),
        alike: alike.iter().map(pair).collect(),
        sizes: sizes(&looks),
        skipped: listing.skipped.clone(),
        categories,
        problems,
        warnings,
    })
}

/// What is computed from one micrograph.
struct Look {
    /// Its hash; `None` if not even its bytes can be read.
    sha256: Option<String>,
    seen: Result<ReadableFile, String>,
}

struct ReadableFile {
    print: Fingerprint,
    has_data_bar: bool,
    calibrated: bool,
    size: (usize, usize),
}

impl Look {
    fn at(path: &Path, prepare: &PrepareConfig) -> Self {
        let bare =
            |error: prepare::PrepareError| error.to_string().replace(&format!("{}: ", path.display()), "");
        // read once: the hash is that of the same pixels
        let source = match Source::read(path) {
            Ok(source) => source,
            Err(error) => return Self { sha256: None, seen: Err(bare(error.into())) },
        };
        let seen = prepare::source(&source, prepare).map(|prepared| ReadableFile {
            print: Fingerprint::of(&prepared.plane),
            has_data_bar: prepared.data_bar.is_some(),
            calibrated: prepared.facts.calibration.is_some(),
            size: (prepared.facts.height, prepared.facts.width),
        });
        Self { sha256: Some(source.sha256().to_owned()), seen: seen.map_err(bare) }
    }
}

/// Each file that holds what an earlier one holds, after that one.
fn same_content(looks: &[Look]) -> Vec<(usize, usize)> {
    let mut firsts = BTreeMap::new();
    let mut found = Vec::new();
    for (row_idx, look) in looks.iter().enumerate() {
        let Some(sha256) = &look.sha256 else { continue };
        let first = *firsts.entry(sha256).or_insert(row_idx);
        if first != row_idx {
            found.push((first, row_idx));
        }
    }
    found
}

/// Near-duplicates, and pairs that are only alike; of the same content the first stands for all.
fn near_pairs(looks: &[Look], same: &[(usize, usize)]) -> (Vec<NearPair>, Vec<NearPair>) {
    let mut prints: Vec<Option<Fingerprint>> =
        looks.iter().map(|look| look.seen.as_ref().ok().map(|seen| seen.print.clone())).collect();
    for &(_, again) in same {
        prints[again] = None;
    }
    duplicates::pairs(&prints, ALIKE).into_iter().partition(|pair| pair.agreement >= LEAST_AGREEMENT)
}

fn ends(pair: &NearPair) -> (usize, usize) {
    (pair.one, pair.other)
}

/// Sizes of the files, the commonest first.
fn sizes(looks: &[Look]) -> Vec<SizeCount> {
    let mut counts = BTreeMap::new();
    for seen in looks.iter().filter_map(|look| look.seen.as_ref().ok()) {
        *counts.entry(seen.size).or_insert(0) += 1;
    }
    let mut sizes: Vec<SizeCount> =
        counts.into_iter().map(|((height, width), n)| SizeCount { height, width, n }).collect();
    sizes.sort_by_key(|size| std::cmp::Reverse(size.n));
    sizes
}

/// Everything that problems and warnings are found from.
struct Found<'a> {
    rows: &'a [index::Row],
    splits: &'a [Split],
    looks: &'a [Look],
    same: &'a [(usize, usize)],
    near: &'a [NearPair],
}

impl Found<'_> {
    fn n_groups(&self) -> usize {
        let groups = self.rows.iter().filter_map(|row| row.group.as_ref());
        groups.collect::<std::collections::BTreeSet<_>>().len()
    }

    fn categories(&self) -> Vec<CategoryCheck> {
        let mut found = BTreeMap::new();
        for ((row, split), look) in self.rows.iter().zip(self.splits).zip(self.looks) {
            let category: &mut CategoryCheck = found.entry(&row.category).or_default();
            category.category = row.category.clone();
            match split {
                Split::Train => category.n_train += 1,
                Split::Validation => category.n_validation += 1,
                Split::Test => category.n_test += 1,
            }
            if let Ok(seen) = &look.seen {
                category.n_readable += 1;
                category.n_data_bar += usize::from(seen.has_data_bar);
                category.n_calibrated += usize::from(seen.calibrated);
            }
        }
        found.into_values().collect()
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (row, look) in self.rows.iter().zip(self.looks) {
            if let Err(reason) = &look.seen {
                let (file, reason) = (row.file.clone(), reason.clone());
                problems.push(Problem::Unreadable(Skipped { file, reason }));
            }
            if let (Some(expected), Some(found)) = (&row.sha256, &look.sha256)
                && expected != found
            {
                problems.push(Problem::Changed { file: row.file.clone() });
            }
        }
        for &(one, other) in self.same {
            let [one, other] = [one, other].map(|row_idx| &self.rows[row_idx]);
            if let (Some(category), Some(other_category)) = (&one.category, &other.category)
                && category != other_category
            {
                problems.push(Problem::TwoCategories {
                    files: [one.file.clone(), other.file.clone()],
                    categories: [category.clone(), other_category.clone()],
                });
            }
        }
        problems.extend(self.leaks().into_iter().map(Problem::Leak));
        problems
    }

    /// Pairs in two splits: of the same content, near-duplicates, of one group.
    fn leaks(&self) -> Vec<Leak> {
        let leak = |kind, one: usize, other: usize| {
            (self.splits[one] != self.splits[other]).then(|| Leak {
                kind,
                files: [one, other].map(|row_idx| self.rows[row_idx].file.clone()),
                splits: [one, other].map(|row_idx| self.splits[row_idx]),
            })
        };
        let mut leaks: Vec<Leak> = Vec::new();
        leaks.extend(self.same.iter().filter_map(|&(one, other)| leak(LeakKind::SameContent, one, other)));
        // the same content stands for all its files among near-duplicates
        let mut again: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &(first, other) in self.same {
            again.entry(first).or_insert_with(|| vec![first]).push(other);
        }
        let with_content = |first: usize| again.get(&first).cloned().unwrap_or_else(|| vec![first]);
        for pair in self.near {
            for one in with_content(pair.one) {
                let others = with_content(pair.other).into_iter();
                leaks.extend(others.filter_map(|other| leak(LeakKind::NearDuplicate, one, other)));
            }
        }
        let mut members: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
        for (row_idx, row) in self.rows.iter().enumerate() {
            if let Some(group) = &row.group {
                members.entry(group).or_default().push(row_idx);
            }
        }
        for (group, members) in members {
            let kind = || LeakKind::SameGroup { group: group.clone() };
            leaks.extend(members[1..].iter().filter_map(|&other| leak(kind(), members[0], other)));
        }
        leaks
    }

    fn warnings(&self, categories: &[CategoryCheck]) -> Vec<CheckWarning> {
        let mut warnings = Vec::new();
        for pair in self.near {
            let [one, other] = [pair.one, pair.other].map(|row_idx| &self.rows[row_idx]);
            if one.category != other.category {
                let files = [one.file.clone(), other.file.clone()];
                warnings.push(CheckWarning::NearDuplicatesInTwoCategories { files });
            }
        }
        let any_in =
            |count: fn(&CategoryCheck) -> usize| categories.iter().any(|category| count(category) > 0);
        let (validates, tests) = (any_in(|c| c.n_validation), any_in(|c| c.n_test));
        for category in categories {
            let Some(name) = &category.category else { continue };
            if category.n() < LEAST_OF_CATEGORY {
                warnings.push(CheckWarning::TooFew {
                    category: name.clone(),
                    n: category.n(),
                    least: LEAST_OF_CATEGORY,
                });
            }
            let parts = [
                (true, category.n_train, Split::Train),
                (validates, category.n_validation, Split::Validation),
                (tests, category.n_test, Split::Test),
            ];
            for (_, _, split) in parts.into_iter().filter(|&(expected, n, _)| expected && n == 0) {
                warnings.push(CheckWarning::NoneInSplit { category: name.clone(), split });
            }
        }
        warnings
    }
}

#[cfg(test)]
mod tests;
