//! Answer: the class of one micrograph by a classifier, with probabilities that are as reliable as its temperature,
//! or an abstention.
//!
//! Probabilities are softmax(logits / temperature), after Guo et al. 2017; the temperature
//! is that of a report ([`crate::evaluate::classifier`]). A micrograph of another class gets an answer, too: a
//! softmax cannot say "something else".

use micrograph::Plane;
use serde::{Deserialize, Serialize};

use super::logits;
use crate::evaluate::classifier::{ClassifierReport, log_probabilities};
use crate::{ConfigError, Network};

/// How logits become an answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerConfig {
    /// What logits are divided by, above 0.
    pub temperature: f64,
    /// Probability of the most probable class below which the classifier abstains, in `[0, 1]`.
    pub abstain_below: f64,
}

/// Below it a network with calibrated probabilities is wrong more often than right.
const ONE_HALF: f64 = 0.5;

impl Default for AnswerConfig {
    /// Probabilities as the network gives them; abstains below one half.
    fn default() -> Self {
        Self { temperature: 1.0, abstain_below: ONE_HALF }
    }
}

impl AnswerConfig {
    /// The temperature of `report`, 1 where it could not be fitted; abstains below the probability from
    /// which on four of five answers were right on the validation micrographs, below one half where
    /// that was not reached.
    pub fn of(report: &ClassifierReport) -> Self {
        let temperature = report.calibration.temperature.map_or(1.0, |temperature| temperature.value);
        Self { temperature, abstain_below: report.abstention.usual().unwrap_or(ONE_HALF) }
    }

    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let divides = self.temperature > 0.0 && self.temperature.is_finite(); // false for NaN too
        if !divides {
            return Err(ConfigError::new("answer.temperature", self.temperature, "above 0"));
        }
        ConfigError::unless_within("answer.abstain_below", self.abstain_below, 0.0..=1.0)?;
        Ok(self)
    }
}

/// The answer of a classifier for a micrograph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// SHA-256 of the classifier as a file.
    pub network_sha256: String,
    /// How its logits became this answer.
    pub config: AnswerConfig,
    /// The class it names; `None`: it abstains.
    pub said: Option<String>,
    /// Every class, the most probable first.
    pub probabilities: Vec<ClassProbability>,
}

/// A class and how probable it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassProbability {
    /// Its name.
    pub class: String,
    /// In `[0, 1]`; over all classes they sum to 1.
    pub probability: f64,
}

/// The answer of `network` for `plane`, values in `[0, 1]`.
///
/// # Errors
/// A setting that is out of range.
///
/// # Panics
/// If `network` is not a classifier, or `plane` is empty.
///
/// ```
/// use micrograph::Plane;
/// use nanoaid::evaluate::classify::{AnswerConfig, answer};
/// use nanoaid::{Architecture, CompactConfig, Device, Network};
///
/// let classes = vec!["fibers".to_owned(), "particles".to_owned()];
/// let config = CompactConfig { stages: vec![4], further: vec![], view_px: 16, classes, ..Default::default() };
/// let network = Network::random(Architecture::Compact(config), 0, Device::Cpu)?;
/// let config = AnswerConfig { temperature: 1.0, abstain_below: 0.5 };
///
/// let found = answer(&network, &Plane::filled(20, 28, 0.5), config)?;
/// let sum: f64 = found.probabilities.iter().map(|class| class.probability).sum();
/// assert!((sum - 1.0).abs() < 1e-9);
/// # Ok::<(), nanoaid::ConfigError>(())
/// ```
pub fn answer(network: &Network, plane: &Plane, config: AnswerConfig) -> Result<Answer, ConfigError> {
    let config = config.checked()?;
    let classes = network.classes().expect("a classifier");
    let (said, probabilities) = said(classes, &logits(network, plane), config);
    Ok(Answer { network_sha256: network.sha256().to_owned(), config, said, probabilities })
}

fn said(classes: &[String], logits: &[f64], config: AnswerConfig) -> (Option<String>, Vec<ClassProbability>) {
    let logs = log_probabilities(logits, config.temperature);
    let named = classes.iter().zip(logs);
    let mut all: Vec<ClassProbability> =
        named.map(|(class, log)| ClassProbability { class: class.clone(), probability: log.exp() }).collect();
    // stable: of equal ones the first class leads, as everywhere
    all.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let said = all.first().filter(|first| first.probability >= config.abstain_below);
    (said.map(|first| first.class.clone()), all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_from_a_probability_on_and_follows_the_temperature() {
        let classes = ["fibres", "powder", "tips"].map(String::from);
        // softmax of ln 2, ln 6, ln 2 is 0.2, 0.6, 0.2; at temperature 0.5 their squares, 4 : 36 : 4
        let logits = [2.0_f64, 6.0, 2.0].map(f64::ln);
        struct Case {
            temperature: f64,
            abstain_below: f64,
            said: Option<&'static str>,
            highest: f64,
        }
        let cases = [
            Case { temperature: 1.0, abstain_below: 0.59, said: Some("powder"), highest: 0.6 },
            Case { temperature: 1.0, abstain_below: 0.61, said: None, highest: 0.6 },
            Case { temperature: 0.5, abstain_below: 0.61, said: Some("powder"), highest: 36.0 / 44.0 },
        ];
        for Case { temperature, abstain_below, said: expected, highest } in cases {
            let config = AnswerConfig { temperature, abstain_below };
            let (found, probabilities) = said(&classes, &logits, config);
            assert_eq!(found.as_deref(), expected, "{config:?}");
            assert!((probabilities[0].probability - highest).abs() < 1e-12, "{config:?} {probabilities:?}");
            let order: Vec<&str> = probabilities.iter().map(|one| one.class.as_str()).collect();
            assert_eq!(order, ["powder", "fibres", "tips"], "{config:?}");
            let sum: f64 = probabilities.iter().map(|one| one.probability).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{config:?}");
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for (name, temperature, abstain_below) in
            [("temperature", 0.0, 0.5), ("temperature", f64::NAN, 0.5), ("abstain_below", 1.0, 1.5)]
        {
            let error = AnswerConfig { temperature, abstain_below }.checked().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
