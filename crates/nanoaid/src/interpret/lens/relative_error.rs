//! Relative error: where a reconstruction fails more than at other places of the image with as much contrast.
//!
//! Edges are reconstructed worse than flat places, everywhere and by every autoencoder with a small
//! code, so that the error alone marks every edge. Each cell is therefore compared with the cells of
//! the same image whose gradients are as strong: its relative error is its root mean square error over
//! the one that is usual there. The usual error is the median over cells of like gradient energy, which
//! does not fall as gradients grow.

use micrograph::Plane;
use rayon::prelude::*;

/// Errors and gradients below this, in grey levels of `[0, 1]`, are as good as none: a quarter of a
/// step of an 8-bit image.
const LEAST: f64 = 1e-3;
/// Cells at least whose median gives a usual error, and sets of them at most.
const CELLS_PER_SET: usize = 48;
const MOST_SETS: usize = 24;

/// The relative error of each cell, 1 where the error is the usual one; `errors` are mean squared errors of
/// cells of `cell_px` pixels of `image`.
pub(super) fn relative_errors(image: &Plane, errors: &Plane, cell_px: usize) -> Plane {
    let log = |square: f64| square.sqrt().max(LEAST).ln();
    let gradients: Vec<f64> = gradient_energy(image, errors, cell_px).into_iter().map(log).collect();
    let logs: Vec<f64> = errors.values().iter().map(|&error| log(f64::from(error))).collect();
    let usual = Usual::of(&gradients, &logs);
    let values =
        logs.iter().zip(&gradients).map(|(error, gradient)| (error - usual.at(*gradient)).exp() as f32);
    Plane::new(errors.height(), errors.width(), values.collect())
}

/// Mean square of the gradient in each cell, by central differences.
fn gradient_energy(image: &Plane, cells: &Plane, cell_px: usize) -> Vec<f64> {
    let (height, width) = (image.height(), image.width());
    let square = |y: usize, x: usize| {
        let at = |y: usize, x: usize| f64::from(image.at(y, x));
        let down = at((y + 1).min(height - 1), x) - at(y.saturating_sub(1), x);
        let right = at(y, (x + 1).min(width - 1)) - at(y, x.saturating_sub(1));
        (down * down + right * right) / 4.0
    };
    (0..cells.values().len())
        .into_par_iter()
        .map(|index| {
            let (row, column) = (index / cells.width(), index % cells.width());
            let rows = row * cell_px..((row + 1) * cell_px).min(height);
            let columns = column * cell_px..((column + 1) * cell_px).min(width);
            let n = (rows.len() * columns.len()) as f64;
            let sum: f64 =
                rows.flat_map(|y| columns.clone().map(move |x| (y, x))).map(|(y, x)| square(y, x)).sum();
            sum / n
        })
        .collect()
}

/// The usual logarithm of the error by that of the gradient: a line from point to point.
struct Usual {
    /// Medians of gradient and error of sets of cells, both rising.
    points: Vec<(f64, f64)>,
}

impl Usual {
    fn of(gradients: &[f64], errors: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..gradients.len()).collect();
        order.sort_by(|&a, &b| gradients[a].total_cmp(&gradients[b]).then(a.cmp(&b)));
        let n_sets = (order.len() / CELLS_PER_SET).clamp(1, MOST_SETS);
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(n_sets);
        for set in 0..n_sets {
            let cells = &order[set * order.len() / n_sets..(set + 1) * order.len() / n_sets];
            let of = |values: &[f64]| median(cells.iter().map(|&cell| values[cell]).collect());
            let (gradient, error) = (of(gradients), of(errors));
            match points.last_mut() {
                // as many cells may have one gradient as fill a set
                Some(last) if gradient <= last.0 => last.1 = last.1.max(error),
                Some(last) => {
                    let error = error.max(last.1);
                    points.push((gradient, error));
                }
                None => points.push((gradient, error)),
            }
        }
        Self { points }
    }

    fn at(&self, gradient: f64) -> f64 {
        let next = self.points.partition_point(|point| point.0 < gradient);
        match (next.checked_sub(1).map(|before| self.points[before]), self.points.get(next)) {
            (Some(before), Some(after)) => {
                let share = (gradient - before.0) / (after.0 - before.0);
                before.1 + share * (after.1 - before.1)
            }
            // the strongest gradients: errors grow as they do
            (Some(last), None) => last.1 + (gradient - last.0),
            (None, Some(first)) => first.1,
            (None, None) => 0.0,
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of many heights, and the reconstruction that blurs each by its share.
    fn lines() -> (Plane, Plane) {
        let image = Plane::from_fn(256, 256, |y, x| {
            let height = 0.05 + 0.9 * (y / 16) as f32 / 16.0;
            let noise = ((7 * y + 13 * x + (x * y) % 11) % 17) as f32 / 17.0;
            (if (x / 32) % 2 == 0 { height } else { 0.0 }) + 0.02 * noise
        });
        let blurred = Plane::from_fn(256, 256, |y, x| {
            let at = |x: usize| image.at(y, x);
            (at(x.saturating_sub(1)) + at(x) + at((x + 1).min(255))) / 3.0
        });
        (image, blurred)
    }

    fn errors(image: &Plane, output: &Plane) -> Plane {
        Plane::from_fn(32, 32, |row, column| {
            let square = |y: usize, x: usize| (image.at(y, x) - output.at(y, x)).powi(2);
            let sum: f32 = (0..64).map(|index| square(8 * row + index / 8, 8 * column + index % 8)).sum();
            sum / 64.0
        })
    }

    #[test]
    fn edges_have_the_usual_error_and_what_is_missing_has_not() {
        let (image, output) = lines();
        let usual = relative_errors(&image, &errors(&image, &output), 8);
        let highest = usual.values().iter().copied().fold(0.0, f32::max);
        assert!(highest < 2.5, "edges of any height: {highest}");
        // the same where a patch of a dark place is not reconstructed: as much error as an edge, no edge
        let defect = Plane::from_fn(256, 256, |y, x| {
            let inside = (40..48).contains(&y) && (40..48).contains(&x);
            output.at(y, x) + if inside { 0.09 } else { 0.0 }
        });
        let found = relative_errors(&image, &errors(&image, &defect), 8);
        let place = (0..32 * 32).max_by(|&a, &b| found.values()[a].total_cmp(&found.values()[b])).unwrap();
        assert_eq!((place / 32, place % 32), (5, 5));
        assert!(found.at(5, 5) > 2.0 * highest, "{} {highest}", found.at(5, 5));
        // the error alone is larger at edges
        let alone = errors(&image, &defect);
        let largest = alone.values().iter().copied().fold(0.0, f32::max);
        assert!(alone.at(5, 5) < 0.8 * largest, "{} {largest}", alone.at(5, 5));
    }

    #[test]
    fn an_image_that_is_given_back_exactly_has_the_usual_error_everywhere() {
        let image = Plane::filled(20, 30, 0.4);
        let errors = Plane::filled(3, 4, 0.0);
        assert_eq!(relative_errors(&image, &errors, 8).values(), [1.0; 12]);
    }
}
