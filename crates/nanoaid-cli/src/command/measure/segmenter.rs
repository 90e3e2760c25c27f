//! Arguments of `measure` for the network that outlines objects.

use std::path::PathBuf;

use clap::Args;
use nanoaid::network::{builtin, open};
use nanoaid::{Device, Network};

use crate::outcome::Failure;

/// Which network outlines objects, if any.
#[derive(Args)]
pub(super) struct SegmenterArguments {
    /// Network that outlines particles, fibres and pores; what is found without a network stands beside it. A run folder
    /// of `train segmenter`, or `segmenter` for the built-in one
    #[arg(long, value_name = "RUN", default_value = builtin::SEGMENTER)]
    segmenter: PathBuf,
    /// Measure without a network only
    #[arg(long, conflicts_with = "segmenter")]
    no_segmenter: bool,
}

impl SegmenterArguments {
    /// Whether another than the usual one is named.
    pub(super) fn is_named(&self) -> bool {
        self.segmenter.as_os_str() != builtin::SEGMENTER
    }

    /// Whether there is one.
    pub(super) fn is_there(&self) -> bool {
        self.is_named() || builtin::has(builtin::SEGMENTER)
    }

    /// Opens it on `device`, unless that is not wanted, or the program was built without networks.
    pub(super) fn network(&self, device: Device) -> Result<Option<(PathBuf, Network)>, Failure> {
        if self.no_segmenter || !self.is_there() {
            return Ok(None);
        }
        Ok(Some((self.segmenter.clone(), open(&self.segmenter, device)?)))
    }
}
