//! The page of a unit: what it wants to see, what drives it, what it answers to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use micrograph::paint::number_text;

use crate::site::address::From;
use crate::site::charts::{self, IntervalRow};
use crate::site::crop::crops;
use crate::site::frame::{Frame, page};
use crate::site::model::{
    AlikeView, ExemplarView, HistogramView, Site, TuningView, UnitPicture, UnitRef, UnitView, XUnit,
};
use crate::site::parts::{
    Cell, Kind, card, chart, counted, facts, head, numbers, panel, percent, two, warnings,
};
use crate::site::start::network_record;

/// The page.
pub(super) fn unit(site: &Site, view: &UnitView) -> String {
    let unit = view.unit;
    let (network, layer, summary) = (&site.networks[unit.network], site.layer(unit), site.summary(unit));
    let address = site.unit_page(unit);
    let from = From::page(&address);
    let at = |channel: usize| UnitRef { channel, ..unit };
    let before = unit.channel.checked_sub(1).map(|channel| site.unit_page(at(channel)));
    let after = Some(unit.channel + 1)
        .filter(|next| *next < layer.units.len())
        .map(|channel| site.unit_page(at(channel)));
    let body = html! {
        nav.row aria-label="Units of this layer" {
            @if let Some(before) = &before { a rel="prev" href=(from.to(before)) { "← " (site.unit_name(at(unit.channel - 1))) } } @else { span {} }
            a href="index.html" { "all of " (layer.name) }
            @if let Some(after) = &after { a rel="next" href=(from.to(after)) { (site.unit_name(at(unit.channel + 1))) " →" } } @else { span {} }
        }
        (warnings(&view.warnings))
        @if summary.dead {
            p { strong { "This unit is dead" } ": it answers alike to every position of every micrograph. Crops below have no order." }
        }
        div.two {
            (pictures(view))
            (exemplar_rows(site, from, view))
        }
        (of_class(site, from, view))
        @if let Some(tuning) = &view.tuning { (tuned(tuning)) }
        div.grid {
            (histogram(site, &view.histogram))
            (scores(view))
            (class_answers(site, from, view))
        }
        (alike(site, from, "alike", "Units like it in this network", &view.alike_here))
        (alike(site, from, "alike-elsewhere", "The most alike unit of other networks", &view.alike_elsewhere))
        (micrographs(site, from, &view.strongest))
    };
    let field =
        layer.field_px.map_or("sees the whole image".to_owned(), |px| format!("receptive field {px} px"));
    let frame = Frame {
        title: format!("{} of {}", site.unit_name(unit), layer.name),
        below: format!(
            "{}; {field}; largest activation {}, fires in {} of the micrographs",
            network.name,
            number_text(f64::from(summary.largest)),
            percent(summary.firing_share)
        ),
        above: vec![
            (network.name.clone(), site.network_page(unit.network)),
            (layer.name.clone(), site.layer_page(unit.network, unit.layer)),
        ],
        row: (before.clone(), after.clone()),
        cited_as: format!("unit {} of {}", site.unit_address(unit), network.name),
        made: {
            let mut made = network_record(network);
            made.push(("unit".to_owned(), format!("{}:{}", layer.name, unit.channel)));
            made
        },
        scripts: &["unit.js"],
        address,
    };
    page(site, &frame, &body)
}

fn pictures(view: &UnitView) -> Markup {
    if view.pictures.is_empty() {
        return html! {};
    }
    panel(
        "pictures",
        "What it wants to see",
        Kind::Pictures,
        &html! {
            p.soft { "Synthetic pictures, climbed from noise to a high activation. They show what the network responds to, not a micrograph." }
            div.pictures {
                @for picture in &view.pictures {
                    figure {
                        img src={ "data:image/png;base64," (STANDARD.encode(&picture.png)) } alt={ "Synthetic picture, " (picture.preset) }
                            width=(picture.size_px.0) height=(picture.size_px.1);
                        figcaption {
                            strong { (picture.preset) } ": " (picture.how) "; score " (number_text(f64::from(picture.score)))
                            @if let Some(period) = picture.period_px { "; strongest wave " span data-length=(period) { (number_text(period)) " px" } }
                            "."
                            @for warning in &picture.warnings { br; span.caution { (warning) } }
                        }
                    }
                }
            }
            details.numbers { summary { "Numbers" } (picture_numbers(&view.pictures)) }
        },
    )
}

