//! The error of settings that are out of range: which setting, what was found, what was expected.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// A setting that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{setting}: expected {expected}, found {found}")]
pub struct ConfigError {
    /// The setting as a user would write it, e.g. `imaging.dose`.
    pub setting: Box<str>,
    /// The value found there.
    pub found: Box<str>,
    /// What it may be.
    pub expected: Box<str>,
}

impl ConfigError {
    /// `setting` was `found` but should have been `expected`.
    pub fn new(setting: &str, found: impl Display, expected: &str) -> Self {
        Self { setting: setting.into(), found: found.to_string().into(), expected: expected.into() }
    }

    /// An error unless `found` lies in `range`, both ends included; NaN never does.
    pub fn unless_within(setting: &str, found: f64, range: RangeInclusive<f64>) -> Result<(), Self> {
        if range.contains(&found) {
            return Ok(());
        }
        Err(Self::new(setting, found, &format!("{} to {}", range.start(), range.end())))
    }
}
