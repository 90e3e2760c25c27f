//! Source: the content of a file, read once as a whole, so that its pixels, its hash and what is recorded of
//! it come from the same bytes, whatever happens to the file in between.
//!
//! Only regular files are read. Knows no formats.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::read::error::ReadError;
use crate::{memory, regular};

/// The bytes of a file under its name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    // no `Arc<[u8]>`: that would copy the bytes
    bytes: Arc<Vec<u8>>,
    sha256: OnceLock<String>,
}

impl Source {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// If it is not a regular file, cannot be read, or has more than 2 GiB and than [`memory::budget`].
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        Self::read_within(path, memory::budget())
    }

    /// [`Self::read`] with a budget of memory of `most_bytes`.
    pub(crate) fn read_within(path: &Path, most_bytes: usize) -> Result<Self, ReadError> {
        let most_bytes = regular::LARGEST.max(most_bytes as u64);
        match regular::read(path, most_bytes) {
            Ok(bytes) => Ok(Self::from_bytes(path, bytes)),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(ReadError::TooLarge {
                path: path.to_owned(),
                what: "the bytes of the file".to_owned(),
                bytes: std::fs::metadata(path).map_or(most_bytes, |metadata| metadata.len()),
                most_bytes: usize::try_from(most_bytes).unwrap_or(usize::MAX),
            }),
            Err(source) => Err(ReadError::Io { path: path.to_owned(), source }),
        }
    }

    /// `bytes` that were read from `path`, or that replace a file of that name.
    ///
    /// # Examples
    /// ```
    /// use std::path::Path;
    /// use micrograph::paint::gray_png;
    /// use micrograph::{Micrograph, Plane, ReadConfig, Source};
    ///
    /// let png = gray_png(&Plane::filled(6, 9, 0.5), 0.0, 1.0);
    /// let source = Source::from_bytes(Path::new("uniform.png"), png);
    /// let micrograph = Micrograph::from_source(&source, &ReadConfig::default())?;
    /// assert_eq!((micrograph.plane.height(), micrograph.plane.width()), (6, 9));
    /// assert_eq!(source.sha256().len(), 64);
    /// # Ok::<(), micrograph::ReadError>(())
    /// ```
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), bytes: Arc::new(bytes), sha256: OnceLock::new() }
    }

    /// The file's path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the bytes as 64 hexadecimal digits.
    pub fn sha256(&self) -> &str {
        self.sha256
            .get_or_init(|| Sha256::digest(self.bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_hash_are_those_of_the_file_when_it_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc.png");
        std::fs::write(&path, b"abc").unwrap();
        let source = Source::read(&path).unwrap();
        std::fs::write(&path, b"something else").unwrap();
        // the example of FIPS 180-2, appendix B.1
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((source.path(), source.bytes(), source.sha256()), (path.as_path(), &b"abc"[..], abc));
    }

    #[test]
    fn what_is_no_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = Source::read(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("found a folder"), "{error}");
        let error = Source::read(&folder.path().join("none.png")).unwrap_err().to_string();
        assert!(error.contains("none.png: cannot be read: "), "{error}");
    }
}
