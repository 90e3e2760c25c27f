//! JEOL Analysis Station: images (`.img`) and element maps (`.map`) of its software, JED-2200.
//!
//! 32-bit numbers, least byte first: 52, a mark of 32 bytes, positions of the head, its length and the data. Both are
//! trees: after 12 bytes, an entry is 1, the length of its name, the name, the type and length of its value, the value,
//! then its entries, and 255. No specification is public. `ScanSize` is the width of the print that the magnification
//! refers to, in millimetres.

use std::io::SeekFrom;

use super::error::ReadError;
use super::findings::{Findings, vendor_calibration};
use super::image_file::{ImageFile, Stream};
use super::number::{Size, Written, text_from_bytes};
use crate::{FileFacts, Plane};

/// Position of the position of the data.
const DATA_POINTER_AT: u64 = 44;
/// Bytes between that position and the first entry.
const ENTRIES_AFTER: u64 = 12;
/// Marks of the beginning and the end of an entry.
const BEGIN: u8 = 1;
const END: u8 = 255;
/// Most entries and deepest nesting that are read; files have fewer than a hundred, and four levels.
const MOST_ENTRIES: usize = 10_000;
const MOST_DEPTH: usize = 16;
/// Longest name and longest value that are kept.
const MOST_BYTES: u64 = 256;
/// Nanometres in a unit of `ScanSize`.
const NM_PER_MM: f64 = 1e6;

/// A page, as [`plane`] needs it.
pub(super) struct Page {
    size: Size,
    at: u64,
    /// 1 or 2.
    pixel_bytes: usize,
}

/// A value of the tree: the names that lead to it, its position and length, its first bytes.
struct Value {
    path: String,
    at: u64,
    length: u64,
    bytes: Vec<u8>,
}

