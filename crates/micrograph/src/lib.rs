//! Images and what is measured on them: reading micrographs with their calibration, finding the
//! data bar and the scale bar in it, synthetic specimens with their truth, and painting results.
//!
//! Knows no network and no HTML. Planes are `[H, W]`, row-major, `f32`.

#![warn(missing_docs)]

pub mod calibration;
pub mod config_error;
pub mod data_bar;
pub mod file;
#[cfg(feature = "measure")]
pub mod fourier;
#[cfg(feature = "measure")]
pub mod measure;
pub mod micrograph;
#[cfg(feature = "paint")]
pub mod paint;
pub mod plane;
pub mod random;
pub mod read;
pub mod scale_bar;
#[cfg(any(feature = "measure", feature = "synth"))]
pub mod smooth;
pub mod source;
pub mod specimen;
#[cfg(feature = "synth")]
pub mod synth;

pub use calibration::{Calibration, CalibrationSource};
pub use config_error::ConfigError;
pub use data_bar::DataBar;
pub use micrograph::{FileFacts, InstrumentSettings, Micrograph};
pub use plane::{Plane, Rect};
pub use read::{ReadConfig, ReadError};
pub use scale_bar::ScaleBar;
pub use source::Source;
pub use specimen::Specimen;
