//! One GET request over HTTP/1.1 (RFC 9112), with TLS where the address says so.
//!
//! Knows nothing of redirects, ranges or files. Written here because clients from elsewhere turn on
//! features of crates that Burn uses, too. Proxies are not supported.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::fetch::FetchConfig;
use super::url::Url;

/// Most bytes of a status line and headers; servers send a few thousand.
const MOST_HEAD_BYTES: u64 = 1 << 16;

/// An answer whose body is still to be read.
pub(super) struct Response {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Body,
}

/// The bytes of an answer; an end before the announced one is an error.
pub(super) struct Body {
    stream: BufReader<Box<dyn Read>>,
    framing: Framing,
}

/// How the end of a body is told.
enum Framing {
    /// So many bytes are left.
    Length(u64),
    /// Chunks; so many bytes of this one are left, and whether it is the first.
    Chunks { left: u64, first: bool },
    /// The connection ends.
    Close,
    /// It has been reached.
    Done,
}

/// Sends a GET request with `headers` and reads the head of the answer.
pub(super) fn get(url: &Url, headers: &[(&str, String)], config: &FetchConfig) -> io::Result<Response> {
    let mut stream = connect(url, config)?;
    let mut request = format!("GET {} HTTP/1.1\r\nHost: {}", url.path, url.host);
    if url.port != if url.https { 443 } else { 80 } {
        request += &format!(":{}", url.port);
    }
    request += concat!("\r\nUser-Agent: nanoaid/", env!("CARGO_PKG_VERSION"));
    request += "\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all((request + "\r\n").as_bytes())?;
    stream.flush()?;
    let mut reader: BufReader<Box<dyn Read>> =
        BufReader::with_capacity(1 << 16, Box::new(stream.into_read()));
    loop {
        let (status, headers) = read_head(&mut reader)?;
        // 1xx announces another answer
        if !(100..200).contains(&status) {
            let framing = framing_of(status, &headers)?;
            return Ok(Response { status, headers, body: Body { stream: reader, framing } });
        }
    }
}

