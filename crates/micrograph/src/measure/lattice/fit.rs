//! Fit: straight lines through the positions of sites, and the uncertainty of the vectors.
//!
//! If the displacements of sites are independent, residuals give the covariance. Often they are not: rows are
//! shifted, a stitched scan consists of fields, a lens distorts. Then neighbours are displaced together, and the
//! vectors are less certain than the number of sites suggests. The jackknife over clusters of sites (tiles, bands
//! of rows, bands of columns) allows any dependence among the sites of a cluster.

use super::Site;
use crate::Plane;
use crate::measure::drift::Bend;
use crate::measure::geometry::Geometry;
use crate::measure::solve::Normal;

/// Fewest sites off the border with something on them.
const LEAST_SITES: usize = 6;
/// Most bands of rows or columns.
const MOST_BANDS: usize = 15;
/// Most tiles along a side.
const MOST_TILES: usize = 5;
/// Large tiles along a side, for scans whose neighbours are displaced together.
const LARGE_TILES: usize = 3;
/// Correlation from which on neighbouring sites are displaced together.
pub(in crate::measure) const TOGETHER: f64 = 0.3;
/// Fewest clusters for a jackknife.
const LEAST_CLUSTERS: usize = 5;

/// `place = origin + i·first + j·second`.
pub(super) struct Fit {
    /// `[y, x]` in px, as the origin.
    pub(super) vectors: [[f64; 2]; 2],
    pub(super) origin: [f64; 2],
    /// Rms distance along one direction of places from the lines.
    pub(super) sigma: f64,
    /// Sites that it goes through.
    pub(super) n: usize,
    /// Inverse of the normal equations for (origin, i, j), `[3, 3]`, the same for y and x.
    inverse: Vec<f64>,
    /// Index and place `[y, x]` of each of these sites.
    placed: Vec<([i32; 2], [f64; 2])>,
}

/// Covariance of the vectors' components `(ax, ay, bx, by)` on the specimen, `[4, 4]`.
pub(super) struct Clustered {
    pub(super) covariance: Vec<f64>,
    pub(super) degrees_of_freedom: f64,
}

impl Fit {
    /// `None` for too few sites.
    pub(super) fn through(sites: &[&Site]) -> Option<Self> {
        let place = |site: &&Site| Some((site.index, site.found?));
        let mut placed: Vec<([i32; 2], [f64; 2])> = sites.iter().filter_map(place).collect();
        // twice without outliers: something else may be at a site
        for pass in 0..3 {
            if placed.len() < LEAST_SITES {
                return None;
            }
            let normals = equations(placed.iter());
            let (down, across) = (normals[0].solution()?, normals[1].solution()?);
            let mut fit = Self {
                origin: [down[0], across[0]],
                vectors: [[down[1], across[1]], [down[2], across[2]]],
                inverse: normals[0].inverse()?,
                sigma: 0.0,
                n: placed.len(),
                placed: Vec::new(),
            };
            let off = |index: [i32; 2], [y, x]: [f64; 2]| {
                let place = fit.place(index);
                (y - place[0]).hypot(x - place[1])
            };
            let squares: f64 = placed.iter().map(|&(index, place)| off(index, place).powi(2)).sum();
            let sigma = (squares / fit.degrees_of_freedom()).sqrt();
            if pass == 2 {
                fit.sigma = sigma;
                fit.placed = placed;
                return Some(fit);
            }
            placed.retain(|&(index, place)| off(index, place) <= 4.0 * sigma + 1e-9);
        }
        None
    }

    pub(super) fn degrees_of_freedom(&self) -> f64 {
        (2.0 * self.n as f64 - 6.0).max(1.0)
    }

    fn place(&self, [i, j]: [i32; 2]) -> [f64; 2] {
        [0, 1].map(|axis| {
            self.origin[axis] + f64::from(i) * self.vectors[0][axis] + f64::from(j) * self.vectors[1][axis]
        })
    }

    /// How far a site is off its place, `[y, x]`.
    fn off(&self, &(index, found): &([i32; 2], [f64; 2])) -> [f64; 2] {
        let place = self.place(index);
        [found[0] - place[0], found[1] - place[1]]
    }

    /// How far the places bend from the first row to the last, in px along y and x.
    pub(super) fn bend(&self, height: usize) -> [Bend; 2] {
        let shifts: Vec<(f64, [f64; 2])> = self
            .placed
            .iter()
            .map(|site| (2.0 * self.place(site.0)[0] / height as f64 - 1.0, self.off(site)))
            .collect();
        [0, 1].map(|axis| Bend::of(&shifts.iter().map(|(v, off)| (*v, off[axis], 1.0)).collect::<Vec<_>>()))
    }

    pub(super) fn applied(&self, mut site: Site) -> Site {
        site.expected = self.place(site.index);
        site
    }

