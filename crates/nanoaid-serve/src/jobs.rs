//! Jobs: long work that goes on while the page does something else, listed and to be stopped.
//!
//! A job belongs to the server, not to a page: a page that is loaded again finds it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use micrograph::Plane;
use nanoaid_pages::training::loss_chart;
use serde::{Deserialize, Serialize};

use crate::alike::AlikeWish;
use crate::app::App;
use crate::ascent::AscentWish;
use crate::caricature::CaricatureWish;
use crate::change::{AblateWish, AccentuateWish, CircuitWish};
use crate::events::Events;
use crate::folder::PassWish;
use crate::gate::Gate;
use crate::http::{Fault, Number, Query, json, json_of, not_stored, of_bytes};
use crate::report::ReportWish;
use crate::training::TrainingWish;
use crate::unit::TuningWish;
use crate::{alike, ascent, caricature, change, folder, report, training, unit};

/// Jobs that are remembered.
const MOST_JOBS: usize = 64;

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
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Wish {
    /// A picture that a unit responds to, by gradient ascent.
    Ascent(AscentWish),
    /// What a unit answers to gratings, lattices and discs.
    Tuning(TuningWish),
    /// All micrographs of the data folder through a network.
    Pass(PassWish),
    /// A network that learns from the data folder.
    Training(TrainingWish),
    /// Units switched off or up.
    Ablate(AblateWish),
    /// The micrograph changed towards a class or a unit.
    Accentuate(AccentuateWish),
    /// A unit taken apart.
    Circuit(CircuitWish),
    /// A part of the micrograph as a layer sees it.
    Caricature(CaricatureWish),
    /// Parts of the data folder that are like a part of the micrograph.
    Alike(AlikeWish),
    /// All depths of a micrograph as a page with pictures.
    Report(ReportWish),
}

/// Jobs of one lane are done one after the other; both lanes go on at once, so that a picture does not wait for a
/// training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Work of seconds.
    Short,
    /// Work of minutes and hours.
    Long,
}

/// A job as pages are told of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Job {
    id: u64,
    wish: Wish,
    phase: Phase,
    /// Share that is done, in [0, 1].
    pub(crate) share: f64,
    pub(crate) step: usize,
    pub(crate) steps: usize,
    /// What it does now.
    pub(crate) text: String,
    /// Epoch, training loss, validation loss.
    pub(crate) curve: Vec<(usize, f64, f64)>,
    /// Step of the latest picture.
    pub(crate) picture: Option<usize>,
    pub(crate) score: Option<f32>,
    pub(crate) warnings: Vec<String>,
    error: Option<String>,
    #[serde(skip)]
    is_stopped: Arc<AtomicBool>,
    #[serde(skip)]
    pub(crate) pictures: BTreeMap<usize, Arc<Vec<u8>>>,
    /// What came out, as JSON, where it is more than pictures; the list of jobs only says that it is there.
    #[serde(rename = "has_result", serialize_with = "is_some")]
    pub(crate) result: Option<Arc<Vec<u8>>>,
    /// A file to take home, with its name.
    #[serde(skip)]
    pub(crate) file: Option<(String, Arc<Vec<u8>>)>,
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn is_some<S: serde::Serializer>(result: &Option<Arc<Vec<u8>>>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bool(result.is_some())
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
    short: Sender<Work>,
    long: Sender<Work>,
    gate: Arc<Gate>,
    events: Arc<Events>,
}

/// What a job reports by.
pub(crate) struct Reporter {
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

/// What is answered.
#[derive(Serialize)]
struct Answered<'a, T> {
    #[serde(flatten)]
    found: &'a T,
    n_pictures: usize,
    /// Rows and columns of the specimen, where there is one.
    size: Option<(usize, usize)>,
}

fn locked(list: &Mutex<List>) -> MutexGuard<'_, List> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reporter {
    /// Changes what is known of the job, and tells all pages.
    pub(crate) fn tell(&self, change: impl FnOnce(&mut Job)) {
        let mut list = locked(&self.list);
        let Some(job) = list.jobs.get_mut(&self.id) else { return };
        change(job);
        let job = job.clone();
        drop(list);
        self.events.say(&Said::Job { job: &job });
    }

    /// Hands the numbers and the pictures of the job over, the first picture as number 0.
    pub(crate) fn done(
        &self,
        found: &impl Serialize,
        pictures: Vec<Vec<u8>>,
        plane: Option<&Plane>,
    ) -> Result<(), Fault> {
        let size = plane.map(|plane| (plane.height(), plane.width()));
        let answered = Answered { found, n_pictures: pictures.len(), size };
        let result = serde_json::to_vec(&answered).map_err(Fault::own)?;
        let pictures: BTreeMap<usize, Arc<Vec<u8>>> =
            pictures.into_iter().map(Arc::new).enumerate().collect();
        self.tell(|job| {
            job.result = Some(Arc::new(result));
            job.pictures = pictures;
        });
        Ok(())
    }

    /// Waits while something is wanted at once; then continue, or stop.
    pub(crate) fn flow(&self) -> ControlFlow<()> {
        self.gate.give_way(|| self.is_stopped.load(Ordering::Relaxed))
    }
}

