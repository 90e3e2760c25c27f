//! Painting: planes become pictures and files.
//!
//! Color maps, 8-bit RGB pictures with text, scale bars and color bars, contact sheets of many
//! planes, animations, overlays on a micrograph, and SVG of sheets for print, two formats for the numbers themselves:
//! calibrated TIFF stacks and NPZ. This module does not know networks or HTML pages; the caller
//! gives the text of a picture.

mod color_map;
mod drawing;
mod export_error;
mod gif;
mod gray;
mod marks;
mod npz;
mod overlay;
mod picture;
mod png;
mod resample;
mod sheet;
mod small;
mod svg;
mod text;
mod ticks;
pub(crate) mod tiff_directory;
mod tiff_stack;

pub use color_map::{Color, ColorMap, NAN_COLOR, UnknownColorMap};
pub use export_error::ExportError;
pub use gif::{GifTimes, gif_bytes};
pub use gray::{gray_jpeg, gray_png};
pub use marks::{ColorBar, Corner, LengthUnit, ScaleBar};
pub use npz::NpzWriter;
pub use overlay::{outline_mask, overlay_mask};
pub use picture::Picture;
pub use resample::{Sampling, resampled, resampled_transpose};
pub use sheet::{
    Cell, ContactSheet, Scaling, Section, Theme, contact_sheet, contact_sheet_svg, robust_range,
};
pub use text::{Ink, Weight};
pub use ticks::{nice_ticks, number_text, tick_texts};
pub use tiff_stack::TiffStack;
