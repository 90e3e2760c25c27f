//! A file's bytes from an offset on, requested from a server: redirects, ranges, and which file it is.
//!
//! Huggingface answers with a redirect whose `X-Linked-ETag` is the SHA-256 of the file; the server that it leads to
//! is another one.

use serde::{Deserialize, Serialize};
use ureq::http::Response;
use ureq::{Body, BodyReader};

use super::config::DownloadConfig;
use super::error::{DownloadError, Trouble};
use super::http::{Uri, get, redirected, shown};

/// Redirects that are followed; huggingface makes one or two.
const MOST_REDIRECTS: usize = 8;

/// Which file a server has at an address, as far as it reports that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The address that was requested first.
    pub(crate) url: String,
    /// What the server calls this version of the file: its strong `ETag`, without quotes.
    pub(crate) tag: Option<String>,
    /// Bytes of the whole file.
    pub(crate) total: Option<u64>,
}

impl Identity {
    /// Whether both are the same version of the same file. Without a tag this is unknown.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.tag.is_some() && self == other
    }

    /// The file's SHA-256 if the server's tag is one.
    pub(crate) fn sha256(&self) -> Option<&str> {
        self.tag.as_deref().filter(|tag| tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// Bytes of a file from `start` on.
pub(crate) struct Answer {
    pub(crate) identity: Identity,
    /// Place of the first byte of `body` in the file: 0 where the server knows no ranges.
    pub(crate) start: u64,
    pub(crate) body: BodyReader<'static>,
}

/// Requests the bytes of `url` from `start` on, up to and without `end`.
pub(crate) fn ask(
    url: &Uri,
    start: u64,
    end: Option<u64>,
    config: &DownloadConfig,
) -> Result<Answer, Trouble> {
    let range = match (start, end) {
        (0, None) => None,
        (_, None) => Some(format!("bytes={start}-")),
        (_, Some(end)) => Some(format!("bytes={start}-{}", end - 1)),
    };
    let mut place = url.clone();
    let (mut linked_tag, mut linked_total) = (None, None);
    for _ in 0..=MOST_REDIRECTS {
        let response = get(&place, range.as_deref(), config)?;
        linked_tag = linked_tag.or_else(|| strong_tag(header(&response, "x-linked-etag")));
        linked_total = linked_total.or_else(|| header(&response, "x-linked-size")?.parse().ok());
        match response.status().as_u16() {
            200 | 206 => {
                let (start, total) = extent(&response, url, start)?;
                let tag = linked_tag.or_else(|| strong_tag(header(&response, "etag")));
                if let (Some(found), Some(expected)) = (total, linked_total)
                    && found != expected
                {
                    return Err(DownloadError::Size { url: shown(&place), found, expected }.into());
                }
                let identity = Identity { url: url.to_string(), tag, total: total.or(linked_total) };
                return Ok(Answer { identity, start, body: response.into_body().into_reader() });
            }
            301 | 302 | 303 | 307 | 308 => {
                let location = header(&response, "location").unwrap_or_default();
                place = redirected(&place, location).map_err(|reason| DownloadError::Address {
                    url: format!("redirect from {} to {location}", shown(&place)),
                    reason,
                })?;
            }
            416 => return Err(Trouble::PastTheEnd),
            status @ (408 | 429 | 500..=599) => {
                return Err(Trouble::Passing(format!("{}: the server answered {status}", shown(&place))));
            }
            status => return Err(DownloadError::Status { url: shown(&place), status }.into()),
        }
    }
    Err(DownloadError::Redirects { url: url.to_string(), most: MOST_REDIRECTS }.into())
}

/// The header `name`, if it is there and readable.
fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// Where the body of `response` begins in the file, and how long the file is.
fn extent(response: &Response<Body>, url: &Uri, start: u64) -> Result<(u64, Option<u64>), DownloadError> {
    let wrong = |found: &str, expected: String| DownloadError::Answer {
        url: url.to_string(),
        found: found.to_owned(),
        expected,
    };
    if let Some(coding) = header(response, "content-encoding").filter(|coding| *coding != "identity") {
        return Err(wrong(&format!("the content encoding {coding}"), "the file as it is".to_owned()));
    }
    if response.status() == 200 {
        return Ok((0, response.body().content_length()));
    }
    let range = header(response, "content-range").unwrap_or("no content range");
    let (found, total) = content_range(range).unwrap_or((u64::MAX, None));
    if found == start { Ok((start, total)) } else { Err(wrong(range, format!("bytes from {start} on"))) }
}

/// First byte and size of the file in `bytes 5-9/10` or `bytes 5-9/*`.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    (first <= last && total.is_none_or(|total| last < total)).then_some((first, total))
}

/// A tag without quotes, unless it is weak: such files may differ in their bytes.
fn strong_tag(tag: Option<&str>) -> Option<String> {
    let tag = tag?.strip_prefix('"')?.strip_suffix('"')?;
    (!tag.is_empty()).then(|| tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_tags_are_read_as_the_standard_writes_them() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for bad in ["5-9/10", "bytes 9-5/10", "bytes 5-10/10", "bytes */10", "bytes 5-9", "bytes -9/10"] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
        assert_eq!(strong_tag(Some("\"a\"")).as_deref(), Some("a"));
        for bad in [None, Some("W/\"a\""), Some("a"), Some("\"\""), Some("\"")] {
            assert_eq!(strong_tag(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn files_are_the_same_only_by_a_tag() {
        let file = |tag: Option<&str>, total| Identity {
            url: "http://a/b".to_owned(),
            tag: tag.map(str::to_owned),
            total: Some(total),
        };
        assert!(file(Some("x"), 5).is_same(&file(Some("x"), 5)));
        assert!(!file(Some("x"), 5).is_same(&file(Some("y"), 5)));
        assert!(!file(Some("x"), 5).is_same(&file(Some("x"), 6)));
        assert!(!file(None, 5).is_same(&file(None, 5)));
        assert_eq!(file(Some("x"), 5).sha256(), None);
        assert!(file(Some(&"aB".repeat(32)), 5).sha256().is_some());
    }
}
