//! Regular files: the only ones that are opened for reading.
//!
//! A pipe would wait for its other end, a device may never end or do something when it is opened. The kind is
//! checked before opening, and again on the opened file, so that nothing can be exchanged in between.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Most bytes of a file that is read whole where nothing else is said: well above any weights, table or record, below
/// the memory of a PC.
pub const LARGEST: u64 = 2 << 30;

/// Opens the regular file at `path` for reading; symbolic links are followed.
///
/// # Errors
/// If it is not a regular file, which the error says, or cannot be opened.
///
/// # Examples
/// ```
/// let error = micrograph::regular::open(&std::env::temp_dir()).expect_err("a folder");
/// assert_eq!(error.to_string(), "expected a regular file, found a folder");
/// ```
pub fn open(path: &Path) -> io::Result<File> {
    check(&std::fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // a pipe that took the file's place does not wait, and a terminal does not become the program's
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Reads the regular file at `path`, of at most `most_bytes`.
///
/// # Errors
/// As [`open`], and if the file is longer, cannot be read, or does not fit into the memory.
pub fn read(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > most_bytes {
        let text = format!("expected at most {most_bytes} bytes, found {length} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    let mut bytes = Vec::new();
    let room = usize::try_from(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.try_reserve_exact(room).map_err(|_| io::ErrorKind::OutOfMemory)?;
    // not more than there were: a file that grows would be read for ever; those of the system have a length of 0
    let most = if length == 0 { most_bytes.saturating_add(1) } else { length };
    file.take(most).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes {
        let text = format!("expected at most {most_bytes} bytes, found more");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// Reads the regular file at `path`, of at most `most_bytes`, as text.
///
/// # Errors
/// As [`read`], and if it is not UTF-8.
pub fn read_text(path: &Path, most_bytes: u64) -> io::Result<String> {
    String::from_utf8(read(path, most_bytes)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "expected text in UTF-8, found other bytes"))
}

/// What is at `path` instead of a regular file, e.g. `a named pipe`; `None` if it is one or cannot be looked at.
pub fn other_kind(path: &Path) -> Option<&'static str> {
    std::fs::metadata(path).ok().filter(|metadata| !metadata.is_file()).map(|metadata| kind(&metadata))
}

fn check(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let found = kind(metadata);
    let error = if metadata.is_dir() { io::ErrorKind::IsADirectory } else { io::ErrorKind::InvalidInput };
    Err(io::Error::new(error, format!("expected a regular file, found {found}")))
}

/// The name of what is not a regular file.
fn kind(metadata: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if metadata.is_dir() { "a folder" } else { "neither file nor folder" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn pipes_devices_sockets_and_folders_are_refused_at_once_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.png");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let socket = folder.path().join("socket.png");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = folder.path().join("link.png");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        let named = folder.path().join("folder.png");
        std::fs::create_dir(&named).unwrap();
        for (path, found) in
            [(pipe, "a named pipe"), (socket, "a socket"), (link, "a device"), (named, "a folder")]
        {
            let error = read(&path, 1 << 20).unwrap_err().to_string();
            assert_eq!(error, format!("expected a regular file, found {found}"));
        }
        // links to files are followed, rings of links are errors
        let file = folder.path().join("a.txt");
        std::fs::write(&file, "abc").unwrap();
        let good = folder.path().join("good.png");
        std::os::unix::fs::symlink(&file, &good).unwrap();
        assert_eq!(read_text(&good, 3).unwrap(), "abc");
        let ring = folder.path().join("ring.png");
        std::os::unix::fs::symlink(&ring, &ring).unwrap();
        assert!(open(&ring).is_err());
    }

    #[test]
    fn longer_files_and_other_texts_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, b"abc\xff").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"abc\xff");
        let error = read(&path, 3).unwrap_err().to_string();
        assert_eq!(error, "expected at most 3 bytes, found 4 bytes");
        assert!(read_text(&path, 4).unwrap_err().to_string().contains("UTF-8"));
    }
}
