//! The page of a layer in several networks: each unit beside those that respond alike.

use maud::{Markup, html};

use crate::site::address::From;
use crate::site::frame::{Frame, page};
use crate::site::model::Site;
use crate::site::parts::{Cell, Kind, card, counted, numbers, panel, two};
use nanoaid::atlas::{LayerMatches, UnitPlace};
use nanoaid::interpret::matching::UnitMatches;

/// The page.
pub(super) fn side_by_side(site: &Site<'_>, idx: usize) -> String {
    let view = &site.atlas.layer_matches[idx];
    let title = site.side_by_side_title(view);
    let address = site.side_by_side_page(idx);
    let from = From::page(&address);
    let name = |member: usize| {
        let (network, _) = view.members[member];
        format!("{} {}", site.atlas.networks[network].name(), view.layer)
    };
    let body = html! {
        p.lead { "Units are matched by Pearson's correlation of their largest activations over the same micrographs." }
        (panel("pairs", "How similar the layers are", Kind::Table, &html! {
            div.wide tabindex="0" role="region" aria-label="Pairs" { table.data {
                thead { tr {
                    th scope="col" { "pair" } th.number scope="col" { "units" } th.number scope="col" { "mean |correlation| of best matches" } th.number scope="col" { "same, micrographs shuffled" } th.number scope="col" { "mutual best matches" }
                } }
                tbody { @for ((a, b), matching) in view.pairs.iter().zip(&view.matchings) { tr {
                    th scope="row" { (name(*a)) " and " (name(*b)) }
                    td.number { (matching.a.units.len()) }
                    (matching.a.mean_best.map_or(Cell::text("–"), Cell::two))
                    (matching.a.mean_best_by_chance.map_or(Cell::text("–"), Cell::two))
                    td.number { (matching.n_mutual) }
                } } }
            } }
        }))
        (panel("units", "Unit by unit", Kind::Units, &html! {
            p.soft { "The best match in each further network with its correlation; ⇄ where each is the other's best match, → where only the second is the best match of the first." }
            (rows(site, from, view))
        }))
    };
    let frame = Frame {
        below: counted(n_rows(view), "unit"),
        cited_as: title.clone(),
        title,
        made: view
            .members
            .iter()
            .map(|(network, _)| {
                let network = &site.atlas.networks[*network];
                (format!("network {}", network.name()), format!("SHA-256 {}", network.sha256))
            })
            .collect(),
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// Units of the first member: one row each.
fn n_rows(view: &LayerMatches) -> usize {
    view.matchings.first().map_or(0, |matching| matching.a.units.len())
}

/// The matches of a unit of the first member in each further member.
fn matches_of(view: &LayerMatches, channel: usize) -> impl Iterator<Item = &UnitMatches> {
    let of_first = view.pairs.iter().zip(&view.matchings).filter(|((a, _), _)| *a == 0);
    of_first.map(move |(_, matching)| &matching.a.units[channel])
}

fn rows(site: &Site<'_>, from: From, view: &LayerMatches) -> Markup {
    let at = |member: usize, channel: usize| {
        let (network, layer) = view.members[member];
        UnitPlace { network, layer, channel }
    };
    let name_of = |member: usize| site.atlas.networks[view.members[member].0].name();
    let mut names = Vec::new();
    for (nth, (network, layer)) in view.members.iter().enumerate() {
        let network = &site.atlas.networks[*network];
        names.push(format!("{} {}", network.name(), network.layers[*layer].layer.name));
        if nth > 0 {
            names.extend(["correlation", "mutual"].map(str::to_owned));
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let cells = (0..n_rows(view)).map(|channel| {
        let found = matches_of(view, channel).flat_map(|unit| match unit.best.first() {
            Some(best) => [
                Cell::text(best.unit.to_string()),
                Cell::two(best.pearson),
                Cell::text(if unit.mutual { "yes" } else { "no" }),
            ],
            None => [Cell::text("none"), Cell::optional(None), Cell::text("")],
        });
        (channel.to_string(), found.collect())
    });
    let cells: Vec<(String, Vec<Cell>)> = cells.collect();
    html! {
        ul.matches data-columns=(view.members.len()) {
            @for channel in 0..n_rows(view) { li {
                (card(site, from, at(0, channel), &html! { (name_of(0)) }))
                @for (nth, unit) in matches_of(view, channel).enumerate() {
                    @match unit.best.first() {
                        Some(best) => {
                            span.arrow aria-hidden="true" { @if unit.mutual { "⇄" } @else { "→" } }
                            (card(site, from, at(nth + 1, best.unit), &html! { (two(best.pearson)) " " (name_of(nth + 1)) }))
                        }
                        None => { span.arrow aria-hidden="true" { "→" } span.nothing { "no match" } }
                    }
                }
            } }
        }
        details.numbers { summary { "Numbers" } (numbers(&names, &cells)) }
    }
}
