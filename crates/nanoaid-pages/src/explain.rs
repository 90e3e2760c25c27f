//! The pages of explanations: one for each micrograph, and one over several. Pictures are files beside them.

use maud::{Markup, html};
use micrograph::calibration::{calibration_text, length_text};
use nanoaid::interpret::explain::{
    Control, ExplainRecord, Faithfulness, Method, MethodResult, MethodSummary, Neighbour, Randomized,
};

use crate::class::{abstains, class_caution, class_text};
use crate::frame::{address, facts, figure, made, page, warnings, zoomed};
use crate::number::{rounded, signed};
use crate::unit_links::UnitLinks;

/// Names of parts that the segmenter finds.
const OBJECTS: [&str; 3] = ["particles", "fibres", "pores"];

/// The page of an explained micrograph called `name`; `links` lead to its units in a site.
pub fn report(name: &str, record: &ExplainRecord, links: &UnitLinks) -> String {
    let found = &record.explanation;
    let body = html! {
        (warnings(record.warnings.iter().chain(&found.warnings)))
        (about(record))
        h2 { "The same score by " (found.methods.len()) " " (if found.methods.len() == 1 { "method" } else { "methods" }) }
        div.grid {
            @for (one, picture) in found.methods.iter().zip(&record.pictures.methods) { (method_figure(one, picture)) }
        }
        (numbers(record))
        @if found.methods.len() > 1 { (agreement(record)) }
        (areas(record))
        (units(record, links))
        (nearest(record))
        (counterfactual(record))
        (checks(record))
        (made(&record.record, &format!("{name}.json")))
    };
    page(name, &format!("why {}", found.target), &body)
}

fn legend() -> Markup {
    html! {
        span.legend-for { "■" } " speaks for it, " span.legend-against { "■" }
        " against it; full color from the 99.5 % quantile of each map on. No map is the truth: compare them, and read the numbers."
    }
}

fn about(record: &ExplainRecord) -> Markup {
    let found = &record.explanation;
    let mut rows = vec![("explained", format!("{}, score {}", found.target, signed(found.score)))];
    if let Some(answer) = &record.answer {
        rows.push(("answer of the network", class_text(answer)));
    }
    let (height, width) = found.view_px;
    let views = match found.n_views {
        1 => format!("one view of {width} × {height} px"),
        n => format!(
            "{n} square views of {width} × {height} px, whose scores are averaged; where they overlap, pictures are divided by their number, and a seam may show where one ends"
        ),
    };
    rows.push(("seen as", views));
    rows.push(("calibration", calibration_text(record.calibration.as_ref())));
    if let Some(calibration) = &record.calibration {
        let field = format!(
            "{} × {}",
            length_text(record.width as f64 * calibration.nm_per_px_x),
            length_text(record.height as f64 * calibration.nm_per_px_y)
        );
        rows.push(("field", field));
    }
    rows.push(("layers of class activation maps", found.layers.join(", ")));
    let first = found.methods.first().map_or("", |one| one.method.name());
    html! {
        section.about {
            @if let Some(picture) = record.pictures.methods.first() {
                (figure(&html! {
                    div.fade {
                        img src=(address(&record.pictures.micrograph)) alt="the micrograph";
                        img src=(address(picture)) alt={ "attribution by " (first) " over the micrograph" };
                    }
                    label.fader { "micrograph" input type="range" min="0" max="100" value="100"
                        aria-label="weight of the attribution"; (first) }
                }, &legend()))
            }
            div {
                (facts(&rows))
                @if let Some(answer) = &record.answer { p.soft { (class_caution(answer)) } }
            }
        }
    }
}

fn method_figure(one: &MethodResult, picture: &str) -> Markup {
    figure(
        &zoomed(picture, &format!("attribution by {}", one.method)),
        &html! {
            b { (one.method) } ". " (one.method.meaning())
            @if let Some(complete) = &one.completeness {
                " Sum " (signed(complete.sum)) ", expected " (signed(complete.expected)) " (" (complete.of) ")."
            }
            @if let Some(n) = one.n_steps {
                @if one.method == Method::Rise { " " (n) " masks." } @else { " " (n) " steps." }
            }
        },
    )
}

