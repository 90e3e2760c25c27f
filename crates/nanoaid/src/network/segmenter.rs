//! Segmenter: a U-Net (Ronneberger et al. 2015) that says for each pixel of a micrograph how likely it
//! belongs to a particle, a fibre or a pore, and how deep inside it lies.
//!
//! Layers: `encoder.L.first`, `encoder.L.second` and `encoder.L` (after the pool) for each level `L` but
//! the deepest, which has no pool and is called `deepest`; `decoder.L.up`, `decoder.L.join` and `decoder.L`
//! back up to the first; `output`. Level `L` works at stride 2^(L − 1). Below the first level, where it
//! would cost most time, convolutions have batch norms.
//!
//! Channels of `output`: scores (before the logistic function) of particle, fibre and pore, then the
//! depth: 0 at an object's outline, 1 where it is deepest (as the distance maps of `StarDist`, Schmidt et
//! al. 2018, but relative to the object).

use micrograph::ObjectKind;
use serde::{Deserialize, Serialize};

use super::convolution::{Convolution, ConvolutionShape};
use super::graph::{Graph, ValueId};
use super::init::Init;
use super::norm::BatchNorm;
use super::operation::{Operation, Pool};
use crate::ConfigError;

/// PyTorch's default.
const EPSILON: f64 = 1e-5;

/// The last layer.
pub(crate) const SEGMENTED: &str = "output";

/// The channel of `output` with the depth.
pub(crate) const DEPTH: usize = 3;
/// Channels of `output`.
pub(crate) const N_OUTPUTS: usize = 4;

/// The channel of `output` with the scores of objects of a kind.
pub(crate) fn channel_of(what: ObjectKind) -> usize {
    match what {
        ObjectKind::Particle => 0,
        ObjectKind::Fiber => 1,
        ObjectKind::Pore => 2,
    }
}

/// What a segmenter is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmenterConfig {
    /// Channels of each level, 2 to 7 levels of 1 to 1024 channels.
    pub levels: Vec<usize>,
}

impl Default for SegmenterConfig {
    fn default() -> Self {
        // few channels where there are many pixels; 5 levels see about 200 px
        Self { levels: vec![12, 32, 64, 96, 128] }
    }
}

impl SegmenterConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if !(2..=7).contains(&self.levels.len()) {
            return Err(ConfigError::new("levels", self.levels.len(), "2 to 7 levels"));
        }
        if let Some(channels) = self.levels.iter().find(|channels| !(1..=1024).contains(*channels)) {
            return Err(ConfigError::new("levels", channels, "1 to 1024 channels in each level"));
        }
        Ok(self)
    }

    /// Pixels between two positions of the deepest level: sizes of images are multiples of it.
    pub fn stride(&self) -> usize {
        1 << (self.levels.len() - 1)
    }
}

/// The layers of the segmenter that `config` describes.
pub(super) fn graph(config: &SegmenterConfig, init: Init, device: &burn::tensor::Device) -> Graph {
    let mut builder = Builder { graph: Graph::new(1), init, device };
    let deepest = config.levels.len();
    let mut skipped: Vec<(ValueId, usize)> = Vec::new();
    let mut channels = 1;
    for (index, &next) in config.levels.iter().enumerate() {
        let level = index + 1;
        builder.convolution(&format!("encoder.{level}.first"), [channels, next], level > 1);
        let name = if level == deepest { "deepest".to_owned() } else { format!("encoder.{level}.second") };
        builder.convolution(&name, [next, next], level > 1);
        channels = next;
        if level < deepest {
            skipped.push((builder.graph.end(), next));
            builder.graph.push(format!("encoder.{level}"), Operation::MaxPool(Pool::HALF));
        }
    }
    for (index, (skip, width)) in skipped.into_iter().enumerate().rev() {
        let level = index + 1;
        let up = builder.graph.push(format!("decoder.{level}.up"), Operation::UpSample);
        builder.graph.push_from(format!("decoder.{level}.join"), &[up, skip], Operation::Join);
        builder.convolution(&format!("decoder.{level}"), [channels + width, width], level > 1);
        channels = width;
    }
    let shape = ConvolutionShape::same([channels, N_OUTPUTS], 3);
    let output = Convolution::new(shape, 1.0, init, SEGMENTED, device);
    builder.graph.push(SEGMENTED, Operation::Convolution(output));
    builder.graph
}

struct Builder<'a> {
    graph: Graph,
    init: Init,
    device: &'a burn::tensor::Device,
}

impl Builder<'_> {
    /// A 3 × 3 convolution and a ReLU, with a batch norm between them where `normed`; the last step has
    /// the name.
    fn convolution(&mut self, name: &str, [channels_in, channels_out]: [usize; 2], normed: bool) {
        let same = ConvolutionShape::same([channels_in, channels_out], 3);
        if !normed {
            let shape = ConvolutionShape { relu: true, ..same };
            let layer = Convolution::new(shape, 2.0, self.init, name, self.device);
            self.graph.push(name, Operation::Convolution(layer));
            return;
        }
        let shape = ConvolutionShape { biased: false, ..same };
        let convolution = format!("{name}.conv");
        let layer = Convolution::new(shape, 2.0, self.init, &convolution, self.device);
        self.graph.push(convolution, Operation::Convolution(layer));
        let norm = BatchNorm::new(channels_out, EPSILON, self.device);
        self.graph.push(format!("{name}.norm"), Operation::Norm(norm));
        self.graph.push(name, Operation::Relu);
    }
}

#[cfg(test)]
mod tests {
    use micrograph::Plane;

    use super::*;
    use crate::{Architecture, Device, Network};

    #[test]
    fn the_output_has_the_size_of_the_image_and_smaller_images_lose_their_rest() {
        let config = SegmenterConfig { levels: vec![4, 6, 8] };
        assert_eq!(config.stride(), 4);
        let network = Network::random(Architecture::Segmenter(config), 0, Device::Cpu).unwrap();
        let image = Plane::from_fn(24, 35, |y, x| ((y * 7 + x * 5) % 11) as f32 / 11.0);
        let maps = network.maps(&image, "output").unwrap();
        assert_eq!((maps.len(), maps[0].height(), maps[0].width()), (N_OUTPUTS, 24, 32));
        let layer = network.known_layer("output").unwrap();
        assert_eq!((layer.stride, layer.map_length(24), layer.map_length(35)), (1, 24, 32));
    }

    #[test]
    fn the_default_is_small() {
        let network =
            Network::random(Architecture::Segmenter(SegmenterConfig::default()), 0, Device::Cpu).unwrap();
        let n_weights: usize = network.layers().iter().map(|layer| layer.n_weights).sum();
        assert!(n_weights < 1_000_000, "{n_weights}, as f32 below 4 MB");
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for levels in [vec![8], vec![8; 8], vec![8, 0], vec![8, 2000]] {
            let error = SegmenterConfig { levels }.checked().unwrap_err().to_string();
            assert!(error.contains("levels"), "{error}");
        }
    }
}
