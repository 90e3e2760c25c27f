//! Addresses: as much of RFC 3986 as servers of files need. No user names, no `..`, no IPv6.

use std::fmt;

/// `http` or `https`, a host, a port, and a path with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) https: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Begins with `/`; without a fragment.
    pub(super) path: String,
}

impl Url {
    /// Reads an absolute address; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (https, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err("expected http:// or https://"),
        };
        // spaces and line breaks would end the line of the request
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("expected printable ASCII without spaces");
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (place, path) = rest.split_at(end);
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| "expected a port of 1 to 65535")?),
            None => (place, if https { 443 } else { 80 }),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if host.is_empty() || !host.chars().all(named) {
            return Err("expected the name of a host");
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { https, host: host.to_ascii_lowercase(), port, path })
    }

    /// Where a redirect from here to `location` leads.
    ///
    /// Refuses to leave `https`, since nothing of what comes after could be trusted.
    pub(super) fn redirected(&self, location: &str) -> Result<Self, &'static str> {
        let scheme = if self.https { "https" } else { "http" };
        let next = if location.contains("://") {
            Self::parse(location)?
        } else if location.starts_with("//") {
            Self::parse(&format!("{scheme}:{location}"))?
        } else if location.starts_with('/') {
            Self::parse(&format!("{scheme}://{}:{}{location}", self.host, self.port))?
        } else {
            return Err("expected an absolute address or path");
        };
        if self.https && !next.https { Err("leads from https to http") } else { Ok(next) }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        // the query of a redirect may hold a signature that is nobody's business
        let path = self.path.split('?').next().unwrap_or_default();
        let usual = if self.https { 443 } else { 80 };
        if self.port == usual {
            write!(formatter, "{scheme}://{}{path}", self.host)
        } else {
            write!(formatter, "{scheme}://{}:{}{path}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let url = Url::parse("https://Cdn.example:8443/a/b?c=d#e").unwrap();
        let expected = Url { https: true, host: "cdn.example".into(), port: 8443, path: "/a/b?c=d".into() };
        assert_eq!(url, expected);
        assert_eq!(Url::parse("http://a").unwrap().path, "/");
        assert_eq!(Url::parse("http://a?x").unwrap().path, "/?x");
        for bad in
            ["ftp://a/b", "a/b", "http://", "http://a:x/", "http://u@a/", "http://a/b c", "http://a/\r\nX: y"]
        {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_stay_on_https() {
        let from = Url::parse("https://a.example/x/y").unwrap();
        let cases = [
            ("/z?q", Some("https://a.example/z")),
            ("//b.example/z", Some("https://b.example/z")),
            ("https://b.example/z", Some("https://b.example/z")),
            ("http://b.example/z", None),
            ("z", None),
        ];
        for (location, expected) in cases {
            let found = from.redirected(location).ok().map(|url| url.to_string());
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }
}
