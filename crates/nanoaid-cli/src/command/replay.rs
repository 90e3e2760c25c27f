//! `nanoaid replay`: makes a result again from its record and compares the bytes.

use std::path::PathBuf;

use clap::Args;
use nanoaid::replay::{ReplayOutput, ReplayProgress, replay};

use super::visualize::show;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print};
use crate::progress::Progress;

/// Arguments of `replay`.
#[derive(Args)]
pub(crate) struct ReplayArguments {
    /// Record of a result: `record.json` of `lens`, the `.json` beside a picture of `visualize` or an
    /// overlay of `measure`
    record: PathBuf,
    /// Folder for the result that is made again
    #[arg(long, value_name = "DIR", default_value = "replay")]
    out: PathBuf,
    /// Write into a folder that is there already
    #[arg(long)]
    force: bool,
}

/// Makes the result again; fails if a file comes out with other bytes.
pub(crate) fn run(arguments: &ReplayArguments) -> Result<Outcome, Failure> {
    let path = &arguments.record;
    let mut bar = Progress::of_shares(1, "pictures");
    let output =
        ReplayOutput { path: &arguments.out, force: arguments.force, page: &nanoaid_pages::lens::report };
    let replayed = replay(path, output, &mut |progress| match progress {
        ReplayProgress::View(_) | ReplayProgress::Measure(_) => interrupt::flow(),
        ReplayProgress::Gallery(progress) => show(&mut bar, progress),
    })?;
    bar.finish();
    print(&format!("the same bytes: {} files in {}\n", replayed.n_files, arguments.out.display()))?;
    Ok(Outcome::Done)
}
