//! Directories of a TIFF file: pages, tags and the values of tags, from files that may be damaged.
//!
//! Classic and `BigTIFF`, both byte orders (TIFF 6.0, Adobe 1992). Only the requested values
//! are kept in memory.

use std::collections::HashSet;
use std::io::{self, Read};

use super::super::error::ReadError;
use super::super::image_file::{ImageFile, Stream};

/// Most pages that are counted; a damaged file may chain any number of them.
const MOST_PAGES: usize = 10_000;
/// Most values of one tag, e.g. strips of an image.
const MOST_VALUES: u64 = 1 << 20;

/// Why tags could not be read.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    Damaged(String),
    Unsupported { found: String, expected: &'static str },
}

impl Fault {
    pub(super) fn of(self, file: &ImageFile<'_>) -> ReadError {
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                file.damaged("it ends before its tags do")
            }
            Self::Io(error) => file.io(error),
            Self::Damaged(reason) => file.damaged(reason),
            Self::Unsupported { found, expected } => {
                ReadError::Unsupported { path: file.path.to_owned(), found, expected }
            }
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A tag and the position of its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) tag: u16,
    /// Type of the value by its number in the standard.
    pub(super) kind: u16,
    pub(super) count: u64,
    /// Position of the value in the file.
    pub(super) value_at: u64,
}

impl Entry {
    /// Bytes of one value; 0 for types that are not known.
    fn value_bytes(&self) -> u64 {
        match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => 0,
        }
    }

    /// Bytes of all values.
    pub(super) fn bytes(&self) -> u64 {
        self.value_bytes().saturating_mul(self.count)
    }
}

/// The tags of one page.
#[derive(Debug)]
pub(super) struct Directory {
    entries: Vec<Entry>,
}

impl Directory {
    /// The first entry for `tag`.
    pub(super) fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }
}

/// Reader of directories and values.
pub(super) struct Tags<'a> {
    reader: &'a mut dyn Stream,
    length: u64,
    little_endian: bool,
    big: bool,
    first: u64,
}

impl<'a> Tags<'a> {
    /// Reads the header.
    pub(super) fn open(reader: &'a mut dyn Stream, length: u64) -> Result<Self, Fault> {
        reader.rewind()?;
        let mut mark = [0; 4];
        reader.read_exact(&mut mark)?;
        let little_endian = mark[0] == b'I';
        let big = mark.contains(&43);
        let mut tags = Self { reader, length, little_endian, big, first: 0 };
        if big {
            let (offset_bytes, zero) = (tags.word(2)?, tags.word(2)?);
            if (offset_bytes, zero) != (8, 0) {
                return Err(Fault::Damaged(format!("expected offsets of 8 bytes, found {offset_bytes}")));
            }
        }
        tags.first = tags.offset()?;
        Ok(tags)
    }

    /// Position of the directory of the first page.
    pub(super) fn first_page(&self) -> u64 {
        self.first
    }

    pub(super) fn little_endian(&self) -> bool {
        self.little_endian
    }

    /// Positions of the directories of all pages, and the reason if their chain ended early.
    pub(super) fn pages(&mut self) -> (Vec<u64>, Option<String>) {
        let mut pages = Vec::new();
        let mut seen = HashSet::new();
        let mut at = self.first;
        while at != 0 {
            if pages.len() == MOST_PAGES {
                return (pages, Some(format!("more than {MOST_PAGES} pages")));
            }
            if !seen.insert(at) {
                let fault = format!("page {} comes back to an earlier one", pages.len());
                return (pages, Some(fault));
            }
            match self.next_page(at) {
                Ok(next) => {
                    pages.push(at);
                    at = next;
                }
                Err(_) => {
                    // a page whose tags can be read counts, even if the link to the next is damaged
                    if self.directory(at).is_ok() {
                        pages.push(at);
                    }
                    return (pages, Some(format!("the directory at byte {at} is incomplete")));
                }
            }
        }
        (pages, None)
    }

    fn next_page(&mut self, at: u64) -> Result<u64, Fault> {
        let n_entries = self.entry_count(at)?;
        let (count_bytes, entry_bytes) = self.directory_bytes();
        self.seek(at.saturating_add(count_bytes + n_entries * entry_bytes))?;
        self.offset()
    }

    fn entry_count(&mut self, at: u64) -> Result<u64, Fault> {
        self.seek(at)?;
        let n_entries = self.word(if self.big { 8 } else { 2 })?;
        // TIFF has no more than 2¹⁶ different tags
        if n_entries == 0 || n_entries > 1 << 16 {
            return Err(Fault::Damaged(format!("a directory of {n_entries} tags")));
        }
        Ok(n_entries)
    }

    /// Bytes of the count, and of an entry.
    fn directory_bytes(&self) -> (u64, u64) {
        if self.big { (8, 20) } else { (2, 12) }
    }

