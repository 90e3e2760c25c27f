//! Fibres and wires of synthetic micrographs measured against their truth.

#![cfg(all(feature = "measure", feature = "synth"))]
#![expect(clippy::unwrap_used, reason = "a failed expectation is the test's answer")]

use std::time::Instant;

use micrograph::Plane;
use micrograph::measure::count::NoBackground;
use micrograph::measure::fibers::{Fibers, FibersConfig, FibersError, fibers};
use micrograph::synth::{self, Imaging, NanowiresConfig, ParticlesConfig, Specimen, SynthConfig, micrograph};

fn made(specimen: Specimen, seed: u64) -> Plane {
    let imaging = Imaging::default();
    let config = SynthConfig { height: 500, width: 640, specimen, imaging, ..SynthConfig::default() };
    micrograph(&config, seed).unwrap().plane
}

fn measured(plane: &Plane) -> Fibers {
    fibers(plane, &FibersConfig::default()).unwrap()
}

/// Fibres all alike that lie in one axis.
fn alike(diameter_px: f64, axis_deg: f64) -> Specimen {
    Specimen::Fibers(synth::FibersConfig {
        diameter_px,
        spread: 0.0,
        coverage: 0.15,
        axis_deg,
        axis_spread_deg: 0.0,
        bend_deg: 5.0,
        ..synth::FibersConfig::default()
    })
}

#[test]
fn fibers_have_the_diameter_and_the_axis_they_were_made_with() {
    for (diameter_px, axis_deg) in [(6.0, 0.0), (11.0, 35.0), (11.0, -70.0), (24.0, 88.0)] {
        let found = measured(&made(alike(diameter_px, axis_deg), 3));
        // parallel fibres that lie side by side pass for a thick one, which the median does not mind; how far
        // bright rims push the edges is known to 0.6 of an edge's width only, here 0.6 to 0.9 px
        let (found_px, error) = (&found.median_diameter_px, found.median_diameter_px.value - diameter_px);
        assert!(error.abs() < 0.6, "{diameter_px} px: {found_px:?}");
        let (low, high) = found_px.interval();
        assert!((low..high).contains(&diameter_px), "{diameter_px} px: {found_px:?}");
        let apart = (found.axis_deg.value - axis_deg + 270.0).rem_euclid(180.0) - 90.0;
        assert!(apart.abs() < 4.0, "{axis_deg}°: {:?}", found.axis_deg);
        assert!(found.order.value > 0.9, "{:?}", found.order);
        assert!((found.axes.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn turning_an_image_turns_the_axis_and_keeps_the_diameter() {
    let plane = made(alike(10.0, 20.0), 5);
    let turned = Plane::from_fn(plane.width(), plane.height(), |y, x| plane.at(x, plane.width() - 1 - y));
    let (before, after) = (measured(&plane), measured(&turned));
    let apart = (after.axis_deg.value - before.axis_deg.value + 180.0).rem_euclid(180.0);
    assert!((apart - 90.0).abs() < 0.5, "{:?} {:?}", before.axis_deg, after.axis_deg);
    let change = after.mean_diameter_px.value - before.mean_diameter_px.value;
    assert!(change.abs() < 0.1, "{:?} {:?}", before.mean_diameter_px, after.mean_diameter_px);
}

#[test]
fn randomly_placed_wires_are_measured_and_have_no_common_axis() {
    let wires = NanowiresConfig { coverage: 0.15, taper: 1.0, spread: 0.0, ..NanowiresConfig::default() };
    let found = measured(&made(Specimen::Nanowires(wires), 1));
    let error = found.mean_diameter_px.value - 6.0;
    assert!(error.abs() < 0.5, "{:?}", found.mean_diameter_px);
    assert!(found.n_fibers > 20 && found.order.value < 0.4, "{} {:?}", found.n_fibers, found.order);
}

#[test]
fn what_is_no_fiber_is_refused_with_the_reason() {
    let refused =
        |plane: &Plane| fibers(plane, &FibersConfig::default()).map(|found| found.n_fibers).unwrap_err();
    assert!(matches!(
        refused(&Plane::filled(40, 50, 1.0)),
        FibersError::Background(NoBackground::NoContrast { .. })
    ));
    assert!(matches!(
        refused(&Plane::filled(4, 50, 1.0)),
        FibersError::Background(NoBackground::TooSmall { height: 4, width: 50 })
    ));
    let bad = FibersConfig { least_length: f64::NAN, ..FibersConfig::default() };
    assert!(matches!(fibers(&Plane::filled(40, 50, 1.0), &bad), Err(FibersError::Config(_))));
    for seed in 0..3 {
        println!("particles: {}", refused(&made(Specimen::Particles(ParticlesConfig::default()), seed)));
    }
}

#[test]
fn a_measurement_takes_well_under_a_second() {
    let specimen = Specimen::Fibers(synth::FibersConfig { coverage: 0.4, ..synth::FibersConfig::default() });
    let config = SynthConfig { height: 768, width: 1024, specimen, ..SynthConfig::default() };
    let plane = micrograph(&config, 0).unwrap().plane;
    let start = Instant::now();
    let found = measured(&plane);
    println!("{} fibres in {:?}", found.n_fibers, start.elapsed());
    assert!(found.length_px > 1000.0);
}
