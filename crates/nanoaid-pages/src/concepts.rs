//! The page of the concepts of a layer. Pictures are files beside it.

use maud::{Markup, html};
use micrograph::calibration::length_text;
use nanoaid::interpret::concept::{ClassUse, Concept, ConceptRecord, ConceptTuning, Effects, Matched, SAME};

use crate::frame::{address, facts, figure, page, zoomed};
use crate::number::{percent, rounded, signed};

/// Classes of a concept that are listed.
const CLASSES: usize = 3;
/// Overlap with a structure from which on it is listed.
const LEAST_IOU: f64 = 0.02;

/// The page of the concepts of `record`.
pub fn report(record: &ConceptRecord) -> String {
    page_of(record, &html! {}, &made(record))
}

/// The same in a site, whose first page is at `start`.
pub(crate) fn page_of_site(record: &ConceptRecord, start: &str) -> String {
    let made = html! { p.soft { "Numbers, settings and hashes are in " code { "index.json" } ", tables beside it." } };
    page_of(record, &html! { p { a href=(start) { "← the atlas" } } }, &made)
}

fn page_of(record: &ConceptRecord, above: &Markup, below: &Markup) -> String {
    let found = &record.found;
    let body = html! {
        (above)
        @if !found.warnings.is_empty() {
            ul.warnings aria-label="warnings" { @for warning in &found.warnings { li { (warning) } } }
        }
        (about(record))
        (methods(record))
        h2 { "Concepts" }
        p {
            "Each is a direction of the layer's activations, numbered by its share of them. On the micrographs, the more orange, the more of the concept; the line goes round the parts where it counts as present. "
            "A concept that is not stable comes out otherwise from other starts: take it as one of the method, not of the network."
        }
        @for place in 0..found.concepts.len() { (concept(record, place)) }
        @if let Some(effects) = &found.effects { (effects_of_all(effects)) }
        (marked(record))
        (map(record))
        (below)
    };
    let class = found.class.as_ref().map_or(String::new(), |class| format!(", micrographs of class {class}"));
    page(
        &format!("Concepts of {}", found.layer),
        &format!("{} by {}{class}", found.concepts.len(), found.method),
        &body,
    )
}

