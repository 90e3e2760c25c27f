//! Why an atlas could not be made.

use std::path::PathBuf;

use crate::ConfigError;
use crate::data::dataset::DatasetError;
use crate::evaluate::classify::ClassifyError;
use crate::interpret::activation_index::ActivationIndexError;
use crate::interpret::differential::DifferentialError;
use crate::interpret::exemplar::ExemplarError;
use crate::interpret::gallery::GalleryError;
use crate::interpret::machine_score::MachineScoreError;
use crate::interpret::matching::MatchError;
use crate::interpret::tuning::TuningError;
use crate::interpret::unit_values::UnitValuesError;
use crate::output::OutputError;

/// Why an atlas could not be made.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum AtlasError {
    /// No network was given.
    #[error("expected at least 1 network, found none")]
    NoNetwork,
    /// A network has none of the layers that were named.
    #[error("{network} has none of the layers {wanted}; expected one of: {known}")]
    NoLayer { network: String, wanted: String, known: String },
    /// No micrograph could be read by all networks.
    #[error("{}: no micrograph could be read; the first problem: {reason}", root.display())]
    NoMicrograph { root: PathBuf, reason: String },
    /// A micrograph that was read before could not be read again.
    #[error("{file}: {reason}")]
    Micrograph { file: String, reason: String },
    /// A specimen has no side, or too long a one, for a JPEG.
    #[error("{file}: {width} × {height} px cannot be written as JPEG")]
    Jpeg { file: String, height: usize, width: usize },
    /// A classifier could not be used.
    #[error(transparent)]
    Classify(#[from] ClassifyError),
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data set cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A pass over the data set failed.
    #[error(transparent)]
    Index(#[from] ActivationIndexError),
    /// A network cannot read a micrograph.
    #[error(transparent)]
    Exemplar(#[from] ExemplarError),
    /// Tuning failed.
    #[error(transparent)]
    Tuning(#[from] TuningError),
    /// Synthetic pictures failed.
    #[error(transparent)]
    Gallery(#[from] GalleryError),
    /// A machine score failed.
    #[error(transparent)]
    MachineScore(#[from] MachineScoreError),
    /// Classes cannot be compared.
    #[error(transparent)]
    DifferentialAnalysis(#[from] DifferentialError),
    /// Units cannot be matched.
    #[error(transparent)]
    Matching(#[from] MatchError),
    /// Activations are not a table of numbers.
    #[error(transparent)]
    Values(#[from] UnitValuesError),
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The work was ended from outside.
    #[error("cancelled: what is finished is kept, and the same command resumes")]
    Cancelled,
}
