//! Lattice: two free vectors, the occupation of each site, and the position of its feature.
//!
//! Two wave vectors are chosen that explain the peaks of the spectrum, and are fitted with their
//! harmonics to all pixels. The average of all cells is the mean cell; its amplitude at a site shows
//! whether the site is occupied, and its best shift gives the position. A straight-line fit through the
//! positions gives the vectors. The kind of lattice is chosen by Schwarz's criterion (BIC).
//! Positions are `[y, x]` in px of the image, lengths and angles those on the specimen.

mod fit;
mod kind;
mod sites;
mod waves;

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::drift::Bend;
use super::flatten::{FlattenConfig, flattened};
use super::geometry::{Geometry, axis_deg};
use super::grating::{NoPeriod, NoPeriodReason, check};
use super::harmonics::Harmonics;
use super::quantity::{Component, Quantity, Unit};
use crate::{ConfigError, Plane, Rect};

use fit::Fit;
pub(super) use fit::TOGETHER;
pub use kind::{LatticeKind, Weighing};
pub use sites::Site;

/// Least coherence of both waves' phases over the plane; missing sites lower it.
const LEAST_COHERENCE: f64 = 0.6;
/// Largest rms distance of features from their sites, in lengths of the shortest vector: patterned dots
/// have up to 0.02, wires bent by drying up to 0.06, textures 0.11.
const MOST_OFF: f64 = 0.085;
/// Cause of the component due to displacements that neighbours have in common.
pub(super) const NEIGHBOURS: &str = "neighbours";

/// How a lattice is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatticeConfig {
    /// Orientation of the specimen.
    pub geometry: Geometry,
    /// What is removed first.
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
    /// The score of each kind, the best first.
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
    /// Every site whose centre is inside the image.
    pub sites: Vec<Site>,
    /// Occupied sites.
    pub n_found: usize,
    /// Empty sites.
    pub n_missing: usize,
    /// Features that look like those at the sites but are elsewhere, `[y, x]` in px.
    pub extra: Vec<[f64; 2]>,
    /// Rms distance along one direction of features from their sites, away from the border.
    pub placement: Quantity,
    /// Correlation of the displacements of neighbouring sites: about 0 where they are independent, high where
    /// parts of the image are shifted or stretched against each other, as in a stitched scan.
    pub neighbours: f64,
    /// Phase coherence of both waves over the plane, at least 0.6.
    pub coherence: [f64; 2],
    /// The part of the image that the lattice fills, where its dots were found one by one; absent if it fills all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Rect>,
}

/// What is at the sites of a lattice.
struct Seen {
    sites: Vec<Site>,
    extra: Vec<[f64; 2]>,
    /// Phase coherence of both waves.
    coherence: [f64; 2],
}

/// The lattice that `plane` shows.
///
/// # Errors
/// If a setting is out of range, or if the evidence for two periods is not enough.
///
/// # Examples
/// ```
/// use micrograph::Plane;
/// use micrograph::measure::{LatticeConfig, LatticeKind, lattice};
///
/// // discs on a square lattice of 20 px
/// let plane = Plane::from_fn(200, 220, |y, x| {
///     let off = |at: usize| (at % 20) as f32 - 10.0;
///     1.0 - (off(y).hypot(off(x)) - 5.0).tanh()
/// });
/// let found = lattice(&plane, &LatticeConfig::default())?;
/// assert_eq!(found.kind, LatticeKind::Square);
/// assert!((found.first.value - 20.0).abs() < 0.1);
/// assert_eq!(found.n_missing, 0);
/// # Ok::<(), micrograph::measure::NoPeriod>(())
/// ```
pub fn lattice(plane: &Plane, config: &LatticeConfig) -> Result<Lattice, NoPeriod> {
    let config = config.checked().map_err(NoPeriodReason::from)?;
    check(plane)?;
    let flat = flattened(plane, config.flatten).plane;
    if flat.range() == Some((0.0, 0.0)) {
        return Err(NoPeriodReason::Flat.into());
    }
    let start = waves::start(&flat)?;
    // finer terms would add little: the positions of the sites determine the vectors
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
    let sites::Found { sites, extra } = sites::found(&flat, &pattern.waves, vectors);
    Ok(of_sites(plane, Seen { sites, extra, coherence }, &config.geometry)?)
}

