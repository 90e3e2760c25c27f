//! Header: what all rows of a survey have in common; parts with another one are not merged.

use micrograph::data_bar::DataBarChoice;
use serde::{Deserialize, Serialize};

use super::SurveyError;
use super::input::SurveyInput;
use crate::{Device, Layer, Network};

/// Version of the format of parts.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// What all rows have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyHeader {
    /// Version of the format.
    pub schema_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// SHA-256 of the network as a file.
    pub network_sha256: String,
    /// Where the network ran.
    pub device: String,
    /// What was done about data bars.
    pub data_bar: DataBarChoice,
    /// The layers, in the order of their units.
    pub layers: Vec<SurveyLayer>,
    /// SHA-256 of the list of all micrographs: names, contents, categories, groups.
    pub data_sha256: String,
    /// Micrographs of the data set, those that cannot be read among them.
    pub n_micrographs: usize,
}

/// A layer, as far as rows need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyLayer {
    /// Its name, e.g. `encoder.2`.
    pub name: String,
    /// Its channels.
    pub n_channels: usize,
    /// Pixels from one position to the next.
    pub stride_px: usize,
    /// Pixels along one axis that position 0 depends on, `[first, end)`; `None`: the whole image.
    pub first_field_px: Option<[i64; 2]>,
    /// Names of its channels where they are classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
}

impl SurveyLayer {
    fn new(layer: &Layer, network: &Network) -> Self {
        let (first, end) = layer.image_from_feature(0);
        let is_last = network.layers().last().is_some_and(|last| last.name == layer.name);
        let classes = network.classes().filter(|classes| is_last && classes.len() == layer.n_channels);
        Self {
            name: layer.name.clone(),
            n_channels: layer.n_channels,
            stride_px: layer.stride,
            first_field_px: (first > isize::MIN && end < isize::MAX).then_some([first as i64, end as i64]),
            classes: classes.map(<[String]>::to_vec).unwrap_or_default(),
        }
    }

    /// Pixels along an axis of `length` that position `index` depends on, `[first, end)`.
    pub(super) fn field(&self, index: u32, length: usize) -> (usize, usize) {
        let Some(field) = self.first_field_px else { return (0, length) };
        let shift = i64::from(index) * self.stride_px as i64;
        let [first, end] = field.map(|at| (at + shift).clamp(0, length as i64) as usize);
        (first.min(length.saturating_sub(1)), end)
    }
}

impl SurveyHeader {
    pub(super) fn new(network: &Network, layers: &[Layer], input: &SurveyInput) -> Result<Self, SurveyError> {
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            network_sha256: network.sha256().to_owned(),
            device: network.device().to_string(),
            data_bar: input.prepare().data_bar,
            layers: layers.iter().map(|layer| SurveyLayer::new(layer, network)).collect(),
            data_sha256: input.data_sha256()?,
            n_micrographs: input.n_micrographs(),
        })
    }

    /// Units of all layers.
    pub(super) fn n_units(&self) -> usize {
        self.layers.iter().map(|layer| layer.n_channels).sum()
    }

    /// The first thing in which `self` is not `expected`: what, what was found, what was expected. The data set
    /// counts only if `with_data`.
    pub(super) fn difference(
        &self,
        expected: &Self,
        with_data: bool,
    ) -> Option<(&'static str, String, String)> {
        let layers = |header: &Self| {
            let name = |layer: &SurveyLayer| format!("{} of {} channels", layer.name, layer.n_channels);
            header.layers.iter().map(name).collect::<Vec<_>>().join(", ")
        };
        let data = |header: &Self| {
            let short = header.data_sha256.get(..16).unwrap_or(&header.data_sha256);
            format!("{} micrographs, list {short}…", header.n_micrographs)
        };
        let mut facts = vec![
            ("program version", self.program_version.clone(), expected.program_version.clone()),
            ("network", self.network_sha256.clone(), expected.network_sha256.clone()),
            ("device", self.device.clone(), expected.device.clone()),
            ("layers", layers(self), layers(expected)),
            ("data bars", format!("{:?}", self.data_bar), format!("{:?}", expected.data_bar)),
        ];
        if with_data {
            facts.push(("data set", data(self), data(expected)));
        }
        facts.into_iter().find(|(_, found, expected)| found != expected)
    }
}

/// The instruction set that decides about the last bits of rows; the device where that is no CPU.
pub(super) fn instruction_set(device: Device) -> String {
    if device == Device::Cpu { crate::kernels::isa().name().to_owned() } else { device.to_string() }
}
