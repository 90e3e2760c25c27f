//! Networks: graphs of named layers, each of which can be run to and read.
//!
//! A network knows its layers' names, shapes, strides and receptive fields, and gives feature
//! maps as planes; nothing of Burn is seen outside this crate. It does not know how it was
//! trained, or where its weights came from.

mod activation;
mod autoencoder;
mod builder;
pub mod builtin;
mod change;
mod compact;
mod convnext;
mod convolution;
mod dense;
mod densenet;
mod efficientnet;
mod encoder;
mod error;
mod graph;
mod import;
mod imported;
mod init;
mod inverted;
pub mod known_weights;
mod layer;
mod layer_norm;
mod mobilenet_v2;
mod mobilenet_v3;
mod mobilenet_v4;
mod norm;
mod onnx;
mod open;
mod operation;
mod parameter;
mod preprocess;
mod published;
mod receptive_field;
mod resnet;
mod segmenter;
mod squeezenet;
mod transfer;
mod vgg;
mod weights;

pub use autoencoder::AutoencoderConfig;
pub use compact::CompactConfig;
pub use error::NetworkError;
pub use imported::ImportedConfig;
pub(crate) use layer::names_text;
pub use layer::{Layer, NoDepth, NoLayer};
pub use open::{OpenError, is_network, is_weights, open, open_as};
pub use preprocess::{Colors, Preprocess, Resize};
pub use published::{Input, Published, PublishedConfig};
pub use segmenter::SegmenterConfig;
pub use transfer::TransferConfig;
pub use weights::{Weight, Weights, WeightsError};

pub(crate) use activation::Activation;
pub(crate) use autoencoder::FEATURES;
#[cfg(test)]
pub(crate) use convolution::Border;
pub(crate) use convolution::{Convolution, ConvolutionShape};
pub(crate) use dense::Dense;
pub(crate) use graph::Graph;
pub(crate) use graph::{IMAGE, ValueId};
pub(crate) use init::Init;
pub(crate) use layer_norm::LayerNorm;
pub(crate) use norm::{BatchNorm, Norms, Statistics};
pub(crate) use operation::{Operation, Pool, ReluGradient};
pub(crate) use parameter::Role;
pub(crate) use parameter::weight_of;
pub(crate) use segmenter::{DEPTH, N_OUTPUTS, SEGMENTED, channel_of};
use weights::ARCHITECTURE_KEY;

use std::sync::OnceLock;

use burn::tensor::{Tensor, TensorData};
use micrograph::Plane;
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::Device;
use crate::evaluate::baseline::BlockComponents;
use crate::hash::sha256;

/// Suffix of a layer's name that means the values before the ReLU that is part of it.
pub(crate) const PREACTIVATION: &str = ".preactivation";

/// How the names of encoder stages begin.
const ENCODER: &str = "encoder.";

/// The weights of a classifier's last layer.
const HEAD: [&str; 2] = ["head.weight", "head.bias"];

/// What a network is made of: its settings without its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "snake_case")]
pub enum Architecture {
    /// A convolutional autoencoder.
    Autoencoder(AutoencoderConfig),
    /// Our own classifier of one-channel images.
    Compact(CompactConfig),
    /// A network that others have trained on photos.
    Published(PublishedConfig),
    /// The trunk of such a network with a head for other classes.
    #[serde(rename = "headed")] // as files have it: their bytes, and so their hashes, stay
    Transfer(TransferConfig),
    /// A network that finds particles, fibres and pores.
    Segmenter(SegmenterConfig),
    /// A network that was read from an ONNX file.
    Imported(ImportedConfig),
}

/// A network with its weights on a device.
#[derive(Clone, Debug)]
pub struct Network {
    architecture: Architecture,
    graph: Graph,
    layers: Vec<Layer>,
    device: Device,
    /// What was done to the file it was read from; see [`Network::notes`].
    notes: Vec<String>,
    /// SHA-256 of the network as a file, once it was requested.
    sha256: OnceLock<String>,
}

/// Feature maps of one image in one piece of memory, `[C, H, W]`.
pub(crate) struct Maps {
    values: TensorData,
    n_channels: usize,
    height: usize,
    pub(crate) width: usize,
}

impl Maps {
    /// The values of `channel`, row after row.
    pub(crate) fn channel(&self, channel: usize) -> &[f32] {
        let values = self.values.as_slice::<f32>().expect("feature maps are f32");
        &values[channel * self.height * self.width..][..self.height * self.width]
    }
}

