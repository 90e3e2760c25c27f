//! Label images: files in which the value of a pixel is its region.
//!
//! Written: TIFF of 16 bits, of 32 for more than 65535 regions, with the size of a pixel as `ImageJ` reads it. Read: TIFF,
//! PNG, BMP, NPY and PGM, by these rules:
//!
//! - Grey levels, or indices of a palette in TIFF, are labels; 0 is the background.
//! - An image of two levels is a mask: the lower one is the background, and the regions are what is connected through the
//!   eight neighbours of a pixel.
//! - In an image with colors, each color is a region. Black is the background, or white where there is no black. Two
//!   colors are a mask, as above.
//! - JPEG changes levels, so that it can only be a mask: nearly all pixels must be nearly black or nearly white.
//! - A few levels that are scattered over very many parts are classes (such as axon and myelin), not regions: an error.

use std::collections::HashMap;
use std::path::Path;

use super::Named;
use crate::file::write_whole;
use crate::paint::ExportError;
use crate::paint::tiff_directory::{Field, encoded, resolution, resolution_fields};
use crate::regions::{Labels, RegionsError};
use crate::{Calibration, Plane, ReadConfig, Source, read};

/// Whole numbers up to this are exact as grey levels.
const MOST_LABEL: f32 = 16_777_216.0;
/// Regions of more parts than this, on average, are classes.
const MOST_PARTS: usize = 10;
/// Share of the pixels of a JPEG mask that must be black or white within a quarter of the range.
const LEAST_CLEAR: f64 = 0.98;

/// Writes `labels` as a TIFF file, with the size of a pixel.
///
/// # Errors
/// If the file would pass 4 GiB, the calibration cannot be stored, or the file cannot be written.
pub fn write_label_tiff(
    path: &Path,
    labels: &Labels,
    calibration: Option<&Calibration>,
) -> Result<(), RegionsError> {
    Ok(write_whole(path, &label_tiff_bytes(labels, calibration)?)?)
}

/// The bytes of [`write_label_tiff`].
///
/// # Errors
/// If they would pass 4 GiB, or the calibration cannot be stored.
pub fn label_tiff_bytes(labels: &Labels, calibration: Option<&Calibration>) -> Result<Vec<u8>, RegionsError> {
    let wide = labels.n_regions() > usize::from(u16::MAX);
    let n_bytes = labels.values().len() as u64 * if wide { 4 } else { 2 };
    // the directory takes far less than 1 KiB
    if n_bytes + 1024 > u64::from(u32::MAX) {
        return Err(ExportError::TooLarge { n_bytes }.into());
    }
    let mut description = "ImageJ=1.53t\n".to_owned();
    let mut fields = vec![
        Field::long(256, labels.width() as u64),
        Field::long(257, labels.height() as u64),
        Field::short(258, if wide { 32 } else { 16 }),
        Field::short(259, 1), // not compressed
        Field::short(262, 1), // black is zero
        Field::long(273, 8),  // pixels follow the header
        Field::short(277, 1),
        Field::long(278, labels.height() as u64),
        Field::long(279, n_bytes),
        Field::short(339, 1), // unsigned whole numbers
    ];
    if let Some(calibration) = calibration {
        fields.extend(resolution_fields(resolution(calibration)?));
        description += "unit=nm\n";
    }
    description += &format!("loop=false\nmin=0\nmax={}\n", labels.n_regions());
    fields.push(Field::text(270, &description));
    let mut file = b"II\x2a\x00".to_vec();
    file.extend((8 + n_bytes as u32).to_le_bytes());
    if wide {
        file.extend(labels.values().iter().flat_map(|value| value.to_le_bytes()));
    } else {
        file.extend(labels.values().iter().flat_map(|value| (*value as u16).to_le_bytes()));
    }
    file.extend(encoded(fields, 8 + n_bytes, true));
    Ok(file)
}

