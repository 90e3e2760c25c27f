//! Shapes: connected parts of the ink in a data bar, and which of them make a scale bar.

use std::ops::Range;

use super::{ScaleBar, ScaleBarForm};
use crate::{Plane, Rect};

/// What may be a bar in what is searched.
pub(super) struct Search {
    /// Least distance of ink from the background, as a share of the largest there is.
    ink: f32,
    /// Whether all ink is either lighter or darker than the background, as the strongest is.
    one_ink: bool,
    /// Least width of a line as a share of what is searched, and in pixels. Letters are narrower.
    least_width: f64,
    least_px: usize,
    /// Largest width as such a share: longer lines are rules and frames.
    most_width: f64,
    /// Largest height as a share of what is searched: what is higher is a frame or a logo.
    most_height: f64,
    /// Least width over height of a line without posts, which is all ink.
    least_solid_aspect: f64,
}

/// A data bar: bars are drawn in grey too, on white, next to logos.
pub(super) const DATA_BAR: Search = Search {
    ink: 0.25,
    one_ink: false,
    least_width: 0.025,
    least_px: 12,
    most_width: 0.75,
    most_height: 0.6,
    least_solid_aspect: 5.0,
};

/// A box that was drawn around the bar: the bar and its text have the strongest contrast there, and
/// bars of figures are thick.
pub(super) const BOX: Search = Search {
    ink: 0.5,
    one_ink: true,
    least_width: 0.05,
    least_px: 6,
    most_width: 1.0,
    most_height: 0.6,
    least_solid_aspect: 1.5,
};

/// Least width over height of a line with its posts; an `H` has less.
const LEAST_ASPECT: f64 = 1.2;

/// Least share of a line's width that one of its rows covers without a break.
const LEAST_RUN: f64 = 0.95;

/// Largest share of ink in the rectangle of a line with posts or teeth; a logo has more.
const MOST_INK: f64 = 0.6;

/// Least number of ticks, and how far in pixels each may be from its expected position.
const LEAST_TICKS: usize = 5;
const TICK_TOLERANCE_PX: f64 = 1.5;

/// Most narrow parts among which ticks are searched; a data bar has a few hundred letters, noise
/// has more parts than can be compared with each other.
const MOST_NARROW: usize = 2000;

/// Largest width of a tick, as a share of the image's, and at least in pixels.
const MOST_TICK_WIDTH: f64 = 0.006;
const MOST_TICK_PX: usize = 4;

/// Connected ink.
#[derive(Clone, Debug)]
struct Part {
    rect: Rect,
    /// Pixels, as row and column of the plane.
    pixels: Vec<(usize, usize)>,
}

/// Pixels that blur reaches on either side of the end of a line.
const SOFT_PX: isize = 6;
/// Largest range of what lies inside and outside of an end, as a share of their contrast, with which the end is measured.
const MOST_UNREST: f64 = 0.2;

