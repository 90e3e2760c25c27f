//! Drawing: what a figure is drawn on, pixels, or the shapes and letters of an SVG file, which stay sharp at any size.

use super::{ColorMap, Ink, Picture, Sampling, resampled};
use crate::{Plane, Rect};

use super::Color;

/// A surface for text, rectangles and pictures, all in pixels from the top left.
pub(super) trait Drawing {
    /// `plane` in colors from `low` to `high`, to be placed `height` × `width` large.
    fn map(plane: &Plane, size: (usize, usize), range: (f32, f32), map: ColorMap) -> Picture;

    /// `picture`, to be placed `height` × `width` large.
    fn sized(picture: &Picture, size: (usize, usize)) -> Picture;

    /// Draws what [`Self::map`] or [`Self::sized`] gave for the size of `at`.
    fn place(&mut self, at: Rect, picture: &Picture);

    /// Fills `rect`.
    fn fill(&mut self, rect: Rect, color: Color);

    /// Writes one line with its top left at (`y`, `x`), as [`Picture::text`] does.
    fn write(&mut self, y: f32, x: f32, text: &str, ink: Ink);

    /// Writes `text` so that it ends at `x`.
    fn write_right(&mut self, y: f32, x: f32, text: &str, ink: Ink) {
        self.write(y, x - ink.width(text), text, ink);
    }

    /// Writes `text` so that its middle is at `x`.
    fn write_centered(&mut self, y: f32, x: f32, text: &str, ink: Ink) {
        self.write(y, x - ink.width(text) / 2.0, text, ink);
    }
}

impl Drawing for Picture {
    // averages are those of the values, not of their colors
    fn map(
        plane: &Plane,
        (height, width): (usize, usize),
        (low, high): (f32, f32),
        map: ColorMap,
    ) -> Picture {
        let sampling = sampling_to(height, plane.height());
        Self::from_plane(&resampled(plane, height, width, sampling), low, high, map)
    }

    fn sized(picture: &Picture, (height, width): (usize, usize)) -> Picture {
        picture.resized(height, width, sampling_to(height, picture.height()))
    }

    fn place(&mut self, at: Rect, picture: &Picture) {
        self.blit(at.y, at.x, picture);
    }

    fn fill(&mut self, rect: Rect, color: Color) {
        self.fill_rect(rect, color, 1.0);
    }

    fn write(&mut self, y: f32, x: f32, text: &str, ink: Ink) {
        self.text(y, x, text, ink);
    }
}

/// Enlarged in whole blocks so that each value stays visible, reduced by averaging.
fn sampling_to(drawn_height: usize, height: usize) -> Sampling {
    if drawn_height >= height { Sampling::Nearest } else { Sampling::Area }
}
