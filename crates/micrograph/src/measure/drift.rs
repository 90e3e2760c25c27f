//! Drift: how much what repeats bends from the first row to the last.
//!
//! A specimen that moves while its rows are written one after the other is sheared and stretched. If it moves
//! evenly, that is another grating or lattice, as regular as the true one, and no single image tells them
//! apart. If it settles, what was straight bends with the rows, by `q v²` with `v` from −1 to 1 over the
//! height. Then the speed has changed by `8 q / H` px per row, and has been wrong by half of that at the
//! first or the last row at least: `4 q / H` is the half width that is added to what is measured. A lens
//! that distorts or lines that are bent look the same, and are as uncertain.

use super::quantity::{Part, student_95};
use super::solve::Normal;

/// The bend of places that should lie straight, in their unit over the height; 0 where none stands out.
///
/// `shifts` are of the row `v`, −1 the first and 1 the last, the shift found there, and its weight.
pub(super) fn bend(shifts: &[(f64, f64, f64)]) -> f64 {
    let mut normal = Normal::new(3);
    let seen: Vec<_> = shifts.iter().filter(|(.., weight)| *weight > 0.0).collect();
    let whole: f64 = seen.iter().map(|(.., weight)| weight).sum();
    if seen.len() < 5 {
        return 0.0;
    }
    for (v, shift, weight) in &seen {
        // weights of mean 1, so that squares are as of single shifts
        normal.add(&[1.0, *v, v * v], *shift, weight * seen.len() as f64 / whole);
    }
    let (Some(fitted), Some(inverse)) = (normal.solution(), normal.inverse()) else { return 0.0 };
    let explained: f64 = fitted.iter().zip(&normal.right).map(|(a, b)| a * b).sum();
    let freedom = seen.len() as f64 - 3.0;
    let variance = (normal.squares - explained).max(0.0) / freedom * inverse[8];
    if fitted[2].abs() > student_95(freedom) * variance.sqrt() { fitted[2] } else { 0.0 }
}

/// What a bend adds to a value that changes by `change` for each px that a row lies off for each row below it.
pub(super) fn part(bend_px: f64, height: usize, change: f64) -> Option<Part> {
    let half_width = (4.0 * bend_px / height as f64 * change).abs();
    (half_width > 0.0).then(|| Part::bounded("drift", half_width))
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
            assert!((bend(&shifts(0.8, seed)) - 0.8).abs() < 0.2, "{seed}");
        }
        // at 95 % one in twenty stands out by chance
        let by_chance = (0..200).filter(|&seed| bend(&shifts(0.0, seed)) != 0.0).count();
        assert!((1..=24).contains(&by_chance), "{by_chance}");
        assert_eq!(bend(&shifts(9.0, 1)[..4]), 0.0);
        assert_eq!(bend(&[(0.0, 1.0, 0.0); 9]), 0.0);
    }

    #[test]
    fn a_drift_that_ends_is_no_faster_than_its_part() {
        // the speed falls evenly from 2 px per 100 rows to 0: on the average it is 1 px per 100 rows
        let height = 100;
        let shifts: Vec<_> = (0..50)
            .map(|i| {
                let v = f64::from(i) / 24.5 - 1.0;
                let t = (v + 1.0) / 2.0;
                (v, 2.0 * (t - t * t / 2.0), 1.0)
            })
            .collect();
        let half_width = part(bend(&shifts), height, 1.0).unwrap().half_width.unwrap();
        assert!((half_width - 0.01).abs() < 1e-9, "{half_width}");
    }
}
