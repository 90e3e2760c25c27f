//! Checksums as repositories write them, and a hash that can be put aside and continued in another process.

use md5::Md5;
use md5::digest::common::hazmat::SerializableState;
use sha2::{Digest, Sha256};

use crate::hash::hexadecimal;

/// A checksum of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checksum {
    /// `md5` or `sha256`.
    pub(crate) kind: &'static str,
    /// Lower-case hexadecimal digits.
    pub(crate) digits: String,
}

impl Checksum {
    /// Reads `md5:…` or `sha256:…`; `None` for anything else, which cannot be compared here.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (kind, digits) = text.trim().split_once(':')?;
        let (kind, n_digits) = match kind.to_ascii_lowercase().as_str() {
            "md5" => ("md5", 32),
            "sha256" | "sha-256" => ("sha256", 64),
            _ => return None,
        };
        let is_hash = digits.len() == n_digits && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then(|| Self { kind, digits: digits.to_ascii_lowercase() })
    }
}

/// A hash of the bytes so far.
#[derive(Clone, Debug)]
pub(crate) enum Running {
    Md5(Md5),
    Sha256(Sha256),
}

impl Running {
    /// Of no bytes yet, of the kind that `checksum` is compared with; MD5 where there is none.
    pub(crate) fn new(checksum: Option<&Checksum>) -> Self {
        match checksum {
            Some(checksum) if checksum.kind == "sha256" => Self::Sha256(Sha256::new()),
            _ => Self::Md5(Md5::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    /// The hash as digits.
    pub(crate) fn digits(&self) -> String {
        match self {
            Self::Md5(hash) => hexadecimal(&hash.clone().finalize()),
            Self::Sha256(hash) => hexadecimal(&hash.clone().finalize()),
        }
    }

    /// All that is needed to go on later, as digits.
    pub(crate) fn put_aside(&self) -> String {
        match self {
            Self::Md5(hash) => hexadecimal(&hash.serialize()),
            Self::Sha256(hash) => hexadecimal(&hash.serialize()),
        }
    }

    /// The same of what [`Running::put_aside`] gave for the kind of `checksum`; `None` if it is something else.
    pub(crate) fn taken_up(checksum: Option<&Checksum>, text: &str) -> Option<Self> {
        let bytes: Option<Vec<u8>> = (0..text.len())
            .step_by(2)
            .map(|start| u8::from_str_radix(text.get(start..start + 2)?, 16).ok())
            .collect();
        let bytes = bytes?;
        Some(match Self::new(checksum) {
            Self::Md5(_) => Self::Md5(Md5::deserialize(bytes.as_slice().try_into().ok()?).ok()?),
            Self::Sha256(_) => Self::Sha256(Sha256::deserialize(bytes.as_slice().try_into().ok()?).ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_that_are_put_aside_go_on_to_the_published_values() {
        // RFC 1321, appendix A.5, and FIPS 180-2, appendix B.2
        let cases = [
            (
                "md5:57edf4a22be3c955ac49da2e2107b67a",
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            ),
            (
                "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            ),
        ];
        for (expected, text) in cases {
            let checksum = Checksum::read(expected);
            let checksum = checksum.as_ref();
            for cut in [0, 1, 50] {
                let mut hash = Running::new(checksum);
                hash.update(&text.as_bytes()[..cut]);
                let mut hash = Running::taken_up(checksum, &hash.put_aside()).unwrap();
                hash.update(&text.as_bytes()[cut..]);
                assert_eq!(hash.digits(), checksum.unwrap().digits, "{expected} cut at {cut}");
            }
            for bad in ["", "00", "é", &"0".repeat(4000)] {
                assert!(Running::taken_up(checksum, bad).is_none(), "{bad}");
            }
        }
    }

    #[test]
    fn only_checksums_that_can_be_compared_are_read() {
        let md5 = "57edf4a22be3c955ac49da2e2107b67A";
        assert_eq!(Checksum::read(&format!("md5:{md5}")).unwrap().digits, md5.to_lowercase());
        for bad in [md5.to_owned(), format!("sha256:{md5}"), format!("crc:{md5}"), "md5:".to_owned()] {
            assert_eq!(Checksum::read(&bad), None, "{bad}");
        }
    }
}
