//! Format: which kind of file begins with these bytes.

use std::io::{self, Read};

use super::jeol_station;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Bmp,
    Tiff,
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
    (jeol_station::MARK, Format::JeolStation),
];

/// Position, bytes there, and name of the kinds that users are likely to try.
const REFUSED: &[(usize, &[u8], &str)] = &[
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"%PDF", "PDF"),
    (0, b"\0\0\x01\0", "an icon (ICO)"),
    (0, b"8BPS", "Photoshop (PSD)"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyphei", "HEIC"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5 (NXS, EMD)"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x93NUMPY", "NumPy (NPY)"),
    (208, b"MAP ", "MRC"),
    (0, b"<", "XML, HTML or SVG text"),
    (0, b"{", "JSON text"),
];

/// Bytes that identify a format, fewer where the file is shorter.
pub(super) fn head(reader: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(256).read_to_end(&mut head)?;
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
    let known =
        REFUSED.iter().find(|(at, bytes, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes)));
    Err(match known {
        Some((_, _, name)) => (*name).to_owned(),
        None if head.is_empty() => "an empty file".to_owned(),
        None if head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')) => {
            "text".to_owned()
        }
        None => format!("a file that begins with the bytes {}", hex(&head[..head.len().min(8)])),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_kinds_are_named() {
        let mut mrc = vec![1; 256];
        mrc[208..212].copy_from_slice(b"MAP ");
        let cases: [(&[u8], &str); 8] = [
            (b"", "an empty file"),
            (b"GIF89a", "GIF"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
            (b"%PDF-1.7", "PDF"),
            (b"\0\0\x01\0\x01\0", "an icon (ICO)"),
            (&mrc, "MRC"),
            (b"hello\r\n", "text"),
            (b"\x01\x02", "a file that begins with the bytes 01 02"),
        ];
        for (head, name) in cases {
            assert_eq!(of(head), Err(name.to_owned()));
        }
        assert_eq!(of(b"MM\0*\0\0\0\x08"), Ok(Format::Tiff));
        assert_eq!(of(b"\0\0\0\x03\0\0\x10\0\0\0\0\x01\x01\0\0\0\0"), Ok(Format::Gatan));
    }
}
