//! Machine scores of all units, and the questions of the self-test, from their exemplars.

use micrograph::Plane;
use nanoaid::interpret::activation_index::ActivationIndex;
use nanoaid::interpret::exemplar::{Exemplar, UnitExemplars};
use nanoaid::interpret::machine_score::{
    Candidates, MachineScore, MachineScoreConfig, Patch, Question, Unit, questions,
};
use rayon::prelude::*;

use super::planes::Planes;
use crate::outcome::Failure;

/// How well real patches and synthetic pictures tell what drives a unit.
#[derive(Clone, Debug)]
pub(crate) struct UnitScores {
    pub real: MachineScore,
    /// One for each preset that has a picture of the unit.
    pub synthetic: Vec<MachineScore>,
}

/// Questions of a self-test.
const QUESTIONS: usize = 20;

/// The scores of the units of one layer; `pictures` has a picture a preset for each of them.
pub(crate) fn scores(
    survey: &ActivationIndex,
    planes: &mut Planes<'_>,
    units: &[UnitExemplars],
    pictures: &[Vec<Option<Plane>>],
) -> Result<Vec<UnitScores>, Failure> {
    let config = MachineScoreConfig::default();
    planes.gather(units.iter().flat_map(|unit| ends(unit).map(|exemplar| exemplar.image)))?;
    let planes = &*planes;
    let scores: Vec<Result<UnitScores, Failure>> = units
        .par_iter()
        .map(|unit| {
            let crops: Vec<(Plane, &Exemplar)> = ends(unit)
                .map(|exemplar| (planes.at(exemplar.image).crop(exemplar.field), exemplar))
                .collect();
            let patches: Vec<Patch<'_>> = crops
                .iter()
                .map(|(plane, exemplar)| Patch {
                    plane,
                    activation: exemplar.value,
                    group: &survey.seen[exemplar.image].group,
                })
                .collect();
            let scored = Unit::new(&patches, &config)?;
            let of_picture = |picture: &Plane| scored.synthetic(&[picture], &[]);
            let pictures = pictures.iter().filter_map(|preset| preset.get(unit.channel)?.as_ref());
            Ok(UnitScores {
                real: scored.real(),
                synthetic: pictures.map(of_picture).collect::<Result<_, _>>()?,
            })
        })
        .collect();
    scores.into_iter().collect()
}

/// Twenty questions about units of all layers; what a question names are places in [`ends`] of the
/// unit at that place in `units`.
pub(crate) fn self_test(
    survey: &ActivationIndex,
    units: &[(String, &UnitExemplars)],
    seed: u64,
) -> Vec<Question> {
    let patches: Vec<(Vec<f32>, Vec<&str>)> = units
        .iter()
        .map(|(_, unit)| {
            let group = |exemplar: &Exemplar| survey.seen[exemplar.image].group.as_str();
            (ends(unit).map(|exemplar| exemplar.value).collect(), ends(unit).map(group).collect())
        })
        .collect();
    let candidates: Vec<Candidates<'_>> = units
        .iter()
        .zip(&patches)
        .map(|((name, _), (activations, groups))| Candidates { unit: name, activations, groups })
        .collect();
    questions(&candidates, QUESTIONS, seed)
}

/// The strongest exemplars, then the weakest, no micrograph twice.
pub(crate) fn ends(unit: &UnitExemplars) -> impl Iterator<Item = &Exemplar> {
    let strong = |image: usize| unit.strongest.iter().any(|exemplar| exemplar.image == image);
    unit.strongest.iter().chain(unit.weakest.iter().filter(move |exemplar| !strong(exemplar.image)))
}
