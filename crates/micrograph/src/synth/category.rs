//! The ten categories of the NFFA-EUROPE set of SEM images, by their names in files and folders.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a micrograph shows, in the ten words of NFFA-EUROPE (Aversa et al. 2018).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Sponges, foams and membranes.
    PorousSponge,
    /// Lines, pillars and holes that repeat.
    PatternedSurface,
    /// Particles, separate or in piles, round and of similar size.
    Particles,
    /// Films and coated surfaces.
    FilmsCoatedSurface,
    /// Grains of uneven shape and size.
    Powder,
    /// Needles and probes that end in a point.
    Tips,
    /// Straight wires, often grown from a catalyst.
    Nanowires,
    /// Cells, bacteria, pollen, diatoms, tissue.
    Biological,
    /// Micromachines and electrodes.
    MemsDevicesAndElectrodes,
    /// Long curved fibres.
    #[serde(rename = "fibres")]
    Fibers,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 10] = [
        Self::PorousSponge,
        Self::PatternedSurface,
        Self::Particles,
        Self::FilmsCoatedSurface,
        Self::Powder,
        Self::Tips,
        Self::Nanowires,
        Self::Biological,
        Self::MemsDevicesAndElectrodes,
        Self::Fibers,
    ];

    /// Its name in files and folders, e.g. `films_coated_surface`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PorousSponge => "porous_sponge",
            Self::PatternedSurface => "patterned_surface",
            Self::Particles => "particles",
            Self::FilmsCoatedSurface => "films_coated_surface",
            Self::Powder => "powder",
            Self::Tips => "tips",
            Self::Nanowires => "nanowires",
            Self::Biological => "biological",
            Self::MemsDevicesAndElectrodes => "mems_devices_and_electrodes",
            Self::Fibers => "fibres",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is not one of the ten categories.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a category ({}), found {found:?}", Category::ALL.map(Category::name).join(", "))]
pub struct UnknownCategory {
    /// The name that was found.
    pub found: String,
}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(name: &str) -> Result<Self, UnknownCategory> {
        let named = Self::ALL.into_iter().find(|category| category.name() == name);
        named.ok_or_else(|| UnknownCategory { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_are_those_of_json() {
        for category in Category::ALL {
            assert_eq!(category.to_string().parse(), Ok(category));
            assert_eq!(serde_json::to_string(&category).unwrap(), format!("\"{category}\""));
        }
        let error = "fibers".parse::<Category>().unwrap_err().to_string();
        assert!(error.contains("\"fibers\"") && error.contains("mems_devices_and_electrodes"), "{error}");
    }
}
