//! Pages: results as self-contained HTML that opens offline; no request leaves; dark and light.
//!
//! Serialisable results of `nanoaid` go in, text comes out. Nothing here computes a result, reads an
//! image, or runs a network. [`frame`] is what all reports share, [`site`] the atlas with its many pages.

pub mod ablate;
pub mod accentuate;
pub mod chart;
pub mod circuit;
pub mod class;
pub mod classifier;
pub mod concepts;
pub mod demo;
pub mod explain;
pub mod frame;
pub mod lens;
pub mod measure;
mod number;
pub mod reproduce;
pub mod segment;
pub mod site;
pub mod sweep;
mod term;
pub mod training;
pub mod unit_links;

/// Why a page could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The file could not be written into a folder for results.
    #[error(transparent)]
    Output(#[from] nanoaid::output::OutputError),
    /// A value could not be shown as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The page could not be entered into a run folder.
    #[error(transparent)]
    Run(#[from] nanoaid::run::RunError),
}
