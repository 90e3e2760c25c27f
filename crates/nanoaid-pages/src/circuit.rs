//! The page of a circuit: a unit, and the lower units that it is made of. Pictures are files beside it.

use maud::html;
use nanoaid::interpret::circuit::CircuitRecord;

use crate::frame::{facts, figure, made, page, zoomed};
use crate::number::{percent, signed};

/// The page of a circuit.
pub fn report(record: &CircuitRecord) -> String {
    let found = &record.circuit;
    let kernel = format!("{} × {} positions of {}", found.height, found.width, found.from);
    let rows = [
        ("unit", found.unit.to_string()),
        ("from", format!("{}, {} units", found.from, found.n_channels)),
        ("kernels", kernel),
        (
            "shown",
            format!(
                "{} units with {} of the squares of all weights",
                found.parts.len(),
                percent(found.shown_share)
            ),
        ),
    ];
    let body = html! {
        section.about {
            @if let Some(picture) = &record.unit {
                (figure(&html! { div.small { (zoomed(picture, &format!("what {} looks for", found.unit))) } }, &html! { "What " b { (found.unit) } " looks for." }))
            }
            (facts(&rows))
        }
        h2 { "Made of" }
        p {
            "Left what each lower unit looks for, right where around itself the unit wants it: "
            span.weight-for { "■" } " red raises it, " span.weight-against { "■" } " blue lowers it, white has no weight; one scale for all. "
            "Between layers that are not neighbours the weights of all ways are summed, as if every ReLU were open and every largest value a mean. "
            "What a weight does also depends on how often the lower unit is active."
        }
        div.made-of { @for (place, part) in found.parts.iter().enumerate() {
            (figure(&html! {
                div.pair {
                    @if let Some(picture) = record.parts.get(place) { (zoomed(picture, &format!("what {} looks for", part.unit))) }
                    (zoomed(&record.weights[place], &format!("weights of {}", part.unit)))
                }
            }, &html! {
                span.line { b { (part.unit) } }
                span.line { (percent(part.share)) " of the squares, sum " (signed(part.sum)) }
            }))
        } }
        (made(&record.record, "circuit.json"))
    };
    page(&found.unit.to_string(), &format!("made of units of {}", found.from), &body)
}
