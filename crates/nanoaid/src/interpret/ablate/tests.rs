//! Networks whose answers without a unit are known.

use std::ops::ControlFlow;

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;

use super::*;
use crate::network::{Convolution, ConvolutionShape, Dense, Graph, Init, Operation};
use crate::{AutoencoderConfig, CompactConfig, Device};

fn on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn config(units: &[(&str, usize)]) -> AblateConfig {
    let units = units.iter().map(|(layer, channel)| Address::channel(layer, *channel)).collect();
    AblateConfig { units, ..AblateConfig::default() }
}

/// An autoencoder in name: two channels, one the image and one its double, and their sum times weights.
fn sum_of_two(weights: [f32; 2]) -> Network {
    let device = Device::Cpu.burn();
    let mut shape = ConvolutionShape::same([1, 2], 1);
    shape.relu = true;
    let mut first = Convolution::new(shape, 2.0, Init::Zero, "encoder.1", &device);
    first.set(vec![1.0, 2.0], vec![0.0, 0.0]);
    let mut last = Convolution::new(ConvolutionShape::same([2, 1], 1), 1.0, Init::Zero, "out", &device);
    last.set(weights.to_vec(), vec![0.0]);
    let mut graph = Graph::new(1);
    graph.push("encoder.1", Operation::Convolution(first));
    graph.push("out", Operation::Convolution(last));
    let config = AutoencoderConfig { stages: vec![2], ..AutoencoderConfig::default() };
    Network::of_graph(Architecture::Autoencoder(config), graph, Device::Cpu)
}

fn plane() -> Plane {
    Plane::from_fn(24, 32, |y, x| ((5 * y + 3 * x) % 11) as f32 / 10.0)
}

#[test]
fn a_reconstruction_loses_what_the_unit_gave() {
    // ½ · image + ¼ · 2 · image is the image; without the second channel half of it
    let found =
        ablate((&sum_of_two([0.5, 0.25]), None), &plane(), &config(&[("encoder.1", 1)]), &mut on).unwrap();
    let (before, after) = found.ablation.reconstruction.unwrap();
    assert!((before - 1.0).abs() < 1e-6, "{before}");
    let image = plane();
    let squares: f64 = image.values().iter().map(|&value| f64::from(value).powi(2)).sum();
    let expected = 1.0 - 0.25 * squares / (image.values().len() as f64 * image.variance());
    assert!((after - expected).abs() < 1e-5, "{after} {expected}");
    let (was, is) = found.reconstructions.unwrap();
    for (was, is) in was.values().iter().zip(is.values()) {
        assert!((is - 0.5 * was).abs() < 1e-6, "{is} {was}");
    }
    // twice the second channel is half as much again
    let up = AblateConfig { times: 2.0, ..config(&[("encoder.1", 1)]) };
    let found = ablate((&sum_of_two([0.5, 0.25]), None), &plane(), &up, &mut on).unwrap();
    let (was, is) = found.reconstructions.unwrap();
    assert!((is.mean() - 1.5 * was.mean()).abs() < 1e-6);
}

#[test]
fn logits_of_a_dense_layer_fall_by_what_the_unit_adds() {
    let device = Device::Cpu.burn();
    let stages = CompactConfig { stages: vec![3], further: vec![], view_px: 24, ..Default::default() };
    let network = Network::random(Architecture::Compact(stages.clone()), 1, Device::Cpu).unwrap();
    let layer = network.layers().iter().rfind(|layer| layer.receptive_field_px.is_some()).unwrap().clone();
    let maps: Vec<Plane> = {
        let views = Views::of(&network, (24, 24)).cut(&plane().crop(micrograph::Rect {
            y: 0,
            x: 0,
            height: 24,
            width: 24,
        }));
        network.maps(&views[0], &layer.name).unwrap()
    };
    // the head takes means of maps: a dense layer of 1 for the first class and channel
    let n_classes = network.n_classes().unwrap();
    let mut graph = network.graph().clone();
    let id = graph.value_id(&layer.name).unwrap();
    graph = graph.cut(id);
    graph.push("pool", Operation::AveragePool { side: 1 });
    let mut dense = Dense::new([layer.n_channels, n_classes], 1.0, Init::Zero, "head", &device);
    let mut weights = vec![0.0; layer.n_channels * n_classes];
    weights[0] = 3.0;
    dense.weight = Tensor::from_data(TensorData::new(weights, [n_classes, layer.n_channels]), &device);
    graph.push("head", Operation::Dense(dense));
    let network = Network::of_graph(Architecture::Compact(stages), graph, Device::Cpu);
    let square = plane().crop(micrograph::Rect { y: 0, x: 0, height: 24, width: 24 });
    let found = ablate((&network, None), &square, &config(&[(&layer.name, 0)]), &mut on).unwrap().ablation;
    let first = &found.classes[0];
    assert!((first.before - 3.0 * maps[0].mean()).abs() < 1e-5, "{first:?} {}", maps[0].mean());
    assert!(first.after.abs() < 1e-7, "{first:?}");
    assert!(found.classes[1..].iter().all(|class| class.before == class.after));
    // the two other channels have no weight
    assert!(found.controls.iter().all(|control| *control == 0.0) && found.controls.len() == 2);
}

