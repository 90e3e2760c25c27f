//! Files that are either whole or not there: a temporary name in the same folder, then a rename.
//!
//! Knows nothing of formats. What was there before stays until the new file is complete, and a
//! writer that is dropped half way leaves no file. Two writers of one path do not mix: the
//! last to finish wins.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Most bytes of a file's name in its temporary one; file systems have room for 255.
const MOST_NAME_BYTES: usize = 120;

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct WriteError {
    /// The file to write.
    pub path: PathBuf,
    /// The system's error.
    pub source: io::Error,
}

/// Writes `bytes` to `path`, replacing what was there: afterwards the file is whole and on the
/// disk, or as it was before.
///
/// # Errors
/// If the folder is not there or cannot be written to, or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes).map_err(|source| file.error(source))?;
    file.finish()
}

/// Whether `name` is the temporary one of a file that was not finished: `.NAME.PROCESS-NUMBER.part`.
pub fn is_unfinished(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let middle = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".part"));
    middle
        .and_then(|middle| middle.rsplit_once('.'))
        .and_then(|(of, numbers)| numbers.split_once('-').filter(|_| !of.is_empty()))
        .is_some_and(|(process, count)| number(process) && number(count))
}

/// A path in JSON, whatever its bytes: U+FFFD stands for those that are not UTF-8. For `serialize_with` of serde, which
/// would give up the whole result at such a path.
///
/// # Errors
/// Those of the serializer.
pub fn lossy_path<P: AsRef<Path>, S: serde::Serializer>(path: &P, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.as_ref().to_string_lossy())
}

/// A file under a temporary name, renamed to its path when it is finished; if dropped before, it
/// is removed. Buffered.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    temporary: PathBuf,
    // `None` once the file is renamed
    writer: Option<BufWriter<File>>,
}

impl WholeFile {
    /// Opens a temporary file beside `path`.
    ///
    /// # Errors
    /// If `path` names no file, or its folder is not there or cannot be written to.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let fail = |source| WriteError { path: path.to_owned(), source };
        let name = path.file_name().ok_or_else(|| fail(io::Error::other("the path names no file")))?;
        // a part of the name: a long one would have no room for what is added
        let name = name.to_string_lossy();
        let name = &name[..name.floor_char_boundary(MOST_NAME_BYTES)];
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let hidden = format!(".{name}.{}-{number}.part", std::process::id());
        let temporary = path.with_file_name(hidden);
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary).map_err(fail)?;
        Ok(Self { path: path.to_owned(), temporary, writer: Some(BufWriter::with_capacity(1 << 18, file)) })
    }

    /// Flushes the bytes to the disk and renames the file to its path.
    ///
    /// # Errors
    /// If the system refuses one of the steps; the temporary file is then removed.
    pub fn finish(mut self) -> Result<(), WriteError> {
        let writer = self.writer.as_mut().expect("a file is finished once, by value");
        let placed = writer
            .flush()
            .and_then(|()| writer.get_ref().sync_all())
            .and_then(|()| fs::rename(&self.temporary, &self.path))
            .and_then(|()| sync_folder(&self.path));
        match placed {
            Ok(()) => {
                self.writer = None;
                Ok(())
            }
            Err(source) => Err(self.error(source)),
        }
    }

    /// `source` with the path of this file.
    pub fn error(&self, source: io::Error) -> WriteError {
        WriteError { path: self.path.clone(), source }
    }

    fn writer(&mut self) -> &mut BufWriter<File> {
        self.writer.as_mut().expect("the writer is there until the file is finished, by value")
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

impl Seek for WholeFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.writer().seek(to)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            // a destructor cannot report an error, and a left-over hidden file is harmless
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

// A rename is on the disk only after its folder is flushed. Windows has no such call for folders.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_finished_file_replaces_the_old_one_and_leaves_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"long old text").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names_in(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_file_dropped_half_way_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"old").unwrap();
        let mut half = WholeFile::create(&path).unwrap();
        half.write_all(b"half").unwrap();
        let names = names_in(folder.path());
        assert_eq!(
            names.iter().map(|name| is_unfinished(name)).collect::<Vec<_>>(),
            [true, false],
            "{names:?}"
        );
        drop(half);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names_in(folder.path()), ["a.txt"]);
    }

    #[test]
    fn the_longest_names_that_a_system_stores_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a".repeat(255), "ä".repeat(127)] {
            write_whole(&folder.path().join(&name), b"x").unwrap();
            assert_eq!(fs::read(folder.path().join(&name)).unwrap(), b"x");
        }
    }

    #[test]
    fn only_names_with_a_process_and_a_number_are_those_of_unfinished_files() {
        assert!(is_unfinished(".a.tar.gz.12-0.part"));
        for name in [".a.part", "a.12-0.part", ".12-0.part", ".a.12-.part", ".a.1x-0.part", ".a.12-0.parts"] {
            assert!(!is_unfinished(name), "{name}");
        }
    }

    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("a.txt");
        let error = write_whole(&path, b"x").unwrap_err();
        assert!(error.to_string().contains("a.txt"), "{error}");
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
        assert!(write_whole(Path::new("/"), b"x").is_err());
    }
}
