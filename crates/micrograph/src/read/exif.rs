//! Exif: the orientation that JPEG and PNG files say; their block is a TIFF file without pixels (CIPA DC-008, 2023).

use std::io::{Cursor, SeekFrom};

use super::image_file::Stream;
use super::orientation::Orientation;
use super::tiff::orientation_of;

/// Longest Exif block of a PNG file that is looked at; JPEG files have at most 64 KiB.
const MOST_EXIF_BYTES: u32 = 1 << 20;

/// The orientation of an Exif `block`.
pub(super) fn orientation(block: &[u8]) -> Orientation {
    let number = orientation_of(&mut Cursor::new(block), block.len() as u64);
    number.map_or_else(Orientation::default, Orientation::of)
}

/// The orientation of a PNG file, whose Exif chunk may stand behind the pixels.
pub(super) fn orientation_of_png(reader: &mut dyn Stream) -> Orientation {
    exif_of_png(reader).map_or_else(Orientation::default, |block| orientation(&block))
}

/// The data of the Exif chunk.
fn exif_of_png(reader: &mut dyn Stream) -> Option<Vec<u8>> {
    reader.seek(SeekFrom::Start(8)).ok()?;
    loop {
        let mut head = [0; 8];
        reader.read_exact(&mut head).ok()?;
        let [length, kind] = [&head[..4], &head[4..]];
        let length = u32::from_be_bytes(length.try_into().ok()?);
        match kind {
            b"eXIf" if length <= MOST_EXIF_BYTES => {
                let mut exif = vec![0; length as usize];
                reader.read_exact(&mut exif).ok()?;
                return Some(exif);
            }
            b"IEND" => return None,
            // data and check sum
            _ => reader.seek_relative(i64::from(length) + 4).ok()?,
        }
    }
}
