//! Images and what is measured on them: reading micrographs with their calibration, finding the
//! data bar, synthetic specimens with their truth, and painting results.
//!
//! Knows no network and no HTML. Planes are `[H, W]`, row-major, `f32`.

#![warn(missing_docs)]

pub mod calibration;
pub mod config_error;
pub mod data_bar;
pub mod file;
pub mod fourier;
pub mod measure;
pub mod micrograph;
pub mod paint;
pub mod plane;
pub mod random;
pub mod read;
pub mod synth;

pub use calibration::{Calibration, CalibrationSource};
pub use config_error::ConfigError;
pub use data_bar::DataBar;
pub use micrograph::{FileFacts, InstrumentSettings, Micrograph};
pub use plane::{Plane, Rect};
pub use read::{ReadConfig, ReadError};
