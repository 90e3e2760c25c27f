//! What is reported while a fetch runs, and at its end.

use serde::Serialize;

use super::plan::FetchPlan;
use super::report::ArchiveReport;
use crate::download::DownloadEvent;

/// What happens during a fetch.
#[derive(Debug)]
pub enum FetchEvent<'a> {
    /// What will be read and written; nothing was written yet.
    Planned(&'a FetchPlan),
    /// Bytes of an archive or of the record come in.
    Download {
        /// Name of the archive.
        file: &'a str,
        /// What happened.
        event: DownloadEvent,
    },
    /// Micrographs of a finished archive go into the folder.
    Imported {
        /// Name of the archive.
        file: &'a str,
        /// How many so far.
        n_imported: usize,
    },
    /// An archive is done.
    Finished(&'a ArchiveReport),
}

/// What a fetch did.
#[derive(Clone, Debug, Serialize)]
pub struct FetchReport {
    /// What was planned; archives that are `is_there` were there before.
    pub plan: FetchPlan,
    /// All archives of which the folder has micrographs.
    pub archives: Vec<ArchiveReport>,
    /// What to cite.
    pub citation: &'static str,
}
