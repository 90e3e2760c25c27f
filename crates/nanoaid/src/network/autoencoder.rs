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
//! shuffles, which can make the finest detail. `block_code = false` gives the paper's network whole.
//!
//! With `residual_blocks` three things change. The linear code overlaps: it reads
//! and writes 3 × 3 blocks around its position, as lapped transforms do (Malvar 1992). The decoder is a
//! chain of residual blocks at the stride of the code, which sees far, instead of one that mirrors
//! the encoder. And stages 2 and deeper have batch norms, so that no channel is dead, and a further
//! convolution at the deepest stride. With `features`, a layer of that name predicts the maps of
//! a photo network from the deepest stage: what its training needs of the stages beyond the code.

use serde::{Deserialize, Serialize};

use super::convolution::{Convolution, ConvolutionShape};
use super::encoder::{self, START_BIAS};
use super::graph::{Graph, IMAGE};
use super::init::Init;
use super::operation::{Operation, Pool};
use crate::ConfigError;
use crate::evaluate::baseline::BlockComponents;

/// Scale of the latent code against the principal components, which brings its values into the
/// range of the activations beside it.
const CODE_SCALE: f64 = 0.5;

/// Channels of the decoder's residual blocks.
const RESIDUAL_CHANNELS: usize = 64;

/// Channels at full resolution from which the decoder makes the image.
const PIXEL_CHANNELS: usize = 4;

/// The layer that predicts the maps of a photo network.
pub(crate) const FEATURES: &str = "features";

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
    /// Residual blocks of the decoder, 0 to 64; with 0 the decoder mirrors the encoder. More than 0 only
    /// with `block_code`.
    pub residual_blocks: usize,
    /// Channels of the layer `features`, 0 to 4096; with 0 there is none.
    pub features: usize,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            stages: vec![32, 64, 128], // the widths of the paper's kind of network
            latent: 16,                // 16 numbers for each 8 × 8 pixels: a quarter of the values
            block_code: true,          // without it, worse than principal components
            residual_blocks: 0,
            features: 0,
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
        if self.residual_blocks > 64 {
            return Err(ConfigError::new("residual_blocks", self.residual_blocks, "0 to 64"));
        }
        if self.residual_blocks > 0 && !self.block_code {
            return Err(ConfigError::new("residual_blocks", self.residual_blocks, "0 without block_code"));
        }
        if self.features > 4096 {
            return Err(ConfigError::new("features", self.features, "0 to 4096 channels"));
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
    let mut builder = Builder { graph: Graph::new(1), init, device };
    let side = config.latent_stride();
    let lapped = config.residual_blocks > 0;
    let channels = if lapped {
        encoder::normed_stages(&mut builder.graph, &config.stages, init, device)
    } else {
        builder.plain_stages(config)
    };
    let stages = builder.graph.end();
    if config.features > 0 {
        builder
            .graph
            .push("features.mean", Operation::WindowMean { window: Pool::HALF, counts_border: true });
        let predicted = builder.convolution(FEATURES, channels, config.features, 1, false);
        builder.graph.push(FEATURES, Operation::Convolution(predicted));
    }
    // linear: a ReLU here would throw away half of what few channels can express
    let from_maps = builder.convolution("latent", channels, config.latent, 3, false);
    let block_kernel = if lapped { 3 } else { 1 };
    let latent = if config.block_code {
        let from_blocks =
            builder.convolution("latent.blocks", side * side, config.latent, block_kernel, false);
        let operation = Operation::AddBlockCode { from_maps: from_maps.silenced(), from_blocks, side };
        builder.graph.push_from("latent", &[stages, IMAGE], operation)
    } else {
        builder.graph.push_from("latent", &[stages], Operation::Convolution(from_maps))
    };
    let channels = if lapped { builder.residual_decoder(config) } else { builder.mirrored_decoder(config) };
    let from_maps = builder.convolution("linear", channels, 1, 3, false);
    if config.block_code {
        let from_code = builder.convolution("linear.blocks", config.latent, side * side, block_kernel, false);
        let from_maps = from_maps.silenced();
        let operation = Operation::AddBlocks { from_maps, from_code, side };
        builder.graph.push_from("linear", &[builder.graph.end(), latent], operation);
        builder.graph.push("output", Operation::Clamp);
    } else {
        builder.graph.push("linear", Operation::Convolution(from_maps));
        builder.graph.push("output", Operation::Sigmoid);
    }
    builder.graph
}

/// The graph so far. Each part is added after its last step, and returns its channels.
struct Builder<'a> {
    graph: Graph,
    init: Init,
    device: &'a burn::tensor::Device,
}

