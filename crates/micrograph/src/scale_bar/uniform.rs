//! Uniform: bars that are drawn in one level over whatever is behind them: texture, noise, a box.
//!
//! A drawn bar is a rectangle of one level with straight ends, and with another level above and below it. Its
//! thickness, its color and its text do not matter. Runs of pixels of one level are collected row by row, and those that
//! lie below each other become a core; what stands over a core at both of its ends are posts.

use std::ops::Range;

use super::shapes::Line;
use crate::{Plane, Rect};

/// What counts as one level, as a share of the range of levels: pixels as a program drew them.
const DRAWN: f32 = 0.02;

/// And as JPEG left them, at high and at low quality.
const BLURRED: [f32; 2] = [0.08, 0.16];

/// Least mean difference of what is above and below a bar from its level, as a share of the range of levels.
const LEAST_CONTRAST: f32 = 0.1;

/// Least length times the root of the contrast of a bar, as a share of that of the one with the most.
const LEAST_SCORE: f64 = 0.75;

/// Least contrast of a core, as a share of that of another that lies against it, to be as likely the bar.
const LEAST_ALIKE: f32 = 0.9;

/// Rows above and below in which that difference has to appear, and thickness up to which the rim of a box behind a bar is
/// taken for a line: as far as blur reaches.
const BLUR_ROWS: usize = 3;

/// Least deviation that is still the level of a bar as drawn, as a share of the range of levels: rounding.
const LEAST_TOLERANCE: f32 = 0.003;

/// Least share of the rows of a bar that have its level in a column of it.
const LEAST_EXACT: f64 = 0.75;

/// Most columns that the exact ends of a core lie inside of its ends.
const MOST_INWARD: usize = 2;

/// Least difference from the level of a bar in the two columns beyond its end, as a share of that farther out, of an end
/// that is drawn.
const LEAST_SHARP: f32 = 0.35;

/// Farthest that an end is from a border of pixels that was found for it.
const MOST_BEYOND_PX: f64 = 4.0;

/// Least pixels in a bar: noise and texture have no rectangles of as many.
const LEAST_PIXELS: usize = 24;

/// Least share of the rows of a core that end within a pixel of where it does.
const LEAST_STRAIGHT: f64 = 0.7;

/// Least share of the longer of two runs that both cover, to be of one core.
const LEAST_OVERLAP: f64 = 0.8;

/// Largest share of the row above or below a core that has its level.
const MOST_CONTINUED: f64 = 0.5;

/// Least share of a row that has the level of a core, where the core is part of a frame.
const LEAST_FRAME: f64 = 0.9;

/// Largest width of a post, in pixels and in thicknesses of its line.
const MOST_POST_PX: usize = 8;
const MOST_POST: usize = 3;

/// Largest standard deviation of what is behind a bar, as a share of its contrast, with which parts of pixels are
/// measured.
const MOST_UNREST: f64 = 0.12;
/// The same for a bar that JPEG has blurred, whose ends are known no better.
const MOST_BLURRED_UNREST: f64 = 0.3;

/// Most that a column of a bar differs from it, as a share of the difference of what is above and below that column.
const MOST_STEP: f64 = 0.5;
/// The same for a bar of which the rest has exactly one level.
const MOST_EXACT_STEP: f64 = 0.3;

/// Most pixels by which JPEG shortens what has the level of a bar: two of its blocks.
const MOST_SHORTENED_PX: isize = 16;

/// Most that what lies against an end may differ from the bar the other way than its surroundings do, as a share of
/// their contrast: more is an outline.
const MOST_OUTLINED: f64 = 0.5;

/// Pixels on either side of an end of which its surroundings are taken.
const REACH: usize = 6;

/// Nearest of them that blur does not reach.
const BEYOND_BLUR: usize = 3;

