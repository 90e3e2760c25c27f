//! Contact sheet: many planes in one picture, each with its label, and a key to read them.
//!
//! The sheet says how values became colors (one range for all maps, or one for each, with its numbers
//! below it) and shows the length scale. A plane without contrast is drawn as a uniform field with a note,
//! never stretched until its noise looks like structure.

mod layout;

use layout::Layout;

use super::drawing::Drawing;
use super::svg::Svg;
use super::{Color, ColorBar, ColorMap, Ink, LengthUnit, Picture, ScaleBar, number_text};
use crate::{Plane, Rect};

use rayon::prelude::*;

/// One plane on a sheet.
#[derive(Clone, Debug)]
pub struct Cell<'a> {
    /// The values. Planes of different shapes are fitted into one frame.
    pub plane: &'a Plane,
    /// Its name, e.g. `encoder.2:17`.
    pub label: String,
    /// A word or number beside the name, e.g. `energy 1.23`; may be empty.
    pub note: String,
    /// The channel is dead: drawn as a plain field.
    pub dead: bool,
}

/// A group of cells under a heading.
#[derive(Clone, Debug, Default)]
pub struct Section<'a> {
    /// E.g. `live channels`; may be empty.
    pub heading: String,
    /// Its cells, in rows from the top left.
    pub cells: Vec<Cell<'a>>,
}

/// How values become colors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Scaling {
    /// Each map over its own [`robust_range`], written under it.
    #[default]
    PerMap,
    /// All maps over one range: from the lowest to the highest end of their robust ranges.
    Shared,
    /// All maps over the range that is given.
    Given {
        /// Value of the lowest color.
        low: f32,
        /// Value of the highest color.
        high: f32,
    },
}

/// Background and ink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on white, for paper.
    #[default]
    Light,
    /// Light ink on near black, for screens.
    Dark,
}

/// What is on a sheet and how it is drawn.
#[derive(Clone, Debug)]
pub struct ContactSheet<'a> {
    /// One line in large letters, shortened if it does not fit.
    pub title: String,
    /// Smaller lines below it, broken between words.
    pub subtitle: String,
    /// The cells.
    pub sections: Vec<Section<'a>>,
    /// How values become colors.
    pub scaling: Scaling,
    /// The color map; a diverging one gets ranges that are symmetric about 0.
    pub map: ColorMap,
    /// Pictures that are drawn unchanged, one per cell in the order of all cells, instead of planes
    /// through the color map; or empty.
    pub pictures: &'a [Picture],
    /// Whether the colors of the pictures are those of the map, in the range of a given scaling, which the sheet then
    /// explains by a color bar.
    pub pictures_by_map: bool,
    /// Width of a pixel *of a plane* in nanometres; `None`: the scale bar counts pixels.
    pub nm_per_px: Option<f64>,
    /// Widest the sheet may be, in pixels; at least 320 are used.
    pub max_width_px: usize,
    /// Background and ink.
    pub theme: Theme,
}

impl Default for ContactSheet<'_> {
    fn default() -> Self {
        Self {
            title: String::new(),
            subtitle: String::new(),
            sections: Vec::new(),
            scaling: Scaling::PerMap,
            map: ColorMap::Viridis,
            pictures: &[],
            pictures_by_map: false,
            nm_per_px: None,
            max_width_px: 2400, // 200 mm at 300 dpi: a full page's width in print
            theme: Theme::Light,
        }
    }
}

impl ContactSheet<'_> {
    /// Whether its colors are those of its map.
    fn uses_map(&self) -> bool {
        self.pictures.is_empty() || self.pictures_by_map
    }
}

/// The low and high ends of a plane's contrast: its 0.5 % and 99.5 % quantiles, or
/// its smallest and largest number where these are the same (few bright spots on a uniform field).
/// Infinite values are left out. Large planes are sampled at about 65 000 equidistant positions.
///
/// `None` if no value is finite.
pub fn robust_range(plane: &Plane) -> Option<(f32, f32)> {
    const MOST_SAMPLES: usize = 1 << 16;
    // an odd step does not keep to the same columns of a plane with an even width
    let step = (plane.values().len() / MOST_SAMPLES) | 1;
    let finite = plane.values().iter().copied().filter(|value| value.is_finite());
    let shares = [0.005, 0.995];
    let quantiles = if step == 1 && plane.values().iter().all(|value| value.is_finite()) {
        plane.quantiles(&shares)
    } else {
        let sample: Vec<f32> = finite.clone().step_by(step).collect();
        Plane::new(1, sample.len(), sample).quantiles(&shares)
    };
    match quantiles[..] {
        [low, high] if low < high => Some((low, high)),
        _ => finite.fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((value.min(low), value.max(high))),
        }),
    }
}

