//! JEOL scanning microscopes: `$KEY value` lines in a text file beside the image, or `$KEY=value`
//! separated by tabs in TIFF tag 37500 (the maker's note), after the word `UNICODE`.
//!
//! Newer instruments write the field of view (`CM_FIELD_OF_VIEW`, µm) with the pixels across it
//! (`CM_IMAGE_SIZE`), and `CM_PIXEL_SIZE`, whose unit (nm) may be missing: it is used only where
//! there is no field of view. Either may have its unit at the last of its two numbers only. Older ones give the length of their marker in whole pixels, so it is
//! uncertain by half a pixel. `CM_FULL_SIZE` is the image without the data bar below it.

use super::findings::{Findings, vendor_calibration};
use super::number::{self, Size, Written, date_time, kilovolts, length_nm, lengths_nm, text_of_any_width};

/// Reads the `bytes` of tag 37500 of an image of `size`; `None` where they are not JEOL's.
pub(super) fn tag_findings(bytes: &[u8], size: Size) -> Option<Findings> {
    let text = bytes.strip_prefix(b"UNICODE").map_or(bytes, |text| text.strip_prefix(b"\0").unwrap_or(text));
    findings(&text_of_any_width(text), size)
}

/// Reads `text` of an image of `size`; `None` where it is not JEOL's.
pub(super) fn findings(text: &str, size: Size) -> Option<Findings> {
    let entries = entries(text);
    if !entries.iter().any(|(key, _)| key.starts_with("CM_") || key.starts_with("SM_")) {
        return None;
    }
    let get = |key: &str| {
        let found = entries.iter().find(|(found, value)| *found == key && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    };
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("JEOL".to_owned());
    instrument.instrument = get("CM_INSTRUMENT").map(str::to_owned);
    instrument.accelerating_voltage_kv = get("CM_ACCEL_VOLT").and_then(|volts| kilovolts(volts, 1.0));
    instrument.working_distance_mm =
        get("SM_WD").and_then(|millimetres| length_nm(millimetres, "mm")).map(|nm| nm.value / 1e6);
    instrument.magnification = get("CM_MAG").and_then(Written::parse_positive).map(|times| times.value);
    instrument.detector = get("SM_DETECTOR").or(get("CM_SIGNAL")).map(str::to_owned);
    instrument.date = date_time(get("CM_DATE"), get("CM_TIME"));

    let image = get("CM_IMAGE_SIZE").and_then(number::size);
    let stored = get("CM_FULL_SIZE").and_then(number::size).or(image);
    let field = || {
        let fields = lengths_nm(get("CM_FIELD_OF_VIEW")?, "um")?;
        let image = image.or(stored)?;
        let width = fields.first()?.times(1.0 / image.width as f64);
        let height = fields.get(1).map(|field| field.times(1.0 / image.height as f64));
        // pixels are square; a height of another order comes from a wrong unit
        let height =
            height.filter(|height| !(0.5..2.0).contains(&(height.value / width.value))).unwrap_or(width);
        Some(vendor_calibration("JEOL CM_FIELD_OF_VIEW", width, height))
    };
    let pixel = || {
        let sizes = lengths_nm(get("CM_PIXEL_SIZE")?, "nm")?;
        let width = *sizes.first()?;
        Some(vendor_calibration("JEOL CM_PIXEL_SIZE", width, sizes.get(1).copied().unwrap_or(width)))
    };
    let marker = || {
        let bar_px = Written::parse_positive(get("SM_MICRON_BAR")?)?.value;
        let pixel = length_nm(get("SM_MICRON_MARKER")?, "um")?.value / bar_px;
        let pixel = Written { value: pixel, half_unit: 0.5 / bar_px * pixel };
        Some(vendor_calibration("JEOL SM_MICRON_MARKER", pixel, pixel))
    };
    let calibrations = [field().or_else(pixel), marker()].into_iter().flatten().collect();
    findings.set_scan("JEOL", calibrations, size, stored);
    Some(findings)
}

/// Keys without their `$`, and values; a line without `$` continues the value before.
fn entries(text: &str) -> Vec<(&str, String)> {
    let mut entries: Vec<(&str, String)> = Vec::new();
    for part in text.split(['\r', '\n', '\t']).map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(entry) = part.strip_prefix('$') {
            let entry = entry.trim_start_matches('$');
            let end = entry.find(|sign: char| sign == '=' || sign.is_whitespace()).unwrap_or(entry.len());
            let (key, value) = entry.split_at(end);
            entries.push((key, value.trim_start_matches('=').trim().to_owned()));
        } else if let Some((_, value)) = entries.last_mut() {
            value.push(' ');
            value.push_str(part);
        }
    }
    entries
}
