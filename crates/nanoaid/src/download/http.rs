//! One GET request by `ureq`: how it is set up here, where it may go, which of its failures pass.
//!
//! Knows nothing of ranges or files. Redirects are not followed here, since the headers of each describe the file.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use micrograph::regular;
pub(crate) use ureq::http::Uri;

use ureq::http::Response;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error, Proxy};

use super::config::DownloadConfig;
use super::error::{DownloadError, Trouble};

/// Sends a GET request, with `range` as its header of that name, and reads the head of the answer.
pub(crate) fn get(
    place: &Uri,
    range: Option<&str>,
    config: &DownloadConfig,
) -> Result<Response<Body>, Trouble> {
    let mut request = agent(place, config)?.get(place);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    request.call().map_err(|error| trouble(place, error))
}

/// A client for one request to `place`.
fn agent(place: &Uri, config: &DownloadConfig) -> Result<Agent, DownloadError> {
    let roots = match &config.authorities {
        Some(path) => authorities(path)?,
        None => RootCerts::WebPki,
    };
    let stall = Some(config.stall);
    let settings = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        // a proxy elsewhere cannot reach a server on this machine
        .proxy(if is_here(place) { None } else { Proxy::try_from_env() })
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("nanoaid/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_connect(stall)
        .timeout_per_read(stall)
        .timeout_per_write(stall);
    Ok(settings.build().new_agent())
}

fn is_here(place: &Uri) -> bool {
    let host = place.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The certificates in the PEM file at `path`.
fn authorities(path: &Path) -> Result<RootCerts, DownloadError> {
    let fail = |source| DownloadError::file(path, source);
    let mut certificates = Vec::new();
    for item in parse_pem(&regular::read(path, regular::LARGEST).map_err(fail)?) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| fail(error.into_io()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(fail(io::Error::other("expected certificates in PEM form, found none")));
    }
    Ok(certificates.into())
}

fn trouble(place: &Uri, error: Error) -> Trouble {
    let passes = match &error {
        // certificates that are not trusted stay so
        Error::Io(error) => error.kind() != io::ErrorKind::InvalidData,
        Error::Timeout(_) | Error::HostNotFound | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => {
            true
        }
        _ => false,
    };
    let (url, source) = (shown(place), error.into_io());
    if passes {
        Trouble::Passing(format!("{url}: {source}"))
    } else {
        DownloadError::Talk { url, source }.into()
    }
}

/// Reads an absolute address; the error says what is wrong with it.
pub(crate) fn address(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|error: ureq::http::uri::InvalidUri| error.to_string())?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("expected http:// or https://".to_owned());
    }
    // `Uri` takes any text for a port, and then has none
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let ends_with_host = uri.host().is_some_and(|host| authority.ends_with(host));
    if uri.port_u16().is_none() && !ends_with_host {
        return Err("expected a port of 0 to 65535".to_owned());
    }
    // a password would be seen in messages and in files
    if authority.contains('@') {
        return Err("expected no name of a user".to_owned());
    }
    Ok(uri)
}

/// Where a redirect from `from` to `location` leads.
///
/// Refuses to leave `https`, since data after that could not be trusted.
pub(crate) fn redirected(from: &Uri, location: &str) -> Result<Uri, String> {
    let scheme = from.scheme_str().unwrap_or_default();
    let next = match (location, from.authority()) {
        (location, _) if location.starts_with("//") => address(&format!("{scheme}:{location}")),
        (location, Some(authority)) if location.starts_with('/') => {
            address(&format!("{scheme}://{authority}{location}"))
        }
        (location, _) => address(location),
    }?;
    match (scheme, next.scheme_str()) {
        ("https", Some("http")) => Err("leads from https to http".to_owned()),
        _ => Ok(next),
    }
}

/// `place` without its query, which in a redirect may hold a secret signature.
pub(crate) fn shown(place: &Uri) -> String {
    let text = place.to_string();
    text.split('?').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_scheme_and_a_host_and_tell_no_secrets() {
        let url = address("https://Cdn.example:8443/a/b?c=d#e").unwrap();
        assert_eq!(url, "https://cdn.example:8443/a/b?c=d");
        assert_eq!(shown(&url), "https://Cdn.example:8443/a/b");
        for bad in
            ["ftp://a/b", "a/b", "http://", "http://a:x/", "http://u@a/", "http://a/b c", "http://a/\r\nX: y"]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_stay_on_https() {
        let from = address("https://a.example/x/y").unwrap();
        let cases = [
            ("/z?q", Some("https://a.example/z?q")),
            ("//b.example/z", Some("https://b.example/z")),
            ("https://b.example/z", Some("https://b.example/z")),
            ("http://b.example/z", None),
            ("z", None),
            ("", None),
        ];
        for (location, expected) in cases {
            let found = redirected(&from, location).ok().map(|url| url.to_string());
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn servers_on_this_machine_need_no_proxy() {
        let cases = [
            ("http://127.0.0.1:8000/", true),
            ("http://[::1]/", true),
            ("https://LocalHost/", true),
            ("http://127.example/", false),
            ("http://10.0.0.1/", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_here(&address(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn files_without_certificates_give_no_authorities() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        assert!(authorities(&path).is_err());
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        for text in ["", "no certificate", cut] {
            std::fs::write(&path, text).unwrap();
            let error = authorities(&path).unwrap_err();
            assert!(
                matches!(&error, DownloadError::File { path: named, .. } if *named == path),
                "{text}: {error}"
            );
        }
    }
}
