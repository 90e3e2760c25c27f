//! Names as parts of addresses: of layers, classes, comparisons and micrographs.

use std::collections::BTreeMap;

/// `name` as a part of an address: small letters, digits, `.`, `_` and `-`.
pub(super) fn slug(name: &str) -> String {
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
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}

/// [`slug`] of each name; equal ones get a number.
pub(super) fn slugs(names: &[&str]) -> Vec<String> {
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

/// A name in the site for each micrograph, from the SHA-256 of its content: the first 12 digits;
/// contents that occur again get a number.
pub(super) fn micrograph_ids(sha256s: &[&str]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    sha256s
        .iter()
        .map(|sha256| {
            let id: String = sha256.chars().take(12).collect();
            let count = counts.entry(id.clone()).or_default();
            *count += 1;
            if *count == 1 { id } else { format!("{id}-{count}") }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_addresses() {
        let cases = [
            ("encoder.2", "encoder.2"),
            ("MEMS devices & electrodes", "mems-devices-electrodes"),
            ("../../etc", "etc"),
            ("Größe µm", "gr-e-m"),
            ("…", "unnamed"),
        ];
        for (name, expected) in cases {
            assert_eq!(slug(name), expected, "{name}");
        }
        assert_eq!(slugs(&["a b", "A-B", "a_b"]), ["a-b", "a-b-2", "a_b"]);
    }

    #[test]
    fn micrographs_of_equal_content_have_names_of_their_own() {
        let (a, b) = ("0123456789abcdef", "fedcba9876543210");
        let names = ["0123456789ab", "fedcba987654", "0123456789ab-2", "0123456789ab-3"];
        assert_eq!(micrograph_ids(&[a, b, a, a]), names);
    }
}
