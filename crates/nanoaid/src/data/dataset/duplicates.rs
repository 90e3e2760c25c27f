//! Near-duplicates: pairs of micrographs that show the same place, and the groups they make.
//!
//! A pair is proposed by its perceptual hashes and confirmed only if the aligned thumbnails agree.
//! Both bounds were chosen on real micrographs, see `docs/method.md`. It finds copies in another format, brightness
//! or contrast, flipped or turned by quarters, and with about a twentieth cut off; it does not find a neighbouring
//! place, another magnification, or another image of the same specimen.

use rayon::prelude::*;

use super::alignment::agreement;
use super::fingerprint::{Fingerprint, POSITIONS};

/// Bits of 64 in which two hashes may differ. Hashes of unrelated micrographs differ in 32 ± 4, and
/// one pair in 40 has a position with as few as this; a twentieth cut off a corner changes 14 in the
/// median and more than 20 in one of twenty.
pub(super) const MOST_BITS: u32 = 20;

/// Least correlation of the coarse thumbnails before they are aligned: spares most of the others the
/// alignment, which costs a thousand times as much.
const LEAST_COARSE: f64 = 0.5;

/// Least agreement of the aligned thumbnails. Nearly all copies of real micrographs have 0.98 and
/// more; of pairs of different places, the highest was 0.71.
pub(super) const LEAST_AGREEMENT: f64 = 0.85;

/// Agreement from which on a pair should be inspected, though it is not confirmed.
pub(super) const ALIKE: f64 = 0.5;

/// Two micrographs that show the same place, or are alike, by their places in a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NearPair {
    pub(crate) one: usize,
    /// Comes after `one`.
    pub(crate) other: usize,
    /// Bits in which the hashes differ.
    pub(super) bits: u32,
    /// Agreement of the thumbnails, at most 1.
    pub(super) agreement: f64,
    /// How `other` has to be laid to look like `one`, see [`super::patch::laid`].
    pub(super) position: usize,
}

/// All pairs of near-duplicates, in order; micrographs without a fingerprint have no pairs.
pub(crate) fn near_pairs(prints: &[Option<Fingerprint>]) -> Vec<NearPair> {
    pairs(prints, LEAST_AGREEMENT)
}

/// All pairs that agree by `least` or more, in order.
pub(super) fn pairs(prints: &[Option<Fingerprint>], least: f64) -> Vec<NearPair> {
    let pairs_of = |one: usize| {
        let found = (one + 1..prints.len()).filter_map(move |other| likest(prints, one, other));
        found.filter(|pair| pair.agreement >= least).collect::<Vec<_>>()
    };
    let found: Vec<Vec<NearPair>> = (0..prints.len()).into_par_iter().map(pairs_of).collect();
    found.concat()
}

/// The two in the position in which they agree best.
fn likest(prints: &[Option<Fingerprint>], one: usize, other: usize) -> Option<NearPair> {
    let (print, candidate) = (prints[one].as_ref()?, prints[other].as_ref()?);
    let distances = print.distances(candidate);
    let positions = (0..POSITIONS).filter(|&position| {
        distances[position] <= MOST_BITS && print.correlation(candidate, position) >= LEAST_COARSE
    });
    let found = positions.filter_map(|position| {
        let agreement = agreement(&print.thumbnail(0), &candidate.thumbnail(position))?;
        Some(NearPair { one, other, bits: distances[position], agreement, position })
    });
    // of equal ones the first position
    found.reduce(|best, pair| if pair.agreement > best.agreement { pair } else { best })
}

/// For each of `0 .. n` the first one that `links` connect it with, over any number of links.
pub(super) fn firsts(n: usize, links: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut towards: Vec<usize> = (0..n).collect();
    fn end(towards: &mut [usize], mut place: usize) -> usize {
        while towards[place] != place {
            towards[place] = towards[towards[place]];
            place = towards[place];
        }
        place
    }
    for (one, other) in links {
        let (one, other) = (end(&mut towards, one), end(&mut towards, other));
        towards[one.max(other)] = one.min(other);
    }
    (0..n).map(|place| end(&mut towards, place)).collect()
}

#[cfg(test)]
mod tests;