/// The labels in an image file, which must have this `(height, width)`.
///
/// # Errors
/// If it cannot be read as an image, has another size, or its pixels are no labels.
pub(in crate::regions) fn read(source: &Source, size: (usize, usize)) -> Result<Labels, RegionsError> {
    let file = Named { path: source.path(), format: "label image" };
    let config = ReadConfig::default();
    let facts = crate::FileFacts::from_source(source, &config)?;
    let found = (facts.height, facts.width);
    if found != size {
        return Err(RegionsError::Size { what: source.path().display().to_string(), expected: size, found });
    }
    let (height, width) = size;
    if facts.format == "JPEG" {
        return mask_of_jpeg(file, &read::stored_numbers(source, &config)?.0);
    }
    let colored =
        ["RGB", "palette", "YCbCr", "CMYK", "CIELab"].iter().any(|kind| facts.sample.contains(kind));
    let values = match facts.format.as_str() {
        "PNG" | "BMP" if colored => of_colors(file, &read::colors(source, &config)?)?,
        "TIFF" if colored && !facts.sample.contains("palette") => {
            return Err(file.unsupported(
                format!("a TIFF file of {}", facts.sample),
                "labels as grey levels, or as colors in a PNG file",
            ));
        }
        _ => of_numbers(file, &read::stored_numbers(source, &config)?)?,
    };
    let labels = match values.as_two() {
        Some(mask) => return Labels::of_mask(height, width, &mask),
        None => Labels::new(height, width, values.labels)?,
    };
    let n_parts = labels.parts().n_regions();
    if n_parts > MOST_PARTS * labels.n_regions() {
        let found =
            format!("{} levels or colors in {n_parts} separate parts, as classes are", labels.n_regions());
        return Err(file.unsupported(found, "a level or color for each region; or a mask of one class"));
    }
    Ok(labels)
}

/// Values of pixels, 0 for the background.
struct Values {
    labels: Vec<u32>,
    /// The lower one of just two different values.
    lower_of_two: Option<u32>,
}

impl Values {
    fn new(labels: Vec<u32>) -> Self {
        let first = labels.first().copied().unwrap_or(0);
        let mut second = None;
        let more = labels.iter().any(|value| {
            let new = *value != first && Some(*value) != second;
            let third = new && second.is_some();
            if new && !third {
                second = Some(*value);
            }
            third
        });
        let lower_of_two = second.filter(|_| !more).map(|second| second.min(first));
        Self { labels, lower_of_two }
    }

    /// The upper one of two different values.
    fn as_two(&self) -> Option<Vec<bool>> {
        self.lower_of_two.map(|lower| self.labels.iter().map(|value| *value != lower).collect())
    }
}

fn of_numbers(file: Named<'_>, (plane, warning): &(Plane, Option<String>)) -> Result<Values, RegionsError> {
    let wrong =
        plane.values().iter().find(|value| !(0.0..MOST_LABEL).contains(*value) || value.fract() != 0.0);
    // the warning is that numbers have more digits than levels
    if wrong.is_some() || warning.is_some() {
        let found =
            wrong.map_or_else(|| warning.clone().unwrap_or_default(), |value| format!("the level {value}"));
        return Err(file.unsupported(found, "labels that are whole numbers from 0 to 16777215"));
    }
    Ok(Values::new(plane.values().iter().map(|value| *value as u32).collect()))
}

fn of_colors(file: Named<'_>, [red, green, blue]: &[Plane; 3]) -> Result<Values, RegionsError> {
    // 8 bits are 257 times as much in 16
    let bits = |value: f32| u64::from((value * 65535.0).round() as u16);
    let colors = red.values().iter().zip(green.values()).zip(blue.values());
    let colors = || colors.clone().map(|((r, g), b)| bits(*r) << 32 | bits(*g) << 16 | bits(*b));
    let is_grey = |color: u64| color >> 32 == color >> 16 & 0xffff && color >> 32 == color & 0xffff;
    if colors().all(is_grey) {
        return Ok(Values::new(colors().map(|color| color as u32 & 0xffff).collect()));
    }
    const WHITE: u64 = 0xffff_ffff_ffff;
    let background = [0, WHITE].into_iter().find(|background| colors().any(|color| color == *background));
    let Some(background) = background else {
        return Err(file.unsupported("colors without black or white", "a black or white background"));
    };
    let mut label_of = HashMap::from([(background, 0)]);
    let labels = colors().map(|color| {
        let next = label_of.len() as u32;
        *label_of.entry(color).or_insert(next)
    });
    Ok(Values::new(labels.collect()))
}

