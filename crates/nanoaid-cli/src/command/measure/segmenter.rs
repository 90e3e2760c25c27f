//! Arguments of `measure` for the network that counts particles.

use std::path::PathBuf;

use clap::Args;
use nanoaid::network::{builtin, open};
use nanoaid::{Device, Network};

use crate::outcome::Failure;

/// Which network counts particles, if any.
#[derive(Args)]
pub(super) struct SegmenterArguments {
    /// Network that outlines and counts particles beside the count without a network: a run folder of `train
    /// segmenter`, or `segmenter` for the built-in one
    #[arg(long, value_name = "RUN", default_value = builtin::SEGMENTER)]
    segmenter: PathBuf,
    /// Count without a network only
    #[arg(long, conflicts_with = "segmenter")]
    no_segmenter: bool,
}

impl SegmenterArguments {
    /// Opens it, unless that is not wanted, or the program was built without networks.
    pub(super) fn network(&self) -> Result<Option<(PathBuf, Network)>, Failure> {
        let built_in = self.segmenter.as_os_str() == builtin::SEGMENTER;
        if self.no_segmenter || built_in && !builtin::has(builtin::SEGMENTER) {
            return Ok(None);
        }
        Ok(Some((self.segmenter.clone(), open(&self.segmenter, Device::Cpu)?)))
    }
}
