//! Questions: the same forced choice for a human, as indices of patches, for a page to show.
//!
//! Nine patches that drive a unit, nine that do not, and two more, one of each, of which the human says
//! which drives it (Borowski et al. 2021). Unit, queries and side are drawn from a seed.

use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use crate::Address;

/// References shown of each end, at most.
const REFERENCES: usize = 9;
/// Fewest references of each end for there to be a question.
const LEAST_REFERENCES: usize = 3;

/// A unit and the patches that questions about it can be made of.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// Address of the unit.
    pub unit: &'a Address,
    /// Activation of each patch.
    pub activations: &'a [f32],
    /// Group of each patch, as many.
    pub groups: &'a [&'a str],
}

/// Where a query is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// At the left.
    Left,
    /// At the right.
    Right,
}

/// Which of two patches drives the unit? Patches are indices into the unit's candidates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Address of the unit.
    pub unit: Address,
    /// References that drive it, the strongest first; 3 to 9.
    pub strongest: Vec<usize>,
    /// References that do not, the weakest first; 3 to 9.
    pub weakest: Vec<usize>,
    /// The query at the left.
    pub left: usize,
    /// The query at the right.
    pub right: usize,
    /// Where the query is that drives the unit: the right answer.
    pub driving: Side,
}

/// At most `n` questions: units in random order, each once before any is asked about again, each time
/// with other queries. Units whose patches do not make a question are left out, so there may be fewer;
/// none if no unit is left.
///
/// # Panics
/// If a unit has not as many groups as activations.
pub fn questions(units: &[Candidates<'_>], n: usize, seed: u64) -> Vec<Question> {
    let mut pairs: Vec<Vec<[usize; 2]>> = Vec::with_capacity(units.len());
    for (index, unit) in units.iter().enumerate() {
        assert_eq!(unit.activations.len(), unit.groups.len(), "each patch has a group");
        let mut these = unit.pairs();
        Stream::new(seed, "questions: queries", index as u64).shuffle(&mut these);
        pairs.push(these);
    }
    let mut order: Vec<usize> = (0..units.len()).collect();
    Stream::new(seed, "questions: units", 0).shuffle(&mut order);
    let most = pairs.iter().map(Vec::len).max().unwrap_or(0);
    let rounds = (0..most).flat_map(|round| order.iter().map(move |&unit| (unit, round)));
    let asked = rounds.filter_map(|(unit, round)| Some((unit, *pairs[unit].get(round)?))).take(n);
    asked
        .enumerate()
        .map(|(index, (unit, pair))| {
            let left = Stream::new(seed, "questions: side", index as u64).bits() & 1 == 0;
            units[unit].question(pair, if left { Side::Left } else { Side::Right })
        })
        .collect()
}

impl Candidates<'_> {
    /// The strongest and the weakest patches, as many of each: references and a query.
    fn ends(&self) -> [Vec<usize>; 2] {
        let mut order: Vec<usize> = (0..self.activations.len()).collect();
        order.retain(|&index| self.activations[index].is_finite());
        order.sort_by(|&a, &b| self.activations[b].total_cmp(&self.activations[a]).then(a.cmp(&b)));
        let each = (order.len() / 2).min(REFERENCES + 1);
        [order[..each].to_vec(), order.iter().rev().take(each).copied().collect()]
    }

    /// Pairs of a patch that drives the unit and one that does not, for which there are references.
    fn pairs(&self) -> Vec<[usize; 2]> {
        let [strongest, weakest] = self.ends();
        let all = strongest.iter().flat_map(|&strong| weakest.iter().map(move |&weak| [strong, weak]));
        all.filter(|&[strong, weak]| {
            self.activations[strong] > self.activations[weak]
                && [&strongest, &weakest]
                    .iter()
                    .all(|end| self.references(end, [strong, weak]).len() >= LEAST_REFERENCES)
        })
        .collect()
    }

    /// What is left of an end without the groups of the queries.
    fn references(&self, end: &[usize], queries: [usize; 2]) -> Vec<usize> {
        let apart = |&index: &usize| queries.iter().all(|&query| self.groups[query] != self.groups[index]);
        end.iter().copied().filter(apart).take(REFERENCES).collect()
    }

    fn question(&self, queries: [usize; 2], driving: Side) -> Question {
        let [strongest, weakest] = self.ends();
        let [strong, weak] = queries;
        let (left, right) = match driving {
            Side::Left => (strong, weak),
            Side::Right => (weak, strong),
        };
        Question {
            unit: self.unit.clone(),
            strongest: self.references(&strongest, queries),
            weakest: self.references(&weakest, queries),
            left,
            right,
            driving,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Patch `i` has activation `i`, but for a shuffle that is the same each time.
    fn activations(n: usize) -> Vec<f32> {
        (0..n).map(|index| ((7 * index + 3) % n) as f32).collect()
    }

    fn names(n: usize, together: usize) -> Vec<String> {
        (0..n).map(|index| format!("specimen {}", index / together)).collect()
    }

    #[test]
    fn a_question_has_the_strongest_and_the_weakest_and_queries_of_neither() {
        let (values, names) = (activations(40), names(40, 1));
        let groups: Vec<&str> = names.iter().map(String::as_str).collect();
        let address = Address::channel("encoder.2", 17);
        let unit = Candidates { unit: &address, activations: &values, groups: &groups };
        let found = questions(&[unit], 20, 1);
        assert_eq!(found.len(), 20);
        let mut sides = BTreeSet::new();
        let mut queries = BTreeSet::new();
        for question in &found {
            let (strong, weak) = match question.driving {
                Side::Left => (question.left, question.right),
                Side::Right => (question.right, question.left),
            };
            sides.insert(question.driving == Side::Left);
            queries.insert([strong, weak]);
            let of = |indices: &[usize]| indices.iter().map(|&index| values[index]).collect::<Vec<f32>>();
            let (mut top, mut bottom) = (of(&question.strongest), of(&question.weakest));
            assert_eq!((top.len(), bottom.len()), (9, 9));
            top.push(values[strong]);
            bottom.push(values[weak]);
            top.sort_by(f32::total_cmp);
            bottom.sort_by(f32::total_cmp);
            assert_eq!(top, (30..40).map(|value| value as f32).collect::<Vec<_>>());
            assert_eq!(bottom, (0..10).map(|value| value as f32).collect::<Vec<_>>());
        }
        assert_eq!(sides.len(), 2, "the right answer is on either side");
        assert_eq!(queries.len(), 20, "no question twice");
        assert_eq!(questions(&[unit], 20, 1), found, "the same seed");
        assert_ne!(questions(&[unit], 20, 2), found, "another seed");
    }

    #[test]
    fn no_reference_shares_a_group_with_a_query() {
        let (values, names) = (activations(41), names(41, 2));
        let groups: Vec<&str> = names.iter().map(String::as_str).collect();
        let address = Address::channel("a", 0);
        let unit = Candidates { unit: &address, activations: &values, groups: &groups };
        for question in questions(&[unit], 60, 5) {
            for reference in question.strongest.iter().chain(&question.weakest) {
                for query in [question.left, question.right] {
                    assert_ne!(groups[*reference], groups[query], "{question:?}");
                }
            }
        }
    }

    #[test]
    fn units_take_turns_and_those_without_a_question_are_left_out() {
        let values = activations(20);
        let names = names(20, 1);
        let groups: Vec<&str> = names.iter().map(String::as_str).collect();
        let units: Vec<Address> = (0..6).map(|channel| Address::channel("a", channel)).collect();
        let all =
            [0, 1, 2].map(|unit| Candidates { unit: &units[unit], activations: &values, groups: &groups });
        let flat = vec![1.0; 20];
        let dead = Candidates { unit: &units[3], activations: &flat, groups: &groups };
        let few = Candidates { unit: &units[4], activations: &values[..6], groups: &groups[..6] };
        let one = vec!["the only one"; 20];
        let grouped = Candidates { unit: &units[5], activations: &values, groups: &one };
        let found = questions(&[all[0], dead, all[1], few, all[2], grouped], 6, 0);
        for part in found.chunks(3) {
            let units: BTreeSet<String> = part.iter().map(|question| question.unit.to_string()).collect();
            assert_eq!(units.into_iter().collect::<Vec<_>>(), ["a:0", "a:1", "a:2"]);
        }
        assert!(questions(&[dead, few, grouped], 6, 0).is_empty());
    }
}