impl Network {
    /// A network of random weights drawn from `seed` (He et al. 2015), biases 0.
    ///
    /// # Errors
    /// If a setting is out of its range, or the device cannot be opened.
    pub fn random(architecture: Architecture, seed: u64, device: Device) -> Result<Self, ConfigError> {
        Self::initialized(architecture, Init::Random(seed), device)
    }

    fn initialized(architecture: Architecture, init: Init, device: Device) -> Result<Self, ConfigError> {
        device.open().map_err(|error| ConfigError::new("device", error, "a device that can be opened"))?;
        let graph = match &architecture {
            Architecture::Autoencoder(config) => {
                autoencoder::graph(&config.clone().checked()?, init, &device.burn())
            }
            Architecture::Compact(config) => compact::graph(&config.clone().checked()?, init, &device.burn()),
            Architecture::Published(config) => {
                published::graph(&config.clone().checked()?, init, &device.burn())
            }
            Architecture::Transfer(config) => {
                transfer::graph(&config.clone().checked()?, init, &device.burn())?
            }
            Architecture::Segmenter(config) => {
                segmenter::graph(&config.clone().checked()?, init, &device.burn())
            }
            Architecture::Imported(config) => {
                imported::graph(&config.clone().checked()?, init, &device.burn())
            }
        };
        Ok(Self::of_graph(architecture, graph, device))
    }

