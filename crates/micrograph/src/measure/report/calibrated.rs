//! Calibrated: the pixel size that a report uses, from the file and its drawn scale bar.
//!
//! The drawn bar calibrates an image whose file has no pixel size, and checks one whose file has. If the
//! two contradict each other it is not known which is right, and the image is left uncalibrated.

use super::ReportWarning;
use crate::scale_bar::{self, ScaleBarError};
use crate::{Calibration, DataBar, Micrograph, Rect, ScaleBar, data_bar};

/// Why a drawn scale bar could not be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// It was not found, or its length is not possible.
    #[error(transparent)]
    Bar(#[from] ScaleBarError),
}

/// A scale bar as described by the user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TypedBar {
    /// Its length in nm.
    pub nm: f64,
    /// Where it is drawn, in pixels of the image; if `None` in the data bar, or anywhere where there is no data bar.
    pub within: Option<Rect>,
}

/// The pixel size in use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibrated {
    /// The size, if one is known.
    pub calibration: Option<Calibration>,
    /// The drawn bar that was measured for it.
    pub bar: Option<ScaleBar>,
    /// Contradictions with it.
    pub warnings: Vec<ReportWarning>,
}

/// The calibration of `micrograph`, with its scale bar as `typed`, if given. Without a box the bar is searched
/// in `cut`, the data bar that was cut off, else in the data bar that is found, else on the whole image.
///
/// # Errors
/// If the bar's length is not possible, or if no bar is found and the file has no pixel size.
pub fn calibration(
    micrograph: &Micrograph,
    cut: Option<DataBar>,
    typed: Option<TypedBar>,
) -> Result<Calibrated, CalibrateError> {
    let file = micrograph.facts.calibration.clone();
    let Some(TypedBar { nm, within }) = typed else {
        return Ok(Calibrated { calibration: file, ..Calibrated::default() });
    };
    let plane = &micrograph.plane;
    let found = match within {
        Some(within) => scale_bar::find_in(plane, within)
            .map_err(CalibrateError::from)
            .and_then(|bar| Ok((bar.calibration(nm)?, bar))),
        None => {
            let data_bar = cut.or_else(|| data_bar::find(plane, &micrograph.facts));
            match data_bar {
                Some(data_bar) => scale_bar::calibration(plane, &data_bar, nm),
                None => scale_bar::find_on_figure(plane).and_then(|bar| Ok((bar.calibration(nm)?, bar))),
            }
            .map_err(CalibrateError::from)
        }
    };
    let bar = found.as_ref().ok().map(|(_, bar)| *bar);
    let drawn = found.map(|(drawn, _)| drawn);
    let (calibration, warnings) = match (file, drawn) {
        (Some(file), Ok(drawn)) => match scale_bar::disagreement(&file, &drawn) {
            Some(disagreement) => {
                let advice = "Neither is used; give the pixel size (`--nm-per-px`).";
                (None, vec![ReportWarning::new(disagreement.to_string(), advice)])
            }
            None => (Some(file), Vec::new()),
        },
        (None, Ok(drawn)) => (Some(drawn), Vec::new()),
        (Some(file), Err(error)) if !matches!(error, CalibrateError::Bar(ScaleBarError::Length { .. })) => {
            let advice = "The file's own calibration is used, unchecked.";
            (Some(file), vec![ReportWarning::new(error.to_string(), advice)])
        }
        (_, Err(error)) => return Err(error),
    };
    Ok(Calibrated { calibration, bar, warnings })
}
