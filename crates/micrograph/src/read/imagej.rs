//! `ImageJ` and Fiji: the description they write into TIFF tag 270 of the first page; it holds for all pages of a
//! stack.
//!
//! It begins with `ImageJ=` and may hold `unit=`; the resolution tags are then pixels per that
//! unit. Without these two, resolution tags are dots per inch for a printer, not a calibration. `ImageJ` escapes
//! letters that are not ASCII, such as `\u00B5`, and calls pixels in inches or centimeters what other programs
//! wrote as dots per inch.

use crate::{Calibration, CalibrationSource};

use super::findings::{Findings, short};
use super::unit::{nm_per_unit, unescaped};

/// A fraction as TIFF writes it.
pub(super) type Rational = (u32, u32);

/// Pixels per unit are written as whole millionths, or as a share of the largest number of 31 bits.
const MILLIONTHS: u32 = 1_000_000;

/// Largest pixel in inches or centimeters that is a calibration: no printer or scanner has dots as fine.
const FINER_THAN_PRINT_NM: f64 = 2000.0;

/// Whether `description` is of this program.
pub(super) fn is_imagej(description: &str) -> bool {
    description.starts_with("ImageJ=")
}

/// Reads `description` and the resolutions along x and y; `None` where `ImageJ` did not write it.
pub(super) fn findings(
    description: &str,
    resolution: (Option<Rational>, Option<Rational>),
    n_pages: usize,
) -> Option<Findings> {
    if !is_imagej(description) {
        return None;
    }
    let value = |key: &str| {
        description
            .lines()
            .filter_map(|line| line.split_once('='))
            .find(|(found, _)| *found == key)
            .map(|(_, value)| unescaped(value.trim()))
            .filter(|value| !value.is_empty())
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
    // ImageJ's words for no unit
    let Some(unit) = value("unit").filter(|unit| !matches!(unit.as_str(), "pixel" | "pixels")) else {
        findings
            .missing
            .push("ImageJ's description has no unit of length; it gives no pixel size".to_owned());
        return Some(findings);
    };
    let Some(x) = resolution.0 else {
        findings
            .missing
            .push(format!("ImageJ's unit \"{unit}\" comes without a resolution; it gives no pixel size"));
        return Some(findings);
    };
    let yunit = value("yunit").unwrap_or_else(|| unit.clone());
    match (length(x, &unit), length(resolution.1.unwrap_or(x), &yunit)) {
        (Ok((nm_per_px_x, rounding_x)), Ok((nm_per_px_y, rounding_y))) => {
            findings.calibrations.push(Calibration {
                nm_per_px_x,
                nm_per_px_y,
                relative_uncertainty: rounding_x.max(rounding_y),
                source: CalibrationSource::Software(format!("ImageJ unit={unit}")),
            });
        }
        (Err(reason), _) | (_, Err(reason)) => findings.warnings.push(reason),
    }
    Some(findings)
}

/// Nanometres in a pixel for a resolution in pixels per `unit`, and its relative rounding; or why there are none.
fn length((pixels, units): Rational, unit: &str) -> Result<(f64, f64), String> {
    let Some(nm) = nm_per_unit(unit) else {
        return Err(format!(
            "ImageJ's unit \"{unit}\" is not a known unit of length; it gives no pixel size"
        ));
    };
    if pixels == 0 || units == 0 {
        return Err(format!("ImageJ's resolution is {pixels}/{units}, not above 0; it gives no pixel size"));
    }
    let nm_per_px = nm * f64::from(units) / f64::from(pixels);
    if is_of_print(nm) && nm_per_px > FINER_THAN_PRINT_NM {
        return Err(format!(
            "ImageJ's {} pixels per {unit} are the dots of a printer or scanner; they give no pixel size",
            short(f64::from(pixels) / f64::from(units))
        ));
    }
    // the rest is cut off, not rounded
    let largest = i32::MAX as u32;
    let is_share = units > 1 && largest.abs_diff(pixels) <= largest / units.min(largest);
    let is_fixed = units == MILLIONTHS || is_share;
    let rounding = if is_fixed { 1.0 / f64::from(pixels) } else { 0.0 };
    Ok((nm_per_px, rounding))
}

/// Whether dots are counted in a unit of `nm`.
fn is_of_print(nm: f64) -> bool {
    nm_per_unit("in") == Some(nm) || nm_per_unit("cm") == Some(nm)
}
