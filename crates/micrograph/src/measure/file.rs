//! A file measured in one call: data bar, part, calibration, numbers; the overlay is separate.
//!
//! The file is read once, as a [`Source`]; a network can use the same [`Specimen`]. Writes no files and
//! prints nothing: all warnings are in the result.

use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::outliers::MOST_SHARE;
use super::report::{
    self, CalibrateError, Calibrated, Measured, ReportConfig, ReportWarning, TypedBar, measured,
};
use crate::data_bar::{DataBarChoice, DataBarError};
use crate::{ConfigError, Micrograph, Plane, ReadConfig, ReadError, Rect, ScaleBar, Source, Specimen};

/// All settings of a measurement except the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeasureConfig {
    /// The requested measurements, and the orientation of the specimen.
    pub report: ReportConfig,
    /// Size of a pixel as typed.
    pub nm_per_px: Option<f64>,
    /// Length of the drawn scale bar as typed.
    pub bar_nm: Option<f64>,
    /// Box that it is drawn in, in px of the image; the data bar if `None`.
    pub bar_box: Option<Rect>,
    /// The part of the specimen that is measured, in px; all of it if `None`.
    pub part: Option<Rect>,
    /// Page of the file.
    pub page: usize,
    /// What is done about the data bar.
    pub data_bar: DataBarChoice,
}

impl MeasureConfig {
    /// How the file is read: a few values that are not numbers are replaced before measuring.
    pub fn read(&self) -> ReadConfig {
        let (page, nm_per_px) = (self.page, self.nm_per_px);
        ReadConfig { page, nm_per_px, most_not_finite: MOST_SHARE, ..ReadConfig::default() }
    }

    /// The part of a specimen that is measured.
    ///
    /// # Errors
    /// If it is not inside.
    pub fn part_of(&self, specimen: &Plane) -> Result<Plane, MeasureFileError> {
        let Some(part) = self.part else { return Ok(specimen.clone()) };
        let (height, width) = (specimen.height(), specimen.width());
        if part.is_within(height, width) {
            return Ok(specimen.crop(part));
        }
        Err(MeasureFileError::Part { part, height, width })
    }
}

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasureStep {
    /// The file is decoded, and its data bar found.
    Decode,
    /// The pixels are measured.
    Measure,
}

/// Why a file could not be measured.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum MeasureFileError {
    /// The file could not be decoded; the error names it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The data bar of `path` could not be cut off.
    #[error("{}: {source}", path.display())]
    DataBar { path: PathBuf, source: DataBarError },
    /// The scale bar of `path` could not be used.
    #[error("{}: {source}", path.display())]
    Calibrate { path: PathBuf, source: CalibrateError },
    /// The part is not inside the specimen.
    #[error(
        "--box: expected a part of the specimen's {width} × {height} px, found {} × {} px at row {}, column {}",
        part.width, part.height, part.y, part.x
    )]
    Part { part: Rect, height: usize, width: usize },
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The progress callback broke.
    #[error("cancelled")]
    Cancelled,
}

/// One file, measured.
#[derive(Clone, Debug)]
pub struct FileMeasurement {
    /// The micrograph and its specimen, as the file has them.
    pub specimen: Specimen,
    /// The part of the specimen that was measured.
    pub plane: Plane,
    /// The drawn scale bar that was found, if its length was given.
    pub bar: Option<ScaleBar>,
    /// Numbers and their details; includes the warnings of the file and its calibration.
    pub measured: Measured,
}

