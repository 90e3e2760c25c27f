//! FEI, Thermo Fisher and Phenom: INI text (TIFF tags 34682 and 34680) and XML (tag 34683,
//! inside the JPEG files of Phenom instruments, and in base64 in tag 34680).
//!
//! INI: lengths in metres, voltages in volts, numbers as C's `%g` writes them. `[Scan] PixelWidth` is the pixel size; the section
//! of the beam in use (`[EScan]`, `[IScan]`) repeats it. A data bar is appended below the
//! `[Image] ResolutionY` rows of specimen; `[PrivateFei] DatabarHeight` may be 0 where there is
//! one, and is not used. Values may be empty or text.
//!
//! Tag 34680 of XL and Sirion instruments (S-FEG) holds a magnification but no pixel size, and the
//! size of the print it refers to is not known: such files stay uncalibrated.

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::{Calibration, CalibrationSource};

use super::findings::{Findings, Fit, fit};
use super::ini::Ini;
use super::memento;
use super::number::{DOUBLE_DIGITS, GENERAL_DIGITS, Size, Written, text_of_any_width};
use super::unit::nm_per_unit;
use super::xml::{self, Element};

/// Sections that identify FEI's INI text.
const SECTIONS: [&str; 5] = ["User", "Scan", "Image", "System", "DatabarData"];

/// Reads INI `text` of an image of `size`; `None` where it is not FEI's.
pub(super) fn ini_findings(text: &str, size: Size) -> Option<Findings> {
    let ini = Ini::parse(text);
    if !SECTIONS.iter().any(|section| ini.has(section)) {
        return None;
    }
    let mut findings = Findings::default();
    let number = |section: &str, key: &str| ini.get(section, key).and_then(Written::parse);
    let positive = |section: &str, key: &str| {
        let number = Written::parse_shortest(ini.get(section, key)?, GENERAL_DIGITS)?;
        (number.value > 0.0).then_some(number)
    };

    let beam = ini.get("Beam", "Beam").unwrap_or("EBeam");
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("FEI".to_owned());
    instrument.instrument =
        ini.get("System", "SystemType").or(ini.get("System", "Type")).map(|name| name.replace('"', ""));
    instrument.accelerating_voltage_kv = number("Beam", "HV")
        .or(number(beam, "HV"))
        .or(number("DatabarData", "flAccV"))
        .map(|volts| volts.value / 1e3);
    instrument.working_distance_mm =
        number(beam, "WD")
            .map(|metres| metres.value * 1e3)
            .or(number("DatabarData", "flWD").map(|millimetres| millimetres.value));
    instrument.magnification = positive("Vector", "Magnification").map(|magnification| magnification.value);
    instrument.detector = ini.get("Detectors", "Name").map(str::to_owned);
    instrument.date = match (ini.get("User", "Date"), ini.get("User", "Time")) {
        (Some(date), Some(time)) => Some(format!("{date} {time}")),
        (date, time) => date.or(time).map(str::to_owned),
    };

    let whole = |key: &str| ini.get("Image", key).and_then(|text| text.parse::<usize>().ok());
    let stored = match (whole("ResolutionX"), whole("ResolutionY")) {
        (Some(width @ 1..), Some(height @ 1..)) => Some(Size { height, width }),
        _ => None,
    };
    let mut calibrations = Vec::new();
    let beam_scan = ini.get("Beam", "Scan").unwrap_or("EScan");
    for section in ["Scan", beam_scan, "EScan", "IScan"] {
        if let Some(width) = positive(section, "PixelWidth") {
            let height = positive(section, "PixelHeight").unwrap_or(width);
            calibrations.push(calibration(&format!("[{section}] PixelWidth"), width, height, 1e9));
            break;
        }
    }
    if let Some(stored) = stored {
        let per_px = |field: Written, n: usize| field.times(1.0 / n as f64);
        // the navigation camera has no scan, only a field of view
        for (section, x, y) in [("Scan", "HorFieldsize", "VerFieldsize"), ("IRBeam", "HFW", "VFW")] {
            if section == "IRBeam" && !calibrations.is_empty() {
                continue;
            }
            if let Some(width) = positive(section, x).map(|field| per_px(field, stored.width)) {
                let height = positive(section, y).map_or(width, |field| per_px(field, stored.height));
                calibrations.push(calibration(&format!("[{section}] {x}"), width, height, 1e9));
            }
        }
    }
    findings.set_calibrations(calibrations, size, stored);
    if let Some(stored) = stored
        && fit(size, stored) == Fit::AsStored
    {
        if stored.height <= size.height {
            findings.specimen_rows = Some(stored.height);
        } else {
            findings.warnings.push(format!(
                "the image has {} rows, its metadata say {}: the lower ones are cut off",
                size.height, stored.height
            ));
        }
    }
    if findings.calibrations.is_empty() && findings.warnings.is_empty() {
        findings.missing.push("the FEI metadata hold no pixel size".to_owned());
    }
    Some(findings)
}

