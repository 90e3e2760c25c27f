//! Circuit: of which units of a lower layer a unit is made.
//!
//! *Expanded weights* (Voss et al. 2021): the steps between the two layers are made linear (functions of single values pass
//! everything, means stand in place of largest values), and the gradient of the unit in the middle of its map for the lower layer's
//! maps is what each lower unit contributes from each place around it: a kernel for each lower unit, whatever number of layers lies
//! between. Between neighbouring convolutions these are the weights themselves. What a network with its ReLUs does differs where
//! they are shut; which units are active *together* no weight says.
//!
//! [`circuit`] computes, [`circuit_files`] makes pictures of the units and writes a folder.

mod file;
#[cfg(test)]
mod tests;

pub(crate) use file::COMMAND;
pub use file::{CircuitRecord, CircuitSettings, circuit_files, drawn_weights};

use burn::tensor::{Tensor, TensorData};
use micrograph::{Plane, Rect};
use serde::{Deserialize, Serialize};

use crate::data::prepare::PrepareError;
use crate::interpret::exemplar::ActivationReader;
use crate::interpret::views::Views;
use crate::interpret::visualize::VisualizeError;
use crate::network::{IMAGE, NetworkError, NoLayer, Norms, ValueId, names_text};
use crate::output::OutputError;
use crate::{Address, ConfigError, Network};

/// The name of the image as a lower layer.
pub const IMAGE_LAYER: &str = "image";
/// Largest image that is passed through, in px along a side; beyond, kernels are cut.
const MOST_PX: usize = 512;
/// Side of the image where the unit sees all of it.
const WHOLE_PX: usize = 224;
/// Units whose gradients are computed together.
const TOGETHER: usize = 8;
/// Weights below this share of the largest one are 0.
const LEAST_SHARE: f32 = 1e-5;

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitConfig {
    /// The unit: a channel of a layer.
    pub unit: Address,
    /// The lower layer, or `image`; `None`: the nearest of the usual layers before the unit's that it depends on, else the image.
    pub from: Option<String>,
    /// Lower units that are shown, 1 to 64.
    pub count: usize,
    /// Whether pictures are made of what the unit and the lower units look for.
    pub pictures: bool,
    /// Seed of the pictures.
    pub seed: u64,
}

impl CircuitConfig {
    /// What is shown of `unit` unless said otherwise.
    pub fn of(unit: Address) -> Self {
        Self { unit, from: None, count: 8, pictures: true, seed: 0 }
    }

    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        ConfigError::unless_within("count", self.count as f64, 1.0..=64.0)?;
        Ok(self)
    }
}

/// Why a unit could not be taken apart.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum CircuitError {
    /// A setting is out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such layer or channel.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A unit is a channel.
    #[error("`{unit}` is no channel of a layer: expected one, as in `{example}`")]
    NoChannel { unit: String, example: String },
    /// The lower layer is not on the way to the unit.
    #[error("`{unit}` does not depend on layer `{from}`: expected `{IMAGE_LAYER}` or one of: {known}")]
    NotBefore { unit: String, from: String, known: String },
    /// A step on the way is no sum of its inputs.
    #[error(
        "between `{from}` and `{unit}` lies `{step}`, in which one input decides about another, so there are no weights; expected a layer after it"
    )]
    NotLinear { unit: String, from: String, step: String },
    /// The network is for colors.
    #[error("the network sees {channels} channels, expected one for grey images")]
    NotGray { channels: usize },
    /// Pictures could not be made.
    #[error(transparent)]
    Visualize(#[from] VisualizeError),
    /// A micrograph could not be read; the error names it.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A result could not be written; the error names it.
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// The units of a lower layer of which a unit is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Circuit {
    /// The unit.
    pub unit: Address,
    /// The lower layer, or `image`.
    pub from: String,
    /// Channels of the lower layer.
    pub n_channels: usize,
    /// Rows and columns of the kernels, in positions of the lower layer.
    pub height: usize,
    /// See `height`.
    pub width: usize,
    /// The lower units with the largest weights, the largest first.
    pub parts: Vec<CircuitPart>,
    /// Share of the squares of all weights that the shown units have.
    pub shown_share: f64,
}

/// A lower unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CircuitPart {
    /// The unit; the one channel of the image is `image:0`.
    pub unit: Address,
    /// Its share of the squares of all weights.
    pub share: f64,
    /// Sum of its weights: what it does where it is active everywhere.
    pub sum: f64,
    /// Its weights, `[H, W]`; the middle of the kernel is above the unit.
    pub weights: Vec<Vec<f32>>,
}

