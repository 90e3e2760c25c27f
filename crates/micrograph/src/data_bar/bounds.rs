//! Bounds: finds the rows of a data bar from row statistics.
//!
//! A data bar is a run of rows that share one flat background level over most of their width,
//! begins and ends from one row to the next, and holds at least one line of text with blank rows
//! on both sides. Every bound below is a statement about bars as instruments draw them; none is
//! fitted to a file. What stands in a bar is not read.

use super::rows::{INK, Rows};

/// Part of the height in which a bar is looked for. Bars that float inside the image lie below
/// four fifths; a bar of the largest height that ends at [`LEAST_END`] begins at six tenths.
const REGION_START: f64 = 0.6;

/// A bar ends below this part of the height; what floats higher is an inset, not a bar.
const LEAST_END: f64 = 0.85;

/// Largest height of a bar. Instruments stay below 0.16; the rest is for cropped images.
pub(super) const MOST_HEIGHT: f64 = 0.25;

/// Smallest height of a bar as a share of the image, and in rows: one line of readable text with
/// a blank row above and below.
pub(super) const LEAST_HEIGHT: f64 = 0.02;
const LEAST_ROWS: usize = 9;

/// Distances in levels of 256 within which pixels count as background: as drawn, after good and
/// after strong compression. Noise of a detector is seldom inside the first.
const TOLERANCES: [u8; 3] = [1, 4, 8];

/// Least share of background in a row of a bar. Measured: 0.44 in the fullest text row of bars
/// that fill four fifths of the width, 0.5 in others; noisy specimens stay below 0.2.
const LEAST_SHARE: f32 = 0.35;

/// Least share of the width that a bar covers; boxes around a drawn scale bar cover less.
const LEAST_WIDTH: f32 = 0.6;

/// Rows without background that a bar may hold together: frames, rules between lines of text.
const MOST_GAP: usize = 3;

/// Share of a row in one level that makes it a ruled line.
const RULE_SHARE: f32 = 0.85;

/// Change of the background share from row to row that makes an edge certain, or possible. A
/// possible edge is needed where specimen and bar are of the same black.
const SHARP: f32 = 0.5;
const WEAK: f32 = 0.1;

/// Strokes by which a row of text exceeds a blank one: four letters or digits of two strokes.
/// The bar's own vertical rules are in both.
const TEXT_STROKES: usize = 8;

/// Rows of the smallest text: half the height of a 5 × 7 letter, as rows of letters with few
/// strokes break a line of text.
const TEXT_ROWS: usize = 4;

/// Levels that are tried as background.
const MOST_LEVELS: usize = 6;

/// Edges that are tried on each side of a run of rows.
const MOST_EDGES: usize = 24;

/// A row where a bar may begin or end, and how sure that is, in `[0, 1]`.
#[derive(Clone, Copy, Debug)]
struct Edge {
    row: usize,
    step: f32,
}

/// A possible bar: rows `first .. end`, and how it is to be ranked.
#[derive(Clone, Copy, Debug)]
struct Found {
    first: usize,
    end: usize,
    /// Number of certain edges, 0 to 2.
    n_sharp: u8,
    /// Sum of both steps.
    steps: f32,
}

/// Rows `(first, end)` of the data bar in an image of `height` rows given as `rows_from(first)`.
pub(super) fn of_rows(
    height: usize,
    rows_from: impl FnOnce(usize) -> Option<Rows>,
) -> Option<(usize, usize)> {
    let rows = rows_from((height as f64 * REGION_START) as usize)?;
    let mut best: Option<Found> = None;
    for tolerance in TOLERANCES {
        for level in backgrounds(&rows, tolerance, least_rows(height)) {
            let background = Background { rows: &rows, level, tolerance, height };
            for found in background.runs().into_iter().filter_map(|(first, end)| background.bar(first, end)) {
                if best.is_none_or(|best| found.beats(&best)) {
                    best = Some(found);
                }
            }
        }
    }
    best.map(|found| (found.first, found.end))
}

fn least_rows(height: usize) -> usize {
    ((height as f64 * LEAST_HEIGHT).round() as usize).max(LEAST_ROWS)
}

/// Levels that are the commonest of enough rows, most rows first.
fn backgrounds(rows: &Rows, tolerance: u8, least: usize) -> Vec<u8> {
    let mut votes = [0usize; 256];
    for y in rows.span() {
        let (level, share) = rows.commonest(y, tolerance);
        if share >= LEAST_SHARE {
            votes[usize::from(level)] += 1;
        }
    }
    let reach = usize::from(tolerance);
    let mut levels = Vec::new();
    while levels.len() < MOST_LEVELS {
        let window = |level: usize| level.saturating_sub(reach)..(level + reach + 1).min(256);
        let sum = |level: usize| votes[window(level)].iter().sum::<usize>();
        // the middle of the fullest window, its own votes breaking ties
        let Some(peak) = (0..256).max_by_key(|&level| (sum(level), votes[level])) else { break };
        if sum(peak) < least / 2 {
            break;
        }
        levels.push(peak as u8);
        let taken = window(peak);
        votes[taken].fill(0);
    }
    levels
}

/// Rows seen against one background level.
struct Background<'a> {
    rows: &'a Rows,
    level: u8,
    tolerance: u8,
    height: usize,
}

