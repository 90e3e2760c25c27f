//! Fingerprint: what is stored of a micrograph to find its near-duplicates.
//!
//! A thumbnail, squashed to a square so that a quarter turn of the micrograph is one of the
//! thumbnail, and a perceptual hash of each of the eight positions it can be laid in: which low
//! frequencies of a cosine transform are above their median, as in pHash (Zauner 2010). The
//! frequencies that don't vary along rows or columns are left out: shading has most of its energy
//! there. Files and thresholds are not known here.

use std::f64::consts::PI;
use std::sync::LazyLock;

use micrograph::Plane;
use micrograph::paint::{Sampling, resampled};

use super::patch;

/// Rows and columns of a thumbnail.
pub(super) const SIDE: usize = 64;
/// Positions of a square: flips and quarter turns, numbered as in [`patch::laid`].
pub(super) const POSITIONS: usize = 8;
/// The position that undoes each position: the two quarter turns undo each other, all others themselves.
const INVERSE: [usize; POSITIONS] = [0, 1, 2, 3, 4, 6, 5, 7];
/// Rows and columns of the coarse thumbnail.
const COARSE_SIDE: usize = 16;
/// Frequencies 1 to this one, along rows and along columns, give the bits of a hash.
const FREQUENCIES: usize = 8;

/// What is kept of a micrograph: about 5 KiB.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fingerprint {
    hashes: [u64; POSITIONS],
    thumbnail: Vec<u8>,
    /// The thumbnail made smaller, of mean 0 and norm 1, or all 0.
    coarse: Plane,
}

impl Fingerprint {
    /// Length of [`Fingerprint::bytes`].
    pub(crate) const N_BYTES: usize = SIDE * SIDE;

    /// What has to be stored of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.thumbnail
    }

    /// From what was kept; `None` if it has another length.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == Self::N_BYTES).then(|| Self::of_thumbnail(bytes.to_vec()))
    }

    /// Of a prepared micrograph, `[H, W]`, data bar cut off; brightness and contrast don't matter.
    pub(crate) fn of(plane: &Plane) -> Self {
        let small = resampled(plane, SIDE, SIDE, Sampling::Area);
        let (low, high) = small.range().unwrap_or((0.0, 0.0));
        let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
        let thumbnail: Vec<u8> =
            small.values().iter().map(|value| ((value - low) * scale).round() as u8).collect();
        Self::of_thumbnail(thumbnail)
    }

    fn of_thumbnail(thumbnail: Vec<u8>) -> Self {
        let square = plane_of(&thumbnail);
        let hashes = std::array::from_fn(|position| hash(&patch::laid(&square, position)));
        Self { hashes, coarse: coarse(&square), thumbnail }
    }

    /// Of a thumbnail whose hashes are known, which take most of the time.
    pub(super) fn of_hashed(hashes: [u64; POSITIONS], thumbnail: Vec<u8>) -> Self {
        Self { hashes, coarse: coarse(&plane_of(&thumbnail)), thumbnail }
    }

    /// The thumbnail laid in `position`, `[64, 64]`, from 0 to 255.
    pub(super) fn thumbnail(&self, position: usize) -> Plane {
        Plane::new(SIDE, SIDE, patch::laid(&plane_of(&self.thumbnail), position))
    }

    /// In how many bits, 0 to 64, this hash differs from that of `other` in each position.
    pub(super) fn distances(&self, other: &Self) -> [u32; POSITIONS] {
        other.hashes.map(|hash| (self.hashes[0] ^ hash).count_ones())
    }

    /// The hashes of all positions.
    pub(super) fn hashes(&self) -> &[u64; POSITIONS] {
        &self.hashes
    }

    /// Laid so that what is laid in a position meets what is not.
    pub(super) fn turned(&self) -> Turned {
        Turned(std::array::from_fn(|position| patch::laid(&self.coarse, INVERSE[position])))
    }
}

/// The coarse thumbnail of one micrograph, for comparison with those of many others.
pub(super) struct Turned([Vec<f32>; POSITIONS]);

impl Turned {
    /// Correlation of the coarse thumbnails, that of `other` laid in `position`; in `[-1, 1]`.
    pub(super) fn correlation(&self, other: &Fingerprint, position: usize) -> f64 {
        let (one, other) = (self.0[position].as_chunks::<8>().0, other.coarse.values().as_chunks::<8>().0);
        let mut sums = [0.0; 8];
        for (one, other) in one.iter().zip(other) {
            for (sum, (a, b)) in sums.iter_mut().zip(one.iter().zip(other)) {
                *sum += f64::from(*a) * f64::from(*b);
            }
        }
        sums.iter().sum()
    }
}