/// A circuit of `network`, of grey images.
///
/// # Errors
/// If a setting is out of range, there is no such unit, or the lower layer is not on the way to it.
///
/// ```
/// use nanoaid::interpret::circuit::{CircuitConfig, circuit};
/// use nanoaid::{Address, Architecture, AutoencoderConfig, Device, Network};
///
/// let config = AutoencoderConfig { stages: vec![4, 6], latent: 2, ..Default::default() };
/// let network = Network::random(Architecture::Autoencoder(config), 0, Device::Cpu)?;
/// let found = circuit(&network, &CircuitConfig::of(Address::channel("encoder.2", 5)))?;
/// assert_eq!((found.from.as_str(), found.n_channels), ("encoder.1", 4));
/// let all: f64 = found.parts.iter().map(|part| part.share).sum();
/// assert!((all - 1.0).abs() < 1e-6, "all four are shown");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn circuit(network: &Network, config: &CircuitConfig) -> Result<Circuit, CircuitError> {
    let config = config.clone().checked()?;
    let Address::Layer { layer, channel: Some(channel), position: None } = &config.unit else {
        let example = network.layers().first().map_or("", |layer| &layer.name);
        return Err(CircuitError::NoChannel {
            unit: config.unit.to_string(),
            example: format!("{example}:0"),
        });
    };
    let from = match &config.from {
        Some(from) => from.clone(),
        None => lower_layer(network, layer).map_err(NetworkError::from)?,
    };
    let weights = expanded_weights(network, (layer, &[*channel]), &from)?.remove(0);
    let squares = |plane: &Plane| plane.values().iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
    let all: f64 = weights.iter().map(squares).sum();
    let share = |plane: &Plane| if all > 0.0 { squares(plane) / all } else { 0.0 };
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| squares(&weights[b]).total_cmp(&squares(&weights[a])));
    let parts: Vec<CircuitPart> = order
        .into_iter()
        .take(config.count)
        .map(|lower| {
            let plane = &weights[lower];
            CircuitPart {
                unit: Address::channel(&from, lower),
                share: share(plane),
                sum: plane.values().iter().map(|&value| f64::from(value)).sum(),
                weights: (0..plane.height()).map(|y| plane.row(y).to_vec()).collect(),
            }
        })
        .collect();
    let (height, width) = weights.first().map_or((0, 0), |plane| (plane.height(), plane.width()));
    Ok(Circuit {
        unit: config.unit.clone(),
        from,
        n_channels: weights.len(),
        height,
        width,
        shown_share: parts.iter().map(|part| part.share).sum(),
        parts,
    })
}

/// The nearest of the usual layers before `layer` that it depends on, and from which a sum leads; else the image.
///
/// # Errors
/// If there is no such layer.
pub fn lower_layer(network: &Network, layer: &str) -> Result<String, NoLayer> {
    network.known_layer(layer)?;
    let usual = ActivationReader::usual_layers_with_positions(network);
    let found = nearest_lower(network, layer, usual.iter().map(String::as_str));
    Ok(found.unwrap_or(IMAGE_LAYER).to_owned())
}

/// The last of `candidates`, layers of the network, that `layer` depends on, and from which a sum leads.
pub(crate) fn nearest_lower<'a>(
    network: &Network,
    layer: &str,
    candidates: impl DoubleEndedIterator<Item = &'a str>,
) -> Option<&'a str> {
    let graph = network.graph();
    let upper = graph.value_id(layer)?;
    let needed = graph.needed(upper);
    let is_lower = |name: &&str| {
        let id = graph.value_id(name).filter(|&id| id < upper && needed[id]);
        id.is_some_and(|id| graph.linearized(id, upper).is_ok())
    };
    candidates.rev().find(is_lower)
}

