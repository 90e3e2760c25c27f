//! Store: what rows hold besides facts, in a file, so that memory does not have to hold it.
//!
//! Bytes are added at the end and read by their place. The file has no name, lies in the folder of the result, where
//! there has to be space for rows anyway, and goes with the process, however that ends. What the bytes mean is not
//! known here.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::SurveyError;

/// Bytes by their place.
pub(super) struct Store {
    folder: PathBuf,
    /// The file, and its length.
    file: Mutex<(File, u64)>,
}

impl Store {
    /// An empty one in `folder`.
    pub(super) fn new(folder: &Path) -> Result<Self, SurveyError> {
        let file = tempfile::tempfile_in(folder).map_err(|source| failed(folder, source))?;
        Ok(Self { folder: folder.to_owned(), file: Mutex::new((file, 0)) })
    }

    /// Adds `bytes` and returns their place.
    pub(super) fn add(&self, bytes: &[u8]) -> Result<u64, SurveyError> {
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, length) = &mut *guard;
        let place = *length;
        let written = file.seek(SeekFrom::Start(place)).and_then(|_| file.write_all(bytes));
        written.map_err(|source| failed(&self.folder, source))?;
        *length += bytes.len() as u64;
        Ok(place)
    }

    /// The `n` bytes at `place`.
    pub(super) fn read(&self, place: u64, n: usize) -> Result<Vec<u8>, SurveyError> {
        let mut bytes = vec![0; n];
        let mut guard = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = &mut guard.0;
        let read = file.seek(SeekFrom::Start(place)).and_then(|_| file.read_exact(&mut bytes));
        read.map_err(|source| failed(&self.folder, source))?;
        Ok(bytes)
    }
}

fn failed(folder: &Path, source: io::Error) -> SurveyError {
    SurveyError::Store { folder: folder.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_at_their_places_in_any_order_and_the_folder_stays_empty() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path()).unwrap();
        let places = [&b"one"[..], b"", b"three"].map(|bytes| store.add(bytes).unwrap());
        assert_eq!(places, [0, 3, 3]);
        assert_eq!(store.read(places[2], 5).unwrap(), b"three");
        assert_eq!(store.read(places[0], 3).unwrap(), b"one");
        assert_eq!(store.add(b"!").unwrap(), 8);
        let error = store.read(7, 9).unwrap_err().to_string();
        assert!(error.contains(&folder.path().display().to_string()), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
