//! Harmonics: a periodic pattern fitted to a plane, with wave vectors of subpixel accuracy.
//!
//! The model is a constant and a sum of cosines and sines whose phases are integer multiples of the
//! phases of one wave (a grating) or of two (a lattice). All wave vectors and amplitudes are fitted
//! together to all pixels by Gauss–Newton steps, from a start whose phase is right to a fraction of a
//! period over the plane. Two covariances result: one for white noise, and one that allows any
//! dependence among the pixels of a tile (the jackknife over tiles), as needed for rough edges, drift
//! and texture. Significance is not tested here: any plane gets a fit.

use std::f64::consts::TAU;

use rayon::prelude::*;
use rustfft::num_complex::Complex;

use super::solve::Normal;
use crate::Plane;

/// Tiles along a side, where they are at least [`LEAST_TILE_PX`] wide.
const TILES: usize = 5;
/// Bands of rows in each row of tiles.
const BANDS: usize = 3;
/// Smallest side of a tile: roughness of edges is correlated over such lengths.
const LEAST_TILE_PX: usize = 16;
/// Steps after which the fit must have converged.
const STEPS: usize = 12;
/// Rows that a first fit takes, spread over the plane.
const ROUGH_ROWS: usize = 200;
/// Change of phase, in turns at the border, below which the first fit has converged.
const ROUGHLY_RESTING_TURNS: f64 = 1e-3;
/// Change of phase, in turns at the border, below which it has converged.
const RESTING_TURNS: f64 = 1e-5;

/// One cosine and sine of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Term {
    /// Multiple of each wave's phase.
    pub(super) order: [i32; 2],
    /// Amplitudes `cos − i sin` in the sense that the term is their real part times `exp(iφ)`.
    pub(super) amplitude: Complex<f64>,
}

/// A fitted pattern.
#[derive(Clone, Debug)]
pub(super) struct Harmonics {
    /// Wave vectors in cycles per column and per row (downwards).
    pub(super) waves: Vec<[f64; 2]>,
    pub(super) mean: f64,
    pub(super) terms: Vec<Term>,
    /// Covariance of the waves' components in their order if the noise is white, `[2D, 2D]`.
    pub(super) white: Vec<f64>,
    /// The same, for any dependence within a tile.
    pub(super) robust: Vec<f64>,
    /// The same, for any dependence within a band of rows over the whole width: a shifted row is shifted in
    /// all tiles.
    pub(super) banded: Vec<f64>,
    pub(super) n_tiles: usize,
    /// Rms of the residuals.
    pub(super) residual: f64,
    /// Share of the variance that the pattern explains.
    pub(super) explained: f64,
    height: usize,
    width: usize,
}

impl Harmonics {
    /// The pattern fitted to `plane` with terms of these orders, from a start; `None` if it does not
    /// converge.
    pub(super) fn fitted(plane: &Plane, waves: &[[f64; 2]], orders: &[[i32; 2]]) -> Option<Self> {
        let mut model = Self::unfitted(plane, waves, orders);
        // the amplitudes alone, then everything; the first from some of the rows
        let stride = (plane.height() / ROUGH_ROWS).max(1);
        let step = joined(&model.equations(plane, false, stride)).solution()?;
        model = model.stepped(&step, 1.0, false);
        if stride > 1 {
            (model, _, _) = model.at_rest(plane, stride, ROUGHLY_RESTING_TURNS)?;
        }
        let (model, tiles, all) = model.at_rest(plane, 1, RESTING_TURNS)?;
        model.judged(plane, &tiles, &all)
    }

    /// Waves without amplitudes, for what can be said of `plane` before a fit.
    pub(super) fn unfitted(plane: &Plane, waves: &[[f64; 2]], orders: &[[i32; 2]]) -> Self {
        Self {
            waves: waves.to_vec(),
            mean: 0.0,
            terms: orders.iter().map(|&order| Term { order, amplitude: Complex::new(0.0, 0.0) }).collect(),
            white: Vec::new(),
            robust: Vec::new(),
            banded: Vec::new(),
            n_tiles: 0,
            residual: 0.0,
            explained: 0.0,
            height: plane.height(),
            width: plane.width(),
        }
    }

