//! Proofs on networks whose answer is known.

mod diverse;
mod ending;
mod enlarged;
mod gradients;
mod planted;
mod same_bytes;
mod tiling;

use micrograph::Plane;

use super::*;
use crate::network::{Convolution, ConvolutionShape, Graph, Init, Operation};
use crate::{Architecture, AutoencoderConfig, Device};

/// A network of one step `unit`: a convolution of one grey channel with these kernels, `[C][K · K]`,
/// and biases.
pub(crate) fn planted(kernels: &[Vec<f32>], biases: &[f32], relu: bool) -> Network {
    planted_layers(&[("unit", kernels, biases)], relu)
}

/// Name of a convolution, its kernels, `[C_out][C_in · K · K]`, and biases.
pub(crate) type PlantedLayer<'a> = (&'a str, &'a [Vec<f32>], &'a [f32]);

/// A network of convolutions one after the other.
pub(crate) fn planted_layers(layers: &[PlantedLayer<'_>], relu: bool) -> Network {
    let mut graph = Graph::new(1);
    let mut channels = 1;
    for (name, kernels, biases) in layers {
        let side = (kernels[0].len() / channels).isqrt();
        let shape = ConvolutionShape { relu, ..ConvolutionShape::same([channels, kernels.len()], side) };
        let mut convolution = Convolution::new(shape, 2.0, Init::Zero, name, &Device::Cpu.burn());
        convolution.set(kernels.concat(), biases.to_vec());
        graph.push(*name, Operation::Convolution(convolution));
        channels = kernels.len();
    }
    // a name for it; its graph is what is tested
    let architecture = Architecture::Autoencoder(AutoencoderConfig::default());
    Network::of_graph(architecture, graph, Device::Cpu)
}

/// A Gabor of `period_px`, whose lines lie at `axis_deg` anticlockwise from the rows; mean 0.
pub(crate) fn gabor(side: usize, period_px: f64, axis_deg: f64) -> Vec<f32> {
    let middle = (side as f64 - 1.0) / 2.0;
    // across the lines; rows run downwards
    let (sin, cos) = axis_deg.to_radians().sin_cos();
    let sigma = side as f64 / 5.0;
    let mut values: Vec<f64> = (0..side * side)
        .map(|index| {
            let (y, x) = ((index / side) as f64 - middle, (index % side) as f64 - middle);
            let across = x * sin + y * cos;
            let phase = std::f64::consts::TAU * across / period_px;
            (-(x * x + y * y) / (2.0 * sigma * sigma)).exp() * phase.cos()
        })
        .collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter_mut().for_each(|value| *value -= mean);
    values.iter().map(|value| *value as f32).collect()
}

/// All pictures of `objectives`.
pub(crate) fn pictures(
    network: &Network,
    objectives: &[Objective],
    config: &VisualizeConfig,
) -> Vec<Visualization> {
    let mut found = vec![None; objectives.len()];
    let mut keep = |event: Event<'_>| {
        if let Event::Done { index, visualization } = event {
            found[index] = Some(visualization.clone());
        }
        ControlFlow::Continue(())
    };
    visualize(network, objectives, config, Materials::default(), None, &mut keep).unwrap();
    found.into_iter().map(Option::unwrap).collect()
}

/// A small autoencoder of random weights.
fn autoencoder() -> Network {
    let config = AutoencoderConfig { stages: vec![6, 8], latent: 3, ..AutoencoderConfig::default() };
    Network::random(Architecture::Autoencoder(config), 5, Device::Cpu).unwrap()
}

fn small(config: VisualizeConfig) -> VisualizeConfig {
    VisualizeConfig { height: 24, width: 32, steps: 20, check_every: 20, stop_gain: 0.0, ..config }
}

pub(crate) fn noise_plane(height: usize, width: usize, seed: u64) -> Plane {
    let mut stream = micrograph::random::Stream::new(seed, "plane", 0);
    Plane::from_fn(height, width, |_, _| stream.uniform() as f32)
}
