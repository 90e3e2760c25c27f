//! Values of units made ready for correlation: with mean 0 and length 1, as they are and as ranks.

use nalgebra::{DMatrix, DVector};

use crate::interpret::unit_values::UnitValues;

/// The units of a layer over `N` micrographs; each row of a matrix `[U, N]` is a unit.
pub(super) struct Units {
    /// Values less their mean.
    pub(super) centred: DMatrix<f64>,
    /// … divided by their length, so that Pearson's r is a product; 0 for a dead unit.
    pub(super) standard: DMatrix<f64>,
    /// The same of the ranks.
    ranks: DMatrix<f64>,
    /// Whether a unit has one value for all micrographs.
    pub(super) dead: Vec<bool>,
}

impl Units {
    pub(super) fn of(values: &UnitValues<'_>) -> Self {
        let (n_images, n_units) = (values.n_images(), values.n_units());
        let mut units = Self {
            centred: DMatrix::zeros(n_units, n_images),
            standard: DMatrix::zeros(n_units, n_images),
            ranks: DMatrix::zeros(n_units, n_images),
            dead: Vec::new(),
        };
        for unit in 0..n_units {
            let own: Vec<f32> = (0..n_images).map(|image| values.at(image, unit)).collect();
            let dead = own.iter().all(|value| *value == own[0]);
            units.dead.push(dead);
            if dead {
                continue; // rows of 0: rounding of a mean must not make something of nothing
            }
            let centred = centred(own.iter().copied().map(f64::from));
            units.standard.set_row(unit, &centred.normalize().transpose());
            units.centred.set_row(unit, &centred.transpose());
            let ranks = self::centred(mid_ranks(&own).into_iter());
            units.ranks.set_row(unit, &ranks.normalize().transpose());
        }
        units
    }

    /// Spearman's r between `unit` and the unit `candidate` of `other`.
    pub(super) fn rank_correlation(&self, unit: usize, other: &Self, candidate: usize) -> f64 {
        self.ranks.row(unit).dot(&other.ranks.row(candidate)).clamp(-1.0, 1.0)
    }
}

/// All products of a row of `a` with a row of `b`, `[U_a, U_b]`.
pub(super) fn product(a: &DMatrix<f64>, b: &DMatrix<f64>) -> DMatrix<f64> {
    a * b.transpose()
}

fn centred(values: impl ExactSizeIterator<Item = f64>) -> DVector<f64> {
    let values = DVector::from_iterator(values.len(), values);
    let mean = values.mean();
    values.add_scalar(-mean)
}

/// Ranks from 1, equal values at the mean of their ranks.
fn mid_ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut n_below = 0;
    for run in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = n_below as f64 + (run.len() + 1) as f64 / 2.0;
        run.iter().for_each(|&image| ranks[image] = rank);
        n_below += run.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_the_mean_of_their_ranks() {
        // scipy.stats.rankdata
        assert_eq!(mid_ranks(&[2.0, -1.0, 2.0, 5.0, 2.0]), [3.0, 1.0, 3.0, 5.0, 3.0]);
        assert_eq!(mid_ranks(&[0.0, -0.0, 7.0]), [1.5, 1.5, 3.0]);
    }
}
