//! The contents page of the demo: the specimens through the lens, and what the classifier takes
//! each for.

use maud::{Markup, html};
use nanoaid::evaluate::classifier::Estimate;
use nanoaid::evaluate::classify::ClassProbability;

use super::lens::{self, Entry};
use crate::command::{Answered, Answers};
use nanoaid_pages::frame::page;

/// Classes that are shown of an answer.
const MOST_CLASSES: usize = 3;

/// The page; `atlas` is the folder of the site.
pub(crate) fn contents(entries: &[Entry], answers: &Answers, atlas: &str) -> String {
    let body = html! {
        p { "Through the lens below, one micrograph at a time; and in the "
            a href={ (atlas) "/index.html" } { "atlas" }
            " the same networks unit by unit: what each wants to see, which micrographs drive it, what it is tuned to." }
        (lens::grid(entries))
        h2 { "What the built-in classifier takes them for" }
        div.wide { table {
            thead { tr {
                th { "specimen" } th { "its class" } th { "the classifier says" } th { "most probable" }
            } }
            tbody { @for answered in &answers.specimens { (row(answered)) } }
        } }
        p.soft { (beware(answers)) }
    };
    page("AI lens", &format!("{} synthetic specimens", entries.len()), &body)
}

fn row(answered: &Answered) -> Markup {
    let answer = &answered.answer;
    let probable: Vec<String> = answer.probabilities.iter().take(MOST_CLASSES).map(probability).collect();
    html! {
        tr {
            th scope="row" { (answered.specimen) }
            td { (answered.category) }
            td { @if let Some(class) = &answer.said { strong { (class) } } @else { "nothing: it is not sure" } }
            td { (probable.join(", ")) }
        }
    }
}

fn probability(one: &ClassProbability) -> String {
    format!("{} {:.0}\u{a0}%", one.class, 100.0 * one.probability)
}

/// How far an answer can be trusted.
fn beware(answers: &Answers) -> String {
    let Estimate { value, interval } = answers.accuracy;
    let percent = |share: f64| format!("{:.0}", 100.0 * share);
    let interval = interval.map_or(String::new(), |interval| {
        format!(" (95 % interval: {} to {} %)", percent(interval.low), percent(interval.high))
    });
    let below = answers.specimens.first().map_or(0.0, |answered| answered.answer.config.abstain_below);
    format!(
        "It has learnt from synthetic specimens of these kinds, so these answers say nothing of real micrographs: of {} real ones that it had not seen it told {} % rightly{interval}. It says nothing where no class reaches {} %. It cannot tell that a micrograph shows none of its ten classes.",
        answers.n_tested,
        percent(value),
        percent(below),
    )
}
