//! OME-TIFF: the OME-XML in TIFF tag 270, whose `Pixels` element has the physical size of a pixel.

use crate::{Calibration, CalibrationSource};

use super::findings::{Findings, Fit, changed_warning, fit};
use super::number::{Size, Written, nm_per_unit};
use super::xml;

/// Reads `description` of an image of `size`; `None` where it is not OME-XML.
pub(super) fn findings(description: &str, size: Size) -> Option<Findings> {
    let description = description.trim_start_matches('\u{feff}').trim();
    if !description.starts_with('<') {
        return None;
    }
    let (elements, fault) = xml::elements(description);
    if elements.first()?.path != "OME" {
        return None;
    }
    let mut findings = Findings::default();
    if let Some(fault) = fault {
        findings.warnings.push(format!("the OME-XML is damaged: {fault}"));
    }
    let Some(pixels) = elements.iter().find(|element| element.path == "OME/Image/Pixels") else {
        return Some(findings);
    };
    let length_nm = |key: &str| {
        let unit = pixels.attribute(&format!("{key}Unit")).unwrap_or("µm"); // the schema's default
        let length = Written::parse_positive(pixels.attribute(key)?)?;
        Some((length.value * nm_per_unit(unit)?, length.relative_uncertainty()))
    };
    let Some((nm_per_px_x, uncertainty_x)) = length_nm("PhysicalSizeX") else { return Some(findings) };
    let (nm_per_px_y, uncertainty_y) = length_nm("PhysicalSizeY").unwrap_or((nm_per_px_x, uncertainty_x));
    let whole = |key: &str| pixels.attribute(key).and_then(|text| text.parse::<usize>().ok());
    if let (Some(width @ 1..), Some(height @ 1..)) = (whole("SizeX"), whole("SizeY")) {
        let stored = Size { height, width };
        if fit(size, stored) != Fit::AsStored {
            findings.warnings.push(changed_warning(size, stored, Some(nm_per_px_x)));
            return Some(findings);
        }
    }
    findings.calibrations.push(Calibration {
        nm_per_px_x,
        nm_per_px_y,
        relative_uncertainty: uncertainty_x.max(uncertainty_y),
        source: CalibrationSource::Software("OME PhysicalSizeX".to_owned()),
    });
    Some(findings)
}
