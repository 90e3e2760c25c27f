//! `nanoaid`: the command line. Parses, calls, shows; computes nothing itself.
//!
//! A library, so that the Python package has the same command, and the same words for what went wrong.

mod command;
mod interrupt;
#[cfg(unix)]
mod out_of_memory;
mod outcome;
mod progress;

use std::ffi::OsString;
use std::io::Write;
use std::time::Instant;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use nanoaid::Device;

use command::{Arguments, Command, WayOn};
use outcome::{Outcome, Verbosity, detail, say};

pub use outcome::Failure;

/// Exit code of a command that failed.
const FAILED: u8 = 1;

/// Does what `arguments` say, the name of the program first; returns the exit code of the process.
pub fn main_from(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let parsed = Arguments::command().try_get_matches_from(arguments).and_then(|matches| {
        let device = device_of(&matches);
        Arguments::from_arg_matches(&matches).map(|arguments| (arguments, device))
    });
    let (Arguments { command, quiet, verbose, memory }, device) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // if the terminal is closed, there is no reader
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(FAILED);
        }
    };
    let verbosity = match (quiet, verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    verbosity.set();
    if let Some(memory) = memory {
        micrograph::memory::set_budget(memory.bytes);
    }
    let begun = Instant::now();
    let way_on = command.way_on();
    let ended = run(command, way_on, device);
    detail(&format!("{:.2} s", begun.elapsed().as_secs_f64()));
    // what does not end with a line; only a Rust program does so by itself at its end
    let _ = std::io::stdout().flush();
    match ended {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::SomeSkipped) => 3,
        Ok(Outcome::ProblemsFound) => 4,
        Err(_) if interrupt::is_raised() => {
            say(&format!("nanoaid: interrupted; {}", way_on.text()));
            interrupt::EXIT_CODE
        }
        Err(failure) => {
            say(&format!("nanoaid: {failure}"));
            FAILED
        }
    }
}

/// What `--device` names, of whichever command; the processor where a command has none.
fn device_of(matches: &ArgMatches) -> Device {
    match matches.subcommand() {
        Some((_, matches)) => device_of(matches),
        None => matches.try_get_one("device").ok().flatten().copied().unwrap_or_default(),
    }
}

fn run(command: Command, way_on: WayOn, device: Device) -> Result<Outcome, Failure> {
    interrupt::listen(way_on.text())?;
    #[cfg(unix)]
    out_of_memory::listen()?;
    nanoaid::device::check_kernels()?;
    let (version, threads) = (env!("CARGO_PKG_VERSION"), rayon::current_num_threads());
    detail(&format!("nanoaid {version}, {}, {threads} threads", nanoaid::bench::instruction_set()));
    // before any work; on a GPU, what stops it later is an error, too
    let info = device.open()?;
    if device != Device::Cpu {
        detail(&format!("{}: {}, {}", info.device, info.name, info.details()));
    }
    device.guarded(|| command.run())?
}
