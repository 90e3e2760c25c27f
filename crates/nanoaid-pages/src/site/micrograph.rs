//! Pages of micrographs: the list, and each one with the units that respond there.

use maud::{Markup, html};
use micrograph::Rect;
use micrograph::paint::{LengthUnit, ScaleBar, number_text};

use crate::class::{class_caution, class_text};
use crate::site::address::{From, MICROGRAPHS};
use crate::site::crop::rect_text;
use crate::site::frame::{Frame, page, short};
use crate::site::model::Site;
use crate::site::parts::{Cell, Kind, counted, facts, length, panel, percent, picture};
use crate::site::start::{is_synthetic, micrograph_tile};
use nanoaid::atlas::{DrivenUnit, MicrographActivations};
use nanoaid::evaluate::classify::NamedClass;
use nanoaid::interpret::exemplar::IndexedMicrograph;

/// Share of the width of a micrograph that its scale bar takes at most.
const BAR_SHARE: f64 = 0.25;

/// The list of all micrographs, class by class.
pub(super) fn list(site: &Site<'_>) -> String {
    let from = From::page(MICROGRAPHS);
    let classes = 0..site.atlas.classes.len();
    let mut parts: Vec<(String, Vec<usize>)> =
        classes.map(|idx| (site.class_name(idx), site.members(Some(idx)))).collect();
    parts.push(("without a class".to_owned(), site.members(None)));
    parts.retain(|(_, members)| !members.is_empty());
    let body = html! {
        @for (name, members) in &parts {
            section.members {
                @if parts.len() > 1 { h2 { (name) " " span.soft { (members.len()) } } }
                ul.crops.whole {
                    @for idx in members {
                        li { (micrograph_tile(site, from, *idx)) }
                    }
                }
            }
        }
        (panel("table", "All micrographs", Kind::Table, &html! {
            details { summary { "Table" } div.wide tabindex="0" role="region" aria-label="All micrographs" {
                table.data {
                    thead { tr {
                        th scope="col" { "file" } th scope="col" { "class" } th scope="col" { "split" } th scope="col" { "group" }
                        th.number scope="col" { "height (px)" } th.number scope="col" { "width (px)" } th.number scope="col" { "nm/px" } th.number scope="col" { "data bar (px)" } th scope="col" { "SHA-256" }
                    } }
                    tbody { @for (idx, seen) in site.atlas.micrographs.iter().enumerate() { tr {
                        td { a href=(from.to(&site.micrograph_page(idx))) { (seen.file) } }
                        td { @if let Some(class) = site.class_of(idx) { (site.class_name(class)) } }
                        td { (seen.part) } td { (seen.group) }
                        td.number { (seen.height) } td.number { (seen.width) }
                        (Cell::optional(seen.nm_per_px))
                        td.number { (seen.data_bar_px) } td { code { (short(&seen.sha256)) } }
                    } } }
                }
            } }
        }))
    };
    let frame = Frame {
        address: MICROGRAPHS.to_owned(),
        title: "Micrographs".to_owned(),
        below: format!("{} of {}", counted(site.atlas.micrographs.len(), "micrograph"), site.made.data),
        cited_as: "micrographs".to_owned(),
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// The page of a micrograph.
pub(super) fn micrograph(site: &Site<'_>, found: &MicrographActivations) -> String {
    let idx = found.image;
    let seen = site.micrograph(idx);
    let address = site.micrograph_page(idx);
    let from = From::page(&address);
    let body = html! {
        div.two.wide-first {
            (panel("micrograph", "Micrograph", Kind::Micrograph, &html! {
                (stage(site, from, idx, seen))
                p.soft { (size_text(seen)) }
            }))
            div {
                (facts(&about(site, idx)))
                (classes(found))
                (finder(site))
            }
        }
        (found_panels())
        @for (network, found) in found.networks.iter().enumerate() { (driven_panel(site, from, network, &found.driven)) }
    };
    let neighbour = |idx: Option<usize>| {
        idx.filter(|idx| *idx < site.atlas.micrographs.len()).map(|idx| site.micrograph_page(idx))
    };
    let frame = Frame {
        title: seen.file.clone(),
        below: site.class_of(idx).map_or(String::new(), |class| site.class_name(class)),
        above: vec![("Micrographs".to_owned(), MICROGRAPHS.to_owned())],
        row: (neighbour(idx.checked_sub(1)), neighbour(Some(idx + 1))),
        cited_as: format!("micrograph {} (SHA-256 {})", seen.file, short(&seen.sha256)),
        made: vec![("micrograph".to_owned(), format!("SHA-256 {}", seen.sha256))],
        scripts: &["find.js"],
        address,
    };
    page(site, &frame, &body)
}

fn stage(site: &Site<'_>, from: From, idx: usize, seen: &IndexedMicrograph) -> Markup {
    let bar = ScaleBar::fit(seen.width as f64, BAR_SHARE, LengthUnit::drawn(seen.nm_per_px, 1.0));
    html! {
        div.stage data-m=(site.micrograph_id(idx)) data-h=(seen.height) data-w=(seen.width) {
            img src=(from.to(&site.micrograph_image(idx))) alt={ "Micrograph " (seen.file) } width=(seen.width) height=(seen.height) draggable="false";
            @if let Some(bar) = bar {
                i.bar aria-hidden="true" style={ "width:" (format!("{:.2}", 100.0 * bar.length_px / seen.width as f64)) "%" } { b { (bar.label) } }
            }
        }
    }
}

fn size_text(seen: &IndexedMicrograph) -> String {
    let bar = match seen.data_bar_px {
        0 => "no data bar was cut off".to_owned(),
        rows => format!("a data bar of {rows} rows was cut off below"),
    };
    format!(
        "{} wide, {} high; {bar}. Contrast stretched as for the networks.",
        length(seen.width as f64, seen.nm_per_px),
        length(seen.height as f64, seen.nm_per_px)
    )
}

fn about(site: &Site<'_>, idx: usize) -> Vec<(String, String)> {
    let seen = site.micrograph(idx);
    let mut rows = Vec::new();
    if let Some(class) = site.class_of(idx) {
        rows.push(("class".to_owned(), site.class_name(class)));
    }
    if is_synthetic(&seen.file) {
        rows.push(("origin".to_owned(), "synthetic, by its name".to_owned()));
    }
    rows.push(("split".to_owned(), seen.part.clone()));
    rows.push(("group".to_owned(), seen.group.clone()));
    let pixel = seen
        .nm_per_px
        .map_or("no calibration; lengths are in px".to_owned(), |nm| format!("{} nm", number_text(nm)));
    rows.push(("pixel".to_owned(), pixel));
    rows
}

/// What classifiers name the micrograph, and what that is worth.
fn classes(found: &MicrographActivations) -> Markup {
    let named: Vec<&NamedClass> =
        found.networks.iter().filter_map(|network| network.class.as_ref()).collect();
    html! {
        @if !named.is_empty() {
            h2 { "Class by the networks" }
            @for one in named {
                p { strong { (one.classifier) } ": " (class_text(one)) }
                p.soft { (class_caution(one)) }
            }
        }
    }
}

/// Where a box is typed; by pointer it is drawn on the micrograph.
fn finder(site: &Site<'_>) -> Markup {
    html! {
        form.finder hidden {
            h2 { "Find" }
            p.soft { "Draw a box on the micrograph, or type it, to find the units that are more active there than elsewhere in the micrograph, and similar places in other micrographs." }
            div.fields {
                @for (name, label) in [("y", "top"), ("x", "left"), ("height", "height"), ("width", "width")] {
                    label { (label) " (px) " input name=(name) type="number" min="0" step="1" inputmode="numeric" required; }
                }
                label { "network " select name="network" {
                    @for network in &site.atlas.networks { option value=(network.id) { (network.name()) } }
                } }
            }
            button type="submit" { "Find units" }
            " " button type="reset" { "Clear" }
            p.status role="status" {}
        }
    }
}

fn found_panels() -> Markup {
    html! {
        div.results hidden {
            (panel("found", "Units active in the box", Kind::Units, &html! {
                p.soft { "Mean over the box's cells minus mean over the others, as a share of the unit's range on the whole data set. Cells are coarse; the command " code { "nanoaid find" } " gives exact answers." }
                ul.units {}
                details.numbers { summary { "Numbers" } table.data { thead { tr { th scope="col" { "unit" } th.number scope="col" { "inside" } th.number scope="col" { "elsewhere" } th.number scope="col" { "difference" } } } tbody {} } }
            }))
            (panel("more", "More like this", Kind::Crops, &html! {
                p.soft { "Micrographs in which the same units are most active, each at the cell where they are; below each the mean rank of these units among all micrographs." }
                h3 { "patches where the same units are active" }
                ul.crops aria-label="Patches where the same units are active" data-value="mean_rank" {}
            }))
        }
    }
}

fn driven_panel(site: &Site<'_>, from: From, network: usize, units: &[DrivenUnit]) -> Markup {
    let network = &site.atlas.networks[network];
    let id = format!("units-{}", network.id);
    panel(
        &id,
        &format!("Units of {} that it drives most", network.name()),
        Kind::Units,
        &html! {
            p.soft { "Ordered by the share of micrographs that drive the unit less. Point at a unit to see the receptive field of its largest activation." }
            ul.units {
                @for answer in units {
                    li data-box=(rect_text(answer.field)) {
                        a.card href=(from.to(&site.unit_page(answer.unit))) {
                            (picture(site, from, answer.unit))
                            span.name { (site.unit_name(answer.unit)) }
                            span.note { (site.layer(answer.unit).name) ", above " (percent(answer.rank)) }
                        }
                    }
                }
            }
            details.numbers { summary { "Numbers" } div.wide tabindex="0" role="region" aria-label="Numbers" {
                table.data {
                    thead { tr { th scope="col" { "unit" } th.number scope="col" { "activation" } th.number scope="col" { "above" } th.number scope="col" data-csv="top_px;left_px;height_px;width_px" { "receptive field: top, left, height, width (px)" } } }
                    tbody { @for answer in units { tr {
                        td { (site.unit_address(answer.unit)) }
                        (Cell::single(answer.value)) (Cell::percent(answer.rank)) td.number data-csv=(rect_text(answer.field).replace(',', ";")) { (field_text(answer.field)) }
                    } } }
                }
            } }
        },
    )
}

fn field_text(field: Rect) -> String {
    rect_text(field).replace(',', ", ")
}