/// The weights by which the channels `channels` of a layer depend on each channel of the lower layer `from`, `[H, W]` in positions
/// of that layer, by channel and lower channel; all of one size.
///
/// # Errors
/// If there is no such layer or channel, or the lower one is not on the way.
pub fn expanded_weights(
    network: &Network,
    (layer, channels): (&str, &[usize]),
    from: &str,
) -> Result<Vec<Vec<Plane>>, CircuitError> {
    if network.channels_in() != 1 {
        return Err(CircuitError::NotGray { channels: network.channels_in() });
    }
    let described = network.known_layer(layer).map_err(NetworkError::from)?;
    if let Some(&channel) = channels.iter().find(|&&channel| channel >= described.n_channels) {
        let last = described.n_channels - 1;
        return Err(NetworkError::NoChannel { layer: layer.to_owned(), channel, last }.into());
    }
    let graph = network.graph();
    let upper = graph.value_id(layer).expect("a known layer has an output");
    let lower = if from == IMAGE_LAYER {
        IMAGE
    } else {
        network.known_layer(from).map_err(NetworkError::from)?;
        graph.value_id(from).expect("a known layer has an output")
    };
    let needed = graph.needed(upper);
    if lower >= upper || !needed[lower] {
        let known = (1..upper).filter(|&id| needed[id]).map(|id| graph.steps()[id - 1].name.clone());
        let known = names_text(from, &known.collect::<Vec<_>>());
        return Err(CircuitError::NotBefore { unit: layer.to_owned(), from: from.to_owned(), known });
    }
    let linear = graph.linearized(lower, upper).map_err(|step| CircuitError::NotLinear {
        unit: layer.to_owned(),
        from: from.to_owned(),
        step,
    })?;
    let lower_field = network.layer(from).map_or(Some(1), |lower| lower.receptive_field_px);
    let side = match described.receptive_field_px.zip(lower_field) {
        // so that the kernel in the middle ends before the border
        Some((upper, lower)) => (upper.saturating_sub(lower) + 4 * described.stride).min(MOST_PX),
        None => Views::of(network, (WHOLE_PX, WHOLE_PX)).size().0,
    };
    let side = side.max(described.least_px());
    let beside = graph.beside(lower, upper);
    let device = network.device().burn();
    let mut all: Vec<Vec<Plane>> = Vec::new();
    for few in channels.chunks(TOGETHER) {
        let blank = vec![0.0; few.len() * side * side];
        let images: Tensor<4> =
            Tensor::from_data(TensorData::new(blank, [few.len(), 1, side, side]), &device);
        let ids: Vec<ValueId> = std::iter::once(lower).chain(beside.iter().copied()).collect();
        let mut at = linear.outputs(network.normalized(images), &ids, Norms::Running, &mut Vec::new());
        let leaf = at.remove(0).zeros_like().autodiff().require_grad();
        let mut given = vec![(lower, leaf.clone())];
        given.extend(beside.iter().copied().zip(at.into_iter().map(Tensor::autodiff)));
        let output = linear.outputs_from(given, &[upper], Norms::Running, &mut Vec::new()).remove(0);
        let [_, _, height, width] = output.dims();
        let (y, x) = (height / 2, width / 2);
        let middles = few.iter().enumerate().map(|(image, &channel)| {
            output.clone().slice([image..image + 1, channel..channel + 1, y..y + 1, x..x + 1]).sum()
        });
        let sum = middles.reduce(|sum, one| sum + one).expect("a chunk has an item");
        let [_, n_lower, rows, columns] = leaf.dims();
        let gradient = leaf.grad_remove(&mut sum.backward());
        let values: Vec<f32> = match gradient {
            Some(gradient) => gradient.into_data().try_to_vec().expect("gradients are f32"),
            None => vec![0.0; few.len() * n_lower * rows * columns],
        };
        for own in values.chunks(n_lower * rows * columns) {
            let planes = own.chunks(rows * columns).map(|map| Plane::new(rows, columns, map.to_vec()));
            all.push(planes.collect());
        }
    }
    let support = support(&all);
    Ok(all.into_iter().map(|own| own.iter().map(|plane| plane.crop(support)).collect()).collect())
}

/// The smallest rectangle that holds all weights that are not 0; one position if all are.
fn support(all: &[Vec<Plane>]) -> Rect {
    let planes = || all.iter().flatten();
    let most = planes().flat_map(|plane| plane.values()).fold(0.0_f32, |most, value| most.max(value.abs()));
    let mut bounds: Option<(usize, usize, usize, usize)> = None;
    for plane in planes() {
        for (place, value) in plane.values().iter().enumerate() {
            if value.abs() > LEAST_SHARE * most {
                let (y, x) = (place / plane.width(), place % plane.width());
                let (top, left, bottom, right) = bounds.unwrap_or((y, x, y, x));
                bounds = Some((top.min(y), left.min(x), bottom.max(y), right.max(x)));
            }
        }
    }
    let (top, left, bottom, right) = bounds.unwrap_or((0, 0, 0, 0));
    Rect { y: top, x: left, height: bottom - top + 1, width: right - left + 1 }
}