impl Background<'_> {
    fn share(&self, y: usize) -> f32 {
        self.rows.share(y, self.level, self.tolerance)
    }

    /// Runs of rows with enough background, `(first, end)`, gaps closed.
    fn runs(&self) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for y in self.rows.span().filter(|&y| self.share(y) >= LEAST_SHARE) {
            match runs.last_mut() {
                Some((_, end)) if y - *end <= MOST_GAP => *end = y + 1,
                _ => runs.push((y, y + 1)),
            }
        }
        runs.retain(|(first, end)| end - first + 2 >= LEAST_ROWS);
        runs
    }

    /// The best bar inside the run `first .. end`, if there is one.
    fn bar(&self, first: usize, end: usize) -> Option<Found> {
        let span = self.rows.span();
        let tops = self.edges(first..end, |y| y, |y, by| (y >= span.start + by).then(|| y - by));
        // below, row y stands for the edge after it
        let bottoms = self.edges((first..end).rev(), |y| y + 1, |y, by| (y + by < span.end).then(|| y + by));
        let mut best: Option<Found> = None;
        for top in &tops {
            for bottom in &bottoms {
                let found = Found {
                    first: top.row,
                    end: bottom.row,
                    n_sharp: u8::from(top.step >= SHARP) + u8::from(bottom.step >= SHARP),
                    steps: top.step + bottom.step,
                };
                if self.fits(&found) && best.is_none_or(|best| found.beats(&best)) && self.holds_text(&found)
                {
                    best = Some(found);
                }
            }
        }
        best
    }

    /// Rows at which a bar may begin when coming from outside along `inwards`: the run's own first
    /// row, rules of another level, and rows after which there is clearly more background.
    /// `outwards(y, by)` is the row `by` rows further out, if it is in the image.
    fn edges(
        &self,
        inwards: impl Iterator<Item = usize>,
        edge_row: impl Fn(usize) -> usize,
        outwards: impl Fn(usize, usize) -> Option<usize>,
    ) -> Vec<Edge> {
        let mut edges = Vec::new();
        for y in inwards {
            if edges.len() == MOST_EDGES {
                break;
            }
            let share = self.share(y);
            let Some(outside) = outwards(y, 1) else {
                edges.push(Edge { row: edge_row(y), step: 1.0 });
                continue;
            };
            let n_rules = self.rules_outside(y, &outwards);
            if n_rules > 0 {
                let outermost = outwards(y, n_rules).unwrap_or(y);
                edges.push(Edge { row: edge_row(outermost), step: 1.0 });
                continue;
            }
            // one mixed row is allowed, as resizing leaves it
            let beyond = outwards(y, 2).map_or(0.0, |y| self.share(y));
            let step = share - self.share(outside).max(beyond);
            if step >= WEAK && share >= LEAST_WIDTH {
                edges.push(Edge { row: edge_row(y), step });
            }
        }
        edges
    }

    /// Number of ruled rows, at most [`MOST_GAP`], just outside row `y`: rows almost wholly of one
    /// level that is neither the background nor what lies beyond them.
    fn rules_outside(&self, y: usize, outwards: &impl Fn(usize, usize) -> Option<usize>) -> usize {
        let mut n_rules = 0;
        let mut rule = None;
        for by in 1..=MOST_GAP {
            let Some(row) = outwards(y, by) else { break };
            let (level, share) = self.rows.commonest(row, self.tolerance);
            if share < RULE_SHARE || level.abs_diff(self.level) < INK {
                break;
            }
            rule = Some(level);
            n_rules = by;
        }
        let beyond_is_rule = rule.is_some_and(|level| {
            outwards(y, n_rules + 1)
                .is_some_and(|row| self.rows.share(row, level, self.tolerance) >= RULE_SHARE / 2.0)
        });
        if beyond_is_rule { 0 } else { n_rules }
    }

    fn fits(&self, found: &Found) -> bool {
        let rows = found.end.saturating_sub(found.first);
        rows >= least_rows(self.height)
            && rows as f64 <= self.height as f64 * MOST_HEIGHT
            && found.end as f64 >= self.height as f64 * LEAST_END
    }

    /// Whether a line of text stands in the rows, with blank rows on both sides.
    fn holds_text(&self, found: &Found) -> bool {
        let strokes: Vec<usize> =
            (found.first..found.end).map(|y| self.rows.strokes(y, self.level)).collect();
        let shares: Vec<f32> = (found.first..found.end).map(|y| self.share(y)).collect();
        let widest = shares.iter().copied().fold(0.0, f32::max);
        if widest < LEAST_WIDTH {
            return false;
        }
        // strokes of a blank row: the bar's vertical rules
        let mut sorted = strokes.clone();
        sorted.sort_unstable();
        let ruled = sorted[sorted.len() / 10];
        let text = |row: usize| strokes[row] >= ruled + TEXT_STROKES;
        let blank = |row: usize| strokes[row] < ruled + TEXT_STROKES / 2 && shares[row] >= 0.75 * widest;

        let mut row = 0;
        let mut blank_above = false;
        while row < strokes.len() {
            if !text(row) {
                blank_above |= blank(row);
                row += 1;
                continue;
            }
            let line_end = (row..strokes.len()).find(|&row| !text(row)).unwrap_or(strokes.len());
            let cut_by_image = line_end == strokes.len() && found.end == self.height;
            if blank_above
                && line_end - row >= TEXT_ROWS
                && (cut_by_image || (line_end..strokes.len()).any(blank))
            {
                return true;
            }
            row = line_end;
        }
        false
    }
}

impl Found {
    /// More certain edges win, then more rows (so that a rule inside a bar does not halve it).
    fn beats(&self, other: &Self) -> bool {
        let height = |found: &Self| found.end - found.first;
        (self.n_sharp, height(self))
            .cmp(&(other.n_sharp, height(other)))
            .then(self.steps.total_cmp(&other.steps))
            .is_gt()
    }
}
