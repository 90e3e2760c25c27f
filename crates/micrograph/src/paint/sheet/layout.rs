//! Layout of a contact sheet: columns, font sizes, positions of cells.
//!
//! Every number of columns is tried; the best one gives a sheet nearest to a page's proportions without
//! cells too small to see. Labels grow with the cells, titles with the sheet.

use super::{ContactSheet, ScaleBar, Scaling, scaling_words, sheet_scale_bar};
use crate::Plane;
use crate::paint::{ColorBar, Ink};

/// Where a cell's note is written, the same for all cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notes {
    None,
    Beside,
    Below,
}

#[derive(Debug)]
pub(super) struct PlacedSection {
    pub heading_y: Option<usize>,
    /// Top left of each cell, `(y, x)`.
    pub cells: Vec<(usize, usize)>,
}

#[derive(Debug)]
pub(super) struct PlacedBar {
    pub bar: ColorBar,
    pub y: usize,
    pub x: usize,
    pub height: usize,
}

/// Places in pixels of the sheet.
#[derive(Debug)]
pub(super) struct Layout {
    pub height: usize,
    pub width: usize,
    pub margin: usize,
    pub title_px: f32,
    pub heading_px: f32,
    pub text_px: f32,
    pub label_px: f32,
    pub small_px: f32,
    pub label_gap: usize,
    pub notes: Notes,
    pub cell_height: usize,
    pub cell_width: usize,
    /// Height of a cell with the lines below it.
    pub whole_cell_height: usize,
    pub grid_width: usize,
    pub subtitle: Vec<String>,
    pub sections: Vec<PlacedSection>,
    pub color_bar: Option<PlacedBar>,
    pub scale_bar: Option<(ScaleBar, String)>,
    pub foot_y: usize,
    pub foot_lines: Vec<String>,
    pub foot_beside_bar: bool,
}

const LEAST_WIDTH: usize = 320;
// 200 mm at 300 dpi: what is wider is for finer print
const PRINT_WIDTH: usize = 2400;
// below it, a map shows next to nothing; kept only if the sheet's width allows it
const LEAST_CELL: usize = 96;
// beyond it, one map of a few gains nothing
const MOST_CELL: usize = 480;
const MOST_CELL_ALONE: usize = 1200;
// between 4:3 and 3:2
const WANTED_ASPECT: f64 = 1.41;
// how much a row that is not full counts against a sheet
const EMPTY_PLACES: f64 = 0.5;

impl Layout {
    pub(super) fn of(sheet: &ContactSheet, bar: Option<ColorBar>) -> Self {
        let n_cells: usize = sheet.sections.iter().map(|section| section.cells.len()).sum();
        let most_columns = sheet.sections.iter().map(|section| section.cells.len()).max().unwrap_or(0);
        let longest = longest_label(sheet);
        let mut best: Option<(f64, Self)> = None;
        // no more columns than could be seen at a quarter of the least size
        for columns in 1..=most_columns.clamp(1, sheet.max_width_px.max(LEAST_WIDTH) / 24) {
            let layout = Self::with_columns(sheet, bar.clone(), columns, (n_cells, longest));
            let aspect = layout.width as f64 / layout.height as f64;
            let small = (LEAST_CELL as f64 / layout.cell_width.max(1) as f64).max(1.0);
            let n_places: usize =
                sheet.sections.iter().map(|section| section.cells.len().next_multiple_of(columns)).sum();
            let empty = (n_places - n_cells) as f64 / n_places.max(1) as f64;
            let badness = (aspect / WANTED_ASPECT).ln().abs() + 2.0 * small.ln() + EMPTY_PLACES * empty;
            if best.as_ref().is_none_or(|(least, _)| badness < *least) {
                best = Some((badness, layout));
            }
        }
        best.expect("one column is always tried").1
    }

    pub(super) fn inner_width(&self) -> usize {
        self.width - 2 * self.margin
    }

    /// Height and width at which `plane` is drawn.
    pub(super) fn drawn_size(&self, plane: &Plane) -> (usize, usize) {
        fitted(plane, self.cell_height, self.cell_width)
    }

