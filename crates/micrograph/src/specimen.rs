//! Specimen: the part of a micrograph above its data bar, found once for all uses.

use crate::data_bar::{self, DataBarChoice, DataBarError};
use crate::{DataBar, Micrograph, Plane};

/// A micrograph and the part of it that shows the specimen.
#[derive(Clone, Debug)]
pub struct Specimen {
    /// The whole file's image; the scale bar is drawn in it.
    pub micrograph: Micrograph,
    /// The rows above the data bar, in the file's own units, `[H, W]`.
    pub plane: Plane,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
}

impl Specimen {
    /// Cuts the data bar off `micrograph`.
    ///
    /// # Errors
    /// If `choice` crops as many rows as there are, or more.
    pub fn of(micrograph: Micrograph, choice: DataBarChoice) -> Result<Self, DataBarError> {
        let (plane, data_bar) = data_bar::specimen(&micrograph.plane, &micrograph.facts, choice)?;
        Ok(Self { micrograph, plane, data_bar })
    }
}
