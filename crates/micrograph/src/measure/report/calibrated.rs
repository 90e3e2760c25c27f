//! Calibrated: which size of a pixel a report uses, of what the file and its drawn scale bar tell.
//!
//! The drawn bar calibrates an image whose file tells nothing, and checks one whose file does. Where the
//! two contradict each other nobody here can tell which is right, and the image is left uncalibrated.

use super::ReportWarning;
use crate::scale_bar::{self, ScaleBarError};
use crate::{Calibration, DataBar, Micrograph, data_bar};

/// Why a drawn scale bar could not be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// There is nothing it could be drawn in.
    #[error("scale bar: expected a data bar with the scale bar in it, found none")]
    NoDataBar,
    /// It is not there, or its length is none.
    #[error(transparent)]
    Bar(#[from] ScaleBarError),
}

/// The calibration of `micrograph`, whose scale bar is `bar_nm` long where that is told, drawn in `cut`
/// where a data bar was cut off, else in the one that is found; and what contradicts it.
///
/// # Errors
/// If the bar's length is none, or if no bar is found in a file that tells nothing.
pub fn calibration(
    micrograph: &Micrograph,
    cut: Option<DataBar>,
    bar_nm: Option<f64>,
) -> Result<(Option<Calibration>, Vec<ReportWarning>), CalibrateError> {
    let file = micrograph.facts.calibration.clone();
    let Some(bar_nm) = bar_nm else { return Ok((file, Vec::new())) };
    let bar = cut.or_else(|| data_bar::find(&micrograph.plane, &micrograph.facts));
    let drawn = bar.ok_or(CalibrateError::NoDataBar).and_then(|bar| {
        let (drawn, _) = scale_bar::calibration(&micrograph.plane, &bar, bar_nm)?;
        Ok(drawn)
    });
    match (file, drawn) {
        (Some(file), Ok(drawn)) => Ok(match scale_bar::disagreement(&file, &drawn) {
            Some(disagreement) => {
                let advice = "none is used; type the size of a pixel";
                (None, vec![ReportWarning::new(disagreement.to_string(), advice)])
            }
            None => (Some(file), Vec::new()),
        }),
        (None, Ok(drawn)) => Ok((Some(drawn), Vec::new())),
        (Some(file), Err(error)) if !matches!(error, CalibrateError::Bar(ScaleBarError::Length { .. })) => {
            let advice = "the file's own calibration is used, unchecked";
            Ok((Some(file), vec![ReportWarning::new(error.to_string(), advice)]))
        }
        (_, Err(error)) => Err(error),
    }
}
