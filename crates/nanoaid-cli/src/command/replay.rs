//! `nanoaid replay`: makes a view, pictures of a unit or a measurement again from its record and compares what comes out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use nanoaid::Device;
use nanoaid::hash::sha256;
use nanoaid::interpret::gallery::{Gallery, VisualRecord, gray_unless};
use serde::Deserialize;

use super::demo::specimen;
use super::images::NetworkArguments;
use super::measure::{Kept, measure_again, picture_name};
use super::{network, show};
use crate::outcome::{Failure, Outcome, print};
use crate::progress::Progress;
use crate::record::{Input, Record, SCHEMA_VERSION, file_sha256};
use crate::view::view;
use nanoaid::output::OutputFolder;

/// Arguments of `replay`.
#[derive(Args)]
pub(crate) struct ReplayArguments {
    /// Record of a result: `record.json` of a view, the `.json` beside a picture or an overlay
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
    let text = std::fs::read(path).map_err(|error| Failure::at(path, error))?;
    let command = serde_json::from_slice::<Kind>(&text).map_err(|error| Failure::at(path, error))?.command;
    if command == "visualize" {
        return visualization(arguments, &text);
    }
    if command == "measure" {
        return measurement(arguments, &text);
    }
    let record: Record = serde_json::from_slice(&text).map_err(|error| Failure::at(path, error))?;
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
            unless_changed(path, image, sha256)?;
            nanoaid::data::prepare::file(image, &record.settings.prepare())?
        }
        Input::Specimen { name } => specimen(name)?,
    };
    let folder = OutputFolder::create(&arguments.out, arguments.force)?;
    let (_, files) = view(&prepared, &network, &record.settings, &folder)?;
    compare(&record.files, &files, &record.program_version)?;
    let n = files.len();
    print(&format!("the same bytes: {n} files in {}\n", arguments.out.display()))?;
    Ok(Outcome::Done)
}

/// Makes the pictures of a unit again.
fn visualization(arguments: &ReplayArguments, text: &[u8]) -> Result<Outcome, Failure> {
    let path = &arguments.record;
    let record: VisualRecord = serde_json::from_slice(text).map_err(|error| Failure::at(path, error))?;
    let settings = &record.settings;
    let device: Device = settings.device.parse().map_err(|text: String| Failure::new(text))?;
    let network = gray_unless(network(&settings.run, device)?, settings.colors);
    if record.schema_version != SCHEMA_VERSION {
        let (found, path) = (record.schema_version, path.display());
        return Err(Failure::new(format!("{path}: found schema version {found}, expected {SCHEMA_VERSION}")));
    }
    let gallery = Gallery::again(&network, settings).map_err(|error| Failure::at(path, error))?;
    let folder = OutputFolder::create(&arguments.out, arguments.force)?;
    let mut bar = Progress::of_shares(1, "pictures");
    let objectives = [record.objective.clone()];
    let again = gallery.make(&objectives, &folder, &mut |progress| show(&mut bar, progress))?;
    bar.finish();
    let files = again.into_iter().next().map(|record| record.files).unwrap_or_default();
    compare(&record.files, &files, &record.program_version)?;
    print(&format!("the same bytes: {} files in {}\n", files.len(), arguments.out.display()))?;
    Ok(Outcome::Done)
}

/// Measures an image again.
fn measurement(arguments: &ReplayArguments, text: &[u8]) -> Result<Outcome, Failure> {
    let path = &arguments.record;
    let record = Kept::of_bytes(path, text)?;
    let Input::File { path: image, sha256: image_sha256 } = &record.input else {
        let text = format!("{}: expected the measurement of a file, found a specimen's", path.display());
        return Err(Failure::new(text));
    };
    unless_changed(path, image, image_sha256)?;
    let (kept, drawn) = measure_again(image, record.input.clone(), &record.settings)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let (overlay, again) = (format!("{name}.png"), format!("{name}.json"));
    let written = kept.text(&drawn)?;
    let folder = OutputFolder::create(&arguments.out, arguments.force)?;
    folder.write(&overlay, &drawn.overlay)?;
    folder.write(&again, written.as_bytes())?;
    let mut recorded =
        BTreeMap::from([(overlay.clone(), record.overlay_sha256.clone()), (again.clone(), sha256(text))]);
    let mut files = BTreeMap::from([(overlay, sha256(&drawn.overlay)), (again, sha256(written.as_bytes()))]);
    if let Some((bytes, before)) = drawn.network.as_ref().zip(record.network.as_ref()) {
        let picture = picture_name(&name);
        folder.write(&picture, bytes)?;
        recorded.insert(picture.clone(), before.picture_sha256.clone());
        files.insert(picture, sha256(bytes));
    }
    compare(&recorded, &files, &record.program_version)?;
    print(&format!("the same bytes: {} files in {}\n", files.len(), arguments.out.display()))?;
    Ok(Outcome::Done)
}

/// An error if `image` is not what it was when the record at `path` was written.
fn unless_changed(path: &Path, image: &Path, sha256: &str) -> Result<(), Failure> {
    let found = file_sha256(image)?;
    if found == sha256 {
        return Ok(());
    }
    let text = format!(
        "{}: the SHA-256 of {} is {found}, the record says {sha256}",
        path.display(),
        image.display()
    );
    Err(Failure::new(text))
}

/// An error that names the files which came out with other bytes.
fn compare(
    recorded: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
    program_version: &str,
) -> Result<(), Failure> {
    let unlike: Vec<&str> = recorded
        .iter()
        .filter(|(name, hash)| found.get(*name) != Some(hash))
        .map(|(name, _)| name.as_str())
        .collect();
    if unlike.is_empty() {
        return Ok(());
    }
    let version = if program_version == env!("CARGO_PKG_VERSION") {
        String::new()
    } else {
        format!(" (made by version {program_version})")
    };
    Err(Failure::new(format!("other bytes than recorded{version}: {}", unlike.join(", "))))
}

/// Which command made a record.
#[derive(Deserialize)]
struct Kind {
    command: String,
}
