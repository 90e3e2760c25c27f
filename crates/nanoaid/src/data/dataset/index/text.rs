//! Text of an index: what spreadsheets write under the name of CSV, as UTF-8 with its delimiter.
//!
//! Excel separates by semicolons where the comma is the decimal sign, by tabs in "Unicode text", which is UTF-16, and
//! may begin with a line `sep=;`.

/// The text of an index, and how its cells are separated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IndexText {
    pub(super) text: String,
    pub(super) delimiter: u8,
    /// Lines of the file before `text`.
    pub(super) n_lines_before: u64,
}

/// What may separate cells, the first where nothing else is found.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The text in `bytes`; `needed` is the title of a column that the header has.
///
/// # Errors
/// With the reason, if it is neither UTF-8 nor UTF-16.
pub(super) fn index_text(bytes: &[u8], needed: &str) -> Result<IndexText, String> {
    let mut text = decoded(bytes)?;
    let first_end = text.find(['\r', '\n']).unwrap_or(text.len());
    let first = text[..first_end].trim_matches('"');
    let mut told = None;
    let mut n_lines_before = 0;
    if let Some(rest) = first.get(..4).filter(|beginning| beginning.eq_ignore_ascii_case("sep=")) {
        let separator = first[rest.len()..].bytes().next().filter(u8::is_ascii);
        told = Some(separator.ok_or("the line `sep=` names no separator, expected e.g. `sep=;`")?);
        let rest = &text[first_end..];
        let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\r', '\n'])).unwrap_or(rest);
        text = rest.to_owned();
        n_lines_before = 1;
    }
    let delimiter = told.unwrap_or_else(|| {
        let found = DELIMITERS.into_iter().find(|&delimiter| has_title(&text, delimiter, needed));
        found.unwrap_or(DELIMITERS[0])
    });
    Ok(IndexText { text, delimiter, n_lines_before })
}

fn has_title(text: &str, delimiter: u8, needed: &str) -> bool {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    reader.headers().is_ok_and(|header| header.iter().any(|title| title.trim().eq_ignore_ascii_case(needed)))
}

fn decoded(bytes: &[u8]) -> Result<String, String> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // without a mark: every header begins with letters of which one byte is 0
        [first, 0, ..] if *first != 0 => utf16(bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(bytes, u16::from_be_bytes),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    let wrong = |error: std::str::Utf8Error| {
        let line = bytes[..error.valid_up_to()].split(|&byte| byte == b'\n').count();
        format!("line {line} is not UTF-8; save the table as \"CSV UTF-8\"")
    };
    std::str::from_utf8(bytes).map(str::to_owned).map_err(wrong)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>();
    let damaged = || "damaged UTF-16; save the table as \"CSV UTF-8\"".to_owned();
    text.ok().filter(|_| rest.is_empty()).ok_or_else(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_write_is_the_same_text() {
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(bytes).collect()
        };
        let plain = "file,category\na.png,Träger\n";
        let cases: [(&str, Vec<u8>, &str, u8, u64); 8] = [
            ("UTF-8", plain.into(), plain, b',', 0),
            ("mark", [b"\xef\xbb\xbf", plain.as_bytes()].concat(), plain, b',', 0),
            ("Unicode text", utf16("\u{feff}file\tx\n", u16::to_le_bytes), "file\tx\n", b'\t', 0),
            ("big end first", utf16("\u{feff}file;x\n", u16::to_be_bytes), "file;x\n", b';', 0),
            ("no mark", utf16(plain, u16::to_le_bytes), plain, b',', 0),
            ("sep", "sep=;\r\nfile;x\r\n".into(), "file;x\r\n", b';', 1),
            ("sep, quoted", "\"SEP=|\"\nfile|x\n".into(), "file|x\n", b'|', 1),
            ("commas in a title", "\"a, b\";File\n".into(), "\"a, b\";File\n", b';', 0),
        ];
        for (name, bytes, text, delimiter, n_lines_before) in cases {
            let expected = IndexText { text: text.to_owned(), delimiter, n_lines_before };
            assert_eq!(index_text(&bytes, "file").unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn other_encodings_are_refused_with_the_line() {
        let reason = index_text(b"file\na.png\nTr\xe4ger.png\n", "file").unwrap_err();
        assert!(reason.contains("line 3") && reason.contains("CSV UTF-8"), "{reason}");
        assert!(index_text(b"\xff\xfef\0i\0", "file").is_ok());
        assert!(index_text(b"\xff\xfef\0i\0l", "file").unwrap_err().contains("UTF-16"));
        assert!(index_text("sep=\nfile\n".as_bytes(), "file").unwrap_err().contains("sep="));
    }
}
