//! Tests of outliers: what the detector adds is found, what a beam draws is left.

use super::*;
use crate::measure::count::{CountConfig, particles};
use crate::measure::{GratingConfig, OrientationConfig, grating, orientation};
use crate::random::Stream;
use crate::smooth::smooth;

/// Lines 12 px apart, 12 000 to 18 000, with noise of 500, 160 × 192 px.
fn lines(axis_deg: f64) -> Plane {
    let mut stream = Stream::new(1, "test", 0);
    let (sin, cos) = axis_deg.to_radians().sin_cos();
    Plane::from_fn(160, 192, |y, x| {
        let turns = (sin * x as f64 + cos * y as f64) / 12.0;
        (15_000.0 + 3000.0 * (std::f64::consts::TAU * turns).sin() + 500.0 * stream.normal()).round() as f32
    })
}

fn with(plane: &Plane, places: impl IntoIterator<Item = (usize, usize, f32)>) -> Plane {
    let (mut changed, width) = (plane.clone(), plane.width());
    places.into_iter().for_each(|(y, x, value)| changed.values_mut()[y * width + x] = value);
    changed
}

/// Black and white pixels at random, each with half of `share`.
fn salted(plane: &Plane, share: f64) -> Plane {
    let mut stream = Stream::new(3, "salt", 0);
    let mut changed = plane.clone();
    for value in changed.values_mut() {
        if stream.uniform() < share {
            *value = if stream.uniform() < 0.5 { 0.0 } else { 65_535.0 };
        }
    }
    changed
}

#[test]
fn pitch_axis_and_order_stay_what_the_specimen_has() {
    for axis in [90.0, 63.0] {
        let plain = lines(axis);
        let dead = |columns: &[usize], value: f32| {
            with(&plain, columns.iter().flat_map(|&x| (0..160).map(move |y| (y, x, value))))
        };
        let row = with(&plain, (0..192).map(|x| (70, x, 65_535.0)));
        let cases = [
            ("hot pixel", with(&plain, [(80, 96, 65_535.0)])),
            ("hot pixel in a corner", with(&plain, [(0, 191, 65_535.0)])),
            ("hot pair", with(&plain, [(80, 96, 65_535.0), (81, 97, 65_535.0)])),
            ("dead pixels", with(&plain, (0..9).map(|i| (17 * i + 3, 20 * i + 5, 0.0)))),
            ("far outlier", with(&plain, [(33, 44, 1e30)])),
            ("far outlier below", with(&plain, [(33, 44, -3e38)])),
            (
                "not numbers",
                with(&plain, [(33, 44, f32::NAN), (90, 10, f32::INFINITY), (0, 0, f32::NEG_INFINITY)]),
            ),
            ("salt and pepper, 1e-4", salted(&plain, 1e-4)),
            ("salt and pepper, 1e-3", salted(&plain, 1e-3)),
            ("salt and pepper, 5e-3", salted(&plain, 5e-3)),
            ("a dead column", dead(&[77], 0.0)),
            ("a column of not numbers", dead(&[77], f32::NAN)),
            ("a bright column at the border", dead(&[0], 65_535.0)),
            ("three dead columns side by side", dead(&[77, 78, 79], 0.0)),
            ("a hot row", row),
        ];
        for (name, plane) in cases {
            let repaired = Repaired::of(&plane);
            assert!(repaired.text().is_some(), "{name}: nothing is reported");
            let found = grating(&repaired.plane, &GratingConfig::default())
                .unwrap_or_else(|why| panic!("{name}: {why}"));
            let pitch = found.pitch;
            assert!((pitch.value - 12.0).abs() < pitch.expanded_uncertainty.max(0.005), "{name}: {pitch:?}");
            let [found, expected] = [&repaired.plane, &plain]
                .map(|plane| orientation(plane, &OrientationConfig::default()).unwrap());
            assert!((found.order.value - expected.order.value).abs() < 0.005, "{name}: {:?}", found.order);
            let [one, other] = [found, expected].map(|found| found.axis.unwrap().value);
            assert!((one - other).abs() < 0.1, "{name}: {one} {other}");
        }
        assert_eq!(Repaired::of(&plain).text(), None);
    }
}

#[test]
fn what_was_replaced_is_counted() {
    let plane = with(&lines(63.0), [(80, 96, 65_535.0), (20, 30, f32::NAN)]);
    let plane = with(&plane, (0..160).map(|y| (y, 150, 0.0)));
    let found = Repaired::of(&plane);
    assert_eq!((found.n_pixels, found.n_columns, found.n_rows), (2, 1, 0));
    assert_eq!(found.text().unwrap(), "2 pixels and 1 column");
}

