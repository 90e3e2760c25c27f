//! The page of a unit: synthetic pictures, real patches, responses to stimuli, statistics, similar units.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use micrograph::Plane;
use micrograph::paint::number_text;

use crate::chart::{IntervalRow, histograms, intervals};
use crate::site::address::From;
use crate::site::concepts::ConceptOfUnit;
use crate::site::crop::crops;
use crate::site::frame::{Frame, page};
use crate::site::model::Site;
use crate::site::parts::{Cell, Kind, card, chart, counted, head, numbers, panel, percent, two};
use crate::site::start::network_record;
use crate::site::tuning::tuning;
use crate::term::term;
use nanoaid::atlas::{LowerUnit, UnitAtlas, UnitPicture, UnitPlace, UnitScores};
use nanoaid::interpret::circuit::drawn_weights;
use nanoaid::interpret::exemplar::{Exemplar, Histogram};
use nanoaid::interpret::machine_score::Score;

/// Exemplars of a kind on a page.
const SHOWN: usize = 9;
/// Similar units on a page.
const ALIKE: usize = 8;

/// The page.
pub(super) fn unit(site: &Site<'_>, unit: UnitPlace) -> String {
    let (network, layer, found) = (site.network(unit), site.layer(unit), site.unit(unit));
    let summary = &found.summary;
    let n_units = network.layers[unit.layer].units.len();
    let exemplars = &found.exemplars;
    let address = site.unit_page(unit);
    let from = From::page(&address);
    let at = |channel: usize| UnitPlace { channel, ..unit };
    let before = unit.channel.checked_sub(1).map(|channel| site.unit_page(at(channel)));
    let after =
        Some(unit.channel + 1).filter(|next| *next < n_units).map(|channel| site.unit_page(at(channel)));
    let body = html! {
        nav.row aria-label="Units of this layer" {
            @if let Some(before) = &before { a rel="prev" href=(from.to(before)) { "← " (site.unit_name(at(unit.channel - 1))) } } @else { span {} }
            a href="index.html" { "all of " (layer.name) }
            @if let Some(after) = &after { a rel="next" href=(from.to(after)) { (site.unit_name(at(unit.channel + 1))) " →" } } @else { span {} }
        }
        @if summary.dead {
            p { strong { "This unit is dead" } ": nothing drives it. It gives the same largest activation for every micrograph." }
        }
        div.two {
            (pictures(&found.pictures))
            (exemplar_rows(site, from, found))
        }
        (of_class(site, from, found))
        @if let Some(tuned) = network.layers[unit.layer].tuning_of(unit.channel) {
            (tuning(&network.layers[unit.layer].tuning, tuned))
        }
        div.grid {
            (histogram(&exemplars.histogram))
            (scores(found))
            (class_aucs(site, from, unit))
        }
        (made_of(site, from, unit))
        (concepts(site, from, unit))
        (alike(site, from, "alike", "Similar units of this network", &site.atlas.alike_here(unit)[..]))
        (alike(site, from, "alike-elsewhere", "The most similar unit of each other network", &site.atlas.alike_elsewhere(unit)))
        (micrographs(site, from, shown(&exemplars.strongest)))
    };
    let field = layer
        .receptive_field_px
        .map_or("sees the whole image".to_owned(), |px| format!("receptive field {px} px"));
    let frame = Frame {
        title: format!("{} of {}", site.unit_name(unit), layer.name),
        below: format!(
            "{}; {field}; largest activation {}, active in {} of the micrographs",
            network.name(),
            number_text(f64::from(summary.largest)),
            percent(summary.firing_share)
        ),
        above: vec![
            (network.name(), site.network_page(unit.network)),
            (layer.name.clone(), site.layer_page(unit.network, unit.layer)),
        ],
        row: (before.clone(), after.clone()),
        cited_as: format!("unit {} of {}", site.unit_address(unit), network.name()),
        made: {
            let mut made = network_record(network);
            made.push(("unit".to_owned(), network.address(unit.layer, unit.channel).to_string()));
            made
        },
        scripts: &["unit.js"],
        address,
    };
    page(site, &frame, &body)
}

