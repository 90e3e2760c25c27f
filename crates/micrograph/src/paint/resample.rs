//! Resampling planes to another size, along rows and columns one after the other.
//!
//! Every output value is a weighted mean of neighbouring input values, whose weights sum to 1. The
//! centre of a pixel is at its index + ½, so a picture stays in place. NaN spreads to every pixel
//! that it contributes to.

use crate::Plane;

/// How values between pixels are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// The nearest pixel: blocks when enlarged, so that each value stays visible.
    Nearest,
    /// The mean over the area that falls on the new pixel: for making smaller.
    Area,
    /// Linear between the centres of pixels: smooth when enlarged.
    Bilinear,
}

/// `plane` at `height × width`, both at least 1 unless the plane is empty.
///
/// # Panics
/// If an empty plane is to get pixels.
pub fn resampled(plane: &Plane, height: usize, width: usize, sampling: Sampling) -> Plane {
    if (height, width) == (plane.height(), plane.width()) {
        return plane.clone();
    }
    assert!(
        height * width == 0 || plane.height() * plane.width() > 0,
        "pixels cannot be made from an empty plane"
    );
    if height * width == 0 {
        return Plane::filled(height, width, 0.0);
    }
    let rows = weights(plane.height(), height, sampling);
    let columns = weights(plane.width(), width, sampling);
    let mut values = Vec::with_capacity(height * width);
    let mut mixed = vec![0.0; plane.width()];
    for row in &rows {
        mixed.fill(0.0);
        for (tap, weight) in row.weights.iter().enumerate() {
            for (sum, value) in mixed.iter_mut().zip(plane.row(row.first + tap)) {
                *sum += weight * value;
            }
        }
        values.extend(columns.iter().map(|column| {
            let taps = &mixed[column.first..column.first + column.weights.len()];
            column.weights.iter().zip(taps).map(|(weight, value)| weight * value).sum::<f32>()
        }));
    }
    Plane::new(height, width, values)
}

/// The transpose of [`resampled`]: each value of `plane` is shared among the pixels of a plane of `height × width` that it
/// would be resampled from, in proportion to their weights. So the sum is kept, and for planes `a` and `b`,
/// `a · resampled(b)` is `resampled_transpose(a) · b`.
///
/// # Panics
/// If one of the two is empty and the other is not.
pub fn resampled_transpose(plane: &Plane, height: usize, width: usize, sampling: Sampling) -> Plane {
    if (height, width) == (plane.height(), plane.width()) {
        return plane.clone();
    }
    assert_eq!(
        height * width == 0,
        plane.height() * plane.width() == 0,
        "values have no place in an empty plane, and an empty one has none"
    );
    let mut shared = Plane::filled(height, width, 0.0);
    if height * width == 0 {
        return shared;
    }
    let rows = weights(height, plane.height(), sampling);
    let columns = weights(width, plane.width(), sampling);
    let mut along_row = vec![0.0; width];
    for (y, row) in rows.iter().enumerate() {
        along_row.fill(0.0);
        for (value, column) in plane.row(y).iter().zip(&columns) {
            let taps = &mut along_row[column.first..column.first + column.weights.len()];
            for (sum, weight) in taps.iter_mut().zip(&column.weights) {
                *sum += weight * value;
            }
        }
        for (tap, weight) in row.weights.iter().enumerate() {
            let start = (row.first + tap) * width;
            for (sum, value) in shared.values_mut()[start..start + width].iter_mut().zip(&along_row) {
                *sum += weight * value;
            }
        }
    }
    shared
}

// the inputs `first ..` that make one output, with weights that sum to 1
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

