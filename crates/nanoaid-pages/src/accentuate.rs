//! The page of an accentuated micrograph. Pictures are files beside it.

use maud::{Markup, html};
use micrograph::calibration::{calibration_text, length_text};
use nanoaid::interpret::accentuate::{AccentuateRecord, AccentuationLevel};

use crate::class::{abstains, class_text, words};
use crate::frame::{address, facts, figure, made, page, warnings, zoomed};
use crate::number::{percent, rounded, signed};

/// The page of the micrograph called `name`.
pub fn report(name: &str, record: &AccentuateRecord) -> String {
    let found = &record.accentuation;
    let body = html! {
        (warnings(record.warnings.iter().chain(&found.warnings)))
        (about(record))
        (numbers(record))
        h2 { "Each strength" }
        div.grid {
            @for (place, level) in found.levels.iter().enumerate() {
                (figure(&html! {
                    (zoomed(&record.pictures.accentuated[place], &format!("the micrograph changed by {}", percent(level.change))))
                    (zoomed(&record.pictures.changes[place], "what was changed: orange brighter, blue darker"))
                }, &html! { b { (percent(level.change)) " of the contrast" } ", score " (signed(level.score)) }))
            }
        }
        (made(&record.record, &format!("{name}.json")))
    };
    let way = if record.record.settings.accentuate.away { "away from" } else { "towards" };
    page(name, &format!("{way} {}", found.target), &body)
}

/// The page over several micrographs, each with its name.
pub fn contents(records: &[(String, AccentuateRecord)]) -> String {
    let body = html! {
        p { "The score of each micrograph as it is and changed most, and the best random change of the same size and spectrum: what rises by that as well is contrast, not a pattern." }
        div.grid { @for (name, record) in records {
            @let found = &record.accentuation;
            (figure(&html! {
                a href=(address(&format!("{name}.html"))) {
                    img src=(address(record.pictures.accentuated.last().unwrap_or(&record.pictures.micrograph)))
                        alt={ (name) ", changed most" } loading="lazy";
                }
            }, &html! {
                a href=(address(&format!("{name}.html"))) { (name) }
                @if abstains(record.answer.as_ref()) { " (the classifier abstains)" }
                @if let Some(last) = found.levels.last() {
                    ": " (found.target) ", score " (signed(found.score)) ", changed by " (percent(last.change)) " " (signed(last.score))
                    @if let Some(random) = &last.random { ", best at random " (signed(random.most)) }
                }
            }))
        } }
    };
    page("Accentuated", &format!("{} micrographs", records.len()), &body)
}

fn about(record: &AccentuateRecord) -> Markup {
    let found = &record.accentuation;
    let mut rows = vec![("score", format!("{} ({})", signed(found.score), found.target))];
    if let Some(answer) = &record.answer {
        rows.push(("answer of the network", class_text(answer)));
    } else if let Some(answer) = &found.answer {
        rows.push(("class with the highest score", words(answer)));
    }
    rows.push(("contrast", format!("grey levels deviate by {} of black to white", percent(found.deviation))));
    rows.push(("calibration", calibration_text(record.calibration.as_ref())));
    let last = record.pictures.accentuated.last();
    html! {
        section.about {
            @if let Some(last) = last {
                (figure(&html! {
                    div.fade {
                        img src=(address(&record.pictures.micrograph)) alt="the micrograph";
                        img src=(address(last)) alt="the micrograph, changed most";
                    }
                    label.fader { "as it is" input type="range" min="0" max="100" value="100"
                        aria-label="weight of the changed micrograph"; "changed" }
                }, &html! { "Move the slider: what grows is what the network looks for in this micrograph." }))
            }
            (facts(&rows))
        }
    }
}

fn numbers(record: &AccentuateRecord) -> Markup {
    let found = &record.accentuation;
    let with_random = found.levels.iter().any(|level| level.random.is_some());
    let with_answer = found.answer.is_some();
    let gain = |level: &AccentuationLevel| signed(level.score - found.score);
    html! {
        h2 { "Does the network care?" }
        p {
            "How much grey levels changed, as a share of the micrograph's own standard deviation, and the score then. "
            "Changes of the same size and the same spectrum with random phases stand beside it: if the score rises by those as well, it is contrast that counts, not a pattern. "
            "Half of the energy of a change has longer periods than its median period."
        }
        div.wide { table {
            thead { tr {
                th.number { "change" } th.number { "score" } th.number { "gain" }
                @if with_random { th.number { "random changes" } th.number { "the best of them" } }
                @if with_answer { th { "class" } }
                th.number { "median period" }
            } }
            tbody { @for (place, level) in found.levels.iter().enumerate() { tr {
                td.number { (percent(level.change)) } td.number { (signed(level.score)) } td.number { (gain(level)) }
                @if let Some(random) = &level.random {
                    td.number { (signed(random.mean)) } td.number { (signed(random.most)) }
                }
                @if let Some(answer) = &level.answer {
                    td { @if level.answer == found.answer { (words(answer)) } @else { b { (words(answer)) } } }
                }
                td.number { (period(record, place)) }
            } } }
        } }
    }
}

fn period(record: &AccentuateRecord, place: usize) -> String {
    match (record.accentuation.levels[place].period_px, record.period_nm(place)) {
        (Some(px), Some(nm)) => format!("{} px, {}", rounded(px, 1), length_text(nm)),
        (Some(px), None) => format!("{} px", rounded(px, 1)),
        _ => "–".to_owned(),
    }
}
