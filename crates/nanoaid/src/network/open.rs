//! Opening networks by what a user gives: a run folder, a weights file, or the name of a built-in one.
//!
//! What lies under that name on the disk comes first.

use std::io;
use std::path::{Path, PathBuf};

use micrograph::regular;

use super::{WeightsError, builtin};
use crate::run::{RunError, RunFolder};
use crate::{Device, Network};

/// Why a network could not be opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum OpenError {
    /// The run folder is damaged, or there is none; the error names it.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The file at `path` could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The file at `path` does not hold the weights of a network.
    #[error("{}: {source}", path.display())]
    Weights { path: PathBuf, source: WeightsError },
}

/// The network of `run`: a run folder, a file of weights, `autoencoder` or `classifier`.
///
/// # Errors
/// If there is none, or it is damaged.
pub fn open(run: &Path, device: Device) -> Result<Network, OpenError> {
    let weights = |source| OpenError::Weights { path: run.to_owned(), source };
    if !run.exists()
        && let Some(network) = run.to_str().and_then(|name| builtin::named(name, device))
    {
        return network.map_err(weights);
    }
    if run.is_file() {
        let bytes = regular::read(run, regular::LARGEST)
            .map_err(|source| OpenError::Io { path: run.to_owned(), source })?;
        return Network::import(&bytes, None, device).map_err(weights);
    }
    Ok(RunFolder::open(run)?.network(device)?)
}

/// Whether `input` is a run folder or the name of a built-in network, not a file. A folder is a run
/// only where it holds a manifest.
pub fn is_network(input: &Path) -> bool {
    RunFolder::is_begun(input)
        || (!input.exists() && builtin::NAMES.iter().any(|name| input.as_os_str() == *name))
}