fn numbers(record: &ExplainRecord) -> Markup {
    let found = &record.explanation;
    let fills: Vec<_> =
        found.methods.first().map_or(&[][..], |one| &one.faithfulness).iter().map(|one| one.fill).collect();
    let row = |name: String, is_control: bool, faithfulness: &[Faithfulness]| {
        html! {
            tr.soft[is_control] {
                th scope="row" { (name) }
                @for one in faithfulness {
                    td.number { (rounded(one.deletion, 2)) }
                    td.number { (rounded(one.insertion, 2)) }
                    td.number { (rounded(one.insertion - one.deletion, 2)) }
                }
            }
        }
    };
    html! {
        @if !fills.is_empty() {
            h2 { "Does what they mark matter?" }
            p {
                "The score, from 0 where everything is removed to 1 for the whole micrograph (−1 where the fill has a higher score than the micrograph), while the parts that a map marks highest are removed first (deletion: low is good) or brought back first (insertion: high is good); areas under these curves. A random order gives about half of the whole each where every part counts by itself. Curves leave this range where parts count for more together than alone. The gain is insertion less deletion, and about 0 for a random order. Rows in grey are controls that know nothing of the network: a map that gains no more explains nothing."
            }
            div.wide { table {
                thead {
                    tr { th { "map" } @for fill in &fills {
                        th.number { "deletion, " (fill.name()) } th.number { "insertion, " (fill.name()) } th.number { "gain, " (fill.name()) }
                    } }
                }
                tbody {
                    @for one in &found.methods { (row(one.method.to_string(), false, &one.faithfulness)) }
                    @for one in &found.controls { (row(one.control.to_string(), true, &one.faithfulness)) }
                }
            } }
        }
    }
}

fn agreement(record: &ExplainRecord) -> Markup {
    let found = &record.explanation;
    let names: Vec<String> = found
        .methods
        .iter()
        .map(|one| one.method.to_string())
        .chain(found.controls.iter().map(|one| one.control.to_string()))
        .collect();
    html! {
        details {
            summary { "Do the methods agree?" }
            p { "Rank correlation of what each map gives to the cells of a grid: 1 the same order, 0 no relation." }
            div.wide { table.matrix {
                thead { tr { th {} @for name in &names { th { span { (name) } } } } }
                tbody {
                    @for (name, row) in names.iter().zip(&found.agreement) {
                        tr {
                            th scope="row" { (name) }
                            @for value in row {
                                @match value {
                                    Some(value) => {
                                        td.hit style={ "--share: " (format!("{:.0}", 60.0 * value.max(0.0))) "%" } { (rounded(*value, 2)) }
                                    }
                                    None => { td { "–" } }
                                }
                            }
                        }
                    }
                }
            } }
        }
    }
}

fn areas(record: &ExplainRecord) -> Markup {
    let found = &record.explanation;
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    html! {
        h2 { "Where does it lie?" }
        @if record.record.settings.explain.structures && !found.areas.iter().any(|area| OBJECTS.contains(&area.name.as_str())) {
            p { "The built-in segmenter is sure of no particles, fibres or pores here." }
        }
        @if found.areas.is_empty() { p { "Nothing was found to compare with." } } @else {
            p { "Share of each map's magnitudes on parts of the micrograph, beside the share of the micrograph that they are. Particles, fibres and pores are those that the built-in segmenter finds." }
            div.wide { table {
                thead { tr {
                    th { "part" } th.number { "of the micrograph" }
                    @for one in &found.methods { th.number { (one.method) } }
                } }
                tbody { @for area in &found.areas {
                    tr {
                        th scope="row" { (area.name) } td.number { (percent(area.area)) }
                        @for &share in &area.shares { td.number { (percent(share)) } }
                    }
                } }
            } }
        }
        @if let Some(bar) = &record.with_bar {
            p {
                "The data bar was cut off. Left on, it is " (percent(bar.area)) " of the image and has "
                (percent(bar.share)) " of the attribution by " (found.methods.first().map_or("", |one| one.method.name()))
                @if let Some(class) = &bar.class {
                    @if Some(class) == bar.class_without.as_ref() { "; the class stays." } @else { "; the class is then " b { (class) } "." }
                } @else { "." }
            }
        }
    }
}