impl Response {
    /// The header `name`, given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Bytes of the body as announced.
    pub(super) fn length(&self) -> Option<u64> {
        match self.body.framing {
            Framing::Length(length) => Some(length),
            _ => None,
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let Framing::Chunks { left: 0, first } = self.framing {
            self.framing = next_chunk(&mut self.stream, first)?;
        }
        let most = match self.framing {
            Framing::Done | Framing::Length(0) => return Ok(0),
            Framing::Length(left) | Framing::Chunks { left, .. } => left.min(buffer.len() as u64) as usize,
            Framing::Close => buffer.len(),
        };
        let n = self.stream.read(&mut buffer[..most])?;
        match &mut self.framing {
            Framing::Length(left) | Framing::Chunks { left, .. } => {
                if n == 0 {
                    return Err(closed_early());
                }
                *left -= n as u64;
            }
            Framing::Close if n == 0 => self.framing = Framing::Done,
            Framing::Close | Framing::Done => {}
        }
        Ok(n)
    }
}

/// A connection with or without TLS.
enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn into_read(self) -> Box<dyn Read> {
        match self {
            Self::Plain(stream) => Box::new(stream),
            Self::Tls(stream) => stream,
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

fn connect(url: &Url, config: &FetchConfig) -> io::Result<Stream> {
    let stall = config.stall;
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{} has no address", url.host));
    let mut connected = None;
    for address in (url.host.as_str(), url.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, stall) {
            Ok(stream) => {
                connected = Some(stream);
                break;
            }
            Err(error) => last = error,
        }
    }
    let stream = connected.ok_or(last)?;
    stream.set_read_timeout(Some(stall))?;
    stream.set_write_timeout(Some(stall))?;
    if !url.https {
        return Ok(Stream::Plain(stream));
    }
    let roots = match &config.authorities {
        Some(path) => authorities(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(url.host.clone()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(tls), name).map_err(io::Error::other)?;
    Ok(Stream::Tls(Box::new(StreamOwned::new(connection, stream))))
}

/// The certificates in the PEM file at `path`.
fn authorities(path: &Path) -> io::Result<RootCertStore> {
    let fail = |reason: &dyn std::fmt::Display| {
        io::Error::other(format!("authorities in {}: {reason}", path.display()))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fail(&error))? {
        roots.add(certificate.map_err(|error| fail(&error))?).map_err(|error| fail(&error))?;
    }
    if roots.is_empty() { Err(fail(&"no certificate")) } else { Ok(roots) }
}

type Headers = Vec<(String, String)>;

fn read_head(reader: &mut impl BufRead) -> io::Result<(u16, Headers)> {
    let mut head = reader.take(MOST_HEAD_BYTES);
    let first = read_line(&mut head)?;
    let status = first
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| malformed(&format!("`{}` is no status line of HTTP/1", first.escape_debug())))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(&mut head)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("a header without a colon"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// A line without its end, which must be there.
fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Err(closed_early());
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn framing_of(status: u16, headers: &Headers) -> io::Result<Framing> {
    if matches!(status, 204 | 304) {
        return Ok(Framing::Done);
    }
    if let Some(coding) = header(headers, "transfer-encoding") {
        return match coding.eq_ignore_ascii_case("chunked") {
            true => Ok(Framing::Chunks { left: 0, first: true }),
            false => Err(malformed(&format!("transfer encoding `{coding}`, expected chunked or none"))),
        };
    }
    match header(headers, "content-length") {
        Some(length) => match length.parse() {
            Ok(length) => Ok(Framing::Length(length)),
            Err(_) => Err(malformed(&format!("content length `{length}`, expected a number"))),
        },
        None => Ok(Framing::Close),
    }
}

fn next_chunk(reader: &mut impl BufRead, first: bool) -> io::Result<Framing> {
    let mut head = reader.take(MOST_HEAD_BYTES);
    if !first && !read_line(&mut head)?.is_empty() {
        return Err(malformed("a chunk that is longer than announced"));
    }
    let line = read_line(&mut head)?;
    let size = line.split(';').next().unwrap_or_default().trim();
    match u64::from_str_radix(size, 16) {
        // trailers that may follow say nothing about the bytes
        Ok(0) => Ok(Framing::Done),
        Ok(left) => Ok(Framing::Chunks { left, first: false }),
        Err(_) => Err(malformed("a chunk without a size")),
    }
}

fn closed_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed early")
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sent {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(framing: Framing, bytes: &'static [u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Body { stream: BufReader::new(Box::new(bytes)), framing }.read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn a_body_ends_where_it_was_announced_to_end() {
        let chunks = || Framing::Chunks { left: 0, first: true };
        assert_eq!(read_all(Framing::Length(3), b"abcdef").unwrap(), b"abc");
        assert_eq!(read_all(Framing::Close, b"abc").unwrap(), b"abc");
        assert_eq!(read_all(Framing::Done, b"abc").unwrap(), b"");
        assert_eq!(
            read_all(chunks(), b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n").unwrap(),
            b"abc0123456789"
        );
        let early = [(Framing::Length(7), &b"abc"[..]), (chunks(), b"3\r\nabc\r\n"), (chunks(), b"9\r\nabc")];
        for (framing, bytes) in early {
            assert_eq!(read_all(framing, bytes).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
        for bytes in [&b"x\r\n"[..], b"1\r\nabc\r\n0\r\n\r\n"] {
            assert_eq!(read_all(chunks(), bytes).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn a_head_is_read_up_to_its_empty_line() {
        let mut bytes = &b"HTTP/1.1 206 Partial Content\r\nETag: \"a:b\"\r\n\r\nbody"[..];
        let (status, headers) = read_head(&mut bytes).unwrap();
        assert_eq!((status, header(&headers, "etag"), bytes), (206, Some("\"a:b\""), &b"body"[..]));
        let endless = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"a: b\r\n".repeat(1 << 15)].concat();
        for bad in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\na: b",
            b"SSH-2.0-x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nab\r\n\r\n",
            &endless,
        ] {
            assert!(read_head(&mut &bad[..]).is_err(), "{}", bad.len());
        }
    }
}
