//! `nanoaid devices`: what this program can run on.

use clap::Args;
use nanoaid::Device;
use nanoaid::output::json_text;

use crate::outcome::{Failure, Outcome, print, say};

/// Arguments of `devices`.
#[derive(Args)]
pub(crate) struct DevicesArguments {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// Lists the devices.
pub(crate) fn run(arguments: &DevicesArguments) -> Result<Outcome, Failure> {
    let found = Device::list();
    if arguments.json {
        print(&json_text(&found)?)?;
        return Ok(Outcome::Done);
    }
    let width = found.devices.iter().map(|info| info.device.len()).max().unwrap_or(0);
    for info in &found.devices {
        print(&format!("{:<width$}  {}: {}\n", info.device, info.name, info.details()))?;
    }
    found.notes.iter().for_each(|note| say(note));
    Ok(Outcome::Done)
}
