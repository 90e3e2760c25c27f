//! Dots: a lattice grown from dot to dot, where the spectrum of the whole image shows none.
//!
//! An array that fills part of the image, that is drawn in perspective, or whose dots are few or faint leaves no
//! prominent peaks. Its dots are still compact extremes of the smoothed image, and a step from dot to dot occurs far
//! more often than steps beside it. Two such steps are followed from dot to dot; a plane through the positions gives
//! the vectors. The evidence is how unlikely it is that as many of the sites are occupied, as precisely, by chance.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Site;
use crate::Plane;
use crate::measure::solve::Normal;
use crate::smooth::smooth;

/// Scales of smoothing at which dots are looked for, in px.
const SCALES: [f64; 8] = [1.2, 1.8, 2.7, 4.0, 6.0, 9.0, 13.0, 19.0];
/// Numbers of strongest dots that are looked at.
const STRONGEST: [usize; 4] = [30, 80, 240, 600];
/// Least ratio of both curvatures of a dot: ridges have about 0.
const LEAST_ROUND: f64 = 0.3;
/// Steps that are combined in pairs.
const STEPS: usize = 9;
/// Pairs of steps that are followed.
const PAIRS: usize = 12;
/// Fewest pairs of dots that are one step apart.
const LEAST_PAIRS: f64 = 5.0;
/// Distance from its site within which a dot is taken, in lengths of the shorter vector.
const TOLERANCE: f64 = 0.2;
/// Fewest dots of a lattice, and fewest rows along both vectors.
const LEAST_DOTS: usize = 12;
const LEAST_ROWS: usize = 3;
/// Largest rms distance of dots from their sites along one direction, of the shorter vector.
const MOST_OFF: f64 = 0.06;
/// Least share of sites that are occupied.
const LEAST_OCCUPIED: f64 = 0.55;
/// Most dots in the array that are at no site, for each that is.
const MOST_BESIDE: f64 = 1.0;
/// Least share of the image that a lattice of fewer than so many dots covers: a texture is regular in places.
const LEAST_SHARE: f64 = 0.15;
const MANY_DOTS: usize = 60;
/// How much more often than at random a dot of a dense packing has a neighbour at one of its usual distances.
const PACKED: f64 = 3.0;
/// Largest logarithm of the probability of chance, and that where dots are expected.
const MOST_CHANCE: f64 = -32.0;
const MOST_CHANCE_EXPECTED: f64 = -14.0;

/// A lattice that was grown.
#[derive(Clone, Debug)]
pub(super) struct Grown {
    /// Sites inside the array.
    pub(super) sites: Vec<Site>,
    /// Both vectors, `[x, y]` in px.
    pub(super) vectors: [[f64; 2]; 2],
    /// Natural logarithm of the probability of chance.
    pub(super) chance: f64,
}

/// A compact extreme: place `[y, x]` and strength.
type Dot = ([f64; 2], f64);

/// The most certain lattice of dots in `plane`; with weaker evidence where dots are `expected`.
pub(super) fn grown(plane: &Plane, expected: bool) -> Option<Grown> {
    let most = if expected { MOST_CHANCE_EXPECTED } else { MOST_CHANCE };
    best(plane).filter(|best| best.chance <= most)
}

/// The most certain lattice of dots in `plane`, however uncertain.
pub(super) fn best(plane: &Plane) -> Option<Grown> {
    let side = plane.height().min(plane.width()) as f64;
    let scales: Vec<f64> = SCALES.into_iter().filter(|sigma| 16.0 * sigma < side).collect();
    let found: Vec<Grown> = scales
        .into_par_iter()
        .flat_map_iter(|sigma| {
            let (bright, dark) = dots(plane, sigma);
            [bright, dark]
                .into_iter()
                .filter_map(move |dots| best_of(&dots, plane, sigma))
                .collect::<Vec<_>>()
        })
        .collect();
    found.into_iter().min_by(|a, b| a.chance.total_cmp(&b.chance))
}

