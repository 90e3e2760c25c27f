//! The page of a classifier: accuracy, confusion of classes, calibration of probabilities, worst mistakes, and
//! whether it reads the data bar.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};
use nanoaid::evaluate::classifier::{
    Abstention, Audit, CalibrationScores, ClassScores, ClassifierReport, Estimate, Evidence, Interval, Look,
    OperatingPoint, Prediction, Undecided, Verdict, Warning,
};

use nanoaid::run::{DataSummary, RunSettings};
use nanoaid::train::experiment::{ClassifierExperiment, ClassifierResult, NetworkSummary};

use crate::PageError;
use crate::chart::{LineChart, LineStyle, Series};
use crate::frame::{embedded_png, facts, figure, page};

/// Micrographs below which a point of the abstention curve is noise and not drawn.
const FEWEST_DRAWN: usize = 5;
/// Weight in percent of the color of a cell that holds its whole row: letters stay readable.
const MOST_TINT: f64 = 50.0;
/// The sign, kept in one line with its number.
const PERCENT: &str = "\u{a0}%";

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub struct ClassifierPage<'a> {
    /// All figures.
    pub result: &'a ClassifierResult,
    /// What the network is.
    pub network: &'a NetworkSummary,
    /// Settings of the training.
    pub settings: &'a RunSettings,
    /// What it was trained on.
    pub data: &'a DataSummary,
    /// Pictures of wrongly classified micrographs, PNG by file name; those of
    /// [`ClassifierReport::worst_mistakes`] are shown.
    pub mistakes: &'a BTreeMap<String, Vec<u8>>,
}

/// Ends the run folder of a classifier with its page.
///
/// # Errors
/// If the page cannot be made, or the run folder cannot be written.
pub fn finish(experiment: &mut ClassifierExperiment) -> Result<(), PageError> {
    let ClassifierExperiment { run, trained, result, network, mistakes } = experiment;
    let (settings, data) = (&run.manifest().settings, &run.manifest().data);
    let page = report(&ClassifierPage { result, network, settings, data, mistakes })?;
    Ok(run.finish(trained.status, &[("report.html", page.as_bytes())])?)
}

/// The page.
///
/// # Errors
/// If a setting cannot be shown as JSON.
pub fn report(shown: &ClassifierPage<'_>) -> Result<String, PageError> {
    let ClassifierResult { report, audit, left_out, .. } = shown.result;
    let ClassifierReport { calibration, abstention, warnings, .. } = report;
    let body = html! {
        (headline(report))
        @if !warnings.is_empty() {
            ul.warnings aria-label="warnings" {
                @for warning in warnings { li { (warning) " (" (warning.advice()) ")" } }
            }
        }
        h2 { "Confusion matrix" }
        div.wide { (confusion(report)) }
        p.soft { "Rows: the true class; columns: the predicted class. Colors show the share of the row." }
        h2 { "Each class" }
        div.wide { (class_table(&report.per_class)) }
        p.soft {
            "Recall: share of the class that was found, with its Wilson interval. Precision: share of the predictions of this class that are correct. F1: harmonic mean of both. Wilson intervals assume that micrographs are independent; where a group holds several they are too narrow."
        }
        @if let Some(left_out) = left_out { (left_out_section(left_out)) }
        @if let Some(audit) = audit { (audit_section(audit)) }
        h2 { "Calibration of its probabilities" }
        div.grid {
            (figure(&chart(&calibration_chart(report)), &html! {
                "Micrographs in bins of confidence; on the dashed line, 70 % are right where the confidence is 70 %. "
                (bin_sizes_text(&calibration.before)) " " (temperature_text(report))
            }))
            (figure(&chart(&abstention_chart(abstention)), &html! {
                "Accuracy on the micrographs with the highest confidence; at the right, all are kept. Shares with fewer than "
                (FEWEST_DRAWN) " micrographs are left out."
            }))
        }
        div.wide { (calibration_table(&calibration.before, calibration.after.as_ref())) }
        details { summary { "Bins of confidence" } div.wide { (bins_table(report)) } }
        (abstention_table(&abstention.operating_points, report.n_validation))
        h2 { "Worst mistakes" }
        (mistakes(report, shown.mistakes))
        h2 { "How this was made" }
        (facts(&made_from(shown)))
        details { summary { "Settings" } pre { (serde_json::to_string_pretty(shown.settings)?) } }
        details { summary { "Data" } pre { (serde_json::to_string_pretty(shown.data)?) } }
        p.soft {
            "Intervals hold the middle " (level(report.config.interval)) " of " (report.config.n_bootstrap)
            " resamples, in each of which whole groups (near-duplicates, micrographs of one specimen) were drawn with replacement; seed "
            (report.config.seed) "."
        }
    };
    let groups =
        if report.n_groups == 1 { "1 group".to_owned() } else { format!("{} groups", report.n_groups) };
    let below = format!("{} test micrographs in {groups}, {} classes", report.n_images, report.classes.len());
    Ok(page("Classifier", &below, &body))
}