    /// The fit from every `stride`th row, and the equations there; `None` if it does not converge.
    fn at_rest(self, plane: &Plane, stride: usize, resting: f64) -> Option<(Self, Vec<Normal>, Normal)> {
        let half = [self.width as f64 / 2.0, self.height as f64 / 2.0];
        let orders = self.terms.iter().flat_map(|term| term.order);
        let finest = orders.map(|order| f64::from(order.abs())).fold(1.0, f64::max);
        let mut model = self;
        let mut tiles = model.equations(plane, true, stride);
        let mut all = joined(&tiles);
        for _ in 0..STEPS {
            let step = all.solution()?;
            let turns = step[..2 * model.waves.len()].chunks(2);
            let turns =
                turns.map(|step| step[0].abs() * half[0] + step[1].abs() * half[1]).fold(0.0, f64::max);
            if turns < resting {
                return Some((model, tiles, all));
            }
            // at most a quarter of a period of the finest term per step
            let mut share = (0.25 / (turns * finest)).min(1.0);
            loop {
                let next = model.stepped(&step, share, true);
                let next_tiles = next.equations(plane, true, stride);
                let next_all = joined(&next_tiles);
                if next_all.squares <= all.squares || share < 0.02 {
                    (model, tiles, all) = (next, next_tiles, next_all);
                    break;
                }
                share /= 2.0;
            }
        }
        None
    }

    /// With covariances, from the equations at the solution.
    fn judged(mut self, plane: &Plane, tiles: &[Normal], all: &Normal) -> Option<Self> {
        let n = all.right.len();
        let free = 2 * self.waves.len();
        let inverse = all.inverse()?;
        let variance = all.squares / (all.weight - n as f64);
        // the waves without each part
        let jackknife = |parts: &[Normal]| -> Option<Vec<f64>> {
            let moves: Vec<Vec<f64>> = parts
                .iter()
                .map(|part| {
                    let mut moved = all.without(part).solution()?;
                    moved.truncate(free);
                    Some(moved)
                })
                .collect::<Option<_>>()?;
            let scale = (parts.len() - 1) as f64 / parts.len() as f64;
            let pairs = (0..free).flat_map(|i| (0..free).map(move |j| (i, j)));
            Some(
                pairs
                    .map(|(i, j)| scale * moves.iter().map(|moved| moved[i] * moved[j]).sum::<f64>())
                    .collect(),
            )
        };
        let [rows, columns] = self.parts();
        let bands: Vec<Normal> = tiles.chunks(columns).map(joined).collect();
        let squares: Vec<Normal> = (0..rows / BANDS * columns)
            .map(|tile| {
                let (row, column) = (tile / columns, tile % columns);
                let parts: Vec<Normal> =
                    (0..BANDS).map(|band| tiles[(row * BANDS + band) * columns + column].clone()).collect();
                joined(&parts)
            })
            .collect();
        self.white = (0..free * free).map(|at| inverse[at / free * n + at % free] * variance).collect();
        self.robust = jackknife(&squares)?;
        self.banded = jackknife(&bands)?;
        self.n_tiles = squares.len();
        self.residual = variance.sqrt();
        self.explained = 1.0 - all.squares / all.weight / plane.variance().max(f64::MIN_POSITIVE);
        Some(self)
    }

    /// Rows of the plane it was fitted to.
    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Phase of wave `index` in turns at a place in px.
    pub(super) fn turns(&self, index: usize, y: f64, x: f64) -> f64 {
        let wave = self.waves[index];
        wave[0] * (x - (self.width as f64 - 1.0) / 2.0) + wave[1] * (y - (self.height as f64 - 1.0) / 2.0)
    }

