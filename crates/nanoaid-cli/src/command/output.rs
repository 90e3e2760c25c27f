//! Arguments of every command that writes a folder of results.

use std::path::PathBuf;

use clap::Args;
use nanoaid::output::{OutputError, OutputFolder};

/// Where results go, and how they are printed.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArguments {
    /// Folder for the results; the default is named after the command and its input
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write into a folder that exists already
    #[arg(long)]
    pub force: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

impl OutputArguments {
    /// The folder that was named, or `default`.
    pub(crate) fn path(&self, default: impl FnOnce() -> PathBuf) -> PathBuf {
        self.out.clone().unwrap_or_else(default)
    }

    /// Makes the folder that was named, or `default`; one that holds files is refused without `--force`.
    pub(crate) fn folder(&self, default: impl FnOnce() -> PathBuf) -> Result<OutputFolder, OutputError> {
        OutputFolder::create(&self.path(default), self.force)
    }
}
