//! Drift: the bend of a periodic pattern from the first row to the last.
//!
//! A specimen that moves while its rows are scanned one after the other is sheared and stretched. Uniform
//! motion gives another grating or lattice, as regular as the true one, and a single image cannot distinguish
//! them. If the motion settles, straight lines bend with the rows, by `q v²` with `v` from −1 to 1 over the
//! height. Then the speed has changed by `8 q / H` px per row, and its error at the first or the last row is at
//! least half of that: `4 q / H`. A specimen whose speed falls linearly and ends with the image has just this error, as a
//! mean over the image; one that settles exponentially has less. As the 95 % interval of a bound reaches to 0.95 of it,
//! and `q` is known to some percent, the half width added to the uncertainty is `4.6 q / H`. A distorting lens or curved
//! lines look the same, and add the same uncertainty.
//!
//! Noise causes bends too, by chance. The added half width uses the root of `q² − u²`, with `u` the standard
//! error of `q`: on average its square is that of the true bend, and it is 0 where `q` is smaller than `u`.
//! Adding only significant bends would leave out bends of twice `u`, which shift the result by more than the
//! rest of its interval.

use super::quantity::{Component, student_95};
use super::solve::Normal;

/// Cause of a component that is significant at 95 %.
pub(super) const DRIFT: &str = "drift";
/// Half width of the error of the speed, over `q / H`: 4 for a parabola that is at rest at one end of the image, over 0.95,
/// and room for the error of `q`.
const AT_REST: f64 = 4.6;
/// Cause of one that is not significant, or whose significance is not known.
const MAYBE: &str = "drift or chance";

/// A bend from the first row to the last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bend {
    /// The root of `q² − u²` with the sign of `q`; 0 where `q` is less than its standard error.
    pub(super) size: f64,
    /// Whether it is significant at 95 %.
    pub(super) evident: bool,
}

impl Bend {
    /// From positions that should lie on a straight line, in their unit.
    ///
    /// `places` hold the row `v`, −1 the first and 1 the last, the position found there, and its weight. The
    /// bend is 0 for fewer than five.
    pub(super) fn of(places: &[(f64, f64, f64)]) -> Self {
        let mut normal = Normal::new(3);
        let seen: Vec<_> = places.iter().filter(|(.., weight)| *weight > 0.0).collect();
        let whole: f64 = seen.iter().map(|(.., weight)| weight).sum();
        if seen.len() < 5 {
            return Self::default();
        }
        for (v, place, weight) in &seen {
            // weights of mean 1, so that squares are those of single positions
            normal.add(&[1.0, *v, v * v], *place, weight * seen.len() as f64 / whole);
        }
        let (Some(fitted), Some(inverse)) = (normal.solution(), normal.inverse()) else {
            return Self::default();
        };
        let explained: f64 = fitted.iter().zip(&normal.right).map(|(a, b)| a * b).sum();
        let degrees_of_freedom = seen.len() as f64 - 3.0;
        let (q, variance) =
            (fitted[2], (normal.squares - explained).max(0.0) / degrees_of_freedom * inverse[8]);
        Self {
            size: q.signum() * (q * q - variance).max(0.0).sqrt(),
            evident: q.abs() > student_95(degrees_of_freedom) * variance.sqrt(),
        }
    }

    /// Component of a value that may be wrong by `half_width`; `None` for 0.
    pub(super) fn component(evident: bool, half_width: f64) -> Option<Component> {
        let cause = if evident { DRIFT } else { MAYBE };
        (half_width != 0.0).then(|| Component::bounded(cause, half_width))
    }

    /// Largest error per row due to a bend.
    pub(super) fn per_row(self, height: usize) -> f64 {
        AT_REST * self.size / height as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn a_bend_is_found_where_it_stands_out_of_the_noise() {
        let shifts = |q: f64, seed: u64| -> Vec<(f64, f64, f64)> {
            let mut stream = Stream::new(seed, "test", 0);
            let v = (0..15).map(|band| (2.0 * f64::from(band) + 1.0) / 15.0 - 1.0);
            v.map(|v| (v, 0.3 + 0.2 * v + q * v * v + 0.05 * stream.normal(), 7.0)).collect()
        };
        for seed in 0..20 {
            let found = Bend::of(&shifts(0.8, seed));
            assert!((found.size - 0.8).abs() < 0.2 && found.evident, "{seed}: {found:?}");
            assert!(Bend::of(&shifts(-0.8, seed)).size < -0.6, "{seed}");
        }
        let by_chance: Vec<Bend> = (0..400).map(|seed| Bend::of(&shifts(0.0, seed))).collect();
        // at 95 % one in twenty is significant by chance, and a third exceeds its own standard error
        let evident = by_chance.iter().filter(|bend| bend.evident).count();
        assert!((4..=44).contains(&evident), "{evident}");
        let some = by_chance.iter().filter(|bend| bend.size != 0.0).count();
        assert!((90..=170).contains(&some), "{some}");
        assert_eq!(Bend::of(&shifts(9.0, 1)[..4]), Bend::default());
        assert_eq!(Bend::of(&[(0.0, 1.0, 0.0); 9]), Bend::default());
    }

    #[test]
    fn the_mean_square_of_what_is_added_is_that_of_the_true_bend() {
        let places = |bend: f64, seed: u64| -> Vec<(f64, f64, f64)> {
            let mut stream = Stream::new(seed, "test", 1);
            let v = (0..30).map(|band| (2.0 * f64::from(band) + 1.0) / 30.0 - 1.0);
            v.map(|v| (v, 0.7 - v + bend * v * v + stream.normal(), 1.0)).collect()
        };
        // of twice its standard error, which is √(45 / 4 n)
        let bend = 2.0 * (45.0_f64 / 120.0).sqrt();
        let square = (0..2000).map(|seed| Bend::of(&places(bend, seed)).size.powi(2)).sum::<f64>() / 2000.0;
        assert!((square.sqrt() / bend - 1.0).abs() < 0.05, "{}", square.sqrt() / bend);
    }

    #[test]
    fn the_mean_speed_of_a_drift_that_ends_is_inside_the_interval() {
        // a px in 100 rows, slower and slower, at rest at the end: linearly, exponentially
        let height = 100;
        for shift in [(|t: f64| 1.0 - (1.0 - t).powi(2)) as fn(f64) -> f64, |t| {
            (1.0 - (-3.0 * t).exp()) / (1.0 - (-3.0_f64).exp())
        }] {
            let places = (0..50).map(|i| f64::from(i) / 24.5 - 1.0);
            let shifts: Vec<_> = places.map(|v| (v, shift((v + 1.0) / 2.0), 1.0)).collect();
            let mut line = Normal::new(2);
            shifts.iter().for_each(|(v, shift, _)| line.add(&[1.0, *v], *shift, 1.0));
            // per row, of which there are 50 for each unit of v
            let slope = line.solution().unwrap()[1] / 50.0;
            let half_width = Bend::of(&shifts).per_row(height).abs();
            assert!(slope < 0.93 * half_width && half_width < 1.7 * slope, "{slope} {half_width}");
        }
    }
}
