//! Turned: an image turned so that lines along an axis are upright, and its mean profiles across them.

use rayon::prelude::*;

use super::profile::{mean_of, smoothed};
use crate::{Plane, Rect};

/// Bands along the lines, and the fewest rows of one.
const BANDS: usize = 12;
const LEAST_BAND_PX: usize = 8;

/// The image turned so that lines of an axis are upright: columns across the lines, rows along them.
pub(super) struct Turned {
    pub(super) sin: f64,
    pub(super) cos: f64,
    pub(super) across: usize,
    pub(super) along: usize,
    /// Height and width of the image.
    image: (usize, usize),
    /// NaN outside of the image.
    values: Vec<f32>,
}

impl Turned {
    /// `plane` turned so that lines along `axis` (rad, anticlockwise from x) are upright.
    pub(super) fn of(plane: &Plane, axis: f64) -> Self {
        let (sin, cos) = axis.sin_cos();
        let image = (plane.height(), plane.width());
        let (height, width) = (image.0 as f64 - 1.0, image.1 as f64 - 1.0);
        let across = (width * sin.abs() + height * cos.abs()) as usize + 1;
        let along = (width * cos.abs() + height * sin.abs()) as usize + 1;
        let mut turned = Self { sin, cos, across, along, image, values: Vec::new() };
        let rows = (0..along).into_par_iter().flat_map_iter(|row| {
            let turned = &turned;
            (0..across).map(move |column| {
                let [y, x] = turned.place(column as f64, row as f64);
                let inside = y > -1e-6 && x > -1e-6 && y < height + 1e-6 && x < width + 1e-6;
                if !inside {
                    return f32::NAN;
                }
                let (y, x) = (y.clamp(0.0, height), x.clamp(0.0, width));
                let (top, left) = ((y as usize).min(image.0 - 2), (x as usize).min(image.1 - 2));
                let (v, u) = ((y - top as f64) as f32, (x - left as f64) as f32);
                let of = |y: usize| plane.at(y, left) * (1.0 - u) + plane.at(y, left + 1) * u;
                of(top) * (1.0 - v) + of(top + 1) * v
            })
        });
        turned.values = rows.collect();
        turned
    }

    /// `[y, x]` in the image.
    pub(super) fn place(&self, column: f64, row: f64) -> [f64; 2] {
        let (u, v) = (column - (self.across as f64 - 1.0) / 2.0, row - (self.along as f64 - 1.0) / 2.0);
        let middle = [self.image.0, self.image.1].map(|side| (side as f64 - 1.0) / 2.0);
        [middle[0] + u * self.cos - v * self.sin, middle[1] + u * self.sin + v * self.cos]
    }

    /// Mean profiles across the lines, smoothed, of bands along them; NaN where half of a band is outside.
    pub(super) fn bands(&self) -> Bands {
        let n = (self.along / LEAST_BAND_PX).clamp(1, BANDS);
        let edge = |band: usize| band * self.along / n;
        let profile = |band: usize| {
            let (mut sums, mut counts) = (vec![0.0; self.across], vec![0.0; self.across]);
            for row in edge(band)..edge(band + 1) {
                let values = &self.values[row * self.across..(row + 1) * self.across];
                for ((sum, count), &value) in sums.iter_mut().zip(&mut counts).zip(values) {
                    if value.is_finite() {
                        *sum += f64::from(value);
                        *count += 1.0;
                    }
                }
            }
            let least = (edge(band + 1) - edge(band)) as f64 / 2.0;
            let means = sums.iter().zip(&counts);
            let profile: Vec<f64> =
                means.map(|(sum, &count)| if count >= least { sum / count } else { f64::NAN }).collect();
            smoothed(&profile)
        };
        let single: Vec<Vec<f64>> = (0..n).map(profile).collect();
        let pairs = single.windows(2).map(|pair| mean_of(&pair[0], &pair[1])).collect();
        Bands { single, pairs, rows: self.along as f64 / n as f64 }
    }

    /// The smallest box of the image around places `[y, x]`.
    pub(super) fn bounds(&self, places: impl Iterator<Item = [f64; 2]>) -> Rect {
        bounds(self.image, places)
    }
}

/// Mean profiles across the lines.
pub(super) struct Bands {
    /// That of each band along the lines.
    pub(super) single: Vec<Vec<f64>>,
    /// That of each band and the next.
    pub(super) pairs: Vec<Vec<f64>>,
    /// Rows of a band.
    rows: f64,
}

impl Bands {
    /// Row of the middle of a band.
    pub(super) fn row(&self, band: usize) -> f64 {
        (band as f64 + 0.5) * self.rows - 0.5
    }

    /// Rows of a band.
    pub(super) fn height(&self) -> f64 {
        self.rows
    }
}

/// The smallest box around places `[y, x]`, as far as it is inside an image of so many rows and columns.
pub(super) fn bounds(image: (usize, usize), places: impl Iterator<Item = [f64; 2]>) -> Rect {
    let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
    for place in places {
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    let ends = |axis: usize, side: usize| {
        let first = (low[axis].max(0.0) as usize).min(side - 1);
        (first, (high[axis].max(0.0).ceil() as usize + 1).clamp(first + 1, side))
    };
    let ((top, bottom), (left, right)) = (ends(0, image.0), ends(1, image.1));
    Rect { y: top, x: left, height: bottom - top, width: right - left }
}
