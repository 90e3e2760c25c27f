//! Symmetries of measuring: an image that is turned, flipped, enlarged, inverted or brightened shows the same
//! specimen, so its numbers change only as the definition says.

#![cfg(feature = "measure")]

use micrograph::Plane;
use micrograph::measure::count::{Count, CountConfig, Polarity, particles};
use micrograph::measure::geometry::axis_difference_deg;
use micrograph::measure::{Grating, GratingConfig, grating};
use micrograph::random::Stream;
use proptest::prelude::*;

/// Bright lines with noise, 180 × 240 px.
fn lines(pitch_px: f64, axis_deg: f64, seed: u64) -> Plane {
    let mut stream = Stream::new(seed, "test", 0);
    let (sin, cos) = axis_deg.to_radians().sin_cos();
    Plane::from_fn(180, 240, |y, x| {
        let across = (sin * x as f64 + cos * y as f64) / pitch_px;
        let beside = ((across - across.round()).abs() - 0.25) * pitch_px;
        (100.0 - 50.0 * (beside / 1.5).tanh() + 5.0 * stream.normal()) as f32
    })
}

/// Bright discs apart from each other on a noisy background, 200 × 260 px.
fn discs(radius_px: f64, seed: u64) -> Plane {
    let mut stream = Stream::new(seed, "test", 1);
    let centers: Vec<[f64; 2]> = (0..20)
        .map(|index| {
            let [row, column] = [index / 5, index % 5].map(|at| 25.0 + 50.0 * f64::from(at));
            [row + stream.between(-6.0, 6.0), column + stream.between(-6.0, 6.0)]
        })
        .collect();
    Plane::from_fn(200, 260, |y, x| {
        let distance = |[cy, cx]: &[f64; 2]| (cy - y as f64).hypot(cx - x as f64);
        let nearest = centers.iter().map(distance).fold(f64::MAX, f64::min);
        (80.0 + 50.0 * ((radius_px - nearest) / 1.2).tanh() + 4.0 * stream.normal()) as f32
    })
}

/// A quarter turn anticlockwise: what was to the right is above.
fn turned(plane: &Plane) -> Plane {
    Plane::from_fn(plane.width(), plane.height(), |y, x| plane.at(x, plane.width() - 1 - y))
}

/// Left and right exchanged.
fn flipped(plane: &Plane) -> Plane {
    Plane::from_fn(plane.height(), plane.width(), |y, x| plane.at(y, plane.width() - 1 - x))
}

/// Each pixel as four.
fn enlarged(plane: &Plane) -> Plane {
    Plane::from_fn(2 * plane.height(), 2 * plane.width(), |y, x| plane.at(y / 2, x / 2))
}

fn measured(plane: &Plane) -> Grating {
    grating(plane, &GratingConfig::default()).expect("a grating")
}

fn counted(plane: &Plane) -> Count {
    particles(plane, &CountConfig::default()).expect("particles").0
}

fn few() -> ProptestConfig {
    ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn pitch_and_axis_follow_the_image(pitch in 9.0..19.0_f64, axis in -80.0..80.0_f64, seed: u64) {
        let plane = lines(pitch, axis, seed);
        let plain = measured(&plane);
        let (pitch, axis) = (plain.pitch.value, plain.axis.value);
        for (name, plane, factor, expected) in [
            ("turned", turned(&plane), 1.0, axis + 90.0),
            ("flipped", flipped(&plane), 1.0, -axis),
            ("enlarged", enlarged(&plane), 2.0, axis),
            ("inverted", plane.map(|value| 255.0 - value), 1.0, axis),
            ("brighter", plane.map(|value| value + 40.0), 1.0, axis),
        ] {
            let found = measured(&plane);
            let change = found.pitch.value / (factor * pitch) - 1.0;
            prop_assert!(change.abs() < 1e-3, "{name}: pitch {} for {pitch}", found.pitch.value);
            let off = axis_difference_deg(found.axis.value, expected);
            prop_assert!(off.abs() < 0.1, "{name}: axis {} for {expected}", found.axis.value);
        }
    }

    #[test]
    fn particles_stay_as_many_and_as_large(radius in 7.0..13.0_f64, seed: u64) {
        let plane = discs(radius, seed);
        let plain = counted(&plane);
        let diameter = |count: &Count| count.mean_diameter_px.as_ref().expect("whole particles").value;
        prop_assert_eq!(plain.n_regions.value, 20.0);
        for (name, plane, factor, polarity) in [
            ("turned", turned(&plane), 1.0, Polarity::Bright),
            ("flipped", flipped(&plane), 1.0, Polarity::Bright),
            ("enlarged", enlarged(&plane), 2.0, Polarity::Bright),
            ("inverted", plane.map(|value| 255.0 - value), 1.0, Polarity::Dark),
            ("brighter", plane.map(|value| value + 40.0), 1.0, Polarity::Bright),
        ] {
            let found = counted(&plane);
            prop_assert_eq!(found.n_regions.value, 20.0, "{}", name);
            prop_assert_eq!(found.polarity, polarity, "{}", name);
            let change = diameter(&found) / (factor * diameter(&plain)) - 1.0;
            // borders are whole pixels, which enlarging halves
            prop_assert!(change.abs() < 0.04, "{name}: diameter {} for {}", diameter(&found), diameter(&plain));
        }
    }
}
