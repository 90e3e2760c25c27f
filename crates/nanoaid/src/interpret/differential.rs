//! Class against class: which units do micrographs of A drive more than those of B?
//!
//! For every unit the area under the ROC curve (AUC): the probability that a micrograph of A has a
//! higher value than one of B, ties counted half. Its interval comes from a bootstrap over groups,
//! its p-value from labels shuffled among groups, and over all units the share of false discoveries
//! is kept (q-values). [`controls`] does the same where nothing should be found.
//!
//! Numbers and names go in, numbers come out: nothing here knows networks, files or pictures. The
//! value of a unit may be its largest activation or its mean. All that is random comes from the seed,
//! and no figure depends on the order of the micrographs, on which side is called A, or on the number
//! of threads. Mann & Whitney 1947; Efron & Tibshirani 1993; Benjamini & Hochberg 1995.

mod control;
mod design;
mod discovery;
mod null;
mod rank;
mod tail;
#[cfg(test)]
mod tests;
mod warning;

use std::collections::BTreeSet;
use std::str::FromStr;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use control::{Controls, OtherControl, ShuffledControl, controls, other_control};
pub use warning::DifferentialWarning;

use crate::ConfigError;
use crate::evaluate::classifier::Estimate;
use crate::interpret::unit_values::UnitValues;
use design::{Design, Labelling};
use null::{Null, least_probability};
use rank::Ranked;

/// Version of the form of [`DifferentialAnalysis`] and [`Controls`].
pub const SCHEMA_VERSION: u32 = 1;

/// What a micrograph is, as far as a contrast asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    /// Near-duplicates and micrographs of one specimen share a group; the file name if it is alone.
    pub group: String,
    /// Its class; micrographs without one are left out.
    pub category: Option<String>,
}

/// Values of units for micrographs, and what the micrographs are: `images[n]` is row `n`.
#[derive(Clone, Copy, Debug)]
pub struct LabelledValues<'a> {
    /// The micrographs, `[N]`.
    pub images: &'a [Labelled],
    /// The values, `[N, U]`.
    pub values: UnitValues<'a>,
}

/// Which classes are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Classes of side A, taken together.
    pub a: Vec<String>,
    /// Classes of side B, taken together; all others where absent.
    pub b: Option<Vec<String>>,
}

impl Question {
    /// Classes `a`, taken together, against classes `b`.
    pub fn between(a: &[&str], b: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { a: owned(a), b: Some(owned(b)) }
    }

    /// Classes `a`, taken together, against all other classes.
    pub fn against_rest(a: &[&str]) -> Self {
        Self { b: None, ..Self::between(a, &[]) }
    }

    /// For each class of `images` the question what distinguishes it from all others, by name; none if there
    /// are fewer than two classes.
    pub fn each_against_rest(images: &[Labelled]) -> Vec<Self> {
        let classes: BTreeSet<&str> = images.iter().filter_map(|image| image.category.as_deref()).collect();
        if classes.len() < 2 {
            return Vec::new();
        }
        classes.into_iter().map(|class| Self::against_rest(&[class])).collect()
    }

    /// Checks that `images` can answer the question: every class occurs, and none is on both sides.
    ///
    /// # Errors
    /// The first class that is not as expected.
    pub fn check(&self, images: &[Labelled]) -> Result<(), DifferentialError> {
        self.sides(images).map(|_| ())
    }

    /// For each micrograph whether it is on side A (`true`), B (`false`) or neither.
    fn sides(&self, images: &[Labelled]) -> Result<Vec<Option<bool>>, DifferentialError> {
        let known: BTreeSet<&str> = images.iter().filter_map(|image| image.category.as_deref()).collect();
        let a: BTreeSet<&str> = self.a.iter().map(String::as_str).collect();
        let b: BTreeSet<&str> = match &self.b {
            Some(b) => b.iter().map(String::as_str).collect(),
            None => known.difference(&a).copied().collect(),
        };
        for (side, name) in [(&a, "A"), (&b, "B")] {
            if side.is_empty() {
                return Err(DifferentialError::NoClass { side: name });
            }
            if let Some(class) = side.difference(&known).next() {
                let known = known.iter().copied().collect::<Vec<_>>().join(", ");
                return Err(DifferentialError::NoImages { class: (*class).to_owned(), known });
            }
        }
        if let Some(class) = a.intersection(&b).next() {
            return Err(DifferentialError::OnBothSides { class: (*class).to_owned() });
        }
        let side = |image: &Labelled| {
            let class = image.category.as_deref()?;
            a.contains(class).then_some(true).or(b.contains(class).then_some(false))
        };
        Ok(images.iter().map(side).collect())
    }
}

