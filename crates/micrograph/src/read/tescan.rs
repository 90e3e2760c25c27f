//! TESCAN: blocks of text in TIFF tag 50431, and the same text as INI in a `.hdr` file beside the
//! image.
//!
//! A block is its length (32 bit), its kind (16 bit) and length − 2 bytes; numbers have the least
//! byte first. Kinds: 1 thumbnail, 2 `[MAIN]`, 3 `[SEM]`, 4 camera, 5 `[FIB]`, 0 the end. Texts are
//! lines of `Key=Value`. Lengths are in metres, voltages in volts; a pixel size may be written
//! negative. `ImageStripSize` rows of the data bar are appended below the specimen.

use super::findings::{Findings, vendor_calibration};
use super::ini::Ini;
use super::number::{GENERAL_DIGITS, Size, Written, date_time, kilovolts, length_nm, text_from_bytes};

/// Kinds of blocks that are read, and the section of their text.
const TEXTS: [(u16, &str); 3] = [(2, "MAIN"), (3, "SEM"), (5, "FIB")];

/// Reads the `bytes` of tag 50431 of an image of `size`; `None` where they hold no text of TESCAN's.
pub(super) fn tag_findings(bytes: &[u8], size: Size) -> Option<Findings> {
    let mut text = String::new();
    let mut rest = bytes;
    let fault = loop {
        let Some((head, after)) = rest.split_first_chunk::<6>() else {
            break (!rest.is_empty()).then(|| format!("{} bytes are left over", rest.len()));
        };
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let kind = u16::from_le_bytes([head[4], head[5]]);
        if kind == 0 {
            break None;
        }
        let Some((block, next)) = length.checked_sub(2).and_then(|length| after.split_at_checked(length))
        else {
            break Some(format!("a block of {length} bytes, of which {} are there", after.len() + 2));
        };
        if let Some((_, section)) = TEXTS.iter().find(|(known, _)| *known == kind) {
            let lines: Vec<u8> = block.iter().map(|byte| if *byte == 0 { b'\n' } else { *byte }).collect();
            text.push_str(&format!("[{section}]\n{}\n", text_from_bytes(&lines)));
        }
        rest = next;
    };
    let mut findings = text_findings(&text, size)?;
    if let Some(fault) = fault {
        findings.warnings.push(format!("the TESCAN metadata are damaged: {fault}"));
    }
    Some(findings)
}

/// Reads INI `text` of an image of `size`; `None` where it is not TESCAN's.
pub(super) fn text_findings(text: &str, size: Size) -> Option<Findings> {
    let ini = Ini::parse(text);
    let main = |key: &str| ini.get("MAIN", key);
    // other programs have files of the same name, and sections of that name
    if ["PixelSizeX", "Magnification", "Device", "SerialNumber"].iter().all(|key| main(key).is_none()) {
        return None;
    }
    let beam = |key: &str| ini.get("SEM", key).or(ini.get("FIB", key));
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("TESCAN".to_owned());
    instrument.instrument = main("Device").or(main("DeviceModel")).map(str::to_owned);
    instrument.accelerating_voltage_kv =
        beam("HV").or(beam("AcceleratorVoltage")).and_then(|volts| kilovolts(volts, 1e-3));
    instrument.working_distance_mm =
        beam("WD").and_then(|metres| length_nm(metres, "m")).map(|nm| nm.value / 1e6);
    instrument.magnification =
        main("Magnification").and_then(Written::parse_positive).map(|times| times.value);
    instrument.detector = beam("Detector").or(beam("Detector0")).map(str::to_owned);
    instrument.date = date_time(main("Date"), main("Time"));

    let pixel = |key: &str| {
        let metres = Written::parse_shortest(main(key)?, GENERAL_DIGITS)?;
        (metres.value != 0.0).then(|| metres.times(1e9 * metres.value.signum()))
    };
    let calibrations = pixel("PixelSizeX")
        .map(|width| vendor_calibration("TESCAN PixelSizeX", width, pixel("PixelSizeY").unwrap_or(width)));
    findings.set_scan("TESCAN", calibrations.into_iter().collect(), size, None);
    let strip: Option<usize> = main("ImageStripSize").and_then(|rows| rows.parse().ok());
    findings.specimen_rows = strip.and_then(|rows| size.height.checked_sub(rows)).filter(|rows| *rows > 0);
    Some(findings)
}
