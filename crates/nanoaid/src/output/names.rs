//! Names of folders and files for results: whatever an input is called, one plain name that every system can store.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Most bytes of a name, so that endings, marks and a temporary name still fit into the 255 that file systems have.
const MOST_BYTES: usize = 150;

/// Most bytes of a part of an address; several stand in the name of one file.
const MOST_SLUG_BYTES: usize = 80;

/// A name for each file, fit for a folder: its stem; where stems meet, with the folder before it,
/// then with a number.
pub fn folder_names(files: &[PathBuf]) -> Vec<String> {
    let stem = |file: &PathBuf| plain_name(file.file_stem().unwrap_or(OsStr::new("image")));
    let stems: Vec<String> = files.iter().map(stem).collect();
    let mut counts = BTreeMap::new();
    for stem in &stems {
        *counts.entry(stem).or_insert(0) += 1;
    }
    let mut taken = BTreeSet::new();
    files
        .iter()
        .zip(&stems)
        .map(|(file, stem)| {
            let mut name = stem.clone();
            if counts[stem] > 1
                && let Some(parent) = file.parent().and_then(Path::file_name)
            {
                name = shortened(&format!("{}_{stem}", plain_name(parent))).to_owned();
            }
            let base = name.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{base}_{number}");
                number += 1;
            }
            name
        })
        .collect()
}

/// `name` as a name that every system can store: letters, digits, `-`, `_` and `.`, anything else as `_`; not hidden,
/// not empty, at most 150 bytes.
pub fn plain_name(name: &OsStr) -> String {
    let text: String = name
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    let text = text.trim_matches('.');
    if text.is_empty() { "image".to_owned() } else { shortened(text).to_owned() }
}

/// `name` as a part of an address: small letters, digits, `.`, `_` and `-`, at most 80 bytes.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(['-', '.']);
    let slug = &slug[..slug.floor_char_boundary(MOST_SLUG_BYTES)];
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}

/// [`slug`] of each name; equal ones get a number.
pub fn slugs(names: &[&str]) -> Vec<String> {
    let mut slugs: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let base = slug(name);
        let mut unique = base.clone();
        let mut number = 2;
        while slugs.contains(&unique) {
            unique = format!("{base}-{number}");
            number += 1;
        }
        slugs.push(unique);
    }
    slugs
}

fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(MOST_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_clean_and_differ() {
        let files =
            ["a/x.tif", "b/x.tif", "b/x.png", "c/My image (1).jpg", "..", "d/..tif"].map(PathBuf::from);
        let names = folder_names(&files);
        assert_eq!(names, ["a_x", "b_x", "b_x_2", "My_image__1_", "image", "d_image"]);
    }

    #[test]
    fn long_names_are_shortened_between_letters_and_still_differ() {
        let long = "ä".repeat(120); // 240 bytes
        let files = [format!("a/{long}1.png"), format!("a/{long}2.png")].map(PathBuf::from);
        let names = folder_names(&files);
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| name.len() <= MOST_BYTES + 2 && name.contains('ä')), "{names:?}");
        assert_eq!(plain_name(OsStr::new(&long)).len(), MOST_BYTES);
    }

    #[test]
    fn names_become_parts_of_addresses() {
        let cases = [
            ("encoder.2", "encoder.2"),
            ("MEMS devices & electrodes", "mems-devices-electrodes"),
            ("../../etc", "etc"),
            ("Größe µm", "gr-e-m"),
            ("…", "unnamed"),
            ("run (2)", "run-2"),
            ("my  run", "my-run"),
            ("x-", "x"),
        ];
        for (name, expected) in cases {
            assert_eq!(slug(name), expected, "{name}");
        }
        let long = "a".repeat(240);
        assert_eq!(slugs(&[&long, &long]), [long[..80].to_owned(), long[..80].to_owned() + "-2"]);
        assert_eq!(slugs(&["a b", "A-B", "a_b"]), ["a-b", "a-b-2", "a_b"]);
    }
}