/// Limits of a search.
pub(super) struct Limits {
    /// Least and largest width of a bar in pixels.
    pub(super) width: Range<usize>,
    /// Least and largest height of a bar in pixels, without its posts.
    pub(super) height: Range<usize>,
    /// Least width over height.
    pub(super) least_aspect: f64,
    /// Whether bars that JPEG has blurred are searched too.
    pub(super) blurred: bool,
}

/// A rectangle of one level: rows, and columns `start .. end`.
#[derive(Clone, Debug)]
struct Core {
    rows: Range<usize>,
    start: usize,
    end: usize,
    level: f32,
    /// What differs by less is the same level.
    tolerance: f32,
    /// The range of levels that it was found in.
    range: f32,
    /// Whether all of it has exactly its level, and nothing beside it has.
    is_exact: bool,
}

/// Pixels of one level in a row.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: usize,
    end: usize,
    level: f32,
}

/// The drawn lines of `plane`, the longest first.
pub(super) fn lines(plane: &Plane, limits: &Limits) -> Vec<Line> {
    let Some((low, high)) = plane.range() else { return Vec::new() };
    let range = high - low;
    if !(range > 0.0 && range.is_finite()) {
        return Vec::new();
    }
    let least_contrast = LEAST_CONTRAST * range;
    let of_core = |core: Core| {
        let core = Core { range, ..core };
        let line = line(plane, &core, limits).filter(|_| stands_out(plane, &core, least_contrast))?;
        Some((line, core))
    };
    let drawn = cores(plane, DRAWN * range, limits.width.start);
    let drawn = drawn.into_iter().map(|core| exact(plane, core, LEAST_TOLERANCE * range));
    let mut found = innermost(plane, drawn.filter_map(of_core).collect());
    for share in if limits.blurred { &BLURRED[..] } else { &[] } {
        let blurred = cores(plane, share * range, limits.width.start);
        let blurred = innermost(plane, blurred.into_iter().filter_map(of_core).collect());
        // what was found as drawn is not found again with what is like it around it
        let is_new =
            |core: &Core| !found.iter().any(|(_, known)| overlap(core, known) || is_same_bar(core, known));
        let is_new =
            |one: &(Line, Core)| is_new(&one.1) && !found.iter().any(|known| is_between_posts(one, known));
        let blurred: Vec<(Line, Core)> = blurred.into_iter().filter(is_new).collect();
        found.extend(blurred);
    }
    if limits.blurred {
        // rims of boxes that JPEG has left stand out far less than the bar
        let score = |(line, core): &(Line, Core)| line.length() * f64::from(contrast(plane, core)).sqrt();
        let most = found.iter().map(score).fold(0.0, f64::max);
        found.retain(|one| score(one) >= LEAST_SCORE * most);
    }
    let mut lines: Vec<Line> = found.into_iter().map(|(line, _)| line).collect();
    lines.sort_by(|a, b| b.length().total_cmp(&a.length()).then(a.rect.y.cmp(&b.rect.y)));
    lines
}

/// The rows above and below `core` that blur reaches.
fn near_rows(plane: &Plane, core: &Core) -> [Range<usize>; 2] {
    let above = core.rows.start.saturating_sub(BLUR_ROWS)..core.rows.start;
    [above, core.rows.end..(core.rows.end + BLUR_ROWS).min(plane.height())]
}

/// The mean difference of what is above or below `core` from its level: of the side that is more like it.
fn contrast(plane: &Plane, core: &Core) -> f32 {
    let of_row = |y: usize| {
        let row = &plane.row(y)[core.start..core.end];
        row.iter().map(|value| (value - core.level).abs()).sum::<f32>() / row.len() as f32
    };
    let sides = near_rows(plane, core).into_iter().filter(|rows| !rows.is_empty());
    let contrast = sides.map(|rows| rows.map(of_row).fold(0.0, f32::max)).fold(f32::INFINITY, f32::min);
    if contrast.is_finite() { contrast } else { 0.0 }
}

