//! Drawing: measurements as pictures.
//!
//! The only part of measuring that knows colors and text; it needs the features `measure` and `paint`.
//! Numbers come from the other modules and are not changed here.

mod axes;
mod overlay;
mod rose;

pub use axes::axes;
pub use overlay::{marked, overlay};
