//! Lattice: two free vectors, what stands at each of its sites, and where it lies.
//!
//! Two wave vectors are chosen that explain the peaks of the spectrum, and are fitted with their
//! harmonics to all pixels. All cells laid over each other give the mean cell; how much of it is at a
//! site tells whether the site is taken, and its best shift where. A straight-line fit through the
//! places found gives the vectors. Which lattice that is, is chosen by Schwarz's criterion (BIC).
//! Positions are `[y, x]` in px of the image, lengths and angles those on the specimen.

mod kind;
mod sites;
mod waves;

use serde::{Deserialize, Serialize};

use super::drift;
use super::flatten::{FlattenConfig, flattened};
use super::geometry::{Geometry, axis_deg};
use super::grating::{NoPeriod, NoPeriodReason, check};
use super::harmonics::Harmonics;
use super::quantity::{Part, Quantity, Unit};
use super::solve::Normal;
use crate::{ConfigError, Plane};

pub use kind::{LatticeKind, Weighing};
pub use sites::Site;

/// Least coherence of both waves' phases over the plane; missing sites lower it.
const LEAST_COHERENCE: f64 = 0.6;
/// Most that what is found may lie off its sites, rms, of the shortest vector: patterned dots keep to
/// 0.02, wires bent by drying to 0.06, textures reach 0.11.
const MOST_OFF: f64 = 0.085;
/// Fewest sites off the border with something on them.
const LEAST_SITES: usize = 6;

/// How a lattice is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatticeConfig {
    /// How the specimen lies.
    pub geometry: Geometry,
    /// What is taken out first.
    pub flatten: FlattenConfig,
}

impl LatticeConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        Ok(Self { geometry: self.geometry.checked()?, ..self })
    }
}

/// A measured lattice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lattice {
    /// Which lattice it is.
    pub kind: LatticeKind,
    /// How each kind fared, the best first.
    pub weighing: Vec<Weighing>,
    /// Length of the shortest vector; of two within a percent, either.
    pub first: Quantity,
    /// Length of the shortest vector that is not a multiple of the first.
    pub second: Quantity,
    /// Axis of the first in degrees, in `[-90, 90]`, anticlockwise from x with y up.
    pub axis: Quantity,
    /// Angle from the first to the second in degrees, anticlockwise, 60 to 120.
    pub angle: Quantity,
    /// The two vectors in the image, `[y, x]` in px, and the place of site (0, 0).
    pub vectors: [[f64; 2]; 2],
    /// Place of site (0, 0), `[y, x]` in px.
    pub origin: [f64; 2],
    /// Every site whose middle lies inside the image.
    pub sites: Vec<Site>,
    /// Sites with something on them.
    pub n_found: usize,
    /// Sites with nothing on them.
    pub n_missing: usize,
    /// What looks like that at the sites and lies elsewhere, `[y, x]` in px.
    pub extra: Vec<[f64; 2]>,
    /// Rms distance along one direction of what was found from its site, off the border.
    pub placement: Quantity,
    /// How well the phases of both waves hold over the plane, at least 0.6.
    pub coherence: [f64; 2],
}

