//! Evaluating: how good a network is on micrographs that it was not trained on.
//!
//! [`classifier`] turns logits into a report, [`classify`] gives the answer for one micrograph, [`score`]
//! runs a classifier over a part of a data set; [`image_quality`] and [`baseline`] measure reconstructions,
//! [`lens_quality`] how much the maps of a layer show.

pub mod baseline;
pub mod classifier;
pub mod classify;
pub mod image_quality;
pub mod lens_quality;
pub(crate) mod rank;
pub mod score;
