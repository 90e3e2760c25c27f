//! Learning curve: the losses of all epochs.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::EpochRow;

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
        let mut text = String::from("epoch,step,learning_rate,training_loss,validation_loss");
        text += if scored { ",validation_macro_f1\n" } else { "\n" };
        for row in &self.rows {
            let EpochRow { epoch, step, learning_rate, training_loss, validation_loss, .. } = row;
            write!(text, "{epoch},{step},{learning_rate},{training_loss},{validation_loss}")
                .expect("a string takes text");
            if let Some(macro_f1) = row.validation_macro_f1 {
                write!(text, ",{macro_f1}").expect("a string takes text");
            }
            text.push('\n');
        }
        text
    }
}
