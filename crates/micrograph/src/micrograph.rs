//! Micrograph: a plane, its calibration, and the facts from its file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::calibration::number_text;
use crate::{Calibration, Plane};

/// Digits of a setting in words: as many as instruments write.
const DIGITS: usize = 6;

/// One SEM image of a specimen as its file holds it, data bar included.
#[derive(Clone, Debug)]
pub struct Micrograph {
    /// Detector signal in the file's own units: `0..=255` for 8 bits, `0..=65535` for 16 bits,
    /// as stored for floats; less a number that a warning names where the levels have more digits than an `f32`.
    /// Turned as the file asks viewers to. `[H, W]`.
    pub plane: Plane,
    /// The facts from its file.
    pub facts: FileFacts,
}

/// The facts that a file gives without decoding its pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// The file.
    #[serde(serialize_with = "crate::file::lossy_path")]
    pub path: PathBuf,
    /// Its format: `PNG`, `JPEG`, `BMP`, `TIFF`, `PBM`, `PGM`, `PPM`, `NPY`, `DM3`, `DM4` or `JEOL JED-2200`.
    pub format: String,
    /// Rows of pixels, data bar included.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// How a pixel is stored, e.g. `8-bit grey`, `8-bit palette`, `32-bit float`.
    pub sample: String,
    /// The page that was read, from 0.
    pub page: usize,
    /// Number of pages in the file.
    pub n_pages: usize,
    /// Size of a pixel; `None`: uncalibrated.
    pub calibration: Option<Calibration>,
    /// Settings of the instrument, where the file names them.
    pub instrument: InstrumentSettings,
    /// Rows of specimen above the data bar, where the metadata gives them.
    pub specimen_rows: Option<usize>,
    /// Warnings for the user: damaged or contradicting metadata, pages not read.
    pub warnings: Vec<String>,
}

/// Settings of the instrument, each `None` where the file does not name it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstrumentSettings {
    /// Maker, e.g. `Zeiss`.
    pub vendor: Option<String>,
    /// Instrument, e.g. `Helios NanoLab 660`.
    pub instrument: Option<String>,
    /// Accelerating voltage in kilovolts.
    pub accelerating_voltage_kv: Option<f64>,
    /// Working distance in millimetres.
    pub working_distance_mm: Option<f64>,
    /// Magnification as the instrument states it.
    pub magnification: Option<f64>,
    /// Detector, e.g. `InLens`.
    pub detector: Option<String>,
    /// Date (and time) of acquisition as the file writes it.
    pub date: Option<String>,
}

impl InstrumentSettings {
    /// Voltage, working distance, magnification and detector in words, those that are known.
    pub fn conditions(&self) -> Vec<String> {
        let mut conditions = Vec::new();
        conditions.extend(self.accelerating_voltage_kv.map(|kv| format!("{} kV", number_text(kv, DIGITS))));
        conditions.extend(
            self.working_distance_mm.map(|mm| format!("working distance {} mm", number_text(mm, DIGITS))),
        );
        conditions
            .extend(self.magnification.map(|times| format!("magnification {}×", number_text(times, DIGITS))));
        conditions.extend(self.detector.as_ref().map(|name| format!("detector {name}")));
        conditions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_have_the_digits_that_the_instrument_wrote() {
        let settings = InstrumentSettings {
            accelerating_voltage_kv: Some(29.997),
            working_distance_mm: Some(0.1 + 0.2), // 0.30000000000000004
            magnification: Some(15_000.001),
            detector: Some("ETD".to_owned()),
            ..InstrumentSettings::default()
        };
        let expected = ["29.997 kV", "working distance 0.3 mm", "magnification 15000×", "detector ETD"];
        assert_eq!(settings.conditions(), expected);
        assert!(InstrumentSettings::default().conditions().is_empty());
    }
}
