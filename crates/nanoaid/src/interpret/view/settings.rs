//! What decides how a view looks, besides image and network.

use micrograph::data_bar::DataBarChoice;
use micrograph::paint::ColorMap;
use micrograph::read::ReadConfig;
use serde::{Deserialize, Serialize};

use crate::Network;
use crate::data::prepare::PrepareConfig;
use crate::interpret::lens::{Order, Threshold};

/// Everything that decides what a view looks like, besides image and network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewSettings {
    /// Layers that are shown.
    pub layers: Vec<String>,
    /// Order of the channels.
    pub order: Order,
    /// Most channels on a sheet.
    pub top: Option<usize>,
    /// Colors of the maps.
    pub color_map: ColorMap,
    /// Formats in which the maps themselves are written.
    pub maps: Vec<MapFormat>,
    /// Whether only one contact sheet a layer, the maps, and the numbers are written.
    #[serde(default)]
    pub sheet_only: bool,
    /// Which reconstruction errors are marked.
    pub threshold: Threshold,
    /// Size of a pixel as typed.
    pub nm_per_px: Option<f64>,
    /// Page of the file.
    pub page: usize,
    /// What is done about a data bar.
    pub data_bar: DataBarChoice,
}

/// A format for feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapFormat {
    /// 32-bit float TIFF stack, calibrated.
    Tiff,
    /// `NumPy` archive, one array of all channels.
    Npz,
}

impl ViewSettings {
    /// Every encoder stage of `network`, all else by default.
    pub fn every_depth(network: &Network) -> Self {
        let layers = (1..=network.n_stages()).filter_map(|depth| network.layer_at_depth(depth));
        Self {
            layers: layers.map(|layer| layer.name.clone()).collect(),
            order: Order::default(),
            top: None,
            color_map: ColorMap::Viridis,
            maps: Vec::new(),
            sheet_only: false,
            threshold: Threshold::default(),
            nm_per_px: None,
            page: 0,
            data_bar: DataBarChoice::default(),
        }
    }

    /// How the micrograph is read; a flat one is refused, as its maps would show nothing but rounding.
    pub fn prepare(&self) -> PrepareConfig {
        let read = ReadConfig { page: self.page, nm_per_px: self.nm_per_px, ..ReadConfig::default() };
        PrepareConfig { read, data_bar: self.data_bar, ..PrepareConfig::default() }
    }
}