fn pictures(pictures: &[UnitPicture]) -> Markup {
    if pictures.is_empty() {
        return html! {};
    }
    panel(
        "pictures",
        "Synthetic pictures",
        Kind::Pictures,
        &html! {
            p.soft { "Images that maximise the activation, found by gradient ascent from noise. They show what the unit responds to; they are not micrographs. Which gratings and discs drive it most is measured below." }
            div.pictures {
                @for picture in pictures {
                    figure {
                        img src={ "data:image/png;base64," (STANDARD.encode(&picture.png)) } alt={ "Synthetic picture, " (picture.preset.to_string()) }
                            width=(picture.config.width) height=(picture.config.height);
                        figcaption {
                            strong { (picture.preset.to_string()) } ": " (how(picture)) "; score " (number_text(f64::from(picture.score)))
                            "."
                            @if let Some(reason) = &picture.blank { br; span.caution { "It shows nothing: " (reason) "." } }
                            @for warning in &picture.warnings { br; span.caution { (warning) } }
                        }
                    }
                }
            }
            details.numbers { summary { "Numbers" } (picture_numbers(pictures)) }
        },
    )
}

fn picture_numbers(pictures: &[UnitPicture]) -> Markup {
    let rows: Vec<(String, Vec<Cell>)> = pictures
        .iter()
        .map(|picture| (picture.preset.to_string(), vec![Cell::single(picture.score)]))
        .collect();
    numbers(&["preset", "score"], &rows)
}

fn exemplar_rows(site: &Site<'_>, from: From, found: &UnitAtlas) -> Markup {
    let exemplars = &found.exemplars;
    panel(
        "exemplars",
        "Patches of micrographs",
        Kind::Crops,
        &html! {
            p.soft { "The receptive field of the largest activation in a micrograph, with that activation below it. It is outlined where more is shown around it. One patch of each micrograph, without near-duplicates." }
            @for (name, exemplars) in [("strongest", &exemplars.strongest), ("middle", &exemplars.middle), ("weakest", &exemplars.weakest)] {
                @if !exemplars.is_empty() {
                    h3 { (name) }
                    (crops(site, from, name, shown(exemplars), true))
                }
            }
        },
    )
}

fn of_class(site: &Site<'_>, from: From, found: &UnitAtlas) -> Markup {
    let of_class = found.exemplars.of_class.iter().filter(|(_, exemplars)| !exemplars.is_empty());
    let held: Vec<(usize, &[Exemplar])> =
        of_class.filter_map(|(name, found)| Some((site.atlas.class(name)?, shown(found)))).collect();
    if held.is_empty() {
        return html! {};
    }
    panel(
        "classes",
        "Strongest of each class",
        Kind::Crops,
        &html! {
            @for (class, exemplars) in held {
                div.class-row {
                    h3 { a href=(from.to(&site.class_page(class))) { (site.class_name(class)) } }
                    (crops(site, from, &site.class_name(class), exemplars, false))
                }
            }
        },
    )
}

fn histogram(histogram: &Histogram) -> Markup {
    if histogram.all.is_empty() {
        return html! {};
    }
    let rows: Vec<(String, &[u32])> = std::iter::once(("all".to_owned(), histogram.all.as_slice()))
        .chain(histogram.of_class.iter().map(|(class, counts)| (class.replace('_', " "), counts.as_slice())))
        .collect();
    let names: Vec<&str> =
        ["from", "to"].into_iter().chain(rows.iter().map(|(name, _)| name.as_str())).collect();
    let edge = |idx: usize| histogram.edges.get(idx).copied().unwrap_or(f32::NAN);
    let cells: Vec<(String, Vec<Cell>)> = (0..histogram.all.len())
        .map(|bin| {
            let counts = rows
                .iter()
                .map(|(_, counts)| Cell::text(counts.get(bin).map_or(String::new(), u32::to_string)));
            (format!("{}", edge(bin)), std::iter::once(Cell::single(edge(bin + 1))).chain(counts).collect())
        })
        .collect();
    let svg = histograms(&histogram.edges, &rows, "largest activation in a micrograph");
    panel(
        "histogram",
        "Activations",
        Kind::Chart,
        &chart(
            svg,
            &html! { "Micrographs by the largest activation in each; each row is scaled to its own largest bin, its total is at its end." },
            &numbers(&names, &cells),
        ),
    )
}