/// How good heads are on groups that they were not fitted to, group by group.
fn left_out_section(report: &ClassifierReport) -> Markup {
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for image in &report.images {
        let (n_right, n) = groups.entry(&image.group).or_default();
        *n_right += usize::from(image.right());
        *n += 1;
    }
    let mut groups: Vec<(&str, (usize, usize))> = groups.into_iter().collect();
    groups.sort_by_key(|&(name, (_, n))| (Reverse(n), name));
    let n_right: usize = groups.iter().map(|(_, (n_right, _))| n_right).sum();
    html! {
        h2 { "Groups that were left out" }
        p {
            "Each micrograph was classified by a head that was not fitted to its group: " (n_right) " of " (report.n_images)
            " are right. The balanced accuracy over all classes is " (percent(report.balanced_accuracy.value)) " ("
            (interval_text(report.balanced_accuracy.interval, report.config.interval)) ")."
        }
        details {
            summary { "Groups" }
            div.wide {
                table {
                    thead { tr { th { "group" } th { "right" } th { "micrographs" } } }
                    tbody {
                        @for (name, (n_right, n)) in groups { tr { td { (name) } td { (n_right) } td { (n) } } }
                    }
                }
            }
        }
    }
}

/// How the classifier was made, as names and values.
fn made_from(shown: &ClassifierPage<'_>) -> Vec<(&'static str, String)> {
    let ClassifierResult { curve, fits, .. } = shown.result;
    let kept = match fits.len() {
        0 => format!("epoch {} of {}", curve.best_epoch, curve.rows.len()),
        n_fits => format!("best of {n_fits} heads fitted to frozen features"),
    };
    let start = match shown.settings {
        RunSettings::Classifier(settings) => settings.config.start.name(),
        // of a folder that was assembled by hand
        RunSettings::Autoencoder(_) | RunSettings::Segmenter(_) => "settings of another network",
    };
    let NetworkSummary { name, n_weights } = shown.network;
    vec![
        ("start", start.to_owned()),
        ("network", format!("{name}, {n_weights} weights")),
        ("kept", kept),
        ("data", shown.data.parts_text()),
    ]
}

fn headline(report: &ClassifierReport) -> Markup {
    let ClassifierReport { accuracy, macro_f1, balanced_accuracy, chance, config, .. } = report;
    let n_right: usize = (0..report.classes.len()).map(|class| report.confusion[class][class]).sum();
    let by_chance = report.warnings.iter().any(|warning| matches!(warning, Warning::NotAboveChance { .. }));
    let card = |name: &str, estimate: &Estimate| {
        html! {
            div {
                p.soft { (name) }
                p.value { (percent(estimate.value)) }
                p { (interval_text(estimate.interval, config.interval)) }
            }
        }
    };
    html! {
        p {
            "Of " (report.n_images) " micrographs that it was not trained on, the network classifies " (n_right) " correctly. "
            "Always naming the most frequent class (" (chance.majority_class) ") would get "
            (percent(chance.majority_accuracy)) ". With shuffled labels its predictions get "
            (percent(chance.shuffled_accuracy)) " on average and reach this accuracy with probability "
            (p_text(chance.p_value))
            @if by_chance { ": chance explains it." } @else { ": more than chance." }
        }
        div.figures {
            (card("accuracy", accuracy))
            (card("macro-F1", macro_f1))
            (card("balanced accuracy (mean recall)", balanced_accuracy))
        }
    }
}

