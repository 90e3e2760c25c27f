//! Uses: which micrographs have much of a concept, and whether those of a class have more of it than others.

use std::collections::BTreeMap;

use super::Sample;
use super::error::ConceptError;
use super::quality::SAME;
use super::result::ClassUse;
use super::survey::Coded;
use crate::data::dataset::near_pairs;
use crate::evaluate::classifier::{Estimate, Interval};
use crate::interpret::differential::{
    DifferentialAnalysis, DifferentialConfig, Labelled, LabelledValues, Question, differential_analysis,
};
use crate::interpret::exemplar::{IndexedMicrograph, NearDuplicates};
use crate::interpret::unit_values::UnitValues;

/// Share of false discoveries that is allowed.
const FALSE_SHARE: f64 = 0.05;
/// Micrographs of a class, and groups of it, below which it is not compared.
const LEAST_OF_CLASS: usize = 3;
/// Exemplars of one group at most, where there are others.
const MOST_OF_GROUP: usize = 2;

/// For each concept its use by every class; the class that it separates best first. `controls` are what
/// concepts of networks with random weights gave.
pub(super) fn of_classes(
    (seen, coded): (&[IndexedMicrograph], &[Coded]),
    controls: &[Vec<Coded>],
    stability: &[Option<f64>],
    seed: u64,
) -> Result<Vec<Vec<ClassUse>>, ConceptError> {
    let labelled: Vec<Labelled> = seen
        .iter()
        .map(|seen| Labelled { group: seen.group.clone(), category: seen.category.clone() })
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    labelled
        .iter()
        .filter_map(|one| one.category.as_deref())
        .for_each(|class| *counts.entry(class).or_default() += 1);
    let mut of_concepts: Vec<Vec<ClassUse>> = vec![Vec::new(); stability.len()];
    if counts.len() < 2 {
        return Ok(of_concepts);
    }
    for (class, _) in counts.iter().filter(|(_, count)| **count >= LEAST_OF_CLASS) {
        let found = compared(&labelled, coded, class, seed)?;
        let distance = |auc: f64| (auc - 0.5).abs();
        let mut random_auc: Option<f64> = None;
        for control in controls {
            let units = compared(&labelled, control, class, seed)?.units;
            let all = units.iter().map(|unit| unit.auc.value).chain(random_auc);
            random_auc = all.max_by(|a, b| distance(*a).total_cmp(&distance(*b)));
        }
        for ((unit, own), stability) in found.units.into_iter().zip(&mut of_concepts).zip(stability) {
            let beats = random_auc.is_none_or(|random| is_beyond(&unit.auc, distance(random)));
            let is_stable = stability.is_none_or(|stability| stability >= SAME);
            own.push(ClassUse {
                class: (*class).to_owned(),
                claimed: unit.q <= FALSE_SHARE && beats && is_stable,
                auc: unit.auc,
                q: unit.q,
                random_auc,
            });
        }
    }
    for own in &mut of_concepts {
        let distance = |one: &ClassUse| (one.auc.value - 0.5).abs();
        own.sort_by(|a, b| distance(b).total_cmp(&distance(a)).then(a.class.cmp(&b.class)));
    }
    Ok(of_concepts)
}

/// Whether all of the interval is farther from chance than `distance`.
fn is_beyond(auc: &Estimate, distance: f64) -> bool {
    let above = |interval: Interval| interval.low > 0.5 + distance || interval.high < 0.5 - distance;
    auc.interval.is_some_and(above)
}

fn compared(
    labelled: &[Labelled],
    coded: &[Coded],
    class: &str,
    seed: u64,
) -> Result<DifferentialAnalysis, ConceptError> {
    let n_concepts = coded.first().map_or(0, |one| one.means.len());
    let values: Vec<f32> = coded.iter().flat_map(|one| one.means.iter().copied()).collect();
    let values = UnitValues::new(&values, coded.len(), n_concepts)?;
    let config = DifferentialConfig { false_share: FALSE_SHARE, seed, ..DifferentialConfig::default() };
    let labelled = LabelledValues { images: labelled, values };
    Ok(differential_analysis(&labelled, &Question::against_rest(&[class]), &config)?)
}

/// For each concept the micrographs with the largest codes, no two of the same place.
pub(super) fn exemplars(sample: &Sample<'_>, coded: &[Coded], n: usize) -> Vec<Vec<usize>> {
    let prints: Vec<_> = sample.prints.iter().cloned().map(Some).collect();
    let pairs = near_pairs(&prints).into_iter().map(|pair| (pair.one, pair.other));
    let alike = NearDuplicates::of(pairs);
    let n_concepts = coded.first().map_or(0, |one| one.peaks.len());
    (0..n_concepts)
        .map(|concept| {
            let mut order: Vec<usize> =
                (0..coded.len()).filter(|&place| coded[place].peaks[concept].0 > 0.0).collect();
            order.sort_by(|&a, &b| {
                let by_code = coded[b].peaks[concept].0.total_cmp(&coded[a].peaks[concept].0);
                by_code.then_with(|| sample.seen[a].sha256.cmp(&sample.seen[b].sha256))
            });
            let mut chosen: Vec<usize> = Vec::new();
            let mut of_groups: BTreeMap<&str, usize> = BTreeMap::new();
            for place in order {
                let count = of_groups.entry(sample.seen[place].group.as_str()).or_default();
                let is_new = chosen.iter().all(|&other| !alike.holds(place, other));
                if chosen.len() < n && *count < MOST_OF_GROUP && is_new {
                    *count += 1;
                    chosen.push(place);
                }
            }
            chosen
        })
        .collect()
}