/// Bright and dark dots of about the size `sigma`, each the strongest first.
fn dots(plane: &Plane, sigma: f64) -> (Vec<Dot>, Vec<Dot>) {
    let soft = smooth(plane, sigma);
    let (height, width) = (soft.height(), soft.width());
    let reach = (sigma.round() as usize).max(1);
    let at = |y: usize, x: usize| f64::from(soft.at(y, x));
    let curvatures = |y: usize, x: usize| {
        let (h, c) = (reach, at(y, x));
        let (xx, yy) = (at(y, x - h) + at(y, x + h) - 2.0 * c, at(y - h, x) + at(y + h, x) - 2.0 * c);
        let xy = (at(y + h, x + h) + at(y - h, x - h) - at(y + h, x - h) - at(y - h, x + h)) / 4.0;
        let (middle, spread) = ((xx + yy) / 2.0, ((xx - yy) / 2.0).hypot(xy));
        (middle - spread, middle + spread)
    };
    let (mut bright, mut dark) = (Vec::new(), Vec::new());
    for y in reach..height.saturating_sub(reach) {
        for x in reach..width.saturating_sub(reach) {
            let here = soft.at(y, x);
            let around = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2)];
            let near = around.map(|(dy, dx)| soft.at(y + dy - 1, x + dx - 1));
            let highest = near.iter().all(|&value| value <= here);
            let lowest = near.iter().all(|&value| value >= here);
            if highest == lowest {
                continue;
            }
            let (low, high) = curvatures(y, x);
            let (weak, strong) = if highest { (-high, -low) } else { (low, high) };
            if weak < LEAST_ROUND * strong || weak <= 0.0 {
                continue;
            }
            let vertex = |before: f64, after: f64| {
                let bend = before + after - 2.0 * f64::from(here);
                if bend == 0.0 { 0.0 } else { ((before - after) / (2.0 * bend)).clamp(-0.5, 0.5) }
            };
            let place = [
                y as f64 + vertex(at(y - 1, x), at(y + 1, x)),
                x as f64 + vertex(at(y, x - 1), at(y, x + 1)),
            ];
            if highest { &mut bright } else { &mut dark }.push((place, weak + strong));
        }
    }
    for dots in [&mut bright, &mut dark] {
        dots.sort_by(|a, b| b.1.total_cmp(&a.1));
    }
    (bright, dark)
}

/// The best lattice among the strongest of `dots`.
fn best_of(dots: &[Dot], plane: &Plane, sigma: f64) -> Option<Grown> {
    let mut best: Option<Grown> = None;
    let mut last = 0;
    for n in STRONGEST {
        let n = n.min(dots.len());
        if n < LEAST_DOTS || n == last {
            break;
        }
        last = n;
        let places: Vec<[f64; 2]> = dots[..n].iter().map(|(place, _)| *place).collect();
        let index = Index::of(&places, plane);
        for [a, b] in pairs(&places, plane, sigma) {
            if let Some(grown) = index.grown(a, b)
                && best.as_ref().is_none_or(|best| grown.chance < best.chance)
            {
                best = Some(grown);
            }
        }
    }
    best
}

