//! The page of the figures of the paper. Pictures are files beside it; a view has a page of its own.

use maud::{Markup, PreEscaped, html};
use micrograph::calibration::length_text;
use nanoaid::evaluate::classifier::Estimate;
use nanoaid::reproduce::{
    ClassesFigure, DataFigure, Figure, LensFigure, Patterned, PatternedFigure, PictureShown, Reproduction,
    Shown, StartShown, StartsFigure, UnitShown,
};

use crate::chart::{VolcanoPoint, volcano};
use crate::class::words;
use crate::frame::{address, facts, figure, page as frame, zoomed};
use crate::measure::numbers_table;
use crate::number::{percent, rounded};

/// Name of the page.
pub const PAGE: &str = "index.html";

/// The page of all figures of `made`.
pub fn page(made: &Reproduction) -> String {
    let body = html! {
        style { (PreEscaped(include_str!("reproduce/reproduce.css"))) }
        p {
            "The figures of Rajagopal et al. 2022, "
            em { "AI visualization in nanoscale microscopy" } " (arXiv 2201.00966), made on this computer. The paper's networks and micrographs are not public, so its figures are matched in what they show and how it is made, never pixel by pixel."
        }
        nav { ul { @for one in &made.figures { li { a href={ "#" (one.name) } { (short(one)) } } } } }
        @for one in &made.figures { (section(one)) }
        (how(made))
    };
    let data = made.data.as_ref().map_or_else(
        || "with built-in networks, a real micrograph and synthetic ones".to_owned(),
        |data| format!("with the micrographs of {}", data.display()),
    );
    frame("The paper's figures", &data, &body)
}

/// Its heading before the colon.
fn short(one: &Figure) -> &'static str {
    one.name.heading().split(':').next().unwrap_or_default()
}

fn section(one: &Figure) -> Markup {
    html! {
        section id=(one.name) {
            h2 { (one.name.heading()) }
            dl.compared {
                dt { "Agrees" } dd { (one.agrees) }
                @if !one.differs.is_empty() { dt { "Differs" } dd { (one.differs) } }
            }
            @match &one.shown {
                Shown::Data(found) => (data(found)),
                Shown::Lens(found) => (lens(found)),
                Shown::Classes(found) => (classes(found)),
                Shown::Starts(found) => (starts(found)),
                Shown::Patterned(found) => (patterned(found)),
                Shown::Missing { reason, advice } => { p.missing { "Not made: " (reason) ". " (advice) } }
            }
        }
    }
}

fn data(found: &DataFigure) -> Markup {
    let category = |name: &Option<String>| name.as_ref().map_or("no category".to_owned(), |name| words(name));
    let sum = |of: fn(&nanoaid::reproduce::CategoryRow) -> usize| found.rows.iter().map(of).sum::<usize>();
    html! {
        p.soft { "A group is a specimen, a session or a source, where the data set names some." }
        div.wide tabindex="0" { table {
            thead { tr {
                th { "category" } th.number { "micrographs" } th.number { "groups" }
                th.number { "train" } th.number { "validation" } th.number { "test" }
            } }
            tbody {
                @for row in &found.rows { tr {
                    th scope="row" { (category(&row.category)) } td.number { (row.n) } td.number { (row.n_groups) }
                    td.number { (row.n_train) } td.number { (row.n_validation) } td.number { (row.n_test) }
                } }
                tr.best {
                    th scope="row" { "all" } td.number { (sum(|row| row.n)) } td.number { (sum(|row| row.n_groups)) }
                    td.number { (sum(|row| row.n_train)) } td.number { (sum(|row| row.n_validation)) }
                    td.number { (sum(|row| row.n_test)) }
                }
            }
        } }
    }
}

fn lens(found: &LensFigure) -> Markup {
    let scale = found
        .nm_per_px
        .map_or("no scale, so lengths are in px".to_owned(), |nm| format!("{} per pixel", length_text(nm)));
    html! {
        div.panels {
            (figure(&zoomed(&found.picture, &found.micrograph), &html! {
                (found.micrograph) @if let Some(category) = &found.category { ", " (words(category)) } "; " (scale)
            }))
            @for depth in &found.depths {
                @let field = depth.receptive_field_nm.map_or(String::new(), |nm| format!(" ({})", length_text(nm)));
                @let counts = depth.counts;
                (figure(
                    &zoomed(depth.false_color.as_deref().unwrap_or(&depth.sheet), &format!("all maps of {} as colors", depth.layer)),
                    &html! {
                        strong { "Depth " (depth.depth) } ": " (depth.n_channels()) " maps"
                        @if counts.n_near_copies > 0 { ", near-copies of others: " (counts.n_near_copies) }
                        @if counts.n_dead > 0 { ", constant: " (counts.n_dead) }
                        "; each position sees "
                        (depth.receptive_field_px) " px" (field)
                    },
                ))
            }
        }
        p { a href=(address(&found.page)) { "All numbers, reconstruction and error map" } }
        @for depth in &found.depths {
            details {
                summary { "All maps of depth " (depth.depth) " (" code { (depth.layer) } ")" }
                (zoomed(&depth.sheet, &format!("the feature maps of {}", depth.layer)))
            }
        }
    }
}

fn picture(one: &PictureShown, caption: &Markup) -> Markup {
    figure(
        &zoomed(&one.picture, &format!("what {} looks for", one.unit)),
        &html! { (caption) @if one.dead { " (dead: no gradient came through)" } },
    )
}

fn class_pictures(classes: &[PictureShown]) -> Markup {
    html! { div.units { @for one in classes {
        (picture(one, &html! { (words(one.unit.strip_prefix("class:").unwrap_or(&one.unit))) }))
    } } }
}

