//! Numbers as metadata writes them: a value, how finely it was written, and units of length.

/// Rows and columns of the image in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) height: usize,
    pub(super) width: usize,
}

/// A number and the rounding that its digits leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Written {
    /// The value, finite.
    pub(super) value: f64,
    /// Half a unit of the last digit: `12.33` leaves 0.005.
    pub(super) half_unit: f64,
}

impl Written {
    /// Reads `text`, e.g. `12.33`, `4.41942e-007`, `0,5`; `None` where it is not a finite number.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut text = text.trim().to_owned();
        if !text.contains('.') {
            text = text.replacen(',', ".", 1); // the decimal sign of some locales
        }
        let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text.as_str(), 0),
        };
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let last_digit = exponent.saturating_sub(i32::try_from(decimals).ok()?);
        Some(Self { value, half_unit: 0.5 * 10f64.powi(last_digit) })
    }

    /// Like [`Written::parse`], and `None` unless the number is above 0.
    pub(super) fn parse_positive(text: &str) -> Option<Self> {
        Self::parse(text).filter(|written| written.value > 0.0)
    }

    /// The number in another unit, `factor` of which are one of this.
    pub(super) fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, half_unit: self.half_unit * factor.abs() }
    }

    /// Half a unit of the last digit relative to the value.
    pub(super) fn relative_uncertainty(self) -> f64 {
        (self.half_unit / self.value).abs()
    }
}

/// A number and the unit after it, e.g. `10um`, `8100 um`, `3.9 mm`, `12.5`; the unit may be empty.
pub(super) fn measured(text: &str) -> Option<(Written, &str)> {
    let text = text.trim();
    let in_number = |at: usize, character: char| match character {
        '0'..='9' | '.' | ',' | '+' | '-' => true,
        // an exponent, and not the first letter of a unit
        'e' | 'E' => text[at + 1..].starts_with(|next: char| next.is_ascii_digit() || "+-".contains(next)),
        _ => false,
    };
    let end = text.char_indices().find(|&(at, character)| !in_number(at, character));
    let (number, unit) = text.split_at(end.map_or(text.len(), |(at, _)| at));
    Some((Written::parse(number)?, unit.trim()))
}

/// The length that `text` writes, above 0, in nanometres; without a unit it is in `unit`.
pub(super) fn length_nm(text: &str, unit: &str) -> Option<Written> {
    let (length, written) = measured(text)?;
    let nm = nm_per_unit(if written.is_empty() { unit } else { written })?;
    Some(length.times(nm)).filter(|length| length.value > 0.0)
}

/// The voltage that `text` writes in kilovolts; without a unit it is in `kilovolts_per_unit`.
pub(super) fn kilovolts(text: &str, kilovolts_per_unit: f64) -> Option<f64> {
    let (voltage, unit) = measured(text)?;
    let kilovolts = match unit {
        "" => kilovolts_per_unit,
        "V" | "Volt" | "volt" | "volts" => 1e-3,
        "kV" | "KV" | "kVolt" => 1.0,
        _ => return None,
    };
    Some(voltage.value * kilovolts)
}

/// `AxB` or `A B` as height and width, each above 0, from text that writes the width first.
pub(super) fn size(text: &str) -> Option<Size> {
    let mut numbers = text.split(['x', 'X', '*', ',', ' ', '\t']).filter(|part| !part.is_empty());
    let (width, height) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    (width > 0 && height > 0).then_some(Size { height, width })
}

/// Date and time as one text, where one of them is there.
pub(super) fn date_time(date: Option<&str>, time: Option<&str>) -> Option<String> {
    match (date, time) {
        (Some(date), Some(time)) => Some(format!("{date} {time}")),
        (date, time) => date.or(time).map(str::to_owned),
    }
}

