//! Particles of synthetic micrographs counted and measured against their truth.

#![cfg(all(feature = "measure", feature = "synth"))]
#![expect(clippy::unwrap_used, reason = "a failed expectation is the test's answer")]

use std::time::Instant;

use micrograph::Plane;
use micrograph::measure::count::{Count, CountConfig, CountError, NoBackground, Polarity, particles};
use micrograph::synth::{
    FibersConfig, FilmConfig, Imaging, Packing, ParticlesConfig, Specimen, SynthConfig, Truth, micrograph,
};

fn made(specimen: ParticlesConfig, imaging: Imaging, seed: u64) -> (Plane, usize) {
    let specimen = Specimen::Particles(specimen);
    let config = SynthConfig { height: 384, width: 512, specimen, imaging, ..SynthConfig::default() };
    let made = micrograph(&config, seed).unwrap();
    let Truth::Particles(truth) = made.truth else { panic!("particles were asked for") };
    (made.plane, truth.particles.len())
}

fn counted(plane: &Plane) -> Count {
    particles(plane, &CountConfig::default()).unwrap().0
}

fn turned(plane: &Plane) -> Plane {
    Plane::from_fn(plane.width(), plane.height(), |y, x| plane.at(x, plane.width() - 1 - y))
}

#[test]
fn separate_particles_are_counted_exactly() {
    struct Case {
        name: &'static str,
        specimen: ParticlesConfig,
        imaging: Imaging,
    }
    let plain = ParticlesConfig { coverage: 0.15, ..ParticlesConfig::default() };
    let cases = [
        Case { name: "as usual", specimen: plain.clone(), imaging: Imaging::default() },
        Case {
            name: "small",
            specimen: ParticlesConfig { diameter_px: 10.0, coverage: 0.1, ..plain.clone() },
            imaging: Imaging::default(),
        },
        Case {
            name: "of many sizes",
            specimen: ParticlesConfig { spread: 0.4, ..plain.clone() },
            imaging: Imaging::default(),
        },
        Case {
            name: "noisy",
            specimen: plain.clone(),
            imaging: Imaging { dose: 20.0, ..Imaging::default() },
        },
        Case {
            name: "charging",
            specimen: plain.clone(),
            imaging: Imaging { gradient: 0.4, ..Imaging::default() },
        },
        Case {
            name: "dark",
            specimen: plain.clone(),
            imaging: Imaging { inverted: true, ..Imaging::default() },
        },
    ];
    for Case { name, specimen, imaging } in cases {
        for seed in 0..3 {
            let (plane, n) = made(specimen.clone(), imaging.clone(), seed);
            let count = counted(&plane);
            assert_eq!(count.n_regions.value, n as f64, "{name}, seed {seed}");
            let polarity = if imaging.inverted { Polarity::Dark } else { Polarity::Bright };
            assert_eq!(count.polarity, polarity, "{name}");
        }
    }
}

#[test]
fn spheres_that_overlap_at_random_are_counted_to_3_of_100() {
    let (mut seen, mut found) = (0, 0);
    for seed in 0..8 {
        let overlapping =
            ParticlesConfig { packing: Packing::Overlapping, coverage: 0.1, ..ParticlesConfig::default() };
        let config = SynthConfig {
            height: 384,
            width: 512,
            specimen: Specimen::Particles(overlapping),
            ..SynthConfig::default()
        };
        let made = micrograph(&config, seed).unwrap();
        let Truth::Particles(truth) = made.truth else { panic!("particles were asked for") };
        // of which less shows, a pixel or two of the outline tell
        seen += truth.particles.iter().filter(|particle| particle.visible > 0.25).count();
        found += counted(&made.plane).regions.len();
    }
    let error = found as f64 / seen as f64 - 1.0;
    assert!(error.abs() <= 0.03, "{found} of {seen}");
}

#[test]
fn turning_and_inverting_and_a_gradient_change_no_count() {
    for seed in 0..4 {
        let specimen = ParticlesConfig {
            packing: Packing::Overlapping,
            diameter_px: 24.0,
            coverage: 0.08,
            ..ParticlesConfig::default()
        };
        let (plane, _) = made(specimen, Imaging::default(), seed);
        let n = counted(&plane).regions.len();
        let mut other = plane.clone();
        for _ in 0..3 {
            other = turned(&other);
            assert_eq!(counted(&other).regions.len(), n, "turned, seed {seed}");
        }
        let told = CountConfig { polarity: Some(Polarity::Dark), ..CountConfig::default() };
        let inverted = particles(&plane.map(|value| 255.0 - value), &told).unwrap().0;
        assert_eq!(inverted.regions.len(), n, "inverted, seed {seed}");
        let sloped = Plane::from_fn(plane.height(), plane.width(), |y, x| {
            plane.at(y, x) + 0.1 * x as f32 - 0.07 * y as f32
        });
        assert_eq!(counted(&sloped).regions.len(), n, "sloped, seed {seed}");
    }
}

#[test]
fn what_cannot_be_counted_is_refused_with_the_reason() {
    let refused =
        |plane: &Plane| particles(plane, &CountConfig::default()).map(|found| found.0.n_regions).unwrap_err();
    assert!(matches!(
        refused(&Plane::filled(64, 80, 9.0)),
        CountError::Background(NoBackground::NoContrast { .. })
    ));
    assert!(matches!(
        refused(&Plane::filled(9, 80, 9.0)),
        CountError::Background(NoBackground::TooSmall { height: 9, width: 80 })
    ));
    let holed = Plane::from_fn(64, 80, |y, x| if (y, x) == (3, 9) { f32::NAN } else { 1.0 });
    assert!(matches!(refused(&holed), CountError::Background(NoBackground::NotNumbers(1))));
    let bad = CountConfig { neck: 7.0, ..CountConfig::default() };
    assert!(matches!(particles(&Plane::filled(64, 80, 9.0), &bad), Err(CountError::Config(_))));
    for seed in 0..3 {
        let heap = ParticlesConfig { packing: Packing::Stacked, coverage: 3.0, ..ParticlesConfig::default() };
        let heap = made(heap, Imaging::default(), seed).0;
        println!("heap: {}", refused(&heap));
        for specimen in [
            Specimen::Film(FilmConfig::default()),
            Specimen::Fibers(FibersConfig::default()),
            Specimen::Fibers(FibersConfig { coverage: 0.2, ..FibersConfig::default() }),
        ] {
            let config = SynthConfig { specimen, ..SynthConfig::default() };
            let plane = micrograph(&config, seed).unwrap().plane;
            println!("film or fibres: {}", refused(&plane));
        }
    }
}

#[test]
fn a_count_takes_well_under_a_second() {
    let specimen = ParticlesConfig { diameter_px: 12.0, ..ParticlesConfig::default() };
    let config = SynthConfig {
        height: 768,
        width: 1024,
        specimen: Specimen::Particles(specimen),
        ..SynthConfig::default()
    };
    let plane = micrograph(&config, 0).unwrap().plane;
    let start = Instant::now();
    let count = counted(&plane);
    println!("{} particles in {:?}", count.regions.len(), start.elapsed());
    assert!(count.regions.len() > 1000);
}
