//! Retrieval: real patches of a data set that drive the units of a network, and parts of its
//! micrographs that are like a marked one.
//!
//! [`exemplars`] and [`find`] each do the whole work: results hold what was used and what was found,
//! and give tables and sheets; [`exemplar_files`] writes them. What a network gives for a single image is
//! [`exemplar`](super::exemplar)'s.

mod exemplars;
mod find;

use crate::data::dataset::DatasetError;
use crate::interpret::activation_index::ActivationIndexError;
use crate::interpret::exemplar::ExemplarError;
use crate::output::OutputError;
use crate::{ConfigError, Network};

pub use exemplars::{
    DataSetExemplars, ExemplarsConfig, ExemplarsRecord, LayerExemplars, exemplar_files, exemplars,
    holds_exemplars,
};
pub use find::{DataSetMatches, FoundPart, FoundUnit, MarkedPart, find};

/// Why nothing was retrieved.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum RetrievalError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data set cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The pass over the data set failed.
    #[error(transparent)]
    Index(#[from] ActivationIndexError),
    /// The network cannot read the layers or the image.
    #[error(transparent)]
    Exemplar(#[from] ExemplarError),
    /// No micrograph could be read.
    #[error("{}: no micrograph could be read", root.display())]
    NoMicrograph { root: std::path::PathBuf },
    /// An address names no channel that the network has.
    #[error("unit {unit}: expected {expected}")]
    NoUnit { unit: crate::Address, expected: String },
    /// A micrograph that was read before could not be read again.
    #[error("{file}: {reason}")]
    Micrograph { file: String, reason: String },
    /// A table could not be written.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// A file could not be written; the error names it.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The work was ended from outside.
    #[error("cancelled")]
    Cancelled,
}

impl Network {
    /// Layer and channel that an address names: a channel, or a class by its logit.
    ///
    /// # Errors
    /// If the address names something else, or the network has no such layer, channel or class.
    pub fn channel_of(&self, unit: &crate::Address) -> Result<(String, usize), RetrievalError> {
        use crate::Address;
        let wrong = |expected: String| RetrievalError::NoUnit { unit: unit.clone(), expected };
        let (layer, channel) = match unit {
            Address::Layer { layer, channel: Some(channel), position: None } => (layer.clone(), *channel),
            Address::Class(label) => {
                let classes = self.classes().unwrap_or_default();
                let Some(class) = classes.iter().position(|class| class == label) else {
                    return Err(wrong(format!("one of the classes: {}", classes.join(", "))));
                };
                let last = self.layers().last().map(|layer| layer.name.clone());
                (last.unwrap_or_default(), class)
            }
            Address::Layer { .. } => return Err(wrong("a channel, e.g. `encoder.2:17`".to_owned())),
        };
        match self.layer(&layer) {
            Some(found) if channel < found.n_channels => Ok((layer, channel)),
            Some(found) => Err(wrong(format!("a channel from 0 to {}", found.n_channels - 1))),
            None => {
                let known: Vec<&str> = self.layers().iter().map(|layer| layer.name.as_str()).collect();
                Err(wrong(format!("one of the layers: {}", known.join(", "))))
            }
        }
    }
}
