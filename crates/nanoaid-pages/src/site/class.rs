//! The page of a class: units that separate it from the rest, and its micrographs.

use maud::{Markup, html};

use crate::site::address::From;
use crate::site::frame::{Frame, page};
use crate::site::layer::side_text;
use crate::site::model::Site;
use crate::site::parts::{Cell, Kind, card, counted, head, panel, percent, two};
use crate::site::start::{micrograph_tile, networks_record};
use crate::term::term;

/// Units of a network on a page.
pub(super) const MOST_UNITS: usize = 24;

/// The page.
pub(super) fn class(site: &Site<'_>, idx: usize) -> String {
    let name = &site.atlas.classes[idx];
    let address = site.class_page(idx);
    let from = From::page(&address);
    let members = site.members(Some(idx));
    let mut groups: Vec<&str> =
        members.iter().map(|member| site.micrograph(*member).group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let contrasts: Vec<usize> = (0..site.contrasts.len())
        .filter(|contrast| {
            let page = &site.contrasts[*contrast];
            // units of one class against all others are shown above
            let is_rest = page.compared.is_none() && !page.contrast.a.classes.contains(name);
            !is_rest && [&page.contrast.a, &page.contrast.b].iter().any(|side| side.classes.contains(name))
        })
        .collect();
    let body = html! {
        @for network in 0..site.atlas.networks.len() { (units_panel(site, from, network, idx)) }
        @if !contrasts.is_empty() {
            h2 { "Against others" }
            ul.plain { @for contrast in contrasts {
                @let view = &site.contrasts[contrast];
                li { a href=(from.to(&site.contrast_page(contrast))) { (view.sides[0]) " against " (view.sides[1]) } " " span.soft { (site.atlas.networks[view.network].name()) } }
            } }
        }
        h2 { "Micrographs" }
        ul.crops.whole { @for member in &members { li { (micrograph_tile(site, from, *member)) } } }
    };
    let frame = Frame {
        title: site.class_name(idx),
        below: format!("{} in {}", counted(members.len(), "micrograph"), counted(groups.len(), "group")),
        cited_as: format!("class {name}"),
        made: networks_record(site),
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// How many units separate a class from the rest, beside how many do in the control.
pub(super) fn control_text(site: &Site<'_>, network: usize, class: &str) -> String {
    let Some(found) = site.against_rest(network, class) else { return String::new() };
    let (n_found, n_units) = (found.contrast.n_found, found.contrast.n_units);
    let control = match &found.random {
        Some(random) => {
            format!("the same network with random weights has {} of {}", random.n_found, random.n_units)
        }
        None => {
            "there is no control with random weights, which did not read micrographs of the class".to_owned()
        }
    };
    format!(
        "{n_found} of {n_units} units separate it from the rest at a false discovery rate of at most {}; {control}. Sources and settings may differ between classes, too.",
        percent(found.contrast.config.false_share)
    )
}

fn units_panel(site: &Site<'_>, from: From, network: usize, class: usize) -> Markup {
    let units = site.units_of_class(network, class, MOST_UNITS);
    let index = network;
    let network = &site.atlas.networks[network];
    if units.is_empty() {
        return html! {};
    }
    panel(
        &format!("units-{}", network.id),
        &format!("Units of {} that separate it from the rest", network.name()),
        Kind::Units,
        &html! {
            p.soft {
                "Ordered by the distance of the " (term("AUC", "AUC")) " from 0.5, which is chance: the probability that a micrograph of the class drives the unit more than one of the rest; below 0.5 it fires less. "
                (control_text(site, index, &site.atlas.classes[class]))
            }
            ul.units { @for (unit, found) in &units {
                li { (card(site, from, *unit, &html! { "fires " (side_text(found.auc.value)) ", " (two(found.auc.value)) "; " (site.layer(*unit).name) })) }
            } }
            details.numbers { summary { "Numbers" } div.wide tabindex="0" role="region" aria-label="Numbers" {
                table.data {
                    (head(&["unit", "AUC", "interval", "q"]))
                    tbody { @for (unit, found) in &units { tr {
                        td { a href=(from.to(&site.unit_page(*unit))) { (site.unit_address(*unit)) } }
                        (Cell::two(found.auc.value)) (Cell::interval(found.auc.interval)) (Cell::number(found.q))
                    } } }
                }
            } }
        },
    )
}
