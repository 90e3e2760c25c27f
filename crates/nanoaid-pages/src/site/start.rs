//! The first page and the page of a network.

use maud::{Markup, html};

use crate::site::address::{From, MICROGRAPHS, START};
use crate::site::crop::pane;
use crate::site::frame::{Frame, page, short};
use crate::site::model::{LayerView, NetworkView, Site, UnitRef};
use crate::site::parts::{Kind, card, counted, facts, panel, warnings};
use micrograph::Rect;

/// Micrographs that the first page shows.
const SHOWN: usize = 12;

/// The first page: what this is, networks, classes, comparisons, micrographs.
pub(super) fn start(site: &Site) -> String {
    let from = From::page(START);
    let body = html! {
        (warnings(&site.made.warnings))
        p.lead {
            "Each unit of a network is shown by the real micrographs that drive it most, least and in between, by synthetic pictures that it wants to see, and by its answers to gratings, lattices and discs. Numbers carry intervals; lengths are in nanometres where the micrograph is calibrated, else in px."
        }
        h2 { "Networks" }
        div.tiles {
            @for (idx, network) in site.networks.iter().enumerate() {
                a.tile href=(from.to(&site.network_page(idx))) {
                    strong { (network.name) }
                    span { (network.what) }
                    span.soft { (counted(network.layers.len(), "layer")) ", " (counted(network.n_units(), "unit")) }
                }
            }
        }
        @if !site.contrasts.is_empty() {
            h2 { "Class against class" }
            ul.plain {
                @for (idx, contrast) in site.contrasts.iter().enumerate() {
                    @let n_found = contrast.units.iter().filter(|unit| unit.found).count();
                    li {
                        a href=(from.to(&site.contrast_page(idx))) { (contrast.a.name) " against " (contrast.b.name) }
                        " " span.soft { (site.networks[contrast.network].name) ": " (n_found) " of " (counted(contrast.units.len(), "unit")) " differ at q ≤ " (contrast.fdr) }
                    }
                }
            }
        }
        @if !site.side_by_sides.is_empty() {
            h2 { "Side by side" }
            ul.plain {
                @for (idx, side_by_side) in site.side_by_sides.iter().enumerate() {
                    li { a href=(from.to(&site.side_by_side_page(idx))) { (side_by_side.title) } }
                }
            }
        }
        @if !site.self_tests.is_empty() {
            h2 { "Test yourself" }
            p { "Do the exemplars explain a unit? See nine that drive it and nine that do not, then say which of two further patches drives it more." }
            ul.plain {
                @for (idx, test) in site.self_tests.iter().enumerate() {
                    li { a href=(from.to(&site.self_test_page(idx))) { (counted(test.questions.len(), "question")) " about " (site.networks[test.network].name) } }
                }
            }
        }
        @if !site.classes.is_empty() {
            h2 { "Classes" }
            div.tiles.small {
                @for idx in 0..site.classes.len() {
                    @let n = site.micrographs.iter().filter(|seen| seen.class == Some(idx)).count();
                    a.tile href=(from.to(&site.class_page(idx))) {
                        strong { (site.class_name(idx)) }
                        span.soft { (counted(n, "micrograph")) }
                    }
                }
            }
        }
        h2 { "Micrographs" }
        ul.crops.whole {
            @for idx in evenly(site.micrographs.len(), SHOWN) { li { (micrograph_tile(site, from, idx)) } }
        }
        p { a href=(from.to(MICROGRAPHS)) { "All " (counted(site.micrographs.len(), "micrograph")) } }
    };
    let frame = Frame {
        address: START.to_owned(),
        title: site.title.clone(),
        below: format!(
            "{}, {}, {}",
            counted(site.networks.len(), "network"),
            counted(site.networks.iter().map(NetworkView::n_units).sum(), "unit"),
            counted(site.micrographs.len(), "micrograph")
        ),
        cited_as: "first page".to_owned(),
        made: site
            .networks
            .iter()
            .map(|network| (format!("network {}", network.name), format!("SHA-256 {}", network.sha256)))
            .collect(),
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// A micrograph as a square tile that leads to its page.
pub(super) fn micrograph_tile(site: &Site, from: From, idx: usize) -> Markup {
    let seen = &site.micrographs[idx];
    // the largest square in the middle
    let side = seen.height.min(seen.width);
    let middle = Rect { y: (seen.height - side) / 2, x: (seen.width - side) / 2, height: side, width: side };
    html! {
        a.crop href=(from.to(&site.micrograph_page(idx))) {
            (pane(site, from, idx, middle, &seen.file))
            @if let Some(class) = seen.class { span.class { (site.class_name(class)) } }
        }
    }
}

/// At most `most` of `0 .. n`, evenly spread.
fn evenly(n: usize, most: usize) -> Vec<usize> {
    let count = n.min(most);
    (0..count).map(|idx| idx * n / count).collect()
}

/// The page of a network: its layers.
pub(super) fn network(site: &Site, idx: usize) -> String {
    let network = &site.networks[idx];
    let address = site.network_page(idx);
    let from = From::page(&address);
    let head = ["layer", "units", "dead", "map", "stride (px)", "receptive field (px)", "what it does"]
        .map(str::to_owned);
    let body = html! {
        (facts(&network.facts))
        (panel("layers", "Layers", Kind::Table, &html! {
            p.soft { "In the order of the forward pass. The map is that of an input of " (input_text(network)) "; the receptive field is the part of the image that one position can depend on." }
            div.wide tabindex="0" role="region" aria-label="Table of layers" {
                table.data {
                    thead { tr { @for (column, name) in head.iter().enumerate() { th.number[(1..6).contains(&column)] scope="col" { (name) } } } }
                    tbody {
                        @for (layer_idx, layer) in network.layers.iter().enumerate() {
                            tr {
                                th scope="row" { a href=(from.to(&site.layer_page(idx, layer_idx))) { (layer.name) } }
                                @for cell in layer_cells(layer) { td.number { (cell) } }
                                td { (layer.what) }
                            }
                        }
                    }
                }
            }
        }))
        @for (layer_idx, layer) in network.layers.iter().enumerate() {
            section.strip {
                h3 { a href=(from.to(&site.layer_page(idx, layer_idx))) { (layer.name) } }
                ul.units.few {
                    @for (channel, unit) in layer.units.iter().enumerate().filter(|(_, unit)| !unit.picture_png.is_empty()).take(SHOWN) {
                        @let unit_ref = UnitRef { network: idx, layer: layer_idx, channel };
                        li { (card(site, from, unit_ref, &html! { @if unit.dead { "dead" } })) }
                    }
                }
            }
        }
        @if let Some(test) = site.self_tests.iter().position(|test| test.network == idx) {
            p { a href=(from.to(&site.self_test_page(test))) { "Test yourself on this network" } }
        }
    };
    let frame = Frame {
        title: network.name.clone(),
        below: network.what.clone(),
        cited_as: format!("network {} ({})", network.name, short(&network.sha256)),
        made: network_record(network),
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// What the foot of a page says of its network.
pub(super) fn network_record(network: &NetworkView) -> Vec<(String, String)> {
    vec![("network".to_owned(), format!("{}, SHA-256 {}", network.name, network.sha256))]
}

fn input_text(network: &NetworkView) -> String {
    network.layers.first().map_or(String::new(), |layer| format!("{} × {} px", layer.input.0, layer.input.1))
}

fn layer_cells(layer: &LayerView) -> [String; 5] {
    let n_dead = layer.units.iter().filter(|unit| unit.dead).count();
    [
        layer.units.len().to_string(),
        n_dead.to_string(),
        format!("{} × {}", layer.map.0, layer.map.1),
        layer.stride_px.to_string(),
        layer.field_px.map_or("whole image".to_owned(), |px| px.to_string()),
    ]
}