/// Measures the file that was read as `source`. `progress` is called before each step.
///
/// # Errors
/// If the file cannot be decoded, the part is outside, a scale bar is not found, or a setting is out of
/// range. The report gives a refusal for each measurement that is not possible.
///
/// ```
/// use std::ops::ControlFlow;
/// use std::path::Path;
/// use micrograph::Source;
/// use micrograph::measure::file::{MeasureConfig, measure_file};
///
/// // a bitmap of 2 × 2 grey pixels: too small to measure, and the report says so
/// let mut bytes = b"BM".to_vec();
/// for number in [70_u32, 0, 54, 40, 2, 2, 0x0018_0001, 0, 16, 0, 0, 0, 0] {
///     bytes.extend(number.to_le_bytes());
/// }
/// bytes.extend([10, 10, 10, 200, 200, 200, 0, 0, 200, 200, 200, 10, 10, 10, 0, 0]);
/// let source = Source::from_bytes(Path::new("small.bmp"), bytes);
/// let found = measure_file(&source, &MeasureConfig::default(), &mut |_| ControlFlow::Continue(()))?;
/// assert!(found.measured.report.answers.iter().all(|answer| answer.findings.is_empty()));
/// # Ok::<(), micrograph::measure::file::MeasureFileError>(())
/// ```
pub fn measure_file(
    source: &Source,
    config: &MeasureConfig,
    progress: &mut dyn FnMut(MeasureStep) -> ControlFlow<()>,
) -> Result<FileMeasurement, MeasureFileError> {
    let path = || source.path().to_owned();
    let mut begin = |step| match progress(step) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(MeasureFileError::Cancelled),
    };
    begin(MeasureStep::Decode)?;
    let (micrograph, data_bar, part_is_all) = decoded(source, config)?;
    let specimen = Specimen::of(micrograph, data_bar)
        .map_err(|error| MeasureFileError::DataBar { path: path(), source: error })?;
    let plane = if part_is_all { specimen.plane.clone() } else { config.part_of(&specimen.plane)? };
    let typed = config.bar_nm.map(|nm| TypedBar { nm, within: config.bar_box });
    let Calibrated { calibration, bar, warnings: doubts } =
        report::calibration(&specimen.micrograph, specimen.data_bar, typed)
            .map_err(|error| MeasureFileError::Calibrate { path: path(), source: error })?;
    begin(MeasureStep::Measure)?;
    let mut measured = measured(&plane, calibration.as_ref(), &config.report)?;
    let of_file = specimen.micrograph.facts.warnings.iter().map(|text| ReportWarning::new(text, ""));
    measured.report.warnings.extend(doubts.into_iter().chain(of_file));
    Ok(FileMeasurement { specimen, plane, bar, measured })
}

/// The micrograph, what is done about its data bar, and whether it is only the part that is measured: that of an image
/// which is too large as a whole.
fn decoded(source: &Source, config: &MeasureConfig) -> Result<(Micrograph, DataBarChoice, bool), ReadError> {
    let read = config.read();
    match (Micrograph::from_source(source, &read), config.part) {
        // a drawn scale bar is outside of the part
        (Err(ReadError::TooLarge { .. }), Some(part)) if config.bar_nm.is_none() => {
            let mut micrograph = Micrograph::part_of_source(source, &read, part)?;
            micrograph.facts.warnings.push(
                "the image is too large to be read as a whole: only the box was read, and no data bar was looked for"
                    .to_owned(),
            );
            Ok((micrograph, DataBarChoice::Keep, true))
        }
        (whole, _) => Ok((whole?, config.data_bar, false)),
    }
}

impl FileMeasurement {
    /// The measurement drawn over the image: a PNG file with its pixel size.
    #[cfg(feature = "paint")]
    pub fn overlay_png(&self) -> Vec<u8> {
        let picture = super::draw::overlay(&self.plane, &self.measured);
        // pixels of the picture, which may be enlarged or reduced
        let zoom = picture.width() as f64 / self.plane.width() as f64;
        let calibration = self.measured.report.calibration.as_ref();
        let nm_per_px = calibration.map(|pixel| (pixel.nm_per_px_y / zoom, pixel.nm_per_px_x / zoom));
        picture.png_bytes(nm_per_px)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of lines 15 px apart.
    fn lines() -> Vec<u8> {
        let image = image::GrayImage::from_fn(240, 160, |x, y| {
            let noise = (x * 7 + y * 13 + x * y % 11) % 9;
            image::Luma([if x % 15 < 7 { 170 } else { 70 } + noise as u8])
        });
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn on(_: MeasureStep) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn a_file_that_is_replaced_after_it_was_read_is_measured_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.png");
        std::fs::write(&path, lines()).unwrap();
        let source = Source::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let config = MeasureConfig { nm_per_px: Some(2.0), ..MeasureConfig::default() };
        let found = measure_file(&source, &config, &mut on).unwrap();
        let report = &found.measured.report;
        let pitch = report.answers.iter().flat_map(|answer| &answer.findings).find(|one| one.name == "pitch");
        assert!((pitch.unwrap().quantity.value - 30.0).abs() < 0.1, "{pitch:?}");
        assert_eq!(found.specimen.micrograph.facts.path, path);
    }

    #[test]
    fn the_callback_ends_the_work_before_its_next_step() {
        let source = Source::from_bytes(std::path::Path::new("lines.png"), lines());
        let mut steps = Vec::new();
        let found = measure_file(&source, &MeasureConfig::default(), &mut |step| {
            steps.push(step);
            if steps.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(found, Err(MeasureFileError::Cancelled)));
        assert_eq!(steps, [MeasureStep::Decode, MeasureStep::Measure]);
    }

    #[test]
    fn a_part_outside_of_the_specimen_is_refused_with_both_sizes() {
        let source = Source::from_bytes(std::path::Path::new("lines.png"), lines());
        let part = Some(Rect { y: 100, x: 0, height: 61, width: 10 });
        let error = measure_file(&source, &MeasureConfig { part, ..MeasureConfig::default() }, &mut on);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("240 × 160 px, found 10 × 61 px at row 100, column 0"), "{text}");
    }
}