/// The lattice that `plane` shows.
///
/// # Errors
/// If a setting is out of range, or if the evidence for two periods is not enough.
pub fn lattice(plane: &Plane, config: &LatticeConfig) -> Result<Lattice, NoPeriod> {
    let config = config.checked().map_err(|error| NoPeriodReason::Settings(error.to_string()))?;
    check(plane)?;
    let flat = flattened(plane, config.flatten).plane;
    let start = waves::start(&flat)?;
    // finer terms would add little: the places of the sites settle the vectors
    let pattern = Harmonics::fitted(&flat, &start, &waves::orders(&start)).ok_or(NoPeriodReason::NoFit)?;
    let coherence = [[1, 0], [0, 1]].map(|order| {
        let wave = pattern.waves[order[1] as usize];
        pattern.coherence(&flat, order, 1.0 / wave[0].hypot(wave[1])).0
    });
    let least = coherence[0].min(coherence[1]);
    if least < LEAST_COHERENCE {
        return Err(NoPeriodReason::NotCoherent { coherence: least }.into());
    }
    let vectors = waves::vectors(&pattern.waves, &config.geometry);
    let found = sites::found(&flat, &pattern.waves, vectors);
    let placed: Vec<&Site> =
        found.sites.iter().filter(|site| site.found.is_some() && !site.at_edge).collect();
    let fit = Fit::through(&placed).ok_or(NoPeriodReason::TooFewSites { found: placed.len() })?;
    let share = fit.sigma / fit.vectors.map(|[y, x]| y.hypot(x)).into_iter().fold(f64::MAX, f64::min);
    if share > MOST_OFF {
        return Err(NoPeriodReason::OffSites { share }.into());
    }
    let bend = fit.bend(&placed, plane.height());
    let sites = found.sites.into_iter().map(|site| fit.applied(site)).collect::<Vec<_>>();

    let vector = |index: usize| config.geometry.offset(fit.vectors[index][1], fit.vectors[index][0]);
    let (a, b) = (vector(0), vector(1));
    let covariance = fit.covariance(&config.geometry);
    // what a bend adds to a vector `[x, y]` on the specimen for each row that it spans
    let bent = config.geometry.offset(bend[1], bend[0]);
    let weighing = kind::weighed([a[0], a[1], b[0], b[1]], &covariance, 2 * fit.n);
    let quantity = |value: f64, unit, lever: [f64; 4]| {
        let variance: f64 = (0..16).map(|at| lever[at / 4] * lever[at % 4] * covariance[at]).sum();
        let mut parts = vec![Part::estimated("placement", variance.max(0.0).sqrt(), fit.freedom())];
        let rows = fit.vectors.map(|[down, _]| down);
        let change = (0..4).map(|at| lever[at] * rows[at / 2] * bent[at % 2]).sum();
        parts.extend(drift::part(1.0, plane.height(), change));
        Quantity::new(value, unit, "straight-line fit through the sites found", parts)
    };
    let (long_a, long_b) = (a[0].hypot(a[1]), b[0].hypot(b[1]));
    // how the direction of a vector turns with its components, in degrees
    let turn = |[x, y]: [f64; 2]| [-y, x].map(|part| (part / (x * x + y * y)).to_degrees());
    let (turn_a, turn_b) = (turn(a), turn(b));
    let between = (b[1].atan2(b[0]) - a[1].atan2(a[0])).to_degrees().rem_euclid(360.0);
    let n_found = sites.iter().filter(|site| site.found.is_some()).count();
    Ok(Lattice {
        kind: weighing[0].kind,
        weighing,
        first: quantity(long_a, Unit::Px, [a[0] / long_a, a[1] / long_a, 0.0, 0.0]),
        second: quantity(long_b, Unit::Px, [0.0, 0.0, b[0] / long_b, b[1] / long_b]),
        axis: quantity(
            axis_deg(a[1].atan2(a[0]).to_degrees()),
            Unit::Degrees,
            [turn_a[0], turn_a[1], 0.0, 0.0],
        ),
        angle: quantity(between, Unit::Degrees, [-turn_a[0], -turn_a[1], turn_b[0], turn_b[1]]),
        vectors: fit.vectors,
        origin: fit.origin,
        n_missing: sites.len() - n_found,
        n_found,
        extra: found.extra,
        placement: Quantity::new(
            fit.sigma,
            Unit::Px,
            "what is left of a straight-line fit",
            vec![Part::estimated("sampling", fit.sigma / (2.0 * fit.freedom()).sqrt(), fit.freedom())],
        ),
        coherence,
        sites,
    })
}

/// Straight lines through the places of sites: `place = origin + i·first + j·second`.
struct Fit {
    vectors: [[f64; 2]; 2],
    origin: [f64; 2],
    /// Inverse of the normal equations for (origin, i, j), `[3, 3]`, the same for y and x.
    inverse: Vec<f64>,
    sigma: f64,
    n: usize,
}

impl Fit {
    fn through(sites: &[&Site]) -> Option<Self> {
        let mut kept: Vec<&Site> = sites.to_vec();
        // twice without what lies far off: something else may stand at a site
        for pass in 0..3 {
            if kept.len() < LEAST_SITES {
                return None;
            }
            let mut normals = [Normal::new(3), Normal::new(3)];
            for site in &kept {
                let row = [1.0, f64::from(site.index[0]), f64::from(site.index[1])];
                let place = site.found?;
                normals.iter_mut().zip(place).for_each(|(normal, place)| normal.add(&row, place, 1.0));
            }
            let (down, across) = (normals[0].solution()?, normals[1].solution()?);
            let mut fit = Self {
                origin: [down[0], across[0]],
                vectors: [[down[1], across[1]], [down[2], across[2]]],
                inverse: normals[0].inverse()?,
                sigma: 0.0,
                n: kept.len(),
            };
            let off = |site: &Site| {
                let ([y, x], place) = (site.found.unwrap_or_default(), fit.place(site.index));
                (y - place[0]).hypot(x - place[1])
            };
            let squares: f64 = kept.iter().map(|site| off(site).powi(2)).sum();
            let sigma = (squares / fit.freedom()).sqrt();
            if pass == 2 {
                fit.sigma = sigma;
                return Some(fit);
            }
            kept.retain(|site| off(site) <= 4.0 * sigma + 1e-9);
        }
        None
    }

    fn freedom(&self) -> f64 {
        (2.0 * self.n as f64 - 6.0).max(1.0)
    }

    fn place(&self, [i, j]: [i32; 2]) -> [f64; 2] {
        [0, 1].map(|axis| {
            self.origin[axis] + f64::from(i) * self.vectors[0][axis] + f64::from(j) * self.vectors[1][axis]
        })
    }