/// Pairs of steps `[x, y]` that are frequent among `places`, reduced to the shortest.
fn pairs(places: &[[f64; 2]], plane: &Plane, sigma: f64) -> Vec<[[f64; 2]; 2]> {
    let reach = 0.34 * plane.height().max(plane.width()) as f64;
    let least = (2.2 * sigma).max(4.0);
    let mut steps: Vec<(f64, [f64; 2])> = Vec::new();
    for cell in [1.0, 3.0] {
        let half = (reach / cell) as usize + 1;
        let across = 2 * half + 1;
        let mut counts = vec![0.0_f64; across * (half + 1)];
        let bin = |[dx, dy]: [f64; 2]| {
            let (column, row) = ((dx / cell).round() + half as f64, (dy / cell).round());
            row as usize * across + column as usize
        };
        for (index, a) in places.iter().enumerate() {
            for b in &places[index + 1..] {
                let (dy, dx) = (b[0] - a[0], b[1] - a[1]);
                let [dx, dy] = if dy < 0.0 { [-dx, -dy] } else { [dx, dy] };
                if dx.abs() < reach && dy < reach && dx.hypot(dy) >= least {
                    counts[bin([dx, dy])] += 1.0;
                }
            }
        }
        let at = |row: i64, column: i64| {
            // the histogram is its own mirror image
            let (row, column) = if row < 0 { (-row, across as i64 - 1 - column) } else { (row, column) };
            let inside = row <= half as i64 && (0..across as i64).contains(&column);
            if inside { counts[row as usize * across + column as usize] } else { 0.0 }
        };
        let sum = |row: i64, column: i64, reach: i64| -> f64 {
            (-reach..=reach)
                .flat_map(|dy| (-reach..=reach).map(move |dx| (dy, dx)))
                .map(|(dy, dx)| at(row + dy, column + dx))
                .sum()
        };
        let mut found: Vec<(f64, [f64; 2])> = Vec::new();
        for row in 0..=half as i64 {
            for column in 0..across as i64 {
                if at(row, column) == 0.0 {
                    continue;
                }
                let here = sum(row, column, 1);
                if here < LEAST_PAIRS {
                    continue;
                }
                let around = (sum(row, column, 6) - sum(row, column, 2)) / 144.0 * 9.0;
                let score = (here - around) / (around + 1.0).sqrt();
                if score >= 3.0 {
                    let (mut x, mut y) = (0.0, 0.0);
                    for (dy, dx) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dy, dx))) {
                        x += at(row + dy, column + dx) * (column + dx) as f64;
                        y += at(row + dy, column + dx) * (row + dy) as f64;
                    }
                    found.push((score, [(x / here - half as f64) * cell, y / here * cell]));
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut kept: Vec<(f64, [f64; 2])> = Vec::new();
        for (score, step) in found {
            let far =
                |other: &(f64, [f64; 2])| length([other.1[0] - step[0], other.1[1] - step[1]]) > 3.0 * cell;
            if kept.len() < STEPS && kept.iter().all(far) {
                kept.push((score, step));
            }
        }
        steps.extend(kept);
    }
    let mut pairs: Vec<(f64, [[f64; 2]; 2])> = Vec::new();
    for (index, (score, a)) in steps.iter().enumerate() {
        for (other, b) in &steps[index + 1..] {
            let pair = reduced(*a, *b);
            let sine = cross(pair[0], pair[1]).abs() / (length(pair[0]) * length(pair[1])).max(1e-9);
            if sine > 0.4 && length(pair[0]) >= least && length(pair[1]) < 4.0 * length(pair[0]) {
                pairs.push((score + other, pair));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<[[f64; 2]; 2]> = Vec::new();
    for (_, pair) in pairs {
        let near = |other: &[[f64; 2]; 2]| {
            let off = |a: [f64; 2], b: [f64; 2]| {
                length([a[0] - b[0], a[1] - b[1]]).min(length([a[0] + b[0], a[1] + b[1]]))
            };
            off(other[0], pair[0]) < 1.5 && off(other[1], pair[1]) < 1.5
        };
        if kept.len() < PAIRS && !kept.iter().any(near) {
            kept.push(pair);
        }
    }
    kept
}

/// Dots by their place.
struct Index<'a> {
    places: &'a [[f64; 2]],
    /// Pixels of the image.
    area: f64,
    cell: f64,
    columns: usize,
    bins: Vec<Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(places: &'a [[f64; 2]], plane: &Plane) -> Self {
        let cell = 16.0;
        let columns = (plane.width() as f64 / cell) as usize + 1;
        let rows = (plane.height() as f64 / cell) as usize + 1;
        let mut bins = vec![Vec::new(); rows * columns];
        for (index, [y, x]) in places.iter().enumerate() {
            bins[(y / cell) as usize * columns + (x / cell) as usize].push(index);
        }
        Self { places, area: plane.values().len() as f64, cell, columns, bins }
    }

    /// The dot nearest to `[y, x]` within `reach`.
    fn nearest(&self, [y, x]: [f64; 2], reach: f64) -> Option<usize> {
        let rows = self.bins.len() / self.columns;
        let span = |at: f64, n: usize| {
            let (low, high) = ((at - reach) / self.cell, (at + reach) / self.cell);
            (low.max(0.0) as usize)..((high.max(-1.0) + 1.0) as usize).min(n)
        };
        let columns = span(x, self.columns);
        let near =
            span(y, rows).flat_map(|row| columns.clone().map(move |column| row * self.columns + column));
        let off = |index: &usize| (self.places[*index][0] - y).hypot(self.places[*index][1] - x);
        near.flat_map(|bin| &self.bins[bin])
            .copied()
            .filter(|index| off(index) <= reach)
            .min_by(|a, b| off(a).total_cmp(&off(b)))
    }

    /// The lattice of the steps `a` and `b`, `[x, y]`, from the dot that has most neighbours.
    fn grown(&self, a: [f64; 2], b: [f64; 2]) -> Option<Grown> {
        let reach = TOLERANCE * length(a).min(length(b));
        let step = |[y, x]: [f64; 2], [i, j]: [f64; 2]| [y + i * a[1] + j * b[1], x + i * a[0] + j * b[0]];
        let ways = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
        let neighbours = |place: [f64; 2]| {
            ways.iter().filter(|way| self.nearest(step(place, **way), reach).is_some()).count()
        };
        let counts: Vec<usize> = self.places.iter().map(|&place| neighbours(place)).collect();
        // enough to be worth following
        if counts.iter().filter(|&&n| n >= 2).count() < LEAST_DOTS / 2 {
            return None;
        }
        let mut taken = vec![false; self.places.len()];
        let mut best: Option<Grown> = None;
        let mut seeds: Vec<usize> = (0..self.places.len()).filter(|&at| counts[at] >= 3).collect();
        seeds.sort_by(|p, q| counts[*q].cmp(&counts[*p]));
        for seed in seeds.into_iter().take(12) {
            if taken[seed] {
                continue;
            }
            let sites = self.followed(seed, a, b, reach);
            sites.values().for_each(|&dot| taken[dot] = true);
            if let Some(grown) = self.judged(sites)
                && best.as_ref().is_none_or(|best| grown.chance < best.chance)
            {
                best = Some(grown);
            }
        }
        best
    }

    /// Dots that are reached from `seed` by steps that bend as the array does, by their index.
    fn followed(&self, seed: usize, a: [f64; 2], b: [f64; 2], reach: f64) -> BTreeMap<[i32; 2], usize> {
        let mut found = BTreeMap::from([([0, 0], seed)]);
        let mut used = vec![false; self.places.len()];
        used[seed] = true;
        let mut queue = std::collections::VecDeque::from([[0, 0]]);
        while let Some(index) = queue.pop_front() {
            for (way, vector) in
                [([1, 0], a), ([-1, 0], [-a[0], -a[1]]), ([0, 1], b), ([0, -1], [-b[0], -b[1]])]
            {
                let next = [index[0] + way[0], index[1] + way[1]];
                if found.contains_key(&next) {
                    continue;
                }
                let here = self.places[found[&index]];
                // as far as from the one before, as far as that is known
                let before = [index[0] - way[0], index[1] - way[1]];
                let step = found.get(&before).map_or(vector, |&dot| {
                    let [y, x] = self.places[dot];
                    [(vector[0] + here[1] - x) / 2.0, (vector[1] + here[0] - y) / 2.0]
                });
                let place = [here[0] + step[1], here[1] + step[0]];
                if let Some(dot) = self.nearest(place, reach).filter(|&dot| !used[dot]) {
                    used[dot] = true;
                    found.insert(next, dot);
                    queue.push_back(next);
                }
            }
        }
        found
    }

    /// A plane through the positions, the sites beside them, and the evidence.
    fn judged(&self, mut dots: BTreeMap<[i32; 2], usize>) -> Option<Grown> {
        if dots.len() < LEAST_DOTS {
            return None;
        }
        let mut fit = self.fit(&dots)?;
        for _ in 0..3 {
            // as precise as most of those that were followed; the median of a distance is 1.18 of its rms along an axis
            let mut offs: Vec<f64> = dots
                .iter()
                .map(|(index, &dot)| {
                    let place = fit.place(*index);
                    (place[0] - self.places[dot][0]).hypot(place[1] - self.places[dot][1])
                })
                .collect();
            offs.sort_by(f64::total_cmp);
            let usual = offs[offs.len() / 2] / 1.18;
            let reach = (4.0 * usual + 1.0).min(TOLERANCE * fit.shorter());
            if fit.sigma > MOST_OFF * fit.shorter() {
                break;
            }
            let ends = |axis: usize| {
                let of = || dots.keys().map(|index| index[axis]);
                (of().min().unwrap_or(0) - 1, of().max().unwrap_or(0) + 1)
            };
            let ((first_i, last_i), (first_j, last_j)) = (ends(0), ends(1));
            let mut again = BTreeMap::new();
            for j in first_j..=last_j {
                for i in first_i..=last_i {
                    if let Some(dot) = self.nearest(fit.place([i, j]), reach) {
                        again.insert([i, j], dot);
                    }
                }
            }
            if 5 * again.len() < 4 * dots.len() {
                break;
            }
            dots = again;
            fit = self.fit(&dots)?;
        }
        let shorter = fit.shorter();
        // the sites between the first and the last of each row
        let mut spans: BTreeMap<i32, (i32, i32)> = BTreeMap::new();
        for [i, j] in dots.keys() {
            let span = spans.entry(*j).or_insert((*i, *i));
            *span = (span.0.min(*i), span.1.max(*i));
        }
        let sites: Vec<Site> = spans
            .iter()
            .flat_map(|(&j, &(first, last))| (first..=last).map(move |i| [i, j]))
            .map(|index| {
                let found = dots.get(&index).map(|&dot| self.places[dot]);
                let score = if found.is_some() { 1.0 } else { 0.0 };
                Site { index, expected: fit.place(index), found, score, at_edge: false }
            })
            .collect();
        let columns: std::collections::BTreeSet<i32> = dots.keys().map(|[i, _]| *i).collect();
        let inside = |[y, x]: [f64; 2]| {
            let [i, j] = fit.index([y, x]);
            let span = spans.get(&(j.round() as i32));
            span.is_some_and(|&(first, last)| i >= f64::from(first) - 0.5 && i <= f64::from(last) + 0.5)
        };
        let n_inside = self.places.iter().filter(|place| inside(**place)).count().max(dots.len());
        let beside = n_inside - dots.len();
        let (n, all) = (dots.len(), sites.len());
        let rows = spans.len().min(columns.len());
        let enough = n >= LEAST_DOTS
            && rows >= LEAST_ROWS
            && fit.sigma <= MOST_OFF * shorter
            && n as f64 >= LEAST_OCCUPIED * all as f64
            && (n >= MANY_DOTS
                || all as f64 * cross(fit.vectors[0], fit.vectors[1]).abs() >= LEAST_SHARE * self.area)
            && beside as f64 <= MOST_BESIDE * n as f64;
        if !enough {
            return None;
        }
        // a dot at random within as far from its site as these are
        let near = std::f64::consts::PI * (2.2 * fit.sigma).max(0.5).powi(2);
        let density = n_inside as f64 / (all as f64 * cross(fit.vectors[0], fit.vectors[1]).abs());
        let share = (PACKED * density * near).min(0.7);
        // three of them are where they are by the choice of the vectors
        let chance = ln_binomial_tail(n - 3, all - 3, share);
        Some(Grown { sites, vectors: fit.vectors, chance })
    }

    fn fit(&self, dots: &BTreeMap<[i32; 2], usize>) -> Option<Plain> {
        let mut normals = [Normal::new(3), Normal::new(3)];
        for (index, &dot) in dots {
            let row = [1.0, f64::from(index[0]), f64::from(index[1])];
            normals.iter_mut().zip(self.places[dot]).for_each(|(normal, at)| normal.add(&row, at, 1.0));
        }
        let (down, across) = (normals[0].solution()?, normals[1].solution()?);
        let mut fit = Plain {
            origin: [down[0], across[0]],
            vectors: [[across[1], down[1]], [across[2], down[2]]],
            sigma: 0.0,
        };
        if cross(fit.vectors[0], fit.vectors[1]).abs() < 1.0 {
            return None;
        }
        let off = |(index, &dot): (&[i32; 2], &usize)| {
            let place = fit.place(*index);
            (place[0] - self.places[dot][0]).powi(2) + (place[1] - self.places[dot][1]).powi(2)
        };
        fit.sigma = (dots.iter().map(off).sum::<f64>() / (2.0 * dots.len() as f64 - 6.0).max(1.0)).sqrt();
        Some(fit)
    }
}

/// A plane through positions: `origin` `[y, x]`, `vectors` `[x, y]`.
struct Plain {
    origin: [f64; 2],
    vectors: [[f64; 2]; 2],
    sigma: f64,
}

impl Plain {
    fn place(&self, [i, j]: [i32; 2]) -> [f64; 2] {
        let [a, b] = self.vectors;
        let (i, j) = (f64::from(i), f64::from(j));
        [self.origin[0] + i * a[1] + j * b[1], self.origin[1] + i * a[0] + j * b[0]]
    }

    /// The index, in fractions, of the place `[y, x]`.
    fn index(&self, [y, x]: [f64; 2]) -> [f64; 2] {
        let [a, b] = self.vectors;
        let (dx, dy) = (x - self.origin[1], y - self.origin[0]);
        let area = cross(a, b);
        [(dx * b[1] - dy * b[0]) / area, (a[0] * dy - a[1] * dx) / area]
    }

    fn shorter(&self) -> f64 {
        length(self.vectors[0]).min(length(self.vectors[1]))
    }
}

/// The two shortest steps of the lattice of two.
fn reduced(mut a: [f64; 2], mut b: [f64; 2]) -> [[f64; 2]; 2] {
    for _ in 0..32 {
        if length(a) > length(b) {
            std::mem::swap(&mut a, &mut b);
        }
        let times = ((a[0] * b[0] + a[1] * b[1]) / (a[0] * a[0] + a[1] * a[1]).max(1e-9)).round();
        if times == 0.0 {
            break;
        }
        b = [b[0] - times * a[0], b[1] - times * a[1]];
    }
    [a, b]
}

/// Natural logarithm of the probability of at least `k` of `n` where each has the probability `p`.
fn ln_binomial_tail(k: usize, n: usize, p: f64) -> f64 {
    let ln_factorial = |n: usize| (2..=n).map(|i| (i as f64).ln()).sum::<f64>();
    let whole = ln_factorial(n);
    let terms: Vec<f64> = (k..=n)
        .map(|i| {
            let ways = whole - ln_factorial(i) - ln_factorial(n - i);
            ways + i as f64 * p.ln() + (n - i) as f64 * (1.0 - p).ln()
        })
        .collect();
    let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    highest + terms.iter().map(|term| (term - highest).exp()).sum::<f64>().ln()
}

fn length([x, y]: [f64; 2]) -> f64 {
    x.hypot(y)
}

fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn an_array_in_a_part_of_the_image_is_found_among_other_dots() {
        let mut stream = Stream::new(3, "test", 0);
        let mut places: Vec<[f64; 2]> = (0..30)
            .map(|at| {
                let (i, j) = (f64::from(at % 6), f64::from(at / 6));
                [60.0 + 19.0 * j + 3.0 * i, 90.0 + 24.0 * i - 2.0 * j]
            })
            .collect();
        places.extend((0..12).map(|_| [stream.between(10.0, 230.0), stream.between(10.0, 310.0)]));
        let plane = Plane::from_fn(240, 320, |y, x| {
            let near =
                |at: &[f64; 2]| (-((at[0] - y as f64).powi(2) + (at[1] - x as f64).powi(2)) / 12.0).exp();
            (100.0 * places.iter().map(near).fold(0.0, f64::max) + 4.0 * stream.normal()) as f32
        });
        let found = grown(&plane, false).unwrap();
        let mut long: Vec<f64> = found.vectors.map(length).to_vec();
        long.sort_by(f64::total_cmp);
        assert!((long[0] - 19.1).abs() < 0.2 && (long[1] - 24.19).abs() < 0.2, "{long:?}");
        let n = found.sites.iter().filter(|site| site.found.is_some()).count();
        assert!((30..=31).contains(&n), "{n}: one of the others may be at a site by chance");
    }

    #[test]
    fn dots_at_random_and_packed_discs_are_no_lattice() {
        for seed in 0..6 {
            let mut stream = Stream::new(seed, "test", 1);
            let mut places: Vec<[f64; 2]> = Vec::new();
            // as close as they come without overlap, or anywhere
            let least = if seed % 2 == 0 { 0.0 } else { 15.0 };
            for _ in 0..4000 {
                let place = [stream.between(0.0, 240.0), stream.between(0.0, 320.0)];
                let free = places.iter().all(|at| (at[0] - place[0]).hypot(at[1] - place[1]) >= least);
                if free && (least > 0.0 || places.len() < 150) {
                    places.push(place);
                }
            }
            let plane = Plane::from_fn(240, 320, |y, x| {
                let near =
                    |at: &[f64; 2]| (-((at[0] - y as f64).powi(2) + (at[1] - x as f64).powi(2)) / 20.0).exp();
                (100.0 * places.iter().map(near).fold(0.0, f64::max) + 4.0 * stream.normal()) as f32
            });
            let found = grown(&plane, false);
            assert!(found.is_none(), "{seed}: {:?}", found.map(|found| (found.vectors, found.chance)));
        }
    }

    #[test]
    fn the_tail_of_a_binomial_distribution_is_that_of_coins() {
        // 3 of 4 coins: (4 + 1) / 16
        assert!((ln_binomial_tail(3, 4, 0.5) - (5.0_f64 / 16.0).ln()).abs() < 1e-12);
        assert!(ln_binomial_tail(0, 7, 0.3).abs() < 1e-12);
    }
}
