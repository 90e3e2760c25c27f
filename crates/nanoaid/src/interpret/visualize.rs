//! Feature visualization: images that a unit of a network wants to see, found by gradient ascent
//! (Olah et al. 2017, and Lucid).
//!
//! An [`Objective`] is what is maximized, a [`CanvasConfig`] what the image is made of, [`Transform`]s
//! what is changed at random on the way to the network; [`visualize`] climbs. Scores are raised;
//! penalties are subtracted in one place. Knows no training, no data sets and no runs.

mod ascent;
mod canvas;
mod changes;
mod check;
mod config;
mod diagnosis;
mod image;
mod objective;
pub mod path;
mod peak;
mod penalty;
mod picture;
mod preset;
mod score;
mod scorer;
mod tiling;
mod transform;
mod whitening;

#[cfg(test)]
pub(crate) mod tests;

pub use canvas::{CanvasConfig, CanvasError, ColorDirections, Materials, Spectrum};
pub use changes::{PresetChanges, channels_of, classes_of};
pub use config::{OptimizerConfig, VisualizeConfig};
pub use diagnosis::Warning;
pub use objective::{Objective, ObjectiveError};
pub use peak::{Peak, peak};
pub use penalty::{Penalty, PenaltyKind};
pub use picture::{gray, shown};
pub use preset::Preset;
pub use scorer::scores_of;
pub use tiling::{FrameError, frame_px};
pub use transform::{Transform, TransformSet};
pub use whitening::Whitening;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use micrograph::Plane;

use crate::{ConfigError, Network};
use ascent::Ascent;

/// A picture of a unit, or several that were made together.
#[derive(Clone, Debug, PartialEq)]
pub struct Visualization {
    /// What was climbed.
    pub objective: Objective,
    /// Each member's planes, one a channel; in `[0, 1]` unless the canvas has no bounds.
    pub pictures: Vec<Vec<Plane>>,
    /// The same pictures drawn [`VisualizeConfig::enlarge`] times as large, where that is above 1.
    pub large: Option<Vec<Vec<Plane>>>,
    /// Score of the pictures themselves, without transforms, less the penalties; the mean over
    /// members.
    pub score: f32,
    /// Step and score of each look on the way, the first before any step.
    pub scores: Vec<(usize, f32)>,
    /// Pictures on the way, by step.
    pub snapshots: Vec<(usize, Vec<Vec<Plane>>)>,
    /// What to know before the picture is believed.
    pub warnings: Vec<Warning>,
}

/// What happens on the way.
pub enum Event<'a> {
    /// Steps are done, of one batch or of several.
    Step {
        /// Number of the last one in its batch, from 1.
        step: usize,
        /// Most steps.
        steps: usize,
        /// Share of all steps of all pictures that are done, those that were not needed among them;
        /// between 0 and 1.
        share: f64,
    },
    /// A picture on the way, after a step of [`VisualizeConfig::snapshots`].
    Snapshot {
        /// Which of the objectives.
        index: usize,
        /// The step.
        step: usize,
        /// Each member's planes, one a channel.
        pictures: &'a [Vec<Plane>],
    },
    /// A picture is finished; they come in any order.
    Done {
        /// Which of the objectives.
        index: usize,
        /// The picture.
        visualization: &'a Visualization,
    },
}

/// Why nothing could be visualized.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum VisualizeError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A canvas could not be made.
    #[error(transparent)]
    Canvas(#[from] CanvasError),
    /// A picture of a layer that sees so far cannot be tiled.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// An objective does not fit the network or the size.
    #[error("objective `{objective}`: {reason}")]
    Objective { objective: String, reason: String },
    /// Transforms leave nothing.
    #[error("an image of {width} × {height} pixels is too small for the transforms")]
    TooSmall { height: usize, width: usize },
    /// An objective compares with a micrograph that is missing or of another size.
    #[error("objective `{objective}` compares with a micrograph of {width} × {height} pixels: {reason}")]
    Micrograph { objective: String, height: usize, width: usize, reason: String },
    /// A number grew beyond all bounds.
    #[error(
        "step {step}: the picture is no longer finite (score {score}), expected finite numbers; lower the rate"
    )]
    NotFinite { step: usize, score: f32 },
    /// The callback broke.
    #[error("cancelled")]
    Cancelled,
}

