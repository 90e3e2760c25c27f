//! The demo's page: one micrograph measured, shown through a network, and classified.
//!
//! The result of [`nanoaid::demo`] goes in, with the names of files beside the page; values are not computed here.

use maud::{Markup, PreEscaped, html};
use micrograph::measure::Report;
use nanoaid::demo::{Demo, LayerSeen, MapSeen, Tested};
use nanoaid::evaluate::classify::ClassProbability;

use crate::class::words;
use crate::frame::{figure, page};
use crate::measure::numbers_table;

/// Classes that are shown of an answer.
const MOST_CLASSES: usize = 5;
/// Numbers that are shown large.
const MOST_LARGE: usize = 3;

/// What is shown.
pub struct DemoPage<'a> {
    /// What was found.
    pub demo: &'a Demo,
    /// The micrograph as a file beside the page.
    pub micrograph: &'a str,
    /// What it shows, in a few words.
    pub specimen: &'a str,
    /// Who took it, and its licence.
    pub credit: &'a str,
    /// Whether the classifier was trained on it.
    pub learnt_from: bool,
    /// Classes and the files of their pictures.
    pub classes: &'a [(String, String)],
    /// The start page of the atlas, and what it holds.
    pub atlas: (&'a str, &'a str),
    /// Commands to try next, each with what it does.
    pub commands: &'a [(&'a str, &'a str)],
}

impl DemoPage<'_> {
    /// The page.
    pub fn html(&self) -> String {
        let Self { demo, .. } = self;
        let body = html! {
            style { (PreEscaped(include_str!("demo/demo.css"))) }
            nav { ul {
                li { a href="#measured" { "Measured" } }
                li { a href="#lens" { "Through the lens" } }
                li { a href="#classified" { "Classified" } }
                li { a href="#classes" { "What classes look like" } }
                li { a href="#atlas" { "Atlas" } }
                li { a href="#own" { "Your own images" } }
            } }
            (self.measured())
            (self.lens())
            (self.classified())
            section id="atlas" {
                h2 { "The units of both networks" }
                p { a.door href=(self.atlas.0) { "Open the atlas" } " " (self.atlas.1) }
            }
            section id="own" {
                h2 { "Your own images" }
                dl.commands { @for (command, does) in self.commands {
                    dt { code { (command) } }
                    dd { (does) }
                } }
            }
            p.soft { "Micrograph: " (self.credit) }
        };
        let n_layers = demo.layers.len();
        let below = format!(
            "{}: measured, seen through {n_layers} layers of a neural network, and classified, on this computer.",
            self.specimen
        );
        page("One real micrograph", &below, &body)
    }

    fn measured(&self) -> Markup {
        let report = &self.demo.report;
        html! {
            section id="measured" {
                h2 { "Measured" }
                div.split {
                    (figure(
                        &picture(&self.demo.measured_picture, "the micrograph with what was measured drawn on it"),
                        &html! { "Measurements, drawn where they were found; "
                            a href=(self.micrograph) { "the original micrograph" } "." },
                    ))
                    div {
                        (large_numbers(report))
                        (numbers_table(report))
                        @for warning in &report.warnings {
                            p.soft { (warning) }
                        }
                    }
                }
            }
        }
    }

    fn lens(&self) -> Markup {
        html! {
            section id="lens" {
                h2 { "Through the lens" }
                p { "The feature maps of an autoencoder that was trained on micrographs. The deeper the layer, the \
                     larger the patch that each position sees. Colors show all maps of a layer together: places of \
                     one color look alike to the network. Beside them the maps of most energy." }
                @for layer in &self.demo.layers { (seen_layer(layer)) }
            }
        }
    }

    fn classified(&self) -> Markup {
        let answer = &self.demo.answer;
        html! {
            section id="classified" {
                h2 { "Classified" }
                div.split.even {
                    div {
                        p.verdict-line {
                            @if let Some(class) = &answer.said { "The classifier says: " strong { (words(class)) } }
                            @else { "The classifier abstains: its confidence is too low" }
                        }
                        div.bars role="list" {
                            @for one in answer.probabilities.iter().take(MOST_CLASSES) { (bar(one)) }
                        }
                    }
                    div.soft {
                        p { (honest(&self.demo.tested)) }
                        @if self.learnt_from { p { "It was trained on this micrograph, so this answer is not a test." } }
                        p { "It abstains where no class reaches "
                            (percent(answer.config.abstain_below)) ", and cannot say \"none of these\"." }
                    }
                }
            }
            section id="classes" {
                h2 { "What each class looks like to the classifier" }
                p { "Images made from noise by gradient ascent until the classifier is confident of a class. They show what \
                     it responds to, not what a specimen looks like." }
                ul.pictures {
                    @for (class, file) in self.classes {
                        li.said[self.demo.answer.said.as_deref() == Some(class)] {
                            (picture(file, &format!("what the class {} looks like to the classifier", words(class))))
                            span { (words(class)) }
                        }
                    }
                }
            }
        }
    }
}

fn picture(file: &str, alt: &str) -> Markup {
    html! { img src=(file) alt=(alt); }
}

/// The first numbers, large.
fn large_numbers(report: &Report) -> Markup {
    let first = report.answers.iter().find(|answer| !answer.findings.is_empty());
    html! {
        div.figures {
            @for finding in first.iter().flat_map(|answer| &answer.findings).take(MOST_LARGE) {
                div {
                    p.value { (finding.quantity.text()) }
                    p.soft { (finding.name) }
                }
            }
        }
    }
}

fn seen_layer(layer: &LayerSeen) -> Markup {
    let what = format!("all {} feature maps of {} as one picture", layer.n_channels, layer.layer);
    html! {
        div.layer {
            (figure(
                &picture(&layer.false_color, &what),
                &html! {
                    strong { (layer.layer) } ": " (layer.n_channels) " maps, each position has a receptive field of "
                    (layer.receptive_field_px) " × " (layer.receptive_field_px) " px. The colors hold "
                    (percent(layer.explained)) " of the variance."
                },
            ))
            div.maps { @for map in &layer.maps { (one_map(map)) } }
        }
    }
}

fn one_map(map: &MapSeen) -> Markup {
    let address = map.address.to_string();
    figure(&picture(&map.picture, &format!("feature map {address}")), &html! { code { (address) } })
}

fn bar(one: &ClassProbability) -> Markup {
    html! {
        div.bar role="listitem" {
            span.name { (words(&one.class)) }
            span.track { span.fill style={ "width:" (format!("{:.1}%", 100.0 * one.probability)) } {} }
            span.number { (percent(one.probability)) }
        }
    }
}

/// How reliable an answer is.
fn honest(tested: &Tested) -> String {
    let interval = tested.accuracy.interval.map_or(String::new(), |interval| {
        format!(
            " (95 % interval of its accuracy: {:.0} to {:.0} %)",
            100.0 * interval.low,
            100.0 * interval.high
        )
    });
    format!("{}{interval}: a network to explore, not to rely on.", tested.in_words.trim_end_matches('.'))
}

fn percent(share: f64) -> String {
    format!("{:.0}\u{a0}%", 100.0 * share)
}
