//! Networks whose expanded weights are known.

use super::*;
use crate::network::{Convolution, ConvolutionShape, Graph, Init, Operation, Pool};
use crate::{Architecture, AutoencoderConfig, Device};

fn convolution(channels: [usize; 2], kernel: usize, weights: &[f32]) -> Operation {
    let mut shape = ConvolutionShape::same(channels, kernel);
    shape.relu = true;
    let mut convolution = Convolution::new(shape, 2.0, Init::Zero, "convolution", &Device::Cpu.burn());
    // far below 0, so that every ReLU is shut
    convolution.set(weights.to_vec(), vec![-9.0; channels[1]]);
    Operation::Convolution(convolution)
}

fn network(steps: Vec<(&str, Operation)>) -> Network {
    let mut graph = Graph::new(1);
    for (name, operation) in steps {
        graph.push(name, operation);
    }
    Network::of_graph(Architecture::Autoencoder(AutoencoderConfig::default()), graph, Device::Cpu)
}

/// Not symmetric, so that a kernel that is turned is found.
const KERNEL: [f32; 9] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
const OTHER: [f32; 9] = [4.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, -3.0];

fn assert_near(found: &Plane, expected: &[f64]) {
    assert_eq!(found.values().len(), expected.len(), "{found:?}");
    for (found, expected) in found.values().iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
    }
}

#[test]
fn between_neighbouring_convolutions_they_are_the_weights() {
    let weights = [&KERNEL[..], &OTHER].concat();
    let network = network(vec![
        ("first", convolution([1, 2], 1, &[1.0, 1.0])),
        ("second", convolution([2, 1], 3, &weights)),
    ]);
    let found = expanded_weights(&network, ("second", &[0]), "first").unwrap().remove(0);
    assert_near(&found[0], &KERNEL.map(f64::from));
    assert_near(&found[1], &OTHER.map(f64::from));
    let squares = |kernel: &[f32; 9]| kernel.iter().map(|w| f64::from(w * w)).sum::<f64>();
    let config =
        CircuitConfig { from: Some("first".into()), ..CircuitConfig::of(Address::channel("second", 0)) };
    let circuit = circuit(&network, &config).unwrap();
    assert_eq!(circuit.parts[0].unit, Address::channel("first", 0));
    let share = squares(&KERNEL) / (squares(&KERNEL) + squares(&OTHER));
    assert!((circuit.parts[0].share - share).abs() < 1e-6 && (circuit.shown_share - 1.0).abs() < 1e-6);
    assert!((circuit.parts[0].sum - 45.0).abs() < 1e-4);
}

#[test]
fn over_two_convolutions_kernels_are_convolved_and_windows_averaged() {
    let both =
        network(vec![("first", convolution([1, 1], 3, &KERNEL)), ("second", convolution([1, 1], 3, &OTHER))]);
    let found = expanded_weights(&both, ("second", &[0]), IMAGE_LAYER).unwrap().remove(0);
    let mut expected = [0.0; 25];
    for (second, weight) in OTHER.iter().enumerate() {
        for (first, own) in KERNEL.iter().enumerate() {
            let (y, x) = (second / 3 + first / 3, second % 3 + first % 3);
            expected[5 * y + x] += f64::from(weight * own);
        }
    }
    assert_near(&found[0], &expected);

    let pooled = network(vec![
        ("first", convolution([1, 1], 1, &[1.0])),
        ("pool", Operation::MaxPool(Pool::HALF)),
        ("second", convolution([1, 1], 1, &[2.0])),
    ]);
    let found = expanded_weights(&pooled, ("second", &[0]), "first").unwrap().remove(0);
    assert_near(&found[0], &[0.5; 4]);
}

#[test]
fn several_units_give_what_each_gives_alone() {
    let config = AutoencoderConfig { stages: vec![4, 12], latent: 2, ..Default::default() };
    let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu).unwrap();
    let channels: Vec<usize> = (0..12).collect();
    let all = expanded_weights(&network, ("encoder.2", &channels), "encoder.1").unwrap();
    assert_eq!((all.len(), all[0].len()), (12, 4));
    for channel in [0, 7, 11] {
        let alone = expanded_weights(&network, ("encoder.2", &[channel]), "encoder.1").unwrap();
        for (own, other) in alone[0].iter().zip(&all[channel]) {
            assert_near(own, &other.values().iter().map(|&value| f64::from(value)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_has_no_weights_is_refused() {
    let gated = network(vec![
        ("first", convolution([1, 1], 1, &[1.0])),
        ("gate", Operation::Sigmoid),
        ("second", convolution([1, 1], 1, &[2.0])),
    ]);
    let refused = |unit: &str, from: Option<&str>| {
        let config =
            CircuitConfig { from: from.map(str::to_owned), ..CircuitConfig::of(unit.parse().unwrap()) };
        circuit(&gated, &config).unwrap_err().to_string()
    };
    for (unit, from, part) in [
        ("second:0", Some("first"), "lies `gate`"),
        (
            "second:0",
            Some("second"),
            "does not depend on layer `second`: expected `image` or one of: first, gate",
        ),
        ("second:0", Some("third"), "no layer `third`"),
        ("second:1", None, "no channel 1"),
        ("second", None, "is no channel of a layer"),
        ("second:0@1,1", None, "is no channel of a layer"),
        ("third:0", None, "no layer `third`"),
    ] {
        let error = refused(unit, from);
        assert!(error.contains(part), "{unit} {from:?}: {error}");
    }
    // the nearest from which a sum leads
    assert_eq!(lower_layer(&gated, "second").unwrap(), IMAGE_LAYER.to_owned(), "the gate is no usual layer");
}
