//! Objects: the particles, fibres and pores that a segmenter finds, as answers of a report, each with the way without a
//! network as its second opinion.
//!
//! One answer for each task: of particles and fibres that of the segmenter where it has one, else that without a network.
//! What the other gives stands beside it, with what both say differently beyond their intervals. Of pores the way
//! without a network is the answer, since the segmenter misses those that are connected (`docs/accuracy.md`); where both
//! find the same share, the segmenter adds the number.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use micrograph::measure::count::Polarity;
use micrograph::measure::fibers::{Fibers, FibersConfig, outlined as outlined_fibers};
use micrograph::measure::pores::spread_of_share;
use micrograph::measure::report::Details;
use micrograph::measure::report::{
    Answer, CALIBRATION, Finding, NOT_PLAIN, Refusal, ReportWarning, SecondOpinion,
};
use micrograph::measure::{Component, Measured, Quantity, Report, Task, Unit, draw};
use micrograph::regions::{Labels, Region, Sizes, SizesConfig, regions, sizes};
use micrograph::{ObjectKind, Plane};

use super::{MeasureError, MeasureSettings};
use crate::Network;
use crate::segment::{
    count_uncertainty, fiber_evidence, is_evident, mean_confidence, outlined, segment_each,
};

/// Share of a diameter that outlines of people differ by, on average over an image (`docs/accuracy.md`).
const OUTLINE_DOUBT: f64 = 0.06;
/// The same for fibres, as half of the range of a uniform distribution.
const FIBER_DOUBT: f64 = 0.12;
/// Least share of particles or pores in the probability of an object, where these were not requested.
pub(super) const LEAST_OWN_SHARE: f64 = 0.5;
/// Least confidence of an outlined piece of a fibre: a net of fibres fits its outline less well than a particle.
pub(super) const FIBER_CONFIDENCE: f64 = 0.4;
/// Half the width of a 95 % interval in standard deviations of a normal distribution.
const COVERAGE_FACTOR: f64 = 1.96;
/// The way numbers were found.
const METHOD: &str = "network, objects outlined";
/// The names of both ways.
pub(super) const BY_SEGMENTER: &str = "segmenter";
pub(super) const WITHOUT_NETWORK: &str = "without a network";

/// Largest difference of the shares of pores by both ways, from which on the segmenter outlines what the other finds.
const SAME_SHARE: f64 = 0.06;

/// What a segmenter found of one kind, where it is in the report.
pub(super) struct Outlined {
    pub what: ObjectKind,
    /// Whether it is the answer, and not only beside it.
    pub is_answer: bool,
    pub labels: Labels,
    /// Particles or pores.
    pub regions: Vec<Region>,
    pub sizes: Option<Sizes>,
    /// Along their centre lines.
    pub fibers: Option<Fibers>,
}

impl Outlined {
    /// The outlines, or the centre lines of fibres with the numbers below, over the image: a PNG file.
    pub(super) fn picture_png(&self, plane: &Plane, report: &Report) -> Vec<u8> {
        let Some(fibers) = &self.fibers else {
            return outlined(plane, &self.labels, report.calibration.as_ref()).png_bytes(None);
        };
        let mut report = report.clone();
        report.answers.retain(|answer| answer.task == Task::Fibers);
        let details = Details { fibers: Some(fibers.clone()), ..Details::default() };
        draw::overlay(plane, &Measured { report, details }).png_bytes(None)
    }
}

/// The task that a kind of objects belongs to.
pub(super) fn task_of(what: ObjectKind) -> Task {
    match what {
        ObjectKind::Particle => Task::Count,
        ObjectKind::Fiber => Task::Fibers,
        ObjectKind::Pore => Task::Pores,
    }
}

