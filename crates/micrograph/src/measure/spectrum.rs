//! Spectrum: the peaks of a plane's power spectrum, and its autocorrelation.
//!
//! The plane is tapered by a Hann window. A peak is prominent if it is far above both the usual power at
//! its frequency in all directions, which rings and textures of one length raise, and the usual power in
//! its direction at other frequencies, which straight edges and row offsets raise.

use rayon::prelude::*;

use crate::Plane;
use crate::fourier::{Complex, PlaneFourier};

/// Highest frequency searched, in cycles per px.
const FINEST: f64 = 0.47;
/// Half the width of a peak under a Hann window, in bins.
const PEAK_BINS: f64 = 2.5;
/// Fewest bins between a wave and no wave at all: below, a peak overlaps its own mirror image.
const LEAST_BINS: f64 = 3.0;

/// A wave of a plane, and how much of the plane it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaveShare {
    /// Cycles per column and per row (downwards), refined between bins.
    pub wave: [f64; 2],
    /// Share of the tapered plane's variance in the peak, in `[0, 1]`: 1 for nothing but this
    /// wave, about 40 over the number of pixels for white noise.
    pub share: f64,
}

/// For each wave that is `expected` (cycles per column, per row downwards) the strongest one within a
/// bin of it, and its share of `plane`. `None` where that is coarser than three cycles over the plane,
/// finer than 0.47 cycles per px, or where the plane has no variance.
///
/// # Panics
/// If `plane` is empty.
pub fn wave_shares(plane: &Plane, expected: &[[f64; 2]]) -> Vec<Option<WaveShare>> {
    let mean = plane.mean();
    let spectrum = Spectrum::of(&plane.map(|value| (f64::from(value) - mean) as f32));
    let whole = spectrum.whole();
    expected.iter().map(|&wave| spectrum.share_near(wave, whole)).collect()
}

/// The power of a tapered plane.
pub(super) struct Spectrum {
    fourier: PlaneFourier<f64>,
    height: usize,
    width: usize,
    power: Vec<f64>,
    /// Usual power at each distance from the middle, in steps of one bin of the shorter side.
    usual: Vec<f64>,
    window_y: Vec<f64>,
    window_x: Vec<f64>,
}

/// A prominent maximum of the power.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Peak {
    /// Cycles per column and per row (downwards), refined between bins; the first is not negative.
    pub(super) wave: [f64; 2],
    pub(super) power: f64,
    /// Power over the usual at its frequency, and over that in its direction: the lower of both.
    pub(super) prominence: f64,
}

impl Peak {
    /// Cycles over the whole plane, from corner to corner.
    pub(super) fn cycles(&self, height: usize, width: usize) -> f64 {
        self.wave[0].abs() * width as f64 + self.wave[1].abs() * height as f64
    }

    pub(super) fn frequency(&self) -> f64 {
        self.wave[0].hypot(self.wave[1])
    }
}

impl Spectrum {
    /// Of `plane`, whose mean should be about 0.
    pub(super) fn of(plane: &Plane) -> Self {
        let (height, width) = (plane.height(), plane.width());
        let (window_y, window_x) = (hann(height), hann(width));
        let mut tapered = Vec::with_capacity(height * width);
        for (y, down) in window_y.iter().enumerate() {
            let row = plane.row(y).iter().zip(&window_x);
            tapered.extend(row.map(|(&value, across)| f64::from(value) * across * down));
        }
        let fourier = PlaneFourier::new(height, width);
        let power: Vec<f64> = fourier.forward(&tapered).par_iter().map(Complex::norm_sqr).collect();
        let mut spectrum = Self { fourier, height, width, power, usual: Vec::new(), window_y, window_x };
        spectrum.usual = spectrum.usual_power();
        spectrum
    }