    /// A network with the given weights.
    ///
    /// # Errors
    /// If a weight is missing, left over, of another shape, or not finite; it is named. If the device cannot
    /// be opened.
    pub fn with_weights(
        architecture: Architecture,
        weights: &Weights,
        device: Device,
    ) -> Result<Self, WeightsError> {
        device.open()?;
        let mut network = Self::initialized(architecture, Init::Zero, device)
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

    /// Reads the bytes of a safetensors file that others wrote (or that [`Network::to_bytes`] wrote,
    /// if `network` is `None`): weights with the names of
    /// torchvision, timm or their authors. The network is recognized by names and shapes;
    /// where these fit several, `network` decides.
    ///
    /// # Errors
    /// If the bytes are not such a file, no known network has such weights, or a weight is
    /// missing, left over, of another shape, or not finite.
    pub fn import(bytes: &[u8], network: Option<Published>, device: Device) -> Result<Self, WeightsError> {
        if onnx::is_onnx(bytes) {
            let reason = "expected safetensors: such a network can be looked through, not trained further";
            return Err(WeightsError::Onnx { reason: reason.to_owned() });
        }
        let (weights, header) = Weights::from_bytes(bytes)?;
        if network.is_none() && header.contains_key(ARCHITECTURE_KEY) {
            return Self::from_bytes(bytes, device);
        }
        Self::of_foreign(weights, network, device)
    }

    /// A network of weights with the names of torchvision, timm or their authors; see
    /// [`Network::import`].
    ///
    /// # Errors
    /// If no known network has such weights, or a weight is missing, left over, of another shape,
    /// or not finite.
    pub fn of_foreign(
        weights: Weights,
        network: Option<Published>,
        device: Device,
    ) -> Result<Self, WeightsError> {
        device.open()?;
        let mut notes = Vec::new();
        let (weights, prefix) = import::without_prefix(weights);
        if !prefix.is_empty() {
            notes.push(format!("`{prefix}` before the name of every weight was removed"));
        }
        let found = import::recognize(&weights, network)?;
        let (mut weights, left_out) = found.in_our_names(weights);
        if !left_out.is_empty() {
            notes.push(format!("left out, as the layer of classes is not there: {}", left_out.join(", ")));
        }
        let mut config = PublishedConfig::new(found.network, found.n_classes);
        let mut graph = published::graph(&config, Init::Zero, &device.burn());
        if import::channels_of_stem(&mut graph, &weights) == Some(1) {
            config.input = Input::OneChannel;
            notes.push("the first convolution has one channel: grey, normalized by the averages of mean and deviation".to_owned());
        }
        import::in_shapes_of(&mut graph, &mut weights);
        let mut network = Self::with_weights(Architecture::Published(config), &weights, device)
            .map_err(|error| found.in_names_of_the_file(error))?;
        network.notes = notes;
        Ok(network)
    }

    /// Reads the bytes of an ONNX file. Its weights that are in other files are looked for in
    /// `folder`.
    ///
    /// # Errors
    /// If the file is damaged, its input is no image of 1 or 3 channels, or a node is not
    /// supported; it is named.
    pub fn from_onnx(
        bytes: &[u8],
        folder: Option<&std::path::Path>,
        device: Device,
    ) -> Result<Self, WeightsError> {
        let onnx::Opened { config, weights, notes } = onnx::open(bytes, folder)?;
        let mut network = Self::with_weights(Architecture::Imported(config), &weights, device)?;
        network.notes = notes;
        Ok(network)
    }

    /// What was done to the file that the network was read from, in sentences: a prefix of every
    /// name that was removed, an assumption about its input.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A network for colors as one for grey images in `[0, 1]`, with the same output as for three
    /// equal colors; `None` if its images are grey already.
    ///
    /// # Panics
    /// If `input` is [`Input::Colors`].
    pub fn for_gray(&self, input: Input) -> Option<Self> {
        assert_ne!(input, Input::Colors, "gray input is expected");
        if let Architecture::Imported(config) = &self.architecture {
            // what its first layers are is not known, so that nothing can be folded
            return (config.input == Input::Colors).then(|| self.as_colors(config));
        }
        let Architecture::Published(config) = &self.architecture else { return None };
        if config.input != Input::Colors {
            return None;
        }
        let config = PublishedConfig { input, ..config.clone() };
        let graph = config.gray_graph(&self.graph);
        Some(Self::of_graph(Architecture::Published(config), graph, self.device))
    }

    fn as_colors(&self, config: &ImportedConfig) -> Self {
        let config = ImportedConfig { input: Input::GrayAsColors, ..config.clone() };
        let step = published::gray_step(config.input, &config.preprocess);
        let graph = self.graph.with_first_step(1, published::GRAY, step);
        Self::of_graph(Architecture::Imported(config), graph, self.device)
    }

    /// The network for grey images: one for colors made so by [`Input::GrayFolded`], any other as it is.
    pub fn gray(self) -> Self {
        self.for_gray(Input::GrayFolded).unwrap_or(self)
    }

    /// Takes over the encoder stages of `other` that this network has too, by their names; returns
    /// the names of the weights.
    ///
    /// # Errors
    /// If a stage of both has another shape; then nothing is taken over.
    pub fn take_over_encoder(&mut self, other: &Self) -> Result<Vec<String>, WeightsError> {
        let mut weights = self.weights();
        let mut names = Vec::new();
        for (name, theirs) in other.weights().tensors {
            if let Some(ours) = weights.tensors.get_mut(&name).filter(|_| name.starts_with(ENCODER)) {
                *ours = theirs;
                names.push(name);
            }
        }
        self.graph.set_weights(&weights, &self.device.burn())?;
        Ok(names)
    }

    /// A classifier of grey images: the layers of `base`, a published network or a classifier, with a random
    /// head for `classes` from `seed` on the means of the layers `pooled`; if there are none, on those of a
    /// classifier, or on the last layer of a published network.
    ///
    /// # Errors
    /// If `classes` or `pooled` are out of range, or `base` is neither.
    pub fn transfer(
        base: &Self,
        classes: Vec<String>,
        pooled: Vec<String>,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        let no_base = |found: &str| {
            ConfigError::new("base", found, "a published network, a classifier or an autoencoder")
        };
        let gray = base.clone().gray();
        let architecture = match &gray.architecture {
            Architecture::Published(of_gray) => {
                let mut config = TransferConfig { pooled, ..TransferConfig::new(of_gray.network, classes) };
                config.trunk.input = of_gray.input;
                Architecture::Transfer(config)
            }
            Architecture::Transfer(config) => {
                let pooled = if pooled.is_empty() { config.pooled.clone() } else { pooled };
                Architecture::Transfer(TransferConfig { classes, pooled, ..config.clone() })
            }
            Architecture::Compact(config) if pooled.is_empty() => {
                Architecture::Compact(CompactConfig { classes, ..config.clone() })
            }
            Architecture::Compact(_) => {
                return Err(ConfigError::new(
                    "pooled",
                    pooled.join(", "),
                    "none for a classifier of our own",
                ));
            }
            Architecture::Autoencoder(_) => return Err(no_base("an autoencoder")),
            Architecture::Segmenter(_) => return Err(no_base("a segmenter")),
            Architecture::Imported(_) => return Err(no_base("a network of an ONNX file")),
        };
        let mut network = Self::random(architecture, seed, base.device)?;
        let mut weights = network.weights();
        let mut trunk = gray.weights().tensors;
        for (name, weight) in weights.tensors.iter_mut().filter(|(name, _)| !HEAD.contains(&name.as_str())) {
            if let Some(theirs) = trunk.remove(name) {
                *weight = theirs;
            }
        }
        let device = network.device.burn();
        network.graph.set_weights(&weights, &device).expect("both have the same layers before the head");
        Ok(network)
    }

    /// Names of the classes of a classifier, in the order of the channels of its last layer.
    pub fn classes(&self) -> Option<&[String]> {
        match &self.architecture {
            Architecture::Compact(config) => Some(&config.classes),
            Architecture::Transfer(config) => Some(&config.classes),
            Architecture::Imported(config) => config.classes.as_deref(),
            Architecture::Autoencoder(_) | Architecture::Published(_) | Architecture::Segmenter(_) => None,
        }
    }

    /// Number of classes that its last layer scores; `None` where it scores none.
    pub fn n_classes(&self) -> Option<usize> {
        match &self.architecture {
            Architecture::Published(config) => config.n_classes,
            Architecture::Imported(config) if config.ends_with_classes() => {
                self.layers.last().map(|layer| layer.n_channels)
            }
            _ => self.classes().map(<[String]>::len),
        }
    }

    /// How images become its input; `None` where that is left to [`crate::data::prepare`].
    pub fn preprocess(&self) -> Option<&Preprocess> {
        match &self.architecture {
            Architecture::Published(config) => Some(&config.preprocess),
            Architecture::Transfer(config) => Some(&config.trunk.preprocess),
            Architecture::Imported(config) => Some(&config.preprocess),
            Architecture::Autoencoder(_) | Architecture::Compact(_) | Architecture::Segmenter(_) => None,
        }
    }

    /// The network as a safetensors file whose header names the architecture. The same weights
    /// give the same bytes.
    ///
    /// ```
    /// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
    ///
    /// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    /// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
    /// let opened = Network::from_bytes(&network.to_bytes(), Device::Cpu)?;
    /// assert_eq!(opened.sha256(), network.sha256());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let architecture = serde_json::to_string(&self.architecture).expect("settings are plain data");
        self.weights().to_bytes(ARCHITECTURE_KEY, &architecture)
    }

