//! JEOL transmission microscopes (`SightX`, `TEM Center`): the XML `<TemReporter>` in TIFF tag 270.
//!
//! It has the magnification but no pixel size: the resolution tags say how many pixels an inch of the camera's screen
//! has, in whole numbers, which leaves half a percent. In diffraction the selected value is a camera length, which
//! gives no length.

use super::findings::{Findings, vendor_calibration};
use super::imagej::Rational;
use super::number::{DOUBLE_DIGITS, Size, Written};
use super::xml;

/// An inch in nanometres.
const INCH_NM: f64 = 25.4e6;

/// Reads `description` and the resolution in pixels per inch; `None` where it is another program's.
pub(super) fn findings(description: &str, per_inch: Option<Rational>, size: Size) -> Option<Findings> {
    let description = description.trim_start_matches('\u{feff}').trim();
    if !description.starts_with('<') || !description.contains("<TemReporter") {
        return None;
    }
    let (elements, fault) = xml::elements(description);
    if elements.first()?.path != "TemReporter" {
        return None;
    }
    let text = |path: &str| {
        let path = format!("TemReporter/{path}");
        elements.iter().find(|element| element.path == path).map(|element| element.text.as_str())
    };
    let number =
        |path: &str| Written::parse_shortest(text(path)?, DOUBLE_DIGITS).filter(|number| number.value > 0.0);
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("JEOL".to_owned());
    instrument.instrument = text("Instruments").map(str::to_owned);
    instrument.accelerating_voltage_kv =
        number("ElectronGun/AccelerationVoltage").map(|volts| volts.value / 1e3);
    instrument.date = text("DateTime").map(str::to_owned);
    if let Some(fault) = fault {
        findings.warnings.push(format!("the JEOL XML is damaged: {fault}"));
    }
    let unit = text("ImageFormingSystem/SelectorUnitString").unwrap_or_default();
    if !matches!(unit, "X" | "x" | "×" | "") {
        findings
            .missing
            .push(format!("JEOL's selected value is in {unit}: it is no image, and has no pixel size"));
        return Some(findings);
    }
    let magnification = number("ImageFormingSystem/SelectorValue");
    findings.instrument.magnification = magnification.map(|times| times.value);
    let calibration = magnification.zip(per_inch.filter(|(pixels, units)| *pixels > 0 && *units > 0));
    let calibration = calibration.map(|(magnification, (pixels, units))| {
        let per_inch = f64::from(pixels) / f64::from(units);
        let value = INCH_NM / per_inch / magnification.value;
        let rounding = if units == 1 { 0.5 / f64::from(pixels) } else { 0.0 };
        let pixel = Written { value, half_unit: value * rounding };
        vendor_calibration("JEOL TemReporter SelectorValue", pixel, pixel)
    });
    findings.set_scan("JEOL", calibration.into_iter().collect(), size, None);
    Some(findings)
}
