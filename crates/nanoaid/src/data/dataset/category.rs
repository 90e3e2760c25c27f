//! Category: one spelling for each, so that `tips`, `Tips` and `tips ` are one class and not three.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

/// What to know about how a data set was listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum Notice {
    /// The category `category` was spelled in several ways, which count as one.
    Spellings { category: String, spellings: Vec<String> },
    /// `folder`, which would be a category, has no images.
    EmptyFolder { folder: String },
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spellings { category, spellings } => {
                let spellings: Vec<String> = spellings.iter().map(|text| format!("`{text}`")).collect();
                write!(
                    formatter,
                    "{} count as one category, `{category}`; use one spelling if that is right, other names if not",
                    spellings.join(", ")
                )
            }
            Self::EmptyFolder { folder } => {
                write!(formatter, "the folder `{folder}` has no images, so there is no category of its name")
            }
        }
    }
}

/// Gives all spellings of a category the commonest one of them: they differ in case, in spaces, or in how letters with
/// marks are composed. Cells of spaces are no category.
pub(super) fn unify<'a>(cells: impl Iterator<Item = &'a mut Option<String>>) -> Vec<Notice> {
    let mut cells: Vec<&mut Option<String>> = cells.collect();
    let mut found: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for cell in &cells {
        if let Some(text) = cell.as_ref() {
            *found.entry(key(text)).or_default().entry(text.clone()).or_default() += 1;
        }
    }
    let mut names = BTreeMap::new();
    let mut notices = Vec::new();
    for (key, spellings) in found {
        // of equally common ones the first
        let most = spellings.values().copied().max().unwrap_or_default();
        let commonest = spellings.iter().find(|(_, n)| **n == most).map(|(text, _)| text.as_str());
        let name = spaced(commonest.unwrap_or_default());
        if spellings.len() > 1 && !key.is_empty() {
            let spellings = spellings.into_keys().collect();
            notices.push(Notice::Spellings { category: name.clone(), spellings });
        }
        names.insert(key, name);
    }
    for cell in &mut cells {
        if let Some(text) = cell.take() {
            **cell = names.get(&key(&text)).filter(|name| !name.is_empty()).cloned();
        }
    }
    notices
}

/// The same for all spellings of a category.
fn key(text: &str) -> String {
    spaced(text).nfkc().collect::<String>().to_lowercase()
}

/// With one space between words and none around.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_category_become_the_commonest_and_are_named() {
        let texts =
            ["tips", "tips ", "Tips", "tips", "Tr\u{e4}ger", "Tra\u{308}ger", "my  wires", "  ", "POWDER"];
        let mut cells: Vec<Option<String>> = texts.iter().map(|text| Some((*text).to_owned())).collect();
        cells.push(None);
        let notices = unify(cells.iter_mut());
        let found: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
        let trager = Some("Tr\u{e4}ger");
        let tips = Some("tips");
        let rest = [trager, trager, Some("my wires"), None, Some("POWDER"), None];
        assert_eq!(found, [&[tips; 4][..], &rest].concat());
        assert_eq!(notices.len(), 2, "{notices:?}");
        assert_eq!(
            notices[0].to_string().split(';').next().unwrap(),
            "`Tips`, `tips`, `tips ` count as one category, `tips`"
        );
    }

    #[test]
    fn categories_that_differ_in_more_stay_apart() {
        let mut cells = ["a b", "ab", "a_b"].map(|text| Some(text.to_owned()));
        assert!(unify(cells.iter_mut()).is_empty());
        assert_eq!(cells, ["a b", "ab", "a_b"].map(|text| Some(text.to_owned())));
    }
}
