//! ROI sets of `ImageJ`'s ROI Manager: a ZIP archive of ROI files, each named like its region.
//!
//! Entries are read under a budget, so that a small archive that unpacks to a large one is refused.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::read::DeflateDecoder;
use zip::write::FileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Named, Shapes, roi};
use crate::file;
use crate::regions::{Outline, RegionsError};

/// Most bytes of all entries together: a hundred thousand outlines of a thousand points.
const MOST_BYTES: u64 = 512 << 20;
/// Most bytes of one entry.
const MOST_ENTRY_BYTES: u64 = 64 << 20;
/// Most entries.
const MOST_ENTRIES: usize = 1_000_000;

/// The bytes of an archive with the `outlines`; the same outlines give the same bytes.
///
/// # Errors
/// If a coordinate is larger than 32767, which the format does not allow.
pub fn roi_zip_bytes(outlines: &[Outline]) -> Result<Vec<u8>, RegionsError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // only deflated and stored entries are known to ImageJ; stored ones are opened fastest
    let options = FileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    for outline in outlines {
        let name = format!("region-{:05}", outline.label);
        let bytes = roi::bytes(outline, &name)?;
        zip.start_file(format!("{name}.roi"), options).expect("memory takes entries");
        zip.write_all(&bytes).expect("memory takes bytes");
    }
    Ok(zip.finish().expect("memory takes the list of entries").into_inner())
}

/// Writes [`roi_zip_bytes`] to `path`.
///
/// # Errors
/// As [`roi_zip_bytes`], and if the file cannot be written.
pub fn write_roi_zip(path: &Path, outlines: &[Outline]) -> Result<(), RegionsError> {
    Ok(file::write_whole(path, &roi_zip_bytes(outlines)?)?)
}

/// Whether a file is a ZIP archive.
pub(in crate::regions) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The shapes of all ROIs in an archive.
///
/// # Errors
/// If the archive is damaged, holds something else, or unpacks to too much; or as reading one ROI.
pub(in crate::regions) fn read(file: Named<'_>, bytes: &[u8]) -> Result<Shapes, RegionsError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| file.damaged(error))?;
    if archive.len() > MOST_ENTRIES {
        return Err(file.damaged(format!("{} entries, at most {MOST_ENTRIES} are read", archive.len())));
    }
    let mut left = MOST_BYTES;
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| file.damaged(error))?;
        let name = entry.name().to_owned();
        if entry.is_dir() || name.starts_with("__MACOSX/") {
            continue;
        }
        if !name.to_ascii_lowercase().ends_with(".roi") {
            return Err(file.unsupported(format!("the entry {name}"), "an archive of .roi files"));
        }
        let most = left.min(MOST_ENTRY_BYTES);
        let mut unpacked = Vec::new();
        let result = match entry.compression() {
            CompressionMethod::Stored => entry.take(most + 1).read_to_end(&mut unpacked),
            // the crate of the archive is used without its own decompression
            CompressionMethod::DEFLATE => {
                DeflateDecoder::new(entry).take(most + 1).read_to_end(&mut unpacked)
            }
            other => {
                return Err(
                    file.unsupported(format!("{name}, packed by {other}"), "stored or deflated entries")
                );
            }
        };
        result.map_err(|error| file.damaged(format!("{name}: {error}")))?;
        if unpacked.len() as u64 > most {
            return Err(file.damaged(format!("{name} unpacks to more than {most} bytes")));
        }
        left -= unpacked.len() as u64;
        found.push((roi::read(file, &name, &unpacked)?, None));
    }
    Ok(Shapes::new(found))
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;
    use crate::regions::labels::tests::labels;
    use crate::regions::{Labels, outlines};

    fn named() -> Named<'static> {
        Named { path: Path::new("rois.zip"), format: "ROI set" }
    }

    /// An archive of one deflated entry, by the description of the format (APPNOTE.TXT).
    fn deflated(name: &str, content: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        let packed = encoder.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut facts = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        for number in [crc.sum(), packed.len() as u32, content.len() as u32] {
            facts.extend(number.to_le_bytes());
        }
        facts.extend([name.len() as u8, 0, 0, 0]);
        let mut file = b"PK\x03\x04".to_vec();
        file.extend(&facts);
        file.extend(name.bytes());
        file.extend(packed);
        let directory = file.len() as u32;
        file.extend(b"PK\x01\x02\x14\x00");
        file.extend(&facts);
        file.extend([0; 14]); // no comment, first disk, no attributes, at address 0
        file.extend(name.bytes());
        let length = file.len() as u32 - directory;
        file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        file.extend([length.to_le_bytes(), directory.to_le_bytes()].concat());
        file.extend([0, 0]);
        file
    }

    #[test]
    fn what_is_written_comes_back() {
        let before = labels(&["..111.2", "..1.1..", "4.11133", "444.3.4"]);
        let bytes = roi_zip_bytes(&outlines(&before)).unwrap();
        assert!(is_zip(&bytes));
        let found = read(named(), &bytes).unwrap();
        assert_eq!(Labels::of_shapes(4, 7, &found.shapes, None).unwrap(), before);
        let none = roi_zip_bytes(&[]).unwrap();
        assert!(is_zip(&none) && read(named(), &none).unwrap().shapes.is_empty());
    }

    #[test]
    fn deflated_entries_are_read() {
        let before = labels(&["...", ".11"]);
        let roi = roi::bytes(&outlines(&before)[0], "a").unwrap();
        let found = read(named(), &deflated("0001.roi", &roi)).unwrap();
        assert_eq!(Labels::of_shapes(2, 3, &found.shapes, None).unwrap(), before);
    }

    #[test]
    fn what_is_no_set_of_rois_is_refused() {
        let text = |bytes: &[u8]| read(named(), bytes).unwrap_err().to_string();
        let other = deflated("a.txt", b"x");
        assert_eq!(text(&other), "rois.zip: expected an archive of .roi files, found the entry a.txt");
        let bomb = deflated("a.roi", &vec![0; MOST_ENTRY_BYTES as usize + 1]);
        assert!(bomb.len() < 1 << 20);
        assert!(text(&bomb).ends_with("a.roi unpacks to more than 67108864 bytes"));
        assert!(text(b"PK\x03\x04").contains("damaged ROI set file"));
    }
}
