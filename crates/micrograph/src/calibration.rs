//! Calibration: pixels ↔ nanometres, with the source it was taken from and its uncertainty.
//!
//! Everything else in the project counts in pixels; nanometres appear only through here. A file
//! without a calibration is *uncalibrated*; resolution tags in dpi are never one.

use serde::{Deserialize, Serialize};

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

/// The calibration in words: value, source, uncertainty; or `uncalibrated`.
pub fn calibration_text(calibration: Option<&Calibration>) -> String {
    let Some(calibration) = calibration else {
        return "uncalibrated: lengths are in px (--nm-per-px sets the size of a pixel)".to_owned();
    };
    let Calibration { nm_per_px_x: x, nm_per_px_y: y, relative_uncertainty, source } = calibration;
    let size = if (x / y - 1.0).abs() < 1e-6 { format!("{x:.6}") } else { format!("{x:.6} × {y:.6}") };
    let size = size.trim_end_matches('0').trim_end_matches('.');
    let source = match source {
        CalibrationSource::Typed => "typed".to_owned(),
        CalibrationSource::Vendor(key) | CalibrationSource::Software(key) => format!("from {key}"),
        CalibrationSource::DrawnBar => "from the drawn scale bar".to_owned(),
        CalibrationSource::Synthetic => "synthetic".to_owned(),
    };
    let rounding = if *relative_uncertainty > 0.0 {
        format!(", rounded to ±{:.2} %", 100.0 * relative_uncertainty)
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
    fn lengths_are_written_in_their_own_unit() {
        for (nm, text) in
            [(11.65, "11.7 nm"), (5.0, "5 nm"), (200.0, "200 nm"), (2614.5, "2.61 µm"), (2e6, "2 mm")]
        {
            assert_eq!(length_text(nm), text);
        }
    }
}
