//! Row statistics: evidence that a row of pixels belongs to a data bar or to the specimen.
//!
//! The lower part of a plane is brought to 256 grey levels of its own range, so that 8-bit, 16-bit
//! and float files are treated equally; each row is then represented by its cumulative histogram.
//! Two numbers result: the share of a row near one grey level (a bar has one background level, a
//! specimen has noise), and the number of strokes that differ from it (letters have many).
//! This module does not know where a bar is.

use std::ops::Range;

use crate::Plane;

/// Pixels sampled for the grey range; almost all of the lower part of a 512 × 512 image.
const RANGE_SAMPLES: usize = 1 << 16;

/// Share of pixels left out at each end of the range: hot and dead pixels. The letters of the
/// smallest bar (3 % of the height, a tenth of it ink) are more than this.
const RANGE_TAIL: f64 = 5e-4;

/// Least distance in levels between ink and background: a quarter of the range. Text is drawn
/// to be read, so it is far from its background even where the image is compressed.
pub(super) const INK: u8 = 64;

/// Rows `first_row ..` of a plane in 256 levels, with a cumulated histogram for each row.
pub(super) struct Rows {
    first_row: usize,
    width: usize,
    levels: Vec<u8>,
    /// For each row 257 counts: entry `l` is the number of pixels below level `l`.
    below: Vec<u32>,
}

impl Rows {
    /// Rows `first_row ..` of `plane`; `None` where they are empty, constant or without numbers.
    pub(super) fn new(plane: &Plane, first_row: usize) -> Option<Self> {
        let width = plane.width();
        let values = plane.values().get(first_row * width..)?;
        let (low, high) = gray_range(values)?;
        let per_gray = 255.0 / (high - low);
        // NaN becomes level 0, as a cast does
        let levels: Vec<u8> =
            values.iter().map(|value| ((value - low) * per_gray + 0.5).clamp(0.0, 255.0) as u8).collect();
        let mut below = Vec::with_capacity(levels.len() / width * 257);
        for row in levels.chunks_exact(width) {
            let mut counts = [0u32; 256];
            for &level in row {
                counts[usize::from(level)] += 1;
            }
            let mut sum = 0;
            below.push(0);
            below.extend(counts.iter().map(|count| {
                sum += count;
                sum
            }));
        }
        Some(Self { first_row, width, levels, below })
    }

    /// The rows that are known, as numbers of the plane's rows.
    pub(super) fn span(&self) -> Range<usize> {
        self.first_row..self.first_row + self.levels.len() / self.width
    }

    /// Share of row `y` within `tolerance` levels of `level`, in `[0, 1]`.
    pub(super) fn share(&self, y: usize, level: u8, tolerance: u8) -> f32 {
        self.share_between(y, level.saturating_sub(tolerance), level.saturating_add(tolerance))
    }

    /// Share of row `y` in the levels `first ..= last`, in `[0, 1]`.
    pub(super) fn share_between(&self, y: usize, first: u8, last: u8) -> f32 {
        let below = self.below_of(y);
        (below[usize::from(last) + 1] - below[usize::from(first)]) as f32 / self.width as f32
    }

    /// The level with the largest share of row `y` within `tolerance`, and that share.
    pub(super) fn commonest(&self, y: usize, tolerance: u8) -> (u8, f32) {
        let below = self.below_of(y);
        let reach = usize::from(tolerance);
        let (mut level, mut most) = (0, 0);
        for middle in 0..256 {
            let count = below[(middle + reach).min(255) + 1] - below[middle.saturating_sub(reach)];
            if count > most {
                (level, most) = (middle, count);
            }
        }
        (level as u8, most as f32 / self.width as f32)
    }

    /// Share of row `y` in its longest unbroken run of levels for which `inside` holds.
    pub(super) fn longest_run(&self, y: usize, inside: impl Fn(u8) -> bool) -> f32 {
        let runs = self.row(y).split(|&level| !inside(level));
        runs.map(<[u8]>::len).max().unwrap_or(0) as f32 / self.width as f32
    }

