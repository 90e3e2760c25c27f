//! Calibration: pixels ↔ nanometres, with the source it was taken from and its uncertainty.
//!
//! Everything else in the project counts in pixels; nanometres appear only through here. A file
//! without a calibration is *uncalibrated*; resolution tags in dpi are never one.

use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// Where a pixel size was taken from, most trusted first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "key")]
pub enum CalibrationSource {
    /// Given by the user.
    Typed,
    /// A vendor's metadata; the key that was read, e.g. `FEI [Scan] PixelWidth`.
    Vendor(String),
    /// A calibration that ImageJ or OME software wrote; the key that was read.
    Software(String),
    /// A scale bar drawn into the image, with the length that the user read off it.
    DrawnBar,
    /// Known because the image was made by `synth`.
    Synthetic,
}

/// Pixel sizes that an image can have, in nanometres: from 1 pm, below any resolution, to 10 mm, above
/// any camera's. Others are damage or a slip.
pub const POSSIBLE_NM_PER_PX: std::ops::RangeInclusive<f64> = 1e-3..=1e7;

/// Physical size of a pixel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Width of a pixel in nanometres, above 0.
    pub nm_per_px_x: f64,
    /// Height of a pixel in nanometres, above 0.
    pub nm_per_px_y: f64,
    /// Relative half width of the interval due to rounding in the source; 0 where it is not known.
    /// The instrument's own error is not included.
    pub relative_uncertainty: f64,
    /// Where it was taken from.
    pub source: CalibrationSource,
}

impl Calibration {
    /// Square pixels of `nm_per_px` without a stated uncertainty.
    ///
    /// # Examples
    /// ```
    /// use micrograph::calibration::length_text;
    /// use micrograph::{Calibration, CalibrationSource};
    ///
    /// let calibration = Calibration::square(2.5, CalibrationSource::Typed);
    /// assert_eq!(length_text(1024.0 * calibration.nm_per_px_x), "2.56 µm");
    /// ```
    pub fn square(nm_per_px: f64, source: CalibrationSource) -> Self {
        Self { nm_per_px_x: nm_per_px, nm_per_px_y: nm_per_px, relative_uncertainty: 0.0, source }
    }

    /// The calibration of an image sampled every `stride` pixels of this one.
    pub fn at_stride(&self, stride: f64) -> Self {
        Self {
            nm_per_px_x: self.nm_per_px_x * stride,
            nm_per_px_y: self.nm_per_px_y * stride,
            ..self.clone()
        }
    }
}

/// Digits of a pixel size in words.
const SIZE_DIGITS: usize = 8;

/// Least relative rounding that is said in words: below, no measurement shows it.
const LEAST_ROUNDING: f64 = 1e-6;