/// Adds what `segmenter` finds in `plane`, prepared, to `report`. Of a kind that was not requested, only what there is
/// evidence of; where lines or a lattice were found, nothing, as a period is better evidence.
pub(super) fn add(
    report: &mut Report,
    plane: &Plane,
    segmenter: &Network,
    settings: &MeasureSettings,
    progress: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Vec<Outlined>, MeasureError> {
    let kinds = settings.outlined();
    let configs = kinds.iter().map(|what| settings.segment_of(*what)).collect::<Result<Vec<_>, _>>()?;
    let each = segment_each(segmenter, plane, &configs, &mut |_, _| progress())?;
    let periodic = report
        .answers
        .iter()
        .any(|answer| matches!(answer.task, Task::Pitch | Task::Lattice) && !answer.is_refused());
    let mut found = Vec::new();
    for (what, labels) in kinds.into_iter().zip(each) {
        let labels = match settings.file.report.polarity {
            Some(polarity) if polarity != Polarity::Both => of_polarity(&labels, plane, polarity)?,
            _ => labels,
        };
        let requested = settings.requests(task_of(what));
        let seen = Seen::of(what, labels, report)?;
        let wanted = requested || seen.evident && !periodic;
        if let Some(one) = seen.into_report(report, requested, wanted) {
            found.push(one);
        }
    }
    Ok(found)
}

/// The objects whose mean grey level is above that of all around, or below.
fn of_polarity(labels: &Labels, plane: &Plane, polarity: Polarity) -> Result<Labels, MeasureError> {
    let around = plane.values().iter().zip(labels.values()).filter(|(_, label)| **label == 0);
    let (sum, n) = around.fold((0.0, 0), |(sum, n), (value, _)| (sum + f64::from(*value), n + 1));
    let background = sum / f64::from(n.max(1));
    let is_wanted = |grey: f64| (grey > background) == (polarity == Polarity::Bright);
    let wanted: BTreeSet<u32> = regions(labels, Some(plane))?
        .iter()
        .filter(|region| region.mean_grey.is_some_and(is_wanted))
        .map(|region| region.label)
        .collect();
    Ok(labels.keeping(|label| wanted.contains(&label)))
}

/// What the segmenter sees of one kind, and the answer that this is.
struct Seen {
    what: ObjectKind,
    labels: Labels,
    regions: Vec<Region>,
    sizes: Option<Sizes>,
    fibers: Option<Fibers>,
    /// Summary, numbers and refusals, or why there are none.
    answer: Result<(String, Vec<Finding>, Vec<Refusal>), String>,
    /// Whether it is reported where it was not requested.
    evident: bool,
}

impl Seen {
    fn of(what: ObjectKind, labels: Labels, report: &Report) -> Result<Self, MeasureError> {
        let regions = regions(&labels, None)?;
        let mut seen = Self {
            what,
            labels,
            regions,
            sizes: None,
            fibers: None,
            answer: Err(String::new()),
            evident: false,
        };
        if seen.labels.n_regions() == 0 {
            seen.answer = Err(format!(
                "the segmenter outlines no {}; a lower `--threshold` finds fainter ones",
                what.plural()
            ));
            return Ok(seen);
        }
        if what == ObjectKind::Fiber {
            seen.fibers(report);
        } else {
            seen.regions(report)?;
        }
        Ok(seen)
    }

    fn fibers(&mut self, report: &Report) {
        let (height, width) = (self.labels.height(), self.labels.width());
        let mask: Vec<bool> = self.labels.values().iter().map(|label| *label > 0).collect();
        if !report.shows_regions_plainly() {
            self.answer = Err(NOT_PLAIN.to_owned());
            return;
        }
        match outlined_fibers(&mask, (height, width), FIBER_DOUBT, &FibersConfig::default()) {
            Err(error) => self.answer = Err(format!("{error}; a lower `--threshold` outlines more of them")),
            Ok(fibers) => {
                let (summary, findings, refused) = report.of_fibers(&fibers);
                self.evident = fiber_evidence(&self.labels) && !findings.is_empty();
                self.answer = Ok((
                    format!("{summary}, mean confidence {:.2}", mean_confidence(&self.labels).unwrap_or(0.0)),
                    findings,
                    refused,
                ));
                self.fibers = Some(fibers);
            }
        }
    }

    fn regions(&mut self, report: &Report) -> Result<(), MeasureError> {
        let calibration = report.calibration.as_ref();
        let sizes =
            sizes(&self.regions, (report.height, report.width), calibration, &SizesConfig::default())?;
        let n = self.labels.n_regions();
        let half = count_uncertainty(&self.labels);
        let doubt = vec![Component::known("objects missed or too many", half / COVERAGE_FACTOR)];
        let number = Quantity::new(n as f64, Unit::One, METHOD, doubt);
        let confidence = mean_confidence(&self.labels).unwrap_or(0.0);
        let covered = share(&self.labels);
        let plural = self.what.plural();
        let summary = format!(
            "{n} {plural}, {} whole, mean confidence {confidence:.2}, {:.0} % of the image covered",
            sizes.n_whole,
            100.0 * covered
        );
        let mut findings = Vec::new();
        let (seen, mean, median) = match self.what {
            ObjectKind::Pore => {
                findings.push(finding("share of pores", share_of_pores(&self.labels, half / n as f64)));
                ("pores seen", "mean pore diameter", "median pore diameter")
            }
            _ => ("particles seen", "mean particle diameter", "median particle diameter"),
        };
        findings.push(finding(seen, number));
        let mut refused = Vec::new();
        let plain = report.shows_regions_plainly();
        for (name, value) in [
            (mean, sizes.summary.as_ref().map(|summary| summary.mean)),
            (median, sizes.summary.as_ref().map(|summary| summary.by_number.d50)),
        ] {
            let reason = match value {
                None => format!("no {} is whole", self.what.singular()),
                Some(_) if !plain => NOT_PLAIN.to_owned(),
                Some(interval) => {
                    let ends = interval.low.zip(interval.high);
                    let spread = ends.map_or(interval.value, |(low, high)| high - low);
                    let mut components = vec![
                        Component::known("sampling", spread / 2.0 / COVERAGE_FACTOR),
                        Component::known("outlines", OUTLINE_DOUBT * interval.value),
                    ];
                    components.extend(calibration.map(|pixel| {
                        Component::bounded(CALIBRATION, pixel.relative_uncertainty * interval.value)
                    }));
                    findings
                        .push(finding(name, Quantity::new(interval.value, sizes.unit, METHOD, components)));
                    continue;
                }
            };
            refused.push(Refusal { name: Some(name.to_owned()), reason });
        }
        self.evident = is_evident(&self.labels);
        self.answer = Ok((summary, findings, refused));
        self.sizes = Some(sizes);
        Ok(())
    }

    /// Puts the answer into `report`, where it is `wanted`, beside that without a network; what it outlines, if this is the
    /// answer.
    fn into_report(self, report: &mut Report, requested: bool, wanted: bool) -> Option<Outlined> {
        let task = task_of(self.what);
        if self.what == ObjectKind::Pore {
            return self.pores_into(report);
        }
        let place = report.answers.iter().position(|answer| answer.task == task);
        let answered = place.filter(|place| !report.answers[*place].is_refused());
        let own = |findings, refused, summary| Answer {
            task,
            chosen: if requested { "requested" } else { "the segmenter is sure of what it finds" }.to_owned(),
            summary,
            findings,
            refused,
            second: None,
        };
        // edges of plates, etched steps and rims are lines to a threshold
        if self.what == ObjectKind::Fiber && !requested && !wanted {
            if let Some(place) = answered {
                report.answers[place] = unconfirmed(self.answer.is_ok());
            }
            return None;
        }
        match self.answer {
            // the way without a network answers: what the segmenter has is the second opinion
            Err(reason) => {
                let refused = vec![Refusal { name: None, reason }];
                if let Some(place) = answered {
                    second(report, place, own(Vec::new(), refused, None), BY_SEGMENTER);
                } else if requested && let Some(place) = place {
                    report.answers[place].refused.extend(refused);
                }
                None
            }
            Ok((summary, findings, refused)) if !wanted => {
                if let Some(place) = answered {
                    second(report, place, own(findings, refused, Some(summary)), BY_SEGMENTER);
                }
                None
            }
            Ok((summary, findings, refused)) => {
                let answer = own(findings, refused, Some(summary));
                let place = match place {
                    Some(place) => {
                        let classical = std::mem::replace(&mut report.answers[place], answer);
                        second(report, place, classical, WITHOUT_NETWORK);
                        place
                    }
                    None => {
                        report.answers.push(answer);
                        report.answers.len() - 1
                    }
                };
                let summary = report.answers[place].summary.get_or_insert_default();
                *summary = format!("by the segmenter: {summary}");
                let Self { what, labels, regions, sizes, fibers, .. } = self;
                Some(Outlined { what, is_answer: true, labels, regions, sizes, fibers })
            }
        }
    }

    /// Puts pores beside those that were found without a network: their number is given where both find the same share.
    fn pores_into(self, report: &mut Report) -> Option<Outlined> {
        let own = share(&self.labels);
        let answer = report.answers.iter_mut().find(|answer| answer.task == Task::Pores)?;
        let value = |name: &str, findings: &[Finding]| {
            findings.iter().find(|own| own.name == name).map(|own| own.quantity.clone())
        };
        let other = value("share of pores", &answer.findings).map(|quantity| quantity.value);
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        let outlines = format!(
            "the outlines of the segmenter cover {} of the image, but it misses pores that are connected",
            percent(own)
        );
        let advice = "A lower `--threshold` outlines more, and the picture of pores shows them";
        match other {
            None => answer.refused.push(Refusal {
                name: Some("pores seen".to_owned()),
                reason: format!("{outlines}, so that no number is given. {advice}"),
            }),
            Some(other) if (own - other).abs() > SAME_SHARE => {
                let text = format!("{outlines}: no number of pores is given");
                for refused in
                    answer.refused.iter_mut().filter(|own| own.name.as_deref() == Some("pores seen"))
                {
                    refused.reason = format!("{}, and {outlines}. {advice}", refused.reason);
                }
                if let Some(summary) = &mut answer.summary {
                    *summary = format!("{summary}; {text}");
                }
            }
            Some(_) => {
                let Ok((summary, findings, refused)) = self.answer else { return None };
                if let Some(number) = value("pores seen", &findings) {
                    answer.refused.retain(|own| own.name.as_deref() != Some("pores seen"));
                    answer.findings.push(finding("pores seen", number));
                }
                let findings = findings.into_iter().filter(|own| own.name != "pores seen").collect();
                let second = Answer {
                    task: Task::Pores,
                    chosen: String::new(),
                    summary: Some(summary),
                    findings,
                    refused,
                    second: None,
                };
                let place = report.answers.iter().position(|answer| answer.task == Task::Pores)?;
                self::second(report, place, second, BY_SEGMENTER);
            }
        }
        if self.labels.n_regions() == 0 {
            return None;
        }
        let Self { what, labels, regions, sizes, .. } = self;
        Some(Outlined { what, is_answer: false, labels, regions, sizes, fibers: None })
    }
}

/// The answer on fibres that were found without a network alone, where none were requested.
fn unconfirmed(outlined: bool) -> Answer {
    let segmenter = if outlined { "is not sure of what it outlines" } else { "outlines none" };
    let reason = format!(
        "long regions stand out from the background, but the segmenter {segmenter}; request them \
         (`--expect fibres`) to see their numbers"
    );
    let refused = vec![Refusal { name: None, reason }];
    let (task, chosen) = (Task::Fibers, "tried".to_owned());
    Answer { task, chosen, summary: None, findings: Vec::new(), refused, second: None }
}

/// Makes `other` the second opinion of the answer at `place`, and says whether they agree.
fn second(report: &mut Report, place: usize, other: Answer, way: &str) {
    let answer = &mut report.answers[place];
    let opinion = SecondOpinion::new(way, other, &answer.findings);
    let verdict = if opinion.findings.is_empty() {
        format!("{way}: no number")
    } else if opinion.disagree.is_empty() {
        format!("{way}: agrees within the intervals")
    } else {
        let texts: Vec<String> =
            opinion.disagree.iter().map(|name| compared(answer, &opinion, name)).collect();
        let text =
            format!("{}: two ways disagree beyond their intervals: {}", answer.task.name(), texts.join("; "));
        let advice = "Compare both overlays with the image before you use either number.";
        report.warnings.push(ReportWarning::new(text, advice));
        format!("{way}: disagrees beyond the intervals ({})", texts.join("; "))
    };
    if let Some(summary) = &mut answer.summary {
        *summary = format!("{summary}; {verdict}");
    }
    answer.second = Some(opinion);
}

/// Both numbers called `name`, in words.
fn compared(answer: &Answer, opinion: &SecondOpinion, name: &str) -> String {
    let text = |findings: &[Finding]| {
        findings.iter().find(|finding| finding.name == name).map_or(String::new(), |own| own.quantity.text())
    };
    format!("{name} {} and {} {}", text(&answer.findings), text(&opinion.findings), opinion.way)
}

fn finding(name: &str, quantity: Quantity) -> Finding {
    Finding { name: name.to_owned(), quantity }
}

/// Share of the image that objects cover.
fn share(labels: &Labels) -> f64 {
    let n = labels.values().iter().filter(|label| **label > 0).count();
    n as f64 / labels.values().len() as f64
}

/// The share of pores: uncertain by what is missed or too much, `doubt` of it, and by its spread over the specimen.
fn share_of_pores(labels: &Labels, doubt: f64) -> Quantity {
    let value = share(labels);
    let components = vec![
        Component::known("pores missed or too many", doubt * value / COVERAGE_FACTOR),
        Component::known(
            "sampling",
            spread_of_share(labels.values().iter().map(|label| *label > 0), labels.width()),
        ),
    ];
    Quantity::new(value, Unit::One, METHOD, components)
}
