//! Numbers as metadata writes them: a value, how finely it was written, and units of length.

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

    /// Half a unit of the last digit relative to the value.
    pub(super) fn relative_uncertainty(self) -> f64 {
        (self.half_unit / self.value).abs()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_tell_the_rounding() {
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
        // an exponent at the edge of what fits
        assert!(Written::parse("0e-2147483648").is_some());
    }

    #[test]
    fn text_is_utf8_or_else_latin1() {
        assert_eq!(text_from_bytes("2 µm\0rest".as_bytes()), "2 µm");
        assert_eq!(text_from_bytes(b"2 \xb5m, 5 \xb0"), "2 µm, 5 °");
    }
}