fn units(record: &ExplainRecord, links: &UnitLinks) -> Markup {
    let found = &record.explanation;
    html! {
        @if !found.units.is_empty() {
            h2 { "Which units carry it?" }
            p {
                "What single channels add to the score (to first order, if it is not linear in them), with where they do. "
                @if found.units.iter().all(|unit| links.get(&unit.unit).is_none()) {
                    code { "nanoaid visualize" } " and " code { "nanoaid site" } " show what a unit looks for; " code { "--site" } " links to it."
                }
            }
            div.mistakes {
                @for (unit, picture) in found.units.iter().zip(&record.pictures.units) {
                    (figure(&zoomed(picture, &format!("what {} adds to the score", unit.unit)), &html! {
                        b { (unit.unit) } " adds " (signed(unit.contribution))
                        @if let Some(link) = links.get(&unit.unit) {
                            a.wants href=(link.page) {
                                @if let Some(picture) = &link.picture { img src=(picture) alt={ "what " (unit.unit) " responds to" } loading="lazy"; }
                                "what it looks for, and real patches"
                            }
                        }
                    }))
                }
            }
        }
    }
}

fn nearest(record: &ExplainRecord) -> Markup {
    let Some(found) = &record.nearest else { return html! {} };
    let row = |of: &[Neighbour]| {
        html! {
            div.mistakes { @for one in of {
                (figure(&zoomed(&one.picture, &one.file), &html! {
                    span.line { b { (one.class) } " at " (format!("{:.0} %", 100.0 * one.probability))
                        @if one.class != one.category { ", is " b { (one.category) } } }
                    span.line { "likeness " (rounded(one.likeness, 2)) }
                    span.line.file { (one.file) }
                }))
            } }
        }
    };
    html! {
        h2 { "What does it see alike?" }
        p {
            "The micrographs of " (found.data.path.display()) " that the network sees most like this one, by the mean activations of "
            code { (found.layer) } ": 1 the same, 0 no relation; what is not alike at all is left out. The network classifies " (found.n_right) " of all "
            (found.n_right + found.n_wrong) " right. If the nearest mistakes are as near as the nearest right ones, do not trust the answer. "
            "Micrographs that the network was trained on are right more often than others."
        }
        h3 { "Classified right" }
        @if found.right.is_empty() { p.soft { "None is alike." } } @else { (row(&found.right)) }
        h3 { "Classified wrong" }
        @if found.wrong.is_empty() { p.soft { "None is alike." } } @else { (row(&found.wrong)) }
    }
}

fn counterfactual(record: &ExplainRecord) -> Markup {
    let found = &record.explanation;
    html! {
        @if let (Some(less), Some(picture)) = (&found.counterfactual, &record.pictures.counterfactual) {
            h2 { "What would change the answer?" }
            (figure(&zoomed(picture, "what is removed, in grey"), &html! {
                "Without the grey part, " (format!("{:.1} %", 100.0 * less.share)) " of the micrograph, the network's class is "
                b { (less.class) } ". Found by removing what " (found.methods.first().map_or("", |one| one.method.name()))
                " marks highest, then bringing back what is not needed; there may be smaller parts."
            }))
        }
    }
}

