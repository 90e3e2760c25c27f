//! Networks as they are asked for.

use std::path::Path;

use nanoaid::run::RunFolder;
use nanoaid::{Device, Network, builtin};

use crate::outcome::Failure;

/// The network of `run`.
pub(crate) fn network(run: &Path, device: Device) -> Result<Network, Failure> {
    if run.as_os_str() == builtin::AUTOENCODER && !run.exists() {
        return Ok(builtin::autoencoder(device)?);
    }
    if run.extension().is_some_and(|ending| ending == "safetensors") {
        let bytes = std::fs::read(run).map_err(|error| super::failure_at(run, &error))?;
        return Network::import(&bytes, None, device).map_err(|error| super::failure_at(run, &error));
    }
    Ok(RunFolder::open(run)?.network(device)?)
}