    /// The directory at byte `at`.
    pub(super) fn directory(&mut self, at: u64) -> Result<Directory, Fault> {
        let n_entries = self.entry_count(at)?;
        let (count_bytes, entry_bytes) = self.directory_bytes();
        let mut entries = Vec::new();
        for idx in 0..n_entries {
            let (tag, kind) = (self.word(2)? as u16, self.word(2)? as u16);
            let count = self.word(if self.big { 8 } else { 4 })?;
            let field = self.offset()?;
            let (inline_bytes, field_at) = match self.big {
                true => (8, at + count_bytes + idx * entry_bytes + 12),
                false => (4, at + count_bytes + idx * entry_bytes + 8),
            };
            let mut entry = Entry { tag, kind, count, value_at: field };
            if entry.bytes() <= inline_bytes {
                entry.value_at = field_at;
            }
            entries.push(entry);
        }
        Ok(Directory { entries })
    }

    /// The bytes of `entry`'s value, at most `most` and as far as the file goes.
    pub(super) fn bytes(&mut self, entry: &Entry, most: u64) -> Result<Vec<u8>, Fault> {
        self.bytes_at(entry.value_at, entry.bytes().min(most))
    }

    /// The `count` bytes at `at`, as far as the file goes.
    pub(super) fn bytes_at(&mut self, at: u64, count: u64) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        if at < self.length {
            self.seek(at)?;
            (&mut *self.reader).take(count).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// The first floating-point number of `entry`; `None` where it is of another type or not whole.
    pub(super) fn double(&mut self, entry: &Entry) -> Result<Option<f64>, Fault> {
        let value = self.bytes(entry, 8)?;
        Ok(match (entry.kind, value.len()) {
            (12, 8) => Some(f64::from_bits(self.whole(&value))),
            (11, 4..) => Some(f64::from(f32::from_bits(self.whole(&value[..4]) as u32))),
            _ => None,
        })
    }

    /// The whole numbers of `entry`'s value.
    pub(super) fn numbers(&mut self, entry: &Entry) -> Result<Vec<u64>, Fault> {
        let bytes = match entry.kind {
            1 | 3 | 4 | 13 | 16 | 18 => entry.value_bytes() as usize,
            kind => {
                return Err(Fault::Damaged(format!(
                    "tag {}: expected whole numbers, found type {kind}",
                    entry.tag
                )));
            }
        };
        if entry.count > MOST_VALUES {
            return Err(Fault::Damaged(format!(
                "tag {}: {} values, at most {MOST_VALUES} are read",
                entry.tag, entry.count
            )));
        }
        let value = self.bytes(entry, u64::MAX)?;
        if value.len() as u64 != bytes as u64 * entry.count {
            return Err(Fault::Damaged(format!("tag {}: its value is outside the file", entry.tag)));
        }
        Ok(value.chunks_exact(bytes).map(|value| self.whole(value)).collect())
    }

    /// The first whole number of `tag`; `None` where the page has no such tag.
    pub(super) fn number(&mut self, directory: &Directory, tag: u16) -> Result<Option<u64>, Fault> {
        match directory.entry(tag) {
            Some(entry) => Ok(self.numbers(&Entry { count: entry.count.min(1), ..*entry })?.first().copied()),
            None => Ok(None),
        }
    }

    /// The first fraction of `entry`; `None` where it is of another type.
    pub(super) fn rational(&mut self, entry: &Entry) -> Result<Option<(u32, u32)>, Fault> {
        if entry.kind != 5 {
            return Ok(None);
        }
        let value = self.bytes(entry, 8)?;
        Ok((value.len() == 8).then(|| (self.whole(&value[..4]) as u32, self.whole(&value[4..]) as u32)))
    }

    /// The last `most` bytes of the file, or all.
    pub(super) fn tail(&mut self, most: u64) -> Result<Vec<u8>, Fault> {
        self.seek(self.length.saturating_sub(most))?;
        let mut tail = Vec::new();
        (&mut *self.reader).take(most).read_to_end(&mut tail)?;
        Ok(tail)
    }

    fn seek(&mut self, at: u64) -> Result<(), Fault> {
        let here = self.reader.stream_position()?;
        // keeps what is buffered where the step is small
        match i64::try_from(i128::from(at) - i128::from(here)) {
            Ok(step) if at <= self.length => Ok(self.reader.seek_relative(step)?),
            _ => Err(Fault::Damaged(format!("it refers to byte {at} of {}", self.length))),
        }
    }

    fn offset(&mut self) -> Result<u64, Fault> {
        self.word(if self.big { 8 } else { 4 })
    }

    /// A number of `bytes` bytes, at most 8.
    fn word(&mut self, bytes: usize) -> Result<u64, Fault> {
        let mut word = [0; 8];
        self.reader.read_exact(&mut word[..bytes])?;
        Ok(self.whole(&word[..bytes]))
    }

    fn whole(&self, bytes: &[u8]) -> u64 {
        let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        if self.little_endian { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) }
    }
}
