//! What a server is started with, and why it does not start.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;

use nanoaid::Device;
use nanoaid::data::dataset::DatasetError;
use nanoaid::network::OpenError;
use nanoaid_pages::site::OpenSiteError;

/// The port that is tried first where none is named, so that addresses can be kept.
pub const DEFAULT_PORT: u16 = 8765;
/// Ports after it that are tried where it is in use.
pub(crate) const FURTHER_PORTS: u16 = 50;
/// Characters that a password has at least.
pub const MIN_PASSWORD: usize = 12;

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Where it listens; other than loopback only with a password.
    pub host: IpAddr,
    /// The port; `None`: [`DEFAULT_PORT`] or the next free one. 0: any free one.
    pub port: Option<u16>,
    /// What lets users of other machines in, at least [`MIN_PASSWORD`] characters.
    pub password: Option<String>,
    /// Where a proxy shows the page.
    pub base_url: Option<BaseUrl>,
    /// Networks beside the built-in ones: run folders and files of weights.
    pub networks: Vec<PathBuf>,
    /// Micrographs to list, to pass networks over, and to learn from: a folder, or an index CSV.
    pub data: Option<PathBuf>,
    /// A site that `nanoaid site` made, whose pictures and patches are shown of a unit.
    pub site: Option<PathBuf>,
    /// Folder of the networks that are trained on the page.
    pub trained: PathBuf,
    /// Most bytes of one upload.
    pub most_upload_bytes: u64,
    /// Most bytes of images and maps that are kept for the next question.
    pub memory_budget_bytes: usize,
    /// Where networks run.
    pub device: Device,
    /// A real micrograph to begin with beside the synthetic ones: its name and its file.
    pub example: Option<(String, Vec<u8>)>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: None,
            password: None,
            base_url: None,
            networks: Vec::new(),
            data: None,
            site: None,
            trained: PathBuf::from("trained"),
            most_upload_bytes: 1 << 30,
            memory_budget_bytes: 1 << 30, // all depths of a few images of 1024 × 768 px
            device: Device::Cpu,
            example: None,
        }
    }
}

impl ServeOptions {
    /// Returns the options if they go together.
    ///
    /// # Errors
    /// [`ServeError::Open`] without a password on an address that others can reach, [`ServeError::Password`] for a
    /// short one.
    pub fn checked(self) -> Result<Self, ServeError> {
        match &self.password {
            None if !self.host.is_loopback() => Err(ServeError::Open { host: self.host }),
            Some(password) if password.chars().count() < MIN_PASSWORD => {
                Err(ServeError::Password { found: password.chars().count() })
            }
            _ => Ok(self),
        }
    }
}

/// Where a proxy shows the page: scheme, host with port, and the path before every address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Scheme, host and port, e.g. `https://lab.example`.
    pub origin: String,
    /// Host with port, e.g. `lab.example`.
    pub host: String,
    /// The path without its last slash, e.g. `/nanoaid`; empty for none.
    pub path: String,
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("found `{text}`, expected an address such as https://lab.example/nanoaid/");
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        let path = path.trim_end_matches('/');
        let whole = matches!(scheme, "http" | "https") && !host.is_empty() && host.chars().all(is_host);
        if !whole || !path.chars().all(plain) || path.split('/').any(|part| part == "..") {
            return Err(wrong());
        }
        let host = host.to_ascii_lowercase();
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        Ok(Self { origin: format!("{scheme}://{host}"), host, path })
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum ServeError {
    /// The address can be reached by others, and nothing protects it.
    #[error(
        "--host {host}: every machine that can reach this address could use the server; set a password with --password-file FILE, or leave --host out and connect with `ssh -L`"
    )]
    Open { host: IpAddr },
    /// The password is short.
    #[error("--password-file: found {found} characters, expected at least {MIN_PASSWORD}")]
    Password { found: usize },
    /// The port is taken.
    #[error("port {port} is in use; choose another with --port, or leave --port out for the next free one")]
    PortInUse { port: u16 },
    /// The system does not let the program listen.
    #[error("cannot listen on {host} port {port}: {source}")]
    Listen { host: IpAddr, port: u16, source: io::Error },
    /// A network could not be opened.
    #[error("{}: {source}", run.display())]
    Network { run: PathBuf, source: Box<OpenError> },
    /// The micrographs cannot be listed.
    #[error("--data: {source}")]
    Data { source: Box<DatasetError> },
    /// Networks that are trained would have no folder.
    #[error("--out {}: found a file, expected a folder, or a name for one", path.display())]
    Out { path: PathBuf },
    /// The site cannot be read.
    #[error("--site: {source}")]
    Site { source: Box<OpenSiteError> },
    /// What was dropped could not be deleted.
    #[error("cannot delete {}, which holds what was dropped: {source}; delete it yourself", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// The system gives no threads, no temporary folder or no random numbers.
    #[error("cannot start the server: {0}")]
    Runtime(#[source] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_proxy_has_a_scheme_a_host_and_a_path() {
        let parsed: BaseUrl = "https://Lab.example:8443/sem/nanoaid/".parse().unwrap();
        assert_eq!(parsed.origin, "https://lab.example:8443");
        assert_eq!((parsed.host.as_str(), parsed.path.as_str()), ("lab.example:8443", "/sem/nanoaid"));
        assert_eq!("http://a".parse::<BaseUrl>().unwrap().path, "");
        for wrong in
            ["lab.example", "ftp://lab", "https:///x", "https://a b/", "https://a/../b", "https://a/?x=1"]
        {
            assert!(wrong.parse::<BaseUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_that_others_reach_needs_a_password_of_some_length() {
        let host = "0.0.0.0".parse().unwrap();
        let with = |password: Option<&str>| {
            ServeOptions { host, password: password.map(str::to_owned), ..ServeOptions::default() }.checked()
        };
        assert!(matches!(with(None), Err(ServeError::Open { .. })));
        assert!(matches!(with(Some("short")), Err(ServeError::Password { found: 5 })));
        assert!(with(Some("a long password")).is_ok());
        assert!(ServeOptions::default().checked().is_ok());
    }
}
