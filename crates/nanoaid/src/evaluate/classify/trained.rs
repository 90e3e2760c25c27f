//! A trained classifier that is ready for files: network, temperature, and when to abstain.
//!
//! The temperature comes from the evaluation report beside the network; without one the probabilities
//! are the softmax of the logits as they are, which [`TrainedClassifier::calibrated`] says.

use std::path::{Path, PathBuf};

use micrograph::{Plane, Source};
use serde::{Deserialize, Serialize};

use super::{Answer, AnswerConfig, answer, view_px};
use crate::data::prepare::{self, PrepareConfig, PrepareError};
use crate::evaluate::classifier::ClassifierReport;
use crate::output::text_cell;
use crate::run::{RunError, RunFolder};
use crate::{ConfigError, Device, Network, network::WeightsError, network::builtin};

/// File of the evaluation in a run folder.
const RESULT: &str = "result.json";

/// A classifier with what its probabilities are worth.
#[derive(Clone, Debug)]
pub struct TrainedClassifier {
    network: Network,
    config: AnswerConfig,
    calibrated: bool,
    reliability: Option<String>,
}

/// The answer of a classifier for a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileAnswer {
    /// The file.
    #[serde(serialize_with = "micrograph::file::lossy_path")]
    pub file: PathBuf,
    /// Class, probabilities, settings.
    #[serde(flatten)]
    pub answer: Answer,
    /// What to know about the file.
    pub warnings: Vec<String>,
}

/// The class that a classifier gives a micrograph, with what that is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedClass {
    /// Which classifier.
    pub classifier: String,
    /// Class and probabilities.
    pub answer: Answer,
    /// Whether a temperature was fitted to the probabilities.
    pub calibrated: bool,
    /// How often it was right on micrographs of other laboratories, in a sentence, where that is known.
    pub reliability: Option<String>,
}

/// Why a classifier or an answer is missing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
pub enum ClassifyError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network is not a classifier of micrographs.
    #[error(
        "found {found}, expected a classifier of grey micrographs: `classifier`, or a run of `train classifier`"
    )]
    NotAClassifier { found: String },
    /// The run folder could not be used.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The built-in network could not be opened.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The evaluation report could not be read.
    #[error("the evaluation report cannot be read: {0}")]
    Report(#[from] serde_json::Error),
    /// The file could not be prepared; the error names it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
}

/// How often a classifier was right, in a sentence, where the test micrographs of its `report` are of
/// laboratories that it did not learn from.
pub fn reliability(report: &ClassifierReport) -> String {
    let share = |n: usize, of: usize| format!("{n} of {of} ({:.0} %)", 100.0 * n as f64 / of.max(1) as f64);
    let n_right = report.images.iter().filter(|image| image.right()).count();
    let sure: Vec<_> = report.images.iter().filter(|image| image.confidence() >= 0.5).collect();
    let n_sure_right = sure.iter().filter(|image| image.right()).count();
    format!(
        "Right in {} on other laboratories' images; where it is at least 50 % sure, in {}.",
        share(n_right, report.images.len()),
        share(n_sure_right, sure.len())
    )
}

/// The evaluation of the classifier of `run`; `None` where it has not been evaluated.
pub(crate) fn report_of(run: &RunFolder) -> Result<Option<ClassifierReport>, ClassifyError> {
    #[derive(Deserialize)]
    struct Evaluation {
        report: ClassifierReport,
    }
    if !run.manifest().files.contains_key(RESULT) {
        return Ok(None);
    }
    let evaluation: Evaluation = serde_json::from_slice(&run.read(RESULT)?)?;
    Ok(Some(evaluation.report))
}

impl TrainedClassifier {
    /// `network` with its evaluation `report`, if there is one.
    ///
    /// # Errors
    /// If it is not a classifier of grey micrographs.
    pub fn new(network: Network, report: Option<&ClassifierReport>) -> Result<Self, ClassifyError> {
        if view_px(&network).is_none() {
            let found = match network.classes() {
                Some(classes) => format!("a network of {} classes for photos in colors", classes.len()),
                None => "a network without classes".to_owned(),
            };
            return Err(ClassifyError::NotAClassifier { found });
        }
        let calibrated = report.is_some_and(|report| report.calibration.temperature.is_some());
        let config = report.map_or_else(AnswerConfig::default, AnswerConfig::of);
        Ok(Self { network, config, calibrated, reliability: None })
    }

    /// The built-in classifier.
    ///
    /// # Errors
    /// If the program was built with a damaged file.
    pub fn builtin(device: Device) -> Result<Self, ClassifyError> {
        let report = builtin::classifier_report()?;
        let own = Self::new(builtin::classifier(device)?, Some(&report))?;
        Ok(Self { reliability: Some(reliability(&report)), ..own })
    }

    /// `network`, which was opened as `run`, with the report of its evaluation, if it has one.
    ///
    /// # Errors
    /// If a file of the run is damaged, or the network is not a classifier of grey micrographs.
    pub fn of_opened(run: &Path, network: Network) -> Result<Self, ClassifyError> {
        if run.is_dir() {
            Self::of_run(&RunFolder::open(run)?, network.device())
        } else if !run.exists() && run.as_os_str() == builtin::CLASSIFIER {
            Self::builtin(network.device())
        } else {
            Self::new(network, None)
        }
    }

    /// The classifier of a run folder, with the report of its evaluation.
    ///
    /// # Errors
    /// If a file is missing or damaged, or the run's network is not a classifier.
    pub fn of_run(run: &RunFolder, device: Device) -> Result<Self, ClassifyError> {
        let network = run.network(device)?;
        if view_px(&network).is_none() {
            return Self::new(network, None);
        }
        Self::new(network, report_of(run)?.as_ref())
    }

