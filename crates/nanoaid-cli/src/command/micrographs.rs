//! Micrographs and a network: the arguments of the commands that run a network over a data set.

use std::path::Path;

use clap::Args;
use nanoaid::data::dataset::{Dataset, DatasetConfig, Only};

use super::training::{say_notices, say_skipped};
use crate::outcome::Failure;

/// Which micrographs a network is given.
#[derive(Args, Clone)]
pub(crate) struct DataArguments {
    /// Keep only rows of the index whose column begins with one of the texts, e.g.
    /// `licence=MIT|Apache`; may be repeated
    #[arg(long, value_name = "COLUMN=TEXT|…")]
    pub only: Vec<Only>,
    /// Synthetic micrographs of each of the ten categories, besides those of the data set
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub synthetic_per_category: usize,
}

impl DataArguments {
    /// Which micrographs.
    pub(crate) fn config(&self) -> DatasetConfig {
        DatasetConfig {
            only: self.only.clone(),
            synthetic_per_category: self.synthetic_per_category,
            ..DatasetConfig::default()
        }
    }

    /// The data set at `path`.
    pub(crate) fn open(&self, path: &Path) -> Result<Dataset, Failure> {
        let dataset = Dataset::open(path, &self.config())?;
        say_notices(&dataset.notices);
        say_skipped(&dataset.skipped);
        Ok(dataset)
    }
}
