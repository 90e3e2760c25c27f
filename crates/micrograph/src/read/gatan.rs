//! Gatan `DigitalMicrograph`, DM3 and DM4: images, their calibration and settings from the tag tree.
//!
//! `ImageList` holds the images: `ImageData.Dimensions` (columns first), `DataType`, `Data`, and
//! `Calibrations.Dimension` with a scale and a unit for each axis, which may be no length (1/nm in
//! diffraction, eV in spectra). `Thumbnails` names those that are only previews. A third dimension
//! is read as pages. The `TIFF` files of the program carry the same scales in tags.

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use crate::FileFacts;

use super::error::ReadError;
use super::findings::{Findings, vendor_calibration};
use super::image_file::{ImageFile, Stream};
use super::luma::luma;
use super::number::{Size, Written, date_time, text_of_any_width};
use super::orientation::Stored;
use super::rows::Rows;
use super::samples::{Kind, Samples};
use super::sidecar;
use super::unit::nm_per_unit;
use tree::{Fault, Head, Value};

/// Most images that are read.
const MOST_IMAGES: usize = 1000;

/// An image of the file, as far as its tags were met.
#[derive(Debug, Default)]
struct Image {
    data_type: Option<f64>,
    /// Columns, rows, slices and further.
    dimensions: [Option<f64>; 4],
    /// Position, and bytes of a number, and number of numbers.
    data: Option<(u64, u64, u64)>,
    scales: [Option<f64>; 2],
    units: [Option<String>; 2],
    settings: BTreeMap<String, Value>,
}

/// The images that are not previews, by their number, the head of the file, and the reason if its tags
/// ended early.
type Contents = (BTreeMap<usize, Image>, Head, Option<String>);

