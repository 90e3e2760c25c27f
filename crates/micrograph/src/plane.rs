//! Plane: one channel of `f32` with height and width; the currency between crates.
//!
//! Row-major, `[H, W]`, indices `y, x` in this order. A plane does not know nanometres, its
//! source, or the meaning of its values. Copies share their values until one of them is changed.

use std::fmt;
use std::sync::Arc;

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

impl Rect {
    /// Whether it holds at least one pixel, and lies inside an image of this height and width.
    pub fn is_within(&self, height: usize, width: usize) -> bool {
        let inside = |first: usize, n: usize, length: usize| n > 0 && first.saturating_add(n) <= length;
        inside(self.y, self.height, height) && inside(self.x, self.width, width)
    }
}

/// One channel of values, `[H, W]`, row-major.
///
/// A clone, and a [`crop`](Plane::crop) of whole rows, hold the same memory until their values are changed.
#[derive(Clone)]
pub struct Plane {
    height: usize,
    width: usize,
    /// Where its values begin among the shared ones.
    first: usize,
    shared: Arc<Vec<f32>>,
}

impl fmt::Debug for Plane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { height, width, .. } = self;
        let values = self.values();
        formatter
            .debug_struct("Plane")
            .field("height", height)
            .field("width", width)
            .field("values", &values)
            .finish()
    }
}

impl PartialEq for Plane {
    fn eq(&self, other: &Self) -> bool {
        (self.height, self.width, self.values()) == (other.height, other.width, other.values())
    }
}

