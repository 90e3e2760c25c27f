//! Work: a call that takes long, on a thread of its own, while the thread that called looks for Ctrl-C.
//!
//! Python's lock is not held meanwhile, and the work never asks for it. Where Ctrl-C is pressed, or the progress
//! callback raises, the call ends at once; the work ends at its next tile, step or file, and its result is dropped.

use std::any::Any;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use crate::fault::{Fault, Kind};

/// Time between two looks for Ctrl-C: too short to be noticed, too long to cost anything.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Parts in which a share of the work is reported.
const SHARES: usize = 1000;
/// Stack of a thread that works, as large as that of a program's first thread.
const STACK_BYTES: usize = 8 << 20;

/// How a call is done.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct How {
    /// Threads that work; all cores if `None`.
    threads: Option<NonZeroUsize>,
    /// Is called with the things done and their number.
    progress: Option<Py<PyAny>>,
}

/// What the work and the thread that called say to each other.
#[derive(Default)]
pub(crate) struct Watch {
    stop: AtomicBool,
    done: AtomicUsize,
    total: AtomicUsize,
}

impl Watch {
    /// What a callback of the libraries returns: continue, or stop.
    pub(crate) fn flow(&self) -> ControlFlow<()> {
        if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// `done` of `total` things are done; continue, or stop.
    pub(crate) fn report(&self, done: usize, total: usize) -> ControlFlow<()> {
        self.total.store(total, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.flow()
    }

    /// `share` of the work is done, 0 to 1; continue, or stop.
    pub(crate) fn share(&self, share: f64) -> ControlFlow<()> {
        self.report((share * SHARES as f64) as usize, SHARES)
    }

    fn at(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

/// What came of the work, or why it panicked.
type Ended<T> = Result<Result<T, Fault>, String>;

/// Does `work`.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    how: &How,
    work: impl FnOnce(&Watch) -> Result<T, Fault> + Send + 'static,
) -> PyResult<T> {
    let watch = Arc::new(Watch::default());
    let (sender, receiver) = mpsc::channel();
    let worker = {
        let (watch, threads) = (Arc::clone(&watch), how.threads);
        move || {
            let ended = catch_unwind(AssertUnwindSafe(|| on_threads(threads, || work(&watch))));
            // a caller that was interrupted does not wait
            let _ = sender.send(ended.map_err(|panic| text_of(&*panic)));
        }
    };
    let named = thread::Builder::new().name("nanoaid".to_owned()).stack_size(STACK_BYTES);
    named.spawn(worker).map_err(|error| Fault::internal(format!("no thread: {error}")).raised(py))?;
    // a receiver by itself is not shared between threads, as what is called without Python's lock has to be
    let receiver = Mutex::new(receiver);
    let mut shown = (0, 0);
    loop {
        match py.detach(|| next(&receiver)) {
            Some(ended) => {
                show(py, how, &watch, &mut shown)?;
                return match ended {
                    Ok(ended) => ended.map_err(|fault| fault.raised(py)),
                    Err(panic) => Err(Fault::internal(panic).raised(py)),
                };
            }
            None => {
                if let Err(raised) = py.check_signals().and_then(|()| show(py, how, &watch, &mut shown)) {
                    watch.stop.store(true, Ordering::Relaxed);
                    return Err(raised);
                }
            }
        }
    }
}

/// What came of the work; `None` if it goes on.
fn next<T>(receiver: &Mutex<mpsc::Receiver<Ended<T>>>) -> Option<Ended<T>> {
    let receiver = receiver.lock().expect("only this thread locks it");
    match receiver.recv_timeout(LOOK_EVERY) {
        Ok(ended) => Some(ended),
        Err(mpsc::RecvTimeoutError::Timeout) => None,
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Some(Err("the thread ended without a result".to_owned()))
        }
    }
}

/// Calls the progress callback where there is something new.
fn show(py: Python<'_>, how: &How, watch: &Watch, shown: &mut (usize, usize)) -> PyResult<()> {
    let at = watch.at();
    match &how.progress {
        Some(progress) if at != *shown && at.1 > 0 => {
            *shown = at;
            progress.call1(py, at).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// Does `work` on so many threads; on those of all calls, one a core, if `None`.
fn on_threads<T: Send>(
    threads: Option<NonZeroUsize>,
    work: impl FnOnce() -> Result<T, Fault> + Send,
) -> Result<T, Fault> {
    let Some(threads) = threads else { return work() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).stack_size(STACK_BYTES).build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(error) => Err(Fault::new(Kind::Setting, format!("threads: {error}"))),
    }
}

/// What a panic says.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