    /// The same with every weight rounded to the nearest number of half precision, if all are in its
    /// range; the file is then half as large.
    ///
    /// # Errors
    /// The first weight that is not in the range.
    pub fn in_half_precision(&self) -> Result<Self, WeightsError> {
        let weights = self.weights().in_half_precision()?;
        Self::with_weights(self.architecture.clone(), &weights, self.device)
    }

    /// SHA-256 of the network as a file, which names it in results.
    pub fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| sha256(self.to_bytes()))
    }

    /// Sets the block code of an untrained autoencoder to `components`; it then gives exactly the
    /// projection of each block on them.
    pub fn start_from_components(&mut self, components: &BlockComponents) {
        autoencoder::start_from_components(self.graph_mut(), components);
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

    /// The layer called `name`.
    ///
    /// # Errors
    /// If there is no such layer; the error names those there are.
    pub fn known_layer(&self, name: &str) -> Result<&Layer, NoLayer> {
        self.layer(name).ok_or_else(|| self.no_layer(name))
    }

    fn no_layer(&self, name: &str) -> NoLayer {
        let known = self.layers.iter().map(|layer| layer.name.clone()).collect();
        NoLayer { name: name.to_owned(), known }
    }

    /// The layer called `name`, or the one whose values before its ReLU `name` names: that of a layer
    /// with a ReLU of its own, and `.preactivation` after it.
    ///
    /// # Errors
    /// If there is no such layer.
    pub fn layer_of_values(&self, name: &str) -> Result<&Layer, NoLayer> {
        let before_relu = || {
            let layer = self.layer(name.strip_suffix(PREACTIVATION)?)?;
            self.has_preactivation(&layer.name).then_some(layer)
        };
        self.layer(name).or_else(before_relu).ok_or_else(|| self.no_layer(name))
    }

    /// Number of encoder stages: the greatest depth; 0 for networks without them.
    pub fn n_stages(&self) -> usize {
        match &self.architecture {
            Architecture::Autoencoder(config) => config.stages.len(),
            Architecture::Compact(config) => config.n_stages(),
            Architecture::Segmenter(config) => config.levels.len() - 1,
            Architecture::Published(_) | Architecture::Transfer(_) | Architecture::Imported(_) => 0,
        }
    }

    /// The layer at depth `depth`, `1 ..= n_stages`: the output of that encoder stage.
    pub fn layer_at_depth(&self, depth: usize) -> Option<&Layer> {
        self.layer(&format!("encoder.{depth}"))
    }

    /// The same.
    ///
    /// # Errors
    /// If there is no such stage; the error says how many there are.
    pub fn known_depth(&self, depth: usize) -> Result<&Layer, NoDepth> {
        self.layer_at_depth(depth).ok_or_else(|| NoDepth { depth, n_stages: self.n_stages() })
    }

    /// Its weights, copied from the device.
    pub fn weights(&self) -> Weights {
        self.graph.weights()
    }

    /// The network cut after `layer`: the layers it depends on and itself, no others. The name of
    /// a layer with a ReLU of its own, and `.preactivation` after it, cuts before the ReLU.
    ///
    /// Its maps are bit-equal to those that the whole network has there.
    ///
    /// # Errors
    /// If there is no such layer.
    ///
    /// ```
    /// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
    ///
    /// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    /// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
    /// let encoder = network.cut("encoder.2")?;
    /// assert_eq!(encoder.layers().last().unwrap().name, "encoder.2");
    /// assert!(network.cut("encoder.9").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cut(&self, layer: &str) -> Result<Self, NoLayer> {
        let graph = self.graph_to(layer).ok_or_else(|| self.no_layer(layer))?;
        Ok(Self::of_graph(self.architecture.clone(), graph, self.device))
    }

    /// Whether `layer` has a ReLU of its own, before which the network can be cut.
    pub fn has_preactivation(&self, layer: &str) -> bool {
        let id = self.graph.value_id(layer);
        id.is_some_and(|id| self.graph.cut_before_relu(id).is_some())
    }

    /// The network cut after `layer`, with only these channels of it; where possible no others
    /// are computed.
    ///
    /// # Errors
    /// If there is no such layer or channel.
    pub fn cut_to_channels(&self, layer: &str, channels: &[usize]) -> Result<Self, NetworkError> {
        let graph = self.graph_to(layer).ok_or_else(|| self.no_layer(layer))?;
        let n_channels = self.layer_of_values(layer)?.n_channels;
        if let Some(&channel) = channels.iter().find(|&&channel| channel >= n_channels) {
            return Err(NetworkError::NoChannel { layer: layer.to_owned(), channel, last: n_channels - 1 });
        }
        let graph = graph.cut_to_channels(graph.end(), channels);
        Ok(Self::of_graph(self.architecture.clone(), graph, self.device))
    }

    /// Channels of an image.
    pub fn channels_in(&self) -> usize {
        self.graph.channels_in()
    }

    /// The feature maps of `image` at `layer`, one plane a channel, in one piece; for large
    /// images see [`crate::interpret::lens`]. `[H, W]` → `C × [H / stride, W / stride]`.
    ///
    /// # Errors
    /// If there is no such layer, the image is too small for it ([`Layer::least_px`]), or the
    /// network's images have more than one channel.
    ///
    /// ```
    /// use micrograph::Plane;
    /// use nanoaid::{Architecture, AutoencoderConfig, Device, Network};
    ///
    /// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
    /// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
    /// let maps = network.maps(&Plane::filled(24, 32, 0.5), "encoder.2")?;
    /// assert_eq!((maps.len(), maps[0].height(), maps[0].width()), (6, 6, 8));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn maps(&self, image: &Plane, layer: &str) -> Result<Vec<Plane>, NetworkError> {
        self.maps_of_planes(&[image], layer)
    }

    /// The feature maps at `layer` of an image of red, green and blue in `[0, 1]`; it is brought to
    /// the network's input by its [`Preprocess`], except for the size.
    ///
    /// # Errors
    /// As [`Network::maps`], or if the network's images are not of three channels.
    pub fn maps_of_colors(&self, colors: [&Plane; 3], layer: &str) -> Result<Vec<Plane>, NetworkError> {
        self.maps_of_planes(&colors, layer)
    }

    fn maps_of_planes(&self, planes: &[&Plane], layer: &str) -> Result<Vec<Plane>, NetworkError> {
        self.check(planes, layer)?;
        let maps = self.maps_in_one(planes, layer);
        let plane = |channel| Plane::new(maps.height, maps.width, maps.channel(channel).to_vec());
        Ok((0..maps.n_channels).map(plane).collect())
    }

    /// Refuses an image that the network cannot be run on as far as `layer`.
    fn check(&self, planes: &[&Plane], layer: &str) -> Result<(), NetworkError> {
        let described = self.layer_of_values(layer)?;
        let (found, expected) = (planes.len(), self.channels_in());
        if found != expected {
            return Err(NetworkError::Channels { found, expected });
        }
        let size = |plane: &Plane| (plane.height(), plane.width());
        let first = size(planes[0]);
        if let Some(other) = planes.iter().map(|plane| size(plane)).find(|&other| other != first) {
            return Err(NetworkError::Sizes { first, other });
        }
        let (height, width) = first;
        if [height, width].iter().any(|&length| described.map_length(length) == 0) {
            let least = described.least_px();
            return Err(NetworkError::TooSmall { height, width, layer: layer.to_owned(), least });
        }
        Ok(())
    }

    /// As [`Network::maps`], of an image of as many planes as the network has channels, all maps in
    /// one piece of memory; the layer and the size were checked.
    pub(crate) fn maps_in_one(&self, planes: &[&Plane], layer: &str) -> Maps {
        let images = self.tensor(planes); // [1, C_in, H, W]
        let maps = self.forward_to(self.normalized(images), layer); // [1, C, H/s, W/s]
        let [_, n_channels, height, width] = maps.dims();
        Maps { values: maps.into_data(), n_channels, height, width }
    }

    /// An image of as many planes as the network has channels, `[1, C_in, H, W]`.
    pub(crate) fn tensor(&self, planes: &[&Plane]) -> Tensor<4> {
        assert_eq!(planes.len(), self.channels_in(), "channels of the image");
        let (height, width) = (planes[0].height(), planes[0].width());
        let values: Vec<f32> = planes.iter().map(|plane| plane.values()).collect::<Vec<_>>().concat();
        Tensor::from_data(TensorData::new(values, [1, planes.len(), height, width]), &self.device.burn())
    }

    /// Images in `[0, 1]` as its input: colors are normalized, grey ones are left to its first
    /// step. `[N, channels_in, H, W]` → the same.
    pub(crate) fn normalized(&self, images: Tensor<4>) -> Tensor<4> {
        match &self.architecture {
            Architecture::Published(PublishedConfig { input: Input::Colors, preprocess, .. })
            | Architecture::Imported(ImportedConfig { input: Input::Colors, preprocess, .. }) => {
                preprocess.normalize(images)
            }
            _ => images,
        }
    }

    /// Output of `layer`, as [`Network::cut`] names it, for normalized images.
    /// `[N, channels_in, H, W]` → `[N, C, H', W']`.
    pub(crate) fn forward_to(&self, images: Tensor<4>, layer: &str) -> Tensor<4> {
        match self.graph.value_id(layer) {
            Some(id) => self.graph.forward_to(images, id),
            None => self.graph_to(layer).expect("the layer was checked to exist").forward(images),
        }
    }

    /// The steps that `layer` depends on; `None` if there is no such layer.
    fn graph_to(&self, layer: &str) -> Option<Graph> {
        let id_of = |name: &str| -> Option<ValueId> { self.graph.value_id(name) };
        match id_of(layer) {
            Some(id) => Some(self.graph.cut(id)),
            None => layer
                .strip_suffix(PREACTIVATION)
                .and_then(id_of)
                .and_then(|id| self.graph.cut_before_relu(id)),
        }
    }

    pub(crate) fn of_graph(architecture: Architecture, graph: Graph, device: Device) -> Self {
        let layers = layer::describe(&graph);
        Self { architecture, graph, layers, device, notes: Vec::new(), sha256: OnceLock::new() }
    }

    /// The same for reading the maps of `layer` alone: norms and ReLUs are part of the convolutions before them, which
    /// saves passes over memory and changes rounding.
    ///
    /// # Errors
    /// If there is no such layer.
    pub(crate) fn fused_for(&self, layer: &str) -> Result<Self, NoLayer> {
        let id = self.graph.value_id(layer).ok_or_else(|| self.no_layer(layer))?;
        Ok(Self::of_graph(self.architecture.clone(), self.graph.fused(&[id]), self.device))
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    pub(crate) fn graph_mut(&mut self) -> &mut Graph {
        self.sha256.take();
        &mut self.graph
    }

    pub(crate) fn index_of(&self, layer: &str) -> usize {
        self.layers
            .iter()
            .position(|candidate| candidate.name == layer)
            .unwrap_or_else(|| panic!("layer `{layer}` was checked to exist"))
    }
}
