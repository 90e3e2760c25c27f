//! Steps: the differences of positions that occur far more often than those beside them, in pairs.

use super::vectors::{cross, length, reduced};
use crate::Plane;

/// Steps that are combined in pairs.
const STEPS: usize = 9;
/// Pairs of steps that are followed.
const PAIRS: usize = 12;
/// Largest component of a step, as a share of the longer side of the image.
const REACH: f64 = 0.34;
/// Cells in which steps are counted, in px: dots may be placed to a fraction of a px, or bend by some.
const CELLS: [f64; 2] = [1.0, 3.0];
/// Cells around one whose counts are its own, that belong to neither, and that are usual.
const OWN: i64 = 1;
const GAP: i64 = 2;
const AROUND: i64 = 6;
/// Least number of pairs one step apart above the usual one, in its standard deviations.
const LEAST_SCORE: f64 = 3.0;
/// Fewest pairs of dots that are one step apart.
const LEAST_PAIRS: f64 = 5.0;

/// Pairs of steps `[x, y]` that are frequent among `places`, reduced to the shortest.
pub(super) fn pairs(places: &[[f64; 2]], plane: &Plane, sigma: f64) -> Vec<[[f64; 2]; 2]> {
    let reach = REACH * plane.height().max(plane.width()) as f64;
    let least = (2.2 * sigma).max(4.0);
    let frequent = CELLS.into_iter().flat_map(|cell| Histogram::of(places, cell, [least, reach]).frequent());
    let steps: Vec<(f64, [f64; 2])> = frequent.collect();
    let mut pairs: Vec<(f64, [[f64; 2]; 2])> = Vec::new();
    for (index, (score, a)) in steps.iter().enumerate() {
        for (other, b) in &steps[index + 1..] {
            let pair = reduced(*a, *b);
            let sine = cross(pair[0], pair[1]).abs() / (length(pair[0]) * length(pair[1])).max(1e-9);
            if sine > 0.4 && length(pair[0]) >= least && length(pair[1]) < 4.0 * length(pair[0]) {
                pairs.push((score + other, pair));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<[[f64; 2]; 2]> = Vec::new();
    for (_, pair) in pairs {
        let near = |other: &[[f64; 2]; 2]| {
            let off = |a: [f64; 2], b: [f64; 2]| {
                length([a[0] - b[0], a[1] - b[1]]).min(length([a[0] + b[0], a[1] + b[1]]))
            };
            off(other[0], pair[0]) < 1.5 && off(other[1], pair[1]) < 1.5
        };
        if kept.len() < PAIRS && !kept.iter().any(near) {
            kept.push(pair);
        }
    }
    kept
}

/// How often each step occurs, in cells about no step.
struct Histogram {
    cell: f64,
    /// Cells from the middle to each side.
    half: i64,
    /// Cells along a side, with those beyond the sides that are empty.
    side: i64,
    counts: Vec<u32>,
    /// Sums of all counts above and to the left.
    sums: Vec<u32>,
}

impl Histogram {
    /// Of the steps between `places` at least as long, and at most as far along an axis, as `limits`.
    fn of(places: &[[f64; 2]], cell: f64, [least, reach]: [f64; 2]) -> Self {
        let half = (reach / cell) as i64 + 1;
        let side = 2 * (half + AROUND) + 2;
        let mut counts = vec![0_u32; (side * side) as usize];
        let middle = (half + AROUND) as f64 + 1.0;
        for (index, a) in places.iter().enumerate() {
            for b in &places[index + 1..] {
                let (dy, dx) = (b[0] - a[0], b[1] - a[1]);
                if dx.abs() < reach && dy.abs() < reach && dx * dx + dy * dy >= least * least {
                    // one way and back
                    let (row, column) = ((dy / cell).round(), (dx / cell).round());
                    for sign in [1.0, -1.0] {
                        let at = (middle + sign * row) * side as f64 + middle + sign * column;
                        counts[at as usize] += 1;
                    }
                }
            }
        }
        let mut sums = counts.clone();
        for at in 1..sums.len() {
            sums[at] += if at % side as usize == 0 { 0 } else { sums[at - 1] };
        }
        for at in side as usize..sums.len() {
            sums[at] += sums[at - side as usize];
        }
        Self { cell, half, side, counts, sums }
    }

    fn index(&self, row: i64, column: i64) -> usize {
        let middle = self.half + AROUND + 1;
        ((row + middle) * self.side + column + middle) as usize
    }

    fn at(&self, row: i64, column: i64) -> f64 {
        f64::from(self.counts[self.index(row, column)])
    }

    /// Count of the square of cells up to `reach` from one.
    fn sum(&self, row: i64, column: i64, reach: i64) -> f64 {
        let sum = |row: i64, column: i64| f64::from(self.sums[self.index(row, column)]);
        let (top, left) = (row - reach - 1, column - reach - 1);
        let (bottom, right) = (row + reach, column + reach);
        sum(bottom, right) - sum(top, right) - sum(bottom, left) + sum(top, left)
    }

    /// The steps `[x, y]` that are more frequent than those around them, with how much, the most frequent first.
    fn frequent(&self) -> Vec<(f64, [f64; 2])> {
        let cells = |reach: i64| ((2 * reach + 1) * (2 * reach + 1)) as f64;
        let share = cells(OWN) / (cells(AROUND) - cells(GAP));
        let mut found: Vec<(f64, [f64; 2])> = Vec::new();
        for row in 0..=self.half {
            // the steps back are those of the other half
            for column in (if row == 0 { 0 } else { -self.half })..=self.half {
                let here = self.sum(row, column, OWN);
                if self.at(row, column) == 0.0 || here < LEAST_PAIRS {
                    continue;
                }
                let around = (self.sum(row, column, AROUND) - self.sum(row, column, GAP)) * share;
                let score = (here - around) / (around + 1.0).sqrt();
                if score >= LEAST_SCORE {
                    found.push((score, self.mean(row, column).map(|part| part / here * self.cell)));
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut kept: Vec<(f64, [f64; 2])> = Vec::new();
        for (score, step) in found {
            let far = |other: &(f64, [f64; 2])| {
                length([other.1[0] - step[0], other.1[1] - step[1]]) > 3.0 * self.cell
            };
            if kept.len() < STEPS && kept.iter().all(far) {
                kept.push((score, step));
            }
        }
        kept
    }

    /// Sums of columns and rows of the pairs in a cell and those beside it.
    fn mean(&self, row: i64, column: i64) -> [f64; 2] {
        let (mut x, mut y) = (0.0, 0.0);
        for (dy, dx) in (-OWN..=OWN).flat_map(|dy| (-OWN..=OWN).map(move |dx| (dy, dx))) {
            x += self.at(row + dy, column + dx) * (column + dx) as f64;
            y += self.at(row + dy, column + dx) * (row + dy) as f64;
        }
        [x, y]
    }
}
