//! A file on a server, read from its beginning to its end without being kept: lost connections are taken up again,
//! its checksum is computed on the way, and a mark lets another process go on.
//!
//! Bytes of two versions of a file never meet in one stream. Where the server names versions, a change ends it at once;
//! where it names none, the caller compares the checksum in the end.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use ureq::BodyReader;

use super::answer::{Identity, ask};
use super::config::{DownloadConfig, DownloadEvent, Tell, heard};
use super::error::{DownloadError, Trouble};
use super::hash::{Checksum, Running};
use super::http::Uri;
use super::part::Patience;

/// Bytes of the file before this place are read: enough to go on from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// Which version of the file they are from.
    identity: Identity,
    /// How many.
    pub(crate) position: u64,
    /// The state of their hash, as digits.
    hash: String,
}

/// The file, open for reading.
pub(crate) struct RemoteFile<'a> {
    url: Uri,
    bytes: u64,
    /// Whether the caller compares a checksum in the end, so that a server need not name versions.
    is_checked: bool,
    config: &'a DownloadConfig,
    tell: &'a mut Tell<'a>,
    position: u64,
    hash: Running,
    identity: Option<Identity>,
    body: Option<BodyReader<'static>>,
    patience: Patience,
    failure: Option<DownloadError>,
}

impl<'a> RemoteFile<'a> {
    /// The file of `bytes` at `url`, from `mark` on if there is one that fits.
    pub(crate) fn open(
        url: &Uri,
        bytes: u64,
        checksum: Option<&Checksum>,
        mark: Option<&Mark>,
        config: &'a DownloadConfig,
        tell: &'a mut Tell<'a>,
    ) -> Self {
        let fitting = mark.filter(|mark| mark.identity.url == url.to_string() && mark.position <= bytes);
        let continued = fitting.and_then(|mark| Some((mark, Running::taken_up(checksum, &mark.hash)?)));
        let (position, hash, identity) = match continued {
            Some((mark, hash)) => (mark.position, hash, Some(mark.identity.clone())),
            None => (0, Running::new(checksum), None),
        };
        let patience = Patience::new(config);
        Self {
            url: url.clone(),
            bytes,
            is_checked: checksum.is_some(),
            config,
            tell,
            position,
            hash,
            identity,
            body: None,
            patience,
            failure: None,
        }
    }

    /// Bytes that were read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The hash of the bytes that were read.
    pub(crate) fn digits(&self) -> String {
        self.hash.digits()
    }

    /// This place; `None` before the first byte.
    pub(crate) fn mark(&self) -> Option<Mark> {
        let (identity, position) = (self.identity.clone()?, self.position);
        Some(Mark { identity, position, hash: self.hash.put_aside() })
    }

    /// Why reading failed, if it did.
    pub(crate) fn failure(&mut self) -> Option<DownloadError> {
        self.failure.take()
    }

    /// Requests the bytes from here on, and skips those that a server sends before.
    fn connect(&mut self) -> Result<BodyReader<'static>, Trouble> {
        let answer = ask(&self.url, self.position, None, self.config)?;
        let url = || self.url.to_string();
        if let Some(found) = answer.identity.total.filter(|total| *total != self.bytes) {
            return Err(DownloadError::Size { url: url(), found, expected: self.bytes }.into());
        }
        if let Some(identity) = &self.identity
            && !(if self.is_checked {
                identity == &answer.identity
            } else {
                identity.is_same(&answer.identity)
            })
        {
            return Err(DownloadError::Changed { url: url() }.into());
        }
        if self.position > 0 && answer.start == self.position {
            heard((self.tell)(DownloadEvent::Continued { bytes: self.position }))?;
        }
        let mut body = answer.body;
        let mut before = self.position - answer.start;
        let mut buffer = vec![0; 1 << 16];
        while before > 0 {
            let most = buffer.len().min(usize::try_from(before).unwrap_or(usize::MAX));
            let n_bytes =
                body.read(&mut buffer[..most]).map_err(|error| Trouble::Passing(error.to_string()))?;
            if n_bytes == 0 {
                return Err(Trouble::Passing(format!(
                    "the server ended {before} bytes before the place to go on"
                )));
            }
            before -= n_bytes as u64;
            heard((self.tell)(DownloadEvent::Bytes { done: self.position, total: Some(self.bytes) }))?;
        }
        self.identity = Some(answer.identity);
        Ok(body)
    }

    /// One read of the connection, which is made where there is none; 0 where it ended.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Trouble> {
        let mut body = match self.body.take() {
            Some(body) => body,
            None => self.connect()?,
        };
        loop {
            match body.read(buffer) {
                Ok(n_bytes) => {
                    self.body = (n_bytes > 0).then_some(body);
                    return Ok(n_bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Trouble::Passing(error.to_string())),
            }
        }
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize, DownloadError> {
        let left = usize::try_from(self.bytes - self.position).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        if most == 0 {
            return Ok(0);
        }
        loop {
            let reason = match self.receive(&mut buffer[..most]) {
                Ok(0) => format!("the server ended after {} of {} bytes", self.position, self.bytes),
                Ok(n_bytes) => {
                    self.hash.update(&buffer[..n_bytes]);
                    self.position += n_bytes as u64;
                    heard((self.tell)(DownloadEvent::Bytes {
                        done: self.position,
                        total: Some(self.bytes),
                    }))?;
                    return Ok(n_bytes);
                }
                Err(Trouble::Passing(reason)) => reason,
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::PastTheEnd) => return Err(DownloadError::Changed { url: self.url.to_string() }),
            };
            self.patience.lose(&self.url, reason, self.position, self.tell)?;
        }
    }
}

impl Read for RemoteFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.next(buffer).map_err(|error| {
            let text = error.to_string();
            self.failure = Some(error);
            io::Error::other(text)
        })
    }
}
