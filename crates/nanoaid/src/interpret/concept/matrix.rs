//! Matrix: rows of numbers and their products, on all cores, with the same bits for any number of threads.

use nalgebra::{DMatrix, DMatrixView};
use rayon::prelude::*;

/// Rows that one thread multiplies at a time; sums over rows are made in parts of as many.
const ROWS: usize = 1024;

/// Rows of `n_columns` numbers, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Matrix {
    pub n_columns: usize,
    pub values: Vec<f32>,
}

impl Matrix {
    /// # Panics
    /// If the last row is not full.
    pub(super) fn new(n_columns: usize, values: Vec<f32>) -> Self {
        assert!(values.len().is_multiple_of(n_columns.max(1)), "full rows");
        Self { n_columns, values }
    }

    pub(super) fn zeros(n_rows: usize, n_columns: usize) -> Self {
        Self::new(n_columns, vec![0.0; n_rows * n_columns])
    }

    pub(super) fn n_rows(&self) -> usize {
        self.values.len() / self.n_columns.max(1)
    }

    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.n_columns..][..self.n_columns]
    }

    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.values[row * self.n_columns..][..self.n_columns]
    }

    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.n_columns.max(1))
    }

    /// These rows, in this order.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Self::new(self.n_columns, rows.iter().flat_map(|&row| self.row(row).iter().copied()).collect())
    }

    /// The mean of each column.
    pub(super) fn means(&self) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.n_columns];
        for row in self.rows() {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        sums.iter().map(|sum| (sum / self.n_rows().max(1) as f64) as f32).collect()
    }

    /// The rows with `means` taken off.
    pub(super) fn less(&self, means: &[f32]) -> Self {
        let values = self.rows().flat_map(|row| row.iter().zip(means).map(|(value, mean)| value - mean));
        Self::new(self.n_columns, values.collect())
    }

    /// Sum of the squares of all numbers.
    pub(super) fn squares(&self) -> f64 {
        self.rows().map(squares).sum()
    }

    /// Row by row the products with all rows of `other`, `[n_rows, other.n_rows]`.
    pub(super) fn times_rows(&self, other: &Self) -> Self {
        assert_eq!(self.n_columns, other.n_columns, "rows of one length");
        let (n, k) = (self.n_columns, other.n_rows());
        // what is stored row after row is a transposed matrix to nalgebra
        let other = DMatrixView::from_slice(&other.values, n, k).transpose();
        let mut products = Self::zeros(self.n_rows(), k);
        products.values.par_chunks_mut(ROWS * k).zip(self.values.par_chunks(ROWS * n)).for_each(
            |(products, rows)| {
                let found = &other * DMatrixView::from_slice(rows, n, rows.len() / n);
                products.copy_from_slice(found.as_slice());
            },
        );
        products
    }

    /// `selfᵀ · other`, `[n_columns, other.n_columns]`.
    pub(super) fn transposed_times(&self, other: &Self) -> Self {
        assert_eq!(self.n_rows(), other.n_rows(), "as many rows");
        let (k, n) = (self.n_columns, other.n_columns);
        let parts: Vec<DMatrix<f32>> = self
            .values
            .par_chunks(ROWS * k)
            .zip(other.values.par_chunks(ROWS * n))
            .map(|(own, rows)| {
                let own = DMatrixView::from_slice(own, k, own.len() / k).transpose();
                DMatrixView::from_slice(rows, n, rows.len() / n) * own
            })
            .collect();
        let mut sum = vec![0.0_f64; k * n];
        for part in &parts {
            sum.iter_mut().zip(part.as_slice()).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        Self::new(n, sum.into_iter().map(|value| value as f32).collect())
    }

    /// `self · other`, `[n_rows, other.n_columns]`.
    pub(super) fn times(&self, other: &Self) -> Self {
        assert_eq!(self.n_columns, other.n_rows(), "rows as long as there are rows");
        let (k, n) = (self.n_columns, other.n_columns);
        let other = DMatrixView::from_slice(&other.values, n, k);
        let mut products = Self::zeros(self.n_rows(), n);
        products.values.par_chunks_mut(ROWS * n).zip(self.values.par_chunks(ROWS * k)).for_each(
            |(products, rows)| {
                let found = other * DMatrixView::from_slice(rows, k, rows.len() / k);
                products.copy_from_slice(found.as_slice());
            },
        );
        products
    }

    /// Each row at length 1; rows of zeros stay.
    pub(super) fn normalized(mut self) -> Self {
        for row in self.values.chunks_exact_mut(self.n_columns.max(1)) {
            let length = squares(row).sqrt() as f32;
            if length > 0.0 {
                row.iter_mut().for_each(|value| *value /= length);
            }
        }
        self
    }
}

/// Sum of the squares.
pub(super) fn squares(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum()
}

/// Sum of the products.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_definition() {
        // more rows than one thread has at a time
        let of = |n_rows: usize, n_columns: usize, step: usize| {
            let values = (0..n_rows * n_columns).map(|at| ((at * step) % 7) as f32 - 3.0);
            Matrix::new(n_columns, values.collect())
        };
        let (a, b, c) = (of(ROWS + 5, 3, 5), of(4, 3, 3), of(ROWS + 5, 2, 11));
        let rows = a.times_rows(&b);
        let again = a.times(&b.transposed());
        for row in [0, 17, ROWS, ROWS + 4] {
            for other in 0..4 {
                let expected = dot(a.row(row), b.row(other));
                assert_eq!(f64::from(rows.row(row)[other]), expected);
                assert_eq!(f64::from(again.row(row)[other]), expected);
            }
        }
        let sums = a.transposed_times(&c);
        for i in 0..3 {
            for j in 0..2 {
                let expected: f64 = (0..a.n_rows()).map(|row| f64::from(a.row(row)[i] * c.row(row)[j])).sum();
                assert_eq!(f64::from(sums.row(i)[j]), expected);
            }
        }
    }

    impl Matrix {
        fn transposed(&self) -> Self {
            let n_rows = self.n_rows();
            let columns = (0..self.n_columns).flat_map(|column| self.rows().map(move |row| row[column]));
            Self::new(n_rows, columns.collect())
        }
    }
}
