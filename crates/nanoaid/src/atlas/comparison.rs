//! Class against class for one network: which question is asked, its answer, and the controls.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::AtlasError;
use super::activations::{labelled, largest};
use crate::interpret::activation_index::ActivationIndex;
use crate::interpret::differential::{
    Controls, DifferentialAnalysis, DifferentialConfig, Labelled, LabelledValues, OtherControl, Question,
    controls, differential_analysis, other_control,
};
use crate::interpret::exemplar::IndexedMicrograph;
use crate::interpret::unit_values::UnitValues;

/// Name of the control of the same network with random weights.
pub const RANDOM_WEIGHTS: &str = "random weights";
/// Name of the control of data bars.
pub const DATA_BARS: &str = "data bar alone";

/// A differential analysis with its controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The analysis.
    pub contrast: DifferentialAnalysis,
    /// The same with shuffled labels, with random weights, and for data bars alone.
    pub controls: Controls,
    /// Controls that contradict it.
    pub doubts: Vec<ControlDoubt>,
}

/// A control that finds at least half as many units as the analysis itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlDoubt {
    /// Name of the control.
    pub control: String,
    /// Units that it finds.
    pub n_found: usize,
    /// Its units.
    pub n_units: usize,
}

impl ControlDoubt {
    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        "the difference may come from something other than the specimens: compare micrographs of the same sources and settings"
    }
}

impl fmt::Display for ControlDoubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { control, n_found, n_units } = self;
        write!(formatter, "the control \u{201c}{control}\u{201d} also finds {n_found} of {n_units} units")
    }
}

/// The activations and labels of an index.
struct Table {
    images: Vec<Labelled>,
    values: Vec<f32>,
    n_units: usize,
}

impl Table {
    fn of(index: &ActivationIndex) -> Self {
        let n_units = index.layers.iter().map(|layer| layer.n_channels).sum();
        Self { images: labelled(&index.seen), values: largest(index), n_units }
    }

    fn labelled(&self) -> Result<LabelledValues<'_>, AtlasError> {
        let values = UnitValues::new(&self.values, self.images.len(), self.n_units)?;
        Ok(LabelledValues { images: &self.images, values })
    }

    fn has_all(&self, classes: &[String]) -> bool {
        classes.iter().all(|class| self.images.iter().any(|image| image.category.as_ref() == Some(class)))
    }
}

/// The default comparison: micromachines and patterned surfaces against particles, as
/// in the paper, where the micrographs can answer it; else the two largest classes; none for fewer
/// than two.
pub fn usual_question(seen: &[IndexedMicrograph]) -> Option<Question> {
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

/// A class against all others, with its control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgainstRest {
    /// The analysis.
    pub contrast: DifferentialAnalysis,
    /// The same with random weights; `None` where these did not read micrographs of the class.
    pub random: Option<OtherControl>,
}

/// Each class against all others, for the units of all layers of `index`, numbered over them.
///
/// # Errors
/// If a setting is out of range, or there are fewer than two classes.
pub fn classes_against_rest(
    index: &ActivationIndex,
    config: &DifferentialConfig,
) -> Result<Vec<DifferentialAnalysis>, AtlasError> {
    let table = Table::of(index);
    let labelled = table.labelled()?;
    let questions = Question::each_against_rest(&table.images);
    questions.iter().map(|question| Ok(differential_analysis(&labelled, question, config)?)).collect()
}

/// Each class against all others, beside the same with the `random` weights.
pub(super) fn each_against_rest(
    index: &ActivationIndex,
    random: &ActivationIndex,
    config: &DifferentialConfig,
) -> Result<Vec<AgainstRest>, AtlasError> {
    let (table, random) = (Table::of(index), Table::of(random));
    let (labelled, control) = (table.labelled()?, random.labelled()?);
    Question::each_against_rest(&table.images)
        .iter()
        .map(|question| {
            let answers = question.check(&random.images).is_ok();
            let random = answers.then(|| other_control(RANDOM_WEIGHTS, &control, question, config));
            Ok(AgainstRest {
                contrast: differential_analysis(&labelled, question, config)?,
                random: random.transpose()?,
            })
        })
        .collect()
}

/// The analysis of `question`, the same with shuffled labels, and on the `others` that have
/// micrographs of every class.
pub(crate) fn compared(
    index: &ActivationIndex,
    others: &[(&str, &ActivationIndex)],
    question: &Question,
    config: &DifferentialConfig,
) -> Result<Comparison, AtlasError> {
    let table = Table::of(index);
    let labelled = table.labelled()?;
    let contrast = differential_analysis(&labelled, question, config)?;
    let tables: Vec<(&str, Table)> = others.iter().map(|(name, index)| (*name, Table::of(index))).collect();
    let mut answering: Vec<(&str, LabelledValues<'_>)> = Vec::new();
    for (name, table) in &tables {
        if table.has_all(&question.a) && question.b.as_deref().is_none_or(|b| table.has_all(b)) {
            answering.push((name, table.labelled()?));
        }
    }
    let controls = controls(&labelled, question, &answering, config)?;
    let doubts = doubts(&contrast, &controls);
    Ok(Comparison { contrast, controls, doubts })
}

/// Controls that find at least half as many units as the analysis.
fn doubts(contrast: &DifferentialAnalysis, controls: &Controls) -> Vec<ControlDoubt> {
    let doubtful =
        controls.others.iter().filter(|other| contrast.n_found > 0 && 2 * other.n_found >= contrast.n_found);
    doubtful
        .map(|other| ControlDoubt {
            control: other.name.clone(),
            n_found: other.n_found,
            n_units: other.n_units,
        })
        .collect()
}