/// The facts that the file gives without decoding its pixels, and the position of the pixels.
pub(super) fn facts(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(FileFacts, Page), ReadError> {
    if file.config.page > 0 {
        let (path, page) = (file.path.to_owned(), file.config.page);
        return Err(ReadError::NoPage { path, page, n_pages: 1 });
    }
    let (values, fault) = values(file, reader)?;
    let damaged = |reason: &str| file.damaged(fault.clone().unwrap_or_else(|| reason.to_owned()));
    let find = |path: &str| values.iter().find(|value| value.path == path);
    let word =
        |path: &str| find(path).and_then(|value| Some(u32::from_le_bytes(*value.bytes.first_chunk()?)));
    let float = |path: &str| word(path).map(|word| f64::from(f32::from_bits(word)));
    let text = |path: &str| {
        let text = find(path).map(|value| text_from_bytes(&value.bytes))?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };

    let size = find("Image/Size").and_then(|value| {
        let width = u32::from_le_bytes(*value.bytes.first_chunk()?) as usize;
        let height = u32::from_le_bytes(*value.bytes.get(4..)?.first_chunk()?) as usize;
        (height > 0 && width > 0).then_some(Size { height, width })
    });
    let size = size.ok_or_else(|| damaged("it holds no size of an image"))?;
    let bits = find("Image/Bits").ok_or_else(|| damaged("it holds no pixels"))?;
    let pixels = (size.height as u64).saturating_mul(size.width as u64);
    let pixel_bytes = match bits.length / pixels {
        1 => 1,
        2 => 2,
        other => {
            return Err(ReadError::Unsupported {
                path: file.path.to_owned(),
                found: format!("{other} bytes a pixel"),
                expected: "8 or 16 bit grey",
            });
        }
    };

    let mut findings = Findings::default();
    let magnification = word("Instrument/Mag").map(f64::from).filter(|times| *times > 0.0);
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("JEOL".to_owned());
    instrument.instrument = text("Instrument/Name");
    instrument.accelerating_voltage_kv = float("Instrument/AccV").filter(|kv| *kv > 0.0);
    instrument.working_distance_mm = float("Instrument/WorkD").filter(|mm| *mm > 0.0);
    instrument.magnification = magnification;
    let calibration = float("Instrument/ScanSize").zip(magnification).map(|(print_mm, magnification)| {
        let value = print_mm * NM_PER_MM / magnification / size.width as f64;
        let pixel = Written { value, half_unit: value * f64::from(f32::EPSILON) / 2.0 };
        vendor_calibration("JEOL Analysis Station ScanSize", pixel, pixel)
    });
    findings.set_scan("JEOL", calibration.into_iter().collect(), size, None);
    findings.warnings.extend(fault.map(|fault| format!("the file is damaged: {fault}")));
    let calibration = findings.calibration(file.config.nm_per_px);
    let facts = FileFacts {
        path: file.path.to_owned(),
        format: file.format.name().to_owned(),
        height: size.height,
        width: size.width,
        sample: format!("{}-bit grey", 8 * pixel_bytes),
        page: 0,
        n_pages: 1,
        calibration,
        instrument: findings.instrument,
        specimen_rows: findings.specimen_rows,
        warnings: findings.warnings,
    };
    Ok((facts, Page { size, at: bits.at, pixel_bytes }))
}

/// The values of the tree at the data, and the reason if reading ended early.
fn values(file: &ImageFile<'_>, reader: &mut dyn Stream) -> Result<(Vec<Value>, Option<String>), ReadError> {
    let mut tree = Tree { file, reader, at: DATA_POINTER_AT };
    let start = u64::from(tree.word().unwrap_or(0)) + ENTRIES_AFTER;
    tree.at = start;
    let mut values = Vec::new();
    let mut path: Vec<String> = Vec::new();
    while values.len() < MOST_ENTRIES {
        let Some(mark) = tree.bytes(1) else { break };
        match mark[0] {
            // one mark of the end more than entries ends the tree
            END => {
                if path.pop().is_none() {
                    break;
                }
            }
            BEGIN if path.len() < MOST_DEPTH => {
                let Some(value) = tree.entry(&mut path) else {
                    return Ok((values, Some(format!("an entry at byte {} is incomplete", tree.at))));
                };
                values.push(value);
            }
            other => {
                return Ok((
                    values,
                    Some(format!("found {other} at byte {}, expected an entry", tree.at - 1)),
                ));
            }
        }
    }
    let fault = (!path.is_empty()).then(|| "it ends before its entries do".to_owned());
    Ok((values, fault))
}

struct Tree<'a, 'b> {
    file: &'a ImageFile<'b>,
    reader: &'a mut dyn Stream,
    at: u64,
}

impl Tree<'_, '_> {
    /// The next `count` bytes; `None` beyond the end of the file.
    fn bytes(&mut self, count: u64) -> Option<Vec<u8>> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.file.length)?;
        let mut bytes = vec![0; usize::try_from(count).ok()?];
        self.reader.seek(SeekFrom::Start(self.at)).ok()?;
        self.reader.read_exact(&mut bytes).ok()?;
        self.at = end;
        Some(bytes)
    }

    fn word(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(*self.bytes(4)?.first_chunk()?))
    }

    /// The entry whose mark was read; its name is added to `path`.
    fn entry(&mut self, path: &mut Vec<String>) -> Option<Value> {
        let name_bytes = u64::from(self.word()?);
        let name = self.bytes(Some(name_bytes).filter(|bytes| *bytes <= MOST_BYTES)?)?;
        path.push(text_from_bytes(&name));
        let _type = self.word()?;
        let length = u64::from(self.word()?);
        let at = self.at;
        let bytes = self.bytes(length.min(MOST_BYTES))?;
        self.at = at.checked_add(length).filter(|end| *end <= self.file.length)?;
        Some(Value { path: path.join("/"), at, length, bytes })
    }
}

/// Reads the pixels of `page`.
pub(super) fn plane(file: &ImageFile<'_>, reader: &mut dyn Stream, page: &Page) -> Result<Plane, ReadError> {
    let Page { size, at, pixel_bytes } = *page;
    let row_bytes = (size.width as u64).saturating_mul(pixel_bytes as u64);
    file.check_budget(size.height, size.width, row_bytes)?;
    let mut plane = Plane::filled(size.height, size.width, 0.0);
    let mut row = vec![0; size.width * pixel_bytes];
    reader.seek(SeekFrom::Start(at)).map_err(|error| file.io(error))?;
    for values in plane.values_mut().chunks_exact_mut(size.width) {
        reader.read_exact(&mut row).map_err(|error| file.io(error))?;
        for (value, bytes) in values.iter_mut().zip(row.chunks_exact(pixel_bytes)) {
            *value = match bytes {
                [low, high] => f32::from(u16::from_le_bytes([*low, *high])),
                _ => f32::from(bytes[0]),
            };
        }
    }
    Ok(plane)
}
