//! Networks: graphs of named layers, each of which can be run to and read.
//!
//! A network knows its layers' names, shapes, strides and receptive fields, and gives feature
//! maps as planes; nothing of Burn is seen outside this crate. It does not know how it was
//! trained, or where its weights came from.

mod autoencoder;
mod axis;
mod convolution;
mod dense;
mod graph;
mod layer;
mod norm;
mod operation;
mod parameter;
mod start;
mod weights;

pub use autoencoder::AutoencoderConfig;
pub use layer::Layer;
pub use weights::{Weight, Weights, WeightsError};

pub(crate) use convolution::{Convolution, ConvolutionShape};
pub(crate) use graph::Graph;
use graph::Place;
pub(crate) use operation::{Operation, Pool};
pub(crate) use parameter::weight_of;
pub(crate) use start::Start;
use weights::ARCHITECTURE_KEY;

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::Device;
use crate::baseline::BlockComponents;

/// What behind the name of a layer names the values before the ReLU that is part of it.
const PREACTIVATION: &str = ".preactivation";

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
    graph: Graph,
    layers: Vec<Layer>,
    device: Device,
}

impl Network {
    /// A network of random weights drawn from `seed` (He et al. 2015), biases 0.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn random(architecture: Architecture, seed: u64, device: Device) -> Result<Self, ConfigError> {
        Self::started(architecture, Start::Random(seed), device)
    }

    fn started(architecture: Architecture, start: Start, device: Device) -> Result<Self, ConfigError> {
        let graph = match &architecture {
            Architecture::Autoencoder(config) => {
                autoencoder::graph(&config.clone().checked()?, start, &device.burn())
            }
        };
        Ok(Self::of_graph(architecture, graph, device))
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
        let mut network = Self::started(architecture, Start::Zero, device)
            .map_err(|error| WeightsError::Architecture { reason: error.to_string() })?;
        network.graph.set_weights(weights, &device.burn())?;
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
        autoencoder::start_from_components(&mut self.graph, components);
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
        self.graph.weights()
    }

    /// The network cut behind `layer`: the layers it depends on and itself, no others. The name of
    /// a layer with a ReLU of its own, and `.preactivation` behind it, cuts before the ReLU.
    ///
    /// Its maps are bit-equal to those that the whole network has there.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn cut(&self, layer: &str) -> Self {
        Self::of_graph(self.architecture.clone(), self.graph_to(layer), self.device)
    }

    /// The network cut behind `layer`, with only these channels of it; where possible no others
    /// are computed.
    ///
    /// # Panics
    /// If there is no such layer or channel.
    pub fn cut_to_channels(&self, layer: &str, channels: &[usize]) -> Self {
        let graph = self.graph_to(layer);
        let graph = graph.cut_to_channels(graph.end(), channels);
        Self::of_graph(self.architecture.clone(), graph, self.device)
    }

    /// Channels of an image.
    pub fn channels_in(&self) -> usize {
        self.graph.channels_in()
    }

    /// The feature maps of `image` at `layer`, one plane a channel, in one piece; for large
    /// images see [`crate::lens`]. `[H, W]` → `C × [H / stride, W / stride]`.
    ///
    /// # Panics
    /// If there is no such layer, the image is too small for it ([`Layer::map_length`]), or the
    /// network's images have more than one channel.
    pub fn maps(&self, image: &Plane, layer: &str) -> Vec<Plane> {
        let (height, width) = (image.height(), image.width());
        let data = TensorData::new(image.values().to_vec(), [1, 1, height, width]);
        let images = Tensor::<4>::from_data(data, &self.device.burn()); // [1, 1, H, W]
        let maps = self.forward_to(images, layer); // [1, C, H/s, W/s]
        let [_, n_channels, height, width] = maps.dims();
        let values: Vec<f32> = maps.into_data().try_to_vec().expect("feature maps are f32");
        (0..n_channels)
            .map(|channel| {
                let size = height * width;
                Plane::new(height, width, values[channel * size..(channel + 1) * size].to_vec())
            })
            .collect()
    }

    /// Output of `layer`, as [`Network::cut`] names it, for normalized images.
    /// `[N, channels_in, H, W]` → `[N, C, H', W']`.
    pub(crate) fn forward_to(&self, images: Tensor<4>, layer: &str) -> Tensor<4> {
        match self.graph.place(layer) {
            Some(place) => self.graph.forward_to(images, place),
            None => self.graph_to(layer).forward(images),
        }
    }

    /// The steps that `layer` depends on.
    fn graph_to(&self, layer: &str) -> Graph {
        let place = |name: &str| -> Option<Place> { self.graph.place(name) };
        let cut = match place(layer) {
            Some(place) => Some(self.graph.cut(place)),
            None => layer
                .strip_suffix(PREACTIVATION)
                .and_then(place)
                .and_then(|place| self.graph.cut_before_relu(place)),
        };
        cut.unwrap_or_else(|| panic!("layer `{layer}` was checked to exist"))
    }

    pub(crate) fn of_graph(architecture: Architecture, graph: Graph, device: Device) -> Self {
        let layers = layer::describe(&graph);
        Self { architecture, graph, layers, device }
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    pub(crate) fn graph_mut(&mut self) -> &mut Graph {
        &mut self.graph
    }

    pub(crate) fn index_of(&self, layer: &str) -> usize {
        self.layers
            .iter()
            .position(|candidate| candidate.name == layer)
            .unwrap_or_else(|| panic!("layer `{layer}` was checked to exist"))
    }
}
