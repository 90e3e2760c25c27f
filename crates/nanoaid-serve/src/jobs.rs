//! Jobs: long work that goes on while the page does something else, one after the other, listed and to be stopped.
//!
//! A job belongs to the server, not to a page: a page that is loaded again finds it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Request, State};
use axum::response::Response;
use micrograph::Plane;
use micrograph::paint::gray_png;
use nanoaid::Network;
use nanoaid::interpret::visualize::{
    Event, Materials, Objective, Preset, VisualizeConfig, VisualizeError, gray, shown, visualize,
};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::events::Events;
use crate::gate::Gate;
use crate::http::{Fault, Query, json, json_of, not_stored, of_bytes};

/// Jobs that are remembered.
const MOST_JOBS: usize = 64;
/// Pictures of an ascent on the way, at most.
const MOST_SNAPSHOTS: usize = 48;
/// Largest picture of an ascent, and most steps.
const MOST_SIZE: usize = 512;
const MOST_STEPS: usize = 4096;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Waiting,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// What is wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(crate) enum Wish {
    /// A picture that a unit responds to, by gradient ascent.
    Ascent {
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
    },
}

/// A job as pages are told of it.
#[derive(Clone, Debug, Serialize)]
struct Job {
    id: u64,
    wish: Wish,
    phase: Phase,
    /// Share that is done, in [0, 1].
    share: f64,
    step: usize,
    steps: usize,
    /// Step of the latest picture.
    picture: Option<usize>,
    score: Option<f32>,
    warnings: Vec<String>,
    error: Option<String>,
    #[serde(skip)]
    is_stopped: Arc<AtomicBool>,
    #[serde(skip)]
    pictures: BTreeMap<usize, Arc<Vec<u8>>>,
}

#[derive(Default)]
struct List {
    last: u64,
    jobs: BTreeMap<u64, Job>,
}

type Work = Box<dyn FnOnce() + Send>;

/// All jobs.
pub(crate) struct Jobs {
    list: Arc<Mutex<List>>,
    queue: Sender<Work>,
    gate: Arc<Gate>,
    events: Arc<Events>,
}

/// What a job reports by.
struct Reporter {
    id: u64,
    list: Arc<Mutex<List>>,
    gate: Arc<Gate>,
    events: Arc<Events>,
    is_stopped: Arc<AtomicBool>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Said<'a> {
    Job { job: &'a Job },
}

fn locked(list: &Mutex<List>) -> MutexGuard<'_, List> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reporter {
    /// Changes what is known of the job, and tells all pages.
    fn tell(&self, change: impl FnOnce(&mut Job)) {
        let mut list = locked(&self.list);
        let Some(job) = list.jobs.get_mut(&self.id) else { return };
        change(job);
        let job = job.clone();
        drop(list);
        self.events.say(&Said::Job { job: &job });
    }

    /// Waits while something is wanted at once; then continue, or stop.
    fn flow(&self) -> ControlFlow<()> {
        self.gate.give_way(|| self.is_stopped.load(Ordering::Relaxed))
    }
}

impl Jobs {
    /// None yet, and the thread that does them.
    pub(crate) fn new(gate: Arc<Gate>, events: Arc<Events>) -> Self {
        let (queue, works) = mpsc::channel::<Work>();
        std::thread::spawn(move || {
            while let Ok(work) = works.recv() {
                // a fault of ours in one job leaves the others
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            }
        });
        Self { list: Arc::default(), queue, gate, events }
    }

    /// Stops all.
    pub(crate) fn end(&self) {
        for job in locked(&self.list).jobs.values() {
            job.is_stopped.store(true, Ordering::Relaxed);
        }
    }