/// A line, with the columns between which it is measured.
pub(super) struct Line {
    pub(super) rect: Rect,
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Line {
    pub(super) fn length(&self) -> f64 {
        self.end - self.start
    }
}

/// The scale bar in `plane`, which shows nothing but what is searched.
pub(super) fn scale_bar(plane: &Plane, search: &Search) -> Option<ScaleBar> {
    let parts = parts(plane, search)?;
    let ticks = ticks(&parts, plane);
    let lines: Vec<Line> = parts.iter().filter_map(|part| line(part, plane, search)).collect();
    // letters and rules may look like a line, but hardly like ticks
    ticks.or_else(|| longest(&lines, (search.most_width * plane.width() as f64).round()))
}

/// The longest bar of at most `most` pixels among `lines` and pairs of them.
pub(super) fn longest(lines: &[Line], most: f64) -> Option<ScaleBar> {
    let single = lines.iter().map(|line| bar(ScaleBarForm::Line, line, line));
    let broken = lines.iter().enumerate().flat_map(|(idx, first)| {
        lines[idx + 1..].iter().filter(|second| belong_together(first, second)).map(move |second| {
            let (left, right) = if first.start < second.start { (first, second) } else { (second, first) };
            bar(ScaleBarForm::BrokenLine, left, right)
        })
    });
    single
        .chain(broken)
        .filter(|bar| bar.length_px <= most)
        .max_by(|a, b| a.length_px.total_cmp(&b.length_px))
}

fn bar(form: ScaleBarForm, left: &Line, right: &Line) -> ScaleBar {
    ScaleBar { form, rect: around(left.rect, right.rect), length_px: right.end - left.start }
}

/// The smallest rectangle that holds both.
fn around(a: Rect, b: Rect) -> Rect {
    let (y, x) = (a.y.min(b.y), a.x.min(b.x));
    let (bottom, right) = ((a.y + a.height).max(b.y + b.height), (a.x + a.width).max(b.x + b.width));
    Rect { y, x, height: bottom - y, width: right - x }
}

/// Connected parts of the ink of `plane`, diagonals included; `None` without contrast.
fn parts(plane: &Plane, search: &Search) -> Option<Vec<Part>> {
    let background = *plane.quantiles(&[0.5]).first()?;
    let (low, high) = plane.range()?;
    let sign = if high - background >= background - low { 1.0 } else { -1.0 };
    let least = search.ink * (background - low).max(high - background);
    let has_contrast = least > 0.0; // false for NaN too
    if !has_contrast {
        return None;
    }
    let (height, width) = (plane.height(), plane.width());
    let strength = |value: &f32| {
        let off = value - background;
        if search.one_ink { sign * off } else { off.abs() }
    };
    let mut ink: Vec<bool> = plane.values().iter().map(|value| strength(value) >= least).collect();
    let mut parts = Vec::new();
    for start in 0..ink.len() {
        if !std::mem::take(&mut ink[start]) {
            continue;
        }
        let mut pixels = vec![(start / width, start % width)];
        let mut next = 0;
        while let Some(&(y, x)) = pixels.get(next) {
            next += 1;
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    if std::mem::take(&mut ink[y * width + x]) {
                        pixels.push((y, x));
                    }
                }
            }
        }
        let one = |&(y, x): &(usize, usize)| Rect { y, x, height: 1, width: 1 };
        let rect = pixels.iter().map(one).reduce(around)?;
        parts.push(Part { rect, pixels });
    }
    Some(parts)
}

/// `part` as a line, if it is one.
fn line(part: &Part, plane: &Plane, search: &Search) -> Option<Line> {
    let Rect { y, x, height, width } = part.rect;
    let least = (search.least_width * plane.width() as f64).max(search.least_px as f64);
    let aspect = width as f64 / height as f64;
    let touches_a_side = x == 0 || x + width == plane.width();
    if (width as f64) < least
        || aspect < LEAST_ASPECT
        || height as f64 > search.most_height * plane.height() as f64
        || touches_a_side
    {
        return None;
    }
    let mut inked = vec![false; height * width];
    for (row, column) in &part.pixels {
        inked[(row - y) * width + column - x] = true;
    }
    let longest_run = |row: &[bool]| row.split(|ink| !ink).map(<[bool]>::len).max().unwrap_or(0);
    let run = inked.chunks_exact(width).map(longest_run).max().unwrap_or(0);
    let share = part.pixels.len() as f64 / inked.len() as f64;
    let drawn = share <= MOST_INK || aspect >= search.least_solid_aspect;
    if (run as f64) < LEAST_RUN * width as f64 || !drawn {
        return None;
    }
    let column = |x: usize| inked.iter().skip(x).step_by(width).filter(|ink| **ink).count();
    let columns: Vec<usize> = (0..width).map(column).collect();
    let mut sorted = columns.clone();
    sorted.sort_unstable();
    let thickness = sorted[width / 2];
    // a post, arrow or dot at an end is drawn about the end, with the pen's thickness; a bare line stops there, and the
    // thicker it is, the more its ragged rim may add
    let least_cap = thickness + 2.max(thickness / 3);
    let rows = y + (height - thickness.clamp(1, height)) / 2..y + (height + thickness.clamp(1, height)) / 2;
    // how far inside of the outermost column of ink an end lies
    let inside = |first_columns: &[usize], outermost: usize, outward: isize| {
        let has_cap = first_columns.iter().any(|count| *count >= least_cap);
        if has_cap { thickness as f64 / 2.0 } else { -soft_end(plane, &rows, outermost, outward) }
    };
    let near = (2 * thickness).min(width / 2);
    let start = x as f64 + inside(&columns[..near], x, -1);
    let end = (x + width) as f64 - inside(&columns[width - near..], x + width - 1, 1);
    Some(Line { rect: part.rect, start, end })
}

