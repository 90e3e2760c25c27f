//! Small files of pictures: PNG of 256 colors for drawings and maps, JPEG for photographs.
//!
//! A map is drawn in at most 256 colors, text and lines in a few shades more. The colors that are used
//! most keep their values; the others, the edges of letters, change by an invisible amount.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use rustc_hash::FxHashMap;

use super::{Color, Picture};

/// Colors of a palette.
const MOST_COLORS: usize = 256;
/// Colors that keep their values where there are more than fit.
const EXACT_COLORS: usize = 192;
/// Farthest that another color may move, in steps of 255.
const MOST_CHANGE: u8 = 8;

impl Picture {
    /// The picture as a PNG file with a palette: exact where it has at most 256 colors; else its 192 most
    /// frequent colors are exact and the others off by at most 8 of 255 in red, green and blue.
    ///
    /// `None` for a picture with too many colors for that, such as a photograph in colors, and for one
    /// that is empty.
    pub fn indexed_png_bytes(&self) -> Option<Vec<u8>> {
        let (width, height) = (u32::try_from(self.width()).ok()?, u32::try_from(self.height()).ok()?);
        if width == 0 || height == 0 {
            return None;
        }
        let pixels = self.rgb().as_chunks::<3>().0;
        let palette = Palette::of(pixels)?;
        let indices: Vec<u8> = pixels.iter().map(|color| palette.index[color]).collect();
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette.colors.concat());
        encoder.set_deflate_compression(png::DeflateCompression::Level(7));
        // neighbouring indices are not neighbouring colors: differences of them say nothing
        encoder.set_filter(png::Filter::NoFilter);
        encoder
            .write_header()
            .and_then(|mut writer| {
                writer.write_image_data(&indices)?;
                writer.finish()
            })
            .expect("a picture with pixels can be encoded into memory");
        Some(bytes)
    }

    /// The picture as a JPEG file of `quality` 1–100, its colors as sharp as its brightness.
    ///
    /// `None` for a picture that no JPEG can hold: empty, or a side longer than 65 535.
    pub fn jpeg_bytes(&self, quality: u8) -> Option<Vec<u8>> {
        let (width, height) = (u16::try_from(self.width()).ok()?, u16::try_from(self.height()).ok()?);
        if width == 0 || height == 0 {
            return None;
        }
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100));
        let (width, height) = (u32::from(width), u32::from(height));
        let encoded = if self.is_gray() {
            let gray: Vec<u8> = self.rgb().iter().step_by(3).copied().collect();
            encoder.encode(&gray, width, height, ExtendedColorType::L8)
        } else {
            encoder.encode(self.rgb(), width, height, ExtendedColorType::Rgb8)
        };
        encoded.expect("a picture of these sides can be encoded into memory");
        Some(bytes)
    }
}

struct Palette {
    colors: Vec<Color>,
    /// Index of each color of the picture.
    index: FxHashMap<Color, u8>,
}

impl Palette {
    /// `None` if 256 colors are too few.
    fn of(pixels: &[Color]) -> Option<Self> {
        let mut counts: FxHashMap<Color, usize> = FxHashMap::default();
        for color in pixels {
            *counts.entry(*color).or_default() += 1;
            if counts.len() > 1 << 14 {
                return None; // a photograph
            }
        }
        let mut all: Vec<(Color, usize)> = counts.into_iter().collect();
        // most frequent first; the same for the same picture
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let all: Vec<Color> = all.into_iter().map(|(color, _)| color).collect();
        let n_exact = if all.len() <= MOST_COLORS { all.len() } else { EXACT_COLORS };
        let colors = (0..=MOST_CHANGE).find_map(|change| {
            let mut colors = all[..n_exact].to_vec();
            for color in &all[n_exact..] {
                if colors.iter().all(|known| distance(known, color) > change) {
                    if colors.len() == MOST_COLORS {
                        return None;
                    }
                    colors.push(*color);
                }
            }
            Some(colors)
        })?;
        let nearest = |color: &Color| {
            let place = (0..colors.len()).min_by_key(|&place| distance(&colors[place], color));
            place.expect("a picture with pixels has colors") as u8
        };
        let index = all.iter().map(|color| (*color, nearest(color))).collect();
        Some(Self { colors, index })
    }
}

/// Largest difference in red, green or blue.
fn distance(a: &Color, b: &Color) -> u8 {
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plane;
    use crate::paint::{ColorMap, Ink};

    fn read(bytes: &[u8]) -> Vec<u8> {
        image::load_from_memory(bytes).unwrap().into_rgb8().into_raw()
    }

    fn map() -> Picture {
        let ramp = Plane::from_fn(60, 256, |y, x| (x + y % 3) as f32);
        Picture::from_plane(&ramp, 0.0, 258.0, ColorMap::Viridis)
    }

    #[test]
    fn a_map_alone_keeps_every_color() {
        let picture = map();
        assert_eq!(read(&picture.indexed_png_bytes().unwrap()), picture.rgb());
    }

    #[test]
    fn a_map_with_letters_moves_no_color_far() {
        let mut picture = Picture::new(120, 300, [255; 3]);
        picture.blit(5, 5, &map());
        for (row, ink) in [[24, 26, 30], [92, 96, 104], [166, 40, 40]].into_iter().enumerate() {
            picture.text(66.0 + 18.0 * row as f32, 3.0, "encoder.2:17 energy 0.0123", Ink::bold(15.3, ink));
        }
        let n_colors = picture.rgb().chunks(3).collect::<std::collections::BTreeSet<_>>().len();
        assert!(n_colors > MOST_COLORS, "{n_colors}");
        let found = read(&picture.indexed_png_bytes().unwrap());
        let farthest = found.iter().zip(picture.rgb()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!((1..=MOST_CHANGE).contains(&farthest), "{farthest}");
    }

    #[test]
    fn a_photograph_in_colors_has_no_palette_and_is_near_itself_as_jpeg() {
        let plane = |shift: usize| Plane::from_fn(64, 96, |y, x| ((x * 2 + y + shift) % 200) as f32 / 199.0);
        let picture = Picture::from_rgb_planes([&plane(0), &plane(31), &plane(90)]);
        let smooth = Plane::from_fn(200, 300, |y, x| (x + y) as f32 / 500.0);
        let turned = Plane::from_fn(200, 300, |y, x| (x * y) as f32 / 60_000.0);
        let smooth = Picture::from_rgb_planes([&smooth, &turned, &Plane::filled(200, 300, 0.5)]);
        assert!(smooth.indexed_png_bytes().is_none());
        let bytes = smooth.jpeg_bytes(88).unwrap();
        let off = read(&bytes).iter().zip(smooth.rgb()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(off < 16, "{off}");
        assert!(picture.jpeg_bytes(88).is_some());
        assert_eq!(Picture::new(0, 0, [0; 3]).jpeg_bytes(88), None);
    }
}
