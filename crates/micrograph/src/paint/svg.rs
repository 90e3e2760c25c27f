//! SVG: figures of letters and shapes, with maps as pictures of their own pixels inside.

use std::fmt::Write as _;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::drawing::Drawing;
use super::{Color, ColorMap, Ink, Picture, Weight};
use crate::{Plane, Rect};

/// Fonts of the letters, the first that a machine has; lines are as wide as in the embedded font.
const FONTS: &str = "Inter, Helvetica, Arial, sans-serif";

/// A figure that is being drawn.
pub(super) struct Svg {
    height: usize,
    width: usize,
    shapes: String,
}

impl Svg {
    /// A figure of this size in pixels, filled with `background`.
    pub(super) fn new(height: usize, width: usize, background: Color) -> Self {
        let mut svg = Self { height, width, shapes: String::new() };
        svg.fill(Rect { y: 0, x: 0, height, width }, background);
        svg
    }

    /// The file, a pixel `mm_per_px` wide in print.
    pub(super) fn file(&self, mm_per_px: f64) -> String {
        let Self { height, width, shapes } = self;
        let [width_mm, height_mm] = [*width, *height].map(|px| mm_per_px * px as f64);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width_mm:.2}mm\" height=\"{height_mm:.2}mm\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\">\n{shapes}</svg>\n"
        )
    }

    fn add(&mut self, shape: std::fmt::Arguments<'_>) {
        self.shapes.write_fmt(shape).expect("a string takes any text");
    }
}

impl Drawing for Svg {
    fn map(plane: &Plane, _size: (usize, usize), (low, high): (f32, f32), map: ColorMap) -> Picture {
        Picture::from_plane(plane, low, high, map)
    }

    fn sized(picture: &Picture, _size: (usize, usize)) -> Picture {
        picture.clone()
    }

    fn place(&mut self, Rect { y, x, height, width }: Rect, picture: &Picture) {
        let bytes = picture.indexed_png_bytes().unwrap_or_else(|| picture.png_bytes(None));
        let data = BASE64_STANDARD.encode(bytes);
        // each value stays visible where it is enlarged
        let rendering = if height > picture.height() { " style=\"image-rendering:pixelated\"" } else { "" };
        self.add(format_args!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\"{rendering} \
             href=\"data:image/png;base64,{data}\"/>\n"
        ));
    }

    fn fill(&mut self, Rect { y, x, height, width }: Rect, color: Color) {
        let color = hex(color);
        self.add(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{color}\"/>\n"
        ));
    }

    fn write(&mut self, y: f32, x: f32, text: &str, ink: Ink) {
        if text.trim().is_empty() {
            return;
        }
        let weight = if ink.weight == Weight::Bold { " font-weight=\"600\"" } else { "" };
        self.add(format_args!(
            "<text x=\"{x:.2}\" y=\"{:.2}\" font-size=\"{}\"{weight} fill=\"{}\" textLength=\"{:.2}\" \
             lengthAdjust=\"spacingAndGlyphs\">{}</text>\n",
            y + ink.ascent(),
            ink.size_px,
            hex(ink.color),
            ink.width(text),
            escaped(text)
        ));
    }
}

fn hex([red, green, blue]: Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// `text` as XML holds it; control characters are spaces, as on pictures.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::{Cell, ContactSheet, Scaling, Section, contact_sheet, contact_sheet_svg};

    #[test]
    fn a_sheet_as_svg_holds_every_map_with_its_own_pixels_and_every_word() {
        let planes: Vec<Plane> =
            (0..6).map(|k| Plane::from_fn(30, 40, |y, x| ((y * k + x) % 17) as f32)).collect();
        let cells = planes.iter().enumerate().map(|(k, plane)| Cell {
            plane,
            label: format!("a<b&c:{k}"),
            note: "energy 1.23".to_owned(),
            dead: k == 5,
        });
        let sections = vec![Section { heading: "live".to_owned(), cells: cells.collect() }];
        for scaling in [Scaling::PerMap, Scaling::Shared] {
            let sheet = ContactSheet {
                title: "µm & \"more\"".to_owned(),
                sections: sections.clone(),
                scaling,
                nm_per_px: Some(12.0),
                max_width_px: 900,
                ..ContactSheet::default()
            };
            let text = contact_sheet_svg(&sheet, 200.0);
            let drawn = contact_sheet(&sheet);
            assert!(
                text.contains(&format!("viewBox=\"0 0 {} {}\"", drawn.width(), drawn.height())),
                "{text:.300}"
            );
            let width_mm = 200.0 * drawn.width() as f64 / 900.0;
            assert!(text.starts_with("<svg") && text.contains(&format!("width=\"{width_mm:.2}mm\"")));
            for k in 0..6 {
                assert!(text.contains(&format!(">a&lt;b&amp;c:{k}</text>")), "label {k}");
            }
            assert!(text.contains(">dead</text>") && text.contains("µm &amp; \"more\"</text>"));
            let pictures = text.split("data:image/png;base64,").skip(1);
            let pictures: Vec<Picture> = pictures
                .map(|rest| BASE64_STANDARD.decode(&rest[..rest.find('"').unwrap()]).unwrap())
                .map(|bytes| {
                    let rgb = image::load_from_memory(&bytes).unwrap().into_rgb8();
                    Picture::from_rgb(rgb.height() as usize, rgb.width() as usize, rgb.into_raw()).unwrap()
                })
                .collect();
            let n_bars = usize::from(scaling == Scaling::Shared);
            assert_eq!(pictures.len(), 5 + n_bars, "the dead map is a field");
            assert_eq!(pictures[1], Picture::from_plane(&planes[1], 0.0, 16.0, ColorMap::Viridis));
        }
    }
}
