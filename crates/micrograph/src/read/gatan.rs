//! Gatan `DigitalMicrograph`, DM3 and DM4: images, their calibration and settings from the tag tree.
//!
//! `ImageList` holds the images: `ImageData.Dimensions` (columns first), `DataType`, `Data`, and
//! `Calibrations.Dimension` with a scale and a unit for each axis, which may be no length (1/nm in
//! diffraction, eV in spectra). `Thumbnails` names those that are only previews. A third dimension
//! is read as pages. The `TIFF` files of the program carry the same scales in tags.

mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::io::SeekFrom;

use crate::{FileFacts, Plane};

use super::error::ReadError;
use super::findings::{Findings, vendor_calibration};
use super::image_file::{ImageFile, Stream};
use super::luma::luma;
use super::number::{Size, Written, date_time, text_of_any_width};
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

/// A page, as [`plane`] needs it.
pub(super) struct Page {
    size: Size,
    sample: Sample,
    at: u64,
    little_endian: bool,
}

/// The images that are not previews, by their number, the head of the file, and the reason if its tags
/// ended early.
type Contents = (BTreeMap<usize, Image>, Head, Option<String>);

/// The facts that the file gives without decoding its pixels, and the position of the pixels.
pub(super) fn facts(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(FileFacts, Page), ReadError> {
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
    let (sample, page) = image.page(file, size, slice, head.little_endian)?;

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
    Ok((facts, page))
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
    ) -> Result<(&'static str, Page), ReadError> {
        let data_type = self.data_type.unwrap_or(0.0);
        let Some((sample, name)) = Sample::of(data_type) else {
            return Err(ReadError::Unsupported {
                path: file.path.to_owned(),
                found: format!("data type {data_type}"),
                expected: "whole numbers, floats or RGB",
            });
        };
        let Some((at, element_bytes, count)) = self.data else {
            return Err(file.damaged("an image without pixels"));
        };
        let pixels = (size.height as u64).saturating_mul(size.width as u64);
        let slice_bytes = pixels.saturating_mul(sample.bytes());
        let expected = slice_bytes.saturating_mul((slice as u64).saturating_add(1));
        let found = element_bytes.saturating_mul(count);
        if found < expected {
            return Err(file.damaged(format!(
                "{} rows of {} pixels: expected {expected} bytes, found {found}",
                size.height, size.width
            )));
        }
        let at = at.saturating_add(slice_bytes.saturating_mul(slice as u64));
        Ok((name, Page { size, sample, at, little_endian }))
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

/// How a pixel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sample {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
    /// Blue, green, red and a byte without meaning.
    Bgr,
}

impl Sample {
    /// The sample of a `DataType`, and its name.
    fn of(data_type: f64) -> Option<(Self, &'static str)> {
        Some(match data_type as i64 {
            1 => (Self::I16, "16-bit signed grey"),
            2 => (Self::F32, "32-bit float"),
            6 | 14 => (Self::U8, "8-bit grey"),
            7 => (Self::I32, "32-bit signed grey"),
            9 => (Self::I8, "8-bit signed grey"),
            10 => (Self::U16, "16-bit grey"),
            11 => (Self::U32, "32-bit grey"),
            12 => (Self::F64, "64-bit float"),
            23 => (Self::Bgr, "8-bit RGB"),
            39 => (Self::I64, "64-bit signed grey"),
            40 => (Self::U64, "64-bit grey"),
            _ => return None,
        })
    }

    fn bytes(self) -> u64 {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 | Self::Bgr => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// The grey level of a pixel whose bytes are `bytes`.
    fn level(self, bytes: &[u8], little_endian: bool) -> f32 {
        let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let word =
            if little_endian { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) };
        match self {
            Self::U8 | Self::U16 | Self::U32 | Self::U64 => word as f32,
            Self::I8 => f32::from(word as u8 as i8),
            Self::I16 => f32::from(word as u16 as i16),
            Self::I32 => word as u32 as i32 as f32,
            Self::I64 => word as i64 as f32,
            Self::F32 => f32::from_bits(word as u32),
            Self::F64 => f64::from_bits(word) as f32,
            Self::Bgr => luma([f32::from(bytes[2]), f32::from(bytes[1]), f32::from(bytes[0])]),
        }
    }
}

/// Reads the pixels of `page`.
pub(super) fn plane(file: &ImageFile<'_>, reader: &mut dyn Stream, page: &Page) -> Result<Plane, ReadError> {
    let Page { size, sample, at, little_endian } = *page;
    let row_bytes = (size.width as u64).saturating_mul(sample.bytes());
    file.check_budget(size.height, size.width, row_bytes)?;
    let mut plane = Plane::filled(size.height, size.width, 0.0);
    let mut row = vec![0; row_bytes as usize];
    reader.seek(SeekFrom::Start(at)).map_err(|error| file.io(error))?;
    for values in plane.values_mut().chunks_exact_mut(size.width) {
        reader.read_exact(&mut row).map_err(|error| file.io(error))?;
        for (value, bytes) in values.iter_mut().zip(row.chunks_exact(sample.bytes() as usize)) {
            *value = sample.level(bytes, little_endian);
        }
    }
    Ok(plane)
}
