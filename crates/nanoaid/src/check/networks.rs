//! Networks: every layer of the built-in ones on a synthetic micrograph, a short training, an ascent; against
//! the processor.

use burn::tensor::Tensor;
use micrograph::Plane;
use micrograph::random::Stream;
use micrograph::synth::{SynthConfig, demo_specimens};

use super::Planned;
use super::case::values;
use super::row::CheckPart;
use crate::interpret::visualize::{Objective, Preset, VisualizeConfig};
use crate::network::{Norms, builtin};
use crate::train::{TrainConfig, stepper};
use crate::{Architecture, AutoencoderConfig, Device, Network, kernels};

/// Height and width of the micrograph: multiples of the built-in networks' strides, of no power of two.
const SIZE: (usize, usize) = (96, 160);
/// Largest deviation of a layer: some tens of operations one after the other.
const LAYERS: f64 = 1e-3;
/// Largest deviation of the losses of a training.
const LOSSES: f64 = 1e-3;
/// Steps of the training.
const TRAINING_STEPS: usize = 20;
/// Largest deviation of what it changes of weights: Adam divides a gradient by its own size, so that one near 0 with another
/// rounding moves a weight by a step in another direction.
const LEARNED: f64 = 2e-2;
/// Steps of the ascent.
const ASCENT_STEPS: usize = 64;
/// Largest deviation of its picture, which ReLUs that switch at another step move a little.
const ASCENT: f64 = 2e-2;

