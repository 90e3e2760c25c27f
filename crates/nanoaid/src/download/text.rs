//! A short text on a server, fetched whole into memory.

use std::io::Read;

use super::answer::ask;
use super::config::{DownloadConfig, Tell};
use super::error::{DownloadError, Trouble};
use super::http::Uri;
use super::part::Patience;

/// The text at `url`, of at most `most_bytes`.
pub(crate) fn text(
    url: &Uri,
    most_bytes: u64,
    config: &DownloadConfig,
    tell: &mut Tell,
) -> Result<String, DownloadError> {
    let wrong =
        |found: String, expected: String| DownloadError::Answer { url: url.to_string(), found, expected };
    let mut patience = Patience::new(config);
    loop {
        let reason = match once(url, most_bytes, config) {
            Ok((bytes, _)) if bytes.len() as u64 > most_bytes => {
                return Err(DownloadError::TooLong { url: url.to_string(), expected: most_bytes });
            }
            Ok((bytes, Some(total))) if (bytes.len() as u64) < total => {
                format!("the server ended after {} of {total} bytes", bytes.len())
            }
            Ok((bytes, _)) => {
                return String::from_utf8(bytes)
                    .map_err(|_| wrong("bytes that are not UTF-8".to_owned(), "text".to_owned()));
            }
            Err(Trouble::Passing(reason)) => reason,
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::PastTheEnd) => {
                return Err(DownloadError::Status { url: url.to_string(), status: 416 });
            }
        };
        patience.lose(url, reason, 0, tell)?;
    }
}

/// One request: the first bytes, one more than allowed at most, and how many there should be.
fn once(url: &Uri, most_bytes: u64, config: &DownloadConfig) -> Result<(Vec<u8>, Option<u64>), Trouble> {
    let answer = ask(url, 0, None, config)?;
    let mut bytes = Vec::new();
    let read = answer.body.take(most_bytes + 1).read_to_end(&mut bytes);
    read.map_err(|error| Trouble::Passing(error.to_string()))?;
    Ok((bytes, answer.identity.total))
}
