//! Binary records of TEM cameras in TIFF tags: TVIPS (37706) and Olympus SIS (33560).
//!
//! TVIPS EM-MENU, version 2: two consecutive structs in the byte order of the file; the pixel
//! size is in nanometres, and in 1/nm for diffraction, which is not a length. Olympus SIS: least
//! byte first; a head, then entries that point to records anywhere in the file; the record of kind 1
//! has two numbers times a power of ten, in metres. No specification of either is public.

use super::findings::{Findings, vendor_calibration};
use super::number::{Size, Written, text_from_bytes, text_of_any_width};

/// Bytes of both structs of TVIPS as far as they are read.
pub(super) const TVIPS_BYTES: u64 = 3544;
/// Bytes of the head of SIS.
pub(super) const SIS_HEAD_BYTES: u64 = 60;
/// Bytes of an entry of SIS, and of its record of kind 1.
pub(super) const SIS_ENTRY_BYTES: u64 = 8;
/// See [`SIS_ENTRY_BYTES`].
pub(super) const SIS_RECORD_BYTES: u64 = 112;
/// Number by which TVIPS marks diffraction patterns.
const DIFFRACTION: u32 = 3;

/// Reads the `bytes` of tag 37706 of an image of `size`; `None` where they are of another version.
pub(super) fn tvips_findings(bytes: &[u8], little_endian: bool, size: Size) -> Option<Findings> {
    let word = |at: usize| {
        let word = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if little_endian { u32::from_le_bytes(word) } else { u32::from_be_bytes(word) })
    };
    let float = |at: usize| {
        let value = f64::from(f32::from_bits(word(at)?));
        (value.is_finite() && value > 0.0)
            .then_some(Written { value, half_unit: value * f64::from(f32::EPSILON) / 2.0 })
    };
    if word(0)? != 2 {
        return None;
    }
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("TVIPS".to_owned());
    let name = bytes.get(3112..3272).map(text_of_any_width).unwrap_or_default();
    instrument.instrument = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    instrument.accelerating_voltage_kv = float(3272).map(|volts| volts.value / 1e3);
    instrument.magnification = float(3536).map(|times| times.value);
    if word(3532) == Some(DIFFRACTION) {
        findings.warnings.push("a diffraction pattern (TVIPS): its pixel size is not a length".to_owned());
        return Some(findings);
    }
    let stored = word(564).zip(word(568)).map(|(width, height)| (width as usize, height as usize));
    let stored = stored.filter(|(width, height)| *width > 0 && *height > 0);
    let stored = stored.map(|(width, height)| Size { height, width });
    let calibration =
        float(2968).map(|width| vendor_calibration("TVIPS PixelSizeX", width, float(2972).unwrap_or(width)));
    findings.set_scan("TVIPS", calibration.into_iter().collect(), size, stored);
    Some(findings)
}

/// Position of the record of kind 1, from the entries of SIS.
pub(super) fn sis_record_at(entries: &[u8]) -> Option<u64> {
    let (entries, _) = entries.as_chunks::<8>();
    let entry = entries.iter().find(|entry| entry[..2] == [1, 0])?;
    Some(u64::from(u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]])))
}

/// Number of entries after the head of SIS; `None` if `head` is not one.
pub(super) fn sis_entries(head: &[u8]) -> Option<u64> {
    let count = head.get(58..60)?;
    head.starts_with(b"SIS0").then(|| u64::from(u16::from_le_bytes([count[0], count[1]])))
}

/// Reads the `head` of SIS and its `record` of kind 1.
pub(super) fn sis_findings(head: &[u8], record: &[u8], size: Size) -> Findings {
    let double = |at: usize| {
        let value = f64::from_le_bytes(*record.get(at..)?.first_chunk::<8>()?);
        (value.is_finite() && value > 0.0).then_some(value)
    };
    let mut findings = Findings::default();
    let instrument = &mut findings.instrument;
    instrument.vendor = Some("Olympus SIS".to_owned());
    let camera = record.get(46..80).map(text_from_bytes).unwrap_or_default();
    instrument.instrument = Some(camera.trim().to_owned()).filter(|name| !name.is_empty());
    instrument.magnification = double(36);
    let whole = |at: usize| head.get(at..at + 2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
    if let (Some(minute), Some(hour), Some(day), Some(month @ 0..12), Some(year)) =
        (whole(10), whole(12), whole(14), whole(16), whole(18))
    {
        let (year, month) = (1900 + i32::from(year), month + 1);
        instrument.date = Some(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"));
    }
    let power = record.get(10..12).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
    let pixel = |at: usize| {
        let value = double(at)? * 10f64.powi(i32::from(power?)) * 1e9;
        (value.is_finite() && value > 0.0).then_some(Written { value, half_unit: 0.0 })
    };
    let calibration =
        pixel(12).map(|width| vendor_calibration("Olympus SIS", width, pixel(20).unwrap_or(width)));
    findings.set_scan("Olympus SIS", calibration.into_iter().collect(), size, None);
    findings
}
