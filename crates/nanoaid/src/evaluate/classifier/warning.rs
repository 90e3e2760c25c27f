//! Warnings about a report: each with its numbers, and with advice.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ClassifierReport;
use super::calibration::FEWEST_FOR_TEMPERATURE;

/// Test micrographs below which a class's recall is very uncertain: with 10, one more or less is 10 %.
const FEW_IMAGES: usize = 10;
/// Groups below which percentile intervals are known to be too narrow.
const FEW_GROUPS: usize = 20;
/// Width of an accuracy's interval from which on it is too wide for conclusions.
const WIDE: f64 = 0.15;
/// p-value above which the network is not shown to be better than chance.
const CHANCE: f64 = 0.05;

/// A warning; its text by `Display`, what to do by [`Warning::advice`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Warning {
    /// Classes that were not tested.
    NotTested {
        /// Their names.
        classes: Vec<String>,
    },
    /// Classes with few test micrographs.
    FewImages {
        /// Their names and numbers of test micrographs.
        classes: Vec<(String, usize)>,
    },
    /// Classes whose test micrographs are all of one group.
    OneGroup {
        /// Their names.
        classes: Vec<String>,
    },
    /// Few groups in all.
    FewGroups {
        /// Their number.
        n_groups: usize,
    },
    /// The interval of the accuracy is wide.
    WideInterval {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// The interval does not lie above the accuracy of naming the most frequent class.
    NotAboveMajority {
        /// Accuracy of the network.
        accuracy: f64,
        /// Accuracy of naming the most frequent class.
        majority_accuracy: f64,
    },
    /// Shuffled labels reach the same accuracy.
    NotAboveChance {
        /// The share of the shuffles.
        p_value: f64,
    },
    /// No temperature could be fitted.
    FewValidation {
        /// Validation micrographs.
        n_images: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The temperature ends where the range of temperatures ends.
    TemperatureAtEnd {
        /// The temperature.
        temperature: f64,
    },
    /// Groups of the test split lie in the validation split too.
    SharedGroups {
        /// Their number.
        n_groups: usize,
    },
}

impl Warning {
    /// What can be done about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotTested { .. } => "these classes were not evaluated; add test micrographs of them",
            Self::FewImages { .. } => "their recall is very uncertain; read its interval, not its value",
            Self::OneGroup { .. } => {
                "source and class cannot be separated there; add micrographs of other specimens"
            }
            Self::FewGroups { .. } => "add micrographs of other specimens",
            Self::WideInterval { .. } => {
                "differences smaller than that are not significant; add micrographs, or repeat with other splits"
            }
            Self::NotAboveMajority { .. } => "these micrographs do not show that the network is useful",
            Self::NotAboveChance { .. } => {
                "these micrographs do not show that the network has learned the classes"
            }
            Self::FewValidation { .. } => "probabilities are not calibrated, often overconfident",
            Self::TemperatureAtEnd { .. } => {
                "the validation micrographs are too easy or too hard to fit it on"
            }
            Self::SharedGroups { .. } => "accuracy is overestimated; split by group",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTested { classes } => {
                write!(formatter, "no test micrographs, left out of all means: {}", classes.join(", "))
            }
            Self::FewImages { classes } => {
                let texts: Vec<String> = classes.iter().map(|(class, n)| format!("{class} ({n})")).collect();
                write!(formatter, "fewer than {FEW_IMAGES} test micrographs: {}", texts.join(", "))
            }
            Self::OneGroup { classes } => {
                write!(formatter, "all test micrographs of one group: {}", classes.join(", "))
            }
            Self::FewGroups { n_groups: 1 } => {
                write!(formatter, "all test micrographs are of one group, so there are no intervals")
            }
            Self::FewGroups { n_groups } => {
                write!(formatter, "only {n_groups} groups of test micrographs, so intervals are too narrow")
            }
            Self::WideInterval { low, high } => {
                write!(
                    formatter,
                    "the accuracy is only known to lie between {:.0} % and {:.0} %",
                    100.0 * low,
                    100.0 * high
                )
            }
            Self::NotAboveMajority { accuracy, majority_accuracy } => write!(
                formatter,
                "the accuracy of {:.1} % is not significantly above the {:.1} % of always naming the most \
                 frequent class",
                100.0 * accuracy,
                100.0 * majority_accuracy
            ),
            Self::NotAboveChance { p_value } => {
                write!(formatter, "shuffled labels reach this accuracy with probability {p_value:.2}")
            }
            Self::FewValidation { n_images, needed } => write!(
                formatter,
                "{n_images} validation micrographs, at least {needed} are needed to fit a temperature"
            ),
            Self::TemperatureAtEnd { temperature } => {
                write!(formatter, "the temperature ends at {temperature:.2}, the end of its range")
            }
            Self::SharedGroups { n_groups } => {
                write!(formatter, "{n_groups} groups of the test split are in the validation split too")
            }
        }
    }
}

/// The warnings about `report`, `n_shared_groups` of whose groups are in the validation split.
pub(super) fn warnings(report: &ClassifierReport, n_shared_groups: usize) -> Vec<Warning> {
    let ClassifierReport { accuracy, chance, per_class, n_groups, n_validation, calibration, .. } = report;
    let n_groups = *n_groups;
    let of_class = |due: fn(&super::ClassScores) -> bool| -> Vec<String> {
        per_class.iter().filter(|scores| due(scores)).map(|scores| scores.class.clone()).collect()
    };
    let not_tested = of_class(|scores| scores.n_images == 0);
    let one_group = of_class(|scores| scores.n_groups == 1 && scores.n_images > 1);
    let few: Vec<(String, usize)> = per_class
        .iter()
        .filter(|scores| (1..FEW_IMAGES).contains(&scores.n_images))
        .map(|scores| (scores.class.clone(), scores.n_images))
        .collect();
    let wide = accuracy.interval.filter(|interval| interval.width() > WIDE);
    let ended = calibration.temperature.filter(|temperature| temperature.at_end);
    let (value, majority_accuracy) = (accuracy.value, chance.majority_accuracy);
    let needed = FEWEST_FOR_TEMPERATURE;
    [
        (n_shared_groups > 0).then_some(Warning::SharedGroups { n_groups: n_shared_groups }),
        (!not_tested.is_empty()).then_some(Warning::NotTested { classes: not_tested }),
        (chance.p_value > CHANCE).then_some(Warning::NotAboveChance { p_value: chance.p_value }),
        (!accuracy.above(majority_accuracy))
            .then_some(Warning::NotAboveMajority { accuracy: value, majority_accuracy }),
        (n_groups < FEW_GROUPS).then_some(Warning::FewGroups { n_groups }),
        wide.map(|interval| Warning::WideInterval { low: interval.low, high: interval.high }),
        (!few.is_empty()).then_some(Warning::FewImages { classes: few }),
        (!one_group.is_empty()).then_some(Warning::OneGroup { classes: one_group }),
        calibration
            .temperature
            .is_none()
            .then_some(Warning::FewValidation { n_images: *n_validation, needed }),
        ended.map(|temperature| Warning::TemperatureAtEnd { temperature: temperature.value }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