    /// Peaks with at least `least_cycles` over the plane, the strongest first, at most `most`.
    pub(super) fn peaks(&self, least_cycles: f64, most: usize) -> Vec<Peak> {
        let n_columns = self.fourier.n_columns() as i64;
        let height = self.height as i64;
        let mut found = Vec::new();
        for row in -height / 2..(height + 1) / 2 {
            for column in 0..n_columns {
                if column == 0 && row <= 0 {
                    continue;
                }
                let here = self.at(row, column);
                let frequency = self.frequency(row, column);
                if frequency > FINEST || here < 4.0 * self.usual_at(frequency) {
                    continue;
                }
                let around = (-2..=2).flat_map(|dy| (-2..=2).map(move |dx| (dy, dx)));
                let top =
                    around.filter(|&by| by != (0, 0)).all(|(dy, dx)| self.at(row + dy, column + dx) <= here);
                if !top {
                    continue;
                }
                let wave = [
                    (column as f64 + self.shift(row, column, 0, 1)) / self.width as f64,
                    (row as f64 + self.shift(row, column, 1, 0)) / self.height as f64,
                ];
                let peak = Peak { wave, power: here, prominence: 0.0 };
                if peak.cycles(self.height, self.width) >= least_cycles {
                    found.push(peak);
                }
            }
        }
        found.sort_by(|a, b| b.power.total_cmp(&a.power));
        found.truncate(most);
        for peak in &mut found {
            peak.prominence = self.prominence(peak.wave, peak.power);
        }
        found
    }

    /// Prominence of `power` at `wave`.
    pub(super) fn prominence(&self, wave: [f64; 2], power: f64) -> f64 {
        let usual = self.usual_at(wave[0].hypot(wave[1]));
        power / usual.max(self.in_direction(wave)).max(f64::MIN_POSITIVE)
    }

