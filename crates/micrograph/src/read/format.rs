//! Format: which kind of file begins with these bytes.

mod others;

use std::io::{self, Read};

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Bmp,
    Tiff,
    /// PBM, PGM or PPM.
    Netpbm,
    Npy,
    Gatan,
    JeolStation,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Netpbm => "PGM",
            Self::Npy => "NPY",
            Self::Gatan => "Gatan DM",
            Self::JeolStation => "JEOL JED-2200",
        }
    }
}

/// First bytes of the formats that are read.
const READ: &[(&[u8], Format)] = &[
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"\xff\xd8\xff", Format::Jpeg),
    (b"BM", Format::Bmp),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    (b"II+\0", Format::Tiff), // BigTIFF
    (b"MM\0+", Format::Tiff),
    (b"4\0\0\0JED-2200:", Format::JeolStation), // the number 52, and the start of a text
    (b"\x93NUMPY", Format::Npy),
];

/// Bytes at the start of a file that are looked at: the mark of a tar archive is at 257.
const HEAD_BYTES: u64 = 512;

/// Bytes that identify a format, fewer where the file is shorter.
pub(super) fn head(reader: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

/// The format of a file that begins with `head`, or the name of another kind of file.
pub(super) fn of(head: &[u8]) -> Result<Format, String> {
    if let Some((_, format)) = READ.iter().find(|(bytes, _)| head.starts_with(bytes)) {
        return Ok(*format);
    }
    // Gatan: version as a big-endian number, length, then byte order as 0 or 1
    if let [0, 0, 0, version @ (3 | 4), rest @ ..] = head
        && rest.len() > 12
    {
        let order = if *version == 3 { &rest[4..8] } else { &rest[8..12] };
        if matches!(order, [0, 0, 0, 0 | 1]) {
            return Ok(Format::Gatan);
        }
    }
    // a letter, a digit, and a blank or a comment
    if let [b'P', b'1'..=b'6', after, ..] = head
        && (after.is_ascii_whitespace() || *after == b'#')
    {
        return Ok(Format::Netpbm);
    }
    Err(others::name(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_says_which_format_it_is() {
        for (head, format) in [
            (&b"MM\0*\0\0\0\x08"[..], Format::Tiff),
            (b"\0\0\0\x03\0\0\x10\0\0\0\0\x01\x01\0\0\0\0", Format::Gatan),
            (b"P5\n# made by hand\n3 2\n255\n", Format::Netpbm),
            (b"P2#\n3 2", Format::Netpbm),
            (b"\x93NUMPY\x01\0", Format::Npy),
        ] {
            assert_eq!(of(head), Ok(format));
        }
        for no_image in [&b"P5_1"[..], b"P7\n", b"Photo"] {
            assert!(of(no_image).is_err());
        }
    }
}