/// Whether `core` differs from what is above and below it, and is not the step from one to the other.
fn stands_out(plane: &Plane, core: &Core, least_contrast: f32) -> bool {
    // noise and texture have no exact levels, so it need not stand out from them
    if core.is_exact && core.rows.len() > BLUR_ROWS {
        return true;
    }
    if contrast(plane, core) < least_contrast {
        return false;
    }
    let [above, below] = near_rows(plane, core);
    if core.rows.len() > BLUR_ROWS || above.is_empty() || below.is_empty() {
        return true;
    }
    let mean = |y: usize| {
        let row = &plane.row(y)[core.start..core.end];
        row.iter().sum::<f32>() / row.len() as f32
    };
    let (before, after) = (mean(above.end - 1), mean(below.start));
    let is_between = (before - core.level) * (core.level - after) > 0.0;
    !(is_between && (before - after).abs() > 2.0 * core.tolerance)
}

/// `core` with the level and the ends of what has exactly its level, as a program draws it: what is behind may have
/// nearly the same.
fn exact(plane: &Plane, core: Core, least: f32) -> Core {
    let quarter = (core.end - core.start) / 4;
    let middle = core.start + quarter..core.end - quarter;
    let values = || core.rows.clone().flat_map(|y| plane.row(y)[middle.clone()].iter().copied());
    let n = (core.rows.len() * middle.len()).max(1);
    let level = (values().map(f64::from).sum::<f64>() / n as f64) as f32;
    let spread = values().map(|value| (value - level).abs()).fold(0.0, f32::max);
    let exact = Core { level, tolerance: (1.5 * spread).max(least), ..core.clone() };
    let is_part = |x: &usize| {
        let n_level = exact.rows.clone().filter(|y| is_level(plane, &exact, *y, *x)).count();
        n_level as f64 >= LEAST_EXACT * exact.rows.len() as f64
    };
    let start = middle.start - (0..middle.start).rev().take_while(is_part).count();
    let end = middle.end + (middle.end..plane.width()).take_while(is_part).count();
    // what ends far inside is not drawn in one level
    let near = |a: usize, b: usize| a <= b || a - b <= MOST_INWARD;
    let ends = start > 0
        && is_sharp(plane, &exact, |k| start.checked_sub(k))
        && is_sharp(plane, &exact, |k| Some(end - 1 + k));
    if ends && near(start, core.start) && near(core.end, end) {
        Core { start, end, is_exact: spread <= least, ..exact }
    } else {
        core
    }
}

/// Whether `core` ends within two columns, as what is drawn does; blur goes on for more. `column` gives the columns by
/// their distance, of which 1 is the first beyond the end.
fn is_sharp(plane: &Plane, core: &Core, column: impl Fn(usize) -> Option<usize>) -> bool {
    let off = |k: usize| {
        let x = column(k).filter(|x| *x < plane.width())?;
        let sum: f32 = core.rows.clone().map(|y| (plane.at(y, x) - core.level).abs()).sum();
        Some(sum / core.rows.len() as f32)
    };
    let near = [1, 2].into_iter().filter_map(off).fold(0.0, f32::max);
    let far: Vec<f32> = (2 * BEYOND_BLUR - 2..2 * BEYOND_BLUR + 3).filter_map(off).collect();
    far.is_empty() || near * far.len() as f32 >= LEAST_SHARP * far.iter().sum::<f32>()
}

/// Whether `one` is what is enclosed by the posts of `other` and its line.
fn is_between_posts((_, one): &(Line, Core), (line, other): &(Line, Core)) -> bool {
    let has_posts = line.rect.height > other.rows.len();
    let rows = line.rect.y..line.rect.y + line.rect.height;
    has_posts
        && one.rows.start < rows.end
        && rows.start < one.rows.end
        && other.start < one.start
        && one.end < other.end
}

