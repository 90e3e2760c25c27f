//! Solve: least squares by normal equations, summed up row by row.

use nalgebra::{Cholesky, DMatrix};

/// Least pivot of a solvable system, where the diagonal is 1.
const LEAST_PIVOT: f64 = 1e-12;

/// The normal equations of a linear least-squares problem.
#[derive(Clone, Debug)]
pub(super) struct Normal {
    n: usize,
    /// Upper half of `JᵀJ`, row after row of `n`.
    matrix: Vec<f64>,
    /// `Jᵀr`.
    pub(super) right: Vec<f64>,
    /// `rᵀr`.
    pub(super) squares: f64,
    /// Sum of the weights.
    pub(super) weight: f64,
}

impl Normal {
    pub(super) fn new(n: usize) -> Self {
        Self { n, matrix: vec![0.0; n * n], right: vec![0.0; n], squares: 0.0, weight: 0.0 }
    }

    /// Adds one equation, `row · parameters = value`.
    pub(super) fn add(&mut self, row: &[f64], value: f64, weight: f64) {
        for (i, &left) in row.iter().enumerate() {
            let scaled = left * weight;
            self.right[i] += scaled * value;
            let sums = &mut self.matrix[i * self.n + i..(i + 1) * self.n];
            for (sum, &right) in sums.iter_mut().zip(&row[i..]) {
                *sum += scaled * right;
            }
        }
        self.squares += weight * value * value;
        self.weight += weight;
    }

    /// Adds the equations of a run of pixels, each with weight 1: `columns` holds for each parameter
    /// its factor in each of the `values.len()` equations.
    pub(super) fn add_run(&mut self, columns: &[f64], values: &[f64]) {
        let length = values.len();
        for (i, left) in columns.chunks(length).enumerate() {
            self.right[i] += dot(left, values);
            for (j, right) in columns.chunks(length).enumerate().skip(i) {
                self.matrix[i * self.n + j] += dot(left, right);
            }
        }
        self.squares += dot(values, values);
        self.weight += length as f64;
    }

    /// Adds all equations of `other`.
    pub(super) fn join(&mut self, other: &Self) {
        self.matrix.iter_mut().zip(&other.matrix).for_each(|(sum, term)| *sum += term);
        self.right.iter_mut().zip(&other.right).for_each(|(sum, term)| *sum += term);
        self.squares += other.squares;
        self.weight += other.weight;
    }

    /// These equations without those of `part`.
    pub(super) fn without(&self, part: &Self) -> Self {
        let mut rest = self.clone();
        rest.matrix.iter_mut().zip(&part.matrix).for_each(|(sum, term)| *sum -= term);
        rest.right.iter_mut().zip(&part.right).for_each(|(sum, term)| *sum -= term);
        rest.squares -= part.squares;
        rest.weight -= part.weight;
        rest
    }

    /// The parameters; `None` if the equations do not determine them.
    pub(super) fn solution(&self) -> Option<Vec<f64>> {
        Some(times(&self.inverse()?, &self.right))
    }

    /// The inverse of `JᵀJ`, `[n, n]`; `None` if it is singular.
    pub(super) fn inverse(&self) -> Option<Vec<f64>> {
        let n = self.n;
        // scaled to ones on the diagonal, so that units do not matter
        let scale: Vec<f64> = (0..n).map(|i| self.matrix[i * n + i].sqrt()).collect();
        if scale.iter().any(|scale| !(scale.is_finite() && *scale > 0.0)) {
            return None;
        }
        let scaled =
            DMatrix::from_fn(n, n, |i, j| self.matrix[i.min(j) * n + i.max(j)] / (scale[i] * scale[j]));
        let factor = Cholesky::new(scaled)?;
        // a pivot this small is rounding: the equations do not determine some direction
        if factor.l_dirty().diagonal().iter().any(|pivot| pivot * pivot <= LEAST_PIVOT) {
            return None;
        }
        let inverse = factor.inverse();
        Some((0..n * n).map(|at| inverse[(at / n, at % n)] / (scale[at / n] * scale[at % n])).collect())
    }
}

/// Sum of products, in eight independent partial sums.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut parts = [0.0; 8];
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    for (left, right) in left.iter().zip(right) {
        for (part, (left, right)) in parts.iter_mut().zip(left.iter().zip(right)) {
            *part += left * right;
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    parts.iter().sum::<f64>() + rest
}

/// The square `matrix` times `vector`.
fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks(vector.len()).map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_through_its_own_points_is_found_whatever_the_units() {
        let mut normal = Normal::new(3);
        for (x, y) in [(0.0, 0.0), (1e6, 0.0), (0.0, 1e-6), (2e6, 3e-6), (-1e6, 2e-6)] {
            normal.add(&[1.0, x, y], 4.0 - 2e-6 * x + 3e6 * y, 0.5);
        }
        let found = normal.solution().unwrap();
        for (found, expected) in found.iter().zip([4.0, -2e-6, 3e6]) {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found}");
        }
        let (mut one_by_one, mut run) = (Normal::new(2), Normal::new(2));
        let values: Vec<f64> = (0..13).map(|i| f64::from(i * i)).collect();
        (0..13).for_each(|i| one_by_one.add(&[1.0, f64::from(i)], values[i as usize], 1.0));
        let columns: Vec<f64> = [1.0; 13].into_iter().chain((0..13).map(f64::from)).collect();
        run.add_run(&columns, &values);
        assert_eq!(run.solution(), one_by_one.solution());
        let mut degenerate = Normal::new(2);
        degenerate.add(&[1.0, 2.0], 3.0, 1.0);
        assert!(degenerate.solution().is_none());
    }
}
