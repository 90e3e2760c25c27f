//! Calibrated: which size of a pixel a report uses, of what the file and its drawn scale bar tell.
//!
//! The drawn bar calibrates an image whose file tells nothing, and checks one whose file does. Where the
//! two contradict each other nobody here can tell which is right, and the image is left uncalibrated.

use super::ReportWarning;
use crate::scale_bar::{self, ScaleBarError};
use crate::{Calibration, DataBar, Micrograph, Rect, ScaleBar, data_bar};

/// Why a drawn scale bar could not be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// There is nothing it could be drawn in.
    #[error(
        "scale bar: expected a data bar with the scale bar in it, found none; say in which box it is drawn"
    )]
    NoDataBar,
    /// It is not there, or its length is none.
    #[error(transparent)]
    Bar(#[from] ScaleBarError),
}

/// A scale bar as the user tells of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TypedBar {
    /// Its length in nm.
    pub nm: f64,
    /// Where it is drawn, in pixels of the image; in the data bar if `None`.
    pub within: Option<Rect>,
}

/// Which size of a pixel is used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibrated {
    /// The size, if one is known.
    pub calibration: Option<Calibration>,
    /// The drawn bar that was measured for it.
    pub bar: Option<ScaleBar>,
    /// What contradicts it.
    pub warnings: Vec<ReportWarning>,
}

/// The calibration of `micrograph`, whose scale bar is as `typed` where that is told, drawn in `cut`
/// where a data bar was cut off, else in the one that is found, if no box is told.
///
/// # Errors
/// If the bar's length is none, or if no bar is found in a file that tells nothing.
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
            data_bar
                .ok_or(CalibrateError::NoDataBar)
                .and_then(|data_bar| Ok(scale_bar::calibration(plane, &data_bar, nm)?))
        }
    };
    let bar = found.as_ref().ok().map(|(_, bar)| *bar);
    let drawn = found.map(|(drawn, _)| drawn);
    let (calibration, warnings) = match (file, drawn) {
        (Some(file), Ok(drawn)) => match scale_bar::disagreement(&file, &drawn) {
            Some(disagreement) => {
                let advice = "none is used; type the size of a pixel";
                (None, vec![ReportWarning::new(disagreement.to_string(), advice)])
            }
            None => (Some(file), Vec::new()),
        },
        (None, Ok(drawn)) => (Some(drawn), Vec::new()),
        (Some(file), Err(error)) if !matches!(error, CalibrateError::Bar(ScaleBarError::Length { .. })) => {
            let advice = "the file's own calibration is used, unchecked";
            (Some(file), vec![ReportWarning::new(error.to_string(), advice)])
        }
        (_, Err(error)) => return Err(error),
    };
    Ok(Calibrated { calibration, bar, warnings })
}
