//! Everything that sums up a folder of measurements: a page with a row for each image, to be sorted, and its overlay to be
//! enlarged; histograms of sizes as SVG and PNG; one table of all objects.
//!
//! Records and the pictures beside them go in, files come out; nothing is measured here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use micrograph::ObjectKind;
use micrograph::measure::{Report, Task};
use micrograph::paint::{Picture, Sampling};
use nanoaid::measure::{
    ALL_OBJECTS, MeasureRecord, SizeHistogram, all_objects_csv, objects_table_name, outlined_name,
    pitch_picture_name,
};

use crate::chart::Distribution;
use crate::frame;

/// Name of the page.
pub const PAGE: &str = "index.html";
/// Longer side of a small picture in px.
const SMALL_PX: usize = 360;
/// Quality of small pictures as JPEG.
const QUALITY: u8 = 80;
/// Columns of numbers: heading, and the names of numbers of which the first that is there is shown.
const COLUMNS: [(&str, &[&str]); 6] = [
    ("number", &["particles seen", "pores seen", "lines", "sites taken"]),
    (
        "size",
        &[
            "median particle diameter",
            "median fibre diameter",
            "median pore diameter",
            "pitch",
            "first vector",
        ],
    ),
    ("share of pores", &["share of pores"]),
    ("length of fibres", &["length of fibres"]),
    ("axis", &["axis of lines", "axis of first vector", "axis of fibres", "axis of texture"]),
    ("order", &["order of fibres", "order"]),
];

/// All files that sum up the measurements of a folder: names and bytes. `records` are those of the images by their names;
/// `beside` gives the file of a name that lies beside them.
pub fn measure_summary<'a>(
    records: impl Iterator<Item = (&'a str, &'a MeasureRecord)>,
    beside: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> Vec<(String, Vec<u8>)> {
    let (mut files, mut rows, mut tables) = (Vec::new(), Vec::new(), Vec::new());
    for (name, record) in records {
        let shown = pictures(name, record);
        let small = shown.iter().find_map(|file| small(&beside(file)?));
        for histogram in &record.sizes {
            let chart = distribution(name, histogram);
            let file = |ending: &str| format!("{name}.{}-sizes.{ending}", histogram.what.plural());
            files.push((file("svg"), chart.svg().into_bytes()));
            files.push((file("png"), chart.picture().png_bytes(None)));
        }
        let table = record.record.files.contains_key(&objects_table_name(name));
        if let Some(table) = table.then(|| beside(&objects_table_name(name))).flatten() {
            tables.push((name.to_owned(), String::from_utf8_lossy(&table).into_owned()));
        }
        rows.push(row(name, record, &shown, small.as_deref()));
    }
    if !tables.is_empty() {
        files.push((ALL_OBJECTS.to_owned(), all_objects_csv(&tables).into_bytes()));
    }
    files.push((PAGE.to_owned(), page(&rows).into_bytes()));
    files
}

/// The pictures of an image, that which shows most first.
fn pictures(name: &str, record: &MeasureRecord) -> Vec<String> {
    let outlined = ObjectKind::ALL.into_iter().map(|what| outlined_name(name, what));
    let all = outlined.chain([format!("{name}.png"), pitch_picture_name(name)]);
    all.filter(|file| record.record.files.contains_key(file)).collect()
}

/// A picture made small enough for a page that holds thousands.
fn small(png: &[u8]) -> Option<Vec<u8>> {
    let picture = Picture::from_png_bytes(png)?;
    let longer = picture.height().max(picture.width());
    let scaled = |length: usize| (length * SMALL_PX).div_ceil(longer.max(SMALL_PX)).max(1);
    picture.resized(scaled(picture.height()), scaled(picture.width()), Sampling::Area).jpeg_bytes(QUALITY)
}

/// The histogram of one kind of objects in an image.
pub fn distribution(name: &str, histogram: &SizeHistogram) -> Distribution {
    let SizeHistogram { what, way, unit, n, bins } = histogram;
    let of = if *what == ObjectKind::Fiber { "length" } else { what.plural() };
    let diameter = if *what == ObjectKind::Fiber { "diameter" } else { "equivalent diameter" };
    Distribution {
        title: format!("{name}: {n} {}, {way}", what.plural()),
        label: format!("{diameter} / {}", unit.symbol()),
        share_of: format!("share of {of} / %"),
        bins: bins.iter().map(|bin| (bin.from, bin.to, bin.share)).collect(),
    }
}

/// All numbers of `report` with their intervals; their methods by the pointer.
pub(crate) fn numbers_table(report: &Report) -> Markup {
    html! {
        div.wide tabindex="0" { table {
            thead { tr { th { "quantity" } th.number { "value" } th.number { "± (95 %)" } th { "unit" } } }
            tbody { @for finding in report.answers.iter().flat_map(|answer| &answer.findings) {
                @let (value, expanded) = finding.quantity.texts();
                tr title=(finding.quantity.method) {
                    th scope="row" { (finding.name) }
                    td.number { (value) }
                    td.number { (expanded) }
                    td { (finding.quantity.unit.symbol()) }
                }
            } }
        } }
    }
}

