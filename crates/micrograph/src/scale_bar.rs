//! Scale bar: finds the length reference that the instrument draws into its data bar, and measures
//! it in pixels. With the length that the user reads off it, it calibrates an image whose file has no
//! pixel size, and checks one whose file has.
//!
//! Four forms are known, all drawn in one grey level on the data bar's background: a line, with or
//! without posts at its ends (Zeiss, Phenom, JEOL; with teeth, TESCAN); a line interrupted by its text
//! (FEI); a row of ticks (Hitachi). The letters are not read. The bar is returned as a rectangle, so
//! that it can be shown: a wrong bar would give wrong nanometres.

use serde::{Deserialize, Serialize};

use crate::calibration::POSSIBLE_NM_PER_PX;
use crate::data_bar::DataBar;
use crate::{Calibration, CalibrationSource, Plane, Rect};

mod shapes;
mod uniform;

/// Least uncertainty of a drawn bar's length in pixels: half a pixel at either end.
const UNCERTAINTY_PX: f64 = 1.0;

/// Relative difference between a file's pixel size and its drawn bar above which a warning is given:
/// resized files differ by far more, and drawn bars of whole pixels by less.
const MOST_DIFFERENCE: f64 = 0.03;

/// Widths of a bar as shares of the width of a figure, and its largest height as a share of the height.
const LEAST_FIGURE_WIDTH: f64 = 0.03;
/// See [`LEAST_FIGURE_WIDTH`].
const MOST_FIGURE_WIDTH: f64 = 0.6;
/// See [`LEAST_FIGURE_WIDTH`].
const MOST_FIGURE_HEIGHT: f64 = 0.06;

/// How a scale bar is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleBarForm {
    /// One line, with or without posts at its ends.
    Line,
    /// A line with its text in the middle.
    BrokenLine,
    /// Ticks at equal distances, without a line.
    Ticks,
}

/// A scale bar that was found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaleBar {
    /// How it is drawn.
    pub form: ScaleBarForm,
    /// Where it is drawn, in pixels of the plane.
    pub rect: Rect,
    /// Its length in pixels: between the middles of its posts or outermost ticks, else from end to
    /// end. See [`ScaleBar::uncertainty_px`].
    pub length_px: f64,
}

/// Why a drawn bar gives no calibration.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScaleBarError {
    /// The length gives no pixel size in [`POSSIBLE_NM_PER_PX`].
    #[error(
        "scale bar: expected a length above 0 nm that gives pixels of {} to {} nm, found {bar_nm} nm for {length_px} px",
        POSSIBLE_NM_PER_PX.start(), POSSIBLE_NM_PER_PX.end()
    )]
    Length {
        /// What was typed.
        bar_nm: f64,
        /// Length of the bar that was found.
        length_px: f64,
    },
    /// No bar is found in a box.
    #[error("scale bar: not found in {}; expected a line or ticks with room on both sides", extent(within))]
    NotInBox {
        /// The box that was searched.
        within: Rect,
    },
    /// The box extends beyond the image.
    #[error("scale bar: expected a box inside of {width} × {height} px, found {}", extent(within))]
    Outside {
        /// The box.
        within: Rect,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
    },
    /// No bar is found.
    #[error(
        "scale bar: not found in rows {first_row} to {last_row} of the data bar; expected a line or ticks"
    )]
    NotFound {
        /// First row that was searched.
        first_row: usize,
        /// Last row that was searched.
        last_row: usize,
    },
    /// The image has no data bar, and no bar is found on it.
    #[error(
        "scale bar: the image has no data bar, and no line on it is surely a scale bar; give the box around the scale bar"
    )]
    NotOnFigure,
    /// The image has no data bar, and several lines on it may be the bar.
    #[error(
        "scale bar: the image has no data bar, and {} lines on it may be the scale bar, the longest in {}; give the box \
         around the scale bar",
        rects.len(), rects.first().map(extent).unwrap_or_default()
    )]
    Several {
        /// Where they are, the longest first.
        rects: Vec<Rect>,
    },
}

/// `rect` in words; numbers from outside may be of any size.
fn extent(rect: &Rect) -> String {
    let last = |first: usize, n: usize| first.saturating_add(n.saturating_sub(1));
    let Rect { y, x, height, width } = *rect;
    if height == 0 || width == 0 {
        return format!("{height} rows and {width} columns from row {y}, column {x}");
    }
    format!("rows {y} to {}, columns {x} to {}", last(y, height), last(x, width))
}

/// A file's pixel size and its drawn bar that contradict each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disagreement {
    /// The file's pixel size.
    pub file: Calibration,
    /// The drawn bar's pixel size.
    pub drawn: Calibration,
    /// Drawn over file, minus 1.
    pub relative: f64,
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the drawn scale bar says {:.4} nm/px, the file {:.4} nm/px: {:+.1} %; the image may have been resized, \
             or the typed length is not the bar's",
            self.drawn.nm_per_px_x,
            self.file.nm_per_px_x,
            100.0 * self.relative
        )
    }
}

/// Finds the scale bar of `plane`, `[H, W]`, in the rows of its data bar: the longest of several
/// candidates. `None` if there is no candidate.
///
/// # Panics
/// If `data_bar` extends outside `plane`.
pub fn find(plane: &Plane, data_bar: &DataBar) -> Option<ScaleBar> {
    let rows = data_bar.first_row..data_bar.end_row;
    // frames, and rows of specimen where the data bar's edge is not sharp, may touch the drawn bar
    [0, 1, 2].into_iter().find_map(|inset| {
        let height = rows.len().checked_sub(2 * inset).filter(|height| *height > 0)?;
        let region = Rect { y: rows.start + inset, x: 0, height, width: plane.width() };
        let found = shapes::scale_bar(&plane.crop(region), &shapes::DATA_BAR)?;
        let rect = Rect { y: found.rect.y + region.y, ..found.rect };
        Some(ScaleBar { rect, ..found })
    })
}

