//! An incomplete download: `NAME.part`, and beside it which file it is of.
//!
//! A part is continued only if the server names the same version of the same file; otherwise it is removed and
//! started again. The caller checks the bytes at the end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use micrograph::file::write_whole;

use super::answer::{Answer, Identity, ask};
use super::config::{DownloadConfig, DownloadEvent, Tell, heard, with_ending};
use super::error::{DownloadError, Trouble};
use super::http::Uri;

/// Most bytes of a file whose size is not reported; the largest known one has 600 million.
const MOST_BYTES: u64 = 4 << 30;
/// Bytes that are read at once.
const BUFFER_BYTES: usize = 1 << 16;

/// Bytes of a file on a server.
pub(crate) struct Wanted<'a> {
    pub(crate) url: &'a Uri,
    /// First byte and the one after the last; `None` for the end of the file.
    pub(crate) start: u64,
    pub(crate) end: Option<u64>,
    /// How many there have to be, if known.
    pub(crate) bytes: Option<u64>,
    /// Which version of the file they have to be from, if that matters.
    pub(crate) version: Option<&'a Identity>,
}

/// A part on the disk, locked against other programs.
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
    identity: Option<Identity>,
}

impl Part {
    /// Opens the part at `path`, empty if there is none.
    pub(crate) fn open(path: PathBuf) -> Result<Self, DownloadError> {
        let fail = |source| DownloadError::file(&path, source);
        // appending needs no offset, and keeps existing bytes
        let file = OpenOptions::new().create(true).append(true).read(true).open(&path).map_err(fail)?;
        // some file systems have no locks: there, users have to take care themselves
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(DownloadError::Busy { path });
        }
        let length = file.metadata().map_err(fail)?.len();
        let identity = fs::read(with_ending(&path, ".json")).ok();
        let identity = identity.and_then(|text| serde_json::from_slice(&text).ok());
        Ok(Self { path, file, length, identity })
    }

    /// Fetches what is missing of `wanted`; afterwards the part holds just these bytes.
    ///
    /// Too many bytes, and bytes from elsewhere, remove the part.
    pub(crate) fn complete(
        &mut self,
        wanted: &Wanted,
        config: &DownloadConfig,
        tell: &mut Tell,
    ) -> Result<Identity, DownloadError> {
        let mut patience = Patience::new(config);
        loop {
            match self.attempt(wanted, config, tell) {
                Ok(identity) if self.length > 0 => return Ok(identity),
                Ok(_) => {
                    let (found, expected) = ("an empty file".to_owned(), "bytes".to_owned());
                    return Err(DownloadError::Answer { url: wanted.url.to_string(), found, expected });
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::PastTheEnd) if self.length > 0 => {
                    self.clear()?;
                    let reason = "the part is longer than the file";
                    heard(tell(DownloadEvent::StartedOver { reason }))?;
                }
                Err(Trouble::PastTheEnd) => {
                    return Err(DownloadError::Status { url: wanted.url.to_string(), status: 416 });
                }
                Err(Trouble::Passing(reason)) => patience.lose(wanted.url, reason, self.length, tell)?,
            }
        }
    }

    /// One request.
    fn attempt(
        &mut self,
        wanted: &Wanted,
        config: &DownloadConfig,
        tell: &mut Tell,
    ) -> Result<Identity, Trouble> {
        let url = || wanted.url.to_string();
        if let Some(identity) = &self.identity
            && self.length > 0
            && identity.url == url()
            && expected_bytes(wanted, identity) == Some(self.length)
            && wanted.version.is_none_or(|version| version.is_same(identity))
        {
            return Ok(identity.clone()); // it was cut off between the last byte and the final name
        }
        let from = wanted.start + self.length;
        let answer = match wanted.end {
            Some(end) if from >= end => return Err(Trouble::PastTheEnd),
            end => ask(wanted.url, from, end, config)?,
        };
        if let Some(version) = wanted.version
            && version != &answer.identity
        {
            let (found, expected) = ("another version of the file", "the one its header came from");
            let (found, expected) = (found.to_owned(), expected.to_owned());
            return Err(DownloadError::Answer { url: url(), found, expected }.into());
        }
        let continued = self.identity.as_ref().is_some_and(|identity| identity.is_same(&answer.identity));
        if self.length > 0 && continued && answer.start == from {
            heard(tell(DownloadEvent::Continued { bytes: self.length }))?;
        } else {
            let had_bytes = self.length > 0;
            self.restart(&answer.identity)?;
            if had_bytes {
                let reason = match (continued, answer.identity.tag.is_some()) {
                    (true, _) => "the server does not continue downloads",
                    (false, true) => "the part is of another file or version",
                    (false, false) => "the server does not report whether it is the same file",
                };
                heard(tell(DownloadEvent::StartedOver { reason }))?;
                if answer.start > wanted.start {
                    return self.attempt(wanted, config, tell);
                }
            }
        }
        let expected = expected_bytes(wanted, &answer.identity);
        if let (Some(found), Some(expected)) = (expected, wanted.bytes)
            && found != expected
        {
            self.clear()?;
            return Err(DownloadError::Size { url: url(), found, expected }.into());
        }
        let identity = answer.identity.clone();
        let most = expected.or(wanted.bytes);
        self.append(answer, wanted, most, tell)?;
        match most {
            Some(expected) if self.length < expected => {
                Err(Trouble::Passing(format!("the server ended after {} of {expected} bytes", self.length)))
            }
            _ => Ok(identity),
        }
    }

    /// Appends the body of `answer`, of which the part is to hold `most` bytes in the end.
    fn append(
        &mut self,
        answer: Answer,
        wanted: &Wanted,
        most: Option<u64>,
        tell: &mut Tell,
    ) -> Result<(), Trouble> {
        let passing = |error: io::Error| Trouble::Passing(error.to_string());
        let mut body = answer.body;
        // a server without ranges sends what comes before, too
        let before = wanted.start + self.length - answer.start;
        let skipped = io::copy(&mut body.by_ref().take(before), &mut io::sink()).map_err(passing)?;
        if skipped < before {
            return Err(Trouble::Passing(format!("the server ended after {skipped} bytes")));
        }
        let limit = most.unwrap_or(MOST_BYTES);
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let n_bytes = match body.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n_bytes) => n_bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(passing(error)),
            };
            let left = limit.saturating_sub(self.length);
            let fitting = left.min(n_bytes as u64) as usize;
            self.file
                .write_all(&buffer[..fitting])
                .map_err(|source| DownloadError::file(&self.path, source))?;
            self.length += fitting as u64;
            heard(tell(DownloadEvent::Bytes { done: self.length, total: most }))?;
            // what follows the requested range is not needed, but sent by servers without ranges
            if wanted.end.is_some() && self.length == limit {
                return Ok(());
            }
            if fitting < n_bytes {
                self.clear()?;
                return Err(DownloadError::TooLong { url: wanted.url.to_string(), expected: limit }.into());
            }
        }
    }

    fn restart(&mut self, identity: &Identity) -> Result<(), DownloadError> {
        self.clear()?;
        let text = serde_json::to_vec(identity).expect("texts and numbers can be written as JSON");
        write_whole(&with_ending(&self.path, ".json"), &text)?;
        self.identity = Some(identity.clone());
        Ok(())
    }

    /// Where the bytes are.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How many there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Reads `range` of the bytes and writes them to `writer`.
    pub(crate) fn copy(&self, range: Range<u64>, writer: &mut dyn Write) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(range.start))?;
        let n_bytes = range.end - range.start;
        match io::copy(&mut file.take(n_bytes), writer)? {
            copied if copied == n_bytes => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Gives the part its final name.
    pub(crate) fn place(self, path: &Path) -> Result<(), DownloadError> {
        self.file.sync_all().map_err(|source| DownloadError::file(&self.path, source))?;
        fs::rename(&self.path, path).map_err(|source| DownloadError::file(path, source))?;
        // left over, it would belong to no part and do no harm
        let _ = fs::remove_file(with_ending(&self.path, ".json"));
        Ok(())
    }

    /// Removes the bytes.
    pub(crate) fn clear(&mut self) -> Result<(), DownloadError> {
        if self.length > 0 {
            self.file.set_len(0).map_err(|source| DownloadError::file(&self.path, source))?;
            self.length = 0;
        }
        self.identity = None;
        Ok(())
    }
}

