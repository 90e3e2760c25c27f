//! One picture of what a network says of a measured pattern: the pattern in the image, the most periodic
//! unit's map, and its tuning curve with the measured period; below, the counts where a unit was asked for.
//!
//! Image and map show the same part, at the middle of the image, so that single lines can be seen.

use micrograph::measure::{Measured, draw};
use micrograph::paint::{
    Color, ColorMap, Corner, Ink, LengthUnit, Picture, Sampling, ScaleBar, number_text, robust_range,
};
use micrograph::{Plane, Rect};

use super::result::{Finding, Periodic, UnitCount, without_border};
use super::{PatternView, UnitMap};

/// Height and width of a panel.
const PANEL: usize = 560;
/// Between panels, and around them.
const GAP: usize = 24;
/// Periods along the part of the image that is shown.
const PERIODS: f64 = 14.0;
/// Things along the part of the image that is shown for counts.
const THINGS: f64 = 16.0;
/// Letters.
const LETTERS_PX: f32 = 19.0;
const GROUND: Color = [18, 20, 26];
const TEXT: Color = [228, 230, 234];
const FAINT: Color = [110, 114, 124];
const CURVE: Color = [120, 200, 255];
const MEASURED: Color = [255, 208, 0];
const PREFERRED: Color = [60, 230, 120];
const ONLY_UNIT: Color = [255, 90, 255];
const ONLY_CLASSICAL: Color = [255, 64, 64];

/// A panel with its heading.
struct Panel {
    heading: String,
    picture: Picture,
}

/// The picture of one image, `plane` as the network saw it.
pub fn picture(plane: &Plane, measured: &Measured, view: &PatternView) -> Picture {
    let mut rows = Vec::new();
    let mut words = Vec::new();
    match (&view.result.periodic, &view.periodic_map) {
        (Finding::Measured(periodic), Some(map)) => {
            words.extend(periodic_words(periodic));
            rows.push(periodic_panels(plane, measured, periodic, map));
        }
        (Finding::NotMeasured(reason), _) => words.push((TEXT, format!("No most periodic unit: {reason}."))),
        (Finding::Measured(_), None) => {}
    }
    match (&view.result.count, &view.count_map) {
        (Some(Finding::Measured(count)), Some(map)) => {
            words.extend(count_words(count));
            rows.push(count_panels(plane, measured, count, map));
        }
        (Some(Finding::NotMeasured(reason)), _) => {
            words.push((TEXT, format!("No count by the unit: {reason}.")))
        }
        _ => {}
    }
    assembled(&rows, &words)
}

fn periodic_words(periodic: &Periodic) -> Vec<(Color, String)> {
    let text = |px: f64, nm: Option<f64>| match nm {
        Some(nm) => format!("{nm:.1} nm ({px:.2} px)"),
        None => format!("{px:.2} px"),
    };
    let image = &periodic.image;
    let mut words = vec![
        (
            TEXT,
            format!(
                "Most periodic unit: {}; {:.0} % of its map's variance lies in the peak at the pattern's wave.",
                periodic.address,
                100.0 * periodic.clarity
            ),
        ),
        (
            MEASURED,
            format!(
                "Measured in the image: {}, lines along {:.1}°.",
                text(image.px, image.nm),
                image.axis_deg
            ),
        ),
    ];
    words.push(match &periodic.preferred {
        Finding::Measured(preferred) => (
            PREFERRED,
            format!(
                "Preferred by the unit, by drawn gratings: {}; {:.2} of the measured.",
                text(preferred.px, preferred.nm),
                preferred.ratio
            ),
        ),
        Finding::NotMeasured(reason) => (TEXT, format!("No preferred period: {reason}.")),
    });
    words
}