    /// The model less its mean where the waves have these phases in turns.
    pub(super) fn at(&self, turns: [f64; 2]) -> f64 {
        self.terms.iter().map(|term| (term.amplitude * Complex::cis(TAU * term.turns(turns))).re).sum()
    }

    /// Standard deviation of the pattern.
    pub(super) fn rms(&self) -> f64 {
        (self.terms.iter().map(|term| term.amplitude.norm_sqr() / 2.0).sum::<f64>()).sqrt()
    }

    /// The pattern less its mean.
    pub(super) fn drawn(&self) -> Plane {
        let frequencies: Vec<[f64; 2]> = self.terms.iter().map(|term| self.frequency(term.order)).collect();
        let rows = (0..self.height).into_par_iter().flat_map_iter(|y| {
            let mut row = vec![0.0; self.width];
            for (term, &frequency) in self.terms.iter().zip(&frequencies) {
                let step = Complex::cis(TAU * frequency[0]);
                let mut turn = term.amplitude * Complex::cis(TAU * self.phase_at(frequency, y, 0));
                for value in &mut row {
                    *value += turn.re;
                    turn *= step;
                }
            }
            row.into_iter().map(|value| value as f32)
        });
        Plane::new(self.height, self.width, rows.collect())
    }

    /// Amplitude of the term of these orders; 0 if there is none.
    pub(super) fn amplitude(&self, order: [i32; 2]) -> f64 {
        self.terms.iter().find(|term| term.order == order).map_or(0.0, |term| term.amplitude.norm())
    }

    /// Amplitude of the first wave's term of order `order` in each tile, of at least two of its periods.
    pub(super) fn amplitudes(&self, plane: &Plane, order: [i32; 2]) -> Vec<f64> {
        let [fx, fy] = self.frequency(order);
        self.amplitudes_in_tiles(plane, order, 2.0 / fx.hypot(fy))
    }

    /// The same in tiles of at least `tile_px`.
    pub(super) fn amplitudes_in_tiles(&self, plane: &Plane, order: [i32; 2], tile_px: f64) -> Vec<f64> {
        let area = (self.height * self.width) as f64;
        let sums = self.sums(plane, order, tile_px);
        let n = sums.len() as f64;
        sums.into_iter().map(|sum| 2.0 * sum.norm() / (area / n)).collect()
    }

    /// Phase coherence of the first wave's term of order `order` from tile to tile of at least
    /// `tile_px`: 1 a perfect pattern, about `1/√n` chance over `n` tiles. Returns both numbers.
    pub(super) fn coherence(&self, plane: &Plane, order: [i32; 2], tile_px: f64) -> (f64, usize) {
        let sums = self.sums(plane, order, tile_px);
        let size: f64 = sums.iter().map(|sum| sum.norm()).sum();
        (sums.iter().sum::<Complex<f64>>().norm() / size.max(f64::MIN_POSITIVE), sums.len())
    }

    /// The plane in the phase of the first wave's term of order `order`, summed over each tile of at least `tile_px`.
    fn sums(&self, plane: &Plane, order: [i32; 2], tile_px: f64) -> Vec<Complex<f64>> {
        let [rows, columns] = [self.height, self.width]
            .map(|side| ((side as f64 / tile_px.max(LEAST_TILE_PX as f64)) as usize).clamp(1, TILES));
        let frequency = self.frequency(order);
        let mut sums = vec![Complex::new(0.0, 0.0); rows * columns];
        let mut means = vec![(0.0, 0.0, Complex::new(0.0, 0.0)); rows * columns];
        let step = Complex::cis(-TAU * frequency[0]);
        for y in 0..self.height {
            let mut turn = Complex::cis(-TAU * self.phase_at(frequency, y, 0));
            for (x, &value) in plane.row(y).iter().enumerate() {
                let tile = y * rows / self.height * columns + x * columns / self.width;
                sums[tile] += turn * f64::from(value);
                let (value_sum, count, turn_sum) = &mut means[tile];
                *value_sum += f64::from(value);
                *count += 1.0;
                *turn_sum += turn;
                turn *= step;
            }
        }
        // without the tile's own mean, which is background
        sums.iter().zip(means).map(|(sum, (value, count, turn))| sum - turn * (value / count)).collect()
    }

