//! `nanoaid weights`: files of ImageNet networks that others publish: listed, checked, fetched.
//!
//! `fetch` uses the network, as `nanoaid dataset fetch` does and no other command.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use nanoaid::download::DownloadConfig;
use nanoaid::network::known_weights::{self, Check, FetchConfig, Fetched, KnownWeights, TABLE};
use serde::Serialize;

use super::download::{ShownDownload, megabytes};
use crate::interrupt;
use crate::outcome::{Failure, Outcome, chain_text, print, say};
use nanoaid::output::json_text;

/// What can be done with known weights.
#[derive(Subcommand)]
pub(crate) enum WeightsCommand {
    /// List the known files: network, size, licence, and whether each is there.
    List(ListArguments),
    /// Compare files with the hashes that are known of them.
    Verify(VerifyArguments),
    /// Download files, checked before they get their names. This and `dataset fetch` alone use the network.
    Fetch(FetchArguments),
}

/// Arguments of all three.
#[derive(Args)]
struct PlaceArguments {
    /// Folder of fetched files, instead of the user's data folder (or `weights` in `$NANOAID_DATA`)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Arguments of `weights list`.
#[derive(Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    place: PlaceArguments,
}

/// Arguments of `weights verify`.
#[derive(Args)]
pub(crate) struct VerifyArguments {
    /// Files, or names of the list [default: all that are there]
    #[arg(value_name = "FILE|NAME")]
    inputs: Vec<String>,
    #[command(flatten)]
    place: PlaceArguments,
}

/// Arguments of `weights fetch`.
#[derive(Args)]
pub(crate) struct FetchArguments {
    /// Names of the list
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// A server that has the same files, instead of `https://huggingface.co`
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Certificate authorities to trust, as a PEM file, instead of those built in
    #[arg(long, value_name = "FILE")]
    authorities: Option<PathBuf>,
    /// Fetch files again that exist already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: PlaceArguments,
}

/// Does it.
pub(crate) fn run(command: &WeightsCommand) -> Result<Outcome, Failure> {
    match command {
        WeightsCommand::List(arguments) => list(arguments),
        WeightsCommand::Verify(arguments) => verify(arguments),
        WeightsCommand::Fetch(arguments) => fetch(arguments),
    }
}

impl PlaceArguments {
    fn folder(&self) -> Result<PathBuf, Failure> {
        let default = || known_weights::folder(|name| std::env::var_os(name));
        self.dir.clone().or_else(default).ok_or_else(|| {
            Failure::new("no folder for a user's data is known here: say one with --dir or NANOAID_DATA")
        })
    }
}

/// A line of the list.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    known: KnownWeights,
    /// The file, whether it is there or not.
    file: PathBuf,
    is_there: bool,
    /// Bytes that a fetch that was cut off has left.
    part_bytes: Option<u64>,
}

fn list(arguments: &ListArguments) -> Result<Outcome, Failure> {
    let folder = arguments.place.folder()?;
    let listed: Vec<Listed> = TABLE
        .iter()
        .map(|known| {
            let file = known.path(&folder);
            Listed { known: *known, is_there: file.is_file(), part_bytes: known.part_bytes(&folder), file }
        })
        .collect();
    if arguments.place.json {
        print(&json_text(&listed)?)?;
        return Ok(Outcome::Done);
    }
    let mut lines = vec![folder.display().to_string()];
    for Listed { known, is_there, part_bytes, .. } in &listed {
        let state = match (is_there, part_bytes, known.url) {
            (true, ..) => "there".to_owned(),
            (false, Some(bytes), _) => format!("part, {}", megabytes(*bytes)),
            (false, None, Some(_)) => "can be fetched".to_owned(),
            (false, None, None) => "cannot be fetched".to_owned(),
        };
        let size = known.bytes.map_or("size not known".to_owned(), megabytes);
        lines.push(format!("\n  {}: {}, {size}, {state}", known.name, known.architecture));
        let mut line = |name: &str, value: &str| lines.push(format!("    {name:<12}{value}"));
        line("from", known.url.unwrap_or("not published in a format that can be read"));
        line("sha256", known.sha256.unwrap_or("not known"));
        line("origin", known.origin);
        line("licence", known.licence);
        line("preprocess", known.preprocess);
    }
    print(&(lines.join("\n") + "\n"))?;
    Ok(Outcome::Done)
}

