//! Strip: draws a data bar onto a plane as instruments do, and returns its rows.
//!
//! Background, frame, lines of text, a scale bar with ticks, compression noise; at the bottom or
//! floating inside the image, over the full width or not. The letters are real shapes in random
//! order, without meaning. Grey levels are 8-bit, `0..=255`. The stream determines everything.

use crate::Plane;
use crate::random::Stream;

/// How a strip is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct StripConfig {
    /// Height as a share of the image's, frame included, in `(0, 0.25]`.
    pub height_share: f64,
    /// Rows of specimen left below it.
    pub rows_below: usize,
    /// Covered share of the width, in `(0, 1]`; the rest is left and right of it.
    pub width_share: f64,
    /// Grey of the background, `0..=255`.
    pub background: f32,
    /// Grey of text, scale bar and frame, `0..=255`.
    pub ink: f32,
    /// Whether it has a frame of 1 px.
    pub framed: bool,
    /// Requested lines of text, at least 1; fewer are drawn where there is no room for 5 × 7 letters.
    pub n_lines: usize,
    /// Whether a scale bar with ticks is drawn at its right end.
    pub scale_bar: bool,
    /// Largest deviation in grey levels that compression leaves; doubled beside ink, as ringing.
    pub noise: f32,
}

impl StripConfig {
    /// A strip of some instrument: black, white or grey, 3 to 15 % of the height, each feature
    /// there or not.
    pub fn random(stream: &mut Stream) -> Self {
        let (background, ink) = match stream.below(5) {
            0 | 1 => (0.0, 255.0),
            2 => (255.0, 0.0),
            3 => (stream.between(40.0, 100.0).round() as f32, 255.0),
            _ => (stream.between(160.0, 230.0).round() as f32, 0.0),
        };
        Self {
            height_share: stream.between(0.03, 0.15),
            rows_below: [0, 0, 0, 1, 2, 20, 45][stream.below(7)],
            width_share: if stream.below(4) == 0 { stream.between(0.75, 0.98) } else { 1.0 },
            background,
            ink,
            framed: stream.below(3) == 0,
            n_lines: 1 + stream.below(3),
            scale_bar: stream.below(2) == 0,
            noise: [0.0, 0.0, 1.5, 3.0][stream.below(4)],
        }
    }
}

/// Where a strip was drawn: the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strip {
    /// First row, frame included.
    pub first_row: usize,
    /// Row after the last one, frame included.
    pub end_row: usize,
    /// First column.
    pub first_column: usize,
    /// Column after the last one.
    pub end_column: usize,
}

/// Rows of a letter, and of the smallest strip: a letter, two blank rows, a frame.
const LETTER_ROWS: usize = 7;
const LETTER_COLUMNS: usize = 5;
const LEAST_ROWS: usize = LETTER_ROWS + 4;

/// Letters of 5 × 7 as rows of bits, the leftmost column the highest: what bars are made of
/// (digits, units, point, colon).
const LETTERS: [[u8; LETTER_ROWS]; 16] = [
    [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e], // 0
    [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e], // 1
    [0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f], // 2
    [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e], // 3
    [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02], // 4
    [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e], // 5
    [0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e], // S
    [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f], // E
    [0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11], // M
    [0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11], // K
    [0x11, 0x11, 0x11, 0x11, 0x11, 0x0a, 0x04], // V
    [0x11, 0x11, 0x11, 0x15, 0x15, 0x1b, 0x11], // W
    [0x00, 0x00, 0x1a, 0x15, 0x15, 0x15, 0x15], // m
    [0x00, 0x11, 0x11, 0x11, 0x13, 0x1d, 0x10], // µ
    [0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c], // .
    [0x00, 0x0c, 0x0c, 0x00, 0x0c, 0x0c, 0x00], // :
];

/// Draws a strip over `plane`, `[H, W]` in grey levels `0..=255`, and returns its rows and columns.
///
/// # Panics
/// If there is no room for a line of letters above the rows to be left below, or the image is
/// narrower than 64 pixels.
pub fn draw(plane: &mut Plane, config: &StripConfig, stream: &mut Stream) -> Strip {
    let (height, width) = (plane.height(), plane.width());
    let rows = ((height as f64 * config.height_share).round() as usize).max(LEAST_ROWS);
    assert!(width >= 64 && height >= rows + config.rows_below, "a strip fits into its image");
    let columns = ((width as f64 * config.width_share).round() as usize).clamp(32, width);
    let end_row = height - config.rows_below;
    let first_column = (width - columns) / 2;
    let strip =
        Strip { first_row: end_row - rows, end_row, first_column, end_column: first_column + columns };

    let mut pen = Pen { plane, strip, ink: config.ink };
    pen.fill(0..rows, 0..columns, config.background);
    if config.framed {
        for row in [0, rows - 1] {
            pen.fill(row..row + 1, 0..columns, config.ink);
        }
        for column in [0, columns - 1] {
            pen.fill(0..rows, column..column + 1, config.ink);
        }
    }
    let text_end = if config.scale_bar { columns * 3 / 4 } else { columns - 4 };
    pen.text(config.n_lines.max(1), text_end, stream);
    if config.scale_bar {
        pen.scale_bar(columns * 3 / 4 + 6..columns - 6);
    }
    if config.noise > 0.0 {
        pen.compress(config.noise, stream);
    }
    strip
}