/// The lattice whose dots were found one by one: `sites` of the lattice of `vectors`, `[x, y]` in px, in `plane`, which it
/// fills.
pub(super) fn of_dots(
    plane: &Plane,
    mut sites: Vec<Site>,
    [a, b]: [[f64; 2]; 2],
    geometry: &Geometry,
) -> Result<Lattice, NoPeriodReason> {
    let area = a[0] * b[1] - a[1] * b[0];
    let waves = [[b[1] / area, -b[0] / area], [-a[1] / area, a[0] / area]];
    // the same sites by the shortest vectors on the specimen
    let [c, d] = waves::vectors(&waves, geometry);
    let area = c[0] * d[1] - c[1] * d[0];
    for site in &mut sites {
        let [i, j] = site.index.map(f64::from);
        let [x, y] = [i * a[0] + j * b[0], i * a[1] + j * b[1]];
        site.index = [(x * d[1] - y * d[0]) / area, (c[0] * y - c[1] * x) / area].map(|at| at.round() as i32);
    }
    let coherence = [[d[1] / area, -d[0] / area], [-c[1] / area, c[0] / area]].map(|wave| {
        let turns = sites.iter().filter_map(|site| {
            let (found, expected) = (site.found?, site.expected);
            Some(TAU * (wave[0] * (found[1] - expected[1]) + wave[1] * (found[0] - expected[0])))
        });
        let [mut along, mut beside, mut n] = [0.0; 3];
        turns.for_each(|turn| [along, beside, n] = [along + turn.cos(), beside + turn.sin(), n + 1.0]);
        along.hypot(beside) / n.max(1.0)
    });
    of_sites(plane, Seen { sites, extra: Vec::new(), coherence }, geometry)
}

