//! Measuring: numbers with their uncertainty, from planes.
//!
//! Everything is in px and degrees; only a report converts to nanometres, through `Calibration`. A
//! number without enough evidence is not given: the answer is then the reason. Measurements know no
//! networks and no clocks; random numbers are seeded.

pub mod count;
#[cfg(feature = "paint")]
pub mod draw;
mod drift;
pub mod fibers;
pub mod file;
pub mod flatten;
pub mod geometry;
pub mod gradient;
pub mod grating;
mod harmonics;
mod large;
pub mod lattice;
pub mod orientation;
pub mod outliers;
mod part;
pub mod pitch_map;
pub mod pores;
pub mod quantity;
pub mod report;
mod rim;
mod solve;
mod spectrum;

pub use file::{FileMeasurement, MeasureConfig, MeasureFileError, measure_file};
pub use geometry::Geometry;
pub use grating::{Evidence, Grating, GratingConfig, NoPeriod, NoPeriodReason, grating};
pub use lattice::{Lattice, LatticeConfig, LatticeKind, lattice};
pub use orientation::{NoOrientation, Orientation, OrientationConfig, orientation};
pub use pitch_map::{PitchMap, PitchMapSummary, pitch_map};
pub use quantity::{Component, Quantity, Unit};
pub use report::{Measured, Report, ReportConfig, Task, measured};
pub use spectrum::{WaveShare, wave_shares};
