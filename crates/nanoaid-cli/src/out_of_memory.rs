//! Out of memory: a line that says what helps, and the exit code of a failure, in place of an abort.
//!
//! Where the system gives no more memory, Rust prints how much was requested and raises SIGABRT. Nothing may be
//! allocated there any more, so the line and the file it goes to are made beforehand.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use signal_hook::consts::SIGABRT;
use signal_hook::low_level::{exit, register};

/// What is said. Broken invariants of the program end this way, too, so the line before decides.
const ADVICE: &[u8] =
    b"nanoaid: ended for the reason above. If memory ran out: raise the limit (`ulimit -v`), use fewer \
    threads (`RAYON_NUM_THREADS=1`), or smaller images; files that were finished are complete\n";

/// Listens from now on.
#[expect(unsafe_code, reason = "handlers of signals are unsafe to register")]
pub(crate) fn listen() -> Result<(), io::Error> {
    let stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let answer = move || {
        let _ = (&stderr).write_all(ADVICE); // if it is closed, there is no reader
        exit(crate::FAILED.into());
    };
    // SAFETY: a handler may do only what is safe between any two instructions: this one calls `write` and `_exit`
    unsafe { register(SIGABRT, answer)? };
    Ok(())
}
