//! What to beware of when a matching is read: each with its numbers, and with advice.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MatchedLayer;

/// Groups below which shuffles hardly differ: 5 groups have 120 orders.
const FEW_GROUPS: usize = 6;

/// Something to beware of; its text by `Display`, what to do by [`MatchWarning::advice`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MatchWarning {
    /// Few groups.
    FewGroups {
        /// Their number.
        n_groups: usize,
    },
    /// Units with one value for all micrographs.
    DeadUnits {
        /// Their layer.
        layer: String,
        /// Their number.
        n_dead: usize,
        /// Units of the layer.
        n_units: usize,
    },
}

impl MatchWarning {
    /// What can be done about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::FewGroups { .. } => {
                "the chance level hardly differs from the correlations; add micrographs of other specimens"
            }
            Self::DeadUnits { .. } => "they match nothing and are left out of all means",
        }
    }
}

impl fmt::Display for MatchWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewGroups { n_groups } => {
                write!(formatter, "{n_groups} groups of micrographs can be shuffled in few ways only")
            }
            Self::DeadUnits { layer, n_dead, n_units } => {
                write!(formatter, "{layer}: {n_dead} of {n_units} units have one value for all micrographs")
            }
        }
    }
}

/// What to beware of in a matching of `layers` over micrographs of `n_groups` groups.
pub(super) fn warnings(layers: &[MatchedLayer; 2], n_groups: usize) -> Vec<MatchWarning> {
    let few = (n_groups < FEW_GROUPS).then_some(MatchWarning::FewGroups { n_groups });
    let dead = |layer: &MatchedLayer| {
        let (n_dead, n_units) = (layer.n_dead, layer.units.len());
        (n_dead > 0).then(|| MatchWarning::DeadUnits { layer: layer.name.clone(), n_dead, n_units })
    };
    few.into_iter().chain(layers.iter().filter_map(dead)).collect()
}
