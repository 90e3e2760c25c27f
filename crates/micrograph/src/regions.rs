//! Regions: what a segmentation of a micrograph is, and everything that is done with one.
//!
//! [`Labels`] says for each pixel which region it belongs to. From it come the properties of each [`Region`], their
//! [`Sizes`], their [`outlines()`]; [`Corrections`] by hand change it, [`matching()`] compares it with a truth.
//! This module does not know what made the labels: a network, a threshold, or a person.
//!
//! One system of coordinates: `x` to the right, `y` downwards, in px; the pixel in the first row and column covers
//! `[0, 1]²`, so its centre is at `(0.5, 0.5)`. A pixel belongs to a polygon or circle if its centre does. Points are
//! `[x, y]`, as in the formats of other programs; sizes are `height, width`, as everywhere in this crate.

mod correction;
mod corrections;
mod error;
mod formats;
mod hull;
mod labels;
mod matching;
mod outline;
mod point;
mod read;
mod region;
mod shape;
mod simplify;
mod sizes;
mod table;

pub use correction::{Addition, Circle, Correction, Missed};
pub use corrections::Corrections;
pub use error::RegionsError;
pub use formats::coco::{CocoImage, coco_text, write_coco};
pub use formats::geojson::{geojson_text, write_geojson};
pub use formats::label_image::{label_tiff_bytes, write_label_tiff};
pub use formats::roi_zip::{roi_zip_bytes, write_roi_zip};
pub use labels::Labels;
pub use matching::{AtThreshold, Evaluation, Pair, matched_pairs, matching};
pub use outline::{Outline, OutlinePart, outlines};
pub use point::Point;
pub use read::{labels_of, read_labels};
pub use region::{Region, RegionNm, regions};
pub use sizes::{
    Interval, LogNormal, Percentiles, SizeBin, SizeSummary, Sizes, SizesConfig, Weighting, edge_weight, sizes,
};
pub use table::{RegionTable, table};
