//! A file that is being decoded: its name, format and length, how to read it, and the errors
//! that name it. Its bytes come from a [`Stream`].

use std::io::{self, BufRead, Seek};
use std::path::Path;

use crate::Plane;
use crate::calibration::POSSIBLE_NM_PER_PX;

use super::config::ReadConfig;
use super::error::ReadError;
use super::format::{self, Format};

/// Bytes with random access: those of a file, or in memory.
pub(super) trait Stream: BufRead + Seek {}

impl<R: BufRead + Seek> Stream for R {}

/// A file's name and format, and how it is to be read.
pub(super) struct ImageFile<'a> {
    pub(super) path: &'a Path,
    pub(super) config: &'a ReadConfig,
    pub(super) format: Format,
    /// Bytes in the file.
    pub(super) length: u64,
}

impl<'a> ImageFile<'a> {
    /// An error for settings that fit no file.
    pub(super) fn check(path: &Path, config: &ReadConfig) -> Result<(), ReadError> {
        match config.nm_per_px {
            Some(nm_per_px) if !POSSIBLE_NM_PER_PX.contains(&nm_per_px) => {
                Err(ReadError::PixelSize { path: path.to_owned(), nm_per_px })
            }
            _ => Ok(()),
        }
    }

    /// The file of `length` bytes that `stream` gives.
    pub(super) fn new(
        path: &'a Path,
        config: &'a ReadConfig,
        stream: &mut dyn Stream,
        length: u64,
    ) -> Result<Self, ReadError> {
        let io = |source| ReadError::Io { path: path.to_owned(), source };
        let head = format::head(stream).map_err(io)?;
        stream.rewind().map_err(io)?;
        let format = format::of(&head).map_err(|found| ReadError::Format { path: path.to_owned(), found })?;
        Ok(Self { path, config, format, length })
    }

    pub(super) fn io(&self, source: io::Error) -> ReadError {
        ReadError::Io { path: self.path.to_owned(), source }
    }

    pub(super) fn damaged(&self, reason: impl Into<String>) -> ReadError {
        ReadError::Damaged { path: self.path.to_owned(), format: self.format.name(), reason: reason.into() }
    }

    pub(super) fn decode(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ReadError {
        ReadError::Decode { path: self.path.to_owned(), format: self.format.name(), source: source.into() }
    }

    /// Refuses pixels whose plane and `working` copies need more bytes than the budget.
    pub(super) fn check_budget(&self, height: usize, width: usize, working: u64) -> Result<(), ReadError> {
        let plane = (height as u64).saturating_mul(width as u64).saturating_mul(size_of::<f32>() as u64);
        self.check_bytes(plane.saturating_add(working), || format!("{height} rows of {width} pixels"))
    }

    /// A plane of zeros, or an error where the system has no memory for it.
    pub(super) fn plane(&self, height: usize, width: usize) -> Result<Plane, ReadError> {
        let what = || format!("{height} rows of {width} pixels");
        let n = height.checked_mul(width);
        // tried first: a failure of the allocation itself would end the program
        if n.is_none_or(|n| Vec::<f32>::new().try_reserve_exact(n).is_err()) {
            return Err(ReadError::NoMemory { path: self.path.to_owned(), what: what() });
        }
        Ok(Plane::filled(height, width, 0.0))
    }

    pub(super) fn check_bytes(&self, bytes: u64, what: impl Fn() -> String) -> Result<(), ReadError> {
        let most_bytes = self.config.most_bytes;
        if bytes <= most_bytes as u64 {
            return Ok(());
        }
        Err(ReadError::TooLarge { path: self.path.to_owned(), what: what(), bytes, most_bytes })
    }
}

/// An error for data that break the rules of their format.
pub(super) fn invalid(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}
