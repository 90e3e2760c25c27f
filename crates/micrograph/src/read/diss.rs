//! point electronic DISS: XMP (XML in TIFF tag 700) that names `point electronic DISS` as its tool.
//!
//! Settings are elements or attributes of `<rdf:Description>`, some with `value` and `Unit` below
//! them. `PixelSizeX` and `PixelSizeY` are in metres if they have no unit.

use super::findings::{Findings, vendor_calibration};
use super::number::{Size, Written, kilovolts, length_nm};
use super::xml::{self, Element};

/// Path of the settings.
const ROOT: &str = "xmpmeta/RDF/Description";

/// Reads XMP `text` of an image of `size`; `None` where another program wrote it.
pub(super) fn findings(text: &str, size: Size) -> Option<Findings> {
    let (elements, fault) = xml::elements(text.trim_start_matches('\u{feff}').trim());
    if !value(&elements, "CreatorTool")?.starts_with("point electronic DISS") {
        return None;
    }
    // the number, and its unit where it is stored separately
    let setting = |name: &str| {
        let number = value(&elements, &format!("{name}/value")).or_else(|| value(&elements, name))?;
        Some((number, value(&elements, &format!("{name}/Unit"))))
    };
    let length = |name: &str, unit: &str| {
        let (number, written) = setting(name)?;
        length_nm(number, written.unwrap_or(unit))
    };
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("point electronic".to_owned());
    instrument.instrument = value(&elements, "CreatorTool").map(str::to_owned);
    instrument.accelerating_voltage_kv = setting("HV").and_then(|(number, unit)| match unit {
        Some(unit) => kilovolts(&format!("{number} {unit}"), 1.0),
        None => kilovolts(number, 1e-3),
    });
    instrument.working_distance_mm = length("WD", "m").map(|nm| nm.value / 1e6);
    instrument.magnification =
        setting("Mag").and_then(|(number, _)| Written::parse_positive(number)).map(|times| times.value);
    let calibration = length("PixelSizeX", "m").map(|width| {
        vendor_calibration("DISS PixelSizeX", width, length("PixelSizeY", "m").unwrap_or(width))
    });
    findings.set_scan("DISS", calibration.into_iter().collect(), size, None);
    if let Some(fault) = fault {
        findings.warnings.push(format!("the XMP of DISS is damaged: {fault}"));
    }
    Some(findings)
}

/// The text of the element at `path` below a description, or the description's attribute.
fn value<'a>(elements: &'a [Element], path: &str) -> Option<&'a str> {
    elements
        .iter()
        .find_map(|element| match element.path.strip_prefix(ROOT)? {
            "" => element.attribute(path),
            below => (below.strip_prefix('/') == Some(path)).then_some(element.text.as_str()),
        })
        .filter(|text| !text.is_empty())
}
