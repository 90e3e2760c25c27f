//! The page of a layer in several networks: each unit beside those that answer alike.

use maud::{Markup, html};

use crate::site::address::From;
use crate::site::frame::{Frame, page};
use crate::site::model::{SideBySideView, Site, UnitRef};
use crate::site::parts::{Cell, Kind, card, counted, numbers, panel, two};

/// The page.
pub(super) fn side_by_side(site: &Site, idx: usize) -> String {
    let view = &site.side_by_sides[idx];
    let address = site.side_by_side_page(idx);
    let from = From::page(&address);
    let name = |member: usize| {
        let (network, layer) = view.members[member];
        format!("{} {}", site.networks[network].name, site.networks[network].layers[layer].name)
    };
    let body = html! {
        p.lead { (view.how) }
        (panel("pairs", "How alike they are", Kind::Table, &html! {
            div.wide tabindex="0" role="region" aria-label="Pairs" { table.data {
                thead { tr {
                    th scope="col" { "pair" } th.number scope="col" { "units" } th.number scope="col" { "mean |correlation| of best matches" } th.number scope="col" { "same, micrographs shuffled" } th.number scope="col" { "mutual best matches" }
                } }
                tbody { @for pair in &view.pairs { tr {
                    th scope="row" { (name(pair.members.0)) " and " (name(pair.members.1)) }
                    td.number { (pair.n_units) }
                    (pair.mean_best.map_or(Cell::text("–"), Cell::two))
                    (pair.mean_best_shuffled.map_or(Cell::text("–"), Cell::two))
                    td.number { (pair.n_mutual) }
                } } }
            } }
        }))
        (panel("units", "Unit by unit", Kind::Units, &html! {
            p.soft { "The best match in each further network with its correlation; ⇄ where each is the other's best match, → where only the second is that of the first." }
            (rows(site, from, view))
        }))
    };
    let frame = Frame {
        title: view.title.clone(),
        below: counted(view.rows.len(), "unit"),
        cited_as: view.title.clone(),
        made: view
            .members
            .iter()
            .map(|(network, _)| {
                let network = &site.networks[*network];
                (format!("network {}", network.name), format!("SHA-256 {}", network.sha256))
            })
            .collect(),
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

fn rows(site: &Site, from: From, view: &SideBySideView) -> Markup {
    let at = |member: usize, channel: usize| {
        let (network, layer) = view.members[member];
        UnitRef { network, layer, channel }
    };
    let mut names = Vec::new();
    for (nth, (network, layer)) in view.members.iter().enumerate() {
        let network = &site.networks[*network];
        names.push(format!("{} {}", network.name, network.layers[*layer].name));
        if nth > 0 {
            names.extend(["correlation", "mutual"].map(str::to_owned));
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let cells = view.rows.iter().map(|row| {
        let found = row.matches.iter().flat_map(|found| match found {
            Some(found) => [
                Cell::text(found.channel.to_string()),
                Cell::two(found.correlation),
                Cell::text(if found.mutual { "yes" } else { "no" }),
            ],
            None => [Cell::text("none"), Cell::optional(None), Cell::text("")],
        });
        (row.channel.to_string(), found.collect())
    });
    let cells: Vec<(String, Vec<Cell>)> = cells.collect();
    html! {
        ul.matches data-columns=(view.members.len()) {
            @for row in &view.rows { li {
                (card(site, from, at(0, row.channel), &html! { (site.networks[view.members[0].0].name) }))
                @for (nth, found) in row.matches.iter().enumerate() {
                    @match found {
                        Some(found) => {
                            span.arrow aria-hidden="true" { @if found.mutual { "⇄" } @else { "→" } }
                            (card(site, from, at(nth + 1, found.channel), &html! { (two(found.correlation)) " " (site.networks[view.members[nth + 1].0].name) }))
                        }
                        None => { span.arrow aria-hidden="true" { "→" } span.nothing { "no match" } }
                    }
                }
            } }
        }
        details.numbers { summary { "Numbers" } (numbers(&names, &cells)) }
    }
}
