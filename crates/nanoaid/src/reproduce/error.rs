//! Why figures could not be made.

use std::path::PathBuf;

use crate::ConfigError;
use crate::atlas::AtlasError;
use crate::data::dataset::DatasetError;
use crate::data::prepare::PrepareError;
use crate::evaluate::classify::ClassifyError;
use crate::interpret::activation_index::ActivationIndexError;
use crate::interpret::gallery::GalleryError;
use crate::interpret::view::ViewError;
use crate::interpret::visualize::VisualizeError;
use crate::measure::MeasureError;
use crate::output::OutputError;
use crate::run::RunError;

/// Why figures could not be made.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum ReproduceError {
    /// The data set cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A micrograph cannot be prepared; the error names it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A view failed.
    #[error(transparent)]
    View(#[from] ViewError),
    /// Pictures failed.
    #[error(transparent)]
    Gallery(#[from] GalleryError),
    /// Settings of pictures are out of range.
    #[error(transparent)]
    Visualize(#[from] VisualizeError),
    /// A pass over the data set failed.
    #[error(transparent)]
    Index(#[from] ActivationIndexError),
    /// Classes cannot be compared.
    #[error(transparent)]
    Compare(#[from] AtlasError),
    /// A pattern could not be measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A run cannot be used; the error names it.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The network of the lens has no stages, or classifies.
    #[error("{}: found a network that is no autoencoder, expected one for figures 1, 3 and 5 (--autoencoder)", run.display())]
    NotAnAutoencoder { run: PathBuf },
    /// The data set has no micrographs of a class that is to be compared.
    #[error("--contrast: no micrograph of {} is of class {class}; expected some of: {known}", data.display())]
    NoClass { data: PathBuf, class: String, known: String },
    /// A run is of another network.
    #[error("{}: found a run of an {found}, expected one of `train classifier`", run.display())]
    NotAClassifier { run: PathBuf, found: &'static str },
    /// A run has not been evaluated.
    #[error("{}: found no evaluation report, expected a training that has ended", run.display())]
    NotEvaluated { run: PathBuf },
    /// A classifier cannot be used.
    #[error(transparent)]
    Classify(#[from] ClassifyError),
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A result could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The callback ended the work.
    #[error("cancelled: what is finished is kept")]
    Cancelled,
}