/// An empty part is removed.
impl Drop for Part {
    fn drop(&mut self) {
        if self.length == 0 {
            // a destructor cannot report an error, and an empty file does no harm
            let _ = fs::remove_file(with_ending(&self.path, ".json"));
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// How many bytes `wanted` has, if the file's size is known.
fn expected_bytes(wanted: &Wanted, identity: &Identity) -> Option<u64> {
    wanted.end.or(identity.total).map(|end| end.saturating_sub(wanted.start))
}

/// How many failures are tolerated, and the pause after each.
pub(crate) struct Patience {
    most_attempts: u32,
    first_pause: Duration,
    failures: u32,
    furthest: u64,
}

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Patience {
    pub(crate) fn new(config: &DownloadConfig) -> Self {
        let DownloadConfig { most_attempts, first_pause, .. } = *config;
        Self { most_attempts, first_pause, failures: 0, furthest: 0 }
    }

    /// Waits after a failure, twice as long each time; fails after too many since there was more
    /// than ever before.
    pub(crate) fn lose(
        &mut self,
        url: &Uri,
        reason: String,
        reached: u64,
        tell: &mut Tell,
    ) -> Result<(), DownloadError> {
        if reached > self.furthest {
            self.furthest = reached;
            self.failures = 0;
        }
        self.failures += 1;
        if self.failures >= self.most_attempts {
            return Err(DownloadError::GaveUp { url: url.to_string(), attempts: self.failures, reason });
        }
        let pause = self.first_pause.saturating_mul(1 << (self.failures - 1).min(16)).min(LONGEST_PAUSE);
        heard(tell(DownloadEvent::Again { reason, pause }))?;
        std::thread::sleep(pause);
        Ok(())
    }
}