/// Whether two cores share a pixel.
fn overlap(a: &Core, b: &Core) -> bool {
    let share = |a: Range<usize>, b: Range<usize>| a.start < b.end && b.start < a.end;
    share(a.rows.clone(), b.rows.clone()) && share(a.start..a.end, b.start..b.end)
}

/// Whether two cores cover each other's columns, in the same rows or against each other.
fn is_same_bar(a: &Core, b: &Core) -> bool {
    let shared = a.end.min(b.end).saturating_sub(a.start.max(b.start));
    let longer = (a.end - a.start).max(b.end - b.start);
    let gap = a.rows.start.max(b.rows.start).saturating_sub(a.rows.end.min(b.rows.end));
    shared as f64 >= LEAST_OVERLAP * longer as f64 && gap <= 1
}

/// Of cores that lie against each other, the one in the middle of those that stand out: rows that a bar covers in part
/// have a level of their own above and below it, and what is between posts or beside it in a box ends at the bar.
fn innermost(plane: &Plane, found: Vec<(Line, Core)>) -> Vec<(Line, Core)> {
    let between: Vec<bool> =
        found.iter().map(|one| found.iter().any(|other| is_between_posts(one, other))).collect();
    let mut stacks: Vec<Vec<(Line, Core)>> = Vec::new();
    for (one, _) in found.into_iter().zip(between).filter(|(_, between)| !between) {
        match stacks.iter_mut().find(|stack| stack.iter().any(|(_, core)| is_same_bar(core, &one.1))) {
            Some(stack) => stack.push(one),
            None => stacks.push(vec![one]),
        }
    }
    let middle_one = |stack: Vec<(Line, Core)>| {
        let most = stack.iter().map(|(_, core)| contrast(plane, core)).fold(0.0, f32::max);
        let stands_out = |core: &Core| contrast(plane, core) >= LEAST_ALIKE * most;
        let stack: Vec<(Line, Core)> = stack.into_iter().filter(|(_, core)| stands_out(core)).collect();
        let first = stack.iter().map(|(_, core)| core.rows.start).min()?;
        let end = stack.iter().map(|(_, core)| core.rows.end).max()?;
        // twice the distance of the middles of rows
        let off = |core: &Core| (core.rows.start + core.rows.end).abs_diff(first + end);
        stack.into_iter().min_by_key(|(_, core)| (off(core), usize::MAX - core.rows.len()))
    };
    stacks.into_iter().filter_map(middle_one).collect()
}

/// The cores of `plane` at least `least` wide.
fn cores(plane: &Plane, tolerance: f32, least: usize) -> Vec<Core> {
    let mut cores = Vec::new();
    // runs of consecutive rows, the last of them in the row before
    let mut open: Vec<(usize, Vec<Run>)> = Vec::new();
    for y in 0..=plane.height() {
        let mut runs = if y < plane.height() { runs(plane.row(y), tolerance, least) } else { Vec::new() };
        let mut still_open = Vec::new();
        for (first, mut stack) in open {
            let last = stack[stack.len() - 1];
            let next = runs.iter().position(|run| continues(&last, run, tolerance));
            match next {
                Some(idx) => {
                    stack.push(runs.swap_remove(idx));
                    still_open.push((first, stack));
                }
                None => cores.push(core(first, &stack, tolerance)),
            }
        }
        still_open.extend(runs.into_iter().map(|run| (y, vec![run])));
        open = still_open;
    }
    cores.into_iter().flatten().filter(|core| core.end - core.start >= least).collect()
}

fn continues(above: &Run, below: &Run, tolerance: f32) -> bool {
    let shared = above.end.min(below.end).saturating_sub(above.start.max(below.start));
    let longer = (above.end - above.start).max(below.end - below.start);
    shared as f64 >= LEAST_OVERLAP * longer as f64 && (above.level - below.level).abs() <= tolerance
}