fn classes(found: &ClassesFigure) -> Markup {
    html! {
        h3 { "Classes" }
        (class_pictures(&found.classes))
        @if let Some(comparison) = &found.comparison {
            @let contrast = &comparison.contrast;
            @let sides = [&contrast.a, &contrast.b].map(|side| side.classes.iter().map(|class| words(class)).collect::<Vec<_>>().join(" and "));
            @let points: Vec<VolcanoPoint> = contrast.units.iter().map(|unit| VolcanoPoint {
                auc: unit.auc.value, q: unit.q, found: unit.q <= contrast.config.false_share,
            }).collect();
            h3 { "Which filters respond to which" }
            @if !comparison.doubts.is_empty() || !contrast.warnings.is_empty() { ul.warnings {
                @for doubt in &comparison.doubts { li { (doubt) "; " (doubt.advice()) } }
                @for warning in &contrast.warnings { li { (warning) "; " (warning.advice()) } }
            } }
            (figure(&PreEscaped(volcano(&points, &sides, contrast.config.false_share)), &html! {
                "Each dot is a filter of " (layers(&found.layers)) ". Across: AUC − 0.5, to the right where " (sides[0])
                " drives it more. Upwards: −log₁₀ of q, the share of false discoveries among filters at least as clear."
            }))
            (side(&format!("More by {}", sides[0]), &found.more_in_a))
            (side(&format!("More by {}", sides[1]), &found.more_in_b))
        }
    }
}

fn layers(layers: &[(String, usize)]) -> String {
    layers.iter().map(|(name, n)| format!("{name} ({n})")).collect::<Vec<_>>().join(", ")
}

fn side(heading: &str, units: &[UnitShown]) -> Markup {
    html! {
        h3 { (heading) }
        @if units.is_empty() { p.soft { "No filter." } }
        div.units { @for unit in units {
            (picture(&unit.picture, &html! { code { (unit.picture.unit) } br; "AUC " (estimate(&unit.auc)) }))
        } }
    }
}

/// A number with its interval.
fn estimate(estimate: &Estimate) -> String {
    let interval = estimate.interval.map_or(String::new(), |interval| {
        format!(" ({} to {})", rounded(interval.low, 2), rounded(interval.high, 2))
    });
    format!("{}{interval}", rounded(estimate.value, 2))
}

fn starts(found: &StartsFigure) -> Markup {
    html! {
        div.wide tabindex="0" { table {
            thead { tr { th { "start" } th { "run" } th.number { "test micrographs" } th.number { "accuracy" } th.number { "balanced accuracy" } } }
            tbody { @for start in &found.starts { tr {
                th scope="row" { (start.start.name()) } td { (start.run.display()) } td.number { (start.n_test) }
                td.number { (estimate(&start.accuracy)) } td.number { (estimate(&start.balanced_accuracy)) }
            } } }
        } }
        @for start in &found.starts { (one_start(start)) }
    }
}

fn one_start(start: &StartShown) -> Markup {
    html! {
        h3 { "Start " (start.start.name()) ", accuracy " (percent(start.accuracy.value)) }
        p.soft { "Classes, then the first " (start.channels.len()) " channels of " code { (start.layer) } ", without selection." }
        (class_pictures(&start.classes))
        div.units { @for one in &start.channels { (picture(one, &html! { code { (one.unit) } })) } }
    }
}

fn patterned(found: &PatternedFigure) -> Markup {
    html! {
        @if found.n_all > found.micrographs.len() {
            p.soft { "The first " (found.micrographs.len()) " of " (found.n_all) " micrographs of patterned surfaces." }
        }
        @for one in &found.micrographs { (one_pattern(one)) }
    }
}

fn one_pattern(one: &Patterned) -> Markup {
    let answers = || one.report.iter().flat_map(|report| &report.answers);
    let has_numbers = answers().any(|answer| !answer.findings.is_empty());
    let why_not = answers().flat_map(|answer| &answer.refused).find(|_| !has_numbers);
    html! {
        div.patterned {
            @if let Some(overlay) = &one.overlay {
                (figure(&zoomed(overlay, &format!("{}, with what was measured drawn on it", one.micrograph)), &html! {}))
            }
            div {
                h3 { (one.micrograph) }
                @if let Some(known) = &one.known { p.soft { "Known: " (known) "." } }
                @if let Some(failed) = &one.failed { p { "Could not be measured: " (failed) } }
                @if let Some(report) = one.report.as_ref().filter(|_| has_numbers) { (numbers_table(report)) }
                @if let Some(refusal) = why_not { p.soft { "No number: " (refusal.reason) } }
            }
        }
    }
}

fn how(made: &Reproduction) -> Markup {
    let network =
        |used: &nanoaid::record::NetworkUsed| format!("{}, SHA-256 {}", used.run.display(), used.sha256);
    let mut rows = vec![
        ("autoencoder", network(&made.autoencoder)),
        ("classifier", network(&made.classifier)),
        ("micrographs", format!("SHA-256 {}", made.data_sha256)),
        ("seed", made.config.seed.to_string()),
    ];
    if let Some(steps) = made.config.steps {
        rows.push(("steps of a picture", format!("at most {steps}")));
    }
    html! {
        h2 { "How this was made" }
        p {
            "The same command gives the same files. Views, pictures and measurements have records beside them, which "
            code { "nanoaid replay" } " makes again; all numbers are in " a href=(nanoaid::reproduce::RESULT) { (nanoaid::reproduce::RESULT) } "."
        }
        (facts(&rows))
    }
}
