//! Effective rank: along how many directions the activation vectors of a layer spread.

use micrograph::Plane;

use crate::eigen::eigenpairs;

/// Covariance of the activation vectors of all positions of `codes`, each a list of maps of one shape; all
/// have as many channels. Empty without codes.
pub(crate) fn covariance(codes: &[Vec<Plane>]) -> Vec<Vec<f64>> {
    let Some(first) = codes.first() else { return Vec::new() };
    let size = first.len();
    let mut sums = vec![0.0; size];
    let mut products = vec![vec![0.0; size]; size];
    let mut n = 0.0;
    let mut vector = vec![0.0; size];
    for code in codes {
        for place in 0..code[0].values().len() {
            for (value, channel) in vector.iter_mut().zip(code) {
                *value = f64::from(channel.values()[place]);
            }
            for i in 0..size {
                sums[i] += vector[i];
                for j in 0..=i {
                    products[i][j] += vector[i] * vector[j];
                }
            }
            n += 1.0;
        }
    }
    (0..size)
        .map(|i| (0..size).map(|j| products[i.max(j)][i.min(j)] / n - sums[i] * sums[j] / (n * n)).collect())
        .collect()
}

/// Effective rank of vectors with this covariance: the exponential of the entropy of the shares that the
/// standard deviations along the principal axes have of their sum (Roy and Vetterli 2007). 0 where
/// nothing varies.
pub(crate) fn effective_rank(covariance: &[Vec<f64>]) -> f64 {
    rank_of_variances(&eigenpairs(covariance).iter().map(|pair| pair.value).collect::<Vec<_>>())
}

/// The same from the shares of the variances instead of those of the standard deviations, so that weak
/// directions count less: as many equally strong directions would have this entropy.
pub(crate) fn rank_by_variance(covariance: &[Vec<f64>]) -> f64 {
    let squared = |value: f64| value.max(0.0).powi(2);
    rank_of_variances(&eigenpairs(covariance).iter().map(|pair| squared(pair.value)).collect::<Vec<_>>())
}

/// Effective rank from the variances along the principal axes.
fn rank_of_variances(variances: &[f64]) -> f64 {
    let singular: Vec<f64> = variances.iter().map(|variance| variance.max(0.0).sqrt()).collect();
    let total: f64 = singular.iter().sum();
    if total == 0.0 {
        return 0.0;
    }
    let entropy: f64 = singular
        .iter()
        .map(|value| value / total)
        .filter(|share| *share > 0.0)
        .map(|share| -share * share.ln())
        .sum();
    entropy.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_rank_counts_directions_of_equal_strength() {
        assert!((rank_of_variances(&[4.0, 4.0, 4.0, 0.0]) - 3.0).abs() < 1e-12);
        assert!((rank_of_variances(&[2.0, 0.0]) - 1.0).abs() < 1e-12);
        let uneven = rank_of_variances(&[1.0, 0.01]);
        assert!(1.0 < uneven && uneven < 2.0, "{uneven}");
        assert_eq!(rank_of_variances(&[0.0, 0.0]), 0.0);
    }

    #[test]
    fn codes_along_one_direction_have_rank_one() {
        let first = Plane::from_fn(3, 4, |y, x| (y * 4 + x) as f32);
        let second = first.map(|value| 5.0 - 2.0 * value);
        assert!((effective_rank(&covariance(&[vec![first, second]])) - 1.0).abs() < 1e-5);
        // shares 0.9 and 0.1: exp(−0.9 ln 0.9 − 0.1 ln 0.1) = 1.384
        let uneven = rank_by_variance(&[vec![0.9, 0.0], vec![0.0, 0.1]]);
        assert!((uneven - 1.384).abs() < 1e-3, "{uneven}");
    }
}
