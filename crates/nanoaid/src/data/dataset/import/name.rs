//! Names: what the name of a source's file says, and what it is called in the data set.
//!
//! Names come from outside: whatever they hold, what leaves this file is one plain name, without a
//! folder, that every system can store.

/// The categories of NFFA-EUROPE's sets of micrographs, at the place of their digit in file names
/// such as `L3_….jpg` (Aversa et al. 2018).
pub(in crate::data::dataset) const NFFA_CATEGORIES: [&str; 10] = [
    "porous_sponge",
    "patterned_surface",
    "particles",
    "films_coated_surface",
    "powder",
    "tips",
    "nanowires",
    "biological",
    "mems_devices_and_electrodes",
    "fibres",
];
/// Most bytes of a name, so that a hash and an ending can be added.
const MOST_BYTES: usize = 120;

/// The category in an NFFA file name: `L`, a digit, `_`, hexadecimal digits.
pub(in crate::data::dataset) fn nffa_category(file_name: &str) -> Option<&'static str> {
    let (head, rest) = file_name.split_at_checked(3)?;
    let [b'L', digit @ b'0'..=b'9', b'_'] = *head.as_bytes() else { return None };
    let stem = rest.rsplit_once('.').map_or(rest, |(stem, _)| stem);
    let is_hash = stem.len() >= 8 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| NFFA_CATEGORIES[usize::from(digit - b'0')])
}

/// A category by the name of its folder or archive: an NFFA category in its one spelling, any
/// other as it stands, spaces around it and control characters left out.
pub(in crate::data::dataset) fn category_of_folder(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    let known = NFFA_CATEGORIES.iter().find(|category| category.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_owned(), |category| (*category).to_owned())
}

/// `name` with letters, digits, `-`, `_` and `.` only, others as `_`; never hidden, empty, or long.
pub(in crate::data::dataset) fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let name: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let name = name.trim_matches('.');
    // the ending stays whole
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 8 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let end = (0..=MOST_BYTES.min(stem.len())).rev().find(|&end| stem.is_char_boundary(end)).unwrap_or(0);
    let stem = &stem[..end];
    if stem.is_empty() { format!("unnamed{ending}") } else { format!("{stem}{ending}") }
}

/// `name` with `mark` before its ending.
pub(in crate::data::dataset) fn marked(name: &str, mark: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}-{mark}.{ending}"),
        None => format!("{name}-{mark}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digit_of_an_nffa_name_tells_the_category() {
        let cases = [
            ("L0_0a6f78b39b585f1be2400daebf44dcb3.jpg", Some("porous_sponge")),
            ("L3_0a6f78b39b585f1be2400daebf44dcb3.jpg", Some("films_coated_surface")),
            ("L8_0a6f78b39b585f1be2400daebf44dcb3.jpg", Some("mems_devices_and_electrodes")),
            ("L9_0a6f78b39b585f1be2400daebf44dcb3.JPG", Some("fibres")),
            ("L10_0a6f78b39b585f1be2400daebf44dcb3.jpg", None),
            ("l3_0a6f78b39b585f1be2400daebf44dcb3.jpg", None),
            ("L3_sample.jpg", None),
            ("L3_.jpg", None),
            ("L3", None),
            ("Lé_0a6f78b3.jpg", None),
        ];
        for (name, category) in cases {
            assert_eq!(nffa_category(name), category, "{name}");
        }
    }

    #[test]
    fn folders_of_nffa_get_the_one_spelling_and_others_keep_theirs() {
        let cases =
            [("Films_Coated_Surface", "films_coated_surface"), ("TIPS", "tips"), ("My Wires ", "My Wires")];
        for (name, category) in cases {
            assert_eq!(category_of_folder(name), category);
        }
    }

    #[test]
    fn names_become_plain_whatever_they_hold() {
        let long = "a".repeat(300);
        let cases = [
            ("a.png", "a.png"),
            ("my image (1).TIF", "my_image__1_.TIF"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\a.png", "C__a.png"),
            (".hidden.png", "hidden.png"),
            ("...", "unnamed"),
            ("", "unnamed"),
            ("a\nb\0.png", "a_b_.png"),
            ("größe.png", "größe.png"),
        ];
        for (name, expected) in cases {
            assert_eq!(plain(name), expected, "{name:?}");
        }
        assert_eq!(plain(&format!("{long}.png")), format!("{}.png", "a".repeat(120)));
        assert_eq!(marked("a.b.png", "12"), "a.b-12.png");
    }
}