fn confusion(report: &ClassifierReport) -> Markup {
    html! {
        table.matrix {
            thead { tr {
                th { "true class" }
                @for class in &report.classes { th scope="col" { span { (class) } } }
                th scope="col" { span { "all" } }
            } }
            tbody {
                @for (class, (name, row)) in report.classes.iter().zip(&report.confusion).enumerate() {
                    @let all = row.iter().sum::<usize>();
                    tr {
                        th scope="row" { (name) }
                        @for (said, &count) in row.iter().enumerate() {
                            @let share = MOST_TINT * count as f64 / all.max(1) as f64;
                            td.hit[class == said] style={ "--share:" (format!("{share:.1}")) "%" } {
                                @if count > 0 { (count) }
                            }
                        }
                        td.sum { (all) }
                    }
                }
            }
        }
    }
}

fn class_table(classes: &[ClassScores]) -> Markup {
    html! {
        table {
            thead { tr {
                th { "class" } th.number { "micrographs" } th.number { "groups" } th.number { "recall" }
                th.number { "interval" } th.number { "precision" } th.number { "F1" }
            } }
            tbody {
                @for scores in classes {
                    tr {
                        th scope="row" { (scores.class) }
                        td.number { (scores.n_images) }
                        td.number { (scores.n_groups) }
                        td.number { (optional(scores.recall)) }
                        td.number { (range_text(scores.recall_interval)) }
                        td.number { (optional(scores.precision)) }
                        td.number { (optional(scores.f1)) }
                    }
                }
            }
        }
    }
}

fn audit_section(audit: &Audit) -> Markup {
    let looks = [
        ("whole micrographs", &audit.full),
        ("without the data bar", &audit.without),
        ("the data bar alone", &audit.strip),
        ("an equal strip from the top", &audit.top),
    ];
    let differences = [
        ("data bar − strip from the top", &audit.strip_minus_top),
        ("whole − without the data bar", &audit.full_minus_without),
    ];
    let with_interval =
        |estimate: &Estimate| format!("{} ({})", percent(estimate.value), range_text(estimate.interval));
    let signed = |estimate: &Estimate| {
        let points = |value: f64| format!("{:+.1}", 100.0 * value).replace('-', "−");
        let range = estimate.interval.map(|i| format!("{} to {}", points(i.low), points(i.high)));
        format!("{} ({})", points(estimate.value), range.unwrap_or_else(|| "no interval".to_owned()))
    };
    let row = |name: &str, look: &Look| {
        html! {
            tr {
                th scope="row" { (name) }
                td.number { (with_interval(&look.accuracy)) }
                td.number { (with_interval(&look.macro_f1)) }
                td.number { (p_text(look.chance.p_value)) }
            }
        }
    };
    html! {
        h2 { "Shortcut audit: does it read the data bar?" }
        (verdict(audit))
        p.soft {
            "The same network on the same " (audit.n_images) " micrographs (" (audit.n_groups)
            " groups) that have a data bar, shown in four ways; " (audit.n_without_bar)
            " test micrographs without a bar are not in these figures. Not detected by this audit: whether some classes have a bar more often than others, marks inside the specimen, habits of contrast and magnification."
        }
        div.wide { table {
            thead { tr {
                th { "seen" } th.number { "accuracy" } th.number { "macro-F1" } th.number { "chance reaches it" }
            } }
            tbody { @for (name, look) in looks { (row(name, look)) } }
        } }
        h3 { "Differences in percentage points, of pairs" }
        div.wide { table {
            thead { tr { th { "difference" } th.number { "accuracy" } th.number { "macro-F1" } } }
            tbody {
                @for (name, difference) in differences {
                    tr {
                        th scope="row" { (name) }
                        td.number { (signed(&difference.accuracy)) }
                        td.number { (signed(&difference.macro_f1)) }
                    }
                }
            }
        } }
        details {
            summary { "Recall of each class in the four ways" }
            div.wide { table {
                thead { tr { th { "class" } @for (name, _) in looks { th.number { (name) } } } }
                tbody {
                    @for (class, name) in audit.classes.iter().enumerate() {
                        tr {
                            th scope="row" { (name) }
                            @for (_, look) in looks { td.number { (optional(look.recall[class])) } }
                        }
                    }
                }
            } }
        }
    }
}

