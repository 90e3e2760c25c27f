//! The error of settings that are out of range.

use std::fmt;

/// A setting that is out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting `{name}` is {found}, expected {expected}")]
pub struct ConfigError {
    name: String,
    found: String,
    expected: String,
}

impl ConfigError {
    /// Setting `name` was `found`, while `expected` says what would be accepted.
    pub fn new(name: &str, found: impl fmt::Display, expected: &str) -> Self {
        Self { name: name.into(), found: found.to_string(), expected: expected.into() }
    }
}
