//! Results that come with files: what is answered of them, and the files to take home.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{Path as AddressPath, State};
use axum::response::Response;
use serde::Serialize;

use crate::app::App;
use crate::http::{Fault, attachment, of_bytes};
use crate::report::zipped;

/// All files of a result.
const ALL: &str = "all.zip";

/// A result that is kept.
pub(crate) struct Made {
    /// What is answered, as JSON.
    answer: Vec<u8>,
    /// Files by name.
    files: BTreeMap<String, Vec<u8>>,
}

impl Made {
    /// With its number of bytes.
    pub(crate) fn new(
        answer: &impl Serialize,
        files: BTreeMap<String, Vec<u8>>,
    ) -> Result<(Self, usize), Fault> {
        let answer = serde_json::to_vec(answer).map_err(Fault::own)?;
        let bytes = answer.len() + files.values().map(Vec::len).sum::<usize>();
        Ok((Self { answer, files }, bytes))
    }

    /// The answer.
    pub(crate) fn response(&self) -> Response {
        of_bytes("application/json", self.answer.clone())
    }
}

/// What a result is kept under.
pub(crate) fn name(id: &str) -> String {
    format!("made/{id}")
}

/// A file of a result.
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    AddressPath((id, file)): AddressPath<(String, String)>,
) -> Result<Response, Fault> {
    let gone = || Fault::missing("this result is no longer kept; ask for it again");
    let made = app.kept.peek::<Made>(&name(&id)).ok_or_else(gone)?;
    if file == ALL {
        return Ok(attachment("application/zip", ALL, zipped("nanoaid", &made.files)?));
    }
    let bytes = made.files.get(&file).ok_or_else(gone)?;
    let ending = Path::new(&file).extension().unwrap_or_default().to_string_lossy().into_owned();
    let kind = match ending.as_str() {
        "png" => "image/png",
        "csv" => "text/csv; charset=utf-8",
        "json" | "geojson" => "application/json",
        _ => "application/octet-stream",
    };
    Ok(attachment(kind, &file, bytes.clone()))
}