#[test]
fn several_units_are_looked_at_alone_and_later_units_named() {
    let stages = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    let network = Network::random(Architecture::Autoencoder(stages), 0, Device::Cpu).unwrap();
    let found =
        ablate((&network, None), &plane(), &config(&[("encoder.1", 0), ("encoder.1", 2)]), &mut on).unwrap();
    assert_eq!(found.ablation.alone.len(), 2);
    assert!(!found.ablation.later.is_empty() && !found.maps.is_empty());
    for later in &found.ablation.later {
        assert!(!later.unit.to_string().starts_with("encoder.1"), "{later:?}");
    }
    let order: Vec<f64> = found.ablation.later.iter().map(|later| later.change.abs()).collect();
    assert!(order.is_sorted_by(|a, b| a >= b), "{order:?}");
}

#[test]
fn without_all_units_nothing_is_left() {
    let network = sum_of_two([0.5, 0.25]);
    let both = config(&[("encoder.1", 0), ("encoder.1", 1)]);
    let found = ablate((&network, None), &plane(), &both, &mut on).unwrap();
    assert!(found.reconstructions.unwrap().1.values().iter().all(|value| *value == 0.0));
    assert_eq!(found.ablation.alone.len(), 2);
    assert!(found.ablation.controls.is_empty());
    assert!(found.ablation.warnings.iter().any(|warning| warning.contains("no controls")));
}

#[test]
fn a_concept_takes_what_its_codes_explain() {
    // activations are multiples of (1, 2), so that the first component explains all of their variance
    let network = sum_of_two([0.5, 0.25]);
    let bank = ConceptBank::of_direction((network.sha256(), "encoder.1"), &[1.0, 2.0]);
    let config = AblateConfig { concepts: vec![1], n_controls: 3, ..AblateConfig::default() };
    let found = ablate((&network, Some(&bank)), &plane(), &config, &mut on).unwrap();
    let (_, after) = found.reconstructions.unwrap();
    assert!(after.values().iter().all(|value| value.abs() < 1e-5), "nothing is left");
    assert_eq!(found.ablation.switched, ["concept 1 of encoder.1"]);
    assert!(found.ablation.controls.is_empty(), "there is one concept");

    let refused = |network: &Network, bank: Option<&ConceptBank>, concepts: &[usize]| {
        let config = AblateConfig { concepts: concepts.to_vec(), ..AblateConfig::default() };
        ablate((network, bank), &plane(), &config, &mut on).unwrap_err().to_string()
    };
    assert!(refused(&network, Some(&bank), &[2]).contains("no concept 2, expected 1 to 1"));
    assert!(refused(&network, None, &[1]).contains("without the concepts"));
    let stages = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    let other = Network::random(Architecture::Autoencoder(stages), 0, Device::Cpu).unwrap();
    assert!(refused(&other, Some(&bank), &[1]).contains("name the network of the concepts with --run"));
}

#[test]
fn the_share_does_not_depend_on_what_is_left_beyond_the_last_position() {
    let stages = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    let network = Network::random(Architecture::Autoencoder(stages), 0, Device::Cpu).unwrap();
    let one = config(&[("encoder.1", 0)]);
    let wave = |height, width| Plane::from_fn(height, width, |y, x| 0.5 + 0.4 * ((y + x) as f32 / 5.0).sin());
    let share = |plane: &Plane| {
        ablate((&network, None), plane, &one, &mut on).unwrap().ablation.reconstruction.unwrap().0
    };
    let whole = share(&wave(64, 64));
    for (height, width) in [(64, 65), (65, 64), (67, 67)] {
        let found = share(&wave(height, width));
        assert!((found - whole).abs() < 0.05, "{height} × {width}: {found} {whole}");
    }
}

#[test]
fn what_is_no_channel_is_refused() {
    let network = sum_of_two([0.5, 0.25]);
    let refused =
        |config: &AblateConfig| ablate((&network, None), &plane(), config, &mut on).unwrap_err().to_string();
    let neuron = Address::Layer { layer: "encoder.1".into(), channel: Some(0), position: Some((1, 1)) };
    let one = config(&[("encoder.1", 0)]);
    for (config, part) in [
        (config(&[]), "units"),
        (config(&[("encoder.1", 2)]), "no channel 2 in `encoder.1`, expected 0 to 1"),
        (config(&[("encoder.7", 2)]), "no layer `encoder.7`"),
        (AblateConfig { units: vec![neuron], ..one.clone() }, "is no channel of a layer"),
        (
            AblateConfig { units: vec![Address::layer("encoder.1")], ..one.clone() },
            "is no channel of a layer",
        ),
        (config(&[("encoder.1", 0), ("encoder.1", 0)]), "each unit once"),
        (AblateConfig { times: 1.0, ..one.clone() }, "changes nothing"),
        (AblateConfig { times: f32::NAN, ..one.clone() }, "times"),
    ] {
        let error = refused(&config);
        assert!(error.contains(part), "{error}");
    }
    let ended = ablate((&network, None), &plane(), &one, &mut || ControlFlow::Break(())).unwrap_err();
    assert!(ended.is_cancelled());
}
