//! Cells: a grid of squares over a plane, in which attributions are summed, ranked and compared.

use micrograph::Plane;
use micrograph::random::Stream;

/// A grid of squares over planes of one size; those at the right and lower border may be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cells {
    height: usize,
    width: usize,
    /// Side of a square in px.
    pub side: usize,
    columns: usize,
    rows: usize,
}

impl Cells {
    /// As many as fit `per_side` along the shorter side of `height × width`.
    pub(super) fn new((height, width): (usize, usize), per_side: usize) -> Self {
        let side = height.min(width).div_ceil(per_side).max(1);
        Self { height, width, side, columns: width.div_ceil(side), rows: height.div_ceil(side) }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// The cell of a pixel.
    pub(super) fn at(&self, y: usize, x: usize) -> usize {
        y / self.side * self.columns + x / self.side
    }

    /// Pixels of each.
    pub(super) fn areas(&self) -> Vec<f64> {
        self.sums(&Plane::filled(self.height, self.width, 1.0))
    }

    /// Sum of `plane` over each.
    pub(super) fn sums(&self, plane: &Plane) -> Vec<f64> {
        let mut sums = vec![0.0; self.len()];
        for y in 0..self.height {
            for (x, &value) in plane.row(y).iter().enumerate() {
                sums[self.at(y, x)] += f64::from(value);
            }
        }
        sums
    }

    /// Mean of `plane` over each.
    pub(super) fn means(&self, plane: &Plane) -> Vec<f64> {
        self.sums(plane).iter().zip(self.areas()).map(|(sum, area)| sum / area).collect()
    }

    /// The cells from the highest of `values` to the lowest, equal ones in a random order.
    pub(super) fn ranked(&self, values: &[f64], seed: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        Stream::new(seed, "order-of-cells", 0).shuffle(&mut order);
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        order
    }

    /// The first cells of `order` that cover `share` of the plane, as a mask over all.
    pub(super) fn first(&self, order: &[usize], share: f64) -> Vec<bool> {
        let areas = self.areas();
        let enough = share * (self.height * self.width) as f64;
        let mut mask = vec![false; self.len()];
        let mut covered = 0.0;
        for &cell in order {
            // half a cell more or less is as near as it gets
            if covered + areas[cell] / 2.0 > enough {
                break;
            }
            mask[cell] = true;
            covered += areas[cell];
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cover_the_plane_and_are_ranked_by_their_means() {
        let cells = Cells::new((20, 33), 4);
        assert_eq!((cells.side, cells.len()), (5, 4 * 7));
        assert_eq!(cells.areas().iter().sum::<f64>(), 660.0);
        let plane = Plane::from_fn(20, 33, |y, x| if cells.at(y, x) == 9 { 2.0 } else { 0.0 });
        let means = cells.means(&plane);
        assert_eq!(means[9], 2.0);
        let order = cells.ranked(&means, 1);
        assert_eq!(order[0], 9);
        assert_ne!(order[1..5], [0, 1, 2, 3], "equal ones are not in the order of rows");
        let first = cells.first(&order, 0.0);
        assert!(first.iter().all(|removed| !removed));
        assert!(cells.first(&order, 1.0).iter().all(|&removed| removed));
        let half = cells.first(&order, 0.5);
        let covered: f64 = cells.areas().iter().zip(&half).filter(|(_, on)| **on).map(|(area, _)| area).sum();
        assert!((covered - 330.0).abs() <= 25.0, "{covered}");
    }
}
