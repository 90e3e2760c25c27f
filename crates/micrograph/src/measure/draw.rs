//! Drawing: what was measured as pictures.
//!
//! The only part of measuring that knows colors and letters; it needs the features `measure` and `paint`.
//! Numbers come from the other modules, and nothing here changes them.

mod axes;
mod overlay;
mod rose;

pub use axes::axes;
pub use overlay::{marked, overlay};