fn verify(arguments: &VerifyArguments) -> Result<Outcome, Failure> {
    let folder = arguments.place.folder()?;
    let files: Vec<PathBuf> = if arguments.inputs.is_empty() {
        TABLE.iter().map(|known| known.path(&folder)).filter(|file| file.is_file()).collect()
    } else {
        arguments.inputs.iter().map(|input| file_of(input, &folder)).collect()
    };
    if files.is_empty() {
        return Err(Failure::new(format!(
            "{}: expected at least one of the known files, found none",
            folder.display()
        )));
    }
    let mut verdicts = Vec::new();
    let (mut n_right, mut n_wrong) = (0, 0);
    for file in &files {
        match known_weights::verify(file) {
            Ok(verdict) => {
                let count = if verdict.is_right() { &mut n_right } else { &mut n_wrong };
                *count += 1;
                let line = format!("{}: {}", file.display(), verdict.text());
                match (arguments.place.json, verdict.is_right()) {
                    (false, true) => print(&(line + "\n"))?,
                    (_, false) => say(&line),
                    (true, true) => {}
                }
                verdicts.push(verdict);
            }
            Err(error) => {
                n_wrong += 1;
                say(&format!("cannot read {}: {error}", file.display()));
            }
        }
    }
    if arguments.place.json {
        print(&json_text(&verdicts)?)?;
    }
    if n_right == 0 {
        return Err(Failure::new("no file is known to be right"));
    }
    Ok(Outcome::of_skipped(n_wrong))
}

/// The file that `input` means: one of that path, else that of known weights.
fn file_of(input: &str, folder: &Path) -> PathBuf {
    let path = PathBuf::from(input);
    match known_weights::find(input) {
        Some(known) if !path.is_file() => known.path(folder),
        _ => path,
    }
}

fn fetch(arguments: &FetchArguments) -> Result<Outcome, Failure> {
    let folder = arguments.place.folder()?;
    // names are checked before anything is downloaded
    let known: Vec<&KnownWeights> = arguments
        .names
        .iter()
        .map(|name| {
            known_weights::find(name).ok_or_else(|| {
                let names: Vec<&str> = TABLE.iter().map(|known| known.name).collect();
                Failure::new(format!("no weights are known as `{name}`, only {}", names.join(", ")))
            })
        })
        .collect::<Result<_, _>>()?;
    let download = DownloadConfig {
        mirror: arguments.mirror.clone(),
        authorities: arguments.authorities.clone(),
        ..DownloadConfig::default()
    };
    let config = FetchConfig { download, force: arguments.force };
    let mut all = Vec::new();
    let mut n_failed = 0;
    for known in &known {
        let mut shown = ShownDownload::new(known.name);
        let done = known_weights::fetch(known, &folder, &config, &mut |event| shown.event(event));
        shown.finish();
        match done {
            Ok(fetched) => {
                if !arguments.place.json {
                    print(&fetched_text(&fetched))?;
                }
                all.push(fetched);
            }
            Err(error) => {
                interrupt::check()?;
                n_failed += 1;
                say(&format!("{}: {}", known.name, chain_text(&error)));
            }
        }
    }
    if arguments.place.json {
        print(&json_text(&all)?)?;
    }
    if all.is_empty() {
        return Err(Failure::new("nothing was fetched"));
    }
    Ok(Outcome::of_skipped(n_failed))
}

fn fetched_text(fetched: &Fetched) -> String {
    let Fetched { name, file, bytes, sha256, check, was_there, .. } = fetched;
    let checked = match check {
        Check::Table => "checked by the hash in the table",
        Check::Server => "hash not known: checked by the one that the server reports",
        Check::SizeOnly => "hash not known: only the size was checked",
    };
    let there = if *was_there { "was there already, " } else { "" };
    let file = file.display();
    format!(
        "{name}: {there}{checked}\n  file        {file}\n  size        {bytes} bytes\n  sha256      {sha256}\n"
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use nanoaid::network::known_weights::SERVER;

    use super::*;

    #[derive(clap::Parser)]
    struct Program {
        #[command(subcommand)]
        _command: WeightsCommand,
    }

    #[test]
    fn the_help_names_the_server() {
        let mut program = Program::command();
        let fetch = program.find_subcommand_mut("fetch").unwrap();
        assert!(fetch.render_help().to_string().contains(SERVER));
    }
}
