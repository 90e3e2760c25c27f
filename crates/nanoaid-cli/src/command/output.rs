//! Arguments of every command that writes a folder of results.

use std::path::{Path, PathBuf};

use clap::Args;
use nanoaid::output::{OutputError, OutputFolder};

/// Where results go, and how they are printed.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArguments {
    /// Folder for the results; by default it is named after the command and its input
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write into an existing folder
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

/// The page to begin with: that of `first`, or of several micrographs `report.html`, which `contents` makes.
pub(crate) fn page_of_several<T>(
    first: &str,
    records: &[(String, T)],
    folder: &OutputFolder,
    contents: impl FnOnce(&[(String, T)]) -> String,
) -> Result<String, OutputError> {
    let name = "report.html";
    if records.len() == 1 {
        // that of more micrographs before leads to what is there no more
        folder.remove(name)?;
        return Ok(format!("{first}.html"));
    }
    folder.write(name, contents(records).as_bytes())?;
    Ok(name.to_owned())
}

/// The folder for the results of `command` where none is named: after the one input, else after how many there are.
pub(crate) fn default_folder(command: &str, inputs: &[impl AsRef<Path>]) -> PathBuf {
    match inputs {
        [input] => {
            let name = input.as_ref().file_stem().unwrap_or_default().to_string_lossy();
            PathBuf::from(format!("{command}-{name}"))
        }
        inputs => PathBuf::from(format!("{command}-{}-images", inputs.len())),
    }
}
