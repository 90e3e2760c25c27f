//! Data bar: finds the strip of text that the instrument writes below or into the image.

use serde::{Deserialize, Serialize};

use crate::{FileFacts, Plane};

/// How a data bar was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataBarEvidence {
    /// The instrument's metadata tells how many rows are specimen.
    Metadata,
    /// The pixels look like a data bar.
    Pixels,
    /// The user said how many rows to leave out.
    Typed,
}

/// A data bar: rows `first_row .. end_row` of the file.
///
/// What is looked at is the specimen above `first_row`; rows of specimen below a floating bar are
/// left out too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataBar {
    /// First row of the bar.
    pub first_row: usize,
    /// Row after its last one.
    pub end_row: usize,
    /// How it was found.
    pub evidence: DataBarEvidence,
}

/// Finds the data bar of `plane`, `[H, W]`, whose file says `facts`.
pub fn find(plane: &Plane, facts: &FileFacts) -> Option<DataBar> {
    let _ = (plane, facts);
    unimplemented!()
}
