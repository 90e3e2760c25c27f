//! Straight: a straight line through points, and what it leaves.

/// A straight line through points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Straight {
    pub(super) slope: f64,
    /// Value at 0.
    pub(super) at_zero: f64,
    /// Sum of squares that it leaves.
    pub(super) left: f64,
    /// Sum of squares of x about its mean.
    pub(super) spread: f64,
}

impl Straight {
    /// `None` if all `points` `(x, y)` are at one x.
    pub(super) fn through(points: &[(f64, f64)]) -> Option<Self> {
        let n = points.len() as f64;
        let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
        let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
        if points.len() < 2 || spread <= 0.0 {
            return None;
        }
        let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
        let left = points.iter().map(|point| (point.1 - y - slope * (point.0 - x)).powi(2)).sum();
        Some(Self { slope, at_zero: y - slope * x, left, spread })
    }

    /// Standard deviation of points about it, at least `least`, of `n` points.
    pub(super) fn sigma(&self, n: usize, least: f64) -> f64 {
        (self.left / (n as f64 - 2.0).max(1.0)).sqrt().max(least)
    }
}
