//! Hitachi: the INI text file beside an image, section `[SemImageFile]` or `[TemImageFile]`.
//!
//! `PixelSize` is in nanometres. Older instruments (S-4700) have none; their magnification refers
//! to a print 127 mm wide, so a pixel is 127 mm / magnification / width of `DataSize`. A data bar
//! may be appended below the rows of `DataSize`, or drawn over them. `ImageName` and `Directory`
//! name files and are not used.

use super::findings::{Findings, vendor_calibration};
use super::ini::Ini;
use super::number::{self, Size, Written, date_time, kilovolts, length_nm};

/// Width in nanometres of the print that Hitachi's magnification refers to: 5 inches.
const PRINT_WIDTH_NM: f64 = 127e6;

/// Relative rounding of a magnification: the instruments show three digits.
const MAGNIFICATION_ROUNDING: f64 = 0.005;

/// Reads `text` of an image of `size`; `None` where it is not Hitachi's.
pub(super) fn findings(text: &str, size: Size) -> Option<Findings> {
    let ini = Ini::parse(text);
    let section = ["SemImageFile", "TemImageFile"].into_iter().find(|section| ini.has(section))?;
    let get = |key: &str| ini.get(section, key);
    let mut findings = Findings::default();
    let magnification = get("Magnification").and_then(Written::parse_positive);
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("Hitachi".to_owned());
    instrument.instrument = get("InstructName").map(str::to_owned);
    instrument.accelerating_voltage_kv = get("AcceleratingVoltage").and_then(|volts| kilovolts(volts, 1e-3));
    instrument.working_distance_mm =
        get("WorkingDistance").and_then(|micrometres| length_nm(micrometres, "um")).map(|nm| nm.value / 1e6);
    instrument.magnification = magnification.map(|times| times.value);
    instrument.detector = get("SignalName").map(str::to_owned);
    instrument.date = date_time(get("Date"), get("Time"));

    let stored = get("DataSize").and_then(number::size);
    let mut calibrations = Vec::new();
    if let Some(pixel) = get("PixelSize").and_then(|nm| length_nm(nm, "nm")) {
        calibrations.push(vendor_calibration("Hitachi PixelSize", pixel, pixel));
    } else if let (Some(magnification), Some(stored)) = (magnification, stored) {
        let value = PRINT_WIDTH_NM / magnification.value / stored.width as f64;
        let pixel = Written { value, half_unit: MAGNIFICATION_ROUNDING * value };
        calibrations.push(vendor_calibration("Hitachi Magnification of a print 127 mm wide", pixel, pixel));
    }
    findings.set_scan("Hitachi", calibrations, size, stored);
    Some(findings)
}
