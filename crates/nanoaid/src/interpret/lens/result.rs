//! Result of the AI lens: all numbers of one micrograph at one layer, without pictures.
//!
//! The one struct from which the command line, the page and the report are made.

use std::fmt;

use micrograph::Calibration;
use serde::{Deserialize, Serialize};

use super::rank::{ChannelCounts, ChannelState, ChannelStatistics, Order, Ranking};
use super::reconstruction::ReconstructionMetrics;
use super::{FalseColor, FeatureMaps};
use crate::{Address, Layer, Network};

/// Version of [`LensResult`]; raised when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;
/// Share of dead channels, and of near-copies, from which on it is worth a word.
const MANY: f64 = 0.25;

/// Height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
}

/// Height and width of a receptive field in nanometres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeNm {
    /// Height in nm.
    pub height_nm: f64,
    /// Width in nm.
    pub width_nm: f64,
}

/// One channel in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelResult {
    /// Its address, e.g. `encoder.2:17`.
    pub address: Address,
    /// Its place in the order, from 1.
    pub rank: usize,
    /// Whether it is informative on this image.
    pub state: ChannelState,
    /// What it does.
    pub statistics: ChannelStatistics,
}

/// One micrograph seen through one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LensResult {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Name of the layer.
    pub layer: String,
    /// The encoder's stage of which it is the output; `None` for other layers.
    pub depth: Option<usize>,
    /// SHA-256 of the network as a file ([`Network::to_bytes`]), in hexadecimal digits.
    pub network_sha256: String,
    /// Size of the image in pixels.
    pub image: Size,
    /// Size of the feature maps in positions.
    pub maps: Size,
    /// Pixels of the image between two positions.
    pub stride: usize,
    /// Height and width of the receptive field in pixels of the image; where it is the whole image,
    /// its longer side.
    pub receptive_field_px: usize,
    /// The same in nanometres, where the image is calibrated.
    pub receptive_field_nm: Option<SizeNm>,
    /// Calibration of the feature maps, where the image is calibrated.
    pub map_calibration: Option<Calibration>,
    /// The order of the channels.
    pub order: Order,
    /// The channels in that order: live ones, near-copies, dead ones.
    pub channels: Vec<ChannelResult>,
    /// How many are in each state.
    pub counts: ChannelCounts,
    /// Share of the live channels' variance in each of the false-color components.
    pub explained_variance: Vec<f64>,
    /// The same, summed over this and the components before it.
    pub explained_variance_cumulative: Vec<f64>,
    /// How well the image is given back, where the network is an autoencoder.
    pub reconstruction: Option<ReconstructionMetrics>,
    /// What to beware of.
    pub warnings: Vec<Warning>,
}

/// Something to beware of, with its numbers; its text and advice by `Display` and
/// [`Warning::advice`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Warning {
    /// A large share of the channels is constant on this image.
    ManyDead {
        /// Constant channels.
        n_dead: usize,
        /// All channels.
        n_channels: usize,
    },
    /// A large share of the channels are near-copies of others.
    ManyNearCopies {
        /// Near-copies.
        n_near_copies: usize,
        /// All channels.
        n_channels: usize,
    },
    /// Every neuron sees the zeros outside of the image.
    SmallerThanReceptiveField {
        /// The shorter side of the image in pixels.
        image_px: usize,
        /// The receptive field in pixels.
        receptive_field_px: usize,
    },
    /// The size of a pixel is not known.
    Uncalibrated,
}

impl Warning {
    /// What can be done about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::ManyDead { .. } => {
                "train on more or other images, with a lower learning rate, or with fewer channels"
            }
            Self::ManyNearCopies { .. } => "fewer channels would show the same",
            Self::SmallerThanReceptiveField { .. } => "use a larger image or a smaller depth",
            Self::Uncalibrated => "give the size of a pixel in nanometres",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ManyDead { n_dead, n_channels } => {
                write!(formatter, "{n_dead} of {n_channels} channels are constant on this image")
            }
            Self::ManyNearCopies { n_near_copies, n_channels } => {
                write!(formatter, "{n_near_copies} of {n_channels} channels are near-copies of stronger ones")
            }
            Self::SmallerThanReceptiveField { image_px, receptive_field_px } => write!(
                formatter,
                "the image's shorter side is {image_px} px, the receptive field {receptive_field_px} px"
            ),
            Self::Uncalibrated => formatter.write_str("the image is not calibrated, lengths are in px"),
        }
    }
}