impl Network {
    /// The picture that maximizes `objective`, from noise; [`Preset`]s give sensible settings.
    ///
    /// # Errors
    /// As [`visualize`].
    ///
    /// ```
    /// use nanoaid::interpret::visualize::{Objective, Preset, VisualizeConfig};
    /// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
    ///
    /// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    /// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
    ///
    /// let config = VisualizeConfig { height: 16, width: 24, steps: 4, ..Preset::Fast.config() };
    /// let found = network.visualize(&Objective::channel("encoder.1", 2), &config)?;
    /// assert_eq!((found.pictures[0][0].height(), found.pictures[0][0].width()), (16, 24));
    /// assert!(network.visualize(&Objective::channel("encoder.1", 99), &config).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn visualize(
        &self,
        objective: &Objective,
        config: &VisualizeConfig,
    ) -> Result<Visualization, VisualizeError> {
        let mut found = None;
        let objectives = std::slice::from_ref(objective);
        visualize(self, objectives, config, Materials::default(), None, &mut |event| {
            if let Event::Done { visualization, .. } = event {
                found = Some(visualization.clone());
            }
            ControlFlow::Continue(())
        })?;
        Ok(found.expect("an ascent that is not ended gives its picture"))
    }
}

/// Makes pictures of `objectives` and hands each to `on` as it is finished. Where `on` breaks, all
/// ascents end at their next step, and nothing more is handed over.
///
/// `micrograph` is the one that caricatures and inversions compare with, prepared, of the size of the
/// canvas.
///
/// # Errors
/// If a setting is out of range, an objective does not fit, a number stops being finite, or `on` broke
/// ([`VisualizeError::Cancelled`]). Pictures that were handed over stay valid.
pub fn visualize(
    network: &Network,
    objectives: &[Objective],
    config: &VisualizeConfig,
    materials: Materials<'_>,
    micrograph: Option<&Plane>,
    on: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<(), VisualizeError> {
    let config = config.clone().checked()?;
    validate(network, objectives, &config, micrograph)?;
    let shape = config.canvas_shape(network.channels_in());
    let canvas = config.canvas.build(shape, config.mean_grey, materials)?;
    let large = match config.large_shape(shape.channels) {
        Some(shape) => Some((config.canvas.build(shape, config.mean_grey, materials)?, shape)),
        None => None,
    };
    let large = large.as_ref().map(|(canvas, shape)| (&**canvas, *shape));
    let ascent = Ascent::new(network, &config, &*canvas, shape, large, micrograph);
    let batch = (batch_pictures(shape) / (config.restarts * config.members)).max(1);
    let batches = batches(objectives, &ascent, batch);
    let sizes: Vec<usize> = batches.iter().map(|(indices, _)| indices.len()).collect();
    let (sender, events) = mpsc::channel();
    let ended = AtomicBool::new(false);
    rayon::in_place_scope_fifo(|scope| {
        for (batch, (indices, objectives)) in batches.into_iter().enumerate() {
            let (sender, ascent, ended) = (sender.clone(), &ascent, &ended);
            // each batch climbs on a thread of its own, without waiting for others at each layer
            scope.spawn_fifo(move |_| {
                let on_step = |step| {
                    drop(sender.send(Message::Step { batch, step }));
                    if ended.load(Ordering::Relaxed) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                };
                let on_snapshot = |place: usize, step, pictures| {
                    drop(sender.send(Message::Snapshot { index: indices[place], step, pictures }));
                };
                match ascent.climb(&objectives, &on_step, &on_snapshot) {
                    Ok(found) => {
                        for (index, visualization) in indices.into_iter().zip(found.unwrap_or_default()) {
                            drop(sender.send(Message::Done { batch, index, visualization }));
                        }
                    }
                    Err(error) => drop(sender.send(Message::Failed(error))),
                }
            });
        }
        drop(sender);
        let mut failed = None;
        let mut done_steps = vec![0; sizes.len()]; // steps of each batch
        let mut report = |event: Event<'_>| {
            if !ended.load(Ordering::Relaxed) && on(event).is_break() {
                ended.store(true, Ordering::Relaxed);
            }
        };
        while let Some(message) = next(&events) {
            // a thread that climbs itself finds many messages when it is back: their steps are reported as one, so that
            // the pace can be estimated
            let (mut last, mut further) = (None, Vec::new());
            for message in std::iter::once(message).chain(events.try_iter()) {
                match message {
                    Message::Step { batch, step } => {
                        done_steps[batch] = step;
                        last = Some(step);
                    }
                    message => further.push(message),
                }
            }
            if let Some(step) = last {
                let done: usize = done_steps.iter().zip(&sizes).map(|(steps, size)| steps * size).sum();
                let share = done as f64 / (objectives.len() * config.steps) as f64;
                report(Event::Step { step, steps: config.steps, share });
            }
            for message in further {
                match message {
                    Message::Snapshot { index, step, pictures } => {
                        report(Event::Snapshot { index, step, pictures: &pictures });
                    }
                    Message::Done { batch, index, visualization } => {
                        done_steps[batch] = config.steps;
                        report(Event::Done { index, visualization: &visualization });
                    }
                    Message::Failed(error) if !ended.load(Ordering::Relaxed) => {
                        failed = Some(error);
                        ended.store(true, Ordering::Relaxed);
                    }
                    _ => {}
                }
            }
        }
        match failed {
            Some(error) => Err(error),
            None if ended.load(Ordering::Relaxed) => Err(VisualizeError::Cancelled),
            None => Ok(()),
        }
    })
}