impl Builder<'_> {
    fn convolution(
        &self,
        name: &str,
        channels_in: usize,
        channels_out: usize,
        kernel: usize,
        relu: bool,
    ) -> Convolution {
        let shape = ConvolutionShape { relu, ..ConvolutionShape::same([channels_in, channels_out], kernel) };
        Convolution::new(shape, if relu { 2.0 } else { 1.0 }, self.init, name, self.device)
    }

    /// Stages of one convolution, as in the paper.
    fn plain_stages(&mut self, config: &AutoencoderConfig) -> usize {
        let mut channels = 1;
        for (index, &next) in config.stages.iter().enumerate() {
            let stage = index + 1;
            let name = format!("encoder.{stage}.relu");
            let layer = self.convolution(&name, channels, next, 3, true);
            // The maps of a stage are never negative, so a kernel of the next one that sums up to less
            // than nothing is dead; and Adam's steps, as large for all of a kernel's weights, move that
            // sum fastest of all. Kept at 0, it cannot kill a channel.
            let layer = layer.alive(START_BIAS, stage > 1);
            self.graph.push(name, Operation::Convolution(layer));
            self.graph.push(format!("encoder.{stage}"), Operation::MaxPool(Pool::HALF));
            channels = next;
        }
        channels
    }

    /// A decoder whose stages mirror those of the encoder.
    fn mirrored_decoder(&mut self, config: &AutoencoderConfig) -> usize {
        let mut channels = config.latent;
        for (index, &next) in config.stages.iter().enumerate().rev() {
            let stage = index + 1;
            let name = format!("decoder.{stage}.relu");
            if config.block_code {
                // half the channels, since a pixel shuffle needs four times as many before it
                let next = next.div_ceil(2);
                let layer = self.convolution(&name, channels, 4 * next, 3, true);
                self.graph.push(name, Operation::Convolution(layer));
                self.graph.push(format!("decoder.{stage}"), Operation::PixelShuffle);
                channels = next;
            } else {
                let layer = self.convolution(&name, channels, next, 3, true);
                self.graph.push(name, Operation::Convolution(layer));
                self.graph.push(format!("decoder.{stage}"), Operation::UpSample);
                channels = next;
            }
        }
        channels
    }

    /// Residual blocks at the stride of the code, then pixel shuffles up to the image.
    fn residual_decoder(&mut self, config: &AutoencoderConfig) -> usize {
        let start = self.convolution("decoder.start", config.latent, RESIDUAL_CHANNELS, 3, false);
        let mut trunk = self.graph.push("decoder.start", Operation::Convolution(start));
        for block in 1..=config.residual_blocks {
            let name = format!("decoder.block.{block}");
            let relu = format!("{name}.relu");
            let first = self.convolution(&relu, RESIDUAL_CHANNELS, RESIDUAL_CHANNELS, 3, true);
            self.graph.push(relu, Operation::Convolution(first));
            let second = format!("{name}.conv");
            let layer = self.convolution(&second, RESIDUAL_CHANNELS, RESIDUAL_CHANNELS, 3, false);
            let added = self.graph.push(second, Operation::Convolution(layer.silenced()));
            trunk = self.graph.push_from(name, &[trunk, added], Operation::Add);
        }
        let shuffled = PIXEL_CHANNELS << (2 * config.stages.len());
        let pixels = self.convolution("decoder.pixels", RESIDUAL_CHANNELS, shuffled, 3, true);
        self.graph.push("decoder.pixels", Operation::Convolution(pixels));
        for stage in (1..=config.stages.len()).rev() {
            self.graph.push(format!("decoder.{stage}"), Operation::PixelShuffle);
        }
        PIXEL_CHANNELS
    }
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
                let area = shape.kernel * shape.kernel;
                let mut weight = vec![0.0; shape.channels_out * shape.channels_in * area];
                let mut bias = vec![0.0; shape.channels_out];
                let rows = weight.chunks_mut(shape.channels_in * area);
                for ((row, bias), vector) in rows.zip(&mut bias).zip(vectors) {
                    for (kernel, value) in row.chunks_mut(area).zip(vector) {
                        kernel[area / 2] = (CODE_SCALE * value) as f32;
                    }
                    let offset: f64 = vector.iter().zip(mean).map(|(a, b)| a * b).sum();
                    *bias = (-CODE_SCALE * offset) as f32;
                }
                from_blocks.set(weight, bias);
            }
            Operation::AddBlocks { from_code, .. } => {
                let shape = from_code.shape();
                let area = shape.kernel * shape.kernel;
                let mut weight = vec![0.0; shape.channels_out * shape.channels_in * area];
                for (channel, vector) in vectors.iter().enumerate() {
                    for (pixel, value) in vector.iter().enumerate() {
                        let kernel = pixel * shape.channels_in + channel;
                        weight[kernel * area + area / 2] = (value / CODE_SCALE) as f32;
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
