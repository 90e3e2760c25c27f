//! Text on pictures: one embedded font in two weights, measured and drawn.
//!
//! The font is a subset of Inter under another name, see `assets/micrograph-sans-LICENSE.txt`:
//! ASCII, Latin-1, the Greek letters and the signs a microscopist writes. Characters it lacks are
//! drawn as a box, control characters as spaces. One line at a time, left to right, no kerning.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont};

use super::{Color, Picture};

static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| font(include_bytes!("../../assets/micrograph-sans-regular.otf")));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| font(include_bytes!("../../assets/micrograph-sans-semibold.otf")));

fn font(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the embedded font is whole")
}

const MOST_SIZE_PX: f32 = 4096.0;

/// Weight of the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// For running text and numbers.
    Regular,
    /// For titles and labels (semi-bold).
    Bold,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ink {
    /// Size of the em square in pixels; letters of less than 1 px or more than 4096 px are not drawn.
    pub size_px: f32,
    /// Color of the letters.
    pub color: Color,
    /// Weight of the letters.
    pub weight: Weight,
}

impl Ink {
    /// Regular letters.
    pub fn regular(size_px: f32, color: Color) -> Self {
        Self { size_px, color, weight: Weight::Regular }
    }

    /// Semi-bold letters.
    pub fn bold(size_px: f32, color: Color) -> Self {
        Self { size_px, color, weight: Weight::Bold }
    }

    /// Distance from the top of one line to the top of the next, in whole pixels.
    pub fn line_height(self) -> usize {
        // a third of the size between lines keeps descenders clear of the next line's accents
        (self.size_px * 1.34).ceil() as usize
    }

    /// Distance from the top of a line to the foot of its letters, in pixels.
    pub(super) fn ascent(self) -> f32 {
        self.font().as_scaled(self.scale()).ascent()
    }

    /// Width of `text` in pixels.
    pub fn width(self, text: &str) -> f32 {
        let font = self.font().as_scaled(self.scale());
        printable(text).map(|c| font.h_advance(font.glyph_id(c))).sum()
    }

    /// `text`, or as much of its start as fits into `width` pixels followed by `…`; empty if
    /// not even that fits.
    pub fn shortened(self, text: &str, width: f32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let shorter = kept.iter().collect::<String>().trim_end().to_owned() + "…";
            if self.width(&shorter) <= width {
                return shorter;
            }
        }
        String::new()
    }

    /// `text` broken between words into lines that fit into `width` pixels; a word that is too
    /// long by itself is shortened. Line breaks in `text` are kept.
    pub fn wrapped(self, text: &str, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer) <= width || line.is_empty() {
                    line = longer;
                } else {
                    lines.push(std::mem::replace(&mut line, word.to_owned()));
                }
            }
            lines.push(line);
        }
        lines.iter().map(|line| self.shortened(line, width)).collect()
    }

    fn font(self) -> &'static FontRef<'static> {
        match self.weight {
            Weight::Regular => &REGULAR,
            Weight::Bold => &BOLD,
        }
    }

    // ab_glyph scales by ascent − descent; sizes here are those of the em square
    fn scale(self) -> PxScale {
        let font = self.font();
        let em = font.units_per_em().expect("the embedded font has a size of its em");
        PxScale::from(self.size_px * font.height_unscaled() / em)
    }
}

impl Picture {
    /// Writes one line of `text` with its top left at (`y`, `x`); parts outside are clipped.
    /// The line is [`Ink::line_height`] high.
    pub fn text(&mut self, y: f32, x: f32, text: &str, ink: Ink) {
        let drawable = (1.0..=MOST_SIZE_PX).contains(&ink.size_px) && y.is_finite() && x.is_finite();
        if !drawable {
            return;
        }
        let font = ink.font().as_scaled(ink.scale());
        let baseline = (y + font.ascent()).round();
        let mut at = x;
        for c in printable(text) {
            let id = font.glyph_id(c);
            let glyph = Glyph { id, scale: ink.scale(), position: ab_glyph::point(at, baseline) };
            at += font.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| {
                let (py, px) = (corner.y as i64 + i64::from(dy), corner.x as i64 + i64::from(dx));
                self.mix(py, px, ink.color, coverage);
            });
        }
    }

    /// Writes `text` so that it ends at `x`.
    pub fn text_right(&mut self, y: f32, x: f32, text: &str, ink: Ink) {
        self.text(y, x - ink.width(text), text, ink);
    }

    /// Writes `text` so that its middle is at `x`.
    pub fn text_centered(&mut self, y: f32, x: f32, text: &str, ink: Ink) {
        self.text(y, x - ink.width(text) / 2.0, text, ink);
    }
}

fn printable(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().map(|c| if c.is_control() { ' ' } else { c })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: Ink = Ink { size_px: 14.0, color: [0, 0, 0], weight: Weight::Regular };

    #[test]
    fn the_font_has_every_sign_a_microscopist_writes() {
        for weight in [Weight::Regular, Weight::Bold] {
            let font = Ink { weight, ..INK }.font();
            for c in (' '..='~').chain("µμÅ×±°·…→−–≤≥²³éüßñσθΩ".chars()) {
                assert!(font.glyph_id(c).0 != 0, "{weight:?} lacks {c:?}");
            }
        }
    }

    #[test]
    fn letters_fill_the_line_they_are_given_and_no_more() {
        let mut picture = Picture::new(60, 90, [255; 3]);
        picture.text(20.0, 10.0, "ÅgjM|", INK);
        let inked: Vec<(usize, usize)> = (0..60)
            .flat_map(|y| (0..90).map(move |x| (y, x)))
            .filter(|&(y, x)| picture.at(y, x) != [255; 3])
            .collect();
        assert!(inked.len() > 40);
        let height = INK.line_height();
        assert!(inked.iter().all(|&(y, x)| (20..20 + height).contains(&y) && x >= 9));
        assert!(inked.iter().all(|&(_, x)| (x as f32) < 10.0 + INK.width("ÅgjM|") + 1.0));
    }

    #[test]
    fn any_string_can_be_written_and_measured() {
        let mut picture = Picture::new(20, 30, [255; 3]);
        for text in ["", "\n\t\0", "日本語", "😀\u{202e}abc", "e\u{301}\u{200d}", "\u{10ffff}"] {
            for size_px in [0.0, 0.5, 14.0, 900.0, f32::NAN, f32::INFINITY, -3.0] {
                let ink = Ink { size_px, ..INK };
                picture.text(-5.0, 25.0, text, ink);
                picture.text_centered(f32::NAN, 1e30, text, ink);
                ink.wrapped(text, 20.0);
            }
        }
        let mut boxed = Picture::new(20, 30, [255; 3]);
        boxed.text(0.0, 0.0, "日", INK);
        assert_ne!(boxed, Picture::new(20, 30, [255; 3]), "an unknown character leaves a mark");
    }

    #[test]
    fn lines_fit_into_their_width_and_lose_no_word() {
        let text = "a specimen of silica spheres on silicon\nsecond line";
        let lines = INK.wrapped(text, 90.0);
        assert!(lines.len() > 3 && lines.iter().all(|line| INK.width(line) <= 90.0), "{lines:?}");
        assert_eq!(lines.join(" "), text.replace('\n', " "));
        let short = INK.shortened("encoder.2:17", 50.0);
        assert!(short.ends_with('…') && INK.width(&short) <= 50.0 && short.len() > 4, "{short}");
        assert_eq!(INK.shortened("wide", 2.0), "");
        assert!(INK.wrapped("", 50.0).is_empty());
    }
}