/// Draws the sheet.
///
/// # Panics
/// If it has pictures, but their number differs from that of cells.
///
/// # Examples
/// ```
/// use micrograph::Plane;
/// use micrograph::paint::{Cell, ContactSheet, Section, contact_sheet};
///
/// let plane = Plane::from_fn(40, 50, |y, x| (y * x) as f32);
/// let cell = Cell { plane: &plane, label: "map 1".into(), note: String::new(), dead: false };
/// let sections = vec![Section { heading: "maps".into(), cells: vec![cell] }];
/// let picture = contact_sheet(&ContactSheet { sections, max_width_px: 600, ..ContactSheet::default() });
/// assert!(picture.width() <= 600);
/// ```
pub fn contact_sheet(sheet: &ContactSheet) -> Picture {
    check_pictures(sheet);
    let ranges = Ranges::of(sheet);
    let layout = Layout::of(sheet, ranges.shared_bar(sheet));
    let mut picture = Picture::new(layout.height, layout.width, sheet.theme.background());
    draw(&mut picture, sheet, &ranges, &layout);
    picture
}

/// The sheet as an SVG file, in print `width_mm` wide where it is as wide as it may be: letters and scale bar are shapes,
/// each map keeps its own pixels.
///
/// # Panics
/// As [`contact_sheet`].
pub fn contact_sheet_svg(sheet: &ContactSheet, width_mm: f64) -> String {
    check_pictures(sheet);
    let ranges = Ranges::of(sheet);
    let layout = Layout::of(sheet, ranges.shared_bar(sheet));
    let mut svg = Svg::new(layout.height, layout.width, sheet.theme.background());
    draw(&mut svg, sheet, &ranges, &layout);
    svg.file(width_mm / sheet.max_width_px.max(1) as f64)
}

fn check_pictures(sheet: &ContactSheet) {
    let n_cells: usize = sheet.sections.iter().map(|section| section.cells.len()).sum();
    assert!(
        sheet.pictures.is_empty() || sheet.pictures.len() == n_cells,
        "a sheet has one picture per cell, or no pictures"
    );
}

fn draw<D: Drawing>(drawing: &mut D, sheet: &ContactSheet, ranges: &Ranges, layout: &Layout) {
    put_head(drawing, sheet, layout);
    for (section, place) in sheet.sections.iter().zip(&layout.sections) {
        if let Some(y) = place.heading_y {
            let ink = Ink::bold(layout.heading_px, sheet.theme.ink());
            let text = ink.shortened(&section.heading, layout.inner_width() as f32);
            drawing.write(y as f32, layout.margin as f32, &text, ink);
            let ruled =
                Rect { y: y + ink.line_height() + 1, x: layout.margin, height: 1, width: layout.grid_width };
            drawing.fill(ruled, sheet.theme.line());
        }
    }
    let cells: Vec<(&Cell, &CellRange)> =
        sheet.sections.iter().flat_map(|section| &section.cells).zip(&ranges.cells).collect();
    let pictures: Vec<Option<Picture>> = cells
        .par_iter()
        .enumerate()
        .map(|(index, (cell, range))| {
            let size = layout.drawn_size(cell.plane);
            match (sheet.pictures.get(index).filter(|_| !cell.dead), range.drawn) {
                (Some(own), _) => Some(D::sized(own, size)),
                (None, Some(range)) => Some(D::map(cell.plane, size, range, sheet.map)),
                (None, None) => None,
            }
        })
        .collect();
    let places = layout.sections.iter().flat_map(|place| &place.cells);
    for (index, ((cell, picture), &place)) in cells.into_iter().zip(&pictures).zip(places).enumerate() {
        let has_own = sheet.pictures.get(index).is_some() && !cell.0.dead;
        draw_cell(drawing, (sheet, layout), cell, (picture.as_ref(), has_own), place);
    }
    if let Some(bar) = &layout.color_bar {
        let ink = Ink::regular(layout.text_px, sheet.theme.ink());
        bar.bar.draw_on(drawing, (bar.y, bar.x), bar.height, ink);
    }
    put_foot(drawing, sheet, layout);
}

