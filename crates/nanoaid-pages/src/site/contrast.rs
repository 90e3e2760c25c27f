//! The page of two sets of micrographs: which units tell them apart, and whether chance would.

use maud::{Markup, PreEscaped, html};

use crate::site::address::From;
use crate::site::charts::volcano;
use crate::site::frame::{Frame, page};
use crate::site::model::{ContrastView, SetView, Site};
use crate::site::parts::{Cell, Kind, card, counted, numbers, panel, percent, two, warnings};
use crate::site::start::network_record;

/// Units of each side that are shown as pictures.
const SHOWN: usize = 12;

/// The page.
pub(super) fn contrast(site: &Site, idx: usize) -> String {
    let view = &site.contrasts[idx];
    let network = &site.networks[view.network];
    let address = site.contrast_page(idx);
    let from = From::page(&address);
    let n_found = view.units.iter().filter(|unit| unit.found).count();
    let body = html! {
        p.lead {
            (n_found) " of " (counted(view.units.len(), "unit")) " differ between "
            (set(site, from, &view.a)) " and " (set(site, from, &view.b))
            " where at most " (percent(view.fdr)) " of those reported are borne to be false."
        }
        (warnings(&view.warnings))
        (panel("volcano", "How large and how sure", Kind::Chart, &html! {
            figure.volcano {
                (PreEscaped(volcano(view)))
                p.hint aria-hidden="true" { "Point at a dot to see its unit." }
                figcaption {
                    "Each dot is a unit. Across: AUC − 0.5, to the right where " (view.a.name) " drives it more. Upwards: −log₁₀ of q, the share of false discoveries among units at least as sure. Compared: " (view.statistic) ". " (view.interval_how)
                }
            }
            (units_table(site, from, view))
        }))
        @if !view.controls.is_empty() {
            (panel("controls", "Would chance find them too?", Kind::Table, &controls(view, n_found)))
        }
        div.grid {
            (side(site, from, view, true))
            (side(site, from, view, false))
        }
    };
    let frame = Frame {
        title: format!("{} against {}", view.a.name, view.b.name),
        below: format!("{}, {}", network.name, counted(view.units.len(), "unit")),
        above: vec![(network.name.clone(), site.network_page(view.network))],
        cited_as: format!("{} against {} in {}", view.a.name, view.b.name, network.name),
        made: network_record(network),
        scripts: &["contrast.js"],
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

fn set(site: &Site, from: From, set: &SetView) -> Markup {
    html! {
        strong { (set.name) } " (" (counted(set.n_micrographs, "micrograph")) " in " (counted(set.n_groups, "group"))
        @if !set.classes.is_empty() { "; " }
        @for (nth, class) in set.classes.iter().enumerate() {
            @if nth > 0 { ", " } a href=(from.to(&site.class_page(*class))) { (site.class_name(*class)) }
        }
        ")"
    }
}

fn units_table(site: &Site, from: From, view: &ContrastView) -> Markup {
    let mut order: Vec<usize> = (0..view.units.len()).collect();
    let effect = |idx: usize| (view.units[idx].auc - 0.5).abs();
    order.sort_by(|a, b| {
        view.units[*a].q.total_cmp(&view.units[*b].q).then(effect(*b).total_cmp(&effect(*a)))
    });
    html! {
        div.wide tabindex="0" role="region" aria-label="Units" {
            table.data data-rows="20" {
                thead { tr { th scope="col" { "unit" } th.number scope="col" { "AUC" } th.number scope="col" data-csv="low;high" { "interval" } th.number scope="col" { "q" } th scope="col" { "found" } } }
                tbody { @for idx in order {
                    @let unit = &view.units[idx];
                    tr data-row=(idx) {
                        td { a href=(from.to(&site.unit_page(unit.unit))) { (site.unit_address(unit.unit)) } }
                        (Cell::two(unit.auc)) (Cell::interval(unit.interval)) (Cell::number(unit.q))
                        td { @if unit.found { "yes" } @else { "no" } }
                    }
                } }
            }
        }
    }
}

fn controls(view: &ContrastView, n_found: usize) -> Markup {
    let largest = view.units.iter().map(|unit| (unit.auc - 0.5).abs()).fold(0.0, f64::max);
    html! {
        p.soft { "The same procedure where nothing, or less, should be found." }
        div.wide tabindex="0" role="region" aria-label="Controls" {
            table.data {
                thead { tr {
                    th scope="col" { "what" } th.number scope="col" { "units" } th.number scope="col" { "found" } th scope="col" { "any found in" } th.number scope="col" { "largest |AUC − 0.5|" } th scope="col" { "meaning" }
                } }
                tbody {
                    tr.best { th scope="row" { "this comparison" } td.number { (view.units.len()) } td.number { (n_found) } td {} (Cell::two(largest)) td {} }
                    @for control in &view.controls { tr {
                        th scope="row" { (control.name) }
                        td.number { (control.n_units) }
                        (Cell::number(control.n_found))
                        td { @if let Some((share, n)) = control.any_found { (percent(share)) " of " (n) " repetitions" } }
                        (control.largest_effect.map_or(Cell::text("–"), Cell::two))
                        td { (control.what) }
                    } }
                }
            }
        }
    }
}

/// The units that one of the sets drives more, as pictures.
fn side(site: &Site, from: From, view: &ContrastView, first: bool) -> Markup {
    let mut units: Vec<_> =
        view.units.iter().filter(|unit| unit.found && (unit.auc > 0.5) == first).collect();
    units.sort_by(|a, b| (b.auc - 0.5).abs().total_cmp(&(a.auc - 0.5).abs()));
    let set = if first { &view.a } else { &view.b };
    let title = format!("Driven more by {}", set.name);
    // nothing to save
    if units.is_empty() {
        return html! { section { div.head { h2 { (title) } } p.soft { "No unit was found." } } };
    }
    let id = if first { "more-in-a" } else { "more-in-b" };
    let rows: Vec<(String, Vec<Cell>)> = units
        .iter()
        .take(SHOWN)
        .map(|unit| (site.unit_address(unit.unit), vec![Cell::two(unit.auc)]))
        .collect();
    panel(
        id,
        &title,
        Kind::Units,
        &html! {
            ul.units { @for unit in units.iter().take(SHOWN) {
                li { (card(site, from, unit.unit, &html! { (site.layer(unit.unit).name) " " (two(unit.auc)) })) }
            } }
            details.numbers { summary { "Numbers" } (numbers(&["unit", "AUC"], &rows)) }
        },
    )
}