fn verdict(audit: &Audit) -> Markup {
    let still = |estimate: &Estimate| {
        estimate
            .interval
            .map_or("–".to_owned(), |interval| format!("{:.1}", 100.0 * interval.high.max(0.0)))
    };
    match &audit.verdict {
        Verdict::Shortcut { evidence } => html! {
            div.verdict.bad {
                p { strong { "Shortcut: the network reads the data bar." } }
                @for sign in evidence { p { (evidence_text(*sign)) } }
                p { "Train again with the bars cut off, and compare." }
            }
        },
        Verdict::Clean => html! {
            div.verdict {
                p { strong { "No sign of a shortcut through the data bar." } }
                p {
                    "The intervals allow for a shortcut worth " (still(&audit.full_minus_without.accuracy))
                    " percentage points of accuracy on whole micrographs, and for a bar that is classified "
                    (still(&audit.strip_minus_top.accuracy)) " points better than a strip of specimen."
                }
            }
        },
        Verdict::Undecided { reason } => html! {
            div.verdict {
                p { strong { "Undecided." } }
                p { (undecided_text(*reason)) }
            }
        },
    }
}

fn evidence_text(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::StripTellsClasses => {
            "The bar alone is classified better than a strip of specimen of the same size, and better than chance."
        }
        Evidence::WorseWithoutStrip => "Without the bar the network is worse.",
    }
}

fn undecided_text(reason: Undecided) -> String {
    match reason {
        Undecided::TooFewGroups { n_groups, needed } => {
            format!("{n_groups} groups of test micrographs have a data bar, at least {needed} are needed.")
        }
        Undecided::OneClass => "All test micrographs with a data bar are of one class.".to_owned(),
        Undecided::AtChance { p_value } => format!(
            "Whole micrographs with a data bar are classified no better than chance (which reaches this with probability {p_value:.2}), so there is no accuracy that a shortcut could explain."
        ),
    }
}

fn calibration_chart(report: &ClassifierReport) -> LineChart {
    let series = |name: &str, scores: &CalibrationScores| Series {
        name: name.to_owned(),
        points: scores.bins.iter().map(|bin| (bin.confidence, bin.accuracy)).collect(),
        style: LineStyle::Marked,
    };
    let honest = Series {
        name: "calibrated".to_owned(),
        points: vec![(0.0, 0.0), (1.0, 1.0)],
        style: LineStyle::Dashed,
    };
    let calibration = &report.calibration;
    let after = calibration.after.as_ref().map(|scores| series("after the temperature", scores));
    LineChart {
        title: "Confidence and accuracy".to_owned(),
        x_label: "confidence".to_owned(),
        y_label: "share classified correctly".to_owned(),
        series: [series("the network's own", &calibration.before), honest].into_iter().chain(after).collect(),
        ..LineChart::default()
    }
}

fn abstention_chart(abstention: &Abstention) -> LineChart {
    let drawn = abstention.curve.iter().filter(|point| point.n_kept >= FEWEST_DRAWN);
    LineChart {
        title: "Abstention at low confidence".to_owned(),
        x_label: "share of the micrographs that are kept".to_owned(),
        y_label: "accuracy on these".to_owned(),
        series: vec![Series {
            name: String::new(),
            points: drawn.map(|point| (point.kept_share, point.accuracy)).collect(),
            style: LineStyle::Solid,
        }],
        ..LineChart::default()
    }
}