fn count_words(count: &UnitCount) -> Vec<(Color, String)> {
    let mut words = vec![(
        TEXT,
        format!(
            "Peaks of {}: {} of {} and more, {:.1} px and more apart, {}.",
            count.address,
            count.places.len(),
            number_text(count.level),
            count.distance_px,
            without_border(count)
        ),
    )];
    match (&count.classical, &count.disagreement) {
        (Finding::Measured(classical), Some(disagreement)) => {
            words.push((
                PREFERRED,
                format!(
                    "Without network {} {}; {} are the same.",
                    classical.places.len(),
                    classical.what,
                    disagreement.n_both
                ),
            ));
            words.push((ONLY_UNIT, format!("Only the unit's: {}.", disagreement.only_unit.len())));
            words.push((
                ONLY_CLASSICAL,
                format!("Only without network: {}.", disagreement.only_classical.len()),
            ));
        }
        (Finding::NotMeasured(reason), _) => {
            words.push((TEXT, format!("No count without network: {reason}.")))
        }
        (Finding::Measured(_), None) => {}
    }
    words
}

fn periodic_panels(plane: &Plane, measured: &Measured, periodic: &Periodic, map: &UnitMap) -> Vec<Panel> {
    let part = middle(plane, PERIODS * periodic.image.px);
    let (marked, zoom) = draw::marked(plane, measured);
    let drawn = |px: usize| (px as f64 * zoom).round() as usize;
    let rect = Rect {
        y: drawn(part.y),
        x: drawn(part.x),
        height: drawn(part.height).max(1),
        width: drawn(part.width).max(1),
    };
    let mut image = marked.cut(rect).resized(PANEL, PANEL, Sampling::Bilinear);
    scale_bar(&mut image, measured, part);
    vec![
        Panel { heading: "the pattern as measured".to_owned(), picture: image },
        Panel { heading: format!("map of {}", periodic.address), picture: map_panel(map, part) },
        Panel {
            heading: "tuning: activation over the period of drawn gratings".to_owned(),
            picture: chart(periodic),
        },
    ]
}

fn count_panels(plane: &Plane, measured: &Measured, count: &UnitCount, map: &UnitMap) -> Vec<Panel> {
    let n = count.classical.measured().map_or(0, |classical| classical.places.len()).max(count.places.len());
    let area = (plane.height() * plane.width()) as f64;
    let part = middle(plane, THINGS * (area / n.max(1) as f64).sqrt());
    let sized = plane.crop(part);
    let (low, high) = robust_range(&sized).unwrap_or((0.0, 1.0));
    let mut image =
        Picture::from_plane(&sized, low, high, ColorMap::Gray).resized(PANEL, PANEL, Sampling::Bilinear);
    let mut peaks = map_panel(map, part);
    let near = |all: &[[f64; 2]], place: &[f64; 2]| all.iter().any(|other| other == place);
    for place in &count.places {
        let alone = count.disagreement.as_ref().is_some_and(|found| near(&found.only_unit, place));
        let color = if alone { ONLY_UNIT } else { PREFERRED };
        cross(&mut image, point(place, part), color);
        cross(&mut peaks, point(place, part), [255; 3]);
    }
    for place in count.disagreement.iter().flat_map(|found| &found.only_classical) {
        frame(&mut image, point(place, part), ONLY_CLASSICAL);
    }
    scale_bar(&mut image, measured, part);
    vec![
        Panel { heading: "peaks of the unit, and what only one count has".to_owned(), picture: image },
        Panel { heading: format!("map of {}", count.address), picture: peaks },
    ]
}

/// A square at the middle of `plane`, about `side` px wide, as much of it as there is.
fn middle(plane: &Plane, side: f64) -> Rect {
    let most = plane.height().min(plane.width());
    let side = (side.max(32.0) as usize).min(most);
    Rect { y: (plane.height() - side) / 2, x: (plane.width() - side) / 2, height: side, width: side }
}

/// Where on a panel of `part` a place of the image is drawn.
fn point([y, x]: &[f64; 2], part: Rect) -> (f32, f32) {
    let zoom = PANEL as f64 / part.width as f64;
    (((y - part.y as f64 + 0.5) * zoom) as f32, ((x - part.x as f64 + 0.5) * zoom) as f32)
}

