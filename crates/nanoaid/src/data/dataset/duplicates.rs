//! Near-duplicates: pairs of micrographs that show the same place, and the groups they make.
//!
//! A pair is proposed by its perceptual hashes and confirmed only if the aligned thumbnails agree.
//! Both bounds were chosen on real micrographs, see `docs/method.md`. It finds copies in another format, brightness
//! or contrast, flipped or turned by quarters, and with about a twentieth cut off; it does not find a neighbouring
//! place, another magnification, or another image of the same specimen.

use std::borrow::Cow;
use std::ops::Range;

use micrograph::Plane;
use rayon::prelude::*;

use super::alignment::{FIRST_SIDE, agreement, first_level};
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
    let there = prints.par_iter().enumerate().filter_map(|(place, print)| Some((place, print.as_ref()?)));
    let there: Vec<(usize, Comparable<'_>)> =
        there.map(|(place, print)| (place, Comparable::borrowed(print))).collect();
    let block = Block::of(there);
    in_order(block.pairs_within(least))
}

/// All pairs of near-duplicates of `0 .. n`, in order, with few of them in memory: `read` gives a block of at most
/// `at_once`. They are those of [`near_pairs`].
pub(crate) fn near_pairs_in_blocks<E>(
    n: usize,
    at_once: usize,
    read: &dyn Fn(Range<usize>) -> Result<Vec<Comparable<'static>>, E>,
) -> Result<Vec<NearPair>, E> {
    let block = |start: usize| {
        let places = start..n.min(start + at_once);
        Ok(Block::of(places.clone().zip(read(places)?).collect()))
    };
    let mut found = Vec::new();
    for one in (0..n).step_by(at_once) {
        let ones = block(one)?;
        found.append(&mut ones.pairs_within(LEAST_AGREEMENT));
        for other in (one + at_once..n).step_by(at_once) {
            found.append(&mut ones.pairs_with(&block(other)?, LEAST_AGREEMENT));
        }
    }
    Ok(in_order(found))
}

fn in_order(mut pairs: Vec<NearPair>) -> Vec<NearPair> {
    pairs.sort_unstable_by_key(|pair| (pair.one, pair.other));
    pairs
}

/// A fingerprint, and what of it is made once for all comparisons.
pub(crate) struct Comparable<'a> {
    print: Cow<'a, Fingerprint>,
    /// What alignments begin with.
    first: Plane,
}

impl Comparable<'static> {
    /// Length of [`Comparable::to_bytes`].
    pub(crate) const N_BYTES: usize = 8 * POSITIONS + Fingerprint::N_BYTES + 4 * FIRST_SIDE * FIRST_SIDE;

    /// Of `print`.
    pub(crate) fn of(print: Fingerprint) -> Self {
        Self { first: first_level(&print.thumbnail(0)), print: Cow::Owned(print) }
    }

    /// As [`Comparable::to_bytes`] wrote it.
    ///
    /// # Panics
    /// If `bytes` has another length.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let (hashes, bytes) = bytes.split_at(8 * POSITIONS);
        let (thumbnail, first) = bytes.split_at(Fingerprint::N_BYTES);
        let hashes = hashes.as_chunks().0;
        let hashes = std::array::from_fn(|position| u64::from_le_bytes(hashes[position]));
        let first = first.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Self {
            print: Cow::Owned(Fingerprint::of_hashed(hashes, thumbnail.to_vec())),
            first: Plane::new(FIRST_SIDE, FIRST_SIDE, first),
        }
    }
}

impl<'a> Comparable<'a> {
    fn borrowed(print: &'a Fingerprint) -> Self {
        Self { print: Cow::Borrowed(print), first: first_level(&print.thumbnail(0)) }
    }

    /// What has to be kept so that nothing that takes time is made again.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.print.hashes().iter().flat_map(|hash| hash.to_le_bytes()).collect();
        bytes.extend_from_slice(self.print.bytes());
        bytes.extend(self.first.values().iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }
}

/// Some micrographs by their places, which rise.
struct Block<'a> {
    places: Vec<usize>,
    /// Beside each other in memory.
    hashes: Vec<[u64; POSITIONS]>,
    looks: Vec<Comparable<'a>>,
}

impl<'a> Block<'a> {
    fn of(members: Vec<(usize, Comparable<'a>)>) -> Self {
        let (places, looks): (Vec<usize>, Vec<Comparable<'a>>) = members.into_iter().unzip();
        Self { places, hashes: looks.iter().map(|look| *look.print.hashes()).collect(), looks }
    }

    fn pairs_within(&self, least: f64) -> Vec<NearPair> {
        let pairs_of = |one: usize| self.pairs_of(one, self, one + 1, least);
        (0..self.places.len()).into_par_iter().flat_map_iter(pairs_of).collect()
    }

    /// Pairs of one here and one of `others`, which come after all here.
    fn pairs_with(&self, others: &Self, least: f64) -> Vec<NearPair> {
        let pairs_of = |one: usize| self.pairs_of(one, others, 0, least);
        (0..self.places.len()).into_par_iter().flat_map_iter(pairs_of).collect()
    }

    /// Pairs of `one` and what there is of `others` from `first` on.
    fn pairs_of(&self, one: usize, others: &Self, first: usize, least: f64) -> Vec<NearPair> {
        let own = self.hashes[one][0];
        let mut turned = None;
        let mut found = Vec::new();
        for (hashes, other) in others.hashes[first..].iter().zip(first..) {
            // all eight, without a branch: several at a time
            let fewest = hashes.iter().fold(u64::BITS, |fewest, hash| fewest.min((own ^ hash).count_ones()));
            if fewest > MOST_BITS {
                continue;
            }
            let turned = turned.get_or_insert_with(|| self.looks[one].print.turned());
            let pair = likest(
                [(self.places[one], &self.looks[one]), (others.places[other], &others.looks[other])],
                turned,
            );
            found.extend(pair.filter(|pair| pair.agreement >= least));
        }
        found
    }
}

/// The two in the position in which they agree best; `turned` is the first in all positions.
fn likest(
    [(one, look), (other, candidate)]: [(usize, &Comparable<'_>); 2],
    turned: &Turned,
) -> Option<NearPair> {
    let firsts = [&look.first, &candidate.first];
    let (print, candidate) = (&*look.print, &*candidate.print);
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