#[test]
fn a_bright_specimen_of_a_few_pixels_stays() {
    let mut stream = Stream::new(5, "test", 0);
    let ground = Plane::from_fn(200, 240, |_, _| 100.0 + 3.0 * stream.normal() as f32);
    let quiet = Plane::filled(200, 240, 100.0);
    let places: Vec<(usize, usize)> = (0..12).map(|i| (15 + 16 * i, 20 + 37 * i % 200)).collect();
    for (name, ground) in [("in noise", &ground), ("without noise", &quiet)] {
        // a point through a beam of 0.5 px; squares of 2 and 3 px with sharp edges; three pixels in a row
        let points = with(&Plane::filled(200, 240, 0.0), places.iter().map(|&(y, x)| (y, x, 60_000.0)));
        let blurred = smooth(&points, 0.5);
        let drawn = Plane::from_fn(200, 240, |y, x| ground.at(y, x) + blurred.at(y, x));
        assert_eq!(Repaired::of(&drawn).plane, drawn, "points {name}");
        for (height, width) in [(2, 2), (3, 3), (1, 3), (3, 1), (1, 7)] {
            let square = places.iter().flat_map(|&(y, x)| {
                (y..y + height).flat_map(move |y| (x..x + width).map(move |x| (y, x, 60_000.0)))
            });
            let drawn = with(ground, square);
            assert_eq!(Repaired::of(&drawn).plane, drawn, "{height} × {width} {name}");
        }
    }
}

#[test]
fn patterns_of_a_pixel_or_two_and_shot_noise_stay() {
    let plane = |value: &dyn Fn(usize, usize) -> f32| Plane::from_fn(200, 240, value);
    let mut few = Stream::new(7, "test", 0);
    let mut electrons = |mean: f64| {
        Plane::from_fn(300, 300, |_, _| {
            // as many events as fit into the mean time
            let mut time = -few.uniform().max(1e-12).ln();
            let mut n = 0;
            while time < mean {
                n += 1;
                time -= few.uniform().max(1e-12).ln();
            }
            n as f32
        })
    };
    let cases = [
        ("points of a lattice", plane(&|y, x| if y % 4 == 0 && x % 4 == 0 { 200.0 } else { 10.0 })),
        ("lines of 1 px", plane(&|_, x| if x % 60 == 7 { 200.0 } else { 10.0 })),
        ("a wave of 3 px", plane(&|_, x| 100.0 + 50.0 * (x as f32 * 2.094).sin())),
        ("an edge", plane(&|_, x| if x < 100 { 10.0 } else { 200.0 })),
        ("an edge along the rows", plane(&|y, _| if y < 100 { 10.0 } else { 200.0 })),
        ("a chessboard", plane(&|y, x| if (y + x) % 2 == 0 { 10.0 } else { 200.0 })),
        ("corners", plane(&|y, x| if y > 50 && x > 90 && y < 80 && x < 130 { 200.0 } else { 10.0 })),
        ("a constant", plane(&|_, _| 7.0)),
        ("half an electron a pixel", electrons(0.5)),
        ("two electrons a pixel", electrons(2.0)),
        ("eight electrons a pixel", electrons(8.0)),
    ];
    for (name, plane) in cases {
        let found = Repaired::of(&plane);
        assert_eq!(found.text(), None, "{name}");
        assert_eq!(found.plane, plane, "{name}");
    }
    for plane in [Plane::filled(0, 0, 0.0), Plane::filled(1, 1, 3.0), Plane::filled(2, 40, 3.0)] {
        assert_eq!(Repaired::of(&plane).text(), None);
    }
    // too many to be repaired: measuring refuses them
    let damaged = Plane::from_fn(100, 100, |y, _| if y < 10 { f32::NAN } else { 1.0 });
    assert!(Repaired::of(&damaged).plane.at(0, 0).is_nan());
}

#[test]
fn counts_stay_what_they_are() {
    let mut stream = Stream::new(9, "test", 0);
    let plane = Plane::from_fn(240, 300, |y, x| {
        let off = |at: usize| (at % 60) as f32 - 30.0;
        let disc = 50.0 * ((10.0 - off(y).hypot(off(x))) / 1.2).tanh();
        (120.0 + disc + 4.0 * stream.normal() as f32).round()
    });
    let count = |plane: &Plane| particles(plane, &CountConfig::default()).unwrap().0;
    let plain = count(&plane);
    assert_eq!(plain.n_regions.value, 20.0);
    let dead = with(&plane, (0..240).map(|y| (y, 90, 0.0)));
    for (name, plane) in [
        ("salt and pepper", salted(&plane, 1e-3)),
        ("a dead column through discs", dead),
        ("far", with(&plane, [(5, 5, 1e30)])),
    ] {
        let found = count(&Repaired::of(&plane).plane);
        assert_eq!(found.n_regions.value, 20.0, "{name}");
        let [one, other] = [&found, &plain].map(|count| count.mean_diameter_px.as_ref().unwrap().value);
        assert!((one - other).abs() < 0.1, "{name}: {one} {other}");
    }
}

#[test]
fn crests_of_lines_along_columns_or_rows_are_the_specimen() {
    // periods whose crests meet pixels in some lines only
    for period in [5.162, 9.0, 9.265, 12.0, 24.304] {
        let wave =
            |at: usize| (120.0 + 50.0 * (std::f64::consts::TAU * at as f64 / period).sin()).round() as f32;
        for plane in [Plane::from_fn(96, 128, |_, x| wave(x)), Plane::from_fn(128, 96, |y, _| wave(y))] {
            let repaired = Repaired::of(&plane);
            assert_eq!((repaired.n_columns, repaired.n_rows), (0, 0), "period {period}");
            assert_eq!(repaired.plane, plane, "period {period}");
        }
    }
}