fn mask_of_jpeg(file: Named<'_>, plane: &Plane) -> Result<Labels, RegionsError> {
    let clear = plane.values().iter().filter(|value| !(64.0..192.0).contains(*value)).count();
    if (clear as f64) < LEAST_CLEAR * plane.values().len() as f64 {
        let expected = "a mask in black and white, or labels in a format that keeps levels: PNG, TIFF or NPY";
        return Err(file.unsupported("a JPEG file with grey levels", expected));
    }
    let mask: Vec<bool> = plane.values().iter().map(|value| *value >= 128.0).collect();
    Labels::of_mask(plane.height(), plane.width(), &mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regions::labels::tests::labels;
    use crate::{CalibrationSource, Micrograph};

    fn reading(name: &str, bytes: Vec<u8>, size: (usize, usize)) -> Result<Labels, RegionsError> {
        read(&Source::from_bytes(Path::new(name), bytes), size)
    }

    fn png(color: png::ColorType, depth: png::BitDepth, (height, width): (u32, u32), data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(color);
        encoder.set_depth(depth);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn labels_come_back_from_tiff_with_the_size_of_a_pixel() {
        let before = labels(&["11.2.", "1..2.", "...33"]);
        let calibration = Calibration::square(7.5, CalibrationSource::Typed);
        let bytes = label_tiff_bytes(&before, Some(&calibration)).unwrap();
        let source = Source::from_bytes(Path::new("labels.tif"), bytes.clone());
        let micrograph = Micrograph::from_source(&source, &ReadConfig::default()).unwrap();
        assert!((micrograph.facts.calibration.unwrap().nm_per_px_x - 7.5).abs() < 1e-9);
        assert_eq!(micrograph.facts.sample, "16-bit grey");
        assert_eq!(read(&source, (3, 5)).unwrap(), before);
        let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(bytes)).unwrap();
        let tiff::decoder::DecodingResult::U16(values) = decoder.read_image().unwrap() else {
            panic!("16 bit")
        };
        assert_eq!(values.into_iter().map(u32::from).collect::<Vec<_>>(), before.values());
        assert!(
            read(&source, (5, 3)).unwrap_err().to_string().contains("expected 5 × 3 px (height × width)")
        );
    }

    #[test]
    fn more_regions_than_16_bits_hold_take_32() {
        let values: Vec<u32> = (0..300 * 301).map(|at| if at < 70_000 { at + 1 } else { 0 }).collect();
        let before = Labels::new(300, 301, values).unwrap();
        let source = Source::from_bytes(Path::new("labels.tif"), label_tiff_bytes(&before, None).unwrap());
        assert_eq!(
            Micrograph::from_source(&source, &ReadConfig::default()).unwrap().facts.sample,
            "32-bit grey"
        );
        assert_eq!(read(&source, (300, 301)).unwrap(), before);
    }

    #[test]
    fn two_levels_are_a_mask_and_more_are_labels() {
        let grey = |data: &[u8]| png(png::ColorType::Grayscale, png::BitDepth::Eight, (2, 4), data);
        let mask = reading("m.png", grey(&[9, 0, 0, 9, 0, 9, 0, 9]), (2, 4)).unwrap();
        assert_eq!(mask, labels(&["1..2", ".1.2"]));
        let above_zero = reading("m.png", grey(&[9, 5, 5, 9, 5, 9, 5, 9]), (2, 4)).unwrap();
        assert_eq!(above_zero, mask);
        let three = reading("m.png", grey(&[9, 0, 0, 9, 0, 3, 0, 9]), (2, 4)).unwrap();
        assert_eq!(three, labels(&["1..1", ".2.1"]));
        assert_eq!(reading("m.png", grey(&[0; 8]), (2, 4)).unwrap().n_regions(), 0);
        assert_eq!(reading("m.png", grey(&[7; 8]), (2, 4)).unwrap().n_regions(), 1);
        let deep = [0, 0, 1, 0, 1, 1, 0, 0];
        let deep = png(png::ColorType::Grayscale, png::BitDepth::Sixteen, (1, 4), &deep);
        assert_eq!(reading("m.png", deep, (1, 4)).unwrap(), labels(&[".12."]));
    }

    #[test]
    fn each_color_is_a_region() {
        let rgb = |data: &[[u8; 3]]| {
            png(png::ColorType::Rgb, png::BitDepth::Eight, (1, data.len() as u32), data.as_flattened())
        };
        let (black, white, red, blue) = ([0; 3], [255; 3], [200, 0, 0], [0, 0, 200]);
        let found = reading("c.png", rgb(&[red, black, blue, white, red]), (1, 5)).unwrap();
        assert_eq!(found, labels(&["1.231"]));
        assert_eq!(reading("c.png", rgb(&[red, white, blue]), (1, 3)).unwrap(), labels(&["1.2"]));
        assert_eq!(reading("c.png", rgb(&[red, white, red]), (1, 3)).unwrap(), labels(&["1.2"]));
        assert_eq!(reading("c.png", rgb(&[[1; 3], black, [2; 3]]), (1, 3)).unwrap(), labels(&["1.2"]));
        assert!(reading("c.png", rgb(&[red, blue]), (1, 2)).unwrap_err().to_string().contains("background"));
    }

    #[test]
    fn arrays_are_labels_if_they_are_whole_numbers() {
        let npy = |kind: &str, data: &[u8]| {
            let head = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (1, 4), }}\n");
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            bytes.extend((head.len() as u16).to_le_bytes());
            bytes.extend(head.bytes());
            bytes.extend(data);
            bytes
        };
        let ints = |values: [i64; 4]| npy("<i8", &values.map(i64::to_le_bytes).concat());
        assert_eq!(reading("l.npy", ints([5, 0, 7, 16_777_215]), (1, 4)).unwrap(), labels(&["1.23"]));
        for wrong in [[0, 1, 2, -1], [0, 1, 2, 16_777_217], [0, 1, 2, 1 << 40], [1 << 40; 4]] {
            let text = reading("l.npy", ints(wrong), (1, 4)).unwrap_err().to_string();
            assert!(text.contains("whole numbers from 0 to 16777215"), "{text}");
        }
        let float = [0.0, 1.0, 2.5, 3.0_f64].map(f64::to_le_bytes).concat();
        assert!(
            reading("l.npy", npy("<f8", &float), (1, 4)).unwrap_err().to_string().contains("the level 2.5")
        );
    }

    #[test]
    fn palettes_and_inverted_levels_of_tiff_are_read_as_they_are_stored() {
        // a label image with a lookup table of ImageJ, in which two labels look the same
        let palette = |interpretation: u16| {
            let mut fields = vec![
                Field::long(256, 4),
                Field::long(257, 1),
                Field::short(258, 8),
                Field::short(259, 1),
                Field::short(262, interpretation),
                Field::long(273, 8),
                Field::short(277, 1),
                Field::long(278, 1),
                Field::long(279, 4),
            ];
            if interpretation == 3 {
                fields.push(Field { tag: 320, kind: 3, count: 768, bytes: vec![1; 1536] });
            }
            let mut file = b"II\x2a\x00\x0c\x00\x00\x00\x02\x00\x03\x02".to_vec();
            file.extend(encoded(fields, 12, true));
            file
        };
        for interpretation in [0, 1, 3] {
            let found = reading("l.tif", palette(interpretation), (1, 4)).unwrap();
            assert_eq!(found, labels(&["1.21"]), "{interpretation}");
        }
    }

    #[test]
    fn classes_are_no_regions() {
        let mut data = vec![0; 60 * 60];
        for (index, value) in
            data.iter_mut().enumerate().filter(|(index, _)| index % 2 == 0 && index / 60 % 2 == 0)
        {
            *value = 1 + (index / 2 % 2) as u8;
        }
        let image = png(png::ColorType::Grayscale, png::BitDepth::Eight, (60, 60), &data);
        let text = reading("m.png", image, (60, 60)).unwrap_err().to_string();
        assert!(text.contains("2 levels or colors in 900 separate parts, as classes are"), "{text}");
    }

    #[test]
    fn jpeg_is_a_mask_or_nothing() {
        let mask = Plane::from_fn(40, 60, |y, x| if y > 8 && x > 8 && y < 32 && x < 24 { 1.0 } else { 0.0 });
        let jpeg = |plane: &Plane| crate::paint::gray_jpeg(plane, 0.0, 1.0, 90).unwrap();
        let found = reading("m.jpg", jpeg(&mask), (40, 60)).unwrap();
        assert_eq!((found.n_regions(), found.areas()), (1, vec![23 * 15]));
        let ramp = Plane::from_fn(40, 60, |_, x| x as f32 / 60.0);
        assert!(
            reading("m.jpg", jpeg(&ramp), (40, 60))
                .unwrap_err()
                .to_string()
                .contains("JPEG file with grey levels")
        );
    }
}
