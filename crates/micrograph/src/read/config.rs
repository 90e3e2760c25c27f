//! How files are read.

use crate::memory;

/// How files are read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadConfig {
    /// Page of a file of several pages, from 0.
    pub page: usize,
    /// Most bytes that the decoded pixels of one file may take, working copies included; by default
    /// [`memory::budget`].
    pub most_bytes: usize,
    /// Size of a pixel in nanometres as typed by the user, in
    /// [`POSSIBLE_NM_PER_PX`](crate::calibration::POSSIBLE_NM_PER_PX); overrides the file.
    pub nm_per_px: Option<f64>,
    /// Largest share of the pixels that may be NaN or infinite, in `[0, 1]`; a file with more is an error.
    pub most_not_finite: f64,
}

impl Default for ReadConfig {
    fn default() -> Self {
        Self {
            page: 0,
            most_bytes: memory::budget(),
            nm_per_px: None,
            most_not_finite: 0.0, // what is not a number has no grey level
        }
    }
}
