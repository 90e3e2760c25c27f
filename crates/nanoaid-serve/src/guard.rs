//! Guard: who may ask. Checked for every request, in this order: the Host, the Origin, Sec-Fetch-Site, the token.
//!
//! A server on loopback is reached by every page that the same browser shows, and by names that lead to 127.0.0.1
//! (DNS rebinding). So the Host has to be one of this machine, requests that come from a page have to come from this
//! one, and a random token in a cookie is needed, whose name holds the port, since all ports of a host share their
//! cookies. No header of a proxy (`Forwarded` and the like) is looked at, and no request of another origin is allowed.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderName, LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::http::{BODY_WITHIN, Query, decoded};
use crate::options::{BaseUrl, ServeError, ServeOptions};

/// Bytes of a token.
const TOKEN_BYTES: usize = 24;
/// Most bytes of what a user sends to come in.
const MOST_LOGIN_BYTES: usize = 4096;
/// Time before a wrong password is answered.
const AFTER_WRONG_PASSWORD: Duration = Duration::from_secs(1);
/// What a page may load: only what this server gives, and pictures that scripts make.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Who may ask.
pub(crate) struct Guard {
    token: String,
    password: Option<String>,
    cookie: String,
    listens: SocketAddr,
    base: Option<BaseUrl>,
}

/// Why a request is turned away: what was found, and what to do.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    what: String,
    advice: &'static str,
}

