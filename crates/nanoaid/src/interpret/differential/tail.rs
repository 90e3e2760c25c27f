//! Tails of two distributions, from the incomplete gamma function, and numbers of ways to choose.
//!
//! The gamma distribution stands in for a skew null distribution (Pearson's type III, by its first
//! three moments, as Winkler et al. 2016 do for permutation tests), the normal one for the rest.

use std::f64::consts::TAU;

/// Skewness below which the gamma distribution is the normal one for our purpose, its shape 4 / g²
/// being above 1600.
const LEAST_SKEWNESS: f64 = 0.05;
/// Most terms of the series and of the continued fraction; a few hundred are used for shape 1600.
const MOST_TERMS: usize = 10_000;

/// Probability that a distribution of mean 0, variance 1 and this `skewness` exceeds `z`, at least
/// 0.
///
/// Right-skewed: the gamma distribution. Symmetric or left-skewed: the normal distribution, whose
/// upper tail is then the longer one.
pub(super) fn upper_tail(z: f64, skewness: f64) -> f64 {
    if skewness < LEAST_SKEWNESS {
        // P(Z > z) is half the tail of χ² with one degree of freedom
        return upper_gamma(0.5, z * z / 2.0) / 2.0;
    }
    let shape = 4.0 / (skewness * skewness);
    upper_gamma(shape, shape + z * shape.sqrt())
}

/// Regularized upper incomplete gamma function `Q(a, x)` for `a > 0`, `x ≥ 0`: by the series of its
/// complement below `a + 1`, by its continued fraction (modified Lentz) above.
fn upper_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..MOST_TERMS {
            term *= x / (a + n as f64);
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        return (1.0 - front * sum).max(0.0);
    }
    let mut b = x + 1.0 - a;
    let mut c = f64::MAX;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for n in 1..MOST_TERMS {
        let n = n as f64;
        let numerator = -n * (n - a);
        b += 2.0;
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    front * fraction
}

/// Logarithm of the gamma function for `x > 0`: Stirling's series beyond 12, reached by
/// `Γ(x) = Γ(x + 1) / x`.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < 12.0 {
        below += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + TAU.ln() / 2.0 + series - below
}

/// Logarithm of the number of ways to choose `k` of `n`, `k ≤ n`.
pub(super) fn ln_choices(n: usize, k: usize) -> f64 {
    let ln_factorial = |n: usize| ln_gamma(n as f64 + 1.0);
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
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