    /// Correlation of how far neighbours along both vectors are off, −1 to 1; 0 where nothing is.
    pub(super) fn neighbours(&self) -> f64 {
        let offs: std::collections::BTreeMap<[i32; 2], [f64; 2]> =
            self.placed.iter().map(|site| (site.0, self.off(site))).collect();
        let product = |a: &[f64; 2], b: &[f64; 2]| a[0] * b[0] + a[1] * b[1];
        let pairs = offs.iter().flat_map(|(&[i, j], off)| {
            [[i + 1, j], [i, j + 1]]
                .into_iter()
                .filter_map(|next| Some((off, offs.get(&next)?)))
                .collect::<Vec<_>>()
        });
        let (sum, squares) = pairs.fold((0.0, 0.0), |(sum, squares), (a, b)| {
            (sum + product(a, b), squares + (product(a, a) + product(b, b)) / 2.0)
        });
        if squares > 0.0 { sum / squares } else { 0.0 }
    }

    /// Covariance of the vectors' components `(ax, ay, bx, by)` on the specimen, `[4, 4]`, if each site is placed
    /// for itself.
    pub(super) fn covariance(&self, geometry: &Geometry) -> Vec<f64> {
        let (right, down) = (geometry.offset(1.0, 0.0), geometry.offset(0.0, 1.0));
        let variance = self.sigma * self.sigma;
        // of x and y on the specimen, for unit variance along both in the image
        let mixed = |p: usize, q: usize| right[p] * right[q] + down[p] * down[q];
        (0..16)
            .map(|at| {
                let (row, column) = (at / 4, at % 4);
                let pair = self.inverse[(1 + row / 2) * 3 + 1 + column / 2];
                variance * pair * mixed(row % 2, column % 2)
            })
            .collect()
    }

    /// The same whatever the dependence within a tile, a band of rows or a band of columns; fewer where there are
    /// too few sites.
    pub(super) fn clustered(&self, geometry: &Geometry, plane: &Plane) -> Vec<Clustered> {
        let side = (self.n as f64).sqrt();
        let (tiles, bands) = ((side / 3.0) as usize, side as usize);
        let (tiles, bands) = (tiles.min(MOST_TILES), bands.min(MOST_BANDS));
        let share = |at: f64, side: usize, n: usize| {
            ((at / side as f64 * n as f64).max(0.0) as usize).min(n.saturating_sub(1))
        };
        let (height, width) = (plane.height(), plane.width());
        // fields of a stitched scan may be larger than tiles: few large clusters then
        let large =
            (self.neighbours() >= TOGETHER && tiles > LARGE_TILES).then_some((LARGE_TILES, LARGE_TILES));
        [(tiles, tiles), (bands, 1), (1, bands)]
            .into_iter()
            .chain(large)
            .filter_map(|(rows, columns)| {
                let mut clusters = vec![Vec::new(); rows * columns];
                for site in &self.placed {
                    let [y, x] = self.place(site.0);
                    clusters.get_mut(share(y, height, rows) * columns + share(x, width, columns))?.push(site);
                }
                clusters.retain(|cluster| !cluster.is_empty());
                self.jackknife(&clusters, geometry)
            })
            .collect()
    }

    fn jackknife(&self, clusters: &[Vec<&([i32; 2], [f64; 2])>], geometry: &Geometry) -> Option<Clustered> {
        let n = clusters.len();
        if n < LEAST_CLUSTERS {
            return None;
        }
        let all = equations(self.placed.iter());
        let moves: Vec<[f64; 4]> = clusters
            .iter()
            .map(|cluster| {
                let part = equations(cluster.iter().copied());
                let [down, across] = [0, 1].map(|axis| all[axis].without(&part[axis]).solution());
                let (down, across) = (down?, across?);
                let moved = [1, 2].map(|at| {
                    let [y, x] = self.vectors[at - 1];
                    geometry.offset(across[at] - x, down[at] - y)
                });
                Some([moved[0][0], moved[0][1], moved[1][0], moved[1][1]])
            })
            .collect::<Option<_>>()?;
        let scale = (n - 1) as f64 / n as f64;
        let covariance = (0..16)
            .map(|at| scale * moves.iter().map(|moved| moved[at / 4] * moved[at % 4]).sum::<f64>())
            .collect();
        // clusters at the border say more than those in the middle, so they count as fewer
        Some(Clustered { covariance, degrees_of_freedom: (n - 1) as f64 / 3.0 })
    }
}

/// For (origin, i, j) of y and of x.
fn equations<'a>(placed: impl Iterator<Item = &'a ([i32; 2], [f64; 2])>) -> [Normal; 2] {
    let mut normals = [Normal::new(3), Normal::new(3)];
    for (index, place) in placed {
        let row = [1.0, f64::from(index[0]), f64::from(index[1])];
        normals.iter_mut().zip(place).for_each(|(normal, &place)| normal.add(&row, place, 1.0));
    }
    normals
}
