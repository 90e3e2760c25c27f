//! Eigenvectors of covariances, by `nalgebra`'s symmetric decomposition.

use nalgebra::{DMatrix, SymmetricEigen};

/// An eigenvalue with its eigenvector of length 1.
#[derive(Clone, Debug)]
pub(crate) struct Eigenpair {
    pub value: f64,
    pub vector: Vec<f64>,
}

/// The eigenpairs of a symmetric matrix, of which only the lower triangle is read (rows as long
/// as there are rows), eigenvalues falling.
pub(crate) fn eigenpairs(matrix: &[Vec<f64>]) -> Vec<Eigenpair> {
    let size = matrix.len();
    if size == 0 {
        return Vec::new();
    }
    let eigen = SymmetricEigen::new(DMatrix::from_fn(size, size, |i, j| matrix[i.max(j)][i.min(j)]));
    let mut pairs: Vec<Eigenpair> = eigen
        .eigenvalues
        .iter()
        .zip(eigen.eigenvectors.column_iter())
        .map(|(&value, vector)| Eigenpair { value, vector: vector.iter().copied().collect() })
        .collect();
    pairs.sort_by(|a, b| b.value.total_cmp(&a.value));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_known_axes_gives_them_back_largest_first() {
        // 3 along (1, 2, 2) / 3, 5 along (2, 1, -2) / 3, 1 along (2, -2, 1) / 3
        let known = [(5.0, [2.0, 1.0, -2.0]), (3.0, [1.0, 2.0, 2.0]), (1.0, [2.0, -2.0, 1.0])];
        let matrix: Vec<Vec<f64>> = (0..3)
            .map(|i| (0..3).map(|j| known.iter().map(|(value, v)| value * v[i] * v[j] / 9.0).sum()).collect())
            .collect();
        for (pair, (value, axis)) in eigenpairs(&matrix).iter().zip(known) {
            assert!((pair.value - value).abs() < 1e-12, "{}", pair.value);
            let cosine: f64 = pair.vector.iter().zip(axis).map(|(a, b)| a * b / 3.0).sum();
            assert!((cosine.abs() - 1.0).abs() < 1e-12, "{cosine}");
        }
        assert!(eigenpairs(&[]).is_empty());
    }
}
