//! Estimate: how long an atlas takes, from a few micrographs and the first steps of its pictures.
//!
//! What is left out (exemplars, comparisons, pages) is short beside the rest.

use std::ops::ControlFlow;

use serde::Serialize;

use super::build::layers_of;
use super::pictures::objective;
use super::{AtlasError, AtlasInput, AtlasPart, network_ids};
use crate::interpret::activation_index::try_pass;
use crate::interpret::gallery::{Gallery, Sources};
use crate::interpret::tuning::TriedStimuli;
use crate::interpret::visualize::{Objective, Preset};

/// Micrographs that are looked at.
const N_TRIED: usize = 4;
/// Seconds of steps after which the pace of a layer's pictures is known.
const TRIED_SECONDS: f64 = 1.0;
/// Passes over the data set: the network, one of random weights, data bars.
const N_PASSES: usize = 3;

/// How long a part of the work on a network takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EstimatedPart {
    /// Id of the network.
    pub network: String,
    /// The part.
    pub part: AtlasPart,
    /// By which preset, of pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Things that are done in it: micrographs, counted once in each of three passes, layers, pictures.
    pub n: usize,
    /// How long it takes at the pace that was found.
    pub seconds: f64,
}

/// How long the longest parts of an atlas take on this machine; nothing is written. `clock` gives seconds from any
/// moment on, and `keep_on` is asked between trials.
///
/// # Errors
/// If a network has none of the layers, a setting is out of range, none of the micrographs tried can be read, or
/// `keep_on` ended it.
pub fn estimate(
    input: &AtlasInput<'_>,
    clock: &dyn Fn() -> f64,
    keep_on: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Vec<EstimatedPart>, AtlasError> {
    let AtlasInput { networks, dataset, config, .. } = input;
    let ids = network_ids(networks.iter().map(|network| network.run.as_path()));
    let entries = &dataset.entries;
    let tried: Vec<_> = entries.iter().step_by(entries.len().div_ceil(N_TRIED).max(1)).collect();
    let mut parts = Vec::new();
    for (of_run, id) in networks.iter().zip(ids) {
        let (run, network) = (&of_run.run, &of_run.network);
        let mut add = |part, preset, n: usize, seconds| {
            parts.push(EstimatedPart { network: id.clone(), part, preset, n, seconds });
            if keep_on().is_break() { Err(AtlasError::Cancelled) } else { Ok(()) }
        };
        let layers = layers_of(network, &id, &config.layers)?;

        let begun = clock();
        let n_read = try_pass(network, &layers, &tried, &dataset.prepare_config())?;
        let seconds = clock() - begun;
        if n_read == 0 {
            let reason = format!("none of {} that were tried can be read", tried.len());
            return Err(AtlasError::NoMicrograph { root: dataset.root.clone(), reason });
        }
        let n_passed = N_PASSES * entries.len();
        add(AtlasPart::Micrographs, None, n_passed, seconds / n_read as f64 * n_passed as f64)?;

        let times: Vec<f64> = layers
            .iter()
            .map(|layer| {
                let tried = TriedStimuli::new(network, layer, &config.tuning)?;
                let begun = clock();
                tried.run();
                Ok::<_, AtlasError>((clock() - begun) * tried.n_in_all() as f64 / tried.n() as f64)
            })
            .collect::<Result<_, _>>()?;
        add(AtlasPart::Stimuli, None, layers.len(), times.iter().sum())?;

        for &preset in &config.presets {
            let sources = Sources::default();
            let gallery = Gallery::new(network, run, config.pictures(preset), &sources)?.without_scans();
            let (mut n_pictures, mut seconds) = (0, 0.0);
            for layer in &layers {
                let n_channels = network.layer(layer).map_or(0, |layer| layer.n_channels);
                let objectives: Vec<Objective> =
                    (0..n_channels).map(|channel| objective(network, layer, channel)).collect();
                n_pictures += objectives.len();
                seconds += time_of_pictures(&gallery, &objectives, clock)?;
            }
            add(AtlasPart::Pictures, Some(preset), n_pictures, seconds)?;
        }
    }
    Ok(parts)
}

/// Seconds that the pictures of `objectives` take at most, at the pace of their first steps.
fn time_of_pictures(
    gallery: &Gallery<'_>,
    objectives: &[Objective],
    clock: &dyn Fn() -> f64,
) -> Result<f64, AtlasError> {
    let begun = clock();
    let mut first: Option<(f64, f64)> = None;
    let mut whole = None;
    gallery.try_out(objectives, &mut |progress| {
        let (now, share) = (clock() - begun, progress.share);
        // the time before the first step is preparation
        let (then, share_then) = *first.get_or_insert((now, share));
        if now - then >= TRIED_SECONDS && share > share_then {
            whole = Some((now - then) / (share - share_then));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    // without a pace, all was done before one was known
    Ok(whole.unwrap_or_else(|| clock() - begun))
}
