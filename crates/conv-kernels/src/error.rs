//! Errors of a call: shapes out of range, slices whose length does not match the shape, an
//! instruction set that is not available.

use std::fmt;

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvError {
    /// A field of a shape is out of range.
    Shape {
        /// The field.
        field: &'static str,
        /// What it held.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// The length of a slice does not match the shape.
    Length {
        /// The argument.
        name: &'static str,
        /// Its length.
        found: usize,
        /// The length that the shape requires.
        expected: usize,
    },
}

impl fmt::Display for ConvError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { field, found, expected } => {
                write!(formatter, "convolution shape: {field} is {found}, expected {expected}")
            }
            Self::Length { name, found, expected } => {
                write!(formatter, "{name} holds {found} values, expected {expected}")
            }
        }
    }
}

impl std::error::Error for ConvError {}

/// Why an instruction set was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsaError {
    /// No instruction set has this name.
    Unknown {
        /// The requested name.
        name: String,
        /// The names that are known.
        known: String,
    },
    /// This machine lacks the instructions.
    Missing {
        /// The requested name.
        name: String,
        /// The best instruction set of this machine.
        best: String,
    },
}

impl fmt::Display for IsaError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, known } => {
                write!(formatter, "unknown instruction set `{name}`, expected one of {known}")
            }
            Self::Missing { name, best } => {
                write!(formatter, "this machine has no `{name}` instructions, its best are `{best}`")
            }
        }
    }
}

impl std::error::Error for IsaError {}

/// Refuses a slice of the wrong length.
pub(crate) fn check_length(name: &'static str, found: usize, expected: usize) -> Result<(), ConvError> {
    if found == expected { Ok(()) } else { Err(ConvError::Length { name, found, expected }) }
}
