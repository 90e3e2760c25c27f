//! Levels: numbers that may have more digits than an `f32` → `f32` that keeps their contrast.
//!
//! An `f32` holds whole numbers up to 2²⁴ (16 777 216). Counts of 4 000 000 000 that differ by less than 128
//! become equal in it. Pixels are read with an offset of 0 first. If that loses the contrast, they
//! are read again and an offset is subtracted, which the caller reports.

use crate::Plane;

/// Steps between the darkest and the brightest of 98 % of the pixels that are enough: more than an 8-bit
/// image has, by so much that rounding does not matter.
const ENOUGH_STEPS: f64 = 4096.0;
/// Most pixels that are looked at to find the offset.
const MOST_PROBES: usize = 1 << 18;

/// Levels whose largest is below this have lost digits: the smallest `f32` with all its digits, times 2²⁴.
const LEAST_LEVEL: f32 = f32::MIN_POSITIVE * 16_777_216.0;
const VANISHED: &str = "the levels are too close to zero for a 32-bit float and lose digits: multiply them, e.g. by \
                        1e30, and save the file again";

/// Converts numbers to `f32`, and notes whether that changes them.
#[derive(Clone, Debug, Default)]
pub(super) struct Levels {
    /// Subtracted from each number; a value that an `f32` holds.
    offset: f32,
    rounded: bool,
    /// Whether a number was too near to zero.
    vanished: bool,
}

impl Levels {
    /// The level of a whole number of up to 33 bits.
    pub(super) fn whole(&mut self, number: i64) -> f32 {
        let number = number - self.offset as i64;
        let level = number as f32;
        self.rounded |= level as i64 != number;
        level
    }

    /// The level of a whole number of up to 65 bits.
    pub(super) fn long(&mut self, number: i128) -> f32 {
        let number = number - self.offset as i128;
        let level = number as f32;
        self.rounded |= level as i128 != number;
        level
    }

    /// The level of a float.
    pub(super) fn float(&mut self, number: f64) -> f32 {
        let number = number - f64::from(self.offset);
        let level = number as f32;
        self.rounded |= f64::from(level) != number;
        self.vanished |= number != 0.0 && level.abs() < f32::MIN_POSITIVE;
        level
    }

    /// Levels with the offset that keeps the contrast of `plane`, which was read without one; `None` where
    /// the contrast is kept already.
    pub(super) fn with_offset(&self, plane: &Plane) -> Option<Self> {
        if !self.rounded {
            return None;
        }
        let step = plane.values().len().div_ceil(MOST_PROBES).max(1);
        let probes: Vec<f32> =
            plane.values().iter().copied().step_by(step).filter(|value| value.is_finite()).collect();
        let [low, middle, high] = Plane::new(1, probes.len(), probes).quantiles(&[0.01, 0.5, 0.99])[..]
        else {
            return None;
        };
        // distance between neighboring values
        let spacing = f64::from(middle.abs().next_up()) - f64::from(middle.abs());
        let kept = f64::from(high) - f64::from(low) > ENOUGH_STEPS * spacing;
        // a whole number, so that whole numbers stay so
        (!kept && middle != 0.0).then_some(Self { offset: middle, ..Self::default() })
    }

    /// The warning that the offset was subtracted.
    pub(super) fn warning(&self) -> String {
        format!(
            "the levels have more digits than a 32-bit float holds: {} was subtracted from every level to keep \
             their contrast",
            self.offset
        )
    }
}

/// Reads a plane with `read`, and once more with an offset where the contrast would be lost; the plane
/// and the warning that says so.
pub(super) fn plane<E>(
    mut read: impl FnMut(&mut Levels) -> Result<Plane, E>,
) -> Result<(Plane, Option<String>), E> {
    let mut levels = Levels::default();
    let plane = read(&mut levels)?;
    if levels.vanished
        && let Some((low, high)) = plane.range()
        && high.max(-low) < LEAST_LEVEL
    {
        return Ok((plane, Some(VANISHED.to_owned())));
    }
    let Some(mut levels) = levels.with_offset(&plane) else { return Ok((plane, None)) };
    drop(plane);
    let plane = read(&mut levels)?;
    match plane.range() {
        // there is no contrast to keep
        Some((low, high)) if low == high => {
            let level = (f64::from(levels.offset) + f64::from(low)) as f32;
            Ok((Plane::filled(plane.height(), plane.width(), level), None))
        }
        _ => Ok((plane, Some(levels.warning()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_used_only_where_the_contrast_would_be_lost() {
        let image = |change: &dyn Fn(i64) -> i128| -> (Vec<f32>, bool) {
            let numbers: Vec<i128> = (0..200).map(change).collect();
            let (plane, warning) = plane(|levels| {
                let values = numbers.iter().map(|&number| levels.long(number)).collect();
                Ok::<_, ()>(Plane::new(1, 200, values))
            })
            .unwrap();
            (plane.into_values(), warning.is_some())
        };
        let kept = |values: &[f32], expected: &dyn Fn(i64) -> f64| {
            let zero = f64::from(values[0]) - expected(0);
            values.iter().zip(0..).all(|(value, idx)| (f64::from(*value) - expected(idx) - zero).abs() < 0.5)
        };
        // small counts, and large ones whose range is large too, stay as they are
        assert_eq!(image(&|idx| i128::from(idx)), ((0u8..200).map(f32::from).collect(), false));
        assert!(!image(&|idx| i128::from(idx) * 20_000_001).1);
        // large offsets, of either sign, up to the ends of 64 bits
        for offset in
            [4_000_000_000, -2_000_000_000, 1 << 40, i128::from(u64::MAX) - 300, i128::from(i64::MIN)]
        {
            let (values, warned) = image(&|idx| offset + i128::from(idx));
            assert!(warned && kept(&values, &|idx| idx as f64), "{offset}: {values:?}");
        }
        // one far outlier does not hide the rest
        let (values, warned) = image(&|idx| if idx == 7 { 0 } else { 4_000_000_000 + i128::from(idx) });
        assert!(warned && values[8] - values[6] == 2.0, "{values:?}");
    }

    #[test]
    fn floats_keep_their_levels_where_those_are_precise_enough() {
        let image = |offset: f64, step: f64| {
            plane(|levels| {
                let values = (0..200).map(|idx| levels.float(offset + step * f64::from(idx))).collect();
                Ok::<_, ()>(Plane::new(1, 200, values))
            })
            .unwrap()
        };
        assert_eq!(image(0.1, 0.1).1, None);
        let (plane, warning) = image(1.0e9, 0.125);
        assert!(warning.is_some());
        assert_eq!(plane.at(0, 199) - plane.at(0, 0), 199.0 * 0.125);
        // without any contrast, the level itself is kept
        let (plane, warning) = image(0.1, 0.0);
        assert_eq!((plane.range(), warning), (Some((0.1, 0.1)), None));
        assert_eq!(image(0.0, 1e-60).1.as_deref(), Some(VANISHED));
    }
}
