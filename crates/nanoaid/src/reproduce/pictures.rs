//! Pictures of units and classes, as figures 2 and 4 show them.

use serde::Serialize;

use super::{FigureName, OpenedNetwork, ReproduceError, ReproduceStep, Work};
use crate::interpret::gallery::{Gallery, GalleryProgress, Sources, first_picture_name};
use crate::interpret::visualize::{Objective, Preset, PresetChanges};

/// A picture of what a unit looks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PictureShown {
    /// The unit or class.
    pub unit: String,
    /// Its file.
    pub picture: String,
    /// Whether no gradient came through: the picture then shows nothing.
    pub dead: bool,
}

/// Pictures of `objectives` of a network by the preset `fast`, in the folder `part` of a figure.
pub(super) fn pictures(
    work: &mut Work<'_, '_>,
    (run, network): OpenedNetwork<'_>,
    objectives: &[Objective],
    (figure, part): (FigureName, &str),
) -> Result<Vec<PictureShown>, ReproduceError> {
    let changes = PresetChanges { steps: work.input.config.steps, ..PresetChanges::default() };
    let config = changes.of(Preset::Fast, network, objectives)?;
    let gallery = Gallery::new(network, run, config, &Sources::default())?.without_scans();
    let folder = work.folder.folder(figure.name())?.folder(part)?;
    let on = &mut *work.on;
    let mut heard = |at: GalleryProgress| on(ReproduceStep::Pictures(at));
    let records = gallery.complete(objectives, &folder, &mut heard)?;
    Ok(records
        .iter()
        .map(|record| PictureShown {
            unit: record.objective.to_string(),
            picture: format!("{figure}/{part}/{}", first_picture_name(record).unwrap_or_default()),
            dead: record.outcome.dead,
        })
        .collect())
}