struct Ranges {
    cells: Vec<CellRange>,
    shared: Option<(f32, f32)>,
}

struct CellRange {
    // of its plane, see `robust_range`
    own: Option<(f32, f32)>,
    // the range it is drawn over; `None`: there is no contrast
    drawn: Option<(f32, f32)>,
}

impl Ranges {
    fn of(sheet: &ContactSheet) -> Self {
        let cells = || sheet.sections.iter().flat_map(|section| &section.cells);
        let own: Vec<Option<(f32, f32)>> =
            cells().collect::<Vec<_>>().par_iter().map(|cell| robust_range(cell.plane)).collect();
        let shared = match sheet.scaling {
            Scaling::PerMap => None,
            Scaling::Given { low, high } => Some((low, high)),
            Scaling::Shared => cells()
                .zip(&own)
                .filter(|(cell, _)| !cell.dead)
                .filter_map(|(_, range)| *range)
                .reduce(|(low, high), (l, h)| (low.min(l), high.max(h)))
                .map(|range| about_zero(range, sheet.map)),
        };
        let ranges = cells().zip(own).map(|(cell, own)| {
            let drawn = match own {
                Some((low, high)) if low < high && !cell.dead => {
                    shared.or(Some(about_zero((low, high), sheet.map)))
                }
                // under a common range an even field has a color that says something
                Some(_) if !cell.dead => shared,
                _ => None,
            };
            CellRange { own, drawn }
        });
        Self { cells: ranges.collect(), shared }
    }

    fn shared_bar(&self, sheet: &ContactSheet) -> Option<ColorBar> {
        let (low, high) = self.shared.filter(|_| sheet.uses_map())?;
        Some(ColorBar { map: sheet.map, low, high, title: String::new() })
    }
}

fn about_zero((low, high): (f32, f32), map: ColorMap) -> (f32, f32) {
    let largest = low.abs().max(high.abs());
    if map.diverging() { (-largest, largest) } else { (low, high) }
}

fn put_head<D: Drawing>(drawing: &mut D, sheet: &ContactSheet, layout: &Layout) {
    let x = layout.margin as f32;
    let mut y = layout.margin;
    if !sheet.title.is_empty() {
        let ink = Ink::bold(layout.title_px, sheet.theme.ink());
        drawing.write(y as f32, x, &ink.shortened(&sheet.title, layout.inner_width() as f32), ink);
        y += ink.line_height();
    }
    let ink = Ink::regular(layout.text_px, sheet.theme.muted());
    for line in &layout.subtitle {
        drawing.write(y as f32, x, line, ink);
        y += ink.line_height();
    }
}

/// Draws one cell with its top left at `place`; `has_own`: its picture is not its plane through the color map.
fn draw_cell<D: Drawing>(
    drawing: &mut D,
    (sheet, layout): (&ContactSheet, &Layout),
    (cell, range): (&Cell, &CellRange),
    (picture, has_own): (Option<&Picture>, bool),
    place: (usize, usize),
) {
    let (height, width) = layout.drawn_size(cell.plane);
    let rect = Rect { y: place.0, x: place.1, height, width };
    let (y, x) = (place.0 as f32, place.1 as f32);
    match picture {
        Some(picture) => drawing.place(rect, picture),
        None => {
            drawing.fill(rect, sheet.theme.field());
            let ink = Ink::regular(layout.label_px, sheet.theme.muted());
            let word = ink.shortened(empty_word(cell, range), width as f32);
            let top = (height as f32 - ink.line_height() as f32) / 2.0;
            drawing.write_centered(y + top, x + width as f32 / 2.0, &word, ink);
        }
    }
    let room = layout.cell_width as f32;
    let mut top = y + (layout.cell_height + layout.label_gap) as f32;
    let name = Ink::bold(layout.label_px, sheet.theme.ink());
    let small = Ink::regular(layout.small_px, sheet.theme.muted());
    let beside = layout.notes == layout::Notes::Beside;
    let room_for_name =
        if beside && !cell.note.is_empty() { room - small.width(&cell.note) - layout.small_px } else { room };
    drawing.write(top, x, &name.shortened(&cell.label, room_for_name), name);
    if beside {
        // on the same baseline as the larger name
        let lower = (layout.label_px - layout.small_px) * 0.97;
        drawing.write_right(top + lower, x + room, &cell.note, small);
    }
    top += name.line_height() as f32;
    if layout.notes == layout::Notes::Below && !cell.note.is_empty() {
        drawing.write(top, x, &small.shortened(&cell.note, room), small);
        top += small.line_height() as f32;
    }
    if sheet.scaling == Scaling::PerMap && !has_own {
        drawing.write(top, x, &small.shortened(&range_text(range), room), small);
    }
}

