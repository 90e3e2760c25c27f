//! Hitachi: the INI text file beside an image, section `[SemImageFile]`, `[TemImageFile]` or none, and the same
//! `Key=Value` lines in the Windows comment of a TIFF file (tag 40092, UTF-16; the model is in tag 40093).
//!
//! `PixelSize` is in nanometres. Older instruments (S-4700) have none; their magnification refers
//! to a print 127 mm wide, so a pixel is 127 mm / magnification / width of `DataSize`. A data bar
//! may be appended below the rows of `DataSize`, or drawn over them. `ImageName` and `Directory`
//! name files and are not used.

use super::findings::{Findings, short, vendor_calibration};
use super::ini::Ini;
use super::number::{
    self, FLOAT_DIGITS, Size, Written, date_time, kilovolts, length_nm, measured, text_of_any_width,
};
use super::unit::nm_per_unit;

/// Width in nanometres of the print that Hitachi's magnification refers to: 5 inches.
const PRINT_WIDTH_NM: f64 = 127e6;

/// Relative rounding of a magnification: the instruments show three digits.
const MAGNIFICATION_ROUNDING: f64 = 0.005;

/// Most that the width of the print may differ from the width of the image before a warning is given.
const MOST_WIDTH_DIFFERENCE: f64 = 0.02;

/// Keys of which at least three stand in texts without a section, with or without a value.
const KEYS: [&str; 9] = [
    "InstructName",
    "SerialNumber",
    "DataNumber",
    "DataSize",
    "PixelSize",
    "SignalName",
    "DataDisplayCombine",
    "EmissionCurrent",
    "ScanSpeed",
];
/// See [`KEYS`].
const LEAST_KEYS: usize = 3;

/// Reads the `comment` of tag 40092 and the `author` of tag 40093 of an image of `size`; `None` where they are not
/// Hitachi's.
pub(super) fn tag_findings(comment: &[u8], author: &[u8], size: Size) -> Option<Findings> {
    let text = text_of_any_width(comment);
    let mut findings = findings(&text, size)?;
    let author = text_of_any_width(author);
    let model = Some(author.trim().to_owned()).filter(|model| !model.is_empty());
    findings.instrument.instrument = model.or(findings.instrument.instrument.take());
    Some(findings)
}

/// Reads `text` of an image of `size`; `None` where it is not Hitachi's.
pub(super) fn findings(text: &str, size: Size) -> Option<Findings> {
    let ini = Ini::parse(text);
    let is_bare = || KEYS.iter().filter(|key| ini.has_key("", key)).count() >= LEAST_KEYS;
    let section = ["SemImageFile", "TemImageFile"]
        .into_iter()
        .find(|section| ini.has(section))
        .or_else(|| is_bare().then_some(""))?;
    let get = |key: &str| ini.get(section, key);
    // e.g. `Vacc=10.0kV   Mag=x100k   WD=9.1mm`
    let condition = |key: &str| {
        let parts = get("Condition")?.split_whitespace().filter_map(|part| part.split_once('='));
        parts.into_iter().find(|(found, _)| *found == key).map(|(_, value)| value)
    };
    let mut findings = Findings::default();
    let magnification = get("Magnification").or(condition("Mag")).and_then(magnification);
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("Hitachi".to_owned());
    instrument.instrument = get("InstructName").map(str::to_owned);
    instrument.accelerating_voltage_kv =
        get("AcceleratingVoltage").or(condition("Vacc")).and_then(|volts| kilovolts(volts, 1e-3));
    instrument.working_distance_mm = get("WorkingDistance")
        .and_then(|micrometres| length_nm(micrometres, "um"))
        .or(condition("WD").and_then(|millimetres| length_nm(millimetres, "mm")))
        .map(|nm| nm.value / 1e6);
    instrument.magnification = magnification.map(|times| times.value);
    instrument.detector = get("SignalName").map(str::to_owned);
    instrument.date = date_time(get("Date"), get("Time"));

    let stored = get("DataSize").and_then(number::size);
    let mut calibrations = Vec::new();
    if let Some(pixel) = get("PixelSize").and_then(pixel_nm) {
        if stored.is_none()
            && let Some(magnification) = magnification
        {
            findings.warnings.extend(print_warning(pixel, magnification, size));
        }
        calibrations.push(vendor_calibration("Hitachi PixelSize", pixel, pixel));
    } else if let (Some(magnification), Some(stored)) = (magnification, stored) {
        let value = PRINT_WIDTH_NM / magnification.value / stored.width as f64;
        let pixel = Written { value, half_unit: MAGNIFICATION_ROUNDING * value };
        calibrations.push(vendor_calibration("Hitachi Magnification of a print 127 mm wide", pixel, pixel));
    }
    findings.set_scan("Hitachi", calibrations, size, stored);
    Some(findings)
}

/// A pixel size above 0, in nanometres unless its unit is written; the instruments write floats.
fn pixel_nm(text: &str) -> Option<Written> {
    let (pixel, unit) = measured(text)?;
    let pixel = Written::parse_shortest(text, FLOAT_DIGITS).unwrap_or(pixel);
    let nm = if unit.is_empty() { 1.0 } else { nm_per_unit(unit)? };
    (pixel.value > 0.0).then(|| pixel.times(nm))
}

/// A magnification above 0: `15000`, `x100`, `x100k`.
fn magnification(text: &str) -> Option<Written> {
    let text = text.trim().trim_start_matches(['x', 'X', '×']);
    let (text, thousand) = match text.strip_suffix(['k', 'K']) {
        Some(text) => (text, 1e3),
        None => (text, 1.0),
    };
    Some(Written::parse_positive(text)?.times(thousand))
}

/// A warning where `pixel` and `magnification` are those of an image of another width than `size` has: nothing else says
/// how wide the image was when it was stored.
fn print_warning(pixel: Written, magnification: Written, size: Size) -> Option<String> {
    let width = PRINT_WIDTH_NM / magnification.value / pixel.value;
    let differs = |n: usize| (width / n as f64 - 1.0).abs() > MOST_WIDTH_DIFFERENCE;
    (width.is_finite() && differs(size.width) && differs(size.height)).then(|| {
        format!(
            "the pixel size and the magnification are those of an image {width:.0} pixels wide, this one has {}; if it was \
             resized, type {} nm",
            size.width,
            short(pixel.value * width / size.width as f64)
        )
    })
}