impl FromStr for Question {
    type Err = QuestionError;

    /// Classes of both sides, as `A,…:B,…`.
    fn from_str(text: &str) -> Result<Self, QuestionError> {
        let names = |side: &str| side.split(',').map(|name| name.trim().to_owned()).collect();
        let (a, b) = text.split_once(':').ok_or_else(|| QuestionError { found: text.to_owned() })?;
        Ok(Self { a: names(a), b: Some(names(b)) })
    }
}

/// A text does not name the classes of two sides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected classes as A,…:B,…")]
pub struct QuestionError {
    found: String,
}

/// How classes are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DifferentialConfig {
    /// Resamples of the groups, 100 to 100 000.
    pub n_bootstrap: usize,
    /// Share of the resamples that an interval holds, 0.5 to 0.999.
    pub interval: f64,
    /// Shuffles of the labels, 100 to 100 000.
    pub n_shuffles: usize,
    /// Share of false discoveries that is allowed among the units found, 0.001 to 0.5.
    pub false_share: f64,
    /// Runs with shuffled labels in the controls, 1 to 10 000.
    pub n_control_runs: usize,
    /// Seed of resamples and shuffles.
    pub seed: u64,
}

impl Default for DifferentialConfig {
    fn default() -> Self {
        Self {
            n_bootstrap: 1000, // the ends of a 95 % interval then rest on 25 resamples each
            interval: 0.95,
            n_shuffles: 10_000, // one costs no more than a sum over groups; below 0.002 tails take over
            false_share: 0.05,
            n_control_runs: 200, // a share of 0.05 is then known within 0.03
            seed: 0,
        }
    }
}

impl DifferentialConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("differential.n_bootstrap", self.n_bootstrap as f64, 100.0..=100_000.0)?;
        ConfigError::unless_within("differential.interval", self.interval, 0.5..=0.999)?;
        ConfigError::unless_within("differential.n_shuffles", self.n_shuffles as f64, 100.0..=100_000.0)?;
        ConfigError::unless_within("differential.false_share", self.false_share, 0.001..=0.5)?;
        ConfigError::unless_within(
            "differential.n_control_runs",
            self.n_control_runs as f64,
            1.0..=10_000.0,
        )?;
        Ok(self)
    }
}

/// Why classes can't be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum DifferentialError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Labels and values are not of the same micrographs.
    #[error("expected a label for each of {expected} micrographs, found {found}")]
    LabelCount { expected: usize, found: usize },
    /// A side is empty.
    #[error("side {side}: expected at least 1 class, found none")]
    NoClass { side: &'static str },
    /// A class does not occur.
    #[error("class {class}: expected one of {known}")]
    NoImages { class: String, known: String },
    /// A class is to be compared with itself.
    #[error("class {class}: expected on one side, found on both")]
    OnBothSides { class: String },
}

/// One side of a contrast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Its classes, by name.
    pub classes: Vec<String>,
    /// Its micrographs.
    pub n_images: usize,
    /// Groups they are of.
    pub n_groups: usize,
}

/// What distinguishes the classes, for every unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DifferentialAnalysis {
    /// Version of this form, [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// How it was made.
    pub config: DifferentialConfig,
    /// The side of which AUC is the probability to drive a unit more.
    pub a: Side,
    /// The other side.
    pub b: Side,
    /// Number of units.
    pub n_units: usize,
    /// Units with one value for all micrographs of both sides.
    pub n_dead: usize,
    /// Units with `q` of at most `config.false_share`.
    pub n_found: usize,
    /// Their numbers; the one whose AUC is farthest from 0.5 first, of equal ones that with the lower
    /// p-value, then number.
    pub found: Vec<usize>,
    /// All units, by number.
    pub units: Vec<UnitDifference>,
    /// What to beware of.
    pub warnings: Vec<DifferentialWarning>,
}

