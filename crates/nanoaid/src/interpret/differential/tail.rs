//! Tails of the two distributions that stand in for a null distribution, and numbers of ways to choose.
//!
//! The gamma distribution stands in for a skewed one (Pearson's type III, by its first three moments,
//! as Winkler et al. 2016 do for permutation tests), the normal one for the rest.

use std::f64::consts::SQRT_2;

use statrs::function::erf::erfc;
use statrs::function::factorial::ln_binomial;
use statrs::function::gamma::gamma_ur;

/// Skewness below which the gamma distribution is the normal one for our purpose, its shape 4 / g²
/// being above 1600.
const LEAST_SKEWNESS: f64 = 0.05;

/// Probability that a distribution of mean 0, variance 1 and this `skewness` exceeds `z`, at least
/// 0.
///
/// Right-skewed: the gamma distribution. Symmetric or left-skewed: the normal distribution, whose
/// upper tail is then the longer one.
pub(super) fn upper_tail(z: f64, skewness: f64) -> f64 {
    if skewness < LEAST_SKEWNESS {
        return erfc(z / SQRT_2) / 2.0;
    }
    let shape = 4.0 / (skewness * skewness);
    let x = shape + z * shape.sqrt();
    // the distribution begins at 0
    if x <= 0.0 { 1.0 } else { gamma_ur(shape, x) }
}

/// Logarithm of the number of ways to choose `k` of `n`, `k ≤ n`.
pub(super) fn ln_choices(n: usize, k: usize) -> f64 {
    ln_binomial(n as u64, k as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_without_skewness_are_those_of_the_normal_distribution() {
        // erfc(z / √2) / 2 of the C library
        let cases = [
            (0.0, 0.5),
            (1.96, 0.024997895148220435),
            (5.0, 2.866515718791946e-07),
            (9.0, 1.1285884059538422e-19),
        ];
        for (z, expected) in cases {
            for skewness in [0.0, -1.0] {
                let found = upper_tail(z, skewness);
                assert!((found / expected - 1.0).abs() < 1e-9, "{z}: {found}");
            }
        }
    }

    #[test]
    fn tails_with_skewness_are_those_of_the_gamma_distribution() {
        // of whole shape k = 4 / g² it is the distribution of the k-th event at rate 1, and the tail
        // the probability that fewer than k have come: a sum over Poisson's probabilities
        for (skewness, shape) in [(2.0, 1), (1.0, 4), (0.2, 100), (0.08, 625)] {
            for z in [0.0, 0.5, 3.0, 6.0] {
                let x = f64::from(shape) + z * f64::from(shape).sqrt();
                let (mut term, mut expected) = (-x, 0.0);
                for n in 0..shape {
                    expected += f64::exp(term);
                    term += (x / f64::from(n + 1)).ln();
                }
                let found = upper_tail(z, skewness);
                assert!((found / expected - 1.0).abs() < 1e-8, "{z}, {skewness}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn choices_are_counted() {
        // 5 over 2, 21 over 1, 40 over 20 from Pascal's triangle
        for (n, k, expected) in [(5, 2, 10.0), (21, 1, 21.0), (7, 7, 1.0), (40, 20, 137_846_528_820.0_f64)] {
            let found = ln_choices(n, k).exp();
            assert!((found / expected - 1.0).abs() < 1e-10, "{n} over {k}: {found}");
        }
    }
}
