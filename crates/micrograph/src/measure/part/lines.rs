//! Lines: a few parallel lines in a part of an image, where its spectrum shows no period.
//!
//! Along each direction that many edges have, the image is cut into bands, whose mean profile across the lines is
//! searched for a run of periods that repeat each other. The evidence is how unlikely as good a repetition is of a
//! profile as smooth as this one by chance, and that bands side by side repeat at the same pitch.

use rayon::prelude::*;

use super::directions::directions;
use super::placed::{Placed, placed};
use super::run::Run;
use super::turned::{Bands, Turned};
use crate::Plane;

/// Largest logarithm of the probability of chance: some 10⁴ runs are tried.
const MOST_CHANCE: f64 = -19.0;
/// Least standard deviation of the mean period, in those of the whole image.
const LEAST_CONTRAST: f64 = 0.25;
/// Fewest bands that show the lines.
const LEAST_BANDS: usize = 4;

/// The lines in a part of the flattened `plane`.
pub(super) fn lines(plane: &Plane) -> Option<Placed> {
    let least_rms = LEAST_CONTRAST * plane.variance().sqrt();
    let certain = |profile: &[f64]| Run::best(profile, least_rms).filter(|run| run.chance <= MOST_CHANCE);
    let mut seen: Vec<Seen> =
        directions(plane).into_par_iter().filter_map(|axis| Seen::best(plane, axis, certain)).collect();
    seen.sort_by(|a, b| a.run.chance.total_cmp(&b.run.chance));
    seen.iter().find_map(Seen::placed)
}

/// The lines along `axis` that are about `pitch` px apart in `plane`, which they fill.
pub(super) fn lines_near(plane: &Plane, axis: f64, pitch: f64) -> Option<Placed> {
    Seen::best(plane, axis, |profile| Run::near(profile, pitch, 0.0))?.placed()
}

/// A run of lines along one axis.
struct Seen {
    turned: Turned,
    bands: Bands,
    /// The pair of bands where it is most certain.
    at: usize,
    run: Run,
}

impl Seen {
    /// The most certain of the runs that `run` finds in the profiles of bands along `axis`.
    fn best(plane: &Plane, axis: f64, run: impl Fn(&[f64]) -> Option<Run>) -> Option<Self> {
        let turned = Turned::of(plane, axis);
        let bands = turned.bands();
        let profiles = bands.pairs.iter().enumerate();
        let runs = profiles.filter_map(|(at, profile)| Some((at, run(profile)?)));
        let long = runs.filter(|(at, run)| run.extent(&bands.pairs, *at).len() + 1 >= LEAST_BANDS);
        let (at, run) = long.min_by(|a, b| a.1.chance.total_cmp(&b.1.chance))?;
        Some(Self { turned, bands, at, run })
    }

    fn placed(&self) -> Option<Placed> {
        placed(&self.turned, &self.bands, self.at, &self.run)
    }
}
