//! Dots: a lattice of dots in a part of an image, where its spectrum shows none.
//!
//! An array that fills part of the image, that is drawn in perspective, or whose dots are few or faint leaves no
//! prominent peaks. Its dots are still compact extremes of the smoothed image, and a step from dot to dot occurs far
//! more often than steps beside it. Pairs of such steps are followed from dot to dot.

use rayon::prelude::*;

use super::extremes::{Dot, extremes};
use super::grown::{Grown, Index, LEAST_DOTS};
use super::steps::pairs;
use crate::Plane;
use crate::measure::lattice::Site;

/// Scales of smoothing at which dots are looked for, in px.
const SCALES: [f64; 8] = [1.2, 1.8, 2.7, 4.0, 6.0, 9.0, 13.0, 19.0];
/// Numbers of strongest dots that are looked at.
const STRONGEST: [usize; 4] = [30, 80, 240, 600];
/// Largest logarithm of the probability of chance.
const MOST_CHANCE: f64 = -32.0;

/// A lattice of dots, and how they were seen.
#[derive(Clone, Debug)]
pub(super) struct Dots {
    pub(super) grown: Grown,
    /// Scale of smoothing in px.
    sigma: f64,
    bright: bool,
    /// How far a dot may be from where it was seen, in px.
    reach: f64,
}

/// The most certain lattice of dots in `plane`.
pub(super) fn dots(plane: &Plane) -> Option<Dots> {
    let side = plane.height().min(plane.width()) as f64;
    let scales: Vec<f64> = SCALES.into_iter().filter(|sigma| 16.0 * sigma < side).collect();
    let found: Vec<Dots> = scales
        .into_par_iter()
        .flat_map_iter(|sigma| {
            let (bright, dark) = extremes(plane, sigma);
            [(bright, true), (dark, false)].into_iter().filter_map(move |(dots, bright)| {
                Some(Dots { grown: best_of(&dots, plane, sigma)?, sigma, bright, reach: 1.0 })
            })
        })
        .collect();
    let best = found.into_iter().min_by(|a, b| a.grown.chance.total_cmp(&b.grown.chance));
    best.filter(|best| best.grown.chance <= MOST_CHANCE)
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

impl Dots {
    /// The same in an image of which `factor` px along each side are one here.
    pub(super) fn enlarged(mut self, factor: usize) -> Self {
        let times = factor as f64;
        let place = |[y, x]: [f64; 2]| [y, x].map(|at| times * at + (times - 1.0) / 2.0);
        for site in &mut self.grown.sites {
            site.expected = place(site.expected);
            site.found = site.found.map(place);
        }
        self.grown.vectors = self.grown.vectors.map(|vector| vector.map(|part| times * part));
        self.sigma *= times;
        self.reach = times;
        self
    }

    /// The sites, placed again in the part of the image that begins at `first`, `[y, x]`: each dot by the extreme that is
    /// nearest to where it was seen.
    pub(super) fn placed(&self, part: &Plane, first: [f64; 2]) -> Vec<Site> {
        let (bright, dark) = extremes(part, self.sigma);
        let dots = if self.bright { bright } else { dark };
        let inside = |[y, x]: [f64; 2]| [y - first[0], x - first[1]];
        let again = |place: [f64; 2]| {
            let place = inside(place);
            let off = |dot: &Dot| (dot.0[0] - place[0]).powi(2) + (dot.0[1] - place[1]).powi(2);
            let nearest = dots
                .iter()
                .filter(|dot| off(dot) <= self.reach * self.reach)
                .min_by(|a, b| off(a).total_cmp(&off(b)));
            nearest.map_or(place, |dot| dot.0)
        };
        let sites = self.grown.sites.iter();
        sites
            .map(|&site| Site { expected: inside(site.expected), found: site.found.map(again), ..site })
            .collect()
    }
}