/// Objectives that are climbed together, with their places in the list: those about channels of one
/// layer by themselves, so that how a picture is computed does not depend on what else was requested.
fn batches(objectives: &[Objective], ascent: &Ascent<'_>, most: usize) -> Vec<(Vec<usize>, Vec<Objective>)> {
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (index, objective) in objectives.iter().enumerate() {
        let climbed = ascent.climbed(objective);
        let layer = scorer::own_channel(&climbed).map(|(layer, _)| layer.to_owned());
        groups.entry(layer).or_default().push(index);
    }
    let chunks = groups.values().flat_map(|indices| indices.chunks(most));
    chunks
        .map(|chunk| (chunk.to_vec(), chunk.iter().map(|&index| objectives[index].clone()).collect()))
        .collect()
}

/// What a batch reports.
enum Message {
    Step { batch: usize, step: usize },
    Snapshot { index: usize, step: usize, pictures: Vec<Vec<Plane>> },
    Done { batch: usize, index: usize, visualization: Visualization },
    Failed(VisualizeError),
}

/// The next message; `None` once all batches are through. A thread that climbs itself continues with
/// that while it waits.
fn next(events: &mpsc::Receiver<Message>) -> Option<Message> {
    loop {
        match events.try_recv() {
            Ok(message) => return Some(message),
            Err(mpsc::TryRecvError::Disconnected) => return None,
            Err(mpsc::TryRecvError::Empty) => match rayon::yield_now() {
                Some(rayon::Yield::Executed) => {}
                Some(rayon::Yield::Idle) => std::thread::yield_now(),
                None => return events.recv().ok(),
            },
        }
    }
}

/// Pictures that are climbed together: few enough for the feature maps of early layers to stay near the
/// processor, many enough that what is done once a step does not count.
fn batch_pictures(shape: image::Shape) -> usize {
    const PIXELS: usize = 8 * 96 * 96;
    (PIXELS / shape.plane()).clamp(1, 64)
}

/// Whether [`visualize`] has what it needs: units that the network has, pictures that are large enough for them, and the
/// micrograph where one is needed. Takes no time, so that a long work need not begin in vain.
///
/// # Errors
/// What [`visualize`] would refuse of the network, the objectives, the settings and the micrograph.
pub fn validate(
    network: &Network,
    objectives: &[Objective],
    config: &VisualizeConfig,
    micrograph: Option<&Plane>,
) -> Result<(), VisualizeError> {
    let shape = config.canvas_shape(network.channels_in());
    let smallest = config.smallest_shape(shape.channels);
    if smallest.plane() == 0 {
        return Err(VisualizeError::TooSmall { height: shape.height, width: shape.width });
    }
    objectives.iter().try_for_each(|objective| {
        check::objective(objective, network, smallest, config)?;
        check_micrograph(objective, micrograph, shape)
    })
}

fn check_micrograph(
    objective: &Objective,
    micrograph: Option<&Plane>,
    shape: image::Shape,
) -> Result<(), VisualizeError> {
    if !objective.needs_micrograph() {
        return Ok(());
    }
    let refuse = |reason: String| {
        let (objective, image::Shape { height, width, .. }) = (objective.to_string(), shape);
        Err(VisualizeError::Micrograph { objective, height, width, reason })
    };
    match micrograph {
        None => refuse("found none".to_owned()),
        Some(_) if shape.channels != 1 => {
            refuse(format!("the network sees {} channels, expected 1", shape.channels))
        }
        Some(plane) if (plane.height(), plane.width()) != (shape.height, shape.width) => {
            refuse(format!("found {}×{}", plane.height(), plane.width()))
        }
        Some(_) => Ok(()),
    }
}