    fn with_columns(
        sheet: &ContactSheet,
        bar: Option<ColorBar>,
        columns: usize,
        (n_cells, longest_label): (usize, f32),
    ) -> Self {
        let max_width = sheet.max_width_px.max(LEAST_WIDTH);
        let margin = (max_width / 60).max(12);
        let gap = (max_width / 120 / columns.div_ceil(4)).clamp(8, 24);
        let bar_room = |width: usize| {
            let ink = Ink::regular(text_size(width), [0; 3]);
            bar.as_ref().map_or(0, |bar| bar.width(ink) + 2 * gap)
        };
        let room = max_width.saturating_sub(2 * margin + bar_room(max_width) + (columns - 1) * gap) / columns;
        let most = if n_cells == 1 { MOST_CELL_ALONE } else { MOST_CELL };
        // cells and letters of a sheet for finer print are as large on paper
        let finer = (max_width as f32 / PRINT_WIDTH as f32).max(1.0);
        let (cell_height, cell_width) = frame(sheet, room.clamp(1, (most as f32 * finer) as usize));
        let grid_width = columns * cell_width + (columns - 1) * gap;
        let text_px = finer * text_size(((grid_width + 2 * margin) as f32 / finer) as usize);
        let width = (grid_width + 2 * margin + bar_room(grid_width + 2 * margin)).max(LEAST_WIDTH);
        let label_px = label_size(longest_label, cell_width, text_px);
        let mut layout = Self {
            height: 0,
            width,
            margin,
            title_px: text_px * 1.55,
            heading_px: text_px * 1.12,
            text_px,
            label_px,
            small_px: (label_px * 0.86).max(10.0),
            label_gap: (label_px * 0.3) as usize,
            notes: Notes::None,
            cell_height,
            cell_width,
            whole_cell_height: 0,
            grid_width,
            subtitle: Vec::new(),
            sections: Vec::new(),
            color_bar: None,
            scale_bar: None,
            foot_y: 0,
            foot_lines: Vec::new(),
            foot_beside_bar: false,
        };
        layout.notes = layout.place_of_notes(sheet);
        let mut y = margin + layout.head_height(sheet);
        let grid_y = y;
        layout.place_cells(sheet, (&mut y, columns, gap));
        layout.place_bar(bar, grid_y, y);
        layout.place_foot(sheet, y);
        layout
    }

    fn place_of_notes(&self, sheet: &ContactSheet) -> Notes {
        let name = Ink::bold(self.label_px, [0; 3]);
        let small = Ink::regular(self.small_px, [0; 3]);
        let cells = || sheet.sections.iter().flat_map(|section| &section.cells);
        let fits = |label: &str, note: &str| {
            name.width(label) + small.width(note) + 1.2 * self.small_px <= self.cell_width as f32
        };
        if cells().all(|cell| cell.note.is_empty()) {
            Notes::None
        } else if cells().all(|cell| fits(&cell.label, &cell.note)) {
            Notes::Beside
        } else {
            Notes::Below
        }
    }

    fn head_height(&mut self, sheet: &ContactSheet) -> usize {
        let text = Ink::regular(self.text_px, [0; 3]);
        self.subtitle = text.wrapped(&sheet.subtitle, self.inner_width() as f32);
        let title = if sheet.title.is_empty() { 0 } else { Ink::bold(self.title_px, [0; 3]).line_height() };
        let height = title + self.subtitle.len() * text.line_height();
        if height > 0 { height + text.line_height() * 2 / 3 } else { 0 }
    }

    fn place_cells(&mut self, sheet: &ContactSheet, (y, columns, gap): (&mut usize, usize, usize)) {
        let heading = Ink::bold(self.heading_px, [0; 3]).line_height();
        let small = Ink::regular(self.small_px, [0; 3]).line_height();
        let below = usize::from(self.notes == Notes::Below) + usize::from(sheet.scaling == Scaling::PerMap);
        self.whole_cell_height = self.cell_height
            + self.label_gap
            + Ink::bold(self.label_px, [0; 3]).line_height()
            + below * small;
        let row_height = self.whole_cell_height + gap;
        for section in &sheet.sections {
            let shown = !section.heading.is_empty() && !section.cells.is_empty();
            let heading_y = shown.then_some(*y);
            if heading_y.is_some() {
                *y += heading + heading / 2;
            }
            let cells = (0..section.cells.len()).map(|idx| {
                (*y + idx / columns * row_height, self.margin + idx % columns * (self.cell_width + gap))
            });
            let cells: Vec<(usize, usize)> = cells.collect();
            let n_rows = section.cells.len().div_ceil(columns);
            *y += n_rows * row_height + if n_rows > 0 { gap / 2 } else { 0 };
            self.sections.push(PlacedSection { heading_y, cells });
        }
    }

