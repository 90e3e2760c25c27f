//! Alike: parts of micrographs of the data folder where the same units fire as in a part of the open one, as `nanoaid find` ranks
//! them.

use std::sync::Arc;

use micrograph::Rect;
use nanoaid::interpret::exemplar::FindConfig;
use nanoaid::interpret::retrieval::{MarkedPart, RetrievalError, find};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::folder::folder_of;
use crate::http::Fault;
use crate::jobs::{Job, Lane, Wish};
use crate::shown::{Shown, prepared};
use crate::unit::Patch;

/// Parts that are found.
const PARTS: usize = 12;

/// What is wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlikeWish {
    shown: Shown,
    network: String,
    /// The part, in pixels of the specimen.
    part: Rect,
}

/// What is answered.
#[derive(Serialize)]
struct Found {
    /// Micrographs that were looked at.
    n: usize,
    patches: Vec<Patch>,
}

/// Looks for them.
pub(crate) async fn begin(app: &Arc<App>, wish: AlikeWish) -> Result<Job, Fault> {
    let open = app.network(&wish.network)?;
    folder_of(app)?;
    let sha256 = app.session.image(wish.shown.id())?.sha256.clone();
    let decoded = wish.shown.decoded(app).await?;
    let (part, shared) = (wish.part, Arc::clone(app));
    Ok(app.jobs.begin(Wish::Alike(wish), 1, Lane::Long, move |reporter| {
        let folder = folder_of(&shared)?;
        let marked = MarkedPart { plane: &prepared(&decoded)?.plane, sha256: &sha256, part };
        let config = (&FindConfig::default(), PARTS);
        let found = find(&open.network, &[], marked, config, &folder.dataset, &mut |n, total| {
            reporter.tell(|job| job.share = n as f64 / total.max(1) as f64);
            reporter.flow()
        });
        let found = match found {
            Err(RetrievalError::Cancelled) => return Err(Fault::cancelled()),
            found => found.map_err(Fault::refused)?,
        };
        let patches = found.parts.iter().filter_map(|part| {
            let number = folder.number_of(&part.file)?;
            let category = part.category.as_deref();
            Some(Patch::of("data", number, part.part, &part.file, category, part.likeness))
        });
        let n = folder.dataset.entries.len() - found.skipped.len();
        reporter.done(&Found { n, patches: patches.collect() }, Vec::new(), None)
    }))
}