    /// How far the pattern of a single wave is shifted in each band of rows: the row `v`, −1 the first and 1
    /// the last, the shift in turns that fits best, and its weight.
    pub(super) fn shifts(&self, plane: &Plane) -> Vec<(f64, f64, f64)> {
        let bands = self.parts()[0];
        (0..bands)
            .into_par_iter()
            .map(|band| {
                let rows = (band * self.height).div_ceil(bands)..((band + 1) * self.height).div_ceil(bands);
                let v = (rows.start + rows.end) as f64 / self.height as f64 - 1.0;
                let (mut product, mut square) = (0.0, 0.0);
                for y in rows {
                    for (x, &value) in plane.row(y).iter().enumerate() {
                        let turns = [self.turns(0, y as f64, x as f64), 0.0];
                        let (mut level, mut slope) = (self.mean, 0.0);
                        for term in &self.terms {
                            let wave = term.amplitude * Complex::cis(TAU * term.turns(turns));
                            level += wave.re;
                            slope -= TAU * f64::from(term.order[0]) * wave.im;
                        }
                        product += (f64::from(value) - level) * slope;
                        square += slope * slope;
                    }
                }
                (v, if square > 0.0 { product / square } else { 0.0 }, square)
            })
            .collect()
    }

    /// Cycles per column and per row of a term.
    fn frequency(&self, order: [i32; 2]) -> [f64; 2] {
        let mut sum = [0.0; 2];
        for (wave, order) in self.waves.iter().zip(order) {
            sum[0] += wave[0] * f64::from(order);
            sum[1] += wave[1] * f64::from(order);
        }
        sum
    }

    fn phase_at(&self, frequency: [f64; 2], y: usize, x: usize) -> f64 {
        frequency[0] * (x as f64 - (self.width as f64 - 1.0) / 2.0)
            + frequency[1] * (y as f64 - (self.height as f64 - 1.0) / 2.0)
    }

    fn stepped(&self, step: &[f64], share: f64, with_waves: bool) -> Self {
        let mut next = self.clone();
        let mut step = step.iter().map(|step| step * share);
        let mut take = || step.next().expect("a step for each parameter");
        if with_waves {
            next.waves.iter_mut().flatten().for_each(|component| *component += take());
        }
        next.mean += take();
        for term in &mut next.terms {
            // the sine's amplitude is the imaginary part turned over
            term.amplitude.re += take();
            term.amplitude.im -= take();
        }
        next
    }

    /// Rows and columns of the parts that equations are summed over.
    fn parts(&self) -> [usize; 2] {
        let [rows, columns] = [self.height, self.width].map(|side| (side / LEAST_TILE_PX).clamp(1, TILES));
        [rows * BANDS, columns]
    }