/// The core of `runs` in consecutive rows from `first`; `None` where their ends are not straight.
fn core(first: usize, runs: &[Run], tolerance: f32) -> Option<Core> {
    let middle = |value: fn(&Run) -> usize| {
        let mut values: Vec<usize> = runs.iter().map(value).collect();
        values.sort_unstable();
        let middle = values[values.len() / 2];
        let n_near = values.iter().filter(|value| value.abs_diff(middle) <= 1).count();
        (n_near as f64 >= LEAST_STRAIGHT * values.len() as f64).then_some(middle)
    };
    let (start, end) = (middle(|run| run.start)?, middle(|run| run.end)?);
    let level = runs.iter().map(|run| run.level).sum::<f32>() / runs.len() as f32;
    (start < end).then_some(Core {
        rows: first..first + runs.len(),
        start,
        end,
        level,
        tolerance,
        range: 0.0,
        is_exact: false,
    })
}

/// The runs of `row` at least `least` wide whose levels all lie within twice `tolerance`.
fn runs(row: &[f32], tolerance: f32, least: usize) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut start = 0;
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for end in 0..=row.len() {
        let fits = row.get(end).is_some_and(|value| high.max(*value) - low.min(*value) <= 2.0 * tolerance);
        if fits || end == start {
            let Some(value) = row.get(end) else { break };
            (low, high) = (low.min(*value), high.max(*value));
            continue;
        }
        if end - start >= least {
            let level = row[start..end].iter().sum::<f32>() / (end - start) as f32;
            runs.push(Run { start, end, level });
            start = end;
        }
        let Some(value) = row.get(end) else { break };
        // the longest that ends here, but for pixels that are in a run
        (low, high) = (*value, *value);
        let before = row[start..end].iter().rev().take_while(|value| {
            (low, high) = (low.min(**value), high.max(**value));
            high - low <= 2.0 * tolerance
        });
        start = end - before.count();
        let kept = &row[start..=end];
        low = kept.iter().copied().fold(f32::INFINITY, f32::min);
        high = kept.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    }
    runs
}

/// `core` as a line, if it is one.
fn line(plane: &Plane, core: &Core, limits: &Limits) -> Option<Line> {
    let (width, thickness) = (core.end - core.start, core.rows.len());
    let touches_a_side = core.start == 0 || core.end == plane.width();
    if touches_a_side
        || !limits.width.contains(&width)
        || !limits.height.contains(&thickness)
        || width * thickness < LEAST_PIXELS
        || (width as f64) < limits.least_aspect * thickness as f64
    {
        return None;
    }
    let posts = posts(plane, core);
    let beside = posts.as_ref().map_or(0, |posts| posts.width).max(1);
    // another level above and below, at the ends too where there are no posts
    for y in [core.rows.start.checked_sub(1), Some(core.rows.end)].into_iter().flatten() {
        if y >= plane.height() {
            continue;
        }
        let between = core.start + beside..core.end - beside.min(width / 2);
        let continued = share(plane, core, y, between);
        if continued > MOST_CONTINUED || (posts.is_none() && ends_continue(plane, core, y)) {
            return None;
        }
    }
    let (above, below) = posts.as_ref().map_or((0, 0), |posts| (posts.above, posts.below));
    let rect = Rect { y: core.rows.start - above, x: core.start, height: thickness + above + below, width };
    // a frame closes what its sides enclose
    let outside = (rect.y.saturating_sub(1)..core.rows.start).chain(core.rows.end..rect.y + rect.height + 1);
    let mut outside = outside.filter(|y| *y < plane.height());
    if posts.is_some() && outside.any(|y| share(plane, core, y, core.start..core.end) >= LEAST_FRAME) {
        return None;
    }
    let (start, end) = match &posts {
        // a post is drawn about the end
        Some(posts) => {
            let half = posts.width as f64 / 2.0;
            (core.start as f64 + half, core.end as f64 - half)
        }
        None => (left_end(plane, core), right_end(plane, core)),
    };
    Some(Line { rect, start, end })
}

