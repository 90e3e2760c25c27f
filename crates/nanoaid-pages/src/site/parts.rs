//! Parts that pages share: panels, tables, units as small cards, warnings, numbers.

use maud::{Markup, PreEscaped, Render, html};
use micrograph::calibration::length_text;
use micrograph::paint::number_text;

use crate::site::address::From;
use crate::site::model::Site;
use nanoaid::atlas::UnitPlace;
use nanoaid::evaluate::classifier::Interval;

/// What a panel holds; decides how it is saved as a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One SVG.
    Chart,
    /// Crops of micrographs, under headings.
    Crops,
    /// Pictures inside the page.
    Pictures,
    /// Pictures of units, each in a file of its own.
    Units,
    /// The micrograph of the page.
    Micrograph,
    /// Numbers only; saved as CSV, and drawn as a table.
    Table,
}

/// A part of a page that can be saved; `id` is its address in the page, `body` holds one table of
/// the class `data` where there are numbers besides those of crops.
pub(super) fn panel(id: &str, title: &str, kind: Kind, body: &Markup) -> Markup {
    let kind = match kind {
        Kind::Chart => "chart",
        Kind::Crops => "crops",
        Kind::Pictures => "pictures",
        Kind::Units => "units",
        Kind::Micrograph => "micrograph",
        Kind::Table => "table",
    };
    html! {
        section.panel id=(id) data-kind=(kind) aria-labelledby={ (id) "-title" } {
            div.head { h2 id={ (id) "-title" } { (title) } }
            (body)
        }
    }
}

/// A chart with its numbers folded below it.
pub(super) fn chart(svg: String, caption: &Markup, numbers: &Markup) -> Markup {
    html! {
        figure { (PreEscaped(svg)) figcaption { (caption) } }
        details.numbers { summary { "Numbers" } div.wide tabindex="0" role="region" aria-label="Numbers" { (numbers) } }
    }
}

/// A cell of a table: what is shown, and what a CSV file gets instead.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    shown: String,
    /// Parts separated by `;` become columns of their own.
    saved: Option<String>,
}

impl Cell {
    /// A text, saved as it is shown.
    pub(super) fn text(shown: impl Into<String>) -> Self {
        Self { shown: shown.into(), saved: None }
    }

    /// A number, shown with three digits and saved with all.
    pub(super) fn number(value: f64) -> Self {
        Self::saved(number_text(value), format!("{value}"))
    }

    /// The same in single precision, whose digits are fewer.
    pub(super) fn single(value: f32) -> Self {
        Self::saved(number_text(f64::from(value)), format!("{value}"))
    }

    /// A number that may be missing.
    pub(super) fn optional(value: Option<f64>) -> Self {
        value.map_or(Self::saved("–".to_owned(), String::new()), Self::number)
    }

    /// A number between 0 and 1, or a correlation, shown with two digits.
    pub(super) fn two(value: f64) -> Self {
        Self::saved(two(value), format!("{value}"))
    }

    /// A share, shown in percent.
    pub(super) fn percent(share: f64) -> Self {
        Self::saved(percent(share), format!("{share}"))
    }

    /// Both ends of an interval, saved as two columns (see [`head`]).
    pub(super) fn interval(interval: Option<Interval>) -> Self {
        match interval {
            Some(Interval { low, high }) => {
                Self::saved(format!("{}–{}", two(low), two(high)), format!("{low};{high}"))
            }
            None => Self::saved("–".to_owned(), ";".to_owned()),
        }
    }

    fn saved(shown: String, saved: String) -> Self {
        Self { saved: (saved != shown).then_some(saved), shown }
    }
}

impl Render for Cell {
    fn render(&self) -> Markup {
        html! { td.number data-csv=[&self.saved] { (self.shown) } }
    }
}

/// Head of a table whose first column names things and whose others are numbers; the column
/// `interval` is saved as two.
pub(super) fn head(names: &[&str]) -> Markup {
    html! {
        thead { tr { @for (idx, name) in names.iter().enumerate() {
            th.number[idx > 0] scope="col" data-csv=[(*name == "interval").then_some("low;high")] { (name) }
        } } }
    }
}

/// A table; the first column names things, the others are numbers.
pub(super) fn numbers(names: &[&str], rows: &[(String, Vec<Cell>)]) -> Markup {
    html! {
        table.data {
            (head(names))
            tbody { @for (name, cells) in rows { tr { td { (name) } @for cell in cells { (cell) } } } }
        }
    }
}

/// Names and values.
pub(super) fn facts(rows: &[(String, String)]) -> Markup {
    html! {
        @if !rows.is_empty() {
            table.facts { tbody { @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } } } }
        }
    }
}

/// What to know before relying on a page.
pub(super) fn warnings(warnings: &[String]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            ul.warnings aria-label="Warnings" { @for warning in warnings { li { (warning) } } }
        }
    }
}

/// A unit as a card: its picture, its address, a note.
pub(super) fn card(site: &Site<'_>, from: From, unit: UnitPlace, note: &Markup) -> Markup {
    html! {
        a.card href=(from.to(&site.unit_page(unit))) {
            (picture(site, from, unit))
            span.name { (site.unit_name(unit)) }
            span.note { (note) }
        }
    }
}

/// The small picture of a unit, or an empty box if there is no picture.
pub(super) fn picture(site: &Site<'_>, from: From, unit: UnitPlace) -> Markup {
    let summary = site.summary(unit);
    html! {
        @let pictures = &site.unit(unit).pictures;
        @if pictures.is_empty() {
            span.none { @if summary.dead { "dead: the same value for every micrograph" } @else { "no picture was made" } }
        } @else if let Some(reason) = &pictures[0].blank {
            span.none { (reason) }
        } @else {
            img src=(from.to(&site.unit_picture(unit))) alt="" loading="lazy" decoding="async" width="72" height="72";
        }
    }
}

/// A share as percent.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let text = if share > 0.0 && percent < 1.0 { format!("{percent:.1}") } else { format!("{percent:.0}") };
    text + "\u{a0}%"
}

/// A number between 0 and 1, or a correlation, to two digits.
pub(super) fn two(value: f64) -> String {
    format!("{value:.2}").replace('-', "−")
}

/// Pixels, and nanometres where a pixel has a size.
pub(super) fn length(px: f64, nm_per_px: Option<f64>) -> String {
    let text = format!("{} px", number_text(px));
    nm_per_px.map_or(text.clone(), |nm| format!("{text} = {}", length_text(px * nm)))
}

/// `1 unit`, `2 units`.
pub(super) fn counted(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}
