//! Bounds: finds the rows of a data bar from row statistics.
//!
//! A data bar is a run of rows that share one flat background level over most of their width,
//! begins and ends from one row to the next, and holds at least one line of text with blank rows
//! on both sides. Every bound below describes bars as instruments draw them; no bound is
//! fitted to a file. The text of a bar is not read.

use std::cell::OnceCell;
use std::ops::Range;

use super::rows::{INK, Rows};

/// Fraction of the height where the search for a bar starts. Bars that float inside the image lie below
/// four fifths; a bar of the largest height that ends at [`LEAST_END`] begins at six tenths.
const REGION_START: f64 = 0.6;

/// A bar ends below this fraction of the height; one that floats higher is an inset, not a bar.
const LEAST_END: f64 = 0.85;

/// Largest height of a bar. Instruments stay below 0.16; the rest is for cropped images.
pub(super) const MOST_HEIGHT: f64 = 0.25;

/// Smallest height of a bar as a share of the image, and in rows: the smallest line of text with a
/// blank row above and below.
pub(super) const LEAST_HEIGHT: f64 = 0.02;
const LEAST_ROWS: usize = TEXT_ROWS + 2;

/// Distances in levels of 256 within which pixels count as background: as drawn, after good and
/// after strong compression. Noise of a detector is seldom inside the first.
const TOLERANCES: [u8; 3] = [1, 4, 8];

/// Least share of background in a row of a bar. Measured: 0.44 in the fullest text row of bars
/// that fill four fifths of the width, 0.5 in others; noisy specimens stay below 0.2.
const LEAST_SHARE: f32 = 0.35;

/// Least share of the width that a bar, or an unbroken ruled line, covers; boxes around a drawn
/// scale bar cover less.
const LEAST_WIDTH: f32 = 0.6;

/// Rows without background that a bar may hold together: frames, rules between lines of text.
const MOST_GAP: usize = 3;

/// Share of a row in one level of ink that makes it a line even where it is broken.
const RULE_SHARE: f32 = 0.85;

/// Level of a ruled line, as a fraction from the background to the end of the range: rules
/// are drawn in the grey level of the text. A last row of flat grey specimen falls short of it.
const RULE_INK: f32 = 0.85;

/// Share of the widest row that a blank row has: rules and a logo may cross it.
const BLANK_SHARE: f32 = 0.75;

/// Change of the background share from row to row that makes an edge certain, or possible.
const SHARP: f32 = 0.5;
const WEAK: f32 = 0.1;

/// A possible edge is accepted only where bar and specimen may be of the same black or white:
/// within this many levels of an end of the range, where a detector clips, so flat that
/// [`CLIPPED_TOLERANCE`] suffices, and with [`CLIPPED_STROKES`] of text, more than a drawn
/// scale bar with its length has.
const CLIPPED_LEVELS: u8 = 16;
const CLIPPED_TOLERANCE: u8 = 4;
const CLIPPED_STROKES: usize = 2 * TEXT_STROKES;

/// Share of the widest row at which a row is evidence neither for nor against a bar. Text rows lie
/// about it, blank rows above, rows of specimen that happen to have the bar's grey below.
const EVEN_SHARE: f32 = 0.6;

/// Strokes by which a row of text exceeds a blank one: four letters or digits of two strokes.
/// The bar's own vertical rules are in both.
const TEXT_STROKES: usize = 8;

/// Rows of the smallest text: half the height of a 5 × 7 letter, as rows of letters with few
/// strokes break a line of text.
const TEXT_ROWS: usize = 4;

/// Levels that are tried as background; a specimen in shades of grey is commoner in several.
const MOST_LEVELS: usize = 12;

/// Edges that are tried on each side of a run of rows.
const MOST_EDGES: usize = 24;

/// A row where a bar may begin or end, and how sure that is, in `[0, 1]`.
#[derive(Clone, Copy, Debug)]
struct Edge {
    row: usize,
    step: f32,
}

/// Neighbouring rows with enough background.
struct Run {
    rows: Range<usize>,
    /// Columns between which its blank rows are background.
    columns: Range<usize>,
    /// Largest share of background in a row.
    widest: f32,
    /// Strokes of every known row between those columns, counted on first use.
    strokes: OnceCell<Vec<usize>>,
}

