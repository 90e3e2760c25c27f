//! Data: the micrographs of a call, as the command line names them.

use std::io;
use std::path::PathBuf;

use nanoaid::data::dataset::{Dataset, DatasetConfig, DatasetError, Notice, Only, Skipped};
use pyo3::prelude::*;

use crate::fault::{Fault, Kind, Kinded};

/// Which micrographs a call is about: the options of the command line.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Data {
    /// A folder or an index.
    pub(crate) path: PathBuf,
    only: Vec<String>,
    synthetic_per_category: usize,
}

impl Data {
    pub(crate) fn config(&self) -> Result<DatasetConfig, Fault> {
        let only = self.only.iter().map(|text| text.parse()).collect::<Result<Vec<Only>, _>>();
        let config = DatasetConfig {
            only: only.map_err(of_parameter)?,
            synthetic_per_category: self.synthetic_per_category,
            ..DatasetConfig::default()
        };
        config.checked().map_err(of_parameter)
    }

    /// The data set.
    pub(crate) fn open(&self) -> Result<Dataset, Fault> {
        Ok(Dataset::open(&self.path, &self.config()?)?)
    }
}

fn of_parameter(error: micrograph::ConfigError) -> Fault {
    let parameters = [("dataset.only", "only"), ("dataset.synthetic_per_category", "synthetic_per_category")];
    Fault::of_parameter(error, &parameters)
}

/// What was left out of a data set, and what to know about it.
#[derive(Default)]
pub(crate) struct LeftOut {
    /// Name of each file, and the reason.
    pub(crate) skipped: Vec<(String, String)>,
    pub(crate) warnings: Vec<String>,
}

impl LeftOut {
    /// Of `dataset`, and those that could not be read then.
    pub(crate) fn of(dataset: &Dataset, unreadable: &[Skipped]) -> Self {
        let skipped = dataset.skipped.iter().chain(unreadable);
        Self {
            skipped: skipped.map(|one| (one.file.clone(), one.reason.clone())).collect(),
            warnings: dataset.notices.iter().map(Notice::to_string).collect(),
        }
    }
}

impl Kinded for DatasetError {
    fn kind(&self) -> Kind {
        match self {
            Self::Config(_) | Self::NoColumn { .. } | Self::NoIndex { .. } => Kind::Setting,
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => Kind::Missing,
            _ => Kind::Read,
        }
    }
}
