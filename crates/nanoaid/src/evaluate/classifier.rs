//! Evaluates a classifier by its predictions for held-out micrographs: accuracy, uncertainty, calibration of
//! probabilities, and whether it reads the data bar instead of the specimen.
//!
//! Numbers go in ([`Scored`]), numbers come out ([`ClassifierReport`], [`Audit`]). Networks, files and pictures are
//! not known here. Everything random comes from the seed of [`EvaluateConfig`], and no figure depends on the order in
//! which micrographs are given.
//!
//! Micrographs of one *group* (near-duplicates, or one specimen) are not independent, so intervals
//! come from a bootstrap that draws whole groups (Efron & Tibshirani 1993; for clusters, Field &
//! Welsh 2007). Calibration of probabilities follows Guo et al. 2017.

mod abstention;
mod audit;
mod calibration;
mod chance;
mod groups;
mod interval;
mod scores;
mod table;
#[cfg(test)]
mod tests;
mod warning;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use abstention::{Abstention, AbstentionPoint, OperatingPoint};
pub use audit::{Audit, AuditSets, Difference, Evidence, Look, Undecided, Verdict, audit};
pub use calibration::{CalibrationBin, CalibrationScores, ProbabilityCalibration, Temperature};
pub use chance::Chance;
pub use groups::Estimate;
pub use interval::Interval;
pub use scores::ClassScores;
pub use warning::Warning;

pub(crate) use calibration::log_probabilities;
pub(crate) use groups::Groups;
pub(crate) use interval::{quantile, wilson};

use crate::ConfigError;
use crate::train::regression::argmax;
use scores::Confusion;

/// Version of the form of [`ClassifierReport`] and [`Audit`].
pub const SCHEMA_VERSION: u32 = 1;
/// Largest size of a logit; far beyond any network's, and small enough that sums stay finite.
const MOST_LOGIT: f64 = 1e9;
/// Mistakes that are listed.
const MOST_MISTAKES: usize = 24;

/// One micrograph as a classifier scored it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Its file, or another name that no other micrograph of the set has.
    pub file: String,
    /// Near-duplicates and micrographs of one specimen share a group; the file name if it is alone.
    pub group: String,
    /// The class it belongs to, as an index into the classes.
    pub category: usize,
    /// The network's score for each class, `[n_classes]`, before softmax; finite, within ±10⁹.
    pub logits: Vec<f64>,
}

impl Scored {
    /// The class with the highest logit; the first of equal ones.
    fn predicted(&self) -> usize {
        argmax(&self.logits)
    }
}

/// How a classifier is evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluateConfig {
    /// Resamples of the groups, and shuffles of the labels; 100 to 100 000.
    pub n_bootstrap: usize,
    /// Share of the resamples that an interval holds, 0.5 to 0.999.
    pub interval: f64,
    /// Bins of equal width between confidence 0 and 1; 2 to 100.
    pub n_bins: usize,
    /// Seed of resamples and shuffles.
    pub seed: u64,
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self {
            n_bootstrap: 1000, // the ends of a 95 % interval then rest on 25 resamples each
            interval: 0.95,
            n_bins: 15, // as Guo et al. 2017, so that figures can be compared
            seed: 0,
        }
    }
}

impl EvaluateConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("evaluate.n_bootstrap", self.n_bootstrap as f64, 100.0..=100_000.0)?;
        ConfigError::unless_within("evaluate.interval", self.interval, 0.5..=0.999)?;
        ConfigError::unless_within("evaluate.n_bins", self.n_bins as f64, 2.0..=100.0)?;
        Ok(self)
    }
}