fn about(record: &ConceptRecord) -> Markup {
    let found = &record.found;
    let mut groups: Vec<&str> = found.micrographs.iter().map(|seen| seen.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let network = record.record.network.as_ref();
    let mut rows = vec![
        ("network", network.map_or(String::new(), |used| used.run.display().to_string())),
        ("layer", format!("{}, {} channels", found.layer, found.n_channels)),
        ("data", record.record.settings.data.display().to_string()),
        ("micrographs", format!("{} of {} groups", found.micrographs.len(), groups.len())),
        ("positions", format!("{} to fit to, {} of held-out groups", found.n_vectors, found.n_held_out)),
    ];
    if let Some(class) = &found.class {
        rows.push(("class", class.clone()));
    }
    facts(&rows)
}

fn methods(record: &ConceptRecord) -> Markup {
    let matched = |of: Option<&Matched>| match of {
        Some(of) => html! { td.number { (rounded(of.mean, 2)) } td.number { (percent(of.same_share)) } },
        None => html! { td.number { "–" } td.number { "–" } },
    };
    html! {
        h2 { "Can they be relied on?" }
        p {
            "R²: share of the variance " (if record.found.n_held_out > 0 { "of held-out groups" } else { "of the positions that they were fitted to" })
            " that the codes explain, each channel about its own mean. "
            "Cosines compare each concept with the one it belongs to from another start, or from the other half of the groups; same: the share with a cosine of at least "
            (SAME) ". By chance: against as many activations that were drawn at random. A concept that does not come out again is one of the method, not of the network."
        }
        div.wide { table {
            thead { tr {
                th { "method" } th.number { "atoms" } th.number { "R²" } th.number { "per position" } th.number { "dead" }
                th.number { "over starts" } th.number { "same" } th.number { "over halves" } th.number { "same" } th.number { "by chance" }
            } }
            tbody { @for (place, one) in record.found.methods.iter().enumerate() {
                tr.best[place == 0] {
                    th scope="row" { (one.method) } td.number { (one.n_atoms) }
                    td.number { (one.r2.or(one.r2_fitted).map_or("–".to_owned(), |r2| rounded(r2, 2))) }
                    td.number { (rounded(one.n_active, 1)) } td.number { (percent(one.dead_share)) }
                    (matched(one.starts.as_ref())) (matched(one.halves.as_ref()))
                    td.number { (rounded(one.random.mean, 2)) }
                }
            } }
        } }
    }
}

fn concept(record: &ConceptRecord, place: usize) -> Markup {
    let found = &record.found;
    let of = &found.concepts[place];
    let title = of.name.as_ref().map_or(String::new(), |name| format!(": {name}"));
    let exemplars = record.pictures.exemplars.get(place).map_or(&[][..], Vec::as_slice);
    html! {
        section.concept id={ "concept-" (of.number) } {
            h3 { "Concept " (of.number) (title) @if is_unstable(of) { span.soft { " (not stable)" } } }
            div.concept-body {
                @if let Some(picture) = record.pictures.concepts.get(place) {
                    (figure(&zoomed(picture, &format!("what concept {} looks for", of.number)), &html! { "what it looks for" }))
                }
                div.exemplars {
                    @for (exemplar, picture) in of.exemplars.iter().zip(exemplars) {
                        @let seen = &found.micrographs[exemplar.micrograph];
                        @let across = seen.nm_per_px.map_or(format!("{} px", exemplar.shown.width), |nm| length_text(exemplar.shown.width as f64 * nm));
                        figure {
                            a.zoom href=(address(picture)) {
                                img src=(address(picture)) alt={ "concept " (of.number) " in " (seen.file) } title=(seen.file) loading="lazy";
                            }
                            figcaption { (seen.category.as_deref().unwrap_or("–")) ", " (across) }
                        }
                    }
                }
            }
            (numbers(of, found.n_controls > 0))
        }
    }
}

fn numbers(of: &Concept, has_control: bool) -> Markup {
    let stability = of.stability.map_or("–".to_owned(), |stability| rounded(stability, 2));
    let mut rows = vec![
        (
            "share of the activations",
            format!("{}, at {} of the positions", percent(of.energy), percent(of.active_share)),
        ),
        ("stability", format!("cosine {stability} over starts")),
    ];
    if let Some(tuning) = &of.tuning {
        rows.push(("drawn patterns", tuning_text(tuning)));
    }
    let overlap = of.overlaps.iter().filter(|one| one.iou >= LEAST_IOU).take(2).map(|one| {
        let interval = one.interval.map_or(String::new(), |interval| {
            format!(" ({} to {})", rounded(interval.low, 2), rounded(interval.high, 2))
        });
        format!(
            "{}: IoU {}{interval}, {} if shifted",
            one.structure,
            rounded(one.iou, 2),
            rounded(one.shifted, 2)
        )
    });
    let overlap: Vec<String> = overlap.collect();
    if !overlap.is_empty() {
        rows.push(("lies on", overlap.join("; ")));
    }
    let mut effects: Vec<_> = of.effects.iter().collect();
    effects.sort_by(|a, b| b.1.deletion.abs().total_cmp(&a.1.deletion.abs()));
    let effects: Vec<String> = effects
        .into_iter()
        .take(CLASSES)
        .map(|(class, effect)| {
            let class = if class.is_empty() { "reconstruction" } else { class };
            format!("{class} {} (n = {})", signed(-effect.deletion), effect.n)
        })
        .collect();
    if !effects.is_empty() {
        rows.push(("output without it", effects.join("; ")));
    }
    html! {
        (facts(&rows))
        @if !of.classes.is_empty() { (classes(of, has_control)) }
    }
}

fn is_unstable(of: &Concept) -> bool {
    of.stability.is_some_and(|stability| stability < SAME)
}

/// Why nothing is said of the use of a concept by a class.
fn why_not(of: &Concept, one: &ClassUse) -> &'static str {
    if one.q > 0.05 {
        "no: may be chance"
    } else if is_unstable(of) {
        "no: the concept is not stable"
    } else {
        "no: a random network may do as well"
    }
}

fn classes(of: &Concept, has_control: bool) -> Markup {
    html! {
        div.wide { table {
            thead { tr {
                th { "class" } th.number { "AUC" } th.number { "95 % interval" } th.number { "q" }
                @if has_control { th.number { "random network" } }
                th { "can it be said?" }
            } }
            tbody { @for one in of.classes.iter().take(CLASSES) {
                tr.soft[!one.claimed] {
                    th scope="row" { (one.class) }
                    td.number { (rounded(one.auc.value, 2)) }
                    td.number { @match one.auc.interval {
                        Some(interval) => { (rounded(interval.low, 2)) " to " (rounded(interval.high, 2)) }
                        None => "–",
                    } }
                    td.number { (rounded(one.q, 3)) }
                    @if has_control { td.number { (one.random_auc.map_or("–".to_owned(), |auc| rounded(auc, 2))) } }
                    td { @if one.claimed {
                        @if one.auc.value > 0.5 { "more of it" } @else { "less of it" }
                    } @else { (why_not(of, one)) } }
                }
            } }
        } }
    }
}

fn tuning_text(tuning: &ConceptTuning) -> String {
    let nm = |range: Option<(f64, f64)>| match range {
        Some((low, high)) if length_text(low) == length_text(high) => {
            format!(" = {} on its exemplars", length_text(low))
        }
        Some((low, high)) => format!(" = {} to {} on its exemplars", length_text(low), length_text(high)),
        None => String::new(),
    };
    let mut parts = Vec::new();
    if let Some(period) = tuning.period_px {
        let axis = tuning.axis_deg.map_or(String::new(), |axis| format!(" along {}°", rounded(axis, 0)));
        parts.push(format!("lines of period {period:.1} px{}{axis}", nm(tuning.period_nm)));
    }
    if let (Some(disc), Some(is_bright)) = (tuning.disc_px, tuning.disc_is_bright) {
        let kind = if is_bright { "bright" } else { "dark" };
        parts.push(format!("{kind} discs of {disc:.1} px{}", nm(tuning.disc_nm)));
    }
    if parts.is_empty() {
        "none of gratings and discs more than uniform grey".to_owned()
    } else {
        parts.join("; ")
    }
}

