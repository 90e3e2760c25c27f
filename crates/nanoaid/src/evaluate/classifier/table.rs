//! Reports as files: JSON with all of it, CSV of the micrographs and of the classes.

use crate::output::{csv_text, text_cell};

use super::{Audit, ClassScores, ClassifierReport, Prediction};

impl ClassifierReport {
    /// All of the report; [`serde_json`] reads it back.
    pub fn json(&self) -> String {
        json(self)
    }

    /// One row for each test micrograph: file, group, true and predicted class, probability of each
    /// class (columns `p_` and its name).
    pub fn csv(&self) -> String {
        let names = self.classes.iter().map(|class| format!("p_{class}"));
        let head: Vec<String> =
            ["file", "group", "true", "predicted"].map(String::from).into_iter().chain(names).collect();
        let row = |image: &Prediction| -> Vec<String> {
            let class = |class: usize| self.classes[class].as_str();
            let said = [&image.file, &image.group, class(image.category), class(image.predicted)];
            said.into_iter().map(text_cell).chain(image.probabilities.iter().map(f64::to_string)).collect()
        };
        csv_text(&head, self.images.iter().map(row))
    }

    /// One row for each class; cells of figures that do not exist are empty.
    pub fn class_csv(&self) -> String {
        let head = [
            "class",
            "n_images",
            "n_groups",
            "n_predicted",
            "recall",
            "recall_low",
            "recall_high",
            "precision",
            "f1",
        ];
        let text = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let row = |scores: &ClassScores| -> Vec<String> {
            let ClassScores {
                class,
                n_images,
                n_groups,
                n_predicted,
                recall,
                recall_interval,
                precision,
                f1,
            } = scores;
            let (low, high) = (recall_interval.map(|i| i.low), recall_interval.map(|i| i.high));
            let counts = [n_images, n_groups, n_predicted].map(usize::to_string);
            let figures = [*recall, low, high, *precision, *f1].map(text);
            [text_cell(class)].into_iter().chain(counts).chain(figures).collect()
        };
        csv_text(&head, self.per_class.iter().map(row))
    }
}

impl Audit {
    /// All of the audit; [`serde_json`] reads it back.
    pub fn json(&self) -> String {
        json(self)
    }
}

fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.expect("reports have text keys and numbers that are finite") + "\n"
}