/// Why a classifier cannot be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum EvaluateError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Fewer than two classes.
    #[error("expected at least 2 classes, found {found}")]
    TooFewClasses { found: usize },
    /// No micrographs to evaluate.
    #[error("{part}: expected at least 1 micrograph, found none")]
    Empty { part: String },
    /// A micrograph belongs to a class that is not in the list.
    #[error("{part}: {file}: expected a class below {n_classes}, found {found}")]
    NoSuchClass { part: String, file: String, found: usize, n_classes: usize },
    /// A micrograph has more or fewer logits than there are classes.
    #[error("{part}: {file}: expected {expected} logits, found {found}")]
    LogitCount { part: String, file: String, found: usize, expected: usize },
    /// A logit is NaN, infinite or too large.
    #[error("{part}: {file}: expected logits within ±1e9, found {found} for class {class}")]
    BadLogit { part: String, file: String, found: f64, class: String },
    /// A micrograph occurs twice in one set.
    #[error("{part}: {file}: expected once, found twice")]
    Twice { part: String, file: String },
    /// The sets of an audit do not hold the same micrographs, with the same class and group.
    #[error("{part}: {file}: expected the same file, class and group as among the full micrographs")]
    NotTheSame { part: String, file: String },
}

/// The evaluation of a classifier from its scores on held-out micrographs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifierReport {
    /// Version of this form, [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// How it was evaluated.
    pub config: EvaluateConfig,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Test micrographs.
    pub n_images: usize,
    /// Groups among them.
    pub n_groups: usize,
    /// Validation micrographs, by which the temperature was fitted.
    pub n_validation: usize,
    /// Share of the test micrographs that were classified correctly.
    pub accuracy: Estimate,
    /// Mean F1 of the classes that have a test micrograph.
    pub macro_f1: Estimate,
    /// Mean recall of the classes that have a test micrograph.
    pub balanced_accuracy: Estimate,
    /// What guessing would reach.
    pub chance: Chance,
    /// Each class, in the order of `classes`.
    pub per_class: Vec<ClassScores>,
    /// Test micrographs by class and prediction, `[class][predicted]`.
    pub confusion: Vec<Vec<usize>>,
    /// Calibration of the probabilities.
    #[serde(alias = "reliability")]
    pub calibration: ProbabilityCalibration,
    /// What is gained by abstaining at low confidence.
    pub abstention: Abstention,
    /// The mistakes with the highest confidence, in that order, at most 24.
    pub worst_mistakes: Vec<Prediction>,
    /// Every test micrograph, as given.
    pub images: Vec<Prediction>,
    /// What to beware of.
    pub warnings: Vec<Warning>,
}

/// What the network predicts for one test micrograph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Its file.
    pub file: String,
    /// Its group.
    pub group: String,
    /// The class it belongs to, as an index.
    pub category: usize,
    /// The predicted class, as an index.
    pub predicted: usize,
    /// Probability of each class, `[n_classes]`, sum 1; after the temperature if there is one.
    pub probabilities: Vec<f64>,
}

impl Prediction {
    /// Probability of the predicted class.
    pub fn confidence(&self) -> f64 {
        self.probabilities[self.predicted]
    }

    /// Whether the class is the right one.
    pub fn right(&self) -> bool {
        self.category == self.predicted
    }
}

/// Mean F1 over the classes that occur, of pairs of class and prediction.
pub fn macro_f1(n_classes: usize, answers: impl IntoIterator<Item = (usize, usize)>) -> f64 {
    Confusion::of_answers(n_classes, answers).macro_f1()
}