/// Nanometres in a unit of length of the metric system; `None` for others.
///
/// Centimetre and inch are left out on purpose: software writes them for images whose only
/// "calibration" is a resolution in dots per inch.
pub(super) fn nm_per_unit(unit: &str) -> Option<f64> {
    Some(match unit.trim() {
        "fm" => 1e-6,
        "pm" => 1e-3,
        "A" | "Å" | "\u{212b}" | "Angstrom" | "angstrom" => 0.1,
        "nm" | "nanometer" | "nanometre" | "nanometers" => 1.0,
        "µm" | "μm" | "um" | "\\u00B5m" | "\\u00b5m" | "micron" | "microns" | "micrometer" | "micrometre"
        | "micrometers" => 1e3,
        "mm" | "millimeter" | "millimetre" => 1e6,
        "m" | "meter" | "metre" => 1e9,
        _ => return None,
    })
}

/// `text` of metadata as characters: UTF-8 where it is valid, else Latin-1; ends at the first NUL.
pub(super) fn text_from_bytes(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// `text_from_bytes`, and UTF-16 too: identified by its mark, else by the positions of its zeros.
pub(super) fn text_of_any_width(bytes: &[u8]) -> String {
    type Order = fn([u8; 2]) -> u16;
    let (text, order): (&[u8], Order) = match bytes {
        [0xff, 0xfe, text @ ..] => (text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => (text, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] => return text_from_bytes(text),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => (bytes, u16::from_le_bytes),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => (bytes, u16::from_be_bytes),
        _ => return text_from_bytes(bytes),
    };
    let (pairs, _) = text.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| order(*pair)).take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_give_the_rounding() {
        for (text, value, half_unit) in [
            ("12.33", 12.33, 0.005),
            (" 7 ", 7.0, 0.5),
            ("4.41942e-007", 4.41942e-7, 0.5e-12),
            ("-0,50", -0.5, 0.005),
            ("2E3", 2000.0, 500.0),
        ] {
            let written = Written::parse(text).unwrap();
            assert!((written.value / value - 1.0).abs() < 1e-12, "{text}");
            assert!((written.half_unit / half_unit - 1.0).abs() < 1e-9, "{text}: {written:?}");
        }
        for text in ["", "notafloat", "nan", "inf", "1e999", "1,2,3", "1e", "0x10"] {
            assert_eq!(Written::parse(text), None, "{text}");
        }
        assert_eq!(Written::parse_positive("0.0"), None);
        // an exponent at the limit of the range
        assert!(Written::parse("0e-2147483648").is_some());
    }

    #[test]
    fn text_is_utf8_or_else_latin1() {
        assert_eq!(text_from_bytes("2 µm\0rest".as_bytes()), "2 µm");
        assert_eq!(text_from_bytes(b"2 \xb5m, 5 \xb0"), "2 µm, 5 °");
    }

    #[test]
    fn a_unit_follows_its_number_with_or_without_a_space() {
        for (text, value, unit) in
            [("10um", 10.0, "um"), ("8100 um", 8100.0, "um"), ("1.5e-9m", 1.5e-9, "m"), (" 5 eV", 5.0, "eV")]
        {
            let (written, found) = measured(text).unwrap();
            assert_eq!((written.value, found), (value, unit), "{text}");
        }
        for text in ["deg.", "", "um", "e5"] {
            assert_eq!(measured(text), None, "{text}");
        }
        assert_eq!(length_nm("10", "um").unwrap().value, 1e4);
        assert_eq!(length_nm("10 deg.", "um"), None);
        assert_eq!((kilovolts("5000 Volt", 1.0), kilovolts("2.5", 1.0)), (Some(5.0), Some(2.5)));
        assert_eq!(size("1280x960"), Some(Size { height: 960, width: 1280 }));
        assert_eq!(size("0 960"), None);
    }

    #[test]
    fn wide_text_is_identified_by_its_mark_or_its_zeros() {
        let wide = |order: fn(u16) -> [u8; 2]| "[S] µ".encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        for bytes in [
            [&[0xff, 0xfe][..], &little].concat(),
            [&[0xfe, 0xff][..], &big].concat(),
            little,
            big,
            b"[S] \xb5".to_vec(),
        ] {
            assert_eq!(text_of_any_width(&bytes), "[S] µ", "{bytes:?}");
        }
    }
}
