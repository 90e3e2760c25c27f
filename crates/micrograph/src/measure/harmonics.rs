//! Harmonics: a periodic pattern fitted to a plane, its wave vectors to a small part of a pixel.
//!
//! The model is a constant and a sum of cosines and sines whose phases are whole multiples of the
//! phases of one wave (a grating) or of two (a lattice). All wave vectors and amplitudes are fitted
//! at once to all pixels by Gauss–Newton steps, from a start that is right to a part of a turn over the
//! plane. Two covariances come out: one as if the noise were white, and one that lets the pixels of a
//! tile be as dependent as they like (the sandwich of cluster-robust regression, White 1984), which
//! is what rough edges, drift and texture need. Knows nothing of significance: any plane gets a fit.

use std::f64::consts::TAU;

use rayon::prelude::*;
use rustfft::num_complex::Complex;

use super::solve::{Normal, times};
use crate::Plane;

/// Tiles along a side, where they are at least [`LEAST_TILE_PX`] wide.
const TILES: usize = 8;
/// Smallest side of a tile: roughness of edges is alike over such lengths.
const LEAST_TILE_PX: usize = 16;
/// Steps after which the fit must have come to rest.
const STEPS: usize = 12;
/// Change of phase, in turns at the border, below which it rests.
const RESTING_TURNS: f64 = 1e-6;

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
    /// The same, whatever the dependence within a tile.
    pub(super) robust: Vec<f64>,
    pub(super) n_tiles: usize,
    /// Rms of what is left.
    pub(super) residual: f64,
    /// Share of the variance that the pattern explains.
    pub(super) explained: f64,
    height: usize,
    width: usize,
}

impl Harmonics {
    /// The pattern fitted to `plane` with terms of these orders, from a start; `None` where it does not
    /// come to rest.
    pub(super) fn fitted(plane: &Plane, waves: &[[f64; 2]], orders: &[[i32; 2]]) -> Option<Self> {
        let mut model = Self {
            waves: waves.to_vec(),
            mean: 0.0,
            terms: orders.iter().map(|&order| Term { order, amplitude: Complex::new(0.0, 0.0) }).collect(),
            white: Vec::new(),
            robust: Vec::new(),
            n_tiles: 0,
            residual: 0.0,
            explained: 0.0,
            height: plane.height(),
            width: plane.width(),
        };
        // the amplitudes alone, then everything
        let step = joined(&model.equations(plane, false)).solution()?;
        model = model.stepped(&step, 1.0, false);
        let half = [plane.width() as f64 / 2.0, plane.height() as f64 / 2.0];
        let mut tiles = model.equations(plane, true);
        let mut all = joined(&tiles);
        let mut rests = false;
        for _ in 0..STEPS {
            let step = all.solution()?;
            let turns = step[..2 * waves.len()]
                .chunks(2)
                .map(|step| step[0].abs() * half[0] + step[1].abs() * half[1]);
            let turns = turns.fold(0.0, f64::max);
            // no further than a quarter of a turn of the finest term at once
            let finest = orders.iter().flatten().map(|order| f64::from(order.abs())).fold(1.0, f64::max);
            let mut share = (0.25 / (turns * finest)).min(1.0);
            let (mut next, mut next_tiles, mut next_all);
            loop {
                next = model.stepped(&step, share, true);
                next_tiles = next.equations(plane, true);
                next_all = joined(&next_tiles);
                if next_all.squares <= all.squares * (1.0 + 1e-12) || share < 0.02 {
                    break;
                }
                share /= 2.0;
            }
            (model, tiles, all) = (next, next_tiles, next_all);
            if turns < RESTING_TURNS {
                rests = true;
                break;
            }
        }
        if !rests {
            return None;
        }
        model.judged(plane, &tiles, &all)
    }

