//! Sites: the mean cell, and how much of it is at each site and elsewhere.
//!
//! A neighbourhood is fitted by a constant and a multiple of the mean cell around its middle. The
//! multiple, over that usual at sites, is the score: about 1 at an occupied site, about 0 at an
//! empty one. Sites whose neighbourhood extends beyond the border are judged by its visible part, and
//! marked.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Plane;
use crate::measure::solve::Normal;

/// Bins along each side of the mean cell, at most.
const MOST_BINS: usize = 48;
/// Radius of a neighbourhood, of the shortest vector.
const RADIUS: f64 = 0.45;
/// Radius of the disc that finds the middle, of the shortest vector.
const MIDDLE_RADIUS: f64 = 0.3;
/// Score from which on a site is occupied.
const TAKEN: f64 = 0.5;
/// Score and correlation from which on a feature off the sites counts.
const EXTRA: (f64, f64) = (0.6, 0.75);
/// Radius of the neighbourhood of an extra feature, which may have close neighbours, in lengths of the shortest
/// vector.
const EXTRA_RADIUS: f64 = 0.36;
/// Nearest an extra may be to a site, of the shortest vector.
const EXTRA_DISTANCE: f64 = 0.35;

/// A place of the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Multiples of the first and the second vector.
    pub index: [i32; 2],
    /// Where it should be, `[y, x]` in px.
    pub expected: [f64; 2],
    /// Where something is, `[y, x]` in px; absent for a missing one.
    pub found: Option<[f64; 2]>,
    /// How much of the usual is there: about 1 for taken, about 0 for missing.
    pub score: f64,
    /// Whether its neighbourhood reaches over the border of the image; its place is then uncertain.
    pub at_edge: bool,
}

pub(super) struct Found {
    pub(super) sites: Vec<Site>,
    pub(super) extra: Vec<[f64; 2]>,
}

/// What is at the sites of the lattice of `waves`, whose shortest vectors (`[x, y]`) are `vectors`.
pub(super) fn found(plane: &Plane, waves: &[[f64; 2]], vectors: [[f64; 2]; 2]) -> Found {
    let cell = Cell::of(plane, waves, vectors);
    let radius = (RADIUS * cell.shortest).max(2.0);
    let places = places(plane, vectors, cell.middle);
    let looked: Vec<([i32; 2], [f64; 2], Look)> = places
        .into_par_iter()
        .map(|(index, place)| (index, place, cell.look(plane, place, radius)))
        .collect();
    let usual = usual_score(looked.iter().map(|(_, _, look)| look.multiple).collect());
    let sites: Vec<Site> = looked
        .into_par_iter()
        .map(|(index, place, look)| {
            let score = look.multiple / usual;
            let taken = score >= TAKEN;
            let found = taken.then(|| if look.whole { cell.shifted(plane, place, radius) } else { place });
            Site { index, expected: place, found, score, at_edge: !look.whole }
        })
        .collect();
    let extra = cell.extra(plane, (EXTRA_RADIUS * cell.shortest).max(2.0), usual, &sites);
    Found { sites, extra }
}

/// All sites inside the plane.
fn places(plane: &Plane, vectors: [[f64; 2]; 2], middle: [f64; 2]) -> Vec<([i32; 2], [f64; 2])> {
    let (height, width) = (plane.height() as f64, plane.width() as f64);
    let [[ax, ay], [bx, by]] = vectors;
    let area = (ax * by - ay * bx).abs();
    // no corner needs more multiples than the plane's diagonal over the distance of the rows of sites
    let reach = height.hypot(width);
    let most = |length: f64| (reach * length / area).ceil() as i32 + 1;
    let (most_i, most_j) = (most(bx.hypot(by)), most(ax.hypot(ay)));
    let mut found = Vec::new();
    for i in -most_i..=most_i {
        for j in -most_j..=most_j {
            let x = middle[1] + f64::from(i) * ax + f64::from(j) * bx;
            let y = middle[0] + f64::from(i) * ay + f64::from(j) * by;
            let inside = (0.0..=height - 1.0).contains(&y) && (0.0..=width - 1.0).contains(&x);
            if inside {
                found.push(([i, j], [y, x]));
            }
        }
    }
    found
}

/// Median of the higher ones of `scores`: of sites that are taken.
fn usual_score(mut scores: Vec<f64>) -> f64 {
    scores.sort_by(f64::total_cmp);
    let Some(&high) = scores.get(scores.len() * 9 / 10) else { return 1.0 };
    let taken: Vec<f64> = scores.into_iter().filter(|&score| score > 0.5 * high).collect();
    taken.get(taken.len() / 2).copied().unwrap_or(1.0).max(1e-9)
}

/// The mean of all cells, by the phases of the waves.
struct Cell {
    waves: [[f64; 2]; 2],
    bins: usize,
    values: Vec<f64>,
    shortest: f64,
    /// Place of one site near the middle of the plane, `[y, x]`.
    middle: [f64; 2],
}

