//! Faithfulness: whether what a map ranks high matters to the score.
//!
//! *Deletion* removes cells from the highest to the lowest, *insertion* brings them back in that order (Petsiuk et al.
//! 2018); the area under the curve of the score over the size of its whole change, 0 where all is removed and 1 for the whole
//! micrograph, or −1 where the fill has a higher score than the micrograph. A faithful map has a low deletion and a high
//! insertion; where every cell counts by itself, the two sum up to the score of the whole, and a random order gives half of it
//! each. *`MuFidelity`* is the rank correlation of what random subsets of cells have in the map with the fall of the score where
//! they are removed (Bhatt et al. 2020).

use micrograph::Plane;
use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::cells::Cells;
use super::error::{ExplainError, Tick};
use super::fill::Fill;
use super::removal::Removal;

/// Cells along the shorter side.
pub(super) const CELLS: usize = 28;
/// Shares of the micrograph at which the score is taken.
const SHARES: [f64; 7] = [0.0, 0.05, 0.12, 0.25, 0.45, 0.7, 1.0];
/// Smallest difference of the scores of the whole and of nothing, relative to their size, that curves can be scaled by; below it
/// a curve would be mostly noise.
const LEAST_DIFFERENCE: f64 = 0.05;
/// Subsets of `MuFidelity`, the share of cells in each, and cells along the shorter side.
const SUBSETS: usize = 128;
const SUBSET_SHARE: f64 = 0.2;
const SUBSET_CELLS: usize = 9;

/// Deletion and insertion for one fill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Faithfulness {
    /// What stands where cells are removed.
    pub fill: Fill,
    /// Area under the curve of the score while cells are removed from the highest on; lower is better.
    pub deletion: f64,
    /// The same while they are brought back; higher is better.
    pub insertion: f64,
    /// Shares of the micrograph at which the score was taken.
    pub shares: Vec<f64>,
    /// The scaled score without these shares.
    pub without: Vec<f64>,
    /// The scaled score with these shares alone.
    pub with: Vec<f64>,
}

/// Deletion and insertion of the order in which each map of `maps` ranks cells; `None` if removing all of the micrograph hardly
/// changes the score.
pub(super) fn faithfulness(
    removal: &Removal<'_>,
    maps: &[&Plane],
    seed: u64,
    tick: Tick<'_>,
) -> Result<Option<Vec<Faithfulness>>, ExplainError> {
    let cells = Cells::new((removal.plane.height(), removal.plane.width()), CELLS);
    let ends = [vec![false; cells.len()], vec![true; cells.len()]];
    let [whole, nothing] = removal.scores(&cells, &ends, tick)?[..] else { return Ok(None) };
    if (whole - nothing).abs() <= LEAST_DIFFERENCE * (whole.abs() + nothing.abs()) {
        return Ok(None);
    }
    let size = (whole - nothing).abs();
    let scaled = |score: f64| (score - nothing) / size;
    // −1 where removing everything raises the score
    let top = scaled(whole);
    let inner = &SHARES[1..SHARES.len() - 1];
    let mut all = Vec::with_capacity(maps.len());
    for map in maps {
        let order = cells.ranked(&cells.means(map), seed);
        let mut masks: Vec<Vec<bool>> = inner.iter().map(|&share| cells.first(&order, share)).collect();
        let kept: Vec<Vec<bool>> =
            masks.iter().map(|mask| mask.iter().map(|removed| !removed).collect()).collect();
        masks.extend(kept);
        let scores: Vec<f64> = removal.scores(&cells, &masks, tick)?.into_iter().map(scaled).collect();
        let (removed, brought_back) = scores.split_at(inner.len());
        let curve = |first: f64, inner: &[f64], last: f64| -> Vec<f64> {
            [first].into_iter().chain(inner.iter().copied()).chain([last]).collect()
        };
        let (without, with) = (curve(top, removed, 0.0), curve(0.0, brought_back, top));
        all.push(Faithfulness {
            fill: removal.fill,
            deletion: area(&without),
            insertion: area(&with),
            shares: SHARES.to_vec(),
            without,
            with,
        });
    }
    Ok(Some(all))
}

/// Area under a curve at [`SHARES`].
fn area(curve: &[f64]) -> f64 {
    let steps = SHARES.windows(2).zip(curve.windows(2));
    steps.map(|(shares, values)| (shares[1] - shares[0]) * (values[0] + values[1]) / 2.0).sum()
}

/// `MuFidelity` of each map, in `[-1, 1]`; `None` of a constant one.
pub(super) fn mu_fidelity(
    removal: &Removal<'_>,
    maps: &[&Plane],
    seed: u64,
    tick: Tick<'_>,
) -> Result<Vec<Option<f64>>, ExplainError> {
    let cells = Cells::new((removal.plane.height(), removal.plane.width()), SUBSET_CELLS);
    let size = ((SUBSET_SHARE * cells.len() as f64).round() as usize).max(1);
    let mut masks: Vec<Vec<bool>> = (0..SUBSETS)
        .map(|index| {
            let mut order: Vec<usize> = (0..cells.len()).collect();
            Stream::new(seed, "mu-fidelity", index as u64).shuffle(&mut order);
            let mut mask = vec![false; cells.len()];
            order[..size].iter().for_each(|&cell| mask[cell] = true);
            mask
        })
        .collect();
    masks.push(vec![false; cells.len()]);
    let mut scores = removal.scores(&cells, &masks, tick)?;
    let whole = scores.pop().unwrap_or_default();
    let falls: Vec<f64> = scores.iter().map(|score| whole - score).collect();
    let of_map = |map: &&Plane| {
        let sums = cells.sums(map);
        let of_subset =
            |mask: &Vec<bool>| mask.iter().zip(&sums).filter(|(on, _)| **on).map(|(_, sum)| sum).sum();
        let of_subsets: Vec<f64> = masks[..SUBSETS].iter().map(of_subset).collect();
        rank_correlation(&of_subsets, &falls)
    };
    Ok(maps.iter().map(of_map).collect())
}

/// Spearman's rank correlation, equal values with their mean rank; `None` where one side is constant.
pub(super) fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let (mut product, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        product += (a - middle) * (b - middle);
        of_a += (a - middle).powi(2);
        of_b += (b - middle).powi(2);
    }
    (of_a > 0.0 && of_b > 0.0).then(|| product / (of_a * of_b).sqrt())
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let value = values[order[first]];
        let end = first + order[first..].iter().take_while(|&&at| values[at] == value).count();
        order[first..end].iter().for_each(|&at| ranks[at] = (first + end - 1) as f64 / 2.0);
        first = end;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlation_is_that_of_a_textbook() {
        // Myers and Well, Research Design, table of IQ and hours of television: −29/165
        let iq = [106.0, 100.0, 86.0, 101.0, 99.0, 103.0, 97.0, 113.0, 112.0, 110.0];
        let hours = [7.0, 27.0, 2.0, 50.0, 28.0, 29.0, 20.0, 12.0, 6.0, 17.0];
        let found = rank_correlation(&iq, &hours).unwrap();
        assert!((found + 29.0 / 165.0).abs() < 1e-12, "{found}");
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(ranks(&[3.0, 1.0, 3.0]), [1.5, 0.0, 1.5]);
    }

    #[test]
    fn the_area_under_a_straight_curve_is_one_half() {
        assert!((area(&SHARES) - 0.5).abs() < 1e-12);
        assert!((area(&[1.0; 7]) - 1.0).abs() < 1e-12);
    }
}
