//! Grey files of planes: small JPEG and PNG files, of which a page shows hundreds.
//!
//! One channel, eight bits, no text and no pixel size. A JPEG is for viewing; numbers are read from
//! the plane.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::Plane;

/// Longest side that a JPEG can have.
const LONGEST_JPEG_SIDE: usize = 65_535;

/// `plane` as a grey JPEG of `quality` 1–100; `low` becomes black, `high` white, values outside are
/// cut, NaN is black.
///
/// `None` for a plane that no JPEG can hold: empty, or a side longer than 65 535.
pub fn gray_jpeg(plane: &Plane, low: f32, high: f32, quality: u8) -> Option<Vec<u8>> {
    let (height, width) = (plane.height(), plane.width());
    if !(1..=LONGEST_JPEG_SIDE).contains(&height) || !(1..=LONGEST_JPEG_SIDE).contains(&width) {
        return None;
    }
    let mut bytes = Vec::new();
    let levels = levels(plane, low, high);
    JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100))
        .encode(&levels, width as u32, height as u32, ExtendedColorType::L8)
        .expect("a plane of these sides can be encoded into memory");
    Some(bytes)
}

/// `plane` as a grey PNG, a third of the size of a colored one; levels as in [`gray_jpeg`].
///
/// # Panics
/// If the plane is empty or wider or higher than 2³¹ − 1, which no PNG can be.
pub fn gray_png(plane: &Plane, low: f32, high: f32) -> Vec<u8> {
    let side = |n: usize| u32::try_from(n).expect("a plane's sides fit into a PNG");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side(plane.width()), side(plane.height()));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::Adaptive);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(&levels(plane, low, high))?;
            writer.finish()
        })
        .expect("a plane with pixels can be encoded into memory");
    bytes
}

fn levels(plane: &Plane, low: f32, high: f32) -> Vec<u8> {
    let span = if high > low { high - low } else { 1.0 };
    // a cast maps NaN to 0 and clips values outside
    plane.values().iter().map(|value| ((value - low) / span * 255.0).round() as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Plane {
        Plane::new(5, 8, (0..40).map(|i| i as f32 - 4.0).collect())
    }

    #[test]
    fn a_png_holds_the_gray_levels_between_low_and_high() {
        let read = image::load_from_memory(&gray_png(&ramp(), 0.0, 30.0)).unwrap();
        assert_eq!((read.height(), read.width()), (5, 8));
        let read = read.into_luma8();
        let levels: Vec<u8> = read.pixels().map(|pixel| pixel.0[0]).collect();
        // values run from −4 to 35: 0 is the fifth, 15 half way up, 30 and more are white
        assert_eq!((levels[0], levels[4], levels[19], levels[34], levels[39]), (0, 0, 128, 255, 255));
    }

    #[test]
    fn a_jpeg_is_near_the_plane() {
        let plane = Plane::new(16, 24, (0..384).map(|i| (i % 24) as f32 / 23.0).collect());
        let bytes = gray_jpeg(&plane, 0.0, 1.0, 88).unwrap();
        let read = image::load_from_memory(&bytes).unwrap().into_luma8();
        assert_eq!((read.height(), read.width()), (16, 24));
        for (pixel, value) in read.pixels().zip(plane.values()) {
            // quality 88 keeps a ramp within a few grey levels
            assert!((f32::from(pixel.0[0]) - 255.0 * value).abs() < 8.0, "{pixel:?} for {value}");
        }
    }

    #[test]
    fn constant_and_undefined_planes_are_black() {
        let plane = Plane::new(1, 2, vec![f32::NAN, 3.0]);
        let read = image::load_from_memory(&gray_png(&plane, 3.0, 3.0)).unwrap().into_luma8();
        assert_eq!(read.as_raw(), &[0, 0]);
        assert_eq!(gray_jpeg(&Plane::new(0, 0, Vec::new()), 0.0, 1.0, 88), None);
    }
}
