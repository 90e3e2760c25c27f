//! Ctrl-C and signals to terminate: the work stops at its next step, files stay complete.
//!
//! The first signal raises a flag, which the callbacks of progress hand to the libraries as
//! [`ControlFlow::Break`]; these stop at the next tile, step, batch or file. The second signal ends the
//! process at once, as does ten seconds after a signal to terminate, for work that does not check the flag.

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

/// Listens for signals from now on.
pub(crate) fn listen() -> Result<(), io::Error> {
    let stop = STOP.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        // in this order: the second signal finds the flag raised
        flag::register_conditional_shutdown(signal, EXIT_CODE.into(), Arc::clone(stop))?;
        flag::register(signal, Arc::clone(stop))?;
    }
    #[cfg(unix)]
    answer::listen()?;
    Ok(())
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
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::exit;

    use crate::outcome::say;

    /// How long the work may take to stop after a signal to terminate.
    const PATIENCE: Duration = Duration::from_secs(10);

    pub(super) fn listen() -> Result<(), io::Error> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                say("\nstopping after this step; press Ctrl-C again to end at once");
                if signal == SIGTERM {
                    thread::sleep(PATIENCE);
                    exit(super::EXIT_CODE.into());
                }
            }
        })?;
        Ok(())
    }
}
