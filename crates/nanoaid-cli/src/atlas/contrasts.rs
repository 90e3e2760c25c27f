//! Class against class for one network: what is asked, and the controls beside it.

use std::collections::BTreeSet;

use nanoaid::interpret::activation_index::ActivationIndex;
use nanoaid::interpret::differential::{
    Controls, DifferentialAnalysis, DifferentialConfig, Labelled, LabelledValues, Question, controls,
    differential_analysis,
};
use nanoaid::interpret::exemplar::IndexedMicrograph;
use nanoaid::interpret::unit_values::UnitValues;

use super::units::{Units, labelled, largest};
use crate::outcome::Failure;

/// A contrast with its controls.
pub(crate) struct Compared {
    pub contrast: DifferentialAnalysis,
    pub controls: Controls,
}

/// The values and labels of a survey.
struct Table {
    images: Vec<Labelled>,
    values: Vec<f32>,
    n_units: usize,
}

impl Table {
    fn of(survey: &ActivationIndex) -> Self {
        Self { images: labelled(&survey.seen), values: largest(survey), n_units: Units::of(survey).n() }
    }

    fn labelled(&self) -> Result<LabelledValues<'_>, Failure> {
        let values = UnitValues::new(&self.values, self.images.len(), self.n_units)?;
        Ok(LabelledValues { images: &self.images, values })
    }
}

/// The question of the paper, micromachines or patterned surfaces against particles, where the
/// micrographs can answer it; else that of the two largest classes; none for fewer than two.
pub(crate) fn usual_question(seen: &[IndexedMicrograph]) -> Option<Question> {
    let count = |class: &str| seen.iter().filter(|seen| seen.category.as_deref() == Some(class)).count();
    let classes: BTreeSet<&str> = seen.iter().filter_map(|seen| seen.category.as_deref()).collect();
    let like = |parts: &[&str]| -> Vec<&str> {
        classes.iter().copied().filter(|class| parts.iter().any(|part| class.starts_with(part))).collect()
    };
    let (devices, particles) = (like(&["mems", "patterned"]), like(&["particles"]));
    if !devices.is_empty() && !particles.is_empty() {
        return Some(Question::between(&devices, &particles));
    }
    let mut largest: Vec<&str> = classes.into_iter().collect();
    largest.sort_by_key(|class| std::cmp::Reverse(count(class)));
    match largest[..] {
        [a, b, ..] => Some(Question::between(&[a], &[b])),
        _ => None,
    }
}

/// Each class against all others: without controls.
pub(crate) fn each_against_rest(
    survey: &ActivationIndex,
    config: &DifferentialConfig,
) -> Result<Vec<DifferentialAnalysis>, Failure> {
    let table = Table::of(survey);
    let labelled = table.labelled()?;
    Question::each_against_rest(&table.images)
        .iter()
        .map(|question| Ok(differential_analysis(&labelled, question, config)?))
        .collect()
}

/// The contrast of `question`, the same with shuffled labels, and with the network and the
/// micrographs exchanged as `others` say, where they have micrographs of every class.
pub(crate) fn compared(
    survey: &ActivationIndex,
    others: &[(&str, &ActivationIndex)],
    question: &Question,
    config: &DifferentialConfig,
) -> Result<Compared, Failure> {
    let table = Table::of(survey);
    let labelled = table.labelled()?;
    let contrast = differential_analysis(&labelled, question, config)?;
    let tables: Vec<(&str, Table)> = others.iter().map(|(name, survey)| (*name, Table::of(survey))).collect();
    let mut answering: Vec<(&str, LabelledValues<'_>)> = Vec::new();
    for (name, table) in &tables {
        let all_of = |classes: &[String]| {
            classes
                .iter()
                .all(|class| table.images.iter().any(|image| image.category.as_ref() == Some(class)))
        };
        let b = question.b.as_deref();
        if all_of(&question.a) && b.is_none_or(all_of) {
            answering.push((name, table.labelled()?));
        }
    }
    let controls = controls(&labelled, question, &answering, config)?;
    Ok(Compared { contrast, controls })
}
