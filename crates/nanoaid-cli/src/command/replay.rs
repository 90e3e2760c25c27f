//! `nanoaid replay`: makes a result again from its record and compares the bytes.

use std::path::PathBuf;

use clap::Args;
use nanoaid::output::json_text;
use nanoaid::replay::{ReplayInput, ReplayOutput, ReplayProgress, replay};

use super::output::{OutputArguments, default_folder};
use super::visualize::show;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print};
use crate::progress::Progress;

/// Arguments of `replay`.
#[derive(Args)]
pub(crate) struct ReplayArguments {
    /// Record of a result: `record.json` of `lens`, the `.json` beside a picture of `visualize` or an
    /// overlay of `measure` or `segment`, or beside the page of `explain`
    record: PathBuf,
    /// Look for the image in this folder, at any depth, by its content: where the record was moved, or its image was
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Makes the result again; fails if a file comes out with other bytes.
pub(crate) fn run(arguments: &ReplayArguments) -> Result<Outcome, Failure> {
    let path = &arguments.record;
    let mut bar = Progress::of_shares(1, "pictures");
    let out = arguments.output.path(|| default_folder("replay", &[path]));
    let output =
        ReplayOutput { path: &out, force: arguments.output.force, page: &nanoaid_pages::lens::report };
    let input = ReplayInput { record: path, images: arguments.images.as_deref() };
    let replayed = replay(input, output, &mut |progress| match progress {
        ReplayProgress::View(_)
        | ReplayProgress::Measure(_)
        | ReplayProgress::Segment(..)
        | ReplayProgress::Explain => interrupt::flow(),
        ReplayProgress::Gallery(progress) => show(&mut bar, progress),
    })?;
    bar.finish();
    if arguments.output.json {
        print(&json_text(&replayed)?)?;
    } else {
        print(&format!("the same bytes: {} files in {}\n", replayed.n_files, out.display()))?;
    }
    Ok(Outcome::Done)
}
