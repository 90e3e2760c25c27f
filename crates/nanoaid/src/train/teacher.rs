//! Teacher: a photo network whose maps an autoencoder learns to predict (Romero et al. 2015).

use burn::tensor::Tensor;

use super::config::TeacherConfig;
use super::{TrainConfig, TrainError};
use crate::network::open;
use crate::{ConfigError, Device, Network};

/// Added to a channel's variance in a batch, so that a channel that is constant there counts little.
const LEAST_VARIANCE: f32 = 1e-3;

/// A photo network, one of its layers, and what its maps count.
pub(super) struct Teacher {
    network: Network,
    config: TeacherConfig,
    n_channels: usize,
}

impl Teacher {
    /// The teacher of `config`, if it has one.
    ///
    /// # Errors
    /// If its file cannot be opened, or its layer is unknown or not at twice the stride of the code.
    pub(super) fn of(config: &TrainConfig, device: Device) -> Result<Option<Self>, TrainError> {
        let Some(teacher) = &config.teacher else { return Ok(None) };
        let wrong = |name: &'static str, reason: String, expected: &str| {
            TrainError::Config(ConfigError::new(name, reason, expected))
        };
        let network = open(&teacher.weights, device)
            .map_err(|error| {
                wrong("teacher.weights", error.to_string(), "a file with the weights of a network")
            })?
            .gray();
        let layer = network
            .known_layer(&teacher.layer)
            .map_err(|error| wrong("teacher.layer", error.to_string(), "a layer of the teacher"))?;
        let stride = 2 * config.network().latent_stride();
        if layer.stride != stride {
            let found = format!("{} with stride {}", teacher.layer, layer.stride);
            let expected = format!("a layer with stride {stride}, twice that of the latent code");
            return Err(wrong("teacher.layer", found, &expected));
        }
        let n_channels = layer.n_channels;
        Ok(Some(Self { network, config: teacher.clone(), n_channels }))
    }

    /// Channels that are to be predicted.
    pub(super) fn n_channels(&self) -> usize {
        self.n_channels
    }

    /// What the `predicted` maps add to the loss on `images`, `[N, 1, H, W]`.
    pub(super) fn loss(&self, images: Tensor<4>, predicted: Tensor<4>) -> Tensor<1> {
        let maps = self.network.forward_to(images.inner(), &self.config.layer);
        let [n, channels, height, width] = maps.dims();
        let by_channel = maps.permute([1, 0, 2, 3]).reshape([channels, n * height * width]);
        let (variance, mean) = by_channel.clone().var_mean_bias(1);
        let units = (by_channel - mean) / (variance + LEAST_VARIANCE).sqrt();
        let units = units.reshape([channels, n, height, width]).permute([1, 0, 2, 3]);
        let error = predicted - Tensor::from_inner(units);
        error.square().mean() * self.config.share as f32
    }
}
