//! OME-TIFF: the OME-XML in TIFF tag 270 of the first page, which describes all pages of the file.
//!
//! An `Image` has `Pixels` with the physical size of a pixel, and `TiffData` that say which pages it is stored in. The
//! units are those of the schema; micrometers where none is written (OME model, schema of 2016-06).

use crate::{Calibration, CalibrationSource};

use super::findings::{Findings, Fit, changed_warning, fit};
use super::number::{DOUBLE_DIGITS, Size, Written};
use super::unit::nm_per_unit;
use super::xml::{self, Element};

/// An `Image` of the file.
struct Image<'a> {
    pixels: &'a Element,
    /// Its pages: the first, and how many.
    pages: Vec<(usize, usize)>,
    /// Whether some of its pages are in other files.
    elsewhere: bool,
}

/// Whether `description` may be OME-XML.
pub(super) fn is_ome(description: &str) -> bool {
    let start = description.trim_start_matches('\u{feff}').trim_start();
    start.starts_with('<') && start.contains("OME")
}

/// Reads `description` for the page `page`, an image of `size`; `None` where it is not OME-XML.
pub(super) fn findings(description: &str, page: usize, size: Size) -> Option<Findings> {
    if !is_ome(description) {
        return None;
    }
    let (elements, fault) = xml::elements(description.trim_start_matches('\u{feff}').trim());
    if elements.first()?.path != "OME" {
        return None;
    }
    let mut findings = Findings::default();
    if let Some(fault) = fault {
        findings.warnings.push(format!("the OME-XML is damaged: {fault}"));
    }
    if let Some(other) = elements.iter().find(|element| element.path == "OME/BinaryOnly") {
        let name = other.attribute("MetadataFile").unwrap_or("another file");
        findings.missing.push(format!("the OME metadata are in {name}, which is not read"));
        return Some(findings);
    }
    let Some(pixels) = pixels_of(&elements, page, size) else { return Some(findings) };
    match calibration(pixels) {
        Ok(Some(calibration)) => {
            let whole = |key: &str| pixels.attribute(key).and_then(|text| text.trim().parse::<usize>().ok());
            let stored = whole("SizeX").zip(whole("SizeY")).map(|(width, height)| Size { height, width });
            match stored.filter(|stored| stored.width > 0 && stored.height > 0) {
                Some(stored) if fit(size, stored) != Fit::AsStored => {
                    let nm_per_px = Some(calibration.nm_per_px_x);
                    findings.warnings.push(changed_warning(size, stored, nm_per_px));
                }
                _ => findings.calibrations.push(calibration),
            }
        }
        Ok(None) => findings.missing.push("the OME-XML has no physical size of a pixel".to_owned()),
        Err(reason) => findings.warnings.push(reason),
    }
    Some(findings)
}

/// The `Pixels` that `page` belongs to: by their `TiffData`, else the only ones, else the first of this `size`.
fn pixels_of(elements: &[Element], page: usize, size: Size) -> Option<&Element> {
    let images = images(elements);
    let holds = |image: &&Image<'_>| {
        image.pages.iter().any(|&(first, count)| (first..first.saturating_add(count)).contains(&page))
    };
    // a file of a set of files: the numbers of pages may be those of another
    let found =
        images.iter().filter(|image| !image.elsewhere).find(holds).or_else(|| images.iter().find(holds));
    let has_size = |image: &&Image<'_>| {
        let is = |key: &str, n: usize| image.pixels.attribute(key) == Some(n.to_string().as_str());
        is("SizeX", size.width) && is("SizeY", size.height)
    };
    found.or_else(|| images.iter().find(has_size)).or(images.first()).map(|image| image.pixels)
}

fn images(elements: &[Element]) -> Vec<Image<'_>> {
    let file = elements.first().and_then(|root| root.attribute("UUID"));
    let mut images: Vec<Image<'_>> = Vec::new();
    for element in elements {
        let whole = |key: &str| element.attribute(key).and_then(|text| text.trim().parse::<usize>().ok());
        match (element.path.as_str(), images.last_mut()) {
            ("OME/Image/Pixels", _) => {
                images.push(Image { pixels: element, pages: Vec::new(), elsewhere: false });
            }
            ("OME/Image/Pixels/TiffData", Some(image)) => {
                // without a page it begins at the first, without both it is all pages
                let count =
                    whole("PlaneCount").unwrap_or(if whole("IFD").is_some() { 1 } else { usize::MAX });
                image.pages.push((whole("IFD").unwrap_or(0), count));
            }
            ("OME/Image/Pixels/TiffData/UUID", Some(image))
                if file.is_some_and(|file| file != element.text) =>
            {
                image.pages.pop();
                image.elsewhere = true;
            }
            _ => {}
        }
    }
    images
}

/// The size of a pixel of `pixels`; `None` where none is written; or why it is not a length.
fn calibration(pixels: &Element) -> Result<Option<Calibration>, String> {
    let length = |key: &str| {
        let Some(text) = pixels.attribute(key) else { return Ok(None) };
        let unit = pixels.attribute(&format!("{key}Unit")).unwrap_or("µm"); // the schema's default
        let Some(nm) = nm_per_unit(unit) else {
            return Err(format!("OME {key}={text} {unit}: the unit is not a length; it gives no pixel size"));
        };
        // the schema has floating-point numbers, and programs write those that are whole without zeros
        match Written::parse_shortest(text, DOUBLE_DIGITS).filter(|length| length.value > 0.0) {
            Some(length) => Ok(Some((length.times(nm), format!("{text} {unit}")))),
            None => Err(format!("OME {key}={text} is not a length above 0; it gives no pixel size")),
        }
    };
    let (Some((width, text)), height) = (length("PhysicalSizeX")?, length("PhysicalSizeY")?) else {
        return Ok(None);
    };
    let height = height.map_or(width, |(height, _)| height);
    Ok(Some(Calibration {
        nm_per_px_x: width.value,
        nm_per_px_y: height.value,
        relative_uncertainty: width.relative_uncertainty().max(height.relative_uncertainty()),
        source: CalibrationSource::Software(format!("OME PhysicalSizeX={text}")),
    }))
}
