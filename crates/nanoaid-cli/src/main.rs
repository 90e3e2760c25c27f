//! The program `nanoaid`: gives its arguments to the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(nanoaid_cli::main_from(std::env::args_os()))
}
