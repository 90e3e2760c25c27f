//! Descriptions: what the pages of a TIFF file say of each other. `ImageJ` and OME describe all pages on the first; some
//! makers calibrate one page of several of the same size.

use super::super::findings::Findings;
use super::super::number::Size;
use super::super::{imagej, jeol_tem, ome};
use super::directory::{Directory, Fault, Tags};
use super::{makers_findings, text};
use crate::CalibrationSource;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const DESCRIPTION: u16 = 270;
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const RESOLUTION_UNIT: u16 = 296;

/// The inch, as tag 296 numbers it; without the tag, too.
const INCH: u64 = 2;

/// Most other pages that are searched for a pixel size.
const MOST_OTHERS: usize = 8;

/// All findings on page `page` of `pages`, which `directory` describes as an image of `size`, most trusted first.
pub(super) fn findings(
    tags: &mut Tags<'_>,
    pages: &[u64],
    page: usize,
    directory: &Directory,
    size: Size,
) -> Result<Findings, Fault> {
    let (mut findings, has_maker) = makers_findings(tags, directory, size)?;
    let own = described(tags, directory, page, size, pages.len())?;
    let described = match own {
        None if page > 0 => first_described(tags, pages, page, size),
        own => own,
    };
    let is_described = described.is_some();
    if let Some(more) = described {
        findings.add(more);
    }
    if !has_maker && !is_described {
        findings.add(of_other_pages(tags, pages, page, size));
    }
    Ok(findings)
}

/// What the description in `directory` says of page `page`; `None` where it is another program's.
fn described(
    tags: &mut Tags<'_>,
    directory: &Directory,
    page: usize,
    size: Size,
    n_pages: usize,
) -> Result<Option<Findings>, Fault> {
    let Some(entry) = directory.entry(DESCRIPTION) else { return Ok(None) };
    let mut warnings = Vec::new();
    let text = text(tags, entry, &mut warnings)?;
    let mut resolution = |tag| directory.entry(tag).and_then(|entry| tags.rational(entry).ok()).flatten();
    let (x, y) = (resolution(X_RESOLUTION), resolution(Y_RESOLUTION));
    let unit = tags.number(directory, RESOLUTION_UNIT).ok().flatten();
    let per_inch = x.filter(|_| unit.is_none_or(|unit| unit == INCH));
    let found = imagej::findings(&text, (x, y), n_pages)
        .or_else(|| ome::findings(&text, page, size))
        .or_else(|| jeol_tem::findings(&text, per_inch, size));
    Ok(match found {
        Some(mut found) => {
            found.warnings.extend(warnings);
            Some(found)
        }
        None if warnings.is_empty() => None,
        None => Some(Findings { warnings, ..Findings::default() }),
    })
}

/// What the first page says of page `page`: `ImageJ` of all pages of its size, OME of the pages it names.
fn first_described(tags: &mut Tags<'_>, pages: &[u64], page: usize, size: Size) -> Option<Findings> {
    let first = tags.directory(*pages.first()?).ok()?;
    let entry = first.entry(DESCRIPTION)?;
    let text = text(tags, entry, &mut Vec::new()).ok()?;
    let is_of_stack = imagej::is_imagej(&text) && size_of(tags, &first) == Some(size);
    if !(is_of_stack || ome::is_ome(&text)) {
        return None;
    }
    described(tags, &first, page, size, pages.len()).ok()?
}

/// The pixel sizes that makers' tags of other pages give for images of the same `size`.
fn of_other_pages(tags: &mut Tags<'_>, pages: &[u64], page: usize, size: Size) -> Findings {
    let mut all = Findings::default();
    for (idx, &at) in pages.iter().enumerate().filter(|(idx, _)| *idx != page).take(MOST_OTHERS) {
        let Ok(directory) = tags.directory(at) else { continue };
        if size_of(tags, &directory) != Some(size) {
            continue;
        }
        let Ok((mut found, true)) = makers_findings(tags, &directory, size) else { continue };
        for calibration in &mut found.calibrations {
            if let CalibrationSource::Vendor(key) = &mut calibration.source {
                key.push_str(&format!(" of page {idx}"));
            }
        }
        if !found.calibrations.is_empty() && all.calibrations.is_empty() {
            all.warnings.push(format!(
                "page {page} has no pixel size of its own; that of page {idx}, which has as many rows and columns, is used"
            ));
        }
        found.warnings.clear();
        found.missing.clear();
        all.add(found);
    }
    all
}

fn size_of(tags: &mut Tags<'_>, directory: &Directory) -> Option<Size> {
    let mut number =
        |tag| tags.number(directory, tag).ok().flatten().and_then(|number| usize::try_from(number).ok());
    Some(Size { height: number(HEIGHT)?, width: number(WIDTH)? })
}