fn checks(record: &ExplainRecord) -> Markup {
    let found = &record.explanation;
    let shares: Vec<f64> = found
        .methods
        .iter()
        .find_map(|one| one.checks.as_ref())
        .map_or(Vec::new(), |checks| checks.randomized.iter().map(|one| one.share).collect());
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| rounded(value, 2));
    let random = |of: &Randomized| number(of.similarity);
    html! {
        @if !shares.is_empty() {
            h2 { "Further checks" }
            p {
                "MuFidelity: rank correlation of what random parts have in the map with the fall of the score without them, 1 is best. Sensitivity: relative change of the map under noise of 2 %. Random weights: rank correlation with the map of a network whose first layers have random weights; a map that stays the same shows the image, not the network. That it changes is no proof that it is right: noise changes, too. Second class: rank correlation with the map for the second most probable class; near 1, the map is not about this class."
            }
            div.wide { table {
                thead { tr {
                    th { "map" } th.number { "MuFidelity" } th.number { "sensitivity" }
                    @for share in &shares { th.number { (format!("{:.0} % random", 100.0 * share)) } }
                    th.number { "entropy rise" } th.number { "second class" }
                } }
                tbody { @for one in &found.methods { @if let Some(checks) = &one.checks {
                    tr {
                        th scope="row" { (one.method) }
                        td.number { (number(checks.mu_fidelity)) }
                        td.number { (number(checks.sensitivity)) }
                        @for one in &checks.randomized { td.number { (random(one)) } }
                        td.number { (number(checks.randomized.last().and_then(|one| one.entropy_rise))) }
                        td.number { (number(checks.second_class)) }
                    }
                } } }
            } }
        }
    }
}

/// The page over several explained micrographs, each with its name.
pub fn contents(records: &[(String, ExplainRecord)], summary: &[MethodSummary]) -> String {
    let body = html! {
        @if !summary.is_empty() {
            h2 { "How well do the methods explain?" }
            p { "Means over micrographs. Gain: insertion less deletion, with its 95 % interval by a bootstrap over groups, at least five: those of --groups, and each micrograph without one by itself. A random order has about 0. The last columns: on how many micrographs a map gains more than a control that knows nothing of the network." }
            div.wide { table {
                thead { tr {
                    th { "map" } th { "fill" } th.number { "n" } th.number { "groups" } th.number { "deletion" } th.number { "insertion" }
                    th.number { "gain" } th.number { "95 % interval" }
                    @for control in Control::ALL { th.number { "> " (control) } }
                } }
                tbody { @for one in summary { (summary_row(one)) } }
            } }
        }
        h2 { "Micrographs" }
        div.grid { @for (name, record) in records {
            @let found = &record.explanation;
            (figure(&html! {
                a href=(address(&format!("{name}.html"))) {
                    img src=(address(record.pictures.methods.first().unwrap_or(&record.pictures.micrograph))) alt={ "attribution over " (name) } loading="lazy";
                }
            }, &html! {
                a href=(address(&format!("{name}.html"))) { (name) } ": " (found.target)
                @if abstains(record.answer.as_ref()) { " (the classifier abstains)" }
                @if !found.warnings.is_empty() { br; (found.warnings.len()) " warnings" }
            }))
        } }
    };
    page("Explanations", &format!("{} micrographs", records.len()), &body)
}

fn summary_row(one: &MethodSummary) -> Markup {
    let interval = one
        .interval
        .map_or("–".to_owned(), |(low, high)| format!("{} to {}", rounded(low, 3), rounded(high, 3)));
    html! {
        tr.soft[one.is_control] {
            th scope="row" { (one.name) } td { (one.fill.name()) } td.number { (one.n) } td.number { (one.n_groups) }
            td.number { (rounded(one.deletion, 3)) } td.number { (rounded(one.insertion, 3)) }
            td.number { (rounded(one.gain, 3)) } td.number { (interval) }
            @for (n, control) in one.better_than.iter().zip(Control::ALL) {
                td.number { @if one.name == control.to_string() { "–" } @else { (n) } }
            }
        }
    }
}