fn temperature_text(report: &ClassifierReport) -> String {
    match &report.calibration.temperature {
        Some(temperature) => {
            let meaning = if temperature.value > 1.0 { "overconfident" } else { "underconfident" };
            let fitted = format!(
                "The temperature is {:.2}, fitted on {} validation micrographs, on which the network was {meaning}.",
                temperature.value, temperature.n_validation
            );
            match &report.calibration.after {
                Some(after) if after.nll > report.calibration.before.nll => {
                    fitted + " It does not hold for the test micrographs: their likelihood falls with it."
                }
                _ => fitted,
            }
        }
        None => "No temperature was fitted.".to_owned(),
    }
}

/// How many micrographs each point of the chart stands for.
fn bin_sizes_text(scores: &CalibrationScores) -> String {
    let sizes = || scores.bins.iter().map(|bin| bin.n_images);
    match (sizes().min(), sizes().max()) {
        (Some(fewest), Some(most)) if fewest < most => {
            format!("A point stands for {fewest} to {most} of them.")
        }
        (Some(all), _) => format!("A point stands for {all} of them."),
        _ => String::new(),
    }
}

fn calibration_table(before: &CalibrationScores, after: Option<&CalibrationScores>) -> Markup {
    let row = |name: &str, scores: &CalibrationScores| {
        html! {
            tr {
                th scope="row" { (name) }
                td.number { (format!("{:.3}", scores.ece)) }
                td.number { (format!("{:.3}", scores.ece_if_honest)) }
                td.number { (format!("{:.3}", scores.nll)) }
                td.number { (format!("{:.3}", scores.brier)) }
            }
        }
    };
    html! {
        table {
            thead { tr {
                th { "probabilities" } th.number { "expected calibration error" } th.number { "expected if calibrated" }
                th.number { "NLL" } th.number { "Brier score" }
            } }
            tbody {
                (row("the network's own", before))
                @if let Some(after) = after { (row("after the temperature", after)) }
            }
        }
        p.soft {
            "Expected calibration error (ECE): mean distance of confidence and accuracy over the bins. With few micrographs it is above 0 even for calibrated probabilities: the second figure is its expected value then. NLL: mean negative log-likelihood in nats."
        }
    }
}

fn bins_table(report: &ClassifierReport) -> Markup {
    let calibration = &report.calibration;
    let all = [
        ("the network's own", Some(&calibration.before)),
        ("after the temperature", calibration.after.as_ref()),
    ];
    html! {
        table {
            thead { tr {
                th { "probabilities" } th.number { "above" } th.number { "to" } th.number { "micrographs" }
                th.number { "mean confidence" } th.number { "accuracy" }
            } }
            tbody {
                @for (name, scores) in all {
                    @for bin in scores.into_iter().flat_map(|scores| &scores.bins) {
                        tr {
                            th scope="row" { (name) }
                            td.number { (format!("{:.3}", bin.low)) }
                            td.number { (format!("{:.3}", bin.high)) }
                            td.number { (bin.n_images) }
                            td.number { (percent(bin.confidence)) }
                            td.number { (percent(bin.accuracy)) }
                        }
                    }
                }
            }
        }
    }
}

fn abstention_table(points: &[OperatingPoint], n_validation: usize) -> Markup {
    if points.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Where to abstain" }
        div.wide { table {
            thead { tr {
                th.number { "wanted accuracy" } th.number { "abstain below" } th.number { "kept" }
                th.number { "reached accuracy" } th.number { "interval" } th { "" }
            } }
            tbody {
                @for point in points {
                    tr {
                        th.number scope="row" { (level(point.target)) }
                        td.number { (format!("{:.3}", point.validation.min_confidence)) }
                        td.number { (point.n_kept) " (" (percent(point.kept_share)) ")" }
                        td.number { (reached_text(point)) }
                        td.number { (range_text(point.interval)) }
                        td { (verdict_text(point)) }
                    }
                }
            }
        } }
        p.soft {
            "Confidences were chosen on the " (n_validation)
            " validation micrographs, where they reach the wanted accuracy; what they reach on the test micrographs is shown beside it. An accuracy that was not reached on the validation micrographs has no row."
        }
    }
}