    fn begin(
        &self,
        wish: Wish,
        steps: usize,
        work: impl FnOnce(&Reporter) -> Result<(), Fault> + Send + 'static,
    ) -> Job {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let job = {
            let mut list = locked(&self.list);
            list.last += 1;
            let job = Job {
                id: list.last,
                wish,
                phase: Phase::Waiting,
                share: 0.0,
                step: 0,
                steps,
                picture: None,
                score: None,
                warnings: Vec::new(),
                error: None,
                is_stopped: Arc::clone(&is_stopped),
                pictures: BTreeMap::new(),
            };
            list.jobs.insert(job.id, job.clone());
            let ended = |job: &Job| !matches!(job.phase, Phase::Waiting | Phase::Running);
            while list.jobs.len() > MOST_JOBS {
                let oldest = list.jobs.values().find(|job| ended(job)).map(|job| job.id);
                let Some(oldest) = oldest else { break };
                list.jobs.remove(&oldest);
            }
            job
        };
        let reporter = Reporter {
            id: job.id,
            list: Arc::clone(&self.list),
            gate: Arc::clone(&self.gate),
            events: Arc::clone(&self.events),
            is_stopped,
        };
        self.events.say(&Said::Job { job: &job });
        let work: Work = Box::new(move || {
            if reporter.is_stopped.load(Ordering::Relaxed) {
                reporter.tell(|job| job.phase = Phase::Cancelled);
                return;
            }
            reporter.tell(|job| job.phase = Phase::Running);
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&reporter)));
            reporter.tell(|job| match worked {
                Ok(Ok(())) => (job.phase, job.share) = (Phase::Done, 1.0),
                _ if job.is_stopped.load(Ordering::Relaxed) => job.phase = Phase::Cancelled,
                Ok(Err(fault)) => (job.phase, job.error) = (Phase::Failed, Some(fault.text)),
                Err(_) => {
                    (job.phase, job.error) = (Phase::Failed, Some("the work has panicked".to_owned()));
                }
            });
        });
        // the thread lives as long as the server
        let _ = self.queue.send(work);
        job
    }
}

/// Settings of an ascent.
fn config_of(wish: &Wish) -> Result<VisualizeConfig, Fault> {
    let Wish::Ascent { preset, steps, size, seed, .. } = wish;
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
    let every = config.steps.div_ceil(MOST_SNAPSHOTS).max(1);
    // the first steps change most
    let early = [0, 1, 2, 3].into_iter().filter(|step| *step < every);
    config.snapshots = early.chain((every..config.steps).step_by(every)).collect();
    config.checked().map_err(Fault::refused)
}

/// What is painted of a picture with these planes.
fn png(planes: &[Plane], config: &VisualizeConfig) -> Vec<u8> {
    gray_png(&gray(&shown(planes, config.canvas.unbounded())), 0.0, 1.0)
}

fn climb(
    network: &Network,
    objective: Objective,
    config: &VisualizeConfig,
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
    let climbed = visualize(network, &[objective], config, Materials::default(), None, &mut |event| {
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

/// Begins a job.
pub(crate) async fn begin(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let wish: Wish = json_of(request.into_body()).await?;
    let Wish::Ascent { network, unit, .. } = &wish;
    let network = Arc::clone(&app.network(network)?.network);
    let objective: Objective = unit.parse().map_err(Fault::refused)?;
    let config = config_of(&wish)?;
    let job =
        app.jobs.begin(wish, config.steps, move |reporter| climb(&network, objective, &config, reporter));
    json(&job)
}

/// All jobs, the newest first.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Response, Fault> {
    let jobs: Vec<Job> = locked(&app.jobs.list).jobs.values().rev().cloned().collect();
    json(&jobs)
}

/// Stops a job at its next step.
pub(crate) async fn cancel(State(app): State<Arc<App>>, Path(id): Path<u64>) -> Result<Response, Fault> {
    let missing = || Fault::missing(format!("there is no job {id}"));
    let job = locked(&app.jobs.list).jobs.get(&id).cloned().ok_or_else(missing)?;
    job.is_stopped.store(true, Ordering::Relaxed);
    app.gate.look_again();
    json(&job)
}

/// The picture of a job after the `step` of the query, or its latest.
pub(crate) async fn picture(
    State(app): State<Arc<App>>,
    Path(id): Path<u64>,
    request: Request,
) -> Result<Response, Fault> {
    let missing = || Fault::missing(format!("job {id} has no such picture"));
    let job = locked(&app.jobs.list).jobs.get(&id).cloned().ok_or_else(missing)?;
    let step = Query::of(request.uri()).number("step")?.or(job.picture).ok_or_else(missing)?;
    let bytes = job.pictures.get(&step).ok_or_else(missing)?;
    Ok(not_stored(of_bytes("image/png", bytes.as_ref().clone())))
}
