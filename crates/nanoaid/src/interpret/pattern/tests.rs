//! Patterns through planted networks, whose answer is known.

use micrograph::measure::geometry::axis_difference_deg;
use micrograph::measure::{ReportConfig, Task, measured};
use micrograph::random::Stream;
use micrograph::{Calibration, CalibrationSource};

use super::*;
use crate::interpret::visualize::tests::{gabor, planted};
use crate::{Architecture, AutoencoderConfig, Device};

/// Soft lines of 10 px pitch at `axis_deg` under noise as strong as they are.
fn grating(axis_deg: f64, pitch_px: f64) -> Plane {
    let mut stream = Stream::new(8, "test", 0);
    let (sin, cos) = axis_deg.to_radians().sin_cos();
    Plane::from_fn(181, 240, |y, x| {
        let across = (x as f64 * sin + y as f64 * cos) / pitch_px;
        let wave = (std::f64::consts::TAU * across).cos();
        (0.5 + 0.1 * wave + 0.07 * stream.normal()).clamp(0.0, 1.0) as f32
    })
}

fn report(plane: &Plane, task: Task, calibration: Option<&Calibration>) -> Measured {
    measured(plane, calibration, &ReportConfig { what: vec![task], ..ReportConfig::default() }).unwrap()
}

fn looking<'a>(network: &'a Network, unit: &str) -> Result<Looker<'a>, PatternError> {
    let unit = Some(unit.parse().unwrap());
    Looker::new(network, PatternConfig { unit, ..PatternConfig::default() })
}

#[test]
fn the_gabor_of_the_pattern_is_named_with_its_period() {
    // all of one size, so that only axis and period tell them apart
    let kernels = [(7.0, 30.0), (10.0, -60.0), (14.0, 30.0), (10.0, 30.0), (10.0, 75.0)]
        .map(|(period, axis)| gabor(41, period, axis));
    let network = planted(&kernels, &[0.0; 5], true);
    let plane = grating(30.0, 10.0);
    let calibration = Calibration::square(2.5, CalibrationSource::Typed);
    let found = looking(&network, "unit")
        .unwrap()
        .look(&plane, &report(&plane, Task::Pitch, Some(&calibration)))
        .unwrap();
    let periodic = found.result.periodic.measured().expect("the pattern has a period");
    assert_eq!(periodic.address, "unit:3");
    assert!(periodic.clarity > 0.5, "{}", periodic.clarity);
    for (name, px) in [("map", periodic.period_px), ("image", periodic.image.px)] {
        assert!((px / 10.0 - 1.0).abs() < 0.02, "{name}: {px}");
    }
    for axis in [periodic.axis_deg, periodic.image.axis_deg] {
        assert!(axis_difference_deg(axis, 30.0).abs() < 2.0, "{axis}");
    }
    let preferred = periodic.preferred.measured().expect("it is tuned");
    assert!(
        (preferred.px / 10.0 - 1.0).abs() < 0.02 && (preferred.ratio - 1.0).abs() < 0.02,
        "{preferred:?}"
    );
    assert!((preferred.nm.unwrap() / 25.0 - 1.0).abs() < 0.02, "{preferred:?}");
    assert!((periodic.image.nm.unwrap() / 25.0 - 1.0).abs() < 0.002, "{:?}", periodic.image);
    // a curve whose top is near what it prefers
    let top = periodic.curve.iter().max_by(|a, b| a[1].total_cmp(&b[1])).unwrap();
    assert!((top[0] / preferred.px).log2().abs() <= 0.5, "{:?}", periodic.curve);
    assert_eq!((found.result.count, found.periodic_map.map(|map| map.stride)), (None, Some(1)));
    let text = serde_json::to_string(&found.result.periodic).unwrap();
    assert_eq!(serde_json::from_str::<Finding<Periodic>>(&text).unwrap(), found.result.periodic);
}

