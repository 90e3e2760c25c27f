//! The first page and the page of a network.

use maud::{Markup, html};

use crate::site::address::{From, MICROGRAPHS, START};
use crate::site::crop::pane;
use crate::site::frame::{Frame, page, short};
use crate::site::model::{ContrastPage, Site};
use crate::site::parts::{Kind, card, counted, facts, panel, percent, warnings};
use micrograph::Rect;
use nanoaid::atlas::{LayerAtlas, NetworkAtlas, UnitPlace};
use nanoaid::{Architecture, Layer};

/// Rows and columns of the input for which the size of maps is given.
pub(super) const INPUT: (usize, usize) = (768, 1024);
/// Micrographs that the first page shows.
const SHOWN: usize = 12;

/// The first page: what this is, networks, classes, comparisons, micrographs.
pub(super) fn start(site: &Site<'_>) -> String {
    let from = From::page(START);
    let body = html! {
        (warnings(&site.made.warnings))
        p.lead {
            @if let Some(text) = synthetic_text(site) { (text) " " }
            "Each unit of a network is shown by the micrographs that drive it most, least and in between, by synthetic pictures that maximise it, and by its responses to gratings, lattices and discs. Numbers have intervals; lengths are in nanometres where the micrograph is calibrated, else in px."
        }
        h2 { "Networks" }
        div.tiles {
            @for (idx, network) in site.atlas.networks.iter().enumerate() {
                a.tile href=(from.to(&site.network_page(idx))) {
                    strong { (network.name()) }
                    span { (what(network)) }
                    span.soft { (counted(network.layers.len(), "layer")) ", " (counted(network.n_units(), "unit")) }
                }
            }
        }
        (comparisons(site, from))
        @if !site.atlas.layer_matches.is_empty() {
            h2 { "Side by side" }
            ul.plain {
                @for (idx, matches) in site.atlas.layer_matches.iter().enumerate() {
                    li { a href=(from.to(&site.side_by_side_page(idx))) { (site.side_by_side_title(matches)) } }
                }
            }
        }
        @if !site.self_tests.is_empty() {
            h2 { "Test yourself" }
            p { "Do the exemplars explain a unit? Look at nine that drive it and nine that do not, then choose which of two further patches drives it more." }
            ul.plain {
                @for (idx, network) in site.self_tests.iter().map(|&network| &site.atlas.networks[network]).enumerate() {
                    li { a href=(from.to(&site.self_test_page(idx))) { (counted(network.questions.len(), "question")) " about " (network.name()) } }
                }
            }
        }
        @if !site.atlas.classes.is_empty() {
            h2 { "Classes" }
            div.tiles.small {
                @for idx in 0..site.atlas.classes.len() {
                    @let n = site.members(Some(idx)).len();
                    a.tile href=(from.to(&site.class_page(idx))) {
                        strong { (site.class_name(idx)) }
                        span.soft { (counted(n, "micrograph")) }
                    }
                }
            }
        }
        h2 { "Micrographs" }
        ul.crops.whole {
            @for idx in evenly(site.atlas.micrographs.len(), SHOWN) { li { (micrograph_tile(site, from, idx)) } }
        }
        p { a href=(from.to(MICROGRAPHS)) { "All " (counted(site.atlas.micrographs.len(), "micrograph")) } }
    };
    let frame = Frame {
        address: START.to_owned(),
        title: site.title.clone(),
        below: format!(
            "{}, {}, {}",
            counted(site.atlas.networks.len(), "network"),
            counted(site.atlas.networks.iter().map(NetworkAtlas::n_units).sum(), "unit"),
            counted(site.atlas.micrographs.len(), "micrograph")
        ),
        cited_as: "first page".to_owned(),
        made: networks_record(site),
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// How many micrographs are drawn rather than taken, as far as their names say so: a part of the path
/// that contains `synthetic`.
pub(super) fn synthetic_text(site: &Site<'_>) -> Option<String> {
    let n = site.atlas.micrographs.iter().filter(|seen| is_synthetic(&seen.file)).count();
    let all = site.atlas.micrographs.len();
    (n > 0).then(|| {
        if n == all {
            "All micrographs of this atlas are synthetic, by their names.".to_owned()
        } else {
            format!("{n} of the {all} micrographs are synthetic, by their names.")
        }
    })
}

/// Whether the name of a file says that it is synthetic.
pub(super) fn is_synthetic(file: &str) -> bool {
    file.to_lowercase().contains("synthetic")
}

/// A micrograph as a square tile that leads to its page.
pub(super) fn micrograph_tile(site: &Site<'_>, from: From, idx: usize) -> Markup {
    let seen = site.micrograph(idx);
    // the largest square in the middle
    let side = seen.height.min(seen.width);
    let middle = Rect { y: (seen.height - side) / 2, x: (seen.width - side) / 2, height: side, width: side };
    html! {
        a.crop href=(from.to(&site.micrograph_page(idx))) {
            (pane(site, from, idx, middle, &seen.file))
            @if let Some(class) = site.class_of(idx) { span.class { (site.class_name(class)) } }
            @if is_synthetic(&seen.file) { span.class { "synthetic" } }
        }
    }
}

/// At most `most` of `0 .. n`, evenly spread.
fn evenly(n: usize, most: usize) -> Vec<usize> {
    let count = n.min(most);
    (0..count).map(|idx| idx * n / count).collect()
}

/// The page of a network: its layers.
pub(super) fn network(site: &Site<'_>, idx: usize) -> String {
    let network = &site.atlas.networks[idx];
    let address = site.network_page(idx);
    let from = From::page(&address);
    let head = ["layer", "units", "dead", "map", "stride (px)", "receptive field (px)", "what it does"]
        .map(str::to_owned);
    let body = html! {
        (facts(&about(network)))
        (panel("layers", "Layers", Kind::Table, &html! {
            p.soft { "In the order of the forward pass. The map is that of an input of " (INPUT.1) " × " (INPUT.0) " px (width × height); the receptive field is the area of the image that one position can depend on." }
            div.wide tabindex="0" role="region" aria-label="Table of layers" {
                table.data {
                    thead { tr { @for (column, name) in head.iter().enumerate() { th.number[(1..6).contains(&column)] scope="col" { (name) } } } }
                    tbody {
                        @for (layer_idx, layer) in network.layers.iter().enumerate() {
                            tr {
                                th scope="row" { a href=(from.to(&site.layer_page(idx, layer_idx))) { (layer.layer.name) } }
                                @for cell in layer_cells(layer) { td.number { (cell) } }
                                td { (layer.layer.operation) }
                            }
                        }
                    }
                }
            }
        }))
        @for (layer_idx, layer) in network.layers.iter().enumerate() {
            section.strip {
                h3 { a href=(from.to(&site.layer_page(idx, layer_idx))) { (layer.layer.name) } }
                ul.units.few {
                    @for (channel, unit) in layer.units.iter().enumerate().filter(|(_, unit)| !unit.pictures.is_empty()).take(SHOWN) {
                        @let unit_ref = UnitPlace { network: idx, layer: layer_idx, channel };
                        li { (card(site, from, unit_ref, &html! { @if unit.summary.dead { "dead" } })) }
                    }
                }
            }
        }
        @for place in site.concepts_of_network(idx) {
            @let concepts = &site.concepts[place];
            p { a href=(from.to(&site.concepts_page(place))) { "Concepts of " (concepts.layer()) } ": " (concepts.record.found.concepts.len()) " by " (concepts.record.found.method)
                @if let Some(class) = &concepts.record.found.class { ", of " (class.replace('_', " ")) } }
        }
        @if let Some(test) = site.self_tests.iter().position(|&network| network == idx) {
            p { a href=(from.to(&site.self_test_page(test))) { "Test yourself on this network" } }
        }
    };
    let frame = Frame {
        title: network.name(),
        below: what(network),
        cited_as: format!("network {} ({})", network.name(), short(&network.sha256)),
        made: network_record(network),
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// The network in the foot of a page.
pub(super) fn network_record(network: &NetworkAtlas) -> Vec<(String, String)> {
    vec![("network".to_owned(), format!("{}, SHA-256 {}", network.name(), network.sha256))]
}

/// The networks in the foot of a page about all of them.
pub(super) fn networks_record(site: &Site<'_>) -> Vec<(String, String)> {
    let record = |network: &NetworkAtlas| {
        (format!("network {}", network.name()), format!("SHA-256 {}", network.sha256))
    };
    site.atlas.networks.iter().map(record).collect()
}

/// Width and height of the maps of a layer for an input of [`INPUT`].
pub(super) fn map_text(layer: &Layer) -> String {
    format!("{} × {}", layer.map_length(INPUT.1), layer.map_length(INPUT.0))
}

/// A network in one sentence.
fn what(network: &NetworkAtlas) -> String {
    let n_classes = network.classes.as_ref().map_or(0, Vec::len);
    match &network.architecture {
        Architecture::Autoencoder(config) => format!(
            "Autoencoder of {} stages, trained to reconstruct micrographs from a code of {} channels",
            config.stages.len(),
            config.latent
        ),
        Architecture::Compact(_) => {
            format!("Classifier of {} stages for {n_classes} classes", network.n_stages)
        }
        Architecture::Published(config) => format!("{}, trained on photos by others", config.network.name()),
        Architecture::Transfer(config) => {
            format!("{} with a head for {n_classes} classes", config.trunk.network.name())
        }
        Architecture::Segmenter(config) => {
            format!("Segmenter of {} levels: finds particles, fibres and pores", config.levels.len())
        }
        Architecture::Imported(_) => "Network of others, read from an ONNX file".to_owned(),
    }
}

fn about(network: &NetworkAtlas) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Weights and biases".to_owned(), network.n_weights.to_string()),
        ("Ran on".to_owned(), network.device.clone()),
    ];
    if let Some(classes) = &network.classes {
        facts.push(("Classes".to_owned(), classes.join(", ")));
    }
    facts
}

/// Differential analyses of classes, each with what its controls find. Those without controls (each
/// class against all others) are on the pages of the classes.
fn comparisons(site: &Site<'_>, from: From) -> Markup {
    let all: Vec<(usize, &ContrastPage<'_>)> =
        site.contrasts.iter().enumerate().filter(|(_, page)| page.compared.is_some()).collect();
    if all.is_empty() {
        return html! {};
    }
    let (found, none): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, page)| page.contrast.n_found > 0);
    let link = |(idx, page): &(usize, &ContrastPage<'_>)| {
        html! { a href=(from.to(&site.contrast_page(*idx))) { (page.sides[0]) " against " (page.sides[1]) } " in " (site.atlas.networks[page.network].name()) }
    };
    html! {
        h2 { "Differences between classes" }
        @if !found.is_empty() {
            ul.plain { @for one in &found { li { (link(one)) ": " span.soft { (summary(one.1)) } } } }
        }
        @if !none.is_empty() {
            p {
                "No unit differs between "
                @for (nth, one) in none.iter().enumerate() { @if nth > 0 { "; " } (link(one)) }
                " (false discovery rate of at most " (percent(none[0].1.contrast.config.false_share)) ")."
            }
        }
    }
}

/// What an analysis and its controls find, in a line.
fn summary(page: &ContrastPage<'_>) -> String {
    let mut text = format!("{} of {} differ", page.contrast.n_found, counted(page.contrast.n_units, "unit"));
    if let Some(compared) = page.compared {
        for control in &compared.controls.others {
            text +=
                &format!("; by the control “{}” {} of {}", control.name, control.n_found, control.n_units);
        }
        let shuffled = &compared.controls.shuffled;
        text += &format!(
            "; with shuffled labels any in {} of {} repetitions",
            percent(shuffled.share),
            shuffled.n_runs
        );
        if !compared.doubts.is_empty() {
            text += ". A control finds as many or nearly so: the difference need not be one of the specimens";
        }
    }
    text
}

fn layer_cells(layer: &LayerAtlas) -> [String; 5] {
    let n_dead = layer.units.iter().filter(|unit| unit.summary.dead).count();
    [
        layer.units.len().to_string(),
        n_dead.to_string(),
        map_text(&layer.layer),
        layer.layer.stride.to_string(),
        layer.layer.receptive_field_px.map_or("whole image".to_owned(), |px| px.to_string()),
    ]
}