    /// With covariances, from the equations at the solution.
    fn judged(mut self, plane: &Plane, tiles: &[Normal], all: &Normal) -> Option<Self> {
        let n = all.right.len();
        let free = 2 * self.waves.len();
        let inverse = all.inverse()?;
        let variance = all.squares / (all.weight - n as f64);
        // how a change of the right sides moves the waves, a row for each component
        let lever = &inverse[..free * n];
        let moves: Vec<Vec<f64>> = tiles.iter().map(|tile| times(lever, &tile.right)).collect();
        let scale = tiles.len() as f64 / (tiles.len() - 1) as f64;
        for i in 0..free {
            for j in 0..free {
                self.white.push(inverse[i * n + j] * variance);
                self.robust.push(scale * moves.iter().map(|moved| moved[i] * moved[j]).sum::<f64>());
            }
        }
        self.n_tiles = tiles.len();
        self.residual = variance.sqrt();
        self.explained = 1.0 - all.squares / all.weight / plane.variance().max(f64::MIN_POSITIVE);
        Some(self)
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

    /// Its derivatives by the phases of the waves, per turn.
    pub(super) fn slope_at(&self, turns: [f64; 2]) -> [f64; 2] {
        self.terms.iter().fold([0.0; 2], |sum, term| {
            let slope = -TAU * (term.amplitude * Complex::cis(TAU * term.turns(turns))).im;
            [sum[0] + slope * f64::from(term.order[0]), sum[1] + slope * f64::from(term.order[1])]
        })
    }

    /// Standard deviation of the pattern.
    pub(super) fn rms(&self) -> f64 {
        (self.terms.iter().map(|term| term.amplitude.norm_sqr() / 2.0).sum::<f64>()).sqrt()
    }

    /// How well the first wave's term of order `order` keeps its phase from tile to tile of at least
    /// `tile_px`: 1 a perfect pattern, about `1/√n` chance over `n` tiles. Returns both numbers.
    pub(super) fn coherence(&self, plane: &Plane, order: [i32; 2], tile_px: f64) -> (f64, usize) {
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
        let sums: Vec<Complex<f64>> =
            sums.iter().zip(means).map(|(sum, (value, count, turn))| sum - turn * (value / count)).collect();
        let size: f64 = sums.iter().map(|sum| sum.norm()).sum();
        (sums.iter().sum::<Complex<f64>>().norm() / size.max(f64::MIN_POSITIVE), sums.len())
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

    /// The equations for a step, of each tile: waves (if asked), mean, then cosine and sine of each term.
    fn equations(&self, plane: &Plane, with_waves: bool) -> Vec<Normal> {
        let [rows, columns] = [self.height, self.width].map(|side| (side / LEAST_TILE_PX).clamp(1, TILES));
        let free = if with_waves { 2 * self.waves.len() } else { 0 };
        let n = free + 1 + 2 * self.terms.len();
        let frequencies: Vec<[f64; 2]> = self.terms.iter().map(|term| self.frequency(term.order)).collect();
        let steps: Vec<Complex<f64>> = frequencies.iter().map(|f| Complex::cis(TAU * f[0])).collect();
        let tiles = (0..rows * columns).into_par_iter().map(|tile| {
            let (row, column) = (tile / columns, tile % columns);
            // whole numbers that leave no pixel out
            let from_to = |index: usize, count: usize, side: usize| {
                (index * side).div_ceil(count)..((index + 1) * side).div_ceil(count)
            };
            let mut normal = Normal::new(n);
            let mut line = vec![0.0; n];
            let columns = from_to(column, columns, self.width);
            for y in from_to(row, rows, self.height) {
                let dy = y as f64 - (self.height as f64 - 1.0) / 2.0;
                let mut turns: Vec<Complex<f64>> = frequencies
                    .iter()
                    .map(|&frequency| Complex::cis(TAU * self.phase_at(frequency, y, columns.start)))
                    .collect();
                for x in columns.clone() {
                    let dx = x as f64 - (self.width as f64 - 1.0) / 2.0;
                    let mut model = self.mean;
                    let mut slopes = [0.0; 2];
                    for (index, (turn, term)) in turns.iter_mut().zip(&self.terms).enumerate() {
                        let value = term.amplitude * *turn;
                        model += value.re;
                        slopes[0] -= value.im * f64::from(term.order[0]);
                        slopes[1] -= value.im * f64::from(term.order[1]);
                        line[free + 1 + 2 * index] = turn.re;
                        line[free + 2 + 2 * index] = turn.im;
                        *turn *= steps[index];
                    }
                    for (wave, slope) in line[..free].chunks_mut(2).zip(slopes) {
                        wave[0] = TAU * dx * slope;
                        wave[1] = TAU * dy * slope;
                    }
                    line[free] = 1.0;
                    normal.add(&line, f64::from(plane.at(y, x)) - model, 1.0);
                }
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
            let [white, robust] = [&found.white, &found.robust].map(|matrix| matrix[component * 5].sqrt());
            assert!(error.abs() < 4.0 * white, "{component}: {error} of {white}");
            // the noise is white, so both tell the same
            assert!(robust / white > 0.6 && robust / white < 1.6, "{component}: {robust} {white}");
        }
        assert!((found.mean - 7.0).abs() < 0.1 && (found.residual - 1.0).abs() < 0.05);
        assert!((found.terms[0].amplitude.norm() - 3.0).abs() < 0.1);
        assert!((found.terms[0].amplitude.arg() - 0.4).abs() < 0.05);
        let (turns, step) = ([0.3, 0.8], 1e-6);
        let slope = found.slope_at(turns);
        for axis in 0..2 {
            let mut moved = turns;
            moved[axis] += step;
            let difference = (found.at(moved) - found.at(turns)) / step;
            assert!((slope[axis] - difference).abs() < 1e-3);
        }
    }
}
