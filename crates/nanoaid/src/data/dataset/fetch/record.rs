//! The repository's interface: a record's description, and from there the list of its files.
//!
//! Two programs have answered there. The list stands under `entries` or `contents`, as a list or by name; a file's bytes are
//! at its link `content`, or at `self` where there is no such link.

use serde_json::Value;

use super::error::FetchError;
use super::set::SERVER;
use crate::download::{Checksum, DownloadConfig, DownloadError, Tell, Uri, address, redirected, text};

/// Most bytes of a description.
const MOST_BYTES: u64 = 16 << 20;

/// A record.
#[derive(Debug)]
pub(super) struct Record {
    /// Where it was read.
    pub(super) url: String,
    pub(super) title: Option<String>,
    pub(super) files: Vec<RecordFile>,
}

/// A file of it.
#[derive(Debug)]
pub(super) struct RecordFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// `None` where the record has none of a kind that can be compared.
    pub(super) checksum: Option<Checksum>,
    pub(super) url: Uri,
}

/// Reads the record `id`.
pub(super) fn fetch(id: &str, config: &DownloadConfig, tell: &mut Tell) -> Result<Record, FetchError> {
    let read_address =
        |text: String| address(&text).map_err(|reason| DownloadError::Address { url: text, reason });
    let place = read_address(config.mirrored(&format!("{SERVER}/api/records/{id}"), SERVER))?;
    let record = json(&place, config, tell)?;
    let title = record.pointer("/metadata/title").or_else(|| record.pointer("/metadata/titles/0/title"));
    let title = title.and_then(Value::as_str).map(str::to_owned);
    let wrong = |found: &str, expected| FetchError::Answer {
        url: place.to_string(),
        found: found.to_owned(),
        expected,
    };
    let link = record.pointer("/links/files").and_then(Value::as_str);
    let link = link.ok_or_else(|| wrong("no `links.files`", "the description of a record with files"))?;
    let list = leads_to(&place, link, config)?;
    let answer = json(&list, config, tell)?;
    let files = answer.get("entries").or_else(|| answer.get("contents"));
    let files: Vec<&Value> = match files {
        Some(Value::Array(files)) => files.iter().collect(),
        Some(Value::Object(files)) => files.values().collect(),
        _ => {
            return Err(FetchError::Answer {
                url: list.to_string(),
                found: "neither `entries` nor `contents`".to_owned(),
                expected: "a list of files",
            });
        }
    };
    let files = files.into_iter().map(|file| file_of(file, &list, config)).collect::<Result<_, _>>()?;
    Ok(Record { url: place.to_string(), title, files })
}

/// A file as the list describes it.
fn file_of(file: &Value, list: &Uri, config: &DownloadConfig) -> Result<RecordFile, FetchError> {
    let wrong = |found: &str, expected| FetchError::Answer {
        url: list.to_string(),
        found: found.to_owned(),
        expected,
    };
    let name =
        file.get("key").and_then(Value::as_str).ok_or_else(|| wrong("no `key`", "the name of a file"))?;
    let bytes = file.get("size").and_then(Value::as_u64);
    let bytes = bytes.ok_or_else(|| wrong(&format!("no `size` of {name}"), "a number of bytes"))?;
    let link = file.pointer("/links/content").or_else(|| file.pointer("/links/self")).and_then(Value::as_str);
    let link = link.ok_or_else(|| wrong(&format!("no link to {name}"), "`links.content` or `links.self`"))?;
    let checksum = file.get("checksum").and_then(Value::as_str).and_then(Checksum::read);
    Ok(RecordFile { name: name.to_owned(), bytes, checksum, url: leads_to(list, link, config)? })
}

/// Where `link`, found at `from`, leads: on the mirror if there is one.
fn leads_to(from: &Uri, link: &str, config: &DownloadConfig) -> Result<Uri, FetchError> {
    let link = config.mirrored(link, SERVER);
    let place = redirected(from, &link)
        .map_err(|reason| DownloadError::Address { url: format!("link from {from} to {link}"), reason })?;
    Ok(place)
}

fn json(url: &Uri, config: &DownloadConfig, tell: &mut Tell) -> Result<Value, FetchError> {
    let text = text(url, MOST_BYTES, config, tell)?;
    serde_json::from_str(&text).map_err(|_| {
        let begin: String = text.trim_start().chars().take(40).collect();
        FetchError::Answer { url: url.to_string(), found: format!("`{begin}…`"), expected: "JSON" }
    })
}