/// What was reached on the test micrographs, with the numbers that it comes from.
fn reached_text(point: &OperatingPoint) -> String {
    match point.accuracy {
        Some(accuracy) => {
            let n_right = (accuracy * point.n_kept as f64).round() as usize;
            format!("{} ({n_right} of {})", percent(accuracy), point.n_kept)
        }
        None => "none kept".to_owned(),
    }
}

/// Whether the wanted accuracy was reached on the test micrographs, as far as their number says.
fn verdict_text(point: &OperatingPoint) -> &'static str {
    match (point.accuracy, point.interval) {
        (Some(_), Some(interval)) if interval.high < point.target => "not reached",
        (Some(accuracy), _) if accuracy < point.target => "below what was wanted",
        (Some(_), Some(interval)) if interval.low >= point.target => "reached",
        (Some(_), _) => "reached, though so few leave room for less",
        (None, _) => "unknown",
    }
}

fn mistakes(report: &ClassifierReport, pictures: &BTreeMap<String, Vec<u8>>) -> Markup {
    let caption = |mistake: &Prediction| {
        html! {
            span.line { "predicted " strong { (report.classes[mistake.predicted]) } " " (whole(mistake.confidence())) }
            span.line {
                "true " strong { (report.classes[mistake.category]) } " "
                (whole(mistake.probabilities[mistake.category]))
            }
            span.line.file { (mistake.file) }
        }
    };
    let n_mistakes = report.images.iter().filter(|image| !image.right()).count();
    html! {
        p.soft {
            @if n_mistakes == 0 { "None." } @else { (n_mistakes) " of " (report.n_images) "; highest confidence first" }
            @if n_mistakes > report.worst_mistakes.len() { ", the first " (report.worst_mistakes.len()) " shown" }
            @if n_mistakes > 0 { "; each with the probabilities of the predicted and of the true class." }
        }
        div.mistakes {
            @for mistake in &report.worst_mistakes {
                @let picture = pictures.get(&mistake.file);
                @let alt = format!("micrograph {}", mistake.file);
                (figure(&html! {
                    @if let Some(picture) = picture { (embedded_png(picture, &alt)) } @else { p.absent { "no picture" } }
                }, &caption(mistake)))
            }
        }
    }
}

fn chart(chart: &LineChart) -> Markup {
    PreEscaped(chart.svg())
}

/// A measured share; always with a digit, so that columns stand below each other.
fn percent(share: f64) -> String {
    format!("{:.1}{PERCENT}", 100.0 * share)
}

/// A probability of one micrograph.
fn whole(probability: f64) -> String {
    format!("{:.0}{PERCENT}", 100.0 * probability)
}

/// A share that was chosen, e.g. 95 % or 99.9 %.
fn level(share: f64) -> String {
    let digits = usize::from((1000.0 * share).round() % 10.0 != 0.0);
    format!("{:.digits$}{PERCENT}", 100.0 * share)
}

fn optional(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), percent)
}

fn range_text(interval: Option<Interval>) -> String {
    interval.map_or("–".to_owned(), |Interval { low, high }| {
        format!("{:.0} to {:.0}{PERCENT}", 100.0 * low, 100.0 * high)
    })
}

fn interval_text(interval: Option<Interval>, share: f64) -> String {
    match interval {
        Some(_) => format!("{} interval: {}", level(share), range_text(interval)),
        None => "one group, so no interval".to_owned(),
    }
}

/// A probability with three digits.
fn p_text(p_value: f64) -> String {
    if p_value < 0.0005 { "below 0.001".to_owned() } else { format!("{p_value:.3}") }
}
