//! Every network beside PyTorch's with the same weights, block by block: the statistics of
//! `reference.json`, which `scripts/network_reference.py` writes.

use burn::tensor::{Tensor, TensorData};
use serde_json::Value;

use super::super::*;
use crate::network::{Architecture, Norms, Weight, Weights};
use crate::{Device, Network};

/// Largest difference from PyTorch, as a part of the root mean square of a block's values.
const TOLERANCE: f64 = 1e-4;

/// The same for the network called `name`: with these weights PyTorch's own results in 32 and 64 bits differ by up to
/// 1.2e-4 for torchvision's `MobileNetV3` large, so that another CPU may come as far away.
fn tolerance(name: &str) -> f64 {
    if name == "mobilenet_v3_large" { 3.0 * TOLERANCE } else { TOLERANCE }
}

/// Numbers in `[-1, 1)` from the hash of `name` (FNV-1a) and each index (the end of `MurmurHash3`), as
/// the script makes them.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let seed =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (0..count as u32).map(move |index| {
        let mut x = index.wrapping_mul(0x9e37_79b1).wrapping_add(seed);
        x = (x ^ x >> 16).wrapping_mul(0x85eb_ca6b);
        x = (x ^ x >> 13).wrapping_mul(0xc2b2_ae35);
        f64::from(x ^ x >> 16) / 2.0_f64.powi(31) - 1.0
    })
}

/// The tensor `name`, as the script makes it.
fn weight(name: &str, shape: Vec<usize>) -> Weight {
    let (factor, mean) = match name.rsplit('.').next().unwrap() {
        "running_mean" | "bias" => (0.1, 0.0),
        "running_var" => (0.5, 1.0),
        "gamma" | "layer_scale" => (0.2, 0.5),
        _ if shape.len() == 1 => (0.2, 1.0),
        _ => ((6.0 / shape[1..].iter().product::<usize>() as f64).sqrt(), 0.0),
    };
    let count = shape.iter().product();
    let values = uniform(name, count).map(|value| (mean + factor * value) as f32).collect();
    Weight { shape, values }
}

/// The network `name` with those weights, opened as a file of them would be.
fn network(name: Published, n_classes: Option<usize>, input: Input) -> Network {
    let config = PublishedConfig { input, ..PublishedConfig::new(name, n_classes) };
    let mut graph = graph(&config, Init::Zero, &Device::Cpu.burn());
    let tensors = graph.parameters_mut().map(|parameter| {
        let weight = weight(&parameter.name, parameter.tensor.dims());
        (parameter.name, weight)
    });
    let opened =
        Network::of_foreign(Weights { tensors: tensors.collect() }, Some(name), Device::Cpu).unwrap();
    assert_eq!(opened.architecture(), &Architecture::Published(config), "{}", name.name());
    opened
}

/// What a block of the reference is like.
struct Block {
    count: usize,
    mean: f64,
    std: f64,
    values: Vec<f64>,
}

impl Block {
    fn of_json(value: &Value) -> Self {
        let number = |key: &str| value[key].as_f64().unwrap();
        let values = value["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
        Self {
            count: value["count"].as_u64().unwrap() as usize,
            mean: number("mean"),
            std: number("std"),
            values: values.collect(),
        }
    }

    fn of_maps(maps: &[f32], n_values: usize) -> Self {
        let (count, values) = (maps.len(), maps.iter().map(|&value| f64::from(value)));
        let mean = values.clone().sum::<f64>() / count as f64;
        let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64;
        let places = (0..n_values).map(|i| (2 * i + 1) * count / (2 * n_values));
        Self {
            count,
            mean,
            std: variance.sqrt(),
            values: places.map(|place| f64::from(maps[place])).collect(),
        }
    }

    /// The largest difference of one of the numbers, as a part of the root mean square.
    fn difference(&self, expected: &Self) -> f64 {
        let numbers = |block: &Self| [&[block.mean, block.std][..], &block.values].concat();
        let differences = numbers(self).into_iter().zip(numbers(expected)).map(|(a, b)| (a - b).abs());
        differences.fold(0.0, f64::max) / expected.mean.hypot(expected.std)
    }
}

/// Compares every block of the networks that `wanted` chooses.
fn compare(wanted: impl Fn(&str) -> bool) {
    let reference: Value = serde_json::from_str(include_str!("reference.json")).unwrap();
    let about = &reference["about"];
    let [height, width, n_classes] =
        ["height", "width", "n_classes"].map(|key| about[key].as_u64().unwrap() as usize);
    for (name, of_network) in reference.as_object().unwrap() {
        let published = name.split(' ').next().unwrap();
        if name == "about" || !wanted(published) {
            continue;
        }
        let channels = of_network["channels"].as_u64().unwrap() as usize;
        let headless = published.starts_with("vgg");
        let network = network(
            published.parse().unwrap(),
            (!headless).then_some(n_classes),
            if channels == 1 { Input::OneChannel } else { Input::Colors },
        );
        let image = (0..channels * height * width).map(|i| {
            let (color, y, x) = (i / (height * width), i / width % height, i % width);
            ((3 * x + 5 * y + 71 * color + (x * y) % 97) % 256) as f32 / 255.0
        });
        let image = TensorData::new(image.collect::<Vec<f32>>(), [1, channels, height, width]);
        let image = network.normalized(Tensor::from_data(image, &Device::Cpu.burn()));
        let blocks = of_network["blocks"].as_object().unwrap();
        // a module that is no layer gives what the last layer gives that is part of it
        let layers = blocks.keys().map(|module| {
            let part = format!("{module}.");
            let last = || network.graph().steps().iter().rposition(|step| step.name.starts_with(&part));
            let id = network.graph().value_id(module).or_else(|| Some(last()? + 1));
            id.unwrap_or_else(|| panic!("{name} has no layer {module}"))
        });
        let layers: Vec<ValueId> = layers.collect();
        let outputs = network.graph().outputs(image, &layers, Norms::Running, &mut Vec::new());
        let mut largest = 0.0_f64;
        for ((module, expected), maps) in blocks.iter().zip(outputs) {
            let expected = Block::of_json(expected);
            let maps = maps.into_data().try_to_vec::<f32>().unwrap();
            assert_eq!(maps.len(), expected.count, "{name} {module}");
            let difference = Block::of_maps(&maps, expected.values.len()).difference(&expected);
            assert!(difference < tolerance(published), "{name} {module}: differs by {difference:.1e}");
            largest = largest.max(difference);
        }
        println!("{name}: {largest:.1e} in {} blocks", blocks.len());
    }
}

#[test]
fn vgg_and_squeezenet_are_pytorchs() {
    compare(|name| name.starts_with("vgg") || name.starts_with("squeezenet"));
}

#[test]
fn resnet_and_densenet_are_pytorchs() {
    compare(|name| name.contains("resnet") || name.starts_with("densenet"));
}

#[test]
fn mobilenet_is_pytorchs() {
    compare(|name| name.contains("mobilenet"));
}

#[test]
fn efficientnet_is_pytorchs() {
    compare(|name| name.contains("efficientnet"));
}

#[test]
fn convnext_is_pytorchs() {
    compare(|name| name.contains("convnext"));
}