/// Draws in rows and columns of the strip.
struct Pen<'a> {
    plane: &'a mut Plane,
    strip: Strip,
    ink: f32,
}

impl Pen<'_> {
    fn fill(&mut self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>, gray: f32) {
        let width = self.plane.width();
        for row in rows {
            let start = (self.strip.first_row + row) * width + self.strip.first_column;
            self.plane.values_mut()[start + columns.start..start + columns.end].fill(gray);
        }
    }

    /// Words of random letters in up to `n_lines` lines, as room allows, up to column `end`, in the
    /// largest size that fits, up to threefold.
    fn text(&mut self, n_lines: usize, end: usize, stream: &mut Stream) {
        let rows = self.strip.end_row - self.strip.first_row;
        // two rows above and below: a frame and a blank one; two rows between lines
        let n_lines = n_lines.min((rows - 2) / (LETTER_ROWS + 2)).max(1);
        let pitch = (rows - 2) / n_lines;
        let size = ((pitch - 2) / LETTER_ROWS).clamp(1, 3);
        let advance = (LETTER_COLUMNS + 1) * size;
        for line in 0..n_lines {
            let top = 1 + line * pitch + (pitch - LETTER_ROWS * size) / 2;
            let mut left = 4;
            while left + advance < end {
                let n_letters = 2 + stream.below(7);
                for _ in 0..n_letters {
                    if left + advance < end {
                        self.letter(top, left, size, &LETTERS[stream.below(LETTERS.len())]);
                    }
                    left += advance;
                }
                left += advance * (1 + stream.below(4));
            }
        }
    }

    fn letter(&mut self, top: usize, left: usize, size: usize, bits: &[u8; LETTER_ROWS]) {
        for (row, bits) in bits.iter().enumerate() {
            for column in (0..LETTER_COLUMNS).filter(|column| bits >> (LETTER_COLUMNS - 1 - column) & 1 == 1)
            {
                let (y, x) = (top + row * size, left + column * size);
                self.fill(y..y + size, x..x + size, self.ink);
            }
        }
    }

    /// A line with eleven ticks upon it.
    fn scale_bar(&mut self, columns: std::ops::Range<usize>) {
        let rows = self.strip.end_row - self.strip.first_row;
        let y = rows / 2;
        self.fill(y..y + 1, columns.clone(), self.ink);
        for tick in 0..=10 {
            let x = columns.start + (columns.len() - 1) * tick / 10;
            self.fill(y - rows / 6..y, x..x + 1, self.ink);
        }
    }

    /// Deviations of at most `most` levels, twice that within 3 columns of ink.
    fn compress(&mut self, most: f32, stream: &mut Stream) {
        let Strip { first_row, end_row, first_column, end_column } = self.strip;
        for y in first_row..end_row {
            let inked: Vec<bool> =
                self.plane.row(y)[first_column..end_column].iter().map(|&gray| gray == self.ink).collect();
            for (column, near) in inked.iter().enumerate().map(|(column, _)| {
                (column, inked[column.saturating_sub(3)..(column + 4).min(inked.len())].contains(&true))
            }) {
                let reach = f64::from(if near { 2.0 * most } else { most });
                let index = y * self.plane.width() + first_column + column;
                let gray = &mut self.plane.values_mut()[index];
                *gray = (*gray + stream.between(-reach, reach) as f32).round().clamp(0.0, 255.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_change_inside_the_strip_and_nowhere_else() {
        for index in 0..40 {
            let mut stream = Stream::new(1, "strip", index);
            let config = StripConfig::random(&mut stream);
            let mut plane = Plane::filled(400, 300, -1.0);
            let strip = draw(&mut plane, &config, &mut stream);
            for y in 0..400 {
                for x in 0..300 {
                    let inside = (strip.first_row..strip.end_row).contains(&y)
                        && (strip.first_column..strip.end_column).contains(&x);
                    assert_eq!(plane.at(y, x) >= 0.0, inside, "{config:?}: {y} {x}");
                }
            }
            assert_eq!(strip.end_row, 400 - config.rows_below);
        }
    }

    #[test]
    fn the_same_stream_draws_the_same_strip() {
        let drawn = |seed| {
            let mut stream = Stream::new(seed, "strip", 0);
            let config = StripConfig::random(&mut stream);
            let mut plane = Plane::filled(500, 400, 90.0);
            draw(&mut plane, &config, &mut stream);
            plane
        };
        assert_eq!(drawn(3), drawn(3));
        assert_ne!(drawn(3), drawn(4));
    }
}