/// Finds the scale bar in a box that was drawn around it and its text, on a data bar or on the specimen
/// itself, as in published figures.
///
/// # Errors
/// If the box is empty or extends beyond the image, or no bar is found in it.
///
/// # Examples
/// ```
/// use micrograph::{Plane, Rect, scale_bar};
///
/// // a white bar of 100 px on black
/// let plane = Plane::from_fn(200, 300, |y, x| match (y, x) {
///     (180..=184, 60..=159) => 255.0,
///     _ => 0.0,
/// });
/// let bar = scale_bar::find_in(&plane, Rect { y: 160, x: 0, height: 40, width: 300 })?;
/// assert_eq!(bar.length_px, 100.0);
/// assert_eq!(bar.calibration(500.0)?.nm_per_px_x, 5.0);
/// # Ok::<(), scale_bar::ScaleBarError>(())
/// ```
pub fn find_in(plane: &Plane, within: Rect) -> Result<ScaleBar, ScaleBarError> {
    let (height, width) = (plane.height(), plane.width());
    if !within.is_within(height, width) {
        return Err(ScaleBarError::Outside { within, height, width });
    }
    let part = plane.crop(within);
    let limits = uniform::Limits {
        width: ((0.05 * within.width as f64) as usize).max(6)..within.width,
        height: 1..(0.6 * within.height as f64) as usize + 1,
        least_aspect: 1.5,
        blurred: true,
    };
    let found = shapes::longest(&uniform::lines(&part, &limits), within.width as f64)
        .or_else(|| shapes::scale_bar(&part, &shapes::BOX))
        .ok_or(ScaleBarError::NotInBox { within })?;
    let rect = Rect { y: found.rect.y + within.y, x: found.rect.x + within.x, ..found.rect };
    Ok(ScaleBar { rect, ..found })
}

/// Finds the scale bar of a figure that has no data bar, anywhere on `plane`. It has to be drawn in exactly one
/// level, at least two pixels thick, and the only such line or at least twice as long as the others: what is less sure
/// needs a box ([`find_in`]).
///
/// # Errors
/// If there is no such line, or there are several.
pub fn find_on_figure(plane: &Plane) -> Result<ScaleBar, ScaleBarError> {
    let (height, width) = (plane.height(), plane.width());
    let share = |share: f64, n: usize| (share * n as f64) as usize;
    let limits = uniform::Limits {
        width: share(LEAST_FIGURE_WIDTH, width).max(16)..share(MOST_FIGURE_WIDTH, width),
        height: 2..share(MOST_FIGURE_HEIGHT, height).max(3) + 1,
        least_aspect: 3.0,
        blurred: false,
    };
    let lines = uniform::lines(plane, &limits);
    let Some(first) = lines.first() else { return Err(ScaleBarError::NotOnFigure) };
    let long: Vec<Rect> =
        lines.iter().filter(|line| 2.0 * line.length() > first.length()).map(|line| line.rect).collect();
    if long.len() > 1 {
        return Err(ScaleBarError::Several { rects: long });
    }
    Ok(ScaleBar { form: ScaleBarForm::Line, rect: first.rect, length_px: first.length() })
}

impl ScaleBar {
    /// Uncertainty of its length in pixels: half a pixel at either end; where its posts are thick, up to their borders,
    /// since the one who drew it may have counted from these.
    pub fn uncertainty_px(&self) -> f64 {
        let of_posts = self.rect.width as f64 - self.length_px;
        (of_posts - UNCERTAINTY_PX).max(UNCERTAINTY_PX)
    }

    /// The calibration of square pixels if this bar is `bar_nm` long.
    ///
    /// # Errors
    /// If `bar_nm` gives no pixel size in [`POSSIBLE_NM_PER_PX`].
    pub fn calibration(&self, bar_nm: f64) -> Result<Calibration, ScaleBarError> {
        let nm_per_px = bar_nm / self.length_px;
        if !POSSIBLE_NM_PER_PX.contains(&nm_per_px) {
            return Err(ScaleBarError::Length { bar_nm, length_px: self.length_px });
        }
        Ok(Calibration {
            relative_uncertainty: self.uncertainty_px() / self.length_px,
            ..Calibration::square(nm_per_px, CalibrationSource::DrawnBar)
        })
    }
}

/// The calibration of `plane`, `[H, W]`, whose scale bar is drawn in `data_bar` and is `bar_nm` long,
/// and that bar.
///
/// # Errors
/// If `bar_nm` is not a finite number above 0, or no scale bar is found.
///
/// # Panics
/// If `data_bar` extends outside `plane`.
pub fn calibration(
    plane: &Plane,
    data_bar: &DataBar,
    bar_nm: f64,
) -> Result<(Calibration, ScaleBar), ScaleBarError> {
    let (first_row, last_row) = (data_bar.first_row, data_bar.end_row.saturating_sub(1));
    let bar = find(plane, data_bar).ok_or(ScaleBarError::NotFound { first_row, last_row })?;
    Ok((bar.calibration(bar_nm)?, bar))
}

/// Where `drawn` differs from the pixel size of the `file` by more than 3 % and by more than the rounding
/// of both leaves.
pub fn disagreement(file: &Calibration, drawn: &Calibration) -> Option<Disagreement> {
    let relative = drawn.nm_per_px_x / file.nm_per_px_x - 1.0;
    let most = MOST_DIFFERENCE.max(file.relative_uncertainty + drawn.relative_uncertainty);
    let agree = relative.abs() <= most; // false for NaN too
    (!agree).then(|| Disagreement { file: file.clone(), drawn: drawn.clone(), relative })
}
