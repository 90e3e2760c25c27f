//! Peak: the spatial frequency that a picture has most of, and the axis of its lines.
//!
//! The spectrum is that of the picture under a Hann window, less its mean. Its highest point is
//! found between the frequencies of the transform, by climbing the window's continuous spectrum,
//! so that the period is not rounded to a whole number of waves.

use std::f64::consts::{PI, TAU};

use micrograph::Plane;
use micrograph::fourier::PlaneFourier;
use serde::{Deserialize, Serialize};

/// The strongest wave of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// Pixels from line to line.
    pub period_px: f64,
    /// Axis of the lines in degrees, in `(-90, 90]`, anticlockwise from the rows as seen on the
    /// screen.
    pub axis_deg: f64,
    /// Share of the picture's variance, under the window, that lies at the peak and as near to it as
    /// the window cannot distinguish; in `[0, 1]`. Near 1 is a pure wave; a texture without one has
    /// little.
    pub share: f64,
}

/// Waves of which less than this fits across the picture are taken as its shading.
const LEAST_WAVES: f64 = 1.5;
/// Frequencies of the transform that the main lobe of a Hann window reaches, to each side.
const LOBE: f64 = 2.0;

impl Peak {
    /// Whether it is more than shading or chance, in a picture of which the shorter side has so many
    /// pixels: at least three waves fit in, and more of the variance lies there than noise has.
    pub fn is_clear(&self, side_px: usize) -> bool {
        3.0 * self.period_px <= side_px as f64 && self.share >= CLEAR_SHARE
    }
}

/// Share of the variance that noise of 48 × 48 pixels or more hardly reaches.
const CLEAR_SHARE: f64 = 0.02;

/// The strongest wave of `plane`; `None` if it is constant or smaller than 8 × 8.
pub fn peak(plane: &Plane) -> Option<Peak> {
    let (height, width) = (plane.height(), plane.width());
    if height < 8 || width < 8 {
        return None;
    }
    let window = |index: usize, length: usize| (PI * (index as f64 + 0.5) / length as f64).sin().powi(2);
    let weights: Vec<f64> = (0..height * width)
        .map(|index| window(index / width, height) * window(index % width, width))
        .collect();
    let total: f64 = weights.iter().sum();
    let mean =
        plane.values().iter().zip(&weights).map(|(value, weight)| f64::from(*value) * weight).sum::<f64>()
            / total;
    let values: Vec<f64> = plane
        .values()
        .iter()
        .zip(&weights)
        .map(|(value, weight)| (f64::from(*value) - mean) * weight)
        .collect();
    let fourier = PlaneFourier::<f64>::new(height, width);
    let spectrum = fourier.forward(&values);
    let columns = fourier.n_columns();
    // a column stands for its opposite, too, but for the first and, in even widths, the last
    let twice = |column: usize| {
        if column == 0 || (width.is_multiple_of(2) && column == columns - 1) { 1.0 } else { 2.0 }
    };
    let place = |index: usize| {
        let (row, column) = (index / columns, index % columns);
        (fourier.frequency_of_row(row), fourier.frequency_of_column(column))
    };
    let waves = |(row, column): (f64, f64)| (row * height as f64).hypot(column * width as f64);
    let energy = |index: usize| twice(index % columns) * spectrum[index].norm_sqr();
    let all: f64 = (0..spectrum.len()).map(energy).sum();
    let candidates = (0..spectrum.len()).filter(|&index| waves(place(index)) >= LEAST_WAVES);
    let highest = candidates.max_by(|&a, &b| spectrum[a].norm_sqr().total_cmp(&spectrum[b].norm_sqr()))?;
    if all <= 1e-12 * total {
        return None;
    }
    let (row, column) = climbed(&values, [height, width], place(highest));
    let share = (0..spectrum.len())
        .filter(|&index| {
            let (other_row, other_column) = place(index);
            let near = |row: f64, column: f64| {
                // frequencies repeat after one wave a pixel
                let rows = (other_row - row - (other_row - row).round()) * height as f64;
                let columns = (other_column - column - (other_column - column).round()) * width as f64;
                rows.hypot(columns) <= LOBE
            };
            near(row, column) || near(-row, -column)
        })
        .map(energy)
        .sum::<f64>()
        / all;
    // the wave runs across the lines; rows run downwards
    let mut axis_deg = (-row).atan2(column).to_degrees() + 90.0;
    axis_deg -= 180.0 * ((axis_deg - 90.0) / 180.0).ceil();
    Some(Peak { period_px: 1.0 / row.hypot(column), axis_deg, share: share.min(1.0) })
}

