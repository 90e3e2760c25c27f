//! `nanoaid completions`: what a shell needs to complete commands, options and their values.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::outcome::{Failure, Outcome, print};

/// Arguments of `completions`.
#[derive(Args)]
pub(crate) struct CompletionsArguments {
    /// Shell that reads them, e.g. `nanoaid completions bash > ~/.local/share/bash-completion/completions/nanoaid`
    shell: Shell,
}

/// Prints the completions of `program`.
pub(crate) fn run(arguments: &CompletionsArguments, program: &mut clap::Command) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, program, "nanoaid", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}