    /// The same, abstaining where no class reaches the probability `least`.
    ///
    /// # Errors
    /// If it is not in `[0, 1]`.
    pub fn abstaining_below(mut self, least: f64) -> Result<Self, ClassifyError> {
        self.config = AnswerConfig { abstain_below: least, ..self.config }.checked()?;
        Ok(self)
    }

    /// Names of the classes.
    pub fn classes(&self) -> &[String] {
        self.network.classes().unwrap_or_default()
    }

    /// Whether a temperature was fitted on micrographs that the network was not trained on, so that
    /// predictions are right about as often as the probabilities say.
    pub fn calibrated(&self) -> bool {
        self.calibrated
    }

    /// How often it was right on micrographs of other laboratories, in a sentence; `None` where that is not
    /// known.
    pub fn reliability(&self) -> Option<&str> {
        self.reliability.as_deref()
    }

    /// The class of `plane`, values in `[0, 1]`; the classifier is called `name`.
    ///
    /// # Errors
    /// If a setting is out of range.
    ///
    /// # Panics
    /// If `plane` is empty.
    pub fn named(&self, name: &str, plane: &Plane) -> Result<NamedClass, ConfigError> {
        Ok(NamedClass {
            classifier: name.to_owned(),
            answer: self.answer(plane)?,
            calibrated: self.calibrated,
            reliability: self.reliability.clone(),
        })
    }

    /// Its answer for `plane`, values in `[0, 1]`.
    ///
    /// # Errors
    /// If a setting is out of range.
    ///
    /// # Panics
    /// If `plane` is empty.
    pub fn answer(&self, plane: &Plane) -> Result<Answer, ConfigError> {
        answer(&self.network, plane, self.config)
    }

    /// Its answer for the micrograph at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or prepared.
    pub fn file(&self, path: &Path, config: &PrepareConfig) -> Result<FileAnswer, ClassifyError> {
        self.source(&Source::read(path).map_err(PrepareError::from)?, config)
    }

    /// Its answer for the micrograph that was read as `source`.
    ///
    /// # Errors
    /// If it cannot be decoded or prepared.
    pub fn source(&self, source: &Source, config: &PrepareConfig) -> Result<FileAnswer, ClassifyError> {
        let prepared = prepare::source(source, config)?;
        let answer = self.answer(&prepared.plane)?;
        Ok(FileAnswer { file: source.path().to_owned(), answer, warnings: prepared.facts.warnings })
    }
}

/// What `network`, which was opened as `run`, says of `plane`, values in `[0, 1]`, as a classifier; `None` if it has no classes,
/// or those of photos.
///
/// # Errors
/// If a file of the run is damaged.
pub fn answer_of(run: &Path, network: &Network, plane: &Plane) -> Result<Option<NamedClass>, ClassifyError> {
    match TrainedClassifier::of_opened(run, network.clone()) {
        Ok(classifier) => Ok(Some(classifier.named(&run.display().to_string(), plane)?)),
        Err(ClassifyError::NotAClassifier { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Answers as CSV: file, class (empty: abstained), the highest probability, and that of each class
/// (columns `p_` and its name, in the order of `classes`).
pub fn answers_csv(classes: &[String], answers: &[FileAnswer]) -> String {
    let names = classes.iter().map(|class| format!("p_{class}"));
    let head: Vec<String> =
        ["file", "class", "probability"].map(String::from).into_iter().chain(names).collect();
    let row = |found: &FileAnswer| {
        let all = &found.answer.probabilities;
        let of = |class: &String| all.iter().find(|one| one.class == *class).map(|one| one.probability);
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let mut cells = vec![text_cell(&found.file.display().to_string())];
        cells.push(text_cell(found.answer.said.as_deref().unwrap_or_default()));
        cells.push(number(all.first().map(|one| one.probability)));
        cells.extend(classes.iter().map(|class| number(of(class))));
        cells
    };
    crate::output::csv_text(&head, answers.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::classify::ClassProbability;

    #[test]
    fn answers_are_rows_with_classes_in_the_order_of_the_network() {
        let classes = ["fibres", "powder"].map(String::from);
        let one = |class: &str, probability| ClassProbability { class: class.to_owned(), probability };
        let answer = |said: Option<&str>, high| Answer {
            network_sha256: String::new(),
            config: AnswerConfig::default(),
            said: said.map(str::to_owned),
            probabilities: vec![one("powder", high), one("fibres", 1.0 - high)],
        };
        let found = |file: &str, answer| FileAnswer { file: file.into(), answer, warnings: Vec::new() };
        let answers = [found("a, b.png", answer(Some("powder"), 0.75)), found("c.png", answer(None, 0.5))];
        let expected = "file,class,probability,p_fibres,p_powder\n\"a, b.png\",powder,0.75,0.25,0.75\nc.png,,0.5,0.5,0.5\n";
        assert_eq!(answers_csv(&classes, &answers), expected);
    }

    #[test]
    fn what_is_no_classifier_is_refused_and_the_built_in_one_is_calibrated() {
        let autoencoder = builtin::autoencoder(Device::Cpu).unwrap();
        let error = TrainedClassifier::new(autoencoder, None).unwrap_err().to_string();
        assert!(error.contains("found a network without classes"), "{error}");
        let classifier = TrainedClassifier::builtin(Device::Cpu).unwrap();
        assert!(classifier.calibrated() && classifier.classes().len() == 10);
        let error = classifier.abstaining_below(1.5).unwrap_err().to_string();
        assert!(error.contains("abstain_below"), "{error}");
    }
}
