//! Free space of the disk that a folder is on.

use std::path::Path;

/// Bytes that are free where `folder` is or would be made; `None` where the system does not say.
#[cfg(unix)]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let absolute = std::path::absolute(folder).ok()?;
    let there = absolute.ancestors().find(|path| path.exists())?;
    let found = rustix::fs::statvfs(there).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

/// Bytes that are free where `folder` is or would be made; `None` where the system does not say.
#[cfg(not(unix))]
pub fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_has_the_space_of_the_one_above() {
        let folder = tempfile::tempdir().unwrap();
        let inner = free_bytes(&folder.path().join("a/b"));
        assert!(inner.is_some() && free_bytes(folder.path()).is_some());
    }
}