fn empty_word(cell: &Cell, range: &CellRange) -> &'static str {
    match range.own {
        _ if cell.dead => "dead",
        Some(_) => "flat",
        None => "no numbers",
    }
}

fn range_text(range: &CellRange) -> String {
    match (range.drawn, range.own) {
        (Some((low, high)), _) => between(low, high),
        (None, Some((low, high))) if low == high => format!("all {}", number_text(f64::from(low))),
        (None, Some((low, high))) => between(low, high),
        (None, None) => String::new(),
    }
}

fn between(low: f32, high: f32) -> String {
    format!("{} to {}", number_text(f64::from(low)), number_text(f64::from(high)))
}

fn put_foot<D: Drawing>(drawing: &mut D, sheet: &ContactSheet, layout: &Layout) {
    let ink = Ink::regular(layout.text_px, sheet.theme.muted());
    let mut x = layout.margin;
    if let Some((bar, label)) = &layout.scale_bar {
        let thickness = (layout.text_px * 0.24).round().max(2.0) as usize;
        let middle = layout.foot_y + ink.line_height() / 2;
        let line = Rect { y: middle - thickness / 2, x, height: thickness, width: bar.drawn_px() };
        drawing.fill(line, sheet.theme.ink());
        x += bar.drawn_px() + (layout.text_px * 0.6) as usize;
        let dark = Ink::bold(layout.text_px, sheet.theme.ink());
        drawing.write(layout.foot_y as f32, x as f32, label, dark);
        x += dark.width(label).ceil() as usize + (layout.text_px * 1.8) as usize;
    }
    let mut y = layout.foot_y;
    for line in &layout.foot_lines {
        drawing.write(y as f32, if layout.foot_beside_bar { x } else { layout.margin } as f32, line, ink);
        y += ink.line_height();
    }
}

// the note on the sheet that explains its colors
fn scaling_words(sheet: &ContactSheet) -> String {
    if !sheet.uses_map() {
        return "Pictures in their own colors.".to_owned();
    }
    let symmetric = if sheet.map.diverging() { ", symmetric about 0" } else { "" };
    let words = match sheet.scaling {
        Scaling::PerMap => "each map scaled on its own between the values written below it".to_owned(),
        Scaling::Shared => "all maps on one scale, see the color bar".to_owned(),
        Scaling::Given { low, high } => {
            format!("all maps on one given scale, {}, see the color bar", between(low, high))
        }
    };
    format!("Colors ({}): {words}{symmetric}.", sheet.map)
}

// the scale bar of a grid of maps drawn at `zoom` pixels per pixel of a plane
fn sheet_scale_bar(sheet: &ContactSheet, cell_width: usize, zoom: f64) -> Option<ScaleBar> {
    ScaleBar::fit(cell_width as f64, 0.8, LengthUnit::drawn(sheet.nm_per_px, zoom))
}

impl Theme {
    fn background(self) -> Color {
        match self {
            Self::Light => [255; 3],
            Self::Dark => [20, 21, 24],
        }
    }

    fn ink(self) -> Color {
        match self {
            Self::Light => [24, 26, 30],
            Self::Dark => [236, 237, 240],
        }
    }

    fn muted(self) -> Color {
        match self {
            Self::Light => [92, 96, 104],
            Self::Dark => [166, 170, 178],
        }
    }

    fn line(self) -> Color {
        match self {
            Self::Light => [214, 216, 220],
            Self::Dark => [62, 65, 72],
        }
    }

    fn field(self) -> Color {
        match self {
            Self::Light => [236, 237, 239],
            Self::Dark => [44, 46, 52],
        }
    }
}
