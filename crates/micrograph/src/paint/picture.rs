//! Picture: an 8-bit RGB image, and the plain marks drawn on it.
//!
//! Rows run downwards; positions are `y, x` of the top left. Parts outside are clipped.
//! Alpha is blended in the 8-bit values, like screens and other programs do, not in linear light.

use rayon::prelude::*;

use super::{Color, ColorMap, Sampling, resampled};
use crate::{Plane, Rect};

/// Pixels that a thread colors at once.
const PIXELS_AT_ONCE: usize = 1 << 14;

/// An 8-bit RGB image, `[H, W, 3]`, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    height: usize,
    width: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// A picture of one color.
    pub fn new(height: usize, width: usize, color: Color) -> Self {
        Self { height, width, rgb: color.repeat(height * width) }
    }

    /// `plane` through `map`, from `low` to `high`; values outside take the end colors.
    ///
    /// Unless `low < high` there is no contrast: every number is then drawn in the color
    /// of the map's middle. NaN is drawn as [`NAN_COLOR`](super::NAN_COLOR).
    ///
    /// # Examples
    /// ```
    /// use micrograph::Plane;
    /// use micrograph::paint::{ColorMap, Picture};
    ///
    /// let plane = Plane::from_fn(20, 30, |_, x| x as f32);
    /// let picture = Picture::from_plane(&plane, 0.0, 29.0, ColorMap::Gray);
    /// assert_eq!((picture.at(5, 0), picture.at(5, 29)), ([0; 3], [255; 3]));
    /// assert!(picture.png_bytes(None).starts_with(b"\x89PNG"));
    /// ```
    pub fn from_plane(plane: &Plane, low: f32, high: f32, map: ColorMap) -> Self {
        let table = map.table();
        let scale = 255.0 / (f64::from(high) - f64::from(low));
        let color = |value: &f32| {
            if value.is_nan() {
                super::NAN_COLOR
            } else if low < high {
                // rounded by the conversion, which maps values outside to the nearer end
                table[((f64::from(*value) - f64::from(low)) * scale + 0.5) as u8 as usize]
            } else {
                table[128]
            }
        };
        let mut rgb = vec![0; 3 * plane.values().len()];
        rgb.par_chunks_mut(3 * PIXELS_AT_ONCE).zip(plane.values().par_chunks(PIXELS_AT_ONCE)).for_each(
            |(pixels, values)| {
                for (pixel, value) in pixels.as_chunks_mut::<3>().0.iter_mut().zip(values) {
                    *pixel = color(value);
                }
            },
        );
        Self { height: plane.height(), width: plane.width(), rgb }
    }

    /// Red, green and blue from three planes with values in `[0, 1]`; NaN counts as 0.
    ///
    /// # Panics
    /// If the planes differ in shape.
    pub fn from_rgb_planes(planes: [&Plane; 3]) -> Self {
        let (height, width) = (planes[0].height(), planes[0].width());
        assert!(
            planes.iter().all(|plane| (plane.height(), plane.width()) == (height, width)),
            "the three planes of a picture have one shape"
        );
        let mut rgb = Vec::with_capacity(3 * height * width);
        for idx in 0..height * width {
            // the conversion maps values outside to the nearer end, NaN to 0
            rgb.extend(planes.map(|plane| (plane.values()[idx] * 255.0).round() as u8));
        }
        Self { height, width, rgb }
    }

    /// From bytes, `[H, W, 3]`; `None` unless there are as many as `height` and `width` say.
    pub(super) fn from_rgb(height: usize, width: usize, rgb: Vec<u8>) -> Option<Self> {
        (rgb.len() == 3 * height * width).then_some(Self { height, width, rgb })
    }

    /// Whether every pixel is grey.
    pub fn is_gray(&self) -> bool {
        self.rgb.as_chunks::<3>().0.iter().all(|[red, green, blue]| red == green && green == blue)
    }

    /// The brightness of each pixel, in `[0, 1]`: the mean of its colors.
    pub fn gray(&self) -> Plane {
        let brightness =
            |color: &Color| color.iter().map(|&part| f32::from(part)).sum::<f32>() / (3.0 * 255.0);
        let values = self.rgb.as_chunks::<3>().0.iter().map(brightness);
        Plane::new(self.height, self.width, values.collect())
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All bytes, `[H, W, 3]`.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The color at row `y`, column `x`.
    pub fn at(&self, y: usize, x: usize) -> Color {
        assert!(x < self.width, "a column lies inside its picture");
        let start = 3 * (y * self.width + x);
        [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
    }

    /// The whole picture as a rectangle.
    pub fn rect(&self) -> Rect {
        Rect { y: 0, x: 0, height: self.height, width: self.width }
    }

    /// A copy of the part inside `rect`; areas outside the picture are left out.
    pub fn cut(&self, rect: Rect) -> Self {
        let (y, x) = (rect.y.min(self.height), rect.x.min(self.width));
        let (height, width) = (rect.height.min(self.height - y), rect.width.min(self.width - x));
        let rows = (y..y + height).flat_map(|row| {
            let start = 3 * (row * self.width + x);
            self.rgb[start..start + 3 * width].iter().copied()
        });
        Self { height, width, rgb: rows.collect() }
    }

    /// Copies `other` into this one with its top left at (`y`, `x`).
    pub fn blit(&mut self, y: usize, x: usize, other: &Self) {
        let width = other.width.min(self.width.saturating_sub(x));
        for row in 0..other.height.min(self.height.saturating_sub(y)) {
            let (to, from) = (3 * ((y + row) * self.width + x), 3 * row * other.width);
            self.rgb[to..to + 3 * width].copy_from_slice(&other.rgb[from..from + 3 * width]);
        }
    }

    /// Fills `rect` with `color`, blended over the picture with `opacity` in `[0, 1]`.
    pub fn fill_rect(&mut self, rect: Rect, color: Color, opacity: f32) {
        for y in rect.y..(rect.y + rect.height).min(self.height) {
            for x in rect.x..(rect.x + rect.width).min(self.width) {
                self.mix(y as i64, x as i64, color, opacity);
            }
        }
    }

    /// Draws the border of `rect`, `thickness` pixels wide, inside of it.
    pub fn outline_rect(&mut self, rect: Rect, thickness: usize, color: Color) {
        let Rect { y, x, height, width } = rect;
        let rows = thickness.min(height);
        let columns = thickness.min(width);
        for edge in [
            Rect { height: rows, ..rect },
            Rect { y: y + height - rows, height: rows, ..rect },
            Rect { width: columns, ..rect },
            Rect { x: x + width - columns, width: columns, ..rect },
        ] {
            self.fill_rect(edge, color, 1.0);
        }
    }

    /// Draws a line between the points `from` and `to`, each `(y, x)`, with round ends and smooth
    /// edges. Pixel centres are at whole numbers + ½.
    pub fn line(&mut self, from: (f32, f32), to: (f32, f32), thickness: f32, color: Color) {
        let ends = [from.0, from.1, to.0, to.1, thickness];
        if ends.iter().any(|number| !number.is_finite()) {
            return;
        }
        let reach = thickness / 2.0 + 1.0;
        let span = |a: f32, b: f32, n: usize| {
            let start = (a.min(b) - reach).floor().clamp(0.0, n as f32) as usize;
            start..(a.max(b) + reach).ceil().clamp(0.0, n as f32) as usize
        };
        let (dy, dx) = (to.0 - from.0, to.1 - from.1);
        let length2 = (dy * dy + dx * dx).max(f32::MIN_POSITIVE);
        for y in span(from.0, to.0, self.height) {
            for x in span(from.1, to.1, self.width) {
                let (py, px) = (y as f32 + 0.5 - from.0, x as f32 + 0.5 - from.1);
                let along = ((py * dy + px * dx) / length2).clamp(0.0, 1.0);
                let distance = (py - along * dy).hypot(px - along * dx);
                let coverage = (thickness / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
                self.mix(y as i64, x as i64, color, coverage);
            }
        }
    }

    /// Fills `rect` with diagonal lines, `step` pixels apart, as a sign for "nothing is shown here".
    pub fn hatch(&mut self, rect: Rect, step: usize, color: Color) {
        let step = step.max(2);
        for y in rect.y..(rect.y + rect.height).min(self.height) {
            for x in rect.x..(rect.x + rect.width).min(self.width) {
                if (x + y) % step == 0 {
                    self.mix(y as i64, x as i64, color, 1.0);
                }
            }
        }
    }

    /// Mixes in `other`: `weight` 0 leaves this picture, 1 gives the other.
    ///
    /// # Panics
    /// If the pictures differ in shape.
    pub fn blend(&mut self, other: &Self, weight: f32) {
        self.blend_by(other, |_| weight);
    }

    /// Mixes in `other` with a weight for each pixel, in `[0, 1]`; NaN counts as 0.
    ///
    /// # Panics
    /// If the pictures or the weights differ in shape.
    pub fn blend_masked(&mut self, other: &Self, weights: &Plane) {
        assert_eq!(
            (weights.height(), weights.width()),
            (self.height, self.width),
            "weights have the shape of the picture"
        );
        self.blend_by(other, |idx| weights.values()[idx]);
    }

    fn blend_by(&mut self, other: &Self, weight: impl Fn(usize) -> f32) {
        assert_eq!(
            (other.height, other.width),
            (self.height, self.width),
            "pictures that are mixed have one shape"
        );
        for (idx, (pixel, color)) in self.rgb.chunks_exact_mut(3).zip(other.rgb.chunks_exact(3)).enumerate() {
            let weight = weight(idx);
            for (old, new) in pixel.iter_mut().zip(color) {
                *old = mixed(*old, *new, weight);
            }
        }
    }

    /// The picture at `height × width`; see [`resampled`].
    ///
    /// # Panics
    /// If an empty picture is to get pixels.
    pub fn resized(&self, height: usize, width: usize, sampling: Sampling) -> Self {
        let [red, green, blue] = [0, 1, 2].map(|channel| {
            let values = self.rgb.iter().skip(channel).step_by(3).map(|&c| f32::from(c) / 255.0).collect();
            resampled(&Plane::new(self.height, self.width, values), height, width, sampling)
        });
        Self::from_rgb_planes([&red, &green, &blue])
    }

    // Mixes `color` into the pixel at (`y`, `x`), which may lie outside.
    pub(super) fn mix(&mut self, y: i64, x: i64, color: Color, opacity: f32) {
        if y < 0 || x < 0 || y >= self.height as i64 || x >= self.width as i64 {
            return;
        }
        let start = 3 * (y as usize * self.width + x as usize);
        for (old, new) in self.rgb[start..start + 3].iter_mut().zip(color) {
            *old = mixed(*old, new, opacity);
        }
    }
}

fn mixed(old: u8, new: u8, weight: f32) -> u8 {
    let weight = if weight.is_nan() { 0.0 } else { weight.clamp(0.0, 1.0) };
    // rounded by the conversion
    (f32::from(old) + (f32::from(new) - f32::from(old)) * weight + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::NAN_COLOR;

    const WHITE: Color = [255; 3];
    const RED: Color = [200, 10, 20];

    #[test]
    fn planes_span_the_map_from_low_to_high() {
        let plane = Plane::new(2, 3, vec![-9.0, 1.0, 2.0, 3.0, f32::INFINITY, f32::NAN]);
        let picture = Picture::from_plane(&plane, 1.0, 3.0, ColorMap::Gray);
        let grays = [0, 0, 128, 255, 255].map(|v| [v; 3]);
        for (idx, gray) in grays.into_iter().enumerate() {
            assert_eq!(picture.at(idx / 3, idx % 3), gray, "{idx}");
        }
        assert_eq!(picture.at(1, 2), NAN_COLOR);
    }

    #[test]
    fn a_cut_holds_the_part_that_lies_inside() {
        let picture = Picture::from_plane(
            &Plane::from_fn(4, 6, |y, x| (10 * y + x) as f32),
            0.0,
            255.0,
            ColorMap::Gray,
        );
        let cut = picture.cut(Rect { y: 1, x: 2, height: 9, width: 3 });
        assert_eq!((cut.height(), cut.width()), (3, 3));
        assert_eq!((cut.at(0, 0), cut.at(2, 2)), ([12; 3], [34; 3]));
    }

    #[test]
    fn without_a_range_every_number_has_the_middle_color() {
        let plane = Plane::new(1, 3, vec![5.0, -5.0, f32::NAN]);
        for (low, high) in [(5.0, 5.0), (6.0, 4.0), (f32::NAN, 1.0)] {
            let picture = Picture::from_plane(&plane, low, high, ColorMap::Gray);
            assert_eq!(
                [picture.at(0, 0), picture.at(0, 1), picture.at(0, 2)],
                [[128; 3], [128; 3], NAN_COLOR]
            );
        }
    }

    #[test]
    fn marks_stay_inside_the_given_rectangle() {
        let mut picture = Picture::new(9, 14, WHITE);
        picture.outline_rect(Rect { y: 2, x: 3, height: 5, width: 7 }, 1, RED);
        let n_red = picture.rgb().chunks(3).filter(|c| **c == RED).count();
        assert_eq!(n_red, 2 * 7 + 2 * 3);
        assert_eq!((picture.at(2, 3), picture.at(6, 9), picture.at(3, 4)), (RED, RED, WHITE));
    }

    #[test]
    fn nothing_panics_outside_the_picture() {
        let mut picture = Picture::new(4, 6, WHITE);
        let other = Picture::new(9, 9, RED);
        picture.blit(2, 3, &other);
        picture.blit(40, 60, &other);
        assert_eq!((picture.at(1, 5), picture.at(2, 2), picture.at(3, 5)), (WHITE, WHITE, RED));
        picture.fill_rect(Rect { y: 3, x: 99, height: 2, width: 2 }, RED, 1.0);
        picture.outline_rect(Rect { y: 2, x: 2, height: 100, width: 1 }, 3, RED);
        picture.hatch(Rect { y: 0, x: 0, height: 50, width: 50 }, 0, RED);
        picture.line((-5.0, -5.0), (50.0, 50.0), 2.0, RED);
        picture.line((f32::NAN, 0.0), (1.0, 1.0), 1.0, RED);
    }

    #[test]
    fn a_line_has_its_thickness_and_ends() {
        let mut picture = Picture::new(9, 20, WHITE);
        picture.line((4.5, 5.0), (4.5, 15.0), 3.0, RED);
        let column: Vec<bool> = (0..9).map(|y| picture.at(y, 10) == RED).collect();
        assert_eq!(column, [false, false, false, true, true, true, false, false, false]);
        assert_eq!((picture.at(4, 2), picture.at(4, 18)), (WHITE, WHITE));
    }

    #[test]
    fn weights_of_zero_and_one_choose_a_picture() {
        let (one, other) = (Picture::new(1, 3, WHITE), Picture::new(1, 3, RED));
        let mut mixed = one.clone();
        mixed.blend_masked(&other, &Plane::new(1, 3, vec![0.0, 1.0, f32::NAN]));
        assert_eq!([mixed.at(0, 0), mixed.at(0, 1), mixed.at(0, 2)], [WHITE, RED, WHITE]);
        let mut half = one.clone();
        half.blend(&other, 0.5);
        assert_eq!(half.at(0, 0), [228, 133, 138]); // halves round away from zero
    }

    #[test]
    fn colors_survive_a_change_of_size() {
        let mut picture = Picture::new(3, 5, WHITE);
        picture.fill_rect(Rect { y: 1, x: 2, height: 1, width: 1 }, RED, 1.0);
        let large = picture.resized(9, 15, Sampling::Nearest);
        assert_eq!((large.at(3, 6), large.at(5, 8), large.at(6, 6)), (RED, RED, WHITE));
        assert_eq!(large.resized(3, 5, Sampling::Area), picture);
    }
}
