//! Random numbers: one counter-based stream for each (seed, purpose, index).
//!
//! The numbers of a stream do not depend on when other streams are used, so the result of
//! seeded work does not depend on the number of threads. The generator is `SplitMix64`
//! (Steele, Lea and Flood 2014): output `n` is a mix of `start + n · golden gamma`, so a stream's
//! whole state is one counter, which a checkpoint can hold.

use serde::{Deserialize, Serialize};

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of random numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    counter: u64,
}

impl Stream {
    /// The stream for `index` of `purpose` under `seed`.
    ///
    /// # Examples
    /// ```
    /// use micrograph::random::Stream;
    ///
    /// let mut stream = Stream::new(7, "noise", 0);
    /// let mut again = Stream::new(7, "noise", 0);
    /// assert_eq!(stream.normal(), again.normal());
    /// ```
    pub fn new(seed: u64, purpose: &str, index: u64) -> Self {
        // FNV-1a over the purpose, so that streams of different purposes are unrelated
        let purpose = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { counter: mix(mix(mix(seed).wrapping_add(purpose)).wrapping_add(index)) }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(GOLDEN_GAMMA);
        mix(self.counter)
    }

    /// A number in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// An integer in `0 .. count`.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        assert!(count > 0, "there is a number to choose");
        // the high half of a 128-bit product; its bias is below 2⁻³² for counts below 2³²
        ((u128::from(self.bits()) * count as u128) >> 64) as usize
    }

    /// A number from the normal distribution with mean 0 and variance 1 (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Puts `items` into random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let firsts: Vec<u64> = [(0, "patch", 0), (1, "patch", 0), (0, "noise", 0), (0, "patch", 1)]
            .map(|(seed, purpose, index)| Stream::new(seed, purpose, index).bits())
            .into();
        for (i, first) in firsts.iter().enumerate() {
            assert!(!firsts[..i].contains(first));
        }
    }

    #[test]
    fn the_first_numbers_are_those_of_splitmix64() {
        // published first outputs of SplitMix64 for seed 1234567 (Rosetta Code and others)
        let mut stream = Stream { counter: 1_234_567 };
        assert_eq!(stream.bits(), 6_457_827_717_110_365_317);
        assert_eq!(stream.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        let mut stream = Stream::new(7, "test", 0);
        let n = 100_000;
        let uniform = (0..n).map(|_| stream.uniform()).sum::<f64>() / f64::from(n);
        assert!((uniform - 0.5).abs() < 0.005, "{uniform}");
        let normals: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let mean = normals.iter().sum::<f64>() / f64::from(n);
        let variance = normals.iter().map(|value| value * value).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        let mut hits = [0; 3];
        (0..n).for_each(|_| hits[stream.below(3)] += 1);
        assert!(hits.iter().all(|&hit| (f64::from(hit) / f64::from(n) - 1.0 / 3.0).abs() < 0.01), "{hits:?}");
    }
}
