//! Networks: chains of named layers, each of which can be run to and read.
//!
//! A network knows its layers' names, shapes, strides and receptive fields, and gives feature
//! maps as planes; nothing of Burn is seen outside this crate. It does not know how it was
//! trained, or where its weights came from.

mod autoencoder;
mod chain;
mod convolution;
mod layer;
mod weights;

pub use autoencoder::AutoencoderConfig;
pub use layer::Layer;
pub use weights::{Weight, Weights, WeightsError};

pub(crate) use chain::{Chain, Operation, weight_of};
pub(crate) use convolution::{Convolution, ConvolutionShape};
use weights::ARCHITECTURE_KEY;

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::Device;
use crate::baseline::BlockComponents;

/// What a network is made of: its settings without its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "snake_case")]
pub enum Architecture {
    /// A convolutional autoencoder.
    Autoencoder(AutoencoderConfig),
}

/// A network with its weights on a device.
#[derive(Clone, Debug)]
pub struct Network {
    architecture: Architecture,
    chain: Chain,
    layers: Vec<Layer>,
    device: Device,
}

impl Network {
    /// A network of random weights drawn from `seed` (He et al. 2015), biases 0.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn random(architecture: Architecture, seed: u64, device: Device) -> Result<Self, ConfigError> {
        let chain = match &architecture {
            Architecture::Autoencoder(config) => {
                autoencoder::chain(&config.clone().checked()?, seed, &device.burn())
            }
        };
        Ok(Self::of_chain(architecture, chain, device))
    }

    /// A network with the given weights.
    ///
    /// # Errors
    /// If a weight is missing, left over, of another shape, or not finite; it is named.
    pub fn with_weights(
        architecture: Architecture,
        weights: &Weights,
        device: Device,
    ) -> Result<Self, WeightsError> {
        let mut network = Self::random(architecture, 0, device)
            .map_err(|error| WeightsError::Architecture { reason: error.to_string() })?;
        network.chain.set_weights(weights, &device.burn())?;
        Ok(network)
    }

    /// Reads a network from the bytes of a safetensors file that [`Network::to_bytes`] wrote.
    ///
    /// # Errors
    /// If the bytes are not such a file, or a weight does not fit.
    pub fn from_bytes(bytes: &[u8], device: Device) -> Result<Self, WeightsError> {
        let (weights, header) = Weights::from_bytes(bytes)?;
        let architecture = header.get(ARCHITECTURE_KEY).ok_or(WeightsError::NoArchitecture)?;
        let architecture = serde_json::from_str(architecture)
            .map_err(|error| WeightsError::Architecture { reason: error.to_string() })?;
        Self::with_weights(architecture, &weights, device)
    }

    /// The network as a safetensors file whose header names the architecture. The same weights
    /// give the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let architecture = serde_json::to_string(&self.architecture).expect("settings are plain data");
        self.weights().to_bytes(ARCHITECTURE_KEY, &architecture)
    }

    /// Sets the block code of an untrained autoencoder to `components`; it then gives exactly the
    /// projection of each block on them.
    pub fn start_from_components(&mut self, components: &BlockComponents) {
        autoencoder::start_from_components(&mut self.chain, components);
    }

    /// What it is made of.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Where it runs.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Its layers in the order in which they are computed.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layer called `name`.
    pub fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }

    /// Number of encoder stages: the greatest depth.
    pub fn n_stages(&self) -> usize {
        match &self.architecture {
            Architecture::Autoencoder(config) => config.stages.len(),
        }
    }

    /// The layer at depth `depth`, `1 ..= n_stages`: the output of that encoder stage.
    pub fn layer_at_depth(&self, depth: usize) -> Option<&Layer> {
        self.layer(&format!("encoder.{depth}"))
    }

    /// Its weights, copied from the device.
    pub fn weights(&self) -> Weights {
        self.chain.weights()
    }

    /// The network cut behind `layer`: the same layers up to and including it, no others.
    ///
    /// Its maps are bit-equal to those that the whole network has there.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn cut(&self, layer: &str) -> Self {
        let end = self.index_of(layer) + 1;
        Self {
            architecture: self.architecture.clone(),
            chain: self.chain.prefix(end),
            layers: self.layers[..end].to_vec(),
            device: self.device,
        }
    }

    /// The feature maps of `image` at `layer`, one plane a channel, in one piece; for large
    /// images see [`crate::lens`]. `[H, W]` → `C × [H / stride, W / stride]`.
    ///
    /// # Panics
    /// If there is no such layer, or the image is smaller than the layer's stride.
    pub fn maps(&self, image: &Plane, layer: &str) -> Vec<Plane> {
        let (height, width) = (image.height(), image.width());
        let data = TensorData::new(image.values().to_vec(), [1, 1, height, width]);
        let images = Tensor::<4>::from_data(data, &self.device.burn()); // [1, 1, H, W]
        let maps = self.chain.forward_to(images, self.index_of(layer) + 1); // [1, C, H/s, W/s]
        let [_, n_channels, height, width] = maps.dims();
        let values: Vec<f32> = maps.into_data().try_to_vec().expect("feature maps are f32");
        (0..n_channels)
            .map(|channel| {
                let size = height * width;
                Plane::new(height, width, values[channel * size..(channel + 1) * size].to_vec())
            })
            .collect()
    }

    pub(crate) fn of_chain(architecture: Architecture, chain: Chain, device: Device) -> Self {
        let layers = layer::describe(&chain);
        Self { architecture, chain, layers, device }
    }

    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(crate) fn chain_mut(&mut self) -> &mut Chain {
        &mut self.chain
    }

    pub(crate) fn index_of(&self, layer: &str) -> usize {
        self.layers
            .iter()
            .position(|candidate| candidate.name == layer)
            .unwrap_or_else(|| panic!("layer `{layer}` was checked to exist"))
    }
}
