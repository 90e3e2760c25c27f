//! Pages: which pages of which files are measured, and what each is called.

use std::path::PathBuf;
use std::str::FromStr;

use micrograph::Source;
use nanoaid::measure::{MeasureSettings, n_pages};
use nanoaid::output::folder_names;

use crate::outcome::{Failure, say};

/// Pages as they are typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pages {
    All,
    /// From 0 on.
    These(Vec<usize>),
}

impl FromStr for Pages {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let mut pages = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
                (Ok(first), Ok(last)) if first <= last && last - first < 100_000 => {
                    pages.extend(first..=last)
                }
                _ => {
                    return Err(format!(
                        "found `{text}`, expected `all`, or pages from 0 on as in `0,2,5-9`"
                    ));
                }
            }
        }
        pages.sort_unstable();
        pages.dedup();
        Ok(Self::These(pages))
    }
}

/// A page of a file.
pub(super) struct Item {
    pub(super) image: PathBuf,
    /// Of its results.
    pub(super) name: String,
    pub(super) page: usize,
}

/// What is measured: of each of `images` the page of `settings`, or `pages`. A file that cannot be read stays, to be named
/// where it is measured.
pub(super) fn items(
    images: &[PathBuf],
    pages: Option<&Pages>,
    settings: &MeasureSettings,
) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    for (image, name) in images.iter().zip(folder_names(images)) {
        let one = |page: usize, name: String| Item { image: image.clone(), name, page };
        let Some(pages) = pages else {
            items.push(one(settings.file.page, name));
            continue;
        };
        let n = Source::read(image).ok().and_then(|source| n_pages(&source, &settings.file).ok());
        let Some(n) = n else {
            items.push(one(0, name));
            continue;
        };
        let width = n.saturating_sub(1).to_string().len();
        let wanted: Vec<usize> = match pages {
            Pages::All => (0..n).collect(),
            Pages::These(pages) => pages.iter().copied().filter(|page| *page < n).collect(),
        };
        if wanted.is_empty() {
            say(&format!("skipped {}: it has the pages 0 to {}, none of --pages", image.display(), n - 1));
        }
        for page in wanted {
            let name = if n == 1 { name.clone() } else { format!("{name}.page-{page:0width$}") };
            items.push(one(page, name));
        }
    }
    if items.is_empty() {
        return Err(Failure::new("no file has one of --pages"));
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_all_or_numbers_and_ranges() {
        assert_eq!("all".parse(), Ok(Pages::All));
        assert_eq!("7, 0,2-4,3".parse(), Ok(Pages::These(vec![0, 2, 3, 4, 7])));
        for wrong in ["", "none", "4-2", "1,", "-1", "0-99999999"] {
            assert!(wrong.parse::<Pages>().unwrap_err().contains("expected `all`"), "{wrong}");
        }
    }
}