    /// The equations for a step from every `stride`th row, of each part: waves (if requested), mean, then
    /// cosine and sine of each term.
    fn equations(&self, plane: &Plane, with_waves: bool, stride: usize) -> Vec<Normal> {
        let [rows, columns] = self.parts();
        let free = if with_waves { 2 * self.waves.len() } else { 0 };
        let n = free + 1 + 2 * self.terms.len();
        let frequencies: Vec<[f64; 2]> = self.terms.iter().map(|term| self.frequency(term.order)).collect();
        let steps: Vec<Complex<f64>> = frequencies.iter().map(|f| Complex::cis(TAU * f[0])).collect();
        let tiles = (0..rows * columns).into_par_iter().map(|tile| {
            let (row, column) = (tile / columns, tile % columns);
            // integers that leave no pixel out
            let from_to = |index: usize, count: usize, side: usize| {
                (index * side).div_ceil(count)..((index + 1) * side).div_ceil(count)
            };
            let mut normal = Normal::new(n);
            let columns = from_to(column, columns, self.width);
            let length = columns.len();
            let mut lines = vec![0.0; n * length];
            lines[free * length..(free + 1) * length].fill(1.0);
            let mut left = vec![0.0; length];
            let mut slopes = vec![[0.0; 2]; length];
            for y in from_to(row, rows, self.height).step_by(stride) {
                let dy = y as f64 - (self.height as f64 - 1.0) / 2.0;
                for (left, &value) in left.iter_mut().zip(&plane.row(y)[columns.clone()]) {
                    *left = f64::from(value) - self.mean;
                }
                slopes.fill([0.0; 2]);
                for (index, term) in self.terms.iter().enumerate() {
                    let (cosines, sines) = lines[(free + 1 + 2 * index) * length..].split_at_mut(length);
                    let mut turn = Complex::cis(TAU * self.phase_at(frequencies[index], y, columns.start));
                    let orders = term.order.map(f64::from);
                    for i in 0..length {
                        let value = term.amplitude * turn;
                        left[i] -= value.re;
                        slopes[i][0] -= value.im * orders[0];
                        slopes[i][1] -= value.im * orders[1];
                        (cosines[i], sines[i]) = (turn.re, turn.im);
                        turn *= steps[index];
                    }
                }
                for (wave, lines) in lines[..free * length].chunks_mut(2 * length).enumerate() {
                    let (per_column, per_row) = lines.split_at_mut(length);
                    for i in 0..length {
                        let dx = (columns.start + i) as f64 - (self.width as f64 - 1.0) / 2.0;
                        per_column[i] = TAU * dx * slopes[i][wave];
                        per_row[i] = TAU * dy * slopes[i][wave];
                    }
                }
                normal.add_run(&lines, &left);
            }
            normal
        });
        tiles.collect()
    }
}

impl Term {
    fn turns(&self, turns: [f64; 2]) -> f64 {
        f64::from(self.order[0]) * turns[0] + f64::from(self.order[1]) * turns[1]
    }
}

fn joined(tiles: &[Normal]) -> Normal {
    let mut all = tiles[0].clone();
    tiles[1..].iter().for_each(|tile| all.join(tile));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn two_waves_and_their_sum_are_found_from_a_rough_start() {
        let waves = [[0.051, 0.012], [-0.02, 0.068]];
        let mut stream = Stream::new(1, "test", 0);
        let plane = Plane::from_fn(120, 150, |y, x| {
            let (dy, dx) = (y as f64 - 59.5, x as f64 - 74.5);
            let [a, b] = waves.map(|wave| TAU * (wave[0] * dx + wave[1] * dy));
            (7.0 + 3.0 * (a + 0.4).cos() + 2.0 * (b - 1.0).sin() + (a + b).cos() + stream.normal()) as f32
        });
        let start = [[0.052, 0.0115], [-0.0205, 0.0672]];
        let found = Harmonics::fitted(&plane, &start, &[[1, 0], [0, 1], [1, 1]]).unwrap();
        for component in 0..4 {
            let (wave, index) = (component / 2, component % 2);
            let error = found.waves[wave][index] - waves[wave][index];
            let [white, robust, banded] =
                [&found.white, &found.robust, &found.banded].map(|matrix| matrix[component * 5].sqrt());
            assert!(error.abs() < 4.0 * white, "{component}: {error} of {white}");
            // the noise is white, so all give the same
            assert!(robust / white > 0.6 && robust / white < 1.6, "{component}: {robust} {white}");
            assert!(banded / white > 0.5 && banded / white < 1.8, "{component}: {banded} {white}");
        }
        assert!((found.mean - 7.0).abs() < 0.1 && (found.residual - 1.0).abs() < 0.05);
        assert!((found.terms[0].amplitude.norm() - 3.0).abs() < 0.1);
        assert!((found.terms[0].amplitude.arg() - 0.4).abs() < 0.05);
    }
}
