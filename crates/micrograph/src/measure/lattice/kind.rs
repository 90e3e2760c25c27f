//! Kind: which lattice two vectors make, by Schwarz's criterion.
//!
//! A kind with fewer free numbers is taken unless the vectors differ from it by more than their
//! uncertainty explains. Scans leave distortions that no uncertainty of sites holds, so lengths count
//! as known to no better than [`SCAN`].

use serde::{Deserialize, Serialize};

use crate::measure::solve::Normal;

/// What the scan of an SEM distorts lengths by, relative: a part of a percent is customary.
const SCAN: f64 = 0.002;

/// Kinds of lattices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatticeKind {
    /// Equal vectors at 90°.
    Square,
    /// Equal vectors at 60°, or at 120°, which is the same.
    Hexagonal,
    /// Unequal vectors at 90°.
    Rectangular,
    /// Anything else.
    Oblique,
}

/// How well a kind does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weighing {
    /// The kind.
    pub kind: LatticeKind,
    /// Schwarz's criterion: misfit plus a price for each free number; the lowest is taken.
    pub bic: f64,
}

/// Every kind for the vectors `(ax, ay, bx, by)` with this covariance from `n` numbers, the best first.
pub(super) fn weighed(vectors: [f64; 4], covariance: &[f64], n: usize) -> Vec<Weighing> {
    let [ax, ay, bx, by] = vectors;
    let floor = SCAN * SCAN * (ax * ax + ay * ay + bx * bx + by * by) / 2.0;
    // whitened by the inverse covariance, itself from normal equations
    let Some(precision) = inverse(covariance, floor) else {
        return vec![Weighing { kind: LatticeKind::Oblique, bic: 0.0 }];
    };
    // distance of the vectors from `b = ratio · a turned by degrees`, for the best `a`
    let misfit = |ratio: f64, degrees: f64| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let columns = [[1.0, 0.0, ratio * cos, ratio * sin], [0.0, 1.0, -ratio * sin, ratio * cos]];
        let product = |left: &[f64; 4], right: &[f64; 4]| -> f64 {
            (0..16).map(|at| left[at / 4] * precision[at] * right[at % 4]).sum()
        };
        let [first, second] = &columns;
        let (aa, ab, bb) = (product(first, first), product(first, second), product(second, second));
        let (va, vb) = (product(first, &vectors), product(second, &vectors));
        let determinant = aa * bb - ab * ab;
        let (x, y) = ((bb * va - ab * vb) / determinant, (aa * vb - ab * va) / determinant);
        let left: [f64; 4] = [0, 1, 2, 3].map(|i| vectors[i] - x * first[i] - y * second[i]);
        product(&left, &left)
    };
    let sense = if ax * by - ay * bx < 0.0 { -1.0 } else { 1.0 };
    let ratio = bx.hypot(by) / ax.hypot(ay);
    // a parabola in the ratio but for little: ternary search closes in on its foot
    let (mut low, mut high) = (0.9 * ratio, 1.1 * ratio);
    for _ in 0..60 {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if misfit(left, sense * 90.0) < misfit(right, sense * 90.0) { high = right } else { low = left }
    }
    let price = (n as f64).ln();
    let mut all = [
        (LatticeKind::Square, misfit(1.0, sense * 90.0), 2.0),
        (LatticeKind::Hexagonal, misfit(1.0, sense * 60.0).min(misfit(1.0, sense * 120.0)), 2.0),
        (LatticeKind::Rectangular, misfit((low + high) / 2.0, sense * 90.0), 3.0),
        (LatticeKind::Oblique, 0.0, 4.0),
    ]
    .map(|(kind, misfit, free)| Weighing { kind, bic: misfit + free * price });
    all.sort_by(|a, b| a.bic.total_cmp(&b.bic));
    all.to_vec()
}

fn inverse(covariance: &[f64], floor: f64) -> Option<Vec<f64>> {
    let mut normal = Normal::new(4);
    for i in 0..4 {
        for j in 0..4 {
            // x xᵀ of pairs of unit vectors gives any symmetric matrix
            let mut row = [0.0; 4];
            row[i] += 1.0;
            row[j] += 1.0;
            let off_diagonal = covariance[i * 4 + j];
            if i < j {
                normal.add(&row, 0.0, off_diagonal);
            }
        }
        let others: f64 = (0..4).filter(|&j| j != i).map(|j| covariance[i * 4 + j]).sum();
        let mut row = [0.0; 4];
        row[i] = 1.0;
        normal.add(&row, 0.0, covariance[i * 4 + i] + floor - others);
    }
    normal.inverse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_the_simplest_that_the_vectors_allow() {
        let covariance: Vec<f64> = (0..16).map(|at| if at % 5 == 0 { 1e-4 } else { 2e-5 }).collect();
        for (expected, angle, ratio) in [
            (LatticeKind::Square, 90.0, 1.0),
            (LatticeKind::Square, 90.1, 1.001),
            (LatticeKind::Hexagonal, 60.0, 1.0),
            (LatticeKind::Hexagonal, -60.0, 1.0),
            (LatticeKind::Hexagonal, 120.0, 1.0),
            (LatticeKind::Rectangular, 90.0, 1.3),
            (LatticeKind::Rectangular, -90.0, 1.05),
            (LatticeKind::Oblique, 75.0, 1.0),
            (LatticeKind::Oblique, 90.0 - 5.0, 1.4),
        ] {
            let (a, b) = (17.0_f64, 17.0 + angle);
            let (a, b) = (a.to_radians(), f64::to_radians(b));
            let vectors = [30.0 * a.cos(), 30.0 * a.sin(), 30.0 * ratio * b.cos(), 30.0 * ratio * b.sin()];
            let found = weighed(vectors, &covariance, 200);
            assert_eq!(found[0].kind, expected, "{angle} {ratio}: {found:?}");
        }
    }
}
