//! The page of a differential analysis: which units differ between two sets of micrographs, with the
//! negative controls beside it.

use maud::{Markup, PreEscaped, html};

use crate::chart::{VolcanoPoint, volcano};
use crate::site::address::From;
use crate::site::frame::{Frame, page};
use crate::site::model::{ContrastPage, Site};
use crate::site::parts::{Cell, Kind, card, counted, numbers, panel, percent, two, warnings};
use crate::site::start::network_record;
use nanoaid::atlas::{Comparison, DATA_BARS, RANDOM_WEIGHTS, UnitPlace};
use nanoaid::interpret::differential::{Side, UnitDifference};

/// Units of each side that are shown as pictures.
const SHOWN: usize = 12;

/// The page.
pub(super) fn contrast(site: &Site<'_>, idx: usize) -> String {
    let view = &site.contrasts[idx];
    let network = &site.atlas.networks[view.network];
    let address = site.contrast_page(idx);
    let from = From::page(&address);
    let title = format!("{} against {}", view.sides[0], view.sides[1]);
    let points: Vec<VolcanoPoint> = view
        .contrast
        .units
        .iter()
        .map(|unit| VolcanoPoint { auc: unit.auc.value, q: unit.q, found: view.is_found(unit) })
        .collect();
    let (found, units) = (view.contrast, &view.contrast.units);
    let body = html! {
        p.lead {
            @if found.n_found == 0 { "No unit differs" } @else { (found.n_found) " of " (counted(units.len(), "unit")) " differ" }
            " between " (set(site, from, &found.a, &view.sides[0])) " and " (set(site, from, &found.b, &view.sides[1]))
            " at a false discovery rate of at most " (percent(found.config.false_share)) "."
        }
        (warnings(&cautions(view)))
        (panel("volcano", "Effect and significance", Kind::Chart, &html! {
            figure.volcano {
                (PreEscaped(volcano(&points, &view.sides, found.config.false_share)))
                p.hint aria-hidden="true" { "Point at a dot to see its unit." }
                figcaption {
                    "Each dot is a unit. Across: AUC − 0.5, to the right where " (view.sides[0]) " drives it more. Upwards: −log₁₀ of q, the share of false discoveries among units at least as significant. Compared: largest activation in each micrograph. " (intervals(view))
                }
            }
            (units_table(site, from, view))
        }))
        @if let Some(compared) = view.compared {
            (panel("controls", "Negative controls", Kind::Table, &controls(compared)))
        }
        div.grid {
            (side(site, from, view, true))
            (side(site, from, view, false))
        }
    };
    let frame = Frame {
        title: title.clone(),
        below: format!("{}, {}", network.name(), counted(units.len(), "unit")),
        above: vec![(network.name(), site.network_page(view.network))],
        cited_as: format!("{title} in {}", network.name()),
        made: network_record(network),
        scripts: &["contrast.js"],
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// What to know before relying on it.
fn cautions(view: &ContrastPage<'_>) -> Vec<String> {
    let of_design = view.contrast.warnings.iter().map(|warning| format!("{warning}; {}", warning.advice()));
    let of_controls = view.compared.iter().flat_map(|compared| &compared.doubts);
    let none = view.compared.is_none().then(|| match view.random {
        Some(random) => format!(
            "control: in the same network with random weights {} of {} units differ; sources and settings may differ between classes, too",
            random.n_found, random.n_units
        ),
        None => "there is no control for this comparison: sources and settings may differ between classes, too"
            .to_owned(),
    });
    of_design.chain(of_controls.map(|doubt| format!("{doubt}; {}", doubt.advice()))).chain(none).collect()
}

fn intervals(view: &ContrastPage<'_>) -> String {
    let config = &view.contrast.config;
    format!(
        "Intervals hold {:.0} % of {} resamples of groups (seed {}).",
        100.0 * config.interval,
        config.n_bootstrap,
        config.seed
    )
}

fn set(site: &Site<'_>, from: From, side: &Side, name: &str) -> Markup {
    let classes: Vec<usize> = side.classes.iter().filter_map(|class| site.atlas.class(class)).collect();
    html! {
        strong { (name) } " (" (counted(side.n_images, "micrograph")) " in " (counted(side.n_groups, "group"))
        @if !classes.is_empty() { "; " }
        @for (nth, class) in classes.iter().enumerate() {
            @if nth > 0 { ", " } a href=(from.to(&site.class_page(*class))) { (site.class_name(*class)) }
        }
        ")"
    }
}

fn effect(unit: &UnitDifference) -> f64 {
    (unit.auc.value - 0.5).abs()
}

fn units_table(site: &Site<'_>, from: From, view: &ContrastPage<'_>) -> Markup {
    let units = &view.contrast.units;
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.sort_by(|&a, &b| {
        units[a].q.total_cmp(&units[b].q).then(effect(&units[b]).total_cmp(&effect(&units[a])))
    });
    html! {
        div.wide tabindex="0" role="region" aria-label="Units" {
            table.data data-rows="20" {
                thead { tr { th scope="col" { "unit" } th.number scope="col" { "AUC" } th.number scope="col" data-csv="low;high" { "interval" } th.number scope="col" { "q" } th scope="col" { "found" } } }
                tbody { @for idx in order {
                    @let found = &units[idx];
                    @let unit = site.atlas.unit_at(view.network, found.unit);
                    tr data-row=(idx) {
                        td { a href=(from.to(&site.unit_page(unit))) { (site.unit_address(unit)) } }
                        (Cell::two(found.auc.value)) (Cell::interval(found.auc.interval)) (Cell::number(found.q))
                        td { @if view.is_found(found) { "yes" } @else { "no" } }
                    }
                } }
            }
        }
    }
}

fn controls(compared: &Comparison) -> Markup {
    let (contrast, shuffled) = (&compared.contrast, &compared.controls.shuffled);
    let largest = contrast.units.iter().map(effect).fold(0.0, f64::max);
    let meaning = |name: &str| match name {
        RANDOM_WEIGHTS => {
            "The same network before training: units found here respond to brightness and texture alone."
        }
        DATA_BARS => {
            "Only the data bars that the instrument writes: units found here do not respond to the specimen."
        }
        _ => "",
    };
    html! {
        p.soft { "The same analysis where no unit, or fewer, should be found. If a control finds as many units as the comparison itself, the classes differ in something other than the specimens." }
        div.wide tabindex="0" role="region" aria-label="Controls" {
            table.data {
                thead { tr {
                    th scope="col" { "what" } th.number scope="col" { "units" } th.number scope="col" { "found" } th scope="col" { "any found in" } th.number scope="col" { "largest |AUC − 0.5|" } th scope="col" { "meaning" }
                } }
                tbody {
                    tr.best { th scope="row" { "this comparison" } td.number { (contrast.n_units) } td.number { (contrast.n_found) } td {} (Cell::two(largest)) td {} }
                    tr {
                        th scope="row" { "shuffled labels" }
                        td.number { (contrast.n_units) }
                        td.number { (shuffled.most_found) }
                        td { (percent(shuffled.share)) " of " (shuffled.n_runs) " repetitions" }
                        (Cell::text("–"))
                        td { "Labels exchanged between groups, many times: units should be found in at most " (percent(compared.controls.config.false_share)) " of the repetitions. The number is that of the repetition with most." }
                    }
                    @for control in &compared.controls.others { tr {
                        th scope="row" { (control.name) }
                        td.number { (control.n_units) }
                        td.number { (control.n_found) }
                        td {}
                        (Cell::two(control.largest_distance))
                        td { (meaning(&control.name)) }
                    } }
                }
            }
        }
    }
}

/// The units that one of the sets drives more, as pictures.
fn side(site: &Site<'_>, from: From, view: &ContrastPage<'_>, first: bool) -> Markup {
    let mut units: Vec<&UnitDifference> = view
        .contrast
        .units
        .iter()
        .filter(|unit| view.is_found(unit) && (unit.auc.value > 0.5) == first)
        .collect();
    units.sort_by(|a, b| effect(b).total_cmp(&effect(a)));
    let title = format!("Driven more by {}", view.sides[usize::from(!first)]);
    // nothing to save
    if units.is_empty() {
        return html! { section { div.head { h2 { (title) } } p.soft { "No unit was found." } } };
    }
    let id = if first { "more-in-a" } else { "more-in-b" };
    let shown: Vec<(UnitPlace, f64)> = units
        .iter()
        .take(SHOWN)
        .map(|unit| (site.atlas.unit_at(view.network, unit.unit), unit.auc.value))
        .collect();
    let rows: Vec<(String, Vec<Cell>)> =
        shown.iter().map(|(unit, auc)| (site.unit_address(*unit), vec![Cell::two(*auc)])).collect();
    panel(
        id,
        &title,
        Kind::Units,
        &html! {
            ul.units { @for (unit, auc) in &shown {
                li { (card(site, from, *unit, &html! { (site.layer(*unit).name) " " (two(*auc)) })) }
            } }
            details.numbers { summary { "Numbers" } (numbers(&["unit", "AUC"], &rows)) }
        },
    )
}
