//! A network whose score is known in closed form, and what must hold for any change.

use std::f64::consts::TAU;
use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::random::Stream;

use super::change::{Changer, moved, moved_back, root_mean_square};
use super::*;
use crate::network::{Convolution, ConvolutionShape, Graph, Init, Operation};
use crate::{Address, Architecture, AutoencoderConfig, CompactConfig, Device};

fn on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The mean of what a 3 × 3 kernel gives where it is above 0: edges with the dark side above.
fn edges() -> Network {
    let mut shape = ConvolutionShape::same([1, 1], 3);
    shape.relu = true;
    let mut convolution = Convolution::new(shape, 2.0, Init::Zero, "edges", &Device::Cpu.burn());
    convolution.set(vec![-1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0], vec![0.0]);
    let mut graph = Graph::new(1);
    graph.push("edges", Operation::Convolution(convolution));
    Network::of_graph(Architecture::Autoencoder(AutoencoderConfig::default()), graph, Device::Cpu)
}

/// Lines across, of 8 px, half as strong as grey levels allow.
fn lines() -> Plane {
    Plane::from_fn(48, 40, |y, _| 0.5 + 0.25 * (TAU * y as f64 / 8.0).sin() as f32)
}

fn unit() -> AccentuateConfig {
    let target = Target::Unit(Address::channel("edges", 0));
    AccentuateConfig { target, ..AccentuateConfig::default() }
}

#[test]
fn a_unit_responds_more_the_more_may_change_and_random_changes_do_less() {
    let network = edges();
    // of one wave a random phase is at times the best one
    let mut stream = Stream::new(0, "plane", 0);
    let plane = Plane::from_fn(48, 40, |_, _| (0.5 + 0.1 * stream.normal()) as f32);
    let found = accentuate(&network, &plane, &unit(), &mut on).unwrap();
    let mut last = found.accentuation.score;
    for (level, changed) in found.accentuation.levels.iter().zip(&found.planes) {
        assert!(level.score > last, "{level:?} {last}");
        last = level.score;
        assert!(level.change <= level.strength * 1.0001, "{level:?}");
        let (low, high) = changed.range().unwrap();
        assert!(low >= 0.0 && high <= 1.0, "{low} {high}");
        let random = level.random.unwrap();
        let gain = level.score - found.accentuation.score;
        assert!(random.most - found.accentuation.score < 0.5 * gain, "{level:?}");
    }
    // lines of twice their amplitude are as far from these as half of their deviation, and give twice the score
    let doubled =
        accentuate(&network, &plane, &AccentuateConfig { strengths: vec![1.0], ..unit() }, &mut on).unwrap();
    let ratio = doubled.accentuation.levels[0].score / doubled.accentuation.score;
    assert!(ratio > 1.5, "{ratio}");
}

#[test]
fn a_score_is_lowered_on_request() {
    let config = AccentuateConfig { away: true, strengths: vec![0.5], ..unit() };
    let found = accentuate(&edges(), &lines(), &config, &mut on).unwrap().accentuation;
    let level = &found.levels[0];
    assert!(level.score < 0.8 * found.score, "{found:?}");
    assert!(level.random.unwrap().most <= level.random.unwrap().mean);
}

#[test]
fn the_gradient_goes_back_the_way_that_the_plane_was_shifted() {
    let mut stream = Stream::new(0, "accentuate", 0);
    let plane = Plane::from_fn(7, 5, |_, _| stream.uniform() as f32);
    let gradient = Plane::from_fn(7, 5, |_, _| stream.normal() as f32);
    let product = |a: &Plane, b: &Plane| -> f64 {
        a.values().iter().zip(b.values()).map(|(a, b)| f64::from(a * b)).sum()
    };
    for shift in [(0, 0), (2, -1), (-3, 4), (9, -9)] {
        let forth = product(&moved(&plane, shift), &gradient);
        let back = product(&plane, &moved_back(&gradient, shift));
        assert!((forth - back).abs() < 1e-5, "{shift:?}: {forth} {back}");
    }
}

#[test]
fn a_change_has_the_period_and_the_size_that_it_has() {
    let plane = Plane::filled(48, 60, 0.5);
    let changer = Changer::new(&plane);
    for period in [4.0, 6.0, 12.0] {
        let wave = Plane::from_fn(48, 60, |_, x| 0.1 * (TAU * x as f64 / period).sin() as f32);
        let spectrum = changer.spectrum(&wave);
        assert!((changer.median_period_px(&spectrum).unwrap() - period).abs() < 1e-6);
        let other = changer.with_random_phases(&spectrum, &mut Stream::new(0, "phase", 0));
        assert!((changer.median_period_px(&changer.spectrum(&other)).unwrap() - period).abs() < 1e-6);
        let limited = changer.limited(wave, 0.01);
        assert!((root_mean_square(&limited) - 0.01).abs() < 1e-6);
    }
    assert_eq!(changer.median_period_px(&changer.spectrum(&plane.map(|_| 0.0))), None);
    // more than the range allows is cut off
    let far = changer.limited(plane.map(|_| 3.0), 2.0);
    assert!(far.values().iter().all(|value| *value == 0.5));
}

#[test]
fn what_cannot_be_accentuated_is_refused() {
    let refused = |network: &Network, plane: &Plane, config: &AccentuateConfig| {
        accentuate(network, plane, config, &mut on).unwrap_err().to_string()
    };
    let with = |strengths: &[f64]| AccentuateConfig { strengths: strengths.to_vec(), ..unit() };
    for (config, part) in [
        (with(&[]), "1 to 8 numbers"),
        (with(&[0.2, 0.1]), "rising"),
        (with(&[f64::NAN]), "above 0 to 2"),
        (with(&[3.0]), "above 0 to 2"),
        (AccentuateConfig { steps: 0, ..unit() }, "steps"),
        (AccentuateConfig { target: Target::Answer, ..unit() }, "has no classes"),
        (AccentuateConfig { target: Target::Unit(Address::channel("edges", 1)), ..unit() }, "no channel 1"),
    ] {
        let error = refused(&edges(), &lines(), &config);
        assert!(error.contains(part), "{error}");
    }
    assert!(refused(&edges(), &Plane::filled(20, 20, 0.3), &unit()).contains("all grey levels are the same"));
    let mut ended = || ControlFlow::Break(());
    let error = accentuate(&edges(), &lines(), &unit(), &mut ended).unwrap_err();
    assert!(matches!(error, ExplainError::Cancelled));
}

#[test]
fn a_class_of_a_classifier_rises_and_its_answer_is_named() {
    let config = CompactConfig { stages: vec![4, 6], further: vec![], view_px: 32, ..Default::default() };
    let network = Network::random(Architecture::Compact(config), 3, Device::Cpu).unwrap();
    let class = class_names(&network)[1].clone();
    let config = AccentuateConfig {
        target: Target::Class(class),
        strengths: vec![0.3],
        n_controls: 0,
        ..AccentuateConfig::default()
    };
    let plane = Plane::from_fn(40, 56, |y, x| ((5 * y + 3 * x) % 11) as f32 / 10.0);
    let found = accentuate(&network, &plane, &config, &mut on).unwrap().accentuation;
    assert!(found.levels[0].score > found.score && found.levels[0].random.is_none(), "{found:?}");
    assert!(found.answer.is_some() && found.levels[0].answer.is_some());
}
