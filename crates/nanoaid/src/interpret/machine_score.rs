//! Machine score: how well a unit's real exemplars, or pictures made for it, show which of two other
//! patches drives it more.
//!
//! The forced choice of Borowski et al. (2021), answered by a machine as in Zimmermann et al. (2024),
//! but by a [`Descriptor`] that no network has a part in. Patches with their activations go in; a
//! score in `[0, 1]` comes out, 0.5 where the references say nothing. A unit scores near 1 if what it
//! looks for is something that the descriptor sees; a score at chance does not prove that it looks for
//! nothing. The same tasks as questions to a human come from [`questions`].
//!
//! It knows nothing of networks, files or pages.

mod descriptor;
mod question;
mod tasks;
#[cfg(test)]
mod tests;

use micrograph::{Plane, Rect};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use crate::evaluate::classifier::Interval;
pub use descriptor::Descriptor;
pub use question::{Candidates, Question, Side, questions};

use crate::ConfigError;
use tasks::{References, Tasks};

/// What guessing scores.
pub const CHANCE: f64 = 0.5;

/// How machine scores are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MachineScoreConfig {
    /// Most patches at each end, 2 to 1000: of these all but the query are references.
    pub patches: usize,
    /// Fewest patches at each end for which there is a score, 2 to 1000.
    pub least_patches: usize,
    /// Resamples of the groups, 100 to 100 000.
    pub n_bootstrap: usize,
    /// Share of the resamples that an interval holds, 0.5 to 0.999.
    pub interval: f64,
    /// Seed of the resamples.
    pub seed: u64,
}

impl Default for MachineScoreConfig {
    fn default() -> Self {
        Self {
            patches: 10, // nine references and a query, as in the study
            least_patches: 4,
            n_bootstrap: 1000, // the ends of a 95 % interval then rest on 25 resamples each
            interval: 0.95,
            seed: 0,
        }
    }
}

impl MachineScoreConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("machine_score.patches", self.patches as f64, 2.0..=1000.0)?;
        ConfigError::unless_within("machine_score.least_patches", self.least_patches as f64, 2.0..=1000.0)?;
        ConfigError::unless_within("machine_score.n_bootstrap", self.n_bootstrap as f64, 100.0..=100_000.0)?;
        ConfigError::unless_within("machine_score.interval", self.interval, 0.5..=0.999)?;
        Ok(self)
    }
}

/// A patch of a micrograph, and what it does to a unit.
#[derive(Clone, Copy, Debug)]
pub struct Patch<'a> {
    /// Its grey levels in `[0, 1]`: the receptive field, as the network saw it.
    pub plane: &'a Plane,
    /// Activation of the unit.
    pub activation: f32,
    /// What it belongs to with others that are not independent of it: specimen or micrograph.
    pub group: &'a str,
}

/// Why there is no machine score at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum MachineScoreError {
    /// A setting is out of its range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nothing can be said of such a number.
    #[error("patch {patch}: expected a finite activation, found {activation}")]
    Activation { patch: usize, activation: f32 },
    /// Nothing can be said of such a patch.
    #[error("{what} {index}: expected at least one pixel and finite grey levels")]
    Pixels { what: &'static str, index: usize },
}

/// A machine score, or why this unit has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MachineScore {
    /// There is one.
    Scored(Score),
    /// There is none.
    NotScored {
        /// Why.
        reason: NoScore,
    },
}

/// Share of the tasks that were answered right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// That share, in `[0, 1]`; a tie counts as half.
    pub value: f64,
    /// Where it lies over resamples of the groups of the patches; `None` where most resamples leave no
    /// task.
    pub interval: Option<Interval>,
    /// Pairs of a strong and a weak query that had to be distinguished.
    pub n_tasks: usize,
    /// Patches at each end.
    pub n_patches: usize,
    /// Groups that they come from.
    pub n_groups: usize,
    /// References that drive the unit and such that do not, of which a task uses those whose group is
    /// not that of a query.
    pub n_references: [usize; 2],
}

/// Why a unit has no score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoScore {
    /// There are too few patches.
    #[error("{found} patches; at least {expected} are needed")]
    TooFew {
        /// Patches there are.
        found: usize,
        /// Patches needed.
        expected: usize,
    },
    /// The strongest patches drive the unit no more than the weakest.
    #[error("strongest and weakest patches do not differ: activation {activation}")]
    NoDifference {
        /// Of a patch at both ends.
        activation: f32,
    },
    /// Every pair of queries shares its group with all references of an end.
    #[error("all patches of an end come from one group")]
    OneGroup,
    /// No pictures were given.
    #[error("no picture activates the unit")]
    NoPictures,
}

impl MachineScore {
    /// The score, if there is one.
    pub fn score(&self) -> Option<&Score> {
        match self {
            Self::Scored(score) => Some(score),
            Self::NotScored { .. } => None,
        }
    }
}

/// The strongest and the weakest patches of a unit, described.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The strongest, then as many of the weakest; or why there are none.
    ends: Result<Vec<End>, NoScore>,
    /// Height and width of the patches: the larger middle one of each.
    size: [usize; 2],
    config: MachineScoreConfig,
}

/// A patch at one end.
#[derive(Clone, Debug)]
struct End {
    descriptor: Descriptor,
    group: String,
}

