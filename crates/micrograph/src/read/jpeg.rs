//! JPEG: the markers of a file (ITU-T T.81, annex B): where the image ends, how it is coded, its Exif block.
//!
//! Decoders fill up what is missing with grey and say nothing, and some search for the end of the image
//! in what follows it. So the markers are followed here first.

use std::ops::Range;

/// Start and end of an image, start of a scan, Exif's segment.
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP1: u8 = 0xe1;

/// What stands in for missing data: if the pixels depend on it, some of them are missing.
const FILLINGS: [u8; 2] = [0x00, 0xaa];
const FILLING_BYTES: usize = 256;

/// What the markers of a file show.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outline {
    /// The name of the kind of JPEG, where it is one that is not read.
    pub(super) refused: Option<&'static str>,
    /// Position after the end marker; `None` where there is none.
    pub(super) end: Option<usize>,
    /// Where the data of the Exif block are.
    pub(super) exif: Option<Range<usize>>,
}

impl Outline {
    /// Follows the markers of `file`.
    pub(super) fn of(file: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut at = 2; // after the start marker
        while let Some(position) = marker(file, at) {
            let code = file[position + 1];
            at = position + 2;
            match code {
                EOI => {
                    outline.end = Some(at);
                    return outline;
                }
                // markers without a segment: restarts, and starts of images where none should be
                0x01 | 0xd0..=SOI => continue,
                _ => {}
            }
            let Some(&[high, low]) = file.get(at..at + 2) else { return outline };
            let segment = at + 2..at + usize::from(u16::from_be_bytes([high, low])).max(2);
            let data = file.get(segment.clone()).unwrap_or_default();
            if code == APP1 && outline.exif.is_none() && data.starts_with(b"Exif\0\0") {
                outline.exif = Some(segment.start + 6..segment.end);
            }
            if outline.refused.is_none() {
                outline.refused = refused(code, data.first().copied());
            }
            at = segment.end;
            if code == SOS {
                at = scan_end(file, at);
            }
        }
        outline
    }
}

/// The position of the next marker at or after `at`; bytes before it are passed over.
fn marker(file: &[u8], at: usize) -> Option<usize> {
    let after = file.get(at..)?;
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff);
    after.windows(2).position(is_marker).map(|position| at + position)
}

/// Where the data of a scan end: at the next marker that is not a restart.
fn scan_end(file: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(position) = marker(file, at) {
        if !matches!(file[position + 1], 0xd0..=0xd7) {
            return position;
        }
        at = position + 2;
    }
    file.len()
}

/// The name of a kind of JPEG that is not read, from the marker of its frame and the bits of its samples.
fn refused(code: u8, bits: Option<u8>) -> Option<&'static str> {
    match code {
        0xc3 => Some("lossless JPEG"),
        0xf7 => Some("JPEG-LS"),
        0xc5..=0xc7 | 0xcd..=0xcf => Some("hierarchical JPEG"),
        0xc9..=0xcb => Some("JPEG with arithmetic coding"),
        0xc0..=0xc2 if bits == Some(12) => Some("JPEG with 12 bits a sample"),
        _ => None,
    }
}

/// The pixels that `decode` makes of `file`; `None` where the file ends before its pixels do.
pub(super) fn decoded<T: PartialEq, E>(
    file: &[u8],
    outline: &Outline,
    decode: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<Option<T>, E> {
    if let Some(end) = outline.end {
        return decode(&file[..end]).map(Some);
    }
    // half of an end marker
    let file = file.strip_suffix(&[0xff]).unwrap_or(file);
    let [first, second] =
        FILLINGS.map(|filling| decode(&[file, &[filling; FILLING_BYTES], &[0xff, EOI]].concat()));
    let (first, second) = (first?, second?);
    Ok((first == second).then_some(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of segments, a scan with a restart, a stuffed byte, and an end.
    fn file() -> Vec<u8> {
        [
            &[0xff, SOI][..],
            &[0xff, APP1, 0, 12],
            b"Exif\0\0",
            &[0xff, EOI, 0x4d, 0x4d],     // bytes of the segment that look like an end
            &[0xff, 0xff, 0xc0, 0, 3, 8], // filled up before the marker
            &[0xff, SOS, 0, 2],
            &[1, 2, 0xff, 0, 0xff, 0xd0, 3],
            &[0xff, EOI],
        ]
        .concat()
    }

    #[test]
    fn the_image_ends_at_its_marker_whatever_follows_or_is_inside_of_segments() {
        let whole = file();
        let expected = Outline { refused: None, end: Some(whole.len()), exif: Some(12..16) };
        assert_eq!(Outline::of(&whole), expected);
        let followed = [&whole[..], &[0xff, SOS, 9, 9, 0xff, EOI]].concat();
        assert_eq!(Outline::of(&followed), expected);
        for length in 0..whole.len() {
            assert_eq!(Outline::of(&whole[..length]).end, None, "{length}");
        }
    }

    #[test]
    fn other_kinds_of_jpeg_are_named() {
        for (frame, bits, name) in [
            (0xc0, 8, None),
            (0xc2, 8, None),
            (0xc1, 12, Some("JPEG with 12 bits a sample")),
            (0xc3, 16, Some("lossless JPEG")),
            (0xc9, 8, Some("JPEG with arithmetic coding")),
            (0xf7, 8, Some("JPEG-LS")),
        ] {
            let mut file = file();
            let at = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap() + 1;
            (file[at], file[at + 3]) = (frame, bits);
            assert_eq!(Outline::of(&file).refused, name, "{frame:x}");
        }
    }
}
