//! Numbers as metadata writes them: a value, how finely it was written, and its unit.

use super::unit::nm_per_unit;

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

/// Significant digits that C's `%g` writes, with trailing zeros left out: `5e-009` stands for 5.00000e-9.
pub(super) const GENERAL_DIGITS: i32 = 6;

/// Significant digits that a 32-bit and a 64-bit float always keep, with trailing zeros left out by the programs
/// that write them: `5` stands for 5.00000000000000.
pub(super) const FLOAT_DIGITS: i32 = 7;
/// See [`FLOAT_DIGITS`].
pub(super) const DOUBLE_DIGITS: i32 = 15;

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

    /// Like [`Written::parse`], for a number that a program wrote with up to `digits` significant digits, without
    /// trailing zeros: those that are missing are zeros. A number with trailing zeros (`2.50`, but not `2.0`) was
    /// written otherwise, and its digits count as they are.
    pub(super) fn parse_shortest(text: &str, digits: i32) -> Option<Self> {
        let written = Self::parse(text)?;
        let mantissa = text.trim().split(['e', 'E']).next().unwrap_or_default();
        let decimals = mantissa.split_once(['.', ',']).map_or("", |(_, decimals)| decimals);
        if decimals.len() > 1 && decimals.ends_with('0') {
            return Some(written);
        }
        if written.value == 0.0 {
            return Some(Self { half_unit: 0.0, ..written });
        }
        let last_digit = written.value.abs().log10().floor() as i32 + 1 - digits;
        Some(Self { half_unit: written.half_unit.min(0.5 * 10f64.powi(last_digit)), ..written })
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

/// The lengths that `text` lists, each above 0, in nanometres: `12.8um 9.6um`, `1280 960nm`, `1.28 x 0.96 um`. A number
/// without a unit has that of the next number with one; where none follows, it is in `unit`.
///
/// `None` where one of them is not a length.
pub(super) fn lengths_nm(text: &str, unit: &str) -> Option<Vec<Written>> {
    let mut numbers: Vec<(Written, Option<&str>)> = Vec::new();
    let separates =
        |character: char| character.is_whitespace() || matches!(character, ';' | '×' | '*' | 'x' | 'X');
    for part in text.split(separates).map(|part| part.trim_end_matches(',')).filter(|part| !part.is_empty()) {
        match (measured(part), numbers.last_mut()) {
            (Some((number, unit)), _) => numbers.push((number, Some(unit).filter(|unit| !unit.is_empty()))),
            // a unit by itself belongs to the number before
            (None, Some((_, without @ None))) => *without = Some(part),
            (None, _) => return None,
        }
    }
    let mut following = unit;
    for (number, written) in numbers.iter_mut().rev() {
        following = written.unwrap_or(following);
        *number = number.times(nm_per_unit(following)?);
    }
    let lengths: Vec<Written> = numbers.into_iter().map(|(length, _)| length).collect();
    (!lengths.is_empty() && lengths.iter().all(|length| length.value > 0.0)).then_some(lengths)
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
    fn zeros_that_a_program_leaves_out_are_not_a_rounding() {
        for (text, digits, half_unit) in [
            ("5e-009", GENERAL_DIGITS, 0.5e-14),
            ("4.41942e-007", GENERAL_DIGITS, 0.5e-12),
            ("5000", GENERAL_DIGITS, 0.005),
            ("5", DOUBLE_DIGITS, 0.5e-14),
            ("5.0", DOUBLE_DIGITS, 0.5e-14),
            ("0.0012", DOUBLE_DIGITS, 0.5e-17),
            ("0.1687", FLOAT_DIGITS, 0.5e-7),
            ("2.50", DOUBLE_DIGITS, 0.005), // typed, or written with two decimals
            ("2,50", DOUBLE_DIGITS, 0.005),
            ("10.00", GENERAL_DIGITS, 0.005),
        ] {
            let written = Written::parse_shortest(text, digits).unwrap();
            assert!((written.half_unit / half_unit - 1.0).abs() < 1e-9, "{text}: {written:?}");
        }
        for text in ["0", "0.0", "-0"] {
            assert_eq!(Written::parse_shortest(text, DOUBLE_DIGITS).unwrap().half_unit, 0.0, "{text}");
        }
    }

    #[test]
    fn a_list_of_lengths_has_its_unit_at_each_number_or_at_the_last_or_nowhere() {
        for (text, expected) in [
            ("12.80um 9.60um", &[12_800.0, 9600.0][..]),
            ("1280 960nm", &[1280.0, 960.0]),
            ("1280 960 nm", &[1280.0, 960.0]),
            ("1280nm 0.96um", &[1280.0, 960.0]),
            ("1.28 x 0.96 um", &[1280.0, 960.0]),
            ("1.28um×0.96um", &[1280.0, 960.0]),
            ("1.28um, 0.96um", &[1280.0, 960.0]),
            ("1,28 0,96", &[1280.0, 960.0]),
            ("12.8 9.6", &[12_800.0, 9600.0]),
            ("12.8", &[12_800.0]),
            ("12.8 um", &[12_800.0]),
            ("12.8nm 9.6", &[12.8, 9600.0]), // no unit follows
        ] {
            let found = lengths_nm(text, "um").unwrap_or_else(|| panic!("{text}"));
            let near = found.iter().zip(expected).all(|(found, nm)| (found.value / nm - 1.0).abs() < 1e-12);
            assert!(near && found.len() == expected.len(), "{text}: {found:?}");
        }
        for text in ["", "nm", "12.8 9.6deg", "0 1um", "-5nm 5nm", "1e999 1nm", "12.8 um um"] {
            assert_eq!(lengths_nm(text, "um"), None, "{text}");
        }
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