/// The rows.
pub(super) fn planned<'a>(device: Device) -> Vec<Planned<'a>> {
    let mut planned: Vec<Planned<'a>> = builtin::NAMES
        .into_iter()
        .map(|name| Planned {
            group: "network",
            name: format!("{name}, every layer"),
            bound: LAYERS,
            work: Box::new(move || of_network(name, device)),
        })
        .collect();
    planned.push(Planned {
        group: "training",
        name: format!("losses of {TRAINING_STEPS} steps"),
        bound: LOSSES,
        work: Box::new(move || {
            let ([found, _], [expected, _]) = (trained(device), kernels::plainly(|| trained(Device::Cpu)));
            Ok(vec![CheckPart::of("losses", &found, &wide(&expected))])
        }),
    });
    planned.push(Planned {
        group: "training",
        name: format!("changes of weights in {TRAINING_STEPS} steps"),
        bound: LEARNED,
        work: Box::new(move || {
            let ([_, found], [_, expected]) = (trained(device), kernels::plainly(|| trained(Device::Cpu)));
            Ok(vec![CheckPart::of("changes of weights", &found, &wide(&expected))])
        }),
    });
    planned.push(Planned {
        group: "visualization",
        name: format!("ascent of {ASCENT_STEPS} steps"),
        bound: ASCENT,
        work: Box::new(move || {
            let (found, expected) = (climbed(device)?, kernels::plainly(|| climbed(Device::Cpu))?);
            let pairs = ["picture", "score"].into_iter().zip(found.iter().zip(&expected));
            Ok(pairs.map(|(what, (found, expected))| CheckPart::of(what, found, &wide(expected))).collect())
        }),
    });
    planned
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Particles on a background.
fn micrograph() -> Plane {
    let [particles, ..] = demo_specimens();
    let config = SynthConfig { height: SIZE.0, width: SIZE.1, ..particles.config };
    let made = micrograph::synth::micrograph(&config, particles.seed);
    made.expect("settings of the demo are in range").plane
}

fn of_network(name: &str, device: Device) -> Result<Vec<CheckPart>, String> {
    if !builtin::has(name) {
        return Err("the program was built without built-in networks".to_owned());
    }
    let image = micrograph();
    let run = |device| -> Vec<(String, Vec<f32>)> {
        let network =
            builtin::named(name, device).expect("a built-in name").unwrap_or_else(|error| panic!("{error}"));
        layers_of(&network, &image)
    };
    let (found, expected) = (run(device), kernels::plainly(|| run(Device::Cpu)));
    let pairs = found.iter().zip(&expected);
    Ok(pairs.map(|((layer, found), (_, expected))| CheckPart::of(layer, found, &wide(expected))).collect())
}

/// The values of every layer, and the gradient of its last one's sum for the image.
fn layers_of(network: &Network, image: &Plane) -> Vec<(String, Vec<f32>)> {
    let graph = network.graph();
    let ids: Vec<_> = (1..=graph.end()).collect();
    let image = network.tensor(&[image]).autodiff().require_grad();
    let outputs = graph.outputs(network.normalized(image.clone()), &ids, Norms::Running, &mut Vec::new());
    let last = outputs.last().expect("a network has layers").clone();
    let shares: Vec<f32> = {
        let mut stream = Stream::new(17, "weights of the sum", 1);
        (0..last.dims().iter().product()).map(|_| stream.normal() as f32).collect()
    };
    let shares = Tensor::<4>::from_data(burn::tensor::TensorData::new(shares, last.dims()), &image.device());
    let gradients = (last * shares).sum().backward();
    let names = graph.steps().iter().map(|step| step.name.clone());
    let mut layers: Vec<(String, Vec<f32>)> = names.zip(outputs.into_iter().map(values)).collect();
    let gradient = image.grad(&gradients).map(values).unwrap_or_default();
    layers.push(("gradient of the image".to_owned(), gradient));
    layers
}

/// Losses of a short training, and what it changed of each weight.
fn trained(device: Device) -> [Vec<f32>; 2] {
    const PATCH: usize = 24;
    let architecture = Architecture::Autoencoder(AutoencoderConfig {
        stages: vec![5, 12],
        latent: 3,
        ..AutoencoderConfig::default()
    });
    let mut network = Network::random(architecture, 3, device).unwrap_or_else(|error| panic!("{error}"));
    network.graph_mut().use_fastest_method();
    let before = weights_of(&network);
    let config = TrainConfig { warm_up_steps: 4, ..TrainConfig::default() };
    let mut learn = stepper(&config, &network).unwrap_or_else(|error| panic!("{error}"));
    let image = micrograph();
    let mut draw = Stream::new(17, "patches", 0);
    let mut losses = Vec::with_capacity(TRAINING_STEPS);
    for _ in 0..TRAINING_STEPS {
        let mut patches = Vec::with_capacity(3 * PATCH * PATCH);
        for _ in 0..3 {
            let (top, left) = (draw.below(SIZE.0 - PATCH), draw.below(SIZE.1 - PATCH));
            patches.extend(
                (0..PATCH * PATCH).map(|i| image.values()[(top + i / PATCH) * SIZE.1 + left + i % PATCH]),
            );
        }
        let data = burn::tensor::TensorData::new(patches, [3, 1, PATCH, PATCH]);
        let patches = Tensor::<4>::from_data(data, &device.burn().autodiff());
        losses.push(learn(&mut network, patches).unwrap_or_else(|error| panic!("{error}")) as f32);
    }
    let changes = weights_of(&network).iter().zip(&before).map(|(after, before)| after - before).collect();
    [losses, changes]
}

fn weights_of(network: &Network) -> Vec<f32> {
    network.weights().tensors.into_values().flat_map(|weight| weight.values).collect()
}

/// The picture and the score of an ascent.
fn climbed(device: Device) -> Result<[Vec<f32>; 2], String> {
    let architecture = Architecture::Autoencoder(AutoencoderConfig {
        stages: vec![8, 12],
        latent: 3,
        ..AutoencoderConfig::default()
    });
    let network = Network::random(architecture, 5, device).map_err(|error| error.to_string())?;
    let config = VisualizeConfig {
        height: 30,
        width: 34,
        steps: ASCENT_STEPS,
        stop_gain: 0.0,
        restarts: 1,
        ..Preset::Fast.config()
    };
    let objective = Objective::channel("encoder.2", 4);
    let found = network.visualize(&objective, &config).unwrap_or_else(|error| panic!("{error}"));
    Ok([found.pictures[0][0].values().to_vec(), vec![found.score]])
}
