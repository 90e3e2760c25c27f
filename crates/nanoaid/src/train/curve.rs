//! Learning curve: the losses of all epochs.

use serde::{Deserialize, Serialize};

use super::EpochRow;
use crate::output::csv_text;

/// All epochs of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingCurve {
    /// One row an epoch.
    pub rows: Vec<EpochRow>,
    /// The epoch with the lowest validation loss, from 1; 0: the start.
    pub best_epoch: usize,
}

impl TrainingCurve {
    /// The curve as CSV, one row an epoch.
    pub fn to_csv(&self) -> String {
        let scored = self.rows.iter().any(|row| row.validation_macro_f1.is_some());
        let mut head = vec!["epoch", "step", "learning_rate", "training_loss", "validation_loss"];
        head.extend(scored.then_some("validation_macro_f1"));
        let row = |row: &EpochRow| {
            let numbers = [row.learning_rate, row.training_loss, row.validation_loss];
            let mut cells = vec![row.epoch.to_string(), row.step.to_string()];
            cells.extend(numbers.iter().chain(&row.validation_macro_f1).map(f64::to_string));
            cells
        };
        csv_text(&head, self.rows.iter().map(row))
    }
}