    /// How far the places bend from the first row to the last, `[y, x]` in px.
    fn bend(&self, sites: &[&Site], height: usize) -> [f64; 2] {
        [0, 1].map(|axis| {
            let shift = |site: &&Site| {
                let (found, expected) = (site.found?, self.place(site.index));
                let off = (found[0] - expected[0]).hypot(found[1] - expected[1]);
                let v = 2.0 * expected[0] / height as f64 - 1.0;
                (off <= 4.0 * self.sigma + 1e-9).then_some((v, found[axis] - expected[axis], 1.0))
            };
            drift::bend(&sites.iter().filter_map(shift).collect::<Vec<_>>())
        })
    }

    fn applied(&self, mut site: Site) -> Site {
        site.expected = self.place(site.index);
        site
    }

    /// Covariance of the vectors' components `(ax, ay, bx, by)` on the specimen, `[4, 4]`.
    fn covariance(&self, geometry: &Geometry) -> Vec<f64> {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::geometry::axis_difference_deg;
    use crate::random::Stream;

    const MISSING: [[i32; 2]; 3] = [[0, 1], [2, -1], [-1, 2]];

    /// Round dots on the lattice of two vectors `[x, y]` (y up), three of them missing and one too many.
    fn dots(a: [f64; 2], b: [f64; 2], sign: f64) -> (Plane, Vec<[f64; 2]>, [f64; 2]) {
        let mut stream = Stream::new(6, "test", 0);
        let (height, width) = (230, 280);
        let place = |i: f64, j: f64| [113.0 - i * a[1] - j * b[1], 141.0 + i * a[0] + j * b[0]];
        let radius = 0.27 * a[0].hypot(a[1]);
        // as far from its neighbours as can be
        let middle = if a[0] * b[0] + a[1] * b[1] > 200.0 { 4.0 / 3.0 } else { 1.5 };
        let extra = place(middle, middle);
        let mut dots = vec![extra];
        for i in -40..=40 {
            for j in -40..=40 {
                if !MISSING.contains(&[i, j]) {
                    dots.push(place(f64::from(i), f64::from(j)));
                }
            }
        }
        dots.retain(|[y, x]| (-20.0..250.0).contains(y) && (-20.0..300.0).contains(x));
        let plane = Plane::from_fn(height, width, |y, x| {
            let nearest =
                dots.iter().map(|at| (at[0] - y as f64).hypot(at[1] - x as f64)).fold(f64::MAX, f64::min);
            (120.0 + sign * 40.0 * ((radius - nearest) / 1.2).tanh() + 8.0 * stream.normal()) as f32
        });
        (plane, MISSING.map(|[i, j]| place(f64::from(i), f64::from(j))).to_vec(), extra)
    }

    #[test]
    fn vectors_kind_missing_and_extra_sites_are_found() {
        let turned = |length: f64, degrees: f64| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            [length * cos, length * sin]
        };
        for (kind, long, angle, axis) in [
            (LatticeKind::Square, 24.0, 90.0, 13.0),
            (LatticeKind::Hexagonal, 24.0, 60.0, 170.0),
            (LatticeKind::Rectangular, 29.0, 90.0, 45.0),
            (LatticeKind::Oblique, 27.0, 75.0, 100.0),
        ] {
            for sign in [1.0, -1.0] {
                let (plane, missing, extra) = dots(turned(24.0, axis), turned(long, axis + angle), sign);
                let found = lattice(&plane, &LatticeConfig::default()).unwrap();
                assert_eq!(found.kind, kind, "{:?} {:?} {:?}", found.weighing, found.first, found.second);
                assert!((found.first.value - 24.0).abs() < 0.05, "{kind:?}: {:?}", found.first);
                assert!((found.second.value - long).abs() < 0.05, "{kind:?}: {:?}", found.second);
                assert!((found.angle.value - angle).abs() < 0.2, "{kind:?}: {:?}", found.angle);
                if long > 24.0 {
                    assert!(
                        axis_difference_deg(found.axis.value, axis).abs() < 0.2,
                        "{kind:?}: {:?}",
                        found.axis
                    );
                }
                let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 3.0;
                let empty: Vec<[f64; 2]> = found
                    .sites
                    .iter()
                    .filter(|site| site.found.is_none())
                    .map(|site| site.expected)
                    .collect();
                assert_eq!(empty.len(), 3, "{kind:?} {sign}: {empty:?}");
                assert!(missing.iter().all(|&at| empty.iter().any(|&other| near(at, other))), "{empty:?}");
                assert_eq!(found.n_missing, 3);
                assert!(found.extra.len() == 1 && near(found.extra[0], extra), "{kind:?}: {:?}", found.extra);
            }
        }
    }

    #[test]
    fn gratings_and_noise_are_no_lattices() {
        let mut stream = Stream::new(9, "test", 0);
        let noise = Plane::from_fn(240, 260, |_, _| stream.normal() as f32);
        let grating = Plane::from_fn(240, 260, |y, x| (0.4 * x as f32 + 0.1 * y as f32).sin());
        for (name, plane) in [("noise", noise), ("grating", grating), ("flat", Plane::filled(99, 88, 1.0))] {
            let found = lattice(&plane, &LatticeConfig::default());
            assert!(found.is_err(), "{name}: {found:?}");
        }
    }
}
