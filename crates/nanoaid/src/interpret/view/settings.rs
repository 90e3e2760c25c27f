//! What decides how a view looks, besides image and network.

use micrograph::ConfigError;
use micrograph::data_bar::DataBarChoice;
use micrograph::paint::{ColorMap, Corner};
use micrograph::read::ReadConfig;
use serde::{Deserialize, Serialize};

use crate::Network;
use crate::data::prepare::PrepareConfig;
use crate::interpret::lens::{ColorBasis, Order, Threshold};

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
    /// Whether a classifier names the micrograph's class: the network itself if it is one, else the
    /// built-in one.
    #[serde(default)]
    pub classify: bool,
    /// Where scale bars are drawn.
    #[serde(default)]
    pub scale_bar: BarCorner,
    /// Resolution of contact sheets that are to be printed 200 mm wide, 50 to 1200 dpi; by default they are drawn for
    /// the screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpi: Option<u32>,
    /// Whether each contact sheet is written as SVG, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub svg: bool,
    /// False colors that are shared with other micrographs, by layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub colors: Vec<ColorBasis>,
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
    /// One picture for each channel, at the size of the map, in the colors of the sheet.
    Png,
}

/// Where a picture's scale bar is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarCorner {
    /// At the lower right.
    #[default]
    BottomRight,
    /// At the lower left.
    BottomLeft,
    /// Nowhere.
    None,
}

impl BarCorner {
    /// The corner; `None` for no scale bar.
    pub(super) fn corner(self) -> Option<Corner> {
        match self {
            Self::BottomRight => Some(Corner::BottomRight),
            Self::BottomLeft => Some(Corner::BottomLeft),
            Self::None => None,
        }
    }
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
            classify: true,
            scale_bar: BarCorner::default(),
            dpi: None,
            svg: false,
            colors: Vec::new(),
            nm_per_px: None,
            page: 0,
            data_bar: DataBarChoice::default(),
        }
    }

    /// The same settings, or an error that names the first that is out of range.
    ///
    /// # Errors
    /// If the resolution is none for print.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if let Some(dpi) = self.dpi {
            ConfigError::unless_within("dpi", f64::from(dpi), 50.0..=1200.0)?;
        }
        Ok(self)
    }

    /// How the micrograph is read; a flat one is refused, as its maps would show nothing but rounding.
    pub fn prepare(&self) -> PrepareConfig {
        let read = ReadConfig { page: self.page, nm_per_px: self.nm_per_px, ..ReadConfig::default() };
        PrepareConfig { read, data_bar: self.data_bar, ..PrepareConfig::default() }
    }
}
