//! Contrast: whether a plane shows anything but one grey level and the noise of its last digit.
//!
//! Stretching or measuring such a plane would give pictures and numbers of rounding. What counts is the step
//! between neighbouring grey levels, whatever the depth: 1 for whole numbers, 257 for 8 bits stored in 16,
//! 1/255 for levels brought to 0 to 1. Knows no files and no data bars.

use std::collections::BTreeSet;
use std::fmt;

use crate::Plane;

/// Most grey levels of noise of the last digit: a standard deviation of one step leaves nine among 10⁸ pixels,
/// and some for deviations up to [`MOST_STEPS`].
const MOST_LEVELS: usize = 24;
/// Largest standard deviation of the noise of the last digit, in steps.
const MOST_STEPS: f64 = 1.5;
/// Largest step, as a share of the largest value, unless it is 1: black and white at random are no flat grey.
const COARSEST: f32 = 1.0 / 16.0;
/// Standard errors of a correlation from which on neighbouring pixels resemble each other.
const RESEMBLES: f64 = 5.0;
/// Neighbours whose resemblance shows a pattern, `(rows, columns)` away.
const NEIGHBOURS: [(usize, isize); 6] = [(0, 1), (0, 2), (1, 0), (2, 0), (1, 1), (1, -1)];

/// What a plane without contrast shows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Flat {
    /// Every pixel has this value.
    Constant(f32),
    /// Neighbouring grey levels from the first to the second, without any pattern.
    LastDigit(f32, f32),
}

impl Flat {
    /// What `plane` shows if it has no contrast; `None` if it has some, if it is empty, or if a value is not finite.
    ///
    /// # Examples
    /// ```
    /// use micrograph::Plane;
    /// use micrograph::contrast::Flat;
    ///
    /// assert_eq!(Flat::of(&Plane::filled(20, 30, 12345.0)), Some(Flat::Constant(12345.0)));
    /// let lines = Plane::from_fn(20, 30, |_, x| if x % 6 < 3 { 12.0 } else { 13.0 });
    /// assert_eq!(Flat::of(&lines), None, "faint, but a pattern");
    /// ```
    pub fn of(plane: &Plane) -> Option<Self> {
        let mut levels = BTreeSet::new();
        let mut last = None;
        for &value in plane.values() {
            // neighbours often have the same value
            if last.replace(value) == Some(value) {
                continue;
            }
            // 0 and −0 are one level; keys are in the order of the numbers
            levels.insert(Level(value + 0.0));
            if !value.is_finite() || levels.len() > MOST_LEVELS {
                return None;
            }
        }
        let (low, high) = (levels.first()?.0, levels.last()?.0);
        if levels.len() == 1 {
            return Some(Self::Constant(low));
        }
        let sorted: Vec<f32> = levels.iter().map(|level| level.0).collect();
        let step = sorted.windows(2).map(|two| two[1] - two[0]).fold(f32::INFINITY, f32::min);
        let largest = low.abs().max(high.abs());
        let fine = step <= 1.0 && low.fract() == 0.0 && high.fract() == 0.0 || step <= COARSEST * largest;
        let within = plane.variance().sqrt() <= MOST_STEPS * f64::from(step);
        (fine && within && !has_pattern(plane)).then_some(Self::LastDigit(low, high))
    }
}

impl fmt::Display for Flat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => write!(formatter, "every pixel is {value}"),
            Self::LastDigit(low, high) => {
                write!(formatter, "it holds only noise of the last digit, from {low} to {high}")
            }
        }
    }
}

/// A finite grey level, in order.
#[derive(Clone, Copy, Debug)]
struct Level(f32);

impl Ord for Level {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Level {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Level {}

/// Whether pixels resemble their neighbours more, or less, than independent ones do.
fn has_pattern(plane: &Plane) -> bool {
    let (mean, variance) = (plane.mean(), plane.variance());
    let (height, width) = (plane.height(), plane.width());
    NEIGHBOURS.into_iter().any(|(down, right)| {
        if height <= down || width <= right.unsigned_abs() {
            return false;
        }
        let (left, moved) = if right < 0 { (right.unsigned_abs(), 0) } else { (0, right.unsigned_abs()) };
        let length = width - right.unsigned_abs();
        let product: f64 = (0..height - down)
            .map(|y| {
                let here = &plane.row(y)[left..left + length];
                let other = &plane.row(y + down)[moved..moved + length];
                let pairs = here.iter().zip(other);
                pairs.map(|(&a, &b)| (f64::from(a) - mean) * (f64::from(b) - mean)).sum::<f64>()
            })
            .sum();
        let n = ((height - down) * length) as f64;
        (product / n / variance).abs() > RESEMBLES / n.sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn constant_planes_of_any_depth_are_flat_with_and_without_noise_of_the_last_digit() {
        for (level, step) in [
            (0.0, 1.0),
            (128.0, 1.0),
            (255.0, 1.0),
            (12345.0, 1.0),
            (128.0 * 257.0, 257.0),
            (0.5, 1.0 / 255.0),
            (1e6, 1.0),
            (4e9, 256.0),
            (-3.0, 1.0),
        ] {
            assert_eq!(Flat::of(&Plane::filled(90, 70, level)), Some(Flat::Constant(level)));
            for deviation in [0.2, 0.5, 1.0] {
                let mut stream = Stream::new(1, "test", 0);
                let noisy = Plane::from_fn(90, 70, |_, _| {
                    level + step * (deviation * stream.normal()).round() as f32
                });
                let found = Flat::of(&noisy);
                assert!(matches!(found, Some(Flat::LastDigit(..))), "{level} {step} {deviation}: {found:?}");
            }
        }
    }

    #[test]
    fn faint_patterns_and_strong_noise_are_not_flat() {
        let mut stream = Stream::new(2, "test", 0);
        let mut noise = || stream.normal() as f32;
        let cases = [
            ("noise of 4 levels", Plane::from_fn(90, 70, |_, _| (100.0 + 4.0 * noise()).round())),
            ("black and white noise", Plane::from_fn(90, 70, |_, _| if noise() > 0.0 { 255.0 } else { 0.0 })),
            ("noise of floats", Plane::from_fn(90, 70, |_, _| 0.5 + 1e-3 * noise())),
            ("a mask", Plane::from_fn(90, 70, |y, x| f32::from(u8::from((y / 9 + x / 9) % 2 == 0)))),
            // a square wave of period 4: next neighbours do not resemble each other, those after do
            ("fine lines", Plane::from_fn(90, 70, |_, x| 100.0 + f32::from(u8::from(x % 4 < 2)))),
            (
                "lines in noise",
                Plane::from_fn(200, 200, |_, x| {
                    (100.0 + noise() + 0.7 * (std::f32::consts::TAU * x as f32 / 12.0).sin()).round()
                }),
            ),
            ("a ramp", Plane::from_fn(90, 70, |y, x| ((y + x) / 20) as f32)),
            (
                "a bright spot",
                Plane::from_fn(90, 70, |y, x| if y / 4 == 9 && x / 4 == 5 { 40.0 } else { 9.0 }),
            ),
            ("not a number", Plane::filled(9, 9, f32::NAN)),
            ("nothing", Plane::filled(0, 0, 0.0)),
        ];
        for (name, plane) in cases {
            assert_eq!(Flat::of(&plane), None, "{name}");
        }
    }
}