/// How the classes differ in a unit, over `a.n_images + b.n_images` micrographs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitDifference {
    /// Its number.
    pub unit: usize,
    /// Probability that a micrograph of A drives it more than one of B, ties counted half. The
    /// interval is absent where a side has a single group, and for a dead unit.
    pub auc: Estimate,
    /// Probability of an AUC as far from chance, on either side, under shuffled labels; 1 if dead.
    pub p: f64,
    /// Least share of false discoveries at which it is among those found.
    pub q: f64,
    /// Micrographs of both sides.
    pub n_images: usize,
    /// Whether it has one value for all of them; its AUC is then exactly 0.5.
    pub dead: bool,
}

/// Compares the classes of a question, for every unit.
///
/// Groups that lie on both sides are drawn whole, so that their interval is one of pairs; labels are
/// shuffled among what each group has on each side, which takes these parts for independent and so
/// errs upwards where a group's micrographs are alike.
///
/// ```
/// use nanoaid::interpret::differential::{
///     DifferentialConfig, Labelled, LabelledValues, Question, differential_analysis,
/// };
/// use nanoaid::interpret::unit_values::UnitValues;
///
/// // 12 micrographs of two classes; unit 0 is higher for fibers, unit 1 does not care
/// let images: Vec<Labelled> = (0..12)
///     .map(|n| Labelled {
///         group: format!("image {n}"),
///         category: Some(if n < 6 { "fibers" } else { "particles" }.to_owned()),
///     })
///     .collect();
/// let values: Vec<f32> =
///     (0..12).flat_map(|n| [if n < 6 { 5.0 + n as f32 } else { n as f32 / 10.0 }, (n % 6) as f32]).collect();
/// let labelled = LabelledValues { images: &images, values: UnitValues::new(&values, 12, 2)? };
///
/// let question = Question::between(&["fibers"], &["particles"]);
/// let config = DifferentialConfig { n_bootstrap: 100, n_shuffles: 200, ..Default::default() };
/// let found = differential_analysis(&labelled, &question, &config)?;
/// assert_eq!(found.units[0].auc.value, 1.0);
/// assert_eq!(found.units[1].auc.value, 0.5);
/// assert_eq!(found.found, [0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn differential_analysis(
    labelled: &LabelledValues<'_>,
    question: &Question,
    config: &DifferentialConfig,
) -> Result<DifferentialAnalysis, DifferentialError> {
    let config = config.clone().checked()?;
    let (design, [a, b]) = design(labelled, question)?;
    let units = measured(&design, &labelled.values, &design.resamples(&config), &config);
    let found = found(&units, config.false_share);
    let mut contrast = DifferentialAnalysis {
        schema_version: SCHEMA_VERSION,
        a,
        b,
        n_units: units.len(),
        n_dead: units.iter().filter(|unit| unit.dead).count(),
        n_found: found.len(),
        found,
        units,
        config,
        warnings: Vec::new(),
    };
    contrast.warnings = warnings(&design, labelled.images, &contrast);
    Ok(contrast)
}

/// All units, with intervals from these resamples, without intervals if there are none.
fn measured(
    design: &Design,
    values: &UnitValues<'_>,
    resamples: &[Vec<u32>],
    config: &DifferentialConfig,
) -> Vec<UnitDifference> {
    let shuffles = shuffles(design, config);
    let labels = [design.as_labelled()];
    let once = vec![1; design.n_groups];
    let n_images = design.places.len();
    let mut units: Vec<UnitDifference> = (0..values.n_units())
        .into_par_iter()
        .map(|unit| {
            let ranked = Ranked::of(design, values, unit);
            if ranked.constant() {
                let auc = Estimate { value: 0.5, interval: None };
                return UnitDifference { unit, auc, p: 1.0, q: 1.0, n_images, dead: true };
            }
            let value = ranked.auc(&once);
            let resampled = resamples.iter().map(|times| ranked.auc(times)).collect();
            let interval = design.interval(value, resampled, config.interval);
            let p = p_values(design, &ranked, &shuffles, &labels)[0];
            UnitDifference { unit, auc: Estimate { value, interval }, p, q: 1.0, n_images, dead: false }
        })
        .collect();
    let p: Vec<f64> = units.iter().map(|unit| unit.p).collect();
    units.iter_mut().zip(discovery::q_values(&p)).for_each(|(unit, q)| unit.q = q);
    units
}