/// A neighbourhood compared with the mean cell.
struct Look {
    multiple: f64,
    whole: bool,
}

impl Cell {
    fn of(plane: &Plane, waves: &[[f64; 2]], vectors: [[f64; 2]; 2]) -> Self {
        let shortest = vectors[0][0].hypot(vectors[0][1]).min(vectors[1][0].hypot(vectors[1][1]));
        let bins = ((1.5 * shortest) as usize).clamp(8, MOST_BINS);
        let (mut sums, mut counts) = (vec![0.0; bins * bins], vec![1e-9; bins * bins]);
        let mut cell = Self {
            waves: [waves[0], waves[1]],
            bins,
            values: Vec::new(),
            shortest,
            middle: [plane.height() as f64 / 2.0, plane.width() as f64 / 2.0],
        };
        for y in 0..plane.height() {
            for (x, &value) in plane.row(y).iter().enumerate() {
                for (bin, weight) in cell.corners(y as f64, x as f64) {
                    sums[bin] += weight * f64::from(value);
                    counts[bin] += weight;
                }
            }
        }
        cell.values = sums.iter().zip(&counts).map(|(sum, count)| sum / count).collect();
        cell.middle = cell.site_near_middle(vectors);
        cell
    }

    /// The four bins around the phases of a place, relative to that of `middle`, with their weights.
    fn corners(&self, y: f64, x: f64) -> [(usize, f64); 4] {
        let bins = self.bins;
        let [a, b] = self.waves.map(|wave| {
            let turns = wave[0] * x + wave[1] * y;
            let place = (turns - turns.floor()) * bins as f64;
            let below = place as usize;
            (below.min(bins - 1), place - below as f64)
        });
        let next = |bin: usize| if bin + 1 >= bins { 0 } else { bin + 1 };
        let (a1, b1) = (next(a.0), next(b.0));
        [
            (a.0 * bins + b.0, (1.0 - a.1) * (1.0 - b.1)),
            (a.0 * bins + b1, (1.0 - a.1) * b.1),
            (a1 * bins + b.0, a.1 * (1.0 - b.1)),
            (a1 * bins + b1, a.1 * b.1),
        ]
    }

    fn at(&self, y: f64, x: f64) -> f64 {
        self.corners(y, x).iter().map(|&(bin, weight)| weight * self.values[bin]).sum()
    }

    /// The place near the middle whose surrounding disc differs most from the mean.
    fn site_near_middle(&self, vectors: [[f64; 2]; 2]) -> [f64; 2] {
        let mean = self.values.iter().sum::<f64>() / self.values.len() as f64;
        let radius = MIDDLE_RADIUS * self.shortest;
        let steps = 12;
        let spans = (-steps..=steps).flat_map(|v| (-steps..=steps).map(move |u| (v, u)));
        let disc: Vec<(f64, f64)> = spans
            .map(|(v, u)| {
                (radius * f64::from(v) / f64::from(steps), radius * f64::from(u) / f64::from(steps))
            })
            .filter(|(v, u)| v.hypot(*u) <= radius)
            .collect();
        let place = |i: f64, j: f64| {
            let [[ax, ay], [bx, by]] = vectors;
            [self.middle[0] + i * ay + j * by, self.middle[1] + i * ax + j * bx]
        };
        let contrast = |i: f64, j: f64| {
            let [y, x] = place(i, j);
            let sum: f64 = disc.iter().map(|(v, u)| self.at(y + v, x + u)).sum();
            sum / disc.len() as f64 - mean
        };
        let share = 1.0 / 24.0;
        let grid = (0..24).flat_map(|i| (0..24).map(move |j| (f64::from(i) * share, f64::from(j) * share)));
        let (mut i, mut j, _) = grid
            .map(|(i, j)| (i, j, contrast(i, j).abs()))
            .fold((0.0, 0.0, -1.0), |best, next| if next.2 > best.2 { next } else { best });
        let sign = contrast(i, j).signum();
        for _ in 0..3 {
            let vertex = |values: [f64; 3]| {
                let bend = values[0] - 2.0 * values[1] + values[2];
                if bend < 0.0 { ((values[0] - values[2]) / (2.0 * bend)).clamp(-1.0, 1.0) } else { 0.0 }
            };
            let along_i = vertex([-share, 0.0, share].map(|by| sign * contrast(i + by, j)));
            let along_j = vertex([-share, 0.0, share].map(|by| sign * contrast(i, j + by)));
            (i, j) = (i + share * along_i, j + share * along_j);
        }
        place(i, j)
    }

