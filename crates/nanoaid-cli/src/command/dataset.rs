//! `nanoaid dataset`: micrographs fetched, collected, and checked before training.

mod check;
mod fetch;
mod import;

use clap::Subcommand;

use crate::outcome::{Failure, Outcome};

/// What can be done with a data set.
#[derive(Subcommand)]
pub(crate) enum DatasetCommand {
    /// Download a published set, or a random sample of it, into one folder with an index
    Fetch(fetch::FetchArguments),
    /// Import micrographs from archives, folders and indexes into one folder with an index
    Import(import::ImportArguments),
    /// Report what is wrong with a data set: unreadable files, duplicates, leaks of the split, shortcuts
    Check(check::CheckArguments),
}

/// Does it.
pub(crate) fn run(command: &DatasetCommand) -> Result<Outcome, Failure> {
    match command {
        DatasetCommand::Fetch(arguments) => fetch::run(arguments),
        DatasetCommand::Import(arguments) => import::run(arguments),
        DatasetCommand::Check(arguments) => check::run(arguments),
    }
}
