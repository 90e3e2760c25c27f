//! Outliers: pixels of the detector, not of the specimen, found and replaced before anything is measured.
//!
//! A hot, dead or damaged pixel differs from all around it at once; a specimen seen through a beam of half a px and
//! more does not. One such value can outweigh a whole image in sums of squares. Found are single pixels, pairs,
//! single columns and rows over the whole image, stuck ones up to three wide, and values that are not numbers.
//! Each is replaced from its neighbours. Where they are more than [`MOST_SHARE`] of the image they are a
//! texture, and nothing is replaced.

mod lines;
mod points;

use crate::Plane;

/// Largest share of pixels, or of columns or rows, that are replaced.
pub const MOST_SHARE: f64 = 0.02;
/// Shares of the pixels between which an image's contrast lies, whatever its outliers.
const CONTRAST: [f64; 2] = [0.005, 0.995];
/// Least distance of an outlier from its neighbours, as a share of the contrast: less does no harm.
const LEAST_OF_CONTRAST: f32 = 0.25;
/// Pixels from which statistics are taken, about.
const N_SAMPLES: usize = 1 << 20;

/// A plane without outliers, and how many were replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Repaired {
    /// The plane; shares the memory of the original where nothing was replaced.
    pub plane: Plane,
    /// Single pixels that were replaced.
    pub n_pixels: usize,
    /// Whole columns.
    pub n_columns: usize,
    /// Whole rows.
    pub n_rows: usize,
}

impl Repaired {
    /// `plane` with its outliers replaced from their neighbours.
    pub fn of(plane: &Plane) -> Self {
        let unchanged = Self { plane: plane.clone(), n_pixels: 0, n_columns: 0, n_rows: 0 };
        let Some((mut plane, n_odd)) = points::with_numbers(plane) else { return unchanged };
        let Some(contrast) = contrast(&plane) else { return unchanged };
        let n_columns = lines::replace_columns(&mut plane, contrast);
        let mut n_rows = 0;
        if plane.height() >= lines::LEAST_SIDE && plane.width() >= lines::LEAST_SIDE {
            n_rows = lines::replace_rows(&mut plane, contrast);
        }
        let n_points = points::replace(&mut plane, contrast);
        Self { plane, n_pixels: n_odd + n_points, n_columns, n_rows }
    }

    /// What was replaced, in words; `None` where nothing was.
    pub fn text(&self) -> Option<String> {
        let counted = |n: usize, one: &str, many: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            _ => Some(format!("{n} {many}")),
        };
        let parts: Vec<String> = [
            counted(self.n_pixels, "pixel", "pixels"),
            counted(self.n_columns, "column", "columns"),
            counted(self.n_rows, "row", "rows"),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!parts.is_empty()).then(|| parts.join(" and "))
    }
}

/// Every how many rows statistics are taken: an odd number, so that no period of two or four is missed.
fn stride(plane: &Plane) -> usize {
    (plane.values().len() / N_SAMPLES).max(1) | 1
}

/// Distance between the quantiles [`CONTRAST`]; `None` for an empty plane.
fn contrast(plane: &Plane) -> Option<f32> {
    let rows = (0..plane.height()).step_by(stride(plane));
    let sample: Vec<f32> = rows.flat_map(|y| plane.row(y)).copied().collect();
    let ends = Plane::new(1, sample.len(), sample).quantiles(&CONTRAST);
    Some(ends.get(1)? - ends.first()?)
}

/// The value below which a share of `values` lies; 0 without values.
fn quantile(values: &mut [f32], share: f64) -> f32 {
    let place = (share * values.len().saturating_sub(1) as f64) as usize;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(place, f32::total_cmp).1 }
}

#[cfg(test)]
mod tests;
