//! The page of a class: units that tell it from the rest, and its micrographs.

use maud::{Markup, html};

use crate::site::address::From;
use crate::site::frame::{Frame, page};
use crate::site::model::{ClassUnits, Site};
use crate::site::parts::{Cell, Kind, card, counted, head, panel, two};
use crate::site::start::micrograph_tile;

/// The page.
pub(super) fn class(site: &Site, idx: usize) -> String {
    let view = &site.classes[idx];
    let address = site.class_page(idx);
    let from = From::page(&address);
    let members: Vec<usize> =
        (0..site.micrographs.len()).filter(|member| site.micrographs[*member].class == Some(idx)).collect();
    let mut groups: Vec<&str> =
        members.iter().map(|member| site.micrographs[*member].group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let contrasts: Vec<usize> = (0..site.contrasts.len())
        .filter(|contrast| {
            let contrast = &site.contrasts[*contrast];
            contrast.a.classes.contains(&idx) || contrast.b.classes.contains(&idx)
        })
        .collect();
    let body = html! {
        @for units in &view.units { (units_panel(site, from, units)) }
        @if !contrasts.is_empty() {
            h2 { "Against others" }
            ul.plain { @for contrast in contrasts {
                @let view = &site.contrasts[contrast];
                li { a href=(from.to(&site.contrast_page(contrast))) { (view.a.name) " against " (view.b.name) } " " span.soft { (site.networks[view.network].name) } }
            } }
        }
        h2 { "Micrographs" }
        ul.crops.whole { @for member in &members { li { (micrograph_tile(site, from, *member)) } } }
    };
    let frame = Frame {
        title: site.class_name(idx),
        below: format!("{} in {}", counted(members.len(), "micrograph"), counted(groups.len(), "group")),
        cited_as: format!("class {}", view.name),
        made: site
            .networks
            .iter()
            .map(|network| (format!("network {}", network.name), format!("SHA-256 {}", network.sha256)))
            .collect(),
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

fn units_panel(site: &Site, from: From, units: &ClassUnits) -> Markup {
    let network = &site.networks[units.network];
    panel(
        &format!("units-{}", network.id),
        &format!("Units of {} that tell it from the rest", network.name),
        Kind::Units,
        &html! {
            p.soft { "By the probability (AUC) that a micrograph of the class drives the unit more than one of the rest; chance is 0.5." }
            ul.units { @for (unit, answer) in &units.units {
                li { (card(site, from, *unit, &html! { (site.layer(*unit).name) " " (two(answer.auc)) })) }
            } }
            details.numbers { summary { "Numbers" } div.wide tabindex="0" role="region" aria-label="Numbers" {
                table.data {
                    (head(&["unit", "AUC", "interval", "q"]))
                    tbody { @for (unit, answer) in &units.units { tr {
                        td { a href=(from.to(&site.unit_page(*unit))) { (site.unit_address(*unit)) } }
                        (Cell::two(answer.auc)) (Cell::interval(answer.interval)) (Cell::optional(answer.q))
                    } } }
                }
            } }
        },
    )
}