fn picture_numbers(pictures: &[UnitPicture]) -> Markup {
    let rows: Vec<(String, Vec<Cell>)> = pictures
        .iter()
        .map(|picture| {
            (picture.preset.clone(), vec![Cell::single(picture.score), Cell::optional(picture.period_px)])
        })
        .collect();
    numbers(&["preset", "score", "strongest wave (px)"], &rows)
}

fn exemplar_rows(site: &Site, from: From, view: &UnitView) -> Markup {
    panel(
        "exemplars",
        "What drives it",
        Kind::Crops,
        &html! {
            p.soft { "Real patches at the place of the largest activation, which stands below each. Where the receptive field is smaller than the patch, it is outlined. One patch a micrograph, near-duplicates left out." }
            @for (name, exemplars) in [("strongest", &view.strongest), ("middle", &view.middle), ("weakest", &view.weakest)] {
                @if !exemplars.is_empty() {
                    h3 { (name) }
                    (crops(site, from, name, exemplars, true))
                }
            }
        },
    )
}

fn of_class(site: &Site, from: From, view: &UnitView) -> Markup {
    let held: Vec<&(usize, Vec<ExemplarView>)> =
        view.of_class.iter().filter(|(_, exemplars)| !exemplars.is_empty()).collect();
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
                    h3 { a href=(from.to(&site.class_page(*class))) { (site.class_name(*class)) } }
                    (crops(site, from, &site.class_name(*class), exemplars, false))
                }
            }
        },
    )
}

fn tuned(tuning: &TuningView) -> Markup {
    let lengths = tuning.period_px.is_some() || tuning.curves.iter().any(|curve| curve.x_unit == XUnit::Px);
    html! {
        h2 id="tuning" { "What it answers to" }
        p.soft { "Largest activation for synthetic stimuli: gratings, lattices, discs, noise. Dashed across: the answer to plain grey; dashed upwards: the largest answer." }
        @if lengths {
            form.nm hidden {
                label { "A pixel is " input name="nm" type="number" min="0" step="any" inputmode="decimal" size="8"; " nm wide" }
                span.soft { " lengths are shown in nm for it" }
            }
        }
        @if let Some(period) = tuning.period_px {
            p { "Preferred period: " strong data-length=(period) { (number_text(period)) " px" } "." }
        }
        (facts(&tuning.facts))
        @for note in &tuning.notes { p.caution { (note) } }
        div.grid {
            @for curve in &tuning.curves {
                @let (names, rows) = charts::curve_rows(curve);
                @let names: Vec<&str> = names.iter().map(String::as_str).collect();
                (panel(&format!("tuning-{}", curve.id), &curve.title, Kind::Chart, &chart(charts::curves(curve), &html! {}, &numbers(&names, &rows))))
            }
        }
    }
}

fn histogram(site: &Site, histogram: &HistogramView) -> Markup {
    if histogram.all.is_empty() {
        return html! {};
    }
    let rows: Vec<(String, &[u32])> = std::iter::once(("all".to_owned(), histogram.all.as_slice()))
        .chain(histogram.of_class.iter().map(|(class, counts)| (site.class_name(*class), counts.as_slice())))
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
    let svg = charts::histograms(&histogram.edges, &rows, "largest activation in a micrograph");
    panel(
        "histogram",
        "Activations",
        Kind::Chart,
        &chart(
            svg,
            &html! { "Micrographs by the largest activation in each; each row is scaled to its own largest bin, its total stands at its end." },
            &numbers(&names, &cells),
        ),
    )
}