    /// The highest power within one bin of `wave`.
    pub(super) fn power_near(&self, wave: [f64; 2]) -> f64 {
        let (row, column) =
            ((wave[1] * self.height as f64).round() as i64, (wave[0] * self.width as f64).round() as i64);
        let around = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dy, dx)));
        around.map(|(dy, dx)| self.at(row + dy, column + dx)).fold(0.0, f64::max)
    }

    /// Power of all waves, of both halves of the plane of frequencies.
    fn whole(&self) -> f64 {
        let n_columns = self.fourier.n_columns();
        let rows = self.power.chunks(n_columns).enumerate();
        let of_row = |(row, powers): (usize, &[f64])| -> f64 {
            let twice = |column: usize| column > 0 && 2 * column != self.width;
            let weighed = powers.iter().enumerate().map(|(column, power)| match (row, column) {
                (0, 0) => 0.0,
                _ if twice(column) => 2.0 * power,
                _ => *power,
            });
            weighed.sum()
        };
        rows.map(of_row).sum()
    }

    /// See [`wave_shares`].
    fn share_near(&self, wave: [f64; 2], whole: f64) -> Option<WaveShare> {
        let size = [self.width as f64, self.height as f64];
        let bins = (wave[0] * size[0]).hypot(wave[1] * size[1]);
        let within = bins >= LEAST_BINS && wave[0].abs().max(wave[1].abs()) <= FINEST;
        if !(within && whole > 0.0) {
            return None;
        }
        let (row, column) = ((wave[1] * size[1]).round() as i64, (wave[0] * size[0]).round() as i64);
        let around = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (row + dy, column + dx)));
        let (row, column) =
            around.max_by(|&a, &b| self.at(a.0, a.1).total_cmp(&self.at(b.0, b.1))).unwrap_or((row, column));
        let place =
            [column as f64 + self.shift(row, column, 0, 1), row as f64 + self.shift(row, column, 1, 0)];
        let reach = PEAK_BINS.ceil() as i64;
        let near = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (row + dy, column + dx)));
        let peak: f64 = near
            .filter(|&(row, column)| (row as f64 - place[1]).hypot(column as f64 - place[0]) <= PEAK_BINS)
            .map(|(row, column)| self.at(row, column))
            .sum();
        // the mirror image of the peak has as much
        let share = (2.0 * peak / whole).min(1.0);
        Some(WaveShare { wave: [place[0] / size[0], place[1] / size[1]], share })
    }

    /// Autocorrelation, `[H, W]`, 1 at no offset; offsets wrap around. It is meaningful up to about 0.4
    /// of each side: beyond, the window leaves little to compare.
    pub(super) fn autocorrelation(&self) -> Vec<f64> {
        let power = self.power.iter().map(|&power| Complex::new(power, 0.0)).collect();
        let mut values = self.fourier.back(power);
        let (over_y, over_x) = (overlaps(&self.window_y), overlaps(&self.window_x));
        let whole = values[0].max(f64::MIN_POSITIVE);
        for (row, over_y) in values.chunks_mut(self.width).zip(&over_y) {
            row.iter_mut().zip(&over_x).for_each(|(value, over_x)| *value /= whole * over_y * over_x);
        }
        values
    }

    /// Power at a signed row and column of the whole plane of frequencies.
    fn at(&self, row: i64, column: i64) -> f64 {
        let (height, width) = (self.height as i64, self.width as i64);
        let column = column.rem_euclid(width);
        let (row, column) = if column > width / 2 { (-row, width - column) } else { (row, column) };
        self.power[row.rem_euclid(height) as usize * self.fourier.n_columns() + column as usize]
    }

    fn frequency(&self, row: i64, column: i64) -> f64 {
        (row as f64 / self.height as f64).hypot(column as f64 / self.width as f64)
    }

    /// Where between bins the power is highest: vertex of a parabola through logarithms.
    fn shift(&self, row: i64, column: i64, dy: i64, dx: i64) -> f64 {
        let [before, here, after] =
            [-1, 0, 1].map(|by| self.at(row + by * dy, column + by * dx).max(f64::MIN_POSITIVE).ln());
        let bend = before - 2.0 * here + after;
        if bend < 0.0 { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 }
    }

    fn usual_power(&self) -> Vec<f64> {
        let bins = self.height.min(self.width) as f64;
        let mut rings: Vec<Vec<f64>> = vec![Vec::new(); (0.75 * bins) as usize + 2];
        for (row, powers) in self.power.chunks(self.fourier.n_columns()).enumerate() {
            let fy = self.fourier.frequency_of_row(row);
            for (column, &power) in powers.iter().enumerate() {
                let frequency = fy.hypot(self.fourier.frequency_of_column(column));
                rings[(frequency * bins).round() as usize].push(power);
            }
        }
        let median = |mut ring: Vec<f64>| {
            let middle = ring.len() / 2;
            if ring.is_empty() { 0.0 } else { *ring.select_nth_unstable_by(middle, f64::total_cmp).1 }
        };
        // the median of the exponential distribution that noise has is ln 2 of its mean
        rings.into_par_iter().map(|ring| median(ring) / std::f64::consts::LN_2).collect()
    }

    fn usual_at(&self, frequency: f64) -> f64 {
        let place = frequency * self.height.min(self.width) as f64;
        let (below, share) = (place.floor() as usize, place.fract());
        let at = |ring: usize| self.usual[ring.min(self.usual.len() - 1)];
        at(below) * (1.0 - share) + at(below + 1) * share
    }

    /// Usual power in the direction of `wave`, a little below and above it, away from the peak itself;
    /// 0 if there is no room for it.
    fn in_direction(&self, wave: [f64; 2]) -> f64 {
        let mut powers = Vec::new();
        for share in [0.58, 0.62, 0.66, 0.7, 0.74, 0.78, 1.22, 1.26, 1.3, 1.34, 1.38, 1.42] {
            let (fx, fy) = (wave[0] * share * self.width as f64, wave[1] * share * self.height as f64);
            let far = (wave[0] * self.width as f64 - fx).hypot(wave[1] * self.height as f64 - fy);
            if far > PEAK_BINS {
                powers.push(self.at(fy.round() as i64, fx.round() as i64));
            }
        }
        powers.iter().sum::<f64>() / powers.len().max(1) as f64
    }
}

/// Autocorrelation between pixels: Catmull and Rom's cubic at an offset of columns and rows.
pub(super) fn between(values: &[f64], (height, width): (usize, usize), dx: f64, dy: f64) -> f64 {
    let weights = |t: f64| {
        [
            ((2.0 - t) * t - 1.0) * t / 2.0,
            ((3.0 * t - 5.0) * t * t + 2.0) / 2.0,
            ((4.0 - 3.0 * t) * t + 1.0) * t / 2.0,
            (t - 1.0) * t * t / 2.0,
        ]
    };
    let (x, y) = (dx.floor(), dy.floor());
    let (along_x, along_y) = (weights(dx - x), weights(dy - y));
    let mut sum = 0.0;
    for (j, weight_y) in along_y.iter().enumerate() {
        let row = (y as i64 + j as i64 - 1).rem_euclid(height as i64) as usize;
        for (i, weight_x) in along_x.iter().enumerate() {
            let column = (x as i64 + i as i64 - 1).rem_euclid(width as i64) as usize;
            sum += weight_y * weight_x * values[row * width + column];
        }
    }
    sum
}