/// The lattice by the positions of what is at its sites in `plane`.
fn of_sites(plane: &Plane, seen: Seen, geometry: &Geometry) -> Result<Lattice, NoPeriodReason> {
    let placed: Vec<&Site> = seen.sites.iter().filter(|site| site.found.is_some() && !site.at_edge).collect();
    let fit = Fit::through(&placed).ok_or(NoPeriodReason::TooFewSites { found: placed.len() })?;
    let share = fit.sigma / fit.vectors.map(|[y, x]| y.hypot(x)).into_iter().fold(f64::MAX, f64::min);
    if share > MOST_OFF {
        return Err(NoPeriodReason::OffSites { share });
    }
    let [down, across] = fit.bend(plane.height());
    let sites = seen.sites.into_iter().map(|site| fit.applied(site)).collect::<Vec<_>>();

    let vector = |index: usize| geometry.offset(fit.vectors[index][1], fit.vectors[index][0]);
    let (a, b) = (vector(0), vector(1));
    let covariance = fit.covariance(geometry);
    let clustered = fit.clustered(geometry, plane);
    // the contribution of a bend to a vector `[x, y]` on the specimen for each row that it spans
    let bent = geometry.offset(across.per_row(plane.height()), down.per_row(plane.height()));
    let trace = |covariance: &[f64]| covariance.iter().step_by(5).sum::<f64>();
    let ways = clustered.iter().map(|ways| &ways.covariance).chain([&covariance]);
    let widest = ways.max_by(|a, b| trace(a).total_cmp(&trace(b))).unwrap_or(&covariance);
    let weighing = kind::weighed([a[0], a[1], b[0], b[1]], widest, 2 * fit.n);
    let quantity = |value: f64, unit, lever: [f64; 4]| {
        let variance = |covariance: &[f64]| -> f64 {
            let terms = (0..16).map(|at| lever[at / 4] * lever[at % 4] * covariance[at]);
            terms.sum::<f64>().max(0.0)
        };
        let alone = variance(&covariance);
        let mut components = vec![Component::estimated("placement", alone.sqrt(), fit.degrees_of_freedom())];
        // displacements in common, for any kind of cluster: the largest covers all
        let together = clustered.iter().map(|ways| (variance(&ways.covariance), ways.degrees_of_freedom));
        if let Some((variance, degrees_of_freedom)) = together.max_by(|a, b| a.0.total_cmp(&b.0)) {
            components.push(Component::estimated(
                NEIGHBOURS,
                (variance - alone).max(0.0).sqrt(),
                degrees_of_freedom,
            ));
        }
        let rows = fit.vectors.map(|[down, _]| down);
        let half_width = (0..4).map(|at| lever[at] * rows[at / 2] * bent[at % 2]).sum();
        components.extend(Bend::component(down.evident || across.evident, half_width));
        Quantity::new(value, unit, "straight-line fit through the sites found", components)
    };
    let (long_a, long_b) = (a[0].hypot(a[1]), b[0].hypot(b[1]));
    // derivatives of a vector's direction with respect to its components, in degrees
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
        extra: seen.extra,
        placement: Quantity::new(
            fit.sigma,
            Unit::Px,
            "what is left of a straight-line fit",
            vec![Component::estimated(
                "sampling",
                fit.sigma / (2.0 * fit.degrees_of_freedom()).sqrt(),
                fit.degrees_of_freedom(),
            )],
        ),
        neighbours: fit.neighbours(),
        coherence: seen.coherence,
        part: None,
        sites,
    })
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
    fn intervals_of_stitched_scans_hold_the_pitch_of_the_fields() {
        let (mut alone, mut together, mut correlation) = (0, 0, 0.0);
        const SCANS: u64 = 24;
        for seed in 0..SCANS {
            let mut stream = Stream::new(seed, "test stitched", 0);
            // fields of 4 × 4 dots, 20 px apart within each, laid beside each other with errors of 0.8 px
            let fields: Vec<[f64; 2]> =
                (0..20).map(|_| [0.8 * stream.normal(), 0.8 * stream.normal()]).collect();
            let place = |i: usize, j: usize| {
                let [down, right] = fields[i / 4 * 5 + j / 4];
                [12.0 + 20.0 * i as f64 + down, 13.0 + 20.0 * j as f64 + right]
            };
            let dots: Vec<[f64; 2]> = (0..16).flat_map(|i| (0..20).map(move |j| place(i, j))).collect();
            let plane = Plane::from_fn(324, 406, |y, x| {
                let near = dots.iter().map(|at| (at[0] - y as f64).powi(2) + (at[1] - x as f64).powi(2));
                let nearest = near.fold(f64::MAX, f64::min).sqrt();
                (120.0 + 40.0 * ((5.5 - nearest) / 1.2).tanh() + 8.0 * stream.normal()) as f32
            });
            let found = lattice(&plane, &LatticeConfig::default()).unwrap();
            correlation += found.neighbours / SCANS as f64;
            for vector in [&found.first, &found.second] {
                let error = (vector.value - 20.0).abs();
                let of_placement =
                    vector.components.iter().find(|component| component.cause == "placement").unwrap();
                alone += usize::from(error < 2.0 * of_placement.standard_uncertainty);
                together += usize::from(error < vector.expanded_uncertainty);
            }
        }
        let n = 2 * SCANS as usize;
        // for independent dots the interval would be far too narrow
        assert!(2 * alone < n && 10 * together > 8 * n, "{alone} and {together} of {n}");
        assert!(correlation > 0.5, "{correlation}");
        let (plane, ..) = dots([24.0, 0.0], [0.0, 24.0], 1.0);
        let found = lattice(&plane, &LatticeConfig::default()).unwrap();
        assert!(found.neighbours.abs() < 0.3, "{}", found.neighbours);
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
