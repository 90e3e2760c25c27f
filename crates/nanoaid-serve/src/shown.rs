//! Shown: the micrograph that a job is about, and how it is read.

use std::sync::Arc;

use micrograph::data_bar::DataBarChoice;
use nanoaid::data::prepare::Prepared;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::http::Fault;
use crate::session::{Decoded, Reading};

/// A micrograph and how it is read.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shown {
    image: String,
    #[serde(default)]
    page: usize,
    #[serde(default)]
    nm_per_px: Option<f64>,
    #[serde(default)]
    data_bar: DataBarChoice,
}

impl Shown {
    /// The name of the micrograph in the session.
    pub(crate) fn id(&self) -> &str {
        &self.image
    }

    /// It, decoded.
    pub(crate) async fn decoded(&self, app: &Arc<App>) -> Result<Arc<Decoded>, Fault> {
        app.decoded(&self.image, &self.reading()?).await
    }

    /// How it is read.
    pub(crate) fn reading(&self) -> Result<Reading, Fault> {
        Reading::new(self.page, self.nm_per_px, self.data_bar)
    }
}

/// What a network sees of it.
pub(crate) fn prepared(decoded: &Decoded) -> Result<&Prepared, Fault> {
    decoded.prepared.as_ref().map_err(Clone::clone)
}