fn hann(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.5 - 0.5 * (std::f64::consts::TAU * (i as f64 + 0.5) / n as f64).cos()).collect()
}

/// Circular autocorrelation of the window at each offset, 1 at offset 0.
fn overlaps(window: &[f64]) -> Vec<f64> {
    let n = window.len();
    let all: f64 = window.iter().map(|weight| weight * weight).sum();
    let overlap = |by: usize| (0..n).map(|i| window[i] * window[(i + by) % n]).sum::<f64>() / all;
    (0..n).map(overlap).collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn wave(fx: f64, fy: f64) -> Plane {
        Plane::from_fn(90, 130, |y, x| (TAU * (fx * x as f64 + fy * y as f64)).cos() as f32)
    }

    #[test]
    fn a_wave_is_the_first_peak_to_a_tenth_of_a_bin() {
        for (fx, fy) in [(0.1, 0.033), (0.071, -0.2), (0.0, 0.12), (0.31, 0.0)] {
            let peaks = Spectrum::of(&wave(fx, fy)).peaks(3.0, 5);
            let found = peaks[0].wave;
            assert!((found[0] - fx).abs() < 0.1 / 130.0 && (found[1] - fy).abs() < 0.1 / 90.0, "{peaks:?}");
        }
    }

    #[test]
    fn autocorrelation_of_a_wave_is_its_cosine() {
        let (fx, fy) = (0.08, -0.05);
        let values = Spectrum::of(&wave(fx, fy)).autocorrelation();
        for (dy, dx) in [(0.0, 0.0), (3.0, 10.5), (20.0, 6.0), (-7.5, 30.0)] {
            let found = between(&values, (90, 130), dx, dy);
            assert!((found - (TAU * (fx * dx + fy * dy)).cos()).abs() < 0.03, "{dy} {dx}: {found}");
        }
    }
    #[test]
    fn shares_are_those_of_the_amplitudes_squared() {
        // of 3 cos and 4 cos each has its square of 25; a plane of noise has almost no power at any frequency
        let (a, b) = ([0.11, 0.04], [-0.07, 0.2]);
        let mixed = Plane::from_fn(90, 130, |y, x| {
            let wave = |[fx, fy]: [f64; 2]| (TAU * (fx * x as f64 + fy * y as f64)).cos();
            (7.0 + 3.0 * wave(a) + 4.0 * wave(b)) as f32
        });
        // expected half a bin away
        let found = wave_shares(&mixed, &[[a[0] + 0.5 / 130.0, a[1]], b, [0.3, -0.3]]);
        let [a_found, b_found, none] = [0, 1, 2].map(|at| found[at].unwrap());
        assert!((a_found.share - 0.36).abs() < 0.01 && (b_found.share - 0.64).abs() < 0.01, "{found:?}");
        assert!((a_found.wave[0] - a[0]).abs() < 0.1 / 130.0, "{a_found:?}");
        assert!(none.share < 0.001, "{none:?}");
        let mut stream = crate::random::Stream::new(1, "test", 0);
        let noise = Plane::from_fn(90, 130, |_, _| stream.normal() as f32);
        let share = wave_shares(&noise, &[a])[0].unwrap().share;
        assert!(share < 4.0 * 40.0 / (90.0 * 130.0), "{share}");
    }

    #[test]
    fn waves_that_a_plane_cannot_resolve_have_no_share() {
        let plane = wave(0.1, 0.0);
        let found = wave_shares(&plane, &[[0.01, 0.01], [0.48, 0.1], [0.0, 0.0], [f64::NAN, 0.1]]);
        assert_eq!(found, [None; 4]);
        assert_eq!(wave_shares(&Plane::filled(40, 50, 2.0), &[[0.1, 0.1]]), [None]);
    }
}
