//! Index: a CSV file (RFC 4180) that names the micrographs of a data set, one a row.
//!
//! It is read as spreadsheets write it: with commas, semicolons or tabs, in UTF-8 or UTF-16. Its header is required. Column `file` is needed, relative to the index, `/` between folders;
//! `category`, `group`, `split` and `labels` are used where they are, `sha256`, `source` and `licence` kept;
//! any column may be chosen by.

mod spelling;
mod text;

use std::collections::BTreeSet;
use std::path::{Component, Path};

use micrograph::Source;

use super::{DatasetError, Only, Split};
use spelling::on_disk;
use text::{IndexText, index_text};

/// Title of the column that every index has.
const FILE: &str = "file";
/// Title of the column with files of drawn objects.
const LABELS: &str = "labels";

/// One row of an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) file: String,
    pub(crate) category: Option<String>,
    pub(crate) group: Option<String>,
    /// `None` where the index has no such column.
    pub(crate) split: Option<Split>,
    /// SHA-256 of the file, as an import has written it.
    pub(crate) sha256: Option<String>,
    /// Where an import had the file from.
    pub(super) source: Option<String>,
    pub(super) licence: Option<String>,
    /// File with the outlines of objects that someone drew, relative to the index.
    pub(crate) labels: Option<String>,
}

/// The rows of the index at `path` that all of `only` admit.
pub(crate) fn rows(path: &Path, only: &[Only]) -> Result<Vec<Row>, DatasetError> {
    let csv_error = |source| DatasetError::Csv { path: path.to_owned(), source };
    let root = path.parent().unwrap_or(Path::new(""));
    let source = Source::read(path).map_err(|source| DatasetError::IndexFile { source })?;
    let IndexText { text, delimiter, n_lines_before } = index_text(source.bytes(), FILE)
        .map_err(|reason| DatasetError::IndexText { path: path.to_owned(), reason })?;
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::Headers).delimiter(delimiter).from_reader(text.as_bytes());
    let header = reader.headers().map_err(csv_error)?.clone();
    let column = |name: &str| {
        let exact = header.iter().position(|title| title == name);
        exact.or_else(|| header.iter().position(|title| title.eq_ignore_ascii_case(name)))
    };
    let needed = |name: &str| {
        column(name).ok_or_else(|| DatasetError::NoColumn {
            path: path.to_owned(),
            column: name.to_owned(),
            found: header.iter().collect::<Vec<_>>().join(", "),
        })
    };
    let file_column = needed(FILE)?;
    let (category_column, group_column, split_column) =
        (column("category"), column("group"), column("split"));
    let (sha256_column, source_column, licence_column) =
        (column("sha256"), column("source"), column("licence"));
    let labels_column = column(LABELS);
    let mut choices = Vec::new();
    for only in only {
        choices.push((needed(&only.column)?, only));
    }

    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    for record in reader.records() {
        let record = record.map_err(csv_error)?;
        let line = n_lines_before + record.position().map_or(0, csv::Position::line);
        // as spreadsheets leave them at the end
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let refused = |column, found: &str, expected: &str| DatasetError::Cell {
            path: path.to_owned(),
            line,
            column,
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        // the reader refuses rows of another length than the header
        let filled = |column: Option<usize>| column.map(|at| &record[at]).filter(|cell| !cell.is_empty());
        // `./a.png` is `a.png`
        let cell = &record[file_column];
        let cell = cell.strip_prefix("./").or_else(|| cell.strip_prefix(".\\")).unwrap_or(cell);
        if !lies_below(cell) {
            return Err(refused(FILE, cell, "a relative path below the folder of the index"));
        }
        let file = on_disk(root, cell);
        if !seen.insert(file.clone().into_owned()) {
            return Err(refused(FILE, cell, "each file once"));
        }
        let labels = filled(labels_column).map(str::trim);
        if let Some(labels) = labels.filter(|labels| !lies_below(labels)) {
            return Err(refused(LABELS, labels, "a relative path below the folder of the index"));
        }
        let split = split_column
            .map(|at| {
                record[at]
                    .trim()
                    .parse()
                    .map_err(|_| refused("split", &record[at], "train, validation (or val), or test"))
            })
            .transpose()?;
        if choices.iter().all(|(at, only)| only.admits(&record[*at])) {
            rows.push(Row {
                file: file.into_owned(),
                category: filled(category_column).map(str::to_owned),
                group: filled(group_column).map(str::to_owned),
                split,
                sha256: filled(sha256_column).map(str::to_lowercase),
                source: filled(source_column).map(str::to_owned),
                licence: filled(licence_column).map(str::to_owned),
                labels: labels.map(str::to_owned),
            });
        }
    }
    Ok(rows)
}

