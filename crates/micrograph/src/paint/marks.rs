//! Scale bar and color bar: they make lengths and colors readable as numbers.

use super::drawing::Drawing;
use super::ticks::tick_texts;
use super::{ColorMap, Ink, Picture, nice_ticks, number_text};
use crate::calibration::{length_text, scale_bar_length};
use crate::{Plane, Rect};

/// A corner of a rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Corner {
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
}

/// A length of 1, 2 or 5 times a power of ten, and how many drawn pixels it spans.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleBar {
    /// Length in drawn pixels, not rounded.
    pub length_px: f64,
    /// The length with its unit, e.g. `200 nm`; `100 px` where there is no calibration.
    pub label: String,
}

impl ScaleBar {
    /// The longest bar that takes at most `share` of `width_px` drawn pixels, where a drawn pixel is
    /// `nm_per_px` wide; without a calibration in pixels of the image, `image_px_per_px` of which
    /// make a drawn pixel.
    ///
    /// `None` where no bar fits: no width, or numbers that are not above 0.
    pub fn fit(width_px: f64, share: f64, unit: LengthUnit) -> Option<Self> {
        match unit {
            LengthUnit::Nanometres { nm_per_px } => {
                let length = scale_bar_length(width_px * share * nm_per_px)?;
                Some(Self { length_px: length / nm_per_px, label: length_text(length) })
            }
            LengthUnit::ImagePixels { image_px_per_px } => {
                // a bar of half a pixel of the image would measure nothing
                let length = scale_bar_length(width_px * share * image_px_per_px)?;
                (length >= 1.0)
                    .then(|| Self { length_px: length / image_px_per_px, label: format!("{length:.0} px") })
            }
        }
    }

    /// Draws the bar into a corner of `within`, white on a dark box, so that it can be read on
    /// anything. Letters are sized to the width of `within`.
    pub fn draw(&self, picture: &mut Picture, within: Rect, corner: Corner) {
        let size_px = (within.width as f32 / 32.0).clamp(10.0, 44.0);
        let ink = Ink::bold(size_px, [255; 3]);
        let pad = (size_px * 0.45).round() as usize;
        let thickness = (size_px * 0.22).round().max(2.0) as usize;
        let length = self.drawn_px();
        let text_width = ink.width(&self.label).ceil() as usize;
        let width = length.max(text_width) + 2 * pad;
        let height = ink.line_height() + thickness + 2 * pad - pad / 2;
        let margin = pad;
        let right = (within.x + within.width).saturating_sub(width + margin);
        let bottom = (within.y + within.height).saturating_sub(height + margin);
        let (y, x) = match corner {
            Corner::TopLeft => (within.y + margin, within.x + margin),
            Corner::TopRight => (within.y + margin, right),
            Corner::BottomLeft => (bottom, within.x + margin),
            Corner::BottomRight => (bottom, right),
        };
        picture.fill_rect(Rect { y, x, height, width }, [0; 3], 0.62);
        let middle = x as f32 + width as f32 / 2.0;
        picture.text_centered((y + pad / 2) as f32, middle, &self.label, ink);
        let bar = Rect {
            y: y + height - pad - thickness,
            x: x + (width - length) / 2,
            height: thickness,
            width: length,
        };
        picture.fill_rect(bar, [255; 3], 1.0);
    }

    /// Its length in whole pixels, at least 1.
    pub fn drawn_px(&self) -> usize {
        (self.length_px.round() as usize).max(1)
    }
}

/// Unit of a scale bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LengthUnit {
    /// Calibrated.
    Nanometres {
        /// Width of a drawn pixel in nanometres.
        nm_per_px: f64,
    },
    /// Uncalibrated.
    ImagePixels {
        /// Pixels of the image per drawn pixel: 0.25 for an image drawn at four times its size.
        image_px_per_px: f64,
    },
}

impl LengthUnit {
    /// Nanometres where `nm_per_px` (of a pixel of the image) is known, else pixels of the image,
    /// for an image drawn with `zoom` drawn pixels per image pixel.
    pub fn drawn(nm_per_px: Option<f64>, zoom: f64) -> Self {
        match nm_per_px {
            Some(nm_per_px) => Self::Nanometres { nm_per_px: nm_per_px / zoom },
            None => Self::ImagePixels { image_px_per_px: 1.0 / zoom },
        }
    }
}

/// A vertical gradient with numbers beside it and a title over it.
#[derive(Clone, Debug, PartialEq)]
pub struct ColorBar {
    /// The map.
    pub map: ColorMap,
    /// Value of the lowest color.
    pub low: f32,
    /// Value of the highest color.
    pub high: f32,
    /// What the numbers are; may be empty.
    pub title: String,
}

impl ColorBar {
    /// Width that [`Self::draw`] needs, in pixels.
    pub fn width(&self, ink: Ink) -> usize {
        let numbers = self.numbers().iter().map(|(_, text)| ink.width(text)).fold(0.0, f32::max);
        let gradient = gradient_width(ink) as f32 + ink.size_px * 0.8 + numbers;
        gradient.max(ink.width(&self.title)).ceil() as usize
    }

    /// Draws title, gradient and three to five numbers with the top left at (`y`, `x`), `height`
    /// pixels in all.
    pub fn draw(&self, picture: &mut Picture, at: (usize, usize), height: usize, ink: Ink) {
        self.draw_on(picture, at, height, ink);
    }