fn is_level(plane: &Plane, core: &Core, y: usize, x: usize) -> bool {
    (plane.at(y, x) - core.level).abs() <= core.tolerance
}

/// The share of `columns` in row `y` that have the level of `core`.
fn share(plane: &Plane, core: &Core, y: usize, columns: Range<usize>) -> f64 {
    let n = columns.len().max(1);
    columns.filter(|x| is_level(plane, core, y, *x)).count() as f64 / n as f64
}

/// Whether the first and the last columns of `core` go on in row `y`; of a core that is not exact, and so may have further
/// columns at one end, whether either do.
fn ends_continue(plane: &Plane, core: &Core, y: usize) -> bool {
    let n = 3.min((core.end - core.start) / 3);
    // the outermost may be those of something behind
    let inside = n.min(2);
    let left = core.start + inside..core.start + inside + n;
    let right = core.end - inside - n..core.end - inside;
    let (left, right) = (share(plane, core, y, left), share(plane, core, y, right));
    if core.is_exact { left.min(right) == 1.0 } else { left.max(right) == 1.0 }
}

/// The same posts at both ends of a line: their width, and rows above and below the line.
struct Posts {
    width: usize,
    above: usize,
    below: usize,
}

fn posts(plane: &Plane, core: &Core) -> Option<Posts> {
    let thickness = core.rows.len();
    let width = core.end - core.start;
    let most = MOST_POST_PX.max(MOST_POST * thickness).min(width / 3);
    let reach = |x: usize| {
        let above = (0..core.rows.start).rev().take_while(|y| is_level(plane, core, *y, x)).count();
        let below = (core.rows.end..plane.height()).take_while(|y| is_level(plane, core, *y, x)).count();
        (above, below)
    };
    let least = 2.max(thickness / 4);
    let stands = |(above, below): (usize, usize)| above.max(below) >= least;
    let post = |columns: &mut dyn Iterator<Item = usize>| {
        let reaches: Vec<(usize, usize)> = columns.map(reach).take_while(|reach| stands(*reach)).collect();
        let middle = *reaches.get(reaches.len() / 2)?;
        (reaches.len() <= most).then_some((reaches.len(), middle))
    };
    let (left_width, left) = post(&mut (core.start..core.end).take(most + 1))?;
    let (right_width, right) = post(&mut (core.start..core.end).rev().take(most + 1))?;
    let alike = |a: usize, b: usize| a.abs_diff(b) <= 1 + a.max(b) / 8;
    (alike(left_width, right_width) && alike(left.0, right.0) && alike(left.1, right.1)).then_some(Posts {
        width: left_width.max(right_width),
        above: left.0.max(right.0),
        below: left.1.max(right.1),
    })
}

/// Where `core` begins and where it ends, as positions of borders of pixels.
fn left_end(plane: &Plane, core: &Core) -> f64 {
    let outward = |k: isize| core.start as isize - k;
    let grown = shortened(plane, core, outward);
    core.start as f64 - grown as f64 - beyond(plane, core, |k| outward(k + grown))
}

fn right_end(plane: &Plane, core: &Core) -> f64 {
    let outward = |k: isize| core.end as isize - 1 + k;
    let grown = shortened(plane, core, outward);
    core.end as f64 + grown as f64 + beyond(plane, core, |k| outward(k + grown))
}

