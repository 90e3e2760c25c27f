//! Eigenvectors: the few largest of a symmetric matrix that has no negative eigenvalue.
//!
//! Subspace iteration (a block power method) with a Rayleigh–Ritz step, whose small matrix is
//! diagonalised by Jacobi's rotations; see Golub and Van Loan, *Matrix Computations*. Knows
//! nothing of channels. Seeded, so the same matrix gives the same vectors.

use micrograph::random::Stream;

/// Vectors iterated beyond those asked for: alike eigenvalues among these cost no accuracy.
const GUARDS: usize = 5;
/// Iterations after which the vectors are taken as they are.
const MOST_ITERATIONS: usize = 1000;
/// Residual, relative to the largest eigenvalue, at which a vector is found.
const TOLERANCE: f64 = 1e-10;

/// An eigenvalue with its eigenvector of length 1.
#[derive(Clone, Debug)]
pub(super) struct Eigenpair {
    pub value: f64,
    pub vector: Vec<f64>,
}

/// The `count` largest eigenvalues of symmetric `matrix`, falling; fewer where it is smaller.
pub(super) fn largest_eigenpairs(matrix: &[Vec<f64>], count: usize) -> Vec<Eigenpair> {
    let size = matrix.len();
    let count = count.min(size);
    let mut stream = Stream::new(0, "eigenvectors", 0);
    let mut basis: Vec<Vec<f64>> =
        (0..(count + GUARDS).min(size)).map(|_| (0..size).map(|_| stream.normal()).collect()).collect();
    let mut pairs = Vec::new();
    for _ in 0..MOST_ITERATIONS {
        orthonormalize(&mut basis);
        let images: Vec<Vec<f64>> = basis.iter().map(|vector| product(matrix, vector)).collect();
        let small: Vec<Vec<f64>> =
            basis.iter().map(|vector| images.iter().map(|image| dot(vector, image)).collect()).collect();
        pairs = jacobi(small);
        let combined = |vectors: &[Vec<f64>], weights: &[f64]| -> Vec<f64> {
            (0..size)
                .map(|i| weights.iter().zip(vectors).map(|(weight, vector)| weight * vector[i]).sum())
                .collect()
        };
        let next: Vec<Vec<f64>> = pairs.iter().map(|pair| combined(&images, &pair.vector)).collect();
        for pair in &mut pairs {
            pair.vector = combined(&basis, &pair.vector);
        }
        let largest = pairs.first().map_or(0.0, |pair| pair.value.abs());
        let found = pairs.iter().zip(&next).take(count).all(|(pair, image)| {
            let residuals = image.iter().zip(&pair.vector).map(|(image, part)| image - pair.value * part);
            residuals.map(|residual| residual * residual).sum::<f64>().sqrt() <= TOLERANCE * largest
        });
        if found {
            break;
        }
        basis = next;
    }
    pairs.truncate(count);
    pairs
}

