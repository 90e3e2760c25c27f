//! The page of a layer: all its units as a grid that can be ordered and filtered.

use maud::{Markup, html};
use micrograph::paint::number_text;

use crate::site::address::From;
use crate::site::frame::{Frame, page};
use crate::site::model::Site;
use crate::site::parts::{Cell, Kind, counted, panel, picture, two};
use crate::site::start::{INPUT, map_text, network_record};
use nanoaid::atlas::{UnitAtlas, UnitPlace, UnitSummary};

/// What units can be ordered by: the name of the attribute, and what it holds.
const ORDERS: [(&str, &str); 8] = [
    ("n", "channel"),
    ("a", "largest activation"),
    ("f", "share of micrographs that activate it"),
    ("c", "how well it separates a class"),
    ("m", "machine score"),
    ("s", "selectivity for orientation"),
    ("p", "preferred period"),
    ("x", "preferred axis"),
];

/// The page of the layer number `layer` of the network number `network`.
pub(super) fn layer(site: &Site<'_>, network: usize, layer: usize) -> String {
    let owner = &site.atlas.networks[network];
    let view = &owner.layers[layer];
    let described = &view.layer;
    let address = site.layer_page(network, layer);
    let from = From::page(&address);
    let unit = |channel| UnitPlace { network, layer, channel };
    let dead: Vec<usize> =
        (0..view.units.len()).filter(|channel| view.units[*channel].summary.dead).collect();
    let classes: Vec<usize> = {
        let mut classes: Vec<usize> =
            view.units.iter().filter_map(|unit| Some(class_of(site, &unit.summary)?.0)).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    };
    let body = html! {
        @if !dead.is_empty() {
            p {
                strong { (counted(dead.len(), "dead unit")) } " of " (view.units.len()) " give the same largest activation for every micrograph: "
                @for (idx, channel) in dead.iter().enumerate() {
                    @if idx > 0 { ", " } a href={ (channel) ".html" } { (site.unit_name(unit(*channel))) }
                } "."
            }
        }
        (panel("units", "Units", Kind::Units, &html! {
            form.filter hidden {
                label { "Order by " select name="order" {
                    @for (key, name) in ORDERS.iter().filter(|(key, _)| has(view.units.as_slice(), key)) {
                        option value=(key) { (name) }
                    }
                } }
                label { "Only " select name="class" {
                    option value="" { "all units" }
                    @for class in &classes { option value=(class) { "those that separate " (site.class_name(*class)) } }
                } }
                label { "Find " input name="text" type="search" size="10" placeholder="channel"; }
                @if !dead.is_empty() { label { input name="alive" type="checkbox"; " hide dead units" } }
                output name="shown" aria-live="polite" { (counted(view.units.len(), "unit")) }
            }
            ul.units.all {
                @for (channel, summary) in view.units.iter().map(|unit| &unit.summary).enumerate() {
                    @let class = class_of(site, summary);
                    li data-n=(channel) data-a=(summary.largest) data-f=[Some(summary.firing_share)]
                        data-m=[summary.machine_score] data-s=[summary.selectivity] data-p=[summary.period_px] data-x=[summary.axis_deg]
                        data-c=[class.map(|class| (class.1 - 0.5).abs())] data-k=[class.map(|class| class.0)]
                        data-dead[summary.dead] {
                        a.card href={ (channel) ".html" } {
                            (picture(site, from, unit(channel)))
                            span.name { (site.unit_name(unit(channel))) }
                            span.note { (note(site, summary)) }
                        }
                    }
                }
            }
        }))
        (orders_table(site, network, layer))
    };
    let neighbour = |idx: Option<usize>| {
        idx.filter(|idx| *idx < owner.layers.len()).map(|idx| site.layer_page(network, idx))
    };
    let field = described
        .receptive_field_px
        .map_or("sees the whole image".to_owned(), |px| format!("receptive field {px} px"));
    let frame = Frame {
        title: described.name.clone(),
        below: format!(
            "{}{}, map {} for {} × {} px, stride {} px, {field}",
            if described.operation.is_empty() { String::new() } else { format!("{}: ", described.operation) },
            counted(view.units.len(), "unit"),
            map_text(described),
            INPUT.1,
            INPUT.0,
            described.stride
        ),
        above: vec![(owner.name(), site.network_page(network))],
        row: (neighbour(layer.checked_sub(1)), neighbour(Some(layer + 1))),
        cited_as: format!("layer {} of {}", described.name, owner.name()),
        made: network_record(owner),
        scripts: &["layer.js"],
        address,
    };
    page(site, &frame, &body)
}

/// Index of the class that the unit separates best, and the AUC.
fn class_of(site: &Site<'_>, summary: &UnitSummary) -> Option<(usize, f64)> {
    let best = summary.class.as_ref()?;
    Some((site.atlas.class(&best.class)?, best.auc))
}

/// Whether a unit of this AUC fires more or less for a class than for the rest.
pub(super) fn side_text(auc: f64) -> &'static str {
    if auc < 0.5 { "less" } else { "more" }
}

/// Whether any unit has a value of the attribute `key`.
fn has(units: &[UnitAtlas], key: &str) -> bool {
    units.iter().map(|unit| &unit.summary).any(|unit| match key {
        "c" => unit.class.is_some(),
        "m" => unit.machine_score.is_some(),
        "s" => unit.selectivity.is_some(),
        "p" => unit.period_px.is_some(),
        "x" => unit.axis_deg.is_some(),
        _ => true,
    })
}

/// The line below a unit's name: its class, or its largest activation.
fn note(site: &Site<'_>, summary: &UnitSummary) -> Markup {
    html! {
        @if summary.dead { "dead" }
        @else if let Some((class, auc)) = class_of(site, summary) { "fires " (side_text(auc)) " for " (site.class_name(class)) ", " (two(auc)) }
        @else { "to " (number_text(f64::from(summary.largest))) }
    }
}

/// All numbers of the grid as a folded table.
fn orders_table(site: &Site<'_>, network: usize, layer: usize) -> Markup {
    let view = &site.atlas.networks[network].layers[layer];
    html! {
        (panel("numbers", "Numbers", Kind::Table, &html! {
            details {
                summary { "Table of all units" }
                div.wide tabindex="0" role="region" aria-label="Table of all units" {
                    table.data {
                        thead { tr {
                            th scope="col" { "channel" } th.number scope="col" { "largest" } th.number scope="col" { "median" }
                            th.number scope="col" { "active in" } th.number scope="col" { "period (px)" } th.number scope="col" { "axis (°)" }
                            th.number scope="col" { "selectivity" } th.number scope="col" { "machine score" } th scope="col" { "class" } th.number scope="col" { "AUC" }
                        } }
                        tbody { @for (channel, unit) in view.units.iter().map(|unit| &unit.summary).enumerate() {
                            @let class = class_of(site, unit);
                            tr {
                                td { (channel) @if let Some(name) = &unit.name { " " (name) } @if unit.dead { " (dead)" } }
                                (Cell::single(unit.largest))
                                (Cell::single(unit.median))
                                (Cell::percent(unit.firing_share))
                                (Cell::optional(unit.period_px))
                                (Cell::optional(unit.axis_deg))
                                (Cell::optional(unit.selectivity))
                                (Cell::optional(unit.machine_score))
                                td { @if let Some((class, _)) = class { (site.class_name(class)) } }
                                (Cell::optional(class.map(|class| class.1)))
                            }
                        } }
                    }
                }
            }
        }))
    }
}
