//! Ascent: the picture that a unit responds to, by gradient ascent, while the page looks on.

use std::sync::Arc;

use micrograph::Plane;
use micrograph::paint::gray_png;
use nanoaid::Network;
use nanoaid::interpret::visualize::{
    Event, Materials, Objective, Preset, VisualizeConfig, VisualizeError, gray, shown, validate, visualize,
};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::http::Fault;
use crate::jobs::{Job, Lane, Reporter, Wish};

/// Pictures of an ascent on the way, at most.
const MOST_SNAPSHOTS: usize = 48;
/// Largest picture of an ascent, and most steps.
const MOST_SIZE: usize = 512;
const MOST_STEPS: usize = 4096;

/// What is wanted of an ascent.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AscentWish {
    network: String,
    unit: String,
    #[serde(default)]
    preset: Option<String>,
    #[serde(default)]
    steps: Option<usize>,
    #[serde(default)]
    size: Option<usize>,
    #[serde(default)]
    seed: Option<u64>,
}

/// Begins one.
pub(crate) fn begin(app: &App, wish: AscentWish) -> Result<Job, Fault> {
    let network = Arc::clone(&app.network(&wish.network)?.network);
    let objective: Objective = wish.unit.parse().map_err(Fault::refused)?;
    let config = config_of(&wish)?;
    validate(&network, std::slice::from_ref(&objective), &config, None).map_err(Fault::refused)?;
    let steps = config.steps;
    Ok(app.jobs.begin(Wish::Ascent(wish), steps, Lane::Short, move |reporter| {
        climb(&network, objective, &config, None, reporter)
    }))
}

/// Settings of an ascent.
fn config_of(wish: &AscentWish) -> Result<VisualizeConfig, Fault> {
    let AscentWish { preset, steps, size, seed, .. } = wish;
    let preset: Preset = preset.as_deref().unwrap_or("fast").parse().map_err(Fault::wrong)?;
    let mut config = preset.config();
    if size.is_some_and(|size| size > MOST_SIZE) || steps.is_some_and(|steps| steps > MOST_STEPS) {
        let text = format!("expected pictures of up to {MOST_SIZE} px and up to {MOST_STEPS} steps");
        return Err(Fault::wrong(text));
    }
    if let Some(size) = *size {
        (config.height, config.width) = (size, size);
        config.transforms = preset.transforms().transforms(size + 2 * config.margin_px);
    }
    config.steps = steps.unwrap_or(config.steps);
    config.seed = seed.unwrap_or(config.seed);
    config.snapshots = snapshots(config.steps);
    config.checked().map_err(Fault::refused)
}

/// Steps of which a picture is shown.
pub(crate) fn snapshots(steps: usize) -> Vec<usize> {
    let every = steps.div_ceil(MOST_SNAPSHOTS).max(1);
    // the first steps change most
    let early = [0, 1, 2, 3].into_iter().filter(|step| *step < every);
    early.chain((every..steps).step_by(every)).collect()
}

/// What is painted of a picture with these planes.
fn png(planes: &[Plane], config: &VisualizeConfig) -> Vec<u8> {
    gray_png(&gray(&shown(planes, config.canvas.unbounded())), 0.0, 1.0)
}

/// Climbs, and hands each picture on the way over; `compared` is the micrograph that a caricature compares with.
pub(crate) fn climb(
    network: &Network,
    objective: Objective,
    config: &VisualizeConfig,
    compared: Option<&Plane>,
    reporter: &Reporter,
) -> Result<(), Fault> {
    let picture = |step: usize, planes: &[Plane], score: Option<f32>, warnings: Vec<String>| {
        let bytes = Arc::new(png(planes, config));
        reporter.tell(|job| {
            job.pictures.insert(step, bytes);
            job.picture = Some(step);
            job.score = score.or(job.score);
            job.warnings = warnings;
        });
    };
    let climbed = visualize(network, &[objective], config, Materials::default(), compared, &mut |event| {
        match event {
            Event::Step { step, share, .. } => {
                reporter.tell(|job| (job.step, job.share) = (step, share));
            }
            Event::Snapshot { step, pictures, .. } => {
                if let Some(planes) = pictures.first() {
                    picture(step, planes, None, Vec::new());
                }
            }
            Event::Done { visualization, .. } => {
                let warnings = visualization.warnings.iter().map(ToString::to_string).collect();
                if let Some(planes) = visualization.pictures.first() {
                    picture(config.steps + 1, planes, Some(visualization.score), warnings);
                }
            }
        }
        reporter.flow()
    });
    match climbed {
        Err(VisualizeError::Cancelled) => Err(Fault::cancelled()),
        ended => ended.map_err(Fault::refused),
    }
}
