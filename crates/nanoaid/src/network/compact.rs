//! Compact: our own classifier of one-channel images.
//!
//! Stages of a 3 × 3 convolution, ReLU and max-pool with the names of the autoencoder's encoder
//! (`encoder.S.relu`, `encoder.S`), so that its weights can be taken over, or the stages of an
//! encoder with batch norms; further stages of a 3 × 3 convolution, ReLU and max-pool, with batch norm if requested (`encoder.S.conv`, `encoder.S.norm`, `encoder.S.relu`);
//! `pool`, the mean over the image; `head`, a dense layer with an output for each class.

use serde::{Deserialize, Serialize};

use super::convolution::{Convolution, ConvolutionShape};
use super::dense::Dense;
use super::encoder;
use super::graph::Graph;
use super::init::Init;
use super::norm::BatchNorm;
use super::operation::{Operation, Pool};
use crate::ConfigError;
use crate::network::transfer::checked_classes;

use micrograph::synth::Category;

/// PyTorch's default.
const EPSILON: f64 = 1e-5;

/// What our own classifier is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompactConfig {
    /// Channels of the stages that an autoencoder has too, 1 to 6 stages of 1 to 1024 channels.
    pub stages: Vec<usize>,
    /// Whether these stages have a first kernel of 7 × 7, batch norms after it and a convolution more, as those of an
    /// autoencoder with residual blocks, which the built-in one is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub normed_stages: bool,
    /// Channels of further stages, at most 3 of 1 to 1024 channels, at most 6 stages in all.
    pub further: Vec<usize>,
    /// Whether the further stages have batch norms.
    pub batch_norm: bool,
    /// Height and width at which a view of a micrograph is shown to it, in pixels, from the
    /// network's stride to 1024.
    pub view_px: usize,
    /// Names of the classes, 2 to 10 000, all different.
    pub classes: Vec<String>,
}

impl Default for CompactConfig {
    fn default() -> Self {
        Self {
            stages: vec![32, 64, 128], // those of the default autoencoder
            normed_stages: false,
            further: vec![192, 256], // three quarters of a million weights in all
            batch_norm: true,
            view_px: 128, // a square of the micrograph; more costs time in proportion to its area
            classes: Category::ALL.map(|category| category.name().to_owned()).into(),
        }
    }
}

impl CompactConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if !(1..=6).contains(&self.stages.len()) {
            return Err(ConfigError::new("stages", self.stages.len(), "1 to 6 stages"));
        }
        if self.further.len() > 3 || self.stages.len() + self.further.len() > 6 {
            return Err(ConfigError::new("further", self.further.len(), "at most 3 stages, 6 in all"));
        }
        for (field, widths) in [("stages", &self.stages), ("further", &self.further)] {
            if let Some(channels) = widths.iter().find(|channels| !(1..=1024).contains(*channels)) {
                return Err(ConfigError::new(field, channels, "1 to 1024 channels in each stage"));
            }
        }
        let stride = 1 << self.n_stages();
        if !(stride..=1024).contains(&self.view_px) {
            return Err(ConfigError::new("view_px", self.view_px, &format!("{stride} to 1024 pixels")));
        }
        checked_classes(&self.classes)?;
        Ok(self)
    }

    /// Number of stages.
    pub(super) fn n_stages(&self) -> usize {
        self.stages.len() + self.further.len()
    }
}

/// The layers of the classifier that `config` describes.
pub(super) fn graph(config: &CompactConfig, init: Init, device: &burn::tensor::Device) -> Graph {
    let mut graph = Graph::new(1);
    let (mut channels, n_built) = if config.normed_stages {
        (encoder::normed_stages(&mut graph, &config.stages, init, device), config.stages.len())
    } else {
        (1, 0)
    };
    for (index, &next) in config.stages.iter().chain(&config.further).enumerate().skip(n_built) {
        let stage = index + 1;
        let normed = config.batch_norm && stage > config.stages.len();
        let shape = ConvolutionShape {
            relu: !normed,
            biased: !normed,
            ..ConvolutionShape::same([channels, next], 3)
        };
        let relu = format!("encoder.{stage}.relu");
        let name = if normed { format!("encoder.{stage}.conv") } else { relu.clone() };
        let convolution = Convolution::new(shape, 2.0, init, &name, device);
        graph.push(name, Operation::Convolution(convolution));
        if normed {
            graph.push(
                format!("encoder.{stage}.norm"),
                Operation::Norm(BatchNorm::new(next, EPSILON, device)),
            );
            graph.push(relu, Operation::Relu);
        }
        graph.push(format!("encoder.{stage}"), Operation::MaxPool(Pool::HALF));
        channels = next;
    }
    graph.push("pool", Operation::AveragePool { side: 1 });
    let head = Dense::new([channels, config.classes.len()], 1.0, init, "head", device);
    graph.push("head", Operation::Dense(head));
    graph
}