/// `value` with `digits` significant digits at most, without trailing zeros, and all of those before the decimal point.
///
/// ```
/// use micrograph::calibration::number_text;
///
/// assert_eq!(number_text(0.1 + 0.2, 6), "0.3");
/// assert_eq!(number_text(123_456.7, 2), "123457");
/// ```
pub fn number_text(value: f64, digits: usize) -> String {
    // an f64 has a decade from -324 to 308
    let decade = if value == 0.0 || !value.is_finite() { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = (digits as i32 - 1 - decade).clamp(0, 17);
    let text = format!("{value:.*}", decimals as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `nm_per_px` as typed.
///
/// # Errors
/// If it is not in [`POSSIBLE_NM_PER_PX`].
pub fn checked_nm_per_px(nm_per_px: f64) -> Result<f64, ConfigError> {
    ConfigError::unless_within("nm_per_px", nm_per_px, POSSIBLE_NM_PER_PX).map(|()| nm_per_px)
}

/// The calibration in words: value, source, uncertainty; or `uncalibrated`.
pub fn calibration_text(calibration: Option<&Calibration>) -> String {
    let Some(calibration) = calibration else {
        return "uncalibrated: lengths are in px (--nm-per-px sets the size of a pixel)".to_owned();
    };
    let Calibration { nm_per_px_x: x, nm_per_px_y: y, relative_uncertainty, source } = calibration;
    let size = if (x / y - 1.0).abs() < 1e-6 {
        number_text(*x, SIZE_DIGITS)
    } else {
        format!("{} × {}", number_text(*x, SIZE_DIGITS), number_text(*y, SIZE_DIGITS))
    };
    let source = match source {
        CalibrationSource::Typed => "typed".to_owned(),
        CalibrationSource::Vendor(key) | CalibrationSource::Software(key) => format!("from {key}"),
        CalibrationSource::DrawnBar => "from the drawn scale bar".to_owned(),
        CalibrationSource::Synthetic => "synthetic".to_owned(),
    };
    let rounding = if *relative_uncertainty >= LEAST_ROUNDING {
        format!(", rounded to ±{} %", number_text(100.0 * relative_uncertainty, 2))
    } else {
        String::new()
    };
    format!("{size} nm/px {source}{rounding}")
}

/// `length_nm` with the unit in which a microscopist would write it: nm below 1 µm, µm below
/// 1 mm, else mm; trailing zeros are left out.
pub fn length_text(length_nm: f64) -> String {
    let (value, unit) = if length_nm < 1e3 {
        (length_nm, "nm")
    } else if length_nm < 1e6 {
        (length_nm / 1e3, "µm")
    } else {
        (length_nm / 1e6, "mm")
    };
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

/// The longest of 1, 2 or 5 times a power of ten that is at most `most`, for scale bars.
///
/// Returns `None` unless `most` is a finite number above 0.
pub fn scale_bar_length(most: f64) -> Option<f64> {
    if !(most.is_finite() && most > 0.0) {
        return None;
    }
    let decade = 10f64.powf(most.log10().floor());
    // the decade itself may have been rounded up past `most`
    [5.0, 2.0, 1.0, 0.5].iter().map(|step| step * decade).find(|length| *length <= most * (1.0 + 1e-12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_bars_are_one_two_or_five() {
        for (most, length) in
            [(9.99, 5.0), (10.0, 10.0), (1.0, 1.0), (0.3, 0.2), (4200.0, 2000.0), (1e6, 1e6)]
        {
            let found = scale_bar_length(most).unwrap();
            assert!((found / length - 1.0).abs() < 1e-9, "{most}: {found}");
        }
        for most in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(scale_bar_length(most), None);
        }
    }

    #[test]
    fn a_calibration_in_words_has_the_digits_that_count() {
        let calibration = |nm: f64, relative_uncertainty: f64| {
            let source = CalibrationSource::Vendor("FEI".to_owned());
            Calibration { relative_uncertainty, ..Calibration::square(nm, source) }
        };
        for (nm, rounding, text) in [
            (16.001878212732306, 3e-16, "16.001878 nm/px from FEI"),
            (5.0, 1e-6, "5 nm/px from FEI, rounded to ±0.0001 %"),
            (3372.4, 7.4e-6, "3372.4 nm/px from FEI, rounded to ±0.00074 %"),
            (94.3396226415, 0.00471698, "94.339623 nm/px from FEI, rounded to ±0.47 %"),
            (0.00817288, 0.0, "0.00817288 nm/px from FEI"),
            (1e7, 0.5, "10000000 nm/px from FEI, rounded to ±50 %"),
        ] {
            assert_eq!(calibration_text(Some(&calibration(nm, rounding))), text);
        }
        for (value, digits, text) in [
            (0.1 + 0.2, 6, "0.3"),
            (0.0, 6, "0"),
            (-0.5, 6, "-0.5"),
            (15_000.001, 6, "15000"),
            (1e-300, 6, "0"),
            (f64::INFINITY, 6, "inf"),
            (f64::NAN, 6, "NaN"),
        ] {
            assert_eq!(number_text(value, digits), text);
        }
        for impossible in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1e-4, 1.1e7] {
            assert!(checked_nm_per_px(impossible).is_err(), "{impossible}");
        }
        assert_eq!(checked_nm_per_px(0.001).ok(), Some(0.001));
    }

    #[test]
    fn lengths_are_written_in_their_own_unit() {
        for (nm, text) in
            [(11.65, "11.7 nm"), (5.0, "5 nm"), (200.0, "200 nm"), (2614.5, "2.61 µm"), (2e6, "2 mm")]
        {
            assert_eq!(length_text(nm), text);
        }
    }
}