/// The highest point of the continuous power spectrum of `values`, `[H, W]`, near `start`, by steps
/// that are halved, to a thousandth of the distance of the transform's frequencies.
fn climbed(values: &[f64], [height, width]: [usize; 2], start: (f64, f64)) -> (f64, f64) {
    let power = |(row, column): (f64, f64)| -> f64 {
        let turns = |frequency: f64, length: usize| -> Vec<(f64, f64)> {
            (0..length).map(|index| (TAU * frequency * index as f64).sin_cos()).collect()
        };
        let (of_rows, of_columns) = (turns(row, height), turns(column, width));
        let (mut re, mut im) = (0.0, 0.0);
        for (values, (row_sin, row_cos)) in values.chunks(width).zip(of_rows) {
            let (mut sum_cos, mut sum_sin) = (0.0, 0.0);
            for (value, (sin, cos)) in values.iter().zip(&of_columns) {
                sum_cos += value * cos;
                sum_sin += value * sin;
            }
            re += sum_cos * row_cos - sum_sin * row_sin;
            im += sum_cos * row_sin + sum_sin * row_cos;
        }
        re * re + im * im
    };
    let (mut place, mut best) = (start, power(start));
    let mut share = 0.5;
    while share > 1e-3 {
        let (row, column) = (share / height as f64, share / width as f64);
        let around = [(row, 0.0), (-row, 0.0), (0.0, column), (0.0, -column)];
        let next = around
            .map(|(by_row, by_column)| (place.0 + by_row, place.1 + by_column))
            .map(|place| (place, power(place)))
            .into_iter()
            .max_by(|a, b| a.1.total_cmp(&b.1));
        match next {
            Some((higher, value)) if value > best => (place, best) = (higher, value),
            _ => share /= 2.0,
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use micrograph::random::Stream;

    fn wave(height: usize, width: usize, period: f64, axis_deg: f64, noise: f64) -> Plane {
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let mut stream = Stream::new(0, "wave", 0);
        Plane::from_fn(height, width, |y, x| {
            let across = x as f64 * sin + y as f64 * cos;
            (0.5 + 0.3 * (TAU * across / period + 0.7).cos() + noise * stream.normal()) as f32
        })
    }

    #[test]
    fn a_wave_has_its_period_and_axis() {
        for (height, width) in [(96, 96), (64, 100), (33, 47)] {
            for period in [3.0, 5.5, 8.25, 11.0] {
                for axis in [-80.0, -45.0, -10.0, 0.0, 7.0, 30.0, 60.0, 90.0] {
                    let found = peak(&wave(height, width, period, axis, 0.05)).expect("it is no constant");
                    let off = (found.axis_deg - axis + 90.0).rem_euclid(180.0) - 90.0;
                    assert!((found.period_px / period - 1.0).abs() < 0.01, "{period} {axis}: {found:?}");
                    assert!(off.abs() < 0.7, "{height}×{width} {period} {axis}: {found:?}");
                    assert!(
                        found.share > 0.8 && found.axis_deg > -90.0 && found.axis_deg <= 90.0,
                        "{found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn noise_has_no_strong_peak_and_a_constant_none() {
        let mut stream = Stream::new(1, "noise", 0);
        let noise = Plane::from_fn(96, 96, |_, _| stream.normal() as f32);
        assert!(!peak(&noise).expect("there is a highest point").is_clear(96));
        assert_eq!(peak(&Plane::filled(96, 96, 0.4)), None);
        assert_eq!(peak(&wave(7, 96, 4.0, 0.0, 0.0)), None);
    }
}