fn effects_of_all(effects: &Effects) -> Markup {
    html! {
        h2 { "What does the network lose without them?" }
        p {
            "Over " (effects.n) " micrographs, mean " (effects.of) ": " b { (signed(effects.whole)) } " as it is, "
            b { (signed(effects.without)) } " with all concepts taken off, " b { (signed(effects.explained)) }
            " where only what they explain is left."
            @if let Some(same) = effects.same_class { " Then " (percent(same)) " of the micrographs keep their class." }
            @if let Some(share) = effects.sum_share {
                " What single concepts take away sums up to " (percent(share)) " of what all together take away; 100 % would mean that the rest of the network is linear in them."
            }
        }
    }
}

fn marked(record: &ConceptRecord) -> Markup {
    let all = &record.found.marked;
    html! {
        @if !all.is_empty() {
            h2 { "Concepts you marked" }
            p {
                "Each is the direction from other activations to those in your boxes. Accuracy: how often positions of a micrograph are recognized by a classifier of the others, 0.5 is chance; below about 0.7 the layer hardly knows the concept, and the rest says little. "
                "TCAV score: share of the micrographs of a class whose logit rises along the direction. It says nothing of how much: the cosine of the gradient with the direction does, beside that of directions between random activations. "
                "p: share of those that are as far from their mean."
            }
            @for one in all {
                h3 { (one.name) }
                p {
                    (one.n_positions) " positions on " (one.n_files) " micrographs; accuracy "
                    (one.accuracy.map_or("unknown, as it is marked on one micrograph only".to_owned(), |accuracy| rounded(accuracy, 2))) "."
                }
                @if !one.classes.is_empty() { div.wide { table {
                    thead { tr { th { "class" } th.number { "micrographs" } th.number { "TCAV score" } th.number { "cosine" } th.number { "random" } th.number { "p" } } }
                    tbody { @for class in &one.classes { tr.soft[class.p > 0.05] {
                        th scope="row" { (class.class) } td.number { (class.n) } td.number { (rounded(class.score, 2)) }
                        td.number { (rounded(class.cosine, 3)) } td.number { (rounded(class.random.0, 3)) " ± " (rounded(class.random.1, 3)) }
                        td.number { (rounded(class.p, 2)) }
                    } } }
                } } }
            }
        }
    }
}

fn map(record: &ConceptRecord) -> Markup {
    let Some((looked_for, parts)) = &record.pictures.map else { return html! {} };
    let mut classes: Vec<&str> =
        record.map.iter().filter_map(|cell| Some(cell.class.as_ref()?.0.as_str())).collect();
    classes.sort_unstable();
    classes.dedup();
    html! {
        h2 { "A map of the layer" }
        p {
            "Activations at many positions, laid out so that what is alike is near. Left: what the activations of a cell look for together; right: the part of a micrograph that is most like them. "
            "Light cells hold less than three positions."
        }
        div.pair {
            (zoomed(looked_for, "what the cells of the map look for"))
            (zoomed(parts, "parts of micrographs at the same places"))
        }
        @if classes.len() > 1 {
            details {
                summary { "Which classes are where?" }
                p { "The most frequent class of each cell and its share." }
                div.wide { table.matrix { tbody {
                    @let side = record.record.settings.concepts.map;
                    @for row in 0..side { tr { @for column in 0..side {
                        @let cell = record.map.iter().find(|cell| (cell.row, cell.column) == (row, column));
                        @match cell.and_then(|cell| cell.class.as_ref()) {
                            Some((class, share)) => { td.hit style={ "--share: " (format!("{:.0}", 60.0 * share)) "%" } { (class) br; (percent(*share)) } }
                            None => { td {} }
                        }
                    } } }
                } } }
            }
        }
    }
}

fn made(record: &ConceptRecord) -> Markup {
    let of = &record.record;
    let network = of.network.as_ref().map_or("", |used| used.sha256.as_str());
    html! {
        h2 { "How this was made" }
        p {
            "NanoAID " (of.program_version) "; network SHA-256 " code { (network) } "; data set SHA-256 " code { (of.settings.data_digest) }
            ". Numbers, settings and hashes are in " code { "concepts.json" } ", tables in " code { "concepts.csv" } " and " code { "directions.csv" }
            ". Write names of concepts into " code { "names.csv" } " and run the same command with " code { "--force" } " again to see them here."
        }
        details { summary { "Settings" } pre { (serde_json::to_string_pretty(&of.settings).unwrap_or_default()) } }
    }
}
