//! Networks as they are named on the command line.

use std::path::Path;

use clap::Args;
use nanoaid::network::Published;
use nanoaid::{Device, Network};

use crate::outcome::{Failure, say};

/// How a network is opened, and where it runs.
#[derive(Args, Clone, Debug)]
pub(crate) struct OpenArguments {
    /// Which network a file of weights is for, where its weights fit several, e.g. `tf_efficientnet_b0`
    #[arg(long, value_name = "NAME")]
    pub network: Option<Published>,
    /// Where networks run
    #[arg(long, default_value_t = Device::Cpu)]
    pub device: Device,
}

impl OpenArguments {
    /// The network of `run`; what was done to its file is said.
    pub(crate) fn open(&self, run: &Path) -> Result<Network, Failure> {
        let network = nanoaid::network::open_as(run, self.network, self.device)?;
        for note in network.notes() {
            say(&format!("{}: {note}", run.display()));
        }
        Ok(network)
    }

    /// The same; one for colors is made one for grey images.
    pub(crate) fn open_gray(&self, run: &Path) -> Result<Network, Failure> {
        Ok(self.open(run)?.gray())
    }
}

/// The network of `run`.
pub(crate) fn network(run: &Path, device: Device) -> Result<Network, Failure> {
    OpenArguments { network: None, device }.open(run)
}
