//! `nanoaid dataset check`: problems of a data set before a network is trained on it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use micrograph::Plane;
use micrograph::paint::{Cell, ColorMap, ContactSheet, Scaling, Section, contact_sheet};
use nanoaid::data::dataset::check::{Pair, side_by_side};
use nanoaid::data::dataset::{CheckReport, DatasetConfig, Only, check};

use super::super::training::say_skipped;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;
use nanoaid::output::json_text;

/// Most sizes that are listed; JSON has all.
const MOST_SIZES: usize = 5;
/// Most pairs of a kind that are listed; JSON has all, and problems are all named.
const MOST_LISTED: usize = 20;
/// Most pairs of a kind on a sheet.
const MOST_DRAWN: usize = 60;

/// Arguments of `dataset check`.
#[derive(Args)]
pub(crate) struct CheckArguments {
    /// Folder of category folders, flat folder, or index CSV
    data: PathBuf,
    /// Keep only rows of the index whose column begins with one of the texts, e.g.
    /// `licence=MIT|Apache`; may be repeated
    #[arg(long, value_name = "COLUMN=TEXT|…")]
    only: Vec<Only>,
    /// Seed of the split, where the index has none
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Draw the pairs of near-duplicates, and pairs that are only alike, beside each other
    #[arg(long, value_name = "PNG")]
    sheet: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Checks, and ends with 4 if there is a problem.
pub(super) fn run(arguments: &CheckArguments) -> Result<Outcome, Failure> {
    let config = DatasetConfig {
        only: arguments.only.clone(),
        seed: arguments.seed,
        group_near_duplicates: true,
        ..DatasetConfig::default()
    };
    let bar = Mutex::new(Progress::new(0, "micrographs"));
    let report = check(&arguments.data, &config, &|n_looked, n| {
        if let Ok(mut bar) = bar.lock() {
            bar.set_length(n as u64);
            bar.set(n_looked as u64, "reading");
        }
        interrupt::flow()
    })?;
    if let Ok(bar) = bar.into_inner() {
        bar.finish();
    }
    if let Some(path) = &arguments.sheet {
        write_sheet(path, arguments, &report, &config)?;
    }
    if arguments.json {
        print(&json_text(&report)?)?;
    } else {
        say_skipped(&report.skipped);
        print(&text_of(&report))?;
    }
    Ok(if report.problems.is_empty() {
        Outcome::of_skipped(report.skipped.len())
    } else {
        Outcome::ProblemsFound
    })
}

fn text_of(report: &CheckReport) -> String {
    let split = if report.split_told { "given by the index" } else { "drawn" };
    let mut text = format!("{} micrographs, split {split}\n", report.n_micrographs);
    text += &format!(
        "{:<32}{:>7}{:>12}{:>7}{:>12}{:>13}\n",
        "  category", "train", "validation", "test", "data bar", "calibrated"
    );
    for category in &report.categories {
        let percent =
            |n| category.share(n).map_or("–".to_owned(), |share| format!("{:.0} %", 100.0 * share));
        text += &format!(
            "  {:<30}{:>7}{:>12}{:>7}{:>12}{:>13}\n",
            category.category.as_deref().unwrap_or("no category"),
            category.n_train,
            category.n_validation,
            category.n_test,
            percent(category.n_data_bar),
            percent(category.n_calibrated)
        );
    }
    let size = |size: &nanoaid::data::dataset::check::SizeCount| {
        format!("{} × {} ({})", size.width, size.height, size.n)
    };
    let sizes: Vec<String> = report.sizes.iter().take(MOST_SIZES).map(size).collect();
    let more = report.sizes.len().saturating_sub(MOST_SIZES);
    let more = if more > 0 { format!(" and {more} other sizes") } else { String::new() };
    text += &format!("sizes in px: {}{more}\n", sizes.join(", "));
    text += &format!(
        "{} with the content of another, {} pairs of near-duplicates, {} groups\n",
        report.same_content.len(),
        report.near_duplicates.len(),
        report.n_groups
    );
    let same = report.same_content.iter();
    text += &listed(same.map(|[first, again]| format!("  same content    {first}  =  {again}\n")));
    text +=
        &listed(report.near_duplicates.iter().map(|pair| {
            format!("  near-duplicate  {}  ≈  {}  ({})\n", pair.files[0], pair.files[1], how(pair))
        }));
    let problems = report.problems.iter().map(|problem| format!("problem: {problem}\n"));
    let warnings = report.warnings.iter().map(|warning| format!("warning: {warning}\n"));
    text.extend(problems.chain(warnings));
    text += &match report.problems.len() {
        0 => "no problems".to_owned(),
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    text + &format!(", {} warnings\n", report.warnings.len())
}

/// The first of `lines`, and how many more there are.
fn listed(lines: impl ExactSizeIterator<Item = String>) -> String {
    let more = lines.len().saturating_sub(MOST_LISTED);
    let mut text: String = lines.take(MOST_LISTED).collect();
    if more > 0 {
        text += &format!("  … and {more} more, all of them with --json\n");
    }
    text
}

/// How alike a pair is, in words.
fn how(pair: &Pair) -> String {
    format!("agreement {:.2}, {} of 64 bits differ, {}", pair.agreement, pair.bits, pair.laid)
}

fn write_sheet(
    path: &Path,
    arguments: &CheckArguments,
    report: &CheckReport,
    config: &DatasetConfig,
) -> Result<(), Failure> {
    let data = &arguments.data;
    let root = if data.is_dir() { data } else { data.parent().unwrap_or(Path::new("")) };
    let planes = |pairs: &[Pair]| -> Vec<(Pair, Plane)> {
        let drawn = |pair: &Pair| match side_by_side(root, pair, config) {
            Ok(plane) => Some((pair.clone(), plane)),
            Err(reason) => {
                say(&format!("not drawn: {reason}"));
                None
            }
        };
        pairs.iter().take(MOST_DRAWN).filter_map(drawn).collect()
    };
    let (near, alike) = (planes(&report.near_duplicates), planes(&report.alike));
    if near.is_empty() && alike.is_empty() {
        say(&format!("no pairs to draw, {} is not written", path.display()));
        return Ok(());
    }
    fn section<'a>(heading: &str, all: &[Pair], pairs: &'a [(Pair, Plane)]) -> Option<Section<'a>> {
        let cell = |(pair, plane): &'a (Pair, Plane)| Cell {
            plane,
            label: format!("{} | {}", pair.files[0], pair.files[1]),
            note: how(pair),
            dead: false,
        };
        let heading = match all.len() {
            n if n > pairs.len() => format!("{heading}: {} of {n}", pairs.len()),
            n => format!("{heading}: {n}"),
        };
        (!pairs.is_empty()).then(|| Section { heading, cells: pairs.iter().map(cell).collect() })
    }
    let sections = [
        section("Near-duplicates", &report.near_duplicates, &near),
        section("Alike, but not near-duplicates", &report.alike, &alike),
    ];
    let sheet = ContactSheet {
        title: format!("Pairs of {}", data.display()),
        subtitle: "Squashed to squares, data bars cut off, the right one laid as the left one.".to_owned(),
        sections: sections.into_iter().flatten().collect(),
        scaling: Scaling::Given { low: 0.0, high: 1.0 },
        map: ColorMap::Gray,
        max_width_px: 1700,
        ..ContactSheet::default()
    };
    Ok(contact_sheet(&sheet).write_png(path, None)?)
}
