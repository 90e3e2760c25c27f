//! Shortcut: what gives the category away without being the specimen.

use std::collections::BTreeMap;

use super::super::index;
use super::{CategoryCheck, CheckWarning, LEAST_OF_CATEGORY, Look};

/// Difference of two shares from which on it is a warning; smaller ones come about by chance in
/// categories of ten or twenty micrographs.
const SHARES_DIFFER: f64 = 0.3;
/// Difference between the accuracy by size and by guessing from which on it is a warning.
const SIZE_TELLS: f64 = 0.1;

/// The shortcuts that categories with enough micrographs offer.
pub(super) fn warnings(
    rows: &[index::Row],
    looks: &[Look],
    categories: &[CategoryCheck],
) -> Vec<CheckWarning> {
    let mut warnings = Vec::new();
    if let Some((least, most)) = extremes(categories, |category| category.n_data_bar) {
        warnings.push(CheckWarning::DataBarShares { least, most });
    }
    if let Some((least, most)) = extremes(categories, |category| category.n_calibrated) {
        warnings.push(CheckWarning::CalibrationShares { least, most });
    }
    let sized: Vec<((usize, usize), &str)> = rows
        .iter()
        .zip(looks)
        .filter_map(|(row, look)| Some((look.seen.as_ref().ok()?.size, row.category.as_deref()?)))
        .collect();
    if let Some((by_size, commonest)) = told_by_size(&sized)
        && by_size - commonest >= SIZE_TELLS
    {
        warnings.push(CheckWarning::SizeTellsCategory { by_size, commonest });
    }
    warnings
}

/// A category and a share of its micrographs.
type Share = (String, f64);

/// The categories with the least and the greatest share, if these differ enough.
fn extremes(categories: &[CategoryCheck], count: fn(&CategoryCheck) -> usize) -> Option<(Share, Share)> {
    let mut shares: Vec<Share> = categories
        .iter()
        .filter(|category| category.n_readable >= LEAST_OF_CATEGORY)
        .filter_map(|category| Some((category.category.clone()?, category.share(count(category))?)))
        .collect();
    shares.sort_by(|one, other| one.1.total_cmp(&other.1));
    let (least, most) = (shares.first()?.clone(), shares.last()?.clone());
    (most.1 - least.1 >= SHARES_DIFFER).then_some((least, most))
}

/// Share of `sized` whose category is the commonest among the *others* of their size, or among all
/// others if no other one has their size; and the share of the commonest category. `None` for
/// fewer than two.
fn told_by_size(sized: &[((usize, usize), &str)]) -> Option<(f64, f64)> {
    if sized.len() < 2 {
        return None;
    }
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    let mut of_size: BTreeMap<(usize, usize), BTreeMap<&str, usize>> = BTreeMap::new();
    for (size, category) in sized {
        *all.entry(category).or_default() += 1;
        *of_size.entry(*size).or_default().entry(category).or_default() += 1;
    }
    // the guessed one itself does not count; of equal counts the first name
    let guess = |counts: &BTreeMap<&str, usize>, own: &str| {
        let others = counts.iter().map(|(name, n)| (n - usize::from(*name == own), *name));
        let best = others.max_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(one.1)))?;
        (best.0 > 0).then(|| best.1.to_owned())
    };
    let right = sized.iter().filter(|(size, category)| {
        let guessed = guess(&of_size[size], category).or_else(|| guess(&all, category));
        guessed.as_deref() == Some(category)
    });
    let commonest = all.values().max().copied().unwrap_or(0);
    Some((right.count() as f64 / sized.len() as f64, commonest as f64 / sized.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(name: &str, n: usize, n_data_bar: usize) -> CategoryCheck {
        CategoryCheck {
            category: Some(name.to_owned()),
            n_train: n,
            n_readable: n,
            n_data_bar,
            ..CategoryCheck::default()
        }
    }

    #[test]
    fn shares_that_differ_much_are_told_and_small_categories_not_asked() {
        let categories = [category("a", 20, 2), category("b", 20, 9), category("c", 4, 4)];
        let found = extremes(&categories, |category| category.n_data_bar);
        assert_eq!(found, Some((("a".to_owned(), 0.1), ("b".to_owned(), 0.45))));
        assert_eq!(extremes(&categories[1..], |category| category.n_data_bar), None);
        assert_eq!(extremes(&[category("a", 20, 5), category("b", 20, 9)], |c| c.n_data_bar), None);
    }

    #[test]
    fn sizes_are_judged_by_the_others_of_the_same_size() {
        let (small, large) = ((10, 20), (30, 40));
        let split_by_size: Vec<_> =
            (0..10).map(|i| if i < 6 { (small, "a") } else { (large, "b") }).collect();
        assert_eq!(told_by_size(&split_by_size), Some((1.0, 0.6)));
        let all_alike: Vec<_> = (0..10).map(|i| (small, if i < 6 { "a" } else { "b" })).collect();
        assert_eq!(told_by_size(&all_alike), Some((0.6, 0.6)));
        // no two of a size: only the commonest can be guessed, and not of itself
        let all_different: Vec<_> = (0..10).map(|i| ((i, i), if i < 6 { "a" } else { "b" })).collect();
        assert_eq!(told_by_size(&all_different), Some((0.6, 0.6)));
        assert_eq!(told_by_size(&split_by_size[..1]), None);
    }
}
