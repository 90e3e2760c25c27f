//! Measuring: numbers with their uncertainty, from planes.
//!
//! Everything is in px and degrees; nanometres come in once, through `Calibration`, where a result is
//! shown. A number without enough evidence behind it is not given: the answer is then why.
//! Knows no files, no networks and no clocks; what is drawn at random is seeded.

pub mod count;
pub mod fibres;
pub mod quantity;

pub use quantity::{Part, Quantity, Unit};
