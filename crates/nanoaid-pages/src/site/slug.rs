//! Names as parts of addresses: of layers, classes, comparisons and micrographs.

use std::collections::BTreeMap;

pub(super) use nanoaid::output::{slug, slugs};

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
    fn micrographs_of_equal_content_have_names_of_their_own() {
        let (a, b) = ("0123456789abcdef", "fedcba9876543210");
        let names = ["0123456789ab", "fedcba987654", "0123456789ab-2", "0123456789ab-3"];
        assert_eq!(micrograph_ids(&[a, b, a, a]), names);
    }
}
