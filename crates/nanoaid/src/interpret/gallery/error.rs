//! Why pictures of a gallery could not be made.

use std::io;
use std::path::PathBuf;

use crate::data::dataset::DatasetError;
use crate::data::prepare::PrepareError;
use crate::interpret::visualize::VisualizeError;
use crate::network::{NetworkError, WeightsError};
use crate::output::OutputError;

/// Why pictures could not be made, written or shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum GalleryError {
    /// The data set could not be opened.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A micrograph could not be prepared; the error names it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The file at `path` could not be read.
    #[error("{}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The data set has no such category.
    #[error("no category `{category}`, expected one of: {known}")]
    Category { category: String, known: String },
    /// No micrograph is as large as the canvas.
    #[error("--data: no micrograph has {width} × {height} px; choose a smaller --size")]
    Spectrum { height: usize, width: usize },
    /// The canvas keeps a mean spectrum, and there are no micrographs to take it from.
    #[error("canvas `phase` needs --data, micrographs whose mean spectrum it keeps")]
    NoSpectrum,
    /// A micrograph is smaller than the canvas.
    #[error("{}: found {found_width} × {found_height} px of specimen, expected at least {width} × {height}", path.display())]
    Small { path: PathBuf, found_height: usize, found_width: usize, height: usize, width: usize },
    /// An objective is whitened, and there are no micrographs to whiten with.
    #[error("objective `{objective}` needs --data, micrographs to whiten with")]
    NoWhitening { objective: String },
    /// The layer to whiten does not exist, or the network takes colors.
    #[error("objective `{objective}`: no layer `{layer}` to whiten in a network for grey images")]
    WhitenedLayer { objective: String, layer: String },
    /// The layer to whiten gives nothing for the micrographs.
    #[error("`{layer}` is not active on any micrograph of --data")]
    Inactive { layer: String },
    /// What a record names has changed since.
    #[error("{what} is {found}, the record says {expected}")]
    Changed { what: &'static str, found: String, expected: String },
    /// The built-in autoencoder could not be opened.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The network could not take a micrograph.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The pictures could not be climbed.
    #[error(transparent)]
    Visualize(#[from] VisualizeError),
    /// A result could not be written; the error names it.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A record names no picture.
    #[error("the record of `{objective}` names no picture")]
    NoPicture { objective: String },
    /// The file at `path` is not a picture of this program.
    #[error("{}: not a picture that this program wrote", path.display())]
    NotAPicture { path: PathBuf },
    /// The work was ended from outside; pictures that were written stay.
    #[error("cancelled: pictures that were finished are kept")]
    Cancelled,
}
