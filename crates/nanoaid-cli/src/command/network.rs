//! Networks as they are asked for: a run folder, the weights of an ImageNet network, or the name of a
//! built-in one. Whatever lies under that name on the disk goes first.

use std::path::Path;

use nanoaid::run::RunFolder;
use nanoaid::{Device, Network, network::builtin};

use crate::outcome::Failure;

/// The network of `run`.
pub(crate) fn network(run: &Path, device: Device) -> Result<Network, Failure> {
    match builtin_at(run, device) {
        Some(network) => network,
        None if run.is_file() => {
            let bytes = std::fs::read(run).map_err(|error| Failure::at(run, error))?;
            Network::import(&bytes, None, device).map_err(|error| Failure::at(run, error))
        }
        None => Ok(RunFolder::open(run)?.network(device)?),
    }
}

/// Whether `input` is a run folder or the name of a built-in network, not a file.
pub(crate) fn is_network(input: &Path) -> bool {
    input.is_dir() || (!input.exists() && builtin::NAMES.iter().any(|name| input.as_os_str() == *name))
}

fn builtin_at(run: &Path, device: Device) -> Option<Result<Network, Failure>> {
    if run.exists() {
        return None;
    }
    let network = builtin::named(run.to_str()?, device)?;
    Some(network.map_err(Failure::from))
}