impl Unit {
    /// Takes the ends of `patches` (at least of the strongest and the weakest; what lies between is
    /// passed over) and describes them. The order of the patches does not matter.
    ///
    /// # Errors
    /// If a setting is out of range, or an activation or a grey level is not finite.
    pub fn new(patches: &[Patch<'_>], config: &MachineScoreConfig) -> Result<Self, MachineScoreError> {
        let config = config.clone().checked()?;
        if let Some((patch, found)) =
            patches.iter().enumerate().find(|(_, patch)| !patch.activation.is_finite())
        {
            return Err(MachineScoreError::Activation { patch, activation: found.activation });
        }
        let mut order: Vec<usize> = (0..patches.len()).collect();
        // what is the same in all of this is the same patch
        let key = |index: usize| {
            let Patch { plane, group, .. } = patches[index];
            (group, plane.height(), plane.values().iter().map(|value| value.to_bits()))
        };
        order.sort_by(|&a, &b| {
            let ((group_a, height_a, bits_a), (group_b, height_b, bits_b)) = (key(a), key(b));
            let by_activation = patches[b].activation.total_cmp(&patches[a].activation);
            by_activation
                .then_with(|| group_a.cmp(group_b))
                .then_with(|| height_a.cmp(&height_b))
                .then_with(|| bits_a.cmp(bits_b))
        });
        let each = config.patches.min(order.len() / 2);
        let expected = 2 * config.least_patches;
        if order.len() < expected || each < config.least_patches {
            let reason = NoScore::TooFew { found: order.len(), expected };
            return Ok(Self { ends: Err(reason), size: [0, 0], config });
        }
        let (strongest, weakest) = (&order[..each], &order[order.len() - each..]);
        let (least, most) = (patches[strongest[each - 1]].activation, patches[weakest[0]].activation);
        if least <= most {
            let reason = NoScore::NoDifference { activation: most };
            return Ok(Self { ends: Err(reason), size: [0, 0], config });
        }
        let taken: Vec<usize> = strongest.iter().chain(weakest).copied().collect();
        let end = |&index: &usize| {
            let Patch { plane, group, .. } = patches[index];
            let descriptor = Descriptor::of(plane);
            let descriptor = descriptor.ok_or(MachineScoreError::Pixels { what: "patch", index })?;
            Ok(End { descriptor, group: group.to_owned() })
        };
        let ends = taken.par_iter().map(end).collect::<Result<_, MachineScoreError>>()?;
        let middle = |length: &dyn Fn(&Plane) -> usize| {
            let mut lengths: Vec<usize> = taken.iter().map(|&index| length(patches[index].plane)).collect();
            lengths.sort_unstable();
            lengths[lengths.len() / 2]
        };
        Ok(Self { ends: Ok(ends), size: [middle(&Plane::height), middle(&Plane::width)], config })
    }

    /// How well the other patches show which of two drives the unit. Each strongest patch meets each
    /// weakest; the references are all others whose group is not that of one of them.
    pub fn real(&self) -> MachineScore {
        match &self.ends {
            Ok(ends) => Tasks::of(ends, &References::Others).score(&self.config),
            Err(reason) => MachineScore::NotScored { reason: reason.clone() },
        }
    }

    /// How well pictures show it: those made to drive the unit (`maximal`) and, if there are any, those
    /// made for the opposite (`minimal`), grey levels in `[0, 1]`. Of a picture that is larger than the
    /// patches, parts of their size are taken, in the middle and at the corners, so that both are seen
    /// at one scale.
    ///
    /// # Errors
    /// If a picture has no pixels, or a grey level is not finite.
    pub fn synthetic(
        &self,
        maximal: &[&Plane],
        minimal: &[&Plane],
    ) -> Result<MachineScore, MachineScoreError> {
        let ends = match &self.ends {
            Ok(_) if maximal.is_empty() => {
                return Ok(MachineScore::NotScored { reason: NoScore::NoPictures });
            }
            Ok(ends) => ends,
            Err(reason) => return Ok(MachineScore::NotScored { reason: reason.clone() }),
        };
        let described =
            |what: &'static str, pictures: &[&Plane]| -> Result<Vec<Descriptor>, MachineScoreError> {
                let mut all = Vec::new();
                for (index, picture) in pictures.iter().enumerate() {
                    for part in parts(picture, self.size) {
                        all.push(Descriptor::of(&part).ok_or(MachineScoreError::Pixels { what, index })?);
                    }
                }
                Ok(all)
            };
        let references = References::Pictures {
            maximal: described("maximal picture", maximal)?,
            minimal: described("minimal picture", minimal)?,
        };
        Ok(Tasks::of(ends, &references).score(&self.config))
    }
}

/// Parts of `picture` of at most this height and width: its middle and its corners, or all of it where
/// it is no larger.
fn parts(picture: &Plane, [height, width]: [usize; 2]) -> Vec<Plane> {
    let (rows, columns) = (picture.height(), picture.width());
    let (height, width) = (height.min(rows), width.min(columns));
    if (height, width) == (rows, columns) {
        return vec![picture.clone()];
    }
    let (down, right) = (rows - height, columns - width);
    [(down / 2, right / 2), (0, 0), (0, right), (down, 0), (down, right)]
        .map(|(y, x)| picture.crop(Rect { y, x, height, width }))
        .into()
}