/// All that a result is made from.
pub(super) struct LensParts<'a> {
    pub network: &'a Network,
    pub image: Size,
    pub calibration: Option<&'a Calibration>,
    pub maps: &'a FeatureMaps,
    pub ranking: &'a Ranking,
    pub false_color: Option<&'a FalseColor>,
    pub reconstruction: Option<ReconstructionMetrics>,
}

impl LensParts<'_> {
    pub(super) fn result(self) -> LensResult {
        let layer = self.maps.layer();
        let field_px = layer.receptive_field_px.unwrap_or(self.image.height.max(self.image.width));
        let field = field_px as f64;
        let mut sum = 0.0;
        let explained = self.false_color.map_or(Vec::new(), |colors| colors.explained.clone());
        let cumulative: Vec<f64> = explained
            .iter()
            .map(|share| {
                sum += share;
                sum
            })
            .collect();
        let channels = (1..).zip(&self.ranking.channels).map(|(rank, channel)| ChannelResult {
            address: Address::channel(&layer.name, channel.channel),
            rank,
            state: channel.state,
            statistics: channel.statistics.clone(),
        });
        LensResult {
            schema_version: SCHEMA_VERSION,
            layer: layer.name.clone(),
            depth: (1..=self.network.n_stages())
                .find(|&depth| self.network.layer_at_depth(depth).is_some_and(|at| at.name == layer.name)),
            network_sha256: self.network.sha256().to_owned(),
            image: self.image,
            maps: Size { height: self.maps.height(), width: self.maps.width() },
            stride: layer.stride,
            receptive_field_px: field_px,
            receptive_field_nm: self.calibration.map(|calibration| SizeNm {
                height_nm: field * calibration.nm_per_px_y,
                width_nm: field * calibration.nm_per_px_x,
            }),
            map_calibration: self.calibration.map(|calibration| calibration.at_stride(layer.stride as f64)),
            order: self.ranking.order,
            channels: channels.collect(),
            counts: self.ranking.counts,
            explained_variance: explained,
            explained_variance_cumulative: cumulative,
            warnings: warnings(layer, self.image, self.ranking.counts, self.calibration.is_some()),
            reconstruction: self.reconstruction,
        }
    }
}

fn warnings(layer: &Layer, image: Size, counts: ChannelCounts, calibrated: bool) -> Vec<Warning> {
    let ChannelCounts { n_near_copies, n_dead, .. } = counts;
    let n_channels = layer.n_channels;
    let image_px = image.height.min(image.width);
    let larger_field = layer.receptive_field_px.filter(|&field_px| image_px < field_px);
    let many = |count: usize| count as f64 > MANY * n_channels as f64;
    [
        many(n_dead).then_some(Warning::ManyDead { n_dead, n_channels }),
        many(n_near_copies).then_some(Warning::ManyNearCopies { n_near_copies, n_channels }),
        larger_field
            .map(|receptive_field_px| Warning::SmallerThanReceptiveField { image_px, receptive_field_px }),
        (!calibrated).then_some(Warning::Uncalibrated),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Architecture, AutoencoderConfig, Device};

    #[test]
    fn each_warning_comes_with_its_numbers_and_only_when_it_is_due() {
        let architecture = Architecture::Autoencoder(AutoencoderConfig {
            stages: vec![4, 8],
            latent: 3,
            ..AutoencoderConfig::default()
        });
        let network = Network::random(architecture, 0, Device::Cpu).unwrap();
        let layer = network.layer("encoder.2").unwrap(); // 8 channels; field 1 → 2 → 4 → 8 → 10 px
        assert_eq!(layer.receptive_field_px, Some(10));
        let large = Size { height: 10, width: 99 };
        let small = Size { height: 99, width: 9 };
        let counts = |n_near_copies, n_dead| ChannelCounts { n_live: 0, n_near_copies, n_dead };
        for (name, image, counts, calibrated, expected) in [
            ("all well", large, counts(2, 2), true, vec![]),
            ("dead", large, counts(2, 3), true, vec![Warning::ManyDead { n_dead: 3, n_channels: 8 }]),
            (
                "copies, not calibrated",
                large,
                counts(3, 0),
                false,
                vec![Warning::ManyNearCopies { n_near_copies: 3, n_channels: 8 }, Warning::Uncalibrated],
            ),
            (
                "small",
                small,
                counts(0, 0),
                true,
                vec![Warning::SmallerThanReceptiveField { image_px: 9, receptive_field_px: 10 }],
            ),
        ] {
            assert_eq!(warnings(layer, image, counts, calibrated), expected, "{name}");
        }
    }
}
