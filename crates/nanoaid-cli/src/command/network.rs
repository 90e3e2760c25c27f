//! Networks as they are named on the command line.

use std::path::Path;

use nanoaid::{Device, Network};

use crate::outcome::Failure;

/// The network of `run`.
pub(crate) fn network(run: &Path, device: Device) -> Result<Network, Failure> {
    Ok(nanoaid::network::open(run, device)?)
}