/// `map` where it lies under `part` of the image, each position a block.
fn map_panel(map: &UnitMap, part: Rect) -> Picture {
    let zoom = PANEL as f64 / part.width as f64;
    let index = |drawn: usize, first: usize, length: usize| {
        let px = first as f64 + (drawn as f64 + 0.5) / zoom - 0.5;
        (map.position(px).round().max(0.0) as usize).min(length - 1)
    };
    let shown = Plane::from_fn(PANEL, PANEL, |y, x| {
        map.plane.at(index(y, part.y, map.plane.height()), index(x, part.x, map.plane.width()))
    });
    let (low, high) = robust_range(&shown).unwrap_or((0.0, 1.0));
    Picture::from_plane(&shown, low, high, ColorMap::Viridis)
}

fn scale_bar(picture: &mut Picture, measured: &Measured, part: Rect) {
    let nm_per_px = measured.report.calibration.as_ref().map(|pixel| pixel.nm_per_px_x);
    let zoom = PANEL as f64 / part.width as f64;
    if let Some(bar) = ScaleBar::fit(PANEL as f64, 0.3, LengthUnit::drawn(nm_per_px, zoom)) {
        bar.draw(picture, picture.rect(), Corner::BottomRight);
    }
}

fn cross(picture: &mut Picture, (y, x): (f32, f32), color: Color) {
    picture.line((y - 5.0, x), (y + 5.0, x), 2.0, color);
    picture.line((y, x - 5.0), (y, x + 5.0), 2.0, color);
}

/// An open square, unless it lies outside.
fn frame(picture: &mut Picture, (y, x): (f32, f32), color: Color) {
    const REACH: f32 = 8.0;
    let corners = [(-REACH, -REACH), (-REACH, REACH), (REACH, REACH), (REACH, -REACH), (-REACH, -REACH)];
    for pair in corners.windows(2) {
        let [from, to] = [pair[0], pair[1]].map(|(down, right)| (y + down, x + right));
        picture.line(from, to, 2.0, color);
    }
}

/// The tuning curve over the logarithm of the period, in nm where that is known.
fn chart(periodic: &Periodic) -> Picture {
    let mut picture = Picture::new(PANEL, PANEL, GROUND);
    let ink = Ink::regular(LETTERS_PX - 2.0, TEXT);
    let image = &periodic.image;
    if periodic.curve.is_empty() {
        picture.text(PANEL as f32 / 2.0, 16.0, "no tuning curve", ink);
        return picture;
    }
    let length = |px: f64| image.nm_of(px).unwrap_or(px);
    let unit = if image.nm.is_some() { "nm" } else { "px" };
    let points: Vec<[f64; 2]> = periodic.curve.iter().map(|&[px, value]| [length(px), value]).collect();
    let measured = length(image.px);
    let preferred = periodic.preferred.measured().map(|preferred| length(preferred.px));
    let xs = points.iter().map(|point| point[0]).chain([measured]).chain(preferred);
    let (low, high) = ends(xs);
    let (low, high) = (low / 1.1, high * 1.1);
    let (bottom, top) = ends(points.iter().map(|point| point[1]).chain(periodic.uniform).chain([0.0]));
    let top = if top > bottom { top + 0.05 * (top - bottom) } else { bottom + 1.0 };
    let (left, right, over, under) = (70.0, PANEL as f32 - 16.0, 40.0, PANEL as f32 - 64.0);
    let x_of = |x: f64| left + (right - left) * ((x / low).ln() / (high / low).ln()) as f32;
    let y_of = |y: f64| under - (under - over) * ((y - bottom) / (top - bottom)) as f32;

    picture.line((under, left), (under, right), 1.5, FAINT);
    picture.line((over, left), (under, left), 1.5, FAINT);
    for tick in log_ticks(low, high) {
        let x = x_of(tick);
        picture.line((under, x), (under + 6.0, x), 1.5, FAINT);
        picture.text_centered(under + 8.0, x, &number_text(tick), ink);
    }
    picture.text_centered(under + 32.0, (left + right) / 2.0, &format!("period in {unit}"), ink);
    for tick in micrograph::paint::nice_ticks(bottom, top, 5) {
        let y = y_of(tick);
        picture.line((y, left - 6.0), (y, left), 1.5, FAINT);
        let text = number_text(tick);
        picture.text(y - 11.0, left - 10.0 - ink.width(&text), &text, ink);
    }
    if let Some(uniform) = periodic.uniform {
        let mut x = left;
        while x < right {
            picture.line((y_of(uniform), x), (y_of(uniform), (x + 6.0).min(right)), 1.0, FAINT);
            x += 12.0;
        }
    }
    let marks = [(Some(measured), MEASURED, "measured"), (preferred, PREFERRED, "preferred")];
    for (row, (x, color, name)) in marks.into_iter().enumerate() {
        let Some(x) = x else { continue };
        picture.line((over, x_of(x)), (under, x_of(x)), 2.5, color);
        let ink = Ink::bold(LETTERS_PX - 3.0, color);
        let room = (x_of(x) + 6.0).min(right - ink.width(name));
        picture.text(row as f32 * 19.0, room, name, ink);
    }
    for pair in points.windows(2) {
        let [from, to] = [pair[0], pair[1]].map(|[x, y]| (y_of(y), x_of(x)));
        picture.line(from, to, 2.5, CURVE);
    }
    for &[x, y] in &points {
        let (y, x) = (y_of(y), x_of(x));
        picture.line((y - 3.0, x), (y + 3.0, x), 6.0, CURVE);
    }
    picture
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// 1, 2 and 5 times powers of ten within a range above 0; all whole multiples where these are few.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let ticks = |factors: &[f64]| -> Vec<f64> {
        let all =
            decades.clone().flat_map(|decade| factors.iter().map(move |factor| factor * 10_f64.powi(decade)));
        all.filter(|tick| (low..=high).contains(tick)).collect()
    };
    let few = ticks(&[1.0, 2.0, 5.0]);
    if few.len() < 3 { ticks(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) } else { few }
}

