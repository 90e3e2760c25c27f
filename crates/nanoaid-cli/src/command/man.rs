//! `nanoaid man`: a manual page for the program and each of its commands, from the same texts as the help.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;
use nanoaid::output::OutputFolder;

use super::output::OutputArguments;
use crate::outcome::{Failure, Outcome, print};
use nanoaid::output::json_text;

/// Arguments of `man`.
#[derive(Args)]
pub(crate) struct ManArguments {
    #[command(flatten)]
    output: OutputArguments,
}

/// Writes the pages of `program`.
pub(crate) fn run(arguments: &ManArguments, program: clap::Command) -> Result<Outcome, Failure> {
    let folder = arguments.output.folder(|| PathBuf::from("man"))?;
    let mut program = program.disable_help_subcommand(true);
    program.build();
    let mut written = Vec::new();
    write(&program, &folder, &mut written)?;
    if arguments.output.json {
        print(&json_text(&written)?)?;
    } else {
        let (n, folder) = (written.len(), folder.path().display());
        print(&format!("{n} pages in {folder}; `man -l {folder}/nanoaid.1` shows the first\n"))?;
    }
    Ok(Outcome::Done)
}

/// Writes the page of `command` and of all commands below it.
fn write(command: &clap::Command, folder: &OutputFolder, written: &mut Vec<String>) -> Result<(), Failure> {
    let name = format!("{}.1", command.get_display_name().unwrap_or_else(|| command.get_name()));
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    folder.write(&name, &page)?;
    written.push(name);
    for inside in command.get_subcommands() {
        write(inside, folder, written)?;
    }
    Ok(())
}
