//! Interpreting: what the layers and units of a network respond to.
//!
//! | module | question |
//! |---|---|
//! | [`lens`] | what do the feature maps of a layer show of one micrograph? |
//! | [`view`] | the same of a file, as pictures and numbers in a folder |
//! | [`concept`] | which directions does a layer work with, and what are they used for? |
//! | [`accentuate`] | how does a micrograph change on the way to what a class or a unit responds to? |
//! | [`ablate`] | what changes where units are switched off or up? |
//! | [`circuit`] | of which units of a lower layer is a unit made? |
//! | [`explain`] | which parts of a micrograph and which units make a network give a class, or a unit fire? |
//! | [`visualize`] | which synthetic image drives a unit most? |
//! | [`gallery`] | which pictures of many units, as files with records, with micrographs of a data set? |
//! | [`exemplar`] | which real patches drive it most and least, and where else does a marked part occur? |
//! | [`retrieval`] | the last two for a whole data set |
//! | [`activation_index`] | what does every channel give for every micrograph of a data set? |
//! | [`tuning`] | which gratings, lattices and discs drive a channel? |
//! | [`machine_score`] | how well do exemplars or pictures predict what drives a unit? |
//! | [`differential`] | which units respond more to one class than to another? |
//! | [`matching`] | which units of two networks are alike? |
//! | [`pattern`] | what does a network add to a pattern that was measured without it? |

pub mod ablate;
pub mod accentuate;
pub mod activation_index;
pub mod circuit;
pub mod concept;
pub mod differential;
pub mod exemplar;
pub mod explain;
pub mod gallery;
pub mod lens;
pub mod machine_score;
pub mod matching;
pub mod natural_statistics;
pub mod pattern;
mod picture_files;
mod reconstructed;
pub mod retrieval;
pub mod tuning;
pub mod unit_values;
pub mod view;
mod views;
pub mod visualize;
