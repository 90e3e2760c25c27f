//! Convolutional autoencoder: encoder stages, a bottleneck, a decoder; one channel in and out.
//!
//! Layers: `encoder.S.relu` and `encoder.S` (after the pool) for each stage `S`, `latent`,
//! `decoder.S.relu` and `decoder.S` (up-sampled) from the deepest stage back to the first, and
//! `output`. Stage `S` works at stride 2^S after its pool. This is the network of Rajagopal et
//! al. 2022, module 1.
//!
//! Max-pools and nearest-neighbour up-samplings pass fine detail on badly: trained for minutes,
//! such a network ends far below principal components with as many values. So by default a linear
//! *block code* runs beside the stages: the latent code is the output of the stages plus a linear code
//! of the pixels of its block, and the output is that of the decoder plus the block that belongs
//! to the code. It starts as the principal components of the training set, so that stages and
//! decoder learn what principal components do not know; and the decoder up-samples by pixel
//! shuffles, which can make the finest detail. The stages, which the lens shows, stay those of the
//! paper. `block_code = false` gives the paper's network whole.

use serde::{Deserialize, Serialize};

use super::convolution::{Convolution, ConvolutionShape};
use super::graph::{Graph, IMAGE};
use super::init::Init;
use super::operation::{Operation, Pool};
use crate::ConfigError;
use crate::evaluate::baseline::BlockComponents;

/// Scale of the latent code against the principal components, which brings its values into the
/// range of the activations beside it.
const CODE_SCALE: f64 = 0.5;

/// Bias with which the channels of the stages start: so much below the contrast of a usual
/// micrograph that it decides nothing there, but channels answer to weak contrast too.
const START_BIAS: f32 = 0.05;

/// What a convolutional autoencoder is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoencoderConfig {
    /// Channels of each encoder stage, 1 to 6 stages of 1 to 1024 channels; the decoder mirrors
    /// them.
    pub stages: Vec<usize>,
    /// Channels of the latent code, 1 to 1024.
    pub latent: usize,
    /// Whether a linear block code runs beside the stages; without it the output is a sigmoid.
    pub block_code: bool,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            stages: vec![32, 64, 128], // the widths of the paper's kind of network
            latent: 16,                // 16 numbers for each 8 × 8 pixels: a quarter of the values
            block_code: true,          // without it, worse than principal components
        }
    }
}

impl AutoencoderConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if !(1..=6).contains(&self.stages.len()) {
            return Err(ConfigError::new("stages", self.stages.len(), "1 to 6 stages"));
        }
        if let Some(channels) = self.stages.iter().find(|channels| !(1..=1024).contains(*channels)) {
            return Err(ConfigError::new("stages", channels, "1 to 1024 channels in each stage"));
        }
        if !(1..=1024).contains(&self.latent) {
            return Err(ConfigError::new("latent", self.latent, "1 to 1024 channels"));
        }
        Ok(self)
    }

    /// Pixels of the image between two positions of the latent code.
    pub fn latent_stride(&self) -> usize {
        1 << self.stages.len()
    }
}

/// The layers of the autoencoder that `config` describes.
pub(super) fn graph(config: &AutoencoderConfig, init: Init, device: &burn::tensor::Device) -> Graph {
    let convolution = |name: &str, channels_in, channels_out, kernel, relu| {
        let shape = ConvolutionShape { relu, ..ConvolutionShape::same([channels_in, channels_out], kernel) };
        Convolution::new(shape, if relu { 2.0 } else { 1.0 }, init, name, device)
    };
    let side = config.latent_stride();
    let mut graph = Graph::new(1);
    let mut channels = 1;
    for (index, &next) in config.stages.iter().enumerate() {
        let stage = index + 1;
        let name = format!("encoder.{stage}.relu");
        let layer = convolution(&name, channels, next, 3, true);
        // The maps of a stage are never negative, so a kernel of the next one that sums up to less
        // than nothing is dead; and Adam's steps, as large for all of a kernel's weights, move that
        // sum fastest of all. Kept at 0, it cannot kill a channel.
        let layer = layer.alive(START_BIAS, stage > 1);
        graph.push(name, Operation::Convolution(layer));
        graph.push(format!("encoder.{stage}"), Operation::MaxPool(Pool::HALF));
        channels = next;
    }
    // linear: a ReLU here would throw away half of what few channels can express
    let from_maps = convolution("latent", channels, config.latent, 3, false);
    let latent = if config.block_code {
        let from_blocks = convolution("latent.blocks", side * side, config.latent, 1, false);
        let operation = Operation::AddBlockCode { from_maps: from_maps.silenced(), from_blocks, side };
        graph.push_from("latent", &[graph.end(), IMAGE], operation)
    } else {
        graph.push("latent", Operation::Convolution(from_maps))
    };
    channels = config.latent;
    for (index, &next) in config.stages.iter().enumerate().rev() {
        let stage = index + 1;
        let name = format!("decoder.{stage}.relu");
        if config.block_code {
            // half the channels, since a pixel shuffle needs four times as many before it
            let next = next.div_ceil(2);
            let layer = convolution(&name, channels, 4 * next, 3, true);
            graph.push(name, Operation::Convolution(layer));
            graph.push(format!("decoder.{stage}"), Operation::PixelShuffle);
            channels = next;
        } else {
            let layer = convolution(&name, channels, next, 3, true);
            graph.push(name, Operation::Convolution(layer));
            graph.push(format!("decoder.{stage}"), Operation::UpSample);
            channels = next;
        }
    }
    let from_maps = convolution("linear", channels, 1, 3, false);
    if config.block_code {
        let from_code = convolution("linear.blocks", config.latent, side * side, 1, false);
        let from_maps = from_maps.silenced();
        let operation = Operation::AddBlocks { from_maps, from_code, side };
        graph.push_from("linear", &[graph.end(), latent], operation);
        graph.push("output", Operation::Clamp);
    } else {
        graph.push("linear", Operation::Convolution(from_maps));
        graph.push("output", Operation::Sigmoid);
    }
    graph
}

