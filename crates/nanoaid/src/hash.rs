//! Hashes: SHA-256 as 64 hexadecimal digits, of bytes and of files.

use std::io::{self, BufRead, BufReader};
use std::path::Path;

use micrograph::regular;
use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`.
///
/// ```
/// let hash = nanoaid::hash::sha256("abc"); // the example of FIPS 180-4
/// assert!(hash.starts_with("ba7816bf") && hash.ends_with("f20015ad"));
/// ```
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// SHA-256 of the file at `path`, read in pieces.
///
/// # Errors
/// If it is not a regular file, or cannot be read.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 16, regular::open(path)?);
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(hexadecimal(&hash.finalize()));
        }
        hash.update(bytes);
        let n_bytes = bytes.len();
        reader.consume(n_bytes);
    }
}

/// Whether `text` is a SHA-256 as hexadecimal digits.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `bytes` as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_files_have_the_published_hash() {
        // the example of FIPS 180-2, appendix B.1
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), abc);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, b"abc").unwrap();
        assert_eq!(sha256_of_file(&path).unwrap(), abc);
        assert!(sha256_of_file(&folder.path().join("none")).is_err());
    }
}
