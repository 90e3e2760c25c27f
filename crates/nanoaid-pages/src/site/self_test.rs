//! The page of a self-test, in the layout of Borowski et al. 2021: the nine strongest patches left,
//! the nine weakest right, two further patches between them. Which of the two drives the unit more?
//!
//! The script keeps answers and times and computes the interval; without it, all questions stand
//! below each other.

use maud::{Markup, html};

use crate::site::address::From;
use crate::site::crop::{pane, rect_text};
use crate::site::frame::{Frame, page};
use crate::site::model::{ExemplarView, QuestionView, Site};
use crate::site::parts::counted;
use crate::site::start::network_record;

/// The page.
pub(super) fn self_test(site: &Site, idx: usize) -> String {
    let test = &site.self_tests[idx];
    let network = &site.networks[test.network];
    let address = site.self_test_page(idx);
    let from = From::page(&address);
    let scores: Vec<f64> = test.questions.iter().filter_map(|question| question.machine_score).collect();
    let machine = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
    let body = html! {
        div.intro {
            p {
                "Left: nine real patches that drive a unit most. Right: nine that drive it least. Of the two patches in the middle, one drives the unit more. Choose it by a click, or by the keys 1 and 2. None of the two is among those shown left and right."
            }
            p.soft { "Guessing gives 50 %. In the study of Borowski et al. (2021) with photographs, people answered 92 % rightly with real patches." }
        }
        div.test data-network=(network.name) data-seed=(test.seed) data-machine=[machine] {
            p.progress role="status" {}
            @for (nth, question) in test.questions.iter().enumerate() { (ask(site, from, nth, test.questions.len(), question)) }
        }
        section.score hidden aria-labelledby="score-title" {
            h2 id="score-title" { "Your score" }
            p.result role="status" {}
            div.tools {
                button type="button" data-answers="csv" { "Answers as CSV" }
                button type="button" data-answers="json" { "Answers as JSON" }
                button type="button" data-answers="again" { "Once more" }
            }
            div.wide tabindex="0" role="region" aria-label="Your answers" {
                table.answers { thead { tr { th scope="col" { "question" } th scope="col" { "unit" } th scope="col" { "right" } th.number scope="col" { "seconds" } th.number scope="col" { "machine score" } } } tbody {} }
            }
        }
    };
    let frame = Frame {
        title: format!("Self-test: {}", network.name),
        below: format!("{}, seed {}", counted(test.questions.len(), "question"), test.seed),
        above: vec![(network.name.clone(), site.network_page(test.network))],
        cited_as: format!("self-test of {}, seed {}", network.name, test.seed),
        made: network_record(network),
        scripts: &["self_test.js"],
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

fn ask(site: &Site, from: From, nth: usize, all: usize, question: &QuestionView) -> Markup {
    html! {
        section.question data-answer=(question.answer) data-unit=(site.unit_address(question.unit))
            data-href=(from.to(&site.unit_page(question.unit))) data-machine=[question.machine_score]
            aria-label={ "Question " (nth + 1) " of " (all) } {
            (references(site, from, "drive it most", &question.strongest))
            div.queries {
                h2 { "Which drives it more?" }
                @for (choice, query) in question.queries.iter().enumerate() {
                    button.query type="button" data-choice=(choice) data-m=(site.micrographs[query.micrograph].id) data-f=(rect_text(query.field)) {
                        (pane(site, from, query.micrograph, query.field, ""))
                        span { "Patch " (choice + 1) }
                    }
                }
            }
            (references(site, from, "drive it least", &question.weakest))
        }
    }
}

fn references(site: &Site, from: From, name: &str, exemplars: &[ExemplarView]) -> Markup {
    html! {
        div.references {
            h2 { (name) }
            ul.nine { @for (nth, exemplar) in exemplars.iter().enumerate() {
                    // the name of a file would give the answer away
                    @let alt = format!("Patch {}", nth + 1);
                    li { (pane(site, from, exemplar.micrograph, exemplar.field, &alt)) }
                } }
        }
    }
}