    fn place_bar(&mut self, bar: Option<ColorBar>, top: usize, bottom: usize) {
        let first_cell = self.sections.iter().find_map(|section| section.cells.first());
        let (Some(bar), Some(&(cell_y, _))) = (bar, first_cell) else { return };
        // as high as the grid, but not too high to read at a glance
        let height = (bottom - top).min(self.cell_height * 3).max(self.cell_height);
        let x = self.width - self.margin - bar.width(Ink::regular(self.text_px, [0; 3]));
        self.color_bar = Some(PlacedBar { bar, y: cell_y, x, height });
    }

    fn place_foot(&mut self, sheet: &ContactSheet, y: usize) {
        let text = Ink::regular(self.text_px, [0; 3]);
        let bold = Ink::bold(self.text_px, [0; 3]);
        self.foot_y = y + text.line_height() / 3;
        let cells = || sheet.sections.iter().flat_map(|section| &section.cells);
        let first = cells().next().map(|cell| cell.plane);
        if let Some(first) = first.filter(|plane| plane.width() > 0) {
            let drawn_width = self.drawn_size(first).1;
            let zoom = drawn_width as f64 / first.width() as f64;
            let same = cells().all(|cell| cell.plane.width() == first.width());
            self.scale_bar = sheet_scale_bar(sheet, drawn_width, zoom).map(|bar| {
                let note = if same { "" } else { " (first map)" };
                let label = format!("{}{note}", bar.label);
                (bar, label)
            });
        }
        let beside = self
            .scale_bar
            .as_ref()
            .map_or(0.0, |(bar, label)| bar.drawn_px() as f32 + bold.width(label) + 3.0 * self.text_px);
        let words = scaling_words(sheet);
        let room = self.inner_width() as f32;
        // the text is beside the bar where it fits, else below it
        self.foot_beside_bar = text.width(&words) + beside <= room;
        self.foot_lines = if self.foot_beside_bar { vec![words] } else { text.wrapped(&words, room) };
        if !self.foot_beside_bar && self.scale_bar.is_some() {
            self.foot_lines.insert(0, String::new());
        }
        self.height = self.foot_y + self.foot_lines.len() * text.line_height() + self.margin;
    }
}

fn text_size(width: usize) -> f32 {
    (width as f32 / 95.0).clamp(12.0, 24.0)
}

// Width of the longest label in units of its height.
fn longest_label(sheet: &ContactSheet) -> f32 {
    let at_one = |label: &str| Ink::bold(100.0, [0; 3]).width(label) / 100.0;
    let cells = sheet.sections.iter().flat_map(|section| &section.cells);
    cells.map(|cell| at_one(&cell.label)).fold(1.0, f32::max)
}

// Labels are as large as the longest of them allows, but no larger than the text around the grid.
fn label_size(longest: f32, cell_width: usize, text_px: f32) -> f32 {
    // a little less than fits, so that neighbours stay apart
    (0.96 * cell_width as f32 / longest).min(cell_width as f32 / 6.5).clamp(10.0, text_px)
}

// Height and width of the frame of every cell: the size of the first plane when drawn at most
// `most` wide, or more for others that are higher.
fn frame(sheet: &ContactSheet, most: usize) -> (usize, usize) {
    let cells = || sheet.sections.iter().flat_map(|section| &section.cells);
    // very high planes must not make the sheet a ribbon
    let sizes = cells().map(|cell| fitted(cell.plane, 2 * most, most));
    sizes.fold((1, 1), |(height, width), (h, w)| (height.max(h), width.max(w)))
}

// The largest size within `height × width` at which `plane` is drawn: a whole multiple of its own,
// or, where it does not fit, as large as fits with its own proportions.
fn fitted(plane: &Plane, height: usize, width: usize) -> (usize, usize) {
    let (own_height, own_width) = (plane.height(), plane.width());
    if own_height * own_width == 0 {
        return (height.min(width), width);
    }
    let factor = (height / own_height).min(width / own_width);
    if factor >= 1 {
        return (factor * own_height, factor * own_width);
    }
    let shrink = (height as f64 / own_height as f64).min(width as f64 / own_width as f64);
    let side = |own: usize| ((own as f64 * shrink).round() as usize).max(1);
    (side(own_height), side(own_width))
}