fn page(rows: &[Markup]) -> String {
    let body = html! {
        div.wide { table.sortable {
            thead { tr {
                th { "overlay" }
                th { button type="button" { "image" } }
                th { button type="button" { "measured" } }
                @for (heading, _) in COLUMNS { th.number { button type="button" { (heading) } } }
                th { "sizes" } th { "files" }
            } }
            tbody { @for row in rows { (row) } }
        } }
        p.soft {
            "Click a heading to sort, an overlay to enlarge it. Numbers stand with half the width of their 95 % interval. "
            "Where two ways of measuring disagree beyond their intervals, the row says so: compare both overlays with the image."
        }
        p { a href="measurements.csv" { "measurements.csv" } ": all numbers of all images, with intervals, in nm and px." }
        script { (PreEscaped(include_str!("segment/sort.js"))) }
    };
    let images = if rows.len() == 1 { "image" } else { "images" };
    frame::page("Measurements", &format!("{} {images}", rows.len()), &body)
}

fn row(name: &str, record: &MeasureRecord, shown: &[String], small: Option<&[u8]>) -> Markup {
    let report = &record.report;
    let answered: Vec<Task> =
        report.answers.iter().filter(|own| !own.is_refused()).map(|own| own.task).collect();
    let tasks: Vec<&str> = answered.iter().map(|task| task.name()).collect();
    let disagree: Vec<String> = report
        .answers
        .iter()
        .filter_map(|own| own.second.as_ref())
        .flat_map(|second| second.disagree.iter().map(move |number| format!("{number} ({})", second.way)))
        .collect();
    let nothing = answered.iter().all(|task| *task == Task::Orientation);
    let overlay = shown.first().map_or_else(|| format!("{name}.png"), Clone::clone);
    let link = frame::address;
    html! {
        tr {
            td { @if let Some(small) = small {
                a.zoom href=(link(&overlay)) {
                    img loading="lazy" src={ "data:image/jpeg;base64," (STANDARD.encode(small)) } alt={ "what was measured in " (name) };
                }
            } }
            th scope="row" data-value=(name) {
                (name)
                @if !disagree.is_empty() { p.soft { "⚠ two ways disagree: " (disagree.join(", ")) } }
                @if let Some(map) = &record.pitch_map {
                    @if map.whole.is_some() { p.soft { "⚠ the map shows another pitch" } }
                    (closed("map of pitches", &[map.text()]))
                }
                (closed("warnings", &report.warnings.iter().map(|own| own.text.clone()).filter(|text| !text.contains("disagree")).collect::<Vec<_>>()))
                @if nothing { (closed("why no number?", &reasons(record))) }
            }
            td data-value=(tasks.join(" ")) { (tasks.join(", ")) }
            @for (_, names) in COLUMNS { (number(record, names)) }
            td { @for histogram in &record.sizes {
                @let file = format!("{name}.{}-sizes", histogram.what.plural());
                a href=(link(&format!("{file}.png"))) { (PreEscaped(distribution(name, histogram).svg())) }
            } }
            td {
                @for file in shown { a href=(link(file)) { (file.strip_prefix(name).unwrap_or(file).trim_start_matches('.')) } ", " }
                @let table = objects_table_name(name);
                @if record.record.files.contains_key(&table) { a href=(link(&table)) { "objects" } ", " }
                a href=(link(&format!("{name}.json"))) { "record" }
            }
        }
    }
}

/// Sentences that are read on demand.
fn closed(title: &str, texts: &[String]) -> Markup {
    html! {
        @if !texts.is_empty() {
            details { summary.soft { (title) } @for text in texts { p.soft { (text) } } }
        }
    }
}

/// Why nothing was measured.
fn reasons(record: &MeasureRecord) -> Vec<String> {
    let answers = record.report.answers.iter().filter(|own| own.is_refused());
    answers
        .flat_map(|own| {
            own.refused.iter().take(1).map(|refusal| format!("{}: {}", own.task.name(), refusal.reason))
        })
        .collect()
}

/// The first number of these `names` that the record has.
fn number(record: &MeasureRecord, names: &[&str]) -> Markup {
    let findings = || record.report.answers.iter().flat_map(|own| &own.findings);
    let found = names.iter().find_map(|name| findings().find(|own| own.name == *name));
    html! {
        @match found {
            None => { td.number { "–" } }
            Some(own) => { td.number data-value=(own.quantity.value) {
                (own.quantity.text())
                // a column of several numbers says which one it is
                @if names.len() > 1 { br; span.soft { (own.name) } }
            } }
        }
    }
}
