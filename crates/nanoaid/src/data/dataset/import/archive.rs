//! Archive: the image files in a tar file, plain or compressed with gzip, one after the other.
//!
//! Files are never written to paths from an archive: an entry gives a name and bytes. Entries that
//! climb out of their folder, links and devices are refused, and how much is unpacked is bounded,
//! since a small file can unpack to anything. A compressed archive is read to its end once before anything is taken,
//! since its check sums stand there.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Component, Path};
use std::rc::Rc;

use flate2::bufread::GzDecoder;
use flate2::read::MultiGzDecoder;
use micrograph::read::is_image;
use micrograph::regular;

use super::ImportConfig;

/// Bytes that headers between two entries may take: long names, padding.
const MOST_HEADER_BYTES: u64 = 1 << 20;

/// What an archive holds at one place.
pub(in crate::data::dataset) enum Content {
    /// An image file, by its ending.
    Image(Vec<u8>),
    /// Something that is not taken, and why.
    Refused(String),
    /// A file of another kind, by its ending.
    Other,
}

/// Whether `path` is named like an archive: `.tar`, `.tar.gz`, `.tgz`.
pub(in crate::data::dataset) fn is_archive(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    [".tar", ".tar.gz", ".tgz"].iter().any(|ending| name.ends_with(ending))
}

/// The name of an archive without its ending.
pub(in crate::data::dataset) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = name.to_lowercase().find(".t").unwrap_or(name.len());
    name.get(..end).unwrap_or(&name).to_owned()
}

/// Reads the compressed file at `path` to its end, and compares the check sum of each part. Zeros after the end are
/// allowed, as tapes add them. A plain file has no check sum.
///
/// # Errors
/// If it cannot be read, is damaged, unpacks to far more than `most_bytes`, or something else follows its end.
pub(in crate::data::dataset) fn check_sums(path: &Path, most_bytes: u64) -> io::Result<()> {
    let (mut reader, is_compressed) = file_of(path)?;
    if !is_compressed {
        return Ok(());
    }
    // besides the files: headers, padding, files that are not taken
    let mut left = most_bytes.saturating_mul(2).saturating_add(MOST_HEADER_BYTES);
    loop {
        let mut part = GzDecoder::new(&mut reader).take(left.saturating_add(1));
        let n_bytes = io::copy(&mut part, &mut io::sink())?;
        left = left.checked_sub(n_bytes).ok_or_else(|| {
            io::Error::other(format!("it unpacks to more than twice the {} MiB allowed", most_bytes >> 20))
        })?;
        match reader.fill_buf()?.first() {
            None => return Ok(()),
            Some(0x1f) => {}
            Some(_) => return only_zeros(&mut reader),
        }
    }
}

/// An error if `reader` gives anything but zeros.
fn only_zeros(reader: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(io::Error::other("something else follows its end"));
        }
        let n_bytes = bytes.len();
        reader.consume(n_bytes);
    }
}

/// Gives the name (with folders, as the archive gives it) and content of each entry to `take`.
///
/// # Errors
/// If the file can't be read, is damaged, or unpacks to more than allowed: what came before has
/// been given to `take`. Or with what `take` gave.
pub(in crate::data::dataset) fn entries<E: From<ArchiveError>>(
    path: &Path,
    config: &ImportConfig,
    take: &mut dyn FnMut(&str, Content) -> Result<(), E>,
) -> Result<(), E> {
    let reader = opened(path).map_err(|error| ArchiveError { n_entries: 0, error })?;
    entries_of(reader, config, take)
}