/// How far in pixels a bare line goes beyond the border of its `outermost` column of ink: where the mean of `rows`
/// passes half the way from its level to what lies `outward` of it. 0 for an end as drawn, or where that is not known.
fn soft_end(plane: &Plane, rows: &Range<usize>, outermost: usize, outward: isize) -> f64 {
    let mean = |k: isize| {
        let x = outermost.checked_add_signed(outward * k).filter(|x| *x < plane.width())?;
        Some(rows.clone().map(|y| f64::from(plane.at(y, x))).sum::<f64>() / rows.len() as f64)
    };
    let level = |of: Range<isize>| {
        let values: Option<Vec<f64>> = of.map(mean).collect();
        let values = values?;
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        Some((values.iter().sum::<f64>() / values.len() as f64, high - low))
    };
    let (Some((inside, inside_range)), Some((outside, outside_range))) =
        (level(-2 * SOFT_PX..-SOFT_PX), level(SOFT_PX + 1..2 * SOFT_PX + 1))
    else {
        return 0.0;
    };
    let contrast = outside - inside;
    if inside_range.max(outside_range) > MOST_UNREST * contrast.abs() {
        return 0.0;
    }
    let passed = |k: isize| mean(k).map_or(0.0, |value| (value - inside) / contrast);
    let crossing = (-SOFT_PX..=SOFT_PX).find(|&k| passed(k) < 0.5 && passed(k + 1) >= 0.5);
    crossing.map_or(0.0, |k| {
        let (before, after) = (passed(k), passed(k + 1));
        // from the middle of the outermost pixel to its border is half a pixel
        k as f64 + (0.5 - before) / (after - before) - 0.5
    })
}

/// Whether two lines are the halves of one interrupted by its text: in the same rows, of about the
/// same length, and not further apart than the sum of their lengths.
fn belong_together(a: &Line, b: &Line) -> bool {
    let (left, right) = if a.start < b.start { (a.rect, b.rect) } else { (b.rect, a.rect) };
    let same_rows = left.y.abs_diff(right.y) <= 1 && left.height.abs_diff(right.height) <= 1;
    let longer = left.width.max(right.width);
    let gap = right.x.saturating_sub(left.x + left.width);
    same_rows && 4 * left.width.abs_diff(right.width) <= longer + 8 && gap > 0 && gap <= 2 * longer
}

/// The row of ticks, if there is one.
fn ticks(parts: &[Part], plane: &Plane) -> Option<ScaleBar> {
    let most = ((MOST_TICK_WIDTH * plane.width() as f64) as usize).max(MOST_TICK_PX);
    let narrow: Vec<Rect> = parts
        .iter()
        .map(|part| part.rect)
        .filter(|rect| rect.width <= most && rect.height > rect.width)
        .collect();
    if narrow.len() > MOST_NARROW {
        return None;
    }
    let middle = |rect: &Rect| rect.x as f64 + rect.width as f64 / 2.0;
    let mut best: Option<ScaleBar> = None;
    for first in &narrow {
        // long and short ticks hang from one row, or have their middles in one
        let middle_row = first.y + first.height / 2;
        let mut row: Vec<&Rect> = narrow
            .iter()
            .filter(|tick| {
                tick.y.abs_diff(first.y) <= 1 || (tick.y..tick.y + tick.height).contains(&middle_row)
            })
            .collect();
        row.sort_by_key(|tick| tick.x);
        let Some(at) = row.iter().position(|tick| *tick == first) else { continue };
        let Some(second) = row.get(at + 1) else { continue };
        let start = middle(first);
        let spacing = middle(second) - start;
        let n_ticks = 1 + row[at + 1..]
            .iter()
            .enumerate()
            .take_while(|(idx, tick)| {
                // the first distance is of whole pixels, and so is off by more the further it is carried
                let tolerance_px = TICK_TOLERANCE_PX * (1.0 + *idx as f64 / 4.0);
                (middle(tick) - start - spacing * (idx + 1) as f64).abs() <= tolerance_px
            })
            .count();
        let last = row[at + n_ticks - 1];
        let length_px = middle(last) - start;
        // ticks are further apart than letters
        if n_ticks >= LEAST_TICKS
            && spacing > 3.0 * first.width as f64
            && best.is_none_or(|best| length_px > best.length_px)
        {
            best = Some(ScaleBar { form: ScaleBarForm::Ticks, rect: around(*first, *last), length_px });
        }
    }
    best
}