/// The facts that the file gives without decoding its pixels, and the position of the pixels.
pub(super) fn facts(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(Stored, Rows), ReadError> {
    let (images, head, fault) = contents(file, reader)?;
    // others are spectra, or damaged
    let shapes: Vec<(&Image, Size, usize)> = images
        .values()
        .filter_map(|image| image.shape().map(|(size, n_slices)| (image, size, n_slices)))
        .collect();
    let n_pages = shapes.iter().fold(0usize, |sum, (_, _, n_slices)| sum.saturating_add(*n_slices));
    let mut slice = file.config.page;
    let chosen = shapes.iter().find(|(_, _, n_slices)| {
        let here = slice < *n_slices;
        slice -= if here { 0 } else { *n_slices };
        here
    });
    let Some(&(image, size, _)) = chosen else {
        let (path, page) = (file.path.to_owned(), file.config.page);
        return Err(match fault {
            _ if n_pages > 0 => ReadError::NoPage { path, page, n_pages },
            Some(fault) => file.damaged(fault),
            None => ReadError::Unsupported {
                path,
                found: "no image of two dimensions".to_owned(),
                expected: "at least one",
            },
        });
    };
    let (sample, rows) = image.page(file, size, slice, head.little_endian)?;

    let mut findings = image.findings(size);
    if n_pages > 1 {
        let page = file.config.page;
        findings
            .warnings
            .push(format!("the file has {n_pages} pages, page {page} was read (counted from 0)"));
    }
    if let Some(fault) = fault {
        findings.warnings.push(format!("the tags are damaged: {fault}"));
    }
    findings.add(sidecar::findings(file.path, size));
    let calibration = findings.calibration(file.config.nm_per_px);
    let facts = FileFacts {
        path: file.path.to_owned(),
        format: format!("DM{}", head.version),
        height: size.height,
        width: size.width,
        sample: sample.to_owned(),
        page: file.config.page,
        n_pages,
        calibration,
        instrument: findings.instrument,
        specimen_rows: findings.specimen_rows,
        warnings: findings.warnings,
    };
    Ok((Stored::plain(facts), rows))
}

fn contents(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<Contents, ReadError> {
    let mut images: BTreeMap<usize, Image> = BTreeMap::new();
    let mut previews = BTreeSet::new();
    let (head, result) = tree::visit(reader, file.length, |path, value| match path {
        [list, idx, rest @ ..] if list == "ImageList" => {
            if let Ok(idx) = idx.parse::<usize>()
                && idx < MOST_IMAGES
            {
                images.entry(idx).or_default().take(rest, value);
            }
        }
        [list, _, key] if list == "Thumbnails" && key == "ImageIndex" => {
            if let Value::Number(idx) = value
                && previews.len() < MOST_IMAGES
            {
                previews.insert(idx as usize);
            }
        }
        _ => {}
    });
    let fault = match result {
        Ok(()) => None,
        Err(Fault::Io(error)) => return Err(file.io(error)),
        Err(Fault::Damaged(fault)) => Some(fault),
    };
    let Some(head) = head else { return Err(file.damaged(fault.unwrap_or_default())) };
    // a file that was saved as nothing but a preview still shows it
    if images.keys().any(|idx| !previews.contains(idx)) {
        images.retain(|idx, _| !previews.contains(idx));
    }
    Ok((images, head, fault))
}

impl Image {
    /// Takes the `value` at `path` below the image.
    fn take(&mut self, path: &[String], value: Value) {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match (names.as_slice(), value) {
            (["ImageData", "DataType"], Value::Number(number)) => self.data_type = Some(number),
            (["ImageData", "Dimensions", axis], Value::Number(number)) => {
                // an array with more dimensions than are known is not an image
                let axis = axis.parse::<usize>().unwrap_or(usize::MAX).min(self.dimensions.len() - 1);
                self.dimensions[axis] = Some(number);
            }
            (["ImageData", "Data"], Value::Array { at, element_bytes, count }) => {
                self.data = Some((at, element_bytes, count));
            }
            (
                ["ImageData", "Calibrations", "Dimension", axis @ ("0" | "1"), "Scale"],
                Value::Number(scale),
            ) => {
                self.scales[usize::from(*axis == "1")] = Some(scale);
            }
            (["ImageData", "Calibrations", "Dimension", axis @ ("0" | "1"), "Units"], Value::Text(unit)) => {
                self.units[usize::from(*axis == "1")] = Some(unit);
            }
            (["ImageTags", group, key], value) if SETTINGS.contains(&(*group, *key)) => {
                self.settings.insert((*key).to_owned(), value);
            }
            _ => {}
        }
    }

    /// Size of an image and the number of its slices; `None` if it is not an image.
    fn shape(&self) -> Option<(Size, usize)> {
        let whole = |number: f64| (1.0..=f64::from(u32::MAX)).contains(&number).then_some(number as usize);
        let [Some(width), Some(height), slices, None] = self.dimensions else { return None };
        let size = Size { height: whole(height)?, width: whole(width)? };
        let n_slices = slices.map_or(Some(1), whole)?;
        // a line of numbers is a spectrum
        (size.height > 1 && self.data.is_some()).then_some((size, n_slices))
    }

    fn page(
        &self,
        file: &ImageFile<'_>,
        size: Size,
        slice: usize,
        little_endian: bool,
    ) -> Result<(&'static str, Rows), ReadError> {
        let data_type = self.data_type.unwrap_or(0.0);
        let Some((samples, name)) = samples(data_type, little_endian) else {
            return Err(ReadError::Unsupported {
                path: file.path.to_owned(),
                found: format!("data type {data_type}"),
                expected: "whole numbers, floats or RGB",
            });
        };
        let Some((at, element_bytes, count)) = self.data else {
            return Err(file.damaged("an image without pixels"));
        };
        let slice_bytes = samples.row_bytes(size.width as u64).saturating_mul(size.height as u64);
        let expected = slice_bytes.saturating_mul((slice as u64).saturating_add(1));
        let found = element_bytes.saturating_mul(count);
        if found < expected {
            return Err(file.damaged(format!(
                "{} rows of {} pixels: expected {expected} bytes, found {found}",
                size.height, size.width
            )));
        }
        let at = at.saturating_add(slice_bytes.saturating_mul(slice as u64));
        // blue, green, red, and a byte without meaning
        let gray = |samples: &[f32]| match *samples {
            [blue, green, red, _] => luma([red, green, blue]),
            _ => samples[0],
        };
        Ok((name, Rows { at, size, samples, gray }))
    }

    /// The findings from the tags of the image, of `size`.
    fn findings(&self, size: Size) -> Findings {
        let axis = |idx: usize| Some((self.units[idx].clone().unwrap_or_default(), self.scales[idx]?));
        let mut findings = match axis(0) {
            Some(x) => scale_findings("ImageData.Calibrations", x, axis(1), size),
            None => Findings::default(),
        };
        let number = |key: &str| match self.settings.get(key) {
            Some(Value::Number(number)) if *number > 0.0 => Some(*number),
            _ => None,
        };
        let text = |key: &str| match self.settings.get(key) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        };
        let instrument = &mut findings.instrument;
        instrument.vendor = Some("Gatan".to_owned());
        instrument.instrument = text("Microscope").or(text("Name")).map(str::to_owned);
        instrument.accelerating_voltage_kv = number("Voltage").map(|volts| volts / 1e3);
        instrument.magnification = number("Actual Magnification").or(number("Indicated Magnification"));
        instrument.detector = text("Signal Name").map(str::to_owned);
        instrument.date = date_time(text("Acquisition Date"), text("Acquisition Time"));
        findings
    }
}

/// Settings that are read: group and key below `ImageTags`.
const SETTINGS: [(&str, &str); 8] = [
    ("Microscope Info", "Voltage"),
    ("Microscope Info", "Actual Magnification"),
    ("Microscope Info", "Indicated Magnification"),
    ("Microscope Info", "Name"),
    ("Session Info", "Microscope"),
    ("DataBar", "Signal Name"),
    ("DataBar", "Acquisition Date"),
    ("DataBar", "Acquisition Time"),
];

/// A unit as `DigitalMicrograph` writes it into a TIFF tag.
pub(super) fn unit_text(bytes: &[u8]) -> String {
    text_of_any_width(bytes).trim().to_owned()
}

/// Findings from the unit and scale of x, and of y where it has its own, which were read at `key`.
pub(super) fn scale_findings(key: &str, x: (String, f64), y: Option<(String, f64)>, size: Size) -> Findings {
    let mut findings = Findings::default();
    findings.instrument.vendor = Some("Gatan".to_owned());
    let pixel = |(unit, scale): &(String, f64)| {
        let value = nm_per_unit(unit)? * scale.abs();
        // scales are written as 32-bit floats
        let half_unit = value * f64::from(f32::EPSILON) / 2.0;
        (value.is_finite() && value > 0.0).then_some(Written { value, half_unit })
    };
    match pixel(&x) {
        Some(width) => {
            let height = y.as_ref().and_then(pixel).unwrap_or(width);
            let calibration = vendor_calibration(format!("Gatan {key}"), width, height);
            findings.set_calibrations(vec![calibration], size, None);
        }
        None if x.0.is_empty() => {} // the program's way to write no unit
        None => findings.warnings.push(format!(
            "Gatan's scale of {} {} is not a length above 0; it gives no pixel size",
            x.1, x.0
        )),
    }
    findings
}

/// How the pixels of a `DataType` are stored, and the name for it.
fn samples(data_type: f64, little_endian: bool) -> Option<(Samples, &'static str)> {
    let (kind, bits, together, name) = match data_type as i64 {
        1 => (Kind::Signed, 16, 1, "16-bit signed grey"),
        2 => (Kind::Float, 32, 1, "32-bit float"),
        6 | 14 => (Kind::Unsigned, 8, 1, "8-bit grey"),
        7 => (Kind::Signed, 32, 1, "32-bit signed grey"),
        9 => (Kind::Signed, 8, 1, "8-bit signed grey"),
        10 => (Kind::Unsigned, 16, 1, "16-bit grey"),
        11 => (Kind::Unsigned, 32, 1, "32-bit grey"),
        12 => (Kind::Float, 64, 1, "64-bit float"),
        23 => (Kind::Unsigned, 8, 4, "8-bit RGB"),
        39 => (Kind::Signed, 64, 1, "64-bit signed grey"),
        40 => (Kind::Unsigned, 64, 1, "64-bit grey"),
        _ => return None,
    };
    Some((Samples::plain(kind, bits, together, little_endian), name))
}