fn scores(view: &UnitView) -> Markup {
    if view.machine_scores.is_empty() {
        return html! {};
    }
    let rows: Vec<IntervalRow> = view
        .machine_scores
        .iter()
        .map(|score| IntervalRow { name: score.shown.clone(), value: score.share, interval: score.interval })
        .collect();
    let cells: Vec<(String, Vec<Cell>)> = view
        .machine_scores
        .iter()
        .map(|score| {
            let questions = Cell::text(score.n_questions.to_string());
            (score.shown.clone(), vec![Cell::two(score.share), Cell::interval(score.interval), questions])
        })
        .collect();
    panel(
        "machine-score",
        "Machine score",
        Kind::Chart,
        &chart(
            charts::intervals("Machine score", &rows, "share answered rightly"),
            &html! { "How well what is shown predicts which of two patches drives the unit more, judged by a fixed descriptor that knows nothing of the network." },
            &numbers(&["shown", "answered rightly", "interval", "questions"], &cells),
        ),
    )
}

fn class_answers(site: &Site, from: From, view: &UnitView) -> Markup {
    if view.classes.is_empty() {
        return html! {};
    }
    let rows: Vec<IntervalRow> = view
        .classes
        .iter()
        .map(|answer| IntervalRow {
            name: site.class_name(answer.class),
            value: answer.auc,
            interval: answer.interval,
        })
        .collect();
    let table = html! {
        table.data {
            (head(&["class", "AUC", "interval", "q"]))
            tbody { @for answer in &view.classes { tr {
                td { a href=(from.to(&site.class_page(answer.class))) { (site.class_name(answer.class)) } }
                (Cell::two(answer.auc)) (Cell::interval(answer.interval)) (Cell::optional(answer.q))
            } } }
        }
    };
    panel(
        "class-auc",
        "Classes it tells from the rest",
        Kind::Chart,
        &chart(
            charts::intervals("Classes", &rows, "AUC"),
            &html! { "Probability that a micrograph of the class drives the unit more than one of the rest." },
            &table,
        ),
    )
}

fn alike(site: &Site, from: From, id: &str, title: &str, units: &[AlikeView]) -> Markup {
    if units.is_empty() {
        return html! {};
    }
    let rows: Vec<(String, Vec<Cell>)> = units
        .iter()
        .map(|alike| {
            let network = &site.networks[alike.unit.network].name;
            (format!("{network} {}", site.unit_address(alike.unit)), vec![Cell::two(alike.correlation)])
        })
        .collect();
    panel(
        id,
        title,
        Kind::Units,
        &html! {
            p.soft { "By the correlation of their largest activations over the micrographs." }
            ul.units {
                @for alike in units {
                    li {
                        (card(site, from, alike.unit, &html! {
                            (site.layer(alike.unit).name) " "
                            @if id != "alike" { "of " (site.networks[alike.unit.network].name) " " }
                            (two(alike.correlation))
                        }))
                    }
                }
            }
            details.numbers { summary { "Numbers" } (numbers(&["unit", "correlation"], &rows)) }
        },
    )
}

fn micrographs(site: &Site, from: From, strongest: &[ExemplarView]) -> Markup {
    if strongest.is_empty() {
        return html! {};
    }
    html! {
        h2 { "Micrographs that drive it" }
        ol.plain {
            @for exemplar in strongest {
                @let seen = &site.micrographs[exemplar.micrograph];
                li {
                    a href=(from.to(&site.micrograph_page(exemplar.micrograph))) { (seen.file) }
                    " " span.soft { @if let Some(class) = seen.class { (site.class_name(class)) ", " } (number_text(f64::from(exemplar.value))) }
                }
            }
        }
        p.soft { (counted(strongest.len(), "micrograph")) ", strongest first." }
    }
}