#[test]
fn clarity_is_next_to_nothing_for_a_wave_that_is_not_there() {
    let network = planted(&[gabor(41, 10.0, 30.0)], &[0.0], false);
    let plane = grating(30.0, 10.0);
    let maps = FeatureMaps::of(&network, "unit", &plane, &TileConfig::default(), &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let (sin, cos) = 30_f64.to_radians().sin_cos();
    let clarity = |wave: [f64; 2]| clearest(&maps, (181, 240), &[wave]).unwrap().measured().unwrap().clarity;
    let (own, other) = (clarity([sin / 10.0, cos / 10.0]), clarity([cos / 10.0, -sin / 10.0]));
    assert!(own > 0.5 && other < 0.01, "{own} {other}");
}

#[test]
fn a_channel_that_sees_only_the_zeros_around_the_image_is_not_named() {
    // grey less ten times grey beside it, and a bias that only a missing neighbour lets through
    let mut beside = vec![0.0; 41 * 41];
    beside[20 * 41 + 10] = -10.0;
    let network = planted(&[beside, gabor(41, 14.0, -60.0)], &[1.0, 0.0], true);
    let plane = grating(30.0, 10.0);
    let maps = FeatureMaps::of(&network, "unit", &plane, &TileConfig::default(), &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let border = maps.plane(0).unwrap();
    let fires = |x: usize| (0..181).any(|y| border.at(y, x) > 0.5);
    assert!(fires(3) && !fires(60), "it fires at the border alone");
    let (sin, cos) = 30_f64.to_radians().sin_cos();
    let found = clearest(&maps, (181, 240), &[[sin / 10.0, cos / 10.0]]).unwrap();
    assert_eq!(found.measured().unwrap().channel, 1);
}

/// Bright discs of 6 px radius around `places`, with a little noise.
fn discs(places: &[[f64; 2]]) -> Plane {
    let mut stream = Stream::new(3, "test", 0);
    Plane::from_fn(200, 260, |y, x| {
        let nearest =
            places.iter().map(|at| (at[0] - y as f64).hypot(at[1] - x as f64)).fold(f64::MAX, f64::min);
        (0.4 + 0.3 * ((6.0 - nearest) / 1.2).tanh() + 0.01 * stream.normal()) as f32
    })
}

/// Places that are 26 px and more apart, and off the border.
fn places() -> Vec<[f64; 2]> {
    let mut stream = Stream::new(5, "test", 0);
    let mut found = Vec::new();
    for row in 0..5 {
        for column in 0..6 {
            let mut moved = || 7.0 * (stream.uniform() - 0.5);
            let (down, right) = (moved(), moved());
            found.push([26.0 + 36.0 * f64::from(row) + down, 26.0 + 40.0 * f64::from(column) + right]);
        }
    }
    found
}

/// Fires at bright discs of about 6 px radius.
fn spot_detector() -> Network {
    let side = 25;
    let value = |index: usize| {
        let (y, x) = ((index / side) as f32 - 12.0, (index % side) as f32 - 12.0);
        let square = y * y + x * x;
        (-square / 32.0).exp() - 0.25 * (-square / 128.0).exp()
    };
    let mut kernel: Vec<f32> = (0..side * side).map(value).collect();
    let mean = kernel.iter().sum::<f32>() / kernel.len() as f32;
    kernel.iter_mut().for_each(|value| *value -= mean);
    planted(&[kernel], &[0.0], true)
}

#[test]
fn a_spot_detector_counts_separate_discs_and_agrees_with_the_count() {
    let network = spot_detector();
    let places = places();
    let plane = discs(&places);
    let found =
        looking(&network, "unit:0").unwrap().look(&plane, &report(&plane, Task::Count, None)).unwrap();
    let count = found.result.count.as_ref().and_then(Finding::measured).expect("it was requested");
    assert_eq!(count.places.len(), places.len());
    let near = matched(&count.places, &places, 1.0);
    assert_eq!(near.both.len(), places.len(), "{near:?}");
    let disagreement = count.disagreement.as_ref().expect("discs are particles");
    assert_eq!((disagreement.n_both, count.classical.measured().unwrap().what.as_str()), (30, "particles"));
    assert!(disagreement.only_unit.is_empty() && disagreement.only_classical.is_empty());
    assert_eq!(found.result.periodic, Finding::NotMeasured("no period was measured in the image".to_owned()));
}

#[test]
fn peaks_at_the_border_are_in_no_count() {
    // less than nothing but for a bias that only a missing neighbour lets through
    let mut beside = vec![0.0; 25 * 25];
    beside[12 * 25 + 6] = -20.0;
    let network = planted(&[beside], &[1.0], true);
    let mut places = places();
    places.push([8.0, 130.0]); // a disc that lies within half a receptive field of the border
    let plane = discs(&places);
    let map = FeatureMaps::of(&network, "unit", &plane, &TileConfig::default(), &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(map.plane(0).unwrap().range().unwrap().1 > 0.5, "it fires at the border");
    let found =
        looking(&network, "unit:0").unwrap().look(&plane, &report(&plane, Task::Count, None)).unwrap();
    let count = found.result.count.as_ref().and_then(Finding::measured).unwrap();
    assert_eq!((count.places.len(), count.border_px), (0, [12.0, 12.0]));
    assert_eq!(count.classical.measured().unwrap().places.len(), places.len() - 1);
}

#[test]
fn a_faint_channel_is_not_named_however_clear_its_map() {
    // the same detector so many times weaker, beside one that answers to noise, too
    let clear = gabor(41, 10.0, 30.0);
    let mut noisy = clear.clone();
    noisy[20 * 41 + 20] += 200.0;
    noisy[20 * 41 + 19] -= 200.0;
    let plane = grating(30.0, 10.0);
    let (sin, cos) = 30_f64.to_radians().sin_cos();
    let named = |strength: f32| {
        let faint = clear.iter().map(|value| strength * value).collect();
        let network = planted(&[noisy.clone(), faint], &[0.0; 2], true);
        let maps = FeatureMaps::of(&network, "unit", &plane, &TileConfig::default(), &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
        clearest(&maps, (181, 240), &[[sin / 10.0, cos / 10.0]]).unwrap().measured().unwrap().channel
    };
    assert_eq!([0.02, 0.5].map(named), [0, 1]);
}

#[test]
fn disagreement_names_what_only_one_of_both_saw() {
    let network = spot_detector();
    let places = places();
    // the count knows nothing of the eighth, and of one that the unit is not shown
    let extra = [116.0, 126.0];
    let mut counted: Vec<[f64; 2]> = places.clone();
    counted[7] = extra;
    let (seen, other) = (discs(&places), discs(&counted));
    let found = looking(&network, "unit:0").unwrap().look(&seen, &report(&other, Task::Count, None)).unwrap();
    let count = found.result.count.as_ref().and_then(Finding::measured).unwrap();
    let disagreement = count.disagreement.as_ref().unwrap();
    let alone = |found: &[[f64; 2]], place: [f64; 2]| {
        found.len() == 1 && (found[0][0] - place[0]).hypot(found[0][1] - place[1]) < 1.0
    };
    assert_eq!(disagreement.n_both, 29);
    assert!(alone(&disagreement.only_unit, places[7]), "{disagreement:?}");
    assert!(alone(&disagreement.only_classical, extra), "{disagreement:?}");
}

#[test]
fn waves_of_a_lattice_turn_once_along_one_vector_and_not_along_the_other() {
    let (pitch, axis) = (19.0, 17_f64.to_radians());
    let vector = |angle: f64| [-pitch * angle.sin(), pitch * angle.cos()];
    let (first, second) = (vector(axis), vector(axis + std::f64::consts::FRAC_PI_3));
    let sites = (-30..30).flat_map(|i| (-30..30).map(move |j| (f64::from(i), f64::from(j))));
    let mut dots: Vec<[f64; 2]> =
        sites.map(|(i, j)| [0, 1].map(|part| 100.0 + i * first[part] + j * second[part])).collect();
    dots.retain(|at| at.iter().all(|part| (-10.0..280.0).contains(part)));
    let measured = report(&discs(&dots), Task::Lattice, None);
    let lattice = measured.details.lattice.as_ref().expect("it is a lattice");
    let waves = waves(&measured);
    let turns = |wave: [f64; 2], [y, x]: [f64; 2]| wave[0] * x + wave[1] * y;
    for (wave, expected) in waves.iter().zip([[1.0, 0.0], [0.0, 1.0]]) {
        for (vector, expected) in lattice.vectors.iter().zip(expected) {
            assert!((turns(*wave, *vector) - expected).abs() < 1e-9, "{waves:?}");
        }
    }
    // the rows of a hexagonal lattice are nearer than the sites, by sin 60°
    let rows = pitch * 60_f64.to_radians().sin();
    assert_eq!(waves.len(), 3);
    for wave in waves {
        assert!((1.0 / (wave[0].hypot(wave[1]) * rows) - 1.0).abs() < 0.01, "{wave:?}");
    }
}

#[test]
fn what_a_network_cannot_tell_is_refused_by_name() {
    let config = AutoencoderConfig { stages: vec![4, 6], latent: 3, ..AutoencoderConfig::default() };
    let network = Network::random(Architecture::Autoencoder(config), 5, Device::Cpu).unwrap();
    let error = |unit: &str| looking(&network, unit).err().map(|error| error.to_string()).unwrap_or_default();
    for (unit, words) in [
        ("encoder.9", &["`encoder.9`", "encoder.2"][..]),
        ("encoder.2:6", &["channel 6", "`encoder.2`", "0 to 5"][..]),
        ("class:fibres", &["class:fibres", "encoder.2:17"][..]),
        ("encoder.2:1@4,5", &["encoder.2:1@4,5", "channel"][..]),
    ] {
        let text = error(unit);
        assert!(words.iter().all(|word| text.contains(word)), "{unit}: {text}");
    }
    let level = PatternConfig { peaks: PeakConfig { level: 0.0 }, ..PatternConfig::default() };
    assert!(Looker::new(&network, level).err().unwrap().to_string().contains("peaks.level"));
    // its positions lie 4 px apart: too far for 6 px
    let plane = grating(0.0, 6.0);
    let mut looker = looking(&network, "encoder.2").unwrap();
    let found = looker.look(&plane, &report(&plane, Task::Pitch, None)).unwrap();
    let reason = found.result.periodic.not_measured().expect("too fine");
    assert!(reason.contains("encoder.2") && reason.contains("4 px apart"), "{reason}");
    // nothing to count without a network, and too little for the network
    let flat = Plane::filled(3, 3, 0.5);
    let found =
        looking(&network, "encoder.2:1").unwrap().look(&flat, &report(&flat, Task::Pitch, None)).unwrap();
    let reason = found.result.count.as_ref().and_then(Finding::not_measured).expect("too small");
    assert!(reason.contains("encoder.2"), "{reason}");
}
