//! The page of a self-test, in the layout of Borowski et al. 2021: the nine strongest patches left,
//! the nine weakest right, two further patches between them. Which of the two drives the unit more?
//!
//! The script keeps answers and times and computes the interval; without it, all questions are listed below each
//! other.

use maud::{Markup, html};

use crate::site::address::From;
use crate::site::crop::{pane, rect_text};
use crate::site::frame::{Frame, page};
use crate::site::model::Site;
use crate::site::parts::counted;
use crate::site::start::network_record;
use nanoaid::interpret::exemplar::Exemplar;
use nanoaid::interpret::machine_score::{Question, Side};

/// Patches that are shown on each side.
const REFERENCES: usize = 9;

/// The page.
pub(super) fn self_test(site: &Site<'_>, idx: usize) -> String {
    let place = site.self_tests[idx];
    let (network, seed) = (&site.atlas.networks[place], site.atlas.config.seed);
    let questions = &network.questions;
    let address = site.self_test_page(idx);
    let from = From::page(&address);
    let scores: Vec<f64> =
        questions.iter().filter_map(|question| machine_score(site, place, question)).collect();
    let machine = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
    let body = html! {
        div.intro {
            p {
                "Left: nine patches of micrographs that drive a unit most. Right: nine that drive it least. Of the two patches in the middle, one drives the unit more. Choose it by a click, or by the keys 1 and 2. Neither of the two is among those shown left and right."
            }
            p.soft { "Guessing gives 50 %. In the study of Borowski et al. (2021) with photographs, people answered 92 % correctly with real patches." }
        }
        div.test data-network=(network.name()) data-seed=(seed) data-machine=[machine] {
            p.progress role="status" {}
            @for nth in 0..questions.len() { (ask(site, from, place, nth)) }
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
        title: format!("Self-test: {}", network.name()),
        below: format!("{}, seed {}", counted(questions.len(), "question"), seed),
        above: vec![(network.name(), site.network_page(place))],
        cited_as: format!("self-test of {}, seed {seed}", network.name()),
        made: network_record(network),
        scripts: &["self_test.js"],
        address,
        ..Frame::default()
    };
    page(site, &frame, &body)
}

/// The machine score of the unit of a question.
fn machine_score(site: &Site<'_>, network: usize, question: &Question) -> Option<f64> {
    let (unit, _) = site.patches(network, question)?;
    site.summary(unit).machine_score
}

fn ask(site: &Site<'_>, from: From, network: usize, nth: usize) -> Markup {
    let questions = &site.atlas.networks[network].questions;
    let (question, all) = (&questions[nth], questions.len());
    let Some((unit, patches)) = site.patches(network, question) else { return html! {} };
    let of = |places: &[usize]| -> Vec<&Exemplar> {
        places.iter().filter_map(|&place| patches.get(place).copied()).take(REFERENCES).collect()
    };
    let queries = of(&[question.left, question.right]);
    html! {
        section.question data-answer=(usize::from(question.driving == Side::Right)) data-unit=(site.unit_address(unit))
            data-href=(from.to(&site.unit_page(unit))) data-machine=[site.summary(unit).machine_score]
            aria-label={ "Question " (nth + 1) " of " (all) } {
            (references(site, from, "drive it most", &of(&question.strongest)))
            div.queries {
                h2 { "Which drives it more?" }
                @for (choice, query) in queries.iter().enumerate() {
                    button.query type="button" data-choice=(choice) data-m=(site.micrograph_id(query.image)) data-f=(rect_text(query.field)) {
                        (pane(site, from, query.image, query.field, ""))
                        span { "Patch " (choice + 1) }
                    }
                }
            }
            (references(site, from, "drive it least", &of(&question.weakest)))
        }
    }
}

fn references(site: &Site<'_>, from: From, name: &str, exemplars: &[&Exemplar]) -> Markup {
    html! {
        div.references {
            h2 { (name) }
            ul.nine { @for (nth, exemplar) in exemplars.iter().enumerate() {
                    // the name of a file would give the answer away
                    @let alt = format!("Patch {}", nth + 1);
                    li { (pane(site, from, exemplar.image, exemplar.field, &alt)) }
                } }
        }
    }
}
