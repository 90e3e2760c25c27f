//! Tables as CSV (RFC 4180), for spreadsheets too: a text that a spreadsheet would take for a formula gets an
//! apostrophe in front.

/// A table as CSV, cells in quotes where they need it (RFC 4180). Texts from outside go through [`text_cell`]
/// first.
///
/// # Panics
/// If a row has not as many cells as `head`.
pub fn csv_text<S: AsRef<str>>(head: &[S], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head.iter().map(AsRef::as_ref)).expect("memory takes rows");
    for row in rows {
        writer.write_record(row).expect("memory takes rows of the length of the head");
    }
    String::from_utf8(writer.into_inner().expect("memory takes rows")).expect("cells are text")
}

/// Cells as a line of CSV, in quotes where they need it (RFC 4180).
pub fn csv_line(cells: &[String]) -> String {
    let quoted = cells.iter().map(|cell| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    });
    quoted.collect::<Vec<_>>().join(",") + "\n"
}

/// A text as a cell that no spreadsheet runs: one that begins with `=`, `+`, `-`, `@`, a tab or a carriage return has
/// an apostrophe in front, as OWASP advises against CSV injection. Not for numbers.
pub fn text_cell(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        let cells = ["a", "b, c", "d \"e\""].map(str::to_owned);
        assert_eq!(csv_line(&cells), "a,\"b, c\",\"d \"\"e\"\"\"\n");
    }

    #[test]
    fn texts_that_a_spreadsheet_would_run_get_an_apostrophe() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(text_cell(text), format!("'{text}"));
        }
        for text in ["", "a=1", "1-1", "'=1", " =1", "µm"] {
            assert_eq!(text_cell(text), text);
        }
    }
}