impl Plane {
    /// A plane of `height × width` from its values in rows.
    ///
    /// # Panics
    /// If `values` does not hold `height · width` numbers: the caller's shapes are wrong.
    pub fn new(height: usize, width: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), height * width, "a plane holds height × width values");
        Self { height, width, first: 0, shared: Arc::new(values) }
    }

    /// A plane in which every pixel is `value`.
    pub fn filled(height: usize, width: usize, value: f32) -> Self {
        Self::new(height, width, vec![value; height * width])
    }

    /// A plane whose pixel at `(y, x)` is `value(y, x)`.
    ///
    /// # Examples
    /// ```
    /// use micrograph::{Plane, Rect};
    ///
    /// let plane = Plane::from_fn(3, 4, |y, x| (10 * y + x) as f32);
    /// assert_eq!(plane.at(2, 1), 21.0);
    /// assert_eq!(plane.crop(Rect { y: 1, x: 2, height: 1, width: 2 }).values(), [12.0, 13.0]);
    /// ```
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
        &self.shared[self.first..self.first + self.height * self.width]
    }

    /// All values, row after row, mutable. If other planes share them, this one gets its own first.
    pub fn values_mut(&mut self) -> &mut [f32] {
        if self.is_part() {
            *self = Self::new(self.height, self.width, self.values().to_vec());
        }
        Arc::make_mut(&mut self.shared).as_mut_slice()
    }

    /// The values, row after row, without the plane around them; a copy if other planes share them.
    pub fn into_values(self) -> Vec<f32> {
        if self.is_part() {
            return self.values().to_vec();
        }
        Arc::unwrap_or_clone(self.shared)
    }

    /// Whether it is some of the rows of a larger plane.
    fn is_part(&self) -> bool {
        self.shared.len() != self.height * self.width
    }

    /// The value at row `y`, column `x`.
    pub fn at(&self, y: usize, x: usize) -> f32 {
        self.shared[self.first + y * self.width + x]
    }

    /// Row `y`.
    pub fn row(&self, y: usize) -> &[f32] {
        let from = self.first + y * self.width;
        &self.shared[from..from + self.width]
    }

    /// A copy of the pixels inside `rect`; whole rows, if they are most of the plane, share its memory.
    ///
    /// # Panics
    /// If `rect` reaches outside.
    pub fn crop(&self, rect: Rect) -> Self {
        assert!(
            rect.y + rect.height <= self.height && rect.x + rect.width <= self.width,
            "a crop lies inside its plane"
        );
        // fewer rows would keep many more in memory
        if rect.width == self.width && 2 * rect.height >= self.height {
            let first = self.first + rect.y * self.width;
            return Self { height: rect.height, first, ..self.clone() };
        }
        let mut values = Vec::with_capacity(rect.height * rect.width);
        for y in rect.y..rect.y + rect.height {
            values.extend_from_slice(&self.row(y)[rect.x..rect.x + rect.width]);
        }
        Self::new(rect.height, rect.width, values)
    }

    /// A copy of the middle, of at most `height` rows and `width` columns; if an odd
    /// number is left out, the extra row or column is the lower or right one.
    pub fn middle(&self, height: usize, width: usize) -> Self {
        let (height, width) = (self.height.min(height), self.width.min(width));
        let (y, x) = ((self.height - height) / 2, (self.width - width) / 2);
        self.crop(Rect { y, x, height, width })
    }

    /// A plane of the same shape with `change` applied to each value.
    pub fn map(&self, change: impl Fn(f32) -> f32) -> Self {
        Self::new(self.height, self.width, self.values().iter().map(|&value| change(value)).collect())
    }

    /// Mean of the values, summed in `f64`; 0 for an empty plane.
    pub fn mean(&self) -> f64 {
        if self.values().is_empty() {
            return 0.0;
        }
        sum(self.values(), f64::from) / self.values().len() as f64
    }

    /// Variance of the values about their mean, summed in `f64`; 0 for an empty plane.
    pub fn variance(&self) -> f64 {
        if self.values().is_empty() {
            return 0.0;
        }
        let mean = self.mean();
        sum(self.values(), |value| (f64::from(value) - mean).powi(2)) / self.values().len() as f64
    }

    /// Smallest and largest value, without NaN; `None` if all values are NaN.
    pub fn range(&self) -> Option<(f32, f32)> {
        // comparisons with NaN are false
        let widened = |(low, high): (f32, f32), value: f32| {
            (if value < low { value } else { low }, if value > high { value } else { high })
        };
        let mut parts = [(f32::INFINITY, f32::NEG_INFINITY); 8];
        let (eights, rest) = self.values().as_chunks::<8>();
        for eight in eights {
            for (part, &value) in parts.iter_mut().zip(eight) {
                *part = widened(*part, value);
            }
        }
        let joined = |a: (f32, f32), b: &(f32, f32)| (a.0.min(b.0), a.1.max(b.1));
        let of_eights = parts.iter().fold(parts[0], joined);
        let (low, high) = rest.iter().copied().fold(of_eights, widened);
        (low <= high).then_some((low, high))
    }

    /// The values below which `shares` of the numbers lie, each share in `[0, 1]`, by linear
    /// interpolation between ranks; NaN is left out. Empty if all values are NaN.
    pub fn quantiles(&self, shares: &[f64]) -> Vec<f32> {
        // whole numbers are compared faster than floating-point ones
        let mut keys: Vec<i32> =
            self.values().iter().filter(|value| !value.is_nan()).map(|value| key(value.to_bits())).collect();
        if keys.is_empty() {
            return Vec::new();
        }
        let last = keys.len() - 1;
        // the values before it are sorted already, and below all that follow
        let mut settled = 0;
        let number = |key: i32| f32::from_bits(bits(key));
        shares
            .iter()
            .map(|share| {
                let rank = share.clamp(0.0, 1.0) * last as f64;
                let place = rank.floor() as usize;
                let from = if place >= settled { settled } else { 0 };
                let (_, &mut below, rest) = keys[from..].select_nth_unstable(place - from);
                settled = place;
                let above = number(rest.iter().copied().min().unwrap_or(below));
                let below = number(below);
                let part = (rank - place as f64) as f32;
                // exactly on a rank, the next value has no influence, not even an infinity
                if part > 0.0 { below + (above - below) * part } else { below }
            })
            .collect()
    }
}

