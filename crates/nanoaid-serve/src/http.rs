//! Questions and replies: values of a query, errors that say what to do, bodies.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// Most bytes of a question in JSON.
const MOST_JSON: usize = 1 << 20;
/// Time within which a short question is sent.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(15);

/// Why a question has no answer.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Fault {
    /// The question is wrong.
    pub(crate) fn wrong(text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, text: text.into() }
    }

    /// The question is right, and the micrograph or the network does not allow it.
    pub(crate) fn refused(text: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, text: text.to_string() }
    }

    /// There is no such thing.
    pub(crate) fn missing(text: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, text: text.into() }
    }

    /// The system did not do what it should.
    pub(crate) fn own(text: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, text: text.to_string() }
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn cancelled() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: "cancelled: a later request replaced this one".to_owned(),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Said {
            error: String,
        }
        let bytes = serde_json::to_vec(&Said { error: self.text }).unwrap_or_default();
        (self.status, of_bytes("application/json", bytes)).into_response()
    }
}

/// The values of a query.
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// Those of `uri`; the last of two with one name.
    pub(crate) fn of(uri: &Uri) -> Self {
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(decoded.collect())
    }

    /// The value of `name`; `None` where it is absent or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The value of `name`.
    pub(crate) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.text(name).ok_or_else(|| Fault::wrong(format!("the query has no `{name}`")))
    }

    /// The value of `name` as a number.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        let parse = |text: &str| {
            text.parse().map_err(|_| Fault::wrong(format!("{name}: found `{text}`, expected a number")))
        };
        self.text(name).map(parse).transpose()
    }
}

/// The number in an address.
pub(crate) struct Number<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Number<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let missing = |_| Fault::missing("there is nothing at this address");
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(missing)?;
        let wrong = |_| Fault::wrong(format!("the address has `{text}`, expected a whole number from 0 on"));
        text.parse().map(Self).map_err(wrong)
    }
}

/// `text` with `%41` as `A` and `+` as a space; what is not UTF-8 is replaced.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |place: usize| bytes.get(place).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'+', ..) => {
                out.push(b' ');
                at += 1;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The JSON of a question.
pub(crate) async fn json_of<T: DeserializeOwned>(body: Body) -> Result<T, Fault> {
    let bytes = timeout(BODY_WITHIN, axum::body::to_bytes(body, MOST_JSON))
        .await
        .map_err(|_| Fault::wrong("the request was not sent within 15 s"))?
        .map_err(|error| Fault::wrong(format!("the request was cut off or is too long: {error}")))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Fault::wrong(format!("the request is not as expected: {error}")))
}

/// `value` as an answer.
pub(crate) fn json(value: &impl Serialize) -> Result<Response, Fault> {
    let bytes = serde_json::to_vec(value).map_err(Fault::own)?;
    Ok(of_bytes("application/json", bytes))
}

/// Bytes of a kind.
pub(crate) fn of_bytes(kind: &'static str, bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response()
}

/// An answer that the browser forgets with the page: another start of the server, or another version, gives other
/// results under the same address, and what was dropped is not to stay on the disk.
pub(crate) fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A file to save as `name`.
pub(crate) fn attachment(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let mut response = of_bytes(kind, bytes);
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' }).collect();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_damage_stays_as_it_is() {
        for (text, expected) in [
            ("a%20b+c", "a b c"),
            ("%C2%B5m", "µm"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decoded(text), expected);
        }
        let uri: Uri = "/x?page=2&empty=&layer=encoder.2%2Brelu&page=3".parse().unwrap();
        let query = Query::of(&uri);
        assert_eq!(query.number::<usize>("page").unwrap(), Some(3));
        assert_eq!(query.text("layer"), Some("encoder.2+relu"));
        assert!(query.text("empty").is_none() && query.required("absent").is_err());
        assert!(query.number::<usize>("layer").is_err());
    }
}