/// Columns beyond the border of `core` that are nearer to its level than to what is above and below them: JPEG changes
/// the block that holds the end of a bar. `column` as for [`beyond`].
fn shortened(plane: &Plane, core: &Core, column: impl Fn(isize) -> isize) -> isize {
    let [above, below] = near_rows(plane, core);
    let behind: Vec<usize> = above.rev().skip(1).chain(below.skip(1)).collect();
    let least = f64::from(LEAST_CONTRAST * core.range);
    let most = if core.is_exact { MOST_EXACT_STEP } else { MOST_STEP };
    // each row counts: the mean of what is behind may be that of the bar by chance
    let off = |rows: &[usize], x: usize| {
        let sum: f64 = rows.iter().map(|y| f64::from((plane.at(*y, x) - core.level).abs())).sum();
        sum / rows.len().max(1) as f64
    };
    let rows: Vec<usize> = core.rows.clone().collect();
    let is_inside = |k: &isize| {
        let x = usize::try_from(column(*k)).ok().filter(|x| *x < plane.width());
        x.is_some_and(|x| {
            let behind = off(&behind, x);
            behind >= least && off(&rows, x) < most * behind
        })
    };
    let n = (1..=MOST_SHORTENED_PX).take_while(is_inside).count() as isize;
    // what goes on for longer is not the end of a bar
    if n < MOST_SHORTENED_PX { n } else { 0 }
}

/// Standard deviation that the mean of a column beyond the border has, from that of its pixels; `column` as for
/// [`beyond`].
fn unrest(plane: &Plane, core: &Core, column: impl Fn(isize) -> isize) -> f64 {
    let columns = (BEYOND_BLUR as isize..REACH as isize).filter_map(|k| usize::try_from(column(k)).ok());
    let columns: Vec<usize> = columns.filter(|x| *x < plane.width()).collect();
    let at = |y: usize| columns.iter().map(move |x| f64::from(plane.at(y, *x)));
    let values: Vec<f64> = core.rows.clone().flat_map(at).collect();
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let variance =
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64;
    (variance / core.rows.len() as f64).sqrt()
}

/// How far in pixels the core goes beyond its border: where its mean over rows passes half the way from its level to
/// that of its surroundings. `column` gives the columns by their distance, of which 0 is the outermost of the core.
fn beyond(plane: &Plane, core: &Core, column: impl Fn(isize) -> isize) -> f64 {
    let mean = |k: isize| {
        let x = usize::try_from(column(k)).ok().filter(|x| *x < plane.width())?;
        let sum: f64 = core.rows.clone().map(|y| f64::from(plane.at(y, x))).sum();
        Some(sum / core.rows.len() as f64)
    };
    let inside = f64::from(core.level);
    let outside: Vec<f64> = (BEYOND_BLUR as isize..REACH as isize).filter_map(mean).collect();
    let (Some(next), false) = (mean(1), outside.is_empty()) else { return 0.0 };
    let outside = outside.iter().sum::<f64>() / outside.len() as f64;
    let contrast = outside - inside;
    if contrast.abs() <= 3.0 * f64::from(core.tolerance) {
        return 0.0;
    }
    // the outermost pixels may be covered in part, where what is behind is quiet enough to see it
    let passed = |value: f64| (value - inside) / contrast;
    let unrest = unrest(plane, core, &column) / contrast.abs();
    let outermost = mean(0).map_or(0.0, passed);
    // what lies against it is farther from its surroundings than it is: an outline, which ends it here
    if passed(next) < -MOST_OUTLINED {
        return 0.0;
    }
    let most_unrest = if core.is_exact { MOST_UNREST } else { MOST_BLURRED_UNREST };
    if unrest > most_unrest || (outermost.abs() < 0.1 && passed(next) > 0.75 - unrest) {
        return 0.0;
    }
    let profile: Vec<f64> = (-(REACH as isize)..REACH as isize).filter_map(|k| mean(k).map(passed)).collect();
    let first = -(REACH as isize);
    let crossing = profile.windows(2).position(|pair| pair[0] < 0.5 && pair[1] >= 0.5);
    crossing.map_or(0.0, |idx| {
        let (a, b) = (profile[idx], profile[idx + 1]);
        // from the middle of the outermost pixel to its border is half a pixel
        ((first + idx as isize) as f64 + (0.5 - a) / (b - a) - 0.5).clamp(-MOST_BEYOND_PX, MOST_BEYOND_PX)
    })
}