fn scores(found: &UnitAtlas) -> Markup {
    let scored = scored(&found.scores, &found.pictures);
    if scored.is_empty() {
        return html! {};
    }
    let rows: Vec<IntervalRow> = scored
        .iter()
        .map(|(shown, score)| IntervalRow {
            name: shown.clone(),
            value: score.value,
            interval: score.interval.map(|interval| (interval.low, interval.high)),
        })
        .collect();
    let cells: Vec<(String, Vec<Cell>)> = scored
        .iter()
        .map(|(shown, score)| {
            let questions = Cell::text(score.n_tasks.to_string());
            (shown.clone(), vec![Cell::two(score.value), Cell::interval(score.interval), questions])
        })
        .collect();
    panel(
        "machine-score",
        "Machine score",
        Kind::Chart,
        &chart(
            intervals("Machine score", &rows, "share of right answers"),
            &html! { "How well the patches or the picture predict which of two further patches drives the unit more. Patches are compared by a fixed descriptor that does not use the network. Chance is 0.5." },
            &numbers(&["shown", "right answers", "interval", "questions"], &cells),
        ),
    )
}

fn class_aucs(site: &Site<'_>, from: From, unit: UnitPlace) -> Markup {
    let classes: Vec<_> = site
        .network(unit)
        .classes_of(unit.layer, unit.channel)
        .filter_map(|(class, found)| Some((site.atlas.class(class)?, found)))
        .collect();
    if classes.is_empty() {
        return html! {};
    }
    let rows: Vec<IntervalRow> = classes
        .iter()
        .map(|(class, found)| IntervalRow {
            name: site.class_name(*class),
            value: found.auc.value,
            interval: found.auc.interval.map(|interval| (interval.low, interval.high)),
        })
        .collect();
    let table = html! {
        table.data {
            (head(&["class", "AUC", "interval", "q"]))
            tbody { @for (class, found) in &classes { tr {
                td { a href=(from.to(&site.class_page(*class))) { (site.class_name(*class)) } }
                (Cell::two(found.auc.value)) (Cell::interval(found.auc.interval)) (Cell::number(found.q))
            } } }
        }
    };
    panel(
        "class-auc",
        "Each class against the rest",
        Kind::Chart,
        &chart(
            intervals("Classes", &rows, "AUC"),
            &html! {
                (term("AUC", "AUC")) ": probability that a micrograph of the class drives the unit more than one of the rest. Chance is 0.5; below 0.5 it fires less for the class. The page of each class says how many units of the same network with random weights separate it, too."
            },
            &table,
        ),
    )
}

/// At most nine exemplars.
fn shown(exemplars: &[Exemplar]) -> &[Exemplar] {
    &exemplars[..exemplars.len().min(SHOWN)]
}

/// How a picture was made.
fn how(picture: &UnitPicture) -> String {
    let config = &picture.config;
    format!("canvas {}, at most {} steps, seed {}", config.canvas.name(), config.steps, config.seed)
}

/// Machine scores by what was shown; those that could not be computed are left out.
fn scored<'a>(scores: &'a UnitScores, pictures: &[UnitPicture]) -> Vec<(String, &'a Score)> {
    let synthetic = pictures.iter().zip(&scores.synthetic);
    let synthetic =
        synthetic.map(|(picture, score)| (format!("synthetic picture, {}", picture.preset), score));
    let all = std::iter::once(("patches of micrographs".to_owned(), &scores.real)).chain(synthetic);
    all.filter_map(|(shown, score)| Some((shown, score.score()?))).collect()
}

