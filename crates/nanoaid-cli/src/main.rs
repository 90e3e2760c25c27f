//! `nanoaid`: the command line. Parses, calls, shows; computes nothing itself.

mod command;
mod interrupt;
mod outcome;
mod progress;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use command::{Arguments, Command, WayOn};
use outcome::{Failure, Outcome, Verbosity, detail, say};

fn main() -> ExitCode {
    let Arguments { command, quiet, verbose, memory } = Arguments::parse();
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
    let ended = run(command, way_on);
    detail(&format!("{:.2} s", begun.elapsed().as_secs_f64()));
    match ended {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeSkipped) => ExitCode::from(3),
        Ok(Outcome::ProblemsFound) => ExitCode::from(4),
        Err(_) if interrupt::is_raised() => {
            say(&format!("nanoaid: interrupted; {}", way_on.text()));
            ExitCode::from(interrupt::EXIT_CODE)
        }
        Err(failure) => {
            say(&format!("nanoaid: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, way_on: WayOn) -> Result<Outcome, Failure> {
    interrupt::listen(way_on.text())?;
    nanoaid::device::check_kernels()?;
    let (version, threads) = (env!("CARGO_PKG_VERSION"), rayon::current_num_threads());
    detail(&format!("nanoaid {version}, {}, {threads} threads", nanoaid::bench::instruction_set()));
    command.run()
}
