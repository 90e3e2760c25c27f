//! Columns and rows that differ from both sides over the whole image, as those of a detector do.

use std::ops::Range;

use super::{LEAST_OF_CONTRAST, MOST_SHARE, quantile};
use crate::Plane;

/// Fewest pixels along both sides: of fewer a line is not distinguished from the specimen.
pub(super) const LEAST_SIDE: usize = 32;
/// Most positions along a line that are looked at.
const MOST_POSITIONS: usize = 512;
/// Share of the positions at which a line lies to the same side of its neighbours.
const SAME_SIDE: f64 = 0.95;
/// Widest group of stuck lines.
const MOST_WIDTH: usize = 3;
/// Share of its height that the lines beside it may have: a beam of half a px leaves 0.23.
const LEAST_SPREAD: f32 = 0.15;
/// Least height over what lines of the image usually lie beyond their neighbours: the specimen itself may be lines.
const LEAST_OF_USUAL: f32 = 8.0;
/// Spread along a line that is stuck, as a share of that of the lines beside it.
const STUCK: f32 = 0.1;

/// Replaces columns of `plane`, whose contrast is `contrast`, by the mean of both sides; returns how many.
pub(super) fn replace_columns(plane: &mut Plane, contrast: f32) -> usize {
    let (height, width) = (plane.height(), plane.width());
    if height < LEAST_SIDE || width < LEAST_SIDE {
        return 0;
    }
    let step = height.div_ceil(MOST_POSITIONS);
    let lines =
        Lines { n: width, along: (0..height).step_by(step).collect(), at: &|line, y| plane.at(y, line) };
    let found = lines.found(contrast);
    if found.is_empty() {
        return 0;
    }
    for row in plane.values_mut().chunks_exact_mut(width) {
        for group in &found {
            let [before, after] = sides(group, width);
            let value = f32::midpoint(row[before], row[after]);
            row[group.clone()].fill(value);
        }
    }
    found.iter().map(Range::len).sum()
}

/// The same for rows.
pub(super) fn replace_rows(plane: &mut Plane, contrast: f32) -> usize {
    let (height, width) = (plane.height(), plane.width());
    let step = width.div_ceil(MOST_POSITIONS);
    let lines =
        Lines { n: height, along: (0..width).step_by(step).collect(), at: &|line, x| plane.at(line, x) };
    let found = lines.found(contrast);
    if found.is_empty() {
        return 0;
    }
    for group in &found {
        let [before, after] = sides(group, height).map(|line| plane.row(line).to_vec());
        let mean: Vec<f32> = before.iter().zip(&after).map(|(a, b)| f32::midpoint(*a, *b)).collect();
        for line in group.clone() {
            plane.values_mut()[line * width..(line + 1) * width].copy_from_slice(&mean);
        }
    }
    found.iter().map(Range::len).sum()
}

/// The lines on both sides of a group of `n` lines; at the border twice the only one.
fn sides(group: &Range<usize>, n: usize) -> [usize; 2] {
    let before = group.start.checked_sub(1);
    let after = (group.end < n).then_some(group.end);
    [before.or(after).unwrap_or(0), after.or(before).unwrap_or(0)]
}

/// Whether three or more groups, which are sorted, are equally spaced: a grating of narrow lines.
fn is_regular(groups: &mut [Range<usize>]) -> bool {
    groups.sort_by_key(|group| group.start);
    let gaps = groups.windows(2).map(|two| two[1].start - two[0].start);
    let (least, most) = gaps.fold((usize::MAX, 0), |ends, gap| (ends.0.min(gap), ends.1.max(gap)));
    groups.len() >= 3 && most - least <= 1 + most / 20
}

/// Columns, or rows, of a plane.
struct Lines<'a> {
    n: usize,
    /// Positions that are looked at along each.
    along: Vec<usize>,
    /// The value of a line at a position.
    at: &'a dyn Fn(usize, usize) -> f32,
}

