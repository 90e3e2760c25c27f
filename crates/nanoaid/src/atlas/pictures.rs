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
use crate::interpret::visualize::{Objective, Preset, VisualizeConfig};
use crate::output::OutputFolder;

/// Standard deviation of grey levels in `[0, 1]` below which a picture shows nothing: a step and a half of
/// its 255.
const LEAST_DEVIATION: f64 = 0.006;

/// A synthetic picture of a unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitPicture {
    /// By which preset it was made.
    pub preset: Preset,
    /// Everything that decides about it besides the unit.
    pub config: VisualizeConfig,
    /// Its score, in units of the activation.
    pub score: f32,
    /// What to know before it is believed, with advice.
    pub warnings: Vec<String>,
    /// Why it shows nothing; absent where it shows something.
    pub blank: Option<String>,
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
        let flat = plane.variance().sqrt() < LEAST_DEVIATION;
        let blank = (flat || outcome.dead).then(|| {
            if outcome.dead {
                "dead: no picture reached it".to_owned()
            } else if outcome.marks.is_empty() {
                "a uniform grey drives it most".to_owned()
            } else {
                format!("blank: {}", outcome.marks.join(", "))
            }
        });
        Ok(Self {
            preset,
            score: outcome.score,
            warnings: outcome.warnings,
            blank,
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

/// Makes pictures of every unit of the index's layers by `preset`, as `config` says, in `folder`;
/// `[layer][channel]`.
pub(super) fn pictures(
    network: &Network,
    run: &Path,
    index: &ActivationIndex,
    (preset, config): (Preset, VisualizeConfig),
    folder: &OutputFolder,
    progress: &mut dyn FnMut(AtlasStep<'_>) -> ControlFlow<()>,
) -> Result<Vec<Vec<UnitPicture>>, AtlasError> {
    // what drives units most is measured by their tuning
    let gallery = Gallery::new(network, run, config, &Sources::default())?.without_scans();
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
pub(super) fn objective(network: &Network, layer: &str, channel: usize) -> Objective {
    let is_last = network.layers().last().is_some_and(|last| last.name == layer);
    match network.classes().and_then(|classes| classes.get(channel)) {
        Some(class) if is_last => Objective::class(class),
        _ => Objective::channel(layer, channel),
    }
}
