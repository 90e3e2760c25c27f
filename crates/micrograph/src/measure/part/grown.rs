//! Grown: a lattice that is followed from dot to dot, and how unlikely it is by chance.
//!
//! From the dot with most neighbours two steps are followed; they bend on the way as the array does. A plane through the
//! positions gives the sites. The evidence is how unlikely it is that as many of the sites between the first and the
//! last of each row are occupied, as precisely, by dots at random.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::vectors::{cross, length};
use crate::Plane;
use crate::measure::lattice::Site;
use crate::measure::solve::Normal;

/// Distance from its site within which a dot is taken, in lengths of the shorter vector.
const TOLERANCE: f64 = 0.2;
/// Fewest dots of a lattice, and fewest rows along both vectors.
pub(super) const LEAST_DOTS: usize = 12;
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

/// Dots by their place.
pub(super) struct Index<'a> {
    places: &'a [[f64; 2]],
    /// Pixels of the image.
    area: f64,
    cell: f64,
    columns: usize,
    bins: Vec<Vec<usize>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(places: &'a [[f64; 2]], plane: &Plane) -> Self {
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
        let off = |index: &usize| {
            let [at_y, at_x] = self.places[*index];
            (at_y - y) * (at_y - y) + (at_x - x) * (at_x - x)
        };
        near.flat_map(|bin| &self.bins[bin])
            .copied()
            .filter(|index| off(index) <= reach * reach)
            .min_by(|a, b| off(a).total_cmp(&off(b)))
    }

    /// The lattice of the steps `a` and `b`, `[x, y]`, from the dot that has most neighbours.
    pub(super) fn grown(&self, a: [f64; 2], b: [f64; 2]) -> Option<Grown> {
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
        let mut queue = VecDeque::from([[0, 0]]);
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
        let columns: BTreeSet<i32> = dots.keys().map(|[i, _]| *i).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_binomial_distribution_is_that_of_coins() {
        // 3 of 4 coins: (4 + 1) / 16
        assert!((ln_binomial_tail(3, 4, 0.5) - (5.0_f64 / 16.0).ln()).abs() < 1e-12);
        assert!(ln_binomial_tail(0, 7, 0.3).abs() < 1e-12);
    }
}
