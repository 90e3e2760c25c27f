//! `nanoaid dataset import`: micrographs from archives, folders and indexes into one folder.

use std::path::PathBuf;

use clap::Args;
use nanoaid::data::dataset::{ImportConfig, ImportReport, Only, SameContent, import};

use super::super::training::{say_notices, say_skipped};
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;
use nanoaid::output::json_text;

/// Most pairs of the same content that are named; JSON has all.
const MOST_NAMED: usize = 10;

/// Arguments of `dataset import`.
#[derive(Args)]
pub(crate) struct ImportArguments {
    /// Archives (.tar, .tar.gz, .tgz; as of NFFA-EUROPE, where `L3_….jpg` holds the category),
    /// folders of category folders, or index CSVs (`file,category,group,split,licence`)
    #[arg(required = true, value_name = "FROM")]
    from: Vec<PathBuf>,
    /// Folder to import into; what is in it already is kept and not imported again
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Take only rows of an index whose column begins with one of the texts, e.g.
    /// `licence=MIT|Apache`; may be repeated
    #[arg(long, value_name = "COLUMN=TEXT|…")]
    only: Vec<Only>,
    /// Link to files instead of copying them; what comes from archives is written all the same
    #[arg(long)]
    link: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Imports, and names what was not taken.
pub(super) fn run(arguments: &ImportArguments) -> Result<Outcome, Failure> {
    let config =
        ImportConfig { only: arguments.only.clone(), link: arguments.link, ..ImportConfig::default() };
    // how many there are is not known before the last archive is read
    let mut bar = Progress::new(0, "files");
    let report = import(&arguments.from, &arguments.to, &config, &mut |n_seen| {
        bar.set_length(n_seen as u64);
        bar.set(n_seen as u64, "read");
        interrupt::flow()
    })?;
    bar.finish();
    say_skipped(&report.skipped);
    say_notices(&report.notices);
    if arguments.json {
        print(&json_text(&report)?)?;
    } else {
        say_same(&report.same_content);
        print(&text_of(&report, arguments))?;
    }
    Ok(Outcome::of_skipped(report.skipped.len()))
}

/// Names files whose content is there: all those of another category, and a few of the others.
fn say_same(same_content: &[SameContent]) {
    let (other, same): (Vec<_>, Vec<_>) = same_content.iter().partition(|same| same.categories.is_some());
    for SameContent { source, file, categories } in other {
        let [found, kept] = categories.clone().unwrap_or_default().map(named);
        say(&format!("two categories: {source} ({found}) holds the same as {file} ({kept}), which is kept"));
    }
    for SameContent { source, file, .. } in same.iter().take(MOST_NAMED) {
        say(&format!("not taken again: {source} holds the same as {file}"));
    }
    if same.len() > MOST_NAMED {
        say(&format!("… and {} more", same.len() - MOST_NAMED));
    }
}

fn text_of(report: &ImportReport, arguments: &ImportArguments) -> String {
    let mut text = format!("{} new, {} there already", report.n_new, report.n_there);
    for (n, what) in [
        (report.restored.len(), "of them damaged or missing and written again"),
        (report.same_content.len(), "with the content of another"),
        (report.skipped.len(), "skipped"),
        (report.n_other, "skipped, not images"),
    ] {
        if n > 0 {
            text += &format!(", {n} {what}");
        }
    }
    let total: usize = report.categories.iter().map(|(_, n)| n).sum();
    text += &format!("\n{} has {total} micrographs\n", arguments.to.display());
    for (category, n) in &report.categories {
        text += &format!("  {:<32}{n:>7}\n", named(category.clone()));
    }
    text
}

fn named(category: Option<String>) -> String {
    category.unwrap_or_else(|| "no category".to_owned())
}