    /// The same on any kind of drawing.
    pub(super) fn draw_on<D: Drawing>(
        &self,
        drawing: &mut D,
        (y, x): (usize, usize),
        height: usize,
        ink: Ink,
    ) {
        let mut top = y;
        if !self.title.is_empty() {
            drawing.write(y as f32, x as f32, &self.title, ink);
            top += ink.line_height() + ink.line_height() / 2;
        }
        // numbers at the ends reach half a line beyond the gradient
        let length = (y + height).saturating_sub(top + ink.line_height() / 2).max(2);
        let width = gradient_width(ink);
        let gradient = Plane::from_fn(length, width, |row, _| 1.0 - row as f32 / (length - 1) as f32);
        let rect = Rect { y: top, x, height: length, width };
        // its outline, then all but the outermost pixels of the gradient
        drawing.fill(rect, ink.color);
        let inside =
            Rect { y: top + 1, x: x + 1, height: length.saturating_sub(2), width: width.saturating_sub(2) };
        if inside.height > 0 && inside.width > 0 {
            let colors = D::map(
                &gradient.crop(Rect { y: 1, x: 1, ..inside }),
                (inside.height, inside.width),
                (0.0, 1.0),
                self.map,
            );
            drawing.place(inside, &colors);
        }
        for (share, text) in self.numbers() {
            let at = top as f64 + (1.0 - share) * (length - 1) as f64;
            let row = at.round() as usize;
            let tick = Rect { y: row, x: x + width, height: 1, width: (ink.size_px * 0.3) as usize };
            drawing.fill(tick, ink.color);
            let left = (x + width) as f32 + ink.size_px * 0.55;
            drawing.write(at as f32 - ink.line_height() as f32 * 0.46, left, &text, ink);
        }
    }

    // positions in [0, 1] and their texts; the ends alone where the range is empty or not finite
    fn numbers(&self) -> Vec<(f64, String)> {
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        if !(low < high && low.is_finite() && high.is_finite()) {
            return vec![(0.5, number_text(low))];
        }
        let ticks = nice_ticks(low, high, 5);
        let texts = tick_texts(&ticks);
        ticks.iter().map(|tick| (tick - low) / (high - low)).zip(texts).collect()
    }
}

fn gradient_width(ink: Ink) -> usize {
    (ink.size_px * 1.2).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_label_says() {
        struct Case {
            width: f64,
            nm_per_px: f64,
            label: &'static str,
            px: f64,
        }
        let cases = [
            Case { width: 1024.0, nm_per_px: 11.65, label: "2 µm", px: 2000.0 / 11.65 },
            Case { width: 512.0, nm_per_px: 0.8, label: "100 nm", px: 125.0 },
            Case { width: 700.0, nm_per_px: 7000.0, label: "1 mm", px: 1e6 / 7000.0 },
        ];
        for Case { width, nm_per_px, label, px } in cases {
            let bar = ScaleBar::fit(width, 0.25, LengthUnit::Nanometres { nm_per_px }).unwrap();
            assert_eq!(bar.label, label);
            let mut picture = Picture::new(300, width as usize, [128; 3]);
            let within = picture.rect();
            bar.draw(&mut picture, within, Corner::BottomRight);
            // the longest run of white in any row is the bar itself
            let mut longest = 0;
            for row in picture.rgb().chunks(3 * width as usize) {
                let mut run = 0;
                for pixel in row.chunks(3) {
                    run = if pixel == [255; 3] { run + 1 } else { 0 };
                    longest = longest.max(run);
                }
            }
            assert!((longest as f64 - px).abs() <= 0.5, "{label}: drawn {longest}, expected {px}");
        }
    }

    #[test]
    fn without_a_calibration_the_bar_counts_pixels_of_the_image() {
        // 64 px drawn at four times the size
        let bar = ScaleBar::fit(256.0, 0.25, LengthUnit::drawn(None, 4.0)).unwrap();
        assert_eq!((bar.label.as_str(), bar.length_px), ("10 px", 40.0));
        assert_eq!(ScaleBar::fit(2.0, 0.25, LengthUnit::drawn(None, 1.0)), None);
        assert_eq!(ScaleBar::fit(100.0, 0.25, LengthUnit::Nanometres { nm_per_px: f64::NAN }), None);
    }

    #[test]
    fn bars_can_be_drawn_where_there_is_no_room() {
        let bar = ScaleBar { length_px: 500.0, label: "5 µm".to_owned() };
        for corner in [Corner::TopLeft, Corner::TopRight, Corner::BottomLeft, Corner::BottomRight] {
            let mut picture = Picture::new(3, 5, [0; 3]);
            let within = picture.rect();
            bar.draw(&mut picture, within, corner);
        }
    }

    #[test]
    fn a_color_bar_ends_in_the_colors_of_its_map() {
        let bar = ColorBar { map: ColorMap::Viridis, low: -0.3, high: 2.1, title: "activation".to_owned() };
        let ink = Ink::regular(14.0, [0; 3]);
        let mut picture = Picture::new(220, bar.width(ink) + 20, [255; 3]);
        bar.draw(&mut picture, (10, 10), 200, ink);
        let column: Vec<_> = (0..220).map(|y| picture.at(y, 15)).collect();
        let (low, high) = (ColorMap::Viridis.rgb(0.004), ColorMap::Viridis.rgb(0.996));
        let near = |a: &[u8; 3], b: [u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 3);
        let (first, last) = (
            column.iter().position(|c| near(c, high)).expect("the highest color is drawn"),
            column.iter().position(|c| near(c, low)).expect("the lowest color is drawn"),
        );
        assert!(first < last);
        for (low, high) in [(1.0, 1.0), (f32::NAN, 0.0), (0.0, f32::INFINITY)] {
            ColorBar { low, high, ..bar.clone() }.draw(&mut picture, (10, 10), 3, ink);
        }
    }
}