/// Sum of `term` over `values`, in eight independent partial sums.
fn sum(values: &[f32], term: impl Fn(f32) -> f64) -> f64 {
    let mut parts = [0.0; 8];
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        for (part, &value) in parts.iter_mut().zip(eight) {
            *part += term(value);
        }
    }
    parts.iter().sum::<f64>() + rest.iter().map(|&value| term(value)).sum::<f64>()
}

/// Maps the bits of an `f32` to a number in the order of [`f32::total_cmp`]: the bits of a negative
/// value except its sign are inverted, because they decrease as the value increases.
fn key(bits: u32) -> i32 {
    let bits = bits.cast_signed();
    bits ^ ((bits >> 31) & i32::MAX)
}

/// The inverse of [`key`].
fn bits(key: i32) -> u32 {
    (key ^ ((key >> 31) & i32::MAX)).cast_unsigned()
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
    fn what_shares_memory_changes_alone() {
        let plane = Plane::from_fn(4, 3, |y, x| (10 * y + x) as f32);
        let mut lower = plane.crop(Rect { y: 1, x: 0, height: 3, width: 3 });
        assert_eq!(lower.values().as_ptr(), plane.row(1).as_ptr(), "no copy");
        assert_eq!((lower.at(0, 2), lower.row(2)), (12.0, [30.0, 31.0, 32.0].as_slice()));
        assert_eq!(lower, Plane::from_fn(3, 3, |y, x| (10 * y + x + 10) as f32));
        assert_eq!(lower.clone().into_values(), lower.values());
        lower.values_mut()[0] = -1.0;
        assert_eq!((lower.at(0, 0), lower.values().len(), plane.at(1, 0)), (-1.0, 9, 10.0));
        let mut copy = plane.clone();
        copy.values_mut()[11] = 7.0;
        assert_eq!((copy.at(3, 2), plane.at(3, 2)), (7.0, 32.0));
    }

    #[test]
    fn ranges_sums_and_quantiles_agree_with_their_definitions_at_any_length() {
        for length in 0..40_usize {
            let values: Vec<f32> = (0..length).map(|i| ((7 * i + 3) % 41) as f32 - 20.0).collect();
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            let plane = Plane::new(1, length, values.clone());
            let ends = sorted.first().copied().zip(sorted.last().copied());
            assert_eq!(plane.range(), ends, "{length}");
            let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / length.max(1) as f64;
            assert!((plane.mean() - mean).abs() < 1e-12, "{length}");
            let squares: f64 = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum();
            assert!((plane.variance() - squares / length.max(1) as f64).abs() < 1e-10, "{length}");
            // the order of the shares does not matter
            let shares = [0.3, 0.9, 0.2, 0.2];
            for (share, found) in shares.into_iter().zip(plane.quantiles(&shares)) {
                let rank = share * (length - 1) as f64;
                let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
                let expected = f64::from(below) + rank.fract() * f64::from(above - below);
                assert!((f64::from(found) - expected).abs() < 1e-4, "{length}: {found}");
            }
        }
        let nan = Plane::new(1, 10, [f32::NAN, 3.0].repeat(5));
        assert_eq!(nan.range(), Some((3.0, 3.0)));
        assert_eq!(Plane::filled(3, 4, f32::NAN).range(), None);
        assert_eq!(Plane::filled(3, 4, f32::INFINITY).range(), Some((f32::INFINITY, f32::INFINITY)));
    }

    #[test]
    fn quantiles_interpolate_between_ranks_and_pass_over_nan() {
        let plane = Plane::new(1, 6, vec![4.0, f32::NAN, 0.0, 1.0, 2.0, 3.0]);
        assert_eq!(plane.quantiles(&[0.0, 0.5, 0.625, 1.0]), [0.0, 2.0, 2.5, 4.0]);
        let signed = Plane::new(1, 5, vec![-0.5, f32::INFINITY, 1e-40, -3.0, -1e30]);
        assert_eq!(signed.quantiles(&[1.0, 0.0, 0.25, 0.5, 0.75]), [f32::INFINITY, -1e30, -3.0, -0.5, 1e-40]);
        assert!(Plane::filled(2, 2, f32::NAN).quantiles(&[0.5]).is_empty());
    }
}