fn coarse(square: &Plane) -> Plane {
    normalized(&resampled(square, COARSE_SIDE, COARSE_SIDE, Sampling::Area))
}

fn normalized(plane: &Plane) -> Plane {
    let mean = plane.mean();
    let norm = (plane.variance() * plane.values().len() as f64).sqrt();
    plane.map(|value| if norm > 0.0 { ((f64::from(value) - mean) / norm) as f32 } else { 0.0 })
}

fn plane_of(thumbnail: &[u8]) -> Plane {
    Plane::new(SIDE, SIDE, thumbnail.iter().map(|&value| f32::from(value)).collect())
}

/// The cosines of a hash, by frequency.
static WAVES: LazyLock<[[f64; SIDE]; FREQUENCIES]> = LazyLock::new(|| {
    let cosine = |k: usize, i: usize| (PI * (i as f64 + 0.5) * (k + 1) as f64 / SIDE as f64).cos();
    std::array::from_fn(|k| std::array::from_fn(|i| cosine(k, i)))
});

/// One bit for each pair of frequencies: whether its coefficient is above the median of all.
fn hash(square: &[f32]) -> u64 {
    let basis = &*WAVES;
    let dot = |wave: &[f64; SIDE], values: &[f64]| wave.iter().zip(values).map(|(a, b)| a * b).sum::<f64>();
    let mut coefficients = Vec::with_capacity(FREQUENCIES * FREQUENCIES);
    for along_rows in basis {
        let rows: Vec<f64> = square
            .chunks(SIDE)
            .map(|row| row.iter().zip(along_rows).map(|(&value, wave)| f64::from(value) * wave).sum())
            .collect();
        coefficients.extend(basis.iter().map(|along_columns| dot(along_columns, &rows)));
    }
    let mut sorted = coefficients.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let median = (sorted[sorted.len() / 2 - 1] + sorted[sorted.len() / 2]) / 2.0;
    coefficients.iter().enumerate().fold(0, |bits, (place, &value)| bits | u64::from(value > median) << place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(height: usize, width: usize) -> Plane {
        Plane::from_fn(height, width, |y, x| {
            let (v, u) = (y as f32 / height as f32, x as f32 / width as f32);
            (9.0 * u * v).sin()
                + (7.0 * (u - 0.3) * (v + 0.2)).cos() * u
                + 0.3 * (23.0 * u + 11.0 * v * v).sin()
        })
    }

    #[test]
    fn half_of_the_bits_are_set() {
        let print = Fingerprint::of(&pattern(90, 130));
        assert!(print.hashes.iter().all(|hash| hash.count_ones() == 32), "{:?}", print.hashes);
    }

    #[test]
    fn brightness_contrast_and_shading_along_an_axis_leave_the_hash() {
        let plane = pattern(90, 130);
        let shaded = Plane::from_fn(90, 130, |y, x| 0.3 * plane.at(y, x) + 5.0 + y as f32 / 60.0);
        let distances = Fingerprint::of(&plane).distances(&Fingerprint::of(&shaded));
        assert!(distances[0] <= 2 && distances[1..].iter().all(|&bits| bits > 8), "{distances:?}");
    }

    #[test]
    fn a_flip_or_turn_is_found_with_its_position() {
        let plane = pattern(90, 130);
        let print = Fingerprint::of(&plane);
        for position in 0..POSITIONS {
            let turned = print.thumbnail(position);
            assert_eq!(Fingerprint::of(&turned).distances(&print)[position], 0, "{position}");
        }
        let mirrored = Plane::from_fn(90, 130, |y, x| plane.at(y, 129 - x));
        let distances = print.distances(&Fingerprint::of(&mirrored));
        assert!(distances[1] <= 2 && distances[0] > 8, "{distances:?}");
    }

    #[test]
    fn the_coarse_thumbnails_correlate_as_if_the_other_were_laid() {
        let print = Fingerprint::of(&pattern(90, 130));
        for position in 0..POSITIONS {
            let other = Fingerprint::of(&print.thumbnail(position));
            let laid = patch::laid(&other.coarse, position);
            let expected: f64 =
                print.coarse.values().iter().zip(laid).map(|(a, b)| f64::from(*a) * f64::from(b)).sum();
            let found = print.turned().correlation(&other, position);
            assert!((found - expected).abs() < 1e-12, "{position}: {found}, {expected}");
        }
    }

    #[test]
    fn a_flat_plane_has_a_fingerprint_too() {
        assert_eq!(Fingerprint::of(&Plane::filled(5, 7, 3.0)).hashes, [0; POSITIONS]);
    }
}
