//! One archive, read from the server to its end: a sample of its images on the disk, its checksum compared.

use std::cell::RefCell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use super::super::Skipped;
use super::super::import::archive::{self, ArchiveError, Content};
use super::super::import::{ImportConfig, Taken};
use super::config::FetchConfig;
use super::error::FetchError;
use super::plan::PlannedFile;
use super::report::Check;
use super::reservoir::{Kept, Reservoir};
use super::set::KNOWN_MD5;
use crate::download::{DownloadError, DownloadEvent, RemoteFile};

/// Times an archive is begun where the server changes it meanwhile.
const MOST_STARTS: usize = 3;
/// Entries of a tar file begin at multiples of this.
const BLOCK_BYTES: u64 = 512;

/// What was drawn from an archive.
pub(super) struct Sampled {
    kept: Vec<Kept>,
    pub(super) n_images: usize,
    pub(super) n_other: usize,
    pub(super) refused: Vec<Skipped>,
    pub(super) checksum: String,
    pub(super) check: Check,
}

impl Sampled {
    /// The files in `folder`, for the import, in the order of the archive's names.
    pub(super) fn taken(&self, file: &PlannedFile, folder: &Path) -> Vec<Taken> {
        let mut taken: Vec<Taken> = self
            .kept
            .iter()
            .map(|kept| Taken {
                path: folder.join(&kept.file),
                name: kept.name.rsplit('/').next().unwrap_or(&kept.name).to_owned(),
                source: source(file, &kept.name),
                category: file.category.clone(),
            })
            .collect();
        taken.sort_by(|one, other| one.source.cmp(&other.source));
        taken
    }
}

fn source(file: &PlannedFile, name: &str) -> String {
    format!("{}/{}", file.name, name.trim_start_matches("./"))
}

/// Reads `file`; what is not complete stays in `folder`.
pub(super) fn read(
    file: &PlannedFile,
    folder: &Path,
    config: &FetchConfig,
    tell: &mut dyn FnMut(DownloadEvent) -> ControlFlow<()>,
) -> Result<Sampled, FetchError> {
    let mut reservoir = Reservoir::open(file, folder, config)?;
    let mut starts = 1;
    while reservoir.state().verified.is_none() {
        match once(file, &mut reservoir, config, tell) {
            Ok(()) => {}
            Err(FetchError::Download(DownloadError::Changed { .. })) if starts < MOST_STARTS => {
                starts += 1;
                reservoir.clear()?;
                let reason = "the file on the server has changed";
                super::heard(tell(DownloadEvent::StartedOver { reason }))?;
            }
            Err(error) => return Err(error),
        }
    }
    let state = reservoir.state().clone();
    let checksum = state.verified.unwrap_or_default();
    let check = match &file.checksum {
        Some(_) => Check::Record,
        None if is_known(&file.name, &checksum) => Check::Known,
        None => Check::SizeOnly,
    };
    let (kept, refused) = (state.kept, state.refused);
    Ok(Sampled { kept, n_images: state.n_images, n_other: state.n_other, refused, checksum, check })
}

/// Whether `checksum` is one that is known of the archive `name`.
fn is_known(name: &str, checksum: &str) -> bool {
    let of_name = KNOWN_MD5.iter().find(|(known, _)| *known == name);
    of_name.is_some_and(|(_, digits)| digits.iter().any(|digits| checksum == format!("md5:{digits}")))
}

/// Reads on to the end of the archive.
fn once(
    file: &PlannedFile,
    reservoir: &mut Reservoir,
    config: &FetchConfig,
    tell: &mut dyn FnMut(DownloadEvent) -> ControlFlow<()>,
) -> Result<(), FetchError> {
    let mark = reservoir.state().mark.clone();
    let checksum = file.known.as_ref();
    let remote = RemoteFile::open(&file.url, file.bytes, checksum, mark.as_ref(), &config.download, tell);
    if mark.is_some() && remote.position() == 0 {
        reservoir.clear()?; // of another address or size
    }
    let remote = Rc::new(RefCell::new(remote));
    let read = entries(file, reservoir, &remote);
    // whatever happens now, the next attempt goes on from the last entry
    let mut remote = remote.borrow_mut();
    match (read, remote.failure()) {
        (Ok(()), None) => {}
        (_, Some(error @ DownloadError::Changed { .. })) => return Err(error.into()),
        (_, Some(error)) => {
            reservoir.save()?;
            return Err(error.into());
        }
        (Err(Stop::Failed(error)), None) => return Err(error),
        (Err(Stop::Archive(ArchiveError { n_entries, error: source })), None) => {
            reservoir.clear()?;
            return Err(FetchError::Archive { url: file.url.to_string(), n_entries, source });
        }
    }
    let found = remote.digits();
    if let Some(expected) = checksum.filter(|checksum| checksum.digits != found) {
        reservoir.clear()?;
        let (url, kind, expected) = (file.url.to_string(), expected.kind, expected.digits.clone());
        return Err(DownloadError::Hash { url, kind, found, expected }.into());
    }
    let kind = checksum.map_or("md5", |checksum| checksum.kind);
    reservoir.finish(format!("{kind}:{found}"))
}

/// Offers each image to the reservoir.
fn entries(
    file: &PlannedFile,
    reservoir: &mut Reservoir,
    remote: &Rc<RefCell<RemoteFile<'_>>>,
) -> Result<(), Stop> {
    let damaged = |error| Stop::Archive(ArchiveError { n_entries: 0, error });
    let begun = remote.borrow().position();
    let padding = begun.next_multiple_of(BLOCK_BYTES) - begun;
    io::copy(&mut Shared(Rc::clone(remote)).take(padding), &mut io::sink()).map_err(damaged)?;
    let reader = Box::new(Shared(Rc::clone(remote)));
    archive::entries_of(reader, &ImportConfig::default(), &mut |name, content| {
        let file_name = name.rsplit('/').next().unwrap_or(name);
        match content {
            Content::Refused(reason) => reservoir.refuse(source(file, name), reason),
            _ if file_name.starts_with('.') || name.ends_with('/') => {}
            Content::Other => reservoir.other(),
            Content::Image(bytes) => reservoir.offer(name, &bytes).map_err(Stop::Failed)?,
        }
        reservoir.reached(remote.borrow().mark()).map_err(Stop::Failed)
    })
}

/// A reader that the archive's reader and this file both hold.
struct Shared<'a>(Rc<RefCell<RemoteFile<'a>>>);

impl Read for Shared<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

/// Why an archive is read no further.
enum Stop {
    Archive(ArchiveError),
    Failed(FetchError),
}

impl From<ArchiveError> for Stop {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}
