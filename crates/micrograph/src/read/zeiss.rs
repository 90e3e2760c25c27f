//! Zeiss `SmartSEM` and LEO: the text of TIFF tag 34118.
//!
//! Latin-1 lines: a block of bare numbers, then pairs of lines, a key such as `AP_WD` and below it
//! `WD =  3.9 mm` (dates have `:` for `=`). Lengths carry their unit.
//!
//! `AP_PIXEL_SIZE` is the size of a pixel *on the monitor*, which is 1024 wide; so is the fourth
//! bare number, in metres with seven digits. They apply to the image only if it is 1024 pixels
//! wide too. Images carry `AP_IMAGE_PIXEL_SIZE` since about 2011; before, the field of view
//! (`AP_WIDTH`) is divided by the width.
//!
//! The data bar is drawn over the image, so the metadata do not give its rows.

use crate::{Calibration, CalibrationSource};

use super::findings::{Findings, Fit, changed_warning, fit};
use super::number::{FLOAT_DIGITS, Size, Written};
use super::unit::nm_per_unit;

/// Pixels across the monitor that `AP_PIXEL_SIZE` and the bare numbers refer to.
const MONITOR_WIDTH: f64 = 1024.0;

/// Reads the `text` of tag 34118 of an image of `size`.
pub(super) fn findings(text: &str, size: Size) -> Findings {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = Text::parse(&text);
    let mut findings = Findings::default();

    let instrument = &mut findings.instrument;
    instrument.vendor = Some("Zeiss".to_owned());
    // a serial number is the name of the instrument and two numbers, e.g. `ULTRA 55-36-06`
    let serial = text.value("SV_SERIAL_NUMBER").and_then(|serial| serial.rsplitn(3, '-').last());
    instrument.instrument = text.value("DP_SEM").or(serial).map(str::to_owned);
    instrument.accelerating_voltage_kv = text.measured("AP_ACTUALKV").and_then(kilovolts);
    instrument.working_distance_mm =
        text.measured("AP_WD").and_then(|(distance, unit)| Some(distance.value * nm_per_unit(unit)? / 1e6));
    instrument.magnification = text.measured("AP_MAG").map(|(magnification, unit)| {
        magnification.value * if unit.starts_with(['K', 'k']) { 1e3 } else { 1.0 }
    });
    let detector = text.value("DP_DETECTOR_CHANNEL").or(text.value("DP_DETECTOR_TYPE"));
    instrument.detector = detector.map(str::to_owned);
    instrument.date = match (text.value("AP_DATE"), text.value("AP_TIME")) {
        (Some(date), Some(time)) => Some(format!("{date} {time}")),
        (date, time) => date.or(time).map(str::to_owned),
    };

    let stored = text.stored_size();
    let fit = stored.map_or(Fit::AsStored, |stored| fit(size, stored));
    // pixels along the lines of the scan
    let scan_width = if fit == Fit::Turned { size.height } else { size.width };
    let calibrations = text.calibrations(scan_width as f64);
    match (fit, stored) {
        (Fit::Changed, Some(stored)) => {
            let nm_per_px =
                text.calibrations(stored.width as f64).first().map(|calibration| calibration.nm_per_px_x);
            findings.warnings.push(changed_warning(size, stored, nm_per_px));
        }
        _ => {
            if calibrations.is_empty() {
                findings.missing.push("the Zeiss metadata hold no pixel size".to_owned());
            }
            findings.calibrations = calibrations;
        }
    }
    findings
}

fn kilovolts((voltage, unit): (Written, &str)) -> Option<f64> {
    match unit {
        "kV" => Some(voltage.value),
        "V" => Some(voltage.value / 1e3),
        _ => None,
    }
}

/// The block of bare numbers, and the line below each key.
struct Text<'a> {
    numbers: Vec<&'a str>,
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Text<'a> {
    fn parse(text: &'a str) -> Self {
        // an empty line counts as a number, because the position of a number gives its meaning
        let mut lines = text.lines().map(str::trim).peekable();
        let mut numbers = Vec::new();
        while let Some(number) = lines.next_if(|line| !is_key(line)) {
            numbers.push(number);
        }
        let mut pairs = Vec::new();
        while let Some(line) = lines.next() {
            if is_key(line)
                && let Some(below) = lines.next_if(|below| !is_key(below))
            {
                pairs.push((line, below));
            }
        }
        Self { numbers, pairs }
    }

    /// The text after the `=` or `:` below `key`; `None` where it is empty.
    fn value(&self, key: &str) -> Option<&'a str> {
        let (_, below) = self.pairs.iter().find(|(found, _)| *found == key)?;
        let (_, value) = below.split_once('=').or_else(|| below.split_once(':'))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The number below `key`, and its unit.
    fn measured(&self, key: &str) -> Option<(Written, &'a str)> {
        let (number, unit) = self.value(key)?.split_once(' ')?;
        Some((Written::parse(number)?, unit.trim()))
    }

    /// The length below `key` in nanometres, above 0.
    fn length_nm(&self, key: &str) -> Option<Written> {
        let (length, unit) = self.measured(key)?;
        let nm = nm_per_unit(unit)?;
        (length.value > 0.0).then(|| length.times(nm))
    }

    /// The monitor's pixel from the block of numbers, in nanometres.
    fn monitor_pixel_nm(&self) -> Option<Written> {
        let metres = Written::parse_shortest(self.numbers.get(3)?, FLOAT_DIGITS)?;
        (metres.value > 0.0).then(|| metres.times(1e9))
    }

    /// Size of the image as it was stored, from `Store resolution = 2048 * 1536`.
    fn stored_size(&self) -> Option<Size> {
        let (width, height) = self.value("DP_IMAGE_STORE")?.split_once('*')?;
        let size = Size { height: height.trim().parse().ok()?, width: width.trim().parse().ok()? };
        (size.height > 0 && size.width > 0).then_some(size)
    }

    /// Pixel sizes of an image `width` pixels wide, most trusted first.
    fn calibrations(&self, width: f64) -> Vec<Calibration> {
        let monitor = |monitor: Written| monitor.times(MONITOR_WIDTH / width);
        let field = |field: Written| field.times(1.0 / width);
        let monitor = ("number 4", self.monitor_pixel_nm().map(monitor));
        let image = ("AP_IMAGE_PIXEL_SIZE", self.length_nm("AP_IMAGE_PIXEL_SIZE"));
        let field = ("AP_WIDTH", self.length_nm("AP_WIDTH").map(field));
        let order = if width == MONITOR_WIDTH { [monitor, image, field] } else { [image, field, monitor] };
        order
            .into_iter()
            .filter_map(|(key, size)| {
                let size = size?;
                let source = CalibrationSource::Vendor(format!("Zeiss {key}"));
                let relative_uncertainty = size.relative_uncertainty();
                Some(Calibration { relative_uncertainty, ..Calibration::square(size.value, source) })
            })
            .collect()
    }
}

/// Whether `line` is a key: two capitals, `_`, then capitals, digits and `_`.
fn is_key(line: &str) -> bool {
    let (prefix, name) = line.split_once('_').unwrap_or_default();
    prefix.len() == 2
        && prefix.bytes().all(|byte| byte.is_ascii_uppercase())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