/// The micrographs that are compared, and both sides.
fn design(
    labelled: &LabelledValues<'_>,
    question: &Question,
) -> Result<(Design, [Side; 2]), DifferentialError> {
    let LabelledValues { images, values } = labelled;
    if images.len() != values.n_images() {
        return Err(DifferentialError::LabelCount { expected: values.n_images(), found: images.len() });
    }
    let sides = question.sides(images)?;
    let design = Design::of(images, &sides);
    let side = |a: bool| {
        let own = images.iter().zip(&sides).filter(|(_, side)| **side == Some(a));
        let classes: BTreeSet<String> = own.filter_map(|(image, _)| image.category.clone()).collect();
        let (n_images, n_groups) = (design.n_images_on(a), design.n_groups_on(a));
        Side { classes: classes.into_iter().collect(), n_images, n_groups }
    };
    let sides = [side(true), side(false)];
    Ok((design, sides))
}

/// The shuffles that p-values are taken from.
fn shuffles(design: &Design, config: &DifferentialConfig) -> Vec<Labelling> {
    design.shuffles(config.n_shuffles, config.seed, "contrast: shuffled labels")
}

/// A unit's p-value under each of `labellings`.
fn p_values(design: &Design, ranked: &Ranked, shuffles: &[Labelling], labellings: &[Labelling]) -> Vec<f64> {
    let sums = ranked.twice_rank_sums(design);
    let telling = ranked.telling_bundles(design);
    let null = Null::of(ranked, &sums, shuffles);
    let p =
        |labelling| null.p(ranked.auc_of(labelling, &sums), least_probability(design, labelling, &telling));
    labellings.iter().map(p).collect()
}

/// Units that survive at `share`, the strongest first.
fn found(units: &[UnitDifference], share: f64) -> Vec<usize> {
    let mut found: Vec<&UnitDifference> = units.iter().filter(|unit| unit.q <= share).collect();
    let distance = |unit: &UnitDifference| (unit.auc.value - 0.5).abs();
    found.sort_by(|one, other| {
        let by_distance = distance(other).total_cmp(&distance(one));
        by_distance.then(one.p.total_cmp(&other.p)).then(one.unit.cmp(&other.unit))
    });
    found.into_iter().map(|unit| unit.unit).collect()
}

fn warnings(
    design: &Design,
    images: &[Labelled],
    contrast: &DifferentialAnalysis,
) -> Vec<DifferentialWarning> {
    let labels = design.as_labelled();
    let one_of_all = least_probability(design, &labels, &vec![true; design.bundles.len()]);
    let (least_p, share) = ((2.0 * one_of_all).min(1.0), contrast.config.false_share);
    let n_groups = design.n_groups_on_both();
    let DifferentialAnalysis { n_dead, n_units, .. } = *contrast;
    let n_without = images.iter().filter(|image| image.category.is_none()).count();
    [
        warning::of_side(&contrast.a, design.largest_bundle_on(true)),
        warning::of_side(&contrast.b, design.largest_bundle_on(false)),
        (n_groups > 0).then_some(DifferentialWarning::GroupsOnBothSides { n_groups }),
        (least_p > share).then_some(DifferentialWarning::TooFewLabellings { least_p, share }),
        (n_dead > 0).then_some(DifferentialWarning::DeadUnits { n_dead, n_units }),
        (n_without > 0).then_some(DifferentialWarning::WithoutClass { n_images: n_without }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