impl Jobs {
    /// None yet, and the threads that do them.
    pub(crate) fn new(gate: Arc<Gate>, events: Arc<Events>) -> Self {
        let lane = || {
            let (queue, works) = mpsc::channel::<Work>();
            std::thread::spawn(move || {
                while let Ok(work) = works.recv() {
                    // a fault of ours in one job leaves the others
                    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
                }
            });
            queue
        };
        Self { list: Arc::default(), short: lane(), long: lane(), gate, events }
    }

    /// Whether a job that has not ended has such a wish.
    pub(crate) fn is_pending(&self, is_such: impl Fn(&Wish) -> bool) -> bool {
        let list = locked(&self.list);
        list.jobs
            .values()
            .any(|job| matches!(job.phase, Phase::Waiting | Phase::Running) && is_such(&job.wish))
    }

    /// The file of job `id`.
    pub(crate) fn file(&self, id: u64) -> Option<(String, Arc<Vec<u8>>)> {
        locked(&self.list).jobs.get(&id)?.file.clone()
    }

    /// Stops all.
    pub(crate) fn end(&self) {
        for job in locked(&self.list).jobs.values() {
            job.is_stopped.store(true, Ordering::Relaxed);
        }
    }

    /// Begins `work` when its lane is free.
    pub(crate) fn begin(
        &self,
        wish: Wish,
        steps: usize,
        lane: Lane,
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
                text: String::new(),
                curve: Vec::new(),
                picture: None,
                score: None,
                warnings: Vec::new(),
                error: None,
                is_stopped: Arc::clone(&is_stopped),
                pictures: BTreeMap::new(),
                result: None,
                file: None,
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
                Ok(Ok(())) => (job.phase, job.share, job.step) = (Phase::Done, 1.0, job.steps),
                _ if job.is_stopped.load(Ordering::Relaxed) => job.phase = Phase::Cancelled,
                Ok(Err(fault)) => (job.phase, job.error) = (Phase::Failed, Some(fault.text)),
                Err(_) => {
                    (job.phase, job.error) = (Phase::Failed, Some("the work has panicked".to_owned()));
                }
            });
        });
        let queue = match lane {
            Lane::Short => &self.short,
            Lane::Long => &self.long,
        };
        // the threads live as long as the server
        let _ = queue.send(work);
        job
    }
}

/// Begins a job.
pub(crate) async fn begin(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let wish: Wish = json_of(request.into_body()).await?;
    let job = match wish {
        Wish::Ascent(wish) => ascent::begin(&app, wish)?,
        Wish::Tuning(wish) => unit::begin(&app, wish)?,
        Wish::Pass(wish) => folder::begin(&app, wish)?,
        Wish::Training(wish) => training::begin(&app, wish)?,
        Wish::Ablate(wish) => change::begin_ablation(&app, wish).await?,
        Wish::Accentuate(wish) => change::begin_accentuation(&app, wish).await?,
        Wish::Circuit(wish) => change::begin_circuit(&app, wish)?,
        Wish::Caricature(wish) => caricature::begin(&app, wish).await?,
        Wish::Alike(wish) => alike::begin(&app, wish).await?,
        Wish::Report(wish) => report::begin(&app, wish)?,
    };
    json(&job)
}

/// All jobs, the newest first.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Response, Fault> {
    let jobs: Vec<Job> = locked(&app.jobs.list).jobs.values().rev().cloned().collect();
    json(&jobs)
}

/// Stops a job at its next step.
pub(crate) async fn cancel(State(app): State<Arc<App>>, Number(id): Number<u64>) -> Result<Response, Fault> {
    let missing = || Fault::missing(format!("there is no job {id}"));
    let job = locked(&app.jobs.list).jobs.get(&id).cloned().ok_or_else(missing)?;
    job.is_stopped.store(true, Ordering::Relaxed);
    app.gate.look_again();
    json(&job)
}

/// The picture of a job after the `step` of the query, or its latest.
pub(crate) async fn picture(
    State(app): State<Arc<App>>,
    Number(id): Number<u64>,
    request: Request,
) -> Result<Response, Fault> {
    let missing = || Fault::missing(format!("job {id} has no such picture"));
    let job = locked(&app.jobs.list).jobs.get(&id).cloned().ok_or_else(missing)?;
    let step = Query::of(request.uri()).number("step")?.or(job.picture).ok_or_else(missing)?;
    let bytes = job.pictures.get(&step).ok_or_else(missing)?;
    Ok(not_stored(of_bytes("image/png", bytes.as_ref().clone())))
}

/// What came out of a job.
pub(crate) async fn result(State(app): State<Arc<App>>, Number(id): Number<u64>) -> Result<Response, Fault> {
    let missing = || Fault::missing(format!("job {id} has no result"));
    let result = locked(&app.jobs.list).jobs.get(&id).and_then(|job| job.result.clone());
    let bytes = result.ok_or_else(missing)?;
    Ok(not_stored(of_bytes("application/json", bytes.as_ref().clone())))
}

/// The learning curve of a training, as SVG.
pub(crate) async fn curve(State(app): State<Arc<App>>, Number(id): Number<u64>) -> Result<Response, Fault> {
    let missing = || Fault::missing(format!("job {id} has no learning curve"));
    let curve = locked(&app.jobs.list).jobs.get(&id).map(|job| job.curve.clone()).ok_or_else(missing)?;
    if curve.is_empty() {
        return Err(missing());
    }
    Ok(not_stored(of_bytes("image/svg+xml", loss_chart(&curve, "loss", None).into_bytes())))
}
