//! Ctrl-C and signals to terminate: the work stops at its next step, files stay complete.
//!
//! The first signal raises a flag, which the callbacks of progress hand to the libraries as
//! [`ControlFlow::Break`]; these stop at the next tile, step, batch or file. The second signal ends the
//! process at once, as does the end of five seconds after a signal to terminate, for work that does not check the flag.
//! A terminal that is closed (SIGHUP) counts as a signal to terminate, unless `nohup` has the process ignore it. A file
//! that may not grow (SIGXFSZ) is an error of writing, which is reported as any other.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::outcome::Failure;

/// Exit code of a process that was interrupted, as shells have it: 128 and the number of SIGINT.
pub(crate) const EXIT_CODE: u8 = 130;

/// Raised by the first signal.
static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Listens for signals from now on; `way_on` says how interrupted work continues.
pub(crate) fn listen(way_on: &'static str) -> Result<(), io::Error> {
    let stop = STOP.get_or_init(Arc::default);
    for signal in signals() {
        // in this order: the second signal finds the flag raised
        flag::register_conditional_shutdown(signal, EXIT_CODE.into(), Arc::clone(stop))?;
        flag::register(signal, Arc::clone(stop))?;
    }
    #[cfg(unix)]
    answer::listen(way_on)?;
    #[cfg(not(unix))]
    let _ = way_on;
    Ok(())
}

/// The signals that stop the work.
fn signals() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM];
    #[cfg(target_os = "linux")]
    if !answer::is_ignored(answer::SIGHUP) {
        signals.push(answer::SIGHUP);
    }
    signals
}

/// What a progress callback returns: continue, or stop.
pub(crate) fn flow() -> ControlFlow<()> {
    let raised = STOP.get().is_some_and(|stop| stop.load(Ordering::Relaxed));
    if raised { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// A failure where the work is to stop; for loops over files.
pub(crate) fn check() -> Result<(), Failure> {
    if is_raised() { Err(Failure::new("interrupted")) } else { Ok(()) }
}

/// Whether the work is to stop.
pub(crate) fn is_raised() -> bool {
    flow().is_break()
}

#[cfg(unix)]
mod answer {
    //! Says at once that a signal was heard, and ends a process that does not stop by itself.

    use std::io;
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

    #[cfg(target_os = "linux")]
    pub(super) use signal_hook::consts::SIGHUP;
    use signal_hook::consts::{SIGINT, SIGXFSZ};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::exit;

    use crate::outcome::say;

    /// How long the work may take to stop after a signal to terminate.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Whether the process was begun with `signal` ignored, as by `nohup`.
    #[cfg(target_os = "linux")]
    pub(super) fn is_ignored(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
    }

    pub(super) fn listen(way_on: &'static str) -> Result<(), io::Error> {
        // with a handler, the write fails with its error; without one the process dies
        flag::register(SIGXFSZ, Arc::default())?;
        let mut signals = Signals::new(super::signals())?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                say("\nstopping after this step; press Ctrl-C again to end at once");
                if signal != SIGINT {
                    thread::sleep(PATIENCE);
                    say(&format!("nanoaid: ended after {} s; {way_on}", PATIENCE.as_secs()));
                    exit(super::EXIT_CODE.into());
                }
            }
        })?;
        Ok(())
    }
}
