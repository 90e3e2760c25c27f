//! What to beware of when a contrast is read: each with its numbers, and with advice.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Side;

/// Groups below which percentile intervals are much too narrow, and shuffles few.
const FEW_GROUPS: usize = 5;
/// Share of a side's micrographs from which on one group speaks for the side.
const LARGE_SHARE: f64 = 0.5;

/// Something to beware of; its text by `Display`, what to do by [`DifferentialWarning::advice`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DifferentialWarning {
    /// A side whose micrographs are all of one group.
    OneGroup {
        /// The side's classes.
        side: String,
        /// Its micrographs.
        n_images: usize,
    },
    /// A side of few groups.
    FewGroups {
        /// The side's classes.
        side: String,
        /// Its groups.
        n_groups: usize,
    },
    /// A group with at least half of a side's micrographs.
    LargeGroup {
        /// The side's classes.
        side: String,
        /// The group's micrographs.
        n_images: usize,
        /// The side's micrographs.
        n_of: usize,
    },
    /// Groups with micrographs on both sides.
    GroupsOnBothSides {
        /// Their number.
        n_groups: usize,
    },
    /// There are so few ways to deal the labels that no unit can be reported.
    TooFewLabellings {
        /// The least p-value that there can be.
        least_p: f64,
        /// The share of false discoveries that was requested.
        share: f64,
    },
    /// Units with the same value for all micrographs that are compared.
    DeadUnits {
        /// Their number.
        n_dead: usize,
        /// Number of units.
        n_units: usize,
    },
    /// Micrographs without a class, which are left out.
    WithoutClass {
        /// Their number.
        n_images: usize,
    },
}

impl DifferentialWarning {
    /// What can be done about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::OneGroup { .. } => {
                "source and class cannot be separated; add micrographs of other specimens"
            }
            Self::FewGroups { .. } => {
                "intervals are too narrow and small p-values out of reach; add micrographs of other specimens"
            }
            Self::LargeGroup { .. } => {
                "its specimen speaks for the class; keep fewer of its micrographs, or add others"
            }
            Self::GroupsOnBothSides { .. } => {
                "their parts count as independent, so p-values are too large; see whether the classes are right"
            }
            Self::TooFewLabellings { .. } => "add micrographs of other specimens",
            Self::DeadUnits { .. } => "they count as units without information",
            Self::WithoutClass { .. } => "give them a category if they are to count",
        }
    }
}

impl fmt::Display for DifferentialWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneGroup { side, n_images } => {
                write!(formatter, "{side}: all {n_images} micrographs are of one group, so no intervals")
            }
            Self::FewGroups { side, n_groups } => {
                write!(formatter, "{side}: only {n_groups} groups, fewer than {FEW_GROUPS}")
            }
            Self::LargeGroup { side, n_images, n_of } => {
                write!(formatter, "{side}: {n_images} of {n_of} micrographs are of one group")
            }
            Self::GroupsOnBothSides { n_groups } => {
                write!(formatter, "groups with micrographs on both sides: {n_groups}")
            }
            Self::TooFewLabellings { least_p, share } => write!(
                formatter,
                "no unit can be reported: with so few groups no p-value is below {least_p:.2}, and the \
                 share of false discoveries is {share}"
            ),
            Self::DeadUnits { n_dead, n_units } => {
                write!(formatter, "{n_dead} of {n_units} units have one value for all micrographs")
            }
            Self::WithoutClass { n_images } => {
                write!(formatter, "{n_images} micrographs have no class and are left out")
            }
        }
    }
}

/// What to beware of on one side, whose largest group has `largest` micrographs there.
pub(super) fn of_side(side: &Side, largest: usize) -> Option<DifferentialWarning> {
    let (name, n_images, n_groups) = (side.classes.join(" + "), side.n_images, side.n_groups);
    if n_groups == 1 {
        Some(DifferentialWarning::OneGroup { side: name, n_images })
    } else if n_groups < FEW_GROUPS {
        Some(DifferentialWarning::FewGroups { side: name, n_groups })
    } else if largest as f64 >= LARGE_SHARE * n_images as f64 {
        Some(DifferentialWarning::LargeGroup { side: name, n_images: largest, n_of: n_images })
    } else {
        None
    }
}