/// The lower units of which it is made.
fn made_of(site: &Site<'_>, from: From, unit: UnitPlace) -> Markup {
    let parts: Vec<(UnitPlace, &LowerUnit)> = site.atlas.made_of(unit).collect();
    let Some(&(first, _)) = parts.first() else { return html! {} };
    let rows: Vec<(String, Vec<Cell>)> = parts
        .iter()
        .map(|&(lower, part)| {
            (site.unit_address(lower), vec![Cell::percent(part.share), Cell::number(part.sum)])
        })
        .collect();
    let weights = parts.iter().flat_map(|(_, part)| part.weights.iter().flatten());
    let most = weights.fold(0.0_f32, |most, weight| most.max(weight.abs()));
    panel(
        "made-of",
        "Made of",
        Kind::Units,
        &html! {
            p.soft {
                "The units of " (site.layer(first).name) " with the largest weights: the share of all squared weights, and the kernel by which each is read: red raises this unit, blue lowers it, on one scale. "
                "Over several layers the weights of all ways are summed, as if every ReLU were open; how often a lower unit is active does not count."
            }
            ul.units.made-of {
                @for &(lower, part) in &parts {
                    li {
                        (card(site, from, lower, &html! { (percent(part.share)) }))
                        (kernel(part, most))
                    }
                }
            }
            details.numbers { summary { "Numbers" } (numbers(&["lower unit", "share of the squared weights", "sum of the weights"], &rows)) }
        },
    )
}

/// The weights of a lower unit as a picture.
fn kernel(part: &LowerUnit, most: f32) -> Markup {
    let (height, width) = (part.weights.len(), part.weights.first().map_or(0, Vec::len));
    let picture = drawn_weights(&Plane::new(height, width, part.weights.concat()), most);
    let png = STANDARD.encode(picture.png_bytes(None));
    html! {
        img.kernel src={ "data:image/png;base64," (png) } alt={ "weights, " (height) " × " (width) } width="72" height="72";
    }
}

/// The concepts that have much of it.
fn concepts(site: &Site<'_>, from: From, unit: UnitPlace) -> Markup {
    let all: Vec<ConceptOfUnit<'_>> = site.concepts_of(unit).collect();
    if all.is_empty() {
        return html! {};
    }
    let name = |concept: &ConceptOfUnit<'_>| {
        format!(
            "concept {}{}",
            concept.number,
            concept.name.map_or(String::new(), |name| format!(": {name}"))
        )
    };
    let rows: Vec<(String, Vec<Cell>)> =
        all.iter().map(|concept| (name(concept), vec![Cell::single(concept.weight)])).collect();
    panel(
        "concepts",
        "Concepts",
        Kind::Table,
        &html! {
            p.soft { "Directions of this layer's activations in which this unit takes part most; a direction has the length 1." }
            ul.plain { @for concept in &all {
                li {
                    a href=(from.to(&concept.page)) { (name(concept)) }
                    " " (two(f64::from(concept.weight)))
                }
            } }
            details.numbers { summary { "Numbers" } (numbers(&["concept", "component"], &rows)) }
        },
    )
}

/// Units and their correlations.
fn alike(site: &Site<'_>, from: From, id: &str, title: &str, units: &[(UnitPlace, f64)]) -> Markup {
    let units = &units[..units.len().min(ALIKE)];
    if units.is_empty() {
        return html! {};
    }
    let rows: Vec<(String, Vec<Cell>)> = units
        .iter()
        .map(|&(unit, correlation)| {
            let name = format!("{} {}", site.network(unit).name(), site.unit_address(unit));
            (name, vec![Cell::two(correlation)])
        })
        .collect();
    panel(
        id,
        title,
        Kind::Units,
        &html! {
            p.soft { "By the correlation of their largest activations over the micrographs." }
            ul.units {
                @for &(unit, correlation) in units {
                    li {
                        (card(site, from, unit, &html! {
                            (site.layer(unit).name) " "
                            @if id != "alike" { "of " (site.network(unit).name()) " " }
                            (two(correlation))
                        }))
                    }
                }
            }
            details.numbers { summary { "Numbers" } (numbers(&["unit", "correlation"], &rows)) }
        },
    )
}

fn micrographs(site: &Site<'_>, from: From, strongest: &[Exemplar]) -> Markup {
    if strongest.is_empty() {
        return html! {};
    }
    html! {
        h2 { "Micrographs that drive it" }
        ol.plain {
            @for exemplar in strongest {
                @let seen = site.micrograph(exemplar.image);
                li {
                    a href=(from.to(&site.micrograph_page(exemplar.image))) { (seen.file) }
                    " " span.soft { @if let Some(class) = site.class_of(exemplar.image) { (site.class_name(class)) ", " } (number_text(f64::from(exemplar.value))) }
                }
            }
        }
        p.soft { (counted(strongest.len(), "micrograph")) ", strongest first." }
    }
}
