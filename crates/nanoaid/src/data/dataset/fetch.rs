//! Fetch: micrographs of a public record into a folder that can be checked and trained on at once.
//!
//! The NFFA-EUROPE sets (Aversa et al. 2018) are records of a repository, each with one tar file for a category. An
//! archive is read from the server as a stream: of its micrographs all are kept, or a random sample of a fixed number,
//! and the archive itself never. Its checksum is computed on the way and compared at its end; only then do its
//! micrographs go into the folder, by the same import as those of a local archive. A fetch that was interrupted goes
//! on in the middle of an archive.

mod archive;
mod config;
mod error;
mod event;
mod manifest;
mod plan;
mod record;
mod report;
mod reservoir;
mod set;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

pub use config::FetchConfig;
pub use error::FetchError;
pub use event::{FetchEvent, FetchReport};
pub use plan::{FetchPlan, PlannedFile};
pub use report::{ArchiveReport, Check};
pub use set::{CITATION, LICENCE, NffaSet, SERVER};

use super::ImportReport;
use super::import::{ImportConfig, import_taken};
use crate::download::DownloadError;
use crate::output::Claim;
use archive::Sampled;
use manifest::Manifest;

/// Folder inside the data set that holds what is not complete; its name hides it from whatever lists micrographs.
const PART: &str = ".fetch";

/// What a callback hears, with the answer whether to go on.
type Tell<'a> = dyn FnMut(FetchEvent<'_>) -> ControlFlow<()> + 'a;

/// What a fetch into `to` would read and write; nothing is written.
///
/// # Errors
/// If a setting is out of range, the record cannot be read, or `to` was fetched with other settings.
pub fn plan(to: &Path, config: &FetchConfig, tell: &mut Tell) -> Result<FetchPlan, FetchError> {
    let config = config.clone().checked()?;
    let manifest = Manifest::open(to, &config)?;
    plan_of(to, &config, &manifest, tell)
}

/// Fetches the micrographs of `config` into `to`, which is made if it is not there: folders of categories, `index.csv`,
/// `SHA256SUMS`, and `fetch.json`, which says where they are from. What is there is not fetched again.
///
/// # Errors
/// If a setting is out of range, the record or an archive cannot be read or is not what it should be, the disk has too
/// little space, or the callback breaks. Archives that were finished before stay, and the same fetch again continues.
pub fn fetch(to: &Path, config: &FetchConfig, tell: &mut Tell) -> Result<FetchReport, FetchError> {
    let config = config.clone().checked()?;
    let mut manifest = Manifest::open(to, &config)?;
    let plan = plan_of(to, &config, &manifest, tell)?;
    heard(tell(FetchEvent::Planned(&plan)))?;
    plan.check_space(to)?;
    let part = to.join(PART);
    let claim = Claim::of(&part)?;
    for file in plan.files.iter().filter(|file| !file.is_there) {
        let folder = part.join(&file.category);
        let inner = claim.inner(&folder)?;
        let sampled = archive::read(file, &folder, &config, &mut |event| {
            tell(FetchEvent::Download { file: &file.name, event })
        })?;
        let taken = sampled.taken(file, &folder);
        let imported =
            import_taken(taken, plan.licence.as_deref(), to, &ImportConfig::default(), &mut |n_imported| {
                tell(FetchEvent::Imported { file: &file.name, n_imported })
            })?;
        let report = report_of(file, sampled, imported);
        heard(tell(FetchEvent::Finished(&report)))?;
        manifest.add(report)?;
        fs::remove_dir_all(&folder).map_err(|source| DownloadError::file(&folder, source))?;
        drop(inner);
    }
    drop(claim);
    Ok(FetchReport { plan, archives: manifest.archives(), citation: CITATION })
}

fn plan_of(
    to: &Path,
    config: &FetchConfig,
    manifest: &Manifest,
    tell: &mut Tell,
) -> Result<FetchPlan, FetchError> {
    let mut heard = |event| tell(FetchEvent::Download { file: "record", event });
    let record = record::fetch(&config.record_id()?, &config.download, &mut heard)?;
    plan::of(record, to, config, manifest)
}

fn heard(flow: ControlFlow<()>) -> Result<(), FetchError> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DownloadError::Cancelled.into()),
    }
}

/// What became of `file`.
fn report_of(file: &PlannedFile, sampled: Sampled, imported: ImportReport) -> ArchiveReport {
    let n_same = imported.same_content.len();
    ArchiveReport {
        name: file.name.clone(),
        category: file.category.clone(),
        bytes: file.bytes,
        checksum: sampled.checksum,
        check: sampled.check,
        n_images: sampled.n_images,
        n_other: sampled.n_other,
        n_taken: imported.n_new + imported.n_there,
        n_same,
        skipped: sampled.refused.into_iter().chain(imported.skipped).collect(),
    }
}
