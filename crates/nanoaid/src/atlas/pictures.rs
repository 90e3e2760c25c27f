//! Synthetic pictures of all units of some layers; those that are there already are not made again.

use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Plane;
use micrograph::paint::gray_png;
use serde::Serialize;

use super::{AtlasError, AtlasStep};
use crate::Network;
use crate::interpret::activation_index::ActivationIndex;
use crate::interpret::gallery::{Gallery, Sources, VisualRecord, first_picture};
use crate::interpret::visualize::{Objective, Peak, Preset, VisualizeConfig};
use crate::output::OutputFolder;

/// A synthetic picture of a unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitPicture {
    /// By which preset it was made.
    pub preset: Preset,
    /// Everything that decides about it besides the unit.
    pub config: VisualizeConfig,
    /// Its score, in units of the activation.
    pub score: f32,
    /// Its strongest wave, where there is a clear one.
    pub peak: Option<Peak>,
    /// What to know before it is believed, with advice.
    pub warnings: Vec<String>,
    /// The picture as grey PNG.
    #[serde(skip)]
    pub png: Vec<u8>,
    #[serde(skip)]
    pub(super) plane: Plane,
}

impl UnitPicture {
    /// The picture that `record` names in `folder`.
    fn of(record: VisualRecord, preset: Preset, folder: &OutputFolder) -> Result<Self, AtlasError> {
        let plane = first_picture(folder, &record)?.gray();
        let VisualRecord { record, outcome, .. } = record;
        let config = record.settings.config;
        let side_px = config.height.min(config.width);
        Ok(Self {
            preset,
            score: outcome.score,
            peak: outcome.peak.filter(|peak| peak.is_clear(side_px)),
            warnings: outcome.warnings,
            // a grey one has a third of the bytes of a colored one
            png: gray_png(&plane, 0.0, 1.0),
            plane,
            config,
        })
    }

    /// Takes out what it shows, `[H, W]`, in `[0, 1]`: machine scores are the last to need it.
    pub(super) fn take_plane(&mut self) -> Plane {
        std::mem::replace(&mut self.plane, Plane::new(0, 0, Vec::new()))
    }
}

/// Makes pictures of every unit of the index's layers by `preset`, in at most `steps`, in `folder`;
/// `[layer][channel]`.
pub(super) fn pictures(
    network: &Network,
    run: &Path,
    index: &ActivationIndex,
    (preset, steps): (Preset, Option<usize>),
    folder: &OutputFolder,
    progress: &mut dyn FnMut(AtlasStep<'_>) -> ControlFlow<()>,
) -> Result<Vec<Vec<UnitPicture>>, AtlasError> {
    let mut config = preset.config();
    config.steps = steps.map_or(config.steps, |most| most.min(config.steps));
    let gallery = Gallery::new(network, run, config, &Sources::default())?;
    let objectives: Vec<Objective> = index
        .layers
        .iter()
        .flat_map(|layer| (0..layer.n_channels).map(|channel| objective(network, &layer.layer, channel)))
        .collect();
    let records = gallery.complete(&objectives, folder, &mut |found| {
        progress(AtlasStep::Pictures {
            preset,
            done: found.n_done,
            total: found.n_pictures,
            share: found.share,
        })
    })?;
    let mut pictures = records.into_iter().map(|record| UnitPicture::of(record, preset, folder));
    index.layers.iter().map(|layer| pictures.by_ref().take(layer.n_channels).collect()).collect()
}

/// What is climbed for a channel: a class by its name.
fn objective(network: &Network, layer: &str, channel: usize) -> Objective {
    let is_last = network.layers().last().is_some_and(|last| last.name == layer);
    match network.classes().and_then(|classes| classes.get(channel)) {
        Some(class) if is_last => Objective::class(class),
        _ => Objective::channel(layer, channel),
    }
}