impl Guard {
    /// With a fresh token.
    pub(crate) fn new(options: &ServeOptions, listens: SocketAddr) -> Result<Self, ServeError> {
        let mut bytes = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|error| ServeError::Runtime(std::io::Error::other(error.to_string())))?;
        let token = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        Ok(Self {
            token,
            password: options.password.clone(),
            cookie: format!("nanoaid-{}", listens.port()),
            listens,
            base: options.base_url.clone(),
        })
    }

    /// The address to open.
    pub(crate) fn address(&self) -> String {
        let root = match &self.base {
            Some(base) => format!("{}{}/", base.origin, base.path),
            None => format!("http://{}/", self.listens),
        };
        if self.password.is_some() { root } else { format!("{root}?token={}", self.token) }
    }

    /// The path before every address, as a proxy has it; empty for none.
    pub(crate) fn prefix(&self) -> &str {
        self.base.as_ref().map_or("", |base| &base.path)
    }

    fn host<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, Refusal> {
        let advice = "Open the page by the address that `nanoaid serve` printed, with 127.0.0.1 or localhost. Behind a proxy, start it with --base-url.";
        let refused = |what: String| Refusal { what, advice };
        let mut all = headers.get_all(HOST).iter();
        let (Some(host), None) = (all.next(), all.next()) else {
            return Err(refused("expected one Host header".to_owned()));
        };
        let Ok(host) = host.to_str() else { return Err(refused("the Host header is not text".to_owned())) };
        let name = without_port(host).to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let here = name == "localhost"
            || address.is_some_and(|address| address.is_loopback())
            || self.base.as_ref().is_some_and(|base| base.host == host.to_ascii_lowercase())
            // with a password, by any number of this machine: a name that leads here has no cookie
            || (self.password.is_some() && address.is_some());
        if here { Ok(host) } else { Err(refused(format!("the Host is `{host}`, which is not this machine"))) }
    }

    fn origin(&self, headers: &HeaderMap, host: &str) -> Result<bool, Refusal> {
        let mut all = headers.get_all(ORIGIN).iter();
        let Some(origin) = all.next() else { return Ok(false) };
        let own = |text: &str| {
            text.strip_prefix("http://").is_some_and(|rest| rest.eq_ignore_ascii_case(host))
                || self.base.as_ref().is_some_and(|base| text.eq_ignore_ascii_case(&base.origin))
        };
        match origin.to_str() {
            Ok(text) if all.next().is_none() && own(text) => Ok(true),
            _ => Err(Refusal {
                what: format!(
                    "the request comes from another page: {}",
                    String::from_utf8_lossy(origin.as_bytes())
                ),
                advice: "Only the page of this server may ask it. Behind a proxy, start it with --base-url.",
            }),
        }
    }

    fn site(&self, headers: &HeaderMap, may_be_typed: bool) -> Result<(), Refusal> {
        match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            None | Some(b"same-origin") => Ok(()),
            Some(b"none") if may_be_typed => Ok(()),
            Some(_) => Err(Refusal {
                what: "the browser says that another site makes this request".to_owned(),
                advice: "Type or paste the address that `nanoaid serve` printed into a new tab.",
            }),
        }
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == self.cookie && is_same(value, &self.token))
    }

    /// Whether the request may go on, and as what it comes in where it does not yet have the cookie.
    fn checked(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<bool, Refusal> {
        let is_start = path == "/" || (path == "/login" && method == Method::POST);
        let host = self.host(headers)?;
        let from_page = self.origin(headers, host)?;
        // a page of the site may be typed, too
        self.site(headers, is_start || (path.starts_with("/site/") && method == Method::GET))?;
        if !self.has_token(headers) {
            if is_start {
                return Ok(false);
            }
            return Err(Refusal {
                what: "the request has no token".to_owned(),
                advice: "Open the page by the whole address that `nanoaid serve` printed, `?token=…` with it. The token is new at each start.",
            });
        }
        let changes = method != Method::GET && method != Method::HEAD;
        let by_hand = headers.get("x-nanoaid-token").and_then(|value| value.to_str().ok());
        if changes && !from_page && !by_hand.is_some_and(|token| is_same(token, &self.token)) {
            return Err(Refusal {
                what: format!("a {method} request has no Origin"),
                advice: "Browsers send one. From a program, send the token as the header X-Nanoaid-Token, too.",
            });
        }
        Ok(true)
    }

    fn let_in(&self) -> Response {
        let target = format!("{}/", self.prefix());
        let cookie =
            format!("{}={}; HttpOnly; SameSite=Strict; Path={}/", self.cookie, self.token, self.prefix());
        let mut response = StatusCode::SEE_OTHER.into_response();
        for (name, value) in [(LOCATION, target), (SET_COOKIE, cookie)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// The guard in front of every route.
pub(crate) async fn guarded(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let guard = &app.guard;
    let path = request.uri().path();
    let path = path.strip_prefix(guard.prefix()).filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let mut response = match guard.checked(request.method(), path, request.headers()) {
        Ok(true) if request.uri().query().is_some() && path == "/" => {
            // the token does not stay in the address
            guard.let_in()
        }
        Ok(true) => next.run(request).await,
        Ok(false) => enter(guard, request).await,
        Err(refusal) => refused(&refusal),
    };
    let headers = response.headers_mut();
    // pages of a site have a policy of their own
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    let always: [(HeaderName, &'static str); 5] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("x-frame-options"), "DENY"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The start page for a browser without the cookie: by the token, or by the password.
async fn enter(guard: &Guard, request: Request) -> Response {
    if let Some(password) = &guard.password {
        if request.method() != Method::POST {
            return login(StatusCode::OK, "");
        }
        let given = sent_password(request.into_body()).await;
        return if given.is_some_and(|given| is_same(&given, password)) {
            guard.let_in()
        } else {
            // so that guessing takes long
            sleep(AFTER_WRONG_PASSWORD).await;
            login(StatusCode::FORBIDDEN, "That is not the password.")
        };
    }
    match Query::of(request.uri()).text("token") {
        Some(token) if is_same(token, &guard.token) => guard.let_in(),
        Some(_) => refused(&Refusal {
            what: "the token is not that of this server".to_owned(),
            advice: "It is new at each start: open the address that `nanoaid serve` printed last.",
        }),
        None => refused(&Refusal {
            what: "the request has no token".to_owned(),
            advice: "Open the page by the whole address that `nanoaid serve` printed, `?token=…` with it.",
        }),
    }
}

async fn sent_password(body: Body) -> Option<String> {
    let bytes = timeout(BODY_WITHIN, axum::body::to_bytes(body, MOST_LOGIN_BYTES)).await.ok()?.ok()?;
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    text.split('&').find_map(|pair| pair.strip_prefix("password=")).map(decoded)
}

fn login(status: StatusCode, said: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>NanoAID</title><meta name=\"viewport\" content=\"width=device-width\"><h1>NanoAID</h1><form method=\"post\" action=\"login\"><p role=\"alert\">{said}</p><label>Password <input type=\"password\" name=\"password\" autofocus autocomplete=\"current-password\"></label> <button>Open</button></form></html>"
    );
    (status, Html(page)).into_response()
}

fn refused(refusal: &Refusal) -> Response {
    let text = format!("403: {}.\n{}\n", refusal.what, refusal.advice);
    let mut response = (StatusCode::FORBIDDEN, text).into_response();
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// A Host header's name or address: `[::1]:80` → `[::1]`.
fn without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| {
            let rest = &host[end + 1..];
            if rest.is_empty() || is_port(rest) { &host[..=end] } else { host }
        });
    }
    match host.split_once(':') {
        Some((name, port)) if is_port(&format!(":{port}")) => name,
        _ => host,
    }
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':')
        .is_some_and(|digits| digits.len() <= 5 && digits.chars().all(|c| c.is_ascii_digit()))
}

/// Whether two texts are the same, in a time that depends on their length only.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(options: &ServeOptions) -> Guard {
        Guard::new(options, "127.0.0.1:8765".parse().unwrap()).unwrap()
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_hosts_of_this_machine_are_answered() {
        let guard = guard(&ServeOptions::default());
        for (host, allowed) in [
            ("127.0.0.1:8765", true),
            ("127.0.0.1", true),
            ("localhost:9999", true), // the other end of an SSH tunnel
            ("LOCALHOST", true),
            ("[::1]:1", true),
            ("localhost.evil.com", false),
            ("127.0.0.1.evil.com", false),
            ("evil.com", false),
            ("evil.com:8765", false),
            ("localhost:80@evil.com", false),
            ("192.168.0.7:8765", false),
            ("", false),
        ] {
            assert_eq!(guard.host(&headers(&[("host", host)])).is_ok(), allowed, "{host}");
        }
        assert!(guard.host(&headers(&[])).is_err());
        assert!(guard.host(&headers(&[("host", "localhost"), ("host", "evil.com")])).is_err());
        let forwarded = headers(&[("host", "evil.com"), ("x-forwarded-host", "127.0.0.1")]);
        assert!(guard.host(&forwarded).is_err());
    }

    #[test]
    fn a_proxy_is_answered_by_its_name_and_a_password_by_numbers() {
        let base_url = Some("https://lab.example/nanoaid".parse().unwrap());
        let behind = guard(&ServeOptions { base_url, ..ServeOptions::default() });
        assert!(behind.host(&headers(&[("host", "Lab.example")])).is_ok());
        assert!(behind.host(&headers(&[("host", "other.example")])).is_err());
        assert_eq!(behind.origin(&headers(&[("origin", "https://lab.example")]), "lab.example"), Ok(true));
        let options =
            ServeOptions { password: Some("a long password".to_owned()), ..ServeOptions::default() };
        let open = guard(&options);
        assert!(open.host(&headers(&[("host", "192.168.0.7:8765")])).is_ok());
        assert!(open.host(&headers(&[("host", "evil.com")])).is_err());
        assert!(!open.address().contains("token"));
    }

    #[test]
    fn the_origin_is_this_page_or_there_is_none() {
        let guard = guard(&ServeOptions::default());
        let host = "127.0.0.1:8765";
        for (origin, found) in [
            (None, Some(false)),
            (Some("http://127.0.0.1:8765"), Some(true)),
            (Some("http://127.0.0.1:8766"), None),
            (Some("http://127.0.0.1"), None),
            (Some("https://127.0.0.1:8765"), None),
            (Some("http://127.0.0.1:8765.evil.com"), None),
            (Some("null"), None),
            (Some("file://"), None),
            (Some(""), None),
        ] {
            let headers = origin.map_or_else(HeaderMap::new, |origin| headers(&[("origin", origin)]));
            assert_eq!(guard.origin(&headers, host).ok(), found, "{origin:?}");
        }
    }

    #[test]
    fn other_sites_are_turned_away_and_the_address_bar_reaches_the_start_only() {
        let guard = guard(&ServeOptions::default());
        for (site, start, inside) in [
            ("same-origin", true, true),
            ("none", true, false),
            ("same-site", false, false),
            ("cross-site", false, false),
            ("", false, false),
        ] {
            let headers = headers(&[("sec-fetch-site", site)]);
            assert_eq!(guard.site(&headers, true).is_ok(), start, "{site}, start");
            assert_eq!(guard.site(&headers, false).is_ok(), inside, "{site}, inside");
        }
        assert!(guard.site(&HeaderMap::new(), false).is_ok());
    }

    #[test]
    fn the_token_is_needed_and_its_cookie_is_of_this_port() {
        let guard = guard(&ServeOptions::default());
        let token = guard.token.clone();
        let ask = |method: Method, path: &str, more: &[(&str, &str)]| {
            let mut pairs = vec![("host", "127.0.0.1:8765")];
            pairs.extend_from_slice(more);
            guard.checked(&method, path, &headers(&pairs)).map_err(|refusal| refusal.what)
        };
        let cookie = format!("a=b; nanoaid-8765={token}; c=d");
        let other_port = format!("nanoaid-8766={token}");
        let own = ("origin", "http://127.0.0.1:8765");
        assert_eq!(ask(Method::GET, "/", &[]), Ok(false));
        assert_eq!(ask(Method::GET, "/", &[("cookie", &cookie)]), Ok(true));
        assert!(ask(Method::GET, "/api/start", &[]).is_err());
        assert!(ask(Method::GET, "/api/start", &[("cookie", &other_port)]).is_err());
        assert!(ask(Method::GET, "/api/start", &[("cookie", "nanoaid-8765=")]).is_err());
        assert_eq!(ask(Method::GET, "/api/start", &[("cookie", &cookie)]), Ok(true));
        assert!(ask(Method::POST, "/api/jobs", &[("cookie", &cookie)]).is_err(), "no origin");
        assert_eq!(ask(Method::POST, "/api/jobs", &[("cookie", &cookie), own]), Ok(true));
        let by_hand = ("x-nanoaid-token", token.as_str());
        assert_eq!(ask(Method::DELETE, "/api/jobs/1", &[("cookie", &cookie), by_hand]), Ok(true));
        assert!(
            ask(Method::DELETE, "/api/jobs/1", &[("cookie", &cookie), ("x-nanoaid-token", "x")]).is_err()
        );
    }
}