/// The same of an archive that is read from `reader`, from the beginning of an entry on.
///
/// # Errors
/// As those of [`entries`]. When `take` is called with an image, `reader` has given its last byte and no further one.
pub(in crate::data::dataset) fn entries_of<'a, E: From<ArchiveError>>(
    reader: Box<dyn Read + 'a>,
    config: &ImportConfig,
    take: &mut dyn FnMut(&str, Content) -> Result<(), E>,
) -> Result<(), E> {
    let allowance = Rc::new(Cell::new(MOST_HEADER_BYTES));
    let mut archive = tar::Archive::new(Bounded { reader, allowance: Rc::clone(&allowance) });
    let mut bytes_left = config.most_archive_bytes;
    let mut n_taken = 0;
    let damaged = |n_entries, error| ArchiveError { n_entries, error };
    for (n_entries, entry) in archive.entries().map_err(|error| damaged(0, error))?.enumerate() {
        let mut entry = entry.map_err(|error| damaged(n_entries, error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let size = entry.size();
        if size > bytes_left {
            let most = config.most_archive_bytes >> 20;
            let error = io::Error::other(format!("`{name}` makes it unpack to more than {most} MiB"));
            return Err(damaged(n_entries, error).into());
        }
        bytes_left -= size;
        allowance.set(size.saturating_add(MOST_HEADER_BYTES));
        let refused = refusal(&entry, &name, config.most_file_bytes);
        let content = match refused {
            Some(content) => {
                io::copy(&mut entry, &mut io::sink()).map_err(|error| damaged(n_entries, error))?;
                content
            }
            None => {
                let mut bytes = Vec::new(); // grows with what is there, not with what is announced
                entry.read_to_end(&mut bytes).map_err(|error| damaged(n_entries, error))?;
                if (bytes.len() as u64) < size {
                    return Err(damaged(n_entries, io::ErrorKind::UnexpectedEof.into()).into());
                }
                Content::Image(bytes)
            }
        };
        allowance.set(MOST_HEADER_BYTES);
        n_taken += 1;
        take(&name, content)?;
    }
    // an archive appended to another is not read, and is not left out without a word
    allowance.set(u64::MAX);
    let rest = only_zeros(&mut BufReader::new(archive.into_inner()));
    match rest {
        Err(error) if error.kind() == io::ErrorKind::Other => Err(damaged(n_taken, error).into()),
        // the compression, which was checked before: zeros after its end
        _ => Ok(()),
    }
}

/// Why an archive was not read to its end.
#[derive(Debug)]
pub(in crate::data::dataset) struct ArchiveError {
    /// Entries that were read before.
    pub(in crate::data::dataset) n_entries: usize,
    pub(in crate::data::dataset) error: io::Error,
}

/// What an entry is if it is not an image to be taken.
fn refusal<R: Read>(entry: &tar::Entry<'_, R>, name: &str, most_bytes: u64) -> Option<Content> {
    let kind = entry.header().entry_type();
    let climbs = name.contains('\\')
        || Path::new(name).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
    let reason = if climbs {
        "its name leads out of the folder".to_owned()
    } else if kind.is_dir() {
        return Some(Content::Other);
    } else if !kind.is_file() {
        format!("expected a file, found a {}", kind_text(kind))
    } else if !is_image(name) {
        return Some(Content::Other);
    } else if entry.size() > most_bytes {
        format!("it has {} bytes, allowed are {most_bytes}", entry.size())
    } else {
        return None;
    };
    Some(Content::Refused(reason))
}

fn kind_text(kind: tar::EntryType) -> &'static str {
    match kind {
        tar::EntryType::Symlink | tar::EntryType::Link => "link",
        tar::EntryType::Fifo | tar::EntryType::Char | tar::EntryType::Block => "device",
        _ => "special entry",
    }
}

/// The file, and whether it is compressed, by its first bytes.
fn file_of(path: &Path) -> io::Result<(BufReader<File>, bool)> {
    let mut file = regular::open(path)?;
    let mut head = [0; 2];
    let n_head = file.by_ref().take(2).read(&mut head)?;
    file.rewind()?;
    Ok((BufReader::with_capacity(1 << 18, file), head[..n_head] == [0x1f, 0x8b]))
}

/// The unpacked bytes of the file.
fn opened(path: &Path) -> io::Result<Box<dyn Read>> {
    let (reader, is_compressed) = file_of(path)?;
    Ok(if is_compressed { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) })
}

/// A reader that fails where more is read than allowed for what is being read.
struct Bounded<'a> {
    reader: Box<dyn Read + 'a>,
    allowance: Rc<Cell<u64>>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = self.allowance.get();
        if allowed == 0 && !buffer.is_empty() {
            return Err(io::Error::other(format!("more than {MOST_HEADER_BYTES} bytes between two files")));
        }
        let most = buffer.len().min(usize::try_from(allowed).unwrap_or(usize::MAX));
        let n_bytes = self.reader.read(&mut buffer[..most])?;
        self.allowance.set(allowed - n_bytes as u64);
        Ok(n_bytes)
    }
}