#[cfg(test)]
mod tests {
    use micrograph::Plane;
    use micrograph::random::Stream;

    use super::*;
    use crate::network::WeightsError;
    use crate::{Architecture, AutoencoderConfig, Device, Network};

    fn network(config: CompactConfig) -> Network {
        Network::random(Architecture::Compact(config), 1, Device::Cpu).unwrap()
    }

    #[test]
    fn the_default_has_the_size_of_its_layers() {
        let network = network(CompactConfig::default());
        // 3 × 3 kernels with biases; kernels with scale and shift; a dense layer
        let expected = (9 * 32 + 32)
            + (9 * 32 * 64 + 64)
            + (9 * 64 * 128 + 128)
            + (9 * 128 * 192 + 2 * 192)
            + (9 * 192 * 256 + 2 * 256)
            + (256 * 10 + 10);
        let found: usize = network.layers().iter().map(|layer| layer.n_weights).sum();
        assert_eq!(found, expected);
        for (name, channels, stride) in
            [("encoder.1", 32, 2), ("encoder.4.norm", 192, 8), ("encoder.5", 256, 32), ("head", 10, 32)]
        {
            let layer = network.layer(name).unwrap();
            assert_eq!((layer.n_channels, layer.stride), (channels, stride), "{name}");
        }
        assert_eq!(network.n_stages(), 5);
        assert_eq!(network.layer_at_depth(4).unwrap().name, "encoder.4");
        assert_eq!(network.layer("pool").unwrap().receptive_field_px, None, "the whole image");
    }

    #[test]
    fn an_autoencoders_encoder_can_be_taken_over() {
        let stages = vec![4, 6];
        let config = CompactConfig { stages: stages.clone(), further: vec![8], ..CompactConfig::default() };
        let mut classifier = network(config);
        let of_stages = |stages| {
            let config = AutoencoderConfig { stages, ..AutoencoderConfig::default() };
            Network::random(Architecture::Autoencoder(config), 2, Device::Cpu).unwrap()
        };
        let autoencoder = of_stages(stages);
        let names = classifier.take_over_encoder(&autoencoder).unwrap();
        let expected =
            ["encoder.1.relu.bias", "encoder.1.relu.weight", "encoder.2.relu.bias", "encoder.2.relu.weight"];
        assert_eq!(names, expected);
        let mut stream = Stream::new(0, "image", 0);
        let image = Plane::from_fn(19, 26, |_, _| stream.uniform() as f32);
        assert_eq!(
            classifier.maps(&image, "encoder.2").unwrap(),
            autoencoder.maps(&image, "encoder.2").unwrap()
        );

        // the built-in one has other stages
        let config = CompactConfig {
            stages: vec![4, 6],
            normed_stages: true,
            further: vec![8],
            ..CompactConfig::default()
        };
        let mut normed = network(config);
        let residual =
            AutoencoderConfig { stages: vec![4, 6], residual_blocks: 1, ..AutoencoderConfig::default() };
        let residual = Network::random(Architecture::Autoencoder(residual), 2, Device::Cpu).unwrap();
        assert!(
            normed
                .take_over_encoder(&residual)
                .unwrap()
                .contains(&"encoder.2.deep.norm.running_mean".to_owned())
        );
        assert_eq!(normed.maps(&image, "encoder.2").unwrap(), residual.maps(&image, "encoder.2").unwrap());

        let before = classifier.weights();
        let error = classifier.take_over_encoder(&of_stages(vec![4, 7])).unwrap_err();
        assert!(
            matches!(&error, WeightsError::Shape { name, .. } if name == "encoder.2.relu.weight"),
            "{error}"
        );
        assert_eq!(classifier.weights(), before, "nothing was taken over");
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let good = CompactConfig::default();
        let cases = [
            ("stages", CompactConfig { stages: Vec::new(), ..good.clone() }),
            ("stages", CompactConfig { stages: vec![32, 0], ..good.clone() }),
            ("further", CompactConfig { further: vec![1; 4], ..good.clone() }),
            ("further", CompactConfig { further: vec![2000], ..good.clone() }),
            ("view_px", CompactConfig { view_px: 31, ..good.clone() }),
            ("classes", CompactConfig { classes: vec!["one".to_owned()], ..good.clone() }),
            ("classes", CompactConfig { classes: vec!["twice".to_owned(); 2], ..good.clone() }),
        ];
        for (name, config) in cases {
            let error = config.checked().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(good.checked().is_ok());
    }
}
