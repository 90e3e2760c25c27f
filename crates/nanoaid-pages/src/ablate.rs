//! The page of a micrograph seen by a network with units switched off or up. Pictures are files beside it.

use maud::{Markup, html};
use nanoaid::interpret::ablate::{AblateRecord, Ablation};

use crate::class::{abstains, class_text, words};
use crate::frame::{address, facts, figure, made, page, warnings, zoomed};
use crate::number::{rounded, signed};

/// The page of the micrograph called `name`.
pub fn report(name: &str, record: &AblateRecord) -> String {
    let found = &record.ablation;
    let body = html! {
        (warnings(record.warnings.iter().chain(&found.warnings)))
        (about(record))
        (classes(record))
        (alone(record))
        (later(record))
        (made(&record.record, &format!("{name}.json")))
    };
    page(name, &format!("with {} times {}", found.switched.join(", "), found.times), &body)
}

/// The page over several micrographs, each with its name.
pub fn contents(records: &[(String, AblateRecord)]) -> String {
    let of = |value: Option<f64>| value.map_or("–".to_owned(), signed);
    let body = html! {
        p { "How the network's output changes on each micrograph: the logit of its class, or the share of the variance in its reconstruction. Beside it the lowest and the highest change by as many others, drawn at random." }
        div.wide { table {
            thead { tr {
                th { "micrograph" } th { "class" } th.number { "change" } th.number { "by others" } th { "class then" }
            } }
            tbody { @for (name, record) in records {
                @let found = &record.ablation;
                @let (before, after) = found.answers.clone().unwrap_or_default();
                tr {
                    th scope="row" { a href=(address(&format!("{name}.html"))) { (name) } }
                    td { (words(&before)) @if abstains(record.answer.as_ref()) { " (abstains)" } }
                    td.number { (of(found.change)) } td.number { (controls(found).unwrap_or("–".to_owned())) }
                    td { @if before == after { "–" } @else { b { (words(&after)) } } }
                }
            } }
        } }
    };
    let switched = records.first().map(|(_, record)| &record.ablation);
    let what = switched
        .map_or(String::new(), |found| format!("with {} times {}", found.switched.join(", "), found.times));
    page("Ablation", &format!("{} micrographs {what}", records.len()), &body)
}

/// The lowest and the highest change by others; `None` without them.
fn controls(found: &Ablation) -> Option<String> {
    let low = found.controls.iter().copied().reduce(f64::min)?;
    let high = found.controls.iter().copied().reduce(f64::max)?;
    Some(format!("{} to {}", signed(low), signed(high)))
}

fn about(record: &AblateRecord) -> Markup {
    let found = &record.ablation;
    let mut rows = Vec::new();
    if let Some(answer) = &record.answer {
        rows.push(("answer of the network", class_text(answer)));
    }
    if let Some((before, after)) = &found.answers {
        let stays = before == after;
        rows.push((
            "class with the highest score",
            if stays {
                format!("{}, as before", words(after))
            } else {
                format!("{}, before {}", words(after), words(before))
            },
        ));
    }
    if let Some((before, after)) = found.reconstruction {
        let text = format!("{}, before {}", rounded(after, 4), rounded(before, 4));
        rows.push(("share of the variance in the reconstruction", text));
    }
    if let Some(change) = found.change {
        rows.push((
            if found.answers.is_some() { "change of its score" } else { "change of the share" },
            signed(change),
        ));
    }
    if let Some(text) = controls(found) {
        rows.push((
            "the same by other units of the same layers",
            format!("{text} in {} draws", found.controls.len()),
        ));
    }
    html! {
        section.about {
            @match &record.reconstruction {
                Some(picture) => {
                    (figure(&zoomed(picture, "the reconstruction as it is, and switched"), &html! { "Reconstruction: left as it is, right switched." }))
                }
                None => { (figure(&zoomed(&record.micrograph, "the micrograph"), &html! { "The micrograph." })) }
            }
            (facts(&rows))
        }
    }
}

fn classes(record: &AblateRecord) -> Markup {
    let found = &record.ablation;
    let mut classes: Vec<_> = found.classes.iter().collect();
    classes.sort_by(|a, b| b.before.total_cmp(&a.before));
    html! {
        @if !classes.is_empty() {
            h2 { "What becomes of the classes?" }
            div.wide { table {
                thead { tr { th { "class" } th.number { "logit before" } th.number { "after" } th.number { "change" } } }
                tbody { @for one in classes { tr {
                    th scope="row" { (words(&one.class)) } td.number { (signed(one.before)) } td.number { (signed(one.after)) }
                    td.number { (signed(one.after - one.before)) }
                } } }
            } }
        }
    }
}

fn alone(record: &AblateRecord) -> Markup {
    let found = &record.ablation;
    html! {
        @if !found.alone.is_empty() {
            h2 { "Each alone" }
            div.wide { table {
                thead { tr { th { "switched" } th.number { "change of the output" } } }
                tbody { @for (one, change) in found.switched.iter().zip(&found.alone) { tr {
                    th scope="row" { (one) } td.number { (signed(*change)) }
                } } }
            } }
        }
    }
}

fn later(record: &AblateRecord) -> Markup {
    let found = &record.ablation;
    html! {
        h2 { "What becomes of later layers?" }
        @if found.later.is_empty() { p { "No unit of a later layer changes." } } @else {
            p { "The units of later layers whose mean activation changes most, in standard deviations of their activations over the micrograph." }
            div.wide { table {
                thead { tr { th { "unit" } th.number { "mean before" } th.number { "after" } th.number { "change" } } }
                tbody { @for one in &found.later { tr {
                    th scope="row" { (one.unit) } td.number { (signed(one.before)) } td.number { (signed(one.after)) }
                    td.number { (signed(one.change)) }
                } } }
            } }
            @if !record.maps.is_empty() { h3 { "Where the first of them respond" } }
            div.grid { @for (one, picture) in &record.maps {
                (figure(&zoomed(picture, &format!("{one} before and after")), &html! { b { (one) } ", left as it is, right switched, on one scale." }))
            } }
        }
    }
}