/// Evaluates a classifier of `classes` by its logits for held-out micrographs.
///
/// `test` was used neither for training nor for any choice; the temperature and the confidences to abstain below come
/// from `validation`, which may be empty. Classes without a test micrograph are left out of all means, and a warning
/// names them.
pub fn evaluate(
    classes: &[String],
    test: &[Scored],
    validation: &[Scored],
    config: &EvaluateConfig,
) -> Result<ClassifierReport, EvaluateError> {
    let config = config.clone().checked()?;
    check(classes, "test", test)?;
    if !validation.is_empty() {
        check(classes, "validation", validation)?;
    }
    let groups = Groups::of(test);
    let confusion = Confusion::of(classes.len(), test, groups.order());
    let (accuracy, macro_f1, balanced_accuracy) = estimates(&confusion, test, &groups, &config);
    let calibration = ProbabilityCalibration::of(test, validation, &config);
    let temperature = calibration.temperature.as_ref().map_or(1.0, |temperature| temperature.value);
    let images: Vec<Prediction> = test.iter().map(|scored| prediction(scored, temperature)).collect();
    let to_choose_by: Vec<Prediction> =
        validation.iter().map(|scored| prediction(scored, temperature)).collect();
    let mut report = ClassifierReport {
        schema_version: SCHEMA_VERSION,
        classes: classes.to_vec(),
        n_images: test.len(),
        n_groups: groups.len(),
        n_validation: validation.len(),
        accuracy,
        macro_f1,
        balanced_accuracy,
        chance: Chance::of(classes, test, &groups, &config),
        per_class: confusion.per_class(classes, &groups.per_class(classes.len(), test), config.interval),
        confusion: confusion.counts,
        calibration,
        abstention: Abstention::of(&images, &to_choose_by, config.interval),
        worst_mistakes: worst_mistakes(&images),
        images,
        config,
        warnings: Vec::new(),
    };
    report.warnings = warning::warnings(&report, groups.shared_with(validation));
    Ok(report)
}

/// Accuracy, macro-F1 and balanced accuracy with their intervals, from the same resamples.
fn estimates(
    confusion: &Confusion,
    scored: &[Scored],
    groups: &Groups,
    config: &EvaluateConfig,
) -> (Estimate, Estimate, Estimate) {
    let resampled: Vec<Confusion> = groups
        .resamples(config)
        .map(|images| Confusion::of(confusion.counts.len(), scored, images))
        .collect();
    let estimate = |figure: fn(&Confusion) -> f64| {
        groups.estimate_share(figure(confusion), resampled.iter().map(figure).collect(), config)
    };
    (estimate(Confusion::accuracy), estimate(Confusion::macro_f1), estimate(Confusion::balanced_accuracy))
}

fn prediction(scored: &Scored, temperature: f64) -> Prediction {
    let log_probabilities = log_probabilities(&scored.logits, temperature);
    Prediction {
        file: scored.file.clone(),
        group: scored.group.clone(),
        category: scored.category,
        predicted: scored.predicted(),
        probabilities: log_probabilities.into_iter().map(f64::exp).collect(),
    }
}

fn worst_mistakes(images: &[Prediction]) -> Vec<Prediction> {
    let mut mistakes: Vec<&Prediction> = images.iter().filter(|image| !image.right()).collect();
    mistakes.sort_by(|a, b| b.confidence().total_cmp(&a.confidence()).then(a.file.cmp(&b.file)));
    mistakes.into_iter().take(MOST_MISTAKES).cloned().collect()
}

/// An error unless `scored` holds micrographs, each once, with a class and a logit for each class.
fn check(classes: &[String], part: &str, scored: &[Scored]) -> Result<(), EvaluateError> {
    let n_classes = classes.len();
    if n_classes < 2 {
        return Err(EvaluateError::TooFewClasses { found: n_classes });
    }
    let part = part.to_owned();
    if scored.is_empty() {
        return Err(EvaluateError::Empty { part });
    }
    let mut files = BTreeSet::new();
    for Scored { file, category, logits, .. } in scored {
        let file = file.clone();
        if !files.insert(file.clone()) {
            return Err(EvaluateError::Twice { part, file });
        }
        if *category >= n_classes {
            return Err(EvaluateError::NoSuchClass { part, file, found: *category, n_classes });
        }
        if logits.len() != n_classes {
            return Err(EvaluateError::LogitCount { part, file, found: logits.len(), expected: n_classes });
        }
        // NaN is in no range
        let usable = |logit: &f64| (-MOST_LOGIT..=MOST_LOGIT).contains(logit);
        if let Some(class) = logits.iter().position(|logit| !usable(logit)) {
            let (found, class) = (logits[class], classes[class].clone());
            return Err(EvaluateError::BadLogit { part, file, found, class });
        }
    }
    Ok(())
}
