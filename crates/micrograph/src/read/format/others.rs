//! Other kinds of files that are given by mistake: their names, and what to do.

const EXPORT: &str =
    "export it as TIFF from the program that wrote it, or open it in Fiji (Bio-Formats) and save it as TIFF";
const PICTURE: &str = "save it as PNG or TIFF";
const FIJI: &str = "open it in Fiji and save it as TIFF";
const UNPACK: &str = "unpack it first";
const DOWNLOAD: &str = "the download failed or gave a page in place of the file; download the file itself";

/// Position, bytes there, name, and advice.
const KINDS: &[(usize, &[u8], &str, &str)] = &[
    // microscopes and their programs
    (0, b"ZISRAWFILE", "Zeiss CZI", EXPORT),
    (0, b"\xda\xce\xbe\x0a", "Nikon ND2", EXPORT),
    (0, b"II\x97\x01", "SER (TIA, Thermo Fisher)", EXPORT),
    (0, b"Andor Technology Multi-Channel File", "Andor SIF", EXPORT),
    (0, b"AAMVHFSS", "Bruker BCF", "export the image as TIFF from Esprit"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE file (Olympus OIB, Zeiss ZVI or TXRM, Office)", EXPORT),
    (0, b"\\*File list", "Nanoscope (Bruker AFM)", "open it in Gwyddion and save it as TIFF"),
    (0, b"GWYP", "Gwyddion", "save it as TIFF from Gwyddion"),
    (0, b"GWYO", "Gwyddion", "save it as TIFF from Gwyddion"),
    (0, b"WSxM file", "WSxM", "open it in Gwyddion and save it as TIFF"),
    (0, b"#FORMAT", "an EMSA spectrum", "give the image instead"),
    (0, b"###CBF", "CBF (crystallography)", FIJI),
    // science
    (0, b"\x89HDF\r\n\x1a\n", "HDF5 (Velox or Berkeley EMD, NXS, IMS)", EXPORT),
    (0, b"CDF\x01", "netCDF", FIJI),
    (0, b"CDF\x02", "netCDF", FIJI),
    (0, b"SIMPLE  =", "FITS", FIJI),
    (0, b"NRRD000", "NRRD", FIJI),
    (128, b"DICM", "DICOM", FIJI),
    (208, b"MAP ", "MRC", FIJI),
    (208, b"MAP\0", "MRC", FIJI),
    (0, b"MATLAB 5.0 MAT-file", "MATLAB", "save it there by `imwrite` as TIFF"),
    (0, b"PAR1", "Parquet", "give images instead"),
    (0, b"SQLite format 3", "an SQLite database", "give images instead"),
    // pictures
    (0, b"GIF8", "GIF", PICTURE),
    (8, b"WEBP", "WebP", PICTURE),
    (0, b"\xff\x0a", "JPEG XL", PICTURE),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL", PICTURE),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000 (old Nikon ND2 files are, too)", EXPORT),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000", PICTURE),
    (0, b"II\xbc\x01", "JPEG XR", PICTURE),
    (4, b"ftypavi", "AVIF", PICTURE),
    (4, b"ftyphei", "HEIC", PICTURE),
    (4, b"ftyphev", "HEIC", PICTURE),
    (4, b"ftypmif1", "HEIC or AVIF", PICTURE),
    (4, b"ftypmsf1", "HEIC or AVIF", PICTURE),
    (4, b"ftyp", "a film (MP4, QuickTime)", "save the frame as PNG or TIFF"),
    (8, b"AVI ", "a film (AVI)", "save the frame as PNG or TIFF"),
    (0, b"\x1aE\xdf\xa3", "a film (Matroska, WebM)", "save the frame as PNG or TIFF"),
    (0, b"8BPS", "Photoshop (PSD)", PICTURE),
    (0, b"gimp xcf", "GIMP (XCF)", PICTURE),
    (0, b"\0\0\x01\0", "an icon (ICO)", PICTURE),
    (0, b"\x76\x2f\x31\x01", "OpenEXR", PICTURE),
    (0, b"#?RADIANCE", "Radiance HDR", PICTURE),
    (0, b"P7\n", "PAM (Netpbm)", PICTURE),
    (0, b"Pf\n", "PFM (floats)", FIJI),
    (0, b"PF\n", "PFM (floats)", FIJI),
    (0, b"FORM", "IFF", PICTURE),
    (0, b"farbfeld", "farbfeld", PICTURE),
    (0, b"qoif", "QOI", PICTURE),
    (0, b"DDS ", "a texture (DDS)", PICTURE),
    // documents
    (0, b"%PDF", "PDF", "export the page or its image as PNG"),
    (0, b"%!PS", "PostScript", "export it as PNG"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript (EPS)", "export it as PNG"),
    (0, b"{\\rtf", "RTF", "give the image inside instead"),
    // archives
    (0, b"\x1f\x8b", "a gzip archive", UNPACK),
    (
        0,
        b"BZh",
        "a bzip2 archive (Phenom ELID projects are)",
        "unpack it, or export the image as TIFF from the Phenom program",
    ),
    (0, b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    // not the file that was meant
    (0, b"version https://git-lfs", "a Git LFS pointer, not the image itself", "run `git lfs pull`"),
    (
        0,
        b"\0\x05\x16\x07",
        "macOS's notes about a file (its name begins with `._`), not the image",
        "give the file without `._`",
    ),
    (0, b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut, not the image", "give the file that it points to"),
    (0, b"\x7fELF", "a program", "give images instead"),
    (0, b"MZ", "a Windows program", "give images instead"),
];

/// Name and advice for a file that begins with `head`.
pub(super) fn name(head: &[u8]) -> String {
    let with = |name: &str, advice: &str| format!("{name}: {advice}");
    let known =
        KINDS.iter().find(|(at, bytes, ..)| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes)));
    if let Some((_, _, name, advice)) = known {
        return with(name, advice);
    }
    if head.is_empty() {
        return "an empty file".to_owned();
    }
    if let Some(leica) = head.get(..9)
        && leica.starts_with(b"\x70\0\0\0")
        && leica[8] == 0x2a
    {
        return with("Leica LIF", EXPORT);
    }
    if head.starts_with(b"PK\x03\x04") {
        return archive(head);
    }
    if head.iter().all(|byte| *byte == 0) {
        return with("only zeros", "the copy or download failed; copy it again");
    }
    if let Some(text) = text(head) {
        return of_text(&text);
    }
    format!("a file that begins with the bytes {}", hex(&head[..head.len().min(8)]))
}

/// A ZIP archive by the name of its first file, which follows 30 bytes.
fn archive(head: &[u8]) -> String {
    let first = head.get(30..).map(String::from_utf8_lossy).unwrap_or_default();
    let (name, advice) = if first.starts_with("[Content_Types].xml") || first.starts_with("_rels/") {
        ("an Office document", "save the picture inside as PNG")
    } else if first.split('\0').next().is_some_and(|name| name.contains(".npy")) {
        ("NPZ (several NumPy arrays)", "save one array by `numpy.save`")
    } else {
        ("a ZIP archive", UNPACK)
    };
    format!("{name}: {advice}")
}

/// The text that `head` is, in lower case, without white space before it.
fn text(head: &[u8]) -> Option<String> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if let Some(wide) = head.strip_prefix(b"\xff\xfe") {
        return Some(wide.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect());
    }
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | b' '..=b'~' | 0x80..);
    // UTF-8, perhaps cut in the middle of a letter, or an older code with few letters that are not ASCII
    let is_utf8 = std::str::from_utf8(head).err().is_none_or(|error| error.error_len().is_none());
    let n_others = head.iter().filter(|byte| !byte.is_ascii()).count();
    let plain = head.iter().all(is_text) && (is_utf8 || 8 * n_others < head.len());
    plain.then(|| String::from_utf8_lossy(head).trim_start().to_lowercase())
}

