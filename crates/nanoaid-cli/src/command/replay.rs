//! `nanoaid replay`: makes a view again from its record and compares what comes out.

use std::path::PathBuf;

use clap::Args;
use nanoaid::Device;
use nanoaid::hash::sha256;

use super::demo::specimen;
use super::images::NetworkArguments;
use super::lens::failure_at;
use crate::outcome::{Failure, Outcome, print};
use crate::output::OutputFolder;
use crate::record::{Input, Record, SCHEMA_VERSION, file_sha256};
use crate::view::view;

/// Arguments of `replay`.
#[derive(Args)]
pub(crate) struct ReplayArguments {
    /// `record.json` of a result
    record: PathBuf,
    /// Folder for the result that is made again
    #[arg(long, value_name = "DIR", default_value = "replay")]
    out: PathBuf,
    /// Write into a folder that is there already
    #[arg(long)]
    force: bool,
}

/// Makes the view again; fails if a file comes out with other bytes.
pub(crate) fn run(arguments: &ReplayArguments) -> Result<Outcome, Failure> {
    let path = &arguments.record;
    let text = std::fs::read(path).map_err(|error| failure_at(path, &error))?;
    let record: Record = serde_json::from_slice(&text).map_err(|error| failure_at(path, &error))?;
    let differs = |what: &str, found: &str, expected: &str| {
        Err(Failure::new(format!("{}: {what} is {found}, the record says {expected}", path.display())))
    };
    if record.schema_version != SCHEMA_VERSION {
        return differs(
            "the schema version",
            &SCHEMA_VERSION.to_string(),
            &record.schema_version.to_string(),
        );
    }
    let device: Device = record.device.parse().map_err(|text: String| Failure::new(text))?;
    let network = NetworkArguments { run: record.run.clone(), device }.network()?;
    let network_hash = sha256(network.to_bytes());
    if network_hash != record.network_sha256 {
        return differs("the network's SHA-256", &network_hash, &record.network_sha256);
    }
    let prepared = match &record.input {
        Input::File { path: image, sha256 } => {
            let found = file_sha256(image)?;
            if found != *sha256 {
                return differs(&format!("the SHA-256 of {}", image.display()), &found, sha256);
            }
            nanoaid::prepare::file(image, &record.settings.prepare())?
        }
        Input::Specimen { name } => specimen(name)?,
    };
    let folder = OutputFolder::create(&arguments.out, arguments.force)?;
    let (_, files) = view(&prepared, &network, &record.settings, &folder)?;
    let unlike: Vec<&String> = record
        .files
        .iter()
        .filter(|(name, hash)| files.get(*name) != Some(hash))
        .map(|(name, _)| name)
        .collect();
    if !unlike.is_empty() {
        let version = if record.program_version == env!("CARGO_PKG_VERSION") {
            String::new()
        } else {
            format!(" (made by version {})", record.program_version)
        };
        let names: Vec<&str> = unlike.into_iter().map(String::as_str).collect();
        return Err(Failure::new(format!("other bytes than recorded{version}: {}", names.join(", "))));
    }
    let n = files.len();
    print(&format!("the same bytes: {n} files in {}\n", arguments.out.display()))?;
    Ok(Outcome::Done)
}