/// A possible bar: rows `first .. end`, and how it is to be ranked.
#[derive(Clone, Copy, Debug)]
struct Found {
    first: usize,
    end: usize,
    /// Number of certain edges, 0 to 2.
    n_sharp: u8,
    /// Sum over its rows of the background share above [`EVEN_SHARE`].
    weight: f32,
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
            for run in background.runs() {
                let Some(found) = background.bar(&run) else { continue };
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
        let Some(fullest) = (0..256).max_by_key(|&level| sum(level)) else { break };
        let n_rows = sum(fullest);
        if n_rows < least / 2 {
            break;
        }
        // the median of the window's votes, as several windows may hold the same rows
        let mut n_below = 0;
        let median = window(fullest).find(|&level| {
            n_below += votes[level];
            2 * n_below >= n_rows
        });
        levels.push(median.unwrap_or(fullest) as u8);
        let taken = window(fullest);
        votes[taken].fill(0);
    }
    levels
}

/// Rows compared with one background level.
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

    /// Runs of rows with enough background, gaps closed.
    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for y in self.rows.span().filter(|&y| self.share(y) >= LEAST_SHARE) {
            match runs.last_mut() {
                Some(run) if y - run.end <= MOST_GAP => run.end = y + 1,
                _ => runs.push(y..y + 1),
            }
        }
        // a line of text that the image's end cuts through is a gap that nothing closes
        let end = self.rows.span().end;
        if let Some(last) = runs.last_mut().filter(|last| end - last.end <= MOST_GAP) {
            last.end = end;
        }
        runs.into_iter()
            .filter(|rows| rows.len() + 2 >= LEAST_ROWS)
            .map(|rows| {
                let widest = rows.clone().map(|y| self.share(y)).fold(0.0, f32::max);
                let blank = rows.clone().filter(|&y| self.share(y) >= BLANK_SHARE * widest);
                let columns = self.rows.columns(blank, self.level, self.tolerance);
                Run { rows, columns, widest, strokes: OnceCell::new() }
            })
            .filter(|run| run.widest >= LEAST_WIDTH && !run.columns.is_empty())
            .collect()
    }

    /// The best bar inside `run`, if there is one.
    fn bar(&self, run: &Run) -> Option<Found> {
        let span = self.rows.span();
        let tops = self.edges(run.rows.clone(), |y| y, |y, by| (y >= span.start + by).then(|| y - by));
        // at the lower edge, row y represents the edge after it
        let bottoms =
            self.edges(run.rows.clone().rev(), |y| y + 1, |y, by| (y + by < span.end).then(|| y + by));
        let mut best: Option<Found> = None;
        for top in &tops {
            for bottom in bottoms.iter().filter(|bottom| self.fits(top.row, bottom.row)) {
                let found = Found {
                    first: top.row,
                    end: bottom.row,
                    n_sharp: u8::from(top.step >= SHARP) + u8::from(bottom.step >= SHARP),
                    weight: (top.row..bottom.row).map(|y| self.share(y) / run.widest - EVEN_SHARE).sum(),
                };
                let possible = found.n_sharp == 2 || self.clips();
                if possible && best.is_none_or(|best| found.beats(&best)) && self.reads(run, &found) {
                    best = Some(found);
                }
            }
        }
        best
    }

    /// Rows at which a bar may begin when coming from outside along `inwards`: after the end of the
    /// image, at rules of another level, and where there is clearly more background than before.
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

    /// Number of ruled rows, at most [`MOST_GAP`], just outside row `y`: lines in ink with something
    /// else beyond. More rows than that are specimen.
    fn rules_outside(&self, y: usize, outwards: &impl Fn(usize, usize) -> Option<usize>) -> usize {
        let n_rules =
            (1..=MOST_GAP + 1).take_while(|&by| outwards(y, by).is_some_and(|row| self.is_rule(row))).count();
        if n_rules > MOST_GAP { 0 } else { n_rules }
    }

    /// Whether row `y` is a line in ink: unbroken, or, as compression breaks lines, almost wholly
    /// of one level.
    fn is_rule(&self, y: usize) -> bool {
        let down = (RULE_INK * f32::from(self.level)) as u8;
        let up = (RULE_INK * f32::from(255 - self.level)) as u8;
        // levels `..=darkest` and `brightest..` are ink; `None`: there are no such levels
        let darkest = self.level.checked_sub(down.max(INK));
        let brightest = self.level.checked_add(up.max(INK));
        let inked = |level: u8| {
            darkest.is_some_and(|darkest| level <= darkest)
                || brightest.is_some_and(|brightest| level >= brightest)
        };
        let dark = darkest.map_or(0.0, |darkest| self.rows.share_between(y, 0, darkest));
        let bright = brightest.map_or(0.0, |brightest| self.rows.share_between(y, brightest, 255));
        if dark + bright < LEAST_WIDTH {
            return false;
        }
        let (level, share) = self.rows.commonest(y, self.tolerance);
        (inked(level) && share >= RULE_SHARE) || self.rows.longest_run(y, inked) >= LEAST_WIDTH
    }

    /// Whether the background may be that of clipped specimen too.
    fn clips(&self) -> bool {
        self.tolerance <= CLIPPED_TOLERANCE && self.level.min(255 - self.level) <= CLIPPED_LEVELS
    }

    fn fits(&self, first: usize, end: usize) -> bool {
        let rows = end.saturating_sub(first);
        first > self.rows.span().start // a bar that begins higher is not completely in the searched rows
            && rows >= least_rows(self.height)
            && rows as f64 <= self.height as f64 * MOST_HEIGHT
            && end as f64 >= self.height as f64 * LEAST_END
    }

    /// Whether there is text in the rows of `found`, but not in the rows next to them: a pattern of the
    /// specimen would continue.
    fn reads(&self, run: &Run, found: &Found) -> bool {
        let least_strokes = if found.n_sharp == 2 { TEXT_STROKES } else { CLIPPED_STROKES };
        let span = self.rows.span();
        let near = (self.height as f64 * MOST_HEIGHT) as usize;
        let above = found.first.saturating_sub(near).max(span.start)..found.first;
        let below = found.end..(found.end + near).min(span.end);
        self.holds_text(run, found.first..found.end, least_strokes)
            && !self.holds_text(run, above, least_strokes)
            && !self.holds_text(run, below, least_strokes)
    }

    /// Whether a line of text, with `least_strokes` more in its rows than the blank ones have,
    /// is in `rows` with blank rows on both sides.
    fn holds_text(&self, run: &Run, rows: Range<usize>, least_strokes: usize) -> bool {
        let span = self.rows.span();
        let strokes = run.strokes.get_or_init(|| {
            span.clone().map(|y| self.rows.strokes(y, run.columns.clone(), self.level)).collect()
        });
        let strokes = &strokes[rows.start - span.start..rows.end - span.start];
        // strokes of a blank row: the bar's vertical rules
        let mut sorted = strokes.to_vec();
        sorted.sort_unstable();
        let Some(&ruled) = sorted.get(sorted.len() / 10) else { return false };
        let text = |row: usize| strokes[row] >= ruled + least_strokes;
        let blank = |row: usize| {
            strokes[row] < ruled + TEXT_STROKES / 2
                && self.share(rows.start + row) >= BLANK_SHARE * run.widest
        };
        let mut row = 0;
        let mut blank_above = false;
        while row < strokes.len() {
            if !text(row) {
                blank_above |= blank(row);
                row += 1;
                continue;
            }
            let line_end = (row..strokes.len()).find(|&row| !text(row)).unwrap_or(strokes.len());
            let cut_by_image = line_end == strokes.len() && rows.end == self.height;
            let blank_below = cut_by_image || (line_end..strokes.len()).any(blank);
            if blank_above && blank_below && line_end - row >= TEXT_ROWS {
                return true;
            }
            row = line_end;
        }
        false
    }
}

impl Found {
    /// More certain edges win, then the rows that are most of a bar.
    fn beats(&self, other: &Self) -> bool {
        self.n_sharp.cmp(&other.n_sharp).then(self.weight.total_cmp(&other.weight)).is_gt()
    }
}
