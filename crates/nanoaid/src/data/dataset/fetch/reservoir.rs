//! Reservoir: a random sample of fixed size from a stream of images whose number is not known, kept on the disk.
//!
//! Each image has a random key, which follows from the seed and its name; those with the smallest keys are the sample
//! (Efraimidis & Spirakis 2006, with equal weights). So it depends neither on the order in the archive nor on where a
//! fetch was interrupted, and the sample of a smaller number is a part of that of a larger one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use micrograph::file::write_whole;
use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::super::Skipped;
use super::super::import::name;
use super::config::FetchConfig;
use super::error::FetchError;
use super::plan::PlannedFile;
use crate::download::{DownloadError, Mark};

/// Name of the state's file; those of images begin with a digit.
const STATE: &str = "state.json";
/// Bytes of the archive between two states that are written: what a kill loses at most.
const BYTES_BETWEEN: u64 = 32 << 20;

/// An image of the sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Its name in the archive, with folders.
    pub(super) name: String,
    /// Its file in the folder of the state.
    pub(super) file: String,
    key: u64,
    /// Its place among the images of the archive.
    index: usize,
}

/// All that is needed to go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// Settings that the sample follows from: seed, number, checksum by the record.
    settings: (u64, Option<usize>, Option<String>),
    /// How far the archive was read; `None` at its beginning.
    pub(super) mark: Option<Mark>,
    pub(super) n_images: usize,
    pub(super) n_other: usize,
    pub(super) refused: Vec<Skipped>,
    pub(super) kept: Vec<Kept>,
    /// The archive's checksum, once it was read to its end and found right.
    pub(super) verified: Option<String>,
}

impl State {
    /// At the beginning of the archive.
    fn empty(settings: (u64, Option<usize>, Option<String>)) -> Self {
        Self {
            settings,
            mark: None,
            n_images: 0,
            n_other: 0,
            refused: Vec::new(),
            kept: Vec::new(),
            verified: None,
        }
    }
}

/// The sample of one archive so far.
pub(super) struct Reservoir {
    folder: PathBuf,
    seed: u64,
    most: usize,
    state: State,
    /// The images by their keys.
    kept: BTreeMap<(u64, usize), Kept>,
    /// Files of images that are out of the sample, but not yet out of the state on the disk.
    replaced: Vec<PathBuf>,
    /// Place in the archive of the state on the disk.
    written: u64,
}

impl Reservoir {
    /// That of `folder`: continued if it was begun with the same settings, else empty.
    pub(super) fn open(file: &PlannedFile, folder: &Path, config: &FetchConfig) -> Result<Self, FetchError> {
        let settings = (config.seed, config.sample, file.checksum.clone());
        let empty = State::empty(settings);
        let read =
            fs::read(folder.join(STATE)).ok().and_then(|text| serde_json::from_slice::<State>(&text).ok());
        let is_whole = |state: &State| {
            state.settings == empty.settings
                && state.kept.iter().all(|kept| folder.join(&kept.file).is_file())
        };
        let state = read.filter(is_whole).unwrap_or(empty);
        let kept = state.kept.iter().map(|kept| ((kept.key, kept.index), kept.clone())).collect();
        let reservoir = Self {
            folder: folder.to_owned(),
            seed: config.seed,
            most: config.sample.unwrap_or(usize::MAX),
            written: state.mark.as_ref().map_or(0, |mark| mark.position),
            state,
            kept,
            replaced: Vec::new(),
        };
        reservoir.sweep()?;
        Ok(reservoir)
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Considers an image.
    pub(super) fn offer(&mut self, name: &str, bytes: &[u8]) -> Result<(), FetchError> {
        let index = self.state.n_images;
        self.state.n_images += 1;
        let file_name = name.rsplit('/').next().unwrap_or(name);
        let key = Stream::new(self.seed, &format!("sample {file_name}"), 0).bits();
        let is_last = |(last, _): (&(u64, usize), &Kept)| (key, index) < *last;
        if self.kept.len() >= self.most && !self.kept.last_key_value().is_some_and(is_last) {
            return Ok(());
        }
        let file = format!("{index:06}-{}", name::plain(file_name));
        write_whole(&self.folder.join(&file), bytes).map_err(DownloadError::from)?;
        self.kept.insert((key, index), Kept { name: name.to_owned(), file, key, index });
        if self.kept.len() > self.most
            && let Some((_, out)) = self.kept.pop_last()
        {
            self.replaced.push(self.folder.join(out.file));
        }
        Ok(())
    }

    pub(super) fn other(&mut self) {
        self.state.n_other += 1;
    }

    pub(super) fn refuse(&mut self, file: String, reason: String) {
        self.state.refused.push(Skipped { file, reason });
    }

    /// The archive was read up to `mark`, where an entry ends; writes the state where the last one is far behind.
    pub(super) fn reached(&mut self, mark: Option<Mark>) -> Result<(), FetchError> {
        let position = mark.as_ref().map_or(0, |mark| mark.position);
        self.state.mark = mark;
        if position >= self.written + BYTES_BETWEEN { self.save() } else { Ok(()) }
    }

    /// Writes the state, and removes images that are out of the sample.
    pub(super) fn save(&mut self) -> Result<(), FetchError> {
        self.state.kept = self.kept.values().cloned().collect();
        let text = serde_json::to_vec(&self.state).expect("texts and numbers can be written as JSON");
        write_whole(&self.folder.join(STATE), &text).map_err(DownloadError::from)?;
        self.written = self.state.mark.as_ref().map_or(0, |mark| mark.position);
        for path in self.replaced.drain(..) {
            fs::remove_file(&path).map_err(|source| DownloadError::file(&path, source))?;
        }
        Ok(())
    }

    /// The archive was read to its end and is right.
    pub(super) fn finish(&mut self, checksum: String) -> Result<(), FetchError> {
        self.state.verified = Some(checksum);
        self.save()
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) -> Result<(), FetchError> {
        self.state = State::empty(self.state.settings.clone());
        self.kept.clear();
        self.replaced.clear();
        self.written = 0;
        self.sweep()
    }

    /// Removes files that the state does not name, as a kill leaves them.
    fn sweep(&self) -> Result<(), FetchError> {
        let fail = |source| DownloadError::file(&self.folder, source);
        let known: Vec<&str> = self.kept.values().map(|kept| kept.file.as_str()).collect();
        for entry in fs::read_dir(&self.folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_state = name == STATE && self.state.mark.is_some();
            if !is_state && !name.starts_with('.') && !known.contains(&name.as_str()) {
                fs::remove_file(entry.path()).map_err(fail)?;
            }
        }
        Ok(())
    }
}
