//! Zeiss Orion helium-ion microscopes and Fibics software (Atlas, NPVE): XML in TIFF tags 65000
//! (`<ImageTags>`) and 51023 (`<Fibics>`).
//!
//! Orion: each setting is an element with `<Value>` and `<Units>`; `ScalingX` is the width of a pixel, `Fov` that of the
//! field, voltages are in volts, working distances in millimetres. Fibics: `Ux, Uy` is the
//! step from a pixel to the next along a row, `Vx, Vy` from row to row, in metres or micrometres; else the field
//! of view is divided by the pixels across it.

use super::findings::{Findings, vendor_calibration};
use super::number::{DOUBLE_DIGITS, Size, Written};
use super::unit::nm_per_unit;
use super::xml::{self, Element};

const NM_PER_M: f64 = 1e9;
const NM_PER_UM: f64 = 1e3;

/// Largest step in metres where no field of view says the unit: a field of 2048 steps of it would be 20 mm wide, which no
/// beam reaches, and in micrometres 20 nm.
const MOST_METERS: f64 = 1e-5;

/// Reads XML `text` of an image of `size`; `None` where it is of neither kind.
pub(super) fn findings(text: &str, size: Size) -> Option<Findings> {
    let (elements, fault) = xml::elements(text.trim_start_matches('\u{feff}').trim());
    let mut findings = match elements.first()?.path.as_str() {
        "ImageTags" => orion(&elements, size),
        "Fibics" => fibics(&elements, size),
        _ => return None,
    };
    if let Some(fault) = fault {
        findings.warnings.push(format!("the XML of the microscope is damaged: {fault}"));
    }
    Some(findings)
}

/// The text of the first element at `path` that has one.
fn text<'a>(elements: &'a [Element], path: &str) -> Option<&'a str> {
    elements
        .iter()
        .find(|element| element.path == path && !element.text.is_empty())
        .map(|element| element.text.as_str())
}

fn orion(elements: &[Element], size: Size) -> Findings {
    let value = |name: &str| text(elements, &format!("ImageTags/{name}/Value"));
    let length = |name: &str, unit: &str| {
        let unit = text(elements, &format!("ImageTags/{name}/Units")).unwrap_or(unit);
        length_nm(value(name)?, unit)
    };
    let number = |name: &str| value(name).and_then(Written::parse_positive);
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("Zeiss".to_owned());
    instrument.instrument = Some("Orion".to_owned());
    instrument.accelerating_voltage_kv = number("AccelerationVoltage").map(|volts| volts.value / 1e3);
    instrument.working_distance_mm = length("WorkingDistance", "mm").map(|nm| nm.value / 1e6);
    let whole = |name: &str| value(name).and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    let stored = whole("ImageWidth").zip(whole("ImageHeight")).map(|(width, height)| Size { height, width });
    let width = stored.map_or(size.width, |stored| stored.width) as f64;
    let scaling = length("ScalingX", "m").map(|pixel| {
        vendor_calibration("Zeiss Orion ScalingX", pixel, length("ScalingY", "m").unwrap_or(pixel))
    });
    let field = length("Fov", "um").map(|field| field.times(1.0 / width));
    let field = field.map(|pixel| vendor_calibration("Zeiss Orion Fov", pixel, pixel));
    findings.set_scan("Zeiss Orion", scaling.into_iter().chain(field).collect(), size, stored);
    findings
}

/// The length above 0 that `text` writes in `unit`, in nanometres.
fn length_nm(text: &str, unit: &str) -> Option<Written> {
    let length = Written::parse_shortest(text, DOUBLE_DIGITS)?.times(nm_per_unit(unit)?);
    (length.value > 0.0).then_some(length)
}

fn fibics(elements: &[Element], size: Size) -> Findings {
    let value = |path: &str| text(elements, &format!("Fibics/{path}"));
    let element = |path: &str| {
        let path = format!("Fibics/{path}");
        elements.iter().find(|element| element.path == path)
    };
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("Fibics".to_owned());
    instrument.instrument = value("Image/Machine").map(str::to_owned);
    let volts = elements.iter().find(|element| {
        element.path == "Fibics/BeamInfo/AccV"
            || element.path == "Fibics/BeamInfo/item" && element.attribute("name") == Some("AccV")
    });
    instrument.accelerating_voltage_kv =
        volts.and_then(|element| Written::parse(&element.text)).map(|volts| volts.value / 1e3);
    instrument.detector = value("Image/Detector").map(str::to_owned);
    instrument.date = value("Application/Date").map(str::to_owned);

    let whole = |path: &str| value(path).and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 0);
    let stored =
        whole("Image/Width").zip(whole("Image/Height")).map(|(width, height)| Size { height, width });
    // the field may be rotated against the stage: a step has two components
    let step = |along: &str, across: &str| {
        let part = |name: &str| match value(&format!("Scan/{name}")) {
            Some(text) => Written::parse_shortest(text, DOUBLE_DIGITS),
            None => Some(Written { value: 0.0, half_unit: 0.0 }),
        };
        let (along, across) = (part(along)?, part(across)?);
        let value = along.value.hypot(across.value);
        // the rounding of a component counts as far as the step depends on it
        let rounding = (along.value * along.half_unit).hypot(across.value * across.half_unit);
        (value > 0.0).then(|| Written { value, half_unit: rounding / value })
    };
    for (along, across) in [("Ux", "Uy"), ("Vy", "Vx")] {
        if value(&format!("Scan/{along}")).is_some() && step(along, across).is_none() {
            findings.warnings.push(format!(
                "Fibics {along} and {across} give no pixel size: expected finite numbers, not both 0"
            ));
        }
    }
    let field = |path: &str, n: usize| {
        let element = element(path)?;
        let unit = element.attribute("units").unwrap_or("um");
        Some(length_nm(&element.text, unit)?.times(1.0 / n as f64))
    };
    let across = stored.unwrap_or(size);
    let of_field = field("Scan/FOV_X", across.width)
        .map(|width| (width, field("Scan/FOV_Y", across.height).unwrap_or(width)));
    let mut calibrations = Vec::new();
    if let Some(width) = step("Ux", "Uy") {
        // without a step from row to row, pixels are square
        let height = step("Vy", "Vx").unwrap_or(width);
        // metres in some files, micrometres in others, without a unit: the field of view, which has one, says
        let in_micrometres = of_field.map_or(width.value > MOST_METERS, |(of_field, _)| {
            (width.value * NM_PER_UM / of_field.value - 1.0).abs() < 0.01
        });
        let nm = if in_micrometres { NM_PER_UM } else { NM_PER_M };
        calibrations.push(vendor_calibration("Fibics Scan Ux", width.times(nm), height.times(nm)));
    }
    if let Some((width, height)) = of_field {
        calibrations.push(vendor_calibration("Fibics Scan FOV_X", width, height));
    }
    findings.set_scan("Fibics", calibrations, size, stored);
    findings
}
