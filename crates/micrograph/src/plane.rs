//! Plane: one channel of `f32` with height and width; the currency between crates.
//!
//! Row-major, `[H, W]`, indices `y, x` in this order. A plane knows nothing of nanometres, of
//! where it came from, or of what its values mean.

use serde::{Deserialize, Serialize};

/// A rectangle of pixels: rows `y .. y + height`, columns `x .. x + width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rect {
    /// First row.
    pub y: usize,
    /// First column.
    pub x: usize,
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
}

/// One channel of values, `[H, W]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    height: usize,
    width: usize,
    values: Vec<f32>,
}

impl Plane {
    /// A plane of `height × width` from its values in rows.
    ///
    /// # Panics
    /// If `values` does not hold `height · width` numbers: the caller's shapes are wrong.
    pub fn new(height: usize, width: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), height * width, "a plane holds height × width values");
        Self { height, width, values }
    }

    /// A plane in which every pixel is `value`.
    pub fn filled(height: usize, width: usize, value: f32) -> Self {
        Self::new(height, width, vec![value; height * width])
    }

    /// A plane whose pixel at `(y, x)` is `value(y, x)`.
    pub fn from_fn(height: usize, width: usize, mut value: impl FnMut(usize, usize) -> f32) -> Self {
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            values.extend((0..width).map(|x| value(y, x)));
        }
        Self::new(height, width, values)
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, row after row, to be changed in place.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The values, row after row, without the plane around them.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// The value at row `y`, column `x`.
    pub fn at(&self, y: usize, x: usize) -> f32 {
        self.values[y * self.width + x]
    }

    /// Row `y`.
    pub fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.width..(y + 1) * self.width]
    }

    /// A copy of the pixels inside `rect`.
    ///
    /// # Panics
    /// If `rect` reaches outside.
    pub fn crop(&self, rect: Rect) -> Self {
        assert!(
            rect.y + rect.height <= self.height && rect.x + rect.width <= self.width,
            "a crop lies inside its plane"
        );
        let mut values = Vec::with_capacity(rect.height * rect.width);
        for y in rect.y..rect.y + rect.height {
            values.extend_from_slice(&self.row(y)[rect.x..rect.x + rect.width]);
        }
        Self::new(rect.height, rect.width, values)
    }

    /// A plane of the same shape with `change` applied to each value.
    pub fn map(&self, change: impl Fn(f32) -> f32) -> Self {
        Self::new(self.height, self.width, self.values.iter().map(|&value| change(value)).collect())
    }

    /// Mean of the values, summed in `f64`; 0 for an empty plane.
    pub fn mean(&self) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        self.values.iter().map(|&value| f64::from(value)).sum::<f64>() / self.values.len() as f64
    }

    /// Variance of the values about their mean, summed in `f64`; 0 for an empty plane.
    pub fn variance(&self) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        let mean = self.mean();
        self.values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>()
            / self.values.len() as f64
    }

    /// Smallest and largest value that is a number; `None` where there is none.
    pub fn range(&self) -> Option<(f32, f32)> {
        self.values.iter().filter(|value| !value.is_nan()).fold(None, |range, &value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((low.min(value), high.max(value))),
        })
    }

    /// The values below which `shares` of the numbers lie, each share in `[0, 1]`, by linear
    /// interpolation between ranks; NaN is left out. Empty where there is no number.
    pub fn quantiles(&self, shares: &[f64]) -> Vec<f32> {
        let mut values: Vec<f32> = self.values.iter().copied().filter(|value| !value.is_nan()).collect();
        if values.is_empty() {
            return Vec::new();
        }
        let last = values.len() - 1;
        shares
            .iter()
            .map(|share| {
                let rank = share.clamp(0.0, 1.0) * last as f64;
                let place = rank.floor() as usize;
                let (_, &mut below, rest) = values.select_nth_unstable_by(place, f32::total_cmp);
                let above = rest.iter().copied().min_by(f32::total_cmp).unwrap_or(below);
                below + (above - below) * (rank - place as f64) as f32
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_keeps_rows_and_columns_apart() {
        let plane = Plane::from_fn(3, 5, |y, x| (10 * y + x) as f32);
        let crop = plane.crop(Rect { y: 1, x: 2, height: 2, width: 3 });
        assert_eq!(crop.values(), [12.0, 13.0, 14.0, 22.0, 23.0, 24.0]);
        assert_eq!((crop.height(), crop.width()), (2, 3));
    }

    #[test]
    fn quantiles_interpolate_between_ranks_and_pass_over_nan() {
        let plane = Plane::new(1, 6, vec![4.0, f32::NAN, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(plane.quantiles(&[0.0, 0.5, 0.625, 1.0]), [0.0, 2.0, 2.5, 4.0]);
        assert!(Plane::filled(2, 2, f32::NAN).quantiles(&[0.5]).is_empty());
    }
}
