//! Machine scores of all units, and the questions of the self-test, from their exemplars.

use micrograph::Plane;
use rayon::prelude::*;
use serde::Serialize;

use super::AtlasError;
use super::planes::Planes;
use crate::Address;
use crate::interpret::exemplar::{Exemplar, IndexedMicrograph, UnitExemplars};
use crate::interpret::machine_score::{
    Candidates, MachineScore, MachineScoreConfig, Patch, Question, Unit, questions,
};

/// Questions of a self-test.
const QUESTIONS: usize = 20;

/// How well real patches and synthetic pictures predict what drives a unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitScores {
    /// By real patches.
    pub real: MachineScore,
    /// By a synthetic picture; one for each preset that has a picture of the unit.
    pub synthetic: Vec<MachineScore>,
}

/// The scores of the units of one layer; `pictures` holds for each preset the pictures by channel.
pub(super) fn scores(
    seen: &[IndexedMicrograph],
    planes: &mut Planes<'_>,
    units: &[UnitExemplars],
    pictures: &[Vec<Plane>],
) -> Result<Vec<UnitScores>, AtlasError> {
    let config = MachineScoreConfig::default();
    planes.gather(units.iter().flat_map(|unit| unit.ends().map(|exemplar| exemplar.image)))?;
    let planes = &*planes;
    let scores: Vec<Result<UnitScores, AtlasError>> = units
        .par_iter()
        .map(|unit| {
            let crops: Vec<(Plane, &Exemplar)> = unit
                .ends()
                .map(|exemplar| (planes.at(exemplar.image).crop(exemplar.field), exemplar))
                .collect();
            let patches: Vec<Patch<'_>> = crops
                .iter()
                .map(|(plane, exemplar)| Patch {
                    plane,
                    activation: exemplar.value,
                    group: &seen[exemplar.image].group,
                })
                .collect();
            let scored = Unit::new(&patches, &config)?;
            let of_picture = |picture: &Plane| scored.synthetic(&[picture], &[]);
            let pictures = pictures.iter().filter_map(|preset| preset.get(unit.channel));
            Ok(UnitScores {
                real: scored.real(),
                synthetic: pictures.map(of_picture).collect::<Result<_, _>>()?,
            })
        })
        .collect();
    scores.into_iter().collect()
}

/// Twenty questions about units of all layers; the patches of a question are places in
/// [`UnitExemplars::ends`] of its unit.
pub(super) fn self_test(
    seen: &[IndexedMicrograph],
    units: &[(Address, &UnitExemplars)],
    seed: u64,
) -> Vec<Question> {
    let patches: Vec<(Vec<f32>, Vec<&str>)> = units
        .iter()
        .map(|(_, unit)| {
            let group = |exemplar: &Exemplar| seen[exemplar.image].group.as_str();
            (unit.ends().map(|exemplar| exemplar.value).collect(), unit.ends().map(group).collect())
        })
        .collect();
    let candidates: Vec<Candidates<'_>> = units
        .iter()
        .zip(&patches)
        .map(|((unit, _), (activations, groups))| Candidates { unit, activations, groups })
        .collect();
    questions(&candidates, QUESTIONS, seed)
}
