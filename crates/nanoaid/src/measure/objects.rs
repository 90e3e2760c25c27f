//! Objects: the particles that a segmenter finds, as an answer of a report, beside the count without a network.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use micrograph::measure::count::Polarity;
use micrograph::measure::report::{Answer, Finding, NOT_PLAIN, Refusal};
use micrograph::measure::{Component, Quantity, Report, Task, Unit};
use micrograph::paint::Picture;
use micrograph::regions::{Labels, SizesConfig, regions, sizes};
use micrograph::{Calibration, Plane};

use super::{MeasureError, MeasureSettings};
use crate::Network;
use crate::segment::{count_uncertainty, is_evident, mean_confidence, outlined, segment};

/// Share of a diameter that outlines of people differ by, on average over an image (`docs/accuracy.md`).
const OUTLINE_DOUBT: f64 = 0.06;
/// Least share of particles in the probability of an object, where particles were not requested.
pub(super) const LEAST_OWN_SHARE: f64 = 0.5;
/// Half the width of a 95 % interval in standard deviations of a normal distribution.
const COVERAGE_FACTOR: f64 = 1.96;
/// The way numbers were found.
const METHOD: &str = "network, objects outlined";

/// Adds what `segmenter` counts in `plane`, prepared, to `report`, before the count without a network where that
/// gives no number, else after it; returns the outlines as a picture. Nothing is added where particles were not
/// requested and there is no evidence of any.
pub(super) fn add(
    report: &mut Report,
    plane: &Plane,
    segmenter: &Network,
    settings: &MeasureSettings,
    progress: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Option<Picture>, MeasureError> {
    let requested = settings.requests_particles();
    let mut labels = segment(segmenter, plane, &settings.segment()?, &mut |_, _| progress())?;
    if let Some(polarity) = settings.file.report.polarity {
        labels = of_polarity(&labels, plane, polarity)?;
    }
    let evident = is_evident(&labels);
    let first = report.answers.iter().position(|answer| answer.task == Task::Count);
    // a period is better evidence than objects
    let periodic = report
        .answers
        .iter()
        .any(|answer| matches!(answer.task, Task::Pitch | Task::Lattice) && !answer.findings.is_empty());
    if labels.n_regions() == 0 || !(requested || evident && !periodic) {
        return Ok(None);
    }
    let classical = first.and_then(|index| {
        let seen = |finding: &&Finding| finding.name == "particles seen";
        report.answers[index].findings.iter().find(seen).map(|finding| finding.quantity.clone())
    });
    let answer = answer(report, &labels, requested, classical.as_ref())?;
    // where both count, the classical numbers come first: their intervals are those of known truth
    let place = first.map_or(report.answers.len(), |index| index + usize::from(classical.is_some()));
    report.answers.insert(place, answer);
    Ok(Some(outlined(plane, &labels, report.calibration.as_ref())))
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

fn answer(
    report: &Report,
    labels: &Labels,
    requested: bool,
    classical: Option<&Quantity>,
) -> Result<Answer, MeasureError> {
    let calibration = report.calibration.as_ref();
    let regions = regions(labels, None)?;
    let sizes = sizes(&regions, (report.height, report.width), calibration, &SizesConfig::default())?;
    let half = count_uncertainty(labels);
    let doubt = vec![Component::known("objects missed or too many", half / COVERAGE_FACTOR)];
    let seen = Quantity::new(labels.n_regions() as f64, Unit::One, METHOD, doubt);
    let agreement = match classical {
        None => "without a network there is no count".to_owned(),
        Some(other) => {
            let apart =
                (seen.value - other.value).abs() > seen.expanded_uncertainty + other.expanded_uncertainty;
            let verdict = if apart {
                "they disagree beyond their intervals: compare both overlays with the image"
            } else {
                "they agree"
            };
            format!("without a network {}: {verdict}", other.text())
        }
    };
    let covered = regions.iter().map(|region| region.area_px).sum::<usize>() as f64;
    let summary = format!(
        "{} particles by the segmenter, {} whole, mean confidence {:.2}, {:.0} % of the image covered; {agreement}",
        labels.n_regions(),
        sizes.n_whole,
        mean_confidence(labels).unwrap_or(0.0),
        100.0 * covered / (report.height * report.width) as f64
    );
    let mut findings = vec![Finding { name: "particles seen".to_owned(), quantity: seen }];
    let mut refused = Vec::new();
    let plain = report.shows_regions_plainly();
    for (name, value) in [
        ("mean particle diameter", sizes.summary.as_ref().map(|summary| summary.mean)),
        ("median particle diameter", sizes.summary.as_ref().map(|summary| summary.by_number.d50)),
    ] {
        let reason = match value {
            None => "no particle is whole",
            Some(_) if !plain => NOT_PLAIN,
            Some(interval) => {
                let spread = interval.low.zip(interval.high).map_or(interval.value, |(low, high)| high - low);
                let mut components = vec![
                    Component::known("sampling", spread / 2.0 / COVERAGE_FACTOR),
                    Component::known("outlines", OUTLINE_DOUBT * interval.value),
                ];
                components.extend(calibration.map(|pixel| of_calibration(pixel, interval.value)));
                let unit = if calibration.is_some() { Unit::Nm } else { Unit::Px };
                let quantity = Quantity::new(interval.value, unit, METHOD, components);
                findings.push(Finding { name: name.to_owned(), quantity });
                continue;
            }
        };
        refused.push(Refusal { name: Some(name.to_owned()), reason: reason.to_owned() });
    }
    let chosen = if requested { "requested" } else { "the segmenter finds particles it is sure of" };
    Ok(Answer { task: Task::Count, chosen: chosen.to_owned(), summary: Some(summary), findings, refused })
}

fn of_calibration(pixel: &Calibration, value: f64) -> Component {
    Component::bounded("calibration", pixel.relative_uncertainty * value)
}