/// Reads `text` of an image of `size`, INI or XML, or either of them in base64; `None` where it is not FEI's.
pub(super) fn findings(text: &str, size: Size) -> Option<Findings> {
    ini_findings(text, size).or_else(|| xml_findings(text, size)).or_else(|| {
        let text = decoded(text)?;
        ini_findings(&text, size).or_else(|| xml_findings(&text, size))
    })
}

/// The text that `text` is the base64 of, however its lines are broken.
fn decoded(text: &str) -> Option<String> {
    let mut digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    // what is cut off ends somewhere in a group of four
    digits.truncate(digits.len() / 4 * 4);
    let bytes = BASE64_STANDARD.decode(digits).ok()?;
    Some(text_of_any_width(&bytes)).filter(|text| !text.is_empty())
}

/// Reads XML `text` of an image of `size`; `None` where it is not FEI's.
///
/// There are three kinds: `<Metadata>` of newer instruments, `<FeiImage>` of Phenom and TEM, and
/// [`memento`]'s.
pub(super) fn xml_findings(text: &str, size: Size) -> Option<Findings> {
    let (elements, fault) = xml::elements(text.trim_start_matches('\u{feff}').trim());
    let mut findings = match elements.first()?.path.as_str() {
        "Metadata" | "FeiImage" => of_elements(&elements, size),
        memento::ROOT => memento::findings(&elements, size),
        _ => return None,
    };
    if let Some(fault) = fault {
        findings.warnings.push(format!("the FEI XML is damaged: {fault}"));
    }
    Some(findings)
}

fn of_elements(elements: &[Element], size: Size) -> Findings {
    let find = |path: &str| elements.iter().find(|element| element.path == path);
    let first =
        |paths: &[&str]| paths.iter().find_map(|path| find(path).filter(|found| !found.text.is_empty()));
    let text = |paths: &[&str]| first(paths).map(|element| element.text.clone());
    let mut findings = Findings::default();

    let instrument = &mut findings.instrument;
    let phenom = text(&["FeiImage/instrument/type"]);
    instrument.vendor = Some(if phenom.as_deref() == Some("Phenom") { "Phenom" } else { "FEI" }.to_owned());
    instrument.instrument = text(&["Metadata/Instrument/InstrumentClass"]).or(phenom);
    instrument.accelerating_voltage_kv =
        first(&["Metadata/Optics/AccelerationVoltage", "FeiImage/acquisition/scan/highVoltage"]).and_then(
            |element| {
                let kilo = if element.attribute("unit") == Some("kV") { 1.0 } else { 1e-3 };
                Some(Written::parse(&element.text)?.value.abs() * kilo) // Phenom writes the sign of the electron
            },
        );
    instrument.working_distance_mm = first(&["Metadata/Optics/WorkingDistance", "FeiImage/workingDistance"])
        .and_then(length_nm)
        .map(|distance| distance.value / 1e6);
    instrument.magnification = first(&["FeiImage/magnification"])
        .and_then(|element| Some(Written::parse_positive(&element.text)?.value));
    instrument.detector = text(&["Metadata/Detectors/ScanningDetector/DetectorName"]);
    instrument.date = text(&["Metadata/Acquisition/AcquisitionDatetime", "FeiImage/time"]);

    let positive = |path: &str| find(path).and_then(length_nm).filter(|length| length.value > 0.0);
    let mut calibrations = Vec::new();
    for (x, y) in [
        ("Metadata/BinaryResult/PixelSize/X", "Metadata/BinaryResult/PixelSize/Y"),
        ("FeiImage/pixelWidth", "FeiImage/pixelHeight"),
    ] {
        if let Some(width) = positive(x) {
            let height = positive(y).unwrap_or(width);
            calibrations.push(calibration(&format!("XML {x}"), width, height, 1.0));
        }
    }
    let whole = |path: &str| find(path).and_then(|element| element.text.parse::<usize>().ok());
    let stored =
        match (whole("Metadata/BinaryResult/ImageSize/X"), whole("Metadata/BinaryResult/ImageSize/Y")) {
            (Some(width @ 1..), Some(height @ 1..)) => Some(Size { height, width }),
            _ => None,
        };
    findings.set_calibrations(calibrations, size, stored);
    findings.specimen_rows = whole("FeiImage/databarHeight")
        .and_then(|rows| size.height.checked_sub(rows))
        .filter(|rows| *rows > 0);
    findings
}

/// The length in an element with its `unit` attribute, metres without one, in nanometres.
fn length_nm(element: &Element) -> Option<Written> {
    let nm = nm_per_unit(element.attribute("unit").unwrap_or("m"))?;
    Some(Written::parse_shortest(&element.text, DOUBLE_DIGITS)?.times(nm))
}

fn calibration(key: &str, width: Written, height: Written, nm: f64) -> Calibration {
    Calibration {
        nm_per_px_x: width.value * nm,
        nm_per_px_y: height.value * nm,
        relative_uncertainty: width.relative_uncertainty().max(height.relative_uncertainty()),
        source: CalibrationSource::Vendor(format!("FEI {key}")),
    }
}
