//! Synthetic pictures of all units of some layers, by several presets; those that are there already
//! are not made again.

use std::path::Path;

use micrograph::Plane;
use micrograph::paint::gray_png;
use nanoaid::interpret::gallery::{Gallery, Sources, VisualRecord, first_picture};
use nanoaid::interpret::visualize::{Objective, Preset};
use nanoaid::{Network, interpret::activation_index::ActivationIndex};

use crate::command::show;
use crate::outcome::Failure;
use crate::progress::Progress;
use nanoaid::output::OutputFolder;

/// A picture of a unit with its record.
pub(crate) struct UnitPicture {
    pub record: VisualRecord,
    /// As a grey PNG, which has a third of the bytes of a colored one.
    pub png: Vec<u8>,
    /// What it shows, `[H, W]`, in `[0, 1]`.
    pub plane: Plane,
}

/// The pictures of one layer by one preset, by channel.
pub(crate) type LayerPictures = Vec<UnitPicture>;

/// Makes pictures of every unit of the survey's layers by `preset`, in at most `steps`, in `folder`;
/// `[layer][channel]`.
pub(crate) fn pictures(
    network: &Network,
    run: &Path,
    survey: &ActivationIndex,
    (preset, steps): (Preset, Option<usize>),
    folder: &OutputFolder,
) -> Result<Vec<LayerPictures>, Failure> {
    let mut config = preset.config();
    config.steps = steps.map_or(config.steps, |most| most.min(config.steps));
    let gallery = Gallery::new(network, run, false, config, &Sources::default())?;
    let objectives: Vec<Objective> = survey
        .layers
        .iter()
        .flat_map(|layer| (0..layer.n_channels).map(|channel| objective(network, &layer.layer, channel)))
        .collect();
    let mut bar = Progress::of_shares(objectives.len() as u64, &format!("pictures, {preset}"));
    let records = gallery.complete(&objectives, folder, &mut |progress| show(&mut bar, progress))?;
    bar.finish();
    let mut made = records.into_iter().map(|record| {
        let plane = first_picture(folder, &record)?.gray();
        Ok(UnitPicture { png: gray_png(&plane, 0.0, 1.0), plane, record })
    });
    let layers = survey.layers.iter().map(|layer| made.by_ref().take(layer.n_channels).collect());
    layers.collect()
}

/// What is climbed for a channel: a class by its name.
fn objective(network: &Network, layer: &str, channel: usize) -> Objective {
    let is_last = network.layers().last().is_some_and(|last| last.name == layer);
    match network.classes().and_then(|classes| classes.get(channel)) {
        Some(class) if is_last => Objective::class(class),
        _ => Objective::channel(layer, channel),
    }
}
