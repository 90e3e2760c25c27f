//! `ImageJ` and Fiji: the description they write into TIFF tag 270.
//!
//! It begins with `ImageJ=` and may hold `unit=`; the resolution tags are then pixels per that
//! unit. Without these two, resolution tags are dots per inch for a printer, not a calibration.

use crate::{Calibration, CalibrationSource};

use super::findings::Findings;
use super::number::nm_per_unit;

/// A fraction as TIFF writes it.
pub(super) type Rational = (u32, u32);

/// Reads `description` and the resolutions along x and y; `None` where `ImageJ` did not write it.
pub(super) fn findings(
    description: &str,
    resolution: (Option<Rational>, Option<Rational>),
    n_pages: usize,
) -> Option<Findings> {
    if !description.starts_with("ImageJ=") {
        return None;
    }
    let value = |key: &str| {
        description
            .lines()
            .filter_map(|line| line.split_once('='))
            .find(|(found, _)| *found == key)
            .map(|(_, value)| value.trim())
    };
    let mut findings = Findings::default();
    if let Some(images) = value("images").and_then(|text| text.parse::<usize>().ok())
        && images > n_pages
    {
        // stacks above 4 GB have one directory for all images
        findings.warnings.push(format!(
            "ImageJ says {images} images, the file has {n_pages} pages; the others are not read"
        ));
    }
    let (Some(unit), Some(x)) = (value("unit"), resolution.0) else { return Some(findings) };
    match (nm_per_unit(unit), nm_per_px(x), nm_per_px(resolution.1.unwrap_or(x))) {
        (Some(nm), Some((width, width_uncertainty)), Some((height, height_uncertainty))) => {
            // a unit for y of its own is seldom, and then of the metric system too
            let nm_y = value("yunit").and_then(nm_per_unit).unwrap_or(nm);
            findings.calibrations.push(Calibration {
                nm_per_px_x: width * nm,
                nm_per_px_y: height * nm_y,
                relative_uncertainty: width_uncertainty.max(height_uncertainty),
                source: CalibrationSource::Software(format!("ImageJ unit={unit}")),
            });
        }
        (None, ..) if matches!(unit, "pixel" | "pixels" | "") => {} // ImageJ's words for no unit
        (None, ..) => findings
            .warnings
            .push(format!("ImageJ's unit \"{unit}\" is not a known unit of length; it gives no pixel size")),
        _ => findings.warnings.push("ImageJ's resolution is not above 0; it gives no pixel size".to_owned()),
    }
    Some(findings)
}

/// Units in a pixel for a resolution in pixels per unit, and the relative rounding of it.
fn nm_per_px((pixels, units): Rational) -> Option<(f64, f64)> {
    // ImageJ itself writes millionths
    let uncertainty = if units == 1_000_000 { 0.5 / f64::from(pixels) } else { 0.0 };
    (pixels > 0 && units > 0).then(|| (f64::from(units) / f64::from(pixels), uncertainty))
}
