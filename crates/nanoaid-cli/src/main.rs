//! `nanoaid`: the command line. Parses, calls, shows; computes nothing itself.

mod atlas;
mod command;
mod outcome;

mod page;
mod progress;
mod record;

mod view;
mod visualization;

use std::process::ExitCode;

use clap::Parser;

use command::Command;
use outcome::{Failure, Outcome};

/// See the nano-world through neural networks: SEM micrographs through the layers of a network,
/// offline, in nanometres.
#[derive(Parser)]
#[command(name = "nanoaid", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs were skipped (each is named),
4 a check found problems.
Start with `nanoaid demo`: it needs nothing and shows what the AI lens does.";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let checked = nanoaid::device::check_kernels().map_err(Failure::from);
    match checked.and_then(|()| arguments.command.run()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeSkipped) => ExitCode::from(3),
        Ok(Outcome::ProblemsFound) => ExitCode::from(4),
        Err(failure) => {
            outcome::say(&format!("nanoaid: {failure}"));
            ExitCode::FAILURE
        }
    }
}