fn lies_below(file: &str) -> bool {
    let slashes = file.trim().replace('\\', "/");
    let has_drive = slashes.as_bytes().get(1) == Some(&b':');
    let below = |file: &str| Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    !slashes.is_empty() && !has_drive && below(file) && below(&slashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(text: impl AsRef<[u8]>, only: &[&str]) -> Result<Vec<Row>, DatasetError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.csv");
        std::fs::write(&path, text).unwrap();
        rows(&path, &only.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn quoted_cells_empty_cells_and_a_byte_order_mark_are_understood() {
        let text = "\u{feff}file,licence,group,category,split\r\n\
                    \"a, b.png\",\"CC \"\"BY\"\"\",,tips,val\r\nc/d.png,MIT,g1,,train\r\n";
        let row = |file: &str, licence: &str, category: Option<&str>, group: Option<&str>, split| Row {
            file: file.into(),
            category: category.map(Into::into),
            group: group.map(Into::into),
            split: Some(split),
            licence: Some(licence.into()),
            ..Row::default()
        };
        let expected = [
            row("a, b.png", "CC \"BY\"", Some("tips"), None, Split::Validation),
            row("c/d.png", "MIT", None, Some("g1"), Split::Train),
        ];
        assert_eq!(rows_of(text, &[]).unwrap(), expected);
        assert_eq!(rows_of(text, &["licence=MIT|GPL"]).unwrap(), expected[1..]);
        assert_eq!(rows_of(text, &["licence=MIT|CC", "category=tips"]).unwrap(), expected[..1]);
    }

    #[test]
    fn what_a_spreadsheet_writes_gives_the_same_rows() {
        let plain = rows_of("file,category,split\na.png,tips,val\nb/c.png,,test\n", &[]).unwrap();
        let dotted = rows_of("file,category,split\n./a.png,tips,val\n.\\b\\c.png,,test\n", &[]).unwrap();
        assert_eq!(dotted, plain);
        let utf16: Vec<u8> = "\u{feff}file\tcategory\tsplit\r\na.png\ttips\tval\r\nb\\c.png\t\ttest\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (name, bytes) in [
            ("semicolons", b"file;category;split\na.png;tips;val\nb/c.png;;test\n".to_vec()),
            ("sep", b"sep=;\r\nfile;category;split\r\na.png;tips;val\r\nb/c.png;;test\r\n".to_vec()),
            ("empty rows", b"file,category,split\na.png,tips,val\nb/c.png,,test\n,,\n , ,\n".to_vec()),
            ("backslashes", b"File,Category,Split\na.png,tips,val \nb\\c.png,,test\n".to_vec()),
            ("Unicode text", utf16),
        ] {
            assert_eq!(rows_of(bytes, &[]).unwrap(), plain, "{name}");
        }
    }

    #[test]
    fn damaged_indexes_are_refused_with_line_and_value() {
        let cases = [
            ("no header", "a.png,tips\nb.png,tips\n", &[][..], "column `file` is missing, found a.png, tips"),
            ("empty", "", &[], "column `file` is missing"),
            ("unknown split", "file,split\na.png,train\nb.png,dev\n", &[], "line 3: `split` is `dev`"),
            ("empty split", "file,split\na.png,\n", &[], "line 2: `split` is ``"),
            ("file twice", "file\na.png\na.png\n", &[], "line 3: `file` is `a.png`, expected each file once"),
            ("climbs out", "file\n../a.png\n", &[], "line 2: `file` is `../a.png`"),
            ("absolute", "file\n/a.png\n", &[], "line 2: `file` is `/a.png`"),
            ("climbs out the other way", "file\n..\\a.png\n", &[], "line 2: `file` is `..\\a.png`"),
            ("another disk", "file\nC:\\a.png\n", &[], "line 2: `file` is `C:\\a.png`"),
            ("after a first line", "sep=,\nfile,split\na.png,dev\n", &[], "line 3: `split` is `dev`"),
            ("Latin-1", "file\na\u{fffd}.png\n", &[], "line 2 is not UTF-8"),
            ("no name", "file,category\n,tips\n", &[], "line 2: `file` is ``"),
            ("short row", "file,category\na.png\n", &[], "line: 2"),
            ("unknown choice", "file\na.png\n", &["licence=MIT"], "column `licence` is missing, found file"),
        ];
        for (name, text, only, reason) in cases {
            // a byte that is no UTF-8
            let bytes: Vec<u8> = text
                .chars()
                .flat_map(|c| if c == '\u{fffd}' { vec![0xe4] } else { c.to_string().into() })
                .collect();
            let message = rows_of(&bytes, only).expect_err(name).to_string();
            assert!(message.contains("index.csv: ") && message.contains(reason), "{name}: {message}");
        }
    }
}