/// Words over rows of panels.
fn assembled(rows: &[Vec<Panel>], words: &[(Color, String)]) -> Picture {
    let heading = Ink::bold(LETTERS_PX, TEXT);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(2).max(2);
    let width = GAP + columns * (PANEL + GAP);
    let mut lines = Vec::new();
    for (color, text) in words {
        let ink = Ink::regular(LETTERS_PX, *color);
        lines.extend(ink.wrapped(text, (width - 2 * GAP) as f32).into_iter().map(|line| (ink, line)));
    }
    let line_height = heading.line_height();
    let over = GAP / 2 + lines.len() * line_height + GAP / 2;
    let row_height = line_height + 6 + PANEL + GAP;
    let mut whole = Picture::new(over + rows.len() * row_height, width, GROUND);
    for (index, (ink, line)) in lines.iter().enumerate() {
        whole.text((GAP / 2 + index * line_height) as f32, GAP as f32, line, *ink);
    }
    for (row, panels) in rows.iter().enumerate() {
        let y = over + row * row_height;
        for (column, panel) in panels.iter().enumerate() {
            let x = GAP + column * (PANEL + GAP);
            let text = heading.shortened(&panel.heading, PANEL as f32);
            whole.text(y as f32, x as f32, &text, heading);
            whole.blit(y + line_height + 6, x, &panel.picture);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_logarithmic_axis_are_round() {
        assert_eq!(log_ticks(3.0, 120.0), [5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(log_ticks(2.5, 7.5), [3.0, 4.0, 5.0, 6.0, 7.0]);
    }

    #[test]
    fn the_part_shown_lies_inside_whatever_the_period() {
        for (height, width, side) in [(40, 90, 9.0), (500, 300, 1e9), (33, 34, 33.0)] {
            let part = middle(&Plane::filled(height, width, 0.0), side);
            assert!(part.y + part.height <= height && part.x + part.width <= width, "{part:?}");
            assert!(part.height == part.width && part.height > 0);
        }
    }
}