fn weights(n_in: usize, n_out: usize, sampling: Sampling) -> Vec<Taps> {
    let ratio = n_in as f64 / n_out as f64;
    let last = n_in - 1;
    (0..n_out)
        .map(|out| match sampling {
            Sampling::Nearest => {
                let first = (((out as f64 + 0.5) * ratio) as usize).min(last);
                Taps { first, weights: vec![1.0] }
            }
            Sampling::Bilinear => {
                let at = ((out as f64 + 0.5) * ratio - 0.5).clamp(0.0, last as f64);
                let first = at.floor() as usize;
                let share = (at - first as f64) as f32;
                let weights = if share > 0.0 { vec![1.0 - share, share] } else { vec![1.0] };
                Taps { first, weights }
            }
            Sampling::Area => {
                let (start, end) = (out as f64 * ratio, (out as f64 + 1.0) * ratio);
                let first = (start.floor() as usize).min(last);
                let beyond = (end.ceil() as usize).clamp(first + 1, n_in);
                let covered =
                    |idx: usize| ((idx as f64 + 1.0).min(end) - (idx as f64).max(start)).max(0.0) / ratio;
                // rounding may leave a tap with next to nothing, which would still spread a NaN
                let mut weights: Vec<f32> = (first..beyond).map(|idx| covered(idx) as f32).collect();
                let mut first = first;
                while weights.len() > 1 && weights[weights.len() - 1] < 1e-6 {
                    weights.pop();
                }
                while weights.len() > 1 && weights[0] < 1e-6 {
                    weights.remove(0);
                    first += 1;
                }
                let sum: f32 = weights.iter().sum();
                weights.iter_mut().for_each(|weight| *weight /= sum);
                Taps { first, weights }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: [Sampling; 3] = [Sampling::Nearest, Sampling::Area, Sampling::Bilinear];

    #[test]
    fn a_constant_stays_the_same_at_every_size() {
        let plane = Plane::filled(5, 7, 2.5);
        for sampling in EACH {
            for (height, width) in [(1, 1), (5, 14), (13, 3), (4, 6)] {
                let out = resampled(&plane, height, width, sampling);
                assert_eq!((out.height(), out.width()), (height, width));
                assert!(out.values().iter().all(|v| (v - 2.5).abs() < 1e-5), "{sampling:?}");
            }
        }
    }

    #[test]
    fn area_keeps_the_mean_and_averages_blocks() {
        let plane = Plane::from_fn(4, 6, |y, x| (y * 6 + x) as f32);
        assert_eq!(resampled(&plane, 2, 3, Sampling::Area).values()[..2], [3.5, 5.5]);
        for (height, width) in [(3, 5), (1, 1), (2, 4)] {
            let mean = resampled(&plane, height, width, Sampling::Area).mean();
            assert!((mean - plane.mean()).abs() < 1e-5);
        }
    }

    #[test]
    fn nearest_repeats_each_pixel_and_bilinear_keeps_a_slope() {
        let plane = Plane::new(1, 3, vec![0.0, 1.0, 2.0]);
        let twice = resampled(&plane, 2, 6, Sampling::Nearest);
        assert_eq!(twice.row(1), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
        let smooth = resampled(&plane, 1, 6, Sampling::Bilinear);
        assert_eq!(smooth.values(), [0.0, 0.25, 0.75, 1.25, 1.75, 2.0]);
    }

    #[test]
    fn the_transpose_is_that_of_the_resampling_and_keeps_sums() {
        let dot = |a: &Plane, b: &Plane| -> f64 {
            a.values().iter().zip(b.values()).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let of = |height, width, factor: usize| {
            Plane::from_fn(height, width, move |y, x| ((y * 7 + x * factor) % 11) as f32 - 4.0)
        };
        for sampling in EACH {
            for ((height, width), (rows, columns)) in
                [((9, 12), (4, 5)), ((4, 5), (9, 12)), ((7, 7), (7, 3)), ((3, 8), (1, 1))]
            {
                let (from, to) = (of(height, width, 3), of(rows, columns, 5));
                let back = resampled_transpose(&to, height, width, sampling);
                let (left, right) = (dot(&to, &resampled(&from, rows, columns, sampling)), dot(&back, &from));
                assert!((left - right).abs() < 1e-4, "{sampling:?} {height} {width}: {left} {right}");
                let sum = |plane: &Plane| plane.values().iter().map(|&v| f64::from(v)).sum::<f64>();
                assert!((sum(&back) - sum(&to)).abs() < 1e-4, "{sampling:?} {height} {width}");
            }
        }
    }

    #[test]
    fn nan_stays_visible_and_does_not_spread_further_than_its_area() {
        let mut plane = Plane::filled(6, 6, 1.0);
        plane.values_mut()[6 * 3 + 4] = f32::NAN;
        let half = resampled(&plane, 3, 3, Sampling::Area);
        let n_nan = half.values().iter().filter(|v| v.is_nan()).count();
        assert!(n_nan == 1 && half.at(1, 2).is_nan());
    }
}
