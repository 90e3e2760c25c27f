//! Convolutional autoencoder: encoder stages, a bottleneck, a decoder; one channel in and out.
//!
//! Layers: `encoder.S.relu` and `encoder.S` (behind the pool) for each stage `S`, `latent`,
//! `decoder.S.relu` and `decoder.S` (up-sampled) from the deepest stage back to the first, then
//! `output`. Stage `S` works at stride 2^S behind its pool.

use serde::{Deserialize, Serialize};

use super::chain::{Chain, Operation};
use super::convolution::{Convolution, ConvolutionShape};
use crate::error::ConfigError;

/// What a convolutional autoencoder is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoencoderConfig {
    /// Channels of each encoder stage, 1 to 6 stages of 1 to 1024 channels; the decoder mirrors
    /// them.
    pub stages: Vec<usize>,
    /// Channels of the latent code, 1 to 1024.
    pub latent: usize,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            stages: vec![32, 64, 128], // the widths of the paper's kind of network
            latent: 16,                // 16 numbers for each 8 × 8 pixels: a quarter of the values
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

/// The layers of the autoencoder that `config` describes, with random weights from `seed`.
pub(super) fn chain(config: &AutoencoderConfig, seed: u64, device: &burn::tensor::Device) -> Chain {
    let mut chain = Chain::default();
    let mut channels_in = 1;
    let mut convolution = |chain: &mut Chain, name: String, channels_out, relu| {
        let shape = ConvolutionShape { channels_in, channels_out, kernel: 3, relu };
        let layer = Convolution::random(shape, seed, &name, device);
        chain.push(name, Operation::Convolution(layer));
        channels_in = channels_out;
    };
    for (index, &channels) in config.stages.iter().enumerate() {
        let stage = index + 1;
        convolution(&mut chain, format!("encoder.{stage}.relu"), channels, true);
        chain.push(format!("encoder.{stage}"), Operation::MaxPool);
    }
    // linear: a ReLU here would throw away half of what few channels can say
    convolution(&mut chain, "latent".to_owned(), config.latent, false);
    for (index, &channels) in config.stages.iter().enumerate().rev() {
        let stage = index + 1;
        convolution(&mut chain, format!("decoder.{stage}.relu"), channels, true);
        chain.push(format!("decoder.{stage}"), Operation::UpSample);
    }
    convolution(&mut chain, "logit".to_owned(), 1, false);
    chain.push("output", Operation::Sigmoid);
    chain
}