fn of_text(text: &str) -> String {
    let (name, advice) = if text.starts_with("<!doctype html") || text.starts_with("<html") {
        ("a web page (HTML)", DOWNLOAD)
    } else if text.starts_with('<') && text.contains("<svg") {
        ("a drawing (SVG)", "export it as PNG")
    } else if text.starts_with('<') && text.contains("<html") {
        ("a web page (HTML)", DOWNLOAD)
    } else if text.starts_with('<') {
        ("XML text", "give the image that it belongs to")
    } else if text.starts_with('{') && (text.contains("headerid") || text.contains("byteorder")) {
        ("EDF (ESRF)", FIJI)
    } else if text.starts_with(['{', '[']) {
        ("JSON text", "give the image that it belongs to")
    } else {
        return "text".to_owned();
    };
    format!("{name}: {advice}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `bytes` at position `at` of a file of 512.
    fn file(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut file = vec![0x11; 512];
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    }

    #[test]
    fn other_kinds_are_named_with_what_to_do() {
        // marks as the formats' own descriptions have them, written once more
        let cases: [(&[u8], &str, &str); 30] = [
            (&file(0, b"ZISRAWFILE\0\0"), "Zeiss CZI", "TIFF"),
            (&file(0, &[0x70, 0, 0, 0, 0x10, 0, 0, 0, 0x2a]), "Leica LIF", "TIFF"),
            (&file(0, &[0xda, 0xce, 0xbe, 0x0a]), "Nikon ND2", "TIFF"),
            (&file(0, &[0x49, 0x49, 0x97, 0x01, 0x20, 0x02]), "SER", "TIFF"),
            (&file(0, b"Andor Technology Multi-Channel File\n"), "Andor SIF", "TIFF"),
            (&file(0, b"NRRD0004\ntype: uint8"), "NRRD", "TIFF"),
            (&file(0, b"SIMPLE  =                    T"), "FITS", "TIFF"),
            (&file(128, b"DICM\x02\0"), "DICOM", "TIFF"),
            (&file(208, b"MAP \x44\x44"), "MRC", "TIFF"),
            (&file(0, b"\x89HDF\r\n\x1a\n\0"), "HDF5", "TIFF"),
            (&file(0, b"AAMVHFSS"), "Bruker BCF", "TIFF"),
            (&file(0, b"BZh91AY"), "ELID", "TIFF"),
            (&file(0, &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]), "OIB", "TIFF"),
            (&file(0, &[0xff, 0x0a, 0xfa]), "JPEG XL", "PNG"),
            (&file(4, b"ftypheic"), "HEIC", "PNG"),
            (&file(4, b"ftypavif"), "AVIF", "PNG"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP", "PNG"),
            (b"GIF89a\x01\0", "GIF", "PNG"),
            (b"%PDF-1.7", "PDF", "PNG"),
            (b"\0\0\x01\0\x01\0", "an icon (ICO)", "PNG"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid sha256:1",
                "a Git LFS pointer",
                "`git lfs pull`",
            ),
            (b"\n <!DOCTYPE html><html lang=de>", "a web page", "download"),
            (b"<?xml version='1.0'?>\n<svg width='1'>", "SVG", "PNG"),
            (b"<?xml version='1.0'?>\n<a/>", "XML text", "give the image"),
            (b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaa[Content_Types].xml", "Office", "PNG"),
            (b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaarr_0.npy", "NPZ", "numpy.save"),
            (b"PK\x03\x04", "a ZIP archive", "unpack"),
            (&[0; 300], "only zeros", "copy it again"),
            ("Maß: 3 µm\r\n".as_bytes(), "text", "text"),
            (b"\x01\x02", "a file that begins with the bytes 01 02", "01 02"),
        ];
        for (head, kind, advice) in cases {
            let name = name(head);
            assert!(name.contains(kind) && name.contains(advice), "{kind}: {name}");
        }
        assert_eq!(name(b""), "an empty file");
    }
}
