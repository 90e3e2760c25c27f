//! Near-duplicates: pairs of micrographs that show the same place, and the groups they make.
//!
//! A pair is proposed by its perceptual hashes and confirmed only if the aligned thumbnails agree.
//! Both bounds were chosen on real micrographs, see `docs/method.md`. It finds copies in another format, brightness
//! or contrast, flipped or turned by quarters, and with about a twentieth cut off; it does not find a neighbouring
//! place, another magnification, or another image of the same specimen.

use micrograph::Plane;
use rayon::prelude::*;

use super::alignment::{agreement, first_level};
use super::fingerprint::{Fingerprint, POSITIONS, Turned};
use super::patch;

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
///
/// Every hash is compared with every other: at 20 of 64 bits an index by parts of the hash would have to look at more
/// entries than there are files, and a comparison takes a few nanoseconds. What costs are the alignments of the pairs
/// that are left, one in some hundred.
pub(super) fn pairs(prints: &[Option<Fingerprint>], least: f64) -> Vec<NearPair> {
    let there: Vec<(usize, &Fingerprint)> =
        prints.iter().enumerate().filter_map(|(place, print)| Some((place, print.as_ref()?))).collect();
    // beside each other in memory
    let hashes: Vec<&[u64; POSITIONS]> = there.iter().map(|(_, print)| print.hashes()).collect();
    let hashes: Vec<[u64; POSITIONS]> = hashes.into_iter().copied().collect();
    let firsts: Vec<Plane> = there.par_iter().map(|(_, print)| first_level(&print.thumbnail(0))).collect();
    let pairs_of = |one: usize| {
        let own = hashes[one][0];
        let is_near =
            |&other: &usize| hashes[other].iter().any(|hash| (own ^ hash).count_ones() <= MOST_BITS);
        let mut turned = None;
        let near = (one + 1..there.len()).filter(is_near);
        let found = near.filter_map(|other| {
            let turned = turned.get_or_insert_with(|| there[one].1.turned());
            likest([there[one], there[other]], [&firsts[one], &firsts[other]], turned)
        });
        found.filter(|pair| pair.agreement >= least).collect::<Vec<_>>()
    };
    let found: Vec<Vec<NearPair>> = (0..there.len()).into_par_iter().map(pairs_of).collect();
    found.concat()
}

/// The two in the position in which they agree best; `turned` is the first in all positions.
fn likest(
    [(one, print), (other, candidate)]: [(usize, &Fingerprint); 2],
    firsts: [&Plane; 2],
    turned: &Turned,
) -> Option<NearPair> {
    let distances = print.distances(candidate);
    let positions = (0..POSITIONS).filter(|&position| {
        distances[position] <= MOST_BITS && turned.correlation(candidate, position) >= LEAST_COARSE
    });
    let found = positions.filter_map(|position| {
        let side = firsts[1].height();
        let laid = Plane::new(side, side, patch::laid(firsts[1], position));
        let planes = || [print.thumbnail(0), candidate.thumbnail(position)];
        let agreement = agreement([firsts[0], &laid], planes)?;
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