    /// Pixels of the plane within `radius` of `place`: row, column, value.
    fn around<'a>(
        plane: &'a Plane,
        [y, x]: [f64; 2],
        radius: f64,
    ) -> impl Iterator<Item = (f64, f64, f64)> + 'a {
        let span = |at: f64, side: usize| {
            ((at - radius).ceil().max(0.0) as usize)..((at + radius).floor() as usize + 1).min(side)
        };
        let columns = span(x, plane.width());
        span(y, plane.height()).flat_map(move |row| {
            columns.clone().filter_map(move |column| {
                let (dy, dx) = (row as f64 - y, column as f64 - x);
                (dy * dy + dx * dx <= radius * radius)
                    .then(|| (row as f64, column as f64, f64::from(plane.at(row, column))))
            })
        })
    }

    /// How much of the mean cell is at a site.
    fn look(&self, plane: &Plane, place: [f64; 2], radius: f64) -> Look {
        let mut normal = Normal::new(2);
        for (y, x, value) in Self::around(plane, place, radius) {
            normal.add(&[1.0, self.at(y, x)], value, 1.0);
        }
        let multiple = normal.solution().map_or(0.0, |found| found[1]);
        let inside = |at: f64, side: usize| at >= radius && at <= side as f64 - 1.0 - radius;
        let whole = inside(place[0], plane.height()) && inside(place[1], plane.width());
        Look { multiple, whole }
    }

    /// Where at a site the mean cell fits best.
    fn shifted(&self, plane: &Plane, place: [f64; 2], radius: f64) -> [f64; 2] {
        let mut shift = [0.0; 2];
        for _ in 0..4 {
            let mut normal = Normal::new(4);
            for (y, x, value) in Self::around(plane, place, radius) {
                let (y, x) = (y - shift[0], x - shift[1]);
                let down = self.at(y - 0.5, x) - self.at(y + 0.5, x);
                let right = self.at(y, x - 0.5) - self.at(y, x + 0.5);
                normal.add(&[1.0, self.at(y, x), down, right], value, 1.0);
            }
            let Some(found) = normal.solution() else { break };
            // the factors of the derivatives are the shifts times the cell's multiple
            let multiple = if found[1].abs() > 0.2 { found[1] } else { break };
            let step = [found[2] / multiple, found[3] / multiple];
            shift = [0, 1].map(|axis| (shift[axis] + step[axis]).clamp(-0.5 * radius, 0.5 * radius));
            if step[0].hypot(step[1]) < 1e-3 {
                break;
            }
        }
        [place[0] + shift[0], place[1] + shift[1]]
    }

    /// Positions off the sites that look like an occupied site.
    fn extra(&self, plane: &Plane, radius: f64, usual: f64, sites: &[Site]) -> Vec<[f64; 2]> {
        let reach = radius.floor() as i64;
        let spans = (-reach..=reach).flat_map(|v| (-reach..=reach).map(move |u| (v, u)));
        let disc: Vec<(i64, i64, f64)> = spans
            .filter(|(v, u)| ((v * v + u * u) as f64) <= radius * radius)
            .map(|(v, u)| (v, u, self.at(self.middle[0] + v as f64, self.middle[1] + u as f64)))
            .collect();
        let n = disc.len() as f64;
        let mean = disc.iter().map(|(_, _, value)| value).sum::<f64>() / n;
        let power: f64 = disc.iter().map(|(_, _, value)| (value - mean).powi(2)).sum();
        let (height, width) = (plane.height() as i64, plane.width() as i64);
        let step = ((self.shortest / 8.0) as usize).max(1);
        let far = EXTRA_DISTANCE * self.shortest;
        let rows: Vec<i64> = (reach..height - reach).step_by(step).collect();
        let mut candidates: Vec<(f64, [f64; 2])> = rows
            .into_par_iter()
            .flat_map_iter(|y| {
                let near: Vec<[f64; 2]> = sites
                    .iter()
                    .map(|site| site.found.unwrap_or(site.expected))
                    .filter(|at| (at[0] - y as f64).abs() < far)
                    .collect();
                let disc = &disc;
                (reach..width - reach).step_by(step).filter_map(move |x| {
                    let close = |at: &[f64; 2]| (at[0] - y as f64).hypot(at[1] - x as f64) < far;
                    if near.iter().any(close) {
                        return None;
                    }
                    let (mut sum, mut square, mut product) = (0.0, 0.0, 0.0);
                    for &(v, u, cell) in disc {
                        let value = f64::from(plane.at((y + v) as usize, (x + u) as usize));
                        sum += value;
                        square += value * value;
                        product += value * (cell - mean);
                    }
                    let score = product / power / usual;
                    let variance = (square - sum * sum / n).max(f64::MIN_POSITIVE);
                    let correlation = product / (power * variance).sqrt();
                    (score >= EXTRA.0 && correlation >= EXTRA.1)
                        .then_some((score * correlation, [y as f64, x as f64]))
                })
            })
            .collect();
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut kept: Vec<[f64; 2]> = Vec::new();
        for (_, place) in candidates {
            if kept.iter().all(|other| (other[0] - place[0]).hypot(other[1] - place[1]) > 0.6 * self.shortest)
            {
                kept.push(place);
            }
        }
        kept
    }
}