impl Lines<'_> {
    /// Groups of lines that are the detector's; none where they would be too many.
    fn found(&self, contrast: f32) -> Vec<Range<usize>> {
        let usual = self.usual_height();
        let mut found: Vec<Range<usize>> = Vec::new();
        for width in 1..=MOST_WIDTH {
            for first in 0..=self.n - width {
                let group = first..first + width;
                let free = found.iter().all(|other| other.end < group.start || group.end < other.start);
                if free && self.differs(&group, contrast, usual) {
                    found.push(group);
                }
            }
        }
        let n: usize = found.iter().map(Range::len).sum();
        if n as f64 > (MOST_SHARE * self.n as f64).max(1.0) || is_regular(&mut found) {
            found.clear();
        }
        found
    }

    /// The median over all lines of how far the median of a line lies from the mean of its neighbours.
    fn usual_height(&self) -> f32 {
        let few = self.along.iter().step_by(self.along.len().div_ceil(64));
        let few: Vec<usize> = few.copied().collect();
        let mut heights: Vec<f32> = (1..self.n.saturating_sub(1))
            .map(|line| {
                let beyond = |&place: &usize| {
                    let beside = f32::midpoint((self.at)(line - 1, place), (self.at)(line + 1, place));
                    (self.at)(line, place) - beside
                };
                let mut values: Vec<f32> = few.iter().map(beyond).collect();
                quantile(&mut values, 0.5).abs()
            })
            .collect();
        if heights.is_empty() { 0.0 } else { quantile(&mut heights, 0.5) }
    }

    /// Whether the lines of `group` lie to one side of both neighbours along their whole length, by a quarter of the
    /// contrast and far more than lines `usual`ly do, while these neighbours are as usual; and, if it is several, are stuck at one value.
    fn differs(&self, group: &Range<usize>, contrast: f32, usual: f32) -> bool {
        let [before, after] = sides(group, self.n);
        let beyond = |&place: &usize| {
            let (a, b) = ((self.at)(before, place), (self.at)(after, place));
            let own = group.clone().map(|line| (self.at)(line, place));
            let (low, high) = own.fold((f32::INFINITY, f32::NEG_INFINITY), |ends, value| {
                (ends.0.min(value), ends.1.max(value))
            });
            if low > a.max(b) {
                low - a.max(b)
            } else if high < a.min(b) {
                high - a.min(b)
            } else {
                0.0
            }
        };
        // most lines are refused by a few positions
        let few: Vec<f32> = self.along.iter().step_by(self.along.len().div_ceil(16)).map(beyond).collect();
        let same = |all: &[f32]| {
            let count = |sign: f32| all.iter().filter(|value| **value * sign > 0.0).count();
            count(1.0).max(count(-1.0)) as f64 / all.len().max(1) as f64
        };
        if same(&few) < SAME_SIDE - 0.2 {
            return false;
        }
        let mut all: Vec<f32> = self.along.iter().map(beyond).collect();
        if same(&all) < SAME_SIDE {
            return false;
        }
        let height = quantile(&mut all, 0.5);
        let least = (LEAST_OF_CONTRAST * contrast).max(LEAST_OF_USUAL * usual);
        if height.abs() < least || height == 0.0 {
            return false;
        }
        // the lines beside it against those two farther out
        let farther = [before.saturating_sub(2), (after + 2).min(self.n - 1)];
        let mut beside: Vec<f32> = self
            .along
            .iter()
            .map(|&place| {
                let mean = |[a, b]: [usize; 2]| f32::midpoint((self.at)(a, place), (self.at)(b, place));
                mean([before, after]) - mean(farther)
            })
            .collect();
        if (quantile(&mut beside, 0.5) / height) > LEAST_SPREAD {
            return false;
        }
        group.len() == 1 || {
            let spread = |line: usize| {
                let mut values: Vec<f32> = self.along.iter().map(|&place| (self.at)(line, place)).collect();
                quantile(&mut values, 0.75) - quantile(&mut values, 0.25)
            };
            let usual = spread(before).min(spread(after));
            usual > 0.0 && group.clone().all(|line| spread(line) <= STUCK * usual)
        }
    }
}