/// Sets the block code of `graph`, if it has one, to `components`: the untrained network then
/// gives exactly the projection of each block on them. Latent channels beyond the components keep
/// their random code and are not used.
pub(super) fn start_from_components(graph: &mut Graph, components: &BlockComponents) {
    let mean = components.mean();
    let vectors = components.components();
    for operation in graph.operations_mut() {
        match operation {
            Operation::AddBlockCode { from_blocks, .. } => {
                let shape = from_blocks.shape();
                let mut weight = vec![0.0; shape.channels_out * shape.channels_in];
                let mut bias = vec![0.0; shape.channels_out];
                for ((row, bias), vector) in weight.chunks_mut(shape.channels_in).zip(&mut bias).zip(vectors)
                {
                    for (weight, value) in row.iter_mut().zip(vector) {
                        *weight = (CODE_SCALE * value) as f32;
                    }
                    let offset: f64 = vector.iter().zip(mean).map(|(a, b)| a * b).sum();
                    *bias = (-CODE_SCALE * offset) as f32;
                }
                from_blocks.set(weight, bias);
            }
            Operation::AddBlocks { from_code, .. } => {
                let shape = from_code.shape();
                let mut weight = vec![0.0; shape.channels_out * shape.channels_in];
                for (channel, vector) in vectors.iter().enumerate() {
                    for (pixel, value) in vector.iter().enumerate() {
                        weight[pixel * shape.channels_in + channel] = (value / CODE_SCALE) as f32;
                    }
                }
                from_code.set(weight, mean.iter().map(|&value| value as f32).collect());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use micrograph::Plane;
    use micrograph::random::Stream;

    use crate::{Architecture, Device, Network};

    use super::*;

    #[test]
    fn a_network_started_from_components_gives_their_projection() {
        let mut stream = Stream::new(0, "test", 0);
        let image = Plane::from_fn(24, 40, |_, _| stream.uniform() as f32);
        let config = AutoencoderConfig { stages: vec![3, 4], latent: 5, ..AutoencoderConfig::default() };
        let components = BlockComponents::of(&[&image], 4, 5, 0).unwrap();
        let mut network = Network::random(Architecture::Autoencoder(config), 1, Device::Cpu).unwrap();
        network.start_from_components(&components);
        let output = &network.maps(&image, "output").unwrap()[0];
        let expected = components.reconstruct(&image);
        for (found, expected) in output.values().iter().zip(expected.values()) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn layers_have_the_strides_and_fields_of_the_stages() {
        let network =
            Network::random(Architecture::Autoencoder(AutoencoderConfig::default()), 0, Device::Cpu).unwrap();
        // K × K convolutions widen by (K − 1) · stride, 2 × 2 pools by one stride
        for (name, channels, stride, field) in [
            ("encoder.1.relu", 32, 1, 3),
            ("encoder.1", 32, 2, 4),
            ("encoder.2.relu", 64, 2, 8),
            ("encoder.2", 64, 4, 10),
            ("encoder.3", 128, 8, 22),
            ("latent", 16, 8, 38),
        ] {
            let layer = network.layer(name).unwrap();
            assert_eq!(
                (layer.n_channels, layer.stride, layer.receptive_field_px),
                (channels, stride, Some(field)),
                "{name}"
            );
        }
        assert_eq!(network.layer("output").unwrap().stride, 1);
    }
}
