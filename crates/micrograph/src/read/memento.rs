//! FEI's "Memento": settings as nested items of XML, in base64 in TIFF tag 34680 of newer microscopes.
//!
//! An item has a key (`<key><string>`) and a value (`<value><MementoItem>`): a `<MementoItemUnit>` and either a number
//! (`<anyType>`) or a section of further items. A setting is found by the keys that lead to it, e.g. `Scan/PixelSize/Width`.

use super::findings::{Findings, vendor_calibration};
use super::number::{DOUBLE_DIGITS, Size, Written};
use super::xml::Element;

/// Root of the XML.
pub(super) const ROOT: &str = "MementoItemCollection";

/// A setting: the keys that lead to it, its unit as the file names it, its text.
struct Setting<'a> {
    keys: String,
    unit: &'a str,
    text: &'a str,
}

/// Reads the `elements` of the XML of an image of `size`.
pub(super) fn findings(elements: &[Element], size: Size) -> Findings {
    let settings = settings(elements);
    let find = |end: &str| {
        settings.iter().find(|setting| {
            setting.keys.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    };
    let number =
        |end: &str| find(end).and_then(|setting| Written::parse_shortest(setting.text, DOUBLE_DIGITS));
    // lengths are in meters
    let length = |end: &str| {
        let setting =
            find(end).filter(|setting| setting.unit.is_empty() || setting.unit.ends_with("Meter"))?;
        let meters = Written::parse_shortest(setting.text, DOUBLE_DIGITS)?;
        (meters.value > 0.0).then(|| meters.times(1e9))
    };
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("FEI".to_owned());
    instrument.instrument = find("SystemType").map(|setting| setting.text.to_owned());
    instrument.accelerating_voltage_kv =
        number("HighVoltage").or(number("AccelerationVoltage")).map(|volts| volts.value.abs() / 1e3);
    instrument.working_distance_mm = length("WorkingDistance").map(|nm| nm.value / 1e6);

    let calibration = length("Scan/PixelSize/Width").map(|width| {
        let height = length("Scan/PixelSize/Height").unwrap_or(width);
        vendor_calibration("FEI Memento Scan/PixelSize/Width", width, height)
    });
    findings.set_scan("FEI Memento", calibration.into_iter().collect(), size, None);
    findings
}

fn settings(elements: &[Element]) -> Vec<Setting<'_>> {
    let mut settings = Vec::new();
    // keys of the items that are open, each with the path of its item
    let mut open: Vec<(&str, &str)> = Vec::new();
    let mut unit = "";
    for element in elements {
        let path = element.path.as_str();
        if let Some(item) = path.strip_suffix("/key/string") {
            open.retain(|(outer, _)| item.len() > outer.len() && item.starts_with(outer));
            open.push((item, &element.text));
            unit = "";
        } else if path.ends_with("/value/MementoItem/MementoItemUnit") {
            unit = &element.text;
        } else if path.ends_with("/value/MementoItem/anyType") {
            let keys: Vec<&str> = open.iter().map(|(_, key)| *key).collect();
            settings.push(Setting { keys: keys.join("/"), unit, text: &element.text });
        }
    }
    settings
}