    /// Number of strokes in `columns` of row `y`: runs of pixels at least [`INK`] levels from
    /// `background`.
    pub(super) fn strokes(&self, y: usize, columns: Range<usize>, background: u8) -> usize {
        let mut inside = false;
        self.row(y)[columns]
            .iter()
            .filter(|level| {
                let ink = level.abs_diff(background) >= INK;
                let begins = ink && !inside;
                inside = ink;
                begins
            })
            .count()
    }

    /// From the first to the last column that lies within `tolerance` of `level` in most of the
    /// rows `ys`.
    pub(super) fn columns(&self, ys: impl Iterator<Item = usize>, level: u8, tolerance: u8) -> Range<usize> {
        let mut counts = vec![0usize; self.width];
        let mut n_rows = 0;
        for y in ys {
            n_rows += 1;
            for (count, gray) in counts.iter_mut().zip(self.row(y)) {
                *count += usize::from(gray.abs_diff(level) <= tolerance);
            }
        }
        let most = |count: &usize| 4 * count >= 3 * n_rows;
        let first = counts.iter().position(most).unwrap_or(0);
        let end = counts.iter().rposition(most).map_or(first, |last| last + 1);
        first..end
    }

    fn row(&self, y: usize) -> &[u8] {
        let start = (y - self.first_row) * self.width;
        &self.levels[start..start + self.width]
    }

    fn below_of(&self, y: usize) -> &[u32] {
        let start = (y - self.first_row) * 257;
        &self.below[start..start + 257]
    }
}

/// Range of grey without its tails; `None` where all numbers are one.
fn gray_range(values: &[f32]) -> Option<(f32, f32)> {
    // an odd step, so that it does not run along a column
    let step = (values.len() / RANGE_SAMPLES).max(1) | 1;
    let mut sample: Vec<f32> =
        values.iter().step_by(step).copied().filter(|value| value.is_finite()).collect();
    let last = sample.len().checked_sub(1)?;
    let tail = (last as f64 * RANGE_TAIL) as usize;
    let low = *sample.select_nth_unstable_by(tail, f32::total_cmp).1;
    let high = *sample.select_nth_unstable_by(last - tail, f32::total_cmp).1;
    (high > low).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_strokes_are_counted_on_the_stretched_range() {
        // 16-bit greys: the range 1000 ..= 3550 becomes levels 0 ..= 255
        let row = [1000.0, 1000.0, 3550.0, 3550.0, 1000.0, 2275.0, 1000.0, 1010.0];
        let rows = Rows::new(&Plane::from_fn(4, 8, |_, x| row[x]), 1).unwrap();
        assert_eq!(rows.span(), 1..4);
        assert_eq!(rows.share(2, 0, 0), 4.0 / 8.0);
        assert_eq!(rows.share(2, 0, 1), 5.0 / 8.0);
        assert_eq!(rows.share(2, 255, 4), 2.0 / 8.0);
        assert_eq!(rows.commonest(3, 1), (0, 5.0 / 8.0));
        assert_eq!(rows.strokes(1, 0..8, 0), 2);
        assert_eq!(rows.strokes(1, 3..8, 0), 2);
        // compared with white, the grey pixel joins the dark ones beside it
        assert_eq!(rows.strokes(1, 0..8, 255), 2);
        assert_eq!(rows.longest_run(1, |level| level > 100), 2.0 / 8.0);
        assert_eq!(rows.columns(1..4, 255, 0), 2..4);
    }

    #[test]
    fn a_plane_without_contrast_has_no_rows_to_judge() {
        assert!(Rows::new(&Plane::filled(9, 9, 3.0), 0).is_none());
        assert!(Rows::new(&Plane::filled(9, 9, f32::NAN), 0).is_none());
        assert!(Rows::new(&Plane::filled(0, 0, 0.0), 0).is_none());
    }
}