/// All eigenpairs of a small symmetric matrix, eigenvalues falling, by cyclic rotations.
fn jacobi(mut matrix: Vec<Vec<f64>>) -> Vec<Eigenpair> {
    const SWEEPS: usize = 30; // it converges quadratically; ten are many
    let size = matrix.len();
    let mut vectors: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
    for _ in 0..SWEEPS {
        for p in 0..size {
            for q in p + 1..size {
                if matrix[p][q] == 0.0 {
                    continue;
                }
                // the rotation that makes element p, q zero
                let ratio = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
                let tangent = 1.0_f64.copysign(ratio) / (ratio.abs() + ratio.hypot(1.0));
                let cos = 1.0 / tangent.hypot(1.0);
                let sin = tangent * cos;
                for row in &mut matrix {
                    (row[p], row[q]) = (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
                }
                for rows in [&mut matrix, &mut vectors] {
                    let (head, tail) = rows.split_at_mut(q);
                    for (a, b) in head[p].iter_mut().zip(&mut tail[0]) {
                        (*a, *b) = (cos * *a - sin * *b, sin * *a + cos * *b);
                    }
                }
            }
        }
    }
    let mut pairs: Vec<Eigenpair> = vectors
        .into_iter()
        .enumerate()
        .map(|(i, vector)| Eigenpair { value: matrix[i][i], vector })
        .collect();
    pairs.sort_by(|a, b| b.value.total_cmp(&a.value));
    pairs
}

/// Makes `vectors` orthonormal (modified Gram–Schmidt, twice); one that depends on those before
/// it is replaced by what is left of a coordinate axis.
fn orthonormalize(vectors: &mut [Vec<f64>]) {
    let size = vectors.first().map_or(0, Vec::len);
    let mut axes = 0..size;
    for index in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(index);
        let vector = &mut rest[0];
        loop {
            let length = dot(vector, vector).sqrt();
            for _ in 0..2 {
                for other in before.iter() {
                    let shared = dot(other, vector);
                    vector.iter_mut().zip(other).for_each(|(value, other)| *value -= shared * other);
                }
            }
            let left = dot(vector, vector).sqrt();
            if left > 1e-12 * length {
                vector.iter_mut().for_each(|value| *value /= left);
                break;
            }
            let Some(axis) = axes.next() else { break };
            vector.iter_mut().enumerate().for_each(|(i, value)| *value = if i == axis { 1.0 } else { 0.0 });
        }
    }
}

fn product(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| dot(row, vector)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ value · vector vectorᵀ over an orthonormal basis made of cosines.
    fn composed(values: &[f64]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let size = values.len();
        let vector = |k: usize| -> Vec<f64> {
            let scale = if k == 0 { 1.0 } else { 2.0 } / size as f64;
            let phase = |i: usize| std::f64::consts::PI * (i as f64 + 0.5) * k as f64 / size as f64;
            (0..size).map(|i| f64::sqrt(scale) * phase(i).cos()).collect()
        };
        let vectors: Vec<Vec<f64>> = (0..size).map(vector).collect();
        let element = |i: usize, j: usize| {
            values.iter().zip(&vectors).map(|(value, vector)| value * vector[i] * vector[j]).sum()
        };
        ((0..size).map(|i| (0..size).map(|j| element(i, j)).collect()).collect(), vectors)
    }

    #[test]
    fn a_matrix_made_of_known_vectors_gives_them_back() {
        for (name, values) in [
            ("one", vec![2.0]),
            ("two", vec![1.0, 3.0]),
            ("rank one of nine", vec![0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            ("twelve falling", (0..12).map(|k| 0.7_f64.powi(k)).collect()),
            ("close ones", vec![1.0, 1.001, 1.002, 0.5, 0.49, 0.48, 0.47, 0.46, 0.45, 0.44, 0.43]),
        ] {
            let (matrix, vectors) = composed(&values);
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
            let pairs = largest_eigenpairs(&matrix, 3);
            assert_eq!(pairs.len(), values.len().min(3), "{name}");
            for (pair, &k) in pairs.iter().zip(&order) {
                assert!((pair.value - values[k]).abs() < 1e-9, "{name}: {} is not {}", pair.value, values[k]);
                let alike = dot(&pair.vector, &vectors[k]).abs();
                assert!(values[k] == 0.0 || (alike - 1.0).abs() < 1e-6, "{name}: {alike}");
                assert!((dot(&pair.vector, &pair.vector) - 1.0).abs() < 1e-9, "{name}");
            }
        }
    }

    #[test]
    fn nothing_but_zeros_has_eigenvalues_zero() {
        assert!(largest_eigenpairs(&[], 3).is_empty());
        let values: Vec<f64> =
            largest_eigenpairs(&vec![vec![0.0; 4]; 4], 3).iter().map(|pair| pair.value).collect();
        assert_eq!(values, [0.0; 3]);
    }
}
