//! `nanoaid dataset fetch`: a published set of micrographs, or a random sample of it, in one folder.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use nanoaid::data::dataset::fetch::{
    self, ArchiveReport, Check, FetchConfig, FetchEvent, FetchPlan, FetchReport, NffaSet,
};
use nanoaid::download::DownloadConfig;
use nanoaid::output::json_text;

use super::super::download::{ShownDownload, megabytes};
use super::super::training::say_skipped;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, note, print};
use crate::progress::time_text;

/// Speed for which the duration is given, in bytes a second.
const SPEED: f64 = 5e6;

/// What can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Published {
    /// SEM micrographs in ten categories (NFFA-EUROPE, Aversa et al. 2018, CC BY 4.0)
    Nffa,
}

/// Arguments of `dataset fetch`.
#[derive(Args)]
pub(crate) struct FetchArguments {
    /// What to fetch
    what: Published,
    /// Which of its sets: `100-percent` (all annotators agreed; 21,169 micrographs, 13.6 GB), `majority` (25,537), or
    /// `hierarchical` (needs `--record`, since its address is not known here)
    #[arg(long, value_name = "SET", default_value = "100-percent")]
    set: NffaSet,
    /// Keep this many micrographs of each category, drawn at random; archives are read whole, and not kept
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Seed of the sample
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Fetch only this category, e.g. `tips`; may be repeated
    #[arg(long, value_name = "NAME")]
    category: Vec<String>,
    /// Folder to fetch into [default: named after the set and the sample]
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Show what would be read and written, and write nothing
    #[arg(long)]
    list: bool,
    /// Another record of the same form, by its DOI
    #[arg(long, value_name = "DOI")]
    record: Option<String>,
    /// A server that has the same records, instead of `https://b2share.eudat.eu`
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Certificate authorities to trust, as a PEM file, instead of those built in
    #[arg(long, value_name = "FILE")]
    authorities: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Fetches, and says what the archives hold and what is in the folder now.
pub(super) fn run(arguments: &FetchArguments) -> Result<Outcome, Failure> {
    let Published::Nffa = arguments.what;
    let config = FetchConfig {
        set: arguments.set,
        record: arguments.record.clone(),
        sample: arguments.sample,
        categories: arguments.category.clone(),
        seed: arguments.seed,
        download: DownloadConfig {
            mirror: arguments.mirror.clone(),
            authorities: arguments.authorities.clone(),
            ..DownloadConfig::default()
        },
    };
    let to = arguments.to.clone().unwrap_or_else(|| {
        let sample = arguments.sample.map(|n| format!("-sample-{n}")).unwrap_or_default();
        PathBuf::from(format!("nffa-{}{sample}", arguments.set))
    });
    let mut shown = Shown { download: None, name: String::new() };
    if arguments.list {
        let plan = fetch::plan(&to, &config, &mut |event| shown.event(event))?;
        shown.finish();
        print(&if arguments.json { json_text(&plan)? } else { plan_text(&plan) })?;
        return Ok(Outcome::Done);
    }
    let done = fetch::fetch(&to, &config, &mut |event| shown.event(event));
    shown.finish();
    let report = done?;
    let n_skipped: usize = report.archives.iter().map(|archive| archive.skipped.len()).sum();
    if arguments.json {
        print(&json_text(&report)?)?;
    } else {
        report.archives.iter().for_each(|archive| say_skipped(&archive.skipped));
        print(&report_text(&report, &to.display().to_string()))?;
    }
    Ok(Outcome::of_skipped(n_skipped))
}

fn plan_text(plan: &FetchPlan) -> String {
    let title = plan.title.as_deref().unwrap_or("a record without title");
    let doi = plan.doi.as_ref().map(|doi| format!(", doi:{doi}")).unwrap_or_default();
    let licence = plan.licence.as_ref().map(|licence| format!(", {licence}")).unwrap_or_default();
    let mut text = format!("{title}{doi}{licence}\n");
    for file in &plan.files {
        let checksum = file.checksum.as_deref().unwrap_or("no checksum");
        let there = if file.is_there { ", is there" } else { "" };
        text += &format!("  {:<36}{:>11}  {checksum}{there}\n", file.name, megabytes(file.bytes));
    }
    for name in &plan.others {
        text += &format!("  {name:<36}not fetched: only .tar files are\n");
    }
    let kept = match plan.sample {
        Some(n) => format!("keeps {n} micrographs of each"),
        None => "keeps all micrographs".to_owned(),
    };
    let free =
        plan.free_bytes.map_or("free space not known".to_owned(), |free| format!("{} free", megabytes(free)));
    text + &format!(
        "reads {} (at 5 MB/s {}), {kept}; needs at most {} of the disk, {free}\n",
        megabytes(plan.bytes),
        time_text(plan.bytes as f64 / SPEED),
        megabytes(plan.needed_bytes)
    )
}

fn archive_text(archive: &ArchiveReport) -> String {
    let check = match archive.check {
        Check::Record => "as the record says",
        Check::Known => "a published one; the record has none",
        Check::SizeOnly => "not compared, since none is known",
    };
    let mut held = format!("{} micrographs", archive.n_images);
    for (n, what) in [(archive.n_other, "other files"), (archive.n_same, "drawn twice by content")] {
        if n > 0 {
            held += &format!(", {n} {what}");
        }
    }
    format!("{}: {held}; {} kept; {} ({check})", archive.name, archive.n_taken, archive.checksum)
}

fn report_text(report: &FetchReport, to: &str) -> String {
    let total: usize = report.archives.iter().map(|archive| archive.n_taken).sum();
    let mut text: String = report.archives.iter().map(|archive| archive_text(archive) + "\n").collect();
    text += &format!("{to} has {total} micrographs\n");
    for archive in &report.archives {
        text += &format!("  {:<32}{:>7} of {}\n", archive.category, archive.n_taken, archive.n_images);
    }
    text + &format!("cite {}\nnext: nanoaid dataset check {to}\n", report.citation)
}

/// A fetch as it is shown on standard error.
struct Shown {
    download: Option<ShownDownload>,
    name: String,
}

impl Shown {
    fn event(&mut self, event: FetchEvent<'_>) -> ControlFlow<()> {
        match event {
            FetchEvent::Planned(plan) => {
                self.finish();
                note(plan_text(plan).trim_end());
            }
            FetchEvent::Download { file, event } => {
                if self.name != file {
                    self.finish();
                    self.name = file.to_owned();
                }
                return self.download.get_or_insert_with(|| ShownDownload::new(file)).event(event);
            }
            // what each archive held stands in the report
            FetchEvent::Imported { .. } | FetchEvent::Finished(_) => self.finish(),
        }
        interrupt::flow()
    }

    /// Removes the bar.
    fn finish(&mut self) {
        if let Some(download) = self.download.take() {
            download.finish();
        }
    }
}
